"""What operators of ONNX compute: dense layers, scaling, activations."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.readers.importing.formula import Form
from mlp_edge.readers.importing.onnx_graph import Graph, Node, Operator, Rows, Tensor
from mlp_edge.readers.importing.onnx_tensors import DTYPES, FLOATS, NAMES
from mlp_edge.reference import SELU_ALPHA, SELU_SCALE, Doubles


def _applied(function: str) -> Operator:
    def read(walk: Graph, node: Node) -> Tensor:
        rows = _numbers_of(walk, node)
        return rows._replace(form=walk.formulas.applied(function, rows.form, node.source))

    return read


def _numbers_of(walk: Graph, node: Node, place: int = 0) -> Rows:
    rows = walk.rows(node, place)
    if rows.chosen or rows.pair:
        raise ModelError(f"{node.source} goes on with the class that was chosen")
    return rows


def _same(walk: Graph, node: Node) -> Tensor:
    return walk.given(node, 0)


def _cast(walk: Graph, node: Node) -> Tensor:
    found, to = walk.given(node, 0), node.settings.whole("to", 0)
    if not isinstance(found, Rows):
        return found.astype(DTYPES[to]) if to in DTYPES and found.dtype != object else found
    if to not in FLOATS and not found.chosen:
        raise ModelError(f"{node.source} makes {NAMES.get(to, f'type {to}')} of numbers")
    remark = f"it computes in {NAMES.get(to)}; mlp-edge computes in float32"
    if to != 1 and not found.chosen and remark not in walk.remarks:
        walk.remarks.append(remark)
    return found


def _dropout(walk: Graph, node: Node) -> Tensor:
    training = walk.constant(node, 2)
    if (training is not None and training.any()) or _trains(walk, node):
        raise ModelError(f"{node.source} is set to train")
    return walk.given(node, 0)


def _trains(walk: Graph, node: Node) -> bool:
    """Whether an operator of opset 6 is set to train, which is its default there."""
    return walk.opset < 7 and node.settings.whole("is_test", 0) != 1


def _matmul(walk: Graph, node: Node) -> Tensor:
    rows, weights = walk.flat(node), walk.constant(node, 1)
    if weights is None or weights.ndim != 2 or not weights.size:
        raise ModelError(f"{node.source} multiplies by numbers that are no matrix")
    return _dense(walk, node, rows, weights.T, np.zeros(weights.shape[1]))


def _gemm(walk: Graph, node: Node) -> Tensor:
    settings = node.settings
    rows, weights, bias = walk.flat(node), walk.constant(node, 1), walk.constant(node, 2)
    if settings.whole("transA", 0):
        raise ModelError(f"{node.source} turns its rows into columns (transA)")
    if weights is None or weights.ndim != 2 or not weights.size:
        raise ModelError(f"{node.source} multiplies by numbers that are no matrix")
    weights = weights if settings.whole("transB", 0) else weights.T
    weights = weights * settings.number("alpha", 1.0)
    bias = np.zeros(1) if bias is None else bias * settings.number("beta", 1.0)
    if bias.size not in (1, len(weights)) or bias.ndim > 2 or bias.shape[:-1] not in ((), (1,)):
        raise ModelError(f"{node.source} adds numbers of the shape {bias.shape}")
    return _dense(walk, node, rows, weights, np.broadcast_to(bias.reshape(-1), len(weights)))


def _dense(walk: Graph, node: Node, rows: Rows, weights: Doubles, bias: Doubles) -> Rows:
    form = walk.formulas.dense(rows.form, weights, bias, node.source)
    return Rows(form, (len(weights),))


def _batch_normalization(walk: Graph, node: Node) -> Tensor:
    rows = walk.flat(node)
    if node.settings.whole("training_mode", 0) or _trains(walk, node):
        raise ModelError(f"{node.source} is set to train")
    numbers = [walk.constant(node, place) for place in range(1, 5)]
    if any(each is None or each.ndim != 1 for each in numbers):
        raise ModelError(f"{node.source} lacks one of its vectors")
    scale, offset, mean, variance = (np.asarray(each) for each in numbers)
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = scale / np.sqrt(variance + node.settings.number("epsilon", 1e-5))
    if not np.isfinite(factor).all():
        raise ModelError(f"{node.source} multiplies by NaN or infinity")
    return _scaled(walk, node, rows, factor, offset - mean * factor)


def _scaled(walk: Graph, node: Node, rows: Rows, factor: Doubles, offset: Doubles) -> Rows:
    formulas, source = walk.formulas, node.source
    form = formulas.times(rows.form, {(): walk.vector(node, factor, rows)}, source)
    form = formulas.plus(form, {(): walk.vector(node, offset, rows)}, source)
    shape = rows.shape
    if shape == (None,) and max(factor.size, offset.size) > 1:
        shape = (max(factor.size, offset.size),)
    return Rows(form, shape)


def _scaler(walk: Graph, node: Node) -> Tensor:
    """(x - offset) * scale, of ONNX's classical part."""
    offset, scale = node.settings.numbers("offset"), node.settings.numbers("scale")
    if not offset.size or not scale.size:
        raise ModelError(f"{node.source} lacks its offset or its scale")
    return _scaled(walk, node, walk.flat(node), scale, -offset * scale)


