"""What is said about a table before a network learns from it."""
