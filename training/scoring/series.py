"""Whether a split at random flatters: rows in the order of time, alike to their neighbours."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.choices import Spelling
from mlp_edge.data.content.cells import read_column
from mlp_edge.data.findings.functions import pearson, spearman
from mlp_edge.data.quoting import counted, shown, suggested
from mlp_edge.data.splitting.times import IN_TIME, When, last_rows, ranked, seconds
from mlp_edge.data.table import Table
from mlp_edge.errors import TableError
from mlp_edge.finding import Finding
from mlp_edge.mlp import Floats
from mlp_edge.settings import Blank, setting
from mlp_edge.training.examples import Examples
from mlp_edge.training.parts import Parts
from mlp_edge.training.preprocessing import Preprocessed
from mlp_edge.training.scoring.baseline import linear_baseline
from mlp_edge.training.scoring.scores import score

FEWEST_ROWS = 50
"""Rows from which on neighbours can be told to be alike."""
MOST_ROWS = 20_000
"""Rows that are looked at."""
FIRST = 1000
"""Rows that are looked at first: in most tables they are sorted by nothing."""
MOST_WORK = 2e10
"""Multiply-adds of a linear fit on them."""
DEVIATIONS = 4
"""So many standard errors of no relation, 1 / √rows, a relation of neighbours has to be beyond."""
DATED, UNDATED = 0.2, 0.3
"""Correlation of neighbours from which on it matters, in the order of dates or of the file."""
WORSE = 0.1
"""By so much R² or accuracy falls on the last rows, where no date says that the order is time."""
BINS = 10
"""Parts into which the values of a target of numbers are grouped, as classes are."""
LAST = 0.2
"""Share of the rows that are the last ones."""
NEARLY = 0.9
"""Rank correlation with the order of the file of what the file was sorted by, more or less."""
ALL_BUT = 0.995
"""The same where it is no matter how the steps go."""
UNDONE = -0.25
"""Correlation of steps with those before: -0.5 where values are noise, 0 in a random walk."""
TIMES = frozenset({"time", "timestamp", "date", "datetime", "day", "month", "year", "epoch"})
"""Names of numbers that say when; ``t`` is a temperature as often."""


def series(
    table: Table, examples: Examples, preprocessed: Preprocessed, chosen: Parts
) -> tuple[Finding, ...]:
    """A finding when rows are alike to their neighbours in time, so that those give them away.

    What is looked at are the errors of a linear model: what the columns explain makes no rows
    alike. The errors within each class have to be alike, too, so that rows that are sorted by
    class are no series. Dates say that an order is one of time. Without them, an order has to show
    itself: a linear model does worse on the last rows than on rows at random, and where it is that
    of the file, neither a column that is learned from nor the target is sorted in it.

    Args:
        table: the rows.
        examples: the same, read.
        preprocessed: as inputs of a linear model.
        chosen: parts of a split at random.
    """
    if len(examples.rows) < FEWEST_ROWS:
        return ()
    for name, when in dates(table, examples):
        order = np.argsort(when, kind="stable")
        found = alike(examples, preprocessed, order, DATED)
        if found is None:
            continue
        at_random, at_last, metric = _compared(examples, preprocessed, chosen, when)
        learned = any(feature.name == name for feature in examples.features)
        if at_random - at_last >= WORSE or not learned:
            return (_finding(name, found, (at_random, at_last, metric)),)
    in_file = np.arange(len(examples.rows))
    if _is_sorted(examples):
        return ()
    found = alike(examples, preprocessed, in_file, UNDATED)
    if found is None:
        return ()
    at_random, at_last, metric = _compared(examples, preprocessed, chosen, in_file)
    if not at_random - at_last >= WORSE:
        return ()
    return (_finding(None, found, (at_random, at_last, metric)),)


def out_of_order(table: Table, examples: Examples) -> tuple[Finding, ...]:
    """A finding for each column of dates that do not rise down a file that is taken to do so."""
    found = []
    for name, when in dates(table, examples):
        falls = np.flatnonzero(np.diff(when) < 0)
        if falls.size:
            says = (
                f"{suggested('split', IN_TIME)} takes the last rows of the file for the latest, "
                f"but the times of column {shown(name)} fall, first on {table.counts} "
                f"{table.lines[falls[0] + 1]}; "
                f"{suggested('split', f'{IN_TIME}:{name}')} goes by them"
            )
            found.append(Finding("order", says, (name,)))
    return tuple(found)


def dates(table: Table, examples: Examples) -> list[tuple[str, When]]:
    """The columns that say when, and the place of each row by them."""
    dated = [name for each in examples.findings if each.kind == "date" for name in each.columns]
    learned = {feature.name for feature in examples.features if not feature.categories}
    dated += [name for name in table.columns if name in learned and _says_when(name)]
    found = []
    for name in dated:
        column = read_column(table, name, Spelling())
        try:
            if not column.absent.any():
                found.append((name, ranked(seconds(table, column))))
        except TableError:
            continue  # nobody asked for an order by it
    return found


def _says_when(name: str) -> bool:
    return name.strip().casefold() in TIMES


def _is_sorted(examples: Examples) -> bool:
    """Whether the rows are in the order, or nearly, of something that is known of them."""
    columns = [*examples.rows.T]
    if examples.task == "regression":
        columns += [*examples.targets.T]
    return any(_rises(each) or _in_blocks(each) or _nearly_rises(each) for each in columns)


def _rises(values: Floats) -> bool:
    known = values[~np.isnan(values)]
    for some in (known[:FIRST], known):
        steps = np.diff(some)
        if not ((steps >= 0).all() or (steps <= 0).all()):
            return False
    return bool(steps.any())


def _nearly_rises(values: Floats) -> bool:
    """Whether values rise or fall but for noise, of which each step undoes a part of the last."""
    known = values[~np.isnan(values)].astype(np.float64)
    if len(known) < FEWEST_ROWS:
        return False
    order = abs(spearman(known, np.arange(len(known)), least=NEARLY))
    if order < NEARLY:
        return False
    steps = np.diff(known)
    return order >= ALL_BUT or pearson(steps[1:], steps[:-1]) <= UNDONE


def _in_blocks(values: Floats) -> bool:
    """Whether equal values stand together, each value once, as after sorting in any order."""
    known = values[~np.isnan(values)]
    for some in (known[:FIRST], known):
        different = len(np.unique(some))
        if int((np.diff(some) != 0).sum()) >= different > 0:
            return False  # a value comes again
    return 1 < different <= len(known) // 2


def alike(
    examples: Examples, preprocessed: Preprocessed, order: NDArray[np.int64], least: float
) -> tuple[float, int] | None:
    """The correlation of neighbours' errors, and of how many rows; None where it is no evidence."""
    width = preprocessed.inputs.shape[1]
    rows = order[: int(max(FEWEST_ROWS, min(MOST_ROWS, MOST_WORK / width**2)))]
    errors, within = _errors(examples, preprocessed.inputs[rows].astype(np.float64), rows)
    r = np.minimum(_neighbours(errors), _neighbours(within))
    least = max(least, DEVIATIONS / math.sqrt(len(rows)))
    if r.max() >= least and examples.labels:
        r = np.minimum(r, _neighbours(_surprises(examples, preprocessed, rows)))
    return (float(r.max()), len(rows)) if r.max() >= least else None


