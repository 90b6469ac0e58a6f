"""mlp-edge: what you trained is what runs, everywhere, and here is the proof.

``mlp_edge.open(…)`` gives a ``Model``: predict, evaluate, export, prove, measure. ``mlp_edge.load``
opens a model directory, a .keras, .onnx, .tflite or .h file to predict with, and no more.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlp_edge.api.doctor.diagnosis import doctor
    from mlp_edge.api.inspecting import inspect
    from mlp_edge.api.model import Model
    from mlp_edge.api.model import open_model as open  # noqa: A004 (as one says it: mlp_edge.open)
    from mlp_edge.runtime.load import Predictor, load

__version__ = "0.1.0"

# The front door. The one place where core names rooms above it, and only when asked: importing
# mlp_edge costs nothing.
_DOOR = {
    "Model": "mlp_edge.api.model:Model",
    "Predictor": "mlp_edge.runtime.load:Predictor",
    "doctor": "mlp_edge.api.doctor.diagnosis:doctor",
    "inspect": "mlp_edge.api.inspecting:inspect",
    "load": "mlp_edge.runtime.load:load",
    "open": "mlp_edge.api.model:open_model",
}
__all__ = ["Model", "Predictor", "__version__", "doctor", "inspect", "load", "open"]


def __getattr__(name: str) -> Any:
    if name in _DOOR:
        module, _, attribute = _DOOR[name].partition(":")
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module 'mlp_edge' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
