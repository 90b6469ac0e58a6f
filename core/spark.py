"""The front door of ``mlp_edge.engines.spark``."""

from mlp_edge.engines.spark import predict

__all__ = ["predict"]
