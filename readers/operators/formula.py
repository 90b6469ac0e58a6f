"""What the operators of a graph compute, as formulas, and from them operations of an assembly.

Converters write one activation as several operators: silu as Sigmoid and Mul, gelu as Div, Erf,
Add and two Mul, a LayerNormalization as nine. So a tensor is kept as a sum of products: each term a
coefficient times values that are not linear in what they are made of. Where a dense layer reads it,
or the graph ends, activations and normalisations are recognised in the sum, and what is left
becomes sums and products of values.
"""

from __future__ import annotations

import math

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.readers.assembling.assembly import Assembly, Layers
from mlp_edge.readers.assembling.values import Doubt
from mlp_edge.readers.assembling.values import Value as Made
from mlp_edge.readers.operators.efforts import Efforts, product_of, sum_of
from mlp_edge.readers.operators.recognition import (
    ACTIVATIONS,
    NOT_NEGATIVE,
    TOLD,
    Value,
    activation_in,
    alone,
)
from mlp_edge.readers.operators.terms import (
    Form,
    Term,
    bits_of,
    joined,
    kept_of,
    key_of,
    less,
    same,
    shared_by,
    times_value,
)
from mlp_edge.reference import Doubles

MOST_TERMS, MOST_FACTORS, DEEPEST = 8, 2, 12
"""Terms of a sum, factors of a term, functions inside each other; no activation has more, and
what has more is put together before it goes on."""


