"""What is seen of a search: a line per trial while it runs, the best of them at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from mlp_edge.cli.printing.console import err
from mlp_edge.cli.printing.tables import new_table
from mlp_edge.training.default_recipe import AUTO

if TYPE_CHECKING:
    from mlp_edge.training.recipe import Recipe
    from mlp_edge.training.search.trials import Trial, Tuned

COLUMNS = (
    ("trial", 5), ("hidden", 9), ("rate", 7), ("drop", 4), ("l2", 7), ("norm", 4), ("score", 16),
    ("best so far", 11),
)  # fmt: skip
"""Of a line per trial, with the width of each: 77 in all, gaps included."""
SHOWN = 5
"""So many trials stand in the table at the end, the recipe as given besides."""


def tell_trial(trial: Trial, best: Trial | None, total: int) -> None:
    """A line about a trial on stderr, below the columns' names when it is the first."""
    if trial.number == 0:
        _head(f"{_counted(total, 'trial')}; trial 0 is the recipe as given")
    err.print(trial_line(trial, best))


def tell_resumed(count: int) -> None:
    """That a search goes on, on stderr, and the columns' names."""
    _head(f"going on with an interrupted search after {_counted(count, 'trial')}")


def _head(title: str) -> None:
    err.print(title)
    err.print("score: mean ± standard deviation over the folds, less is better")
    err.print(_aligned([name for name, _ in COLUMNS]))


def trial_line(trial: Trial, best: Trial | None) -> str:
    """A trial under the columns' names; 80 characters hold any drawn network and a usual score."""
    return _aligned([str(trial.number), *settings(trial), score(trial), _best(best)])


def settings(trial: Trial) -> list[str]:
    """Layers, rate, dropout, penalty and normalisation; a dash for what is not there."""
    rate = trial.learning_rate
    return [
        layers(trial),
        "default" if rate is None else f"{rate:g}",
        f"{trial.dropout:g}" if trial.dropout else "-",
        f"{trial.l2:g}" if trial.l2 else "-",
        "yes" if trial.batch_normalization else "-",
    ]


def layers(trial: Trial) -> str:
    """Neurons of each hidden layer, such as 12-8; none without any."""
    return "-".join(map(str, trial.hidden)) or "none"


def score(trial: Trial) -> str:
    """Mean ± standard deviation over the folds, or why there is none."""
    from mlp_edge.api.evaluation.score_sheets import spread
    from mlp_edge.training.search.searching import TOO_LARGE

    if not trial.folds:
        return TOO_LARGE if trial.failure.startswith(TOO_LARGE) else "diverged"
    return spread(trial.folds)


def _best(best: Trial | None) -> str:
    return "-" if best is None else f"{best.score:.4g} ({best.number})"


def _aligned(cells: list[str]) -> str:
    """Layers to the left, everything else to the right."""
    padded = [
        cell.ljust(width) if name == "hidden" else cell.rjust(width)
        for cell, (name, width) in zip(cells, COLUMNS, strict=True)
    ]
    return "  ".join(padded)


def tuning_table(tuned: Tuned) -> Table:
    """The best trials, best first, and below them the recipe as given and the linear network."""
    best = tuned.best
    title = (
        f"best of {_counted(len(tuned.trials), 'trial')}: mean {tuned.metric} ± standard deviation "
        f"over {_counted(len(best.folds), 'fold')}"
    )
    names = ("trial", "hidden", "rate", "drop", "l2", "norm", "weights", tuned.metric)
    table = new_table(title, *names, text_columns=2)
    ranked = sorted(
        (trial for trial in tuned.trials if trial.folds),
        key=lambda trial: (trial.score, trial.parameters, trial.number),
    )
    for trial in ranked[:SHOWN]:
        _add(table, trial, trial is ranked[0])
    table.add_section()
    known = {trial.number for trial in ranked[:SHOWN]}
    for trial in tuned.trials[:2]:
        if trial.number not in known and (trial.number == 0 or not trial.hidden):
            _add(table, trial, False)
    return table


def search_notes(tuned: Tuned) -> list[str]:
    """What the table leaves out: the linear baseline, and a smaller network that would do."""
    from mlp_edge.api.evaluation.score_sheets import spread

    notes = []
    if tuned.baseline:
        notes.append(f"linear baseline on the same folds: {spread(tuned.baseline)}")
    smaller = smaller_network(tuned)
    return notes if smaller is None else [*notes, smaller]


def _add(table: Table, trial: Trial, best: bool) -> None:
    cells = [str(trial.number), *settings(trial), f"{trial.parameters:,}", score(trial)]
    table.add_row(*map(Text, cells), style="bold" if best else None)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def smaller_network(tuned: Tuned) -> str | None:
    """What to type for a smaller network that is nearly as good; None when the best is smallest."""
    small, best = tuned.smallest, tuned.best
    if small.parameters == best.parameters:
        return None
    return (
        f"{layers(small)} ({small.parameters:,} weights) is within one standard error of the best "
        f"({best.parameters:,} weights), and would do on a small chip; in place of --tune: "
        f"{options(small, tuned.recipe)}"
    )


def options(trial: Trial, recipe: Recipe) -> str:
    """The options that train a trial's network, beside those that were typed for the search."""
    typed = [f"--hidden {','.join(map(str, trial.hidden)) or 'none'}"]
    if trial.learning_rate is not None:
        typed.append(f"--learning-rate {trial.learning_rate}")
    ruled = recipe.name == AUTO  # which would choose what is not typed
    if trial.dropout or (ruled and trial.hidden):
        typed.append(f"--dropout {trial.dropout:g}")
    if trial.l2 or ruled:
        typed.append(f"--l2 {trial.l2:g}")
    if recipe.output_l2 is not None:
        typed.append(f"--output-l2 {recipe.output_l2:g}")
    if trial.batch_normalization:
        typed.append("--batch-norm")
    typed.append(f"--early-stopping {recipe.early_stopping}")
    return " ".join(typed)
