"""How far float32 can be from the exact prediction; docs/explanation/proof.md derives it.

Each rounding is an error of its own. It is carried to the output through the signed slopes of the
rest of the network, as an affine form (de Figueiredo and Stolfi, 2004): a unit's error is a sum of
symbols of unknown value in [-1, 1], each times a signed coefficient. Symbols that reach the output
along several ways cancel there as the errors themselves do, which products of absolute matrices
lose. What is not linear (a unit whose sign the error does not settle, the curvature of a smooth
activation) is a slope within an interval: its middle goes on with the symbols, its radius becomes a
symbol of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.feature import LARGEST_FLOAT
from mlp_edge.mlp import Dense, Floats, Mlp
from mlp_edge.proof.accuracy import ANY, Accuracy
from mlp_edge.proof.slopes import slopes
from mlp_edge.proof.symbols import NAMELESS, Error, aligned, joined, named
from mlp_edge.reference import FORMULAS, Doubles
from mlp_edge.walk import columns, head_numbers, heads_of, walk

UNIT = 2.0**-24 * (1 + 2.0**-12)
"""The unit roundoff of float32, and with it that of the float64 reference, 2^-29 of it: its sums of
up to ``MOST_TERMS`` are off by less than what the last factor adds."""
MOST_TERMS = 2**16
TINY = 2.0**-126
"""What flushing a subnormal number to 0 may lose."""
LARGEST = LARGEST_FLOAT
EXACT = ("linear", "relu")
BETWEEN_0_AND_1 = ("sigmoid", "hard_sigmoid", "softmax")
LOST = 2.0**-50
"""More, relatively, than a few float64 operations of the analysis itself lose."""
MARGIN = 1 + 2.0**-7
"""What roundings make of other numbers: at most ``MOST_TERMS`` of them."""
_CHUNK = 2**20
"""Numbers in the largest array of a chunk of rows."""


class Interval(NamedTuple):
    """Arrays of lowest and highest values."""

    low: Doubles
    high: Doubles

    @property
    def size(self) -> Doubles:
        """The largest absolute value."""
        return np.maximum(np.abs(self.low), np.abs(self.high))

    def widened(self, by: Doubles) -> Interval:
        """Every number that is no further than ``by`` from one in the interval."""
        return Interval(self.low - by, self.high + by)


class Reach(NamedTuple):
    """What a layer's exact values are: of one row each, or over a box of rows.

    Attributes:
        inputs: (n, inputs), of the layer.
        pre_activations: (n, outputs), weights @ inputs + bias.
        activations: (n, outputs), what the activation makes of them.
        gate: (n, outputs or 1), the value that they are multiplied by, or None.
        outputs: (n, outputs), what the layer passes on.
    """

    inputs: Interval
    pre_activations: Interval
    activations: Interval
    gate: Interval | None
    outputs: Interval


class Slack(NamedTuple):
    """How far the numbers that something computes with may be from the network's.

    Attributes:
        weights: (outputs, inputs), absolute; of a scaling (width,), relative to what it gives.
        bias: (outputs,), absolute; of a scaling (width,), in standard deviations.
    """

    weights: Doubles
    bias: Doubles


Slacks = Mapping[int, Slack]
"""Number of a value -> how far the numbers of its layer may be off; 0 is the scaling."""
EXACTLY: Slacks = MappingProxyType({})
"""The network's own numbers."""


def bound(
    mlp: Mlp,
    rows: Floats | Doubles,
    accuracy: Mapping[str, Accuracy] = ANY,
    slacks: Slacks = EXACTLY,
) -> Doubles:
    """How far each float32 prediction can be from the exact one.

    Args:
        mlp: the network.
        rows: raw readings (n, inputs).
        accuracy: the activations of what runs it; by default the worst of every runtime.
        slacks: of what computes with other numbers than the network has.

    Returns:
        (n, outputs): the largest |runtime - exact|, and |runtime - ``reference.predict``|. inf
        where a sum may leave float32; 0 where a reading is missing that nothing fills, whose
        prediction is NaN.
    """
    rows = np.asarray(rows, np.float64)
    parts = [_of_rows(mlp, part, accuracy, slacks) for part in _chunks(mlp, rows)]
    rejected = mlp.encoding.rejected(rows)
    return np.where(rejected[:, None], 0.0, np.vstack([np.empty((0, mlp.outputs)), *parts]))


