"""``mlp_edge.train``, and what a training found."""
