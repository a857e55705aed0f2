"""The role of the recorder: one of the workers reads all partitions, and writes the records."""
