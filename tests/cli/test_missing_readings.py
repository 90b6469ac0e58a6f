"""What --present and --missing say of a table, and rows without a target, in later commands."""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path

import pytest
from support.commands import Typed, typed

SAMPLES = 90


def table(rows: list[list[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["element", "ph", "site", "region"])
    writer.writerows(rows)
    return text.getvalue()


def rows() -> list[list[str]]:
    """Sodium is NA, one site is called none, and so is one region; two regions are missing."""
    choice = random.Random(5)  # noqa: S311 (nothing secret)
    found = [
        [choice.choice(("NA", "K", "CL")), f"{choice.gauss(7, 1):.2f}",
         choice.choice(("none", "a", "b")), choice.choice(("none", "EU", "AS"))]
        for _ in range(SAMPLES)
    ]  # fmt: skip
    found[3][3], found[7][3], found[9][3] = "", "unknown", "?"
    return found


def good(result: Typed) -> str:
    assert result.code == 0, result.err
    return result.err


@pytest.fixture(scope="module", name="model")
def _model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("present")
    (folder / "t.csv").write_text(table(rows()))
    said = good(
        typed(
            "train", folder / "t.csv", "--epochs", 1, "--hidden", "3", "--out", folder / "model",
            "--present", "element,site=NA", "--present", "site=none", "--present", "region=none",
            "--missing", "region=unknown", "--missing", "region=?", "--quiet",
        )
    )  # fmt: skip
    assert "column 'region', the target: 3 of 90 values missing" in said
    assert "on lines 5, " in said
    assert "; these rows are left out" in said
    return folder / "model"


def test_what_is_present_is_a_category_and_a_class(model: Path) -> None:
    manifest = json.loads((model / "model.json").read_text())
    assert [feature.get("categories") for feature in manifest["features"]] == [
        ["CL", "K", "NA"], None, ["a", "b", "none"],
    ]  # fmt: skip
    assert manifest["labels"] == ["AS", "EU", "none"]
    assert manifest["missing_targets"] == {"region": ["?", "unknown"]}
    assert sum(manifest["rows"].values()) == SAMPLES - 3
    (warning,) = [each for each in manifest["warnings"] if each["kind"] == "missing-target"]
    assert "3 of 90 values missing" in warning["says"]


def test_it_travels_to_evaluate(model: Path, tmp_path: Path) -> None:
    assert "missing" not in good(typed("evaluate", "--model", model, "--no-plots"))
    later = tmp_path / "later.csv"
    later.write_text(table([*rows()[:20], ["NA", "7", "none", "UNKNOWN"]]))
    found = tmp_path / "rows.csv"
    said = good(
        typed("evaluate", later, "--model", model, "--no-plots", "--json", "--rows-out", found)
    )  # fmt: skip
    assert "4 of 21 values missing" in said
    lines = list(csv.DictReader(found.open()))
    assert [int(row["line"]) for row in lines] == [
        line for line in range(2, 22) if line not in (5, 9, 11)
    ]
    assert all(row["truth"] == row["region"] for row in lines)
    later.write_text(table([["NA", "7", "none", ""]] * 3))
    refused = typed("evaluate", later, "--model", model, "--no-plots")
    assert refused.code == 2
    assert "so that no row is left to learn from or judge by" in refused.err


def test_it_travels_to_predict_and_export(model: Path, tmp_path: Path) -> None:
    later = tmp_path / "later.csv"
    later.write_text(table([["NA", "7", "none", ""], ["", "7", "na", "EU"]]))
    result = typed("predict", later, "--model", model)
    said = good(result)
    answers = list(csv.DictReader(io.StringIO(result.out)))
    assert len(answers) == 2
    assert "column 'element': 1 of 2 readings missing, the first on line 3" in said
    assert "column 'site': 1 of 2 readings missing, the first on line 3" in said
    good(typed("export", "--model", model, "--format", "onnx"))
    good(typed("parity", "--model", model, "--runtime", "onnxruntime", "--table", later))


def test_it_travels_to_further_training(model: Path, tmp_path: Path) -> None:
    said = good(
        typed("train", model.parent / "t.csv", "--from", model, "--epochs", 1, "--out",
              tmp_path / "again", "--quiet")
    )  # fmt: skip
    assert "3 of 90 values missing" in said
    first, again = (json.loads((each / "model.json").read_text())
                    for each in (model, tmp_path / "again"))  # fmt: skip
    assert again["rows"] == first["rows"]
    assert again["missing_targets"] == first["missing_targets"]
