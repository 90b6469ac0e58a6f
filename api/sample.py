"""The held-out rows of a model, as a table."""

from __future__ import annotations

from pathlib import Path

from mlp_edge.data.reading.dialect import Dialect
from mlp_edge.data.reading.read import read_table
from mlp_edge.data.reading.size import MOST_BYTES
from mlp_edge.data.table import Table
from mlp_edge.readers.model_directory import SAMPLE


def sample_table(model: Path, most: int = MOST_BYTES) -> Table:
    """The sample.csv of a model directory, in the dialect that it is written in.

    Args:
        model: the directory.
        most: bytes that a table may have, if that is more than usual; this one is no stranger's.
    """
    own = Dialect(",", ".", "utf-8", header=True, comments=False, single_quotes=False)
    return read_table(str(model / SAMPLE), own, max(most, MOST_BYTES))
