"""Values of a graph as layers: which need one, and which are taken into the weights of others.

A value costs a layer only where an activation, a product of two values or an output needs its
numbers. Everything else is a ``Form``, which goes into the weights of what reads it. Where that
would multiply the same matrix twice, or repeat it, a layer of sums is cheaper and is made.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.readers.assembling.forms import (
    Draft,
    Form,
    Part,
    Product,
    added,
    cut,
    joined,
    picked,
    plain,
    scaled,
    whole,
    widened,
)
from mlp_edge.readers.assembling.ordering import ordered, segments
from mlp_edge.readers.assembling.values import (
    Activated,
    Added,
    Affine,
    Cut,
    Leaky,
    Plain,
    Scaled,
    Value,
    reachable,
    size,
)
from mlp_edge.reference import Doubles

WIDEST_ADDED = 2048
"""Neurons of a layer that is added where the file has none; its weights grow with the square."""
MOST_PARTS = 2**17
"""Parts of which all values are made, counted anew for everything that reads them."""
SMALL = 2
"""Numbers that another layer reads beside its own at less cost than that of a layer of sums."""
WHOLE_ROWS = ("softmax",)
"""Activations of a row, which cannot be computed piece by piece."""


class Lowering:
    """Values as drafts of layers.

    Args:
        inputs: values that are the readings, one after the other.
        outputs: values that are the predictions.

    Attributes:
        readings: what goes in.
        folded: whether weights are multiplied together that the file has apart.

    Raises:
        ModelError: where there is no dense layer, or an input of unknown width.
    """

    def __init__(self, inputs: Sequence[Value], outputs: Sequence[Value]) -> None:
        self._values = reachable(outputs)
        if not any(isinstance(value.step, Affine) for value in self._values):
            raise ModelError("no Dense layer; an MLP has at least one")
        self.readings = Draft(sum(size(value) for value in inputs))
        self.folded = False
        self._inputs = inputs
        read = [operand for value in self._values for operand in value.operands]
        self._uses = dict.fromkeys(self._values, 0)
        for value in (*read, *outputs):
            self._uses[value] += 1
        self._forms: dict[Value, Form] = {}

    def heads(self, outputs: Sequence[Value]) -> list[Draft]:
        """The layers that predict; nothing else reads them."""
        parts = 0
        for value in self._values:
            form = self._form(value)
            parts += len(form.parts) * (1 + self._uses[value])
            if parts > MOST_PARTS:
                raise ModelError(
                    f"{value.source} reads what is joined of others that join others: "
                    f"{parts:,} parts in all; {MOST_PARTS:,} would do"
                )
            if self._uses[value] > 1 and form.products:
                form = self._settled(form, "linear", value.source)
            self._forms[value] = form
        heads: list[Draft] = []
        for value in outputs:
            for piece in segments(self._forms[value]):
                drafts = _side_by_side(piece)
                if not drafts or {*drafts} & {*heads}:
                    drafts = self._settled(piece, "linear", value.source).drafts
                heads += drafts
        read = {each for draft in ordered(heads) for each in draft.reads}
        return [
            self._draft(whole(draft), "linear", draft.source) if draft in read else draft
            for draft in heads
        ]

    def _form(self, value: Value) -> Form:
        """What a value is made of, once its operands are known."""
        step, forms = value.step, [self._forms[each] for each in value.operands]
        match step:
            case Affine():
                return self._product(value, step)
            case Scaled():
                self.folded |= self.readings not in forms[0].drafts or bool(forms[0].products)
                given = step.factor, step.offset
                factor, offset = (np.broadcast_to(each, size(value)) for each in given)
                return scaled(forms[0], factor, offset, by_file=True)
            case Activated("log_softmax"):
                raise ModelError(
                    f"{value.source} takes the logarithms of probabilities before the model's "
                    "end; a softmax would do"
                )
            case Activated():
                return self._settled(forms[0], step.activation, value.source)
            case Leaky():
                return self._leaky(forms[0], step.slopes, value.source)
            case Added():
                return self._added(value, step.factors)
            case Cut():
                return cut(forms[0], step.start, step.stop)
            case Plain("given"):
                start = sum(size(each) for each in self._inputs[: self._inputs.index(value)])
                return picked(self.readings, np.arange(start, start + size(value)))
            case Plain("multiplied"):
                return self._multiplied(value)
            case Plain("joined"):
                return joined(forms)
            case _:
                return self._centred(value)

    # Dense layers of the file

    def _product(self, value: Value, step: Affine) -> Form:
        [operand] = value.operands
        form = self._light(operand, value.source)
        pieces = [
            self._settled(piece, "linear", operand.source)
            if _is_crowded(piece, len(step.bias)) else piece
            for piece in segments(form)
        ]  # fmt: skip
        form = self._forms[operand] = joined(pieces)
        return _dense(form, step.weights, step.bias, value.source)

    def _light(self, value: Value, source: str) -> Form:
        """A value without products, which are made layers."""
        if self._forms[value].products:
            self._forms[value] = self._settled(self._forms[value], "linear", source)
        return self._forms[value]

    def _centred(self, value: Value) -> Form:
        """Without the mean: taken into the weights of dense layers, or a layer of its own."""
        [operand] = value.operands
        form, width = self._forms[operand], size(value)
        if form.picks or any(product.rows != slice(0, width) for product in form.products):
            self._check_width(width, value.source)
            form = self._light(operand, value.source)
            weights = np.eye(width) - 1 / width
            return _dense(form, weights, np.zeros(width), value.source)
        self.folded = True
        return Form(width, tuple(map(_centred, form.products)))

    # Layers

    def _settled(self, form: Form, activation: str, source: str) -> Form:
        """The activation of a form, in as many layers as it has pieces."""
        pieces = [self._untangled(piece, source) for piece in segments(form)]
        if activation in WHOLE_ROWS and len(pieces) > 1:
            pieces = [joined([self._settled(each, "linear", source) if each.products else each
                              for each in pieces])]  # fmt: skip
        return joined([whole(self._draft(piece, activation, source)) for piece in pieces])

    def _untangled(self, form: Form, source: str) -> Form:
        """A sum with the numbers of other layers apart, where a matrix of both is larger."""
        products = form.products
        known = {draft for product in products for draft in product.drafts}
        others = [
            pick for pick in form.picks if pick.draft not in known and pick.draft.width > SMALL
        ]
        rest = tuple(part for part in form.parts if not any(part is pick for pick in others))
        if not products or not others or not _covers(rest, form.width):
            return form
        settled = self._settled(Form(form.width, rest), "linear", source)
        return Form(form.width, (*settled.parts, *others))

    def _draft(self, form: Form, activation: str, source: str) -> Draft:
        if not form.products:
            self._check_width(form.width, source)
        return _drafted(form, activation, source)

    def _check_width(self, width: int, source: str) -> None:
        if width > WIDEST_ADDED:
            raise ModelError(
                f"{source} does not follow a Dense layer directly, and takes a layer of "
                f"{width:,} units of its own; {WIDEST_ADDED:,} would do"
            )

    def _leaky(self, form: Form, slopes: Doubles, source: str) -> Form:
        """relu(z) - slopes relu(-z)."""
        found, start = [], 0
        for each in segments(form):
            piece, width = self._untangled(each, source), each.width
            if not piece.products:
                self._check_width(width, source)
            own = np.broadcast_to(slopes, form.width)[start : start + width]
            zeros = np.zeros(width)
            draft = _drafted(joined([piece, scaled(piece, -np.ones(width), zeros)]), "relu", source)
            above = picked(draft, np.arange(width))
            below = scaled(picked(draft, np.arange(width, 2 * width)), -own, zeros)
            found.append(Form(width, (*above.parts, *below.parts)))
            start += width
        return joined(found)

    def _added(self, value: Value, factors: Sequence[float]) -> Form:
        width, forms = size(value), []
        for operand, factor in zip(value.operands, factors, strict=True):
            form = self._forms[operand]
            if form.width != width:
                form = widened(self._light(operand, value.source), width)
            forms.append(scaled(form, np.full(width, float(factor)), np.zeros(width)))
        found = added(forms)
        self.folded |= bool(found.products) or any(factor != 1 for factor in factors)
        return found

    def _multiplied(self, value: Value) -> Form:
        one, other = value.operands
        if one is other:
            return self._settled(self._forms[one], "square", value.source)
        host, gate = min(
            ((one, other), (other, one)), key=lambda pair: self._cost(pair[0], pair[1], size(value))
        )
        factor = self._gate(gate, value.source)
        draft = self._host(host)
        if draft is None:
            form = self._forms[host]
            if len(list(segments(form))) > 1:
                form = self._light(host, value.source)
            draft = self._draft(self._untangled(form, value.source), "linear", value.source)
        draft.times = factor
        return whole(draft)

    def _cost(self, host: Value, gate: Value, width: int) -> int:
        """Numbers that have to be computed for a product, beside those of its operands."""
        if size(host) != width:
            return 4 * width + 1
        form = self._forms[host]
        free = self._host(host) is not None or (form.products and self._uses[host] == 1)
        gates = self._forms[gate]
        return (0 if free else width) + (0 if gates.products or plain(gates) else size(gate))

    def _host(self, value: Value) -> Draft | None:
        """The layer whose activations nothing else reads and nothing multiplies yet."""
        draft = plain(self._forms[value])
        own = isinstance(value.step, Activated) and self._uses[value] == 1
        return draft if own and draft is not None and draft.times is None else None

    def _gate(self, value: Value, source: str) -> Draft:
        """A value as one whole layer."""
        form = self._light(value, source)
        draft = plain(form)
        if draft is None:
            draft = self._draft(form, "linear", source)
            self._forms[value] = whole(draft)
        return draft


def _dense(form: Form, weights: Doubles, bias: Doubles, source: str) -> Form:
    width = len(bias)
    return Form(
        width, (Product(0, weights, bias, form.picks, np.ones(width), np.zeros(width), source),)
    )


def _drafted(form: Form, activation: str, source: str) -> Draft:
    products = form.products
    return Draft(form.width, form, activation, products[0].source if products else source)


def _is_crowded(form: Form, outputs: int) -> bool:
    """Whether a sum goes into a dense layer at a higher cost than a layer of sums has."""
    covered = sum(
        int(_mask([pick for pick in form.picks if pick.draft is draft], form.width).sum())
        for draft in form.drafts
    )
    return outputs * (covered - form.width) > covered


def _covers(parts: Sequence[Part], width: int) -> bool:
    return bool(_mask(parts, width).all())


def _mask(parts: Sequence[Part], width: int) -> NDArray[np.bool_]:
    found = np.zeros(width, bool)
    for part in parts:
        found[part.rows] = True
    return found


def _centred(product: Product) -> Product:
    weights = product.weights * product.factor[:, None]
    bias = product.bias * product.factor + product.offset
    width = len(bias)
    return product._replace(
        weights=weights - weights.mean(axis=0), bias=bias - bias.mean(), factor=np.ones(width),
        offset=np.zeros(width),
    )  # fmt: skip


def _side_by_side(form: Form) -> tuple[Draft, ...]:
    """The layers that a form is, whole and one after the other; none for any other form."""
    apart = [Form(len(pick.columns), (pick._replace(place=0),)) for pick in form.picks]
    drafts = tuple(draft for draft in map(plain, apart) if draft is not None)
    size = sum(each.width for each in apart)
    whole_ones = not form.products and len(drafts) == len(apart) and size == form.width
    return drafts if whole_ones and len({*drafts}) == len(drafts) else ()
