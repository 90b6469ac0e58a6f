"""A carriage return inside a cell comes out of every table that is written, as what it was."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.commands import Type

from mlp_edge.data.reading.read import read_table
from mlp_edge.files.writing import csv_text
from mlp_edge.readers.model_directory import ModelDirectory

cells = st.text(st.sampled_from('\r\n",; a'), max_size=4)


@given(st.lists(st.lists(cells, min_size=2, max_size=3), min_size=1, max_size=4))
@example([["a\rb", "\r"], ["\r\n", ""]])
def test_every_cell_reads_back(rows: list[list[str]]) -> None:
    text = csv_text(rows)
    assert list(csv.reader(io.StringIO(text, newline=""))) == rows
    outside = "".join(text.split('"')[::2])  # no quote mark opens or closes within such a part
    assert "\r" not in outside


def test_a_table_of_them(folder: Path) -> None:
    rows = [["name", "b\rc"], ["a\rb", "1"], ["\r", "2"], ["c\r\nd", "3"]]
    Path("table.csv").write_bytes(csv_text(rows).encode())
    table = read_table("table.csv")
    assert list(table.columns) == rows[0]
    assert table.column("b\rc").tolist() == ["1", "2", "3"]
    assert table.column("name").tolist()[:2] == ["a\rb", "\r"]


@pytest.fixture(scope="module")
def trained(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A table whose category and label hold a carriage return, and a model of it."""
    from support.commands import typed

    folder = tmp_path_factory.mktemp("returns")
    rows = [["x", "kind", "label"]]
    for number in range(60):
        kind, high = ("a", "b\rc")[number % 2], number % 3 == 0
        rows.append([f"{number % 31 + high}", kind, "no\rway" if high else "yes"])
    table = folder / "t.csv"
    table.write_bytes(csv_text(rows).encode())
    words = ("--epochs", 1, "--hidden", "2", "-q", "--out", folder / "model")
    assert typed("train", table, *words).code == 0
    return table, folder / "model"


def read(path: str) -> list[list[str]]:
    """The rows of a file, its lines ended by line feeds alone."""
    return list(csv.reader(io.StringIO(Path(path).read_bytes().decode(), newline="")))


def test_predictions_and_rows(trained: tuple[Path, Path], typed: Type) -> None:
    table, model = trained
    given = read(str(table))
    assert typed("predict", table, "--model", model, "--out", "p.csv").code == 0
    written = read("p.csv")
    assert [row[:3] for row in written] == given
    assert {row[-1] for row in written[1:]} <= {"no\rway", "yes"}
    words = ("--model", model, "--rows-out", "r.csv", "--no-plots")
    assert typed("evaluate", table, *words).code == 0
    assert [row[:3] for row in read("r.csv")] == given
    assert typed("predict", "p.csv", "--model", model, "--out", "again.csv").code == 0
    assert [row[:5] for row in read("again.csv")] == written  # it is a table like any other


def test_the_sample_serves_evaluate_and_int8(trained: tuple[Path, Path], typed: Type) -> None:
    _, model = trained
    targets = ModelDirectory.open(model).sample().targets
    assert {target for (target,) in targets} == {"no\rway", "yes"}
    assert typed("evaluate", "--model", model, "--no-plots").code == 0
    words = ("-f", "c", "-d", "int8", "--max-flips", 1, "--max-drop", 1)
    result = typed("export", "--model", model, *words)
    assert result.code == 0, result.err
