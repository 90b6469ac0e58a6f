"""What the operators of a graph compute, as formulas, and from them operations of an assembly.

Converters write one activation as several operators: silu as Sigmoid and Mul, gelu as Div, Erf,
Add and two Mul, a LayerNormalization as nine. So a tensor is kept as a sum of products: each term a
coefficient times values that are not linear in what they are made of. Where a dense layer reads it,
or the graph ends, activations and normalisations are recognised in the sum, and what is left
becomes sums and products of values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.readers.assembling.assembly import Assembly, Layers
from mlp_edge.readers.assembling.values import Value as Made
from mlp_edge.reference import Doubles

MOST_TERMS, MOST_FACTORS, DEEPEST = 8, 2, 12
"""Terms of a sum, factors of a term, functions inside each other; no activation has more, and
what has more is put together before it goes on."""
CLOSE = 1e-6
"""So far apart, relatively, two ways of writing one float32 constant are."""
SQRT_2 = math.sqrt(2)
TANH_SCALE, CUBE = math.sqrt(2 / math.pi), 0.044715
"""Of gelu by tanh."""

Term = tuple[int, ...]
"""The values that are multiplied, by their numbers, in order; () is 1."""
Form = Mapping[Term, Doubles]
"""Term -> its coefficient, one number or one for each number of a row."""


class Value(NamedTuple):
    """What is no sum or product: a value of the assembly, or a function.

    Attributes:
        function: its name; "" for a value of the assembly.
        argument: of a function.
        settings: of a function: slopes, the ends between which numbers are kept, a width.
        depth: functions inside each other, this one included.
        source: of the operator, for messages.
    """

    function: str
    argument: Form
    settings: tuple[Doubles, ...] = ()
    depth: int = 0
    source: str = ""


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
            found[term] = _joined(found.get(term, np.zeros(())), coefficient, np.add, source)
        kept = _kept(found)
        return kept if len(kept) <= MOST_TERMS else self.settled(kept, source)

    def times(self, one: Form, other: Form, source: str) -> Form:
        """Their product."""
        if _key(one) == _key(other) and one.keys() != {()}:
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
                product = _joined(factor, coefficient, np.multiply, source)
                found[term] = _joined(found.get(term, np.zeros(())), product, np.add, source)
        return _kept(found)

    def _is_long(self, one: Form, other: Form) -> bool:
        return max(len(left) + len(right) for left in one for right in other) > MOST_FACTORS

    def minus(self, form: Form) -> Form:
        """What is below 0 where the formula is above."""
        return {term: -coefficient for term, coefficient in form.items()}

    def applied(self, function: str, form: Form, source: str, *settings: Doubles) -> Form:
        """A function of a formula, as it is; ``mlp_edge.readers.operators.rewriting`` has more."""
        depth = 1 + self._depth(form)
        if depth > DEEPEST:
            form, depth = self.settled(form, source), 1
        key = (function, _key(form), tuple(map(_bytes, settings)))
        number = self._numbered(key, Value(function, form, settings, depth, source))
        return {(number,): np.ones(())}

    def settled(self, form: Form, source: str) -> Form:
        """A formula as one value of the assembly; constants stay what they are."""
        return form if form.keys() <= {()} else self.point(self.made(form, None, source))

    def alone(self, form: Form) -> Value | None:
        """The function that a formula is, times 1 and plus nothing."""
        if len(form) != 1:
            return None
        [(term, coefficient)] = form.items()
        if len(term) != 1 or not (coefficient == 1).all():
            return None
        return self._values[term[0]]

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
        return _key(one) == _key(other)

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
        key = _key(form)
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
            rest = _less(rest, used)
        for number in [term[0] for term in rest if term]:
            if (centred := self._without_mean(rest, number, source)) is not None:
                made, factor, used = centred
                parts.append((made, factor))
                rest = _less(rest, used)
        constant = rest.pop((), np.zeros(()))
        parts += [(self._function(term[0], source), factor) for term, factor in rest.items()]
        return self._added(parts, constant, source)

    def _added(self, parts: list[tuple[Made, Doubles]], constant: Doubles, source: str) -> Made:
        assembly = self.assembly
        if not parts:
            raise ModelError(f"{source} computes with constants alone")
        wide = max(np.size(each) for each in (constant, *(factor for _, factor in parts)))
        wide = max(wide, *(made.width or 0 for made, _ in parts))
        if len(parts) == 1:
            [(made, factor)] = parts
            if (factor == 1).all() and (constant == 0).all():
                return made
            if made.width == 1 and max(factor.size, constant.size) > 1:
                made = assembly.concatenated([made] * wide, source)
            return assembly.scaled(made, factor, constant, source)
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
        """An activation that is a product, such as z times sigmoid(z)."""
        for number in dict.fromkeys(number for term in terms if len(term) > 1 for number in term):
            value = self._values[number]
            shared = _shared(terms, number)
            name, argument = PRODUCTS.get(value.function, ""), value.argument
            if value.function == "tanh":
                inner = self.alone(argument)
                if inner is not None and inner.function == "softplus":
                    name, argument = "mish", inner.argument
            if value.function == "erf":
                found = self._gelu(number, shared)
            elif value.function == "tanh" and not name:
                found = self._gelu_by_tanh(number, shared, source)
            elif value.function == "step":
                found = self._ramp(number, shared)
            elif name and (factor := ratio(shared, argument)) is not None:
                found = name, argument, factor, _with(shared, number)
            else:
                found = None
            if found is not None:
                self.recognised = True
                activation, argument, factor, used = found
                made = self.made(argument, None, source)
                return self.assembly.activated(made, activation, source), factor, used
        return None

    def _gelu(self, number: int, shared: Form) -> tuple[str, Form, Doubles, Form] | None:
        """K z erf(z / sqrt 2) = 2 k gelu(z) - k z, of which converters write k z beside it."""
        argument = {term: SQRT_2 * each for term, each in self._values[number].argument.items()}
        used = {**_with(shared, number), **shared}
        twice = {term: 2 * each for term, each in shared.items()}
        if _near(twice, argument):
            return "gelu", twice, np.ones(()), used
        factor = ratio(shared, argument)
        return None if factor is None else ("gelu", argument, 2 * factor, used)

    def _gelu_by_tanh(
        self, number: int, shared: Form, source: str
    ) -> tuple[str, Form, Doubles, Form] | None:
        """K z tanh(sqrt(2 / pi) (z + 0.044715 z^3)), of which it is as ``_gelu`` is of erf."""
        inside = self._values[number].argument
        squares = {each for term in inside for each in term
                   if self._values[each].function == "square"}  # fmt: skip
        for square in squares:
            z = self._values[square].argument
            factor = ratio(shared, z)
            cube = {term: CUBE * each for term, each in _with(z, square).items()}
            wanted = {term: TANH_SCALE * each for term, each in {**z, **cube}.items()}
            if factor is not None and _near(inside, wanted):
                return "gelu_tanh", z, 2 * factor, {**_with(shared, number), **shared}
        return None

    def _ramp(self, number: int, shared: Form) -> tuple[str, Form, Doubles, Form] | None:
        """What goes through 0 where a step is: f(z) step(z) = relu(f(z))."""
        above, used = self._values[number].argument, _with(shared, number)
        factor = ratio(shared, above)
        if factor is not None:
            return "relu", above, factor, used
        if len(shared) != 1 or any(len(term) != 1 for term in shared):
            return None
        [(term, factor)] = shared.items()
        value = self._values[term[0]]
        slope = ratio(value.argument, above) if value.function in SIGNED else None
        if slope is None or not ((slope > 0).all() or (slope < 0).all()):
            return None
        sign = np.sign(slope.flat[0])
        return "relu", {term: np.asarray(sign)}, factor * sign, used

    def _without_mean(
        self, terms: Form, number: int, source: str
    ) -> tuple[Made, Doubles, Form] | None:
        """A formula minus its own mean, as it stands in a normalisation."""
        value = self._values[number]
        if value.function != "mean" or (number,) not in terms:
            return None
        factor = -terms[(number,)]
        wanted = {term: factor * each for term, each in value.argument.items()}
        if not all(term in terms and _same(terms[term], each)
                   for term, each in wanted.items() if term):  # fmt: skip
            return None
        key = _key(value.argument)
        if key not in self._centred:
            made = self.made(value.argument, None, source)
            self._centred[key] = self.assembly.centred(made, value.source)
        return self._centred[key], factor, {**wanted, (number,): -factor}

    def _product(self, terms: Form, source: str) -> tuple[Made, Doubles, Form]:
        """The value that most terms share, times what is beside it."""
        numbers = [number for term in terms if len(term) > 1 for number in {*term}]
        best = max(numbers, key=lambda number: (numbers.count(number), number))
        shared = _shared(terms, best)
        one, other = self.made(shared, None, source), self._function(best, source)
        return self.assembly.multiplied((one, other), source), np.ones(()), _with(shared, best)


ACTIVATIONS: Mapping[str, str] = {
    **{name: name for name in (
        "relu", "elu", "selu", "gelu", "silu", "softplus", "softsign", "tanh", "sigmoid",
        "hard_sigmoid", "softmax", "mish", "gelu_tanh", "square", "rsqrt")},
    "exp": "exponential",
}  # fmt: skip
"""Function -> the activation that computes it."""
PRODUCTS = {"sigmoid": "silu", "softsign share": "softsign"}
"""Function -> the activation that z times it is."""
SIGNED = frozenset({"elu", "selu", "gelu", "silu", "mish", "tanh", "softsign", "leaky"})
"""Functions that are over 0 where their argument is."""
TOLD = {
    "step": "a jump",
    "sqrt": "a square root of what may be 0", "reciprocal": "a division by what may be 0",
    "softsign share": "1 / (1 + |x|)", "log": "a logarithm",
}  # fmt: skip
"""Function that no layer computes -> what it is called in a message."""
NOT_NEGATIVE = frozenset({
    "relu", "softplus", "sigmoid", "hard_sigmoid", "softmax", "square", "rsqrt", "exp", "abs",
    "sqrt",
})  # fmt: skip


def _shared(terms: Form, number: int) -> dict[Term, Doubles]:
    """What a value is multiplied by, in all terms that have it."""
    found = {}
    for term, coefficient in terms.items():
        if number in term:
            at = term.index(number)
            found[(*term[:at], *term[at + 1 :])] = coefficient
    return found


def _with(terms: Form, number: int) -> dict[Term, Doubles]:
    """Terms times a value."""
    return {tuple(sorted((*term, number))): each for term, each in terms.items()}


def _less(terms: Form, used: Form) -> dict[Term, Doubles]:
    """What is left of a sum without some of it; what differs by rounding alone is gone."""
    found = dict(terms)
    for term, each in used.items():
        left = found.get(term, np.zeros(())) - each
        if term and _same(found.get(term, np.zeros(())), each):
            del found[term]
        else:
            found[term] = left
    return _kept(found, empty=True)


def _joined(
    one: Doubles, other: Doubles, do: Callable[[Doubles, Doubles], Doubles], source: str
) -> Doubles:
    if one.ndim and other.ndim and one.size != other.size and 1 not in (one.size, other.size):
        raise ModelError(f"{source} joins {one.size} numbers and {other.size}")
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(do(one, other))


def _kept(form: Mapping[Term, Doubles], empty: bool = False) -> dict[Term, Doubles]:
    """A sum without what is 0."""
    kept = {
        term: each.reshape(-1)[:1].reshape(()) if (each == each.flat[0]).all() else each
        for term, each in form.items()
        if not (each == 0).all()
    }
    return kept if kept or empty else {(): np.zeros(())}


def _same(one: Doubles, other: Doubles) -> bool:
    return bool(np.allclose(one, other, rtol=CLOSE, atol=0))


def _near(one: Form, other: Form) -> bool:
    return one.keys() == other.keys() and all(_same(one[term], other[term]) for term in one)


def ratio(one: Form, other: Form) -> Doubles | None:
    """The k of ``one`` = k ``other``."""
    terms = [term for term in other if term]
    if one.keys() != other.keys() or not terms:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.asarray(one[terms[0]] / other[terms[0]])
        if not np.isfinite(factor).all():
            return None
        scaled = {term: other[term] * factor for term in other}
    return factor if _near(one, scaled) else None


def _key(form: Form) -> object:
    return tuple(sorted((term, _bytes(coefficient)) for term, coefficient in form.items()))


def _bytes(numbers: Doubles) -> tuple[tuple[int, ...], bytes]:
    numbers = np.asarray(numbers, np.float64)
    return numbers.shape, numbers.tobytes()
