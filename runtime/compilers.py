"""Compilers: which one this machine has, run in a folder, and what it complains about."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from mlp_edge.errors import MissingError, ModelError

COMPILERS = ("cc", "gcc", "clang")
"""Of this machine, where CC names none."""
REMEDY = "no C compiler on this machine; apt-get install gcc brings one (or set CC)"
LONGEST_COMPILATION = 300
"""Seconds for one compilation; a network of a million weights takes ten."""


def compiled(command: list[str], folder: Path, source: object, remedy: str) -> str:
    """Run a compiler in a folder: "" when it succeeds, otherwise what it complains about.

    Args:
        command: the program and its arguments; no shell sees them.
        folder: where it runs.
        source: what is compiled, for messages.
        remedy: what brings the compiler.

    Raises:
        ModelError: when it is not done in time.
        MissingError: when it does not start.
    """
    try:
        result = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LONGEST_COMPILATION,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(
            f"{source}: {command[0]} was not done after {LONGEST_COMPILATION} s"
        ) from error
    except OSError as error:
        raise MissingError(f"{command[0]} does not start ({error.strerror}): {remedy}") from error
    return result.stderr.strip() or "the compiler did not say why" if result.returncode else ""


def summary(stderr: str) -> str:
    """The first error of a compiler, without the lines around it."""
    lines = [line for line in stderr.splitlines() if "error" in line] or stderr.splitlines()
    return lines[0].strip()[:200]


def compiler() -> list[str]:
    """The command of this machine's C compiler: CC of the environment, or the first there is.

    Raises:
        MissingError: when there is none.
    """
    chosen = shlex.split(os.environ.get("CC", ""))
    if chosen:
        return chosen
    for name in COMPILERS:
        if shutil.which(name):
            return [name]
    raise MissingError(REMEDY)


def missing() -> str | None:
    """None where a C compiler is at hand, otherwise what brings one."""
    try:
        command = compiler()[0]
    except MissingError as error:
        return str(error)
    return None if shutil.which(command) else f"CC={command} is not a program; {REMEDY}"
