"""A whole deployment in one process, on virtual time and by one seed: real engine, model Redis, emulated Telnyx."""
