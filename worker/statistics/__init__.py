"""Statistics out of records: per queue and per agent, by interval, purely."""
