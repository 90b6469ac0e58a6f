"""C: one header for C99, C++11 and Arduino; ``docs/reference/header.md`` describes it."""

from mlp_edge.export.c.exporter import EXPORTER, export

__all__ = ["EXPORTER", "export"]
