"""Untrained Keras networks of every shape, pairwise over what can differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from allpairspy import AllPairs

from mlp_edge.keras_file import read_network
from mlp_edge.lazy import keras
from mlp_edge.mlp import HIDDEN_ACTIVATIONS, Feature, Floats, Mlp, Task
from mlp_edge.model_directory import MODEL
from mlp_edge.train.network import build
from mlp_edge.train.recipe import DEFAULT_OUTPUT, Recipe

FACTORS: dict[str, Sequence[object]] = {
    "activation": HIDDEN_ACTIVATIONS,
    "depth": (0, 1, 2, 3, 4),
    "width": (1, 5, 32, 300),
    "inputs": (1, 3, 8, 41),
    "task": ("binary", "multiclass", "regression"),
    "outputs": (1, 2, 17),
    "standardised": (True, False),
}


@dataclass(frozen=True)
class Animal:
    """One network of the zoo."""

    activation: str
    depth: int
    width: int
    inputs: int
    task: Task
    outputs: int
    standardised: bool

    @property
    def name(self) -> str:
        scaled = "scaled" if self.standardised else "raw"
        hidden = f"{self.depth}x{self.width}"
        return f"{self.activation}-{self.inputs}-{hidden}-{self.outputs}-{self.task}-{scaled}"


def _possible(row: Sequence[object]) -> bool:
    """A binary network has one output, a multiclass one at least two."""
    if len(row) < 6:
        return True
    return {"binary": row[5] == 1, "multiclass": row[5] != 1}.get(str(row[4]), True)


def zoo() -> list[Animal]:
    """Every pair of values of any two factors stands in some animal."""
    return [Animal(*row) for row in AllPairs(list(FACTORS.values()), filter_func=_possible)]


def raise_animal(animal: Animal, folder: Path) -> tuple[Mlp, Path, Floats]:
    """Build the network in Keras, save it, and read it back: Mlp, .keras file, rows."""
    random = np.random.default_rng(len(animal.name))
    keras().utils.set_random_seed(7)
    centre = random.uniform(-20, 20, animal.inputs)
    spread = random.uniform(0.1, 30, animal.inputs)
    if not animal.standardised:
        # What a network without scaling is trained on: numbers near 1.
        centre, spread = centre / 20, spread / 30
    rows = random.normal(centre, spread, (60, animal.inputs)).astype(np.float32)
    recipe = Recipe(
        hidden=(animal.width,) * animal.depth,
        activation=animal.activation,
        output_activation=DEFAULT_OUTPUT[animal.task],
        standardize=animal.standardised,
    )
    model = build(recipe, rows, animal.outputs)
    model.set_weights(
        [
            array if array.ndim == 2 else random.uniform(-0.5, 0.5, array.shape)
            for array in model.get_weights()
        ]
    )
    path = folder / MODEL
    model.save(path)
    network = read_network(path)
    labels = {"regression": 0, "binary": 2, "multiclass": animal.outputs}[animal.task]
    mlp = Mlp(
        name="animal",
        features=tuple(
            Feature(f"x{i}", float(column.min()), float(column.max()))
            for i, column in enumerate(rows.T)
        ),
        target="y",
        labels=tuple(f"class {i}" for i in range(labels)),
        task=animal.task,
        threshold=np.float32(0.5),
        scaling=network.scaling,
        layers=network.layers,
    )
    return mlp, path, rows
