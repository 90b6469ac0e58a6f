"""Fitted estimators of scikit-learn, as an ``Mlp``: what their attributes say."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.proof.original import Original, in_doubles
from mlp_edge.readers.assembling.assembly import Assembly
from mlp_edge.readers.assembling.values import Value
from mlp_edge.readers.importing.imported import Imported, named
from mlp_edge.readers.objects.naming import after_class
from mlp_edge.readers.sklearn.columns import Column, Number, Readings
from mlp_edge.readers.sklearn.inputs import Inputs, inputs_of
from mlp_edge.readers.sklearn.original import original_of
from mlp_edge.readers.sklearn.step import Step, check_fitted, check_stock
from mlp_edge.readers.sklearn.steps import UNCHANGED, transformed
from mlp_edge.reference import Doubles

ACTIVATIONS = {
    "identity": "linear", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu",
    "softmax": "softmax", "exp": "exponential",
}  # fmt: skip
"""scikit-learn's names -> ours."""
REGRESSIONS = (
    "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "LassoLars", "LassoLarsCV",
    "LassoLarsIC", "ElasticNet", "ElasticNetCV", "Lars", "LarsCV", "MultiTaskLasso",
    "MultiTaskLassoCV", "MultiTaskElasticNet", "MultiTaskElasticNetCV", "OrthogonalMatchingPursuit",
    "OrthogonalMatchingPursuitCV", "BayesianRidge", "ARDRegression", "HuberRegressor",
    "TheilSenRegressor", "QuantileRegressor", "SGDRegressor", "LinearSVR",
)  # fmt: skip
"""Classes whose prediction is coef_ @ x + intercept_."""
SEARCHES = (
    "GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV",
)  # fmt: skip
READ = "MLPClassifier, MLPRegressor, LogisticRegression and linear regressions"


class _Network(NamedTuple):
    """What an estimator comes to: its layers so far, and the one that predicts."""

    assembly: Assembly
    value: Value
    inputs: Inputs
    estimator: Any
    source: str

    def dense(self, weights: Any, bias: Any, source: str) -> _Network:
        """A dense layer behind it; weights (outputs, inputs)."""
        weights, bias = np.asarray(weights, np.float64), np.asarray(bias, np.float64)
        return self._replace(value=self.assembly.dense(self.value, weights, bias, source))

    def activated(self, activation: str, source: str) -> _Network:
        """An activation behind it."""
        return self._replace(value=self.assembly.activated(self.value, activation, source))

    def scaled(self, factor: Doubles | float, offset: Doubles | float, source: str) -> _Network:
        """Factor * x + offset behind it."""
        return self._replace(value=self.assembly.scaled(self.value, factor, offset, source))


def read_sklearn(source: Any) -> Imported:
    """Read a fitted estimator, or a pipeline that ends in one.

    Raises:
        ModelError: naming the step or the class, and what of it cannot be read.
    """
    estimator = copy.deepcopy(source)  # which training goes on with as it likes
    names = _names(estimator)
    readings = Readings(names)
    network = _network(
        Step(estimator, f"the {type(estimator).__name__}", readings), readings.columns
    )
    last = network.estimator
    labels = getattr(last, "classes_", None)
    inputs = network.inputs
    mlp = named(
        after_class(last),
        network.assembly.finished([network.value], network.source),
        inputs.features,
        None if labels is None else [str(each) for each in labels.tolist()],
    )
    read = {source.place for source in inputs.sources}
    unread = [repr(name) for place, name in enumerate(names) if place not in read]
    if unread:
        readings.notes.append(f"nothing depends on {', '.join(unread)[:120]}: no features of it")
    for step, attributes in readings.adapted:
        vars(step).update(attributes)
    fitted = getattr(_first(estimator), "feature_names_in_", None) is not None
    predict = original_of(estimator, readings, fitted, inputs.sources, mlp)
    version = estimator.__getstate__().get("_sklearn_version", "")
    return Imported(
        mlp,
        "scikit-learn",
        f"scikit-learn {version}",
        tuple(readings.notes),
        original=Original(type(last).__name__, "scikit-learn", predict, in_doubles(mlp)),
        made_up=_made_up(fitted),
    )


def _made_up(named: bool) -> str:
    """What the model does not tell."""
    if named:
        return "the name of the target is made up: the model has none"
    return "the names of the features and of the target are made up: the model has none"


def _names(estimator: Any) -> tuple[str, ...]:
    """Names of the columns that go in: those that it was fitted with, or x1, x2 and so on.

    Raises:
        ModelError: for what was never fitted.
    """
    first = _first(estimator)
    names = getattr(first, "feature_names_in_", None)
    if names is not None:
        return tuple(map(str, names))
    width = getattr(first, "n_features_in_", None)
    if width is None:
        raise ModelError(f"the {type(first).__name__} is not fitted; fit(X, y) comes first")
    return tuple(f"x{place + 1}" for place in range(width))


def _first(estimator: Any) -> Any:
    """What takes the columns first, within pipelines."""
    while type(estimator).__name__ == "Pipeline":
        taking = [(name, step) for name, step in estimator.steps if step not in UNCHANGED]
        name, estimator = (taking or estimator.steps)[0]
        check_stock(estimator, Step.of(name, estimator, Readings(())).source)
    return estimator