def share(distance: Doubles, bound: Doubles) -> Doubles:
    """Each difference in units of its bound; 0 where neither is anything."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((distance == 0) | np.isinf(bound), 0.0, distance / bound)


def work(mlp: Mlp) -> int:
    """Multiply-adds, roughly, that the bound of one row takes."""
    symbols, total = 0, 0
    for layer in mlp.layers:
        total += layer.inputs * layer.outputs * (symbols + 1)
        symbols += layer.inputs
    return total


def _chunks(mlp: Mlp, rows: Doubles) -> Iterator[Doubles]:
    symbols = mlp.encoding.width + sum(layer.outputs for layer in mlp.layers)
    widest = max(layer.outputs * (layer.inputs + symbols) for layer in mlp.layers)
    step = max(1, _CHUNK // widest)
    for start in range(0, len(rows), step):
        yield rows[start : start + step]


def _of_rows(mlp: Mlp, rows: Doubles, accuracy: Mapping[str, Accuracy], slacks: Slacks) -> Doubles:
    reaches = []

    def step(layer: Dense, given: Doubles, gate: Doubles | None) -> Doubles:
        z = given @ layer.weights.astype(np.float64).T + layer.bias.astype(np.float64)
        activations = FORMULAS[layer.activation](z)
        outputs = activations if gate is None else activations * gate
        values = _point(given), _point(z), _point(activations)
        reaches.append(Reach(*values, None if gate is None else _point(gate), _point(outputs)))
        return outputs

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in walk(mlp.layers, standardised(mlp, mlp.encoding.encode(rows)), step):
            pass
        return over(mlp, reaches, accuracy, slacks)


def _point(values: Doubles) -> Interval:
    return Interval(values, values)


def standardised(mlp: Mlp, inputs: Doubles) -> Doubles:
    """The inputs of the first layer (n, width), scaled where the model scales."""
    if mlp.scaling is None:
        return inputs
    mean, std = mlp.scaling.mean, mlp.scaling.std
    return (inputs - mean.astype(np.float64)) / std.astype(np.float64)


@np.errstate(over="ignore", invalid="ignore")
def over(
    mlp: Mlp,
    reaches: Sequence[Reach],
    accuracy: Mapping[str, Accuracy],
    slacks: Slacks = EXACTLY,
) -> Doubles:
    """As ``bound``, for whatever rows have these ``reaches``, one per layer: (n, outputs)."""
    layers = enumerate(reaches, start=1)

    def step(layer: Dense, given: Error, gate: Error | None) -> Error:
        number, reach = next(layers)
        sums, stated = _dense(layer, reach, given, slacks.get(number)), accuracy[layer.activation]
        if layer.activation == "softmax":
            error = _softmax(reach, sums, stated)
        else:
            error = _activated(layer.activation, reach, sums, stated)
        return named(error if gate is None else _multiplied(reach, error, gate), number)

    inputs = Interval(*(end[:, : mlp.encoding.width] for end in reaches[0].inputs))
    scaled = _scaling(mlp, inputs, slacks.get(0))
    errors = walk(mlp.layers, named(scaled, 0), step, joined)
    error = heads_of(mlp.layers, mlp.heads, errors, joined)
    size = error.size * (1 + 2.0**-32)  # float64 sums of up to 2^20 symbols
    heads = [reaches[number - 1].outputs for number in head_numbers(mlp.layers, mlp.heads)]
    outputs = Interval(*(columns(ends) for ends in zip(*heads, strict=True)))
    left = size if mlp.clip is None else _clipped(outputs, size, *mlp.clip)
    # What lies between 0 and 1 is no further off, but for a last rounding beyond.
    spans = [
        1 + 16 * UNIT if head.activation in BETWEEN_0_AND_1 and head.times is None else np.inf
        for head in mlp.head_layers
        for _ in range(head.outputs)
    ]
    # Beyond float32 there may be NaN, which no clip and no sigmoid makes a number.
    return np.where(np.isfinite(size), np.minimum(left, spans), np.inf)


def _clipped(activations: Interval, size: Doubles, low: float, high: float) -> Doubles:
    """The most that a clip leaves of an error, up or down, over all predictions."""
    up = np.clip((low + high - size) / 2, *activations)
    down = np.clip((low + high + size) / 2, *activations)
    return np.maximum(
        np.clip(up + size, low, high) - np.clip(up, low, high),
        np.clip(down, low, high) - np.clip(down - size, low, high),
    )


def _scaling(mlp: Mlp, scaled: Interval, slack: Slack | None) -> Error:
    """(x - mean) / deviation in two roundings, or times a reciprocal that is rounded itself."""
    n, width = scaled.low.shape
    if mlp.scaling is None:
        return Error(np.zeros((n, width, 0)), np.zeros((n, width)))
    std = mlp.scaling.std.astype(np.float64)
    folded = np.abs(mlp.scaling.reciprocal.astype(np.float64) * std - 1)
    relative = (2 * UNIT + folded) * (1 + 4 * UNIT)
    numbers = np.arange(width) < len(mlp.encoding.numbers)
    if slack is not None:
        relative = relative + slack.weights * MARGIN
    size = np.where(np.isinf(scaled.size), 0, scaled.size * relative)
    if slack is not None:
        size = size + slack.bias * MARGIN
    # A reading, a mean or a reciprocal below 2^-126 may count as 0.
    flushed = np.where(mlp.scaling.reciprocal < TINY, np.minimum(scaled.size, LARGEST), 0)
    own = np.where(numbers, size + flushed + TINY * (1 + 2 / std), 0)
    # Neither the difference nor the quotient may leave float32, unless the reading has.
    largest = scaled.size * np.maximum(std, 1) * (1 + relative)
    own = np.where(np.isinf(scaled.size) | (largest < LARGEST), own, np.inf)
    return Error(np.zeros((n, width, 0)), own)


def _dense(layer: Dense, reach: Reach, inputs: Error, slack: Slack | None) -> Error:
    """What a layer makes of its inputs' errors, and the roundings of its products and sums."""
    size = inputs.size
    off = (size > 0).any(axis=0)  # the others are exact in every row: half of them behind a ReLU
    weights = layer.weights[:, off].astype(np.float64)
    told = inputs.own_names[off] != NAMELESS
    own = inputs.own[:, None, off][:, :, told]
    shared = np.concatenate([weights @ inputs.shared[:, off], weights[:, told] * own], axis=2)
    names = np.concatenate([inputs.names, inputs.own_names[off][told]])
    # What float64 itself may lose in these coefficients.
    lost = LOST * (layer.inputs + shared.shape[2]) * (size[:, off] @ np.abs(weights).T)
    carried = np.abs(shared).sum(axis=2)
    rounded = _summing(layer, reach, size, reach.pre_activations.size + carried)
    if slack is not None:
        finite = np.where(np.isinf(reach.inputs.size), 0, reach.inputs.size)  # an infinity settles
        rounded += ((finite + size) @ slack.weights.T + slack.bias) * MARGIN
    # An infinite reading settles a sum, if what is finite of it cannot overflow.
    infinite = np.isinf(reach.pre_activations.low) & (
        reach.pre_activations.low == reach.pre_activations.high
    )
    infinite &= np.isinf(reach.inputs.low).any(axis=1, keepdims=True)
    own = np.where(infinite, np.where(np.isfinite(rounded), 0, np.inf), rounded + lost)
    return Error(np.where(infinite[:, :, None], 0, shared), own, names)


