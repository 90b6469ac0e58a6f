"""What is shown of a search for the size: the front, the choice and why."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from mlp_edge.cli.printing.tables import new_table
from mlp_edge.training.scoring.statistics import standard_error
from mlp_edge.training.search.front import layers_named

if TYPE_CHECKING:
    from mlp_edge.training.search.front import Candidate, Sized, Taken

UNKNOWN = "–"


def size_table(sized: Sized) -> Table:
    """The front, cheapest first, the choice in bold."""
    chosen = sized.chosen
    counts = chosen.taken.counts
    title = f"sizes for {sized.target}: mean {sized.metric} ± standard error over "
    title += f"{len(chosen.folds)} folds"
    timed = () if counts == "nothing" else (counts,)
    milliseconds = ("ms",) if chosen.taken.ms is not None else ()
    columns = ("hidden", "dtype", sized.metric, "flash", "RAM", *timed, *milliseconds, "fits")
    table = new_table(title, *columns, text_columns=2)
    for one in _rows(sized):
        figures = [
            _figure(one.taken.flash),
            _figure(one.taken.ram),
            *(_figure(one.taken.count) for _ in timed),
            *(_milliseconds(one.taken) for _ in milliseconds),
        ]
        cells = [_hidden(one), one.dtype, _score(one), *figures, _fits(one)]
        table.add_row(*map(Text, cells), style="bold" if one is chosen else None)
    return table


def size_notes(sized: Sized) -> list[str]:
    """Why the choice is what it is, and what the trained network takes."""
    chosen, best = sized.chosen, sized.best
    if chosen is best:
        why = f"{chosen.named}: the best score that fits"
    else:
        why = (
            f"{chosen.named}: the cheapest within one standard error of the best that fits, "
            f"{best.named} ({_score(best)})"
        )
    notes = [why]
    if sized.taken is not None:
        notes.append(f"trained on all training rows, it takes {_taken(sized.taken)}")
    if sized.passed_over:
        others = ", ".join(
            f"{layers_named(hidden)} ({fmean(sized.scores[hidden]):.4g})"
            for hidden in sized.passed_over
        )
        notes.append(f"no better than a smaller size, and not measured: {others}")
    linear = _mean(sized.baseline)
    notes.append(f"linear baseline on the same folds: {linear}")
    return notes


def _rows(sized: Sized) -> list[Candidate]:
    """The front and the choice, and what ended the ladder."""
    shown = sized.front
    if sized.chosen not in shown:
        shown.append(sized.chosen)
    return [*shown, *(one for one in sized.candidates if not one.folds)]


def _hidden(one: Candidate) -> str:
    return "-".join(map(str, one.hidden)) or "none"


def _score(one: Candidate) -> str:
    if not one.folds:
        return "not trained"
    return _mean(one.folds)


def _mean(folds: Sequence[float]) -> str:
    """Mean ± standard error."""
    return f"{fmean(folds):.4g} ± {standard_error(folds):.2g}"


def _fits(one: Candidate) -> str:
    return "yes" if one.taken.fits else "no"


def _figure(value: int | None) -> str:
    return UNKNOWN if value is None else f"{value:,}"


def _milliseconds(taken: Taken) -> str:
    return UNKNOWN if taken.ms is None else f"{taken.ms:.2f}"


def _taken(taken: Taken) -> str:
    parts = [f"{_figure(taken.flash)} bytes of flash"]
    if taken.ram is not None:
        parts.append(f"{taken.ram:,} of RAM")
    if taken.count is not None:
        parts.append(f"{taken.count:,} {taken.counts}")
    return ", ".join(parts)
