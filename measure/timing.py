"""Measuring how long predictions take: everybody in turns, so that noise hits all alike."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

import numpy as np

from mlp_edge.mlp import Predict, Rows

ROUNDS = 5
"""How often everybody's turn comes, in alternating order."""
STEPS = 20
"""A sample lasts at least so many steps of the clock, so that the clock's share is below 5 %."""
ENOUGH = 100
"""With fewer samples the 99th percentile is the slowest of them."""


@dataclass
class Timing:
    """What was measured of one candidate.

    Attributes:
        calls_per_sample: predictions of one row behind each sample of latency; more than 1 only
            where the clock is too coarse for a single one.
        samples: batch size -> seconds of one call, warmed up.
    """

    calls_per_sample: int = 1
    samples: dict[int, list[float]] = field(default_factory=dict)

    def percentile(self, percent: float) -> float:
        """Seconds for one row that so many per cent of the calls stay below."""
        return float(np.percentile(self.samples[1], percent, method="higher"))

    @property
    def few(self) -> bool:
        """Whether ``percentile(99)`` is just the slowest call."""
        return len(self.samples[1]) < ENOUGH

    def rows_per_second(self, batch: int) -> float:
        """Throughput in batches of that size, from the median call."""
        return batch / median(self.samples[batch])


def clock_step() -> float:
    """Seconds between two readings of the clock that differ: no shorter time can be measured."""
    readings = [time.perf_counter() for _ in range(2000)]
    return min(after - before for before, after in pairwise(readings) if after > before)


def measure(
    candidates: Mapping[str, Predict],
    rows: Rows,
    batches: Sequence[int],
    seconds: float,
    watch: Callable[[str], None] = lambda _text: None,
) -> dict[str, Timing]:
    """Time every candidate at every batch size.

    Args:
        candidates: name -> prediction function.
        rows: real rows (n, inputs), repeated as often as a batch takes.
        batches: sizes, the first of which is 1.
        seconds: for each candidate and size, spread over ``ROUNDS`` turns. A call that is longer
            than its turn is made all the same, once.
        watch: is told what happens.
    """
    tables = {batch: _repeated(rows, batch) for batch in batches}
    timings = {}
    for name, predict in candidates.items():
        watch(f"warming up {name}")
        timings[name] = Timing(_calls_per_sample(predict, tables[1]), {size: [] for size in tables})
    for turn in range(ROUNDS):
        names = list(candidates)[:: 1 if turn % 2 == 0 else -1]
        for batch, table in tables.items():
            watch(f"round {turn + 1} of {ROUNDS}, batches of {batch:,}")
            for name in names:
                calls = timings[name].calls_per_sample if batch == 1 else 1
                turns = _turn(candidates[name], table, calls, seconds / ROUNDS)
                timings[name].samples[batch] += turns
    return timings


def _repeated(rows: Rows, count: int) -> Rows:
    return np.ascontiguousarray(np.resize(rows, (count, rows.shape[1])))


def _calls_per_sample(predict: Predict, row: Rows) -> int:
    for _ in range(3):
        predict(row)
    once = median(_turn(predict, row, 1, 0.005))
    return max(1, math.ceil(STEPS * clock_step() / once))


def _turn(predict: Predict, table: Rows, calls: int, seconds: float) -> Iterator[float]:
    """Seconds of one call, again and again until the time is up; at least once."""
    predict(table)  # whatever a new batch size sets up is not what is measured
    end = time.perf_counter() + seconds
    now = 0.0
    while now < end:
        before = time.perf_counter()
        for _ in range(calls):
            predict(table)
        now = time.perf_counter()
        yield (now - before) / calls
