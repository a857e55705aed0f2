"""The Redis of the simulated world: what the engine uses of a server, its scripts, and connections that break."""
