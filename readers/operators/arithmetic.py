"""What operators of ONNX compute: dense layers, arithmetic, what is chosen of numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import reduce

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.readers.operators.constants import cast
from mlp_edge.readers.operators.graph import Graph, Node, Operator, Over, Rows, Tensor
from mlp_edge.readers.operators.inputs import Readings
from mlp_edge.readers.operators.rewriting import chosen, clipped, limited, power, reciprocal
from mlp_edge.readers.operators.tensors import FLOAT, FLOATS, NAMES
from mlp_edge.readers.operators.terms import Form
from mlp_edge.reference import Doubles

MOST_REPEATED = 2**22
"""Numbers of a matrix that is there once for each line of a table."""
MOST_MULTIPLIED = 2**26
"""Multiplications of a product of constants."""


def _same(walk: Graph, node: Node) -> Tensor:
    return walk.given(node, 0)


def _cast(walk: Graph, node: Node) -> Tensor:
    found, to = walk.given(node, 0), node.settings.whole("to", 0)
    if isinstance(found, np.ndarray):
        return cast(found, to)
    makes = f"{node.source} makes {NAMES.get(to, f'type {to}')} of numbers"
    remark = f"it computes in {NAMES.get(to)}; mlp-edge computes in float32"
    if to in FLOATS and to != FLOAT and remark not in walk.remarks:
        walk.remarks.append(remark)
    if isinstance(found, Readings):
        if to in FLOATS and found.whole:
            return found._replace(refusal="", whole=False)
        if to not in FLOATS and not found.whole:
            return found._replace(refusal=makes)
        return found
    if isinstance(found, Over):
        if to not in FLOATS:
            raise ModelError(makes)
        rows = found.rows
        return rows._replace(form=walk.formulas.applied("step", rows.form, node.source))
    if to not in FLOATS and not found.chosen:
        raise ModelError(makes)
    return found


def _cast_like(walk: Graph, node: Node) -> Tensor:
    """Between floats, which all are float32 here."""
    like = walk.given(node, 1)
    if isinstance(like, np.ndarray) and like.dtype.kind != "f":
        raise ModelError(f"{node.source} makes {like.dtype} of numbers")
    return walk.given(node, 0)


def _dropout(walk: Graph, node: Node) -> Tensor:
    training = walk.constant(node, 2)
    if (training is not None and training.any()) or _trains(walk, node):
        raise ModelError(f"{node.source} is set to train")
    return walk.given(node, 0)


def _trains(walk: Graph, node: Node) -> bool:
    """Whether an operator of opset 6 is set to train, which is its default there."""
    return walk.opset < 7 and node.settings.whole("is_test", 0) != 1


# Dense layers


def _matrix(walk: Graph, node: Node, place: int) -> Doubles:
    weights = walk.constant(node, place)
    if weights is None or weights.ndim != 2 or not weights.size:
        raise ModelError(f"{node.source} multiplies by numbers that are no matrix")
    return weights


def _matmul(walk: Graph, node: Node) -> Tensor:
    """Of rows, of each line of a table that a row is, and of two constants."""
    if _of_constants(walk, node):
        return _constant_product(walk, node, _matrix(walk, node, 0), _matrix(walk, node, 1))
    rows, weights = walk.numbers(node), _matrix(walk, node, 1)
    if len(rows.shape) == 1 or None in rows.shape:
        return _dense(walk, node, walk.flat(node), weights.T, np.zeros(weights.shape[1]))
    lines = math.prod(size or 0 for size in rows.shape[:-1])
    if rows.batch or not rows.shape or lines**2 * weights.size > MOST_REPEATED:
        raise ModelError(f"{node.source} takes rows of the shape {rows.shape}"[:160])
    every = np.kron(np.eye(lines), weights.T).astype(np.float64)
    found = _dense(walk, node, rows, every, np.zeros(len(every)))
    return found._replace(shape=(*rows.shape[:-1], weights.shape[1]))


def _of_constants(walk: Graph, node: Node) -> bool:
    return all(isinstance(walk.given(node, place), np.ndarray) for place in (0, 1))


def _constant_product(walk: Graph, node: Node, one: Doubles, other: Doubles) -> Tensor:
    """Of two matrices, such as those of a LoRA."""
    if one.shape[1] != len(other) or len(one) * other.size > MOST_MULTIPLIED:
        raise ModelError(f"{node.source} multiplies constants of {one.shape} and {other.shape}")
    with np.errstate(all="ignore"):
        return (one @ other).astype(np.asarray(walk.given(node, 0)).dtype)


def _gemm(walk: Graph, node: Node) -> Tensor:
    settings = node.settings
    weights, bias = _matrix(walk, node, 1), walk.constant(node, 2)
    weights = weights if settings.whole("transB", 0) else weights.T
    if bias is None and _of_constants(walk, node) and settings.number("alpha", 1.0) == 1:
        one = _matrix(walk, node, 0)
        one = one.T if settings.whole("transA", 0) else one
        return _constant_product(walk, node, one, weights.T)
    rows = walk.flat(node)
    if settings.whole("transA", 0):
        raise ModelError(f"{node.source} turns its rows into columns (transA)")
    weights = weights * settings.number("alpha", 1.0)
    bias = np.zeros(1) if bias is None else bias * settings.number("beta", 1.0)
    if bias.size not in (1, len(weights)) or bias.ndim > 2 or bias.shape[:-1] not in ((), (1,)):
        raise ModelError(f"{node.source} adds numbers of the shape {bias.shape}")
    return _dense(walk, node, rows, weights, np.broadcast_to(bias.reshape(-1), len(weights)))


def _dense(walk: Graph, node: Node, rows: Rows, weights: Doubles, bias: Doubles) -> Rows:
    form = walk.formulas.dense(rows.form, rows.width, weights, bias, node.source)
    return Rows(form, (len(weights),))


# Scaling


def _batch_normalization(walk: Graph, node: Node) -> Tensor:
    rows = walk.flat(node)
    if node.settings.whole("training_mode", 0) or _trains(walk, node):
        raise ModelError(f"{node.source} is set to train")
    if not node.settings.whole("spatial", 1):
        raise ModelError(f"{node.source} is not spatial")
    numbers = [walk.constant(node, place) for place in range(1, 5)]
    if any(each is None or each.ndim != 1 for each in numbers):
        raise ModelError(f"{node.source} lacks one of its vectors")
    scale, offset, mean, variance = (np.asarray(each) for each in numbers)
    epsilon = node.settings.number("epsilon", 1e-5)
    with np.errstate(invalid="ignore", divide="ignore"):
        if not np.isfinite(scale / np.sqrt(variance + epsilon)).all():
            raise ModelError(f"{node.source} multiplies by NaN or infinity")
    formulas, size = walk.formulas, scale.size
    if size not in (1, rows.width or size):
        raise ModelError(f"{node.source} joins rows of {rows.width} and {size} numbers")
    value = formulas.assembly.batch_normalised(
        formulas.made(rows.form, rows.width, node.source), mean, variance, scale, offset, epsilon,
        node.source,
    )  # fmt: skip
    shape = (size,) if rows.shape == (None,) and size > 1 else rows.shape
    return Rows(formulas.point(value), shape)


def _scaled(walk: Graph, node: Node, rows: Rows, factor: Doubles, offset: Doubles) -> Rows:
    formulas, source, size = walk.formulas, node.source, max(factor.size, offset.size)
    if size not in (1, rows.width or size):
        raise ModelError(f"{source} joins rows of {rows.width} and {size} numbers")
    form = formulas.times(
        rows.form, {(): factor if factor.size > 1 else factor.reshape(())}, source
    )
    form = formulas.plus(form, {(): offset if offset.size > 1 else offset.reshape(())}, source)
    return Rows(form, (size,) if rows.shape == (None,) and size > 1 else rows.shape)


def _scaler(walk: Graph, node: Node) -> Tensor:
    """(x - offset) * scale, of ONNX's classical part, which takes integers too."""
    offset, scale = node.settings.numbers("offset"), node.settings.numbers("scale")
    if not offset.size or not scale.size:
        raise ModelError(f"{node.source} lacks its offset or its scale")
    found = walk.given(node, 0)
    if isinstance(found, Readings) and found.whole:
        walk.tensors[node.inputs[0]] = found._replace(refusal="", whole=False)
    return _scaled(walk, node, walk.flat(node), scale, -offset * scale)


