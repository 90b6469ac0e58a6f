"""A Spark frame with a model's predictions as further columns."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from mlp_edge.lazy import require
from mlp_edge.streaming.batches import BatchScorer
from mlp_edge.streaming.parts import FAIL
from mlp_edge.streaming.scorer import Scorer


def predict(
    frame: Any,
    model: str | os.PathLike[str],
    *,
    on_error: str = FAIL,
    runtime: str | None = None,
    trust: bool = False,
) -> Any:
    """Add a model's predictions to a frame, every column and the order in partitions kept.

    Each worker opens the model once, under the path that it has here: on a cluster a directory that
    every machine sees. A worker that finds another file there refuses it.

    Args:
        frame: a pyspark.sql.DataFrame with a column for each feature.
        model: a model directory, or a .keras, .onnx, .tflite, .h, .js or .py file.
        on_error: "fail" ends the job at a row with a cell that is no reading, "skip" leaves the
            row out, "null" keeps it without a prediction.
        runtime: what predicts; None for the first that can.
        trust: run a header or script that no model directory vouches for.

    Returns:
        A lazy frame: its columns, then predictions (FLOAT) and of a model of classes the label;
        NULL where there is none.

    Raises:
        InputError: when the frame lacks a column that the model takes.
        ModelError: for a model that is missing or damaged.
        MissingError: when this machine lacks what runs it, or pyspark.
    """
    types = require("pyspark.sql.types", "spark")
    scorer = BatchScorer(Scorer(model, runtime, trust), on_error)
    scorer.check(frame.columns)
    schema = types.StructType(list(frame.schema.fields))
    for name, kind in scorer.added(frame.columns):
        schema.add(name, types.StringType() if str(kind) == "string" else types.FloatType())

    def scored(batches: Iterator[Any]) -> Iterator[Any]:
        first = 1
        for batch in batches:
            yield scorer.predict(batch, first, "a partition")
            first += batch.num_rows

    return frame.mapInArrow(scored, schema)
