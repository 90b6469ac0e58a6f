"""Sigmoids and softmax probabilities of int24 as ONNX, by ``mlp_edge.integers.exponential``.

Its integers are held in float64. Dividing by a power of two takes no rounding, so that a shift is a
floor; where the formulas subtract a floor, a ceiling does both. m is what float64 has left when it
is rounded to float32.
"""

from __future__ import annotations

import numpy as np

from mlp_edge.export.onnx_graph import GraphBuilder
from mlp_edge.integers.exponential import COEFFICIENTS, DIGITS, MOST_HALVINGS, SCALE

_ABOVE = 1 - 2.0**-23
"""What half up and the last floor come to where a float32 is rounded to even: no sum is then
half-way between two (tests/export/test_onnx_exponentials.py tries every f)."""


def sigmoid(build: GraphBuilder, signed: str, octave: int, most: int) -> str:
    """Probabilities (N, outputs) float32.

    Args:
        build: added to.
        signed: the last activations less ``zero``, float64.
        octave: log2 of the integers that halve an exponential.
        most: the largest integer of ``signed``, in absolute value.
    """
    distances = build.add("sigmoid/distances", "Abs", signed)
    result = power(build, "sigmoid/power", distances, octave, most, -DIGITS)
    below = build.cast("sigmoid/below", result, "FLOAT")
    one = build.constant("sigmoid/one", np.float32(1))
    nothing = build.constant("sigmoid/nothing", np.float64(0))
    negative = build.add("sigmoid/negative", "Less", signed, nothing)
    share = build.add("sigmoid/share", "Where", negative, below, one)
    return build.add("sigmoid", "Div", share, build.add("sigmoid/sum", "Add", one, below))


def softmax(build: GraphBuilder, logits: str, octave: int, most: int) -> str:
    """Probabilities (N, classes) float32 of the last activations, float64; see ``sigmoid``."""
    highest = build.add("softmax/highest", "ReduceMax", logits, axes=[1], keepdims=1)
    distances = build.add("softmax/distances", "Sub", highest, logits)
    result = power(build, "softmax/power", distances, octave, most, 0)
    floats = build.cast("softmax/floats", result, "FLOAT")
    whole = build.cast("softmax/whole", build.add("softmax/floor", "Floor", floats), "DOUBLE")
    axis = build.constant("softmax/axis", np.array([1], np.int64))
    total = build.add("softmax/total", "ReduceSum", whole, axis, keepdims=1)
    return build.add("softmax", "Div", floats, build.cast("softmax/sum", total, "FLOAT"))


def power(
    build: GraphBuilder, scope: str, distances: str, octave: int, most: int, digits: int
) -> str:
    """2^-(d / 2^octave) times 2^(24 + digits), of which float32 makes m times 2^(digits - k).

    Args:
        build: added to.
        scope: what the names of tensors begin with.
        distances: d, from 0 up, float64.
        octave: log2 of the integers that halve it.
        most: the largest d.
        digits: see above.
    """

    def number(name: str, value: float) -> str:
        return build.constant(f"{scope}/{name}", np.float64(value))

    def do(name: str, operator: str, *inputs: str) -> str:
        return build.add(f"{scope}/{name}", operator, *inputs)

    octaves = do("octaves", "Mul", distances, number("spacing", 2.0**-octave))
    halvings = do("halvings", "Floor", octaves)
    rest = do("rest", "Sub", octaves, halvings)  # f / 2^24
    *others, value = (number(f"coefficient{n}", each) for n, each in enumerate(COEFFICIENTS))
    for degree, coefficient in reversed(list(enumerate(others))):
        product = do(f"product{degree}", "Mul", value, rest)
        value = do(f"value{degree}", "Ceil", do(f"sum{degree}", "Sub", coefficient, product))
    product = do("product", "Mul", value, rest)
    mantissa = do("mantissa", "Sub", number("whole", 2.0**SCALE + _ABOVE), product)
    places = np.arange(min(most >> octave, MOST_HALVINGS + 1) + 1)
    powers = np.where(places > MOST_HALVINGS, 0, np.ldexp(1.0, DIGITS - SCALE + digits - places))
    if most >> octave > places[-1]:
        halvings = do("place", "Min", halvings, number("last", places[-1]))
    index = build.cast(f"{scope}/index", halvings, "INT32")
    factor = do("factor", "Gather", build.constant(f"{scope}/powers", powers), index)
    return do("result", "Mul", mantissa, factor)
