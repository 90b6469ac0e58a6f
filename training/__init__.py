"""Training: a recipe and a table in, a Keras model and its scores out."""
