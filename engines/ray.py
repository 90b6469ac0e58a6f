"""Work on Ray: on the blocks of a table, and on a Ray dataset."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import cycle
from typing import Any

from mlp_edge.cluster import AHEAD, RAY, connected, got, processors
from mlp_edge.lazy import require
from mlp_edge.ordered import ordered
from mlp_edge.streaming.batches import BatchScorer
from mlp_edge.streaming.parts import FAIL
from mlp_edge.streaming.scorer import Scorer


class RayEngine:
    """Has blocks worked on by actors of a Ray cluster, and gives their results in order.

    Args:
        address: of the cluster; None for the one that this process is connected to, or else a new
            one on this machine.
    """

    def __init__(self, address: str | None = None) -> None:
        self._address = address

    def __call__(self, pieces: Iterable[Any], work: Callable[[Any], Any]) -> Iterator[Any]:
        """What ``work`` makes of each piece, in their order.

        Raises:
            InputError: where the cluster cannot be reached.
        """
        with connected(self._address) as ray:
            yield from _in_order(ray, pieces, work)


def _in_order(ray: Any, pieces: Iterable[Any], work: Callable[[Any], Any]) -> Iterator[Any]:
    actor = ray.remote(num_cpus=1)(_Worker)
    shared = ray.put(work)
    actors = [actor.remote(shared) for _ in range(processors(ray))]
    turns = cycle(actors)
    try:
        yield from ordered(
            pieces,
            lambda piece: partial(got, ray, next(turns).do.remote(piece)),
            AHEAD * len(actors),
        )
    finally:  # an error may keep them alive, and they their cores
        for each in actors:
            ray.kill(each)


class _Worker:
    """An actor: it opens the model once."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self._work = work

    def do(self, piece: Any) -> Any:
        return self._work(piece)


def predict(
    dataset: Any,
    model: str | os.PathLike[str],
    *,
    on_error: str = FAIL,
    runtime: str | None = None,
    trust: bool = False,
    concurrency: int | None = None,
) -> Any:
    """Add a model's predictions to a Ray dataset, every column kept.

    Each actor opens the model once, under the path that it has here: on a cluster a directory that
    every machine sees. An actor that finds another file there refuses it.

    Args:
        dataset: a ray.data.Dataset with a column for each feature.
        model: a model directory, or a .keras, .onnx, .tflite, .h, .js or .py file.
        on_error: "fail" ends the job at a row with a cell that is no reading, "skip" leaves the
            row out, "null" keeps it without a prediction.
        runtime: what predicts; None for the first that can.
        trust: run a header or script that no model directory vouches for.
        concurrency: actors; None for all cores of the cluster but one, which reads.

    Returns:
        A lazy dataset: its columns, then predictions and of a model of classes the label; NULL
        where there is none.

    Raises:
        InputError: when the dataset lacks a column that the model takes.
        ModelError: for a model that is missing or damaged.
        MissingError: when this machine lacks what runs it, or Ray.
    """
    ray = require("ray", RAY)
    scorer = BatchScorer(Scorer(model, runtime, trust), on_error)
    scorer.check(dataset.columns())
    return dataset.map_batches(
        _Batches,
        fn_constructor_args=(scorer,),
        batch_format="pyarrow",
        batch_size=ROWS,
        compute=ray.data.ActorPoolStrategy(size=concurrency or max(1, processors(ray) - 1)),
    )


ROWS = 1 << 16
"""Rows of a batch of a dataset."""


class _Batches:
    """An actor of Ray Data."""

    def __init__(self, scorer: BatchScorer) -> None:
        self._scorer = scorer

    def __call__(self, rows: Any) -> Any:
        import pyarrow as pa

        [*whole] = rows.combine_chunks().to_batches() or [
            pa.RecordBatch.from_pylist([], schema=rows.schema)
        ]
        return pa.Table.from_batches([self._scorer.predict(each) for each in whole])
