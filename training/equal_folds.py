"""Folds of one length, so that their networks share a compiled program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mlp_edge.training.examples import Examples
from mlp_edge.training.parts import Parts

MOST_LEFT_OUT = 2
"""Training rows, and validation rows, that a fold of a search may do without."""


def alike(chosen: Sequence[Parts], examples: Examples) -> list[Parts]:
    """Folds of one length, where they differ by a row or two: the longer ones leave those out.

    Every length needs a compiled program of its own, which is most of what a trial takes. What is
    left out is of the fold's most frequent class.
    """
    training, validation = (
        [len(getattr(parts, name)) for parts in chosen] for name in ("training", "validation")
    )
    if max(np.ptp(training), np.ptp(validation)) > MOST_LEFT_OUT:
        return list(chosen)
    return [
        replace(
            parts,
            training=_shortened(parts.training, min(training), examples),
            validation=_shortened(parts.validation, min(validation), examples),
        )
        for parts in chosen
    ]


def _shortened(rows: NDArray[np.int64], length: int, examples: Examples) -> NDArray[np.int64]:
    """Row numbers without the last few of the most frequent class, or of all in a regression."""
    many = np.arange(len(rows))
    if examples.task != "regression" and len(rows):
        classes = examples.targets[rows]
        many = np.flatnonzero(classes == np.bincount(classes).argmax())
    return np.delete(rows, many[len(many) - (len(rows) - length) :])
