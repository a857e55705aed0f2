"""`switchhook top`, and `list` and `show` of agents, queues, conferences and calls: what the owners have published."""
