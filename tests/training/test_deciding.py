"""What inner folds decide: the strength of the regularisation, and the temperature."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, softmax
from support.fits import data, ignore, recipe_of
from support.tables import table_of

from mlp_edge.cli.printing.trained import _decided
from mlp_edge.data.choices import Choices
from mlp_edge.errors import RecipeError, TableError
from mlp_edge.training import deciding
from mlp_edge.training.checks import check_fixed
from mlp_edge.training.deciding import decide, fit_run
from mlp_edge.training.device import ON_CPU
from mlp_edge.training.examples import read_examples
from mlp_edge.training.network import build
from mlp_edge.training.output_layer import cool, sums
from mlp_edge.training.parts import parts, shape
from mlp_edge.training.preprocessing import preprocess
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.run import Job, new_network
from mlp_edge.training.scoring.calibration import (
    TEMPERATURES,
    fitted_temperature,
    helpful_temperature,
    log_loss,
)
from mlp_edge.training.training import resolved_for

# The temperature


def drawn(
    temperature: float, classes: int, rows: int = 4000, seed: int | None = None
) -> tuple[Any, Any]:
    """Logits, and targets that follow from them divided by a temperature."""
    random = np.random.default_rng(classes if seed is None else seed)
    logits = random.normal(0, 3, (rows, classes))
    shares = softmax(logits / temperature, axis=1).cumsum(axis=1)
    return logits, (random.random((rows, 1)) > shares[:, :-1]).sum(axis=1)


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("temperature", [1.2, 2.5])
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


def test_a_temperature_never_sharpens() -> None:
    logits = np.array([[0.0, 3.0], [3.0, 0.0]])
    assert fitted_temperature(logits, np.array([1, 0])) == 1
    assert fitted_temperature(logits, np.array([0, 1])) == pytest.approx(8, rel=1e-3)
    assert fitted_temperature(*drawn(0.7, 3)) == 1


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("classes", [2, 5])
def test_a_temperature_has_to_help_rows_that_it_was_not_fitted_to(classes: int, seed: int) -> None:
    logits, targets = drawn(2.5, classes)
    part = np.arange(len(targets)) * 3 // len(targets)
    assert helpful_temperature(logits, targets, part) == fitted_temperature(logits, targets)
    counts = np.random.default_rng(seed).integers(1, 3, len(targets)).astype(np.float32)
    expected = fitted_temperature(logits, targets, counts)
    assert helpful_temperature(logits, targets, part, counts) == pytest.approx(expected, rel=1e-4)
    # Honest ones, so few that a fit finds something to mend by chance.
    every = [drawn(1.0, classes, 45, number + 100 * seed) for number in range(40)]
    asked = [each for each in every if fitted_temperature(*each) > 1.02]
    used = [each for each in asked if helpful_temperature(*each, np.arange(45) % 3) > 1]
    assert len(asked) > 5
    assert 2 * len(used) < len(asked)


def test_what_one_network_asks_for_has_to_help_another() -> None:
    """One of three claims too much."""
    (one, first), (other, second) = drawn(3, 3, 600, 1), drawn(1, 3, 1200, 2)
    logits, targets = np.concatenate([one, other]), np.concatenate([first, second])
    assert fitted_temperature(logits, targets) > 1.2
    assert helpful_temperature(logits, targets, np.arange(1800) % 3) > 1.2
    assert helpful_temperature(logits, targets, np.arange(1800) // 600) == 1


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
    assert decision.recipe == job.recipe.regularised(best, 72)
    assert TEMPERATURES[0] <= (decision.temperature or 0) <= TEMPERATURES[1]


@pytest.mark.slow
def test_a_run_has_the_temperature_in_its_last_layer_alone(keras: Any) -> None:
    job = job_of(dropout=0.0, l2=0.1, output_l2=0.1)
    without = replace(job, recipe=replace(job.recipe, temperature=False))
    warm = fit_run(without, new_network, 1, ignore)
    assert warm.decision.to_dict() is None
    decision = decide(job, 1)
    assert decision.losses == {}
    assert decision.temperature is not None
    temperature = 1.7  # two epochs are too few to claim too much
    decision = replace(decision, temperature=temperature)
    run = fit_run(job, new_network, 1, ignore, decision=decision)
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
    firm = job.recipe.regularised("firm", 72)
    assert job.recipe.temperature
    assert decision.recipe == replace(firm, temperature=False)
    assert decision.temperature is None
    told = decision.to_dict()
    assert told is not None
    assert told["rows"] == 0
    says = "too few training rows for inner folds: firm regularisation, no temperature"
    assert _decided(told, "firm") == says
    with pytest.raises(RecipeError, match=r"`temperature` takes inner folds, and the 72 training"):
        decide(job_of(temperature=True), 0)


def test_class_weights_do_not_count_for_the_temperature() -> None:
    plain, weighted = job_of(), job_of(class_weight="yes=9,no=1")
    rows = plain.parts.training
    score = np.random.default_rng(1).normal(0, 4, len(rows))
    unseen = deciding._Unseen(
        rows, np.stack([np.zeros_like(score), score], axis=1), np.arange(len(rows)) % 3
    )
    one, other = (deciding._judged(job, job.recipe, unseen) for job in (plain, weighted))
    assert one.temperature == other.temperature
    assert one.losses != other.losses  # strengths are judged by what is minimised

    counts = np.where(np.arange(len(plain.examples.rows)) % 2, 5.0, 1.0)
    counted = replace(weighted, examples=replace(weighted.examples, weights=counts))
    targets = plain.examples.targets[rows]
    expected = fitted_temperature(unseen.outputs, targets, counts[rows])
    assert expected != one.temperature
    assert deciding._judged(counted, counted.recipe, unseen).temperature == expected


def test_an_ensemble_has_no_temperature() -> None:
    assert not job_of(ensemble=2).recipe.temperature
    with pytest.raises(RecipeError, match=r"`temperature` is found for a single network, and"):
        Recipe(temperature=True, ensemble=2).resolved("binary")


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
