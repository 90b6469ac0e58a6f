"""Data-parallel training by parameter averaging: blocks that are learned from side by side.

In every round each worker starts from the same weights and learns from a block of its own. Then the
weights and the state of the optimizer are averaged, each as much as its block has rows (Zinkevich
et al., Parallelized Stochastic Gradient Descent, 2010). That is one exchange for a block, where
averaging gradients would take one for each step; and it is another training than that of one
worker, with fewer steps one after another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.lazy import tensorflow
from mlp_edge.mlp import Floats
from mlp_edge.training.cluster import Each, in_turn
from mlp_edge.training.streaming.program import BlockProgram, Blueprint, State


@dataclass(frozen=True)
class Team:
    """Who learns from the blocks of a round.

    Attributes:
        workers: blocks of a round; the result depends on their number, and on nothing else.
        each: what has them worked on.
    """

    workers: int = 1
    each: Each = in_turn


class Share(NamedTuple):
    """What a worker learns from in a round.

    Attributes:
        start: the state that every worker starts from.
        data: scaled rows, targets and, where rows have them, weights of a block.
        order: (rows,) int32, in which the rows are taken.
        steps: whole batches of the block.
    """

    start: State
    data: tuple[Floats, ...]
    order: NDArray[np.int32]
    steps: int


def train_round(program: BlockProgram, team: Team, shares: Sequence[Share]) -> None:
    """Have each share learned from, and leave the program in the mean of what they come to.

    Args:
        program: whose loss and metrics go on counting.
        team: who learns.
        shares: at least one; of the same start.
    """
    start = shares[0].start
    ends = list(team.each(shares, partial(_learned, program.blueprint)))
    program.resume(averaged(start, ends, [share.steps for share in shares]))


def averaged(start: State, ends: Sequence[State], sizes: Sequence[int]) -> State:
    """The state after a round.

    Numbers are means, by the sizes. Counters have gone on by what all workers counted, and sums of
    the loss by what they all added up: as many steps were taken, on as many rows.
    """
    numbers = [
        np.average(np.stack(of), axis=0, weights=sizes).astype(of[0].dtype)
        for of in zip(*(end.numbers for end in ends), strict=True)
    ]
    counters = [
        before + sum((each - before for each in of[1:]), of[0] - before)
        for before, of in zip(
            start.counters, zip(*(end.counters for end in ends), strict=True), strict=True
        )
    ]
    tally = [
        before + np.sum(np.stack(of), axis=0, dtype=before.dtype)
        for before, of in zip(
            start.tally, zip(*(end.tally for end in ends), strict=True), strict=True
        )
    ]
    return State(numbers, counters, tally)


def rounds(turns: Iterator[Any], workers: int) -> Iterator[list[Any]]:
    """The turns of an epoch, as many at a time as there are workers; the last ones may be fewer."""
    while some := list(islice(turns, workers)):
        yield some


def _learned(blueprint: Blueprint, share: Share) -> State:
    """What a worker comes to; its loss and metrics are those of its block alone."""
    program = _kept(blueprint)
    program.resume(share.start)
    program.begin()
    tensors = tuple(tensorflow().constant(each) for each in (*share.data, share.order))
    program.train(tensors[:-1], tensors[-1], 0, share.steps)
    return program.state()


@lru_cache(maxsize=2)
def _kept(blueprint: Blueprint) -> BlockProgram:
    """The program of a worker, which keeps what it compiled."""
    with tensorflow().device(blueprint.device):
        return BlockProgram(blueprint)
