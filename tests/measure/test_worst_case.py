"""The worst case of headers in integers: of a firmware that passes over nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.chips import BY_NAME, require
from support.networks import network, readings
from support.quantised_networks import quantised

from mlp_edge.card import Card
from mlp_edge.export.c import EXPORTER
from mlp_edge.integers.quantised import Quantised
from mlp_edge.measure.cost import measure
from mlp_edge.proof.declared import drawn, ranges
from mlp_edge.runtime.c import Header
from mlp_edge.runtime.chips.firmware import build

pytestmark = pytest.mark.slow

MLP = network((4, 12, 7, 3), "relu", task="multiclass")
"""Layers in fours on AVR, in the plain order, and the last one."""
ROWS = readings(MLP, 20)

each = pytest.mark.parametrize("dtype", EXPORTER.integers)
on_chips = pytest.mark.parametrize("chip", ["avr", "cortex-m0", "cortex-m3", "rv32"])


def header_of(integers: Quantised) -> Header:
    text = EXPORTER.integers[integers.dtype](MLP, integers).decode()
    return Header(Path("net.h"), text, Card.of(MLP, integers.dtype), MLP.inputs, MLP.outputs)


def with_room(dtype: str) -> Quantised:
    """Sums so small that no unit saturates when the biases are raised."""
    integers = quantised(MLP, dtype)
    layers = (
        replace(one, weights=one.weights // 16, bias=one.bias // 16) for one in integers.layers
    )
    return replace(integers, layers=tuple(layers))


def awake(integers: Quantised) -> Quantised:
    """The same tables, but for biases of hidden layers so high that no unit is ever 0."""
    layers = list(integers.layers)
    for number, layer in enumerate(layers[:-1]):
        lowest, _ = layer.reach(integers.largest[number])
        active = 2**layer.shift // layer.multiplier + 1
        raised = np.maximum(layer.bias, layer.bias - lowest + active)
        layers[number] = replace(layer, bias=raised)
    return replace(integers, layers=tuple(layers))


@each
@on_chips
def test_a_network_whose_every_unit_is_active_takes_no_longer(chip: str, dtype: str) -> None:
    integers, simulated = with_room(dtype), require(BY_NAME[chip])
    cost = measure(header_of(integers), simulated, ROWS)
    active = measure(header_of(awake(integers)), simulated, ROWS)
    assert active.most <= cost.worst
    assert cost.most <= cost.worst < 1.6 * cost.most


@each
@on_chips
def test_no_row_of_the_ranges_takes_longer(chip: str, dtype: str) -> None:
    header, simulated = header_of(quantised(MLP, dtype)), require(BY_NAME[chip])
    cost, random = measure(header, simulated, ROWS), np.random.default_rng(3)
    low, high = ranges(MLP, readings(MLP, 200))
    rows = drawn(MLP.features, low, high, 200, random)
    with simulated.start(build(header, simulated.target)) as full:
        taken = [full.measure(row.tobytes()).count for row in rows]
    with simulated.start(build(header, simulated.target, empty=True)) as empty:
        assert max(taken) - empty.measure(rows[0].tobytes()).count <= cost.worst


@each
@on_chips
def test_its_firmware_predicts_the_same_bits(chip: str, dtype: str) -> None:
    header, simulated = header_of(quantised(MLP, dtype)), require(BY_NAME[chip])
    given = [row.tobytes() for row in ROWS]
    with simulated.start(build(header, simulated.target)) as plain:
        expected = [plain.predict(row) for row in given]
    with simulated.start(build(header, simulated.target, every_unit=True)) as active:
        assert [active.predict(row) for row in given] == expected
