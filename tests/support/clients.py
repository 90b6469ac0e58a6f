"""Programs of others that ask the server, or read what is written for one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

CLIENTS = Path(__file__).parents[2] / "build" / "clients"
KSERVE = CLIENTS.with_name("kserve")
"""KServe's client caps protobuf, and so has a folder of its own."""


def run(*words: str | Path, folder: Path, within: str = "", place: Path = CLIENTS) -> str:
    """What a program of somebody else's prints; the test fails where it does.

    Args:
        words: the command.
        folder: to run it in.
        within: a package whose own folder Python looks into, too.
        place: where it is installed.
    """
    if not place.is_dir() or not Path(words[0]).exists():
        remedy = f"make build/{place.name}/installed brings what asks the server"
        if os.environ.get("CI") == "true":
            pytest.fail(remedy)
        pytest.skip(remedy)
    paths = [str(place), *([str(place / within)] if within else [])]
    done = subprocess.run(
        words, env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
