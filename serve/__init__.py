"""Models behind HTTP: the Open Inference Protocol, and predictions that a person can type."""