def _neighbours(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """The correlation of the errors of each output with those of the next row, (outputs,).

    It is 0 where a few rows, such as those near the border of two classes, would be the evidence:
    the products of neighbours have to be beyond chance by their own sizes, too.
    """
    size = (errors * errors).sum(axis=0)
    products = errors[1:] * errors[:-1]
    total = products.sum(axis=0)
    known = (size > 1e-9) & (total >= DEVIATIONS * np.sqrt((products**2).sum(axis=0)))
    return np.asarray(np.divide(total, size, out=np.zeros_like(size), where=known))


def _errors(
    examples: Examples, inputs: NDArray[np.float64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What ridge regression (alpha = 1) leaves of the standardised targets, (n, outputs).

    And the same less its mean in each class, or each tenth of a target of numbers. That alone
    would be no evidence: within a class it is what the model answers, and as smooth in time as
    the columns are, whatever becomes of the target.
    """
    truths = _standard(examples.encoded[rows].astype(np.float64))
    x = _standard(inputs)
    errors = truths - x @ np.linalg.solve(x.T @ x + np.eye(x.shape[1]), x.T @ truths)
    within = errors.copy()
    for output in range(truths.shape[1]):
        kinds = examples.targets[rows] if examples.labels else _bins(truths[:, output])
        for kind in np.unique(kinds):
            within[kinds == kind, output] -= within[kinds == kind, output].mean()
    return errors, within


def _surprises(
    examples: Examples, preprocessed: Preprocessed, rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Classes less the probabilities of a logistic regression on the same rows, (n, outputs).

    A ridge regression misses that probabilities bend, which looks like time in columns that are
    smooth in time. This one does not, and is too slow for tables that raise no suspicion.
    """
    linear = linear_baseline(examples, preprocessed, Parts(rows, rows[:0], rows[:0]))
    return np.asarray(
        examples.encoded[rows] - linear.predict(preprocessed.inputs[rows]), np.float64
    )


def _bins(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which tenth of them each value is in, (n,)."""
    tenths = np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1])
    return np.digitize(values, tenths).astype(np.int64)


def _standard(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    apart = columns - columns.mean(axis=0)
    scale = np.abs(apart).max(axis=0)
    apart = apart / np.where(scale > 0, scale, 1.0)  # squares of large numbers would overflow
    deviation = apart.std(axis=0)
    return np.asarray(apart / np.where(deviation > 0, deviation, 1.0), np.float64)


def _compared(
    examples: Examples, preprocessed: Preprocessed, chosen: Parts, when: When
) -> tuple[float, float, str]:
    """A linear model's score on rows held out at random, on the last rows, and its name.

    Of classes the last rows are those of each class, so that every class trains.
    """
    test = chosen.test
    if not len(test):
        test = np.sort(np.random.default_rng(0).permutation(len(when))[: int(LAST * len(when))])
    classes = np.zeros(len(when), np.int64)
    if examples.task != "regression":
        classes = examples.targets
    late = []
    for kind in np.unique(classes):
        of = np.flatnonzero(classes == kind)
        try:
            late.append(of[last_rows(when[of], LAST, "")[1]])
        except TableError:
            continue  # a class that is there at one time only
    last = np.sort(np.concatenate(late))
    metric = "r2" if examples.task == "regression" else "accuracy"
    scores = [_scored(examples, preprocessed, rows, metric) for rows in (test, last)]
    return scores[0], scores[1], "R²" if metric == "r2" else "accuracy"


def _scored(
    examples: Examples, preprocessed: Preprocessed, test: NDArray[np.int64], metric: str
) -> float:
    seen = np.setdiff1d(np.arange(len(examples.rows)), test)
    parts = Parts(seen, seen[:0], test)
    linear = linear_baseline(examples, preprocessed, parts)
    answers = linear.predict(preprocessed.inputs[test])
    return score((metric,), replace(examples.truth(test), groups=None), answers)[metric]


def _finding(
    name: str | None, seen: tuple[float, int], scores: tuple[float, float, str]
) -> Finding:
    r, rows = seen
    at_random, at_last, metric = scores
    where = (
        "next to each other in the file" if name is None else f"next to each other by {shown(name)}"
    )
    option = suggested("split", IN_TIME if name is None else f"{IN_TIME}:{name}")
    says = (
        f"rows {where} are alike: the errors of a linear model correlate by {r:.2f} with those of "
        f"the next row, in {counted(rows, 'row')} (chance: ±{2 / math.sqrt(rows):.2f}). In a "
        f"series, or where several rows have one origin, a split at random flatters: {metric} of "
        f"a linear model is {at_random:.2f} on rows at random, {at_last:.2f} on the last fifth. "
        f"{option} tests on the last rows, {setting('group', Blank('COLUMN'))} on rows of "
        "other origins"
    )
    return Finding("series", says, () if name is None else (name,))
