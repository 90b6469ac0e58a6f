"""The held-out rows of a model, as a table, and what stands for them where there are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mlp_edge.data.reading.dialect import Dialect
from mlp_edge.data.reading.read import read_table
from mlp_edge.data.reading.size import MOST_BYTES
from mlp_edge.data.table import Table
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.proof.declared import drawn
from mlp_edge.readers.model_directory import SAMPLE, ModelDirectory
from mlp_edge.reading import check_signed

DRAWN = 200
"""Rows that stand for real ones where there are none."""
DEVIATIONS = 2.0
"""How far such rows go from the mean of a scaling, in its standard deviations."""
SEED = 17


def sample_table(model: Path, most: int = MOST_BYTES) -> Table:
    """The sample.csv of a model directory, in the dialect that it is written in.

    Args:
        model: the directory.
        most: bytes that a table may have, if that is more than usual; this one is no stranger's.

    Raises:
        VerifyError: when ``only_signed`` holds it to other bytes.
    """
    own = Dialect(",", ".", "utf-8", header=True, comments=False, single_quotes=False)
    table = read_table(str(model / SAMPLE), own, max(most, MOST_BYTES))
    check_signed(model / SAMPLE, table.sha256)
    return table


def has_sample(directory: ModelDirectory) -> bool:
    """Whether a model has rows; one that was imported may have none."""
    return directory.manifest.imported is None or (directory.path / SAMPLE).exists()


def rows_of(directory: ModelDirectory, mlp: Mlp) -> Rows:
    """The rows of a model (n, inputs), or what stands for them."""
    return directory.sample().rows if has_sample(directory) else drawn_rows(mlp)


def drawn_rows(mlp: Mlp) -> Rows:
    """Rows (DRAWN, inputs) around the scaling, or around 0; within ranges that are declared."""
    encoding = mlp.encoding
    mean, deviation = np.zeros(mlp.inputs), np.ones(mlp.inputs)
    if mlp.scaling is not None:
        numbers = len(encoding.numbers)
        mean[encoding.numbers] = mlp.scaling.mean[:numbers]
        deviation[encoding.numbers] = mlp.scaling.std[:numbers]
    low, high = mean - DEVIATIONS * deviation, mean + DEVIATIONS * deviation
    for index, feature in enumerate(mlp.features):
        if feature.codes:
            low[index], high[index] = min(feature.codes), max(feature.codes)
        low[index] = low[index] if feature.low is None else feature.low
        high[index] = high[index] if feature.high is None else feature.high
    return drawn(mlp.features, low, high, DRAWN, np.random.default_rng(SEED))
