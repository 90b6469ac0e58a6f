"""Which rows of a stream train, validate and test: as in memory, block by block.

At random each block is split by itself, with the same mix of classes, as a table of its rows would
be. By groups, and in time, one rule holds for the whole stream.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.quoting import plain
from mlp_edge.data.splitting.split import check_rows, split, tested_groups
from mlp_edge.data.streaming.readings import Reader, Stretch
from mlp_edge.errors import TableError
from mlp_edge.mlp import Task
from mlp_edge.settings import setting
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.streaming.selection import kth_smallest

TRAINS, VALIDATES, TESTS = 0, 1, 2
"""Parts of the rows, in the order in which time would have them."""

Part = NDArray[np.uint8]
"""The part of each row, (n,)."""


@dataclass(frozen=True)
class Asked:
    """What a split follows from besides the rows.

    Attributes:
        recipe: its shares and its seed.
        task: classes keep their mix.
        labels: of the classes.
        source: the table, for messages.
        several: whether there is more than one block.
    """

    recipe: Recipe
    task: Task
    labels: tuple[str, ...]
    source: str
    several: bool = False

    def classes(self, stretch: Stretch) -> NDArray[np.int64] | None:
        """The class of each row (n,); None in a regression."""
        return None if self.task == "regression" else stretch.targets[:, 0].astype(np.int64)


class AtRandom:
    """Every block by itself."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def parts(self, block: Stretch) -> Part:
        """The part of each row of the next block."""
        asked, recipe = self._asked, self._asked.recipe
        classes = asked.classes(block)
        seen, test = _split(asked, len(block), classes, recipe.test_size, asked.source)
        of = f"{asked.source} (its training rows)" if len(test) else asked.source
        kept = None if classes is None else classes[seen]
        _, validation = _split(asked, len(seen), kept, recipe.validation_size, of)
        parts = np.zeros(len(block), np.uint8)
        parts[test], parts[seen[validation]] = TESTS, VALIDATES
        return parts


