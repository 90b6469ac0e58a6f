"""C: one header for C99, C++11 and Arduino; ``docs/HEADER.md`` describes it."""

from mlp_edge.export.c.exporter import EXPORTER, export

__all__ = ["EXPORTER", "export"]
