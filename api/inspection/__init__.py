"""``mlp_edge.inspect``: what is in a model."""
