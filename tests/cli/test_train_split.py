"""train --split: the last rows judge, and every later command knows them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from support.commands import Type

ROWS = 100
EARLY = date(2024, 1, 1)


@pytest.fixture
def walk(folder: Path) -> Path:
    """Readings of a hundred days, the last day first."""
    random = np.random.default_rng(1)
    a, y = random.normal(size=(2, ROWS)).cumsum(axis=1)
    lines = [f"{EARLY + timedelta(days=row)},{a[row]:.3f},{y[row]:.3f}" for row in range(ROWS)]
    path = folder / "walk.csv"
    path.write_text("\n".join(["day,a,y", *reversed(lines), ""]))
    return path


@pytest.mark.slow
def test_a_model_is_judged_by_the_last_days(walk: Path, typed: Type) -> None:
    result = typed("train", walk.name, "--split", "time:day", "--cv", 3, "--early-stopping", 2,
                   "--recipe", "tutorial", "--epochs", 2, "-q")  # fmt: skip
    assert result.code == 0, result.err
    assert (
        "72 rows to train, 8 to validate on, 20 held out, the last in time: from '2024-03-21'"
        in (result.out)
    )
    assert "3 expanding windows in time, tested on 75 of 100 rows" in result.out
    assert "date" not in result.err
    told = json.loads(Path("model/model.json").read_text())
    assert told["recipe"]["split"] == "time:day"
    assert told["split"] == {
        "by": "time", "column": "day",
        "from": {"validation": {"line": 29, "cell": "2024-03-13"},
                 "test": {"line": 21, "cell": "2024-03-21"}},
    }  # fmt: skip
    sample = Path("model/sample.csv").read_text().splitlines()
    assert sample[0].split(",")[-1] == "day"
    assert {line.split(",")[-1] for line in sample[1:]} == {
        str(EARLY + timedelta(days=row)) for row in range(80, ROWS)
    }
    assert typed("evaluate", "--no-plots").code == 0
    assert typed("predict", walk.name).code == 0
    result = typed("train", walk.name, "--from", "model", "--epochs", 1, "-q", "--out", "more")
    assert result.code == 0, result.err
    again = json.loads(Path("more/model.json").read_text())
    assert (again["rows"], again["split"]) == (told["rows"], told["split"])
    refused = typed("train", "--from", "model", "--split", "time", "--out", "third")
    assert refused.code == 2
    assert "--split: --from goes on with the way in which rows were held out" in refused.err
