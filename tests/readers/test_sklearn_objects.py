"""Models of scikit-learn in memory: what is read is what they predict, or they are refused."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

from mlp_edge.errors import InputError, ModelError
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.proof.bound import bound
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.objects.opening import read_object
from mlp_edge.reference import predict

RANDOM = np.random.default_rng(0)
COUNT = 120
NUMBERS, CATEGORIES = ["age", "income", "year"], ["city", "grade", "member"]
TABLE = pd.DataFrame(
    {
        "age": RANDOM.normal(50, 10, COUNT),
        "income": RANDOM.normal(3e4, 1e4, COUNT),
        "year": RANDOM.integers(1990, 2020, COUNT).astype(float),
        "city": RANDOM.choice(["Rome", "Oslo", "Bern", "Paris"], COUNT, p=[0.5, 0.3, 0.17, 0.03]),
        "grade": RANDOM.integers(1, 5, COUNT),
        "member": RANDOM.choice([True, False], COUNT),
    }
).astype(dict.fromkeys(NUMBERS, np.float32))
HOLES = TABLE.copy()
HOLES.loc[::7, "age"] = np.nan
HOLES.loc[3::11, "income"] = np.nan
HOLES.loc[5::13, "city"] = np.nan
WORTH = (TABLE.age + TABLE.income / 3000 + 10 * (TABLE.city == "Rome") + TABLE.grade).to_numpy()
TARGETS: dict[str, Any] = {
    "binary": np.where(np.median(WORTH) < WORTH, "yes", "no"),
    "multiclass": np.digitize(WORTH, np.quantile(WORTH, [0.3, 0.6])) * 10,
    "regression": WORTH,
    "regressions": np.column_stack([WORTH, -WORTH]),
}


@pytest.fixture(autouse=True)
def unfinished() -> Any:
    """Trainings stop long before they converge, which does not matter here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def classifier(**settings: Any) -> MLPClassifier:
    return MLPClassifier((5, 4), max_iter=3, learning_rate_init=1e-4, random_state=0, **settings)


def regressor(**settings: Any) -> MLPRegressor:
    settings = {"hidden_layer_sizes": (6,), "activation": "tanh", **settings}
    return MLPRegressor(max_iter=3, learning_rate_init=1e-4, random_state=0, **settings)


def readings(table: pd.DataFrame, mlp: Mlp) -> Rows:
    """A table as rows of raw readings: categories by their codes."""
    rows = np.empty((len(table), mlp.inputs), np.float32)
    for index, feature in enumerate(mlp.features):
        column = table[feature.name]
        if feature.codes:
            codes = dict(zip(feature.categories, feature.codes, strict=True))
            rows[:, index] = [np.nan if pd.isna(cell) else codes[str(cell)] for cell in column]
        else:
            rows[:, index] = column
    return rows


def strange(rows: Rows, mlp: Mlp) -> Rows:
    """Rows with missing readings, unknown categories, and numbers far outside."""
    rows = rows.copy()
    for index, feature in enumerate(mlp.features):
        if feature.codes:
            rows[index::5, index] = feature.unknown_code
        else:
            rows[1::2, index] *= 3
        rows[index::11, index] = np.nan
    rows[-1, : len(mlp.encoding.numbers)] = np.inf
    return rows


def allowed(found: Imported, rows: Rows) -> Any:
    """How far the network may be from the object, which computes in float64."""
    steps = found.original.steps  # type: ignore[union-attr]
    return bound(steps.mlp, rows, slacks=steps.slacks)  # type: ignore[union-attr]


