"""The shape of a simulated chip, and the runtime that any of them makes.

To add one: a ``Target`` in runtime/chips/targets.py, a function that starts its simulator, a
``Chip`` listed in runtime/__init__.py. The command line takes it from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mlp_edge.mlp import Predict, Rows
from mlp_edge.proof.accuracy import KERNELS
from mlp_edge.runtime.c import (
    Header,
    checked_counts,
    checked_rows,
    read_golden,
    read_header,
)
from mlp_edge.runtime.chips.firmware import CLASSIFY_RAW, PREDICT_RAW, Entry, Firmware, build
from mlp_edge.runtime.chips.targets import Target
from mlp_edge.runtime.runtime import OfCounts, Opened, RawFunctions, Runtime
from mlp_edge.runtime.threads import threadsafe


@dataclass(frozen=True)
class Measured:
    """One call of a firmware's function.

    Attributes:
        count: CPU cycles or executed instructions, from its first to its return.
        stack: bytes that it wrote below the stack pointer it was called with.
    """

    count: int
    stack: int


class Simulator(Protocol):
    """A chip with a firmware in it. Rows are raw bytes of float32 or int16, little-endian."""

    def predict(self, readings: bytes) -> bytes:
        """Predictions of one row; raises ModelError when the firmware fails."""

    def measure(self, readings: bytes) -> Measured:
        """What one row takes; raises ModelError when the firmware fails."""


@dataclass(frozen=True)
class Chip:
    """A target and what simulates it.

    Attributes:
        target: the chip.
        missing: None when this machine has compiler and simulator, otherwise what brings them.
        start: a firmware in a simulator, as long as the block lasts.
    """

    target: Target
    missing: Callable[[], str | None]
    start: Callable[[Firmware], AbstractContextManager[Simulator]]

    @property
    def runtime(self) -> Runtime:
        """The runtime that predicts on it."""
        return Runtime(
            self.target.name,
            ".h",
            self.missing,
            self.open,
            by_row=True,
            fused=self.target.fused,
            accuracy=KERNELS,
        )

    @contextmanager
    def open(self, path: Path) -> Iterator[Opened]:
        """Compile a header for the chip and predict with it until the block ends.

        Raises:
            ModelError: naming the file, as ``open_header`` of runtime/c.py does, and when it does
                not fit the chip.
            MissingError: when the compiler or the simulator is missing.
        """
        header = read_header(path)
        golden = read_golden(header, self.target.fused)
        with ExitStack() as stack:
            simulator = stack.enter_context(self.start(build(header, self.target)))
            predict = _by_row(simulator, header.inputs, header.outputs)
            shared = stack.enter_context(threadsafe(path, predict, one_at_a_time=True))
            yield Opened(shared, header.card, golden, self._raw_functions(header, stack))

    def _raw_functions(self, header: Header, stack: ExitStack) -> RawFunctions | None:
        """The functions for counts, until the stack is left; None where the header has none."""
        if header.raw is None:
            return None
        predict = self._of_counts(header, PREDICT_RAW, (header.outputs,), stack)
        classify = None
        if header.has(CLASSIFY_RAW.function):
            classify = self._of_counts(header, CLASSIFY_RAW, (), stack)
        return RawFunctions(header.raw, predict, classify)

    def _of_counts(
        self, header: Header, entry: Entry, width: tuple[int, ...], stack: ExitStack
    ) -> OfCounts:
        """A function of counts, in a firmware of its own that is built when it is first called."""
        started: list[Simulator] = []

        def function(counts: NDArray[np.int16]) -> NDArray[np.int32]:
            given = checked_counts(counts, header.inputs).astype("<i2")
            if not started:
                firmware = build(header, self.target, entry=entry)
                started.append(stack.enter_context(self.start(firmware)))
            found = b"".join(started[0].predict(row.tobytes()) for row in given)
            return np.frombuffer(found, "<i4").reshape(len(given), *width).astype(np.int32)

        return stack.enter_context(threadsafe(header.path, function, one_at_a_time=True))


def _by_row(simulator: Simulator, inputs: int, outputs: int) -> Predict:
    """A function of rows, one at a time: there is one chip."""

    def predict(rows: Rows) -> Rows:
        given = checked_rows(rows, inputs).astype("<f4")
        predictions = b"".join(simulator.predict(row.tobytes()) for row in given)
        return np.frombuffer(predictions, "<f4").reshape(len(given), outputs).astype(np.float32)

    return predict