def _summing(layer: Dense, reach: Reach, error: Doubles, total: Doubles) -> Doubles:
    """The roundings (n, outputs) of a sum of products and a bias, taken in whatever order.

    Args:
        layer: the layer.
        reach: its exact values.
        error: (n, inputs), the largest errors of its inputs.
        total: (n, outputs), the largest sums, errors included.
    """
    weights, bias = layer.weights.astype(np.float64), layer.bias.astype(np.float64)
    low, high = (np.where(np.isinf(end), 0, end) for end in reach.inputs)  # an infinity is exact
    size = Interval(low, high).size + error
    total = np.where(np.isinf(total), size @ np.abs(weights).T + np.abs(bias), total)
    ends = weights * low[:, None, :], weights * high[:, None, :]
    spread = np.abs(weights) * error[:, None, :]
    above = np.maximum(np.maximum(*ends) + spread, 0)
    below = np.maximum(spread - np.minimum(*ends), 0)
    products = np.maximum(above, below).sum(axis=2)
    above, below = (
        np.concatenate([side, np.broadcast_to(np.maximum(end, 0)[:, None], (*total.shape, 1))], 2)
        for side, end in ((above, bias), (below, -bias))
    )
    count = np.count_nonzero((above > 0) | (below > 0), axis=2)
    nodes, largest = tree(above, below, count, total)
    # Terms and partial sums are themselves off by a few roundings each (Higham, 2002, 3.1).
    terms = count + 2
    higher = 2 * UNIT * terms * (products + nodes + terms * (products + np.abs(bias)))
    rounded = np.where(products > 0, UNIT * (products + nodes + higher), 0) + 2 * TINY * terms
    # What is multiplied may count as 0 itself, below 2^-126, however large its partner.
    rounded += TINY * np.abs(weights).sum(axis=1)
    rounded += size @ np.where(np.abs(weights) < TINY, np.abs(weights), 0).T
    provable = (largest * (1 + 4 * UNIT * terms) < LARGEST) & (terms < MOST_TERMS)
    return np.where(provable, rounded, np.inf)


