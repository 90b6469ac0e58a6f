"""Whole epochs of Keras's own training as one XLA program, kept for the next model like it.

A program owns a twin of the model: the same layers, loss, metrics and optimizer, built from the
model's description (``twin``). A model's weights, its optimizer's state with the learning rate,
and any other state (seeds of dropout, moving means) are copied into the twin before training and
back after it. So a second model with the same description and the same sizes, such as another
seed of the same recipe, finds its program compiled already. What scales the readings is no part
of the twin, so the rows come scaled: once, not in every step.

The twin's weights lie end to end in one vector, and the optimizer is built for that one. Every
optimizer on offer treats each number by itself, so the mathematics is the same, and the program
has one update where it would have one per kernel and bias: it compiles in about half the time.
(An optimizer that looks at a whole kernel, or a clipnorm, would need the twin's own variables.)
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.lazy import keras, tensorflow
from mlp_edge.mlp import Floats, Rows
from mlp_edge.training.backends.projection import Projection, signs_of
from mlp_edge.training.backends.twin import describe, places, strengths, twin_of

KEPT = 8
"""How many programs are kept: folds differ by a row in the lengths of their parts."""
VALIDATION_BATCH = 1024
"""Validation rows per step. A mean over rows does not depend on it, and fewer steps are faster."""


class Part(NamedTuple):
    """What Keras learns from or watches.

    Attributes:
        rows: encoded readings (n, width) float32, before the model's own scaling.
        targets: what is learned from them (n, outputs) float32.
        weights: how much each row counts (n,) float32; None for all alike.
    """

    rows: Rows
    targets: Floats
    weights: Floats | None = None

    @property
    def arrays(self) -> tuple[Floats, ...]:
        """The arrays there are."""
        arrays = (self.rows, self.targets)
        return arrays if self.weights is None else (*arrays, self.weights)


class Sizes(NamedTuple):
    """The lengths that a program is compiled for.

    Attributes:
        rows: of the training part.
        validation: of the validation part; 0 for none.
        batch: rows per training step; the last step of an epoch takes what is left.
        epochs: the most that one call runs.
        weighted: whether the training rows have weights.
        validation_weighted: whether the validation rows have.
    """

    rows: int
    validation: int
    batch: int
    epochs: int
    weighted: bool = False
    validation_weighted: bool = False

    @property
    def steps(self) -> int:
        """Full batches in an epoch."""
        return self.rows // self.batch


class Span(NamedTuple):
    """What one call runs: several whole epochs, or a stretch of one long epoch.

    Attributes:
        epochs: how many; 1 for a stretch.
        start: the first full batch, from 0; at 0 the epoch's metrics start afresh.
        stop: one past the last; at ``Sizes.steps`` the short batch, the metrics and the
            validation follow.
    """

    epochs: int
    start: int
    stop: int


def program_for(model: Any, sizes: Sizes) -> Program:
    """The program for a compiled Keras model, on the model's device.

    A new one, or one kept from a model like it.
    """
    variables = model.trainable_variables
    device = variables[0].value.device
    return _kept(describe(model), sizes, device, signs_of(variables))


@lru_cache(maxsize=KEPT)
def _kept(description: str, sizes: Sizes, device: str, signs: bytes | None) -> Program:
    with tensorflow().device(device):
        return Program(description, sizes, device, signs)


class Program:
    """A twin of a model and the compiled loop that trains it.

    Args:
        description: what ``describe`` gives.
        sizes: of the parts that it will train on.
        device: TensorFlow's name of where the twin lies and the program runs.
        signs: of the weights (int8, end to end) where some are constrained, or None.
    """

    def __init__(
        self, description: str, sizes: Sizes, device: str, signs: bytes | None = None
    ) -> None:
        self.sizes = sizes
        self._device = device
        count = places(description)
        self._strengths = keras().Variable(np.zeros(count, np.float32), name="strengths")
        self._twin = twin_of(description, self._strengths)
        count = sum(math.prod(part.shape) for part in self._twin.trainable_variables)
        self._weights = keras().Variable(np.zeros(count, np.float32), name="weights")
        if signs is not None:
            self._weights.constraint = Projection(np.frombuffer(signs, np.int8))
        settings = self._twin.optimizer.get_config()
        self._optimizer = type(self._twin.optimizer).from_config(settings)
        # Keras makes the variables of optimizer and metrics when first used; here is the place.
        self._optimizer.build([self._weights])
        targets = np.zeros((1, *self._twin.output_shape[1:]), np.float32)
        self._twin.compute_metrics(None, targets, targets)
        logs = sorted(self._twin.get_metrics_result())
        self.logs = (*logs, *(f"val_{name}" for name in logs if sizes.validation))
        self._compiled = False
        self._epochs = tensorflow().function(self._loop, jit_compile=True, autograph=False)

    def load(self, model: Any) -> None:
        """Take over a model's weights, states and strengths."""
        self._strengths.assign(strengths(model))
        for ours, theirs in self._pairs(model):
            numbers = np.concatenate([variable.value.numpy().ravel() for variable in theirs])
            ours.assign(numbers.reshape(ours.shape))

    def store(self, model: Any) -> None:
        """Give a model the weights and states."""
        for ours, theirs in self._pairs(model):
            for variable, part in zip(theirs, _split(ours.value.numpy(), theirs), strict=True):
                variable.assign(part.reshape(variable.shape).copy())

    def snapshot(self) -> list[NDArray[Any]]:
        """A copy of the weights, those that are not trained included."""
        return [variable.value.numpy().copy() for variable in self._all_weights()]

    def restore(self, snapshot: list[NDArray[Any]]) -> None:
        """Go back to a snapshot's weights; the optimizer's state stays."""
        for variable, numbers in zip(self._all_weights(), snapshot, strict=True):
            variable.assign(numbers)

    def _all_weights(self) -> list[Any]:
        return [self._weights, *self._twin.non_trainable_weights]

    def _pairs(self, model: Any) -> list[tuple[Any, list[Any]]]:
        """Each variable here, and those of the model that lie in it end to end."""
        trained = model.trainable_variables
        if not model.optimizer.built:
            model.optimizer.build(trained)
        named = {variable.name: variable for variable in model.optimizer.variables}
        pairs, single = [(self._weights, list(trained))], []
        for ours in self._optimizer.variables:
            # Keras names a slot after its weight: "weights_momentum", "hidden1_kernel_momentum".
            _, of_weights, slot = ours.name.rpartition(_slot_prefix(self._weights))
            if of_weights:
                pairs.append((ours, [named.pop(_slot_prefix(part) + slot) for part in trained]))
            else:
                single.append(ours)
        single += self._twin.non_trainable_variables
        others = [*named.values(), *model.non_trainable_variables]
        return pairs + [(ours, [theirs]) for ours, theirs in zip(single, others, strict=True)]

    def compile(self, data: tuple[Any, ...]) -> None:
        """Compile for tensors like these, unless that is done; nothing is trained.

        Args:
            data: as ``run`` takes it.
        """
        if self._compiled:
            return
        orders = tensorflow().zeros((self.sizes.epochs, self.sizes.rows), "int32")
        nothing = (*data, orders, *_bounds(Span(epochs=0, start=1, stop=1)))
        self._epochs.get_concrete_function(*nothing)
        interruptibly(lambda: self._call(*nothing))
        self._compiled = True

    def run(self, data: tuple[Any, ...], orders: Any, span: Span) -> NDArray[np.float32]:
        """Train.

        Args:
            data: tensors: scaled rows (n, inputs), targets (n, outputs) and, where it has them,
                weights (n,) of the training part, then the same of the validation part where there
                is one, float32.
            orders: a tensor (``sizes.epochs``, n) int32: the rows of each epoch in their order.
            span: how many of the orders' epochs, or which batches of the first.

        Returns:
            (``span.epochs``, ``len(self.logs)``) float32: the logs of each epoch; zeros for a
            stretch that does not end its epoch.
        """
        logs: NDArray[np.float32] = self._call(*data, orders, *_bounds(span)).numpy()
        return logs[: span.epochs]

    def _call(self, *arguments: Any) -> Any:
        # A thread knows nothing of the device that another one is set to.
        with tensorflow().device(self._device):
            return self._epochs(*arguments)

    def _loop(self, *arguments: Any) -> Any:
        """The program: as many epochs as it is told, from one row of orders each."""
        tf = tensorflow()
        *data, orders, epochs, start, stop = arguments
        count = 3 if self.sizes.weighted else 2
        training, validation = data[:count], data[count:]
        last = self.sizes.steps * self.sizes.batch

        def batch(order: Any, first: Any, size: int) -> None:
            chosen = tf.slice(order, [first], [size])
            self._train_step(*(tf.gather(part, chosen) for part in training))

        def finish(order: Any) -> Any:
            if last < self.sizes.rows:
                batch(order, last, self.sizes.rows - last)
            return tf.stack([*self._results(), *self._validated(validation)])

        def epoch(number: Any, logs: Any) -> tuple[Any, Any]:
            order = orders[number]
            tf.cond(start == 0, self._reset, lambda: 0)
            size = self.sizes.batch
            repeat(start, stop, lambda step: batch(order, step * size, size))
            none = tf.zeros(len(self.logs))
            row = tf.cond(stop == self.sizes.steps, lambda: finish(order), lambda: none)
            return number + 1, tf.tensor_scatter_nd_update(logs, [[number]], [row])

        logs = tf.zeros((self.sizes.epochs, len(self.logs)))
        return tf.while_loop(lambda number, _: number < epochs, epoch, [0, logs])[1]

    def _validated(self, data: list[Any]) -> list[Any]:
        """Loss and metrics on the validation rows, where there are any."""
        if not data:
            return []
        size = VALIDATION_BATCH

        def batch(first: Any, size: int) -> None:
            self._test_step(*(_stretch(part, first, size) for part in data))

        self._reset()
        full = self.sizes.validation // size
        if full:
            repeat(0, full, lambda step: batch(step * size, size))
        if full * size < self.sizes.validation:
            batch(full * size, self.sizes.validation - full * size)
        return self._results()

    def _train_step(self, rows: Any, targets: Any, weights: Any = None) -> None:
        """What Keras's ``train_step`` does, with all weights in one vector."""
        with tensorflow().GradientTape() as tape:
            loss, outputs = self._forward(rows, targets, training=True, weights=weights)
        gradient = tape.gradient(loss, self._weights.value)
        self._optimizer.apply([gradient], [self._weights])
        self._tally(rows, targets, outputs, loss)

    def _test_step(self, rows: Any, targets: Any, weights: Any = None) -> None:
        loss, outputs = self._forward(rows, targets, training=False, weights=weights)
        self._tally(rows, targets, outputs, loss)

    def _forward(
        self, rows: Any, targets: Any, training: bool, weights: Any = None
    ) -> tuple[Any, Any]:
        """Loss and outputs of a batch by the twin's layers, the vector's parts as its weights."""
        variables = self._twin.trainable_variables
        lengths = [math.prod(variable.shape) for variable in variables]
        parts = [
            tensorflow().reshape(part, variable.shape)
            for part, variable in zip(
                tensorflow().split(self._weights.value, lengths), variables, strict=True
            )
        ]
        mapping = list(zip(variables, parts, strict=True))
        with keras().StatelessScope(state_mapping=mapping) as scope:
            outputs = self._twin(rows, training=training)
            loss = self._twin.compute_loss(rows, targets, outputs, weights, training=training)
        for variable in self._twin.non_trainable_variables:
            value = scope.get_current_value(variable)
            if value is not None:
                variable.assign(value)
        return loss, outputs

    def _tally(self, rows: Any, targets: Any, outputs: Any, loss: Any) -> None:
        """Count a batch in the epoch's loss, each row alike, and in the metrics."""
        tracker = self._twin.metrics[0]  # Keras keeps the loss first
        tracker.update_state(loss, sample_weight=tensorflow().shape(rows)[0])
        self._twin.compute_metrics(rows, targets, outputs)

    def _reset(self) -> int:
        self._twin.reset_metrics()
        return 0

    def _results(self) -> list[Any]:
        """Loss and metrics since the last reset, by name."""
        return [value for _, value in sorted(self._twin.get_metrics_result().items())]


