"""Networks that others trained, read as an ``Mlp``; nothing of them is run."""