def _pairwise(operator: str) -> Operator:
    """Add, Sub, Mul and Div of rows and constants, and of rows among each other."""

    def read(walk: Graph, node: Node) -> Tensor:
        if len(node.inputs) != 2:
            raise ModelError(f"{node.source} has {len(node.inputs)} inputs")
        if node.settings.whole("broadcast", 0) and node.settings.whole("axis", 1) != 1:
            raise ModelError(f"{node.source} goes along another axis")
        one, other = (_form_of(walk, node, place) for place in (0, 1))
        formulas, source = walk.formulas, node.source
        if operator == "Sub":
            other = {term: -coefficient for term, coefficient in other.items()}
        elif operator == "Div":
            other = _reciprocal(walk, node, other)
        combine = formulas.plus if operator in ("Add", "Sub") else formulas.times
        return Rows(combine(one, other, source), _shape_of_both(walk, node))

    return read


def _form_of(walk: Graph, node: Node, place: int) -> Form:
    """Rows or a constant as a formula."""
    found = walk.given(node, place)
    if isinstance(found, Rows):
        return _numbers_of(walk, node, place).form
    constant = walk.constant(node, place)
    rows = next(
        (each for each in map(walk.tensors.get, node.inputs) if isinstance(each, Rows)), None
    )
    if rows is None or constant is None:
        raise ModelError(f"{node.source} computes with constants alone")
    return {(): walk.vector(node, constant, rows)}


def _shape_of_both(walk: Graph, node: Node) -> tuple[int | None, ...]:
    """Of rows joined with a constant or with others of the same shape."""
    tensors = [walk.given(node, place) for place in (0, 1)]
    shapes = {each.shape for each in tensors if isinstance(each, Rows)}
    if len(shapes) != 1:
        raise ModelError(f"{node.source} joins rows of two shapes")
    [shape] = shapes
    sizes = [each.size for each in tensors if not isinstance(each, Rows) and each.size > 1]
    return (sizes[0],) if shape == (None,) and sizes else shape


def _reciprocal(walk: Graph, node: Node, form: Form) -> Form:
    if form.keys() == {()}:
        with np.errstate(divide="ignore"):
            found = np.asarray(1 / form[()])
        if not np.isfinite(found).all():
            raise ModelError(f"{node.source} divides by 0")
        return {(): found}
    return walk.formulas.applied("reciprocal", form, node.source)


def _negative(walk: Graph, node: Node) -> Tensor:
    rows = _numbers_of(walk, node)
    return rows._replace(form={term: -each for term, each in rows.form.items()})


def _one_over(walk: Graph, node: Node) -> Tensor:
    rows = _numbers_of(walk, node)
    return rows._replace(form=_reciprocal(walk, node, rows.form))


def _clip(walk: Graph, node: Node) -> Tensor:
    rows, ends = _numbers_of(walk, node), []
    for place, name, otherwise in ((1, "min", -math.inf), (2, "max", math.inf)):
        found = walk.constant(node, place)
        if found is not None and found.size != 1:
            raise ModelError(f"{node.source} has an end for each number")
        ends.append(node.settings.number(name, otherwise) if found is None else float(found.item()))
    return rows._replace(form=walk.formulas.clipped(rows.form, ends[0], ends[1], node.source))


def _extreme(low: bool) -> Operator:
    """Max and Min of rows and one constant."""

    def read(walk: Graph, node: Node) -> Tensor:
        places = [isinstance(walk.given(node, place), Rows) for place in range(len(node.inputs))]
        if sorted(places) != [False, True]:
            raise ModelError(f"{node.source} compares rows with rows")
        end, rows = (
            walk.constant(node, places.index(False)),
            _numbers_of(walk, node, places.index(True)),
        )
        if end is None or end.size != 1:
            raise ModelError(f"{node.source} has an end for each number")
        ends = (float(end.item()), math.inf) if low else (-math.inf, float(end.item()))
        return rows._replace(form=walk.formulas.clipped(rows.form, *ends, node.source))

    return read


def _leaky(walk: Graph, node: Node) -> Tensor:
    rows, slope = _numbers_of(walk, node), np.float64(node.settings.number("alpha", 0.01))
    form = walk.formulas.applied("leaky", rows.form, node.source, np.asarray(slope))
    return rows._replace(form=form)


