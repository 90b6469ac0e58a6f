"""How much each row counts, by its class and by a column, and statistics of rows that do so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.row_weights import Weights
from mlp_edge.errors import RecipeError
from mlp_edge.mlp import Floats
from mlp_edge.settings import setting
from mlp_edge.training.class_weights import label_weights
from mlp_edge.training.examples import Examples


def class_weights(
    examples: Examples, training: NDArray[np.int64], class_weight: str
) -> Floats | None:
    """How much each row counts by its class, (n,) float32; None for all alike.

    Args:
        examples: the table; a regression has no classes and takes "none".
        training: row numbers; by their classes "balanced" counts.
        class_weight: as ``Recipe.class_weight``.

    Raises:
        RecipeError: when a label is no class.
    """
    if class_weight == "none":
        return None
    if class_weight == "balanced":
        return balanced(examples, training)
    of_class = named_weights(class_weight, examples.names[0], examples.labels)
    return np.asarray(of_class[examples.targets])


def named_weights(class_weight: str, target: str, labels: Sequence[str]) -> Floats:
    """How much a row of each class counts, (classes,) float32, where weights are named.

    Args:
        class_weight: as ``Recipe.class_weight``, neither "none" nor "balanced".
        target: the predicted column, for a message.
        labels: of the classes.

    Raises:
        RecipeError: when a label is no class.
    """
    weights = label_weights(class_weight)
    for label in weights:
        if label not in labels:
            raise RecipeError(
                f"{setting('class_weight')}: {label!r} is no class of {target!r}; its "
                f"classes are {', '.join(map(repr, labels))}"
            )
    return np.array([weights.get(label, 1.0) for label in labels], np.float32)


def balanced(examples: Examples, training: NDArray[np.int64]) -> Floats:
    """Weights (n,) by which every class counts alike in the training rows."""
    own = examples.weights_of(training)
    counts = np.bincount(examples.targets[training], own, minlength=len(examples.labels))
    least = 1 if own is None else float(own.min())  # a class without training rows has none
    return np.asarray(balanced_classes(counts, least)[examples.targets])


def balanced_classes(counts: NDArray[Any], least: float = 1) -> Floats:
    """Weights (classes,) by which classes count alike: rows / (classes x rows of the class).

    Args:
        counts: (classes,) rows of each, or the sum of what they count.
        least: what a class counts that has none.
    """
    weights = counts.sum() / (len(counts) * np.maximum(counts, least))
    return np.asarray(weights, np.float32)


def in_loss(
    rows: Weights | None, of_class: Floats | None, training: NDArray[np.int64]
) -> Floats | None:
    """How much each row counts in the loss, (n,) float32; None for all alike.

    Keras divides a batch's loss by its number of rows. So the weights of rows are scaled to a mean
    of 1 over the training rows, by which the loss of an epoch is the weighted mean.

    Args:
        rows: how much each row counts (n,), or None.
        of_class: the same by its class (n,), or None.
        training: row numbers.
    """
    if rows is None:
        return of_class
    scaled = rows / rows[training].mean()
    return np.asarray(scaled if of_class is None else scaled * of_class, np.float32)


def in_sums(
    rows: Weights | None, of_class: Floats | None, training: NDArray[np.int64]
) -> Weights | None:
    """How much each row counts beside a penalty that is not divided by rows; None for all alike.

    A row of weight 2 counts as two. Weights whose mean is below 1, such as precisions, would leave
    the penalty alone: their mean is made 1.

    Args:
        rows: how much each row counts (n,), or None.
        of_class: the same by its class (n,), or None.
        training: row numbers.
    """
    if rows is None:
        return None if of_class is None else of_class.astype(np.float64)
    scaled = rows / min(1.0, float(rows[training].mean()))
    return scaled if of_class is None else scaled * of_class


def mean_and_variance(
    values: Floats, weights: Weights | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of each column of values (n, width), each row as much as it counts (n,)."""
    exact = values.astype(np.float64)
    if weights is None:
        return exact.mean(axis=0), exact.var(axis=0)
    mean = np.average(exact, 0, weights)
    return mean, np.average((exact - mean) ** 2, 0, weights)


def median(values: Floats, weights: Weights | None = None) -> float:
    """The median of values (n,), each as often as it counts (n,)."""
    if weights is None:
        return float(np.median(values.astype(np.float64)))
    order = np.argsort(values, kind="stable")
    exact, below = values[order].astype(np.float64), np.cumsum(weights[order])
    half = below[-1] / 2
    # Half of all may end between two values, as it does with an even number of them.
    lower, upper = (np.searchsorted(below, half, side) for side in ("left", "right"))
    return float((exact[lower] + exact[min(upper, len(exact) - 1)]) / 2)
