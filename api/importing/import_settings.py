"""What the owner of a network says that its file does not: settings of an import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlp_edge.errors import InputError, RecipeError
from mlp_edge.mlp import TASKS, check_name
from mlp_edge.settings import declared, setting

STANDARD, MIN_MAX = "standard", "min-max"


@dataclass(frozen=True)
class ImportSettings:
    """Names, classes and the scaling of a network.

    Attributes:
        target: columns of the rows that the network predicts; () is the one column that the
            network does not take.
        features: names of its inputs in their order, columns of the rows; () is every column but
            the target.
        labels: class names in the order of the outputs, of two classes the negative one first; ()
            for the file's own, or the target's values in order.
        task: regression, binary or multiclass; None follows from the last layer.
        threshold: of a binary model.
        scaling: what the readings go through before the network: a scaler.json, a model directory
            of mlp-edge whose scaling is taken, "standard" or "min-max" by the rows; None for
            nothing.
        name: of the model; None for the file's.
    """

    target: tuple[str, ...] = declared(
        (), "Column that the network predicts; several between commas.", "Columns",
        shown="the one column left",
    )  # fmt: skip
    features: tuple[str, ...] = declared(
        (), "Columns that the network takes, in its order, between commas.", "Columns",
        shown="all but the target",
    )  # fmt: skip
    labels: tuple[str, ...] = declared(
        (), "Class names in the order of the outputs, between commas.", "Columns",
        shown="the target's values in order",
    )  # fmt: skip
    task: str | None = declared(
        None, "Task: regression, binary or multiclass.", "Network", shown="from the last layer"
    )
    threshold: float = declared(0.5, "Probability above which the second class counts.", "Network")
    scaling: str | Path | None = declared(
        None,
        "Scaling of the readings: a scaler.json, a model directory, standard or min-max.",
        "Network",
        shown="none",
    )
    name: str | None = declared(
        None, "Name of the model, of files and of C symbols.", "Network", shown="the file's"
    )

    def __post_init__(self) -> None:
        """Check what needs no network.

        Raises:
            RecipeError: for a task that does not exist, a threshold that is no probability.
            InputError: for a name that stands twice.
            ModelError: for a name that files and C symbols cannot have.
        """
        if self.task is not None and self.task not in TASKS:
            raise RecipeError(f"{setting('task', self.task)} is not one of {', '.join(TASKS)}")
        if not 0 < self.threshold < 1:
            raise RecipeError(
                f"{setting('threshold', self.threshold)}: takes a number between 0 and 1 such as "
                "0.3"
            )
        for key in ("target", "features", "labels"):
            names = getattr(self, key)
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise InputError(f"{setting(key, list(names))} names {twice!r} twice")
        if self.name is not None:
            check_name(self.name)
