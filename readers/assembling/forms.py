"""What values of a graph are made of, while it is put together as dense layers.

A ``Form`` is a vector that costs no layer: numbers of layers that exist, each times a factor and
plus an offset (``Pick``), or what a dense layer of the file makes of such numbers (``Product``).
Weights are multiplied together in float64 when a layer is built, and rounded to float32 once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.reference import Doubles

Columns = NDArray[np.intp]


@dataclass(eq=False)
class Draft:
    """A layer whose weights are not yet put together, or the readings.

    Attributes:
        width: how many numbers it gives.
        form: what its activation is applied to; None for the readings.
        activation: one of ``mlp_edge.mlp``.
        source: in the file, for messages.
        times: what its activations are multiplied by.
        number: drafts are numbered as they are made.
    """

    width: int
    form: Form | None = None
    activation: str = "linear"
    source: str = ""
    times: Draft | None = None
    number: int = field(default_factory=count().__next__)

    @property
    def reads(self) -> tuple[Draft, ...]:
        """The layers that have to be computed before it, each once."""
        form = () if self.form is None else self.form.drafts
        gate = () if self.times is None else (self.times,)
        return tuple(each for each in dict.fromkeys((*form, *gate)) if each.form is not None)


class Scale(NamedTuple):
    """What the file makes of readings before anything else: factor * x + offset, both (n,)."""

    factor: Doubles
    offset: Doubles


class Pick(NamedTuple):
    """Numbers of a draft, each times a factor and plus an offset.

    Attributes:
        place: the row of the form at which they begin.
        draft: whose they are.
        columns: (n,) which ones.
        factor: (n,).
        offset: (n,).
        scale: of readings, before they are multiplied by the factor; None for none.
    """

    place: int
    draft: Draft
    columns: Columns
    factor: Doubles
    offset: Doubles
    scale: Scale | None = None

    @property
    def rows(self) -> slice:
        """Where they stand in the form."""
        return slice(self.place, self.place + len(self.columns))

    @property
    def drafts(self) -> tuple[Draft, ...]:
        """What is read."""
        return (self.draft,)


class Product(NamedTuple):
    """factor * (weights @ picks + bias) + offset.

    Attributes:
        place: the row of the form at which it begins.
        weights: (n, inputs) of the file.
        bias: (n,) of the file.
        picks: what it is applied to.
        factor: (n,) by which it is multiplied afterwards.
        offset: (n,) that is then added.
        source: in the file, for messages.
    """

    place: int
    weights: Doubles
    bias: Doubles
    picks: tuple[Pick, ...]
    factor: Doubles
    offset: Doubles
    source: str

    @property
    def rows(self) -> slice:
        """Where it stands in the form."""
        return slice(self.place, self.place + len(self.bias))

    @property
    def drafts(self) -> tuple[Draft, ...]:
        """What is read."""
        return drafts_of(self.picks)


Part = Pick | Product


class Form(NamedTuple):
    """A vector as a sum of parts, each on some of its rows; every row has one at least."""

    width: int
    parts: tuple[Part, ...]

    @property
    def products(self) -> tuple[Product, ...]:
        """Those of its parts that are dense layers of the file."""
        return tuple(part for part in self.parts if isinstance(part, Product))

    @property
    def picks(self) -> tuple[Pick, ...]:
        """Those of its parts that are numbers of other layers."""
        return tuple(part for part in self.parts if isinstance(part, Pick))

    @property
    def drafts(self) -> tuple[Draft, ...]:
        """What is read, each once."""
        return drafts_of(self.parts)


def drafts_of(parts: Sequence[Part]) -> tuple[Draft, ...]:
    """What is read, each once, in order."""
    return tuple(dict.fromkeys(draft for part in parts for draft in part.drafts))


def whole(draft: Draft) -> Form:
    """All numbers of a draft."""
    return picked(draft, np.arange(draft.width))


def picked(draft: Draft, columns: Columns) -> Form:
    """Some numbers of a draft."""
    size = len(columns)
    return Form(size, (Pick(0, draft, columns, np.ones(size), np.zeros(size)),))


def plain(form: Form) -> Draft | None:
    """The draft that a form is all of, as it is; None for any other form."""
    [part, *others] = form.parts
    if others or not isinstance(part, Pick) or part.draft.form is None:
        return None
    same = (
        np.array_equal(part.columns, np.arange(part.draft.width))
        and bool((part.factor == 1).all())
        and bool((part.offset == 0).all())
    )
    return part.draft if same else None


def scaled(form: Form, factor: Doubles, offset: Doubles, by_file: bool = False) -> Form:
    """Factor * form + offset, both (width,).

    Args:
        form: what is scaled.
        factor: of each row.
        offset: of each row; the first part of a row takes it.
        by_file: whether the file scales here, rather than weighs what it adds up.
    """
    free = np.ones(form.width, bool)
    parts: list[Part] = []
    for part in form.parts:
        rows = part.rows
        added = np.where(free[rows], offset[rows], 0)
        free[rows] = False
        if by_file and isinstance(part, Pick) and _is_unweighted(part):
            before = part.scale or Scale(part.factor, part.offset)
            scale = Scale(before.factor * factor[rows], before.offset * factor[rows] + added)
            parts.append(part._replace(scale=scale))
        else:
            parts.append(
                part._replace(
                    factor=part.factor * factor[rows], offset=part.offset * factor[rows] + added
                )
            )
    return Form(form.width, tuple(parts))


def _is_unweighted(pick: Pick) -> bool:
    """Whether it is readings that are at most scaled."""
    return pick.draft.form is None and bool((pick.factor == 1).all() and (pick.offset == 0).all())


def joined(forms: Sequence[Form]) -> Form:
    """Forms one after the other."""
    parts: list[Part] = []
    width = 0
    for form in forms:
        parts += [part._replace(place=part.place + width) for part in form.parts]
        width += form.width
    return Form(width, tuple(parts))


def added(forms: Sequence[Form]) -> Form:
    """The sum of forms of one width; what picks the same numbers becomes one pick."""
    parts: list[Part] = []
    known: dict[object, int] = {}
    for part in (part for form in forms for part in form.parts):
        same = None
        if isinstance(part, Pick):
            scale = None if part.scale is None else id(part.scale)
            same = part.place, part.draft, part.columns.tobytes(), scale
        if same is None or same not in known:
            known[same] = len(parts)
            parts.append(part)
        else:
            other = parts[known[same]]
            parts[known[same]] = other._replace(
                factor=other.factor + part.factor, offset=other.offset + part.offset
            )
    return Form(forms[0].width, tuple(parts))


def widened(form: Form, width: int) -> Form:
    """A form of one row, without products, in every row."""
    row = np.zeros(width, np.intp)
    return Form(width, tuple(_taken(pick, row, 0) for pick in form.picks))


def cut(form: Form, start: int, stop: int) -> Form:
    """Some of the rows of a form."""
    parts: list[Part] = []
    for part in form.parts:
        low, high = max(part.rows.start, start), min(part.rows.stop, stop)
        if low >= high:
            continue
        own = slice(low - part.place, high - part.place)
        if isinstance(part, Pick):
            parts.append(_taken(part, own, low - start))
            continue
        weights, bias = part.weights[own], part.bias[own]
        factor, offset = part.factor[own], part.offset[own]
        parts.append(
            part._replace(
                place=low - start, weights=weights, bias=bias, factor=factor, offset=offset
            )
        )
    return Form(stop - start, tuple(parts))


def _taken(pick: Pick, rows: slice | Columns, place: int) -> Pick:
    scale = pick.scale and Scale(*(each[rows] for each in pick.scale))
    factor, offset = pick.factor[rows], pick.offset[rows]
    return Pick(place, pick.draft, pick.columns[rows], factor, offset, scale)
