"""``Model.compare``: two models on the same rows, and what else they differ in."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import Type
from support.reports import described, keys

import mlp_edge
from mlp_edge.api.comparing.differences import costs
from mlp_edge.api.comparing.verdict import verdict
from mlp_edge.errors import InputError

pytestmark = pytest.mark.trains
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def hasty(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> mlp_edge.Model:
    """As the shared Pima model, which has the same held-out rows, but hardly trained."""
    place = tmp_path_factory.mktemp("hasty") / "hasty"
    return mlp_edge.train("pima", out=place, recipe="tutorial", epochs=1, hidden=(3,))


@pytest.fixture(scope="module")
def otherwise(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> mlp_edge.Model:
    """One with other held-out rows, and without one of the columns."""
    place = tmp_path_factory.mktemp("otherwise") / "otherwise"
    return mlp_edge.train(
        "pima", out=place, recipe="tutorial", epochs=1, hidden=(3,), seed=5, drop="age",
        name="ageless",
    )  # fmt: skip


def test_scores_are_those_of_either_and_errors_are_paired(
    pima: Path, hasty: mlp_edge.Model
) -> None:
    model = mlp_edge.open(pima)
    found = model.compare(hasty, cost=False)
    evaluations = [each.evaluate(plots=False) for each in (model, hasty)]
    rows = len(evaluations[0].predictions)
    assert found.facts["rows"] == {"count": rows, "table": None, "of": [rows, rows]}
    for each in found.facts["scores"]:
        told = [evaluation.scores["mlp"][each["name"]] for evaluation in evaluations]
        assert each["values"] == pytest.approx(told, rel=1e-5)
        assert each["difference"] == pytest.approx(told[0] - told[1], rel=1e-4, abs=1e-5)
    right = [
        evaluation.scored.truth.chosen(evaluation.predictions) == evaluation.scored.truth.targets
        for evaluation in evaluations
    ]
    apart = right[0].astype(float) - right[1]
    accuracy = found.facts["scores"][0]
    assert accuracy["error"] == pytest.approx(np.std(apart, ddof=1) / rows**0.5, rel=1e-5)
    labels = found.facts["labels"]
    assert labels["differ"] == np.count_nonzero(apart)
    assert labels["only_right"] == [np.count_nonzero(apart > 0), np.count_nonzero(apart < 0)]
    for row in labels["rows"]:
        assert row["labels"][0] != row["labels"][1]
    furthest = np.abs(evaluations[0].predictions - evaluations[1].predictions).max()
    assert found.facts["largest"][0]["apart"] == pytest.approx(furthest, rel=1e-5)


def test_a_model_does_not_differ_from_itself(pima: Path) -> None:
    found = mlp_edge.open(pima).compare(mlp_edge.open(pima), cost=False)
    assert (found.better, found.facts["labels"]["differ"], found.facts["largest"]) == (None, 0, [])
    assert found.facts["features"] == {"only": [[], []], "changed": []}
    assert found.facts["settings"] == []
    assert {each["difference"] for each in found.facts["scores"]} == {0}
    assert {one == other for one, other in (each["bytes"] for each in found.facts["sizes"])} == {
        True
    }


def test_only_rows_that_both_held_out_are_compared(pima: Path, otherwise: mlp_edge.Model) -> None:
    def held_out(place: Path) -> Counter[tuple[str, ...]]:
        with (place / "sample.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        names = [name for name in rows[0] if name not in ("age", *_predicted(rows[0]))]
        return Counter(tuple(row[name] for name in names) for row in rows)

    both = (held_out(pima) & held_out(otherwise.path)).total()
    found = mlp_edge.open(pima).compare(otherwise, cost=False)
    assert 2 <= both == found.facts["rows"]["count"] < found.facts["rows"]["of"][0]
    assert [each["kind"] for each in found.facts["findings"]] == ["held-out"]
    assert found.facts["features"]["only"] == [["age"], []]
    assert found.facts["names"] == ["pima", "ageless"]
    assert {each["setting"] for each in found.facts["settings"]} >= {"seed", "epochs", "hidden"}
    assert "age" in found.facts["largest"][0]["readings"]
    known = described("report.json") | described("The facts of a comparison")
    assert {*keys(dict(found.facts))} <= known


def _predicted(row: dict[str, str]) -> list[str]:
    return [name for name in row if name.startswith("predicted ")]


def test_a_table_that_was_learned_from_decides_nothing(
    typed: Type, pima: Path, hasty: mlp_edge.Model
) -> None:
    result = typed("report", pima, "pima", "--compare", hasty.path, "--no-cost", "--json")
    found = json.loads(result.out)
    assert result.code == 0
    assert result.err.count("knows 614 of these rows") == 2
    assert found["verdict"]["better"] is None
    assert "model and hasty learned from some of them" in found["verdict"]["sentence"]
    assert found["scores"][0]["better"] is not None


def test_rows_of_another_table(pima: Path, hasty: mlp_edge.Model, tmp_path: Path) -> None:
    lines = (ROOT / "data" / "sets" / "pima.csv").read_text().splitlines()
    (tmp_path / "new.csv").write_text("\n".join(lines[:200]) + "\n")
    found = mlp_edge.open(pima).compare(hasty, tmp_path / "new.csv", cost=False)
    assert found.facts["rows"]["table"] == "new.csv"
    assert found.facts["findings"] == []
    assert found.better == 0
    assert found.verdict.endswith("rows of new.csv: model is better.")


def test_models_of_different_things_are_refused(typed: Type, pima: Path, iris: Path) -> None:
    result = typed("report", pima, "--compare", iris)
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "error: pima and iris predict different things: task binary and multiclass; models of one "
        "task, with the same targets and classes, can be compared\n"
    )


def test_a_regression_trained_on_every_row_needs_a_table(sine: Path) -> None:
    model = mlp_edge.open(sine)
    with pytest.raises(InputError, match="name a table of other rows"):
        model.compare(model, cost=False)
    found = model.compare(model, "sine", cost=False)
    assert found.facts["labels"] is None
    assert [each["error"] for each in found.facts["scores"]] == [0] * len(found.facts["scores"])


def test_what_cannot_be_is_refused_before_any_work(pima: Path, typed: Type, tmp_path: Path) -> None:
    (tmp_path / "mine.html").write_text("mine")
    result = typed("report", pima, "--compare", pima, "--out", tmp_path / "mine.html")
    assert result.code == 2
    assert "was not written by a report and would be lost" in result.err
    result = typed("report", pima, "--compare", pima, "--parity")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert result.err.startswith("error: --parity holds the exports of one model against it")


def test_the_page_has_the_same_bytes_every_time(
    typed: Type, folder: Path, pima: Path, hasty: mlp_edge.Model
) -> None:
    words = ("report", pima, "--compare", hasty.path, "--no-cost", "--out", "two.html")
    first = typed(*words)
    assert first.code == 0, first.err
    assert first.out.endswith("wrote two.html\nwrote two.json\n")
    kept = [Path(name).read_bytes() for name in ("two.html", "two.json")]
    assert typed(*words).code == 0  # one of ours is written over
    assert [Path(name).read_bytes() for name in ("two.html", "two.json")] == kept
    facts = json.loads(kept[1])
    assert facts["verdict"]["sentence"].removeprefix("a").encode() in kept[0]
    assert not any(str(pima).encode() in each for each in kept)


def test_the_text_shows_every_part(pima: Path, otherwise: mlp_edge.Model) -> None:
    text = str(mlp_edge.open(pima).compare(otherwise, cost=False))
    for part in ("scores on ", "labels differ; pima alone is right ", "furthest apart",
                 "settings of the training", "bytes\n"):  # fmt: skip
        assert part in text


def test_models_of_one_name_go_by_their_directories(pima: Path, tmp_path: Path) -> None:
    shutil.copytree(pima, tmp_path / "again")
    found = mlp_edge.open(pima).compare(mlp_edge.open(tmp_path / "again"), cost=False)
    assert found.facts["names"] == ["model", "again"]


def test_headers_are_compared_on_each_board() -> None:
    uno = {"board": "uno", "part": "atmega328p", "dtype": "float32", "flash": 4000, "ram": 100,
           "stack": 50, "cycles": 9000, "instructions": None, "us": 562.5,
           "fits": True}  # fmt: skip
    small = uno | {"dtype": "int8", "flash": 2000}
    first, second = costs([uno, small], [uno | {"flash": 3000}])
    assert first["flash"] == [4000, 3000]
    assert (second["dtype"], second["flash"], second["fits"]) == (
        "int8", [2000, None], [True, None],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("better", "learned", "end"),
    [(0, [], "old is better."), (None, [], "these rows do not tell which is better."),
     (1, ["new"], "new learned from some of them, which tells nothing of new rows.")],
)  # fmt: skip
def test_the_sentence(better: int | None, learned: list[str], end: str) -> None:
    main = {"name": "auc", "values": [0.9, 0.8], "difference": 0.1, "error": 0.02, "better": better}
    found = verdict(("old", "new"), {"count": 9, "table": None}, [main], learned)
    assert found["sentence"] == (
        "auc 0.9 of old against 0.8 of new, a difference of +0.1 ± 0.02, on 9 rows that both held "
        f"out: {end}"
    )
    assert found["better"] == (None if learned else better)
