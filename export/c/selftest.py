"""NAME_selftest: the golden rows as C tables, with the header's own bits as predictions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mlp_edge.export.c.text import wrapped
from mlp_edge.integers.asymmetric import AsymmetricNetwork
from mlp_edge.integers.asymmetric_reference import predict_asymmetric
from mlp_edge.integers.quantised import Integers, Quantised
from mlp_edge.integers.raw import raw_outputs
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.proof import c_replay
from mlp_edge.proof.bound import LARGEST, bound
from mlp_edge.proof.golden import golden_integers, readings, rounded_up
from mlp_edge.raw_units import EVERY, MISSING, RawUnits
from mlp_edge.reference import Doubles

_INDENT = 4
_SLACK = 1 + 1e-6
"""More than a chip loses when it takes a difference, and a literal when it becomes a float."""
_NORMAL = 1e-37


class Tables(NamedTuple):
    """The initialisers of three tables, an entry per row; the rows have a comment each.

    Attributes:
        rows: bits of the readings.
        predictions: bits of what the header predicts where nothing is fused.
        bounds: how far a prediction may be off where something is.
    """

    rows: list[str]
    predictions: list[str]
    bounds: list[str]


def tables(mlp: Mlp) -> Tables:
    """The self-test of a model in float32."""
    rows = np.array([*readings(mlp).values()], np.float32)
    return Tables(
        rows=_rows(mlp),
        predictions=[_bits(row) for row in c_replay.replay(mlp, rows)],
        bounds=[_numbers(row) for row in _bounds(bound(mlp, rows))],
    )


def integer_tables(mlp: Mlp, quantised: Quantised) -> Tables:
    """The self-test of a model in integers, which has no bounds: bits are asked for everywhere."""
    predictions = golden_integers(mlp, quantised).predictions
    return Tables(_rows(mlp), [_bits(row) for row in predictions], bounds=[])


def raw_tables(mlp: Mlp, quantised: Quantised, units: RawUnits) -> Tables:
    """The golden rows in raw readings, and both ends of these, with outputs in integers."""
    golden = readings(mlp)
    raw = units.nearest(np.array([*golden.values()], np.float32))
    raw = np.vstack([raw, np.full((2, mlp.inputs), EVERY[[0, -1]][:, None])])
    called = [*golden, "every raw reading at its lowest", "at its highest"]
    found = raw_outputs(mlp, quantised, units, raw)
    return Tables(
        [
            f"    /* {number}, {what} */\n{_integers(row)}"
            for number, (what, row) in enumerate(zip(called, raw, strict=True), len(golden) + 1)
        ],
        [_integers(row) for row in found],
        bounds=[],
    )


def asymmetric_tables(mlp: Mlp, network: AsymmetricNetwork) -> Tables:
    """The self-test of a stranger's network in integers, which has no bounds either."""
    rows = np.array([*readings(mlp).values()], np.float32)
    predictions = predict_asymmetric(mlp, network, rows)
    return Tables(_rows(mlp), [_bits(row) for row in predictions], bounds=[])


def _rows(mlp: Mlp) -> list[str]:
    return [
        f"    /* {number}, {what} */\n{_bits(row)}"
        for number, (what, row) in enumerate(readings(mlp).items(), start=1)
    ]


def _bounds(proved: Doubles) -> Floats:
    """How far two float32 predictions can be apart, each of them as far off as is proved.

    The largest float32 where nothing is proved: C has no other word for infinity without libm.
    """
    apart = np.where(proved > 0, np.maximum(2 * proved * _SLACK, _NORMAL), 0)
    return np.minimum(rounded_up(apart), LARGEST).astype(np.float32)


def _bits(values: Floats) -> str:
    # NaN has many bit patterns and NumPy picks its own; this is the one that a header writes.
    shown = np.where(np.isnan(values), np.float32(np.nan), values).view(np.uint32)
    return _initialiser([f"0x{bits:08x}u" for bits in shown.tolist()])


def _numbers(values: Floats) -> str:
    return _initialiser([f"{value!s}f" for value in values])


def _integers(values: Integers) -> str:
    # C has no literal of the lowest 16-bit number where an int has 16 bits.
    return _initialiser(["INT16_MIN" if n == MISSING else str(n) for n in values.tolist()])


def _initialiser(items: list[str]) -> str:
    return wrapped(" " * _INDENT + "{", items, "},", _INDENT + 1)
