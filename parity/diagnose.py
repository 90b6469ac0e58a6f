"""Why a comparison failed: the faults that converters make, each tried as an explanation."""

from __future__ import annotations

import numpy as np

from mlp_edge.bound import bound
from mlp_edge.card import Card
from mlp_edge.mlp import Floats, Mlp, Predict, Rows
from mlp_edge.parity.compare import Expected
from mlp_edge.parity.faults import Fault, faults
from mlp_edge.reference import distance, predict

ROWS = 100
"""Enough rows to tell one fault from another."""
FIRST = 5
"""A fault that does not explain these is not tried on the others."""


def differences(card: Card | None, mlp: Mlp) -> list[str]:
    """What an artifact says about itself that is not so; [] when all of it is."""
    if card is None:
        return ["it carries no mlp-edge metadata"]
    expected = Card.of(mlp)
    says = []
    if card.weights_sha256 != expected.weights_sha256:
        says.append("it was exported from other weights; run `mlp-edge export` again")
    for field in ("features", "targets", "labels", "task", "threshold"):
        got, wanted = getattr(card, field), getattr(expected, field)
        if got != wanted:
            says.append(f"its {field} are {got!r} instead of {wanted!r}")
    return says


def other_numbers(content: bytes, mlp: Mlp) -> list[str]:
    """Which numbers of a model do not stand in a .tflite or .onnx file as they are; [] if all do.

    A converter that multiplies constants into each other changes them by less than a comparison
    of answers may see. What changes nothing, zeros and factors of 1, need not stand anywhere.
    """
    arrays = []
    if mlp.scaling is not None:
        arrays.append(("means", mlp.scaling.mean, 0))
        arrays.append(("reciprocal deviations", mlp.scaling.reciprocal, 1))
    for number, layer in enumerate(mlp.layers, start=1):
        arrays.append((f"weights of layer {number}", layer.weights, 0))
        arrays.append((f"biases of layer {number}", layer.bias, 0))
    return [
        f"its {what} are not the model's, bit for bit: it was edited, or a converter changed them"
        for what, values, neutral in arrays
        if (values != neutral).any()
        and not any(_bytes(way) in content for way in (values, values.T))
    ]


def _bytes(values: Floats) -> bytes:
    return np.ascontiguousarray(values, dtype="<f4").tobytes()


def likely_cause(expected: Expected, runtime: Predict) -> str | None:
    """The one known fault that gives this runtime's numbers on every row, with its layer."""
    rows = expected.rows[:ROWS]
    got = runtime(rows)
    for fault in faults(expected.mlp):
        some = slice(FIRST)
        if _explains(fault, rows[some], got[some]) and _explains(fault, rows, got):
            where = f"layer {fault.layer}: " if fault.layer else ""
            return where + fault.says
    return None


def _explains(fault: Fault, rows: Rows, got: Rows) -> bool:
    """Whether answers (n, outputs) are the faulty network's, as far as rounding goes."""
    faulty = predict(fault.faulty, rows)
    if faulty.shape != got.shape:
        return False
    off = distance(got.astype(np.float64), faulty)
    return bool((off <= bound(fault.faulty, rows)).all())
