"""Bounds on the error of float32 predictions, and rows with predictions to check."""
