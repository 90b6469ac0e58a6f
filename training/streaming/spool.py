"""Rows on disk as float32 numbers: what of a table is read once and used in every epoch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.streaming.readings import Stretch
from mlp_edge.errors import InputError
from mlp_edge.mlp import Floats, Rows

STRETCH = 1 << 16
"""Rows that are read at once where no block is asked for; whole batches of predictions."""


class Block(NamedTuple):
    """Rows one after another.

    Attributes:
        readings: (n, features) float32.
        targets: (n, outputs) float32: values, or the index of the class.
    """

    readings: Rows
    targets: Floats


class Spool:
    """The rows of one part, in the order of the table.

    Args:
        folder: for three files.
        name: of the part.
        features: readings of a row.
        outputs: targets of a row.

    Attributes:
        rows: how many were written.
    """

    def __init__(self, folder: Path, name: str, features: int, outputs: int) -> None:
        self.rows = 0
        self._features, self._outputs = features, outputs
        self._readings, self._targets, self._numbers = self._paths = [
            folder / f"{name}.{kind}" for kind in ("readings", "targets", "numbers")
        ]
        self._open: list[IO[bytes]] = [path.open("wb") for path in self._paths]

    def __len__(self) -> int:
        return self.rows

    def write(self, stretch: Stretch) -> None:
        """Add rows; none is fine.

        Raises:
            InputError: when the disk is full.
        """
        arrays = (stretch.readings, stretch.targets, stretch.numbers)
        try:
            for file, array in zip(self._open, arrays, strict=True):
                np.ascontiguousarray(array).tofile(file)
        except OSError as error:
            raise InputError(
                f"{self._readings.parent}: the rows of the table cannot be kept there "
                f"({error.strerror}); TMPDIR names another folder"
            ) from error
        self.rows += len(stretch)

    def close(self) -> None:
        """No more rows are written."""
        for file in self._open:
            file.close()

    def block(self, start: int, stop: int) -> Block:
        """Rows from ``start`` to before ``stop``."""
        widths = (self._features, self._outputs)
        # Read, not mapped: what is mapped counts as memory of the process until it is let go.
        return Block(
            *(
                np.fromfile(
                    path, np.float32, (stop - start) * width, offset=4 * start * width
                ).reshape(stop - start, width)
                for path, width in zip(self._paths, widths, strict=False)
            )
        )

    def blocks(self, size: int = STRETCH) -> Iterator[Block]:
        """All rows, ``size`` at a time."""
        for start in range(0, self.rows, size):
            yield self.block(start, min(start + size, self.rows))

    def picked(self, count: int, seed: int) -> NDArray[np.int64]:
        """The places of so many rows drawn at random, (n,) ascending; of all where there are fewer.

        The same seed gives the same ones.
        """
        if self.rows <= count:
            return np.arange(self.rows)
        drawn = np.random.default_rng(seed).choice(self.rows, count, replace=False)
        return np.sort(drawn).astype(np.int64)

    def numbers(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The numbers in the table of the rows at some places, ascending."""
        found = np.empty(len(places), np.int64)
        size = 1 << 20
        for start in range(0, self.rows, size):
            low, high = np.searchsorted(places, (start, start + size))
            if low == high:
                continue
            count = min(size, self.rows - start)
            held = np.fromfile(self._numbers, np.int64, count, offset=8 * start)
            found[low:high] = held[places[low:high] - start]
        return found
