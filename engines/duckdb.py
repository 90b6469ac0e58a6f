"""A model as functions of a DuckDB connection."""

from __future__ import annotations

import os
from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

import numpy as np

from mlp_edge.data.content.values import trouble
from mlp_edge.errors import TableError
from mlp_edge.lazy import require
from mlp_edge.mlp import Floats, identifier
from mlp_edge.streaming.arrow_parts import read_column, text_of
from mlp_edge.streaming.scorer import Scorer


def register(
    connection: Any,
    model: str | os.PathLike[str],
    name: str | None = None,
    *,
    runtime: str | None = None,
    trust: bool = False,
) -> tuple[str, ...]:
    """Make SQL functions of a model: its prediction, and of a model of classes its label.

    ``NAME(a, b, …)`` takes the features in the model's order, numbers as DOUBLE and categories as
    VARCHAR, and gives a FLOAT, or FLOAT[] of a model with several outputs; ``NAME_label(a, b, …)``
    a VARCHAR. NULL is a missing reading, and what they give where there is no prediction.

    Args:
        connection: an open duckdb.DuckDBPyConnection.
        model: a model directory, or a .keras, .onnx, .tflite, .h, .js or .py file.
        name: of the function; None for the model's own.
        runtime: what predicts; None for the first that can.
        trust: run a header or script that no model directory vouches for.

    Returns:
        The names of the functions.

    Raises:
        ModelError: for a model that is missing or damaged.
        MissingError: when this machine lacks what runs it, or pyarrow.
    """
    arrow = require("pyarrow", "scale")
    scorer = Scorer(model, runtime, trust)
    features = scorer.card.features
    called = identifier(name or scorer.card.name)
    kinds = ["VARCHAR" if feature.categories else "DOUBLE" for feature in features]
    several = len(scorer.columns) > 1

    def value(*columns: Any) -> Any:
        values = _predicted(scorer, columns)
        if not several:
            return arrow.array(values[:, 0].copy(), from_pandas=True)
        flat = arrow.array(values.ravel(), from_pandas=True)
        offsets = np.arange(0, values.size + 1, values.shape[1], dtype=np.int32)
        return arrow.ListArray.from_arrays(arrow.array(offsets), flat)

    def label(*columns: Any) -> Any:
        places = scorer.label_places(_predicted(scorer, columns))
        return arrow.array([*scorer.card.labels, None], arrow.string()).take(arrow.array(places))

    functions: dict[str, tuple[Callable[..., Any], str]] = {
        called: (value, "FLOAT[]" if several else "FLOAT")
    }
    if scorer.card.labels:
        functions[f"{called}_label"] = label, "VARCHAR"
    for each, (function, gives) in functions.items():
        places = [f"x{number}" for number in range(len(features))]
        parameters = [Parameter(place, Parameter.POSITIONAL_ONLY) for place in places]
        function.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        connection.create_function(
            each, function, kinds, gives, type="arrow", null_handling="special"
        )
    return tuple(functions)


def _predicted(scorer: Scorer, columns: tuple[Any, ...]) -> Floats:
    """Predictions (rows, outputs) from a column for each feature."""
    readings = np.empty((len(columns[0]), len(columns)), np.float32)
    for index, (column, feature) in enumerate(zip(columns, scorer.card.features, strict=True)):
        whole = column.combine_chunks() if hasattr(column, "combine_chunks") else column
        readings[:, index], wrong = read_column(whole, feature)
        if wrong.any() and not feature.categories:
            cell = text_of(whole, int(wrong.argmax()))
            raise TableError(f"column {feature.name!r}: {trouble(cell)}")
    return scorer.predict(readings)
