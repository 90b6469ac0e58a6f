"""The keys under which exported files carry their card, golden rows and checksum.

Exporters write them; readers and runtimes look for them. An ONNX file holds the card's values one
by one, under their own names.
"""

from __future__ import annotations

ONNX_GOLDEN, ONNX_CHECKSUM = "golden", "seal"
"""Metadata properties; files keep the checksum under the first version's name for it."""
ONNX_BEHIND = "answer"
"""What the names of operators behind the last layer begin with: a Gemm among them is no layer."""
TFLITE_CARD, TFLITE_GOLDEN, TFLITE_CHECKSUM = "mlp_edge", "mlp_edge_golden", "mlp_edge_seal"
"""Metadata buffers."""
HEADER_CARD = "mlp-edge-card"
"""The first word of the comment that holds the card of a C header."""
