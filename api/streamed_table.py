"""`StreamedTable`: what was found in a table that was predicted block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlp_edge.api.predicting import SHOWN, PredictedTable
from mlp_edge.api.result import Result, Sheet
from mlp_edge.files.writing import plain
from mlp_edge.finding import Finding
from mlp_edge.streaming.tally import Tally


@dataclass(frozen=True, eq=False, repr=False)
class StreamedTable(Result):
    """What was found in a table that was predicted block by block.

    Attributes:
        model: the name of the model.
        source: the table, as it was named.
        runtime: the name of what predicted.
        counts: what bad rows count, "line" or "row".
        tally: rows, bad rows, and what the columns held.
        findings: what to know of the table.
        first: the first rows with their predictions.
    """

    model: str
    source: str
    runtime: str
    counts: str
    tally: Tally
    findings: tuple[Finding, ...]
    first: PredictedTable

    def to_dict(self) -> dict[str, Any]:
        """The counts as plain values.

        Returns:
            Rows, bad rows and the counts of each column: missing readings, unknown categories
            (None of a number), readings out of range (None where none is declared) and cells that
            are no number (None of a category).
        """
        told = {
            "model": self.model,
            "table": self.source,
            "runtime": self.runtime,
            **self.tally.to_dict(),
            "findings": [each._asdict() for each in self.findings],
        }
        return plain(told)

    def sheets(self) -> Sequence[Sheet]:
        """The tables that are shown.

        Returns:
            The counts of each column.
        """
        rows = []
        for name, counted in self.tally.to_dict()["columns"].items():
            low, high = counted["low"], counted["high"]
            declared = "" if high is None else f"{low:g} to {high:g}"
            figures = (counted[key] for key in ("missing", "unknown", "out_of_range", "bad"))
            rows.append(
                (name, *("" if each is None else f"{each:,}" for each in figures), declared)
            )
        columns = ("column", "missing", "unknown", "out of range", "bad", "declared range")
        return [Sheet(f"{self.tally.rows:,} rows of {self.source}", columns, tuple(rows))]

    def remarks(self) -> Sequence[str]:
        """What is said beside the tables.

        Returns:
            Warnings and bad rows, a sentence each.
        """
        return [*(f"warning: {each.says}" for each in self.findings), *self.bad_rows()]

    @property
    def rows(self) -> int:
        """How many rows were read, those that were left out among them."""
        return self.tally.rows

    @property
    def written(self) -> int:
        """How many rows have a place in what is written."""
        return self.tally.rows - self.tally.skipped

    def compared(self) -> list[str]:
        """Hold the first rows against the target's cells, as ``PredictedTable`` does.

        Returns:
            A line for each row, with its prediction and what was expected; [] without targets.
        """
        return self.first.compared()

    def bad_rows(self) -> list[str]:
        """Say how many rows were left out or have no prediction, and where the first stand.

        Returns:
            A line for each count, and one for each row that is shown.
        """
        tally = self.tally
        said = [
            f"{number:,} {'row' if number == 1 else 'rows'} {what}"
            for number, what in (
                (tally.skipped, "left out"),
                (tally.nulled, "without a prediction"),
            )
            if number
        ]
        for each in tally.bad[:SHOWN]:
            column = "" if each.column is None else f", column {each.column!r}"
            said.append(f"{self.source}, {self.counts} {each.line}{column}: {each.says}")
        return said
