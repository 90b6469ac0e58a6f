"""ONNX of networks in integers that floats hold: every runtime gives the arbiter's bits."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx as library
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.agreed_networks import agreed, hostile
from support.graphs import graph, residual
from support.integer_models import (
    LEVELS,
    NETWORKS,
    assert_bits,
    assert_everywhere,
    onnxruntime_of,
)
from support.integer_networks import made
from support.networks import network
from support.old_onnxruntime import OLD_ONNXRUNTIME, VERSION
from support.quantised_networks import quantised

from mlp_edge.export import onnx
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.integers.quantised import (
    HIGHEST,
    SUM_LIMIT,
    WEIGHT_LIMIT,
    Inputs,
    IntegerLayer,
    Quantised,
)
from mlp_edge.mlp import HIDDEN_ACTIVATIONS, Floats, Mlp, Predict
from mlp_edge.parity.diagnose import other_integers
from mlp_edge.runtime.onnxruntime import open_onnx

EVERY = list(onnx.EXPORTER.integers)
DTYPES = [dtype for dtype in EVERY if dtype != "int8"]
"""Those in float64; tests/export/test_integers.py has more of int8."""


def everywhere(content: bytes) -> list[Predict]:
    return [onnxruntime_of(content, level, threads) for level in LEVELS for threads in (1, 2)]


def evaluated(content: bytes, backwards: bool | None = None) -> Predict:
    """By the ``onnx`` package itself, which follows the standard and nothing else.

    ``backwards`` says in which order a Gemm adds products to its bias, each time rounded, as the
    kernels of some processors do; None is NumPy's order, the bias last.
    """
    from onnx.reference import ReferenceEvaluator
    from onnx.reference.op_run import OpRun

    class GatherElements(OpRun):  # type: ignore[misc]
        """Its own takes tables of 64 entries at most, as NumPy's ``choose`` does."""

        def _run(self, data: Any, indices: Any, axis: int) -> tuple[Any]:
            return (np.take_along_axis(data, indices, axis),)

    class Gemm(OpRun):  # type: ignore[misc]
        def _run(self, a: Any, b: Any, c: Any = 0, transB: int = 0, **_: Any) -> tuple[Any]:  # noqa: N803
            weights = b.T if transB else b
            total = np.zeros((len(a), weights.shape[1]), a.dtype) + c
            for k in range(len(weights))[:: -1 if backwards else 1]:
                total = total + a[:, k, None] * weights[k]
            return (total,)

    others = [] if backwards is None else [Gemm]
    model = library.load_from_string(content)
    evaluator = ReferenceEvaluator(model, new_ops=[GatherElements, *others])

    def answers(rows: Floats) -> Floats:
        with np.errstate(all="ignore"):
            return np.asarray(evaluator.run(None, {"features": rows})[0])

    return answers


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", NETWORKS)
def test_onnxruntime_gives_the_bits(name: str, seed: int, dtype: str) -> None:
    mlp = NETWORKS[name]
    integers = made(mlp, dtype, seed)
    content = onnx.EXPORTER.integers[dtype](mlp, integers)
    assert other_integers(content, integers) == []
    assert_everywhere(mlp, integers, [*everywhere(content), evaluated(content)])


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("dtype", EVERY)
@pytest.mark.parametrize("name", NETWORKS)
def test_the_bits_depend_on_no_order_of_sums(name: str, dtype: str, backwards: bool) -> None:
    mlp = NETWORKS[name]
    drawn = agreed(mlp) if dtype == "int8" else made(mlp, dtype)
    for integers in (drawn, quantised(mlp, dtype)):
        content = onnx.EXPORTER.integers[dtype](mlp, integers)
        rows = hostile(mlp, 100)
        expected = predict_quantised(mlp, integers, rows)
        assert_bits(evaluated(content, backwards)(rows), expected)


@pytest.mark.parametrize("dtype", EVERY)
@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
def test_the_bits_of_a_calibrated_network(activation: str, dtype: str) -> None:
    for task, outputs in (("multiclass", 3), ("binary", 1)):
        mlp = network((6, 9, outputs), activation, task)  # type: ignore[arg-type]
        integers = quantised(mlp, dtype)
        content = onnx.EXPORTER.integers[dtype](mlp, integers)
        assert_everywhere(mlp, integers, [*everywhere(content), evaluated(content)])


