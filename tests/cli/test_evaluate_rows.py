"""mlp-edge evaluate --rows-out: every row, what it is, what it was taken for."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import Type

from mlp_edge.data.sets import SETS

PIMA = SETS["pima"].location.read_text().splitlines()


def rows_of(typed: Type, *words: object) -> tuple[list[str], list[list[str]], dict[str, Any]]:
    """Header, rows and what --json tells."""
    result = typed("evaluate", *words, "--rows-out", "rows.csv", "--no-plots", "--json")
    assert result.code == 0, result.err
    text = Path("rows.csv").read_text("utf-8")
    header, *rows = csv.reader(io.StringIO(text))
    return header, rows, json.loads(result.out)


def test_every_row_with_its_outcome(model: Path, typed: Type) -> None:
    lines = [f"note,{PIMA[0]}", *(f"P{n:03},{line}" for n, line in enumerate(PIMA[1:101]))]
    # A blank line is no row, but counts.
    Path("ward.csv").write_text("\n".join([lines[0], "", *lines[1:]]) + "\n")
    header, rows, told = rows_of(typed, "ward.csv")
    given = lines[0].split(",")
    assert header == [*given, "line", "truth", "prediction", "probability", "outcome"]
    assert [row[: len(given)] for row in rows] == [line.split(",") for line in lines[1:]]
    assert [row[-5] for row in rows] == [str(number) for number in range(3, 103)]
    assert told["files"] == ["rows.csv"]
    counts = Counter(row[-1] for row in rows)
    assert [[counts["TN"], counts["FP"]], [counts["FN"], counts["TP"]]] == told["confusion"]
    for *_, truth, prediction, probability, outcome in rows:
        assert prediction == ("1" if float(probability) > 0.5 else "0")
        right = {("1", "1"): "TP", ("0", "0"): "TN", ("1", "0"): "FN", ("0", "1"): "FP"}
        assert outcome == right[truth, prediction]


def test_the_held_out_rows_by_default(model: Path, typed: Type) -> None:
    header, rows, told = rows_of(typed)
    assert len(rows) == told["rows"] == 154
    assert header[:9] == PIMA[0].split(",")
    assert rows[0][header.index("sample line")] == "2"


def test_another_threshold_has_other_outcomes(model: Path, typed: Type) -> None:
    *_, plain = rows_of(typed)
    _, rows, told = rows_of(typed, "--threshold", "0.2")
    counts = Counter(row[-1] for row in rows)
    assert [[counts["TN"], counts["FP"]], [counts["FN"], counts["TP"]]] == told["confusion"]
    assert told["confusion"] != plain["confusion"]


def test_several_classes_are_right_or_wrong(iris: Path, typed: Type) -> None:
    header, rows, told = rows_of(typed, "iris", "--model", iris)
    labels = ["setosa", "versicolor", "virginica"]
    probabilities = [f"probability {label}" for label in labels]
    assert header[-7:] == ["line", "truth", "prediction", *probabilities, "outcome"]
    right = Counter(row[-1] for row in rows)
    assert set(right) <= {"right", "wrong"}
    assert right["right"] / 150 == pytest.approx(told["scores"]["mlp"]["accuracy"])
    for row in rows:
        *_, truth, prediction, first, second, third, outcome = row
        shares = [float(first), float(second), float(third)]
        assert prediction == labels[int(np.argmax(shares))]
        assert outcome == ("right" if truth == prediction else "wrong")


def test_a_regression_has_errors(sine: Path, typed: Type) -> None:
    header, rows, told = rows_of(typed, "sine", "--model", sine)
    assert header[-4:] == ["line", "truth", "prediction", "error"]
    truth, prediction, error = np.array([row[-3:] for row in rows], np.float64).T
    np.testing.assert_allclose(error, prediction - truth, atol=1e-6)
    rmse = float(np.sqrt((error**2).mean()))
    assert rmse == pytest.approx(told["scores"]["mlp"]["rmse"], rel=1e-5)


def test_decimal_commas_stay(sine: Path, typed: Type) -> None:
    lines = SETS["sine"].location.read_text().splitlines()[:60]
    table = "\n".join(line.replace(",", ";").replace(".", ",") for line in lines)
    Path("t.csv").write_text(table + "\n")
    header, rows, _ = rows_of(typed, "t.csv", "--model", sine)
    assert [";".join(row[: header.index("line")]) for row in rows] == table.split("\n")[1:]
    assert all("." not in cell for row in rows for cell in row)
    assert all("," in row[-1] for row in rows)


def test_names_that_the_table_has_already(model: Path, typed: Type) -> None:
    Path("t.csv").write_text(
        f"truth,line,{PIMA[0]}\n" + "".join(f"x,y,{line}\n" for line in PIMA[1:31])
    )
    header, rows, _ = rows_of(typed, "t.csv")
    assert header[:2] == ["truth", "line"]
    assert header[-5:-2] == ["predicted line", "predicted truth", "prediction"]
    assert rows[0][:2] == ["x", "y"]


def test_a_row_without_an_answer_stays_without_one(
    homes: Path, homes_table: Path, typed: Type
) -> None:
    first, *lines = homes_table.read_text().splitlines()
    Path("gap.csv").write_text("\n".join([first, "110,4,gas,,yes,300000", *lines]) + "\n")
    header, rows, told = rows_of(typed, "gap.csv", "--model", homes)
    assert header[-4:] == ["line", "truth", "prediction", "error"]
    assert rows[0][-4:] == ["2", "300000.0", "", ""]
    assert all(row[-1] for row in rows[1:])
    assert (told["unanswered"], len(rows)) == (1, 241)


def test_a_class_without_an_answer(model: Path, typed: Type) -> None:
    lines = PIMA[:30]
    Path("gap.csv").write_text("\n".join([*lines, lines[1].replace(",148,", ",,")]) + "\n")
    _, rows, _ = rows_of(typed, "gap.csv")
    assert rows[-1][-5:] == ["31", "1", "", "", ""]


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("ward.csv", "--rows-out ward.csv: would replace the table itself"),
        ("gone/rows.csv", "--rows-out gone/rows.csv: its parent directory does not exist"),
        ("model", "--rows-out model: not a regular file"),
    ],
)
def test_places_where_no_rows_go(model: Path, typed: Type, place: str, says: str) -> None:
    text = "\n".join(PIMA[:60]) + "\n"
    Path("ward.csv").write_text(text)
    result = typed("evaluate", "ward.csv", "--rows-out", place, "--no-plots")
    assert (result.code, result.out) == (2, "")
    assert says in result.err
    assert Path("ward.csv").read_text() == text


def test_the_sample_is_not_replaced(model: Path, typed: Type) -> None:
    result = typed("evaluate", "--rows-out", "model/sample.csv", "--no-plots")
    assert (result.code, result.out) == (2, "")
    assert "would replace the model's own" in result.err


def test_the_option_has_another_name_now(process: Type) -> None:
    says = "error: --rows of `mlp-edge evaluate` is now --rows-out\n"
    assert process("evaluate", "--rows", "rows.csv") == (2, "", says)
