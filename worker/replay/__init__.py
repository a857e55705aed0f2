"""Reads the log again, and never acts."""
