"""``mlp_edge.inspect``: what the command says, as a result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.commands import Type

import mlp_edge
from mlp_edge.errors import ModelError


@pytest.mark.parametrize("name", ["", "model.keras", "exports/pima.onnx", "exports/pima.h"])
def test_the_result_is_what_the_command_prints(pima: Path, typed: Type, name: str) -> None:
    found = mlp_edge.inspect(pima / name)
    printed = json.loads(typed("inspect", pima / name, "--json").out)
    assert json.loads(json.dumps(found.to_dict())) == printed
    text = str(found)
    assert found.to_dict()["file_sha256"] in text
    assert found.to_dict()["weights_sha256"] in found._repr_html_()
    assert "8-12-8-1" in text


def test_a_model_inspects_itself(pima: Path) -> None:
    found = mlp_edge.open(pima).inspect()
    assert found.directory is not None
    assert {export.state for export in found.exports} == {"as exported"}
    assert found.to_dict()["parameters"] == mlp_edge.open(pima).mlp.parameters


def test_a_changed_export_is_seen(model: Path) -> None:
    (model / "exports" / "pima.h").write_text("changed")
    (model / "exports" / "pima.onnx").unlink()
    (model / "exports" / "notes.txt").write_text("mine")
    (model / "exports" / "parity.json").write_text("{}")
    states = {export.file: export.state for export in mlp_edge.inspect(model).exports}
    assert states == {
        "pima.h": "changed",
        "pima.onnx": "missing",
        "pima.tflite": "as exported",
        "notes.txt": "not ours",
        "parity.json": "report",
    }


def test_what_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n")
    with pytest.raises(ModelError, match="cannot tell what this is"):
        mlp_edge.inspect(tmp_path / "x.csv")