def tree(
    above: Doubles, below: Doubles, count: NDArray[np.intp], total: Doubles
) -> tuple[Doubles, Doubles]:
    """The sizes of all partial sums, added up, for the worst order (docs/explanation/proof.md).

    Args:
        above: (..., terms), how large each term may be above 0.
        below: (..., terms), how far below.
        count: (...), how many terms are not 0 for certain.
        total: (...), how large the whole sum may be.

    Returns:
        (...): the sum over all partial sums of two or more terms, in whatever tree; and the
        largest that one of them can be.
    """
    tops = (np.cumsum(-np.sort(-side, axis=-1), axis=-1) for side in (above, below))
    most = np.maximum(*tops)
    chain = np.cumsum(most, axis=-1) - most[..., :1]

    def at(values: Doubles, terms: NDArray[np.intp]) -> Doubles:
        index = np.maximum(terms - 1, 0)[..., None]
        return np.where(terms > 0, np.take_along_axis(values, index, axis=-1)[..., 0], 0)

    half = count // 2
    in_turn = at(chain, count - 1) + total
    in_halves = (half + 1) * total + 2 * at(chain, half) + at(most, half)
    return np.where(count > 1, np.minimum(in_turn, in_halves), 0), most[..., -1]


def _activated(activation: str, reach: Reach, sums: Error, stated: Accuracy) -> Error:
    """What an activation makes of the error in its argument, and its own."""
    size = sums.size
    near = reach.pre_activations.widened(size)
    least, largest = slopes(activation, *near)
    steepest = np.maximum(np.abs(least), np.abs(largest))
    middle, radius = (least + largest) / 2, (largest - least) / 2
    inexact = np.zeros_like(size)
    if activation not in EXACT:
        activations = reach.activations.size + steepest * size
        inexact += UNIT * (stated.relative * activations + stated.absolute) + 4 * TINY
    if stated.linear:
        inexact += UNIT * stated.linear * near.size
    if stated.product:
        inexact += UNIT * stated.product * np.where(activations > 0, near.size, 0) * activations
    stays = (
        np.isinf(reach.activations.low)
        & (reach.activations.low == reach.activations.high)
        & (size == 0)
    )
    within = reach.activations.size + size * np.maximum(steepest, 1) + inexact < LARGEST
    own = np.abs(middle) * sums.own + (radius + LOST * np.abs(middle)) * size + inexact
    own = np.where(stays, 0, np.where(within, own, np.inf))
    told = (within & ~stays)[:, :, None]
    shared = np.where(told, middle[:, :, None] * sums.shared, 0)
    return Error(shared, own, sums.names)


