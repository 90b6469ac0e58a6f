"""Stretches of an epoch as XLA programs: what a compiled epoch does, on a block at a time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

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


class BlockProgram(Program):
    """A twin of a model, trained on blocks of rows.

    Args:
        description: what ``twin.describe`` gives.
        lengths: of the blocks.
        device: TensorFlow's name of where it runs.
        signs: of the weights, as ``Program`` takes them.
    """

    def __init__(
        self, description: str, lengths: Lengths, device: str, signs: bytes | None = None
    ) -> None:
        validation = lengths.validation + lengths.validation_tail
        sizes = Sizes(lengths.capacity, validation, lengths.batch, 1, lengths.weighted)
        super().__init__(description, sizes, device, signs)
        self._steps = self._compiled_of(self._train_steps)
        self._tests = self._compiled_of(self._test_steps)
        self._single = self._compiled_of(self._train_step)
        self._single_test = self._compiled_of(self._test_step)
        self._few_tests = self._compiled_of(self._test_few)

    @property
    def device(self) -> str:
        """TensorFlow's name of where it runs."""
        return self._device

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