def _prelu(walk: Graph, node: Node) -> Tensor:
    rows, slopes = walk.flat(node), walk.constant(node, 1)
    if slopes is None:
        raise ModelError(f"{node.source} lacks its slopes")
    vector = walk.vector(node, slopes, rows)
    return rows._replace(form=walk.formulas.applied("leaky", rows.form, node.source, vector))


def _elu(walk: Graph, node: Node) -> Tensor:
    if node.settings.number("alpha", 1.0) != 1:
        raise ModelError(f"{node.source} has alpha {node.settings.number('alpha', 1.0):g}; 1 would "
                         "do")  # fmt: skip
    return _applied("elu")(walk, node)


def _celu(walk: Graph, node: Node) -> Tensor:
    """Alpha _elu(x / alpha)."""
    alpha, rows = node.settings.number("alpha", 1.0), _numbers_of(walk, node)
    if not alpha > 0:
        raise ModelError(f"{node.source} has alpha {alpha:g}; more than 0 would do")
    formulas, source = walk.formulas, node.source
    inside = formulas.times(rows.form, {(): np.asarray(1 / alpha)}, source)
    found = formulas.applied("elu", inside, source)
    return rows._replace(form=formulas.times(found, {(): np.asarray(alpha)}, source))


def _selu(walk: Graph, node: Node) -> Tensor:
    for name, wanted in (("alpha", SELU_ALPHA), ("gamma", SELU_SCALE)):
        if not math.isclose(node.settings.number(name, wanted), wanted, rel_tol=1e-6):
            raise ModelError(f"{node.source} has {name} {node.settings.number(name, 0):g}; "
                             f"{wanted:g} would do")  # fmt: skip
    return _applied("selu")(walk, node)


def _hard_sigmoid(walk: Graph, node: Node) -> Tensor:
    """clip(alpha x + beta, 0, 1), of which Keras 3 and PyTorch have 1/6 and 1/2."""
    alpha, beta = node.settings.number("alpha", 0.2), node.settings.number("beta", 0.5)
    factor = 1.0 if np.float32(alpha) == np.float32(1 / 6) else 6 * alpha
    rows, formulas, source = _numbers_of(walk, node), walk.formulas, node.source
    form = formulas.times(rows.form, {(): np.asarray(factor)}, source)
    form = formulas.plus(form, {(): np.asarray(6 * beta - 3)}, source)
    return rows._replace(form=formulas.applied("hard_sigmoid", form, source))


def _gelu(walk: Graph, node: Node) -> Tensor:
    kind = node.settings.text("approximate", "none")
    if kind != "none":
        raise ModelError(f"{node.source} is the gelu by {kind[:20]}; the exact one would do")
    return _applied("gelu")(walk, node)


def _swish(walk: Graph, node: Node) -> Tensor:
    """X sigmoid(alpha x)."""
    alpha, rows = node.settings.number("alpha", 1.0), _numbers_of(walk, node)
    formulas, source = walk.formulas, node.source
    inside = formulas.times(rows.form, {(): np.asarray(alpha)}, source)
    found = formulas.applied("sigmoid", inside, source)
    return rows._replace(form=formulas.times(rows.form, found, source))


def _softmax(walk: Graph, node: Node) -> Tensor:
    axis = node.settings.whole("axis", -1 if walk.opset >= 13 else 1)
    if axis not in (-1, 1):
        raise ModelError(f"{node.source} goes along axis {axis}; 1 would do")
    walk.flat(node)
    return _applied("softmax")(walk, node)


COMPUTING: Mapping[str, Operator] = {
    "Identity": _same, "Cast": _cast, "Dropout": _dropout, "MatMul": _matmul, "Gemm": _gemm,
    "BatchNormalization": _batch_normalization, "Scaler": _scaler, "Add": _pairwise("Add"), "Sub":
    _pairwise("Sub"), "Mul": _pairwise("Mul"), "Div": _pairwise("Div"), "Neg": _negative,
    "Reciprocal": _one_over, "Clip": _clip, "Max": _extreme(True), "Min": _extreme(False), "Relu":
    _applied("relu"), "LeakyRelu": _leaky, "PRelu": _prelu, "Elu": _elu, "Celu": _celu, "Selu":
    _selu, "Gelu": _gelu, "Swish": _swish, "Softplus": _applied("softplus"), "Softsign":
    _applied("softsign"), "Tanh": _applied("tanh"), "Sigmoid": _applied("sigmoid"), "HardSigmoid":
    _hard_sigmoid, "Softmax": _softmax, "Erf": _applied("erf"), "Exp": _applied("exp"), "Log":
    _applied("log"), "Abs": _applied("abs"),
}  # fmt: skip