def repeat(start: Any, stop: Any, step: Callable[[Any], None]) -> None:
    """``step(start)`` … ``step(stop - 1)`` inside a program."""

    def body(number: Any) -> Any:
        step(number)
        return number + 1

    tensorflow().while_loop(lambda number: number < stop, body, [start])


def _stretch(part: Any, first: Any, size: int) -> Any:
    """So many rows of a tensor (n,) or (n, width), from the first on."""
    rest = part.shape[1:]
    return tensorflow().slice(part, [first, *(0 for _ in rest)], [size, *rest])


def _bounds(span: Span) -> list[Any]:
    """A span as a program takes it: three scalars int32."""
    return [tensorflow().constant(bound, "int32") for bound in span]


def _slot_prefix(weight: Any) -> str:
    """How the names of an optimizer's variables for a weight begin."""
    return f"{weight.path.replace('/', '_')}_"


def _split(numbers: NDArray[Any], variables: list[Any]) -> list[NDArray[Any]]:
    """Numbers cut into as many as each variable holds."""
    lengths = [math.prod(variable.shape) for variable in variables]
    return np.split(numbers.ravel(), np.cumsum(lengths)[:-1])


def interruptibly(work: Callable[[], Any]) -> None:
    """Run what Python cannot interrupt beside the main thread, which Ctrl-C then stops at once."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(0.05)
    if failures:
        raise failures[0]
