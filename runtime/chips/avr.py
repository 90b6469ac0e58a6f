"""AVRs, simulated by simavr: cycle by cycle, through a program of ours in C.

The program, firmware_headers/harness/avr_host.c, is compiled when it is first needed.
"""

from __future__ import annotations

import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import IO

from mlp_edge.errors import MissingError, ModelError
from mlp_edge.runtime.chips.firmware import (
    AVR_VARIABLES,
    PREDICTIONS,
    READINGS,
    RUN,
    Firmware,
    harness,
)
from mlp_edge.runtime.chips.simulated import Chip, Measured
from mlp_edge.runtime.chips.targets import AVR, Target, finds, toolchain_missing
from mlp_edge.runtime.compilers import compiled, compiler, summary
from mlp_edge.runtime.compilers import missing as compiler_missing

LIMIT = 4_000_000_000
"""Cycles that a row may take: four minutes on the board."""
LIBSIMAVR, HEADER = "libsimavr-dev", "simavr/sim_avr.h"
"""Debian's name of the simulator, and what a compiler finds where it is."""
_SIMAVR = f"apt-get install {LIBSIMAVR} brings it"
_ANSWER = struct.Struct("=QQQ")
_WELL = 0
_FAILURES = {
    1: "its code crashes",
    2: f"a row takes more than {LIMIT:,} cycles",
    3: "its stack runs into its variables; the chip has {ram:,} bytes of RAM",
}
"""By the numbers that avr_host.c answers with."""


@contextmanager
def start(firmware: Firmware) -> Iterator[_Avr]:
    """A firmware in a simulated AVR until the block ends.

    Raises:
        MissingError: when the simulator cannot be compiled.
        ModelError: when the firmware does not get as far as the function.
    """
    with tempfile.TemporaryDirectory(prefix="mlp-edge-") as folder:
        program = Path(folder) / "avr_host"
        program.write_bytes(_host(tuple(compiler())))
        program.chmod(0o700)
        with subprocess.Popen(
            [program, *_arguments(firmware)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                yield _Avr(firmware, process)
            finally:
                process.kill()
                if process.stdin is not None:
                    with suppress(OSError):  # rows that nobody reads any more
                        process.stdin.close()


def missing(target: Target) -> str | None:
    """None where compilers and simulator are at hand, otherwise what brings them."""
    lacks = toolchain_missing(target) or compiler_missing()
    if lacks is None and not finds(compiler(), HEADER):
        return f"no libsimavr on this machine; {_SIMAVR}"
    return lacks


class _Avr:
    """The running program: a row goes in, a prediction comes out."""

    def __init__(self, firmware: Firmware, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("both are pipes")
        self._firmware = firmware
        self._stdin: IO[bytes] = process.stdin
        self._stdout: IO[bytes] = process.stdout
        self._failed = "the simulator has stopped"
        self._send(_flash(firmware))

    def predict(self, readings: bytes) -> bytes:
        """See ``Simulator``."""
        return self._ask(b"p" + readings)[1]

    def measure(self, readings: bytes) -> Measured:
        """See ``Simulator``; cycles."""
        return self._ask(b"m" + readings)[0]

    def _ask(self, row: bytes) -> tuple[Measured, bytes]:
        self._send(row)
        size = self._firmware.predictions_bytes
        answer = self._stdout.read(_ANSWER.size + size)
        if len(answer) != _ANSWER.size + size:
            raise self._error()
        how, cycles, stack = _ANSWER.unpack_from(answer)
        if how != _WELL:
            self._failed = _FAILURES[how].format(ram=self._firmware.target.ram)
            raise self._error()
        return Measured(cycles, stack), answer[_ANSWER.size :]

    def _send(self, content: bytes) -> None:
        try:
            self._stdin.write(content)
            self._stdin.flush()
        except OSError:
            raise self._error() from None

    def _error(self) -> ModelError:
        return ModelError(
            f"{self._firmware.source} on {self._firmware.target.chip}: {self._failed}"
        )


@cache
def _host(command: tuple[str, ...]) -> bytes:
    """The program that simulates, compiled once for each compiler that is asked to."""
    with tempfile.TemporaryDirectory(prefix="mlp-edge-") as name:
        folder = Path(name)
        (folder / "avr_host.c").write_text(harness("avr_host.c"), encoding="ascii")
        build = [*command, "-std=c99", "-O2", "-o", "avr_host", "avr_host.c", "-lsimavr"]
        complaint = compiled(build, folder, "the simulator of the AVR", _SIMAVR)
        if complaint:
            raise MissingError(
                f"the simulator of the AVR does not compile ({summary(complaint)}); {_SIMAVR}"
            )
        return (folder / "avr_host").read_bytes()


def _arguments(firmware: Firmware) -> list[str]:
    """What avr_host.c takes, in its order."""
    numbers = (
        firmware.address(RUN),
        firmware.address("_end"),
        firmware.address(READINGS),
        firmware.readings_bytes,
        firmware.address(PREDICTIONS),
        firmware.predictions_bytes,
        len(_flash(firmware)),
        LIMIT,
    )
    return [firmware.target.chip.lower(), *map(str, numbers)]


def _flash(firmware: Firmware) -> bytes:
    """The flash as it is programmed, from address 0; what lies between is as it is erased."""
    stored = [segment for segment in firmware.elf.segments if segment.stored < AVR_VARIABLES]
    image = bytearray(b"\xff" * max(segment.stored + len(segment.content) for segment in stored))
    for segment in stored:
        image[segment.stored : segment.stored + len(segment.content)] = segment.content
    return bytes(image)


def chip(target: Target) -> Chip:
    """An AVR, built for and simulated as itself."""
    return Chip(target, partial(missing, target), start)


CHIP = chip(AVR)
