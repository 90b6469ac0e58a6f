"""What a smaller dtype loses, as a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mlp_edge.api.result import Result, Sheet
from mlp_edge.files.writing import plain
from mlp_edge.quantise.judge import Loss

HELD_OUT, FOLDS, CALIBRATED = "held-out rows", "calibration, by folds", "calibration rows"
"""Sets of rows: never seen at all; calibration rows, by integers made without them; with them."""


@dataclass(frozen=True, repr=False)
class Losses(Result):
    """What a smaller dtype loses.

    Attributes:
        dtype: such as int8.
        sets: what it loses on each set of rows: "held-out rows", and "calibration, by folds" of
            integers, "calibration rows" of float16 and dynamic.
        notes: what else there is to know, a sentence each.
    """

    dtype: str
    sets: Mapping[str, Loss]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The dtype, the figures of each set of rows, the notes."""
        sets = {name: asdict(one) for name, one in self.sets.items()}
        return plain({"dtype": self.dtype, "sets": sets, "notes": list(self.notes)})

    def sheets(self) -> list[Sheet]:
        """A column per set: labels that change, the largest difference, every metric."""
        every = list(self.sets.values())
        rows = [("rows", *(f"{one.rows:,}" for one in every))]
        if any(one.flips is not None for one in every):
            rows.append(("labels that change", *(f"{one.flips:,}" for one in every)))
        rows.append(("largest |Δ|", *(f"{one.difference:.2g}" for one in every)))
        if any(one.of_range for one in every):  # several targets have units of their own
            rows.append(("of its target's range", *(f"{one.of_range:.2g}" for one in every)))
        for metric in dict.fromkeys(name for one in every for name in one.before):
            rows.append((metric, *(_change(one, metric) for one in every)))
        title = f"{self.dtype}: what it loses"
        return [Sheet(title, ("", *self.sets), tuple(rows), self.notes)]


def _change(one: Loss, metric: str) -> str:
    if metric not in one.before:
        return ""
    return f"{one.before[metric]:.4f} → {one.after[metric]:.4f}"
