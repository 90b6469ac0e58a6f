"""Permutation importance: what the predictions rest on, and which columns say the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.networks import encoded, readings

from mlp_edge.api.evaluation.score_sheets import importance_sheet
from mlp_edge.errors import InputError
from mlp_edge.feature import Feature
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.reference import predict
from mlp_edge.training.scoring import importance as module
from mlp_edge.training.scoring.importance import SHUFFLES, Importance, alike, importance
from mlp_edge.training.scoring.scores import Truth, score

FEATURES = (
    Feature("weak", -1.0, 1.0),
    Feature("unused", -1.0, 1.0),
    Feature("strong", -1.0, 1.0),
    Feature("level", categories=("a", "b", "c"), codes=(2, 5, 7), fill=2.0),
)


def linear() -> Mlp:
    """weak + 3 strong, and 2 more for level c."""
    mlp = encoded(FEATURES, hidden=(), standardised=False)
    weights = np.array([[1, 0, 3, 0, 0, 2]], np.float32)
    return replace(mlp, layers=(replace(mlp.layers[0], weights=weights),))


def judged(mlp: Mlp, count: int = 400) -> tuple[Rows, Truth]:
    rows = readings(mlp, count)
    rows[:, 3] = np.random.default_rng(1).choice([2, 5, 7, np.nan], count)
    return rows, Truth("regression", predict(mlp, rows).astype(np.float32), 0, np.float32(0.5))


def answers(mlp: Mlp):  # type: ignore[no-untyped-def]
    return lambda rows: predict(mlp, rows).astype(np.float32)


def test_a_column_counts_by_what_the_score_loses_with_it() -> None:
    mlp = linear()
    rows, truth = judged(mlp)
    found = importance(mlp.features, rows, truth, answers(mlp), "rmse")
    assert list(found.columns) == ["strong", "level", "weak", "unused"]
    assert found.columns["unused"] == (0, 0)
    assert (found.metric, found.rows, found.alike, found.falls) == ("rmse", 400, (), False)
    # The rmse of a shuffled column is its weight times the deviation of a difference.
    mean, error = found.columns["strong"]
    assert mean == pytest.approx(3 * rows[:, 2].std() * np.sqrt(2), rel=0.05)
    assert 0 < error < mean / 10
    again = importance(mlp.features, rows, truth, answers(mlp), "rmse")
    assert again == found


def test_it_is_scikit_learns_with_the_raw_columns() -> None:
    inspection = pytest.importorskip("sklearn.inspection")
    mlp = linear()
    rows, truth = judged(mlp, 60)
    found = importance(mlp.features, rows, truth, answers(mlp), "r2")
    assert found.falls

    base = pytest.importorskip("sklearn.base")

    class Model(base.RegressorMixin, base.BaseEstimator):  # type: ignore[misc]
        def fit(self, *_: object) -> None:
            pass

        def predict(self, rows: Rows) -> np.ndarray:
            return predict(mlp, np.asarray(rows, np.float32))

    theirs = inspection.permutation_importance(
        Model(), rows, truth.targets, scoring="r2", n_repeats=SHUFFLES, random_state=0
    )
    for index, feature in enumerate(mlp.features):
        mean, error = found.columns[feature.name]
        assert mean == pytest.approx(theirs.importances_mean[index], abs=1e-6)
        wanted = theirs.importances[index].std(ddof=1) / np.sqrt(SHUFFLES)
        assert error == pytest.approx(wanted, abs=1e-6)


def test_of_many_rows_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 50)
    mlp = linear()
    rows, truth = judged(mlp)
    found = importance(
        mlp.features, rows, replace(truth, weights=np.ones(400)), answers(mlp), "mae"
    )
    assert found.rows == 50
    assert found.columns["strong"][0] > found.columns["weak"][0] > 0


def test_a_score_that_rows_do_not_have_is_refused() -> None:
    mlp = encoded(FEATURES, task="binary")
    rows, _ = judged(mlp, 9)
    truth = Truth("binary", np.ones(9, np.int64), 2, np.float32(0.5))
    assert np.isnan(score(["auc"], truth, answers(mlp)(rows))["auc"])
    with pytest.raises(InputError, match="`importance=True`: auc has no value on these rows"):
        importance(mlp.features, rows, truth, answers(mlp), "auc")
    with pytest.raises(InputError, match="one row leaves nothing to shuffle"):
        importance(mlp.features, rows[:1], truth.of(np.arange(1)), answers(mlp), "log_loss")


def table(**columns: np.ndarray) -> tuple[tuple[Feature, ...], Rows]:
    features = tuple(
        Feature(name, categories=("a", "b", "c"), codes=(0, 1, 2)) if name.startswith("level")
        else Feature(name)
        for name in columns
    )  # fmt: skip
    return features, np.stack(list(columns.values()), axis=1).astype(np.float32)


def test_columns_that_say_the_same_are_named() -> None:
    random = np.random.default_rng(0)
    one, other, level = random.random(200), random.random(200), random.integers(0, 3, 200)
    noisy = np.exp(5 * one) + random.normal(0, 0.1, 200)  # any rising curve
    gap = np.where(random.random(200) < 0.1, np.nan, -one)
    features, rows = table(
        one=one, other=other, noisy=noisy, gap=gap, level=level, level2=(level + 1) % 3,
        follows=level + other / 10, level3=random.integers(0, 3, 200), constant=one * 0,
    )  # fmt: skip
    assert alike(features, rows) == (("one", "noisy", "gap"), ("level", "level2", "follows"))


def test_columns_that_say_something_else_are_not() -> None:
    random = np.random.default_rng(0)
    one = random.random(200)
    features, rows = table(one=one, half=one + random.normal(0, 0.3, 200), bent=(one - 0.5) ** 2)
    assert alike(features, rows) == ()


@pytest.mark.parametrize("metric", ["rmse", "mae", "mse"])
def test_no_unit_of_a_target_outweighs_another(metric: str) -> None:
    """Of two targets each rests on one column; told in grams or in tons, they count alike."""
    rows = readings(linear(), 300)
    mlp = linear()
    features, base = mlp.features, rows[:, [0, 2]].astype(np.float64)

    def found(units: tuple[float, float], constant: bool = False) -> Importance:
        scale = np.array(units)
        truth = Truth("regression", (base * scale).astype(np.float32), 0, np.float32(0.5))
        if constant:
            truth.targets[:, 1] = 7
        predicts = lambda rows: (rows[:, [0, 2]] * scale).astype(np.float32)  # noqa: E731
        return importance(features, rows, truth, predicts, metric)

    grams, tons = found((1, 1e6)), found((1, 1e-6))
    assert grams.standardised
    for name in ("weak", "strong"):
        assert grams.columns[name][0] == pytest.approx(tons.columns[name][0], rel=1e-4)
    ratio = grams.columns["weak"][0] / grams.columns["strong"][0]
    assert ratio == pytest.approx(1, rel=0.15)
    assert np.isfinite(found((1, 1), constant=True).columns["strong"][0])


def test_one_target_and_a_score_without_a_unit_stay_as_they_are() -> None:
    mlp = linear()
    rows, truth = judged(mlp, 60)
    assert not importance(mlp.features, rows, truth, answers(mlp), "rmse").standardised
    two = Truth("regression", np.hstack([truth.targets, truth.targets * 9]), 0, np.float32(0.5))
    both = lambda rows: np.hstack([answers(mlp)(rows), answers(mlp)(rows) * 9])  # noqa: E731
    assert not importance(mlp.features, rows, two, both, "r2").standardised
    sheet = importance_sheet(importance(mlp.features, rows, two, both, "rmse"))
    assert sheet.notes[0] == "each target counts in units of its own standard deviation"
