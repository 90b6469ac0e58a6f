"""Killed or refused at any system call, a writer leaves the old or the new."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from killed_writers import ACTIONS, WRITERS
from support.c_compiler import require

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD and /proc"),
    pytest.mark.slow,
]
HERE = Path(__file__).parents[1]
FEWEST = {"predict --out": 6}
"""Points of the shortest writer: a file is made, filled, synced, renamed, its folder synced. Of the
others there are twenty and more; fewer would mean that they are not seen."""


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that fails the system calls of a process."""
    library = tmp_path_factory.mktemp("shim") / "points.so"
    require("gcc")
    flags = ("-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
    subprocess.run(["gcc", *flags, "-o", library, HERE / "killed_writers.c", "-ldl"], check=True)
    return library


@pytest.mark.parametrize("writer", WRITERS)
def test_the_old_or_the_new_is_whole_and_the_next_run_works(
    writer: str, shim: Path, tmp_path: Path
) -> None:
    command = [sys.executable, HERE / "killed_writers.py", shim, tmp_path, writer]
    environment = {**os.environ, "LD_PRELOAD": str(shim)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counted = json.loads(done.stdout)[writer]
    assert list(counted) == list(ACTIONS)
    assert min(counted.values()) >= FEWEST.get(writer, 20)
