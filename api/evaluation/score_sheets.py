"""Scores as tables: of models side by side, of classes and targets, of what is confused."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from mlp_edge.api.result import Sheet, number
from mlp_edge.foreign import printable, shortened
from mlp_edge.plots.style import MODELS

if TYPE_CHECKING:
    from mlp_edge.training.scoring.importance import Importance

STANDARDISED = "each target counts in units of its own standard deviation"
"""What is said of an importance of several targets."""
TITLES = {
    "test": "held-out rows", "training": "training rows", "validation": "validation rows",
    "imported": "rows it was imported with",
}  # fmt: skip
"""What the parts of a table are called."""
WIDEST, LABEL = 78, 12
"""Characters of a table, and of a long label in its first column."""
LABEL_OF_COLUMN = 40
"""Characters of a column's name."""
LONGEST_LABEL = 400
"""Characters of a label at most."""
MOST_MISTAKES = 20
"""Are shown where there are too many classes for a matrix."""

Scores = Mapping[str, Mapping[str, float]]
"""Model -> metric -> value."""
Intervals = Mapping[str, Mapping[str, tuple[float, float]]]
"""Model -> metric -> lower and upper end."""


def score_sheet(part: str, count: int, scores: Scores, intervals: Intervals | None = None) -> Sheet:
    """A row per model, a column per metric, and one per interval where there are any.

    Args:
        part: of the table: a key of ``TITLES``, or what its rows are called.
        count: how many rows it has.
        scores: of "mlp" and of what it has to beat.
        intervals: of the metrics that have one.
    """
    ranges = intervals or {model: {} for model in scores}
    columns = ("", *scores["mlp"], *(_interval(name) for name in ranges["mlp"]))
    rows = tuple(
        (
            MODELS.get(model, model),
            *(number(value) for value in values.values()),
            *(_range(pair) for pair in ranges[model].values()),
        )
        for model, values in scores.items()
    )
    return Sheet(_title(part, count), columns, rows)


def comparison_sheet(part: str, count: int, scores: Scores, intervals: Intervals) -> Sheet:
    """The same transposed, for many metrics: a row per metric, a column per model."""
    rows = []
    for name in scores["mlp"]:
        rows.append((name, *(number(values[name]) for values in scores.values())))
        if name in intervals["mlp"]:
            pairs = (_range(ranges[name]) for ranges in intervals.values())
            rows.append((f"  {_interval(name)}", *pairs))
    return Sheet(_title(part, count), ("", *(MODELS[model] for model in scores)), tuple(rows))


def _title(part: str, count: int) -> str:
    return f"scores on {count:,} {TITLES.get(part, part)}"


def spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation of the values there are; a fold may be without a score."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return "–"
    deviation = stdev(known) if len(known) > 1 else 0.0
    if deviation < 1e-9 * abs(mean(known)):
        deviation = 0.0  # what rounding leaves of equal scores
    few = f" ({len(known)} folds)" if len(known) < len(values) else ""
    return f"{mean(known):.4g} ± {deviation:.2g}{few}"


def _interval(name: str) -> str:
    return f"{name}, 95 %"


def _range(pair: tuple[float, float]) -> str:
    return f"{pair[0]:.3f} to {pair[1]:.3f}"


def record_sheet(title: str, records: Sequence[Mapping[str, Any]]) -> Sheet:
    """A row per class or per target: what the first key names, then its counts and scores."""
    first, *others = records[0]
    rows = tuple(
        (
            str(record[first]),
            *(
                f"{record[key]:,}" if isinstance(record[key], int) else number(record[key])
                for key in others
            ),
        )
        for record in records
    )
    return Sheet(title, ("", *others), rows)


def importance_sheet(found: Importance) -> Sheet:
    """A row per column, the most important first; columns that say the same below."""
    moves = "falls" if found.falls else "rises"
    rows = tuple(
        (shortened(printable(name), LABEL_OF_COLUMN), f"{mean:+.4g} ± {error:.2g}")
        for name, (mean, error) in found.columns.items()
    )
    notes = [
        f"{', '.join(map(repr, names[:-1]))} and {names[-1]!r} say the same: either may look "
        "unimportant, as the other is still there"
        for names in found.alike
    ]
    if found.standardised:
        notes.insert(0, STANDARDISED)
    title = f"importance: by how much {found.metric} {moves} when a column is shuffled"
    return Sheet(title, ("", "mean ± standard error of the shuffles"), rows, tuple(notes))


def confusion_sheet(labels: Sequence[str], counts: NDArray[Any]) -> Sheet:
    """Rows are the truth, columns what was predicted; too many classes as a list of mistakes.

    Args:
        labels: of the classes.
        counts: (classes, classes) of rows.
    """
    labels = [shortened(printable(label), LONGEST_LABEL) for label in labels]
    marks = [f"({index})" for index in range(1, len(labels) + 1)]
    cells = [[f"{count:,}" for count in row] for row in counts]
    if _width(labels, labels, cells) <= WIDEST:
        names, columns = list(labels), list(labels)
    else:
        columns = marks
        names = [f"{mark} {label}" for mark, label in zip(marks, labels, strict=True)]
    if _width([""], columns, cells) + LABEL > WIDEST:
        return _mistakes(labels, counts)
    title = "confusion: the truth in rows, the prediction in columns"
    rows = tuple((name, *row) for name, row in zip(names, cells, strict=True))
    return Sheet(title, ("", *columns), rows)


def _width(names: Sequence[str], columns: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """Of a table with these names in the first column; two blanks separate the columns."""
    each = zip(columns, *cells, strict=True)
    return max(map(len, names)) + sum(2 + max(map(len, column)) for column in each)


def _mistakes(labels: Sequence[str], counts: NDArray[Any]) -> Sheet:
    """The most frequent of what was taken for something else."""
    pairs = [
        (int(count), truth, predicted)
        for truth, row in enumerate(counts)
        for predicted, count in enumerate(row)
        if count and truth != predicted
    ]
    pairs.sort(key=lambda pair: -pair[0])
    title = f"confusion: {sum(count for count, _, _ in pairs):,} mistakes, the most frequent first"
    rows = tuple(
        (labels[truth], labels[predicted], f"{count:,}")
        for count, truth, predicted in pairs[:MOST_MISTAKES]
    )
    return Sheet(title, ("truth", "predicted", "rows"), rows, text_columns=2)
