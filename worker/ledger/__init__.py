"""A partition's state as a fold over its log and journal: the same for the live owner, its successor, and replay. Pure."""
