"""What classical pipelines put around a network in ONNX: encoders in front, classes at the end."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.feature import LARGEST_FLOAT
from mlp_edge.readers.operators.graph import Graph, Node, Operator, Result, Rows, Tensor
from mlp_edge.readers.operators.inputs import Levels, Readings
from mlp_edge.readers.operators.shapes import MOVING, movable
from mlp_edge.readers.operators.terms import Form

MOST_LEVELS = 4096
"""Categories of a feature."""

# Encoders


def _readings(walk: Graph, node: Node) -> Readings:
    found = walk.given(node, 0)
    if not isinstance(found, Readings):
        raise ModelError(f"{node.source} stands behind other operators; readings would do")
    return found


def _imputer(walk: Graph, node: Node) -> Tensor:
    """What counts in the place of a missing reading, one number or one for each."""
    readings, settings = _readings(walk, node), node.settings
    fills = settings.numbers("imputed_value_floats")
    wholes = settings.wholes("imputed_value_int64s")
    if wholes:
        fills = np.array(wholes, np.float64)
        sentinel: float | None = float(settings.whole("replaced_value_int64", 0))
    else:
        replaced = settings.number("replaced_value_float", 0.0)
        sentinel = None if math.isnan(replaced) else replaced
    columns = readings.columns.tolist()
    if fills.size not in (1, len(columns)) or not (np.abs(fills) <= LARGEST_FLOAT).all():
        raise ModelError(f"{node.source} fills {len(columns)} readings with {fills.size} numbers")
    for column, value in zip(columns, np.broadcast_to(fills, len(columns)), strict=True):
        walk.inputs.fill(column, float(np.float32(value)), sentinel, node.source)
    return readings._replace(filled=True)


def _levels(node: Node) -> Levels:
    """The categories that an encoder lists: texts, or integers that stand for themselves."""
    settings = node.settings
    for texts, wholes in (("cats_strings", "cats_int64s"), ("keys_strings", "keys_int64s")):
        names, codes = settings.texts(texts), settings.wholes(wholes)
        if names or codes:
            return Levels(tuple(names) or tuple(map(str, codes or ())),
                          tuple(range(len(names))) or tuple(codes or ()))  # fmt: skip
    raise ModelError(f"{node.source} lists no categories of text or of integers")


def encoded(walk: Graph, node: Node) -> tuple[Readings, Levels] | None:
    """The readings that a node takes as categories, and which; None where it takes none."""
    if node.operator in ENCODERS:
        found, levels = _readings(walk, node), _levels(node)
    elif node.operator == "Gather" and len(node.inputs) == 2:
        table, places = (walk.tensors.get(name) for name in node.inputs)
        if not isinstance(table, np.ndarray) or not isinstance(places, Readings):
            return None
        if table.ndim != 2 or table.dtype.kind != "f" or node.settings.whole("axis", 0):
            raise ModelError(f"{node.source} looks up what is no table of numbers")
        found, levels = places, Levels(tuple(map(str, range(len(table)))), tuple(range(len(table))))
    else:
        return None
    if len(levels.names) > MOST_LEVELS:
        raise ModelError(f"{node.source} has {len(levels.names):,} categories")
    return found, levels


def categorise(walk: Graph, node: Node) -> bool:
    """Note what a node says of the readings that it takes; whether it is an encoder."""
    found = encoded(walk, node)
    if found is not None:
        readings, levels = found
        for column in readings.columns.tolist():
            walk.inputs.categorise(column, levels, node.source)
    return found is not None


def _gather(walk: Graph, node: Node) -> Result:
    """Parts of a row; or an Embedding, which looks up numbers by a category."""
    found = encoded(walk, node)
    return MOVING["Gather"](walk, node) if found is None else _looked_up(walk, node, found[0])


def _looked_up(walk: Graph, node: Node, readings: Readings) -> Tensor:
    """The line of a table for each category."""
    table = walk.constant(node, 0)
    assert table is not None  # noqa: S101 (it has been looked at)
    form, count = _ones(walk, node, readings), readings.columns.size
    weights = np.kron(np.eye(count), table.T).astype(np.float64)
    found = walk.formulas.dense(form, None, weights, np.zeros(len(weights)), node.source)
    return Rows(found, (*readings.shape, table.shape[1]), readings.batch)


def _ones(walk: Graph, node: Node, readings: Readings) -> Form:
    """1 for the category of each reading, else 0, one after the other."""
    formulas = walk.formulas
    forms = [walk.inputs.one_hot(column, node.source) for column in readings.columns.tolist()]
    values = [formulas.made(form, None, node.source) for form in forms]
    return formulas.point(formulas.assembly.concatenated(values, node.source))


def _one_hot(walk: Graph, node: Node) -> Tensor:
    readings = _readings(walk, node)
    shape = (*readings.shape, len(_levels(node).names))
    return Rows(_ones(walk, node, readings), shape, readings.batch)


def _label_encoder(walk: Graph, node: Node) -> Tensor:
    """A number for each category, as OrdinalEncoder has them."""
    readings, levels, settings = _readings(walk, node), _levels(node), node.settings
    values = settings.numbers("values_floats")
    otherwise = settings.number("default_float", 0.0)
    if not values.size:
        values = np.array(settings.wholes("values_int64s") or [], np.float64)
        otherwise = float(settings.whole("default_int64", -1))
    if values.size != len(levels.names) or not np.isfinite(values).all():
        raise ModelError(
            f"{node.source} gives {len(levels.names)} categories {values.size} numbers"
        )
    otherwise = otherwise if math.isfinite(otherwise) else 0.0
    form, count = _ones(walk, node, readings), readings.columns.size
    weights = np.kron(np.eye(count), values - otherwise).astype(np.float64)
    bias = np.full(count, otherwise)
    found = walk.formulas.dense(form, None, weights, bias, node.source)
    return Rows(found, readings.shape, readings.batch)


# Parts


def _extracted(walk: Graph, node: Node) -> Tensor:
    """The label of the class that was chosen; or some columns."""
    labels, places = walk.given(node, 0), walk.given(node, 1)
    if isinstance(labels, np.ndarray) and isinstance(places, Rows) and places.chosen:
        walk.labels = [str(label) for label in labels.reshape(-1)]
        return places
    if isinstance(labels, np.ndarray) or not isinstance(places, np.ndarray):
        raise ModelError(f"{node.source} picks among rows")
    rows = movable(walk, node)
    grid, size = walk.grid(rows), rows.shape[-1] or 0
    at = places.reshape(-1)
    if rows.batch != 0 or at.dtype.kind not in "iu" or ((at < 0) | (at >= size)).any():
        raise ModelError(f"{node.source} picks columns that are not there")
    return walk.moved(node, rows, grid[..., at], 0)


# Classes


def _argmax(walk: Graph, node: Node) -> Tensor:
    rows = walk.rows(node)
    if node.settings.whole("axis", 0) not in (1, -1) or len(rows.shape) != 1:
        raise ModelError(f"{node.source} goes along another axis")
    return rows._replace(chosen=True)


def _zipmap(walk: Graph, node: Node) -> Tensor:
    whole = node.settings.wholes("classlabels_int64s") or []
    walk.labels = node.settings.texts("classlabels_strings") or [str(label) for label in whole]
    return walk.rows(node)


ENCODERS: Mapping[str, Operator] = {"OneHotEncoder": _one_hot, "LabelEncoder": _label_encoder}
"""Operators that say of readings that they are categories."""
CLASSICAL: Mapping[str, Operator] = {
    **ENCODERS, "Gather": _gather, "Imputer": _imputer, "ArrayFeatureExtractor": _extracted,
    "ArgMax": _argmax, "ZipMap": _zipmap,
}  # fmt: skip
