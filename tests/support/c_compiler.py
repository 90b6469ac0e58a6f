"""The compilers of the C tests: strict, and missing only where that is allowed."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mlp_edge.export.c.kernels import path

STRICT = (
    "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wdouble-promotion",
    "-Wcast-qual", "-Werror",
)  # fmt: skip
"""The warnings that a header promises to be free of."""
HEADERS = Path(__file__).parents[2] / "firmware_headers"
KERNELS = HEADERS / "kernels"
ARDUINO_BOARD = Path(__file__).with_name("arduino_board.c")
"""A program that plays an Arduino's chip, its serial port and its LED."""

C99 = ("gcc", "-std=c99")
CPP11 = ("g++", "-std=c++11", "-x", "c++")


def including(*kernels: str) -> str:
    """The lines that include kernels, which ``-I`` of ``KERNELS`` finds."""
    return "".join(f'#include "{path(kernel)}"\n' for kernel in kernels)


def require(program: str) -> None:
    """Skip the test where a compiler is missing; fail it where CI=true."""
    if shutil.which(program) is None:
        remedy = f"{program} is missing; apt-get install gcc g++ brings it"
        if os.environ.get("CI") == "true":
            pytest.fail(remedy)
        pytest.skip(remedy)


def run(folder: Path, *command: str) -> str:
    """What a command prints; the test fails with its complaints when it does."""
    if not command[0].startswith("./"):
        require(command[0])
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stderr[:4000]}"
    return result.stdout


def shared(folder: Path, source: str, *flags: str) -> ctypes.CDLL:
    """C as a shared library, loaded. Linked apart: -ffast-math would flush this process's
    subnormal numbers.

    Args:
        folder: to build in.
        source: of the C file.
        flags: the compiler and its options.
    """
    library = f"{len(list(folder.glob('*.so')))}.so"  # one that is loaded stays as it is
    run(folder, *flags, "-fPIC", "-c", source, "-o", "all.o")
    run(folder, "gcc", "-shared", "all.o", "-o", library)
    return ctypes.CDLL(str(folder / library))
