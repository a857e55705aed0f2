"""The worker's read side: what queues, agents, conferences and calls are like now, by HTTP, from any worker for all."""
