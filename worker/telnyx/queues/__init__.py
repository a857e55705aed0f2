"""Queues: `/queues`."""
