"""Read models: what people and programs see of queues, agents, conferences and calls. Pure functions of the state."""