@settings(max_examples=25)
@given(
    widths=st.lists(st.integers(1, 40), min_size=2, max_size=5),
    activations=st.tuples(*2 * [st.sampled_from(HIDDEN_ACTIVATIONS)]),
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 2**16),
)
def test_the_bits_of_any_network(
    widths: list[int], activations: tuple[str, str], dtype: str, seed: int
) -> None:
    mlp = network(widths, activations[0], "regression", seed=seed)
    last = replace(mlp.layers[-1], activation=activations[1])
    mlp = replace(mlp, layers=(*mlp.layers[:-1], last))
    integers = made(mlp, dtype, seed)
    rows = hostile(mlp, 64, seed)
    content = onnx.EXPORTER.integers[dtype](mlp, integers)
    for predict in (*everywhere(content), evaluated(content)):
        assert_bits(predict(rows), predict_quantised(mlp, integers, rows))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mlp", [residual(), *(graph(seed, integers=True) for seed in range(8))],
                         ids=lambda mlp: mlp.name)  # fmt: skip
def test_the_bits_of_a_graph(mlp: Mlp, dtype: str) -> None:
    for integers in (quantised(mlp, dtype), made(mlp, dtype)):
        rows = hostile(mlp, 300)
        content = onnx.EXPORTER.integers[dtype](mlp, integers)
        for predict in (*everywhere(content), evaluated(content)):
            assert_bits(predict(rows), predict_quantised(mlp, integers, rows))


def highest_sums(dtype: str, inputs: int, sign: int) -> tuple[Mlp, Quantised]:
    """Neurons whose partial sums go as far as they may, and back to a few units of a result."""
    mlp = network((inputs, 4), task="regression", standardised=False)
    largest = min(HIGHEST[dtype], SUM_LIMIT[dtype] // (2 * inputs * WEIGHT_LIMIT[dtype]))
    weights = np.full((4, inputs), sign * WEIGHT_LIMIT[dtype], np.int64)
    weights[1, ::2] *= -1
    odd = np.array([1, 3, 5, 7])
    bias = odd - weights.sum(axis=1) * largest
    one = np.ones(4, np.int64)
    # In int8 no sum is half-way between two results.
    multiplier, shift = (511 * one, 9 * one) if dtype == "int8" else (one, one)
    layer = IntegerLayer(weights, bias, multiplier, shift, 255, 1, 0 * one)
    ends = np.zeros(inputs, np.float32), np.ones(inputs, np.float32)
    numbers = np.zeros(4, np.float32), np.ones(4, np.float32)
    return mlp, Quantised(dtype, Inputs(*ends, largest), (layer,), False, None, *numbers)


@pytest.mark.parametrize("dtype", EVERY)
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("inputs", [2, 7, 63, 700])
def test_no_partial_sum_is_rounded(inputs: int, sign: int, dtype: str) -> None:
    mlp, integers = highest_sums(dtype, inputs, sign)
    rows = np.full((9, inputs), integers.inputs.high, np.float32)
    expected = [1.0, 3.0, 5.0, 7.0] if dtype == "int8" else [1.0, 2.0, 3.0, 4.0]
    content = onnx.EXPORTER.integers[dtype](mlp, integers)
    for predict in (*everywhere(content), evaluated(content)):
        assert predict(rows).tolist() == 9 * [expected]


def test_a_zero_that_float64_cannot_have_in_the_biases_is_subtracted_later() -> None:
    """A sum less zero * 2^47 would take 69 digits."""
    mlp = network((1, 1), task="regression", standardised=False)
    one, shift = np.ones(1, np.int64), np.array([47])
    layer = IntegerLayer(one[:, None], 2**46 - one - 1, one, shift, 2**31 - 1, 1, 0 * one)
    ends = np.zeros(1, np.float32), np.ones(1, np.float32)
    integers = Quantised("int24", Inputs(*ends, 3), (layer,), False, None, *ends, zero=2**22 * one)
    rows = np.float32([[0], [1], [2], [3]])
    content = onnx.export_doubles(mlp, integers)
    for predict in (*everywhere(content), evaluated(content)):
        assert (predict(rows)[:, 0] + 2**22).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("dtype", EVERY)
def test_a_file_says_what_it_is_and_takes_standard_operators(tmp_path: Path, dtype: str) -> None:
    mlp = NETWORKS["mixed"]
    integers = made(mlp, dtype)
    content = onnx.EXPORTER.integers[dtype](mlp, integers)
    assert onnx.EXPORTER.integers[dtype](mlp, integers) == content
    model = library.load_from_string(content)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 13)]
    assert {node.domain for node in model.graph.node} == {""}
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with open_onnx(path) as opened:
        assert opened.card is not None
        assert (opened.card.dtype, opened.card.weights_sha256) == (dtype, mlp.weights_sha256)
        assert opened.golden is not None
        assert not opened.golden.bounds.any()
        assert_bits(opened.predict(opened.golden.rows), opened.golden.predictions)
        assert opened.predict(opened.golden.rows[:0]).shape == (0, 1)


