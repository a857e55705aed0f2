"""The requests to Telnyx in the engine's own words, and what rides in them. Pure."""
