"""Keras models of every version as networks, without Keras."""
