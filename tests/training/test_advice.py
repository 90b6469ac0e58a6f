"""Advice about a trained model: with evidence, and only where there is some."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from support.tables import clean

from mlp_edge.errors import TableError
from mlp_edge.feature import Feature
from mlp_edge.finding import Finding
from mlp_edge.mlp import Floats, Task
from mlp_edge.training.examples import Examples
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.scoring.advice import (
    ScoredPredictions,
    advice,
    check_nothing_found,
    fold_advice,
    row_advice,
)
from mlp_edge.training.scoring.scores import Truth
from mlp_edge.training.scoring.statistics import corrected_error, standard_error

TRAINING, TEST = 80, 40
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
        table=clean(),
    )


# Six of ten rows are sick, in either part: 24 and 16 of those held out.
SICK = (np.arange(TRAINING + TEST) % 10 < 6).astype(np.int64)
WARD = examples_of("binary", SICK, "well", "sick")
VALUES = np.linspace(-10, 10, TRAINING + TEST, dtype=np.float32)[:, None]
VALUES = np.random.default_rng(0).permutation(VALUES)
METER = examples_of("regression", VALUES)


def answered(wrong: Sequence[int], targets: NDArray[np.int64] = SICK) -> Floats:
    """Honest probabilities that are right about every row but those."""
    right = targets.copy()
    right[list(wrong)] = 1 - right[list(wrong)]
    missed = sum(row >= TRAINING for row in wrong) / TEST
    sure = min(0.99, max(0.6, 1 - missed))
    return np.where(right == 1, sure, 1 - sure).astype(np.float32)[:, None]


def off_by(training: float, test: float) -> Floats:
    """Values with this RMSE on the two parts; on half the rows a tenth more, or less."""
    rows = np.arange(TRAINING + TEST)
    signs = np.where(rows % 2, 1, -1)[:, None]
    errors = np.where(rows < TRAINING, training, test)[:, None]
    wobble = np.where(rows % 4 < 2, 1.1, 0.79**0.5)[:, None]
    return (VALUES + signs * errors * wobble).astype(np.float32)


def said(
    examples: Examples, outputs: Floats, linear: Floats, threshold: float = 0.5
) -> dict[str, str]:
    """Kind -> sentence."""
    found = list(advice(examples, SCORED, outputs, linear, np.float32(threshold)))
    assert len({finding.kind for finding in found}) == len(found)
    return {finding.kind: finding.says for finding in found}


def test_a_healthy_classifier_hears_nothing() -> None:
    assert said(WARD, answered([3, 90]), answered([3, 5, 90, 91, 92, 93])) == {}


def test_a_healthy_regression_hears_nothing() -> None:
    assert said(METER, off_by(1.0, 1.2), off_by(2.0, 2.0)) == {}


def test_a_constant_output() -> None:
    constant = np.full((TRAINING + TEST, 1), 0.75, np.float32)
    found = said(WARD, constant, answered([]))
    assert "predicts 0.75 for each of 120 rows" in found["constant-output"]
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
    assert "predicts 300, 300 for each" in found["constant-output"]


def test_tiny_outputs_that_vary_are_not_constant() -> None:
    tiny = examples_of("regression", VALUES * np.float32(1e-12))
    assert "constant-output" not in said(tiny, VALUES * np.float32(1e-12), VALUES * np.float32(0))


def test_no_better_than_the_majority() -> None:
    # Sixteen of the forty held-out rows are well; a model that is wrong about as many is no better.
    wrong = [*range(80, 96), *range(0, 32)]
    found = said(WARD, answered(wrong), answered([]))
    assert set(found) == {"majority"}
    assert "accuracy 0.600 on 40 held-out rows" in found["majority"]
    assert "always predicting sick (0.600)" in found["majority"]
    assert "majority" not in said(WARD, answered(wrong[1:]), answered([]))


def test_the_majority_is_that_of_the_training_rows() -> None:
    targets = np.where(np.arange(TRAINING + TEST) < TRAINING, SICK, 1 - SICK)
    examples = examples_of("binary", targets, "well", "sick")
    found = said(examples, answered([*range(80, 104), *range(0, 32)], targets), answered([]))
    # Held out are 24 that are well; the training rows say sick.
    assert "always predicting sick (0.400)" in found["majority"]


def test_no_better_than_the_most_frequent_of_several() -> None:
    targets = np.arange(TRAINING + TEST) % 3
    targets[targets == 0] = np.where(np.arange(40) % 4, 0, 2)
    examples = examples_of("multiclass", targets, "a", "b", "c")
    outputs = np.tile(np.array([0.1, 0.2, 0.7], np.float32), (120, 1))
    outputs[0] = [0.2, 0.2, 0.6]
    found = said(examples, outputs, np.eye(3, dtype=np.float32)[targets])
    share = (targets[TRAINING:] == 2).mean()
    assert f"is no better than always predicting c ({share:.3f})" in found["majority"]


def test_no_better_than_the_mean() -> None:
    spread = float(VALUES[TRAINING:].std())
    found = said(METER, off_by(6.0, 2 * spread), off_by(1.0, 1.0))
    assert "always predicting the mean" in found["majority"]
    assert f"an RMSE of {2 * spread:.4g}" in found["majority"]
    assert "linear" not in found
    assert "majority" not in said(METER, off_by(1.0, 1.0), off_by(2.0, 2.0))


# Against the linear baseline


def test_no_better_than_the_linear_baseline_by_more_than_chance() -> None:
    """Two rows are right that the linear model has wrong, one the other way round."""
    found = said(WARD, answered([80, 82, 1, 2]), answered([81, 82, 83]))
    assert set(found) == {"linear"}
    error = standard_error([1, -1, 1] + [0] * 37)
    for evidence in (
        "accuracy 0.950 on 40 held-out rows", "a linear model's 0.925", f"+0.025 ± {error:.3f}",
        "which may be chance", "a linear model is smaller and may do: `hidden=()`",
    ):  # fmt: skip
        assert evidence in found["linear"]


def test_below_the_linear_baseline() -> None:
    found = said(WARD, answered([*range(80, 86), 1, 2, 3, 4]), answered([80]))
    assert set(found) == {"linear"}
    assert "0.850 on 40 held-out rows against a linear model's 0.975: -0.125" in found["linear"]
    assert "which is worse" in found["linear"]


def test_equal_to_the_linear_baseline() -> None:
    found = said(WARD, answered([80]), answered([80]))
    assert "+0.000 ± 0.000, which may be chance" in found["linear"]


def test_a_regression_below_the_linear_baseline() -> None:
    found = said(METER, off_by(1.9, 2.0), off_by(1.0, 1.5))
    assert set(found) == {"linear"}
    squares = [(off_by(0, error)[TRAINING:] - VALUES[TRAINING:]) ** 2 for error in (1.5, 2.0)]
    error = standard_error((squares[1] - squares[0])[:, 0]) / 3.5
    for evidence in (
        "an RMSE of 2 on 40 held-out rows", "a linear model's 1.5:", f"+0.5 ± {error:.4g}",
        "which is worse", "`hidden=()`",
    ):  # fmt: skip
        assert evidence in found["linear"]


def test_several_targets_are_compared_in_their_own_deviations() -> None:
    """A target in thousands does not drown the other."""
    targets = np.hstack([VALUES, 1000 * np.roll(VALUES, 7)])
    both = examples_of("regression", targets)
    scales = targets[TRAINING:].std(axis=0)
    random = np.random.default_rng(1)
    noise = random.normal(size=targets.shape) * scales
    # Much better at the small target, a little worse at the large one.
    ours = (targets + noise * [0.1, 0.25]).astype(np.float32)
    linear = (targets + noise * [0.5, 0.2]).astype(np.float32)
    assert said(both, ours, linear) == {}
    found = said(both, linear, ours)
    assert set(found) == {"linear"}
    assert " deviations on 40 held-out rows against" in found["linear"]


def test_a_threshold_is_not_held_against_a_model() -> None:
    """Accuracy is given up for it on purpose: probabilities are compared instead."""
    assert said(WARD, answered([80]), answered([80, 81, 82, 83, 84, 85]), 0.005) == {}
    found = said(WARD, answered([80, 81, 82]), answered([80]), 0.3)
    assert set(found) == {"linear"}
    assert "a Brier score of 0.0" in found["linear"]
    constant = answered([])
    constant[:] = 0.9
    constant[0] = 0.8
    found = said(WARD, constant, answered([]), 0.95)
    assert "always predicting the shares of the classes (0.2400)" in found["majority"]


@pytest.mark.parametrize(
    ("metric", "network", "linear", "says"),
    [
        ("accuracy", [0.8, 0.7, 0.9], [0.7, 0.8, 0.8], "0.8 over 3 folds against a linear model's"),
        ("accuracy", [0.5, 0.6, 0.55], [0.8, 0.85, 0.9], "-0.300 ± "),
        ("rmse", [3.0, 2.9, 3.2], [2.0, 2.1, 1.9], "which is worse"),
        ("auc", [0.8, np.nan, 0.9], [0.8, 0.5, 0.9], "over 2 folds"),
    ],
    ids=["chance", "worse", "a larger error", "a fold without a score"],
)
def test_folds_that_show_no_gain(
    metric: str, network: list[float], linear: list[float], says: str
) -> None:
    [finding] = fold_advice(metric, network, linear, 90, 10)
    assert finding.kind == "linear"
    assert finding.says.startswith(metric)
    assert says in finding.says
    assert "`hidden=()`" in finding.says


def test_folds_that_show_a_gain() -> None:
    linear = [0.70, 0.72, 0.68, 0.71, 0.69]
    better = [0.80, 0.81, 0.79, 0.80, 0.80]
    assert list(fold_advice("accuracy", better, linear, 80, 20)) == []
    assert list(fold_advice("rmse", linear, better, 80, 20)) == []
    assert list(fold_advice("accuracy", [0.8], [0.9], 80, 20)) == []
    assert list(fold_advice("auc", [np.nan] * 5, linear, 80, 20)) == []


def test_folds_overlap_and_are_judged_by_that() -> None:
    """A gain that independent folds would prove and overlapping ones do not."""
    linear = np.full(10, 0.7)
    network = linear + np.array([0.031, -0.011] * 5)
    gain, error = 0.01, corrected_error(network - linear, 90, 10)
    assert standard_error(network - linear) < gain < error
    [finding] = fold_advice("accuracy", network, linear, 90, 10)
    assert f"+0.010 ± {error:.3f}, which may be chance" in finding.says


# Training against test


def test_scores_that_are_far_apart() -> None:
    found = said(WARD, answered(range(80, 92)), answered(range(80, 112)))
    assert set(found) == {"far-apart"}
    for evidence in ("accuracy 1.000 on the training", "0.700 on the held-out", "overfitting"):
        assert evidence in found["far-apart"]


@pytest.mark.parametrize("split", ["time", "time:when"])
def test_later_rows_may_be_of_another_kind(split: str) -> None:
    outputs, linear = answered(range(80, 92)), answered(range(80, 112))
    found = advice(WARD, SCORED, outputs, linear, recipe=Recipe(split=split))
    [says] = [finding.says for finding in found if finding.kind == "far-apart"]
    assert "held-out ones: later rows are of another kind, or overfitting; " in says
    assert says.endswith(" would help against that")


def test_a_difference_that_chance_makes_is_not_far_apart() -> None:
    # 1.00 against 0.90: forty rows tell it no better than to 0.096, but it is no more than 0.1.
    assert said(WARD, answered(range(80, 84)), answered(range(80, 96))) == {}
    # Twenty-one rows with three wrong, against 1.00: more than 0.1, but within 0.16.
    scored = {"test": np.arange(TRAINING, TRAINING + 21), "training": np.arange(TRAINING)}
    kinds = {f.kind for f in advice(WARD, scored, answered([80, 81, 82]), answered([]))}
    assert "far-apart" not in kinds


def test_a_regression_that_is_far_apart() -> None:
    found = said(METER, off_by(1.0, 1.6), off_by(3.0, 3.0))
    assert set(found) == {"far-apart"}
    assert "an RMSE of 1 on the training rows but 1.6 on the held-out" in found["far-apart"]


# Calibration, few rows


def judged(truth: NDArray[np.int64], outputs: Floats, *labels: str) -> dict[str, str]:
    """What is said of rows alone."""
    task: Task = "multiclass" if outputs.shape[1] > 1 else "binary"
    prior = np.bincount(truth, minlength=len(labels)) / len(truth)
    shares = prior if task == "multiclass" else prior[1:]
    right = Truth(task, truth, len(labels), np.float32(0.5))
    found = row_advice(ScoredPredictions(right, labels, outputs, None, shares, "rows of b.csv"))
    return {finding.kind: finding.says for finding in found}


def claims(sure: float, wrong: int, rows: int = 150) -> tuple[NDArray[np.int64], Floats]:
    """Half of the rows sick; it is so sure of each, and wrong about every so many-th."""
    truth = np.arange(rows) % 2
    chosen = np.where(np.arange(rows) % (rows // max(wrong, 1)) == 0, 1 - truth, truth)
    chosen = chosen if wrong else truth
    return truth, np.where(chosen == 1, sure, 1 - sure).astype(np.float32)[:, None]


def test_claims_that_are_too_sure() -> None:
    found = judged(*claims(0.99, 30), "well", "sick")
    assert set(found) == {"calibration"}
    for evidence in (
        "of the 50 rows of b.csv where it is surest", "it claims 99% and 80% are right",
        "`early_stopping=20`",
    ):  # fmt: skip
        assert evidence in found["calibration"]


def test_claims_that_are_not_sure_enough() -> None:
    found = judged(*claims(0.7, 3), "well", "sick")
    assert "it claims 70% and 98% are right; more `epochs`" in found["calibration"]


@pytest.mark.parametrize(("sure", "wrong"), [(0.8, 30), (0.97, 5), (0.9, 10)])
def test_honest_claims(sure: float, wrong: int) -> None:
    assert judged(*claims(sure, wrong), "well", "sick") == {}


def test_one_wrong_row_is_no_evidence_whatever_was_claimed() -> None:
    assert judged(*claims(1.0, 1), "well", "sick") == {}


def test_claims_of_several_classes_are_those_of_the_likeliest() -> None:
    truth = np.arange(150) % 3
    chosen = np.where(np.arange(150) % 4, truth, (truth + 1) % 3)
    outputs = np.where(np.eye(3)[chosen] == 1, 0.98, 0.01).astype(np.float32)
    found = judged(truth, outputs, "a", "b", "c")
    assert "it claims 98% and 74% are right" in found["calibration"]


def test_few_rows_do_not_judge_claims() -> None:
    truth, outputs = claims(0.99, 5, rows=25)
    assert "calibration" not in judged(truth, outputs, "well", "sick")


def test_classes_with_few_rows_share_a_sentence() -> None:
    truth = np.repeat(np.arange(5), [4, 30, 9, 10, 0])
    outputs = np.where(np.eye(5)[truth] == 1, 0.96, 0.01).astype(np.float32)
    found = judged(truth, outputs, "a", "b", "c", "d", "e")
    assert set(found) == {"few-rows"}
    assert "few rows of b.csv are e (0), a (4), c (9): " in found["few-rows"]
    assert "no row shows its recall, so its score means little" in found["few-rows"]
    truth = np.repeat(np.arange(3), [8, 30, 30])
    outputs = np.where(np.eye(3)[truth] == 1, 0.98, 0.01).astype(np.float32)
    found = judged(truth, outputs, "a", "b", "c")
    assert "are a (8): a single one moves such a recall by up to 0.12" in found["few-rows"]
    truth = np.repeat(np.arange(9), [50, *[2] * 8])
    outputs = np.where(np.eye(9)[truth] == 1, 0.92, 0.01).astype(np.float32)
    found = judged(truth, outputs, *"abcdefghi")
    assert "b (2), c (2), d (2) and 5 other classes" in found["few-rows"]


def test_nothing_held_out_is_not_judged() -> None:
    """Scores on rows that were learned say nothing; a constant output is seen all the same."""
    scored = {"training": np.arange(TRAINING + TEST)}
    wrong = answered(range(120))
    assert list(advice(WARD, scored, wrong, answered([]))) == []
    constant = np.full_like(wrong, 0.5)
    assert [finding.kind for finding in advice(WARD, scored, constant, wrong)] == [
        "constant-output"
    ]


def test_one_held_out_row_is_not_compared() -> None:
    scored = {"test": np.array([80]), "training": np.arange(TRAINING)}
    advised = advice(WARD, scored, answered([]), answered([]))
    found = {each.kind: each.says for each in advised}
    assert set(found) == {"few-rows"}
    assert "few held-out rows are well (0), sick (1)" in found["few-rows"]
    assert list(advice(METER, scored, off_by(1, 0.1), off_by(1, 0.1))) == []


# strict


def test_strict_names_the_first_and_counts_the_others() -> None:
    findings = [Finding("sorted", "s"), Finding("zeros", "zeros!"), Finding("outlier", "far!")]
    with pytest.raises(TableError) as caught:
        check_nothing_found(findings, "t.csv")
    message = "t.csv: zeros! (and 1 more); without `strict` this is a warning"
    assert str(caught.value) == message
    with pytest.raises(TableError, match=r"t\.csv: far!; without `strict`"):
        check_nothing_found(findings[2:], "t.csv")


def test_sorted_classes_alone_are_no_reason_for_strict() -> None:
    check_nothing_found([], "t.csv")
    check_nothing_found([Finding("sorted", "s")], "t.csv")
