"""Conferences: `/conferences`."""
