"""Losses and output activations that fit a task."""

from __future__ import annotations

from mlp_edge.errors import RecipeError
from mlp_edge.mlp import HIDDEN_ACTIVATIONS, MONOTONE_ACTIVATIONS, Task
from mlp_edge.settings import setting

LOSSES: dict[Task, tuple[str, ...]] = {
    "regression": ("mse", "mae", "huber", "log_cosh"),
    "binary": ("binary_crossentropy", "binary_focal_crossentropy", "mse"),
    "multiclass": ("categorical_crossentropy", "categorical_focal_crossentropy", "mse"),
}
"""What can be minimised for a task; the first is the default."""

OUTPUTS: dict[Task, tuple[str, ...]] = {
    "regression": (*HIDDEN_ACTIVATIONS, "exponential"),
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


def loss_for(task: Task, loss: str) -> str:
    """The loss that was chosen, or the task's own for "auto".

    Raises:
        RecipeError: when it does not fit the task.
    """
    loss = LOSSES[task][0] if loss == "auto" else loss
    if loss not in LOSSES[task]:
        raise RecipeError(
            f"{setting('loss', loss)} does not fit a {task} task; "
            f"{', '.join(LOSSES[task])} would do"
        )
    return loss


def output_for(task: Task, output: str, loss: str) -> str:
    """The output activation that was chosen, or the task's own for "auto".

    Raises:
        RecipeError: when it does not fit the task or the loss, with the reason.
    """
    output = DEFAULT_OUTPUT[task] if output == "auto" else output
    if output not in OUTPUTS[task]:
        raise RecipeError(
            f"{setting('output_activation', output)} does not fit a {task} task: "
            f"{OUTPUT_REASONS[task]}; {', '.join(OUTPUTS[task])} would do"
        )
    if output != "softmax" and loss.startswith("categorical"):
        raise RecipeError(
            f"{setting('loss', loss)} takes probabilities that sum to 1, and {output} outputs "
            f"do not; softmax or {setting('loss', 'mse')} would do"
        )
    return output


def check_never_falls(name: str, activation: str) -> None:
    """Refuse an activation with which no weights make a prediction follow a reading.

    Args:
        name: of the setting.
        activation: its value.

    Raises:
        RecipeError: naming those that would do.
    """
    if activation in MONOTONE_ACTIVATIONS:
        return
    others = ", ".join(each for each in MONOTONE_ACTIVATIONS if each in HIDDEN_ACTIVATIONS)
    raise RecipeError(
        f"{setting(name, activation)} falls before it rises, so that no weights make a prediction "
        f"{setting('monotone')}; {others} would do"
    )


def check_follows(task: Task, output: str) -> None:
    """Refuse a task whose predictions cannot be made to follow a reading.

    Raises:
        RecipeError: for several classes, and for an output activation that falls.
    """
    if task == "multiclass":
        raise RecipeError(
            f"{setting('monotone')} is for a regression or a binary task: the probabilities of "
            "several classes add up to 1, and no sign of a weight keeps one of them from "
            "falling; a target of two classes would do"
        )
    check_never_falls("output_activation", output)


def has_logits(task: Task, output: str) -> bool:
    """Whether the last layer sums logits of probabilities that sum to 1."""
    return output == DEFAULT_OUTPUT[task] and task != "regression"
