"""A recipe: every setting of a training, checked against itself and against the task."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from mlp_edge.errors import ModelError, RecipeError
from mlp_edge.mlp import HIDDEN_ACTIVATIONS, Task

OPTIMIZERS = (
    "adam", "adamw", "adamax", "nadam", "adagrad", "adadelta", "rmsprop", "sgd", "lion", "ftrl",
)  # fmt: skip
"""Keras's names; the learning rate is Keras's default unless one is given."""
CLASS_WEIGHTS = ("none", "balanced")
WITH_MOMENTUM = ("sgd", "rmsprop")

LOSSES: dict[Task, tuple[str, ...]] = {
    "regression": ("mse", "mae", "huber", "log_cosh"),
    "binary": ("binary_crossentropy", "binary_focal_crossentropy", "mse"),
    "multiclass": ("categorical_crossentropy", "categorical_focal_crossentropy", "mse"),
}
"""What can be minimised for a task; the first is the default."""

OUTPUTS: dict[Task, tuple[str, ...]] = {
    "regression": tuple(HIDDEN_ACTIVATIONS),
    "binary": ("sigmoid", "hard_sigmoid"),
    "multiclass": ("softmax", "sigmoid"),
}
DEFAULT_OUTPUT: dict[Task, str] = {
    "regression": "linear",
    "binary": "sigmoid",
    "multiclass": "softmax",
}
OUTPUT_REASONS: dict[Task, str] = {
    "regression": "a softmax output is a share of 1, not a value",
    "binary": "the one output is a probability, between 0 and 1",
    "multiclass": "the outputs are one probability per class",
}

DEFAULT_VALIDATION = 0.1
"""The share of the training rows that early stopping watches unless --validation-size says."""


@dataclass(frozen=True)
class Recipe:
    """The settings of one training, named as the options are.

    Attributes:
        hidden: neurons of each hidden layer, in order; () for none.
        activation: of the hidden layers.
        output_activation: "auto" follows the task.
        epochs: passes over the training rows.
        batch_size: rows per step.
        optimizer: one of ``OPTIMIZERS``.
        learning_rate: None is Keras's default for the optimizer.
        momentum: for sgd and rmsprop; None is Keras's default.
        loss: "auto" follows the task.
        metrics: names of ``mlp_edge.train.scores.METRICS`` to report; () follows the task.
        standardize: whether a Normalization layer stands in front.
        test_size: share of all rows that training never sees, 0 to below 1.
        validation_size: share of the training rows that is only watched, 0 to below 1.
        early_stopping: stop after so many epochs without a better validation loss; None never.
        class_weight: "balanced" makes every class count alike in the loss; "none" every row.
        clip: lowest and highest answer of a regression, float32 numbers; None for no limits.
        seed: of the split, the first weights and the shuffling.
    """

    hidden: tuple[int, ...] = (12, 8)
    activation: str = "relu"
    output_activation: str = "auto"
    epochs: int = 150
    batch_size: int = 10
    optimizer: str = "adam"
    learning_rate: float | None = None
    momentum: float | None = None
    loss: str = "auto"
    metrics: tuple[str, ...] = ()
    standardize: bool = True
    test_size: float = 0.2
    validation_size: float = 0.0
    early_stopping: int | None = None
    class_weight: str = "none"
    clip: tuple[float, float] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        _check_choice("--activation", self.activation, HIDDEN_ACTIVATIONS)
        _check_choice("--optimizer", self.optimizer, OPTIMIZERS)
        _check_choice("--class-weight", self.class_weight, CLASS_WEIGHTS)
        if self.clip is not None and not -math.inf < self.clip[0] < self.clip[1] < math.inf:
            low, high = self.clip
            raise RecipeError(f"--clip takes LOW,HIGH, the lower first; got {low:g},{high:g}")
        if self.momentum is not None and self.optimizer not in WITH_MOMENTUM:
            raise RecipeError(
                f"--momentum: {self.optimizer} has none; {' and '.join(WITH_MOMENTUM)} do"
            )
        if any(width < 1 for width in self.hidden):
            raise RecipeError("--hidden: every layer takes at least one neuron, such as 12,8")
        for option in ("test_size", "validation_size"):
            share = getattr(self, option)
            if not 0 <= share < 1:
                raise RecipeError(
                    f"--{option.replace('_', '-')} is a share of the rows from 0 to below 1, "
                    f"such as 0.2; got {share:g}"
                )
        for option in ("epochs", "batch_size", "early_stopping"):
            count = getattr(self, option)
            if count is not None and count < 1:
                raise RecipeError(f"--{option.replace('_', '-')} is at least 1; got {count}")
        if self.learning_rate is not None and not 0 < self.learning_rate < float("inf"):
            raise RecipeError(f"--learning-rate is above 0; got {self.learning_rate:g}")
        if self.momentum is not None and not 0 <= self.momentum < 1:
            raise RecipeError(f"--momentum is from 0 to below 1; got {self.momentum:g}")
        if not 0 <= self.seed < 2**32:
            raise RecipeError(f"--seed is from 0 to 4294967295; got {self.seed}")

    def given(self, options: Mapping[str, Any]) -> Recipe:
        """This recipe with the options that were given (those that are not None).

        Raises:
            RecipeError: when they contradict each other.
        """
        chosen = {name: value for name, value in options.items() if value is not None}
        if chosen.get("early_stopping") and not chosen.get("validation_size", self.validation_size):
            if "validation_size" in chosen:
                raise RecipeError(
                    "--early-stopping watches validation rows and --validation-size 0 leaves none; "
                    "0.1 would do"
                )
            chosen["validation_size"] = DEFAULT_VALIDATION
        recipe = replace(self, **chosen)
        if recipe.early_stopping and not recipe.validation_size:
            raise RecipeError(
                "--validation-size 0 leaves no rows for the early stopping of the saved recipe to "
                "watch; 0.1 would do"
            )
        return recipe

    def resolved(self, task: Task) -> Recipe:
        """This recipe with every "auto" replaced by what the task asks for.

        Raises:
            RecipeError: when a choice contradicts the task, with the reason.
        """
        loss = LOSSES[task][0] if self.loss == "auto" else self.loss
        if loss not in LOSSES[task]:
            raise RecipeError(
                f"--loss {loss} does not fit a {task} task; {', '.join(LOSSES[task])} would do"
            )
        output = self.output_activation
        output = DEFAULT_OUTPUT[task] if output == "auto" else output
        if output not in OUTPUTS[task]:
            raise RecipeError(
                f"--output-activation {output} does not fit a {task} task: "
                f"{OUTPUT_REASONS[task]}; {', '.join(OUTPUTS[task])} would do"
            )
        if output != "softmax" and loss.startswith("categorical"):
            raise RecipeError(
                f"--loss {loss} takes probabilities that sum to 1, and {output} outputs do not; "
                "softmax or --loss mse would do"
            )
        if task == "regression" and self.class_weight != "none":
            raise RecipeError("--class-weight is for classes, and a regression has none")
        if task != "regression" and self.clip is not None:
            raise RecipeError(f"--clip is for a regression; a {task} task answers probabilities")
        return replace(self, loss=loss, output_activation=output)

    @property
    def compiled(self) -> tuple[Any, ...]:
        """What Keras compiles a model with; equal recipes can go on with the same optimizer."""
        return (self.optimizer, self.learning_rate, self.momentum, self.loss)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for model.json."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """Read what ``to_dict`` wrote; unknown settings are left out."""
        names = {entry.name for entry in fields(cls)}
        known = {name: value for name, value in values.items() if name in names}
        try:
            tuples = {"hidden": tuple(known["hidden"]), "metrics": tuple(known["metrics"])}
            if known["clip"] is not None:
                tuples["clip"] = tuple(known["clip"])
            return cls(**{**known, **tuples})
        except (KeyError, TypeError) as error:
            raise ModelError(
                f"the recipe in model.json is damaged ({type(error).__name__}: {error}); "
                "train the model again"
            ) from error


def _check_choice(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise RecipeError(f"{option} {value!r} is not one of {', '.join(choices)}")
