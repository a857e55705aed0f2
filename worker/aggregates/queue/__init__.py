"""A queue: the waiting callers, the free agents, and the offers between them; the only writer of a caller's fate."""
