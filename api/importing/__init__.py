"""``mlp_edge.import_model``: the network that somebody else trained, as a model directory."""
