"""The cheapest dtype that holds, by flash and time on a chip."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlp_edge.api.exporting.losses import Losses
from mlp_edge.api.exporting.quantiser import Quantiser
from mlp_edge.api.result import Result, Sheet
from mlp_edge.errors import InputError, ModelError
from mlp_edge.finding import Finding
from mlp_edge.measure.cost import Cost
from mlp_edge.quantise.judge import Limits
from mlp_edge.settings import setting

if TYPE_CHECKING:
    from mlp_edge.api.observer import Observer
    from mlp_edge.mlp import Mlp, Rows
    from mlp_edge.runtime import Chip

TRIED = ("avr", "cortex-m4")
"""Chips that are measured on: the first one that this machine can simulate and that fits all."""
FLOAT32 = "float32"


@dataclass(frozen=True)
class Candidate:
    """A dtype, what it takes and what it loses.

    Attributes:
        dtype: float32, int8, int16 or int24.
        cost: of its C header.
        losses: None of float32, which loses nothing.
        complaints: why it does not hold; () where it does.
    """

    dtype: str
    cost: Cost
    losses: Losses | None
    complaints: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether it loses no more than it may."""
        return not self.complaints

    @property
    def flips(self) -> int | None:
        """Labels that change, of all sets of rows; None for a regression and for float32."""
        sets = self.losses.sets.values() if self.losses else ()
        counted = [one.flips for one in sets if one.flips is not None]
        return sum(counted) if counted else None

    @property
    def difference(self) -> float:
        """The largest |prediction - original's| of all sets of rows."""
        sets = self.losses.sets.values() if self.losses else ()
        return max((one.difference for one in sets), default=0.0)

    def to_dict(self) -> dict[str, Any]:
        """The figures."""
        return {
            "dtype": self.dtype,
            "holds": self.holds,
            "flash": self.cost.flash,
            "ram": self.cost.ram,
            self.cost.counts: self.cost.middle,
            "flips": self.flips,
            "difference": self.difference,
            "complaints": list(self.complaints),
        }


@dataclass(frozen=True, repr=False)
class Candidates(Result):
    """Every dtype of the C header, measured on one chip.

    Attributes:
        name: of the model.
        chip: they were measured on.
        candidates: in int8, int16, int24 and float32.
        best: the dtype that was chosen.
    """

    name: str
    chip: str
    candidates: tuple[Candidate, ...]
    best: str

    def to_dict(self) -> dict[str, Any]:
        """The chip, the figures of each, and which was chosen."""
        each = [one.to_dict() for one in self.candidates]
        return {"chip": self.chip, "candidates": each, "best": self.best}

    def sheets(self) -> list[Sheet]:
        """A row per dtype."""
        counts = self.candidates[0].cost.counts
        labelled = any(one.flips is not None for one in self.candidates)
        rows = tuple(
            (
                one.dtype,
                "yes" if one.holds else "no",
                f"{one.cost.flash:,}",
                f"{one.cost.ram:,}",
                f"{one.cost.middle:,}",
                f"{one.flips or 0:,}" if labelled else "",
                f"{one.difference:.2g}",
            )
            for one in self.candidates
        )
        columns = ("dtype", "holds", "flash", "RAM", counts, "flips", "largest |Δ|")
        note = f"{self.best}: of those that hold, the least flash times {counts}"
        return [Sheet(f"{self.name} on {self.chip}", columns, rows, (note,), text_columns=2)]


def find_smallest(quantiser: Quantiser, mlp: Mlp, limits: Limits, chip: str | None) -> Candidates:
    """Measure every dtype of the C header, and choose the one whose flash times time is least.

    Args:
        quantiser: makes the candidates.
        mlp: the network, under the name that files are to have.
        limits: what may be lost.
        chip: to measure on; None for the first of ``TRIED`` that can be had.

    Raises:
        InputError: when the chip does not exist, or none can be simulated here.
    """
    sets, headers = quantiser.sets, _headers(quantiser, mlp)
    rows = sets.calibration if sets.held_out is None else sets.held_out
    contents = {dtype: header for dtype, (header, _) in headers.items()}
    names = TRIED if chip is None else (chip,)
    measured_on, costs = _measured(contents, rows, names, quantiser.observer)
    candidates = tuple(
        Candidate(
            dtype=dtype,
            cost=costs[dtype],
            losses=losses,
            complaints=tuple(losses.complaints(limits)) if losses else (),
        )
        for dtype, (_, losses) in headers.items()
    )
    for one in candidates:
        quantiser.observer.found(
            [Finding("loses", f"{one.dtype}: {complaint}") for complaint in one.complaints]
        )
    holding = [one for one in candidates if one.holds]
    best = min(holding, key=lambda one: one.cost.flash * one.cost.middle)
    return Candidates(mlp.name, measured_on.target.chip, candidates, best.dtype)


def _headers(quantiser: Quantiser, mlp: Mlp) -> dict[str, tuple[bytes, Losses | None]]:
    """Header and losses of each dtype that the network can have."""
    from mlp_edge.export.c import EXPORTER

    found: dict[str, tuple[bytes, Losses | None]] = {}
    for dtype, write in EXPORTER.integers.items():
        try:
            made = quantiser.quantised(dtype)
        except ModelError as error:
            quantiser.observer.found([Finding("impossible", f"{dtype}: {error}")])
            continue
        named = replace(mlp, name=f"{mlp.name}_{dtype}")
        found[dtype] = write(named, made.parameters.quantised), made.losses
    return {**found, FLOAT32: (EXPORTER.export(mlp), None)}


def _measured(
    headers: dict[str, bytes], rows: Rows, names: Sequence[str], observer: Observer
) -> tuple[Chip, dict[str, Cost]]:
    """What each header takes on the first chip that runs them all."""
    from mlp_edge.runtime import CHIPS

    chips = {chip.target.name: chip for chip in CHIPS}
    reasons = []
    for name in names:
        if name not in chips:
            raise InputError(f"there is no chip {name!r}; there are {', '.join(chips)}")
        chip = chips[name]
        if missing := chip.missing():
            reasons.append(f"{name}: {missing}")
            continue
        try:
            with observer.step(f"measuring on {name}"):
                return chip, _costs(headers, chip, rows)
        except ModelError as error:
            reasons.append(f"{name}: {error}")
    raise InputError(
        f"{setting('dtype', 'smallest')} is measured on a simulated chip, and none can run: "
        f"{'; '.join(reasons)}"
    )


def _costs(headers: dict[str, bytes], chip: Chip, rows: Rows) -> dict[str, Cost]:
    from mlp_edge.measure.cost import measure
    from mlp_edge.runtime.c import read_header

    costs = {}
    with tempfile.TemporaryDirectory(prefix="mlp-edge-") as folder:
        for dtype, content in headers.items():
            path = Path(folder) / f"{dtype}.h"
            path.write_bytes(content)
            costs[dtype] = measure(read_header(path), chip, rows)
    return costs
