"""An agent's conference: who is in, when caller and agent are together, and the recording of it."""
