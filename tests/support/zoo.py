"""Untrained Keras networks of every shape, pairwise over what can differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from allpairspy import AllPairs

from mlp_edge.encoding import Encoding
from mlp_edge.feature import Feature
from mlp_edge.lazy import keras
from mlp_edge.mlp import HIDDEN_ACTIVATIONS, Floats, Mlp, Task
from mlp_edge.readers.keras_file import read_network
from mlp_edge.readers.model_directory import MODEL
from mlp_edge.training.network import build, with_processing
from mlp_edge.training.preprocessing import fitted
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.task_choices import DEFAULT_OUTPUT

GOALS: tuple[tuple[Task, int], ...] = (
    ("binary", 1), ("multiclass", 2), ("multiclass", 17),
    ("regression", 1), ("regression", 2), ("regression", 17),
)  # fmt: skip
"""Task and outputs, as they go together."""

FACTORS: dict[str, Sequence[object]] = {
    "goal": GOALS,
    "activation": HIDDEN_ACTIVATIONS,
    "depth": (0, 1, 2, 3, 4),
    "width": (1, 5, 32, 130),
    "inputs": (1, 3, 8, 41),
    "readings": ("numbers", "filled", "mixed", "categories"),
    "standardised": (True, False),
}


@dataclass(frozen=True)
class Animal:
    """One network of the zoo."""

    goal: tuple[Task, int]
    activation: str
    depth: int
    width: int
    inputs: int
    readings: str
    standardised: bool

    @property
    def task(self) -> Task:
        return self.goal[0]

    @property
    def outputs(self) -> int:
        return self.goal[1]

    @property
    def name(self) -> str:
        scaled = "scaled" if self.standardised else "raw"
        hidden = f"{self.depth}x{self.width}"
        return (
            f"{self.activation}-{self.inputs}-{hidden}-{self.outputs}-{self.task}-{scaled}"
            f"-{self.readings}"
        )

    @property
    def clip(self) -> tuple[float, float] | None:
        """Some regressions are clipped, to ends that some rows are beyond."""
        clipped = self.task == "regression" and self.standardised
        return (-0.125, 0.25) if clipped else None


def feature(kind: str, index: int) -> Feature:
    """One reading of a kind; those of "mixed" go round every way to treat a reading."""
    name = f"x{index}"
    if kind == "numbers":
        return Feature(name)
    if kind == "filled":
        return Feature(name, fill=1.5, indicator=index % 2 == 0, sentinel=-999.0)
    codes = (0, 1, 2) if index % 2 else (-7, 3, 40)
    category = Feature(name, categories=("low", "middle", "high"), codes=codes)
    if kind == "categories":
        return replace(category, fill=float(codes[1])) if index % 3 else category
    return (
        Feature(name, fill=0.25),
        replace(category, fill=float(codes[2]), indicator=True),
        Feature(name, sentinel=0.0),
        category,
        Feature(name),
        replace(category, sentinel=9.0),
    )[index % 6]


def readings(features: Sequence[Feature], count: int, random: np.random.Generator) -> Floats:
    """Raw readings (count, features) float32 that nothing rejects; some are missing."""
    columns = []
    for each in features:
        if each.codes:
            column = random.choice(each.codes, count).astype(np.float64)
        else:
            column = random.normal(random.uniform(-20, 20), random.uniform(0.1, 30), count)
        if each.fill is not None:
            column[random.random(count) < 0.1] = np.nan
        columns.append(column)
    return np.array(columns, np.float32).T.copy()


def zoo() -> list[Animal]:
    """Every pair of values of any two factors stands in some animal."""
    return [Animal(*row) for row in AllPairs(list(FACTORS.values()))]


def raise_animal(animal: Animal, folder: Path) -> tuple[Mlp, Path, Floats]:
    """Build the network in Keras, save it, and read it back: Mlp, .keras file, rows."""
    random = np.random.default_rng(len(animal.name))
    keras().utils.set_random_seed(7)
    features = tuple(feature(animal.readings, index) for index in range(animal.inputs))
    rows = readings(features, 60, random)
    if not animal.standardised:
        # What a network without scaling is trained on: numbers near 1.
        numbers = [not each.codes for each in features]
        rows[:, numbers] /= 20
    encoding = Encoding.of(features)
    inputs = encoding.encode(rows)
    recipe = Recipe(
        hidden=(animal.width,) * animal.depth,
        activation=animal.activation,
        output_activation=DEFAULT_OUTPUT[animal.task],
        standardize=animal.standardised,
    )
    model = build(recipe, inputs, animal.outputs, len(encoding.numbers))
    model.set_weights(
        [
            array if array.ndim == 2 else random.uniform(-0.5, 0.5, array.shape)
            for array in model.get_weights()
        ]
    )
    path = folder / MODEL
    with_processing(model, encoding, animal.clip).save(path)
    network = read_network(path)
    labels = {"regression": 0, "binary": 2, "multiclass": animal.outputs}[animal.task]
    mlp = Mlp(
        name="animal",
        features=fitted(features, [False] * animal.inputs, rows),
        targets=tuple(f"y{i}" for i in range(animal.outputs if labels == 0 else 1)),
        labels=tuple(f"class {i}" for i in range(labels)),
        task=animal.task,
        threshold=np.float32(0.5),
        scaling=network.scaling,
        layers=network.layers,
        clip=network.clip,
    )
    return mlp, path, rows
