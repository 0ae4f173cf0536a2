"""The second world: scenes whose attributes are drawn at every strength, and what they are called."""
