"""What every layer of a network can answer over a whole box of readings.

Each number is bounded twice, by interval arithmetic (Moore, 1966) and by an affine form (de
Figueiredo and Stolfi, 2004), and the narrower counts. An affine form keeps how numbers depend on
the inputs; an activation becomes a straight line and a band around it that holds the whole curve
(Singh et al., Fast and Effective Robustness Certification, 2018; there for ReLU, sigmoid and tanh,
here for any activation whose slopes are known).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mlp_edge.mlp import Dense, Mlp, Rows
from mlp_edge.proof.bound import LARGEST, LOST, Interval, Reach, standardised
from mlp_edge.proof.declared import ranges
from mlp_edge.proof.slopes import PIECEWISE, SLOPES, slopes
from mlp_edge.proof.symbols import NAMELESS, Error, aligned, joined, named
from mlp_edge.reference import FORMULAS, Doubles
from mlp_edge.walk import columns, walk

PIECES = 8
"""A curve is held piece by piece; twice as many make a band a quarter of its excess narrower."""
ROUNDING = 2.0**-44
"""More, relatively, than float64 can be off in an activation and the band around it."""
BEYOND = 1e300
"""Stands for whatever is larger; ``bound.over`` has given up long before."""
LEAST = 2.0**-1000
"""More than float64 loses where a number is too small for it."""


class Form(NamedTuple):
    """The exact values of n boxes as affine forms.

    Attributes:
        centre: (n, units).
        spread: what is added to it, as symbols.
    """

    centre: Doubles
    spread: Error

    @property
    def radius(self) -> Doubles:
        """(n, units): no value is further from the centre."""
        return self.spread.size


Value = tuple[Form, Interval]
"""What a layer gives, as affine forms and as intervals."""


class Band(NamedTuple):
    """A strip that holds a curve: slope * z + offset, give or take the height."""

    slope: Doubles
    offset: Doubles
    height: Doubles


def declared(mlp: Mlp, sample: Rows) -> Interval:
    """The box of the declared ranges, as ``Encoding.encode`` lays its inputs out: (1, width) each.

    A number covers its range, that of the sample where none is declared, and what fills a missing
    reading; an indicator or a category is 0 to 1.
    """
    encoding = mlp.encoding
    with np.errstate(over="ignore"):
        ends = [(end, end.astype(np.float32).astype(np.float64)) for end in ranges(mlp, sample)]
    fill = encoding.fill.astype(np.float64)
    known = [*ends[0], *ends[1], fill]
    low, high = np.fmin.reduce(known), np.fmax.reduce(known)
    flags = np.zeros(encoding.width - len(encoding.numbers))
    box = Interval(
        np.concatenate([low[encoding.numbers], flags])[None],
        np.concatenate([high[encoding.numbers], flags + 1])[None],
    )
    return Interval(*(np.clip(end, -LARGEST, LARGEST) for end in box))


def reaches(mlp: Mlp, boxes: Interval) -> list[Reach]:
    """The exact values of every layer over each of n boxes.

    Args:
        mlp: the network.
        boxes: encoded inputs (n, width), not yet scaled, finite. One of no width is a row.
    """
    low, high = standardised(mlp, boxes.low), standardised(mlp, boxes.high)
    inputs = Interval(low, high).widened(4 * LOST * Interval(low, high).size)
    stack: list[Reach] = []

    def step(layer: Dense, given: Value, gate: Value | None) -> Value:
        form, reach = _of_layer(layer, given, gate)
        stack.append(reach)
        return form._replace(spread=named(form.spread, len(stack))), reach.outputs

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in walk(mlp.layers, (_apart(inputs, 0), inputs), step, _joined):
            pass
    return stack


def _joined(values: Sequence[Value]) -> Value:
    forms, intervals = zip(*values, strict=True)
    spread = joined([form.spread for form in forms])
    ends = (columns(each) for each in zip(*intervals, strict=True))
    return Form(columns([form.centre for form in forms]), spread), Interval(*ends)


def _of_layer(layer: Dense, given: Value, gate: Value | None) -> tuple[Form, Reach]:
    form, inputs = given
    form = _dense(layer, form)
    sums = _narrower(_span(form), _summed(layer, inputs))
    if layer.activation == "softmax":
        activations = _softmax(form, sums)
        form = _apart(activations, 0)
    else:
        band, activations = held(layer.activation, sums)
        form = _activated(form, band)
    if gate is None:
        return form, Reach(inputs, sums, activations, None, activations)
    form = _multiplied(form, gate[0])
    outputs = _narrower(_span(form), _products(activations, gate[1]))
    return form, Reach(inputs, sums, activations, gate[1], outputs)


def _apart(inputs: Interval, value: int) -> Form:
    """Forms of which no two share a symbol."""
    radius = (inputs.high - inputs.low) / 2
    spread = Error(np.zeros((*radius.shape, 0)), radius)
    return Form(inputs.low + radius, named(spread, value))


def _dense(layer: Dense, inputs: Form) -> Form:
    weights, bias = layer.weights.astype(np.float64), layer.bias.astype(np.float64)
    spread = inputs.spread
    told = spread.own_names != NAMELESS
    own = (weights * spread.own[:, None, :])[:, :, told]
    shared = np.concatenate([weights @ spread.shared, own], axis=2)
    names = np.concatenate([spread.names, spread.own_names[told]])
    size = (np.abs(inputs.centre) + inputs.radius) @ np.abs(weights).T + np.abs(bias)
    # What float64 itself may lose in the coefficients and in their sum.
    lost = LOST * (layer.inputs + shared.shape[2]) * size + LEAST
    return Form(inputs.centre @ weights.T + bias, Error(shared, lost, names))


def _activated(sums: Form, band: Band) -> Form:
    shared, own = band.slope[:, :, None] * sums.spread.shared, sums.spread.own
    own = np.abs(band.slope) * (own + LOST * np.abs(sums.centre)) + band.height
    centre = band.slope * sums.centre + band.offset
    return Form(centre, Error(shared, own, sums.spread.names))


def _multiplied(form: Form, gate: Form) -> Form:
    """The product of two affine forms; that of their symbols is a symbol of its own."""
    mine, theirs, names = aligned(form.spread, gate.spread)
    shared = gate.centre[:, :, None] * mine + form.centre[:, :, None] * theirs
    size = (np.abs(form.centre) + form.radius) * (np.abs(gate.centre) + gate.radius)
    own = np.abs(gate.centre) * form.spread.own + form.radius * gate.radius
    lost = LOST * (4 + len(names)) * size + LEAST
    return Form(form.centre * gate.centre, Error(shared, own + lost, names))


def _products(one: Interval, other: Interval) -> Interval:
    ends = [first * second for first in one for second in other]
    low, high = np.minimum.reduce(ends), np.maximum.reduce(ends)
    return Interval(low, high).widened(LOST * Interval(low, high).size + LEAST)


def _span(form: Form) -> Interval:
    radius = form.radius * (1 + LOST * form.spread.shared.shape[2])
    return Interval(form.centre - radius, form.centre + radius)


def _summed(layer: Dense, inputs: Interval) -> Interval:
    """The sums of a layer in interval arithmetic."""
    weights, bias = layer.weights.astype(np.float64), layer.bias.astype(np.float64)
    radius = (inputs.high - inputs.low) / 2
    centre = (inputs.low + radius) @ weights.T + bias
    lost = LOST * (layer.inputs + 4) * (inputs.size @ np.abs(weights).T + np.abs(bias))
    radius = radius @ np.abs(weights).T + lost
    return Interval(centre - radius, centre + radius)


def _narrower(one: Interval, other: Interval) -> Interval:
    """What two intervals share; a NaN, from numbers beyond float64, knows nothing."""
    low, high = np.fmax(one.low, other.low), np.fmin(one.high, other.high)
    low, high = np.nan_to_num(low, nan=-BEYOND), np.nan_to_num(high, nan=BEYOND)
    return Interval(np.clip(low, -BEYOND, BEYOND), np.clip(high, -BEYOND, BEYOND))


def held(activation: str, sums: Interval) -> tuple[Band, Interval]:
    """A band around the curve between two sums, and the interval of the curve itself.

    The band has the slope of the chord. Whether the curve is straight, convex, or turns does not
    matter: over a piece whose slopes lie in an interval, two values bound all between.
    """
    low, high = sums
    if activation in PIECEWISE:
        turns = [np.clip(point, low, high) for point, _ in SLOPES[activation].turns]
        knots = np.stack([low, *turns, high], axis=-1)
    else:
        knots = low[..., None] + (high - low)[..., None] * np.linspace(0, 1, PIECES + 1)
        knots[..., -1] = high
        if activation == "square":  # never below 0, as a root behind it has to know
            knots = np.sort(np.append(knots, np.clip(0, low, high)[..., None], axis=-1), axis=-1)
    values = FORMULAS[activation](knots)
    least, largest = slopes(activation, knots[..., :-1], knots[..., 1:])
    flattest, steepest = least.min(axis=-1), largest.max(axis=-1)
    width = high - low
    chord = np.where(width > 0, values[..., -1] - values[..., 0], 0) / np.where(width > 0, width, 1)
    slope = np.clip(chord, flattest, steepest)
    size = np.abs(values).max(axis=-1) + np.maximum(-flattest, steepest) * sums.size
    slack = ROUNDING * size
    bottom, top = _extremes(activation, knots, values, least, largest, slope)
    band = Band(slope, (bottom + top) / 2, (top - bottom) / 2 + slack + LEAST)
    activations = Interval(
        *_extremes(activation, knots, values, least, largest, np.zeros_like(slope))
    )
    everything = np.full_like(slack, BEYOND)
    # An inactive ReLU answers 0 and nothing else: no term of the next sums (``bound.tree``).
    return band, _narrower(activations.widened(slack), Interval(-everything, everything))


def _extremes(
    activation: str,
    knots: Doubles,
    values: Doubles,
    least: Doubles,
    largest: Doubles,
    slope: Doubles,
) -> tuple[Doubles, Doubles]:
    """Below and above the curve less ``slope`` * z, from its values at the knots."""
    slope = slope[..., None]
    rest = values - slope * knots
    if activation in PIECEWISE:
        return rest.min(axis=-1), rest.max(axis=-1)
    start, end, width = rest[..., :-1], rest[..., 1:], np.diff(knots, axis=-1)
    top = _peak(start, end, largest - slope, least - slope, width)
    bottom = -_peak(-start, -end, slope - least, slope - largest, width)
    return bottom.min(axis=-1), top.max(axis=-1)


def _peak(start: Doubles, end: Doubles, up: Doubles, down: Doubles, width: Doubles) -> Doubles:
    """The highest that a curve gets between two values whose slopes lie in [down, up]."""
    inside = (up > 0) & (down < 0)
    fall = np.where(inside, up - down, 1)
    # Up from the start and down to the end: where the two lines meet.
    met = start + up * ((end - start - down * width) / fall)
    return np.where(inside, np.maximum(met, np.maximum(start, end)), np.maximum(start, end))


def _softmax(form: Form, sums: Interval) -> Interval:
    """1 / sum_j e^(z_j - z_i), the differences by intervals and by affine forms."""
    units = np.arange(form.centre.shape[1])
    lost = LOST * np.abs(form.centre).max(axis=1, keepdims=True)
    ends = []
    for unit in units:
        one = np.s_[:, unit, None]
        apart = Form(
            form.centre - form.centre[one],
            Error(
                form.spread.shared - form.spread.shared[one],
                form.spread.own + form.spread.own[one] + lost,
            ),
        )
        plain = Interval(sums.low - sums.high[one], sums.high - sums.low[one])
        powers = np.exp(_narrower(_span(apart), plain))
        ends.append(1 / (1 + powers.sum(axis=2, where=units != unit)))
    high, low = np.stack(ends, axis=2)
    return Interval(low, high).widened(ROUNDING * high)
