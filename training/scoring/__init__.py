"""How good a model is, how sure that is, and what a colleague would say about it."""