def check(model: Any, table: pd.DataFrame) -> Imported:
    """Hold what was read against what the model predicts, by the bound of its rounding."""
    found = read_object(model)
    mlp, original = found.mlp, found.original
    assert original is not None
    rows = readings(table, mlp)
    given = table.astype(dict.fromkeys(NUMBERS, float))
    if mlp.task == "regression":
        wanted = model.predict(given).reshape(len(table), -1)
    else:
        wanted = model.predict_proba(given)[:, -mlp.outputs :]
    own = original.predict(rows)
    assert (np.abs(predict(mlp, rows) - own) <= allowed(found, rows)).all()
    # The same, but for what fills, which is rounded to float32 as readings are.
    full = ~mlp.encoding.missing(rows).any(axis=1)
    np.testing.assert_allclose(own[full], wanted[full], rtol=1e-12)
    np.testing.assert_allclose(own, wanted, rtol=1e-5, atol=1e-6)
    rows = strange(rows, mlp)
    got, own = predict(mlp, rows), original.predict(rows)
    assert (np.isnan(got) == np.isnan(own)).all()
    there = np.isfinite(got)
    assert there[: COUNT // 2].any()
    assert (np.abs(got - own)[there] <= allowed(found, rows)[there]).all()
    return found


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("kind", TARGETS)
def test_every_activation_and_task(activation: str, kind: str) -> None:
    make = regressor if "regression" in kind else classifier
    model = make_pipeline(StandardScaler(), make(activation=activation))
    found = check(model.fit(TABLE[NUMBERS], TARGETS[kind]), TABLE[NUMBERS])
    mlp = found.mlp
    assert mlp.labels == {"binary": ("no", "yes"), "multiclass": ("0", "10", "20")}.get(kind, ())
    assert mlp.name == ("mlp_regressor" if make is regressor else "mlp_classifier")
    assert [feature.name for feature in mlp.features] == NUMBERS
    assert found.written_by.startswith("scikit-learn 1.")


NUMERIC: dict[str, Any] = {
    "nothing": "passthrough",
    "standard": StandardScaler(),
    "standard, without mean": StandardScaler(with_mean=False),
    "standard, without deviation": StandardScaler(with_std=False),
    "min-max": MinMaxScaler((-1, 2)),
    "min-max, clipped": MinMaxScaler((-1, 2), clip=True),
    "max-abs": MaxAbsScaler(),
    "robust": RobustScaler(),
    "twice": make_pipeline(StandardScaler(), MinMaxScaler(clip=True), None),
    "identity": FunctionTransformer(),
    "PCA": make_pipeline(StandardScaler(), PCA(2, whiten=True)),
    "SVD": make_pipeline(StandardScaler(), TruncatedSVD(2)),
    "best": make_pipeline(RobustScaler(), SelectKBest(k=2)),
    "union": FeatureUnion(
        [("a", StandardScaler()), ("b", MinMaxScaler(clip=True)), ("c", "drop")],
        transformer_weights={"b": 0.3},
    ),
    "parts": ColumnTransformer(
        [("a", StandardScaler(), ["year"]), ("b", MinMaxScaler(), [2, 0]), ("c", "drop", ["age"])],
        remainder="passthrough",
        transformer_weights={"a": 2.5},
    ),
    "rest": ColumnTransformer([("a", "drop", [False, False, True])], remainder=MaxAbsScaler()),
    "names": make_pipeline(
        ColumnTransformer([("a", RobustScaler(), slice(0, 3))]).set_output(transform="pandas"),
        ColumnTransformer([("b", MinMaxScaler(), ["a__year"])], remainder="passthrough"),
    ),
}


@pytest.mark.parametrize("step", NUMERIC)
def test_every_step_for_numbers(step: str) -> None:
    model = make_pipeline(NUMERIC[step], classifier())
    found = check(model.fit(TABLE[NUMBERS], TARGETS["binary"]), TABLE[NUMBERS])
    assert bool(found.remarks) == (found.mlp.inputs < len(NUMBERS))  # says what it leaves out


IMPUTERS: dict[str, Callable[[], Any]] = {
    "mean": SimpleImputer,
    "median": lambda: SimpleImputer(strategy="median"),
    "constant": lambda: SimpleImputer(strategy="constant", fill_value=1.1),
    "behind a scaler": lambda: make_pipeline(StandardScaler(), SimpleImputer()),
    "indicator": lambda: SimpleImputer(add_indicator=True),
}


@pytest.mark.parametrize("imputer", IMPUTERS)
def test_every_imputer_for_numbers(imputer: str) -> None:
    model = make_pipeline(IMPUTERS[imputer](), StandardScaler(), classifier())
    mlp = check(model.fit(HOLES[NUMBERS], TARGETS["binary"]), HOLES[NUMBERS]).mlp
    assert all(feature.fill is not None for feature in mlp.features)
    indicated = [feature.indicator for feature in mlp.features]
    assert indicated == [imputer == "indicator", imputer == "indicator", False]


def test_a_reading_that_means_missing() -> None:
    table = HOLES[NUMBERS].fillna(-999)
    model = make_pipeline(SimpleImputer(missing_values=-999), StandardScaler(), regressor())
    mlp = check(model.fit(table, WORTH), table).mlp
    assert [feature.sentinel for feature in mlp.features] == [-999] * 3


ENCODERS: dict[str, Callable[[], Any]] = {
    "one-hot": OneHotEncoder,
    "one-hot, unknown ignored": lambda: OneHotEncoder(handle_unknown="ignore"),
    "one-hot, first dropped": lambda: OneHotEncoder(drop="first", handle_unknown="ignore"),
    "one-hot, one of two dropped": lambda: OneHotEncoder(drop="if_binary"),
    "one-hot, rare ones together": lambda: OneHotEncoder(
        max_categories=3, handle_unknown="infrequent_if_exist"
    ),
    "one-hot, rare ones, first dropped": lambda: OneHotEncoder(
        min_frequency=20, drop="first", handle_unknown="infrequent_if_exist"
    ),
    "ordinal": lambda: OrdinalEncoder(encoded_missing_value=-2),
    "ordinal, unknown apart": lambda: OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=9
    ),
    "ordinal, rare ones together": lambda: OrdinalEncoder(
        min_frequency=20, handle_unknown="use_encoded_value", unknown_value=-1,
        encoded_missing_value=-2,
    ),
    "imputed": lambda: make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    ),
}  # fmt: skip


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("behind", [None, StandardScaler(), MinMaxScaler((0, 2), clip=True)])
def test_every_encoder(encoder: str, behind: Any) -> None:
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    parts = [("n", numbers, NUMBERS), ("c", ENCODERS[encoder](), CATEGORIES)]
    columns = ColumnTransformer(parts, sparse_threshold=0)
    model = make_pipeline(columns, behind, classifier()).fit(HOLES, TARGETS["binary"])
    found = check(model, HOLES)
    city, grade, member = found.mlp.features[3:]
    assert city.categories[:4] == ("Bern", "Oslo", "Paris", "Rome")
    assert grade.codes[:4] == (1, 2, 3, 4)
    assert member.categories[:2] == ("False", "True")
    strict = encoder in ("one-hot", "one-hot, one of two dropped", "ordinal")
    assert bool(found.remarks) == strict


