"""Why a comparison failed: the faults that converters make, each tried as an explanation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlp_edge.card import Card
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.integers.quantised import Quantised
from mlp_edge.mlp import Floats, Mlp, Predict, Rows
from mlp_edge.parity.compare import Expected
from mlp_edge.parity.faults import Fault, faults
from mlp_edge.parity.integer_faults import integer_faults, saturated
from mlp_edge.parity.integers import ExpectedBits, same_bits
from mlp_edge.parity.kind_faults import kind_faults
from mlp_edge.proof.accuracy import ANY
from mlp_edge.proof.bound import bound, share
from mlp_edge.proof.kinds import kind_of
from mlp_edge.reference import distance, predict, trace

ROWS = 100
"""Enough rows to tell one fault from another."""
FIRST = 5
"""A fault that does not explain these is not tried on the others."""
SIGMOID_ENDS = 4e26
"""The size of a sum beyond which a sigmoid has been seen to answer NaN."""


def differences(card: Card | None, mlp: Mlp) -> list[str]:
    """What an artifact says about itself that is not so; [] when all of it is."""
    if card is None:
        return ["it carries no mlp-edge metadata"]
    expected = Card.of(mlp)
    says = []
    if card.weights_sha256 != expected.weights_sha256:
        says.append("it was exported from other weights; run `Model.export()` again")
    for field in ("features", "targets", "labels", "task", "threshold"):
        got, wanted = getattr(card, field), getattr(expected, field)
        if got != wanted:
            says.append(f"its {field} are {got!r} instead of {wanted!r}")
    return says


def other_numbers(content: bytes, mlp: Mlp, kinds: Sequence[str] = ("<f4",)) -> list[str]:
    """Which numbers of a model do not stand in a .tflite or .onnx file as they are; [] if all do.

    A converter that multiplies constants into each other changes them by less than a comparison
    of answers may see. What changes nothing, zeros and factors of 1, need not stand anywhere.

    Args:
        content: of the file.
        mlp: the network.
        kinds: how its numbers may be stored, as NumPy names types; none may lose anything.
    """
    arrays = []
    if mlp.scaling is not None:
        arrays.append(("means", mlp.scaling.mean, 0))
        arrays.append(("reciprocal deviations", mlp.scaling.reciprocal, 1))
    for number, layer in enumerate(mlp.layers, start=1):
        if layer.diagonals is None or _stands(layer.weights, content, kinds):
            arrays.append((f"weights of layer {number}", layer.weights, 0))
        else:
            arrays += [(f"factors of layer {number}", row, 1) for row in layer.diagonals]
        arrays.append((f"biases of layer {number}", layer.bias, 0))
    return [
        f"its {what} are not the model's, bit for bit: it was edited, or a converter changed them"
        for what, values, neutral in arrays
        if (values != neutral).any() and not _stands(values, content, kinds)
    ]


def _stands(values: Floats, content: bytes, kinds: Sequence[str]) -> bool:
    return any(
        np.ascontiguousarray(way, dtype=kind).tobytes() in content
        for way in (values, values.T)
        for kind in kinds
    )


def other_integers(content: bytes, quantised: Quantised) -> list[str]:
    """Which layers' weights do not stand in a .tflite or .onnx file; [] if all do.

    As integers of their own size, signed or with half their range added, or as float32; those of
    wide inputs once, or as often as tensors of int8 hold an input.
    """
    kinds = {"int8": ("<i1", 128), "int16": ("<i2", 0), "int24": ("<i4", 0)}
    kind, zero = kinds[quantised.dtype]
    says = []
    int8 = quantised.dtype == "int8"
    beside = quantised.byte_layers if int8 else quantised.layers
    for number, layer in enumerate(quantised.layers, start=1):
        ways = [
            np.ascontiguousarray(way).tobytes()
            for each in (layer.weights, beside[number - 1].weights)
            for weights in (each, each.T)
            for way in (
                weights.astype(kind),
                (weights + zero).astype(kind.replace("i", "u")),
                weights.astype("<f4"),
            )
        ]
        if layer.weights.any() and not any(way in content for way in ways):
            says.append(
                f"its weights of layer {number} are not its numbers': it was edited, or a "
                "converter changed them"
            )
    return says


def likely_cause(expected: Expected, runtime: Predict) -> str | None:
    """The one known fault that gives this runtime's numbers on every row, with its layer.

    Where all numbers are right, but some are where NaN or an infinity belongs or the other way
    round, it is the one that gives answers of the same kinds.
    """
    got = runtime(expected.rows)
    if _ends_at_huge_sums(expected, got):
        return "the sigmoid of a huge sum is NaN; `Model.export()` writes .tflite with a clamp"
    off = distance(got.astype(np.float64), expected.exact)
    if not (np.isfinite(off) & (off > expected.bound(ANY))).any():
        return _likely_kind_cause(expected, got)
    worst = np.argsort(-share(off, expected.bound(ANY)).max(axis=1), kind="stable")
    chosen = np.concatenate([worst[:ROWS], np.arange(min(ROWS, len(got)))])
    rows, got = expected.rows[chosen], got[chosen]
    for fault in faults(expected.mlp):
        some = slice(FIRST)
        if _explains(fault, rows[some], got[some]) and _explains(fault, rows, got):
            where = f"layer {fault.layer}: " if fault.layer else ""
            return where + fault.says
    return None


def _likely_kind_cause(expected: Expected, got: Rows) -> str | None:
    """The known fault that gives answers of these kinds, where one is claimed: the nearest."""
    claimed = np.isfinite(expected.held(expected.bound(ANY)).limit).all(axis=1)
    rows, answers = expected.rows[claimed], got[claimed].astype(np.float64)
    near: dict[str, float] = {}
    for fault in kind_faults(expected.mlp):
        faulty = fault.predict(expected.mlp, rows)
        off = float(distance(answers, faulty).max(initial=0.0))
        if np.array_equal(kind_of(faulty), kind_of(answers)):
            near.setdefault((f"layer {fault.layer}: " if fault.layer else "") + fault.says, off)
    return min(near, key=lambda says: near[says], default=None)


def _ends_at_huge_sums(expected: Expected, got: Rows) -> bool:
    """Whether NaN is all that is wrong, and only where a sigmoid's sum is huge.

    XNNPACK's kernel for AVX-512 answers so.
    """
    off = distance(got.astype(np.float64), expected.exact)
    lost = ~(off <= expected.bound(ANY)).all(axis=1)
    beyond = np.zeros(len(got), np.bool_)
    for layer, (z, _) in zip(expected.mlp.layers, trace(expected.mlp, expected.rows), strict=True):
        if layer.activation in ("sigmoid", "silu"):
            beyond |= (np.abs(z) > SIGMOID_ENDS).any(axis=1)
    return bool(lost.any() and beyond[lost].all() and np.isnan(got[lost]).any(axis=1).all())


def _explains(fault: Fault, rows: Rows, got: Rows) -> bool:
    """Whether answers (n, outputs) are the faulty network's, as far as rounding goes."""
    faulty = predict(fault.faulty, rows)
    if faulty.shape != got.shape:
        return False
    off, limit = distance(got.astype(np.float64), faulty), bound(fault.faulty, rows)
    return bool(((off <= limit) | np.isnan(limit)).all())


def likely_integer_cause(expected: ExpectedBits, runtime: Predict) -> str | None:
    """The one known fault that gives this runtime's very bits, with its layer."""
    got = runtime(expected.rows)
    other = np.flatnonzero(~same_bits(got, expected.predictions).all(axis=1))
    if not len(other):
        return None  # it is another batch size that goes wrong
    chosen = np.unique(np.append(other[:ROWS], np.arange(min(ROWS, len(got)))))
    chosen = np.append(other[:FIRST], np.setdiff1d(chosen, other[:FIRST]))
    rows, got = expected.rows[chosen], got[chosen]
    mlp, some = expected.mlp, slice(FIRST)
    few = slice(4 * FIRST)  # it holds every product at once
    if (
        expected.quantised.dtype == "int8"
        and same_bits(got[few], saturated(mlp, expected.quantised, rows[few])).all()
    ):
        return "sums of two products are kept in 16 bits"
    for fault in integer_faults(expected.quantised):
        if all(
            same_bits(got[part], predict_quantised(mlp, fault.faulty, rows[part])).all()
            for part in (some, slice(None))
        ):
            return (f"layer {fault.layer}: " if fault.layer else "") + fault.says
    return None
