"""How good a model is, how sure that is, and what there is to warn of."""
