"""A recipe: every setting of a training, checked against itself and against the task."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from mlp_edge.data.splitting.times import IN_TIME, time_column
from mlp_edge.errors import ModelError, RecipeError
from mlp_edge.mlp import HIDDEN_ACTIVATIONS, Task
from mlp_edge.training.scoring.threshold import check_threshold, is_chosen

OPTIMIZERS = (
    "adam", "adamw", "adamax", "nadam", "adagrad", "adadelta", "rmsprop", "sgd", "lion", "ftrl",
)  # fmt: skip
"""Keras's names; the learning rate is Keras's default unless one is given."""
CLASS_WEIGHTS = ("none", "balanced")
"""Instead of weights that are given by their labels."""
SCHEDULES = ("constant", "cosine", "exponential")
"""How the learning rate falls while a network learns."""
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

MOST_WEIGHT = 1_000_000.0
"""Of a row of a class, and the inverse of the least: float32 sums them."""
MOST_L2 = 1000
"""Beyond, nothing but the weights would be learned."""
DEFAULT_VALIDATION = 0.1
"""The share of the training rows that are validation rows where something needs such rows."""
DEFAULT_THRESHOLD_TEXT = "0.5"
"""``Recipe.threshold`` unless --threshold says."""


@dataclass(frozen=True)
class Recipe:
    """The settings of one training, named as the options are.

    Attributes:
        hidden: neurons of each hidden layer, in order; () for none.
        activation: of the hidden layers.
        output_activation: "auto" follows the task.
        epochs: passes over the training rows.
        batch_size: rows per step.
        dropout: share of each hidden layer's outputs that is dropped while learning, 0 to below 1.
        l2: weight in the loss of the sum of squares of every layer's kernel; 0 for none.
        batch_normalization: whether every hidden layer's sums are normalised while learning; in
            what is saved, that is folded into the layers.
        schedule: one of ``SCHEDULES``.
        optimizer: one of ``OPTIMIZERS``.
        learning_rate: None is Keras's default for the optimizer.
        momentum: for sgd and rmsprop; None is Keras's default.
        loss: "auto" follows the task.
        metrics: names of ``scoring.scores.METRICS`` to report; () follows the task.
        standardize: whether a Normalization layer stands in front.
        test_size: share of all rows that training never sees, 0 to below 1.
        validation_size: share of the training rows for validation, 0 to below 1.
        early_stopping: stop after so many epochs without a better validation loss; None never.
        class_weight: "balanced" makes every class count alike in the loss; "none" every row;
            LABEL=WEIGHT,LABEL=WEIGHT says how much a row of a class counts, 1 if not named.
        threshold: above which probability a binary answer is the second class: a number as text,
            or a rule by which it is chosen on the validation rows; see ``threshold``.
        group: a column whose equal cells stay on one side of every split; None for no such.
        split: "random"; "time", so that the last rows of the file test; or "time:COLUMN", so that
            the last ones by that column do.
        clip: lowest and highest answer of a regression, float32 numbers; None for no limits.
        seed: of the split, the first weights and the shuffling.
    """

    hidden: tuple[int, ...] = (12, 8)
    activation: str = "relu"
    output_activation: str = "auto"
    epochs: int = 150
    batch_size: int = 10
    dropout: float = 0.0
    l2: float = 0.0
    batch_normalization: bool = False
    schedule: str = "constant"
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
    threshold: str = DEFAULT_THRESHOLD_TEXT
    group: str | None = None
    split: str = "random"
    clip: tuple[float, float] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        _check_choice("--activation", self.activation, HIDDEN_ACTIVATIONS)
        _check_choice("--optimizer", self.optimizer, OPTIMIZERS)
        _check_choice("--schedule", self.schedule, SCHEDULES)
        if self.class_weight not in CLASS_WEIGHTS:
            label_weights(self.class_weight)
        check_threshold(self.threshold)
        if self.clip is not None and not -math.inf < self.clip[0] < self.clip[1] < math.inf:
            low, high = self.clip
            raise RecipeError(f"--clip takes LOW,HIGH, the lower first; got {low:g},{high:g}")
        self._check_split()
        if self.momentum is not None and self.optimizer not in WITH_MOMENTUM:
            raise RecipeError(
                f"--momentum: {self.optimizer} has none; {' and '.join(WITH_MOMENTUM)} do"
            )
        if any(width < 1 for width in self.hidden):
            raise RecipeError("--hidden: every layer takes at least one neuron, such as 12,8")
        self._check_regularisation()
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
        recipe = replace(self, **chosen)
        needs = recipe._needs_validation
        if recipe.validation_size or not needs:
            return recipe
        if "validation_size" in chosen:
            option, words = needs[0]
            whose = "" if option in chosen else "the saved recipe's "
            raise RecipeError(
                f"{whose}{words} needs validation rows and --validation-size 0 leaves none; "
                f"{DEFAULT_VALIDATION:g} would do"
            )
        return replace(recipe, validation_size=DEFAULT_VALIDATION)

    @property
    def _needs_validation(self) -> list[tuple[str, str]]:
        """What cannot do without validation rows: each setting's name, and it as it is typed."""
        found = []
        if self.early_stopping is not None:
            found.append(("early_stopping", f"--early-stopping {self.early_stopping}"))
        if is_chosen(self.threshold):
            found.append(("threshold", f"--threshold {self.threshold}"))
        return found

    @property
    def in_time(self) -> bool:
        """Whether the rows are split in time."""
        return self.split != "random"

    def _check_split(self) -> None:
        if self.split not in ("random", IN_TIME) and not time_column(self.split):
            raise RecipeError(
                f"--split takes random, time (the last rows of the file test) or time:COLUMN; got "
                f"{self.split!r}"
            )
        if self.in_time and self.group is not None:
            raise RecipeError(
                f"--group {self.group} and --split {self.split} contradict each other: a group "
                "with rows before and after the cut would stand on both sides; leave one out"
            )

    def _check_regularisation(self) -> None:
        if not 0 <= self.dropout < 1:
            raise RecipeError(
                "--dropout is a share of a layer's outputs from 0 to below 1, such as 0.2; "
                f"got {self.dropout:g}"
            )
        if not 0 <= self.l2 <= MOST_L2:
            raise RecipeError(f"--l2 is from 0 to {MOST_L2}, such as 0.001; got {self.l2:g}")
        if not self.hidden and (self.dropout or self.batch_normalization):
            option = "--dropout" if self.dropout else "--batch-norm"
            raise RecipeError(
                f"{option} is for hidden layers and --hidden none leaves none; --l2 would do"
            )
        if self.batch_normalization and self.batch_size == 1:
            raise RecipeError(
                "--batch-norm normalises each step's rows by one another and --batch-size 1 leaves "
                "none to compare with; 10 would do"
            )

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
        if task != "binary" and self.threshold != DEFAULT_THRESHOLD_TEXT:
            raise RecipeError(f"--threshold is for a binary task; this one is {task}")
        if task != "regression" and self.clip is not None:
            raise RecipeError(f"--clip is for a regression; a {task} task answers probabilities")
        return replace(self, loss=loss, output_activation=output)

    def steps(self, rows: int) -> int:
        """Training steps on so many rows, in all epochs together."""
        return self.epochs * -(-rows // self.batch_size)

    @property
    def compiled(self) -> tuple[Any, ...]:
        """What Keras compiles a model with; equal recipes can go on with the same optimizer."""
        return (self.optimizer, self.learning_rate, self.momentum, self.schedule, self.loss)

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
        except (KeyError, TypeError, AttributeError) as error:
            raise ModelError(
                f"the recipe in model.json is damaged ({type(error).__name__}: {error}); "
                "train the model again"
            ) from error


def label_weights(text: str) -> dict[str, float]:
    """What LABEL=WEIGHT,LABEL=WEIGHT says; a label with a comma is quoted as in CSV: "a,b=2".

    Raises:
        RecipeError: when it says nothing of the kind, or a weight is not above 0.
    """
    shape = (
        "--class-weight takes none, balanced or LABEL=WEIGHT,LABEL=WEIGHT, such as yes=2,no=1; "
        f"got {text!r}"
    )
    weights: dict[str, float] = {}
    try:
        parts = next(csv.reader([text], skipinitialspace=True, strict=True), []) or [""]
        pairs = [(label, float(number)) for label, _, number in (p.rpartition("=") for p in parts)]
    except (ValueError, csv.Error):
        raise RecipeError(shape) from None
    for label, weight in pairs:
        if not label:
            raise RecipeError(shape)
        if not 1 / MOST_WEIGHT <= weight <= MOST_WEIGHT:
            raise RecipeError(
                f"--class-weight: a weight is from {1 / MOST_WEIGHT:g} to {MOST_WEIGHT:g}; "
                f"got {label}={weight:g}"
            )
        if label in weights:
            raise RecipeError(f"--class-weight gives {label!r} two weights; one would do")
        weights[label] = weight
    return weights


def _check_choice(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise RecipeError(f"{option} {value!r} is not one of {', '.join(choices)}")
