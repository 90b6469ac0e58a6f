"""Compiled epochs against Keras's own ``model.fit`` on the same batches."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import cycle
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.fits import (
    OUTPUTS,
    Logs,
    assert_close,
    assert_same_history,
    bits,
    data,
    ignore,
    in_order,
    recipe_of,
    state,
)

from mlp_edge.errors import RecipeError
from mlp_edge.training import fitting
from mlp_edge.training.backends import backend as paths
from mlp_edge.training.backends import compiled, program
from mlp_edge.training.backends.backend import FEWEST_STEPS, Backend, choose
from mlp_edge.training.backends.compiled import fit_compiled, sizes_for
from mlp_edge.training.backends.keras_fit import fit_keras
from mlp_edge.training.backends.program import Part
from mlp_edge.training.backends.shuffling import shuffled
from mlp_edge.training.keras_bytes import keras_bytes
from mlp_edge.training.network import HISTORY_METRIC, build, compile_model
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.recipe_settings import OPTIMIZERS
from mlp_edge.training.task_choices import LOSSES

pytestmark = pytest.mark.slow

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")


PAIRS = [(task, loss) for task in LOSSES for loss in LOSSES[task]]
# Every loss with some optimizer, and every optimizer with some loss.
CASES = [(optimizer, *pair) for optimizer, pair in zip(cycle(OPTIMIZERS), PAIRS, strict=False)]


@pytest.fixture(autouse=True, scope="module")
def determinism() -> None:
    """As every training runs."""
    tf.config.experimental.enable_op_determinism()


def model_of(recipe: Recipe, task: str, training: Part, seed: int = 1) -> Any:
    keras.utils.set_random_seed(seed)
    model = build(recipe, training.rows, OUTPUTS[task])
    compile_model(model, recipe, HISTORY_METRIC[task])
    return model


def by_both(
    task: str, recipe: Recipe, training: Part, validation: Part | None
) -> tuple[Any, Any, Logs, Logs]:
    """Stock and compiled: two models and two histories, from the same start and batches."""
    stock, ours = (model_of(recipe, task, training) for _ in range(2))
    expected: Logs = []
    got: Logs = []
    fit_keras(stock, training, validation, recipe, expected.append, shuffle=False)
    fit_compiled(ours, training, validation, recipe, in_order(training), got.append)
    return stock, ours, expected, got


def test_every_optimizer_and_every_loss_is_tried() -> None:
    assert {case[0] for case in CASES} == set(OPTIMIZERS)
    assert {case[1:] for case in CASES} == set(PAIRS)


@pytest.mark.parametrize(("optimizer", "task", "loss"), CASES, ids=lambda value: str(value))
def test_an_epoch_with_a_short_last_batch_is_model_fits(
    optimizer: str, task: str, loss: str
) -> None:
    recipe = recipe_of(task, optimizer=optimizer, loss=loss)
    training = data(task, 57)
    stock, ours, expected, got = by_both(task, recipe, training, None)
    assert_close(ours, stock)
    assert_same_history(got, expected)
    before = model_of(recipe, task, training).get_weights()
    assert any((a != b).any() for a, b in zip(before, ours.get_weights(), strict=True))


@pytest.mark.parametrize("rows", [40, 7], ids=["no short batch", "only a short batch"])
def test_whole_batches_only_and_less_than_one(rows: int) -> None:
    recipe = recipe_of("binary", epochs=3)
    training = data("binary", rows)
    stock, ours, expected, got = by_both("binary", recipe, training, None)
    assert_close(ours, stock, most=1e-4)
    assert_same_history(got, expected)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_weights_of_rows_are_model_fits_class_weights(task: str) -> None:
    """Against Keras's own ``class_weight``, and against ``model.fit`` with the same weights."""
    recipe = recipe_of(task, epochs=2)
    rows, targets = data(task, 57).arrays
    classes = targets.argmax(axis=1) if task == "multiclass" else targets[:, 0].astype(int)
    of_class = {0: 0.4, 1: 2.5, 2: 1.25}
    weighted = Part(rows, targets, np.array([of_class[one] for one in classes], np.float32))
    stock, ours, expected, got = by_both(task, recipe, weighted, None)
    assert_close(ours, stock, most=1e-4)
    assert_same_history(got, expected)
    keras_own = model_of(recipe, task, weighted)
    told = keras_own.fit(
        rows, targets, class_weight=of_class, epochs=2, batch_size=10, shuffle=False, verbose=0
    ).history
    assert_close(ours, keras_own, most=1e-4)
    assert [logs["loss"] for logs in got] == pytest.approx(told["loss"], rel=1e-5)
    alike = model_of(recipe, task, weighted)
    fit_keras(alike, Part(rows, targets), None, recipe, ignore, shuffle=False)
    with pytest.raises(AssertionError):
        assert_close(alike, ours, most=1e-2)