# Arithmetic


def _pairwise(operator: str) -> Operator:
    """Add, Sub, Mul and Div of rows and constants, and of rows among each other."""

    def read(walk: Graph, node: Node) -> Tensor:
        if len(node.inputs) != 2:
            raise ModelError(f"{node.source} has {len(node.inputs)} inputs")
        if node.settings.whole("broadcast", 0) and node.settings.whole("axis", 1) != 1:
            raise ModelError(f"{node.source} goes along another axis")
        like, (one, other) = walk.spread(node, (0, 1))
        formulas, source = walk.formulas, node.source
        if operator == "Sub":
            other = formulas.minus(other)
        elif operator == "Div":
            other = reciprocal(formulas, other, source)
        combine = formulas.plus if operator in ("Add", "Sub") else formulas.times
        return like._replace(form=combine(one, other, source))

    return read


def _total(share: bool) -> Operator:
    """Sum and Mean of several."""

    def read(walk: Graph, node: Node) -> Tensor:
        like, forms = walk.spread(node, range(len(node.inputs)))
        formulas, source = walk.formulas, node.source
        found: Form = {}
        for form in forms:
            found = formulas.plus(found, form, source)
        if share:
            found = formulas.times(found, {(): np.asarray(1 / len(forms))}, source)
        return like._replace(form=found)

    return read


