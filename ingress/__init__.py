"""The door: verifies each Telnyx webhook and appends it to the log that the workers read."""
