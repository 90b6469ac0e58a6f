"""The guide from scikit-learn and PyTorch: its sessions print what it says."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "sklearn-pytorch.md"


def test_its_sessions_print_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mlp_edge.parity.parity.SAMPLE_ROWS", 12)
    monkeypatch.setattr("mlp_edge.parity.parity.stress_rows", lambda _mlp, sample: sample)
    found = doctest.testfile(str(GUIDE), module_relative=False, encoding="utf-8")
    assert found.attempted > 10
    assert not found.failed
