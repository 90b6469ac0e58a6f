"""TFLite and ONNX of networks in integers: every runtime gives the arbiter's bits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.agreed_networks import agreed, hostile
from support.integer_models import (
    LEVELS,
    NETWORKS,
    assert_bits,
    assert_everywhere,
    beside_steps,
    litert_of,
    onnxruntime_of,
)
from support.networks import assert_within_bound, network, readings
from support.quantised_networks import quantised

from mlp_edge.errors import ModelError
from mlp_edge.export import onnx, tflite
from mlp_edge.half_precision import half_precision
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.integers.quantised import Inputs, IntegerLayer, Quantised
from mlp_edge.integers.requantise import ARITHMETICS
from mlp_edge.mlp import HIDDEN_ACTIVATIONS, Dense, Mlp
from mlp_edge.proof.checksum import checksum_error
from mlp_edge.proof.golden import Golden
from mlp_edge.runtime.litert import open_tflite
from mlp_edge.runtime.onnxruntime import open_onnx

RESOLVERS = {"xnnpack": "AUTO", "reference": "BUILTIN_REF"}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", NETWORKS)
def test_onnxruntime_gives_the_bits(name: str, seed: int) -> None:
    mlp, integers = NETWORKS[name], agreed(NETWORKS[name], seed)
    content = onnx.export_int8(mlp, integers)
    assert_everywhere(mlp, integers, [onnxruntime_of(content, level) for level in LEVELS])


@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
def test_onnxruntime_gives_the_bits_of_a_calibrated_network(activation: str) -> None:
    mlp = network((6, 9, 3), activation, "multiclass")
    integers = quantised(mlp)
    content = onnx.export_int8(mlp, integers)
    assert_everywhere(mlp, integers, [onnxruntime_of(content, level) for level in LEVELS])


@settings(max_examples=25)
@given(
    widths=st.lists(st.integers(1, 40), min_size=2, max_size=5),
    activations=st.tuples(*2 * [st.sampled_from(HIDDEN_ACTIVATIONS)]),
    seed=st.integers(0, 2**16),
)
def test_onnxruntime_gives_the_bits_of_any_network(
    widths: list[int], activations: tuple[str, str], seed: int
) -> None:
    mlp = network(widths, activations[0], "regression", seed=seed)
    last = replace(mlp.layers[-1], activation=activations[1])
    mlp = replace(mlp, layers=(*mlp.layers[:-1], last))
    integers = agreed(mlp, seed)
    rows = hostile(mlp, 64, seed)
    content = onnx.export_int8(mlp, integers)
    for level in LEVELS:
        assert_bits(onnxruntime_of(content, level)(rows), predict_quantised(mlp, integers, rows))


def highest_sums(inputs: int, sign: int) -> tuple[Mlp, Quantised]:
    """A layer all of whose weights and inputs are as large as can be."""
    mlp = network((inputs, 4), task="regression", standardised=False)
    one = np.ones(4, np.int64)
    bias = (128 - sign * 127 * 255 * inputs) * one  # so that the result is not at an end
    layer = IntegerLayer(
        np.full((4, inputs), sign * 127), bias, 1023 * one, 10 * one, 255, 1, 0 * one
    )
    ends = np.zeros(inputs, np.float32), np.ones(inputs, np.float32)
    numbers = np.zeros(4, np.float32), np.ones(4, np.float32)
    return mlp, Quantised("int8", Inputs(*ends, 255), (layer,), False, None, *numbers)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("inputs", [2, 64, 640])
def test_no_pair_of_products_saturates(inputs: int, sign: int) -> None:
    mlp, integers = highest_sums(inputs, sign)
    rows = np.full((7, inputs), 255, np.float32)
    expected = predict_quantised(mlp, integers, rows)
    assert np.unique(expected).tolist() == [128.0]
    for level in LEVELS:
        assert_bits(onnxruntime_of(onnx.export_int8(mlp, integers), level)(rows), expected)


def test_onnx_does_without_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise AssertionError("TensorFlow was asked for")

    monkeypatch.setattr(onnx, "tensorflow", refuse)
    monkeypatch.setattr("mlp_edge.lazy.tensorflow", refuse)
    mlp = NETWORKS["mixed"]
    assert onnx.export_int8(mlp, agreed(mlp))


EXPORTS: list[tuple[str, Callable[[Mlp, Quantised], bytes], Any]] = [
    ("onnx", onnx.export_int8, open_onnx),
    ("tflite", tflite.export_int8, open_tflite),
]


@pytest.mark.parametrize(("suffix", "export", "opens"), EXPORTS, ids=("onnx", "tflite"))
def test_a_file_says_what_it_is(
    keras: Any, tmp_path: Any, suffix: str, export: Any, opens: Any
) -> None:
    mlp = NETWORKS["mixed"]
    integers = agreed(mlp)
    content = export(mlp, integers)
    assert export(mlp, integers) == content
    assert checksum_error(content) is None
    path = tmp_path / f"net.{suffix}"
    path.write_bytes(content)
    with opens(path) as opened:
        assert opened.card.dtype == "int8"
        assert opened.card.weights_sha256 == mlp.weights_sha256
        golden: Golden = opened.golden
        assert not golden.bounds.any()
        assert len(golden.rows) > 5
        assert_bits(opened.predict(golden.rows), golden.predictions)
        assert opened.predict(golden.rows[:0]).shape == (0, 1)


@pytest.mark.parametrize("name", NETWORKS)
def test_litert_gives_the_bits(keras: Any, name: str) -> None:
    mlp = NETWORKS[name]
    integers = agreed(mlp, seed=10 + list(NETWORKS).index(name))  # every other one with wide inputs
    content = tflite.export_int8(mlp, integers)
    assert_everywhere(mlp, integers, [litert_of(content, kind) for kind in RESOLVERS.values()])


@pytest.mark.parametrize("activation", ["relu", "selu"])
def test_litert_gives_the_bits_of_a_calibrated_network(keras: Any, activation: str) -> None:
    mlp = network((6, 9, 3), activation, "multiclass")
    integers = quantised(mlp)
    content = tflite.export_int8(mlp, integers)
    assert_everywhere(mlp, integers, [litert_of(content, kind) for kind in RESOLVERS.values()])


@pytest.mark.parametrize("sign", [1, -1])
def test_biases_beyond_float32_are_written(keras: Any, sign: int) -> None:
    mlp, integers = highest_sums(640, sign)  # whose bias is beyond 2^24
    rows = np.full((7, 640), 255, np.float32)
    for kind in RESOLVERS.values():
        got = litert_of(tflite.export_int8(mlp, integers), kind)(rows)
        assert np.unique(got).tolist() == [128.0]


def test_layers_of_equal_numbers_keep_their_own_scales(keras: Any) -> None:
    mlp = NETWORKS["chain"]
    integers = agreed(mlp, 5)
    first = integers.layers[0]
    others = [
        replace(first, multiplier=other.multiplier, shift=other.shift)
        for other in integers.layers[:-1]
    ]
    integers = replace(integers, layers=(*others, integers.layers[-1]))
    content = tflite.export_int8(mlp, integers)
    assert_everywhere(mlp, integers, [litert_of(content, kind) for kind in RESOLVERS.values()])


@pytest.mark.parametrize("silent", [False, True])
def test_biases_of_zero_may_be_left_out(keras: Any, silent: bool) -> None:
    mlp = network((5, 3, 3, 2), "tanh", "regression")
    integers = agreed(mlp, 5)
    without = (replace(layer, bias=0 * layer.bias) for layer in integers.layers)
    first, *others = (replace(layer, weights=layer.weights * (not silent)) for layer in without)
    integers = replace(integers, layers=(first, *others))
    content, rows = tflite.export_int8(mlp, integers), hostile(mlp, 200)
    for kind in RESOLVERS.values():
        assert_bits(litert_of(content, kind)(rows), predict_quantised(mlp, integers, rows))


def test_another_layer_than_ours_is_refused(keras: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mlp = NETWORKS["binary"]
    integers, other = agreed(mlp, 1), agreed(mlp, 2)
    changed = replace(integers, layers=(*integers.layers[:2], other.layers[2]))
    settle = tflite.tflite_integers.settle
    monkeypatch.setattr(tflite.tflite_integers, "settle", lambda model, _: settle(model, changed))
    with pytest.raises(ModelError, match="weights of layer 3"):
        tflite.export_int8(mlp, integers)


@pytest.mark.parametrize(
    ("arithmetic", "runtime"),
    [("float", "AUTO"), ("single", "BUILTIN_REF"), ("float", "ORT_ENABLE_ALL")],
)
def test_each_runtime_has_the_arithmetic_that_is_stated(
    keras: Any, arithmetic: str, runtime: str
) -> None:
    rows = np.arange(256, dtype=np.float32)[:, None]
    differing = 0
    for seed in range(4):
        mlp, integers = beside_steps(seed)
        if runtime.startswith("ORT"):
            got = onnxruntime_of(onnx.export_int8(mlp, integers), runtime)(rows)
        else:
            got = litert_of(tflite.export_int8(mlp, integers), runtime)(rows)
        [layer] = integers.layers
        sums = rows.astype(np.int64) @ layer.weights.T + layer.bias
        pairs = (np.broadcast_to(part, sums.shape) for part in (layer.multiplier, layer.shift))
        multiplier, shift = pairs
        found = {
            name: np.clip(by(sums, multiplier, shift), 0, layer.high)
            for name, by in ARITHMETICS.items()
        }
        assert np.array_equal(got, found[arithmetic])
        differing += int((found["single"] != found["float"]).sum())
    assert differing  # so that the two are told apart


@pytest.mark.slow
@pytest.mark.parametrize("name", ["binary", "multiclass", "filled", "mixed", "wide"])
def test_float16_is_within_the_bound_of_the_rounded_network(
    keras: Any, tmp_path: Any, name: str
) -> None:
    mlp = NETWORKS[name]
    path = tmp_path / "net.tflite"
    content = tflite.export_float16(mlp)
    assert tflite.export_float16(mlp) == content
    path.write_bytes(content)
    half, rows = half_precision(mlp), readings(mlp, 300)
    with open_tflite(path) as opened:
        assert opened.card is not None
        assert opened.golden is not None
        assert (opened.card.dtype, opened.card.weights_sha256) == ("float16", mlp.weights_sha256)
        assert_within_bound(half, rows, opened.predict(rows))
        off = np.abs(opened.predict(opened.golden.rows) - opened.golden.predictions)
        assert (np.isnan(off) | (off <= opened.golden.bounds)).all()
    if name == "wide":
        assert len(tflite.export(mlp)) - len(content) > 1.9 * mlp.parameters


def test_a_weight_beyond_float16_is_refused() -> None:
    layer = network((2, 1)).layers[0]
    for changed in (
        Dense(layer.weights * np.float32(1e6), layer.bias, "sigmoid"),
        Dense(layer.weights, np.float32([7e4]), "sigmoid"),
    ):
        with pytest.raises(ModelError, match=r"layer 1 .*65504"):
            half_precision(replace(network((2, 1)), layers=(changed,)))


def test_rounding_to_float16_is_done_once() -> None:
    mlp = network((8, 12, 1))
    half = half_precision(mlp)
    for layer, other in zip(half.layers, mlp.layers, strict=True):
        assert np.array_equal(layer.weights.astype(np.float16), layer.weights)
        assert not np.array_equal(layer.weights, other.weights)
        assert np.allclose(layer.weights, other.weights, rtol=2**-11, atol=1e-7)
    assert half_precision(half).weights_sha256 == half.weights_sha256


def test_dynamic_range_has_small_weights_and_proves_nothing(keras: Any, tmp_path: Any) -> None:
    mlp, rows = NETWORKS["wide"], readings(NETWORKS["wide"], 100)
    path = tmp_path / "net.tflite"
    path.write_bytes(tflite.export_dynamic(mlp))
    assert len(tflite.export(mlp)) - path.stat().st_size > 2.8 * mlp.parameters
    plain = litert_of(tflite.export(mlp), "AUTO")(rows)
    with open_tflite(path) as opened:
        assert opened.card is not None
        assert opened.card.dtype == "dynamic"
        assert opened.golden is None
        off = np.abs(opened.predict(rows) - plain)
        assert 0 < off.max() < 0.1 * np.ptp(plain)
