"""Which rows train, and which test."""