def test_validation_in_several_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "VALIDATION_BATCH", 8)
    recipe = recipe_of("multiclass", epochs=2, hidden=(6,))
    training, validation = data("multiclass", 25), data("multiclass", 21, seed=1)
    _, _, expected, got = by_both("multiclass", recipe, training, validation)
    assert_same_history(got, expected)


def test_early_stopping_stops_where_keras_does_and_restores_the_best() -> None:
    recipe = recipe_of("binary", epochs=60, early_stopping=3, learning_rate=0.05)
    rows, targets = data("binary", 87).arrays
    training, validation = Part(rows[:57], targets[:57]), Part(rows[57:], targets[57:])
    stock, ours, expected, got = by_both("binary", recipe, training, validation)
    assert 4 < len(expected) < 60
    assert_same_history(got, expected)
    assert_close(ours, stock, most=1e-3)
    losses = [logs["val_loss"] for logs in got]
    best = ours.evaluate(*validation.arrays, verbose=0, return_dict=True)["loss"]
    assert best == pytest.approx(min(losses), rel=1e-5)
    assert losses.index(min(losses)) == len(losses) - 1 - 3


# One recipe and one table, so that the tests below share one compilation.
TASK = "binary"
RECIPE = recipe_of(TASK, epochs=20)
TRAINING = data(TASK, 57)


def trained(orders: Iterator[np.ndarray] | None = None, recipe: Recipe = RECIPE) -> Any:
    model = model_of(recipe, TASK, TRAINING)
    fit_compiled(model, TRAINING, None, recipe, orders or shuffled(57, recipe.seed), ignore)
    return model


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    assert bits(trained()) == bits(trained())
    other = trained(recipe=replace(RECIPE, seed=7))
    assert bits(trained()) != bits(other)


def test_bits_do_not_depend_on_how_epochs_are_cut_into_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = trained()
    monkeypatch.setattr(compiled, "FIRST_STEPS", 2)
    monkeypatch.setattr(compiled.Pace, "took", lambda *_: None)
    assert bits(trained()) == bits(whole)


def test_a_second_model_reuses_the_program_and_leaves_the_first_alone() -> None:
    first = trained()
    before = state(first)
    kept = program._kept.cache_info()
    second = trained(recipe=replace(RECIPE, seed=3))
    assert program._kept.cache_info().misses == kept.misses
    for was, now in zip(before, state(first), strict=True):
        np.testing.assert_array_equal(was, now)
    assert bits(second) != bits(first)


def test_a_saved_model_goes_on_as_if_never_saved(tmp_path: Any) -> None:
    model = trained()
    (tmp_path / "model.keras").write_bytes(keras_bytes(model))
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for one in (model, loaded):
        fit_compiled(one, TRAINING, None, RECIPE, shuffled(57, 9), ignore)
    assert int(loaded.optimizer.iterations) == 2 * RECIPE.epochs * 6
    assert bits(loaded) == bits(model)
    # Keras's own loop can take over as well.
    loaded.fit(*TRAINING.arrays, epochs=1, batch_size=10, verbose=0)
    assert int(loaded.optimizer.iterations) == 2 * RECIPE.epochs * 6 + 6


