"""One bound for every row of a box: whatever the readings, no runtime is further off.

Branch and bound (Moore, 1966): the bound of a box is loose because its slopes are those of all rows
at once; those of its halves are less so. The worst boxes are halved until the worst is hardly worse
than a row that was found, or the budget is spent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlp_edge.mlp import Mlp, Rows
from mlp_edge.proof.accuracy import ANY, Accuracy
from mlp_edge.proof.bound import Interval, bound, over
from mlp_edge.proof.box import PIECES, reaches
from mlp_edge.reference import Doubles

BUDGET = 2.0**25
"""Multiply-adds, roughly, that a certificate may take: some seconds."""
OVERHEAD = 2**10
"""Multiply-adds that a box costs however small the network: its roundings are sorted."""
ENOUGH = 1.25
"""A box is not halved whose bound is within this factor of a row's."""
ROUND = 256
"""Boxes halved at once."""
TRIED = 64
"""Rows tried in each round, one in each of the worst boxes."""
SEED = 20
_CHUNK = 2**18
"""Numbers in the largest array of a chunk of boxes."""


@dataclass(frozen=True)
class Certificate:
    """How far runtimes can be off anywhere in a box.

    Attributes:
        bounds: per output; no runtime that keeps to the model of float32 arithmetic in
            docs/explanation/proof.md is further from the exact answer. inf where that cannot be
            proved.
        seen: per output, the largest bound of a single row that was tried. The smallest provable
            bound lies between the two.
        boxes: how many were bounded.
    """

    bounds: tuple[float, ...]
    seen: tuple[float, ...]
    boxes: int


def certify(
    mlp: Mlp, box: Interval, accuracy: Mapping[str, Accuracy] = ANY, budget: float = BUDGET
) -> Certificate:
    """Bound the error of every row whose encoded inputs lie in a box.

    Args:
        mlp: the network.
        box: encoded inputs (1, width), as ``box.declared`` makes it.
        accuracy: the activations of what runs it; by default the worst of every runtime.
        budget: multiply-adds that may be spent, whole boxes at least one.
    """
    random = np.random.default_rng(SEED)
    most = max(1, int(budget / _cost(mlp)))
    boxes, bounds, count = box, _bounds(mlp, box, accuracy), 1
    rows = _rows(mlp, _chosen(box, np.zeros(min(ROUND, most), np.intp)), random)
    seen = bound(mlp, rows, accuracy).max(axis=0)
    while len(worst := _worst(boxes, bounds, seen)[: min(ROUND, (most - count) // 2)]):
        parents = _chosen(boxes, worst)
        rows = _rows(mlp, _chosen(parents, np.arange(len(worst))[:TRIED]), random)
        seen = np.maximum(seen, bound(mlp, rows, accuracy).max(axis=0))
        halves = _halves(mlp, parents)
        # A half has no row that its parent had not.
        least = np.minimum(_bounds(mlp, halves, accuracy), np.tile(bounds[worst], (2, 1)))
        others = np.delete(np.arange(len(bounds)), worst)
        kept = _chosen(boxes, others)
        boxes = Interval(*(np.vstack(ends) for ends in zip(kept, halves, strict=True)))
        bounds = np.vstack([bounds[others], least])
        count += len(least)
    return Certificate(tuple(bounds.max(axis=0).tolist()), tuple(seen.tolist()), count)


def _cost(mlp: Mlp) -> float:
    """Multiply-adds that bounding one box takes, roughly."""
    cost, symbols = OVERHEAD, 0
    for layer in mlp.layers:
        symbols += layer.inputs
        cost += layer.outputs * (layer.inputs + symbols)
    return cost


def _bounds(mlp: Mlp, boxes: Interval, accuracy: Mapping[str, Accuracy]) -> Doubles:
    """The bound (n, outputs) over each of n boxes."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.vstack([over(mlp, reaches(mlp, part), accuracy) for part in _chunks(mlp, boxes)])


def _chunks(mlp: Mlp, boxes: Interval) -> Iterator[Interval]:
    symbols = sum(layer.inputs for layer in mlp.layers)
    widest = max(layer.outputs * (layer.inputs + symbols + PIECES) for layer in mlp.layers)
    step = max(1, _CHUNK // widest)
    for start in range(0, len(boxes.low), step):
        yield _chosen(boxes, np.arange(start, min(start + step, len(boxes.low))))


def _chosen(boxes: Interval, which: NDArray[np.intp]) -> Interval:
    return Interval(boxes.low[which], boxes.high[which])


def _worst(boxes: Interval, bounds: Doubles, seen: Doubles) -> NDArray[np.intp]:
    """The boxes with a width whose bound is too far from that of a row, the furthest first."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.nan_to_num(bounds / seen, nan=1.0, posinf=np.inf).max(axis=1)
    share = np.where((boxes.high > boxes.low).any(axis=1), share, 0.0)
    order = np.argsort(-share, kind="stable")
    return np.asarray(order[share[order] > ENOUGH])


def _halves(mlp: Mlp, boxes: Interval) -> Interval:
    """Every box (n, width) in two (2n, width), along the input that moves the first sums most.

    An input that is 0 or 1 becomes either; where it is one category, it is no other.
    """
    encoding, each = mlp.encoding, np.arange(len(boxes.low))
    moves = (boxes.high - boxes.low) * np.abs(mlp.front).sum(axis=0, dtype=np.float64)
    along = np.argmax(moves if mlp.scaling is None else moves / mlp.scaling.std, axis=1)
    flag = along >= len(encoding.numbers)
    middle = boxes.low[each, along] + (boxes.high - boxes.low)[each, along] / 2
    first_high, second_low = boxes.high.copy(), boxes.low.copy()
    first_high[each, along] = np.where(flag, 0, middle)
    second_low[each, along] = np.where(flag, 1, middle)
    alone = -1 - np.arange(encoding.width - len(encoding.codes))
    feature = np.concatenate([alone, encoding.categories])
    rival = (feature == feature[along, None]) & (np.arange(encoding.width) != along[:, None])
    second_high = np.where(rival, 0, boxes.high)
    return Interval(np.vstack([boxes.low, second_low]), np.vstack([first_high, second_high]))


def _rows(mlp: Mlp, boxes: Interval, random: np.random.Generator) -> Rows:
    """A raw row (n, features) of each box: numbers at an end or in the middle, any category."""
    encoding, each = mlp.encoding, np.arange(len(boxes.low))
    rows = np.zeros((len(each), mlp.inputs))
    numbers = len(encoding.numbers)
    share = random.choice([0.0, 0.5, 1.0], size=(len(each), numbers))
    low, high = boxes.low[:, :numbers], boxes.high[:, :numbers]
    rows[:, encoding.numbers] = low + share * (high - low)
    possible = boxes.high[:, encoding.width - len(encoding.codes) :] > 0
    for index in np.unique(encoding.categories):
        own = np.flatnonzero(encoding.categories == index)
        drawn = np.argmax(possible[:, own] * (1 + random.random((len(each), len(own)))), axis=1)
        unknown = mlp.features[index].unknown_code
        rows[:, index] = np.where(possible[:, own].any(axis=1), encoding.codes[own][drawn], unknown)
    told = boxes.low[:, numbers : numbers + len(encoding.indicators)] > 0
    rows[:, encoding.indicators] = np.where(told, np.nan, rows[:, encoding.indicators])
    return np.asarray(rows, np.float32)
