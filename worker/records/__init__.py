"""What became of each caller, and what each agent did: folded from the log into records, purely."""
