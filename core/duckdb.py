"""The front door of ``mlp_edge.engines.duckdb``."""

from mlp_edge.engines.duckdb import register

__all__ = ["register"]
