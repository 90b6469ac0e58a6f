"""A row or a few as a server gets them, of plain values, read without an array per column."""

from __future__ import annotations

import math
from array import array
from itertools import chain
from typing import Any

import numpy as np

from mlp_edge.card import Card
from mlp_edge.cell import CategoryCells
from mlp_edge.feature import Feature
from mlp_edge.mlp import Rows

FEW = 64
"""Rows up to which this is the faster way."""
_EXACT = 2**53
"""Beyond, an integer is rounded on its way to float64, and once more to float32."""


class FewRows:
    """Reads rows of floats, integers, None and names of categories, as ``given.readings`` does.

    Whatever needs a second look, such as a text among numbers, an unknown category or a name that
    is missing, is left to ``given.readings``, which has the messages.

    Args:
        card: names the features, their categories and codes.
    """

    def __init__(self, card: Card) -> None:
        self._columns = [(feature.name, _codes(feature)) for feature in card.features]
        self._numeric = all(codes is None for _, codes in self._columns)

    def read(self, given: Any) -> Rows | None:
        """Raw readings (n, inputs) float32; None where another way has to be taken.

        Args:
            given: a dict, one row; or a list of dicts or of lists. Anything else gives None.
        """
        rows = [given] if type(given) is dict else given
        if type(rows) is not list or not 0 < len(rows) <= FEW:
            return None
        named = type(rows[0]) is dict
        lists = self._listed(rows) if named else rows
        cells = None if lists is None else self._cells(lists, named)
        if cells is None:
            return None
        read = np.frombuffer(array("f", cells), np.float32)  # overflows to infinity, as NumPy does
        return read.reshape(len(rows), len(self._columns))

    def _listed(self, rows: list[Any]) -> list[list[Any]] | None:
        """Dicts of the same names as lists in the features' order; None where one is another."""
        names = rows[0].keys()
        if any(type(name) is not str for name in names):
            return None
        if any(type(row) is not dict or row.keys() != names for row in rows):
            return None
        if any(name not in names for name, _ in self._columns):
            return None
        return [[row[name] for name, _ in self._columns] for row in rows]

    def _cells(self, rows: list[Any], named: bool) -> list[float] | None:
        """All cells, row by row; a category that has no name stands as its code."""
        width = len(self._columns)
        if any(type(row) is not list or len(row) != width for row in rows):
            return None
        cells: list[float] = []
        if self._numeric:
            cells = [*chain.from_iterable(rows)]
            if set(map(type, cells)) == {float}:  # looked at without a step of the loop for each
                return cells
            cells.clear()
        for row in rows:
            for cell, (_, codes) in zip(row, self._columns, strict=True):
                kind = type(cell)
                if cell is None:
                    cells.append(math.nan)
                elif codes is not None and kind is str and cell in codes:
                    cells.append(codes[cell])
                elif codes is not None and named:
                    return None
                elif kind is float or (kind is int and -_EXACT < cell < _EXACT):
                    cells.append(cell)
                else:
                    return None
        return cells


def _codes(feature: Feature) -> dict[str, float] | None:
    """The codes of a category by its names, as a table's cells are read; None for a number."""
    if not feature.categories:
        return None
    cells = CategoryCells(feature)
    codes = {name: cells.of_text(name) for name in feature.categories}
    return {name: code for name, code in codes.items() if code is not None}
