"""Runtimes: one file per place to run, each opening a file and predicting."""

from mlp_edge.runtime import c, keras, litert, onnxruntime
from mlp_edge.runtime.chips import avr, cortex, rv32
from mlp_edge.runtime.chips.simulated import Chip
from mlp_edge.runtime.runtime import Opened, Runtime
from mlp_edge.runtime.scripts import js, micropython

CHIPS: tuple[Chip, ...] = (avr.CHIP, *cortex.CHIPS, rv32.CHIP)
"""Every simulated chip, in the order in which they are shown."""
RUNTIMES: tuple[Runtime, ...] = (
    keras.RUNTIME,
    litert.RUNTIME,
    onnxruntime.RUNTIME,
    c.RUNTIME,
    js.RUNTIME,
    micropython.RUNTIME,
    *(chip.runtime for chip in CHIPS),
)
"""Every place to run, in the order in which they are shown."""
HOSTED: tuple[Runtime, ...] = tuple(runtime for runtime in RUNTIMES if not runtime.by_row)
"""Those of this machine itself: what runs where nobody names a runtime."""

__all__ = ["CHIPS", "HOSTED", "RUNTIMES", "Chip", "Opened", "Runtime"]
