"""Monotone constraints: kernels whose signs keep a prediction from falling when a reading rises.

Every unit of a hidden layer has a direction, up or down in turn. A weight between two units, or
between a constrained input and a unit, has the sign that makes the two directions agree; weights of
other inputs are free. So every path from a constrained input to a prediction has the sign that was
asked for, and as no activation falls, neither does the prediction (Sill, Monotonic Networks, 1998).
Units of both directions are what makes a network of ReLUs more than convex: one that goes down
behind one that goes up levels off (Runje and Shankaranarayana, Constrained Monotonic Neural
Networks, 2023, reach the same by mirrored activations).

After each step, weights that have the wrong sign become 0: the nearest kernels that are allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlp_edge.data.examples import no_column
from mlp_edge.data.quoting import plain, shown
from mlp_edge.encoding import Encoding
from mlp_edge.errors import RecipeError, TableError
from mlp_edge.feature import Feature
from mlp_edge.lazy import keras
from mlp_edge.proof.monotone import Directions
from mlp_edge.settings import setting
from mlp_edge.training.backends.projection import Projection, Signs
from mlp_edge.training.examples import Examples


def check_columns(examples: Examples, wanted: Directions) -> None:
    """Refuse columns whose readings cannot rise.

    Raises:
        TableError: for a column that there is not, or that nothing is learned from.
        RecipeError: for a category.
    """
    source, features = plain(examples.table.source), {each.name: each for each in examples.features}
    for column in wanted:
        if column not in examples.table.columns:
            purpose = f" for {setting('monotone')}"
            raise TableError(no_column(examples.table, [column], purpose))
        if column not in features:
            what = "is predicted" if column in examples.names else "is not learned from"
            raise TableError(
                f"{source}: {setting('monotone')} names {shown(column)}, which {what}; it takes "
                "columns to predict from"
            )
        if features[column].kind == "category":
            raise RecipeError(
                f"{setting('monotone')}: {shown(column)} holds categories, which have no order; "
                f"{setting('numeric', [column])} would read numbers as numbers"
            )


def of_inputs(features: Sequence[Feature], wanted: Directions) -> Signs:
    """The direction (width,) of each input of the first layer; 0 where none is asked for.

    Only the number itself is constrained: whether it was missing is another input.
    """
    encoding = Encoding.of(features)
    found = np.zeros(encoding.width, np.int8)
    named = [wanted.get(features[index].name, 0) for index in encoding.numbers]
    found[: len(named)] = named
    return found


def hold(model: Any, inputs: Signs, fresh: bool) -> None:
    """Constrain the kernels of a network; batch normalisation is kept from turning a unit round.

    Args:
        model: of dense layers, as ``network.build`` makes it or as one was saved.
        inputs: (width,) as ``of_inputs`` gives it; zeros constrain nothing.
        fresh: whether nothing was learned yet: then the weights get their signs, and keep their
            sizes. Otherwise they have them.
    """
    if not inputs.any():
        return
    dense = [layer for layer in model.layers if isinstance(layer, keras().layers.Dense)]
    up = np.ones(dense[-1].units, np.int8)
    hidden = [_in_turn(layer.units) for layer in dense[:-1]] if fresh else _found(dense[1:], up)
    for layer, before, after in zip(dense, [inputs, *hidden], [*hidden, up], strict=True):
        signs, kernel = np.outer(before, after), layer.kernel.value.numpy()
        layer.kernel.assign(np.where(signs == 0, kernel, np.abs(kernel) * signs))
        layer.kernel.constraint = Projection(signs)
    for layer in model.layers:
        if isinstance(layer, keras().layers.BatchNormalization):
            layer.gamma.constraint = Projection(np.ones(layer.gamma.shape, np.int8))


def _in_turn(units: int) -> Signs:
    return np.where(np.arange(units) % 2, -1, 1).astype(np.int8)


def _found(dense: Sequence[Any], up: Signs) -> list[Signs]:
    """The direction of the units that each layer reads, by the signs of its weights."""
    found = [up]
    for layer in reversed(dense):
        sums = (layer.kernel.value.numpy() * found[0]).sum(axis=1)
        found.insert(0, np.where(sums < 0, -1, 1).astype(np.int8))
    return found[:-1]
