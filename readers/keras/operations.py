"""Functions of keras.ops, such as ``x + y`` between layers, as what they compute."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.readers.assembling.values import Value
from mlp_edge.readers.keras.activations import applied
from mlp_edge.readers.keras.config import OPERATION
from mlp_edge.readers.keras.merging import MERGES
from mlp_edge.readers.keras.walk import KerasLayer, Rows, Walk, along_rows
from mlp_edge.reference import Doubles

Operation = Callable[[Walk, KerasLayer, Sequence[Rows | NDArray[Any]]], Rows]
Scaling = Callable[[Doubles], tuple[Doubles | float, Doubles | float]]
"""A constant -> by what rows are multiplied, and what is then added."""

SCALINGS: Mapping[str, tuple[Scaling, Scaling | None]] = {
    "Add": (lambda c: (1, c), lambda c: (1, c)),
    "Subtract": (lambda c: (1, -c), lambda c: (-1, c)),
    "Multiply": (lambda c: (c, 0), lambda c: (c, 0)),
    "Divide": (lambda c: (1 / c, 0), None),
    "TrueDivide": (lambda c: (1 / c, 0), None),
}
"""Function -> what it does with a constant behind the rows, and with one in front of them."""
PLAIN = {
    "Relu": "relu", "Relu6": "relu6", "Sigmoid": "sigmoid", "SparseSigmoid": "sparse_sigmoid",
    "Softplus": "softplus", "Softsign": "softsign", "SparsePlus": "sparse_plus", "Silu": "silu",
    "LogSigmoid": "log_sigmoid", "HardSigmoid": "hard_sigmoid", "HardSilu": "hard_silu",
    "Selu": "selu", "TanhShrink": "tanh_shrink", "HardTanh": "hard_tanh", "Tanh": "tanh",
    "Exp": "exponential", "Mish": "mish",
}  # fmt: skip
"""Function without settings -> the activation that it is."""


def _pairwise(kind: str) -> Operation:
    """Two results one by one, or one with a constant."""

    def read(walk: Walk, layer: KerasLayer, reads: Sequence[Rows | NDArray[Any]]) -> Rows:
        if len(reads) != 2:
            raise ModelError(f"{layer.source} joins {len(reads)} inputs")
        one, other = reads
        if isinstance(one, Rows) and isinstance(other, Rows):
            if kind not in MERGES:
                raise ModelError(f"{layer.source} divides rows by rows; a constant would do")
            return MERGES[kind](walk, layer, (one, other))
        rows, constant = (one, other) if isinstance(one, Rows) else (other, one)
        if not isinstance(rows, Rows) or isinstance(constant, Rows):
            raise ModelError(f"{layer.source} computes with constants alone")
        value = _with_constant(walk, layer, rows, constant, kind, behind=rows is one)
        return rows._replace(value=value)

    return read


def _with_constant(
    walk: Walk, layer: KerasLayer, rows: Rows, constant: NDArray[Any], kind: str, behind: bool
) -> Value:
    """What a function makes of rows and a constant.

    Args:
        walk: so far.
        layer: the function.
        rows: one operand.
        constant: the other one.
        kind: of the function.
        behind: whether the constant is the second operand.
    """
    numbers, source = _vector(layer, rows, constant), layer.source
    if kind in ("Maximum", "Minimum"):
        return walk.assembly.limited(rows.value, numbers, 1 if kind == "Maximum" else -1, source)
    scaling = SCALINGS[kind][0 if behind else 1]
    if scaling is None:
        raise ModelError(f"{source} divides a constant by rows")
    with np.errstate(divide="ignore"):
        factor, offset = scaling(numbers)
    return walk.assembly.scaled(rows.value, factor, offset, source)


def _vector(layer: KerasLayer, rows: Rows, constant: NDArray[Any]) -> Doubles:
    """A constant beside rows of a table: one number, or one for each of theirs."""
    size = constant.size
    if size != 1 and not (constant.shape in ((size,), (1, size)) and rows.shape == (size,)):
        raise ModelError(f"{layer.source} joins rows and constants of the shape {constant.shape}")
    return np.asarray(constant, np.float32).astype(np.float64).reshape(-1)


def _alone(layer: KerasLayer, reads: Sequence[Rows | NDArray[Any]]) -> Rows:
    if len(reads) != 1 or not isinstance(reads[0], Rows):
        raise ModelError(f"{layer.source} is called with {len(reads)} inputs; one would do")
    return reads[0]


def _activation(name: str) -> Operation:
    def read(walk: Walk, layer: KerasLayer, reads: Sequence[Rows | NDArray[Any]]) -> Rows:
        return applied(walk, layer, _alone(layer, reads), name)

    return read


def _along_rows(name: str) -> Operation:
    def read(walk: Walk, layer: KerasLayer, reads: Sequence[Rows | NDArray[Any]]) -> Rows:
        rows = _alone(layer, reads)
        along_rows(layer, rows, f"is a {name} along")
        return applied(walk, layer, rows, name)

    return read


def _concatenate(walk: Walk, layer: KerasLayer, reads: Sequence[Rows | NDArray[Any]]) -> Rows:
    several = [each for each in reads if isinstance(each, Rows)]
    if len(several) != len(reads):
        raise ModelError(f"{layer.source} joins rows and constants")
    return MERGES["Concatenate"](walk, layer, several)


def _negative(walk: Walk, layer: KerasLayer, reads: Sequence[Rows | NDArray[Any]]) -> Rows:
    rows = _alone(layer, reads)
    return rows._replace(value=walk.assembly.scaled(rows.value, -1, 0, layer.source))


def _square(walk: Walk, layer: KerasLayer, reads: Sequence[Rows | NDArray[Any]]) -> Rows:
    rows = _alone(layer, reads)
    return rows._replace(value=walk.assembly.activated(rows.value, "square", layer.source))


def _leaky(walk: Walk, layer: KerasLayer, reads: Sequence[Rows | NDArray[Any]]) -> Rows:
    rows, slope = _alone(layer, reads), layer.number("negative_slope")
    return rows._replace(value=walk.assembly.leaky(rows.value, slope, layer.source))


def _elu(walk: Walk, layer: KerasLayer, reads: Sequence[Rows | NDArray[Any]]) -> Rows:
    rows, alpha = _alone(layer, reads), layer.number("alpha")
    return rows._replace(value=walk.assembly.elu(rows.value, alpha, layer.source))


def _gelu(walk: Walk, layer: KerasLayer, reads: Sequence[Rows | NDArray[Any]]) -> Rows:
    rows, by_tanh = _alone(layer, reads), layer.settings["approximate"]
    name = "gelu_tanh" if by_tanh else "gelu"
    return rows._replace(value=walk.assembly.activated(rows.value, name, layer.source))


OPERATIONS: Mapping[str, Operation] = {
    f"{OPERATION}{kind}": operation
    for kind, operation in {
        **{kind: _pairwise(kind) for kind in (*SCALINGS, "Maximum", "Minimum")},
        **{kind: _activation(name) for kind, name in PLAIN.items()},
        "Concatenate": _concatenate, "Negative": _negative, "Square": _square,
        "LeakyRelu": _leaky, "Elu": _elu, "Gelu": _gelu, "Softmax": _along_rows("softmax"),
        "LogSoftmax": _along_rows("log_softmax"), "Glu": _along_rows("glu"),
    }.items()
}  # fmt: skip
"""Function, as a class behind ``OPERATION`` -> how it is read."""
