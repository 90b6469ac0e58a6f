"""Dropout, L2, batch normalisation and schedules: in the network, in both ways of fitting it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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

from mlp_edge.mlp import HIDDEN_ACTIVATIONS
from mlp_edge.readers.keras_file import read_mlp
from mlp_edge.reference import predict as reference
from mlp_edge.training.backends import program, twin
from mlp_edge.training.backends.compiled import fit_compiled
from mlp_edge.training.backends.keras_fit import fit_keras
from mlp_edge.training.backends.program import Part
from mlp_edge.training.backends.shuffling import shuffled
from mlp_edge.training.fitting import fit_parts, predict_batches
from mlp_edge.training.keras_bytes import keras_bytes
from mlp_edge.training.network import HISTORY_METRIC, LAST_RATE, build, compile_model, folded
from mlp_edge.training.parts import Parts
from mlp_edge.training.preprocessing import Preprocessed, TargetScale
from mlp_edge.training.recipe import Recipe

pytestmark = pytest.mark.slow

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

EVERYTHING: dict[str, Any] = {
    "dropout": 0.4, "l2": 0.01, "batch_normalization": True, "schedule": "cosine",
}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def determinism() -> None:
    """As every training runs."""
    tf.config.experimental.enable_op_determinism()


def model_of(recipe: Recipe, task: str, training: Part, seed: int = 1) -> Any:
    keras.utils.set_random_seed(seed)
    model = build(recipe, training.rows, OUTPUTS[task])
    steps = recipe.epochs * -(-len(training.rows) // recipe.batch_size)
    compile_model(model, recipe, HISTORY_METRIC[task], steps)
    return model


def both(task: str, recipe: Recipe, rows: int = 57, validation: int = 21) -> tuple[Any, Any, int]:
    """By ``model.fit`` and by compiled epochs: asserts one history, returns models and epochs."""
    training, validation = data(task, rows), data(task, validation, seed=1)
    stock, ours = (model_of(recipe, task, training) for _ in range(2))
    expected: Logs = []
    got: Logs = []
    fit_keras(stock, training, validation, recipe, expected.append, shuffle=False)
    fit_compiled(ours, training, validation, recipe, in_order(training), got.append)
    assert_same_history(got, expected)
    return stock, ours, len(got)


def fitted(recipe: Recipe, training: Part, seed: int = 1, task: str = "binary") -> Any:
    model = model_of(recipe, task, training, seed)
    fit_compiled(model, training, None, recipe, shuffled(len(training.rows), seed), ignore)
    return model


def layers_of(model: Any) -> list[tuple[str, str]]:
    return [(type(layer).__name__, layer.name) for layer in model.layers]


# The network


def test_every_layer_in_its_place_and_named() -> None:
    training = data("binary", 20)
    model = model_of(recipe_of("binary", hidden=(5, 4), **EVERYTHING), "binary", training)
    one, two = (
        [
            ("Dense", f"hidden{number}"),
            ("BatchNormalization", f"normalization{number}"),
            ("Activation", f"activation{number}"),
            ("Dropout", f"dropout{number}"),
        ]
        for number in (1, 2)
    )
    assert layers_of(model) == [("Normalization", "scaling"), *one, *two, ("Dense", "output")]
    plain = model_of(recipe_of("binary"), "binary", training)
    assert [name for _, name in layers_of(plain)] == ["scaling", "hidden1", "output"]


@pytest.mark.parametrize("normalised", [False, True], ids=["plain", "batch normalisation"])
def test_the_loss_has_the_squares_of_every_kernel_and_of_nothing_else(normalised: bool) -> None:
    training = data("binary", 20)
    recipe = recipe_of("binary", hidden=(5, 4), l2=0.25, batch_normalization=normalised)
    model = model_of(recipe, "binary", training)
    kernels = [v.numpy() for v in model.trainable_variables if v.name == "kernel"]
    assert len(kernels) == 3
    squares = sum((kernel.astype(float) ** 2).sum() for kernel in kernels)
    assert float(sum(model.losses)) == pytest.approx(0.25 * squares, rel=1e-6)


def test_the_output_layer_has_a_penalty_of_its_own() -> None:
    training = data("binary", 20)
    recipe = recipe_of("binary", hidden=(5, 4), l2=0.25, output_l2=0.5)
    model = model_of(recipe, "binary", training)
    *hidden, output = (
        float((v.numpy().astype(float) ** 2).sum())
        for v in model.trainable_variables
        if v.name == "kernel"
    )
    assert float(sum(model.losses)) == pytest.approx(0.25 * sum(hidden) + 0.5 * output, rel=1e-6)
    assert model_of(recipe_of("binary", l2=0.25, output_l2=0.0), "binary", training).losses != []
    assert model_of(recipe_of("binary", output_l2=0.0), "binary", training).losses == []


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize(("schedule", "half", "end"), [
    ("cosine", 0.5, 0.0), ("exponential", LAST_RATE**0.5, LAST_RATE),
])  # fmt: skip
def test_a_learning_rate_falls_over_all_steps(
    schedule: str, half: float, end: float, optimizer: str
) -> None:
    training = data("binary", 40)  # 4 steps an epoch
    own = keras.optimizers.get(optimizer).learning_rate.numpy()
    for given_rate, start in ((None, own), (0.3, 0.3)):
        recipe = recipe_of(
            "binary", schedule=schedule, optimizer=optimizer, learning_rate=given_rate, epochs=5
        )
        model = model_of(recipe, "binary", training)
        for steps, share in ((0, 1.0), (10, half), (20, end)):
            model.optimizer.iterations.assign(steps)
            rate = float(model.optimizer.learning_rate)
            assert rate == pytest.approx(start * share, rel=1e-4, abs=1e-9)


def test_a_schedule_has_to_know_the_steps() -> None:
    training = data("binary", 20)
    recipe = recipe_of("binary", schedule="cosine")
    with pytest.raises(ValueError, match="cosine schedule needs to know the number of steps"):
        compile_model(build(recipe, training.rows, 1), recipe, "accuracy")


# Folding


def normalised_model(activation: str, seed: int, spread: float) -> tuple[Any, np.ndarray]:
    """A net with made-up normalisation: scales and moving moments over ``spread`` decades."""
    random = np.random.default_rng(seed)
    training = data("regression", 30, seed)
    recipe = recipe_of(
        "regression", hidden=(5, 4), activation=activation, batch_normalization=True, dropout=0.2
    )
    model = model_of(recipe, "regression", training, seed)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean = random.normal(size=(3, layer.gamma.shape[0]))
            variance = 10 ** random.uniform(-spread, spread, size=gamma.shape)
            layer.set_weights([part.astype(np.float32) for part in (gamma, beta, mean, variance)])
    return model, training.rows


@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
def test_a_folded_network_answers_the_same_and_the_file_reads_back(
    activation: str, tmp_path: Path
) -> None:
    model, rows = normalised_model(activation, 3, 1.0)
    plain = folded(model)
    assert layers_of(plain) == [
        ("Normalization", "scaling"), ("Dense", "hidden1"), ("Dropout", "dropout1"),
        ("Dense", "hidden2"), ("Dropout", "dropout2"), ("Dense", "output"),
    ]  # fmt: skip
    answers, expected = predict_batches(plain, rows), predict_batches(model, rows)
    assert np.ptp(expected) > 1e-3
    np.testing.assert_allclose(answers, expected, atol=2e-6 * np.abs(expected).max() + 1e-6)
    path = tmp_path / "model.keras"
    path.write_bytes(keras_bytes(plain))
    mlp = read_mlp(path)
    assert [layer.activation for layer in mlp.layers] == [activation, activation, "linear"]
    read = reference(mlp, rows)
    np.testing.assert_allclose(answers, read, atol=2e-6 * np.abs(read).max() + 1e-6)


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.floats(0, 2))
def test_folding_costs_no_more_than_rounding(seed: int, spread: float) -> None:
    """Against the same layers in float64, and no worse than the network that was folded."""
    model, rows = normalised_model("relu", seed, spread)
    values = (rows.astype(float) - model.layers[0].mean.numpy()) / np.sqrt(
        model.layers[0].variance.numpy().astype(float)
    )
    largest = 1.0
    for layer in model.layers[1:]:
        kind = type(layer).__name__
        if kind == "Dense":
            arrays = [array.astype(float) for array in layer.get_weights()]
            values = values @ arrays[0] + (arrays[1] if len(arrays) > 1 else 0)
        elif kind == "BatchNormalization":
            gamma, beta, mean, variance = (array.astype(float) for array in layer.get_weights())
            values = (values - mean) / np.sqrt(variance + layer.epsilon) * gamma + beta
        elif kind == "Activation":
            values = np.maximum(values, 0)
        largest = max(largest, np.abs(values).max())
    # Both layers are 5 wide: a sum's error is a few units of its largest term.
    assert np.abs(predict_batches(folded(model), rows) - values).max() <= 1e-5 * largest


def test_a_folded_network_is_compiled_as_before_with_a_fresh_optimizer() -> None:
    training = data("binary", 57)
    recipe = recipe_of("binary", hidden=(5, 4), optimizer="rmsprop", momentum=0.5, **EVERYTHING)
    model = fitted(recipe, training)
    assert int(model.optimizer.iterations) == 6
    plain = folded(model)
    assert (type(plain.optimizer), plain.loss) == (type(model.optimizer), model.loss)
    assert plain.optimizer.get_config() == model.optimizer.get_config()
    assert int(plain.optimizer.iterations) == 0
    assert plain.name == model.name
    fit_keras(plain, training, None, recipe, ignore)
    assert int(plain.optimizer.iterations) == 6


def test_without_batch_normalisation_there_is_nothing_to_fold() -> None:
    recipe = recipe_of("binary", dropout=0.4, l2=0.01)
    model = model_of(recipe, "binary", data("binary", 20))
    assert folded(model) is model


@pytest.mark.parametrize("epochs", [2, 300], ids=["model.fit", "compiled epochs"])
def test_the_model_that_a_fit_returns_is_folded_and_answers_in_the_targets_unit(
    epochs: int,
) -> None:
    task = "regression"
    rows, targets = data(task, 77).arrays
    prices = 300_000 + 50_000 * targets
    scale = TargetScale.of(prices)
    preprocessed = Preprocessed((), rows, scale.scaled(prices), scale, None, None)
    recipe = recipe_of(task, batch_normalization=True, epochs=epochs)
    model = model_of(recipe, task, Part(rows, targets))
    none = np.empty(0, np.int64)
    result = fit_parts(model, preprocessed, Parts(np.arange(57), none, none), recipe, ignore)
    assert result.backend.value == ("model.fit" if epochs == 2 else "compiled epochs")
    assert len(result.history) == epochs
    assert layers_of(result.model) == [
        ("Normalization", "scaling"), ("Dense", "hidden1"), ("Dense", "output"),
    ]  # fmt: skip
    expected = predict_batches(model, rows) * scale.std + scale.mean
    np.testing.assert_allclose(predict_batches(result.model, rows), expected, rtol=1e-5)


# Compiled epochs beside model.fit


@pytest.mark.parametrize(
    ("task", "changes"),
    [
        ("binary", {"l2": 0.05}),
        ("multiclass", {"schedule": "cosine", "optimizer": "adamw"}),
        ("regression", {"schedule": "exponential", "optimizer": "sgd", "momentum": 0.9}),
        ("binary", {"batch_normalization": True, "optimizer": "nadam"}),
    ],
    ids=["l2", "cosine", "exponential", "batch normalisation"],
)
def test_compiled_epochs_are_model_fits(task: str, changes: dict[str, Any]) -> None:
    stock, ours, _ = both(task, recipe_of(task, epochs=2, hidden=(6,), **changes))
    assert_close(ours, stock)


def test_batch_normalisation_with_a_last_batch_of_one_row() -> None:
    recipe = recipe_of("binary", batch_normalization=True, epochs=2)
    stock, ours, _ = both("binary", recipe, rows=41)
    assert_close(ours, stock)
    assert all(np.isfinite(array).all() for array in state(ours))


def test_early_stopping_restores_moving_means_as_well() -> None:
    recipe = recipe_of(
        "binary", batch_normalization=True, epochs=60, early_stopping=3, learning_rate=0.05
    )
    stock, ours, epochs = both("binary", recipe)
    assert 3 < epochs < 60
    assert_close(ours, stock, most=1e-4)
    longer = replace(recipe, early_stopping=None, epochs=epochs)
    last = both("binary", longer)[1]
    kept, went_on = (
        model.get_layer("normalization1").moving_mean.numpy() for model in (ours, last)
    )
    assert np.abs(kept - went_on).max() > 1e-3


def test_with_the_same_masks_everything_together_is_model_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """XLA draws other masks than ``model.fit``; without it, the program draws the same."""
    function = tf.function
    monkeypatch.setattr(
        tf, "function", lambda work, **options: function(work, **{**options, "jit_compile": False})
    )
    monkeypatch.setattr(twin, "GENERATOR", "auto_select")
    program._kept.cache_clear()
    try:
        stock, ours, _ = both("binary", recipe_of("binary", epochs=3, hidden=(5, 4), **EVERYTHING))
    finally:
        program._kept.cache_clear()
    assert_close(ours, stock)
    seeds = [v for v in ours.non_trainable_variables if "seed" in v.name]
    assert [seed.numpy()[1] for seed in seeds] == [18, 18]  # a mask each step


def test_strengths_of_dropout_and_penalties_share_a_program() -> None:
    """And each model is trained by its own, as if the program were new."""
    training = data("binary", 57)
    recipes = [
        recipe_of("binary", hidden=(5, 4), epochs=2, dropout=dropout, l2=l2, output_l2=output)
        for dropout, l2, output in ((0.1, 0.01, 0.0), (0.4, 0.2, 0.1), (0.1, 0.0, 0.3))
    ]
    alone = []
    for recipe in recipes:
        program._kept.cache_clear()
        alone.append(bits(fitted(recipe, training)))
    program._kept.cache_clear()
    assert [bits(fitted(recipe, training)) for recipe in recipes] == alone
    assert program._kept.cache_info().misses == 1
    assert len({tuple(each) for each in alone}) == 3


# Dropout

RATE = 0.3
DROPPED = recipe_of("binary", hidden=(40,), dropout=RATE, epochs=2, standardize=False)


def test_masks_drop_their_share_and_keep_the_mean() -> None:
    """As a program draws them: 200 masks, one after another."""
    make = twin._dropout(keras.Variable(np.array([9, RATE], np.float32)))
    layer = make(place=1)
    ones = tf.ones((25, 40))
    masks = tf.function(lambda: layer(ones, training=True), jit_compile=True)
    drawn = np.stack([masks().numpy() for _ in range(200)])
    assert set(np.unique(drawn)) == {0.0, np.float32(1 / (1 - RATE))}
    count = drawn.size
    # Within five standard errors: of the share, and of how two masks in a row agree.
    error = (RATE * (1 - RATE) / count) ** 0.5
    assert np.mean(drawn == 0) == pytest.approx(RATE, abs=5 * error)
    again = np.mean((drawn[1:] == 0) & (drawn[:-1] == 0))
    assert again == pytest.approx(RATE**2, abs=5 * (RATE**2 / count) ** 0.5)
    np.testing.assert_array_equal(layer(ones, training=False), ones)


def test_a_seed_has_its_masks_and_another_seed_others() -> None:
    training = data("binary", 57)
    first, second = fitted(DROPPED, training), fitted(DROPPED, training)
    assert bits(first) == bits(second)
    # Everything alike but the state of the masks.
    start, other = model_of(DROPPED, "binary", training), model_of(DROPPED, "binary", training)
    (seed,) = other.non_trainable_variables
    seed.assign([7, 0])
    for model in (start, other):
        fit_compiled(model, training, None, DROPPED, in_order(training), ignore)
    assert np.abs(start.get_weights()[0] - other.get_weights()[0]).max() > 1e-3
    assert seed.numpy().tolist() == [7, 12]


def test_masks_do_not_depend_on_whether_a_program_was_there() -> None:
    training = data("binary", 57)
    program._kept.cache_clear()
    assert bits(fitted(DROPPED, training)) == bits(fitted(DROPPED, training))


def test_nothing_is_dropped_in_prediction_or_validation() -> None:
    training, validation = data("binary", 57), data("binary", 21, seed=1)
    told: Logs = []
    model = model_of(DROPPED, "binary", training)
    fit_compiled(model, training, validation, DROPPED, in_order(training), told.append)
    loss = model.evaluate(*validation.arrays, verbose=0, return_dict=True)["loss"]
    assert told[-1]["val_loss"] == pytest.approx(loss, rel=1e-5)


# Programs shared between folds


@pytest.mark.parametrize("changes", [{}, EVERYTHING], ids=["plain", "everything"])
def test_folds_seeds_and_rates_share_a_program(changes: dict[str, Any]) -> None:
    recipe = recipe_of("binary", **changes)
    fitted(recipe, data("binary", 57))
    before = program._kept.cache_info()
    fold = data("binary", 57, seed=4)
    one = fitted(recipe, fold, seed=3)
    after = program._kept.cache_info()
    assert (after.misses, after.hits) == (before.misses, before.hits + 1)
    program._kept.cache_clear()
    assert bits(fitted(recipe, fold, seed=3)) == bits(one)


def test_learning_rates_share_a_program_and_each_has_its_own() -> None:
    training = data("binary", 57)
    slow, fast = (fitted(recipe_of("binary", learning_rate=rate), training) for rate in (1e-4, 0.1))
    misses = program._kept.cache_info().misses
    again = fitted(recipe_of("binary", learning_rate=1e-4), training)
    assert program._kept.cache_info().misses == misses
    assert bits(again) == bits(slow)
    start = model_of(recipe_of("binary"), "binary", training).get_weights()
    moved = [np.abs(model.get_weights()[0] - start[0]).max() for model in (slow, fast)]
    assert moved[1] > 50 * moved[0] > 0
    assert float(fast.optimizer.learning_rate) == pytest.approx(0.1)


def test_a_network_without_scaling_takes_its_rows_as_they_are() -> None:
    stock, ours, _ = both("binary", recipe_of("binary", standardize=False, epochs=2))
    assert_close(ours, stock)


# The same bytes

SCRIPT = """
import hashlib
from test_regularised import *
tf.config.experimental.enable_op_determinism()
print(digest())
"""


def digest() -> str:
    """Of the file that a training with everything leaves."""
    recipe = recipe_of("binary", hidden=(5, 4), epochs=2, **EVERYTHING)
    plain = folded(fitted(recipe, data("binary", 57)))
    return hashlib.sha256(keras_bytes(plain)).hexdigest()


def test_another_process_writes_the_same_bytes() -> None:
    here = digest()
    assert digest() == here
    there = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=Path(__file__).parent, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    assert there.stdout.split()[-1] == here
