"""What layers of any origin compute, put together as the layers of an ``Mlp``."""
