"""What an aggregate answers to an event: commands, notices and timers. Pure."""
