"""The chip that a network has to fit: what sizes in each dtype take there, and what those lose."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mlp_edge.api.exporting.calibration_rows import FEWEST, row_score
from mlp_edge.api.exporting.candidates import TRIED
from mlp_edge.api.settings import FLOAT32
from mlp_edge.errors import InputError, MissingError, ModelError
from mlp_edge.measure.budget import COUNTED, overruns, read_budget
from mlp_edge.measure.cost import Cost, measure
from mlp_edge.quantise.judge import Limits, Loss, complaints, loss
from mlp_edge.runtime.chips.targets import NOTHING
from mlp_edge.settings import Blank, setting
from mlp_edge.training.search.fold_networks import FoldNetwork, Judged
from mlp_edge.training.search.front import Taken

if TYPE_CHECKING:
    from mlp_edge.integers.quantised import Quantised
    from mlp_edge.mlp import Mlp, Rows
    from mlp_edge.runtime import Chip

DTYPES = ("int8", "int24", FLOAT32)
"""Of the C header, the least exact first."""


@dataclass(frozen=True, eq=False)
class ChipFit:
    """A chip or board, and what a network may take there.

    Attributes:
        chip: simulated, or at least built for.
        budget: figure -> the most it may be.
        dtypes: that are tried, the least exact first.
    """

    chip: Chip
    budget: Mapping[str, float]
    dtypes: tuple[str, ...] = DTYPES
    _made: dict[tuple[str, str], Quantised] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """Its name."""
        return self.chip.target.name

    def judged(self, networks: Sequence[FoldNetwork], dtype: str) -> Judged:
        """What networks predict in integers, and whether those lose more than export allows.

        Raises:
            ModelError: for networks that have no such integers.
        """
        from mlp_edge.integers.integer_reference import predict_quantised

        outputs, losses = [], []
        for each in networks:
            made = self._quantised(each.mlp, each.calibration, dtype)
            outputs.append(predict_quantised(each.mlp, made, each.rows))
            score = row_score(each.mlp, each.rows, each.targets)
            losses.append(loss(each.mlp, each.rows, outputs[-1], score))
        return Judged(outputs, tuple(complaints({"folds": _pooled(losses)}, Limits())))

    def takes(self, mlp: Mlp, calibration: Rows, dtype: str) -> Taken:
        """What a network takes there, measured.

        Args:
            mlp: the network.
            calibration: raw readings (n, inputs) of rows that it learned from.
            dtype: of its header.

        Raises:
            ModelError: for a network that has no such integers.
        """
        content = self._header(mlp, calibration, dtype)
        with tempfile.TemporaryDirectory(prefix="mlp-edge-") as folder:
            path = Path(folder) / f"{mlp.name}.h"
            path.write_bytes(content)
            return self._taken(path, calibration[~mlp.encoding.rejected(calibration)])

    def _header(self, mlp: Mlp, calibration: Rows, dtype: str) -> bytes:
        from mlp_edge.export.c import EXPORTER

        if dtype == FLOAT32:
            return EXPORTER.export(mlp)
        return EXPORTER.integers[dtype](mlp, self._quantised(mlp, calibration, dtype))

    def _taken(self, path: Path, rows: Rows) -> Taken:
        from mlp_edge.runtime.c import read_header

        header = read_header(path)
        try:
            cost = measure(header, self.chip, rows)
        except ModelError as error:  # it does not link, or fails there
            reason = str(error).removeprefix(f"{path}: ")
            return Taken(None, None, None, self.chip.target.counts, None, (reason,))
        return Taken(
            flash=cost.flash,
            ram=cost.ram if cost.simulated else None,
            count=cost.worst if cost.simulated else None,
            counts=cost.counts,
            ms=cost.milliseconds,
            over=(*_shortages(cost), *overruns(self.budget, cost)),
        )

    def _quantised(self, mlp: Mlp, calibration: Rows, dtype: str) -> Quantised:
        """The integers of a network, made once."""
        from mlp_edge.quantise import quantise

        key = (mlp.weights_sha256, dtype)
        if key not in self._made:
            rows = calibration[~mlp.encoding.rejected(calibration)]
            if len(np.unique(rows, axis=0)) < FEWEST:
                raise ModelError(f"fewer than {FEWEST} different rows to quantise with")
            self._made[key] = quantise(mlp, rows, dtype)
        return self._made[key]


def chip_fit(fit: str | None, budget: str | Mapping[str, float] | None) -> ChipFit | None:
    """The chip that was asked for; None where nobody asked.

    Args:
        fit: the name of a chip or board; None with a budget for the first chip of ``TRIED`` that
            has its figures and can run here.
        budget: as ``Plan.budget``.

    Raises:
        InputError: for a name that there is not, or a chip without a figure of the budget.
        MissingError: when compiler or simulator are missing, with what brings them.
        RecipeError: for a budget that cannot be read.
    """
    if fit is None and budget is None:
        return None
    limits = {} if budget is None else read_budget(budget)
    chip = _first_of(limits) if fit is None else _named(fit)
    for name in limits:
        if not _knows(chip, name):
            counts, target = chip.target.counts, chip.target.name
            why = f"{target} counts {counts}"
            why = f"nothing simulates {target}" if counts == NOTHING else why
            raise InputError(f"{setting('budget', Blank(name))}: {why}")
    if missing := chip.missing():
        raise MissingError(f"{setting('fit', chip.target.name)} is measured: {missing}")
    return ChipFit(chip, limits)


def _knows(chip: Chip, name: str) -> bool:
    return chip.target.counts in COUNTED.get(name, (chip.target.counts,))


def _named(name: str) -> Chip:
    from mlp_edge.runtime import CHIPS
    from mlp_edge.runtime.chips.boards import BOARDS

    known = {chip.target.name: chip for chip in (*BOARDS, *CHIPS)}
    if name not in known:
        raise InputError(f"there is no board or chip {name!r} to fit; there are {', '.join(known)}")
    return known[name]


def _first_of(limits: Mapping[str, float]) -> Chip:
    """The first of ``TRIED`` that has every figure of a budget and can run here."""
    chips = [_named(name) for name in TRIED]
    knowing = [chip for chip in chips if all(_knows(chip, name) for name in limits)] or chips
    return next((chip for chip in knowing if chip.missing() is None), knowing[0])


def _shortages(cost: Cost) -> Iterator[str]:
    """Which memory of the chip is too small, and by how much."""
    flash, ram = cost.flash_size - cost.core_flash, cost.ram_size - cost.core_ram
    if cost.flash > flash:
        yield f"{cost.flash:,} bytes of flash on {cost.target}, which has {flash:,} free"
    if cost.ram + cost.arrays > ram:
        yield f"{cost.ram + cost.arrays:,} bytes of RAM on {cost.target}, which has {ram:,} free"


def _pooled(losses: Sequence[Loss]) -> Loss:
    """What all folds lose together; metrics are means by rows."""
    rows = np.array([one.rows for one in losses])
    flips = [one.flips for one in losses if one.flips is not None]

    def mean(metrics: Sequence[Mapping[str, float]]) -> dict[str, float]:
        return {
            name: float(np.average([each[name] for each in metrics], weights=rows))
            for name in metrics[0]
        }

    return replace(
        losses[0],
        rows=int(rows.sum()),
        flips=sum(flips) if flips else None,
        difference=max(one.difference for one in losses),
        of_range=max(one.of_range for one in losses),
        before=mean([one.before for one in losses]),
        after=mean([one.after for one in losses]),
    )
