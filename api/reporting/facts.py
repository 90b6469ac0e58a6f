"""What a report holds: ``report.json``, and what a terminal and a notebook show of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlp_edge.api.result import Result, Sheet
from mlp_edge.errors import CheckError
from mlp_edge.files.writing import plain

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
        kept: a README.md that no report has written, and that stays; None where there is none.
    """

    facts: Mapping[str, Any]
    page: Path
    files: tuple[Path, ...]
    asked: bool = False
    kept: Path | None = None

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
        rows = tuple(
            (each["feature"], f"{each['mean']:.4g}", f"{each['se']:.2g}") for each in found[:10]
        )
        return [Sheet(self.verdict), Sheet(title, ("feature", "worse by", "±"), rows)]

    def remarks(self) -> Sequence[str]:
        """What is said beside the tables.

        Returns:
            What the report does not have, and why, a sentence each; whose README.md stays.
        """
        absent = self.facts["absent"].items()
        kept = [f"{self.kept}: is your own, and stays; no model card was written"]
        return [*(f"{part}: {why}" for part, each in absent for why in each),
                *(kept if self.kept is not None else [])]  # fmt: skip
