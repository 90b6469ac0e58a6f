"""A float32 layer in assembly for AVR: the bits of float32 arithmetic, rounded step by step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.chips import BY_NAME, require
from support.networks import network

from mlp_edge.card import Card
from mlp_edge.export.c.kernels import embedded, source
from mlp_edge.mlp import Floats
from mlp_edge.runtime.c import Header
from mlp_edge.runtime.chips.firmware import build

ROWS = 24


def drawn(random: np.random.Generator, size: int, kind: int) -> Floats:
    """Finite numbers, one in eight of them a zero.

    Args:
        random: draws them.
        size: how many.
        kind: 0 for any, 1 for any bits at times, 2 for whole numbers, whose sums cancel, 3 for
            numbers whose products are half way between two floats, or hardly off it.
    """
    any_number = random.normal(size=size) * 2.0 ** random.integers(-3, 4, size)
    numbers = any_number.astype(np.float32)
    if kind == 1:
        bits = random.integers(0, 2**32, size, dtype=np.uint32).view(np.float32)
        numbers = np.where(np.isfinite(bits) & (random.random(size) < 0.3), bits, numbers)
    elif kind == 2:
        numbers = np.rint(numbers)
    elif kind == 3:
        bits = numbers.view(np.uint32)
        near = bits & 0xFF800000 | 0x400000 | random.integers(0, 16, size, dtype=np.uint32)
        thirteen_digits = bits & 0xFFFFF800
        numbers = np.where(random.random(size) < 0.5, near, thirteen_digits).view(np.float32)
    return np.where(random.random(size) < 0.125, np.copysign(np.float32(0), numbers), numbers)


def layer(weights: Floats, bias: Floats) -> Header:
    """A header that is a layer and nothing else; its numbers are in flash as bits."""
    outputs, inputs = weights.shape
    tables = "\n".join(
        f"static const uint32_t {name}[] MLP_EDGE_FLASH = "
        f"{{{', '.join(map(hex, numbers.ravel().view(np.uint32)))}}};"
        for name, numbers in (("weights", weights), ("bias", bias))
    )
    kernels = "".join(map(source, ["flash", "read", *embedded(["dense"])]))
    call = (
        "static inline void net_predict(const float *x, float *y)\n"
        "{\n    mlp_edge_dense((const float *)weights, (const float *)bias, "
        f"{inputs}, {outputs}, x, y);\n}}\n"
    )
    card = Card.of(network((inputs, 3, outputs), task="regression"))
    return Header(Path("net.h"), f"{kernels}{tables}\n{call}", card, inputs, outputs)


def step_by_step(weights: Floats, bias: Floats, x: Floats) -> Floats:
    """The bias, then the products from first to last, in float32."""
    sums = bias.copy()
    with np.errstate(all="ignore"):
        for column, value in zip(weights.T, x, strict=True):
            sums = sums + column * value
    return sums


@pytest.mark.parametrize("power", [0, 63, -62], ids=["middle", "large", "small"])
@pytest.mark.parametrize("kind", range(4))
def test_a_layer_on_avr_has_the_bits_of_float32(kind: int, power: int) -> None:
    chip = require(BY_NAME["avr"])
    random = np.random.default_rng(kind)
    inputs, outputs = 1 + 4 * kind + int(random.integers(1, 4)), 11
    # Products of large numbers overflow; those of small ones reach what is subnormal.
    size = np.float32(2.0**power)

    def scaled(count: int, by: np.float32) -> Floats:
        with np.errstate(over="ignore"):
            numbers = drawn(random, count, kind) * by
        return np.where(np.isfinite(numbers), numbers, np.float32(1))

    weights = scaled(outputs * inputs, size).reshape(outputs, inputs)
    bias = scaled(outputs, size * size)
    with chip.start(build(layer(weights, bias), chip.target)) as simulator:
        for row in range(ROWS):
            x = scaled(inputs, size)
            if row < 3:
                x[-1 - row % inputs] = (np.inf, -np.inf, np.nan)[row]
            got = np.frombuffer(simulator.predict(x.tobytes()), np.float32)
            expected = step_by_step(weights, bias, x)
            np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
            right = got.view(np.uint32) == expected.view(np.uint32)
            assert np.all(right | np.isnan(expected))
