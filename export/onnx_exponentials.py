"""Sigmoids and softmax probabilities of int24 as ONNX, by ``mlp_edge.integers.exponential``.

Its integers are held in float64. Dividing by a power of two takes no rounding, so that a shift is a
floor, and where the formulas subtract a floor, a ceiling does both.
"""

from __future__ import annotations

import numpy as np

from mlp_edge.export.onnx_graph import GraphBuilder
from mlp_edge.integers.exponential import COEFFICIENTS, DIGITS, MOST_HALVINGS, SCALE
from mlp_edge.integers.quantised import Quantised


def sigmoid(build: GraphBuilder, signed: str, quantised: Quantised) -> str:
    """Probabilities (N, outputs) float32.

    Args:
        build: added to.
        signed: the last activations less ``zero``, float64.
        quantised: the network.
    """
    distances = build.add("sigmoid/distances", "Abs", signed)
    power = _power(build, "sigmoid", distances, quantised, -DIGITS)
    below = build.cast("sigmoid/below", power, "FLOAT")
    one = build.constant("sigmoid/one", np.float32(1))
    nothing = build.constant("sigmoid/nothing", np.float64(0))
    negative = build.add("sigmoid/negative", "Less", signed, nothing)
    share = build.add("sigmoid/share", "Where", negative, below, one)
    return build.add("sigmoid", "Div", share, build.add("sigmoid/sum", "Add", one, below))


def softmax(build: GraphBuilder, logits: str, quantised: Quantised) -> str:
    """Probabilities (N, classes) float32 of the last activations, float64."""
    highest = build.add("softmax/highest", "ReduceMax", logits, axes=[1], keepdims=1)
    distances = build.add("softmax/distances", "Sub", highest, logits)
    power = _power(build, "softmax", distances, quantised, 0)
    whole = build.add("softmax/whole", "Floor", power)
    axis = build.constant("softmax/axis", np.array([1], np.int64))
    total = build.add("softmax/total", "ReduceSum", whole, axis, keepdims=1)
    return build.add(
        "softmax",
        "Div",
        build.cast("softmax/floats", power, "FLOAT"),
        build.cast("softmax/sum", total, "FLOAT"),
    )


def _power(
    build: GraphBuilder, scope: str, distances: str, quantised: Quantised, digits: int
) -> str:
    """2^-(d / 2^octave), times 2^(24 + digits), of distances d: m 2^-k as the formulas have it."""

    def number(name: str, value: float) -> str:
        return build.constant(f"{scope}/{name}", np.float64(value))

    octaves = build.add(
        f"{scope}/octaves", "Mul", distances, number("octave", 2.0**-quantised.octave)
    )
    halvings = build.add(f"{scope}/halvings", "Floor", octaves)
    rest = build.add(f"{scope}/rest", "Sub", octaves, halvings)  # f / 2^24
    value = number("coefficient5", COEFFICIENTS[-1])
    for power in reversed(range(len(COEFFICIENTS) - 1)):
        name = f"{scope}/power{power}"
        product = build.add(f"{name}/product", "Mul", value, rest)
        difference = build.add(
            f"{name}/difference", "Sub", number(f"coefficient{power}", COEFFICIENTS[power]), product
        )
        value = build.add(f"{name}/value", "Ceil", difference)
    # m = (n - floor(product)) >> 4 = ceil((n - 15 - product) / 16), n being 2^28 + 8.
    unit = 2 ** (SCALE - DIGITS)
    product = build.add(f"{scope}/product", "Mul", value, rest)
    difference = build.add(
        f"{scope}/difference", "Sub", number("most", 2**SCALE + unit // 2 - (unit - 1)), product
    )
    mantissa = build.add(
        f"{scope}/mantissa",
        "Ceil",
        build.add(f"{scope}/scaled", "Mul", difference, number("unit", 1 / unit)),
    )
    places = np.arange(MOST_HALVINGS + 2)
    powers = np.where(places > MOST_HALVINGS, 0, np.ldexp(1.0, digits - places))
    last = number("last", MOST_HALVINGS + 1)
    index = build.cast(
        f"{scope}/index", build.add(f"{scope}/place", "Min", halvings, last), "INT32"
    )
    factor = build.add(
        f"{scope}/factor", "Gather", build.constant(f"{scope}/powers", powers), index
    )
    return build.add(f"{scope}/power", "Mul", mantissa, factor)
