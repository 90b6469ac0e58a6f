"""A recipe: the settings of a training, and what they come to for a table and a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from mlp_edge.errors import ModelError, RecipeError
from mlp_edge.mlp import Task
from mlp_edge.settings import setting
from mlp_edge.training.default_recipe import (
    AUTO,
    REGULARISED,
    RULED,
    STRENGTHS,
    Shape,
    regularised,
    ruled,
)
from mlp_edge.training.recipe_settings import DEFAULT_THRESHOLD_TEXT, RecipeSettings
from mlp_edge.training.scoring.threshold import is_chosen
from mlp_edge.training.task_choices import (
    check_follows,
    has_logits,
    loss_for,
    output_for,
)

DEFAULT_VALIDATION = 0.1
"""The share of the training rows that are validation rows where something needs such rows."""


@dataclass(frozen=True)
class Recipe(RecipeSettings):
    """The settings of a training, and what they come to for a table and a task.

    Raises:
        RecipeError: from the constructor, when settings contradict each other.
    """

    @classmethod
    def named(cls, name: str) -> Recipe:
        """The recipe ``tutorial``, or ``auto`` before it knows a table.

        Raises:
            RecipeError: when there is no such recipe.
        """
        return cls(name=name, automatic=RULED if name == AUTO else ())

    def given(self, options: Mapping[str, Any]) -> Recipe:
        """This recipe with the options that were given (those that are not None).

        Raises:
            RecipeError: when they contradict each other.
        """
        chosen = {name: value for name, value in options.items() if value is not None}
        automatic = tuple(name for name in self.automatic if name not in chosen)
        return replace(self, **chosen, automatic=automatic)._with_validation(chosen)

    def for_table(self, shape: Shape) -> Recipe:
        """This recipe with what nobody chose as the rules of ``auto`` have it for a table.

        Raises:
            RecipeError: when something that was chosen contradicts a rule.
        """
        chosen = {name: getattr(self, name) for name in RULED if name not in self.automatic}
        rules = ruled(shape, chosen)
        return replace(self, **{name: rules[name] for name in self.automatic})._with_validation({})

    @property
    def strengths(self) -> tuple[str, ...]:
        """Those of the regularisation between which inner folds are to choose."""
        undecided = not self.strength and set(REGULARISED) & set(self.automatic)
        return tuple(STRENGTHS) if undecided else ()

    def regularised(self, strength: str, rows: int) -> Recipe:
        """This recipe, of a table, with a strength of regularisation for so many training rows.

        What was chosen stays, and everything where no strength is left to choose.
        """
        if strength not in self.strengths:
            return self
        fixed = {name: getattr(self, name) for name in REGULARISED if name not in self.automatic}
        # The table decided the size of the network, and with it the dropout, firm as rules have it.
        light = self.dropout - STRENGTHS["firm"].dropout
        rules = regularised(strength, rows, light, {"hidden": self.hidden, **fixed})
        changes = {name: rules[name] for name in REGULARISED if name in self.automatic}
        return replace(self, **changes, strength=strength)

    def _with_validation(self, chosen: Mapping[str, Any]) -> Recipe:
        """This recipe with validation rows where something needs some.

        Raises:
            RecipeError: when somebody chose to have none.
        """
        recipe, needs = self, self._needs_validation
        if recipe.validation_size or not needs:
            return recipe
        if "validation_size" in chosen:
            whose = "" if needs[0] in chosen else "the saved recipe's "
            raise RecipeError(
                f"{whose}{setting(needs[0], getattr(recipe, needs[0]))} needs validation rows and "
                f"{setting('validation_size', 0)} leaves none; {DEFAULT_VALIDATION:g} would do"
            )
        return replace(recipe, validation_size=DEFAULT_VALIDATION)

    @property
    def _needs_validation(self) -> list[str]:
        """The settings that cannot do without validation rows."""
        needs = {
            "early_stopping": self.early_stopping is not None,
            "threshold": is_chosen(self.threshold),
        }
        return [name for name, needed in needs.items() if needed]

    def resolved(self, task: Task) -> Recipe:
        """This recipe with every "auto" replaced by what the task asks for.

        Raises:
            RecipeError: when a choice contradicts the task, with the reason.
        """
        loss = loss_for(task, self.loss)
        output = output_for(task, self.output_activation, loss)
        if task == "regression" and self.class_weight != "none":
            raise RecipeError(
                f"{setting('class_weight')} is for classes, and a regression has none"
            )
        if task != "binary" and self.threshold != DEFAULT_THRESHOLD_TEXT:
            raise RecipeError(f"{setting('threshold')} is for a binary task; this one is {task}")
        if task != "regression" and self.clip is not None:
            raise RecipeError(
                f"{setting('clip')} is for a regression; a {task} task predicts probabilities"
            )
        if self.monotone:
            check_follows(task, output)
        recipe = replace(self, loss=loss, output_activation=output)
        joined = self.ensemble > 1
        if not self.temperature or (has_logits(task, output) and not joined):
            return recipe
        if "temperature" not in self.automatic and joined:
            raise RecipeError(
                f"{setting('temperature')} is found for a single network, and "
                f"{setting('ensemble', self.ensemble)} joins several, whose mean claims less; "
                "leave one out"
            )
        if "temperature" not in self.automatic:
            raise RecipeError(
                f"{setting('temperature')} is for a sigmoid or a softmax output of classes; this "
                f"one is {output}, of a {task} task"
            )
        return replace(recipe, temperature=False)

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
            tuples["automatic"] = tuple(x for x in known.get("automatic", ()) if x in RULED)
            tuples["monotone"] = tuple(known.get("monotone", ()))
            if known["clip"] is not None:
                tuples["clip"] = tuple(known["clip"])
            return cls(**{**known, **tuples})
        except (KeyError, TypeError, AttributeError) as error:
            raise ModelError(
                f"the recipe in model.json is damaged ({type(error).__name__}: {error}); "
                "train the model again"
            ) from error
