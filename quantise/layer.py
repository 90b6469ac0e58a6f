"""One dense layer in integers: units for its sums and activations, weights fitted to them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mlp_edge.integers.quantised import SUM_LIMIT, IntegerLayer, Integers
from mlp_edge.mlp import Dense
from mlp_edge.quantise import ranges, scales, tables
from mlp_edge.quantise.ranges import Steps
from mlp_edge.quantise.rounding import fitted, fitted_diagonals
from mlp_edge.reference import Doubles

PLAIN = ("relu", "linear")
"""Activations that the clamp of requantisation is: no table."""
SURE = 12.0
"""A sigmoid's sum of this size, a softmax's so much below the largest, is worth 6e-6."""


def activation_steps(activation: str, z: Doubles, high: int, margin: float) -> Steps:
    """What a layer's activations are to stand for, given its sums (n, outputs) in real numbers.

    A neuron has its own unit, but where one table or one softmax takes them all.
    """
    if activation == "relu":
        steps = ranges.of_activations(
            np.zeros(z.shape[1]), np.maximum(z, 0).max(axis=0), high, margin
        )
        return steps._replace(offset=np.zeros(z.shape[1]))
    if activation == "linear":
        return ranges.of_activations(z.min(axis=0), z.max(axis=0), high, margin)
    return ranges.of_activations(*_common(activation, z), high, margin).alike(z.shape[1])


def _common(activation: str, z: Doubles) -> tuple[Doubles, Doubles]:
    """One range (1,) for all sums, without what the activation makes alike anyway."""
    low, high = z.min(), z.max()
    if activation == "sigmoid":
        low, high = np.clip((low, high), -SURE, SURE)
    if activation == "softmax":
        low = max(low, z.max(axis=1).min() - SURE)
    return np.array([low]), np.array([high])


class Given(NamedTuple):
    """What goes into a layer: integers (n, inputs), the largest there can be, their meaning."""

    integers: Integers
    largest: int
    steps: Steps


class Wanted(NamedTuple):
    """What comes out: sums in real numbers and activations.

    Attributes:
        sums: (n, outputs).
        steps: what activations stand for.
        high: the largest activation of a segment.
        segments: how many activations are added up.
        short: binary digits that a step may have; 0 for any.
    """

    sums: Doubles
    steps: Steps
    high: int
    segments: int
    short: int


def layer(dense: Dense, given: Given, wanted: Wanted, dtype: str) -> tuple[IntegerLayer, Steps]:
    """The layer, and what its activations stand for: in larger steps where weights need them."""
    offset, step = wanted.steps
    real = dense.weights * given.steps.step
    bias = dense.bias + dense.weights @ given.steps.offset - offset
    spans = wanted.segments * wanted.high * step
    unit = scales.finest(real, bias, given.largest, spans, step, dtype)
    while True:
        coarse = unit / scales.COARSEST
        # One unit for all stays one; elsewhere each neuron has its own.
        step = np.maximum(step, coarse if dense.activation in PLAIN else coarse.max())
        if wanted.short:
            step = tables.short(step, wanted.short)
        chosen = scales.choose(unit, step, wanted.high, dtype, wanted.segments)
        fit = fitted if dense.diagonals is None else fitted_diagonals
        weights, biases = fit(
            real / chosen.unit[:, None],
            bias / chosen.unit,
            given.integers,
            (wanted.sums - offset) / chosen.unit,
            dtype,
        )
        made = IntegerLayer(
            weights=weights,
            bias=biases,
            multiplier=chosen.multiplier,
            shift=chosen.shift,
            high=wanted.high,
            segments=wanted.segments,
            offset=chosen.offset,
            reads=dense.reads,
        )
        beyond = made.size(given.largest) > SUM_LIMIT[dtype]
        if not beyond.any():
            return made, Steps(offset, step)
        # The fit made weights larger than those that the unit was chosen for.
        unit = np.where(beyond, 2 * chosen.unit, unit)
