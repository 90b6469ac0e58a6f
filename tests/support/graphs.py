"""Random graphs of dense layers as plain Mlps, for tests that need no training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlp_edge.encoding import Encoding
from mlp_edge.feature import Feature
from mlp_edge.mlp import ACTIVATIONS, Dense, Floats, Mlp, Task
from support.networks import OUTPUT_ACTIVATION, encoded, network

BOUNDED = ("tanh", "sigmoid", "softsign", "hard_sigmoid")
"""Activations of gates, whose products do not grow from layer to layer."""
NOT_IN_INTEGERS = ("square", "rsqrt", "exponential", "softmax")
"""Hidden activations that int8 and int16 refuse, beside every gate. They stand in places of their
own: what goes into them has to be small, or above 0."""


class Layers:
    """Layers that are added one by one; each method gives the number of the new value.

    Args:
        width: of value 0, the scaled readings.
        seed: of weights and biases.
    """

    def __init__(self, width: int, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.widths = [width]
        self.layers: list[Dense] = []

    def add_layer(
        self, weights: Floats, bias: Floats, activation: str, reads: Sequence[int], **wires: Any
    ) -> int:
        """Any layer."""
        before = len(self.layers)
        names = () if tuple(reads) == (before,) else tuple(reads)  # a chain names nothing
        self.layers.append(Dense(weights, bias, activation, names, **wires))
        self.widths.append(len(weights))
        return before + 1

    def dense(self, outputs: int, activation: str, *reads: int, times: int | None = None) -> int:
        """A layer of Glorot-like weights that reads those values one after the other."""
        inputs = sum(self.widths[value] for value in reads)
        spread = np.sqrt(6 / (inputs + outputs))
        weights = self.random.uniform(-spread, spread, (outputs, inputs)).astype(np.float32)
        bias = self.random.uniform(-0.5, 0.5, outputs).astype(np.float32)
        return self.add_layer(weights, bias, activation, reads, times=times)

    def elementwise(
        self,
        activation: str,
        *reads: int,
        factors: Sequence[Floats | float] | None = None,
        bias: Floats | float = 0,
        times: int | None = None,
    ) -> int:
        """A layer whose weights are a diagonal for each value: their sum where nothing is said."""
        width = self.widths[reads[0]]
        rows = [np.full(width, factor, np.float32) for factor in factors or [1.0] * len(reads)]
        weights = np.hstack([np.diag(row) for row in rows])
        return self.add_layer(
            weights, np.full(width, bias, np.float32), activation, reads, times=times
        )

    def layer_normalization(self, value: int) -> int:
        """Centred, divided by the standard deviation, times gamma, plus beta."""
        width = self.widths[value]
        centre = (np.eye(width) - 1 / width).astype(np.float32)
        centred = self.add_layer(centre, np.zeros(width, np.float32), "linear", (value,))
        squares = self.elementwise("square", centred)
        mean = np.full((1, width), 1 / width, np.float32)
        reciprocal = self.add_layer(mean, np.float32([1e-3]), "rsqrt", (squares,))
        gamma = self.random.uniform(0.5, 1.5, width).astype(np.float32)
        scaled = self.elementwise("linear", centred, factors=[gamma], times=reciprocal)
        beta = self.random.uniform(-0.5, 0.5, width).astype(np.float32)
        return self.elementwise("linear", scaled, bias=beta)

    def mlp(
        self,
        task: Task = "regression",
        heads: tuple[int, ...] = (),
        features: Sequence[Feature] = (),
        **changes: Any,
    ) -> Mlp:
        """The network, behind the encoding of ``features``; ``changes`` overrule its fields."""
        outputs = sum(self.widths[head] for head in heads or (len(self.layers),))
        given = {"layers": tuple(self.layers), "heads": heads, **changes}
        if features:
            return encoded(features, (), outputs, task, **given)
        return network((self.widths[0], outputs), task=task, **given)


def residual(width: int = 16, blocks: int = 2, inputs: int = 8, **changes: Any) -> Mlp:
    """A binary network: blocks of two dense layers, each with what goes into it added."""
    made = Layers(inputs, seed=blocks)
    stream = made.dense(width, "relu", 0)
    for _ in range(blocks):
        inner = made.dense(width, "relu", stream)
        stream = made.elementwise("relu", stream, made.dense(width, "linear", inner))
    made.dense(1, "sigmoid", stream)
    return made.mlp("binary", **changes)


def normalised(width: int = 16, blocks: int = 2, inputs: int = 8, **changes: Any) -> Mlp:
    """As ``residual``, for three classes, with a layer normalisation in front of each block."""
    made = Layers(inputs, seed=blocks)
    stream = made.dense(width, "linear", 0)
    for _ in range(blocks):
        inner = made.dense(width, "gelu", made.layer_normalization(stream))
        stream = made.elementwise("linear", stream, made.dense(width, "linear", inner))
    made.dense(3, "softmax", made.layer_normalization(stream))
    return made.mlp("multiclass", **changes)


def graph(
    seed: int, integers: bool = False, features: Sequence[Feature] = (), **changes: Any
) -> Mlp:
    """A network of any wiring: every task, up to a dozen layers, and several heads.

    Args:
        seed: the same seed, the same network.
        integers: leave out what int8 and int16 refuse.
        features: what is read; numbers where nothing is said.
        changes: fields of the Mlp to overrule.
    """
    random = np.random.default_rng(seed)
    width = int(random.integers(1, 9))
    made = Layers(Encoding.of(features).width if features else width, seed)
    for _ in range(random.integers(2, 8)):
        _grow(made, random, integers)
    task: Task = ("regression", "binary", "multiclass")[seed % 3]
    unread = _unread(made)
    outputs = 1 if task == "binary" else int(random.integers(2, 5))
    last = made.dense(outputs, OUTPUT_ACTIVATION[task], *random.permutation(unread).tolist())
    heads = (last,)
    if task == "regression" and not integers and random.random() < 0.5:
        others = random.choice(last, size=min(last, 2), replace=False).tolist()
        passed = [made.elementwise("linear", value) for value in others]
        heads = tuple(random.permutation([last, *passed]).tolist())
    given = {"name": f"graph{seed}", **changes}
    return made.mlp(task, () if heads == (last,) else heads, features, **given)


def _grow(made: Layers, random: np.random.Generator, integers: bool) -> None:
    """One more layer, or the few that make one operation."""
    plain = [name for name in ACTIVATIONS if name not in NOT_IN_INTEGERS]
    values = range(len(made.widths))
    activation, width = str(random.choice(plain)), int(random.choice([1, 2, 3, 5, 8]))
    several = random.choice(values, random.integers(1, min(4, len(values) + 1)), replace=False)
    value = int(random.choice(values))
    alike = [other for other in values if made.widths[other] == made.widths[value]]
    kinds = ["dense", "dense", "sum", "factors", "alone"]
    if not integers:
        kinds += ["each", "one", "softmax"]
        if "rsqrt" in ACTIVATIONS and made.widths[value] > 1:
            kinds.append("normalised")
    match random.choice(kinds):
        case "dense":
            made.dense(width, activation, *several.tolist())
        case "sum":
            terms = [value, *random.choice(alike, random.integers(1, 3)).tolist()]
            factors = [float(random.choice([1, 1, -1, 0.5])) for _ in terms]
            made.elementwise(activation, *terms, factors=factors)
        case "factors":
            numbers = random.uniform(-1.5, 1.5, (2, made.widths[value])).astype(np.float32)
            made.elementwise("linear", value, factors=[numbers[0]], bias=numbers[1])
        case "alone":
            made.elementwise(activation, value)
        case "each":
            gate = made.dense(made.widths[value], str(random.choice(BOUNDED)), *several.tolist())
            made.dense(made.widths[gate], activation, value, times=gate)
        case "one":
            gate = made.dense(1, str(random.choice(BOUNDED)), *several.tolist())
            made.elementwise("linear", value, times=gate)
        case "softmax":
            made.dense(max(2, width), "softmax", *several.tolist())
        case "normalised":
            made.layer_normalization(value)


def _unread(made: Layers) -> list[int]:
    """The values that nothing reads yet."""
    read = {0} if made.layers else set()
    for number, layer in enumerate(made.layers, start=1):
        read |= {*(layer.reads or (number - 1,)), *(() if layer.times is None else (layer.times,))}
    return sorted(set(range(len(made.widths))) - read)
