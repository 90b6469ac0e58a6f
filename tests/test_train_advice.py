"""What a good colleague says about a trained model: with evidence, and only where there is some."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from mlp_edge.errors import TableError
from mlp_edge.feature import Feature
from mlp_edge.finding import Finding
from mlp_edge.mlp import Floats, Task
from mlp_edge.train.advice import advice, check_nothing_found
from mlp_edge.train.examples import Examples

TRAINING, TEST = 80, 20
SCORED = {"test": np.arange(TRAINING, TRAINING + TEST), "training": np.arange(TRAINING)}


def examples_of(task: Task, targets: NDArray[np.generic], *labels: str) -> Examples:
    """A table of which nothing but the targets matters."""
    return Examples(
        features=(Feature("x"),),
        imputed=(False,),
        names=("y",),
        task=task,
        reason="",
        labels=labels,
        rows=np.zeros((len(targets), 1), np.float32),
        targets=targets,
        cells=[("",)] * len(targets),
        findings=(),
    )


# Six of ten rows are sick, in either part.
SICK = (np.arange(TRAINING + TEST) % 10 < 6).astype(np.int64)
WARD = examples_of("binary", SICK, "well", "sick")
VALUES = np.linspace(-10, 10, TRAINING + TEST, dtype=np.float32)[:, None]
VALUES = np.random.default_rng(0).permutation(VALUES)
METER = examples_of("regression", VALUES)


def answered(wrong: Sequence[int], targets: NDArray[np.int64] = SICK) -> Floats:
    """Probabilities that are right about every row but those."""
    right = targets.copy()
    right[list(wrong)] = 1 - right[list(wrong)]
    return np.where(right == 1, 0.9, 0.1).astype(np.float32)[:, None]


def off_by(training: float, test: float) -> Floats:
    """Values with this RMSE on the two parts."""
    signs = np.where(np.arange(TRAINING + TEST) % 2, 1, -1)[:, None]
    errors = np.where(np.arange(TRAINING + TEST) < TRAINING, training, test)[:, None]
    return (VALUES + signs * errors).astype(np.float32)


def said(examples: Examples, outputs: Floats, linear: Floats) -> dict[str, str]:
    """Kind -> sentence."""
    found = list(advice(examples, SCORED, outputs, linear))
    assert len({finding.kind for finding in found}) == len(found)
    return dict(found)


def test_a_healthy_classifier_hears_nothing() -> None:
    assert said(WARD, answered([3, 90]), answered([3, 5, 90, 91])) == {}


def test_a_healthy_regression_hears_nothing() -> None:
    assert said(METER, off_by(1.0, 1.2), off_by(2.0, 2.0)) == {}


def test_a_constant_output() -> None:
    constant = np.full((TRAINING + TEST, 1), 0.75, np.float32)
    found = said(WARD, constant, answered([]))
    assert "answers 0.75 to each of 100 rows" in found["constant-output"]
    # Rounding is no learning; a difference that a label could follow is some.
    nearly = constant + np.linspace(0, 5e-7, len(constant), dtype=np.float32)[:, None]
    assert "constant-output" in said(WARD, nearly, answered([]))
    varied = constant + np.linspace(0, 1e-3, len(constant), dtype=np.float32)[:, None]
    assert "constant-output" not in said(WARD, varied, answered([]))


def test_a_constant_output_of_several_that_vary_is_none() -> None:
    targets = np.hstack([VALUES, 2 * VALUES])
    both = examples_of("regression", targets)
    one = targets.copy()
    one[:, 1] = 0
    assert "constant-output" not in said(both, one, targets)
    found = said(both, np.full_like(one, 300.0), targets)
    assert "answers 300, 300 to each" in found["constant-output"]


def test_no_better_than_the_majority() -> None:
    # Eight of the twenty held-out rows are well; a model that is wrong about eight is no better.
    wrong = [*range(80, 88), *range(0, 32)]
    found = said(WARD, answered(wrong), answered([]))
    assert set(found) == {"majority"}
    assert "accuracy 0.600" in found["majority"]
    assert "always answering sick (0.600)" in found["majority"]
    assert "majority" not in said(WARD, answered(wrong[1:]), answered([]))


def test_the_majority_is_that_of_the_training_rows() -> None:
    targets = np.where(np.arange(100) < TRAINING, SICK, 1 - SICK)
    examples = examples_of("binary", targets, "well", "sick")
    found = said(examples, answered([*range(80, 92), *range(0, 32)], targets), answered([]))
    # Held out are twelve that are well; the training rows say sick.
    assert found.get("majority", "").endswith("always answering sick (0.400)")


def test_no_better_than_the_mean() -> None:
    spread = float(VALUES[TRAINING:].std())
    found = said(METER, off_by(6.0, 2 * spread), off_by(1.0, 1.0))
    assert "always answering the mean" in found["majority"]
    assert f"an RMSE of {2 * spread:.4g}" in found["majority"]
    assert "linear" not in found
    assert "majority" not in said(METER, off_by(1.0, 1.0), off_by(2.0, 2.0))


def test_below_the_linear_baseline() -> None:
    found = said(WARD, answered([80, 81, 1, 2]), answered([80]))
    assert set(found) == {"linear"}
    for evidence in ("accuracy 0.900", "linear model", "(0.950)", "--hidden none"):
        assert evidence in found["linear"]


def test_a_regression_below_the_linear_baseline() -> None:
    found = said(METER, off_by(1.9, 2.0), off_by(1.0, 1.5))
    assert set(found) == {"linear"}
    for evidence in ("an RMSE of 2 ", "linear model", "(1.5)", "--hidden none"):
        assert evidence in found["linear"]


def test_scores_that_are_far_apart() -> None:
    found = said(WARD, answered(range(80, 86)), answered(range(80, 87)))
    assert set(found) == {"far-apart"}
    for evidence in ("accuracy 1.000 on the training", "0.700 on the held-out", "by heart"):
        assert evidence in found["far-apart"]


def test_a_difference_that_chance_makes_is_not_far_apart() -> None:
    # 1.00 against 0.85: more than 0.1, but twenty rows tell it no better than to 0.16.
    assert said(WARD, answered(range(80, 83)), answered(range(80, 85))) == {}


def test_a_regression_that_is_far_apart() -> None:
    found = said(METER, off_by(1.0, 1.6), off_by(2.0, 2.0))
    assert set(found) == {"far-apart"}
    assert "an RMSE of 1 on the training rows but 1.6 on the held-out" in found["far-apart"]


def test_nothing_held_out_is_not_judged() -> None:
    """Scores on rows that were learned say nothing; a constant output is seen all the same."""
    scored = {"training": np.arange(TRAINING + TEST)}
    wrong = answered(range(100))
    assert list(advice(WARD, scored, wrong, answered([]))) == []
    constant = np.full_like(wrong, 0.5)
    assert [finding.kind for finding in advice(WARD, scored, constant, wrong)] == [
        "constant-output"
    ]


# --strict


def test_strict_names_the_first_and_counts_the_others() -> None:
    findings = [Finding("sorted", "s"), Finding("zeros", "zeros!"), Finding("outlier", "far!")]
    with pytest.raises(TableError) as caught:
        check_nothing_found(findings, "t.csv")
    message = "t.csv: zeros! (and 1 more); without --strict this is a warning"
    assert str(caught.value) == message
    with pytest.raises(TableError, match=r"t\.csv: far!; without --strict"):
        check_nothing_found(findings[2:], "t.csv")


def test_sorted_classes_alone_are_no_reason_for_strict() -> None:
    check_nothing_found([], "t.csv")
    check_nothing_found([Finding("sorted", "s")], "t.csv")
