"""Models that a Python program holds, as an ``Mlp``."""
