"""A board that runs firmware_headers/sketch/parity: who it is, and what it predicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import numpy as np

from mlp_edge.errors import InputError, ModelError
from mlp_edge.mlp import Floats, Rows
from mlp_edge.proof.accuracy import KERNELS
from mlp_edge.runtime.c import Header, checked_rows, read_golden, read_header
from mlp_edge.runtime.runtime import Opened, Runtime
from mlp_edge.runtime.serial.port import Place, Port, opened
from mlp_edge.runtime.serial.protocol import (
    QUERY,
    VERSION,
    Again,
    Identity,
    Reply,
    longest,
    question,
    read,
)
from mlp_edge.runtime.threads import threadsafe
from mlp_edge.settings import setting

NAME = "serial"
"""Of the runtime, whatever the port."""
TRIES = 5
"""How often a row is sent before the board counts as lost."""
MOST_RESENT = 100
"""Rows that may be sent again in all."""
MOST_NOISE = 1000
"""Lines that may be no reply to what was asked."""
_QUERIES = 1.0
"""Seconds between two queries: a board that is starting hears none."""
_TOLD = 50
"""Replies from one report of how many there are to the next."""
_PATIENCE = 0.5
"""Seconds for the right reply to come behind a line that is none."""


class Board:
    """A board that has said what it runs.

    Attributes:
        identity: what it runs.
        took: microseconds of each prediction, as the board measured them.
        resent: how many rows were sent again.
        watch: is told how many rows were predicted.
    """

    def __init__(self, port: Port, seconds: float) -> None:
        self._port, self._seconds = port, seconds
        self._number = self._noise = 0
        self.took: list[int] = []
        self.resent = 0
        self.watch: Callable[[int], None] = lambda _: None
        self.identity = self._introduced()

    @property
    def transcript(self) -> str:
        """Every line that went to the board ("> ") and came from it ("< ")."""
        return "".join(f"{line}\n" for line in self._port.transcript)

    def runtime(self, headers: Sequence[Path]) -> Runtime:
        """The runtime that predicts on the board the header that it runs.

        Args:
            headers: those it may be.

        Raises:
            InputError: when it runs none of them.
        """
        identity, known = self.identity, []
        for path in headers:
            with suppress(ModelError):  # which is said where the header itself is compared
                known.append(read_header(path))
        for header in known:
            if _described(header) == identity[1:5] + identity[6:]:
                return Runtime(
                    NAME, ".h", lambda: None, self.open, by_row=True, only=header.path.name,
                    fused=identity.fused, replayed=not identity.fused, accuracy=KERNELS,
                )  # fmt: skip
        there = ", ".join(
            f"{each.path.name} of {each.card.weights_sha256[:8]}… in {each.card.dtype}"
            for each in known
        )
        raise InputError(
            f"{self._place.device}: the board runs {identity.name} of "
            f"{identity.weights_sha256[:8]}… in {identity.dtype}, and the exports are "
            f"{there or 'none that it could run'}; the Parity sketch with one of these would do"
        )

    @contextmanager
    def open(self, path: Path) -> Iterator[Opened]:
        """Predict on the board until the block ends; nothing is compiled."""
        header = read_header(path)
        golden = read_golden(header, self.identity.fused)
        with threadsafe(path, self.predict, one_at_a_time=True) as shared:
            yield Opened(shared, header.card, golden)

    def predict(self, rows: Rows) -> Rows:
        """Predictions (n, outputs) of raw readings (n, inputs), one row at a time.

        Raises:
            ModelError: when the board does not reply, or runs something else by now.
        """
        given = checked_rows(rows, self.identity.inputs)
        predictions = np.empty((len(given), self.identity.outputs), np.float32)
        for place, row in enumerate(given):
            predictions[place] = self._asked(row)
        return predictions

    @property
    def _place(self) -> Place:
        return self._port.place

    def _introduced(self) -> Identity:
        """What the board runs, once it has started."""
        end = monotonic() + self._seconds
        while (now := monotonic()) < end:
            self._port.send(QUERY)
            until = min(end, now + _QUERIES)
            while (line := self._port.hear(longest(1), until)) is not None:
                said = read(line)
                if isinstance(said, Identity):
                    return self._understood(said)
                self._count_noise()
        arrived = " but noise, as at another rate" if self._noise else ""
        raise InputError(
            f"{self._place.device}: nothing replies{arrived} in {self._seconds:g} s at "
            f"{self._place.baud} baud; a board with the Parity sketch of this model would do, and "
            "no other program at this port"
        )

    def _understood(self, said: Identity) -> Identity:
        if said.version != VERSION:
            raise InputError(
                f"{self._place.device}: the board speaks version {said.version} of the protocol; "
                f"the Parity sketch of this mlp-edge, which speaks {VERSION}, would do"
            )
        return said

    def _asked(self, row: Floats) -> Floats:
        """The prediction (outputs,) of a row (inputs,)."""
        self._number = (self._number + 1) & 0xFFFFFFFF
        line = question(self._number, row)
        for _ in range(TRIES):
            self._port.send(line)
            if (reply := self._reply()) is not None:
                self.took.append(reply.microseconds)
                if len(self.took) % _TOLD == 0:
                    self.watch(len(self.took))
                return reply.predictions
            self.resent += 1
            if self.resent > MOST_RESENT:
                raise self._lost(f"more than {MOST_RESENT} rows had to be sent again")
        raise self._lost(f"row {self._number:,} was sent {TRIES} times, without a reply")

    def _reply(self) -> Reply | None:
        """The reply to the last question; None where it has to be asked again."""
        end = monotonic() + self._seconds
        while (line := self._port.hear(longest(self.identity.outputs), end)) is not None:
            said = read(line)
            if isinstance(said, Reply) and self._is_asked(said):
                return said
            if isinstance(said, Again):
                return None
            self._count_noise()
            if isinstance(said, Identity) and said != self.identity:
                raise self._lost("it runs another model by now")
            if not isinstance(said, Reply):  # damaged, or the board was reset
                end = min(end, monotonic() + _PATIENCE)
        return None

    def _is_asked(self, said: Reply) -> bool:
        return said.number == self._number and len(said.predictions) == self.identity.outputs

    def _count_noise(self) -> None:
        self._noise += 1
        if self._noise > MOST_NOISE:
            raise self._lost(f"more than {MOST_NOISE:,} lines were no replies")

    def _lost(self, reason: str) -> ModelError:
        return ModelError(
            f"{self._place.device}: the board is lost: {reason}; a shorter cable, another rate or "
            f"more than {setting('wait', self._seconds)} would do"
        )


@contextmanager
def connected(place: Place, seconds: float) -> Iterator[Board]:
    """A board on a port, until the block ends.

    Args:
        place: where it is.
        seconds: that it may take to start, and to predict a row.

    Raises:
        MissingError: when pyserial is not installed.
        InputError: when the port cannot be opened, or nothing replies as the sketch does.
    """
    with opened(place) as port:
        yield Board(port, seconds)


def _described(header: Header) -> tuple[object, ...]:
    """What a board says of a header, but for the protocol and its rounding."""
    card = header.card
    return card.name, card.dtype, header.inputs, header.outputs, card.weights_sha256
