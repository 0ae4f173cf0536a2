"""The ruler: how well a dial does what it says, measured on pictures of the embedded model."""