class Formulas:
    """Formulas of the values of a graph. Sources are named for messages.

    Attributes:
        recognised: whether several operators have become one, which rounds otherwise.
    """

    def __init__(self) -> None:
        self.assembly = Assembly()
        self._values: list[Value] = []
        self._known: dict[object, int] = {}
        self._made: dict[int, Made] = {}
        self._sums: dict[object, Made] = {}
        self._centred: dict[object, Made] = {}
        self._efforts = Efforts()
        self.recognised = False

    def point(self, made: Made) -> Form:
        """A value of the assembly as a formula."""
        number = self._numbered((made,), Value("", {}))
        self._made[number] = made
        return {(number,): np.ones(())}

    def dense(self, form: Form, width: int | None, weights: Doubles, bias: Doubles,
              source: str) -> Form:  # fmt: skip
        """Weights @ form + bias; weights (outputs, inputs)."""
        return self.point(
            self.assembly.dense(self.made(form, width, source), weights, bias, source)
        )

    def finished(self, forms: list[tuple[Form, int | None]], source: str) -> Layers:
        """The network whose outputs formulas of some widths are."""
        return self.assembly.finished([self.made(*each, source) for each in forms], source)

    def plus(self, one: Form, other: Form, source: str) -> Form:
        """Their sum."""
        found = dict(one)
        for term, coefficient in other.items():
            found[term] = joined(found.get(term, np.zeros(())), coefficient, np.add, source)
        kept = kept_of(found)
        self._efforts.keep(kept, one, other, sum_of)
        return kept if len(kept) <= MOST_TERMS else self.settled(kept, source)

    def times(self, one: Form, other: Form, source: str) -> Form:
        """Their product."""
        if key_of(one) == key_of(other) and one.keys() != {()}:
            return self._squared(one, source)
        if self._is_long(one, other):
            one, other = (
                self.settled(form, source) if any(len(term) > 1 for term in form) else form
                for form in (one, other)
            )
        if len(one) * len(other) > MOST_TERMS:
            one, other = self.settled(one, source), self.settled(other, source)
        found: dict[Term, Doubles] = {}
        for left, factor in one.items():
            for right, coefficient in other.items():
                term = tuple(sorted((*left, *right)))
                product = joined(factor, coefficient, np.multiply, source)
                found[term] = joined(found.get(term, np.zeros(())), product, np.add, source)
        kept = kept_of(found)
        self._efforts.keep(kept, one, other, product_of)
        return kept

    def _is_long(self, one: Form, other: Form) -> bool:
        return max(len(left) + len(right) for left in one for right in other) > MOST_FACTORS

    def minus(self, form: Form) -> Form:
        """What is below 0 where the formula is above."""
        found = {term: -coefficient for term, coefficient in form.items()}
        self._efforts.turn(found, form)
        return found

    def applied(self, function: str, form: Form, source: str, *settings: Doubles) -> Form:
        """A function of a formula, as it is; ``mlp_edge.readers.operators.rewriting`` has more."""
        depth = 1 + self._depth(form)
        if depth > DEEPEST:
            form, depth = self.settled(form, source), 1
        key = (function, key_of(form), tuple(map(bits_of, settings)))
        number = self._numbered(key, Value(function, form, settings, depth, source))
        return {(number,): np.ones(())}

    def settled(self, form: Form, source: str) -> Form:
        """A formula as one value of the assembly; constants stay what they are."""
        return form if form.keys() <= {()} else self.point(self.made(form, None, source))

    def alone(self, form: Form) -> Value | None:
        """The function that a formula is, times 1 and plus nothing."""
        return alone(self._values, form)

    def is_narrow(self, form: Form) -> bool:
        """Whether a formula is one number, which stands for each of a row."""
        return all(each.size == 1 for each in form.values()) and all(
            self._is_narrow(number) for term in form for number in term
        )

    def _is_narrow(self, number: int) -> bool:
        value = self._values[number]
        if not value.function:
            return self._made[number].width == 1
        return value.function in ("mean", "sum") or (
            all(each.size == 1 for each in value.settings) and self.is_narrow(value.argument)
        )

    def are_one(self, one: Form, other: Form) -> bool:
        """Whether two formulas are the same."""
        return key_of(one) == key_of(other)

    def value(self, number: int) -> Value:
        """What a term names by its number."""
        return self._values[number]

    def _numbered(self, key: object, value: Value) -> int:
        if key not in self._known:
            self._known[key] = len(self._values)
            self._values.append(value)
        return self._known[key]

    def _depth(self, form: Form) -> int:
        return max((self._values[number].depth for term in form for number in term), default=0)

    def _squared(self, form: Form, source: str) -> Form:
        if len(form) == 1 and all(factor.size == 1 for factor in form.values()):
            [(term, factor)] = form.items()
            [(square, _)] = self.applied("square", {term: np.ones(())}, source).items()
            return {square: factor**2}
        return self.applied("square", form, source)

    # Formulas as values of the assembly

    def made(self, form: Form, width: int | None, source: str) -> Made:
        """A formula as a value of the assembly.

        Args:
            form: the formula.
            width: of its row, where a formula of one number stands for as many; or None.
            source: of what reads it, for messages.

        Raises:
            ModelError: naming the operator that computes what no layer does.
        """
        key = key_of(form)
        if key not in self._sums:
            self._sums[key] = self._sum(form, source)
        made = self._sums[key]
        if made.width == 1 and width is not None and width > 1:
            return self.assembly.concatenated([made] * width, source)
        return made

    def _sum(self, form: Form, source: str) -> Made:
        """Activations and normalisations first, then products, then what is linear."""
        rest, parts = dict(form), list[tuple[Made, Doubles]]()
        while any(len(term) > 1 for term in rest):
            found = self._activation(rest, source) or self._product(rest, source)
            made, factor, used = found
            parts.append((made, factor))
            rest = less(rest, used)
        for number in [term[0] for term in rest if term]:
            if (centred := self._without_mean(rest, number, source)) is not None:
                made, factor, used = centred
                parts.append((made, factor))
                rest = less(rest, used)
        constant, roundings = rest.pop((), np.zeros(())), self._efforts.of(form).roundings
        if not parts and len(rest) == 1 and roundings > 1:
            [(term, factor)] = rest.items()
            value, doubt = self._function(term[0], source), self._efforts.doubt(form, term)
            return self._added([(value, factor)], constant, source, doubt)
        # More roundings than terms are not derived.
        self.recognised |= bool(roundings > len(parts) + len(rest) + constant.any())
        parts += [(self._function(term[0], source), factor) for term, factor in rest.items()]
        return self._added(parts, constant, source)

    def _added(
        self, parts: list[tuple[Made, Doubles]], constant: Doubles, source: str,
        doubt: Doubt | None = None,
    ) -> Made:  # fmt: skip
        assembly = self.assembly
        if not parts:
            raise ModelError(f"{source} computes with constants alone")
        wide = max(np.size(each) for each in (constant, *(factor for _, factor in parts)))
        wide = max(wide, *(made.width or 0 for made, _ in parts))
        if len(parts) == 1:
            [(made, factor)] = parts
            if (factor == 1).all() and (constant == 0).all() and doubt is None:
                return made
            if made.width == 1 and max(factor.size, constant.size) > 1:
                made = assembly.concatenated([made] * wide, source)
            return assembly.scaled(made, factor, constant, source, doubt)
        values = [self._added([(made, factor)], np.zeros(()), source) if factor.size > 1 else made
                  for made, factor in parts]  # fmt: skip
        factors = [1.0 if factor.size > 1 else float(factor.item()) for _, factor in parts]
        found = assembly.added(values, factors, source)
        return self._added([(found, np.ones(()))], constant, source)

    def _function(self, number: int, source: str) -> Made:
        """A value of a formula as one of the assembly."""
        if number not in self._made:
            value = self._values[number]
            argument = self.made(value.argument, None, value.source)
            self._made[number] = self._computed(value, argument, source)
        return self._made[number]

    def _computed(self, value: Value, argument: Made, source: str) -> Made:
        assembly, function, own = self.assembly, value.function, value.source
        if function in ACTIVATIONS:
            return assembly.activated(argument, ACTIVATIONS[function], own)
        match function:
            case "leaky":
                return assembly.leaky(argument, value.settings[0], own)
            case "abs":
                return assembly.leaky(argument, -1, own)
            case "clip":
                low, high = (float(end) for end in value.settings)
                return assembly.clipped(argument, low, high, own)
            case "log_softmax":
                return assembly.log_softmax(argument, own)
            case "mean" | "sum":
                width = argument.width or 1
                share = 1 / width if function == "mean" else 1.0
                return assembly.dense(argument, np.full((1, width), share), np.zeros(1), own)
        above = self.least(value.argument) > 0
        if function in ("sqrt", "reciprocal") and above:
            root = assembly.activated(argument, "rsqrt", own)
            return assembly.multiplied((argument if function == "sqrt" else root, root), own)
        told = TOLD.get(function, function)
        raise ModelError(f"{own} computes what no activation is: {told}")

    def least(self, form: Form) -> float:
        """A number that a formula is not below; -infinity where nothing is known."""
        found = 0.0
        for term, coefficient in form.items():
            lowest = float(np.min(coefficient))
            if term and (lowest < 0 or any(self._least(number) < 0 for number in term)):
                return -math.inf
            found += lowest * math.prod(self._least(number) for number in term)
        return found

    def _least(self, number: int) -> float:
        value = self._values[number]
        if value.function in ("mean", "sum"):
            return self.least(value.argument)
        if value.function == "clip":
            return float(value.settings[0])
        return 0.0 if value.function in NOT_NEGATIVE else -math.inf

    # What is recognised: a value, its factor, and what it stands for

    def _activation(self, terms: Form, source: str) -> tuple[Made, Doubles, Form] | None:
        """An activation that is a product."""
        found = activation_in(self._values, terms)
        if found is None:
            return None
        self.recognised = True
        made = self.made(found.argument, None, source)
        return self.assembly.activated(made, found.name, source), found.factor, found.used

    def _without_mean(
        self, terms: Form, number: int, source: str
    ) -> tuple[Made, Doubles, Form] | None:
        """A formula minus its own mean, as it stands in a normalisation."""
        value = self._values[number]
        if value.function != "mean" or (number,) not in terms:
            return None
        factor = -terms[(number,)]
        wanted = {term: factor * each for term, each in value.argument.items()}
        if not all(term in terms and same(terms[term], each)
                   for term, each in wanted.items() if term):  # fmt: skip
            return None
        key = key_of(value.argument)
        if key not in self._centred:
            made = self.made(value.argument, None, source)
            self._centred[key] = self.assembly.centred(made, value.source)
        return self._centred[key], factor, {**wanted, (number,): -factor}

    def _product(self, terms: Form, source: str) -> tuple[Made, Doubles, Form]:
        """The value that most terms share, times what is beside it."""
        numbers = [number for term in terms if len(term) > 1 for number in {*term}]
        best = max(numbers, key=lambda number: (numbers.count(number), number))
        shared = shared_by(terms, best)
        one, other = self.made(shared, None, source), self._function(best, source)
        return (
            self.assembly.multiplied((one, other), source),
            np.ones(()),
            times_value(shared, best),
        )
