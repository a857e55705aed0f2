"""The policy file as types."""
