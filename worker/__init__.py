"""The engine: replays the log into aggregates, decides, and acts on the Telnyx API."""
