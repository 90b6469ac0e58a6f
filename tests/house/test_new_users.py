"""A new user's walk: a table as it comes, and no option but --target."""

from __future__ import annotations

import csv
import json
from importlib.resources import files
from pathlib import Path

import pytest
from sklearn import datasets
from typer.testing import CliRunner

from mlp_edge.cli.app import app

pytestmark = pytest.mark.slow

RUNTIMES = ("keras", "litert", "onnxruntime", "c")


def penguins(path: Path) -> None:
    """Words, gaps and numbers, from the package palmerpenguins."""
    path.write_bytes(files("palmerpenguins").joinpath("data/penguins.csv").read_bytes())


def from_sklearn(name: str) -> object:
    def write(path: Path) -> None:
        found = getattr(datasets, f"load_{name}")()
        named = hasattr(found, "target_names") and name != "digits"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*found.feature_names, "target"])
            for row, target in zip(found.data.tolist(), found.target.tolist(), strict=True):
                writer.writerow([*row, found.target_names[target] if named else target])

    return write


# Table, its target, what a held-out score has to reach, and what has to be said on the way.
WALKS = {
    "penguins": (penguins, "species", ("accuracy", 0.95), ["missing"] * 5),
    "wine": (from_sklearn("wine"), "target", ("accuracy", 0.9), []),
    "breast_cancer": (from_sklearn("breast_cancer"), "target", ("accuracy", 0.93), ["zeros"]),
    "digits": (from_sklearn("digits"), "target", ("accuracy", 0.9), ["constant"] * 3),
    "diabetes": (from_sklearn("diabetes"), "target", ("r2", -0.3), []),
}
JUDGEMENTS = {"linear", "majority", "far-apart", "sorted", "calibration", "few-rows"}
"""Findings about a model's quality, which a change of Keras may bring or take."""


@pytest.mark.parametrize("name", WALKS)
def test_from_table_to_parity(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, target, (metric, least), found = WALKS[name]
    monkeypatch.chdir(tmp_path)
    write(Path(f"{name}.csv"))  # type: ignore[operator]
    runner = CliRunner()
    for command in (["train", f"{name}.csv", "--target", target], ["export"]):
        result = runner.invoke(app, command)
        assert result.exit_code == 0, result.output
    manifest = json.loads(Path("model/model.json").read_text("utf-8"))
    kinds = [warning["kind"] for warning in manifest["warnings"]]
    assert [kind for kind in kinds if kind not in JUDGEMENTS] == found
    assert manifest["scores"]["test"]["mlp"][metric] >= least
    result = runner.invoke(app, ["parity", "--json"])
    proof = json.loads(result.stdout)
    assert result.exit_code == 0, proof
    assert [entry["runtime"] for entry in proof["results"]] == list(RUNTIMES)
    assert {entry["verdict"] for entry in proof["results"]} == {"PASS"}
