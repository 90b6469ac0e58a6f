"""What a report holds: ``report.json``, and what a terminal and a notebook show of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlp_edge.api.evaluation.score_sheets import STANDARDISED
from mlp_edge.api.result import Result, Sheet
from mlp_edge.errors import CheckError
from mlp_edge.files.writing import plain
from mlp_edge.readers.report_files import MODEL_CARD

VERSION = 1
"""Of report.json; a change that old readers misread adds one."""


@dataclass(frozen=True, repr=False)
class Report(Result):
    """Everything that is known of a model.

    Attributes:
        facts: what report.json holds.
        page: the HTML file.
        files: all that were written.
        asked: whether every export was to be held against the original first.
        kept: papers that no report has written, and that stay.
    """

    facts: Mapping[str, Any]
    page: Path
    files: tuple[Path, ...]
    asked: bool = False
    kept: tuple[Path, ...] = ()

    @property
    def verdict(self) -> str:
        """The model in one sentence: what it is, how good, and whether that is proved."""
        return str(self.facts["verdict"]["sentence"])

    @property
    def proved(self) -> bool:
        """Whether every export that was compared predicts what the original predicts."""
        return bool(self.facts["verdict"]["proved"])

    def check(self) -> None:
        """Hold the exports to the original, where that was asked for.

        Raises:
            CheckError: when a comparison failed, or proves nothing.
        """
        if self.asked and not self.proved:
            raise CheckError(self.verdict)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values.

        Returns:
            What report.json holds.
        """
        return plain(self.facts)

    def sheets(self) -> Sequence[Sheet]:
        """What is shown of it.

        Returns:
            The sentence, and the features that predictions rest on most.
        """
        found = self.facts["importance"]
        if not found:
            return [Sheet(self.verdict)]
        by = self.facts["importance_of"]
        title = f"by how much {by['metric']} gets worse without a feature, {by['rows']:,} rows"
        if by["standardised"]:
            title += f"; {STANDARDISED}"
        rows = tuple(
            (each["feature"], f"{each['mean']:.4g}", f"{each['se']:.2g}") for each in found[:10]
        )
        return [Sheet(self.verdict), Sheet(title, ("feature", "worse by", "±"), rows)]

    def remarks(self) -> Sequence[str]:
        """What is said beside the tables.

        Returns:
            What the report does not have, and why, a sentence each; which papers stay.
        """
        absent = self.facts["absent"].items()
        kept = (f"{path}: is your own, and stays; no {_paper(path)} was written"
                for path in self.kept)  # fmt: skip
        return [*(f"{part}: {why}" for part, each in absent for why in each), *kept]


def _paper(path: Path) -> str:
    return "model card" if path.name == MODEL_CARD else "bill of materials"
