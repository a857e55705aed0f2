"""`switchhook telnyx`: every operation of the Telnyx API as a command, made from the table of operations."""
