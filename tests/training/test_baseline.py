"""The linear baseline: scikit-learn's, for every task, and read back as it was written."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from support.tables import table_from

from mlp_edge.data.choices import Choices
from mlp_edge.errors import ModelError
from mlp_edge.training.examples import Examples, read_examples
from mlp_edge.training.parts import Parts
from mlp_edge.training.preprocessing import preprocess
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.scoring.baseline import Linear, linear_baseline

ROWS = 90
NONE = np.empty(0, np.int64)


def examples_of(target: list[str]) -> Examples:
    random = np.random.default_rng(0)
    columns = {name: [f"{x:.4f}" for x in random.normal(7, 3, ROWS)] for name in "ab"}
    return read_examples(table_from({**columns, "y": target}), (), None, Choices())


def fitted(examples: Examples, rows: Any) -> tuple[Linear, Any]:
    recipe = Recipe().resolved(examples.task)
    chosen = Parts(np.asarray(rows, np.int64), NONE, NONE)
    preprocessed = preprocess(examples, chosen, recipe)
    return linear_baseline(examples, preprocessed, chosen), preprocessed.inputs


CLASSES = ["red", "green", "blue"]


def test_a_class_without_training_rows_is_nearly_impossible() -> None:
    examples = examples_of([CLASSES[row % 3] for row in range(ROWS)])
    absent = examples.labels.index("green")
    linear, inputs = fitted(examples, np.flatnonzero(examples.targets != absent))
    shares = linear.predict(inputs)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    assert (shares[:, absent] < 0.02).all()
    assert (shares[:, absent] > 0).all()


@pytest.mark.parametrize("labels", [["no", "yes"], CLASSES])
def test_one_class_alone_is_answered_always(labels: list[str]) -> None:
    examples = examples_of([labels[row % len(labels)] for row in range(ROWS)])
    for index in range(len(labels)):
        rows = np.flatnonzero(examples.targets == index)
        linear, inputs = fitted(examples, rows)
        assert (examples.truth(rows).chosen(linear.predict(inputs)) == index).all()
        count = len(rows)
        likely = linear.predict(inputs)[0].max()
        if len(labels) == 3:
            assert likely == pytest.approx(count / (count + 2))
        elif index == 1:
            assert likely == pytest.approx(count / (count + 1))


def test_a_constant_column_and_several_targets_do_no_harm() -> None:
    random = np.random.default_rng(1)
    a, b = random.normal(size=(2, ROWS))
    columns = {
        "a": [f"{x:.4f}" for x in a], "b": [f"{x:.4f}" for x in b],
        "y": [f"{x:.4f}" for x in 3 * a - b + 5], "z": [f"{x:.4f}" for x in 200 * b + 9 * a],
    }  # fmt: skip
    examples = read_examples(table_from(columns), ("y", "z"), None, Choices())
    linear, inputs = fitted(examples, np.arange(ROWS))
    answers = linear.predict(inputs)
    assert answers.dtype == np.float32
    assert np.abs(answers[:, 0] - examples.targets[:, 0]).max() < 0.2
    assert np.abs(answers[:, 1] - examples.targets[:, 1]).max() < 20


def test_it_reads_back_as_it_was_written() -> None:
    examples = examples_of([str(row % 2) for row in range(ROWS)])
    linear, inputs = fitted(examples, np.arange(ROWS))
    again = Linear.from_dict(linear.to_dict(), "binary", 2, 1)
    assert (again.predict(inputs) == linear.predict(inputs)).all()
    assert again.threshold == linear.threshold == np.float32(0.5)


@pytest.mark.parametrize(
    "damage",
    [
        {"mean": [1.0]}, {"deviation": [1.0, 0.0]}, {"weights": [[1.0, math.nan]]},
        {"bias": "x"}, {"bias": [1.0, 2.0]}, {"threshold": "high"}, {"weights": None},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_damaged_is_refused(damage: dict[str, Any]) -> None:
    good = {"mean": [0.0, 0.0], "deviation": [1.0, 1.0], "weights": [[1.0, 2.0]], "bias": [0.0]}
    Linear.from_dict(good, "binary", 2, 1)
    with pytest.raises(ModelError, match=r"the baseline in model\.json is damaged"):
        Linear.from_dict(good | damage, "binary", 2, 1)
