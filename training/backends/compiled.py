"""Fitting by compiled epochs: Keras's mathematics without Keras's loop around it.

``program`` holds what is compiled. Here is what remains outside: which epochs one call runs,
what is told after each, and when to stop. A call is sized by the seconds that the calls before
it took, so that a progress bar moves and Ctrl-C is answered; the results do not depend on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.lazy import tensorflow
from mlp_edge.training.backends.program import Part, Program, Sizes, Span, program_for
from mlp_edge.training.backends.shuffling import Orders
from mlp_edge.training.backends.twin import scaling_of
from mlp_edge.training.recipe import Recipe

CALL_SECONDS = 0.2
"""How long one call should take."""
FIRST_STEPS = 32
"""Steps of the first call, when nothing has been measured yet."""
MOST_ORDERS = 2**20
"""The most row numbers that one call is given; a longer epoch gets its own alone."""

AfterEpoch = Callable[[dict[str, float]], None]
"""Called after each epoch with its logs; what it raises ends the training."""


def fit_compiled(
    model: Any,
    training: Part,
    validation: Part | None,
    recipe: Recipe,
    orders: Orders,
    after_epoch: AfterEpoch,
) -> None:
    """Train a compiled Keras model in place: its weights and its optimizer's state.

    With early stopping the weights are those of the epoch with the least validation loss, as
    Keras's ``EarlyStopping(restore_best_weights=True)`` leaves them. A training that is ended
    by an exception leaves the model as it was.

    Args:
        model: a ``keras.Model`` with loss and optimizer.
        training: what to learn from.
        validation: the validation rows, if any.
        recipe: its epochs, batch size and early stopping are used.
        orders: the order of the training rows (n,) int32 in each epoch.
        after_epoch: told the logs of each epoch, named and meant as Keras's history does.
    """
    sizes = sizes_for(training, validation, recipe)
    program = program_for(model, sizes)
    program.load(model)
    patience = Patience(recipe.early_stopping, program)
    parts = [part for part in (training, validation) if part is not None]
    data = tuple(tensor for part in parts for tensor in _tensors(model, part))
    program.compile(data)
    for span, chosen in _calls(sizes, recipe.epochs, orders, Pace()):
        rows = program.run(data, chosen, span)
        if span.stop < sizes.steps:
            continue
        for row in rows:
            logs = dict(zip(program.logs, map(float, row), strict=True))
            after_epoch(logs)
        if patience.over(logs):
            break
    if patience.best is not None:
        program.restore(patience.best)
    program.store(model)


def _tensors(model: Any, part: Part) -> list[Any]:
    """A part as a program takes it: the rows scaled by the model's own layer."""
    rows, *others = (tensorflow().constant(array) for array in part.arrays)
    scaling = scaling_of(model)
    return [rows if scaling is None else scaling(rows), *others]


def sizes_for(training: Part, validation: Part | None, recipe: Recipe) -> Sizes:
    """What a program for this fit is compiled for.

    With early stopping a call runs one epoch, because the next may not follow.
    """
    rows = len(training.rows)
    epochs = min(recipe.epochs, max(1, MOST_ORDERS // rows))
    return Sizes(
        rows=rows,
        validation=0 if validation is None else len(validation.rows),
        batch=min(recipe.batch_size, rows),
        epochs=1 if recipe.early_stopping is not None else epochs,
        weighted=training.weights is not None,
        validation_weighted=validation is not None and validation.weights is not None,
    )


class Pace:
    """How many steps fit in a call, by what the call before took."""

    def __init__(self) -> None:
        self.steps = FIRST_STEPS

    def took(self, steps: int, seconds: float) -> None:
        """Learn from a call; never more than ten times the steps at once."""
        wanted = steps * CALL_SECONDS / max(seconds, 1e-6)
        self.steps = int(min(max(wanted, 1), 10 * steps))


def _calls(sizes: Sizes, epochs: int, orders: Orders, pace: Pace) -> Iterator[tuple[Span, Any]]:
    """The spans that make up all epochs, each with the tensor of its orders.

    The pace is timed from one span to the next, so watching an epoch counts as well.
    """
    done = 0
    while done < epochs:
        each = sizes.steps + 1
        count = max(1, min(pace.steps // each, sizes.epochs, epochs - done))
        chosen = _orders_tensor(sizes, list(islice(orders, count)))
        start = 0
        while True:
            whole = count > 1 or pace.steps >= each
            stop = sizes.steps if whole else min(start + pace.steps, sizes.steps)
            began = time.perf_counter()
            yield Span(count, start, stop), chosen
            pace.took(count * (stop - start + 1), time.perf_counter() - began)
            if stop == sizes.steps:
                break
            start = stop
        done += count


def _orders_tensor(sizes: Sizes, orders: list[Any]) -> Any:
    """Orders as a program takes them: (``sizes.epochs``, n) int32, those not needed zero."""
    padded = np.zeros((sizes.epochs, sizes.rows), np.int32)
    padded[: len(orders)] = orders
    return tensorflow().constant(padded)


class Patience:
    """Keras's early stopping: the rule and the best weights.

    Attributes:
        best: the weights after the epoch with the least validation loss; None when there is
            no early stopping.
    """

    def __init__(self, epochs: int | None, program: Program) -> None:
        self.best: list[NDArray[Any]] | None = None
        self._epochs = epochs
        self._program = program
        self._least = float("inf")
        self._waited = 0

    def over(self, logs: dict[str, float]) -> bool:
        """Whether to stop after the epoch with these logs."""
        if self._epochs is None:
            return False
        self._waited += 1
        if logs["val_loss"] < self._least:
            self._least, self._waited = logs["val_loss"], 0
            self.best = self._program.snapshot()
        return self._waited >= self._epochs
