"""TFLite Micro runs the same files: what it lacks a kernel for, and where it rounds twice."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.agreed_networks import agreed, hostile
from support.integer_models import CODES, FILLED, MIXED, beside_steps, litert_of
from support.integer_tflite import CHAINS, read, rows_for
from support.networks import (
    ANY_SUM,
    BARE,
    HUGE,
    assert_within_bound,
    bare,
    encoded,
    network,
    readings,
)

from mlp_edge.export import tflite
from mlp_edge.integers.asymmetric_reference import integers_of
from mlp_edge.integers.integer_reference import predict_quantised, trace
from mlp_edge.integers.quantised import Integers, Quantised
from mlp_edge.integers.requantise import by_double, differing
from mlp_edge.mlp import Floats, Mlp, Predict

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

    def answer(row: Any) -> Any:
        interpreter.set_input(row[None], 0)
        interpreter.invoke()
        return np.array(interpreter.get_output(0)[0])

    return lambda rows: np.array([answer(row) for row in rows])


FLOATS: dict[str, Mlp] = {
    **NETWORKS,
    **{name: network((8, 12, 8, 1), name) for name in ANY_SUM if name != "gelu"},
    "relu6": network((3, 5, 1), "relu", "regression", clip=(0.0, 6.0)),
    "signs": encoded(MIXED, outputs=2, clip=(-1.0, 1.0)),
}
SMALL = {"float32": tflite.export, "dynamic": tflite.export_dynamic}


@pytest.mark.slow
@pytest.mark.parametrize("dtype", SMALL)
@pytest.mark.parametrize("name", FLOATS)
def test_micro_answers_within_the_bound(keras: Any, name: str, dtype: str) -> None:
    """Missing, filled and rejected readings, unknown codes, clips."""
    mlp = FLOATS[name]
    rows = readings(mlp, 64)
    missing = np.random.default_rng(0).random(rows.shape) < 0.2
    rows = np.vstack([rows, np.where(missing, np.float32(np.nan), rows), rows[:8] + 0.5])
    got = micro_of(SMALL[dtype](mlp))(rows)
    assert_within_bound(mlp, rows, got)
    assert np.isnan(got).any() == mlp.encoding.rejects


@pytest.mark.parametrize(("activation", "hidden"), [one for one in BARE if one[0] != "gelu"])
def test_micro_answers_the_limit_to_huge_sums(keras: Any, activation: str, hidden: bool) -> None:
    mlp = bare(activation, hidden)
    assert_within_bound(mlp, HUGE[:, None], micro_of(tflite.export(mlp))(HUGE[:, None]))


LACKING = {
    "gelu": (tflite.export, network((8, 12, 8, 1), "gelu"), "builtin opcode 'GELU'"),
    "float16": (tflite.export_float16, network(), "dequantize"),
    "dynamic": (
        tflite.export_dynamic, network((40, 33, 3), task="multiclass"),
        "FLOAT32 with filter type: INT8 not supported",
    ),
}  # fmt: skip
"""What docs/explanation/integers.md says does not run: how it is made, what Micro says of it."""


@pytest.mark.parametrize("what", LACKING)
def test_what_micro_has_no_kernel_for(keras: Any, what: str, capfd: Any) -> None:
    """When one of these runs, docs/explanation/integers.md may promise more."""
    export, mlp, says = LACKING[what]
    with pytest.raises(RuntimeError):
        micro_of(export(mlp))
    assert says in capfd.readouterr().err


@pytest.mark.parametrize("name", NETWORKS)
def test_micro_answers_as_the_arbiter_on_rows_that_no_double_rounding_touches(
    keras: Any, name: str
) -> None:
    mlp, integers = NETWORKS[name], agreed(NETWORKS[name], list(NETWORKS).index(name))
    rows = hostile(mlp, 256)
    expected = predict_quantised(mlp, integers, rows)
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
        for part in range(layer.segments):
            shifted = by_double(sums - part * layer.offset, multiplier, shift)
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
        off = answers(rows).astype(np.int64) - predict_quantised(mlp, integers, rows).astype(
            np.int64
        )
        proved = differing(layer, 255, by_double) == 0
        assert 0 < proved.sum() < layer.outputs
        assert not off[:, proved].any()
        assert set(np.unique(off)) <= {0, 1}
        differs += int((off != 0).sum())
        assert np.array_equal(off, _twice(integers, rows) - predict_quantised(mlp, integers, rows))
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


@pytest.mark.parametrize("name", CHAINS)
def test_micro_has_the_bits_that_strangers_integers_are_given(name: str) -> None:
    """Everything that is read of a full-integer file: each operator, each kind of scale and end."""
    found = read(CHAINS[name])
    assert found.integers is not None
    rows = rows_for(found, 200)
    given = found.integers.given.integers(rows)
    wanted = integers_of(found.integers, given)
    if name == "float32":
        assert (micro_of(CHAINS[name])(rows) == found.integers.result.numbers(wanted)).all()
        return
    kind, lower = (np.uint8, 128) if name == "uint8" else (np.int8, 0)
    got = micro_of(CHAINS[name])((given + lower).astype(kind))
    assert (got.astype(np.int64) - lower == wanted).all()
