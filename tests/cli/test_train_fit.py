"""``train --fit``: the best network that fits a chip, by a formula of its cost; once measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.chips import BY_NAME, require
from support.commands import Type

from mlp_edge.api.training.chip_fit import ChipFit
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.training.search import sizing
from mlp_edge.training.search.front import Taken

pytestmark = pytest.mark.trains

QUICK = ("train", "iris", "--recipe", "tutorial", "--cv", 2, "--epochs", 2, "--batch-size", 75,
         "--fit", "avr")  # fmt: skip
PER_WEIGHT = {"int8": 10, "int24": 20, "float32": 50}
"""Cycles of the formula."""


@pytest.fixture
def formula(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few sizes on a chip that takes so much a weight, with the tools that measuring needs."""

    def takes(self: ChipFit, mlp: Mlp, calibration: Rows, dtype: str) -> Taken:
        assert calibration.shape == (len(calibration), mlp.inputs)
        cycles = PER_WEIGHT[dtype] * mlp.parameters
        limit = self.budget.get("cycles", 1e9)
        over = (f"{cycles} cycles on avr",) if cycles > limit else ()
        return Taken(mlp.parameters, 40, cycles, "cycles", cycles / 16e3, over)

    monkeypatch.setattr(ChipFit, "takes", takes)
    monkeypatch.setattr(sizing, "LADDER", ((), (4,), (12, 8)))


def record(place: Path) -> dict[str, Any]:
    return json.loads((place / "model.json").read_text("utf-8"))  # type: ignore[no-any-return]


def test_a_size_is_chosen_shown_and_recorded(
    typed: Type, folder: Path, keras: Any, formula: None
) -> None:
    require(BY_NAME["avr"])
    result = typed(*QUICK, "--plots", "--runs", 2)
    assert result.code == 0, result.err
    kept = record(folder / "model")
    found = kept["fit"]
    [chosen] = [one for one in found["candidates"] if one["chosen"]]
    assert kept["recipe"]["hidden"] == found["hidden"] == chosen["hidden"]
    assert (found["target"], found["metric"], found["folds"]) == ("avr", "log_loss", 2)
    assert found["takes"]["count"] == chosen["count"]
    assert len(chosen["folds"]) == 2
    assert chosen["front"]
    assert [run["seed"] for run in kept["scores"]["runs"]] == [0, 1]
    assert "sizes for avr: mean log_loss ± standard error over 2 folds" in result.out
    assert f"next: mlp-edge export --format c --dtype {chosen['dtype']}" in result.out
    assert (folder / "model/plots/sizes.png").stat().st_size > 1000


def test_a_budget_is_kept_and_the_same_bytes_come_again(
    typed: Type, folder: Path, keras: Any, formula: None
) -> None:
    require(BY_NAME["avr"])
    # 4-4-3 has 35 weights and biases: more than a thousand cycles in float32.
    for place in ("one", "two"):
        result = typed(*QUICK, "--budget", "cycles=1k", "--out", place)
        assert result.code == 0, result.err
    assert (folder / "one/model.json").read_bytes() == (folder / "two/model.json").read_bytes()
    found = record(folder / "one")["fit"]
    assert found["takes"]["count"] <= 1000
    sizes = [(tuple(one["hidden"]), one["dtype"]) for one in found["candidates"]]
    assert ((12, 8), "int8") in sizes
    assert all(one["over"] for one in found["candidates"] if one["hidden"] == [12, 8])
    assert "not trained" in result.out


def test_nothing_fits(typed: Type, folder: Path, keras: Any, formula: None) -> None:
    require(BY_NAME["avr"])
    result = typed(*QUICK, "--budget", "cycles=100")
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines()[-1] == (
        "error: nothing fits avr within cycles=100: the smallest that was tried, no hidden layer "
        "in int8: 150 cycles on avr; a larger chip or budget would do"
    )
    assert not (folder / "model").exists()


def test_trials_that_do_not_fit_win_nothing(
    typed: Type, folder: Path, keras: Any, formula: None
) -> None:
    require(BY_NAME["avr"])
    # 12-8 takes 1,910 cycles in int8 and is not trained; no hidden layer fits in float32.
    result = typed(*QUICK, "--budget", "cycles=1k", "--tune", 2)
    assert result.code == 0, result.err
    kept = record(folder / "model")
    assert kept["recipe"]["hidden"] == kept["tuning"]["best"]["hidden"] == []
    assert kept["tuning"]["failed"] == 1
    assert {tuple(one["hidden"]) for one in kept["fit"]["candidates"]} == {()}
    assert " too large " in result.err
    trials = (folder / "model/tuning.csv").read_text("utf-8").splitlines()
    assert "too large in int8: 1910 cycles on avr" in trials[1]


def test_the_network_that_was_trained_is_measured(typed: Type, folder: Path, keras: Any) -> None:
    require(BY_NAME["avr"])
    shape = ("--hidden", "none", "--budget", "flash=4k,ram=200")
    result = typed("train", "iris", "--cv", 2, "--epochs", 1, "-q", "--fit", "uno", *shape)
    assert result.code == 0, result.err
    found = record(folder / "model")["fit"]
    assert [one["dtype"] for one in found["candidates"]] == ["int8", "int24", "float32"]
    assert all(one["count"] > 0 and not one["over"] for one in found["candidates"])
    exported = typed("export", "--format", "c", "--dtype", found["dtype"])
    assert exported.code == 0, exported.err
    cost = typed("cost", "--board", "uno", "--dtype", found["dtype"], "--json")
    [taken] = json.loads(cost.out)["costs"]
    assert (taken["flash"], taken["ram"]) == (found["takes"]["flash"], found["takes"]["ram"])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--fit", "unox"], "there is no board or chip 'unox' to fit; there are uno, nano"),
        (["--budget", "gold=1"], "--budget gold=1: takes flash, ram"),
        (["--fit", "pico", "--budget", "ms=1"], "--budget ms: pico counts instructions"),
        (["--fit", "esp8266", "--budget", "ram=9"], "--budget ram: nothing simulates esp8266"),
        (["--fit", "uno", "--stream"], "--fit takes the table in memory"),
        (["--ensemble", "3", "--stream"], "--ensemble takes the table in memory"),
        (
            ["--fit", "uno", "--from", "other"],
            "leave out --runs, --task, --target",
        ),
    ],
)
def test_what_cannot_be_fitted(typed: Type, folder: Path, options: list[str], says: str) -> None:
    result = typed("train", "iris", *options)
    assert (result.code, result.out) == (2, "")
    assert says in result.err
