"""Stretches of an epoch as XLA programs: what a compiled epoch does, on a block at a time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.lazy import tensorflow
from mlp_edge.training.backends.program import (
    VALIDATION_BATCH,
    Program,
    Sizes,
    interruptibly,
    repeat,
)

Tensors = tuple[Any, ...]
"""Scaled rows (capacity, inputs), targets (capacity, outputs) and, where rows have them, weights
(capacity,): float32. Those beyond the block's rows do not count."""


class Lengths(NamedTuple):
    """What the programs are compiled for.

    Attributes:
        capacity: rows of the largest block.
        batch: rows of a step.
        tail: rows of an epoch's last step, where they are fewer; 0 for none.
        validation: rows of the largest block of validation rows, whole steps; 0 for none.
        validation_tail: rows of their last step, where they are fewer; 0 for none.
        weighted: whether the training rows have weights.
    """

    capacity: int
    batch: int
    tail: int
    validation: int
    validation_tail: int
    weighted: bool


class Blueprint(NamedTuple):
    """What programs are made of; any process makes the same ones of it.

    Attributes:
        description: what ``twin.describe`` gives.
        lengths: of the blocks.
        device: TensorFlow's name of where they run.
        signs: of the weights, as ``Program`` takes them.
    """

    description: str
    lengths: Lengths
    device: str
    signs: bytes | None = None


class State(NamedTuple):
    """All that training changes.

    Attributes:
        numbers: weights, the optimizer's slots, moving means: float arrays.
        counters: steps taken, and states of random numbers: integer arrays.
        tally: sums and counts of the loss and the metrics.
    """

    numbers: list[NDArray[Any]]
    counters: list[NDArray[Any]]
    tally: list[NDArray[Any]]


class BlockProgram(Program):
    """A twin of a model, trained on blocks of rows.

    Args:
        blueprint: what it is made of.
    """

    def __init__(self, blueprint: Blueprint) -> None:
        description, lengths, device, signs = blueprint
        self.blueprint = blueprint
        validation = lengths.validation + lengths.validation_tail
        sizes = Sizes(lengths.capacity, validation, lengths.batch, 1, lengths.weighted)
        super().__init__(description, sizes, device, signs)
        self._steps = self._compiled_of(self._train_steps)
        self._tests = self._compiled_of(self._test_steps)
        self._single = self._compiled_of(self._train_step)
        self._single_test = self._compiled_of(self._test_step)
        self._few_tests = self._compiled_of(self._test_few)

    def state(self) -> State:
        """A copy of all that training changes."""
        return State(*([each.value.numpy().copy() for each in some] for some in self._changing()))

    def resume(self, state: State) -> None:
        """Go on from a state."""
        for variables, arrays in zip(self._changing(), state, strict=True):
            for variable, array in zip(variables, arrays, strict=True):
                variable.assign(array)

    def _changing(self) -> tuple[list[Any], list[Any], list[Any]]:
        """The variables behind each part of a state."""
        every = [
            self._strengths, self._weights, *self._optimizer.variables,
            *self._twin.non_trainable_variables,
        ]  # fmt: skip
        floats = [each for each in every if "float" in str(each.dtype)]
        others = [each for each in every if "float" not in str(each.dtype)]
        return floats, others, list(self._twin.metrics_variables)

    def begin(self) -> None:
        """Let the epoch's loss and metrics start afresh."""
        self._reset()

    def train(self, data: Tensors, order: Any, start: int, stop: int) -> None:
        """Train on a block.

        Args:
            data: the block.
            order: (capacity,) int32: its rows in the order in which they are taken.
            start: the first batch, from 0.
            stop: one past the last.
        """
        tf = tensorflow()
        bounds = (tf.constant(start, "int32"), tf.constant(stop, "int32"))
        self._run(self._steps, *data, order, *bounds)

    def train_last(self, data: Tensors) -> None:
        """Train on the last rows of an epoch, fewer than a batch: the block is these alone."""
        self._run(self._single, *data)

    def test(self, data: Tensors, steps: int) -> None:
        """Count validation rows (capacity,), whole steps of them."""
        self._run(self._tests, *data, tensorflow().constant(steps, "int32"))

    def test_last(self, data: Tensors) -> None:
        """Count the last validation rows, fewer than a step: the block is these alone."""
        self._run(self._single_test, *data)

    def tested(self, data: Tensors) -> list[float]:
        """Loss and metrics of validation rows that are fewer than a step, by name.

        In one program from first to last, as in a compiled epoch: XLA divides by a count that it
        knows in another way than by one that is added up.
        """
        return [float(value) for value in self._run(self._few_tests, *data).numpy()]

    def tallied(self) -> list[float]:
        """Loss and metrics since ``begin``, by name."""
        return [float(value) for value in self._results()]

    def _compiled_of(self, function: Any) -> Any:
        return tensorflow().function(function, jit_compile=True, autograph=False)

    def _run(self, program: Any, *arguments: Any) -> Any:
        answers: list[Any] = []

        def call() -> None:
            with tensorflow().device(self._device):
                answers.append(program(*arguments))

        interruptibly(call)
        return answers[0]

    def _train_steps(self, *arguments: Any) -> None:
        tf = tensorflow()
        *data, order, start, stop = arguments
        size = self.sizes.batch

        def step(number: Any) -> None:
            chosen = tf.slice(order, [number * size], [size])
            self._train_step(*(tf.gather(part, chosen) for part in data))

        repeat(start, stop, step)

    def _test_steps(self, *arguments: Any) -> None:
        tf = tensorflow()
        *data, steps = arguments
        size = VALIDATION_BATCH

        def step(number: Any) -> None:
            self._test_step(*(tf.slice(part, [number * size, 0], [size, -1]) for part in data))

        repeat(0, steps, step)

    def _test_few(self, *data: Any) -> Any:
        self._reset()
        self._test_step(*data)
        return tensorflow().stack(self._results())


def padded(array: Any, rows: int) -> Any:
    """An array of at least so many rows; those that are added are 0."""
    if len(array) >= rows:
        return array
    return np.concatenate([array, np.zeros((rows - len(array), *array.shape[1:]), array.dtype)])
