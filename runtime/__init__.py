"""Runtimes: one file per place to run, each opening a file and predicting."""

from mlp_edge.runtime import c, keras, litert, onnxruntime
from mlp_edge.runtime.runtime import Opened, Runtime

RUNTIMES: tuple[Runtime, ...] = (
    keras.RUNTIME,
    litert.RUNTIME,
    onnxruntime.RUNTIME,
    c.RUNTIME,
)
"""Every place to run, in the order in which they are shown."""

__all__ = ["RUNTIMES", "Opened", "Runtime"]
