"""Graphs of dense layers as ONNX and TFLite, run where users run them."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.graphs import graph, normalised, residual
from support.networks import assert_within_bound, readings

from mlp_edge.export import Exporter, onnx, tflite
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.mlp import ACTIVATIONS, Mlp
from mlp_edge.parity.diagnose import other_integers, other_numbers
from mlp_edge.quantise.network import quantise
from mlp_edge.runtime import HOSTED

NETWORKS = [residual(), *(graph(seed) for seed in range(12))]
if "rsqrt" in ACTIVATIONS:
    NETWORKS.append(normalised())


@pytest.mark.parametrize("mlp", NETWORKS, ids=lambda mlp: mlp.name)
@pytest.mark.parametrize("exporter", [onnx.EXPORTER, tflite.EXPORTER], ids=lambda each: each.name)
def test_the_runtime_gives_the_predictions(exporter: Exporter, mlp: Mlp, tmp_path: Path) -> None:
    path = tmp_path / f"model{exporter.suffix}"
    path.write_bytes(exporter.export(mlp))
    assert not other_numbers(path.read_bytes(), mlp)
    runtime = next(runtime for runtime in HOSTED if runtime.reads == exporter.suffix)
    rows = readings(mlp, 40)
    with runtime.open(path) as opened:
        assert_within_bound(mlp, rows, opened.predict(rows))


INTEGERS = [residual(), *(graph(seed, integers=True) for seed in range(8))]
"""Seed 1 has two layers that read the same with the same weights."""


@pytest.mark.parametrize("mlp", INTEGERS, ids=lambda mlp: mlp.name)
@pytest.mark.parametrize("exporter", [onnx.EXPORTER, tflite.EXPORTER], ids=lambda each: each.name)
def test_the_runtime_gives_the_integers(exporter: Exporter, mlp: Mlp, tmp_path: Path) -> None:
    path, rows = tmp_path / f"model{exporter.suffix}", readings(mlp, 60)
    quantised = quantise(mlp, rows, "int8")
    path.write_bytes(exporter.integers["int8"](mlp, quantised))
    assert not other_integers(path.read_bytes(), quantised)
    runtime = next(runtime for runtime in HOSTED if runtime.reads == exporter.suffix)
    with runtime.open(path) as opened:
        got = opened.predict(rows)
    assert (got == predict_quantised(mlp, quantised, rows)).all()
