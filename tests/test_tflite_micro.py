"""TFLite Micro, which rounds twice, runs the same files: where it differs, and by how much."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from agreed import agreed, hostile
from networks import encoded, network
from test_export_integers import CODES, FILLED, MIXED, beside_steps, litert_of

from mlp_edge.export import tflite
from mlp_edge.integer_reference import predict, trace
from mlp_edge.mlp import Floats, Mlp, Predict
from mlp_edge.quantised import Integers, Quantised
from mlp_edge.requantise import by_double, differing

if not os.environ.get("CI"):  # where a missing runtime is a failure
    pytest.importorskip("tflite_micro", reason="pip install tflite-micro brings TFLite Micro")
ARENA = 2_000_000

NETWORKS: dict[str, Mlp] = {
    "binary": network((8, 12, 8, 1)),
    "multiclass": network((4, 16, 3), "tanh", "multiclass"),
    "mixed": encoded(MIXED, clip=(0.0, 6.0)),
    "filled": encoded(FILLED, outputs=2, clip=(-1.0, 1.0)),
    "codes": encoded(CODES, outputs=4, task="multiclass"),
    "unit": encoded(MIXED, clip=(0.0, 1.0)),
}


def micro_of(content: bytes) -> Predict:
    """TFLite Micro's interpreter on this machine, row by row."""
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(content, arena_size=ARENA)

    def answer(row: Floats) -> Floats:
        interpreter.set_input(row[None], 0)
        interpreter.invoke()
        return np.array(interpreter.get_output(0)[0])

    return lambda rows: np.array([answer(row) for row in rows])


@pytest.mark.parametrize("name", NETWORKS)
def test_micro_answers_as_the_arbiter_on_rows_that_no_double_rounding_touches(
    keras: Any, name: str
) -> None:
    mlp, integers = NETWORKS[name], agreed(NETWORKS[name], list(NETWORKS).index(name))
    rows = hostile(mlp, 256)
    expected = predict(mlp, integers, rows)
    same = _untouched(mlp, integers, rows)
    assert same.sum() > 100
    got = micro_of(tflite.export_int8(mlp, integers))(rows)
    assert np.array_equal(got[same], expected[same], equal_nan=True)


def _untouched(mlp: Mlp, integers: Quantised, rows: Floats) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """The rows (n,) on which rounding twice gives every result that rounding once does."""
    same = np.ones(len(rows), np.bool_)
    for (sums, results), layer in zip(trace(mlp, integers, rows), integers.layers, strict=True):
        shape = sums.shape
        multiplier, shift = (np.broadcast_to(one, shape) for one in (layer.multiplier, layer.shift))
        found = np.zeros_like(sums)
        for part in range(layer.parts):
            shifted = by_double(sums - part * layer.stride, multiplier, shift)
            found += np.clip(shifted, 0, layer.high)
        same &= (found == results).all(axis=1)
    return same


@pytest.mark.parametrize("runtime", ["micro", "BUILTIN_WITHOUT_DEFAULT_DELEGATES"])
def test_rounding_twice_is_by_a_step_at_most_and_where_it_is_said(keras: Any, runtime: str) -> None:
    rows = np.arange(256, dtype=np.float32)[:, None]
    differs = 0
    for seed in range(4):
        mlp, integers = _some_proved(*beside_steps(seed))
        [layer] = integers.layers
        content = tflite.export_int8(mlp, integers)
        answers = micro_of(content) if runtime == "micro" else litert_of(content, runtime)
        off = answers(rows).astype(np.int64) - predict(mlp, integers, rows).astype(np.int64)
        proved = differing(layer, 255, by_double) == 0
        assert 0 < proved.sum() < layer.outputs
        assert not off[:, proved].any()
        assert set(np.unique(off)) <= {0, 1}
        differs += int((off != 0).sum())
        assert np.array_equal(off, _twice(integers, rows) - predict(mlp, integers, rows))
    assert differs


def _twice(integers: Quantised, rows: Floats) -> Integers:
    [layer] = integers.layers
    sums = rows.astype(np.int64) @ layer.weights.T + layer.bias
    multiplier, shift = (
        np.broadcast_to(one, sums.shape) for one in (layer.multiplier, layer.shift)
    )
    return np.clip(by_double(sums, multiplier, shift), 0, layer.high)


def _some_proved(mlp: Mlp, integers: Quantised) -> tuple[Mlp, Quantised]:
    """With scales below 1, and every other neuron's reach so small that no step is beside it."""
    [layer] = integers.layers
    few = np.arange(layer.outputs) % 2 == 0
    weights = np.where(few[:, None], 1, layer.weights)
    return mlp, replace(integers, layers=(replace(layer, weights=weights),))
