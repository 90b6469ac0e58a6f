"""What a smaller dtype loses, as a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mlp_edge.api.result import Result, Sheet, number
from mlp_edge.files.writing import plain
from mlp_edge.proof.float_grade import FloatGrade
from mlp_edge.quantise.judge import Limits, Loss, complaints

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
        grade: of int24, whether it is as exact as float32; None of another.
        model: whose; None where there is one model.
    """

    dtype: str
    sets: Mapping[str, Loss]
    notes: tuple[str, ...] = ()
    grade: FloatGrade | None = None
    model: str | None = None

    def complaints(self, limits: Limits) -> list[str]:
        """Why it is too much, a clause each; [] where it is not."""
        found = complaints(self.sets, limits)
        if self.grade is not None and not self.grade.holds:
            found.append(
                f"a prediction is off by {self.grade.error:.2g}, {self.grade.used:.3g} times what "
                "float32 may be off by there"
            )
        return found

    def to_dict(self) -> dict[str, Any]:
        """The dtype, the figures of each set of rows, the notes."""
        sets = {name: asdict(one) for name, one in self.sets.items()}
        grade = None if self.grade is None else asdict(self.grade)
        notes = list(self.notes)
        return plain({"dtype": self.dtype, "sets": sets, "notes": notes, "float_grade": grade})

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
        whose = "" if self.model is None else f"{self.model} in "
        title = f"{whose}{self.dtype}: what it loses"
        return [Sheet(title, ("", *self.sets), tuple(rows), (*self.notes, *self._of_grade()))]

    def _of_grade(self) -> list[str]:
        if self.grade is None:
            return []
        return [
            f"off by at most {self.grade.used:.2g} of what float32 may be off by, on "
            f"{self.grade.rows:,} rows in the declared ranges"
        ]


def _change(one: Loss, metric: str) -> str:
    if metric not in one.before:
        return ""
    return f"{number(one.before[metric])} → {number(one.after[metric])}"
