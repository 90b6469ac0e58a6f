"""Faults that real converters have made, as functions of an Mlp.

The tests plant each in every format and require FAIL; a failed comparison tries each as an
explanation. To add one: a function ``Mlp -> iterator of Fault``, listed in ``KINDS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.feature import Feature
from mlp_edge.mlp import Dense, Floats, Mlp, Scaling
from mlp_edge.walk import readers


@dataclass(frozen=True)
class Fault:
    """One thing gone wrong.

    Attributes:
        kind: a word for the kind of fault.
        layer: number of the layer it is in, from 1; 0 is the scaling, or several layers.
        says: the likely cause, in words.
        faulty: the network that it makes.
    """

    kind: str
    layer: int
    says: str
    faulty: Mlp


Change = Callable[[Dense], Dense]


def _weights(change: Callable[[Floats], Floats]) -> Change:
    return lambda layer: replace(layer, weights=np.ascontiguousarray(change(layer.weights)))


def _swap_rows(weights: Floats) -> Floats:
    return np.roll(weights, 1, axis=0)


def _six_decimals(array: Floats) -> Floats:
    return np.array([float(f"{value:.6f}") for value in array.flat], np.float32).reshape(
        array.shape
    )


def _scale_one(weights: Floats) -> Floats:
    changed = weights.copy()
    position = np.unravel_index(np.argmax(np.abs(weights)), weights.shape)
    changed[position] *= np.float32(1.05)
    return changed


def _flip_one(weights: Floats) -> Floats:
    changed = weights.copy()
    position = np.unravel_index(np.argmax(np.abs(weights)), weights.shape)
    changed[position] *= np.float32(-1)
    return changed


def _drop_last_input(weights: Floats) -> Floats:
    changed = weights.copy()
    changed[:, -1] = 0
    return changed


LAYER_FAULTS: dict[str, tuple[str, Change]] = {
    "bias": ("its biases are missing", lambda la: replace(la, bias=np.zeros_like(la.bias))),
    "bias twice": ("its biases are added twice", lambda la: replace(la, bias=2 * la.bias)),
    "rows": ("the rows of its weights are out of step with its biases", _weights(_swap_rows)),
    "transposed": (
        "its weights were read with rows and columns exchanged",
        _weights(lambda w: w.T.reshape(w.shape)),
    ),
    "last input": ("its last input is left out", _weights(_drop_last_input)),
    "one weight": ("its largest weight is 5 % off", _weights(_scale_one)),
    "one sign": ("the sign of its largest weight is lost", _weights(_flip_one)),
    "six decimals": (
        "its weights were printed with six decimals",
        lambda la: replace(la, weights=_six_decimals(la.weights), bias=_six_decimals(la.bias)),
    ),
    "half": (
        "its weights were stored as float16",
        _weights(lambda w: w.astype(np.float16).astype(np.float32)),
    ),
}

INSTEAD = ("linear", "relu", "leaky_relu", "elu", "tanh", "sigmoid", "hard_sigmoid", "softplus")
"""Activations that have been written for another."""


def _in_layers(mlp: Mlp) -> Iterator[Fault]:
    for number, layer in enumerate(mlp.layers, start=1):
        for kind, (says, change) in LAYER_FAULTS.items():
            with suppress(ModelError):  # a change that is no network, such as a float16 overflow
                yield Fault(kind, number, says, _with_layer(mlp, number, change(layer)))


def _activations(mlp: Mlp) -> Iterator[Fault]:
    for number, layer in enumerate(mlp.layers, start=1):
        for activation in INSTEAD:
            if activation != layer.activation:
                changed = _with_layer(mlp, number, replace(layer, activation=activation))
                says = f"its activation is {activation} instead of {layer.activation}"
                yield Fault("activation", number, says, changed)


def _gelus(mlp: Mlp) -> Iterator[Fault]:
    """Both forms have one name in frameworks, which tell them apart by a setting."""
    for form, other in (("gelu", "gelu_tanh"), ("gelu_tanh", "gelu")):
        layers = tuple(
            replace(layer, activation=other) if layer.activation == form else layer
            for layer in mlp.layers
        )
        yield Fault("gelu", 0, f"{form} is computed as {other}", replace(mlp, layers=layers))


SCALING_FAULTS: dict[str, tuple[str, Callable[[Scaling], Scaling | None]]] = {
    "no scaling": ("the scaling is missing", lambda scaling: None),
    "no mean": (
        "the scaling divides, but does not subtract the mean",
        lambda scaling: Scaling(np.zeros_like(scaling.mean), scaling.std),
    ),
    "stale scaling": (
        "the scaling is another one: means and deviations 1 % off, as of other rows",
        lambda scaling: Scaling(scaling.mean * np.float32(1.01), scaling.std * np.float32(1.01)),
    ),
    "variance": (
        "the scaling divides by the variance instead of its root",
        lambda scaling: Scaling(scaling.mean, scaling.std**2),
    ),
}


def _scaling(mlp: Mlp) -> Iterator[Fault]:
    if mlp.scaling is None:
        return
    for kind, (says, change) in SCALING_FAULTS.items():
        with suppress(ModelError):  # such as a deviation squared to zero
            yield Fault(kind, 0, says, replace(mlp, scaling=change(mlp.scaling)))


def _outputs(mlp: Mlp) -> Iterator[Fault]:
    last = len(mlp.layers)
    layer = mlp.layers[-1]
    if mlp.task == "binary":
        changed = replace(layer, weights=-layer.weights, bias=-layer.bias)
        yield Fault("labels", last, "the labels are exchanged", _with_layer(mlp, last, changed))
    elif len(mlp.heads) > 1:
        faulty = replace(mlp, heads=mlp.heads[::-1])
        yield Fault("labels", 0, "the heads stand in reverse order", faulty)
    elif mlp.outputs > 1:
        changed = replace(
            layer,
            weights=np.ascontiguousarray(layer.weights[::-1]),
            bias=np.ascontiguousarray(layer.bias[::-1]),
        )
        says = "the outputs stand in reverse order"
        yield Fault("labels", last, says, _with_layer(mlp, last, changed))


def _inputs(mlp: Mlp) -> Iterator[Fault]:
    if mlp.inputs == 1 or not mlp.encoding.plain:
        return
    scaling = mlp.scaling
    if scaling is not None:
        scaling = Scaling(scaling.mean[::-1].copy(), scaling.std[::-1].copy())

    def turned(number: int, layer: Dense) -> Dense:
        pieces = [piece[:, ::-1] if value == 0 else piece for value, piece in mlp.pieces(number)]
        return replace(layer, weights=np.ascontiguousarray(np.hstack(pieces)))

    layers = tuple(turned(number, layer) for number, layer in enumerate(mlp.layers, start=1))
    faulty = replace(mlp, scaling=scaling, layers=layers)
    yield Fault("features", 0, "the features arrive in reverse order", faulty)


def _encoding(mlp: Mlp) -> Iterator[Fault]:
    """Readings taken otherwise: what a firmware author gets wrong who does this by hand."""

    def with_features(change: Callable[[Feature], Feature]) -> Mlp:
        return replace(mlp, features=tuple(change(feature) for feature in mlp.features))

    def zero(feature: Feature) -> Feature:
        first = feature.codes[0] if feature.codes else 0.0
        return feature if feature.fill is None else replace(feature, fill=float(first))

    def turned(feature: Feature) -> Feature:
        return replace(feature, codes=feature.codes[::-1])

    def ignorant(feature: Feature) -> Feature:
        return replace(feature, sentinel=None)

    says = "missing readings are filled by 0, or by the first category"
    yield Fault("fill", 0, says, with_features(zero))
    yield Fault("codes", 0, "the codes of categories are reversed", with_features(turned))
    yield Fault(
        "sentinel", 0, "a reading that means missing is taken for a number", with_features(ignorant)
    )
    yield Fault("clip", len(mlp.layers), "the clip is missing", replace(mlp, clip=None))


def _wires(mlp: Mlp) -> Iterator[Fault]:
    """Of a graph: a value that a layer reads is left out, two are exchanged, a gate is open."""
    for number, layer in enumerate(mlp.layers, start=1):
        pieces = mlp.pieces(number)
        for place, (value, _) in enumerate(pieces if len(pieces) > 1 else ()):
            others = [piece * (index != place) for index, (_, piece) in enumerate(pieces)]
            without = replace(layer, weights=np.hstack(others))
            says = f"it does not read the {_called(value)}"
            yield Fault("left out", number, says, _with_layer(mlp, number, without))
        if len(pieces) > 1:
            turned = [piece for _, piece in pieces[::-1]]
            exchanged = replace(layer, weights=np.ascontiguousarray(np.hstack(turned)))
            says = "the values that it reads are exchanged"
            yield Fault("exchanged", number, says, _with_layer(mlp, number, exchanged))
        if layer.times and readers(mlp.layers, layer.times) == [number]:
            gate = mlp.layers[layer.times - 1]
            zeros, ones = np.zeros_like(gate.weights), np.ones_like(gate.bias)
            opened = Dense(zeros, ones, "linear", gate.reads)
            says = f"it is not multiplied by the {_called(layer.times)}"
            with suppress(ModelError):  # what the gate was multiplied by is then read by nobody
                yield Fault("gate", number, says, _with_layer(mlp, layer.times, opened))


def _called(value: int) -> str:
    return f"outputs of layer {value}" if value else "readings"


KINDS = (_scaling, _encoding, _inputs, _wires, _in_layers, _outputs, _activations, _gelus)


def faults(mlp: Mlp) -> Iterator[Fault]:
    """Every fault that the network can have and that changes its numbers at all."""
    own = mlp.weights_sha256
    for kind in KINDS:
        yield from (fault for fault in kind(mlp) if fault.faulty.weights_sha256 != own)


def _with_layer(mlp: Mlp, number: int, layer: Dense) -> Mlp:
    layers = list(mlp.layers)
    layers[number - 1] = layer
    return replace(mlp, layers=tuple(layers))
