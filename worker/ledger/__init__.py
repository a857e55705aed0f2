"""A partition's state as a fold over its log and journal: the same live, after a crash, and in replay. Pure."""
