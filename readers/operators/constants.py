"""Operators of ONNX on constants alone, which converters leave to whoever reads the file."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.readers.operators.graph import WIDEST, Graph, Node, Operator, Result, Tensor
from mlp_edge.readers.operators.tensors import DTYPES

Array = NDArray[Any]


def folding(name: str, operator: Operator) -> Operator:
    """An operator, carried out by NumPy where all its inputs are constants."""
    fold = FOLDS.get(name)

    def read(walk: Graph, node: Node) -> Result:
        given = [walk.tensors.get(each) for each in node.inputs]
        arrays = [each for each in given if isinstance(each, np.ndarray)]
        if fold is None or len(arrays) < len(given) or not arrays:
            return operator(walk, node)
        if any(each.dtype == object for each in arrays):
            raise ModelError(f"{node.source} computes with texts")
        shape = np.broadcast_shapes(*(each.shape for each in arrays))
        if math.prod(shape) > WIDEST:
            raise ModelError(f"{node.source} makes a constant of the shape {shape}"[:160])
        with np.errstate(all="ignore"):
            found = fold(*arrays)
        like = arrays[0].dtype
        return np.asarray(found) if found.dtype == bool else np.asarray(found, like)

    return read


def unknown(walk: Graph, node: Node) -> Tensor:
    """An operator that is read of constants alone."""
    raise ModelError(f"{node.source} is an operator that mlp-edge reads of constants alone")


def _divided(one: Array, other: Array) -> Array:
    if one.dtype.kind in "iu":
        if (other == 0).any():
            raise ModelError("it divides integers by 0")
        quotient = np.abs(one) // np.abs(other)
        return np.asarray(quotient * np.sign(one) * np.sign(other))
    return np.asarray(one / other)


FOLDS: Mapping[str, Callable[..., Array]] = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": _divided, "Pow": np.power,
    "Neg": np.negative, "Abs": np.abs, "Sqrt": np.sqrt, "Exp": np.exp, "Log": np.log,
    "Reciprocal": lambda each: 1 / each, "Max": lambda *each: reduce(np.maximum, each),
    "Min": lambda *each: reduce(np.minimum, each), "Equal": np.equal, "Greater": np.greater,
    "Less": np.less, "GreaterOrEqual": np.greater_equal, "LessOrEqual": np.less_equal,
    "Not": np.logical_not, "And": np.logical_and, "Or": np.logical_or,
    "Floor": np.floor, "Ceil": np.ceil,
}  # fmt: skip


def _constant(walk: Graph, node: Node) -> Tensor:
    settings = node.settings
    found = settings.tensor("value")
    if found is not None:
        return found
    if settings.has("value_float"):
        return np.array(settings.number("value_float", 0.0), np.float32)
    if settings.has("value_floats"):
        return settings.numbers("value_floats").astype(np.float32)
    if settings.has("value_int"):
        return np.array(settings.whole("value_int", 0), np.int64)
    if settings.has("value_ints"):
        return np.array(settings.wholes("value_ints"), np.int64)
    raise ModelError(f"{node.source} holds what mlp-edge does not read")


def _constant_of_shape(walk: Graph, node: Node) -> Tensor:
    sizes = walk.wholes(node, 0, "shape")
    if sizes is None or any(size < 0 for size in sizes) or math.prod(sizes) > WIDEST:
        raise ModelError(f"{node.source} makes a constant of the shape {sizes}"[:160])
    value = node.settings.tensor("value")
    if value is None:
        return np.zeros(sizes, np.float32)
    if value.size != 1 or value.dtype == object:
        raise ModelError(f"{node.source} fills a constant with {value.size} numbers")
    return np.full(sizes, value.reshape(())[()], value.dtype)


def _range(walk: Graph, node: Node) -> Tensor:
    ends = [walk.constant(node, place) for place in range(3)]
    start, end, step = (0.0 if each is None or each.size != 1 else float(each.item())
                        for each in ends)  # fmt: skip
    if not step or not 0 <= (end - start) / step <= WIDEST:
        raise ModelError(f"{node.source} counts from {start:g} to {end:g} by {step:g}")
    return np.arange(start, end, step).astype(np.asarray(walk.given(node, 0)).dtype)


def cast(array: Array, to: int) -> Array:
    """A constant as another type; those that NumPy does not know stay what they are."""
    if array.dtype == object or to not in DTYPES:
        return array
    with np.errstate(all="ignore"):
        return array.astype(DTYPES[to])


CONSTANTS: Mapping[str, Operator] = {
    "Constant": _constant, "ConstantOfShape": _constant_of_shape, "Range": _range, "Equal": unknown,
    "And": unknown, "Or": unknown, "Floor": unknown, "Ceil": unknown,
}  # fmt: skip
