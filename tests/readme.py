"""The README's sessions: read, run, and written again (`python tests/readme.py`)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
CONSOLE = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
PYTHON = re.compile(r"(?<=```python\n).*?(?=```)", re.DOTALL)
SKETCH = re.compile(r"(?<=```cpp\n).*?(?=```)", re.DOTALL)


def commands(block: str) -> list[str]:
    """The lines of a console block that were typed."""
    return [line[2:] for line in block.splitlines() if line.startswith("$ ")]


def play(block: str, folder: Path) -> str:
    """Run a console block's commands in a folder; the block as it should read."""
    lines = []
    for command in commands(block):
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                 "COLUMNS": "80", "NO_COLOR": "1"},
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(f"{command}: exit {done.returncode}\n{done.stderr}")
        output = "".join(f"{line.rstrip()}\n" for line in done.stdout.strip("\n").splitlines())
        lines.append(f"$ {command}\n{output}")
    return "\n".join(lines)


def masked(text: str) -> str:
    """What has to be the same on every machine: all but digits, alignment and the device."""
    text = re.sub(r"trained on .*, by", "trained, by", text)
    text = re.sub(r"-?\d[\d.,]*(e-?\d+)?", "#", text)
    return re.sub(r"[ ─]+", " ", text)


def write() -> None:
    """Play every block in order and put the real output into the README."""
    with tempfile.TemporaryDirectory() as folder:
        text = CONSOLE.sub(lambda match: play(match[0], Path(folder)), README.read_text("utf-8"))
    README.write_text(text, "utf-8")


if __name__ == "__main__":
    write()
