"""Drafts of layers as dense layers: their weights, and the scaling of the readings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.mlp import Dense, Floats, Scaling
from mlp_edge.readers.assembling.forms import Columns, Draft, Form, Pick, Product, Scale
from mlp_edge.readers.assembling.ordering import ordered
from mlp_edge.reference import Doubles

MOST_REPEATED, MOST_ADDED = 4, 2**24
"""Weights that layers may have: so many for each one of the file, and so many more."""


class Built(NamedTuple):
    """The layers in an order in which each reads those before it, and which of them predict."""

    scaling: Scaling | None
    layers: tuple[Dense, ...]
    heads: tuple[int, ...]


def build(readings: Draft, heads: Sequence[Draft], held: int) -> Built:
    """Put the weights of layers together, in float64, and round them to float32.

    Args:
        readings: what goes in.
        heads: the layers that predict.
        held: how many weights the file holds.

    Raises:
        ModelError: for weights that float32 does not hold, and for more of them than the file
            justifies.
    """
    drafts = ordered(heads)
    size = sum(draft.width * sum(each.width for each in _form(draft).drafts) for draft in drafts)
    if size > MOST_REPEATED * held + MOST_ADDED:
        raise ModelError(f"its layers repeat their {held:,} weights until they are {size:,}")
    numbers = {readings: 0, **{draft: number for number, draft in enumerate(drafts, start=1)}}
    front = _Front(readings, drafts)
    layers = []
    for number, draft in enumerate(drafts, start=1):
        weights, bias = _weights(draft, front)
        reads = tuple(numbers[each] for each in _form(draft).drafts)
        times = None if draft.times is None else numbers[draft.times]
        layers.append(
            Dense(weights, bias, draft.activation, () if reads == (number - 1,) else reads, times)
        )
    found = tuple(numbers[head] for head in heads)
    return Built(front.scaling, tuple(layers), () if found == (len(layers),) else found)


def _form(draft: Draft) -> Form:
    assert draft.form is not None  # noqa: S101 (the readings alone have none)
    return draft.form


# Weights


def _weights(draft: Draft, front: _Front) -> tuple[Floats, Floats]:
    """Weights and biases of a layer, rounded to float32."""
    form = _form(draft)
    blocks: dict[Draft, Doubles] = {}
    bias = np.zeros(form.width)
    with np.errstate(over="ignore", invalid="ignore"):
        for part in form.parts:
            rows = np.arange(part.rows.start, part.rows.stop)
            if isinstance(part, Pick):
                factor, offset = front.of(part)
                matrix = blocks.setdefault(part.draft, np.zeros((form.width, part.draft.width)))
                matrix[rows, part.columns] += factor
                bias[rows] += offset
            else:
                bias[rows] += _multiply(part, front, blocks, form.width)
        found = np.hstack([blocks[each] for each in form.drafts]).astype(np.float32)
        biases = bias.astype(np.float32)
    if not (np.isfinite(found).all() and np.isfinite(biases).all()):
        raise ModelError(f"{draft.source} has weights that are NaN, infinite or beyond float32")
    return np.ascontiguousarray(found), biases


def _multiply(
    product: Product, front: _Front, blocks: dict[Draft, Doubles], height: int
) -> Doubles:
    """Add a product's weights to those of its layer; returns what it adds to the biases."""
    weights, bias = product.weights.astype(np.float64), product.bias.astype(np.float64)
    rows = np.arange(product.rows.start, product.rows.stop)
    for pick in product.picks:
        factor, offset = front.of(pick)
        own = weights[:, pick.rows]
        bias = bias + own @ offset
        own = own * factor * product.factor[:, None]
        shape = height, pick.draft.width
        if pick.draft not in blocks and own.shape == shape and _in_order(pick.columns):
            blocks[pick.draft] = own  # rather than added to 0, which would lose the sign of -0
        else:
            block = blocks.setdefault(pick.draft, np.zeros(shape))
            np.add.at(block, np.ix_(rows, pick.columns), own)
    return np.asarray(bias * product.factor + product.offset)


def _in_order(columns: Columns) -> bool:
    return bool((columns == np.arange(len(columns))).all())


# What stands in front of the first layer


class _Front:
    """The scaling of the readings, which keeps the digits of those far from 0.

    What scales a reading first becomes its ``Scaling``; a factor below 0 leaves its sign, a factor
    of 0 its offset to the weights. Whatever else reads the reading is told it by the scaled one.
    """

    def __init__(self, readings: Draft, drafts: Sequence[Draft]) -> None:
        self._readings = readings
        self._factor, self._offset = np.ones(readings.width), np.zeros(readings.width)
        self._mean, self._std = np.zeros(readings.width), np.ones(readings.width)
        self.scaling: Scaling | None = None
        known = np.zeros(readings.width, bool)
        for draft in drafts:
            for pick in _picks(_form(draft)):
                if pick.scale is not None:
                    new = ~known[pick.columns]
                    at = pick.columns[new]
                    self._factor[at], self._offset[at] = (each[new] for each in pick.scale)
                    known[at] = True
                    self._set(draft.source)

    def _set(self, source: str) -> None:
        zero = self._factor == 0
        factor = np.where(zero, 1, self._factor)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = (np.where(zero, 0, -self._offset / factor) + 0.0).astype(np.float32)
            std = (1 / np.abs(factor)).astype(np.float32)
        if not (np.isfinite(mean).all() and np.isfinite(std).all() and std.all()):
            raise ModelError(f"what stands before {source} scales readings beyond float32")
        self.scaling = Scaling(mean, std)
        self._mean, self._std = mean.astype(np.float64), std.astype(np.float64)

    def of(self, pick: Pick) -> tuple[Doubles, Doubles]:
        """Factor and offset of numbers, applied to readings as they are scaled."""
        if pick.draft is not self._readings:
            return pick.factor, pick.offset
        factor, offset = self._factor[pick.columns], self._offset[pick.columns]
        wanted = pick.scale or Scale(np.ones(len(factor)), np.zeros(len(factor)))
        same = (wanted.factor == factor) & (wanted.offset == offset)
        other = wanted.factor * self._std[pick.columns]
        moved = wanted.offset + wanted.factor * self._mean[pick.columns]
        inside = np.where(same, np.sign(factor), other)
        added = np.where(same, np.where(factor == 0, offset, 0), moved)
        return pick.factor * inside, pick.offset + pick.factor * added


def _picks(form: Form) -> tuple[Pick, ...]:
    return tuple(
        pick for part in form.parts for pick in ((part,) if isinstance(part, Pick) else part.picks)
    )