def _multiplied(reach: Reach, error: Error, gate: Error) -> Error:
    """The error of activations times a gate: both errors, their product, and a rounding.

    Over a box the factor of either error is an interval, whose radius counts in full.
    """
    assert reach.gate is not None  # noqa: S101 (the walk gives a gate where there is one)
    (value, spread), (factor, width) = (_centred(each) for each in (reach.activations, reach.gate))
    own_size, gate_size = error.size, gate.size
    mine, theirs, names = aligned(error, gate)
    shared = factor[:, :, None] * mine + value[:, :, None] * theirs
    largest = (reach.activations.size + own_size) * (reach.gate.size + gate_size)
    own = np.abs(factor) * error.own + width * own_size + spread * gate_size
    own = own + own_size * gate_size + UNIT * largest
    own += TINY * (1 + reach.activations.size + own_size + reach.gate.size + gate_size)
    own += LOST * np.abs(shared).sum(axis=2)
    provable = np.isfinite(own) & (largest * (1 + 4 * UNIT) < LARGEST)
    shared = np.where(provable[:, :, None], shared, 0)
    return Error(shared, np.where(provable, own, np.inf), names)


def _centred(interval: Interval) -> tuple[Doubles, Doubles]:
    """The middle and the radius."""
    return (interval.low + interval.high) / 2, (interval.high - interval.low) / 2


def _softmax(reach: Reach, sums: Error, stated: Accuracy) -> Error:
    """The same for softmax, whose errors are relative.

    With errors d, log(softmax_i) moves by d_i - sum_j p_j d_j - h, and 0 <= h <= (max |d|)^2 / 2
    (Hoeffding's lemma). A symbol that moves all sums alike moves nothing. Over a box, where of the
    p_j little is known but their sum, d_i - sum_j p_j d_j = sum_j p_j (d_i - d_j) is at most
    (1 - p_i) times the largest d_i - d_j, and p_i (1 - p_i) at most a quarter.
    """
    low, high = reach.activations
    middle, radius = (low + high) / 2, (high - low) / 2
    size = sums.size
    mean = np.einsum("nc,ncs->ns", middle, sums.shared)
    apart = np.abs(sums.shared - mean[:, None, :]).sum(axis=2)
    others = (high * sums.own).sum(axis=1, keepdims=True) - high * sums.own
    largest = size.max(axis=1, keepdims=True)
    box = (radius * size).sum(axis=1, keepdims=True)
    lost = LOST * high.shape[1] * largest
    moved = apart + lost + (1 - low) * sums.own + others + box
    gap = _gap(sums) + lost if (radius > 0).any() else 2 * largest
    even = np.clip(0.5, low, high)
    # The exponent z - max z is rounded; e^ is as exact as stated; a sum in any order; a reciprocal.
    top = reach.pre_activations.high.max(axis=1, keepdims=True)
    exponent = top - reach.pre_activations.low + 2 * largest
    # p_j <= e^-(z_max - z_j), and t e^-t <= 1 / e.
    weighted = np.minimum(high * exponent, 0.37 + 2 * high * largest)
    order = np.cumsum(-np.sort(-high, axis=1), axis=1)[:, 1:].sum(axis=1, keepdims=True)
    count = high.shape[1]
    alike = weighted.sum(axis=1, keepdims=True) + 2 * stated.relative + np.minimum(order, count) + 3
    unit = UNIT * (1 + UNIT * count)
    relative = np.minimum(moved, (1 - low) * gap) + largest**2 / 2 + unit * (exponent + alike)
    absolute = (
        np.minimum(high * moved, even * (1 - even) * gap)
        + high * largest**2 / 2
        + unit * (weighted + high * alike)
    )
    own = absolute * np.expm1(relative) / relative + UNIT * stated.absolute + 4 * TINY * count
    return Error(np.zeros((*high.shape, 0)), own)


def _gap(sums: Error) -> Doubles:
    """(n, units): how far the error of each sum can be from that of any other."""
    gap = np.zeros_like(sums.own)
    for unit in range(gap.shape[1]):
        apart = np.abs(sums.shared - sums.shared[:, unit, None]).sum(axis=2)
        apart += sums.own + sums.own[:, unit, None]
        gap[:, unit] = np.delete(apart, unit, axis=1).max(axis=1)
    return gap
