"""The front door of ``mlp_edge.engines.ray``."""

from mlp_edge.engines.ray import predict

__all__ = ["predict"]
