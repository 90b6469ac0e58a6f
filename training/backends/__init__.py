"""Training backends: whole epochs compiled by XLA, or Keras's own model.fit."""
