"""Counts of NAME_predict_raw: their units as settings of ``Model.export``, and what shows them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import Type
from support.networks import encoded, network, readings
from support.quantised_networks import quantised

import mlp_edge
from mlp_edge.api.exporting.export_settings import ExportSettings
from mlp_edge.api.exporting.raw_units import raw_units
from mlp_edge.errors import InputError, ModelError
from mlp_edge.feature import Feature
from mlp_edge.mlp import Floats
from mlp_edge.quantise import quantise
from mlp_edge.raw_units import RawUnits
from mlp_edge.runtime.c import open_header

TENTHS = RawUnits((1.0, 1.0, 1.0, 1.0, 1.0, 0.1, 0.001, 1.0), (0.0,) * 8)


@pytest.fixture
def opened(pima: Path, tmp_path: Path) -> mlp_edge.Model:
    shutil.copytree(pima, tmp_path / "model")
    return mlp_edge.open(tmp_path / "model")


@pytest.mark.parametrize(
    "given",
    [
        {"raw_scale": {"bmi": 0.1, "pedigree": 0.001}},
        {"raw_scale": ["bmi=0.1", "pedigree=0.001"]},
        {"raw": "auto"},
        {"raw": "auto", "raw_scale": "bmi=0.1"},
        {"raw_scale": ["0.001", "pregnancies,glucose,pressure,skin,insulin,age=1", "bmi=0.1"]},
    ],
)
def test_units_as_they_are_given(opened: mlp_edge.Model, given: Mapping[str, Any]) -> None:
    export = opened.export("c", dtype="int8", **given)
    with open_header(export.path) as header:
        assert header.raw is not None
        assert header.raw.units == TENTHS
        rows = np.float32([[6, 148, 72, 35, 0, 33.6, 0.627, 50]])
        counts = np.int16([[6, 148, 72, 35, 0, 336, 627, 50]])
        output = header.raw.predict(counts)
        np.testing.assert_array_equal(output / np.float32(65536), header.predict(rows))
    assert export.raw is not None
    assert export.raw["bmi"] == "count * 0.1"
    assert export.raw["age"] == "count"
    assert export.to_dict()["raw"] == export.raw
    assert "count * 0.001" in str(export)
    found = mlp_edge.inspect(export.path)
    assert found.to_dict()["raw"] == export.raw
    assert "bmi = count * 0.1" in re.sub(r"\s+", " ", str(found))


def test_counts_are_the_readings_where_nobody_says(opened: mlp_edge.Model) -> None:
    for given in ({}, {"raw": "counts"}):
        export = opened.export("c", dtype="int8", **given)
        with open_header(export.path) as header:
            assert header.raw is not None
            assert header.raw.units == RawUnits.counts(8)
    split = opened.export("c", dtype="int8", split=True, raw_scale={"bmi": 0.1})
    with open_header(opened.path / "exports" / "pima_int8.h") as header:
        assert header.raw is not None
        assert header.raw.units.scale[5] == 0.1
    assert "pima_int8.c" in split.files


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"raw_scale": "bmii=0.1"},
            "`raw_scale=['bmii=0.1']`: the model has no column 'bmii'",
        ),
        ({"raw_scale": {"bmi": "x"}}, "'x' is no number; COLUMN=0.1 would do"),
        ({"raw_offset": "bmi"}, "'bmi' is no number"),
        ({"raw": "adc"}, "`raw='adc'` is not one of auto, counts"),
        ({"raw": "auto", "dtype": None}, "`raw` is for C headers in integers"),
        ({"raw_scale": {"bmi": 1}, "formats": "tflite"}, "`raw_scale` is for C headers in integ"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    opened: mlp_edge.Model, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        opened.export(**{"formats": "c", "dtype": "int8", **given})
    assert not (opened.path / "exports" / "pima_int8.h").exists()


def test_a_unit_without_a_line_names_its_column(opened: mlp_edge.Model) -> None:
    with pytest.raises(ModelError, match="'bmi': rounding in float32 takes more than 192"):
        opened.export("c", dtype="int8", raw_scale={"bmi": 0.05})


def test_the_command_types_them(model: Path, typed: Type) -> None:
    done = typed("export", "--format", "c", "--dtype", "int8", "--raw-scale", "bmi=0.1",
                 "--raw-offset", "bmi=2.5", "--raw-scale", "pedigree=0.001")  # fmt: skip
    assert done.code == 0
    assert "counts of NAME_predict_raw" in done.out
    assert "count * 0.1 + 2.5" in done.out
    wrong = typed("export", "--format", "c", "--dtype", "int8", "--raw-scale", "nothing=2")
    assert wrong.code == 2
    assert wrong.err.startswith("error: --raw-scale nothing=2: the model has no column 'nothing'")


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        (np.arange(0, 900, 7), (1.0, 0.0)),
        (np.arange(-400, 850, 5) / 10, (0.1, 0.0)),
        (np.arange(0, 60) / 1000 + 3, (0.001, 0.0)),
        (np.arange(101000, 102200, 3), (1.0, 100000.0)),
        (np.linspace(0, 6.2831855, 300), (0.001, 0.0)),
        (np.linspace(-1e6, 3e6, 300), (1000.0, 0.0)),
        (np.linspace(0, 3e-7, 300), (1e-9, 0.0)),
    ],
)
@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_units_that_readings_suggest(values: Floats, unit: tuple[float, float], dtype: str) -> None:
    mlp = encoded((Feature("one", float(values.min()), float(values.max())),), standardised=False)
    rows = values.astype(np.float32)[:, None]
    found = raw_units(
        ExportSettings(("c",), dtype, raw="auto"), mlp, quantise(mlp, rows, dtype), rows
    )
    assert found is not None
    assert (found.scale[0], found.offset[0]) == unit


def test_a_package_takes_them_too(opened: mlp_edge.Model) -> None:
    export = opened.export(package="arduino", dtype="int8", raw_scale={"bmi": 0.1})
    assert export.raw is not None
    mlp = network((3, 4, 1))
    settings = ExportSettings(("c",), "int16", raw_scale={"x1": 0.5}, raw_offset=("x0,x2=7",))
    found = raw_units(settings, mlp, quantised(mlp, "int16"), readings(mlp, 30))
    assert found == RawUnits((1.0, 0.5, 1.0), (7.0, 0.0, 7.0))
