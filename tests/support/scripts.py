"""Scripts as their users run them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from mlp_edge.mlp import Floats


def in_node(folder: Path, program: str, kind: str = "module") -> Any:
    """What a program in Node.js prints as JSON, with the folder's files beside it."""
    done = subprocess.run(
        ["node", f"--input-type={kind}", "--eval", program],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_bits(got: Floats, expected: Floats) -> None:
    """The same bits, NaN of any kind where NaN is expected."""
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype == np.float32
    same = got.view(np.uint32) == expected.view(np.uint32)
    wrong = np.argwhere(~(same | (np.isnan(got) & np.isnan(expected))))
    assert not len(wrong), f"{got[tuple(wrong[0])]} where {expected[tuple(wrong[0])]} belongs"
