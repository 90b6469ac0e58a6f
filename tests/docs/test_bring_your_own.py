"""The page about a network of one's own: its notebook runs, its sessions print what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sessions import CONSOLE, HOW_TO, PYTHON, masked, play, run_python

from mlp_edge.data.sets import SETS

pytestmark = pytest.mark.slow

TEXT = (HOW_TO / "bring-your-own.md").read_text("utf-8")


def test_the_page_from_top_to_bottom(keras: Any, tmp_path: Path) -> None:
    table = SETS["pima"].location.read_text("utf-8")
    (tmp_path / "pima.csv").write_text(table, "utf-8")
    notebook, scaler, ours = PYTHON.findall(TEXT)
    run_python(notebook + scaler, tmp_path)
    for block in CONSOLE.findall(TEXT):
        assert masked(play(block, tmp_path)) == masked(block)
    run_python(ours, tmp_path)
