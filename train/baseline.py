"""What a network has to beat: the most frequent answer, and a linear model by the same trainer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError, first_line
from mlp_edge.lazy import keras
from mlp_edge.mlp import Dense, Mlp, Scaling, Task
from mlp_edge.train.examples import Examples, Parts
from mlp_edge.train.fitting import Stage, fit_parts
from mlp_edge.train.network import HISTORY_METRIC, build, compile_model, moments
from mlp_edge.train.prepared import Prepared
from mlp_edge.train.recipe import DEFAULT_OUTPUT, LOSSES, Recipe


def prior(examples: Examples, chosen: Parts) -> list[float]:
    """Mean of the training targets per output: class frequencies, or the mean value."""
    return [float(x) for x in examples.encoded[chosen.training].mean(axis=0, dtype=np.float64)]


def linear_baseline(
    task: Task, prepared: Prepared, chosen: Parts, recipe: Recipe, stage: Stage
) -> Any:
    """Logistic or linear regression as a Keras model: standardised, without hidden layers."""
    plain = replace(
        recipe,
        hidden=(),
        output_activation="auto",
        standardize=True,
        optimizer="adam",
        # With one layer a step ten times Keras's is safe, and 150 epochs then converge.
        learning_rate=0.01,
        momentum=None,
        loss=LOSSES[task][0],
        early_stopping=None,
    ).resolved(task)
    keras().utils.set_random_seed(recipe.seed)
    rows = prepared.inputs[chosen.training]
    model = build(plain, rows, prepared.learned.shape[1], prepared.numbers)
    compile_model(model, plain, HISTORY_METRIC[task])
    fit_parts(model, prepared, chosen, plain, stage("linear baseline", plain.epochs))
    return model


def describe(model: Any, prepared: Prepared, training: NDArray[np.int64]) -> dict[str, Any]:
    """The baseline for model.json: one layer behind the model's own encoding."""
    mean, variance = moments(prepared.inputs[training], prepared.numbers)
    kernel, bias = model.layers[-1].get_weights()
    return {
        "mean": mean.tolist(),
        "deviation": np.maximum(np.sqrt(variance), np.float32(1e-7)).tolist(),
        "weights": kernel.T.tolist(),
        "bias": bias.tolist(),
    }


def from_description(description: Mapping[str, Any], mlp: Mlp) -> Mlp:
    """The baseline that model.json describes, as an Mlp beside the model's own."""
    try:
        array = {name: np.array(values, np.float32) for name, values in description.items()}
        layer = Dense(array["weights"], array["bias"], DEFAULT_OUTPUT[mlp.task])
        return replace(mlp, scaling=Scaling(array["mean"], array["deviation"]), layers=(layer,))
    except (KeyError, TypeError, ValueError, ModelError) as error:
        raise ModelError(
            f"the baseline in model.json is damaged ({first_line(error)}); train the model again"
        ) from error
