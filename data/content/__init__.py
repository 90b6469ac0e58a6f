"""What cells and columns hold."""
