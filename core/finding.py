"""A finding: something about a table or a model that somebody should know, with its evidence."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """One warning, as it is printed and as model.json keeps it.

    Attributes:
        kind: one word for programs, such as "missing" or "constant".
        says: a sentence with the evidence: names the column, row or count.
    """

    kind: str
    says: str
