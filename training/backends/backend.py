"""The training backend: compiled epochs, or Keras's own ``model.fit``.

The rule looks at counts alone, never at a clock or at what happens to be compiled already, so
that the same recipe and table go the same way every time and give the same bytes. Measured on
two CPU cores, with ``benchmarks/training.py --grid``:

* Compiling costs about as much as ``model.fit`` loses on 400 to 900 steps around the arithmetic
  (both grow together on a slower machine). From ``FEWEST_STEPS`` steps on it pays.
* An epoch costs ``model.fit`` as much as some twenty steps more (27 ms beside 1.3 ms a step), and
  its validation as much again. Networks that share a program, as folds do, count together.
* A step of 70 million multiply-adds is still twice as fast compiled; at 1,100 million
  ``model.fit`` is ahead by a third. Above ``MOST_WORK`` the arithmetic decides, there is little
  to win, and a call would be too long to interrupt.
* The validation is never cut into pieces, so a call lasts at least as long as one:
  ``MOST_VALIDATION`` multiply-adds are less than half a second.
* Several replicas (tf.distribute) are Keras's own business.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from mlp_edge.training.recipe import Recipe

FEWEST_STEPS = 1500
"""Training steps in all epochs together, with what an epoch costs besides."""
EPOCH_STEPS = 20
"""What model.fit spends around an epoch, or around a validation, in steps."""
MOST_WORK = 100_000_000
"""Multiply-adds of a step's forward pass: rows of a batch times weights."""
MOST_VALIDATION = 10_000_000_000
"""Multiply-adds of a validation: its rows times weights."""


class Backend(StrEnum):
    """The ways; each value is how a user is told."""

    COMPILED = "compiled epochs"
    KERAS_FIT = "model.fit"


def choose(model: Any, rows: int, validation_rows: int, recipe: Recipe, fits: int = 1) -> Backend:
    """The way for a model.

    Args:
        model: a built ``keras.Model`` of dense layers.
        rows: to train on.
        validation_rows: how many; 0 for none.
        recipe: its epochs and batch size are used.
        fits: how many models like this one are to be fitted.
    """
    around = EPOCH_STEPS * (2 if validation_rows else 1)
    steps = fits * (recipe.steps(rows) + recipe.epochs * around)
    weights = model.count_params()
    pays = (
        steps >= FEWEST_STEPS
        and min(recipe.batch_size, rows) * weights <= MOST_WORK
        and validation_rows * weights <= MOST_VALIDATION
        and model.distribute_strategy.num_replicas_in_sync == 1
    )
    return Backend.COMPILED if pays else Backend.KERAS_FIT
