"""Parity of full-integer TFLite files: the file in LiteRT, and headers of it, to the bit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.commands import typed
from support.integer_tflite import CHAINS

import mlp_edge
from mlp_edge.api.parity.held_integers import HeldParityReport
from mlp_edge.errors import CheckError, InputError


@pytest.fixture(params=["softmax", "uint8", "float32", "per channel"])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    (tmp_path / "net.tflite").write_bytes(CHAINS[request.param])
    return tmp_path / "net.tflite"


def test_every_bit_is_compared(path: Path) -> None:
    model = mlp_edge.open(path)
    model.export("c")
    found = model.parity()
    assert isinstance(found, HeldParityReport)
    assert found.verdicts == {("net.tflite", "litert"): "PASS", ("net.h", "c"): "PASS"}
    for one in found.results:
        assert one.bits is not None
        assert one.bits.same == one.bits.rows > 1000
    found.check()
    assert found.path is not None
    assert json.loads(found.path.read_text())["results"][1]["verdict"] == "PASS"


def test_a_network_in_float32_is_measured(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(CHAINS["sigmoid"])
    model = mlp_edge.open(path)
    model.export("onnx", dtype="float32")
    found = model.parity()
    assert found.verdicts[("net.onnx", "onnxruntime")] == "MEASURED"
    with pytest.raises(InputError, match="no export with the integers of the file"):
        found.check()


def test_a_header_with_another_weight_fails(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(CHAINS["deep"])
    model = mlp_edge.open(path)
    header = model.export("c").path
    lines = header.read_text().split("\n")
    place = next(n for n, line in enumerate(lines) if "NET_LAYER1_BIAS[16]" in line) + 1
    lines[place] = lines[place].replace(lines[place].split(",")[0], "    2000000")
    header.write_text("\n".join(lines))
    assert "nobody compiled it" in model.parity().failures()[0]
    found = model.parity(trust=True)
    assert found.verdicts[("net.h", "c")] == "FAIL"
    assert any("where the integers give" in sentence for sentence in found.failures())
    with pytest.raises(CheckError, match="1 of 2 comparisons failed"):
        found.check()


def test_a_file_that_is_not_read_right_fails(tmp_path: Path) -> None:
    """The file in LiteRT is what the reading is held to, not the reading itself."""
    path = tmp_path / "net.tflite"
    path.write_bytes(CHAINS["deep"])
    model = mlp_edge.open(path)
    assert model.imported is not None
    network = model.imported.integers
    assert network is not None
    bias = network.layers[-1].bias + np.int64(40)
    wrong = replace(network, steps=(*network.steps[:-1], replace(network.layers[-1], bias=bias)))
    model.imported = model.imported._replace(integers=wrong)
    model.export("c")
    found = model.parity()
    assert found.verdicts == {("net.tflite", "litert"): "FAIL", ("net.h", "c"): "PASS"}


def test_the_command(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(CHAINS["tanh"])
    assert typed("export", "--model", path).code == 0
    told = typed("parity", "--model", path)
    assert told.code == 0
    assert "parity in int8" in told.out
    assert json.loads(typed("parity", "--model", path, "--json").out)["dtype"] == "int8"
