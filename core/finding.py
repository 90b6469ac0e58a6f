"""A finding: a warning about a table or a model, with its evidence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Finding(NamedTuple):
    """One warning, as it is printed and as model.json keeps it.

    Attributes:
        kind: one word for programs, such as "missing" or "constant".
        says: a sentence with the evidence: names the column, row or count.
        columns: names of the columns that it is about; () where it is about none in particular.
    """

    kind: str
    says: str
    columns: tuple[str, ...] = ()


def about(column: str, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings that are all about one column."""
    return tuple(finding._replace(columns=(column,)) for finding in findings)