def long_enough(**changes: Any) -> Recipe:
    return replace(RECIPE, epochs=FEWEST_STEPS // 6 + 1, **changes)


def fitted(recipe: Recipe, watch: Any, training: Part = TRAINING) -> tuple[Any, fitting.Fitted]:
    model = model_of(recipe, TASK, training)
    return model, fitting.fit(model, training, None, recipe, watch)


def test_every_epoch_is_reported_in_order() -> None:
    seen: list[int] = []

    def watch(epoch: int, logs: Mapping[str, float]) -> None:
        assert list(logs) == ["accuracy", "loss"]
        seen.append(epoch)

    recipe = long_enough()
    _, (history, path, _) = fitted(recipe, watch)
    assert path is Backend.COMPILED
    assert seen == list(range(1, recipe.epochs + 1))
    assert history[-1]["loss"] < history[0]["loss"]


def test_a_loss_that_is_no_number_ends_the_training_at_its_epoch() -> None:
    seen: list[int] = []
    task = "regression"
    recipe = recipe_of(
        task, optimizer="sgd", learning_rate=1e4, activation="relu", epochs=FEWEST_STEPS // 6 + 1
    )
    training = data(task, 57)
    model = model_of(recipe, task, training)
    start = model.get_weights()
    with pytest.raises(
        RecipeError, match=r"diverged: the loss is (nan|inf) after epoch"
    ) as failure:
        fitting.fit(model, training, None, recipe, lambda epoch, _: seen.append(epoch))
    assert f"after epoch {len(seen) + 1};" in str(failure.value)
    for was, now in zip(start, model.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)


def test_an_interruption_ends_the_training_at_once() -> None:
    seen: list[int] = []

    def interrupt(epoch: int, _logs: Mapping[str, float]) -> None:
        seen.append(epoch)
        if epoch == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitted(long_enough(), interrupt)
    assert seen == [1, 2, 3, 4, 5]


def test_calls_stay_short_by_what_the_last_one_took() -> None:
    pace = compiled.Pace()
    pace.took(steps=32, seconds=0.0)
    assert pace.steps == 320
    pace.took(steps=320, seconds=3.2)
    assert pace.steps * 0.01 == pytest.approx(compiled.CALL_SECONDS)
    pace.took(steps=1, seconds=60)
    assert pace.steps == 1


@pytest.mark.parametrize(("rows", "epochs"), [(57, 9), (1000, 3), (5, 4)])
def test_calls_cover_every_step_once(rows: int, epochs: int) -> None:
    recipe = replace(RECIPE, epochs=epochs)
    nothing = np.zeros((rows, 1), np.float32)
    sizes = sizes_for(Part(nothing, nothing), None, recipe)
    orders = iter(np.full(rows, number, np.int32) for number in range(epochs))
    steps: list[tuple[int, Any]] = []
    for span, chosen in compiled._calls(sizes, epochs, orders, compiled.Pace()):
        for row in range(span.epochs):
            epoch = int(chosen.numpy()[row, 0])
            steps += [(epoch, step) for step in range(span.start, span.stop)]
            steps += [(epoch, "end")] if span.stop == sizes.steps else []
    every: list[Any] = [*range(max(rows // 10, 1)), "end"]
    assert steps == [(epoch, step) for epoch in range(epochs) for step in every]


def test_the_compilation_can_be_interrupted() -> None:
    release, ended = threading.Event(), []

    def work() -> None:
        release.wait(60)
        ended.append(True)

    threading.Timer(0.2, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        program.interruptibly(work)
    assert not ended  # the work goes on, and nobody waits for it
    release.set()


def test_a_failure_of_the_compilation_is_not_lost() -> None:
    def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        program.interruptibly(work)


@pytest.mark.parametrize(
    ("rows", "validation", "changes", "weights", "replicas", "path"),
    [
        (768, 0, {"epochs": 150}, 221, 1, Backend.COMPILED),
        (768, 0, {"epochs": 1}, 221, 1, Backend.KERAS_FIT),
        (100_000, 0, {"epochs": 3, "batch_size": 256}, 5569, 1, Backend.KERAS_FIT),
        (100_000, 0, {"epochs": 4, "batch_size": 256}, 5569, 1, Backend.COMPILED),
        (100_000, 0, {"epochs": 50, "batch_size": 4096}, 50_000, 1, Backend.KERAS_FIT),
        (60, 0, {"epochs": FEWEST_STEPS, "batch_size": 10**9}, 221, 1, Backend.COMPILED),
        (768, 10**8, {"epochs": 150}, 221, 1, Backend.KERAS_FIT),
        (768, 0, {"epochs": 150}, 221, 2, Backend.KERAS_FIT),
    ],
)
def test_the_way_is_chosen_by_counts(
    rows: int, validation: int, changes: dict[str, Any], weights: int, replicas: int, path: Backend
) -> None:
    model = SimpleNamespace(
        count_params=lambda: weights,
        distribute_strategy=SimpleNamespace(num_replicas_in_sync=replicas),
    )
    assert choose(model, rows, validation, replace(Recipe(), **changes)) is path


def test_a_short_fit_takes_keras_own_way() -> None:
    _, (history, path, _) = fitted(replace(RECIPE, epochs=2), ignore)
    assert path is Backend.KERAS_FIT
    assert path.value == "model.fit"
    assert len(history) == 2
    assert paths.Backend.COMPILED.value == "compiled epochs"
