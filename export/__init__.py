"""Exporters: one file per format, each a pure function ``Mlp -> bytes``."""

from mlp_edge.export import c, onnx, tflite
from mlp_edge.export.exporter import Exporter
from mlp_edge.export.scripts import javascript, micropython

EXPORTERS: tuple[Exporter, ...] = (
    tflite.EXPORTER,
    onnx.EXPORTER,
    c.EXPORTER,
    javascript.EXPORTER,
    micropython.EXPORTER,
)
"""Every format, in the order in which they are exported and shown."""
DEFAULT = tuple(exporter for exporter in EXPORTERS if not exporter.asked)
"""Those that are written where none is named."""
