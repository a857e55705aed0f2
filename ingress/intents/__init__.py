"""What people and programs ask for: the intents, who may ask, and the door by which they come in."""
