"""train --weight: rows count by a column, now and in every later command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.commands import Type, contents

import mlp_edge

ROWS = 120


@pytest.fixture
def survey(folder: Path) -> Path:
    """Answers of people, each of whom stands for 0 to 3 and a half thousand."""
    random = np.random.default_rng(1)
    a, b, noise = random.normal(size=(3, ROWS))
    kinds = np.where(a + noise > 0, "yes", "no")
    weights = random.integers(0, 4, ROWS) + 0.5 * (np.arange(ROWS) % 2)
    lines = [
        f"{a[row]:.3f};{b[row]:.3f};{kinds[row]};{weights[row]:.1f}".replace(".", ",")
        for row in range(ROWS)
    ]
    path = folder / "survey.csv"
    path.write_text("\n".join(["a;b;answer;people", *lines, ""]))
    return path


def told(place: str) -> dict[str, Any]:
    return dict(json.loads(Path(place, "model.json").read_text()))


SURVEYED = ("--recipe", "tutorial", "--target", "answer", "--weight", "people", "-q")


def weighted_accuracy(rows: pd.DataFrame) -> float:
    right = rows["outcome"].isin(["TP", "TN"])
    return float(np.average(right, weights=rows["people"]))


@pytest.mark.slow
def test_rows_count_by_a_column(survey: Path, typed: Type) -> None:
    words = (*SURVEYED, "--epochs", 2, "--hidden", 4)
    result = typed("train", survey.name, *words, "--early-stopping", 2, "--threshold", "f1")
    assert result.code == 0, result.err
    assert "rows count by 'people', in the loss and in the scores" in result.out
    assert "column 'people', the weight: 0 in " in result.err
    first = told("model")
    assert first["recipe"]["weight"] == "people"
    assert [each["name"] for each in first["features"]] == ["a", "b"]
    sample = pd.read_csv("model/sample.csv")
    assert sample["people"].min() > 0
    assert (2 * sample["people"]).eq((2 * sample["people"]).round()).all()

    scores = json.loads(typed("evaluate", "--no-plots", "--json", "--rows-out", "rows.csv").out)
    for name, value in first["scores"]["test"]["mlp"].items():
        assert scores["scores"]["mlp"][name] == pytest.approx(value, rel=1e-6)
    accuracy = weighted_accuracy(pd.read_csv("rows.csv"))
    assert scores["scores"]["mlp"]["accuracy"] == pytest.approx(accuracy)
    low, high = scores["intervals"]["mlp"]["accuracy"]
    assert low < accuracy < high

    table = pd.read_csv(survey, sep=";", decimal=",")
    table.drop(columns="people").to_csv("bare.csv", index=False)
    result = typed("evaluate", "bare.csv", "--no-plots")
    assert result.code == 0, result.err
    assert "bare.csv has no column 'people', by which rows counted in the training" in result.err

    on = ("--from", "model", "--epochs", 1, "-q")
    assert typed("train", survey.name, *on, "--out", "further").code == 0
    assert told("further")["recipe"]["weight"] == "people"
    refused = typed("train", "bare.csv", *on, "--weight", "people", "--out", "nothing")
    assert refused.code == 2
    assert "no column 'people' for --weight" in refused.err
    refused = typed("train", survey.name, *on, "--weight", "a", "--out", "nothing")
    assert refused.code == 2
    assert "--weight a: the saved model learns from this column" in refused.err
    assert not Path("nothing").exists()


@pytest.mark.slow
def test_a_frame_trains_what_its_file_trains(survey: Path, typed: Type) -> None:
    words = (*SURVEYED, "--epochs", 1, "--hidden", 3)
    assert typed("train", survey.name, *words, "--cv", 2).code == 0
    frame = pd.read_csv(survey, sep=";", decimal=",")
    settings: dict[str, Any] = {
        "recipe": "tutorial",
        "target": "answer",
        "epochs": 1,
        "hidden": (3,),
    }
    model = mlp_edge.train(frame, weight="people", cv=2, name="survey", out="frame", **settings)
    ours, theirs = contents(Path("frame")), contents(Path("model"))
    assert ours["model.keras"] == theirs["model.keras"]
    assert told("frame")["scores"] == told("model")["scores"]
    frame["people"] = frame["people"].replace(0.0, np.nan)
    with pytest.raises(mlp_edge.errors.TableError, match=r"pandas DataFrame, row .* the weight: "):
        mlp_edge.train(frame, weight="people", **settings)
    assert model.training.manifest.recipe["weight"] == "people"


@pytest.mark.parametrize("cell", ["-1", "", "many"])
def test_weights_that_are_none(survey: Path, typed: Type, cell: str) -> None:
    lines = survey.read_text().splitlines()
    lines[6] = lines[6].rpartition(";")[0] + f";{cell}"
    survey.write_text("\n".join(lines))
    result = typed("train", survey.name, "--target", "answer", "--weight", "people")
    assert result.code == 2
    assert "error: survey.csv, line 7, column 'people', the weight: " in result.err
    assert not Path("model").exists()


@pytest.mark.parametrize("has_weights", [True, False])
def test_going_on_counts_by_the_saved_weight_where_the_table_has_it(
    survey: Path, typed: Type, has_weights: bool
) -> None:
    words = ("--recipe", "tutorial", "--hidden", 2, "--epochs", 1, "-q")
    first = typed("train", survey.name, *words, "--target", "answer", "--weight", "people")
    assert first.code == 0, first.err
    if not has_weights:
        table = pd.read_csv(survey, sep=";", decimal=",")
        table[table["people"] > 0].drop(columns="people").to_csv("bare.csv", index=False)
    name = survey.name if has_weights else "bare.csv"
    result = typed("train", name, "--from", "model", "--epochs", 1, "-q", "--out", "further")
    assert result.code == 0, result.err
    says = "bare.csv has no column 'people', by which rows counted in the training: here all count"
    assert (says in result.err) is not has_weights
    assert "--weight" not in result.err
    assert told("further")["recipe"]["weight"] == ("people" if has_weights else None)
    scored = typed("evaluate", name, "--model", "further", "--no-plots")
    assert scored.code == 0, scored.err
    assert "by which rows counted" not in scored.err
