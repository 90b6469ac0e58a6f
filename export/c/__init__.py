"""C: one header for C99, C++11 and Arduino, or three files; docs/reference/header.md has it all."""

from mlp_edge.export.c.exporter import EXPORTER, export
from mlp_edge.export.c.split import export as export_split

__all__ = ["EXPORTER", "export", "export_split"]
