"""Every setting of a training, checked against the others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mlp_edge.data.splitting.times import IN_TIME, time_column
from mlp_edge.errors import RecipeError
from mlp_edge.mlp import HIDDEN_ACTIVATIONS
from mlp_edge.proof.monotone import directions, spelled
from mlp_edge.settings import declared, setting
from mlp_edge.training.class_weights import check_class_weight
from mlp_edge.training.default_recipe import RECIPES, TUTORIAL
from mlp_edge.training.ensemble import MOST_MEMBERS
from mlp_edge.training.scoring.threshold import check_threshold
from mlp_edge.training.task_choices import check_never_falls

OPTIMIZERS = (
    "adam", "adamw", "adamax", "nadam", "adagrad", "adadelta", "rmsprop", "sgd", "lion", "ftrl",
)  # fmt: skip
"""Keras's names; the learning rate is Keras's default unless one is given."""
SCHEDULES = ("constant", "cosine", "exponential")
"""How the learning rate falls while a network learns."""
WITH_MOMENTUM = ("sgd", "rmsprop")

OUTPUT_BIASES = ("zero", "prior")
"""Where the bias of the last layer starts."""
BY_RECIPE = "by the recipe"
"""What is said of the default of a setting that the rules of a recipe choose."""
MOST_L2 = 1000
"""Beyond, nothing but the weights would be learned."""
DEFAULT_THRESHOLD_TEXT = "0.5"
"""``Recipe.threshold`` unless somebody says."""


@dataclass(frozen=True)
class RecipeSettings:
    """The settings of one training; its defaults are those of the recipe ``tutorial``.

    Attributes:
        hidden: neurons of each hidden layer, in order; () for none.
        ensemble: networks of different seeds whose mean, before the output activation, is the
            model; 1 for a single network.
        activation: of the hidden layers.
        output_activation: "auto" follows the task.
        epochs: passes over the training rows.
        batch_size: rows per step.
        dropout: share of each hidden layer's outputs that is dropped while learning, 0 to below 1.
        l2: weight in the loss of the sum of squares of every layer's kernel; 0 for none.
        output_l2: the same of the output layer's kernel alone; None is ``l2``.
        batch_normalization: whether every hidden layer's sums are normalised while learning; in
            what is saved, that is folded into the layers.
        schedule: one of ``SCHEDULES``.
        optimizer: one of ``OPTIMIZERS``.
        learning_rate: None is Keras's default for the optimizer.
        momentum: for sgd and rmsprop; None is Keras's default.
        loss: "auto" follows the task.
        metrics: names of ``scoring.scores.METRICS`` to report; () follows the task.
        temperature: whether a single classifier's logits are divided by the number that makes its
            probabilities right on rows of inner folds.
        standardize: whether a Normalization layer stands in front.
        output_bias: where the bias of the last layer starts: at "zero", or at "prior", where the
            network predicts the class shares of the training rows, or their mean.
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
        weight: a column whose numbers say how much each row counts; None where all count alike.
        monotone: columns with whose readings a prediction rises ("age=+") or falls ("age=-"), by
            constraints on the weights; a mapping column -> "+" or "-" is held as such texts.
        prune: whether hidden units are removed that do nothing for any row in the ranges of the
            training rows; the recipe ``auto`` removes them in any case.
        clip: lowest and highest prediction of a regression, rounded to float32; None for no
            limits.
        seed: of the split, the first weights and the shuffling.
        name: "auto" or "tutorial": where the settings that nobody chose come from.
        automatic: names of the settings that the rules of ``auto`` choose for a table.
        strength: of the regularisation that inner folds chose, one of ``STRENGTHS``; "" before
            they have, and where none of it is automatic.
    """

    hidden: tuple[int, ...] = declared(
        (12, 8), "Neurons of each hidden layer; none for a linear model.", "Network",
        shown=BY_RECIPE,
    )  # fmt: skip
    ensemble: int = declared(
        1, "Join N networks of different seeds into one model, at N times the cost.", "Network"
    )
    activation: str = declared("relu", "Activation of the hidden layers.", "Network")
    output_activation: str = declared(
        "auto", "Activation of the output layer; auto follows the task.", "Network"
    )
    epochs: int = declared(150, "Passes over the training rows.", "Training", shown=BY_RECIPE)
    batch_size: int = declared(10, "Rows per training step.", "Training", shown=BY_RECIPE)
    dropout: float = declared(
        0.0, "Share of each hidden layer's outputs dropped in a step.", "Overfitting",
        shown=BY_RECIPE,
    )  # fmt: skip
    l2: float = declared(
        0.0, "Weight of the squared weights in the loss.", "Overfitting", shown=BY_RECIPE
    )
    output_l2: float | None = declared(
        None, "The same of the output layer alone.", "Overfitting",
        shown=BY_RECIPE,
    )  # fmt: skip
    batch_normalization: bool = declared(
        False, "Normalise hidden layers over the batch while learning.", "Overfitting",
        flag="--batch-norm/--no-batch-norm",
    )  # fmt: skip
    schedule: str = declared(
        "constant", "Learning rate over time: constant, cosine or exponential.", "Training",
        shown=BY_RECIPE,
    )  # fmt: skip
    optimizer: str = declared(
        "adam", "Optimizer: adam, sgd, rmsprop or another name of Keras.", "Training",
        shown=BY_RECIPE,
    )  # fmt: skip
    learning_rate: float | None = declared(
        None, "Learning rate of the optimizer.", "Training", shown=BY_RECIPE
    )
    momentum: float | None = declared(
        None, "Momentum, for sgd and rmsprop.", "Training", shown="Keras's"
    )
    loss: str = declared("auto", "Loss to minimise; auto follows the task.", "Training")
    metrics: tuple[str, ...] = declared(
        (), "Scores to report, such as accuracy,auc.", "Evaluation", shown="from the task"
    )
    temperature: bool = declared(
        False, "Scale logits for honest probabilities, by inner folds.", "Training",
        flag="--temperature/--no-temperature", shown=BY_RECIPE,
    )  # fmt: skip
    standardize: bool = declared(
        True, "Scale numbers to mean 0 and standard deviation 1.", "Network"
    )
    output_bias: str = declared(
        "zero", "Start of the output bias: zero, or prior (the class shares).", "Network",
        shown=BY_RECIPE,
    )  # fmt: skip
    test_size: float = declared(
        0.2, "Share of the rows held out to test the model on.", "Evaluation"
    )
    validation_size: float = declared(
        0.0, "Share of the training rows used for validation.", "Overfitting"
    )
    early_stopping: int | None = declared(
        None, "Stop after N epochs without a lower validation loss.", "Overfitting", shown="never"
    )
    class_weight: str = declared(
        "none", "Weight of each class: none, balanced or LABEL=WEIGHT,...", "Training"
    )
    threshold: str = declared(
        DEFAULT_THRESHOLD_TEXT,
        "Threshold of a binary model: a number, f1, youden or sensitivity=0.9.", "Evaluation",
    )  # fmt: skip
    group: str | None = declared(
        None, "Column, such as a patient, whose rows stay on one side of a split.", "Evaluation"
    )
    split: str = declared(
        "random", "How to hold rows out: random, time or time:COLUMN (the latest).", "Evaluation"
    )
    weight: str | None = declared(
        None, "Column that says how much each row counts; 0 for not at all.", "Training"
    )
    monotone: tuple[str, ...] | Mapping[str, str] = declared(
        (), "COL=+ or COL=-: the prediction never falls, or never rises, with it.", "Network",
        shown="no column", repeat=True,
    )  # fmt: skip
    prune: bool = declared(
        False, "Remove hidden units that do nothing for rows in the ranges of training.", "Network",
        flag="--prune",
    )  # fmt: skip
    clip: tuple[float, float] | None = declared(
        None, "LOW,HIGH: limits of a regression's predictions.", "Network"
    )
    seed: int = declared(0, "Seed of the split, the weights and the shuffling.", "Training")
    name: str = TUTORIAL
    automatic: tuple[str, ...] = ()
    strength: str = ""

    def __post_init__(self) -> None:
        _check_choice("recipe", self.name, RECIPES)
        _check_choice("activation", self.activation, HIDDEN_ACTIVATIONS)
        _check_choice("optimizer", self.optimizer, OPTIMIZERS)
        _check_choice("schedule", self.schedule, SCHEDULES)
        _check_choice("output_bias", self.output_bias, OUTPUT_BIASES)
        check_class_weight(self.class_weight)
        check_threshold(self.threshold)
        self._check_clip()
        self._check_monotone()
        self._check_split()
        self._check_momentum()
        if any(width < 1 for width in self.hidden):
            raise RecipeError(
                f"{setting('hidden')}: every layer takes at least one neuron, such as 12,8"
            )
        if not 1 <= self.ensemble <= MOST_MEMBERS:
            raise RecipeError(
                f"{setting('ensemble')} is from 2 to {MOST_MEMBERS} networks, or 1 for a single "
                f"one; got {self.ensemble}"
            )
        self._check_regularisation()
        for name in ("test_size", "validation_size"):
            share = getattr(self, name)
            if not 0 <= share < 1:
                raise RecipeError(
                    f"{setting(name)} is a share of the rows from 0 to below 1, such as 0.2; "
                    f"got {share:g}"
                )
        for name in ("epochs", "batch_size", "early_stopping"):
            count = getattr(self, name)
            if count is not None and count < 1:
                raise RecipeError(f"{setting(name)} is at least 1; got {count}")
        if self.learning_rate is not None and not 0 < self.learning_rate < float("inf"):
            raise RecipeError(f"{setting('learning_rate')} is above 0; got {self.learning_rate:g}")
        check_seed(self.seed)

    @property
    def in_time(self) -> bool:
        """Whether the rows are split in time."""
        return self.split != "random"

    def _check_clip(self) -> None:
        if self.clip is None:
            return
        with np.errstate(over="ignore"):
            low, high = (float(np.float32(limit)) for limit in self.clip)
        if not -math.inf < low < high < math.inf:
            raise RecipeError(
                f"{setting('clip')} takes LOW,HIGH, the lower first; got {low:g},{high:g}"
            )
        object.__setattr__(self, "clip", (low, high))  # as every runtime holds them

    def _check_monotone(self) -> None:
        # Two of one column are held once, as a command line may say it twice.
        object.__setattr__(self, "monotone", spelled(directions(self.monotone)))
        if self.monotone and self.hidden:
            check_never_falls("activation", self.activation)

    def _check_split(self) -> None:
        if self.split not in ("random", IN_TIME) and not time_column(self.split):
            raise RecipeError(
                f"{setting('split')} takes random, time (the last rows of the file test) or "
                f"time:COLUMN; got {self.split!r}"
            )
        if self.in_time and self.group is not None:
            raise RecipeError(
                f"{setting('group', self.group)} and {setting('split', self.split)} contradict "
                "each other: a group with rows before and after the cut would stand on both "
                "sides; leave one out"
            )

    def _check_momentum(self) -> None:
        if self.momentum is None:
            return
        if self.optimizer not in WITH_MOMENTUM:
            raise RecipeError(
                f"{setting('momentum')}: {self.optimizer} has none; "
                f"{' and '.join(WITH_MOMENTUM)} do"
            )
        if not 0 <= self.momentum < 1:
            raise RecipeError(f"{setting('momentum')} is from 0 to below 1; got {self.momentum:g}")

    def _check_regularisation(self) -> None:
        if not 0 <= self.dropout < 1:
            raise RecipeError(
                f"{setting('dropout')} is a share of a layer's outputs from 0 to below 1, such as "
                f"0.2; got {self.dropout:g}"
            )
        for name in ("l2", "output_l2"):
            weight = getattr(self, name)
            if weight is not None and not 0 <= weight <= MOST_L2:
                raise RecipeError(
                    f"{setting(name)} is from 0 to {MOST_L2}, such as 0.001; got {weight:g}"
                )
        if not self.hidden and (self.dropout or self.batch_normalization):
            name = "dropout" if self.dropout else "batch_normalization"
            raise RecipeError(
                f"{setting(name)} is for hidden layers and {setting('hidden', ())} leaves none; "
                f"{setting('l2')} would do"
            )
        if self.batch_normalization and self.batch_size == 1:
            raise RecipeError(
                f"{setting('batch_normalization')} normalises each step's rows by one another and "
                f"{setting('batch_size', 1)} leaves none to compare with; 10 would do"
            )


def check_seed(seed: int) -> None:
    """Refuse a seed that NumPy and Keras do not take.

    Raises:
        RecipeError: naming the range.
    """
    if not 0 <= seed < 2**32:
        raise RecipeError(f"{setting('seed')} is from 0 to 4294967295; got {seed}")


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise RecipeError(f"{setting(name, value)} is not one of {', '.join(choices)}")
