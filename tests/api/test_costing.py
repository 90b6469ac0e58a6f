"""``Model.cost`` and ``Model.bench``: reports that hold themselves to a budget, or are shown."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.chips import BY_NAME, require
from support.commands import Type

import mlp_edge
from mlp_edge.errors import CheckError, InputError, ModelError, RecipeError


def test_the_cost_is_what_the_command_prints(pima: Path, typed: Type) -> None:
    require(BY_NAME["avr"])
    model = mlp_edge.open(pima)
    report = model.cost(chips=["avr"], clock=8e6, budget={"flash": 1024, "ms": 500})
    words = ("--chip", "avr", "--clock", "8M", "--budget", "flash=1k,ms=500")
    printed = typed("cost", "--model", pima, *words, "--json")
    assert printed.code == 1
    assert json.loads(json.dumps(report.to_dict())) == json.loads(printed.out)
    with pytest.raises(
        CheckError, match=r"over the budget: flash [\d,]+ bytes on avr, allowed 1,0"
    ):
        report.check()
    assert "ms: the worst case at 8 MHz" in str(report)
    assert "ATmega328P" in report._repr_html_()
    model.cost(chips="avr", budget="flash=32k").check()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"chips": ["tpu"]}, "there is no chip 'tpu'; there are avr"),
        ({"opt": "O9"}, "`opt='O9'` is not one of Os"),
        ({"clock": 0}, "`clock=0`: takes hertz"),
        ({"budget": {"gold": 1}}, "`budget='gold=1'`: takes flash, ram"),
        ({"dtype": "float16"}, "`dtype='float16'` is not one of float32, int8"),
    ],
)
def test_settings_that_cannot_be_met(pima: Path, settings: dict[str, object], says: str) -> None:
    with pytest.raises(InputError) as refused:
        mlp_edge.open(pima).cost(**settings)  # type: ignore[arg-type]
    assert says in str(refused.value)


def test_a_network_alone_has_no_exports(pima: Path, folder: Path) -> None:
    shutil.copy(pima / "model.keras", folder / "alone.keras")
    alone = mlp_edge.open(folder / "alone.keras")
    for measured in (alone.cost, alone.bench):
        with pytest.raises(InputError, match="exports to measure"):
            measured()


def test_speed_is_reported(pima: Path) -> None:
    model = mlp_edge.open(pima)
    report = model.bench(runtimes="onnxruntime", batches=8, seconds=0.01, cold=False)
    told = json.loads(json.dumps(report.to_dict()))
    assert {result["way"] for result in told["results"]} == {"mlp-edge", "raw"}
    assert set(told["results"][0]["rows_per_second"]) == {"1", "8"}
    assert (told["seconds_each"], told["not_run"]) == (0.01, {})
    assert "onnxruntime raw" in str(report)
    assert "5 rounds" in report._repr_html_()
    with pytest.raises(RecipeError, match=r"`seconds=0`: takes a number from 0\.001 to 600"):
        model.bench(seconds=0)


def test_a_stale_header_is_refused(model: Path, iris: Path) -> None:
    shutil.copy(iris / "exports" / "iris.h", model / "exports" / "pima.h")
    with pytest.raises(ModelError, match="of other weights"):
        mlp_edge.open(model).cost(chips=["avr"])


def test_the_header_that_there_is_is_measured(model: Path) -> None:
    require(BY_NAME["avr"])
    opened = mlp_edge.open(model)
    opened.export("c", dtype="int8")
    assert opened.cost(chips="avr").dtype == "float32"
    (model / "exports" / "pima.h").unlink()
    assert opened.cost(chips="avr").dtype == "int8"
    with pytest.raises(ModelError, match=r"pima_int8\.h: in int8; .* writes one in float32"):
        opened.cost(chips="avr", dtype="float32")
