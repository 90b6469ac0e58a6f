"""What inner folds decide: the strength of the regularisation, and the temperature."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, softmax
from support.fits import data, ignore, recipe_of
from support.tables import table_of

from mlp_edge.data.choices import Choices
from mlp_edge.errors import RecipeError, TableError
from mlp_edge.training import deciding
from mlp_edge.training.checks import check_fixed
from mlp_edge.training.deciding import decide, fit_run
from mlp_edge.training.device import ON_CPU
from mlp_edge.training.examples import parts, read_examples, shape
from mlp_edge.training.network import build
from mlp_edge.training.output_layer import cool, sums
from mlp_edge.training.preprocessing import preprocess
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.run import Job, new_network
from mlp_edge.training.scoring.calibration import TEMPERATURES, fitted_temperature, log_loss
from mlp_edge.training.training import resolved_for

# The temperature


def drawn(temperature: float, classes: int, rows: int = 4000) -> tuple[Any, Any]:
    """Logits, and targets that follow from them divided by a temperature."""
    random = np.random.default_rng(classes)
    logits = random.normal(0, 3, (rows, classes))
    shares = softmax(logits / temperature, axis=1).cumsum(axis=1)
    return logits, (random.random((rows, 1)) > shares[:, :-1]).sum(axis=1)


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("temperature", [0.7, 1.0, 2.5])
def test_a_temperature_is_found_again(temperature: float, classes: int) -> None:
    logits, targets = drawn(temperature, classes)
    found = fitted_temperature(logits, targets)
    assert found == pytest.approx(temperature, rel=0.1)
    for other in (0.95 * found, 1.05 * found):
        assert log_loss(logits / found, targets) < log_loss(logits / other, targets)


def test_a_row_that_counts_three_times_is_three_rows() -> None:
    logits, targets = drawn(2, 3, 60)
    counts = np.arange(60) % 3 + 1
    often = np.repeat(np.arange(60), counts)
    expected = fitted_temperature(logits[often], targets[often])
    found = fitted_temperature(logits, targets, counts.astype(np.float32))
    assert found == pytest.approx(expected, rel=1e-4)


def test_rows_that_are_all_right_ask_for_no_more_than_the_least() -> None:
    logits = np.array([[0.0, 3.0], [3.0, 0.0]])
    low, high = TEMPERATURES
    assert fitted_temperature(logits, np.array([1, 0])) == pytest.approx(low, rel=1e-3)
    assert fitted_temperature(logits, np.array([0, 1])) == pytest.approx(high, rel=1e-3)


@pytest.mark.parametrize(("task", "outputs"), [("binary", 1), ("multiclass", 3)])
@pytest.mark.parametrize("hidden", [(5,), ()])
def test_a_temperature_in_the_last_layer_divides_the_logits(
    keras: Any, task: str, outputs: int, hidden: tuple[int, ...]
) -> None:
    rows = data(task, 30).rows
    model = build(recipe_of(task, hidden=hidden), rows, outputs)
    before = sums(model, rows)
    expected = expit(before / 1.7) if outputs == 1 else softmax(before / 1.7, axis=1)
    cool(model, 1.7)
    assert sums(model, rows) == pytest.approx(before / 1.7, rel=1e-6, abs=1e-6)
    assert model(rows, training=False).numpy() == pytest.approx(expected, rel=1e-5)


# Inner folds


def job_of(rows: int = 90, words: bool = True, **settings: Any) -> Job:
    """A job of the recipe ``auto`` on two columns and what follows from them."""
    random = np.random.default_rng(3)
    a, b, noise = random.normal(0, 1, (3, rows))
    value = a - b + noise
    last = ["no" if each < 0 else "yes" for each in value] if words else map(str, value)
    table = table_of(a=map(str, a), b=map(str, b), z=last)
    examples = read_examples(table, ("z",), None, Choices())
    recipe = Recipe.named("auto").given({"epochs": 2, "hidden": (4,), **settings})
    recipe = resolved_for(recipe.for_table(shape(examples, recipe, "t")), examples)
    chosen = parts(examples, recipe, "t")
    return Job(table, examples, chosen, preprocess(examples, chosen, recipe), recipe, "t", ON_CPU)


@pytest.mark.slow
def test_the_strength_that_loses_less_is_taken_for_all_training_rows(keras: Any) -> None:
    job, seen = job_of(), []
    decision = decide(job, 0, lambda title, count: lambda number, _: seen.append((count, number)))
    assert seen == [(6, number) for number in range(1, 7)]
    assert decision.rows == len(job.parts.training) == 72
    assert set(decision.losses) == {"light", "firm"}
    best = min(decision.losses, key=decision.losses.__getitem__)
    assert decision.recipe == job.recipe.regularised(best, 72, "binary")
    assert TEMPERATURES[0] <= (decision.temperature or 0) <= TEMPERATURES[1]


@pytest.mark.slow
def test_a_run_has_the_temperature_in_its_last_layer_alone(keras: Any) -> None:
    job = job_of(dropout=0.0, l2=0.1, output_l2=0.1)
    without = replace(job, recipe=replace(job.recipe, temperature=False))
    warm = fit_run(without, new_network, 1, ignore)
    assert warm.decision.to_dict() is None
    run = fit_run(job, new_network, 1, ignore)
    assert run.decision.losses == {}
    temperature = run.decision.temperature
    assert temperature is not None
    *hidden, kernel, bias = run.model.get_weights()
    *same, before, start = warm.model.get_weights()
    assert all((one == other).all() for one, other in zip(hidden, same, strict=True))
    assert kernel == pytest.approx(before / temperature, rel=1e-6)
    assert bias == pytest.approx(start / temperature, rel=1e-6)
    scores = run.decision.scores["test"]
    assert set(scores["before"]) == set(scores["after"]) == {"log_loss", "ece"}
    assert scores["before"] != scores["after"]


@pytest.mark.slow
def test_a_regression_has_a_strength_and_no_temperature(keras: Any) -> None:
    job = job_of(words=False)
    assert not job.recipe.temperature
    decision = decide(job, 0)
    assert decision.temperature is None
    assert all(0 < loss < 3 for loss in decision.losses.values())  # in variances of the target


def test_rows_too_few_for_folds_are_firmly_regularised(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise TableError("too few rows")

    monkeypatch.setattr(deciding, "folds", refuse)
    job = job_of()
    decision = decide(job, 0)
    assert decision.recipe == job.recipe.regularised("firm", 72, "binary")
    assert decision.to_dict() is None


def test_of_many_rows_one_part_in_five_is_predicted() -> None:
    (one,) = deciding._inner_folds(job_of(4000), 0)
    assert (len(one.training), len(one.test)) == (2560, 640)


def test_a_temperature_needs_logits_and_rows_that_are_new() -> None:
    with pytest.raises(RecipeError, match=r"`temperature` is for a sigmoid or a softmax output"):
        Recipe(temperature=True).resolved("regression")
    # What the rules chose gives way.
    hard = job_of(output_activation="hard_sigmoid").recipe
    assert not hard.temperature
    with pytest.raises(RecipeError, match=r"`start` goes on with one that has seen them all"):
        check_fixed(Recipe(), {"temperature": True})
