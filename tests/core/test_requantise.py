"""Requantisation by other people's arithmetic: the proof against every sum there is."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.networks import network
from support.quantised_networks import quantised

from mlp_edge.integers.quantised import HIGHEST, MULTIPLIER_LIMIT, IntegerLayer
from mlp_edge.integers.requantise import (
    ARITHMETICS,
    agrees,
    by_double,
    by_float,
    by_single,
    differing,
    scales,
    steps,
    twice_rounded,
)

multipliers = st.integers(1, MULTIPLIER_LIMIT)
shifts = st.integers(1, 31)
sums = st.integers(-(2**31) + 1, 2**31 - 1)


# Each arithmetic, written out once more as its authors have it


def quantize_multiplier(real: Fraction) -> tuple[int, int]:
    """TFLite's: a fixed-point number in 2^30 … 2^31 - 1, and a left shift."""
    exponent = 0
    while real >= 1:
        real, exponent = real / 2, exponent + 1
    while real < Fraction(1, 2):
        real, exponent = real * 2, exponent - 1
    assert (real * 2**31).denominator == 1
    return int(real * 2**31), exponent


def doubling_high_mul(a: int, b: int) -> int:
    """gemmlowp's SaturatingRoundingDoublingHighMul."""
    nudge = 2**30 if a * b >= 0 else 1 - 2**30
    whole, sign = divmod(abs(a * b + nudge), 2**31)[0], a * b + nudge >= 0
    return whole if sign else -whole


def divide_by_pot(x: int, exponent: int) -> int:
    """gemmlowp's RoundingDivideByPOT."""
    mask = (1 << exponent) - 1
    remainder = x & mask
    threshold = (mask >> 1) + (1 if x < 0 else 0)
    return (x >> exponent) + (1 if remainder > threshold else 0)


def one(arithmetic: str, a: int, m: int, k: int) -> int:
    given_sums, multiplier, shift = (np.array([value]) for value in (a, m, k))
    return int(ARITHMETICS[arithmetic](given_sums, multiplier, shift)[0])


@given(sums, multipliers, shifts)
def test_double_is_gemmlowps(a: int, m: int, k: int) -> None:
    fixed, left = quantize_multiplier(Fraction(m, 2**k))
    assume(left <= 0)
    assert one("double", a, m, k) == divide_by_pot(doubling_high_mul(a, fixed), -left)


@given(sums, multipliers, shifts)
def test_single_rounds_once_half_up(a: int, m: int, k: int) -> None:
    fixed, left = quantize_multiplier(Fraction(m, 2**k))
    assume(left <= 0)
    total = 31 - left
    assert one("single", a, m, k) == (a * fixed + 2 ** (total - 1)) >> total


@given(sums, multipliers, shifts)
def test_float_rounds_twice_half_to_even(a: int, m: int, k: int) -> None:
    product = np.float32(a) * np.ldexp(np.float32(m), -k)
    assert one("float", a, m, k) == round(float(product))  # Python's rounds half to even


@given(multipliers, shifts)
def test_scales_are_exact(m: int, k: int) -> None:
    [scale] = scales(np.array([m]), np.array([k]))
    assert scale.dtype == np.float32
    assert Fraction(float(scale)) == Fraction(m, 2**k)


@given(multipliers, st.integers(1, 24), st.integers(1, 255))
def test_steps_are_the_first_sums_of_their_results(m: int, k: int, high: int) -> None:
    first = steps(np.array([m]), np.array([k]), high)[0]
    assert first.shape == (high,)
    half = 1 << (k - 1)
    wanted = range(1, high + 1)
    assert all((int(a) * m + half) >> k >= r for a, r in zip(first, wanted, strict=True))
    assert all(((int(a) - 1) * m + half) >> k < r for a, r in zip(first, wanted, strict=True))


# The proof


def brute(layer: IntegerLayer, largest: int, name: str) -> list[int]:
    """How many reachable sums, of every part, another arithmetic requantises otherwise."""
    low, high = layer.reach(largest)
    found = []
    for j in range(layer.outputs):
        every = np.arange(low[j], high[j] + 1)
        count = 0
        for segment in range(layer.segments):
            apart = every - segment * layer.offset[j]
            m, k = layer.multiplier[j], layer.shift[j]
            got = np.clip(ARITHMETICS[name](apart, m, k), 0, layer.high)
            wanted = np.clip((apart * m + (1 << (k - 1))) >> k, 0, layer.high)
            count += int((got != wanted).sum())
        found.append(count)
    return found


@st.composite
def small_layers(draw: st.DrawFn) -> IntegerLayer:
    """Layers whose sums can all be tried; multipliers of every kind, even ones too."""
    outputs, inputs = draw(st.integers(1, 3)), draw(st.integers(1, 3))

    def drawn(low: int, high: int, *shape: int) -> np.ndarray:
        count = int(np.prod(shape))
        values = draw(st.lists(st.integers(low, high), min_size=count, max_size=count))
        return np.array(values, np.int64).reshape(shape)

    return IntegerLayer(
        weights=drawn(-20, 20, outputs, inputs),
        bias=drawn(-3000, 3000, outputs),
        multiplier=drawn(1, MULTIPLIER_LIMIT, outputs),
        shift=drawn(10, 16, outputs),
        high=draw(st.sampled_from([7, 60, 255])),
        segments=draw(st.sampled_from([1, 4])),
        offset=drawn(0, 2000, outputs),
    )


