"""What is seen of a search fits a terminal, and what it says can be typed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mlp_edge.cli.options import widths
from mlp_edge.cli.printing.search import (
    options,
    smaller_network,
    tell_resumed,
    tell_trial,
    trial_line,
    tuning_table,
)
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.search.search_space import drawn
from mlp_edge.training.search.trials import Trial, Tuned


def trial(number: int, score: float | None = 0.5, **changes: Any) -> Trial:
    """A trial on two folds, whose standard error is a hundredth."""
    given = {
        "hidden": (12, 8), "learning_rate": 0.0031, "dropout": 0.2, "l2": 1.2e-4,
        "batch_normalization": True, "parameters": 221,
    }  # fmt: skip
    folds = () if score is None else (score - 0.01, score + 0.01)
    return Trial(number, **{**given, **changes}, folds=folds)


GIVEN = trial(
    0, 0.61, hidden=(12, 8), learning_rate=None, dropout=0.0, l2=0.0, batch_normalization=False
)
LINEAR = trial(1, 0.62, hidden=(), learning_rate=None, dropout=0.0, l2=0.0, parameters=9)


def shown(tuned: Tuned) -> list[str]:
    """The lines of the table on a terminal of 80 columns."""
    console = Console(width=80)
    with console.capture() as captured:
        console.print(tuning_table(tuned))
    return [line.rstrip() for line in captured.get().splitlines()]


def test_a_line_per_trial(capsys: pytest.CaptureFixture[str]) -> None:
    best = trial(2, 0.4774)
    tell_trial(GIVEN, GIVEN, 30)
    tell_trial(LINEAR, GIVEN, 30)
    tell_trial(best, best, 30)
    tell_trial(trial(3, None), best, 30)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "30 trials; trial 0 is the recipe as given",
        "score: mean ± standard deviation over the folds, less is better",
        "trial  hidden        rate  drop       l2  norm             score  best so far",
        "    0  12-8       default     -        -     -      0.61 ± 0.014     0.61 (0)",
        "    1  none       default     -        -   yes      0.62 ± 0.014     0.61 (0)",
        "    2  12-8        0.0031   0.2  0.00012   yes    0.4774 ± 0.014   0.4774 (2)",
        "    3  12-8        0.0031   0.2  0.00012   yes          diverged   0.4774 (2)",
    ]


def test_a_resumed_search_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    tell_resumed(1)
    tell_trial(trial(1, None), None, 1)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "going on with an interrupted search after 1 trial"
    assert lines[2].startswith("trial  hidden")
    assert lines[3].split() == ["1", "12-8", "0.0031", "0.2", "0.00012", "yes", "diverged", "-"]
    tell_resumed(12)
    assert "after 12 trials\n" in capsys.readouterr().err


DRAWS = st.fixed_dictionaries(
    {
        "depth": st.integers(0, 3), "width": st.integers(0, 8), "fall": st.integers(0, 2),
        "learning_rate": st.floats(3e-4, 3e-2), "dropout": st.integers(-4, 10),
        "l2": st.floats(1e-8, 1e-1), "batch_normalization": st.booleans(),
    }
)  # fmt: skip


def tried(draw: dict[str, Any], number: int, score: float | None) -> Trial:
    """A trial of a network that can be drawn."""
    recipe = drawn(Recipe(), draw)
    return trial(
        number, score, hidden=recipe.hidden, learning_rate=recipe.learning_rate,
        dropout=recipe.dropout, l2=recipe.l2, batch_normalization=recipe.batch_normalization,
        parameters=5000,
    )  # fmt: skip


@given(DRAWS, st.integers(0, 99), st.one_of(st.none(), st.floats(0.1, 9999)))
def test_a_line_fits_a_terminal_under_its_columns(
    draw: dict[str, Any], number: int, score: float | None
) -> None:
    one = tried(draw, number, score)
    line = trial_line(one, None if score is None else one)
    assert len(line) <= 80
    assert line[5:7] == line[16:18] == line[25:27] == "  "
    assert line[7:16].strip() == ("-".join(map(str, one.hidden)) or "none")


CALM = Recipe().given({"early_stopping": 20})
"""As every recipe of a search is."""


@given(DRAWS)
def test_the_options_train_the_same_network(draw: dict[str, Any]) -> None:
    one = tried(draw, 2, 0.5)
    words = options(one, CALM).split()
    flags = {"--batch-norm"} & set(words)
    words = [word for word in words if word not in flags]
    typed = dict(zip(words[::2], words[1::2], strict=True))
    assert widths(typed["--hidden"]) == one.hidden
    assert float(typed["--learning-rate"]) == one.learning_rate
    assert float(typed.get("--dropout", 0)) == one.dropout
    assert float(typed.get("--l2", 0)) == one.l2
    assert typed["--early-stopping"] == "20"
    assert bool(flags) == one.batch_normalization


def test_options_of_a_recipe_without_any_are_few() -> None:
    assert options(GIVEN, CALM) == "--hidden 12,8 --early-stopping 20"
    assert options(trial(1, hidden=(), learning_rate=1 / 3), CALM).startswith(
        "--hidden none --learning-rate 0.3333333333333333 "
    )


def test_the_table_has_the_best_and_where_the_search_began() -> None:
    trials = [GIVEN, LINEAR, *(trial(number, 0.6 - number / 100) for number in range(2, 9))]
    trials.append(trial(9, None))
    best = trials[8]
    lines = shown(Tuned(tuple(trials), best, Recipe(), "log_loss"))
    assert lines[0] == "best of 10 trials: mean log_loss ± standard deviation over 2 folds"
    assert lines[1].split() == [
        "trial", "hidden", "rate", "drop", "l2", "norm", "weights", "log_loss",
    ]  # fmt: skip
    numbers = [line.split()[0] for line in lines[3:] if line]
    assert numbers == ["8", "7", "6", "5", "4", "0", "1"]
    assert "0.52 ± 0.014" in lines[3]
    assert max(map(len, lines)) <= 80


def test_the_table_of_a_few_trials_names_each_once() -> None:
    lines = shown(Tuned((GIVEN, trial(1, None)), GIVEN, Recipe(), "rmse"))
    assert lines[0] == "best of 2 trials: mean rmse ± standard deviation over 2 folds"
    assert [line.split()[0] for line in lines[3:] if line] == ["0"]
    lines = shown(Tuned((trial(0, None), LINEAR), LINEAR, Recipe(), "rmse"))
    assert [line.split()[0] for line in lines[3:] if line] == ["1", "0"]
    assert lines[-1].endswith("diverged")


def test_a_smaller_network_is_named_when_there_is_one() -> None:
    best = trial(3, 0.5, hidden=(64, 64), parameters=4801)
    small, poor = trial(2, 0.505), trial(4, 0.52, hidden=(4,), parameters=41)
    tuned = Tuned((GIVEN, LINEAR, small, best, poor), best, CALM, "log_loss")
    assert smaller_network(tuned) == (
        "12-8 (221 weights) is within one standard error of the best (4,801 weights), and would do "
        "on a small chip; in place of --tune: --hidden 12,8 --learning-rate 0.0031 --dropout 0.2 "
        "--l2 0.00012 --batch-norm --early-stopping 20"
    )
    assert smaller_network(Tuned((GIVEN, best), best, Recipe(), "log_loss")) is None
