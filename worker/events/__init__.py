"""Typed events: everything that an aggregate can be told. Pure."""
