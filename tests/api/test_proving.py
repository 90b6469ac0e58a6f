"""Model.parity: the report, that it is what the command prints, and what raises."""

from __future__ import annotations

import inspect
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import Type

import mlp_edge
from mlp_edge.api.parity.parity_settings import ParitySettings
from mlp_edge.errors import CheckError, InputError, RecipeError
from mlp_edge.export import EXPORTERS
from mlp_edge.files.writing import json_text
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.settings import settings_of


@pytest.fixture(autouse=True)
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it does not matter how many: Keras takes milliseconds for each."""
    monkeypatch.setattr("mlp_edge.parity.parity.SAMPLE_ROWS", 5)
    monkeypatch.setattr("mlp_edge.parity.parity.stress_rows", lambda _mlp, sample: sample)


@pytest.fixture
def opened(model: Path) -> mlp_edge.Model:
    """A model directory of this test's own, opened."""
    return mlp_edge.open(model)


def test_the_report_is_that_of_the_command(opened: mlp_edge.Model, typed: Type) -> None:
    opened.export("c", dtype="int8")
    report = opened.parity()
    result = typed("parity", "--json")
    assert (result.code, result.err) == (0, "")
    kept = (opened.path / "exports" / "parity.json").read_text("utf-8")
    assert json_text(report.to_dict()) == result.out == kept
    assert report.path == opened.path / "exports" / "parity.json"
    report.check()
    assert (report.passed, report.failed, report.findings) == (True, 0, ())
    assert report.verdicts == {
        ("model.keras", "keras"): "PASS",
        ("pima.tflite", "litert"): "PASS",
        ("pima.onnx", "onnxruntime"): "PASS",
        ("pima.h", "c"): "PASS",
        ("pima_int8.h", "c"): "PASS",
    }
    assert max(report.certificate.bounds) < 1e-4
    assert report.labels.rows == 154
    assert report.results[0].comparison is not None
    title = f"pima: parity on {report.results[0].comparison.rows} rows"
    for part in (title, "in reduced precision", "Certificate: while every"):
        assert part in str(report)
        assert part in report._repr_html_()


def test_what_fails_raises_when_it_is_checked(opened: mlp_edge.Model, typed: Type) -> None:
    last = opened.mlp.layers[-1]
    bad = replace(opened.mlp, layers=(*opened.mlp.layers[:-1], replace(last, bias=last.bias + 1)))
    [c] = [exporter for exporter in EXPORTERS if exporter.name == "c"]
    ModelDirectory.open(opened.path).add_exports({"pima.h": c.export(bad)})
    report = opened.parity(runtimes="c")
    assert (report.failed, report.passed) == (1, False)
    assert report.verdicts["pima.h", "c"] == "FAIL"
    assert "pima.h on c: row 1" in report.failures()[0]
    assert report.failures()[0] in str(report)
    assert "No certificate: it is for what has passed" in str(report)
    with pytest.raises(CheckError, match="1 of 2 comparisons failed"):
        report.check()
    result = typed("parity", "-r", "c")
    assert result.code == 1
    assert report.failures()[0] in result.err


def test_a_vacuous_bound_is_accepted_where_that_is_asked(
    opened: mlp_edge.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlp_edge.parity.compare.VACUOUS", 1e-12)
    with pytest.raises(CheckError, match="`allow_vacuous=True` accepts that"):
        opened.parity(runtimes="onnxruntime").check()
    opened.parity(runtimes="onnxruntime", allow_vacuous=True).check()


def test_labels_of_rows_in_memory(opened: mlp_edge.Model) -> None:
    rows = np.array([[1, 89, 66, 23, 94, 28.1, 0.167, 21]], np.float32).repeat(3, axis=0)
    names = [feature.name for feature in opened.mlp.features]
    report = opened.parity(runtimes=["c"], formats="c", table=(rows, names))
    assert (report.labels.table, report.labels.rows) == ("NumPy array", 3)
    assert "3 of 3 rows of NumPy array have one label on every runtime" in str(report)


def test_a_record_that_cannot_be_written_is_a_finding(opened: mlp_edge.Model) -> None:
    (opened.path / "exports" / "parity.json").mkdir()
    report = opened.parity(runtimes="c")
    assert report.path is None
    [finding] = report.findings
    assert "parity.json was not written" in finding.says


def test_a_file_alone_without_exports_has_nothing_to_compare(pima: Path, tmp_path: Path) -> None:
    shutil.copy(pima / "model.keras", tmp_path / "net.keras")
    with pytest.raises(InputError, match=r"exports: nothing to compare; `Model.export"):
        mlp_edge.open(tmp_path / "net.keras").parity()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"runtimes": "tpu"}, "there is no runtime 'tpu'"),
        ({"formats": ["pb"]}, r"`formats=\['pb'\]` is not one of tflite, onnx, c"),
        ({"formats": "onnx", "require": "c"}, "`require='c'`: there is no export that it reads"),
        ({"formats": "onnx", "runtimes": "c"}, r"no export to compare: c reads \.h"),
    ],
)
def test_what_is_refused(opened: mlp_edge.Model, settings: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        opened.parity(**settings)


def test_a_setting_of_another_type(opened: mlp_edge.Model) -> None:
    with pytest.raises(RecipeError, match="`trust` takes True or False; got 'yes'"):
        opened.parity(trust="yes")  # type: ignore[arg-type]


def test_defaults_are_those_of_the_settings() -> None:
    parameters = inspect.signature(mlp_edge.Model.parity).parameters
    for each in settings_of(ParitySettings):
        assert parameters[each.name].default == each.default, each.name
