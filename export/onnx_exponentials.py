"""Sigmoids and softmax probabilities of int24 as ONNX, by ``mlp_edge.integers.exponential``.

Its integers are held in float64. Dividing by a power of two takes no rounding, so that a shift is a
floor; where the formulas subtract a floor, a ceiling does both.
"""

from __future__ import annotations

import numpy as np

from mlp_edge.export.onnx_graph import GraphBuilder
from mlp_edge.integers.exponential import COEFFICIENTS, DIGITS, MOST_HALVINGS, SCALE

_UNIT = 2 ** (SCALE - DIGITS)


def sigmoid(build: GraphBuilder, signed: str, octave: int, most: int) -> str:
    """Probabilities (N, outputs) float32.

    Args:
        build: added to.
        signed: the last activations less ``zero``, float64.
        octave: log2 of the integers that halve an exponential.
        most: the largest integer of ``signed``, in absolute value.
    """
    distances = build.add("sigmoid/distances", "Abs", signed)
    power = _power(build, "sigmoid/power", distances, octave, most, -DIGITS)
    below = build.cast("sigmoid/below", power, "FLOAT")
    one = build.constant("sigmoid/one", np.float32(1))
    nothing = build.constant("sigmoid/nothing", np.float64(0))
    negative = build.add("sigmoid/negative", "Less", signed, nothing)
    share = build.add("sigmoid/share", "Where", negative, below, one)
    return build.add("sigmoid", "Div", share, build.add("sigmoid/sum", "Add", one, below))


def softmax(build: GraphBuilder, logits: str, octave: int, most: int) -> str:
    """Probabilities (N, classes) float32 of the last activations, float64; see ``sigmoid``."""
    highest = build.add("softmax/highest", "ReduceMax", logits, axes=[1], keepdims=1)
    distances = build.add("softmax/distances", "Sub", highest, logits)
    power = _power(build, "softmax/power", distances, octave, most, 0)
    whole = build.add("softmax/whole", "Floor", power)
    axis = build.constant("softmax/axis", np.array([1], np.int64))
    total = build.add("softmax/total", "ReduceSum", whole, axis, keepdims=1)
    floats = build.cast("softmax/floats", power, "FLOAT")
    return build.add("softmax", "Div", floats, build.cast("softmax/sum", total, "FLOAT"))


def _power(
    build: GraphBuilder, scope: str, distances: str, octave: int, most: int, digits: int
) -> str:
    """2^-(d / 2^octave) of distances d from 0 to ``most``, times 2^(24 + digits): m times 2^-k."""

    def number(name: str, value: float) -> str:
        return build.constant(f"{scope}/{name}", np.float64(value))

    def do(name: str, operator: str, *inputs: str) -> str:
        return build.add(f"{scope}/{name}", operator, *inputs)

    octaves = do("octaves", "Mul", distances, number("spacing", 2.0**-octave))
    halvings = do("halvings", "Floor", octaves)
    rest = do("rest", "Sub", octaves, halvings)  # f / 2^24
    *others, value = (number(f"coefficient{n}", each) for n, each in enumerate(COEFFICIENTS))
    for power, coefficient in reversed(list(enumerate(others))):
        product = do(f"product{power}", "Mul", value, rest)
        value = do(f"value{power}", "Ceil", do(f"sum{power}", "Sub", coefficient, product))
    # m = (2^28 + 8 - floor(product)) >> 4 = ceil((2^28 + 8 - 15 - product) / 16)
    whole = number("whole", 2**SCALE + _UNIT // 2 - (_UNIT - 1))
    fraction = do("fraction", "Sub", whole, do("product", "Mul", value, rest))
    scaled = do("scaled", "Mul", fraction, number("unit", 1 / _UNIT))
    places = np.arange(min(most >> octave, MOST_HALVINGS + 1) + 1)
    powers = np.where(places > MOST_HALVINGS, 0, np.ldexp(1.0, digits - places))
    if most >> octave > places[-1]:
        halvings = do("place", "Min", halvings, number("last", places[-1]))
    index = build.cast(f"{scope}/index", halvings, "INT32")
    factor = do("factor", "Gather", build.constant(f"{scope}/powers", powers), index)
    return do("result", "Mul", do("mantissa", "Ceil", scaled), factor)
