"""The documentation's figures, made of the engine's pictures."""
