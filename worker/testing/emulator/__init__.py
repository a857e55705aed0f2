"""A Telnyx to develop against without a phone: the same operations, legs, queues, conferences and signed webhooks.

It shares no code with the client or the aggregates, so that it can contradict them.
"""
