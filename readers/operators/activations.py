"""Activations and normalisations of ONNX, and sums and means of the numbers of a row."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.readers.operators.graph import Graph, Node, Operator, Result, Rows, Tensor
from mlp_edge.readers.operators.rewriting import (
    clipped,
    error_function,
    logarithm,
    other_error_function,
    power_less_one,
    square_root,
)
from mlp_edge.readers.operators.tensors import MOST_AXES
from mlp_edge.readers.operators.terms import Form
from mlp_edge.reference import SELU_ALPHA, SELU_SCALE


def _applied(function: str) -> Operator:
    def read(walk: Graph, node: Node) -> Tensor:
        rows = walk.numbers(node)
        return rows._replace(form=walk.formulas.applied(function, rows.form, node.source))

    return read


def _rewritten(do: Callable[..., Form]) -> Operator:
    def read(walk: Graph, node: Node) -> Tensor:
        rows = walk.numbers(node)
        return rows._replace(form=do(walk.formulas, rows.form, node.source))

    return read


def _leaky(walk: Graph, node: Node) -> Tensor:
    rows, slope = walk.numbers(node), np.float64(node.settings.number("alpha", 0.01))
    form = walk.formulas.applied("leaky", rows.form, node.source, np.asarray(slope))
    return rows._replace(form=form)


def _prelu(walk: Graph, node: Node) -> Tensor:
    like, (form, slopes) = walk.spread(node, (0, 1))
    if slopes.keys() != {()}:
        raise ModelError(f"{node.source} lacks its slopes")
    return like._replace(form=walk.formulas.applied("leaky", form, node.source, slopes[()]))


def _elu(walk: Graph, node: Node) -> Tensor:
    """Alpha elu(x) + (1 - alpha) relu(x)."""
    alpha, rows = node.settings.number("alpha", 1.0), walk.numbers(node)
    formulas, source = walk.formulas, node.source
    found = formulas.applied("elu", rows.form, source)
    if alpha != 1:
        found = formulas.applied("leaky", found, source, np.asarray(alpha))
    return rows._replace(form=found)


def _celu(walk: Graph, node: Node) -> Tensor:
    """Alpha elu(x / alpha)."""
    alpha, rows = node.settings.number("alpha", 1.0), walk.numbers(node)
    if not alpha > 0:
        raise ModelError(f"{node.source} has alpha {alpha:g}; more than 0 would do")
    formulas, source = walk.formulas, node.source
    inside = formulas.times(rows.form, {(): np.asarray(1 / alpha)}, source)
    found = formulas.applied("elu", inside, source)
    return rows._replace(form=formulas.times(found, {(): np.asarray(alpha)}, source))


def _selu(walk: Graph, node: Node) -> Result:
    for name, wanted in (("alpha", SELU_ALPHA), ("gamma", SELU_SCALE)):
        if not math.isclose(node.settings.number(name, wanted), wanted, rel_tol=1e-6):
            raise ModelError(f"{node.source} has {name} {node.settings.number(name, 0):g}; "
                             f"{wanted:g} would do")  # fmt: skip
    return _applied("selu")(walk, node)


def _hard_sigmoid(walk: Graph, node: Node) -> Tensor:
    """clip(alpha x + beta, 0, 1), of which Keras 3 and PyTorch have 1/6 and 1/2."""
    alpha, beta = node.settings.number("alpha", 0.2), node.settings.number("beta", 0.5)
    factor = 1.0 if np.float32(alpha) == np.float32(1 / 6) else 6 * alpha
    rows, formulas, source = walk.numbers(node), walk.formulas, node.source
    form = formulas.times(rows.form, {(): np.asarray(factor)}, source)
    form = formulas.plus(form, {(): np.asarray(6 * beta - 3)}, source)
    return rows._replace(form=formulas.applied("hard_sigmoid", form, source))


def _hard_swish(walk: Graph, node: Node) -> Tensor:
    rows, formulas, source = walk.numbers(node), walk.formulas, node.source
    gate = formulas.applied("hard_sigmoid", rows.form, source)
    return rows._replace(form=formulas.times(rows.form, gate, source))


def _gelu(walk: Graph, node: Node) -> Result:
    kind = node.settings.text("approximate", "none")
    if kind not in ("none", "tanh"):
        raise ModelError(f"{node.source} is the gelu by {kind[:20]}; the exact one would do")
    return _applied("gelu" if kind == "none" else "gelu_tanh")(walk, node)


def _number(value: float) -> Form:
    return {(): np.asarray(float(value))}


def _swish(walk: Graph, node: Node) -> Tensor:
    """X sigmoid(alpha x)."""
    alpha, rows = node.settings.number("alpha", 1.0), walk.numbers(node)
    formulas, source = walk.formulas, node.source
    inside = formulas.times(rows.form, _number(alpha), source)
    found = formulas.applied("sigmoid", inside, source)
    return rows._replace(form=formulas.times(rows.form, found, source))


def _thresholded(walk: Graph, node: Node) -> Result:
    alpha = node.settings.number("alpha", 1.0)
    if alpha != 0:
        raise ModelError(f"{node.source} jumps at {alpha:g}, which no layer computes; 0 would do")
    return _applied("relu")(walk, node)


def _shrink(walk: Graph, node: Node) -> Tensor:
    """X less what is between -lambd and lambd, where nothing jumps there."""
    bias, end = node.settings.number("bias", 0.0), node.settings.number("lambd", 0.5)
    if bias != end or not end > 0:
        raise ModelError(f"{node.source} jumps at {end:g}, which no layer computes")
    rows, formulas, source = walk.numbers(node), walk.formulas, node.source
    inside = formulas.minus(clipped(formulas, rows.form, -end, end, source))
    return rows._replace(form=formulas.plus(rows.form, inside, source))


def _softmax(function: str) -> Operator:
    def read(walk: Graph, node: Node) -> Tensor:
        axis = node.settings.whole("axis", -1 if walk.opset >= 13 else 1)
        rows, source = walk.flat(node, most=MOST_AXES), node.source
        if axis not in (-1, len(rows.shape)) and (axis, walk.opset < 13) != (1, True):
            raise ModelError(f"{source} goes along axis {axis}; the last would do")
        made = walk.formulas.made(rows.form, rows.width, source)
        form = walk.formulas.point(made) if rows.width != 1 else rows.form
        return rows._replace(form=walk.formulas.applied(function, form, source))

    return read


# Of all numbers of a row


def _reduced(function: str) -> Operator:
    """ReduceMean, ReduceSum and what sums of squares or sizes are."""

    def read(walk: Graph, node: Node) -> Tensor:
        rows, formulas, source = walk.numbers(node), walk.formulas, node.source
        form = rows.form
        if function in ("L2", "SumSquare"):
            form = formulas.times(form, form, source)
        elif function == "L1":
            form = formulas.applied("abs", form, source)
        rows = _summed(walk, node, rows._replace(form=form), function == "Mean")
        if function == "L2":
            rows = rows._replace(form=square_root(formulas, rows.form, source))
        return rows

    return read


def _summed(walk: Graph, node: Node, rows: Rows, mean: bool) -> Rows:
    axes, keep = walk.wholes(node, 1, "axes"), node.settings.whole("keepdims", 1)
    rank = len(rows.shape) + 1
    if not axes:
        if axes is not None and node.settings.whole("noop_with_empty_axes", 0):
            return rows
        axes = [*range(rank)]
    gone = {axis % rank for axis in axes if -rank <= axis < rank}
    if rows.batch in gone or None in rows.shape:
        raise ModelError(f"{node.source} goes over the rows, or over numbers that are not told")
    grid = walk.grid(rows)
    kept = [at for at in range(rank) if at not in gone]
    places = grid.transpose([*kept, *sorted(gone)]).reshape(grid.size // _size(grid, gone), -1)
    shape = tuple(1 if at in gone else size for at, size in enumerate(grid.shape)
                  if keep or at not in gone)  # fmt: skip
    batch = rows.batch if keep else rows.batch - sum(at < rows.batch for at in gone)
    form = _sum_of(walk, node, rows, places, mean)
    return Rows(form, (*shape[:batch], *shape[batch + 1 :]), batch)


def _size(grid: np.ndarray, axes: set[int]) -> int:
    return math.prod(grid.shape[at] for at in axes)


def _sum_of(walk: Graph, node: Node, rows: Rows, places: np.ndarray, mean: bool) -> Form:
    """The sums of the numbers at each line of places."""
    formulas, source, count = walk.formulas, node.source, places.shape[1]
    share = 1 / count if mean else 1.0
    form = rows.form
    if formulas.is_narrow(form):  # one number, which stands for each
        return formulas.times(form, {(): np.asarray(share * count)}, source)
    if len(places) == 1:
        return formulas.applied("mean" if mean else "sum", form, source)
    parts = [formulas.made(walk.picked(node, rows, column), None, source) for column in places.T]
    return formulas.point(formulas.assembly.added(parts, [share] * count, source))


# Normalisations


def _layer_normalization(walk: Graph, node: Node) -> Tensor:
    """Gamma (x - mean) / sqrt(variance + epsilon) + beta."""
    rows = walk.flat(node, most=MOST_AXES)
    _check_last(walk, node, rows)
    formulas, source = walk.formulas, node.source
    mean = formulas.applied("mean", rows.form, source)
    apart = formulas.plus(rows.form, formulas.minus(mean), source)
    return _normalised(walk, node, rows, apart, 2)


def _rms_normalization(walk: Graph, node: Node) -> Tensor:
    rows = walk.flat(node, most=MOST_AXES)
    _check_last(walk, node, rows)
    return _normalised(walk, node, rows, rows.form, None)


def _check_last(walk: Graph, node: Node, rows: Rows) -> None:
    if node.settings.whole("axis", -1) not in (-1, len(rows.shape)):
        raise ModelError(f"{node.source} goes along another axis than the last")
    if rows.width is None:
        raise ModelError(f"{node.source} normalises rows whose width the file does not tell")


def _normalised(walk: Graph, node: Node, rows: Rows, apart: Form, beta: int | None) -> Rows:
    formulas, source = walk.formulas, node.source
    mean = formulas.applied("mean", formulas.times(apart, apart, source), source)
    above = formulas.plus(mean, _number(node.settings.number("epsilon", 1e-5)), source)
    root = formulas.applied("rsqrt", above, source)
    found = formulas.times(apart, root, source)
    for place, combine in ((1, formulas.times), (beta, formulas.plus)):
        numbers = None if place is None else walk.constant(node, place)
        if numbers is not None:
            if numbers.size not in (1, rows.width):
                raise ModelError(f"{source} has {numbers.size} numbers for rows of {rows.width}")
            vector = numbers.reshape(-1) if numbers.size > 1 else numbers.reshape(())
            found = combine(found, {(): vector}, source)
    return rows._replace(form=found)


def _unit_length(walk: Graph, node: Node) -> Tensor:
    """LpNormalization, and Normalizer of scikit-learn: x / |x|."""
    rows, formulas, source = walk.flat(node), walk.formulas, node.source
    kind = node.settings.text("norm", f"L{node.settings.whole('p', 2)}")
    _check_last(walk, node, rows)
    if kind != "L2":
        raise ModelError(f"{source} divides by the {kind[:10]} norm; L2 would do")
    made = formulas.made(rows.form, rows.width, source)
    found = formulas.assembly.unit_length(made, SMALLEST, source)
    return rows._replace(form=formulas.point(found))


SMALLEST = float(np.finfo(np.float32).tiny)
"""The sum of squares below which a row is taken for zeros."""

ACTIVATING: Mapping[str, Operator] = {
    "Relu": _applied("relu"), "LeakyRelu": _leaky, "PRelu": _prelu, "Elu": _elu, "Celu": _celu,
    "Selu": _selu, "Gelu": _gelu, "Swish": _swish, "HardSwish": _hard_swish, "Mish":
    _applied("mish"), "Softplus": _applied("softplus"), "Softsign": _applied("softsign"), "Tanh":
    _applied("tanh"), "Sigmoid": _applied("sigmoid"), "HardSigmoid": _hard_sigmoid,
    "ThresholdedRelu": _thresholded, "Shrink": _shrink, "Softmax": _softmax("softmax"),
    "LogSoftmax": _softmax("log_softmax"), "Erf": _rewritten(error_function), "Erfc":
    _rewritten(other_error_function), "Exp":
    _applied("exp"), "Expm1": _rewritten(power_less_one), "Log": _rewritten(logarithm), "Abs":
    _applied("abs"), "Sqrt": _rewritten(square_root), "ReduceMean": _reduced("Mean"), "ReduceSum":
    _reduced("Sum"), "ReduceL1": _reduced("L1"), "ReduceL2": _reduced("L2"), "ReduceSumSquare":
    _reduced("SumSquare"), "LayerNormalization": _layer_normalization, "RMSNormalization":
    _rms_normalization, "LpNormalization": _unit_length, "Normalizer": _unit_length,
}  # fmt: skip
