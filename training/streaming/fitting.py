"""Fitting on blocks of rows that are read while the network learns from the ones before."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.encoding import Encoding
from mlp_edge.lazy import tensorflow
from mlp_edge.mlp import Floats
from mlp_edge.training.backends.compiled import AfterEpoch, Pace, Patience
from mlp_edge.training.backends.program import VALIDATION_BATCH
from mlp_edge.training.backends.projection import signs_of
from mlp_edge.training.backends.twin import describe, scaling_of
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.streaming.parallel import Share, Team, rounds, train_round
from mlp_edge.training.streaming.program import BlockProgram, Blueprint, Lengths, Tensors, padded
from mlp_edge.training.streaming.spool import Block, Spool

AHEAD = 2
"""Blocks that are read ahead."""
ALONE = Team()
VALIDATED_AT_ONCE = 64 * VALIDATION_BATCH
"""Validation rows of a block."""


class Learned(NamedTuple):
    """Rows as a network learns from them.

    Attributes:
        inputs: encoded (n, width) float32.
        targets: (n, outputs) float32.
        weights: how much each row counts (n,) float32; None for all alike.
    """

    inputs: Floats
    targets: Floats
    weights: Floats | None


@dataclass(frozen=True, eq=False)
class Data:
    """What a network learns from, on disk, and what its rows become.

    Attributes:
        training: the rows to learn from.
        validation: the rows to watch; none is fine.
        encoding: of the readings.
        learned: targets of the file (n, any) -> what is learned of them (n, outputs) float32.
        weights: the same -> how much each row counts (n,); None for all alike.
        block: rows of a block at most.
    """

    training: Spool
    validation: Spool
    encoding: Encoding
    learned: Callable[[Floats], Floats]
    weights: Callable[[Floats], Floats] | None
    block: int

    def of(self, block: Block, weighted: bool = True) -> Learned:
        """A block as it is learned from."""
        weights = self.weights(block.targets) if weighted and self.weights is not None else None
        return Learned(self.encoded(block), self.learned(block.targets), weights)

    def encoded(self, block: Block) -> Floats:
        """A block's rows as the first layer takes them, (n, width) float32."""
        if self.encoding.plain:
            return block.readings
        return np.ascontiguousarray(self.encoding.encode(block.readings))

    def inputs(self) -> Iterator[Floats]:
        """The encoded training rows, block by block."""
        for block in self.training.blocks(self.block):
            yield self.encoded(block)


