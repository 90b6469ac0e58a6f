"""A serial port as lines: each bounded in length, and waited for no longer than is said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, NamedTuple

from mlp_edge.errors import InputError, ModelError, first_line
from mlp_edge.foreign import printable
from mlp_edge.lazy import require

BAUD = 115_200
_TICK = 0.05
"""Seconds that a read waits for a byte at most."""
_PAUSE = 0.5
"""Seconds of silence after which an unfinished line counts as a whole one: its end was lost."""
_WRITING = 10
"""Seconds for the port to take a line."""
_CHUNK = 4096
"""Bytes that are read at once, at most."""


class Place(NamedTuple):
    """Where a board is.

    Attributes:
        device: the port, such as /dev/ttyACM0 or COM3.
        baud: bits per second.
    """

    device: str
    baud: int

    @classmethod
    def read(cls, name: str) -> Place:
        """``"serial:/dev/ttyACM0@9600"``; without a rate it is 115,200.

        Raises:
            InputError: when it names no port, or a rate that is none.
        """
        device, at, rate = name.partition(":")[2].partition("@")
        baud = int(rate) if rate.isdecimal() and len(rate) <= 8 else 0
        if not device or (at and not baud):
            raise InputError(
                f"{name!r}: names no serial port; one such as serial:/dev/ttyACM0 would do, or "
                f"with another rate than {BAUD}, serial:COM3@9600"
            )
        return cls(device, baud or BAUD)


class Port:
    """An open port.

    Attributes:
        place: where it is.
        transcript: every line that went out ("> ") and came in ("< "), as printable text.
    """

    def __init__(self, place: Place, serial: Any) -> None:
        self.place = place
        self.transcript: list[str] = []
        self._serial = serial
        self._unfinished = bytearray()

    def send(self, line: bytes) -> None:
        """Write a line, with its end.

        Raises:
            ModelError: when the port is gone, or takes nothing.
        """
        self.transcript.append(f"> {_shown(line)}")
        try:
            self._serial.write(line)
        except OSError as error:
            raise self._lost(error) from error

    def hear(self, longest: int, until: float) -> bytes | None:
        """The next line that comes in, without its end; None where there is none in time.

        Args:
            longest: bytes of a line; what is longer counts as several.
            until: as ``time.monotonic`` has it.

        Raises:
            ModelError: when the port is gone.
        """
        heard = monotonic()
        while True:
            line = self._next(longest, paused=monotonic() - heard > _PAUSE)
            if line is not None:
                if line:
                    self.transcript.append(f"< {_shown(line)}")
                return line
            if monotonic() >= until:
                return None
            if content := self._read():
                self._unfinished += content
                heard = monotonic()

    def _next(self, longest: int, paused: bool) -> bytes | None:
        """What has come in up to the end of a line, or of what a line can be."""
        end = self._unfinished.find(b"\n", 0, longest)
        if end >= 0:
            line = bytes(self._unfinished[:end])
            del self._unfinished[: end + 1]
        elif len(self._unfinished) >= longest or (self._unfinished and paused):
            line = bytes(self._unfinished[:longest])
            del self._unfinished[:longest]
        else:
            return None
        return line

    def _read(self) -> bytes:
        try:
            waiting = min(self._serial.in_waiting, _CHUNK)
            return bytes(self._serial.read(max(1, waiting)))
        except OSError as error:
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> ModelError:
        return ModelError(
            f"{self.place.device}: the connection is lost ({first_line(error)}); a board that "
            "stays plugged in, and that no other program reads, would do"
        )


@contextmanager
def opened(place: Place) -> Iterator[Port]:
    """A serial port, this program's alone until the block ends.

    Raises:
        MissingError: when pyserial is not installed.
        InputError: when there is no such port, or it cannot be opened.
    """
    serial = require("serial", "serial")
    try:
        port = serial.Serial(
            place.device, place.baud, timeout=_TICK, write_timeout=_WRITING, exclusive=True
        )
    except (OSError, ValueError, OverflowError) as error:
        raise InputError(
            f"{place.device}: cannot be opened ({first_line(error)}); {_ports()}"
        ) from error
    with port:
        yield Port(place, port)


def _ports() -> str:
    """Which ports there are, for a message."""
    found = [port.device for port in require("serial.tools.list_ports", "serial").comports()]
    if not found:
        return "there is no serial port on this machine"
    return f"there are {', '.join(found)}"


def _shown(line: bytes) -> str:
    return printable(line.strip(b"\r\n").decode("ascii", "backslashreplace"))
