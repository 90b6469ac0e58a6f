"""Exporters: one file per format, each a pure function ``Mlp -> bytes``."""

from mlp_edge.export import c, onnx, tflite
from mlp_edge.export.exporter import Exporter

EXPORTERS: tuple[Exporter, ...] = (tflite.EXPORTER, onnx.EXPORTER, c.EXPORTER)
"""Every format, in the order in which they are exported and shown."""
