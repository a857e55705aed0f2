"""Leases, the partition loop, the journal, timers and effects: the engine's only I/O."""
