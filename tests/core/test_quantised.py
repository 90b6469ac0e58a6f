"""Networks in integers: the arbiter held against fractions and Python's own integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import encoded, network, readings
from support.quantised_networks import quantised

from mlp_edge.errors import ModelError
from mlp_edge.feature import Feature
from mlp_edge.integers.activation_tables import GUARD, ActivationTable, PolynomialTable, Table
from mlp_edge.integers.exponential import COEFFICIENTS
from mlp_edge.integers.integer_reference import (
    dequantise,
    last_activations,
    predict_quantised,
    trace,
)
from mlp_edge.integers.quantised import (
    EXACT,
    HIGHEST,
    MOST_SHIFT,
    SEGMENTS,
    SUM_LIMIT,
    TABLE_LIMIT,
    WEIGHT_LIMIT,
    Inputs,
    IntegerLayer,
    Quantised,
)
from mlp_edge.mlp import HIDDEN_ACTIVATIONS, Mlp

MIXED = (
    Feature("length", -5.0, 20.0, fill=2.5, indicator=True),
    Feature("sex", categories=("f", "m"), codes=(0, 1), fill=1.0),
    Feature("width", sentinel=0.0),
    Feature("island", categories=("a", "b", "c"), codes=(10, -20, 30)),
)
DTYPES = ("int8", "int16", "int24")


# The same once more, in fractions: slow, and without NumPy's integers


def nearest_even(value: Fraction) -> int:
    whole = floor(value)
    rest = value - whole
    return whole + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1))


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def float32(value: Fraction) -> Fraction:
    """The nearest float32 number, ties to even; no overflow, subnormals included."""
    if value == 0:
        return value
    exponent = -149
    while abs(value) / Fraction(2) ** exponent >= 2**24:
        exponent += 1
    return nearest_even(value / Fraction(2) ** exponent) * Fraction(2) ** exponent


def table_at(table: Table | None, result: int) -> int:
    if table is None:
        return result
    if isinstance(table, PolynomialTable):
        return polynomial_at(table, result)
    index, segment = divmod(result, 2**table.shift)
    points = table.points.tolist()
    if segment == 0:
        return int(points[index])
    rise = Fraction((points[index + 1] - points[index]) * segment, 2**table.shift)
    return int(points[index]) + half_up(rise)


def polynomial_at(table: PolynomialTable, result: int) -> int:
    index, beyond = divmod(result, 2**table.shift)
    *lower, value = table.coefficients[index].tolist()
    for coefficient in reversed(lower):
        value = coefficient + floor(Fraction(value * beyond, 2**table.shift))
    return min(max(half_up(Fraction(value, 2**GUARD)), 0), table.highest)


def slow_power(distance: int, octave: int) -> tuple[int, int]:
    halvings, rest = divmod(distance, 2**octave)
    rest *= 2 ** (24 - octave)
    value = 0
    for coefficient in reversed(COEFFICIENTS):
        value = coefficient - floor(Fraction(value * rest, 2**24))
    return half_up(Fraction(2**28 - floor(Fraction(value * rest, 2**24)), 2**4)), halvings


def slow_exponentials(net: Quantised, found: list[int]) -> list[Fraction]:
    if net.softmax:
        powers = [slow_power(max(found) - r, net.octave) for r in found]
        total = float32(sum((floor(Fraction(m, 2**k)) for m, k in powers), Fraction(0)))
        shares = [Fraction(m, 2**k) if k <= 100 else Fraction(0) for m, k in powers]
        return [float32(share / total) for share in shares]
    answers = []
    for r, zero in zip(found, net.zero.tolist(), strict=True):
        mantissa, halvings = slow_power(abs(r - zero), net.octave)
        below = Fraction(mantissa, 2 ** (24 + halvings)) if halvings <= 117 else Fraction(0)
        answers.append(float32((below if r < zero else 1) / float32(1 + below)))
    return answers


def slow_inputs(inputs: Inputs, encoded_row: list[Fraction]) -> list[int]:
    found = []
    for x, low, factor in zip(encoded_row, inputs.low, inputs.factor, strict=True):
        scaled = float32(float32(x - Fraction(float(low))) * Fraction(float(factor)))
        found.append(nearest_even(min(max(scaled, Fraction(0)), Fraction(inputs.high))))
    return found


def slow_results(layer: IntegerLayer, u: list[int]) -> list[int]:
    found = []
    for j in range(layer.outputs):
        a = int(layer.bias[j]) + sum(
            w * x for w, x in zip(layer.weights[j].tolist(), u, strict=True)
        )
        total = 0
        for segment in range(layer.segments):
            of_part = a - segment * int(layer.offset[j])
            real = Fraction(of_part * int(layer.multiplier[j]), 2 ** int(layer.shift[j]))
            total += min(max(half_up(real), 0), layer.high)
        found.append(total)
    return found


def slow_answers(net: Quantised, found: list[int]) -> list[Fraction]:
    if net.octave:
        return slow_exponentials(net, found)
    if net.softmax:
        shares = [Fraction(table_at(net.table, max(found) - r)) for r in found]
        total = Fraction(0)
        for share in shares:
            total = float32(total + share)
        return [float32(share / total) for share in shares]
    zeros = np.broadcast_to(net.zero, len(found)).tolist()
    values = [Fraction(table_at(net.table, r) - zero) for r, zero in zip(found, zeros, strict=True)]
    return [
        float32(Fraction(float(offset)) + float32(Fraction(float(step)) * float32(value)))
        for offset, step, value in zip(net.offset, net.step, values, strict=True)
    ]


def slow_predict(mlp: Mlp, net: Quantised, row: np.ndarray) -> list[Fraction]:
    """One row that has an answer."""
    u = slow_inputs(net.inputs, [Fraction(float(x)) for x in mlp.encoding.encode(row[None])[0]])
    for layer in net.layers:
        found = slow_results(layer, u)
        u = [table_at(layer.table, r) for r in found]
    given = slow_answers(net, found)
    if mlp.clip is None:
        return given
    low, high = (Fraction(end) for end in mlp.clip)
    return [min(max(answer, low), high) for answer in given]


MODELS: dict[str, Callable[[int], Mlp]] = {
    "binary": lambda seed: network((5, 6, 4, 1), seed=seed),
    "regression": lambda seed: network((3, 4, 2), "tanh", "regression", seed=seed),
    "clipped": lambda seed: network((3, 4, 1), "relu", "regression", seed=seed, clip=(-0.25, 0.5)),
    "multiclass": lambda seed: network((4, 5, 3), "elu", "multiclass", seed=seed),
    "raw": lambda seed: network((3, 4, 1), "sigmoid", "regression", standardised=False, seed=seed),
    "encoded": lambda seed: encoded(MIXED, outputs=2, seed=seed),
}


@pytest.mark.slow
@settings(max_examples=60)
@given(st.sampled_from(sorted(MODELS)), st.sampled_from(DTYPES), st.integers(0, 2**16))
def test_the_arbiter_is_what_fractions_say(name: str, dtype: str, seed: int) -> None:
    mlp = MODELS[name](seed)
    net = quantised(mlp, dtype, seed)
    rows = np.vstack([readings(mlp, 4, seed + 1), 3 * readings(mlp, 2, seed + 2)])
    got = predict_quantised(mlp, net, rows)
    assert got.dtype == np.float32
    for row, answer in zip(rows, got, strict=True):
        assert [Fraction(float(value)) for value in answer] == slow_predict(mlp, net, row)


@settings(max_examples=150)
@given(st.data())
def test_any_layer_is_what_fractions_say(data: st.DataObject) -> None:
    """Not only such integers as quantisation makes: any that are allowed."""
    dtype = data.draw(st.sampled_from(DTYPES))
    outputs, inputs = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 4))
    limit, segments = WEIGHT_LIMIT[dtype], data.draw(st.sampled_from([1, SEGMENTS[dtype]]))

    def drawn(low: int, high: int, *shape: int) -> np.ndarray:
        count = int(np.prod(shape))
        values = data.draw(st.lists(st.integers(low, high), min_size=count, max_size=count))
        return np.array(values, np.int64).reshape(shape)

    layer = IntegerLayer(
        weights=drawn(-limit, limit, outputs, inputs),
        bias=drawn(-(2**24), 2**24, outputs),
        multiplier=drawn(1, 1 if dtype == "int24" else 1023, outputs),
        shift=drawn(1, MOST_SHIFT[dtype], outputs),
        high=data.draw(st.integers(1, HIGHEST[dtype])),
        segments=segments,
        offset=drawn(0, 2**24, outputs),
    )
    u = drawn(0, 255, 3, inputs)
    low, high = layer.reach(255)
    sums = u @ layer.weights.T + layer.bias
    assert ((low <= sums) & (sums <= high)).all()
    got = layer.requantise(sums)
    assert got.tolist() == [slow_results(layer, row) for row in u.tolist()]
    assert layer.largest == segments * layer.high
    assert (got <= layer.largest).all()


@given(
    points=st.lists(st.integers(0, TABLE_LIMIT), min_size=3, max_size=5), shift=st.integers(0, 8)
)
def test_a_table_between_its_nodes(points: list[int], shift: int) -> None:
    table = ActivationTable(np.array(points, np.int64), shift)
    every = np.arange((len(points) - 1) * 2**shift)
    got = table.at(every)
    assert got.tolist() == [table_at(table, int(r)) for r in every]
    assert got[:: 2**shift].tolist() == points[:-1]


finite = st.floats(width=32, min_value=-(2.0**40), max_value=2.0**40)


@given(finite, finite, st.floats(width=32, min_value=2.0**-20, max_value=2.0**20))
def test_any_reading_becomes_the_integer_that_fractions_say(
    x: float, low: float, factor: float
) -> None:
    inputs = Inputs(np.float32([low]), np.float32([factor]), 255)
    got = inputs.integers(np.float32([[x]]))
    assert got.tolist() == [slow_inputs(inputs, [Fraction(x)])]


def test_readings_beyond_the_range_count_as_its_end() -> None:
    inputs = Inputs(np.float32([-2.0]), np.float32([10.0]), 255)
    given_readings = np.float32([[-np.inf], [-3e38], [-2.1], [-2], [23.5], [24], [3e38], [np.inf]])
    assert inputs.integers(given_readings)[:, 0].tolist() == [0, 0, 0, 0, 255, 255, 255, 255]
    assert inputs.integers(np.float32([[np.nan]])).tolist() == [[0]]


def test_halves_go_to_the_even_integer() -> None:
    inputs = Inputs(np.float32([0.0]), np.float32([1.0]), 255)
    assert inputs.integers(np.float32([[0.5], [1.5], [2.5]]))[:, 0].tolist() == [0, 2, 2]


def test_results_are_rounded_half_up_and_parts_added() -> None:
    one = np.ones(1, np.int64)
    layer = IntegerLayer(one[:, None], one, 3 * one, 1 * one, 10, 1, 0 * one)  # 1.5 per sum
    sums = np.array([[-3], [0], [1], [2], [3], [7]])
    assert layer.requantise(sums)[:, 0].tolist() == [0, 0, 2, 3, 5, 10]
    segments = replace(layer, segments=3, offset=np.array([7]))
    assert segments.requantise(np.array([[6], [7], [8], [14], [99]]))[:, 0].tolist() == [
        9, 10, 12, 20, 30,
    ]  # fmt: skip
    assert segments.largest == 30


# What a row gets


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_that_are_rejected_and_rows_beside_them(dtype: str) -> None:
    mlp = encoded(MIXED, outputs=2)
    net = quantised(mlp, dtype)
    rows = readings(mlp, 5)
    clean = predict_quantised(mlp, net, rows)
    rows[1, 2], rows[3, 3] = 0.0, np.nan
    got = predict_quantised(mlp, net, rows)
    assert np.isnan(got[[1, 3]]).all()
    assert got[[0, 2, 4]].tobytes() == clean[[0, 2, 4]].tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
def test_trace_results_and_answers_are_of_one_piece(activation: str, dtype: str) -> None:
    mlp = network((4, 6, 5, 3), activation, "multiclass")
    net = quantised(mlp, dtype)
    rows = readings(mlp, 30)
    steps = list(trace(mlp, net, rows))
    assert [found.shape for _, found in steps] == [(30, 6), (30, 5), (30, 3)]
    for layer, (sums, found) in zip(net.layers, steps, strict=True):
        assert (np.abs(sums) <= SUM_LIMIT[dtype]).all()
        assert (layer.requantise(sums) == found).all()
    assert (last_activations(mlp, net, rows) == steps[-1][1]).all()
    assert dequantise(net, steps[-1][1]).tobytes() == predict_quantised(mlp, net, rows).tobytes()
    assert predict_quantised(mlp, net, rows).sum(axis=1) == pytest.approx(1, abs=1e-6)
    assert predict_quantised(mlp, net, rows[:0]).shape == (0, 3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(MODELS.keys() - {"multiclass"}))
def test_an_answer_takes_one_rounding_only(name: str, dtype: str) -> None:
    """step * table(r) is exact, so a fused multiply-add gives the same bits."""
    net = quantised(MODELS[name](3), dtype)
    layer = net.layers[-1]
    every = np.arange(0, layer.segments * layer.high + 1, 1 if layer.high < 2**16 else 9973)
    values = every if net.table is None else net.table.at(every)
    for step in net.step:
        floats = values.astype(np.float32)
        products = step * floats
        assert (products.astype(np.float64) == float(step) * floats.astype(np.float64)).all()


# What is refused


def test_a_layer_whose_sums_leave_32_bits_is_refused() -> None:
    net = quantised(MODELS["binary"](0))
    first, middle, last = net.layers
    room = SUM_LIMIT["int16"] - np.abs(middle.weights).sum(axis=1).max() * first.largest
    full = replace(middle, bias=np.full_like(middle.bias, room))
    replace(net, layers=(first, full, last))
    for sign in (1, -1):
        over = replace(middle, bias=np.full_like(middle.bias, sign * (room + 1)))
        with pytest.raises(ModelError, match=r"layer 2: a sum may reach 2147483648, beyond 32"):
            replace(net, layers=(first, over, last))


def test_inputs_of_four_bytes_are_the_same_sums() -> None:
    """Wide inputs, part by part through tensors of 8 bits, with the weights repeated."""
    net = quantised(MODELS["binary"](0))
    assert (net.inputs.high, net.input_segments) == (1020, 4)
    u = np.random.default_rng(0).integers(0, 1021, (50, net.layers[0].inputs))
    segments = np.hstack([np.clip(u - 255 * segment, 0, 255) for segment in range(4)])
    assert (net.byte_layers[0].sums(segments) == net.layers[0].sums(u)).all()
    assert net.byte_layers[1:] == net.layers[1:]


def test_inputs_that_no_kernel_takes_are_refused() -> None:
    net = quantised(MODELS["binary"](0))
    with pytest.raises(ModelError, match="inputs up to 300 in int8"):
        replace(net, inputs=net.inputs._replace(high=300))
    wide = replace(net.layers[0], bias=np.full_like(net.layers[0].bias, 2**23))
    with pytest.raises(ModelError, match="inputs up to 1020 go into a small hidden layer only"):
        replace(net, layers=(wide, *net.layers[1:]))
    narrow = net.inputs._replace(high=255)
    replace(net, inputs=narrow, layers=(wide, *net.layers[1:]))


def test_a_segment_that_begins_too_early_is_refused() -> None:
    net = quantised(MODELS["binary"](0))
    last = net.layers[-1]
    early = np.floor(254.4 * 2.0**last.shift / last.multiplier).astype(np.int64)
    with pytest.raises(ModelError, match=r"layer 3: a segment begins before another has reached"):
        replace(net, layers=(*net.layers[:-1], replace(last, offset=early)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_weight_without_a_counterpart_is_refused(dtype: str) -> None:
    net = quantised(MODELS["binary"](0), dtype)
    weights = net.layers[-1].weights.copy()
    weights[0, 0] = -WEIGHT_LIMIT[dtype] - 1
    last = replace(net.layers[-1], weights=weights)
    with pytest.raises(ModelError, match=r"layer 3: a weight beyond"):
        replace(net, layers=(*net.layers[:-1], last))


def test_a_softmax_that_float32_cannot_sum_up_is_refused() -> None:
    net = quantised(MODELS["multiclass"](0))
    last, most = net.layers[-1], (EXACT - 1) // TABLE_LIMIT
    for outputs in (most, most + 1):
        copies = {
            name: np.resize(getattr(last, name), (outputs, *getattr(last, name).shape[1:]))
            for name in ("weights", "bias", "multiplier", "shift", "offset")
        }
        layers = (*net.layers[:-1], replace(last, **copies))
        if outputs == most:
            replace(net, layers=layers)
            continue
        with pytest.raises(ModelError, match=rf"{outputs} classes.*at most {most}"):
            replace(net, layers=layers)
