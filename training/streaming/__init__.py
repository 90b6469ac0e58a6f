"""Training on tables that are never held: read in blocks, by way of rows on disk."""
