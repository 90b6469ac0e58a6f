"""What is said of a table that a Python program holds is what is said of its file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from mlp_edge.api.tables import read_any
from mlp_edge.data.choices import Choices
from mlp_edge.errors import TableError
from mlp_edge.training.examples import Examples, read_examples
from mlp_edge.training.scoring.advice import check_nothing_found

ROWS = 200


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """A price that is a sum; a threshold of it, rows that were sorted by it, and whose they are."""
    random = np.random.default_rng(0)
    net, tax = np.round(np.exp(random.normal(3, 1, (2, ROWS))), 2)
    price = np.round(net + tax, 2)
    return pd.DataFrame({
        "place": 3 * np.argsort(np.argsort(price)) + 5,
        "net": net,
        "tax": tax,
        "dear": pd.Categorical(np.where(price > np.median(price), "yes", "no")),
        "patient": [f"p{row // 5}" for row in np.argsort(np.argsort(price))],
        "weight": np.where(np.arange(ROWS) % 10 == 3, 0.0, 1.5),
        "price": np.where(np.arange(ROWS) % 50 == 7, np.nan, price),
    })  # fmt: skip


def read(table: Any) -> Examples:
    return read_examples(read_any(table), ("price",), None, Choices(), weight="weight")


@pytest.mark.parametrize("made", [lambda frame: frame, pl.from_pandas, pa.Table.from_pandas])
def test_a_frame_is_looked_at_as_its_file_is(
    frame: pd.DataFrame, made: Callable[[pd.DataFrame], Any], tmp_path: Path
) -> None:
    frame.to_csv(tmp_path / "t.csv", index=False)
    ours, theirs = read(made(frame)), read(tmp_path / "t.csv")
    assert [each[:1] + each[2:] for each in ours.findings] == [
        each[:1] + each[2:] for each in theirs.findings
    ]
    assert [each.kind for each in ours.findings] == [
        "missing-target", "weight", "target-copy", "id", "computed", "origin"
    ]  # fmt: skip
    assert [each.name for each in ours.features] == ["place", "net", "tax", "patient"]
    assert ours.weights is not None
    assert ours.weights.tolist() == [1.5] * len(ours.rows)
    says = {each.kind: each.says for each in ours.findings}
    assert (
        "4 of 200 values missing (empty), the first on rows 8, 58 and 108"
        in (says["missing-target"])
    )
    assert "0 in 20 of 196 rows, the first on row 4" in says["weight"]


def test_a_strict_training_refuses_it(frame: pd.DataFrame) -> None:
    """Rows without a target are a reason; rows that somebody gave the weight 0 are none."""
    plain = frame[["net", "patient", "weight", "price"]]
    found = read(plain.assign(patient=np.arange(ROWS) % 7 / 3)).findings
    assert [each.kind for each in found] == ["missing-target", "weight"]
    with pytest.raises(TableError, match=r"4 of 200 values missing .* without `strict` this is a"):
        check_nothing_found(found, "frame")
    check_nothing_found(found[1:], "frame")
