"""``--dtype smallest``: the cheapest numbers that hold, by flash and time on a chip."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from mlp_edge.cli import quantising
from mlp_edge.cli.printing.console import err, out
from mlp_edge.cli.printing.progress import status
from mlp_edge.cli.printing.tables import new_table, show
from mlp_edge.errors import InputError, ModelError

if TYPE_CHECKING:
    from mlp_edge.cli.calibrating import Source
    from mlp_edge.measure.cost import Cost
    from mlp_edge.mlp import Mlp, Rows
    from mlp_edge.quantise.judge import Limits, Loss
    from mlp_edge.runtime import Chip

TRIED = ("avr", "cortex-m4")
"""Chips that are measured on: the first one that this machine can simulate and that fits all."""
FLOAT32 = "float32"


@dataclass(frozen=True)
class Candidate:
    """A dtype, what it takes and what it loses."""

    dtype: str
    cost: Cost
    losses: Mapping[str, Loss]
    complaints: Sequence[str]

    @property
    def flips(self) -> int | None:
        """Labels that change; None for a regression."""
        counted = [one.flips for one in self.losses.values() if one.flips is not None]
        return sum(counted) if counted else None

    @property
    def difference(self) -> float:
        """The largest of all rows."""
        return max((one.difference for one in self.losses.values()), default=0.0)


def smallest(source: Source, limits: Limits, target: str | None = None) -> str:
    """The dtype whose flash times time is the least, of those that hold.

    Args:
        source: the model.
        limits: what may be lost.
        target: the chip; None for the first of ``TRIED`` that can be had.

    Raises:
        InputError: when the chip does not exist, or none can be simulated here.
    """
    sets, headers = source.sets, _headers(source)
    rows = sets.calibration if sets.held_out is None else sets.held_out
    contents = {dtype: header for dtype, (header, _) in headers.items()}
    chip, costs = _measured(contents, rows, TRIED if target is None else (target,))
    candidates = [
        _candidate(dtype, costs[dtype], losses, limits) for dtype, (_, losses) in headers.items()
    ]
    holding = [one for one in candidates if not one.complaints]
    best = min(holding, key=lambda one: one.cost.flash * one.cost.middle)
    _show(source.mlp.name, chip, candidates, best)
    return best.dtype


def _headers(source: Source) -> dict[str, tuple[bytes, Mapping[str, Loss]]]:
    """Header and losses of each dtype."""
    from mlp_edge.export.c import EXPORTER

    found: dict[str, tuple[bytes, Mapping[str, Loss]]] = {}
    for dtype, write in EXPORTER.integers.items():
        try:
            parameters, losses = quantising.parameters(source, dtype)
        except ModelError as error:
            err.print(f"{dtype}: {error}", style="yellow")
            continue
        found[dtype] = write(_named(source.mlp, dtype), parameters.quantised), losses
    return {**found, FLOAT32: (EXPORTER.export(source.mlp), {})}


def _named(mlp: Mlp, dtype: str) -> Mlp:
    return replace(mlp, name=f"{mlp.name}_{dtype}")


def _measured(
    headers: dict[str, bytes], rows: Rows, names: Sequence[str]
) -> tuple[Chip, dict[str, Cost]]:
    """What each header takes on the first chip that runs them all."""
    from mlp_edge.measure.cost import measure
    from mlp_edge.runtime import CHIPS
    from mlp_edge.runtime.c import read_header

    chips = {chip.target.name: chip for chip in CHIPS}
    reasons = []
    for name in names:
        if name not in chips:
            raise InputError(f"there is no target {name!r}; there are {', '.join(chips)}")
        chip = chips[name]
        if missing := chip.missing():
            reasons.append(f"{name}: {missing}")
            continue
        try:
            with (
                tempfile.TemporaryDirectory(prefix="mlp-edge-") as folder,
                status(f"measuring on {name}"),
            ):
                costs = {}
                for dtype, content in headers.items():
                    path = Path(folder) / f"{dtype}.h"
                    path.write_bytes(content)
                    costs[dtype] = measure(read_header(path), chip, rows)
            return chip, costs
        except ModelError as error:
            reasons.append(f"{name}: {error}")
    raise InputError(
        f"--dtype smallest is measured on a simulated chip, and none can run: {'; '.join(reasons)}"
    )


def _candidate(dtype: str, cost: Cost, losses: Mapping[str, Loss], limits: Limits) -> Candidate:
    from mlp_edge.quantise.judge import complaints

    return Candidate(dtype, cost, losses, complaints(losses, limits))


def _show(name: str, chip: Chip, candidates: Sequence[Candidate], best: Candidate) -> None:
    counts = best.cost.counts
    columns = ("dtype", "holds", "flash", "RAM", counts, "flips", "largest |Δ|")
    table = new_table(f"{name} on {chip.target.chip}", *columns, text_columns=2)
    labelled = any(one.flips is not None for one in candidates)
    for one in candidates:
        table.add_row(
            one.dtype,
            Text("no", "bold red") if one.complaints else Text("yes", "green"),
            f"{one.cost.flash:,}",
            f"{one.cost.ram:,}",
            f"{one.cost.middle:,}",
            f"{one.flips or 0:,}" if labelled else "",
            f"{one.difference:.2g}",
            style="bold" if one is best else None,
        )
    show(table)
    out.print(f"\n{best.dtype}: of those that hold, the least flash times {counts}")
    for one in candidates:
        for complaint in one.complaints:
            err.print(f"{one.dtype}: {complaint}", style="yellow")
