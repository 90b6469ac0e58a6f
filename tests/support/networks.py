"""Random networks as plain Mlps, for tests that need no training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlp_edge.encoding import Encoding
from mlp_edge.feature import Feature
from mlp_edge.mlp import ACTIVATIONS, SCALAR_ACTIVATIONS, Dense, Floats, Mlp, Scaling, Task
from mlp_edge.proof.bound import bound
from mlp_edge.reference import distance, predict

ANY_SUM = tuple(name for name in SCALAR_ACTIVATIONS if name != "rsqrt")
"""Activations that give a number for any sum; rsqrt takes those above 0."""
OUTPUT_ACTIVATION = {"regression": "linear", "binary": "sigmoid", "multiclass": "softmax"}


def network(
    widths: Sequence[int] = (8, 12, 8, 1),
    activation: str = "relu",
    task: Task = "binary",
    standardised: bool = True,
    seed: int = 0,
    **changes: object,
) -> Mlp:
    """A network with Glorot-like weights and biases; ``changes`` overrule the Mlp's fields."""
    random = np.random.default_rng(seed)
    layers = []
    for number, (inputs, outputs) in enumerate(pairwise(widths), start=1):
        last = number == len(widths) - 1
        spread = np.sqrt(6 / (inputs + outputs))
        layers.append(
            Dense(
                weights=random.uniform(-spread, spread, (outputs, inputs)).astype(np.float32),
                bias=random.uniform(-0.5, 0.5, outputs).astype(np.float32),
                activation=OUTPUT_ACTIVATION[task] if last else activation,
            )
        )
    low = random.uniform(-50, 0, widths[0])
    high = low + random.uniform(1, 100, widths[0])
    scaling = Scaling(
        mean=((low + high) / 2).astype(np.float32),
        std=((high - low) / 4).astype(np.float32),
    )
    labels = {"regression": 0, "binary": 2, "multiclass": widths[-1]}[task]
    several = widths[-1] if task == "regression" else 1
    fields: dict[str, object] = {
        "name": "net",
        "features": tuple(
            Feature(f"x{i}", float(low[i]), float(high[i])) for i in range(widths[0])
        ),
        "targets": ("y",) if several == 1 else tuple(f"y{i}" for i in range(several)),
        "labels": tuple(f"class {i}" for i in range(labels)),
        "task": task,
        "threshold": np.float32(0.5),
        "scaling": scaling if standardised else None,
        "layers": tuple(layers),
    }
    return Mlp(**{**fields, **changes})  # type: ignore[arg-type]


def encoded(
    features: Sequence[Feature],
    hidden: Sequence[int] = (6,),
    outputs: int = 1,
    task: Task = "regression",
    standardised: bool = True,
    seed: int = 0,
    **changes: object,
) -> Mlp:
    """A network behind the encoding of ``features``; see ``network``."""
    encoding = Encoding.of(features)
    mlp = network((encoding.width, *hidden, outputs), "relu", task, seed=seed)
    assert mlp.scaling is not None
    is_number = np.arange(encoding.width) < len(encoding.numbers)
    scaling = Scaling(
        mean=np.where(is_number, mlp.scaling.mean, np.float32(0)),
        std=np.where(is_number, mlp.scaling.std, np.float32(1)),
    )
    scaled = scaling if standardised else None
    return replace(mlp, features=tuple(features), **{"scaling": scaled, **changes})  # type: ignore[arg-type]


HUGE = np.float32([
    sign * size for size in (1e3, 1e9, 1e20, 4e26, 5e26, 1e30, 1e37, 3.4e38) for sign in (1, -1)
])  # fmt: skip
"""Sums that float32 holds: XNNPACK's sigmoid for AVX-512 knows them to 4e26."""


def bare(activation: str, hidden: bool = False) -> Mlp:
    """A network that answers activation(x).

    Args:
        activation: of softmax the answers are those of 0 and -x.
        hidden: whether a linear layer follows.
    """
    softmax = activation == "softmax"
    weights = np.float32([[0], [-1]] if softmax else [[1]])
    layers = [Dense(weights, np.zeros(len(weights), np.float32), activation)]
    if hidden:
        one = np.eye(len(weights), dtype=np.float32)
        layers.append(Dense(one, np.zeros(len(weights), np.float32), "linear"))
    task: Task = "multiclass" if softmax and not hidden else "regression"
    blank = network((1, len(weights)), task=task, standardised=False)
    return replace(blank, layers=tuple(layers))


BARE = [(name, hidden) for name in ACTIVATIONS for hidden in (False, True)]
"""What ``bare`` takes."""


def readings(mlp: Mlp, count: int, seed: int = 0) -> Floats:
    """Raw rows (count, inputs) from the features' ranges and codes, evenly; nothing is missing."""
    random = np.random.default_rng(seed)
    low = [-50.0 if feature.low is None else feature.low for feature in mlp.features]
    high = [50.0 if feature.high is None else feature.high for feature in mlp.features]
    rows = random.uniform(low, high, (count, mlp.inputs))
    for index, feature in enumerate(mlp.features):
        if feature.codes:
            rows[:, index] = random.choice(feature.codes, count)
    return rows.astype(np.float32)


def save_keras(mlp: Mlp, path: Path) -> Path:
    """The network as Keras itself would have saved it."""
    from mlp_edge.lazy import keras

    layers = [keras().Input((mlp.inputs,))]
    if mlp.scaling is not None:
        variance = mlp.scaling.std.astype(np.float64) ** 2
        layers.append(keras().layers.Normalization(mean=mlp.scaling.mean, variance=variance))
    for layer in mlp.layers:
        layers.append(keras().layers.Dense(layer.outputs, activation=layer.activation))
    model = keras().Sequential(layers)
    dense = [layer for layer in model.layers if layer.name.startswith("dense")]
    for layer, values in zip(dense, mlp.layers, strict=True):
        layer.set_weights([values.weights.T, values.bias])
    model.save(path)
    return path


def as_float32(values: NDArray[np.float64]) -> Floats:
    """The reference as a runtime would answer it."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def assert_within_bound(mlp: Mlp, rows: Floats, got: Floats, times: float = 1) -> None:
    """Float32 answers (n, outputs) are as near to the exact ones as the proof says.

    Args:
        mlp: the network.
        rows: raw readings (n, inputs).
        got: what anything answered to them.
        times: so many bounds; 2 between two runtimes.
    """
    exact = predict(mlp, rows)
    assert got.shape == exact.shape
    off = distance(got.astype(np.float64), exact)
    assert (off <= times * bound(mlp, rows)).all(), float(off.max())
