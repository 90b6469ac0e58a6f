"""Activations of Keras, by name and as layers, in terms of those that an ``Mlp`` has."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from mlp_edge.errors import ModelError
from mlp_edge.readers.assembling.assembly import Assembly
from mlp_edge.readers.assembling.values import Value
from mlp_edge.readers.keras.walk import KerasLayer, Read, Rows, Walk, along_rows, flat
from mlp_edge.readers.keras_layers import activation_of

HARD_SIGMOID_2 = 0.2
"""Slope of Keras 1's and 2's hard_sigmoid; that of Keras 3 is 1/6."""
SHRINK = 0.5
"""Default threshold of soft_shrink."""
ROWS = ("softmax", "log_softmax", "glu")
"""Activations of a whole row."""

Formula = Callable[[Assembly, Value, str], Value]
"""Assembly, argument, source -> the activation of the argument."""


def activation(walk: Walk, layer: KerasLayer, rows: Rows) -> Rows:
    """An Activation layer."""
    return applied(walk, layer, rows, layer.settings["activation"])


def applied(walk: Walk, layer: KerasLayer, rows: Rows, given: Any) -> Rows:
    """An activation by its name, or as a layer that is a setting of another layer.

    Raises:
        ModelError: for one that is not known, or somebody's own.
    """
    assembly, source = walk.assembly, layer.source
    if isinstance(given, Mapping) and given.get("class_name") in LAYERS:
        kind, config = str(given["class_name"]), given["config"]
        return LAYERS[kind](walk, KerasLayer(kind, layer.name, config, layer.keras, {}), rows)
    if given in ROWS:
        flat(layer, rows)
    if given == "hard_sigmoid" and layer.keras in (1, 2):
        inside = assembly.scaled(rows.value, 6 * HARD_SIGMOID_2, 0, source)
        return rows._replace(value=assembly.activated(inside, "hard_sigmoid", source))
    if isinstance(given, str) and given in FORMULAS:
        value = FORMULAS[given](assembly, rows.value, source)
        return Rows(value, (value.width,) if given == "glu" else rows.shape)
    name = activation_of(layer.name, given, layer.keras, others=tuple(FORMULAS))
    return rows._replace(value=assembly.activated(rows.value, name, source))


# Formulas


def _log_sigmoid(assembly: Assembly, value: Value, source: str) -> Value:
    """-softplus(-x)."""
    inside = assembly.activated(assembly.scaled(value, -1, 0, source), "softplus", source)
    return assembly.scaled(inside, -1, 0, source)


def _hard_silu(assembly: Assembly, value: Value, source: str) -> Value:
    """X hard_sigmoid(x)."""
    return assembly.multiplied((value, assembly.activated(value, "hard_sigmoid", source)), source)


def _tanh_shrink(assembly: Assembly, value: Value, source: str) -> Value:
    """X - tanh(x)."""
    return assembly.added((value, assembly.activated(value, "tanh", source)), (1, -1), source)


def _soft_shrink(assembly: Assembly, value: Value, source: str) -> Value:
    """relu(x - 1/2) - relu(-x - 1/2)."""
    above, below = (
        assembly.activated(assembly.scaled(value, sign, -SHRINK, source), "relu", source)
        for sign in (1, -1)
    )
    return assembly.added((above, below), (1, -1), source)


def _squareplus(assembly: Assembly, value: Value, source: str) -> Value:
    """(x + sqrt(x ** 2 + 4)) / 2, where sqrt(y) is y rsqrt(y)."""
    inside = assembly.scaled(assembly.activated(value, "square", source), 1, 4, source)
    root = assembly.multiplied((inside, assembly.activated(inside, "rsqrt", source)), source)
    return assembly.added((value, root), (0.5, 0.5), source)


def _sparse_plus(assembly: Assembly, value: Value, source: str) -> Value:
    """clip(x + 1, 0, 2) ** 2 / 4 + relu(x - 1)."""
    bend = assembly.clipped(assembly.scaled(value, 1, 1, source), 0, 2, source)
    line = assembly.activated(assembly.scaled(value, 1, -1, source), "relu", source)
    return assembly.added((assembly.activated(bend, "square", source), line), (0.25, 1), source)


def _sparse_sigmoid(assembly: Assembly, value: Value, source: str) -> Value:
    """clip((x + 1) / 2, 0, 1)."""
    return assembly.activated(assembly.scaled(value, 3, 0, source), "hard_sigmoid", source)


def _glu(assembly: Assembly, value: Value, source: str) -> Value:
    """The first half of a row times the sigmoid of the second."""
    width = value.width
    if width is None or width % 2:
        raise ModelError(f"{source} takes the halves of {width or 'any number of'} numbers")
    first = assembly.part(value, 0, width // 2, source)
    second = assembly.part(value, width // 2, width, source)
    return assembly.multiplied((first, assembly.activated(second, "sigmoid", source)), source)


FORMULAS: Mapping[str, Formula] = {
    "relu6": lambda assembly, value, source: assembly.clipped(value, 0, 6, source),
    "hard_tanh": lambda assembly, value, source: assembly.clipped(value, -1, 1, source),
    "celu": lambda assembly, value, source: assembly.activated(value, "elu", source),
    "log_softmax": lambda assembly, value, source: assembly.log_softmax(value, source),
    "log_sigmoid": _log_sigmoid, "hard_silu": _hard_silu, "hard_swish": _hard_silu,
    "tanh_shrink": _tanh_shrink, "soft_shrink": _soft_shrink, "squareplus": _squareplus,
    "sparse_plus": _sparse_plus, "sparse_sigmoid": _sparse_sigmoid, "glu": _glu,
}  # fmt: skip
"""Activations that are made of others, by Keras's names."""


# Layers


def _relu(walk: Walk, layer: KerasLayer, rows: Rows) -> Rows:
    slope, threshold = layer.number("negative_slope"), layer.number("threshold")
    if threshold != 0:
        raise ModelError(
            f"{layer.source} is a ReLU with threshold {threshold:g}, where it jumps; 0 would do"
        )
    value, top = rows.value, math.inf
    if layer.settings["max_value"] is not None:
        top = layer.number("max_value")
    if slope != 0 or top == math.inf:
        value = walk.assembly.leaky(value, slope, layer.source)
    if top != math.inf:
        low = 0 if slope == 0 else -math.inf
        value = walk.assembly.clipped(value, low, top, layer.source)
    return rows._replace(value=value)


def _leaky(walk: Walk, layer: KerasLayer, rows: Rows) -> Rows:
    slope = layer.number("negative_slope")
    return rows._replace(value=walk.assembly.leaky(rows.value, slope, layer.source))


def _prelu(walk: Walk, layer: KerasLayer, rows: Rows) -> Rows:
    flat(layer, rows)
    slopes = layer.weight("alpha")
    return rows._replace(value=walk.assembly.leaky(rows.value, slopes, layer.source))


def _elu(walk: Walk, layer: KerasLayer, rows: Rows) -> Rows:
    alpha = layer.number("alpha")
    return rows._replace(value=walk.assembly.elu(rows.value, alpha, layer.source))


def _softmax(walk: Walk, layer: KerasLayer, rows: Rows) -> Rows:
    along_rows(layer, rows, "is a Softmax with")
    return rows._replace(value=walk.assembly.activated(rows.value, "softmax", layer.source))


LAYERS: Mapping[str, Read] = {
    "ReLU": _relu, "LeakyReLU": _leaky, "PReLU": _prelu, "ELU": _elu, "Softmax": _softmax,
}  # fmt: skip
