"""The disk spool: verified webhooks lie here while Redis does not take them, and are appended in order when it does."""