@settings(max_examples=300)
@given(small_layers(), st.sampled_from([3, 40, 255]), st.sampled_from(sorted(ARITHMETICS)))
def test_no_difference_is_a_proof_and_a_difference_is_one(
    layer: IntegerLayer, largest: int, name: str
) -> None:
    """0 exactly where no reachable sum differs; otherwise the very number where steps move by 1."""
    told = differing(layer, largest, ARITHMETICS[name]).tolist()
    tried = brute(layer, largest, name)
    assert [count == 0 for count in told] == [count == 0 for count in tried]
    assert all(some <= every for some, every in zip(told, tried, strict=True))
    if name == "float":  # sums below 2^24 are exact in float32: a tie is all that can differ
        assert told == tried


def test_differences_are_found_where_there_are_some() -> None:
    """An even multiplier has sums half-way between two results; half to even shows there."""
    one_input = np.ones((1, 1), np.int64)
    layer = IntegerLayer(
        one_input, np.zeros(1, np.int64), np.array([512]), np.array([10]), 100, 1, np.array([0])
    )  # a result for every two sums
    assert differing(layer, 255, by_float).tolist() == [50]
    assert differing(layer, 255, by_single).tolist() == [0]


@given(multipliers, st.integers(8, 31), st.sampled_from([7, 255]))
def test_agreement_is_on_every_sum(m: int, k: int, high: int) -> None:
    """Whatever the weights: the sums around all steps, and beyond the clamp on both sides."""
    assume(m < 2**k)
    first = steps(np.array([m]), np.array([k]), high)[0]
    width = 2**k // m
    near = np.unique(first[:, None] + np.arange(-4, 4))
    far = np.random.default_rng(m).integers(
        -width, min((high + 2) * width + 2, 2**31), 3000, endpoint=False
    )
    every = np.append(near, far)
    wanted = np.clip((every * m + (1 << (k - 1))) >> k, 0, high)
    same = all(
        (np.clip(arithmetic(every, np.int64(m), np.int64(k)), 0, high) == wanted).all()
        for arithmetic in (by_float, by_single)
    )
    if agrees(m, k, high):
        assert same


def test_some_multipliers_agree_and_some_do_not() -> None:
    assert agrees(513, 16, 255)
    assert not agrees(512, 10, 255)
    odd = [agrees(m, 20, 255) for m in range(513, 1024, 2)]
    assert any(odd)


@pytest.mark.parametrize("dtype", ["int8"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_what_quantisation_makes_is_requantised_alike_by_two(activation: str, dtype: str) -> None:
    mlp = network((6, 9, 7, 3), activation, "multiclass")
    net = quantised(mlp, dtype)
    for layer, largest in zip(net.layers, net.largest, strict=True):
        assert layer.high == HIGHEST[dtype]
        for arithmetic in (by_float, by_single):
            assert differing(layer, largest, arithmetic).tolist() == [0] * layer.outputs


def test_what_double_rounding_changes_is_counted_and_is_one() -> None:
    """Two roundings move a step by a sum now and then; no result is off by more than one."""
    every = np.arange(-(2**16), 2**18)
    moved = 0
    for m in range(513, 1024, 50):
        wanted = by_single(every, np.int64(m), np.int64(18))
        got = by_double(every, np.int64(m), np.int64(18))
        assert np.abs(got - wanted).max() <= 1
        moved += int((got != wanted).sum())
    assert moved < len(every)


def test_neurons_that_a_second_rounding_touches_are_named() -> None:
    made = quantised(network((4, 6, 1)))
    named = twice_rounded(made)
    assert [len(made.layers), 2] == [2, len(named)]
    for layer, largest, neurons in zip(made.layers, made.largest, named, strict=True):
        low, high = layer.reach(largest)
        for neuron in range(layer.outputs):
            sums = np.arange(max(low[neuron], -5000), min(high[neuron], 10**6))[:, None]
            alone = replace(
                layer, bias=layer.bias[neuron : neuron + 1],
                weights=layer.weights[neuron : neuron + 1],
                multiplier=layer.multiplier[neuron : neuron + 1],
                shift=layer.shift[neuron : neuron + 1], offset=layer.offset[neuron : neuron + 1],
            )  # fmt: skip
            differs = False
            for segment in range(layer.segments):
                apart = sums - segment * alone.offset
                got = np.clip(by_double(apart, alone.multiplier, alone.shift), 0, layer.high)
                one = replace(alone, segments=1)
                differs |= bool((got != one.requantise(apart)).any())
                assert np.abs(got - one.requantise(apart)).max() <= 1
            assert differs == (neuron in neurons)
