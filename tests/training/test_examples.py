"""A table becomes examples; each row is for training, validation or test, never for two."""

from __future__ import annotations

import numpy as np
import pytest

from mlp_edge.data.choices import Choices
from mlp_edge.data.reading.read import read_table
from mlp_edge.errors import RecipeError, TableError
from mlp_edge.mlp import Task
from mlp_edge.training.checks import check_reachable
from mlp_edge.training.examples import Examples, read_examples
from mlp_edge.training.network import moments
from mlp_edge.training.parts import parts
from mlp_edge.training.recipe import Recipe


def examples_of(
    name: str, *targets: str, task: Task | None = None, **choices: tuple[str, ...]
) -> Examples:
    return read_examples(read_table(name), targets, task, Choices(**choices))


@pytest.mark.parametrize(
    ("name", "task", "labels", "outputs"),
    [
        ("pima", "binary", ("0", "1"), 1),
        ("iris", "multiclass", ("setosa", "versicolor", "virginica"), 3),
        ("sine", "regression", (), 1),
    ],
)
def test_the_sets_that_ship(name: str, task: Task, labels: tuple[str, ...], outputs: int) -> None:
    examples = examples_of(name)
    assert (examples.task, examples.labels) == (task, labels)
    assert examples.reason.startswith(f"{task}: ")
    assert examples.encoded.dtype == np.float32
    assert examples.encoded.shape == (len(examples.rows), outputs)
    assert not {*examples.names} & {feature.name for feature in examples.features}
    assert (len(examples.cells), len(examples.cells[0])) == (len(examples.rows), 1)


def test_classes_are_encoded_in_the_order_of_the_labels() -> None:
    examples = examples_of("iris")
    for (cell,), row in zip(examples.cells, examples.encoded, strict=True):
        assert row.tolist() == [float(label == cell) for label in examples.labels]


def test_the_task_can_be_overruled() -> None:
    examples = examples_of("pima", task="regression")
    assert (examples.task, examples.labels, examples.reason) == (
        "regression", (), "regression: as `task` says",
    )  # fmt: skip
    with pytest.raises(RecipeError, match="`task='binary'`: column 'age' of pima holds 52 values"):
        examples_of("pima", "age", task="binary")
    assert examples_of("pima", "diabetes", task="multiclass").task == "binary"
    with pytest.raises(TableError, match="'setosa' is text"):
        examples_of("iris", task="regression")


@pytest.mark.parametrize("name", ["pima", "iris", "sine"])
@pytest.mark.parametrize("seed", [0, 1])
def test_every_row_is_in_one_part(name: str, seed: int) -> None:
    examples = examples_of(name)
    recipe = Recipe(test_size=0.25, validation_size=0.2, seed=seed)
    chosen = parts(examples, recipe, name)
    together = np.concatenate([chosen.training, chosen.validation, chosen.test])
    assert sorted(together) == list(range(len(examples.rows)))
    count = len(examples.rows)
    assert len(chosen.test) == -(-count // 4)
    assert len(chosen.validation) == -(-(count - len(chosen.test)) // 5)
    if examples.task != "regression":
        everywhere = np.bincount(examples.targets) / count
        for rows in (chosen.training, chosen.validation, chosen.test):
            counts = np.bincount(examples.targets[rows])
            np.testing.assert_allclose(counts, everywhere * len(rows), atol=1)


def test_validation_rows_are_taken_from_the_training_rows() -> None:
    examples = examples_of("pima")
    without = parts(examples, Recipe(), "pima")
    validation = parts(examples, Recipe(validation_size=0.3), "pima")
    assert validation.test.tolist() == without.test.tolist()
    assert set(validation.training) | set(validation.validation) == set(without.training)


def test_another_seed_holds_out_other_rows() -> None:
    examples = examples_of("pima")
    first, second = (parts(examples, Recipe(seed=seed), "pima").test for seed in (0, 1))
    assert first.tolist() != second.tolist()


def test_nothing_held_out() -> None:
    examples = examples_of("pima")
    chosen = parts(examples, Recipe(test_size=0.0), "pima")
    assert chosen.training.tolist() == list(range(768))
    assert len(chosen.test) == len(chosen.validation) == 0


def test_parts_that_would_be_too_small(tmp_path: object) -> None:
    examples = examples_of("iris")
    with pytest.raises(TableError, match="its training rows"):
        parts(examples, Recipe(validation_size=0.001), "iris")
    with pytest.raises(TableError, match="iris: "):
        parts(examples, Recipe(test_size=0.99), "iris")


# The standardisation


def test_moments_are_exact_and_constant_columns_stay() -> None:
    random = np.random.default_rng(0)
    rows = random.normal([0, 1e6, 3], [1, 1, 0], (500, 3)).astype(np.float32)
    mean, variance = moments(rows)
    assert mean.dtype == variance.dtype == np.float32
    np.testing.assert_allclose(mean, rows.astype(np.float64).mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(variance[:2], rows[:, :2].astype(np.float64).var(axis=0), rtol=1e-6)
    assert (mean[2], variance[2]) == (3, 1)


# What an output can reach


@pytest.mark.parametrize(
    ("output", "target", "fine"),
    [
        ("linear", "age", True),
        ("relu", "age", True),
        ("softplus", "age", True),
        ("sigmoid", "age", False),
        ("tanh", "age", False),
        ("hard_sigmoid", "diabetes", True),
        ("sigmoid", "diabetes", True),
        ("relu", "y", False),
        ("tanh", "y", False),
        ("elu", "y", True),
    ],
)
def test_a_regression_whose_output_cannot_reach_the_target(
    output: str, target: str, fine: bool
) -> None:
    examples = examples_of("sine" if target == "y" else "pima", target, task="regression")
    recipe = Recipe(output_activation=output).resolved("regression")
    if fine:
        check_reachable(examples, recipe)
    else:
        with pytest.raises(RecipeError, match=f"`output_activation='{output}'` predicts from"):
            check_reachable(examples, recipe)
