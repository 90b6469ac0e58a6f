"""Activations that stand in sums of products, as converters write them by many operators."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mlp_edge.readers.operators.terms import Form, near, ratio, shared_by, times_value
from mlp_edge.reference import Doubles

SQRT_2 = math.sqrt(2)
TANH_SCALE, CUBE = math.sqrt(2 / math.pi), 0.044715
"""Of gelu by tanh."""

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


class Activation(NamedTuple):
    """What a part of a sum stands for: factor * name(argument).

    Attributes:
        name: of ``mlp_edge.mlp``.
        argument: what it is applied to.
        factor: what it is multiplied by.
        used: the part of the sum.
    """

    name: str
    argument: Form
    factor: Doubles
    used: Form


def alone(values: Sequence[Value], form: Form) -> Value | None:
    """The function that a formula is, times 1 and plus nothing."""
    if len(form) != 1:
        return None
    [(term, coefficient)] = form.items()
    if len(term) != 1 or not (coefficient == 1).all():
        return None
    return values[term[0]]


def activation_in(values: Sequence[Value], terms: Form) -> Activation | None:
    """An activation that is a product, such as z times sigmoid(z).

    Args:
        values: by their numbers.
        terms: a sum.
    """
    for number in dict.fromkeys(number for term in terms if len(term) > 1 for number in term):
        value, shared = values[number], shared_by(terms, number)
        name, argument = PRODUCTS.get(value.function, ""), value.argument
        inner = alone(values, argument) if value.function == "tanh" else None
        found: Activation | None = None
        if inner is not None and inner.function == "softplus":
            name, argument = "mish", inner.argument
        if value.function == "erf":
            found = _gelu(value, number, shared)
        elif value.function == "step":
            found = _ramp(values, number, shared)
        elif name and (factor := ratio(shared, argument)) is not None:
            found = Activation(name, argument, factor, times_value(shared, number))
        elif value.function == "tanh" and not name:
            found = _gelu_by_tanh(values, number, shared)
        if found is not None:
            return found
    return None


def _gelu(value: Value, number: int, shared: Form) -> Activation | None:
    """K z erf(z / sqrt 2) = 2 k gelu(z) - k z, of which converters write k z beside it."""
    argument = {term: SQRT_2 * each for term, each in value.argument.items()}
    used = {**times_value(shared, number), **shared}
    twice = {term: 2 * each for term, each in shared.items()}
    if near(twice, argument):
        return Activation("gelu", twice, np.ones(()), used)
    factor = ratio(shared, argument)
    return None if factor is None else Activation("gelu", argument, 2 * factor, used)


def _gelu_by_tanh(values: Sequence[Value], number: int, shared: Form) -> Activation | None:
    """K z tanh(sqrt(2 / pi) (z + 0.044715 z^3)), of which it is as ``_gelu`` is of erf."""
    inside = values[number].argument
    for square in {each for term in inside for each in term}:
        z = values[square].argument
        factor = ratio(shared, z)
        if values[square].function != "square" or factor is None:
            continue
        cube = {term: CUBE * each for term, each in times_value(z, square).items()}
        wanted = {term: TANH_SCALE * each for term, each in {**z, **cube}.items()}
        if near(inside, wanted):
            used = {**times_value(shared, number), **shared}
            return Activation("gelu_tanh", z, 2 * factor, used)
    return None


def _ramp(values: Sequence[Value], number: int, shared: Form) -> Activation | None:
    """What goes through 0 where a step is: f(z) step(z) = relu(f(z))."""
    above, used = values[number].argument, times_value(shared, number)
    factor = ratio(shared, above)
    if factor is not None:
        return Activation("relu", above, factor, used)
    if len(shared) != 1 or any(len(term) != 1 for term in shared):
        return None
    [(term, factor)] = shared.items()
    value = values[term[0]]
    slope = ratio(value.argument, above) if value.function in SIGNED else None
    if slope is None or not ((slope > 0).all() or (slope < 0).all()):
        return None
    sign = np.sign(slope.flat[0])
    return Activation("relu", {term: np.asarray(sign)}, factor * sign, used)