def _network(step: Step, columns: Sequence[Column]) -> _Network:
    """The layers of an estimator behind columns."""
    kind = type(step.estimator).__name__
    check_stock(step.estimator, step.source)
    if kind in SEARCHES and hasattr(step.estimator, "best_estimator_"):
        return _network(step._replace(estimator=step.estimator.best_estimator_), columns)
    if kind not in ESTIMATORS:
        raise ModelError(f"{step.source} is no network that mlp-edge reads; it reads {READ}")
    check_fitted(step.estimator, step.source)
    return ESTIMATORS[kind](step, columns)


def _behind_steps(step: Step, columns: Sequence[Column]) -> _Network:
    """A Pipeline that ends in an estimator."""
    *steps, (name, last) = step.estimator.steps
    made = list(columns)
    for each, estimator in steps:
        made = transformed(Step.of(each, estimator, step.readings), made)
    return _network(Step.of(name, last, step.readings), made)


def _rescaled(step: Step, columns: Sequence[Column]) -> _Network:
    """A TransformedTargetRegressor: what it predicts is scaled back."""
    network = _network(Step.of("regressor", step.estimator.regressor_, step.readings), columns)
    transformer = Step.of("transformer", step.estimator.transformer_, step.readings)
    targets = Readings([f"y{place}" for place in range(network.value.width or 0)])
    scaled = transformed(transformer._replace(readings=targets), targets.columns)
    numbers = [_unclipped(column) for column in scaled]
    if [number and number.given for number in numbers] != [each.raw for each in targets.columns]:
        raise ModelError(f"{transformer.source} does more than scale; StandardScaler() would do")
    return network.scaled(
        np.array([number.std for number in numbers if number is not None]),
        np.array([number.mean for number in numbers if number is not None]),
        transformer.source,
    )


def _unclipped(column: Column) -> Number | None:
    """A scaled number; a scaler that clips does not clip what it scales back."""
    [*terms] = column.terms
    if len(terms) == 1 and isinstance(terms[0], Number) and terms[0].ends is not None:
        return Column(
            {terms[0]._replace(ends=None): column.terms[terms[0]]}, column.constant
        ).number
    return column.number


def _perceptron(step: Step, columns: Sequence[Column]) -> _Network:
    estimator = step.estimator
    weights, biases = estimator.coefs_, estimator.intercepts_
    if estimator.out_activation_ == "logistic" and len(biases[-1]) > 1:
        raise ModelError(
            f"{step.source} gives {len(biases[-1])} labels at once; one class per row would do"
        )
    given = [estimator.activation] * (len(biases) - 1) + [estimator.out_activation_]
    network = _start(step, columns, weights[0].T, biases[0])
    for number, activation in enumerate(given):
        source = f"layer {number + 1} of {step.source}"
        if number:
            network = network.dense(weights[number].T, biases[number], source)
        if activation not in ACTIVATIONS:
            raise ModelError(f"{source} has the activation {activation!r:.40}")
        network = network.activated(ACTIVATIONS[activation], source)
    return network


def _linear(step: Step, columns: Sequence[Column]) -> _Network:
    weights = np.atleast_2d(np.asarray(step.estimator.coef_, np.float64))
    biases = np.broadcast_to(np.asarray(step.estimator.intercept_, np.float64), len(weights))
    return _start(step, columns, weights, biases)


def _logistic(step: Step, columns: Sequence[Column]) -> _Network:
    estimator, classes = step.estimator, len(step.estimator.classes_)
    # Until scikit-learn 1.7 there were two kinds of either.
    kind = getattr(estimator, "multi_class", "auto")
    if classes > 2 and (kind == "ovr" or estimator.solver == "liblinear"):
        raise ModelError(
            f"{step.source} holds a model for each class; one of all (solver='lbfgs') would do"
        )
    network = _linear(step, columns)
    if classes == 2 and kind == "multinomial":
        network = network.scaled(2.0, 0.0, step.source)
    return network.activated("sigmoid" if classes == 2 else "softmax", step.source)


def _start(step: Step, columns: Sequence[Column], weights: Any, bias: Any) -> _Network:
    """The first dense layer, which takes into its weights what the steps before it do."""
    inputs = inputs_of(step.readings, columns)
    if weights.shape[1] != len(columns):
        raise ModelError(
            f"{step.source} takes {weights.shape[1]} columns, and {len(columns)} arrive"
        )
    weights = np.asarray(weights, np.float64)
    assembly = Assembly()
    network = _Network(
        assembly, inputs.start(assembly, step.source), inputs, step.estimator, step.source
    )
    return network.dense(weights @ inputs.weights, bias + weights @ inputs.bias, step.source)


ESTIMATORS: Mapping[str, Callable[[Step, Sequence[Column]], _Network]] = {
    "MLPClassifier": _perceptron, "MLPRegressor": _perceptron,
    "LogisticRegression": _logistic, "LogisticRegressionCV": _logistic,
    **dict.fromkeys(REGRESSIONS, _linear),
    "Pipeline": _behind_steps, "TransformedTargetRegressor": _rescaled,
}  # fmt: skip
