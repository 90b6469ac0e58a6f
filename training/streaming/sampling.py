"""Some rows of each part in memory: for the baseline, sample.csv, calibration and advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.reading.dialect import Dialect
from mlp_edge.data.streaming.decisive import rows_as_table
from mlp_edge.data.streaming.stream import Stream
from mlp_edge.encoding import Encoding
from mlp_edge.feature import Feature
from mlp_edge.mlp import Task
from mlp_edge.training.device import ON_CPU
from mlp_edge.training.examples import Examples, reread_examples
from mlp_edge.training.parts import Parts
from mlp_edge.training.preprocessing import Preprocessed
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.run import Job
from mlp_edge.training.streaming.learning import Decided
from mlp_edge.training.streaming.parting import TESTS, TRAINS, VALIDATES
from mlp_edge.training.streaming.spool import Spool

PART = 20_000
"""Rows of each part that are held at most, drawn at random."""


@dataclass(frozen=True)
class _Model:
    """What ``reread_examples`` asks of a model."""

    features: tuple[Feature, ...]
    targets: tuple[str, ...]
    labels: tuple[str, ...]
    task: Task
    missing_targets: Mapping[str, tuple[str, ...]]


def sampled_job(
    stream: Stream, dialect: Dialect, examples: Examples, spools: Mapping[int, Spool],
    firsts: Mapping[int, int], chosen: Decided, recipe: Recipe, sha256: str,
) -> Job:  # fmt: skip
    """A job of some rows of each part, as a table in memory; of all rows where there are few.

    Args:
        stream: where the rows are from.
        dialect: as the user says.
        examples: how the columns are read.
        spools: the parts.
        firsts: a row of each part that has to be among them.
        chosen: what the training rows decided.
        recipe: resolved for the task.
        sha256: of the files.
    """
    numbers = {part: _numbers(spool, firsts.get(part), recipe) for part, spool in spools.items()}
    every = np.sort(np.concatenate(list(numbers.values())))
    table = rows_as_table(stream, every, dialect, sha256)
    model = _Model(
        chosen.features, examples.names, examples.labels, examples.task,
        {name: tuple(words) for name, words in examples.missing_targets.items()},
    )  # fmt: skip
    read = reread_examples(table, model, recipe.group, recipe.split)
    read = replace(
        read, features=examples.features, imputed=examples.imputed, reason=examples.reason,
        findings=examples.findings, ids=examples.ids, missing_targets=examples.missing_targets,
    )  # fmt: skip
    parts = Parts(*(np.searchsorted(every, numbers[part]) for part in (TRAINS, VALIDATES, TESTS)))
    data, targets = chosen.data, read.targets.reshape(len(every), -1).astype(np.float32)
    weights = None if data.weights is None else data.weights(targets)
    preprocessed = Preprocessed(
        features=chosen.features,
        inputs=np.ascontiguousarray(Encoding.of(chosen.features).encode(read.rows)),
        learned=data.learned(targets),
        scale=chosen.scale,
        weights=weights,
        clip=recipe.clip,
        counts=None if weights is None else weights.astype(np.float64),
    )
    return Job(read.table, read, parts, preprocessed, recipe, table.name, ON_CPU)


def _numbers(spool: Spool, first: int | None, recipe: Recipe) -> NDArray[np.int64]:
    """The numbers in the table of some rows of a part, ascending."""
    found = spool.numbers(spool.picked(PART, recipe.seed))
    return found if first is None else np.union1d(found, [first])
