"""What counts stand for: as somebody says, or as the readings of a table suggest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from mlp_edge.api.exporting.export_settings import ExportSettings
from mlp_edge.errors import InputError, ModelError
from mlp_edge.finding import Finding
from mlp_edge.raw_units import RawUnits
from mlp_edge.settings import Blank, setting

if TYPE_CHECKING:
    from mlp_edge.integers.quantised import Quantised
    from mlp_edge.mlp import Mlp, Rows
    from mlp_edge.reference import Doubles

AUTO = "auto"
_FINEST, _COARSEST = -9, 9
"""Powers of ten among which a scale is looked for."""
_STEPS = 10_000
"""Counts over the range of readings that stand on no decimals."""
_MOST = 2**15 - 1


def check_units(settings: ExportSettings, mlp: Mlp) -> None:
    """Refuse units that are none, or of columns that the model does not have.

    Raises:
        InputError: naming the setting.
    """
    for name in ("raw_scale", "raw_offset"):
        list(_said(mlp, name, getattr(settings, name)))


def raw_units(
    settings: ExportSettings, mlp: Mlp, quantised: Quantised, rows: Rows
) -> RawUnits | None:
    """The units of a header's counts; None where nobody says anything.

    Args:
        settings: say it, or that the readings suggest it; ``check_units`` has seen them.
        mlp: whose features have them.
        quantised: the network in integers.
        rows: readings (n, features).
    """
    if not settings.said:
        return None
    units = RawUnits.counts(mlp.inputs)
    scale, offset = list(units.scale), list(units.offset)
    if settings.raw == AUTO:
        for index in mlp.encoding.numbers.tolist():
            scale[index], offset[index] = _suggested(mlp, quantised, rows, index)
    for name, values in (("raw_scale", scale), ("raw_offset", offset)):
        for index, value in _said(mlp, name, getattr(settings, name)):
            values[index] = value
    return RawUnits(tuple(scale), tuple(offset))


def without_counts(mlp: Mlp, quantised: Quantised) -> list[Finding]:
    """What there is to say of a header that takes no counts, though nobody ruled them out."""
    from mlp_edge.export.c.integers import without_raw

    says = without_raw(mlp, quantised)
    if not says:
        return []
    unit = setting("raw_scale", [Blank("COLUMN=SCALE")])
    return [Finding("raw", f"the header takes no counts: {says}; {unit} sets one")]


def _said(
    mlp: Mlp, name: str, given: tuple[str, ...] | Mapping[str, float]
) -> Iterator[tuple[int, float]]:
    """Features and their values, as typed: "VALUE" for all numbers, or "COL,COL=VALUE"."""
    texts = [f"{column}={value}" for column, value in given.items()] if isinstance(
        given, Mapping
    ) else given  # fmt: skip
    for text in texts:
        columns, _, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            raise InputError(
                f"{setting(name, [text])}: {number!r} is no number; COLUMN=0.1 would do"
            ) from None
        if not columns:
            yield from ((index, value) for index in mlp.encoding.numbers.tolist())
        else:
            yield from ((index, value) for index in _features(mlp, name, text, columns))


def _features(mlp: Mlp, name: str, text: str, columns: str) -> Iterator[int]:
    known = [feature.name for feature in mlp.features]
    whole = columns.strip()
    for column in [whole] if whole in known else [part.strip() for part in columns.split(",")]:
        if column not in known:
            near = get_close_matches(column, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(known[:8])}"
            raise InputError(f"{setting(name, [text])}: the model has no column {column!r}{hint}")
        yield known.index(column)


def _suggested(mlp: Mlp, quantised: Quantised, rows: Rows, index: int) -> tuple[float, float]:
    """Scale and offset of a number: a power of ten that its readings and its integers allow.

    Readings with so many decimals get a count for each. Others get the finest of which a few
    thousand span their range.
    """
    feature = mlp.features[index]
    seen = rows[:, index].astype(np.float64)
    ends = [end for end in (feature.low, feature.high, feature.sentinel) if end is not None]
    values = np.unique(np.append(seen[np.isfinite(seen)], ends)) if len(seen) else np.array(ends)
    exact = (power for power in range(0, _FINEST - 1, -1) if _decimals(values, power))
    span = float(np.ptp(values)) if len(values) else 0.0
    coarse = range(_FINEST, _COARSEST + 1)
    wide = (power for power in coarse if span <= _STEPS * 10.0**power)
    for power in chain(_first(exact), wide):
        unit = _of(values, power)
        if unit is not None and _possible(mlp, quantised, index, *unit):
            return unit
    return 1.0, 0.0


def _first(powers: Iterator[int]) -> Iterator[int]:
    found = next(powers, None)
    if found is not None:
        yield found


def _decimals(values: Doubles, power: int) -> bool:
    """Whether all readings are multiples of a power of ten, as float32 numbers."""
    scale = _power(power)
    again = (np.rint(values / scale) * scale).astype(np.float32)
    return bool((again == values.astype(np.float32)).all())


def _of(values: Doubles, power: int) -> tuple[float, float] | None:
    """The scale, and an offset where counts of 16 bits do not reach; None where they never do."""
    scale = _power(power)
    counts = np.rint(values / scale)
    if not len(values) or np.abs(counts).max() <= _MOST:
        return scale, 0.0
    middle = (float(counts.min()) + float(counts.max())) / 2
    round_ones = (float(np.rint(middle / 10**digits)) * 10**digits for digits in range(4, -1, -1))
    reaching = (one * scale for one in round_ones if np.abs(counts - one).max() <= _MOST)
    offset = next(reaching, None)
    return None if offset is None else (scale, offset)


def _power(power: int) -> float:
    return float(f"1e{power}")  # the decimal's own float64; a product of tens may be another


def _possible(mlp: Mlp, quantised: Quantised, index: int, scale: float, offset: float) -> bool:
    """Whether a header can take such counts of a feature."""
    from mlp_edge.export.c.raw_lines import lines

    units = RawUnits(
        tuple(scale if n == index else 1.0 for n in range(mlp.inputs)),
        tuple(offset if n == index else 0.0 for n in range(mlp.inputs)),
    )
    place = mlp.encoding.numbers.tolist().index(index)
    inputs = quantised.inputs
    one = inputs._replace(low=inputs.low[[place]], factor=inputs.factor[[place]])
    try:
        units.check_feature(mlp.features[index], index)
    except ModelError:
        return False
    return lines(one, units, np.array([index])).without is None
