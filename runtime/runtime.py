"""The shape of a runtime.

To add one: (1) write runtime/NAME.py with a function ``Path -> context manager of Opened`` and a
``RUNTIME`` record, (2) list it in runtime/__init__.py. The smallest one to copy is
runtime/onnxruntime.py. The command line, the parity suite and the tests take it from the list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.card import Card
from mlp_edge.mlp import Predict
from mlp_edge.proof.accuracy import ANY, Accuracy
from mlp_edge.proof.golden import Golden
from mlp_edge.raw_units import RawUnits

OfCounts = Callable[[NDArray[np.int16]], NDArray[np.int32]]
"""Counts (n, inputs) in; outputs (n, outputs) or classes (n,) out."""


class RawFunctions(NamedTuple):
    """NAME_predict_raw and NAME_classify_raw of a C header.

    Attributes:
        units: what counts stand for.
        predict: gives outputs.
        classify: gives classes; None without the function.
    """

    units: RawUnits
    predict: OfCounts
    classify: OfCounts | None


class Opened(NamedTuple):
    """An open artifact.

    Attributes:
        predict: raw readings (n, inputs) float32 C order in, predictions (n, outputs) out; any n,
            from any thread (``runtime.threads``). InputError once the file is closed.
        card: what the artifact says about itself; None where its format has no room for it.
        golden: the rows that it carries to be checked by; None where it carries none. Their bounds
            are those of this runtime.
        raw: of a header that has them; None of every other file.
    """

    predict: Predict
    card: Card | None
    golden: Golden | None = None
    raw: RawFunctions | None = None


@dataclass(frozen=True)
class Runtime:
    """One place to run.

    Attributes:
        name: what settings call it.
        reads: suffix of the files that it opens, with the dot.
        missing: None when this machine can run it, otherwise one line saying what brings it.
        open: opens a file; raises ModelError, naming the file, when it is not what it should be.
        by_row: whether it takes its time, as chips and MicroPython do: only where it is asked for,
            and each row once.
        only: name of the one file that it runs; None for any.
        fused: whether a header's dense kernel multiplies and adds in one rounding there.
        replayed: whether a header has the bits of its own float32 arithmetic there: not where a
            compiler may fuse more of it.
        accuracy: how exact its activations are; one that states nothing is held to the worst.
    """

    name: str
    reads: str
    missing: Callable[[], str | None]
    open: Callable[[Path], AbstractContextManager[Opened]]
    by_row: bool = False
    only: str | None = None
    fused: bool = False
    replayed: bool = True
    accuracy: Mapping[str, Accuracy] = field(default_factory=lambda: ANY)

    def runs(self, path: Path) -> bool:
        """Whether it opens a file of this name."""
        return path.suffix == self.reads and self.only in (None, path.name)