def test_weights_take_the_bytes_of_their_integers() -> None:
    mlp = NETWORKS["wide"]
    model = library.load_from_string(onnx.export_doubles(mlp, made(mlp, "int16")))
    held = sum(len(tensor.raw_data) for tensor in model.graph.initializer)
    assert 2 * mlp.parameters < held < 2.5 * mlp.parameters


@pytest.mark.parametrize(
    ("dtype", "a_layer", "others"),
    [
        ("int8", ("Gemm", "Mul", "Clip", "Round"), 10),
        ("int16", ("Gemm", "Floor", "Clip"), 10),
        ("int24", ("Gemm", "Floor", "Clip"), 9),  # whose last layer reaches no clamp
    ],
)
def test_onnxruntime_works_constants_out_once(
    tmp_path: Path, dtype: str, a_layer: tuple[str, ...], others: int
) -> None:
    """What runs is a layer's operators three times, and those in front and behind."""
    import onnxruntime

    mlp = network((8, 12, 8, 1), task="regression")
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 4
    content = onnx.EXPORTER.integers[dtype](mlp, quantised(mlp, dtype))
    onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    nodes = library.load(tmp_path / "optimised.onnx").graph.node
    counts = Counter(node.op_type for node in nodes)
    assert all(counts[operator] >= 3 for operator in a_layer)
    assert len(nodes) == 3 * len(a_layer) + others


def test_it_does_without_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise AssertionError("TensorFlow was asked for")

    monkeypatch.setattr(onnx, "tensorflow", refuse)
    monkeypatch.setattr("mlp_edge.lazy.tensorflow", refuse)
    mlp = NETWORKS["mixed"]
    assert onnx.export_doubles(mlp, made(mlp, "int16"))


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import numpy as np, onnxruntime
print(onnxruntime.__version__)
for path in sorted(Path(sys.argv[2]).glob("*.onnx")):
    rows, expected = (np.load(path.with_name(f"{path.stem}-{what}.npy")) for what in ("x", "y"))
    for level in ("ORT_DISABLE_ALL", "ORT_ENABLE_ALL"):
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        for count in (len(rows), 1, 7):
            got = session.run(None, {"features": rows[:count]})[0]
            assert np.array_equal(got, expected[:count], equal_nan=True), path
    print(path.stem)
"""


def test_the_oldest_onnxruntime_gives_the_bits(tmp_path: Path) -> None:
    assert OLD_ONNXRUNTIME.is_dir(), "make build/old-onnxruntime/installed brings it"
    written = []
    for dtype in EVERY:
        for name, mlp in NETWORKS.items():
            integers = agreed(mlp) if dtype == "int8" else made(mlp, dtype)
            rows = hostile(mlp, 100)
            stem = f"{name}-{dtype}"
            content = onnx.EXPORTER.integers[dtype](mlp, integers)
            (tmp_path / f"{stem}.onnx").write_bytes(content)
            np.save(tmp_path / f"{stem}-x.npy", rows)
            np.save(tmp_path / f"{stem}-y.npy", predict_quantised(mlp, integers, rows))
            written.append(stem)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(OLD_ONNXRUNTIME), str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [VERSION, *sorted(written)]