def test_missing_categories_are_rejected_where_scikit_learn_refuses_them() -> None:
    parts = [("n", StandardScaler(), NUMBERS), ("c", OneHotEncoder(), CATEGORIES)]
    model = make_pipeline(ColumnTransformer(parts), classifier()).fit(TABLE, TARGETS["binary"])
    mlp = check(model, TABLE).mlp
    assert all(feature.fill is None for feature in mlp.features)


ESTIMATORS: dict[str, tuple[Any, str]] = {
    "search": (GridSearchCV(regressor(), {"alpha": [0.1, 0.01]}, cv=2), "regression"),
    "target": (TransformedTargetRegressor(regressor(), transformer=StandardScaler()), "regression"),
    "targets": (
        TransformedTargetRegressor(regressor(), transformer=MinMaxScaler(clip=True)),
        "regressions",
    ),
    "logistic": (LogisticRegression(), "binary"),
    "logistic, of three": (LogisticRegression(), "multiclass"),
    "poisson": (regressor(loss="poisson"), "regression"),
    "ridge": (Ridge(), "regression"),
    "line": (LinearRegression(fit_intercept=False), "regressions"),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator(name: str) -> None:
    estimator, kind = ESTIMATORS[name]
    model = make_pipeline(StandardScaler(), estimator).fit(TABLE[NUMBERS], TARGETS[kind])
    check(model, TABLE[NUMBERS])


def test_a_category_on_which_nothing_depends_is_left_out() -> None:
    together = OneHotEncoder(max_categories=1, handle_unknown="infrequent_if_exist")
    parts = [("n", StandardScaler(), NUMBERS), ("c", together, CATEGORIES)]
    table = TABLE.astype(dict.fromkeys(CATEGORIES, object))
    named = make_pipeline(ColumnTransformer(parts), classifier())
    assert check(named.fit(table, TARGETS["binary"]), table).mlp.inputs == len(NUMBERS)
    by_place = [("n", StandardScaler(), [0, 1, 2]), ("c", together, [3, 4, 5])]
    rows = table.to_numpy(object)
    model = make_pipeline(ColumnTransformer(by_place), classifier()).fit(rows, TARGETS["binary"])
    found = read_object(model)
    given = TABLE[NUMBERS].to_numpy(np.float32)
    wanted = model.predict_proba(rows)[:, 1:]
    assert found.original is not None
    np.testing.assert_allclose(found.original.predict(given), wanted, rtol=1e-6)


def test_an_array_has_no_names_and_the_model_is_a_copy() -> None:
    rows = TABLE[NUMBERS].to_numpy()
    model = make_pipeline(StandardScaler(), classifier()).fit(rows, TARGETS["binary"])
    found = read_object(model)
    assert [feature.name for feature in found.mlp.features] == ["x1", "x2", "x3"]
    assert "names of the features" in found.notes[0]
    wanted = model.predict_proba(rows.astype(float))[:, 1:]
    model.fit(rows * 2, TARGETS["multiclass"])
    assert found.original is not None
    np.testing.assert_array_equal(found.original.predict(rows), wanted)


class Own(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A step that somebody wrote."""

    def fit(self, rows: Any, target: Any = None) -> Own:
        self.n_features_in_ = rows.shape[1]
        return self

    def transform(self, rows: Any) -> Any:
        return rows


def behind(*steps: Any, table: pd.DataFrame = TABLE[NUMBERS]) -> Any:
    return make_pipeline(*steps, classifier()).fit(table, TARGETS["binary"])


REFUSED: dict[str, Callable[[], Any]] = {
    "the MLPClassifier is not fitted": MLPClassifier,
    "the StandardScaler is not fitted": lambda: make_pipeline(StandardScaler(), MLPClassifier()),
    "the MLPClassifier gives 2 labels at once": lambda: classifier().fit(
        TABLE[NUMBERS], TARGETS["regressions"] > 0
    ),
    "the RandomForestClassifier is no network": lambda: RandomForestClassifier(2).fit(
        TABLE[NUMBERS], TARGETS["binary"]
    ),
    "step 'polynomialfeatures', a PolynomialFeatures, multiplies readings": lambda: behind(
        PolynomialFeatures()
    ),
    "step 'functiontransformer', a FunctionTransformer, runs a function of its own": (
        lambda: behind(FunctionTransformer(np.tanh))
    ),
    "step 'knnimputer', a KNNImputer, looks for similar rows": lambda: behind(KNNImputer()),
    "step 'own', an Own, is a class of ": lambda: behind(Own()),
    "step 'minmaxscaler', a MinMaxScaler, clips columns that mix": lambda: behind(
        PCA(2), MinMaxScaler(clip=True)
    ),
    "step 'onehotencoder', a OneHotEncoder, encodes columns that steps before": lambda: behind(
        StandardScaler(), OneHotEncoder(handle_unknown="ignore", max_categories=4)
    ),
    "column 'age' is a number to one step and a category": lambda: behind(
        FeatureUnion([("a", StandardScaler()), ("b", OneHotEncoder(max_categories=4))])
    ),
    "column 'age' has its missing readings filled in two ways": lambda: behind(
        FeatureUnion(
            [("a", SimpleImputer()), ("b", SimpleImputer(strategy="constant", fill_value=1))]
        ),
        table=HOLES[NUMBERS],
    ),
    "step 'simpleimputer', a SimpleImputer, takes 'none' for a missing": lambda: behind(
        SimpleImputer(missing_values="none", strategy="most_frequent"), OneHotEncoder(),
        table=TABLE[["city"]],
    ),
    "step 'transformer', a FunctionTransformer, runs": lambda: TransformedTargetRegressor(
        regressor(), func=np.log, inverse_func=np.exp
    ).fit(TABLE[NUMBERS], WORTH),
}  # fmt: skip


@pytest.mark.parametrize("says", REFUSED)
def test_what_is_refused(says: str) -> None:
    with pytest.raises(ModelError, match=re.escape(says)):
        read_object(REFUSED[says]())


def test_what_is_no_model() -> None:
    with pytest.raises(InputError, match="int is no model"):
        read_object(7)
