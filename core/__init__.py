"""mlp-edge: what you trained is what runs, everywhere, and here is the proof.

``mlp_edge.load(path)`` opens a model directory, a .keras, .onnx, .tflite or .h file and predicts;
everything else is reached through its room (``mlp_edge.training``, ``mlp_edge.export``, …).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlp_edge.runtime.load import Model, load

__version__ = "0.1.0"
__all__ = ["Model", "__version__", "load"]

# The front door. The one place where core names a room above it, and only when asked: importing
# mlp_edge costs nothing.
_DOOR = {"load": "mlp_edge.runtime.load", "Model": "mlp_edge.runtime.load"}


def __getattr__(name: str) -> Any:
    if name in _DOOR:
        return getattr(import_module(_DOOR[name]), name)
    raise AttributeError(f"module 'mlp_edge' has no attribute {name!r}")
