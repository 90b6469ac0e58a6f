"""What every result of the Python API has in common: a dict, a text and a table in a notebook."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlp_edge.data.quoting import gathered
from mlp_edge.finding import Finding
from mlp_edge.foreign import printable


@dataclass(frozen=True)
class Sheet:
    """A table of a result, as text and as HTML.

    Attributes:
        title: above it.
        columns: their names; all of them "" where the first cell of a row names the others.
        rows: a tuple of cells for each, as many as there are columns.
        notes: sentences below it.
        text_columns: how many columns, from the left, hold words; the others hold figures.
    """

    title: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    text_columns: int = 1

    def __str__(self) -> str:
        title = [printable(self.title)] if self.title else []
        return "\n".join([*title, *self._lines(), *map(printable, self.notes)])

    def _lines(self) -> list[str]:
        if not self.columns:
            return []
        head = [self.columns] if any(self.columns) else []
        cells = [[printable(cell) for cell in row] for row in (*head, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = []
        for row in cells:
            placed = [
                cell.ljust(width) if number < self.text_columns else cell.rjust(width)
                for number, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            lines.append("  ".join(placed).rstrip())
        return lines

    def to_html(self) -> str:
        """A table element; every text is escaped."""
        head = "".join(f"<th>{_escaped(name)}</th>" for name in self.columns)
        body = "".join(
            f"<tr>{''.join(f'<td>{_escaped(cell)}</td>' for cell in row)}</tr>" for row in self.rows
        )
        table = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>" if self.columns else ""
        notes = "".join(f"<p>{_escaped(note)}</p>" for note in self.notes)
        return f"<table><caption>{_escaped(self.title)}</caption>{table}</table>{notes}"


def _escaped(text: str) -> str:
    return html.escape(printable(text))


class Result:
    """A frozen dataclass that a workflow returns.

    ``str()`` is plain text, ``repr()`` its first line, a notebook shows tables, and ``to_dict()``
    is a command's JSON.
    """

    def to_dict(self) -> dict[str, Any]:
        """Plain values: dicts, lists, texts, finite numbers, truth values and None."""
        raise NotImplementedError

    def sheets(self) -> Sequence[Sheet]:
        """The tables that are shown of it."""
        raise NotImplementedError

    def remarks(self) -> Sequence[str]:
        """Sentences beside the tables; a command prints them on stderr."""
        return ()

    def __repr__(self) -> str:
        return f"<mlp_edge.{type(self).__name__}: {printable(self.sheets()[0].title)}>"

    def __str__(self) -> str:
        return "\n\n".join([*map(str, self.sheets()), *map(printable, self.remarks())])

    def _repr_html_(self) -> str:
        tables = "".join(sheet.to_html() for sheet in self.sheets())
        return tables + "".join(f"<p>{_escaped(remark)}</p>" for remark in self.remarks())


def warnings(findings: Sequence[Finding]) -> list[str]:
    """Findings as a result shows them: a sentence each, many alike summed up."""
    return [f"warning: {says}" for says in gathered(findings, "`findings` has each")]


def number(value: float) -> str:
    """A score in four digits; a dash where there is nothing to judge."""
    return f"{value:.4g}" if math.isfinite(value) else "–"
