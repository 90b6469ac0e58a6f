"""What the operators of a graph compute, as formulas of one vector, and from them a chain.

Converters write one activation as several operators: silu as Sigmoid and Mul, gelu as Div, Erf,
Add and two Mul, in any order. So a tensor is kept as a sum of products: each term a coefficient
times values that are not linear in what they are made of. Where a dense layer reads it, or the
graph ends, the sum is recognised as an activation with a scaling before and after it, or refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.readers.assembling.assembly import Layers
from mlp_edge.readers.importing.chain import Chain
from mlp_edge.reference import Doubles

MOST_TERMS, MOST_FACTORS, DEEPEST = 8, 3, 100
"""Terms of a sum, factors of a term, functions inside each other: no activation has more."""
CLOSE = 1e-6
"""So far apart, relatively, two ways of writing one float32 constant are."""
SQRT_2 = math.sqrt(2)

Term = tuple[int, ...]
"""The values that are multiplied, by their numbers, in order; () is 1."""
Form = Mapping[Term, Doubles]
"""Term -> its coefficient, one number or one for each unit."""
Step = Callable[[], None]


class Value(NamedTuple):
    """What is no sum or product: the vector that a chain has come to, or a function.

    Attributes:
        function: its name; "" for a vector of the chain.
        argument: of a function.
        settings: of a function: slopes, or the ends between which numbers are kept.
        depth: functions inside each other, this one included.
    """

    function: str
    argument: Form
    settings: tuple[Doubles, ...] = ()
    depth: int = 0


class Formulas:
    """Formulas on the way of one vector through a graph. Sources are named for messages."""

    def __init__(self, width: int | None) -> None:
        self.chain = Chain()
        self.chain.width = width
        self._values: list[Value] = []
        self._known: dict[object, int] = {}
        self._now = -1
        self._point()

    @property
    def start(self) -> Form:
        """The vector that the chain has come to."""
        return {(self._now,): np.ones(())}

    def dense(self, form: Form, weights: Doubles, bias: Doubles, source: str) -> Form:
        """Weights @ form + bias; weights (outputs, inputs).

        Raises:
            ModelError: naming ``source``, where the formula is no activation, or the graph no
                chain.
        """
        self._carry_out(form, source)
        self.chain.dense(weights, bias, source)
        return self._point()

    def finished(self, form: Form, source: str) -> Layers:
        """The network whose output a formula is; raises as ``dense``."""
        self._carry_out(form, source)
        return self.chain.finished(source)

    def plus(self, one: Form, other: Form, source: str) -> Form:
        """Their sum."""
        found = dict(one)
        for term, coefficient in other.items():
            found[term] = self._joined(found.get(term, np.zeros(())), coefficient, np.add, source)
        return _checked(found, source)

    def times(self, one: Form, other: Form, source: str) -> Form:
        """Their product."""
        found: dict[Term, Doubles] = {}
        for left, factor in one.items():
            for right, coefficient in other.items():
                term = tuple(sorted((*left, *right)))
                product = self._joined(factor, coefficient, np.multiply, source)
                found[term] = self._joined(found.get(term, np.zeros(())), product, np.add, source)
        return _checked(found, source)

    def applied(self, function: str, form: Form, source: str, *settings: Doubles) -> Form:
        """A function of a formula: one of ``FUNCTIONS``, or one that only others are made of."""
        inner = self._alone(form)
        if function == "reciprocal":
            function, form = self._reciprocal(form)
        elif function == "log" and (argument := self._behind_one("exp", form)) is not None:
            function, form = "softplus", argument
        elif function == "clip" and inner is not None and inner.function == "relu":
            low, high = settings
            settings, form = (np.maximum(low, 0), high), inner.argument
        values = [self._values[number] for term in form for number in term]
        depth = 1 + max((value.depth for value in values), default=0)
        if depth > DEEPEST:
            raise ModelError(f"{source} is the {depth}th function of another")
        key = (function, _key(form), tuple(map(_bytes, settings)))
        if key not in self._known:
            self._known[key] = len(self._values)
            self._values.append(Value(function, form, settings, depth))
        return {(self._known[key],): np.ones(())}

    def clipped(self, form: Form, low: float, high: float, source: str) -> Form:
        """The formula, kept between two ends; either may be infinite."""
        if (low, high) == (0, math.inf):
            return self.applied("relu", form, source)
        return self.applied("clip", form, source, np.asarray(low), np.asarray(high))

    def is_one_minus(self, one: Form, other: Form) -> bool:
        """Whether ``one`` is 1 - ``other`` and that a probability, as of a binary classifier."""
        value = self._alone(other)
        [term] = other if value is not None else [()]
        return (
            value is not None
            and value.function == "sigmoid"
            and one.keys() == {(), term}
            and bool((one[()] == 1).all() and (one[term] == -1).all())
        )

    def _point(self) -> Form:
        self._now = len(self._values)
        self._values.append(Value("", {}))
        return self.start

    def _joined(
        self, one: Doubles, other: Doubles, do: Callable[[Doubles, Doubles], Doubles], source: str
    ) -> Doubles:
        if one.ndim and other.ndim and one.size != other.size and 1 not in (one.size, other.size):
            raise ModelError(f"{source} joins {one.size} numbers and {other.size}")
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(do(one, other))

    def _alone(self, form: Form) -> Value | None:
        """The function that a formula is, times 1 and plus nothing."""
        if len(form) != 1:
            return None
        [(term, coefficient)] = form.items()
        if len(term) != 1 or not (coefficient == 1).all():
            return None
        return self._values[term[0]]

    def _behind_one(self, function: str, form: Form) -> Form | None:
        """The x of a formula that is 1 + function(x)."""
        others = {term: coefficient for term, coefficient in form.items() if term}
        if len(others) != 1 or len(form) != 2 or not (form[()] == 1).all():
            return None
        value = self._alone(others)
        return value.argument if value is not None and value.function == function else None

    def _reciprocal(self, form: Form) -> tuple[str, Form]:
        power = self._behind_one("exp", form)
        if power is not None:  # 1 / (1 + e^-z)
            return "sigmoid", {term: -coefficient for term, coefficient in power.items()}
        size = self._behind_one("abs", form)
        return ("reciprocal", form) if size is None else ("softsign share", size)

    def _carry_out(self, form: Form, source: str) -> None:
        for step in self._steps(form, source):
            step()

    def _steps(self, form: Form, source: str) -> list[Step]:
        """What the chain has to do to come to a formula.

        Raises:
            ModelError: naming ``source``, for a formula that is no activation.
        """
        constant = form.get((), np.zeros(()))
        terms = {term: coefficient for term, coefficient in form.items() if term}
        if len(terms) == 1 and len(next(iter(terms))) == 1:
            [((number,), factor)] = terms.items()
            before = self._value_steps(number, source)
            inner, after = None, (factor, constant)
        else:
            inner = self._product(terms, constant)
            if inner is None:
                raise ModelError(f"{source} computes what no activation is: {self._told(form)}")
            activation, argument, *after_ = inner
            before = [
                *self._steps(argument, source),
                lambda: self.chain.activated(activation, source),
            ]
            after = (after_[0], after_[1])
        if (after[0] == 1).all() and (after[1] == 0).all():
            return before
        return [*before, lambda: self.chain.scaled(*after, source)]

    def _value_steps(self, number: int, source: str) -> list[Step]:
        value, chain = self._values[number], self.chain
        if not value.function:
            if number != self._now:
                raise ModelError(
                    f"{source} reads what another layer has read before: the graph branches; "
                    "layers in one line would do"
                )
            return []
        if value.function not in (*FUNCTIONS, "leaky", "clip"):
            raise ModelError(f"{source} computes what no activation is: {value.function}")
        before = self._steps(value.argument, source)
        if value.function == "leaky":
            return [*before, lambda: chain.leaky(value.settings[0], source)]
        if value.function == "clip":
            low, high = (float(end) for end in value.settings)
            return [*before, lambda: chain.clipped(low, high, source)]
        return [*before, lambda: chain.activated(value.function, source)]

    def _product(self, terms: Form, constant: Doubles) -> tuple[str, Form, Doubles, Doubles] | None:
        """An activation that is a product: its name, argument, factor and what is added."""
        for number in {number for term in terms for number in term}:
            value = self._values[number]
            if value.function not in PRODUCTS:
                continue
            shared = {
                tuple(each for each in term if each != number): coefficient
                for term, coefficient in terms.items()
                if number in term
            }
            rest = {term: coefficient for term, coefficient in terms.items() if number not in term}
            if value.function != "erf":
                factor = _ratio(shared, value.argument)
                if factor is not None and not rest:
                    return PRODUCTS[value.function], value.argument, factor, constant
                continue
            # k z (1 + erf(z / sqrt 2)): what is beside erf is the same again, and a constant.
            argument = {term: SQRT_2 * each for term, each in value.argument.items()}
            again = {term: shared[term] for term in shared if term}
            if _ratio(rest, again, exact=True) is None:
                continue
            twice = {term: 2 * each for term, each in shared.items()}
            added = constant - shared.get((), np.zeros(()))
            if _near(twice, argument):
                return "gelu", twice, np.ones(()), added
            factor = _ratio(shared, argument)
            if factor is not None:
                return "gelu", argument, 2 * factor, added
        return None

    def _told(self, form: Form) -> str:
        names = [
            " times ".join(self._values[number].function or "x" for number in term) or "a constant"
            for term in form
        ]
        return " plus ".join(names)[:120]


FUNCTIONS = frozenset({
    "relu", "elu", "selu", "gelu", "silu", "softplus", "softsign", "tanh", "sigmoid",
    "hard_sigmoid", "softmax",
})  # fmt: skip
PRODUCTS = {"sigmoid": "silu", "softsign share": "softsign", "erf": "gelu"}
"""Function -> the activation that z times it is."""


def _checked(form: Mapping[Term, Doubles], source: str) -> Form:
    kept = {
        term: coefficient
        for term, coefficient in form.items()
        if not term or not (coefficient == 0).all()
    }
    if () in kept and (kept[()] == 0).all():
        del kept[()]
    if len(kept) > MOST_TERMS or any(len(term) > MOST_FACTORS for term in kept):
        raise ModelError(f"{source} computes what no activation is: a long sum of products")
    return kept or {(): np.zeros(())}


def _near(one: Form, other: Form) -> bool:
    return one.keys() == other.keys() and all(
        np.allclose(one[term], other[term], rtol=CLOSE, atol=0) for term in one
    )


def _ratio(one: Form, other: Form, exact: bool = False) -> Doubles | None:
    """The k of ``one`` = k ``other``; of 1 alone where it has to be exact."""
    terms = [term for term in other if term]
    if one.keys() != other.keys() or not terms:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.ones(()) if exact else np.asarray(one[terms[0]] / other[terms[0]])
        if not np.isfinite(factor).all():
            return None
        scaled = {term: other[term] * factor for term in other}
    return factor if _near(one, scaled) else None


def _key(form: Form) -> object:
    return tuple(sorted((term, _bytes(coefficient)) for term, coefficient in form.items()))


def _bytes(numbers: Doubles) -> tuple[tuple[int, ...], bytes]:
    numbers = np.asarray(numbers, np.float64)
    return numbers.shape, numbers.tobytes()
