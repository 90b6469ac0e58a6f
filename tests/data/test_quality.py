"""What a table holds, told apart where it misleads: gaps, codes; many findings said as one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.commands import Type
from support.tables import clean, shuffled, table_from

from mlp_edge.data.choices import Choices
from mlp_edge.data.columns import Columns, read_columns
from mlp_edge.data.quoting import MOST_NAMES, gathered
from mlp_edge.data.sets import SETS
from mlp_edge.data.table import Table
from mlp_edge.errors import TableError
from mlp_edge.finding import Finding

ROWS = 300
RANDOM = np.random.default_rng(4)


def read(table: Table, **choices: tuple[str, ...]) -> Columns:
    return read_columns(table, ["y"], Choices(**choices))


def names(columns: Columns) -> list[str]:
    return [feature.name for feature in columns.features]


def said(columns: Columns, kind: str) -> list[str]:
    return [finding.says for finding in columns.findings if finding.kind == kind]


# Zeros: readings, or gaps


def zeros(count: int, others: np.ndarray) -> list[str]:
    """So many zeros among other readings, in any order."""
    chosen = RANDOM.choice(others, ROWS - count)
    return shuffled([*["0"] * count, *(f"{value:g}" for value in chosen)])


AREAS = np.round(RANDOM.gamma(6, 30, 500) + 40)
PRESSURES = np.round(RANDOM.normal(72, 12, 500).clip(40))
INSULIN = np.round(RANDOM.lognormal(4.8, 0.6, 500) + 14)


@pytest.mark.parametrize(
    ("cells", "gaps"),
    [
        (zeros(273, AREAS), False),
        (zeros(170, AREAS), False),
        (zeros(273, PRESSURES), True),
        (zeros(20, PRESSURES), True),
        (zeros(146, INSULIN), True),
        (zeros(120, np.round(RANDOM.gamma(0.7, 8, 500), 1)), False),
        (zeros(250, RANDOM.poisson(6, 500)), False),
        (zeros(40, 100 * RANDOM.poisson(12, 500)), False),
    ],
    ids=["porches", "fewer porches", "mostly unmeasured", "unmeasured", "insulin", "rain",
         "counts", "hundreds"],
)  # fmt: skip
def test_zeros_are_gaps_only_far_from_the_others(cells: list[str], gaps: bool) -> None:
    assert bool(said(read(clean(ROWS, x=cells)), "zeros")) is gaps


# Codes


def codes(levels: int, rows: int, shape: str = "z9{:04d}") -> list[str]:
    return shuffled(shape.format(7 * (row % levels)) for row in range(rows))


@pytest.mark.parametrize("shape", ["z9{:04d}", "{:05d}", "town {}"])
def test_codes_that_repeat_are_categories_however_many(shape: str) -> None:
    found = read(clean(900, x=codes(70, 900, shape)))
    assert len(found.features[2].categories) == 70
    assert said(found, "many-categories") == [
        "column 'x' is read as 70 categories, each an input of the network; `drop=['x']` leaves "
        "it out"
    ]
    assert not said(read(clean(900, x=codes(50, 900, shape))), "many-categories")


def test_codes_that_do_not_repeat_enough_are_left_out() -> None:
    found = read(clean(600, x=codes(70, 600)))
    assert names(found) == ["a", "b"]
    (says,) = said(found, "text")
    assert says.startswith("column 'x' holds words or codes, 70 different in 600 rows, such as 'z9")
    assert "too few rows of each to learn from (10 on average would do); left out; `keep=" in says
    assert names(read(clean(600, x=codes(70, 600)), keep=("x",))) == ["a", "b", "x"]


def test_codes_beyond_what_a_network_takes() -> None:
    cells = codes(1001, 10_010)
    found = read(clean(10_010, x=cells))
    (says,) = said(found, "text")
    assert says.endswith("and a network takes at most 1,000 categories of one column; left out")
    with pytest.raises(TableError, match=r"1,001 different values, .* at most 1,000"):
        read(clean(10_010, x=cells), keep=("x",))


# Many findings of one kind


def test_findings_of_one_kind_are_said_together() -> None:
    alike = [Finding("odd", f"{name} is odd", (name,)) for name in "abcdefghi"]
    other = Finding("other", "another", ("a",))
    assert gathered([alike[0], other, *alike[1:]], "model.json has each") == [
        "a is odd (and so of 8 more columns: 'b', 'c', 'd', 'e', 'f', …; model.json has each)",
        "another",
    ]
    assert gathered(alike[:5]) == [f"{name} is odd" for name in "abcde"]
    assert gathered(alike[:6]) == ["a is odd (and so of 5 more columns: 'b', 'c', 'd', 'e', 'f')"]
    notes = [Finding("dialect", f"note {number}") for number in range(12)]
    assert gathered(notes) == [note.says for note in notes]
    more = [*notes, Finding("dialect", "note 12"), other]
    assert gathered(more, "R") == ["note 0 (and 12 more warnings like it; R)", "another"]


def test_a_flood_of_warnings_is_a_dozen_sentences() -> None:
    """Of two columns with one kind the second is named, and of many kinds the last are counted."""
    kinds = [f"kind{number}" for number in range(30)]
    pairs = [Finding(kind, f"{kind} of {name}", (name,)) for kind in kinds for name in "ab"]
    said = gathered(pairs, "--json has each")
    assert len(said) == 12
    assert said[0] == "kind0 of a (and so of 1 more column: 'b'; --json has each)"
    assert said[-1] == "19 more kinds of warnings; --json has each"
    assert len(gathered(pairs[:24])) == 12
    assert len(gathered(pairs[:12])) == 12
    assert gathered(pairs[:12])[1] == "kind0 of b"
    assert gathered(pairs[:12:2] + pairs[1:12:2])[:2] == ["kind0 of a", "kind1 of a"]


def wide(columns: int, rows: int = 40) -> Table:
    """In each column a gap, and zeros far from the others."""
    cells = {
        f"a{number}": ["", "0", "0", *(str(100 + row % 23) for row in range(rows - 3))]
        for number in range(columns)
    }
    return table_from({**cells, "y": [str(row % 2) for row in range(rows)]})


def test_a_finding_names_every_column_and_quotes_a_few() -> None:
    found = read(wide(60)).findings
    (zero,) = [finding for finding in found if finding.kind == "zeros"]
    assert zero.columns == tuple(f"a{number}" for number in range(60))
    assert zero.says.partition(";")[0].count("'a") == MOST_NAMES
    assert "and so 50 more columns; if they are, `missing=" in zero.says
    missing = [finding for finding in found if finding.kind == "missing"]
    assert [finding.columns for finding in missing] == [(f"a{number}",) for number in range(60)]
    assert len(gathered(found)) == 3  # rows of the same readings are the third


@pytest.fixture
def gaps(folder: Path) -> Path:
    """Pima with a row of empty cells."""
    lines = SETS["pima"].location.read_text().splitlines()[:60]
    path = folder / "gaps.csv"
    path.write_text("\n".join([*lines, ",,,,,,,,1", ""]))
    return path


@pytest.mark.parametrize("command", ["predict", "evaluate", "parity", "train"])
def test_a_warning_for_all_columns(gaps: Path, model: Path, typed: Type, command: str) -> None:
    words = {"parity": ["--table", gaps.name, "-r", "onnxruntime"], "evaluate": ["--no-plots"],
             "train": ["--epochs", "1", "-q", "--out", "new"]}.get(command, [])  # fmt: skip
    result = typed(command, *([] if command == "parity" else [gaps.name]), *words)
    warned = [line for line in result.err.splitlines() if " missing" in line and "warn" in line]
    gap = [line for line in warned if "readings missing" in line]
    assert len(gap) == 1, result.err
    assert "column 'pregnancies': 1 of 60 readings missing" in gap[0]
    assert "and so of 7 more columns: 'glucose', 'pressure', 'skin', 'insulin', 'bmi', …" in gap[0]
    if command == "evaluate":
        told = json.loads(typed(command, gaps.name, *words, "--json").out)["findings"]
    elif command == "train":
        told = json.loads(Path("new/model.json").read_text())["warnings"]
    else:
        return
    assert [found["columns"] for found in told if found["kind"] == "missing"][-1] == ["age"]
    assert sum(found["kind"] == "missing" for found in told) == 8