def _split(
    asked: Asked, rows: int, classes: NDArray[np.int64] | None, share: float, source: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    seed, labels = asked.recipe.seed, asked.labels
    try:
        return split(rows, share, seed, classes=classes, labels=labels, source=source)
    except TableError:
        if not asked.several:
            raise
    # A class that is too rare in this block may be frequent in others.
    return split(rows, share, seed, source=source)


class ByGroups:
    """Whole groups, chosen as in memory, by how many rows of each class they have."""

    def __init__(self, asked: Asked, reader: Reader) -> None:
        groups = _counted(asked, replace(reader, features=()))
        order = np.argsort(groups.first)  # they are drawn in the order in which they first come
        counts, recipe = groups.counts[order], asked.recipe
        every = np.arange(len(counts))
        part = np.zeros(len(counts), np.uint8)
        seen, test = _grouped(every, counts, recipe.test_size, recipe.seed, asked.source)
        part[test] = TESTS
        of = f"{asked.source} (its training rows)" if len(test) else asked.source
        _, validation = _grouped(seen, counts, recipe.validation_size, recipe.seed, of)
        part[validation] = VALIDATES
        self._names, self._part = groups.names, np.empty_like(part)
        self._part[order] = part

    def parts(self, block: Stretch) -> Part:
        """The part of each row of a block."""
        return self._part[np.searchsorted(self._names, _groups_of(block))]


def _groups_of(stretch: Stretch) -> NDArray[np.uint64]:
    if stretch.groups is None:
        raise ValueError("rows without groups")
    return stretch.groups


class _Groups(NamedTuple):
    """The groups of a stream.

    Attributes:
        names: (groups,) uint64, ascending.
        first: (groups,) int64, the first row of each.
        counts: (groups, classes) rows of each class.
    """

    names: NDArray[np.uint64]
    first: NDArray[np.int64]
    counts: NDArray[np.int64]

    def joined(self, other: _Groups) -> _Groups:
        """These, with the rows of others."""
        pairs = zip(self, other, strict=True)
        every, first, counts = (np.concatenate(pair) for pair in pairs)
        names, which = np.unique(every, return_inverse=True)
        firsts = np.full(len(names), np.iinfo(np.int64).max)
        np.minimum.at(firsts, which, first)
        sums = np.zeros((len(names), counts.shape[1]), np.int64)
        np.add.at(sums, which, counts)
        return _Groups(names, firsts, sums)


def _counted(asked: Asked, reader: Reader) -> _Groups:
    """The groups of all rows."""
    width = max(1, len(asked.labels))
    nothing = np.empty(0, np.int64)
    found = _Groups(nothing.astype(np.uint64), nothing, np.empty((0, width), np.int64))
    for stretch in reader.stretches():
        names, first, which = np.unique(_groups_of(stretch), return_index=True, return_inverse=True)
        classes = asked.classes(stretch)
        place = which * width + (0 if classes is None else classes)
        counts = np.bincount(place, minlength=len(names) * width).reshape(-1, width)
        found = found.joined(_Groups(names, stretch.numbers[first], counts))
    return found


def _grouped(
    groups: NDArray[np.int64], counts: NDArray[np.int64], share: float, seed: int, source: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Groups in two parts, by what they count of each class."""
    held = counts[groups]
    check_rows(int(held.sum()), share, source)
    if not share:
        return groups, groups[:0]
    apart = tested_groups(held[:, held.any(axis=0)], share, seed, source)
    return np.delete(groups, apart), groups[apart]


class InTime:
    """The last rows, by a column or by the order of the file."""

    def __init__(self, asked: Asked, reader: Reader, folder: Path) -> None:
        file = folder / "when"
        self._by_column = reader.when is not None
        self._next = 0
        rows = 0
        with file.open("wb") as kept:
            for stretch in replace(reader, features=()).stretches():
                rows += len(stretch)
                if stretch.when is not None:
                    kept.write(stretch.when.tobytes())
        recipe = asked.recipe
        check_rows(rows, recipe.test_size, asked.source)
        self._cuts: list[float] = []
        for share in (recipe.test_size, recipe.validation_size):
            cut, rows = math.inf, rows
            if share:
                wanted = rows - max(1, math.ceil(round(share * rows, 9)))
                cut, rows = _cut(file, wanted, rows) if self._by_column else (wanted, wanted)
                if not rows:
                    raise TableError(
                        f"{plain(asked.source)}: all of its rows are of one time, so that none "
                        f"come later; {setting('split', 'random')} splits them"
                    )
            self._cuts.append(cut)
        file.unlink()

    def parts(self, block: Stretch) -> Part:
        """The part of each row of the next block."""
        when = block.when
        if when is None:
            when = np.arange(self._next, self._next + len(block)).astype(np.float64)
            self._next += len(block)
        parts = np.full(len(block), TRAINS, np.uint8)
        parts[when >= self._cuts[1]] = VALIDATES
        parts[when >= self._cuts[0]] = TESTS
        return parts


def _cut(file: Path, wanted: int, rows: int) -> tuple[float, int]:
    """The time from which on rows stand apart, and how many come before it.

    Args:
        file: float64 times.
        wanted: how many should come before.
        rows: how many of the earliest times count; the others stand apart already.
    """

    def looks() -> Iterator[NDArray[np.float64]]:
        size = 1 << 20
        for start in range(0, file.stat().st_size // 8, size):
            yield np.fromfile(file, np.float64, size, offset=8 * start)[:, None]

    middle = float(kth_smallest(looks, np.array([[wanted]]), np.float64)[0, 0])
    before = sum(int((times < middle).sum()) for times in looks())
    upto = sum(int((times <= middle).sum()) for times in looks())
    borders = [place for place in (before, upto) if 0 < place < rows]
    if not borders:
        return math.inf, 0
    nearest = min(borders, key=lambda place: abs(place - wanted))
    return (middle if nearest == before else float(np.nextafter(middle, np.inf))), nearest


def parting(asked: Asked, reader: Reader, folder: Path) -> AtRandom | ByGroups | InTime:
    """What parts the rows of a stream, as the recipe says."""
    if asked.recipe.group is not None:
        return ByGroups(asked, reader)
    if asked.recipe.split != "random":
        return InTime(asked, reader, folder)
    return AtRandom(asked)
