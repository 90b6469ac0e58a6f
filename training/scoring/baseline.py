"""What a network has to beat: the most frequent answer, and a linear model by scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError, first_line
from mlp_edge.lazy import require
from mlp_edge.mlp import DEFAULT_THRESHOLD, Floats, Task
from mlp_edge.processing import KERAS_EPSILON
from mlp_edge.reference import FORMULAS
from mlp_edge.training.examples import Examples
from mlp_edge.training.network import moments
from mlp_edge.training.parts import Parts
from mlp_edge.training.preprocessing import Preprocessed
from mlp_edge.training.task_choices import DEFAULT_OUTPUT
from mlp_edge.training.weighting import mean_and_variance

ITERATIONS = 1000
"""At most so many steps of L-BFGS; standardised readings take some tens."""


def prior(examples: Examples, chosen: Parts) -> list[float]:
    """Mean of the training targets per output: class frequencies, or the mean value."""
    mean, _ = mean_and_variance(
        examples.encoded[chosen.training], examples.weights_of(chosen.training)
    )
    return [float(x) for x in mean]


@dataclass(frozen=True, eq=False)
class Linear:
    """Logistic or ridge regression on standardised inputs, as one dense layer.

    Attributes:
        task: what it predicts.
        mean: of the encoded training rows (width,) float64.
        std: (width,) float64, above zero.
        weights: (outputs, width) float64.
        bias: (outputs,) float64.
        threshold: of a binary task, chosen by the recipe's rule as the network's is; float32.
    """

    task: Task
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    threshold: np.float32 = DEFAULT_THRESHOLD

    def predict(self, inputs: Floats, clip: tuple[float, float] | None = None) -> Floats:
        """Predictions (n, outputs) float32 for encoded inputs (n, width), within ``clip``."""
        scaled = (inputs.astype(np.float64) - self.mean) / self.std
        exact = FORMULAS[DEFAULT_OUTPUT[self.task]](scaled @ self.weights.T + self.bias)
        outputs = np.asarray(exact, np.float32)
        return outputs if clip is None else np.clip(outputs, *clip)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for model.json."""
        return {
            "mean": self.mean.tolist(),
            "deviation": self.std.tolist(),
            "weights": self.weights.tolist(),
            "bias": self.bias.tolist(),
            "threshold": float(self.threshold),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], task: Task, width: int, outputs: int) -> Linear:
        """Read what ``to_dict`` wrote, for a model of these widths.

        Raises:
            ModelError: when it makes no sense.
        """
        shapes = {
            "mean": (width,), "deviation": (width,), "weights": (outputs, width),
            "bias": (outputs,),
        }  # fmt: skip
        try:
            arrays = {name: np.array(values[name], np.float64) for name in shapes}
            for name, shape in shapes.items():
                if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
                    raise ValueError(f"{name} is no array of {shape} numbers")
            if not (arrays["deviation"] > 0).all():
                raise ValueError("a deviation that is not above zero")
            threshold = np.float32(values.get("threshold", DEFAULT_THRESHOLD))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"the baseline in model.json is damaged ({first_line(error)}); train the model "
                "again"
            ) from error
        mean, std, weights, bias = arrays.values()
        return cls(task, mean, std, weights, bias, threshold)


def linear_baseline(examples: Examples, preprocessed: Preprocessed, chosen: Parts) -> Linear:
    """Logistic regression (C = 1), or ridge regression (alpha = 1), of the training rows.

    Rows count as they do for the network. It is fitted until it converges, whatever the recipe's
    epochs, so that a network is not flattered by a baseline that was cut short.
    """
    rows = chosen.training
    own = examples.weights_of(rows)
    mean, variance = moments(preprocessed.inputs[rows], preprocessed.numbers, own)
    std = np.maximum(np.sqrt(variance.astype(np.float64)), KERAS_EPSILON)
    scaled = (preprocessed.inputs[rows].astype(np.float64) - mean) / std
    weights = None if preprocessed.counts is None else preprocessed.counts[rows]
    fit = _ridge if examples.task == "regression" else _logistic
    kernel, bias = fit(examples, scaled, rows, weights)
    return Linear(examples.task, mean.astype(np.float64), std, kernel, bias)


def _ridge(
    examples: Examples, scaled: NDArray[np.float64], rows: NDArray[np.int64],
    weights: NDArray[np.float64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    model = require("sklearn.linear_model").Ridge()
    model.fit(scaled, examples.targets[rows].astype(np.float64), weights)
    outputs = examples.targets.shape[1]
    return model.coef_.reshape(outputs, -1), np.reshape(model.intercept_, outputs)


def _logistic(
    examples: Examples, scaled: NDArray[np.float64], rows: NDArray[np.int64],
    weights: NDArray[np.float64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    targets = examples.targets[rows]
    own = examples.weights_of(rows)
    count = len(rows) if own is None else max(len(rows), float(own.sum()))
    present = np.unique(targets)
    if len(present) == 1:
        return _one_class(examples, scaled.shape[1], count, int(present[0]))
    model = require("sklearn.linear_model").LogisticRegression(max_iter=ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a baseline that did not quite converge is one still
        model.fit(scaled, targets, weights)
    if examples.task == "binary":
        return model.coef_, model.intercept_
    kernel, bias = model.coef_, model.intercept_
    if len(present) == 2:  # scikit-learn gives the log-odds of the second alone
        kernel, bias = np.vstack([0 * kernel, kernel]), np.append(0.0, bias)
    # A class without training rows is as likely as one row among them, whatever the readings.
    every = np.zeros((len(examples.labels), scaled.shape[1]))
    biases = np.full(len(examples.labels), bias.min() - np.log(count))
    every[present], biases[present] = kernel, bias
    return every, biases


def _one_class(
    examples: Examples, width: int, rows: float, only: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """With one class to learn from: that class, but for one row in ``rows`` + 1."""
    log_odds = np.log(rows)
    if examples.task == "binary":
        return np.zeros((1, width)), np.array([log_odds if only else -log_odds])
    bias = np.zeros(len(examples.labels))
    bias[only] = log_odds
    return np.zeros((len(bias), width)), bias