def whole_batches(block: int, batch: int) -> int:
    """Rows of a block: as many whole batches as fit in it, one at least."""
    return max(batch, block // batch * batch)


def lengths_of(data: Data, recipe: Recipe) -> Lengths:
    """What the programs for a fit are compiled for."""
    rows, watched = len(data.training), len(data.validation)
    batch = min(recipe.batch_size, rows)
    full = watched // VALIDATION_BATCH * VALIDATION_BATCH
    return Lengths(
        capacity=min(whole_batches(data.block, batch), rows),
        batch=batch,
        tail=rows % batch,
        validation=min(VALIDATED_AT_ONCE, full),
        validation_tail=watched - full,
        weighted=data.weights is not None,
    )


def program_of(model: Any, data: Data, recipe: Recipe) -> BlockProgram:
    """The programs for models like this one, on the model's device."""
    variables = model.trainable_variables
    device, signs = variables[0].value.device, signs_of(variables)
    with tensorflow().device(device):
        return BlockProgram(Blueprint(describe(model), lengths_of(data, recipe), device, signs))


def fit_blocks(
    model: Any, program: BlockProgram, data: Data, recipe: Recipe, after_epoch: AfterEpoch,
    team: Team = ALONE,
) -> None:  # fmt: skip
    """Train a compiled Keras model in place.

    Every epoch takes the blocks in a new order, and the rows of each in a new one: both follow
    from ``recipe.seed``. With one block that is the order in which compiled epochs take rows.

    Args:
        model: a ``keras.Model`` with loss and optimizer.
        program: of models like it.
        data: what it learns from.
        recipe: its epochs, batch size, early stopping and seed are used.
        after_epoch: told the logs of each epoch.
        team: who learns from the blocks, where not this process alone.
    """
    program.load(model)
    patience, pace = Patience(recipe.early_stopping, program), Pace()
    scaling = scaling_of(model) or (lambda rows: rows)
    orders = _orders(data, recipe)
    for _ in range(recipe.epochs):
        blocks = _ahead(
            program.blueprint.device, partial(_ready, program, data, scaling), next(orders)
        )
        program.begin()
        tails = (
            _in_rounds(program, blocks, team)
            if team.workers > 1
            else _one_by_one(program, blocks, pace)
        )
        if tails:
            program.train_last(tails[0])
        values = program.tallied()
        if len(data.validation):
            values += _validated(program, data, scaling)
        logs = dict(zip(program.logs, values, strict=True))
        after_epoch(logs)
        if patience.over(logs):
            break
    if patience.best is not None:
        program.restore(patience.best)
    program.store(model)


class _Turn(NamedTuple):
    """A block's turn in an epoch: its rows, and the order in which they are taken."""

    start: int
    stop: int
    order: NDArray[np.int32]


def _orders(data: Data, recipe: Recipe) -> Iterator[Iterator[_Turn]]:
    """For each epoch the turns of its blocks."""
    rows, size = len(data.training), whole_batches(data.block, recipe.batch_size)
    starts = np.arange(0, rows, size)
    blocks = np.random.default_rng((recipe.seed, len(starts)))
    random = np.random.default_rng(recipe.seed)

    def turns() -> Iterator[_Turn]:
        for start in starts[blocks.permutation(len(starts))].tolist():
            stop = min(start + size, rows)
            yield _Turn(start, stop, random.permutation(stop - start).astype(np.int32))

    while True:
        yield turns()


class _Ready(NamedTuple):
    """A block in its turn, as a program takes it.

    Attributes:
        tensors: its rows.
        order: of the rows, a tensor.
        steps: whole batches.
        tail: the rows that fill no batch; None where all do. They are the epoch's last.
    """

    tensors: Tensors
    order: Any
    steps: int
    tail: Tensors | None


def _ready(program: BlockProgram, data: Data, scaling: Callable[[Any], Any], turn: _Turn) -> _Ready:
    """Read a block, and encode and scale it."""
    size, capacity = program.sizes.batch, program.sizes.rows
    learned = data.of(data.training.block(turn.start, turn.stop))
    steps = len(turn.order) // size
    tail = None
    if steps * size < len(turn.order):
        left = turn.order[steps * size :]
        rest: list[Any] = [None if each is None else each[left] for each in learned]
        tail = _tensors(Learned(*rest), scaling)
    order = tensorflow().constant(padded(turn.order, capacity))
    return _Ready(_tensors(learned, scaling, capacity), order, steps, tail)


def _one_by_one(program: BlockProgram, blocks: Iterator[_Ready], pace: Pace) -> list[Tensors]:
    """Learn from every block in its turn; the tails that are left."""
    tails = []
    for block in blocks:
        start = 0
        while start < block.steps:
            stop = min(start + max(1, pace.steps), block.steps)
            began = time.perf_counter()
            program.train(block.tensors, block.order, start, stop)
            pace.took(stop - start, time.perf_counter() - began)
            start = stop
        tails += [] if block.tail is None else [block.tail]
    return tails


def _in_rounds(program: BlockProgram, blocks: Iterator[_Ready], team: Team) -> list[Tensors]:
    """Learn from as many blocks at a time as there are workers; the tails that are left."""
    tails = []
    for some in rounds(blocks, team.workers):
        start = program.state()
        shares = [
            Share(start, tuple(map(_array, block.tensors)), _array(block.order), block.steps)
            for block in some
            if block.steps
        ]
        if shares:
            train_round(program, team, shares)
        tails += [block.tail for block in some if block.tail is not None]
    return tails


def _array(tensor: Any) -> Any:
    return tensor.numpy()


def _validated(program: BlockProgram, data: Data, scaling: Callable[[Any], Any]) -> list[float]:
    """Loss and metrics of the validation rows, taken in their order."""
    rows = len(data.validation)
    if rows < VALIDATION_BATCH:
        learned = data.of(data.validation.block(0, rows), weighted=False)
        return program.tested(_tensors(learned, scaling))
    full = rows // VALIDATION_BATCH * VALIDATION_BATCH
    capacity = min(VALIDATED_AT_ONCE, full)

    def ready(span: tuple[int, int]) -> tuple[Tensors, int]:
        learned = data.of(data.validation.block(*span), weighted=False)
        steps = (span[1] - span[0]) // VALIDATION_BATCH
        return _tensors(learned, scaling, capacity if steps else 0), steps

    spans = [(start, min(start + capacity, full)) for start in range(0, full, capacity or 1)]
    if full < rows:
        spans.append((full, rows))
    program.begin()
    for tensors, steps in _ahead(program.blueprint.device, ready, iter(spans)):
        if steps:
            program.test(tensors, steps)
        else:
            program.test_last(tensors)
    return program.tallied()


def _tensors(learned: Learned, scaling: Callable[[Any], Any], capacity: int = 0) -> Tensors:
    """Rows as a program takes them, scaled by the model's own layer."""
    rows, *others = (
        tensorflow().constant(padded(each, capacity)) for each in learned if each is not None
    )
    return scaling(rows), *others


def _ahead(device: str, ready: Callable[[Any], Any], turns: Iterator[Any]) -> Iterator[Any]:
    """What becomes of each turn, in order, some of it worked out ahead by a thread."""
    waiting: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(AHEAD)
    over = threading.Event()

    def put(item: tuple[Any, BaseException | None]) -> None:
        while not over.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            return

    def work() -> None:
        try:
            with tensorflow().device(device):  # a thread knows nothing of another's
                for turn in turns:
                    if over.is_set():
                        return
                    put((ready(turn), None))
            put((None, StopIteration()))
        except BaseException as error:
            put((None, error))

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    try:
        while True:
            found, error = waiting.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield found
    finally:
        over.set()
        worker.join()