def _negative(walk: Graph, node: Node) -> Tensor:
    rows = walk.numbers(node)
    return rows._replace(form=walk.formulas.minus(rows.form))


def _one_over(walk: Graph, node: Node) -> Tensor:
    rows = walk.numbers(node)
    return rows._replace(form=reciprocal(walk.formulas, rows.form, node.source))


def _power(walk: Graph, node: Node) -> Tensor:
    rows, exponent = walk.numbers(node), walk.constant(node, 1)
    if exponent is None or exponent.size != 1:
        raise ModelError(f"{node.source} has a power for each number")
    form = power(walk.formulas, rows.form, float(exponent.item()), node.source)
    return rows._replace(form=form)


# What is chosen of numbers


def _clip(walk: Graph, node: Node) -> Tensor:
    rows, ends = walk.numbers(node), []
    for place, name, otherwise in ((1, "min", -math.inf), (2, "max", math.inf)):
        found = walk.constant(node, place)
        if found is not None and found.size != 1:
            raise ModelError(f"{node.source} has an end for each number")
        ends.append(node.settings.number(name, otherwise) if found is None else float(found.item()))
    return rows._replace(form=clipped(walk.formulas, rows.form, ends[0], ends[1], node.source))


def _extreme(sign: int) -> Operator:
    """Max (1) and Min (-1) of rows and constants, and of rows among each other."""

    def read(walk: Graph, node: Node) -> Tensor:
        like, forms = walk.spread(node, range(len(node.inputs)))
        formulas, source = walk.formulas, node.source
        ends = [form[()] for form in forms if form.keys() == {()}]
        rows = [form for form in forms if form.keys() != {()}]
        if not rows:
            raise ModelError(f"{source} chooses among constants alone")
        found = rows[0]
        if len(rows) > 1:
            values = [formulas.made(form, like.width, source) for form in rows]
            found = formulas.point(formulas.assembly.maximum(values, source, sign))
        if ends:
            end = reduce(np.maximum if sign > 0 else np.minimum, ends)
            found = limited(formulas, found, end, sign, source)
        return like._replace(form=found)

    return read


def _over(sign: int) -> Operator:
    """Whether one is over the other (1), or below it (-1)."""

    def read(walk: Graph, node: Node) -> Tensor:
        like, (one, other) = walk.spread(node, (0, 1))
        formulas, source = walk.formulas, node.source
        apart = formulas.plus(one, formulas.minus(other), source)
        return Over(like._replace(form=apart if sign > 0 else formulas.minus(apart)))

    return read


def _not(walk: Graph, node: Node) -> Tensor:
    found = walk.given(node, 0)
    if not isinstance(found, Over):
        raise ModelError(f"{node.source} is an operator that mlp-edge does not read")
    rows = found.rows
    return Over(rows._replace(form=walk.formulas.minus(rows.form)))


def _where(walk: Graph, node: Node) -> Tensor:
    decides = walk.given(node, 0)
    if isinstance(decides, np.ndarray):
        parts = [walk.given(node, place) for place in (1, 2)]
        arrays = [part for part in parts if isinstance(part, np.ndarray)]
        if len(arrays) == 2:
            return np.asarray(np.where(decides, *arrays))
        if decides.all() or not decides.any():
            return parts[0 if decides.all() else 1]
    if not isinstance(decides, Over):
        raise ModelError(f"{node.source} chooses between numbers by what is no comparison")
    like, (yes, no) = walk.spread(node, (1, 2))
    if like.width != decides.rows.width:
        raise ModelError(f"{node.source} chooses between rows of another shape")
    return like._replace(form=chosen(walk.formulas, decides.rows.form, yes, no, node.source))


COMPUTING: Mapping[str, Operator] = {
    "Identity": _same, "Cast": _cast, "CastLike": _cast_like, "Dropout": _dropout, "MatMul":
    _matmul, "Gemm": _gemm, "BatchNormalization": _batch_normalization, "Scaler": _scaler, "Add":
    _pairwise("Add"), "Sub": _pairwise("Sub"), "Mul": _pairwise("Mul"), "Div": _pairwise("Div"),
    "Sum": _total(False), "Mean": _total(True), "Neg": _negative, "Reciprocal": _one_over, "Pow":
    _power, "Clip": _clip, "Max": _extreme(1), "Min": _extreme(-1), "Greater": _over(1),
    "GreaterOrEqual": _over(1), "Less": _over(-1), "LessOrEqual": _over(-1), "Not": _not, "Where":
    _where,
}  # fmt: skip
