"""The Telnyx API: client, errors, and the class of each operation."""
