"""A model that needs no training, and rows of its table."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.homes import home_rows, homes_model

from mlp_edge.data.reading import blocks


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of a few kilobytes are read in several blocks."""
    monkeypatch.setattr(blocks, "HEAD", 1 << 12)
    monkeypatch.setattr(blocks, "BLOCK", 1 << 13)
    monkeypatch.setattr(blocks, "LOOKED_AT", 20)
    monkeypatch.setattr("mlp_edge.data.reading.text.CHUNK", 1 << 12)


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ONNX file of the model."""
    return homes_model(tmp_path_factory.mktemp("scored") / "homes.onnx")


@pytest.fixture(scope="session")
def rows() -> list[list[str]]:
    """Cells of 4,000 homes: id, area, kind, year, rooms, price."""
    return home_rows()
