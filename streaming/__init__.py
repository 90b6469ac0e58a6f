"""Tables of any size, predicted block by block."""
