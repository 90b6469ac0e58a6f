"""The bound holds for whatever float32 arithmetic does, and is not much more than that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import graph
from support.networks import ANY_SUM, encoded, network, readings

from mlp_edge.feature import Feature
from mlp_edge.mlp import ACTIVATIONS, Dense, Floats, Mlp, Scaling, Task
from mlp_edge.proof.accuracy import ANY, Accuracy
from mlp_edge.proof.bound import MOST_TERMS, UNIT, bound, tree
from mlp_edge.proof.c_replay import fma, replay
from mlp_edge.proof.symbols import Error
from mlp_edge.reference import FORMULAS, Doubles, distance, predict, trace
from mlp_edge.walk import heads_of, walk

EXACT = dict.fromkeys(ACTIVATIONS, Accuracy(1.0))
"""Activations that are rounded once, as ``Machine`` computes them."""


class Machine:
    """A float32 machine with an order of its own: permuted, pairwise, or in turn; fused or not."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.fused = bool(seed % 2)
        self.pairwise = bool(seed // 2 % 2)

    def predict(self, mlp: Mlp, rows: Floats) -> Floats:
        x = mlp.encoding.encode(rows)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            if mlp.scaling is not None:
                centred = x - mlp.scaling.mean
                divided = self.random.random() < 0.5
                x = centred / mlp.scaling.std if divided else centred * mlp.scaling.reciprocal

            def step(layer: Dense, given: Floats, gate: Floats | None) -> Floats:
                sums = self.dense(layer, given).astype(np.float64)
                value = FORMULAS[layer.activation](sums).astype(np.float32)
                return value if gate is None else value * gate

            return heads_of(mlp.layers, mlp.heads, walk(mlp.layers, x, step))

    def dense(self, layer: Dense, x: Floats) -> Floats:
        return np.stack(
            [self.sum(layer.weights[n], layer.bias[n], x) for n in range(layer.outputs)], axis=1
        )

    def sum(self, weights: Floats, bias: np.float32, x: Floats) -> Floats:
        order = self.random.permutation(len(weights))
        biases = np.full(len(x), bias, np.float32)
        if self.pairwise:
            terms = [biases, *(weights[i] * x[:, i] for i in order)]
            while len(terms) > 1:
                one, other = terms.pop(0), terms.pop(self.random.integers(len(terms)))
                terms.append(one + other)
            return terms[0]
        total = biases if self.random.random() < 0.5 else np.zeros_like(biases)
        last = total is not biases and not np.array_equal(total, biases)
        for i in order:
            total = fma(weights[i], x[:, i], total) if self.fused else total + weights[i] * x[:, i]
        return total + biases if last else total


def test_the_machine_sums_what_it_should() -> None:
    mlp = network((6, 5, 1))
    rows = readings(mlp, 20)
    for seed in range(8):
        np.testing.assert_allclose(Machine(seed).predict(mlp, rows), predict(mlp, rows), rtol=1e-5)


@settings(max_examples=80)
@given(
    activation=st.sampled_from(ANY_SUM),
    task=st.sampled_from(["regression", "binary", "multiclass"]),
    widths=st.lists(st.integers(1, 24), min_size=1, max_size=4),
    standardised=st.booleans(),
    size=st.sampled_from([1e-3, 1.0, 30.0]),
    seed=st.integers(0, 2**16),
)
def test_no_machine_is_further_off(
    activation: str, task: Task, widths: list[int], standardised: bool, size: float, seed: int
) -> None:
    outputs = {"regression": 2, "binary": 1, "multiclass": 3}[task]
    mlp = network((*widths, outputs), activation, task, standardised, seed)
    mlp = replace(mlp, layers=tuple(
        replace(layer, weights=layer.weights * np.float32(size)) for layer in mlp.layers
    ))  # fmt: skip
    rows = readings(mlp, 12, seed)
    limit, exact = bound(mlp, rows, EXACT), predict(mlp, rows)
    for machine in range(4):
        got = Machine(4 * seed + machine).predict(mlp, rows)
        assert (distance(got, exact) <= limit).all()


@settings(max_examples=100)
@given(seed=st.integers(0, 2**16), size=st.sampled_from([1e-2, 1.0, 9.0]))
def test_no_machine_is_further_off_on_a_graph(seed: int, size: float) -> None:
    mlp = graph(seed)
    mlp = replace(mlp, layers=tuple(
        replace(layer, weights=layer.weights * np.float32(size)) for layer in mlp.layers
    ))  # fmt: skip
    rows = readings(mlp, 12, seed)
    limit, exact = bound(mlp, rows, EXACT), predict(mlp, rows)
    for machine in range(4):
        got = Machine(4 * seed + machine).predict(mlp, rows)
        assert not (np.abs(got - exact) > limit).any()
    assert (np.abs(replay(mlp, rows) - exact) <= bound(mlp, rows)).all()


def test_errors_that_meet_again_cancel() -> None:
    """A value less itself is off by nothing that it was off by."""
    mlp = network((3, 4, 4, 1), "tanh", "regression")
    shortcut = Dense(np.hstack([np.eye(4), -np.eye(4)]).astype(np.float32),
                     np.zeros(4, np.float32), "linear", reads=(1, 1))  # fmt: skip
    rows = readings(mlp, 20)
    doubled = replace(mlp, layers=(mlp.layers[0], shortcut, mlp.layers[2]))
    assert (bound(doubled, rows) < bound(mlp, rows) / 4).all()


def test_a_gate_beyond_float32_is_not_bounded() -> None:
    large = Dense(np.full((1, 1), 1e30, np.float32), np.zeros(1, np.float32), "linear")
    gated = replace(large, reads=(0,), times=1)
    mlp = network((1, 1, 1), task="regression", standardised=False, layers=(large, gated))
    assert bound(mlp, np.ones((1, 1), np.float32)).tolist() == [[np.inf]]


@settings(max_examples=30)
@given(seed=st.integers(0, 2**16), activation=st.sampled_from([*ANY_SUM, "softmax"]))
def test_the_header_is_no_further_off(seed: int, activation: str) -> None:
    task: Task = "multiclass" if activation == "softmax" else "regression"
    mlp = network((5, 9, 7, 3), "relu" if activation == "softmax" else activation, task, seed=seed)
    rows = readings(mlp, 50, seed)
    for fused in (False, True):
        off = np.abs(replay(mlp, rows, fused) - predict(mlp, rows))
        assert (off <= bound(mlp, rows, ANY)).all()


@pytest.mark.parametrize("widths", [(8, 12, 8, 1), (4, 10, 10, 3), (1, 16, 16, 1)])
def test_the_bound_is_within_reach(widths: tuple[int, ...]) -> None:
    """Some of a few thousand rows use a twentieth of it: it is no tolerance in disguise."""
    task: Task = "multiclass" if widths[-1] == 3 else "regression"
    mlp = network(widths, "relu", task)
    rows = readings(mlp, 3000)
    off = np.abs(replay(mlp, rows) - predict(mlp, rows))
    assert (off / bound(mlp, rows)).max() > 0.05


def trees(terms: tuple[float, ...]) -> Iterator[float]:
    """The sum of the sizes of all partial sums, for every binary tree over the terms in order."""
    for _, nodes in _sums(terms):
        yield nodes


def _sums(terms: tuple[float, ...]) -> Iterator[tuple[float, float]]:
    if len(terms) == 1:
        yield terms[0], 0.0
    for cut in range(1, len(terms)):
        for left, one in _sums(terms[:cut]):
            for right, other in _sums(terms[cut:]):
                yield left + right, one + other + abs(left + right)


def allowed(terms: list[float]) -> tuple[float, float]:
    array = np.array(terms)
    return tree(
        np.maximum(array, 0)[None], np.maximum(-array, 0)[None],
        np.array([np.count_nonzero(array)]), np.array([abs(sum(terms))]),
    )  # type: ignore[return-value]  # fmt: skip


TERM = st.one_of(st.floats(-9, 9), st.sampled_from([-1.0, 1.0]))


@settings(max_examples=300)
@given(terms=st.lists(TERM, min_size=1, max_size=7))
def test_no_order_of_a_sum_has_larger_partial_sums(terms: list[float]) -> None:
    """All trees over the terms as drawn; Hypothesis draws the order of the leaves."""
    [most], _ = allowed(terms)
    rounded = tuple(term for term in terms if term)  # adding 0 rounds nothing
    assert max(trees(rounded), default=0) <= most * (1 + 1e-12) + 1e-12


@pytest.mark.parametrize(
    ("terms", "most"),
    [
        ([1.0, 1.0, -1.0, -1.0], 4.0),  # (1 + 1) + (-1 - 1), which no chain equals
        ([4.0, 3.0, 2.0, 1.0], 7 + 9 + 10),  # the largest first
        ([5.0, 0.0, 0.0], 0.0),  # adding 0 rounds nothing
        ([2.0, -2.0], 0.0),
    ],
)
def test_the_worst_order_is_found(terms: list[float], most: float) -> None:
    [found], _ = allowed(terms)
    assert found >= most
    assert found <= most + max(map(abs, terms)) * 2


def test_errors_that_cancel_do_cancel() -> None:
    """Two equal ways to the output, of opposite signs: only their own roundings remain."""
    first = Dense(np.full((1, 4), 0.3, np.float32), np.ones(1, np.float32), "linear")
    split = Dense(np.ones((2, 1), np.float32), np.zeros(2, np.float32), "linear")
    apart = Dense(np.array([[1000, -1000]], np.float32), np.zeros(1, np.float32), "linear")
    mlp = network((4, 1, 1), "linear", "regression", layers=(first, split, apart))
    rows = readings(mlp, 10)
    together = Dense(np.array([[1000, 1000]], np.float32), np.zeros(1, np.float32), "linear")
    summed = replace(mlp, layers=(first, split, together))
    assert (bound(mlp, rows) < bound(summed, rows) / 2).all()


def test_an_inactive_unit_adds_nothing() -> None:
    mlp = network((6, 8, 1), "relu", "regression")
    off = replace(mlp.layers[0], bias=np.full(8, -1e4, np.float32))
    mlp = replace(mlp, layers=(off, mlp.layers[1]))
    assert (bound(mlp, readings(mlp, 10)) < 1e-30).all()


def test_a_unit_at_its_kink_may_go_either_way() -> None:
    """At z = 0 the exact slope is nobody's: half the error is kept, half is allowed on top."""
    layer = Dense(np.array([[1.0, 1.0, 1.0]], np.float32), np.zeros(1, np.float32), "relu")
    last = Dense(np.ones((1, 1), np.float32), np.zeros(1, np.float32), "linear")
    mlp = network((3, 1, 1), task="regression", standardised=False, layers=(layer, last))
    kink = np.array([[0.3, -0.2, -0.1]], np.float32)
    [[z]], _ = next(iter(trace(mlp, kink)))
    assert abs(z) < 1e-7
    [[limit]] = bound(mlp, kink)
    [[linear]] = bound(replace(mlp, layers=(replace(layer, activation="linear"), last)), kink)
    assert 0 < limit <= 1.01 * linear


def test_what_is_stated_counts() -> None:
    mlp = network((5, 7, 1), "tanh", "regression")
    rows = readings(mlp, 10)
    exact, rough = ({**EXACT, "tanh": stated} for stated in (Accuracy(0.0), Accuracy(100.0)))
    more = bound(mlp, rows, rough) - bound(mlp, rows, exact)
    hidden = next(iter(trace(mlp, rows)))[1]
    wanted = 100 * UNIT * np.abs(hidden) @ np.abs(mlp.layers[1].weights.astype(np.float64)).T
    np.testing.assert_allclose(more, wanted, rtol=0.01)


def test_where_float32_may_overflow_nothing_is_claimed() -> None:
    mlp = network((2, 3, 1), "relu", "regression", standardised=False)
    rows = np.array([[1.0, 2.0], [3e38, 3e38]], np.float32)
    limit = bound(mlp, rows)
    assert np.isfinite(limit[0]).all()
    assert np.isinf(limit[1]).all()


def test_beyond_float32_not_even_a_probability_is_one() -> None:
    """Infinities may meet on the way, and what comes out be NaN."""
    mlp = network((2, 3, 1), "relu", "binary", standardised=False)
    assert np.isinf(bound(mlp, np.full((1, 2), 3e38, np.float32))).all()


def test_a_probability_is_at_most_one_off() -> None:
    twice = Dense(np.full((2, 2), 0.7, np.float32), np.ones(2, np.float32), "linear")
    apart = Dense(np.array([[1e9, -1e9]], np.float32), np.zeros(1, np.float32), "sigmoid")
    mlp = network((2, 2, 1), task="binary", layers=(twice, apart))
    limit = bound(mlp, readings(mlp, 20))
    assert (limit > 1).all()
    assert (limit < 1 + 1e-5).all()  # 1 may round to the number above


def test_an_infinite_reading_has_the_limit_of_a_saturated_unit() -> None:
    mlp = network((2, 5, 1), "tanh", "regression")
    rows = np.array([[np.inf, 0.0]], np.float32)
    exact, limit = predict(mlp, rows), bound(mlp, rows)
    assert np.isfinite(limit).all()
    assert (np.abs(replay(mlp, rows) - exact) <= limit).all()
    assert limit.max() < 1e-5


FLT_MAX = float(np.finfo(np.float32).max)


def chain(
    *layers: tuple[list[list[float]], str], scaling: tuple[float, float] | None = None
) -> Mlp:
    """A regression of layers without biases, their weights and activations given."""
    built = tuple(
        Dense(np.array(weights, np.float32), np.zeros(len(weights), np.float32), activation)
        for weights, activation in layers
    )
    widths = built[0].inputs, built[-1].outputs
    scales = None if scaling is None else Scaling(
        *(np.full(widths[0], value, np.float32) for value in scaling)
    )  # fmt: skip
    return network(widths, task="regression", layers=built, scaling=scales)


@pytest.mark.parametrize(
    ("mlp", "row"),
    [
        (chain(([[1.0]], "linear"), scaling=(-1e37, 1e37)), [FLT_MAX]),  # the difference
        (chain(([[1e-5]], "linear"), scaling=(0.0, 1e-7)), [1e33]),  # the quotient
        (chain(([[1.0]], "selu"), ([[1e-3]], "linear")), [3.3e38]),  # the activation
        (chain(([[-1.0, -1.0, 1.0]], "tanh")), [3e38, 3e38, np.inf]),  # beside an infinity
        (chain(([[-1.0, -1.0, 1.0]], "linear")), [3e38, 3e38, np.inf]),
        (chain(*([([[3e38]], "linear")] * 9)), [3e38]),  # float64 itself
    ],
)
def test_wherever_float32_may_overflow_nothing_is_claimed(mlp: Mlp, row: list[float]) -> None:
    with np.errstate(all="ignore"):
        assert np.isinf(bound(mlp, np.array([row], np.float32))).all()


def test_an_infinity_that_nothing_can_outweigh_settles_a_sum() -> None:
    mlp = chain(([[-1.0, 1.0]], "tanh"), ([[2.0]], "linear"))
    rows = np.array([[3e37, np.inf]], np.float32)
    assert predict(mlp, rows) == 2
    assert bound(mlp, rows)[0, 0] < 1e-5


@pytest.mark.parametrize(
    ("mlp", "row", "flushed"),
    [
        (chain(([[1e-38, 0.0]], "linear"), ([[8.0]], "linear")), [1e38, 1.0], 0.0),
        (chain(([[1e10]], "linear"), ([[1e-38]], "linear")), [1e10], 0.0),
        (chain(([[1.0]], "linear"), scaling=(0.0, 1.5e38)), [3e38], 0.0),
    ],
)
def test_what_counts_as_zero_is_covered(mlp: Mlp, row: list[float], flushed: float) -> None:
    """Processors may take a number below 2^-126 for 0, a weight or a reciprocal among them."""
    rows = np.array([row], np.float32)
    [[exact]], [[limit]] = predict(mlp, rows), bound(mlp, rows)
    assert exact != 0
    assert abs(exact - flushed) <= limit <= 1.01 * abs(exact)


def test_only_what_ends_in_a_probability_is_at_most_one_off() -> None:
    weights, bias = np.array([[1e9, -1e9]], np.float32), np.zeros(1, np.float32)
    first = Dense(np.full((2, 2), 0.7, np.float32), np.ones(2, np.float32), "linear")
    mlp = network((2, 2, 1), task="binary", layers=(first, Dense(weights, bias, "linear")))
    assert bound(mlp, readings(mlp, 20)).min() > 10


def test_sums_of_too_many_terms_are_not_claimed() -> None:
    wide = network((MOST_TERMS, 1), task="regression", standardised=False)
    assert np.isinf(bound(wide, readings(wide, 1))).all()


def test_a_rejected_row_has_no_error() -> None:
    mlp = encoded((Feature("a", 0.0, 1.0), Feature("b", 0.0, 1.0, fill=0.5)))
    rows = np.array([[np.nan, 0.5], [0.5, np.nan], [0.5, 0.5]], np.float32)
    limit = bound(mlp, rows)
    assert limit[0] == 0
    assert (limit[1:] > 0).all()
    assert limit[1] == limit[2]


def test_a_clip_bounds_the_error_too() -> None:
    mlp = network((3, 4, 1), task="regression")
    rows = readings(mlp, 40)
    exact = predict(mlp, rows)
    middle = float(np.float32(np.median(exact)))
    low = replace(mlp, clip=(float(np.float32(exact.min() - 9)), middle))
    limit, free = bound(low, rows), bound(mlp, rows)
    assert (limit[exact > middle + free] == 0).all()
    untouched = exact < middle - free
    np.testing.assert_allclose(limit[untouched], free[untouched], rtol=1e-6)


def test_scaling_that_divides_by_a_power_of_two_has_no_folded_rounding() -> None:
    mlp = network((1, 1), task="regression")
    layer = Dense(np.ones((1, 1), np.float32), np.zeros(1, np.float32), "linear")
    rows = np.array([[7.3]], np.float32)

    def with_deviation(deviation: float) -> float:
        scaling = Scaling(np.array([0.1], np.float32), np.array([deviation], np.float32))
        [[limit]] = bound(replace(mlp, scaling=scaling, layers=(layer,)), rows)
        return float(limit * deviation)

    assert with_deviation(2.0) < with_deviation(2.1)


def test_the_size_of_an_error_is_the_sum_of_its_symbols() -> None:
    shared: Doubles = np.array([[[1.0, -2.0], [0.0, 0.5]]])
    assert Error(shared, np.array([[0.25, 1.0]])).size.tolist() == [[3.25, 1.5]]


def test_no_rows_no_bounds() -> None:
    mlp = network()
    assert bound(mlp, np.empty((0, 8), np.float32)).shape == (0, 1)


def test_many_rows_are_bounded_as_one() -> None:
    mlp = network((8, 40, 40, 1))
    rows = readings(mlp, 700)
    alone = np.vstack([bound(mlp, row[None]) for row in rows[::97]])
    np.testing.assert_allclose(bound(mlp, rows)[::97], alone, rtol=1e-9)
