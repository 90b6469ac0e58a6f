"""Operators of ONNX that move numbers without changing them: shapes, constants, classes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.readers.importing.onnx_graph import Graph, Node, Operator, Rows, Tensor, refusal


def _flatten(walk: Graph, node: Node) -> Tensor:
    rows = walk.rows(node)
    if node.settings.whole("axis", 1) != 1:
        raise ModelError(f"{node.source} makes one row of several")
    return _reshaped(walk, node, rows, [-1])


def _reshape(walk: Graph, node: Node) -> Tensor:
    found, target = walk.given(node, 0), walk.constant(node, 1)
    if target is None:
        raise ModelError(f"{node.source} reshapes to what stands elsewhere")
    sizes = [int(size) for size in target.reshape(-1)]
    if not isinstance(found, Rows):
        return found.reshape(sizes)
    if found.chosen:
        return found
    if sizes == [-1] and found.shape in ((1,), ()):
        return found._replace(shape=())
    if not sizes or sizes[0] not in (-1, 0, walk.batch):
        raise ModelError(f"{node.source} makes {sizes} of rows"[:160])
    return _reshaped(walk, node, found, sizes[1:])


def _reshaped(walk: Graph, node: Node, rows: Rows, sizes: Sequence[int]) -> Rows:
    if None in rows.shape:
        if len(sizes) != 1 or len(rows.shape) != 1:
            raise ModelError(f"{node.source} reshapes rows whose shape the file does not tell")
        return rows
    width = math.prod(size for size in rows.shape if size is not None)
    known = math.prod(size for size in sizes if size > 0)
    found = [width // known if size == -1 and known else size for size in sizes]
    if math.prod(found) != width or min(found, default=1) < 1:
        raise ModelError(f"{node.source} makes rows of the shape {tuple(sizes)} of "
                         f"{rows.shape}"[:200])  # fmt: skip
    return rows._replace(shape=tuple(found))


def _squeeze(walk: Graph, node: Node) -> Tensor:
    found = walk.given(node, 0)
    axes = _axes(walk, node)
    if not isinstance(found, Rows):
        return np.squeeze(found, None if axes is None else tuple(axes))
    rank = len(found.shape) + 1
    gone = [place + 1 for place, size in enumerate(found.shape) if size == 1]
    if axes is not None:
        gone = [axis % rank for axis in axes if -rank <= axis < rank]
    if any(place == 0 or found.shape[place - 1] != 1 for place in gone):
        raise ModelError(f"{node.source} takes axes {axes} out of rows of {found.shape}"[:160])
    kept = tuple(size for place, size in enumerate(found.shape, 1) if place not in gone)
    return found._replace(shape=kept)


def _unsqueeze(walk: Graph, node: Node) -> Tensor:
    found, axes = walk.given(node, 0), _axes(walk, node)
    if axes is None:
        raise ModelError(f"{node.source} lacks its axes")
    if not isinstance(found, Rows):
        return np.expand_dims(found, tuple(axes))
    rank = len(found.shape) + 1 + len(axes)
    places = sorted(axis % rank for axis in axes if -rank <= axis < rank)
    if len(set(places)) != len(axes) or 0 in places:
        raise ModelError(f"{node.source} puts axes {axes} into rows of {found.shape}"[:160])
    sizes = list(found.shape)
    for place in places:
        sizes.insert(place - 1, 1)
    return found._replace(shape=tuple(sizes))


def _axes(walk: Graph, node: Node) -> list[int] | None:
    axes = walk.constant(node, 1)
    return node.settings.wholes("axes") if axes is None else [int(one) for one in axes.reshape(-1)]


def _shape_of(walk: Graph, node: Node) -> Tensor:
    rows = walk.rows(node)
    if None in rows.shape:
        raise ModelError(f"{node.source} asks for a shape that the file does not tell")
    return np.array([-1, *rows.shape], np.int64)


def _gather(walk: Graph, node: Node) -> Tensor:
    """Of shapes alone."""
    data, places = walk.given(node, 0), walk.constant(node, 1)
    if isinstance(data, Rows) or places is None or data.ndim != 1:
        raise ModelError(refusal(node))
    return data[places.astype(np.intp)]


def _concat(walk: Graph, node: Node) -> Tensor:
    """Of shapes, and of the two probabilities of a binary classifier."""
    parts = [walk.given(node, place) for place in range(len(node.inputs))]
    if all(not isinstance(part, Rows) and part.ndim == 1 and part.size < 10 for part in parts):
        return np.concatenate([np.asarray(part) for part in parts], node.settings.whole("axis", 0))
    if len(parts) == 2 and all(isinstance(part, Rows) and part.shape == (1,) for part in parts):
        one, other = (walk.rows(node, place) for place in (0, 1))
        if node.settings.whole("axis", 1) in (1, -1) and (
            walk.formulas.is_one_minus(one.form, other.form)
        ):
            return other._replace(pair=True)
    raise ModelError(f"{node.source} joins branches; layers in one line would do")


def _constant_of(walk: Graph, node: Node) -> Tensor:
    settings = node.settings
    found = settings.tensor("value")
    if found is not None:
        return found
    if settings.has("value_float"):
        return np.array(settings.number("value_float", 0.0))
    if settings.has("value_floats"):
        return settings.numbers("value_floats")
    if settings.has("value_int"):
        return np.array(settings.whole("value_int", 0))
    if settings.has("value_ints"):
        return np.array(settings.wholes("value_ints"), np.int64)
    raise ModelError(f"{node.source} holds what mlp-edge does not read")


# Classes


def _argmax(walk: Graph, node: Node) -> Tensor:
    rows = walk.rows(node)
    if node.settings.whole("axis", 0) not in (1, -1) or len(rows.shape) != 1:
        raise ModelError(f"{node.source} goes along another axis")
    return rows._replace(chosen=True)


def _extracted(walk: Graph, node: Node) -> Tensor:
    """The label of the class that was chosen."""
    labels, chosen = walk.given(node, 0), walk.rows(node, 1)
    if isinstance(labels, Rows) or not chosen.chosen:
        raise ModelError(f"{node.source} picks among rows")
    walk.labels = [str(label) for label in labels.reshape(-1)]
    return chosen


def _zipmap(walk: Graph, node: Node) -> Tensor:
    whole = node.settings.wholes("classlabels_int64s") or []
    walk.labels = node.settings.texts("classlabels_strings") or [str(label) for label in whole]
    return walk.rows(node)


MOVING: Mapping[str, Operator] = {
    "Constant": _constant_of, "Flatten": _flatten, "Reshape": _reshape, "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze, "Shape": _shape_of, "Gather": _gather, "Concat": _concat, "ArgMax":
    _argmax, "ArrayFeatureExtractor": _extracted, "ZipMap": _zipmap,
}  # fmt: skip
