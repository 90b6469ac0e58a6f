"""One page about a model, from its facts: HTML that needs no network."""
