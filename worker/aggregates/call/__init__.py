"""One call leg: answered, greeted, put into a queue, joined to an agent; the only place that commands the leg."""
