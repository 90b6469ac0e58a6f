"""Layers of Keras, of any version, as what they compute when they predict."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.processing import KERAS_EPSILON
from mlp_edge.readers.assembling.assembly import Layers
from mlp_edge.readers.importing.chain import Chain
from mlp_edge.readers.keras_layers import activation_of, article, computes_in, plain, settings
from mlp_edge.reference import Doubles

IDLE = frozenset({
    "Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization",
    "Identity",
})  # fmt: skip
"""Layers that change nothing when a model predicts."""
READ = (
    "Dense, Activation, ReLU, LeakyReLU, PReLU, ELU, Softmax, BatchNormalization, Normalization, "
    "Rescaling, Flatten, Reshape, Dropout and the noise layers"
)
REASONS: Mapping[str, str] = {
    "Lambda": "holds code of its own",
    "Embedding": "looks numbers up by an index",
    "LayerNormalization": "normalises by what the row itself holds",
    "UnitNormalization": "normalises by what the row itself holds",
    "ThresholdedReLU": "jumps at its threshold",
    "TimeDistributed": "repeats a layer over a sequence",
    "Bidirectional": "is recurrent",
}
PARTS: tuple[tuple[str, str], ...] = (
    ("Conv", "is a convolution"), ("Pool", "takes the mean or the largest of neighbours"),
    ("LSTM", "is recurrent"), ("GRU", "is recurrent"), ("RNN", "is recurrent"),
    ("Attention", "weighs a row by itself"), ("Padding", "is for images"),
    ("Add", "merges branches"), ("Concatenate", "merges branches"), ("Merge", "merges branches"),
    ("Multiply", "merges branches"), ("Average", "merges branches"),
)  # fmt: skip
"""Part of a class's name -> why such a layer is not read."""
FLOATS = ("float16", "bfloat16", "float32", "float64", "mixed_float16", "mixed_bfloat16")
HARD_SIGMOID_2 = 0.2
"""Slope of Keras 1's and 2's hard_sigmoid; that of Keras 3 is 1/6."""


@dataclass(frozen=True)
class KerasLayer:
    """A layer of a file with its weights.

    Attributes:
        kind: its class, one of Keras's own.
        name: in the model.
        config: its settings, as Keras 2 and 3 name them.
        keras: the generation of Keras that wrote it; None when unknown.
        weights: by Keras's names for them: kernel, bias, gamma, …
    """

    kind: str
    name: str
    config: Mapping[str, Any]
    keras: int | None
    weights: Mapping[str, NDArray[Any]]

    @property
    def settings(self) -> dict[str, Any]:
        """Those that decide what it predicts."""
        return settings(self.kind, self.name, self.config, self.keras)

    @property
    def source(self) -> str:
        """What messages call it."""
        return f"layer {self.name!r}"

    def weight(self, name: str, size: int | None = None) -> Doubles:
        """A vector of weights.

        Raises:
            ModelError: when it is not there, is no vector, or has another size.
        """
        found = self.weights.get(name)
        if found is None:
            raise ModelError(f"{self.source} is {article(self.kind)} without its {name} in the "
                             "file")  # fmt: skip
        if found.ndim != 1 or found.dtype.kind != "f" or size not in (None, found.size):
            raise ModelError(
                f"{self.source} has {found.dtype} numbers of the shape {found.shape} as its {name}"
            )
        return found.astype(np.float64)


def weight_names(kind: str, config: Mapping[str, Any]) -> tuple[str, ...]:
    """The weights of a layer in the order in which Keras 2 and 3 keep them."""
    if kind == "Dense":
        return ("kernel", "bias")
    if kind == "BatchNormalization":
        first = (("gamma", config.get("scale", True)), ("beta", config.get("center", True)))
        return (*(name for name, there in first if there), "moving_mean", "moving_variance")
    if kind == "Normalization":
        return ("mean", "variance", "count")
    return ("alpha",) if kind == "PReLU" else ()


def layers_of(layers: Iterable[KerasLayer]) -> tuple[Layers, tuple[str, ...]]:
    """What layers in one line compute, and notes on what is done otherwise than in Keras.

    Raises:
        ModelError: naming the layer that cannot be read, and why.
    """
    walk = _Walk()
    for layer in layers:
        walk.take(layer)
    return walk.chain.finished(walk.last), tuple(walk.notes())


class _Walk:
    """The way of a row through the layers: its shape, and what has been computed."""

    def __init__(self) -> None:
        self.chain = Chain()
        self.shape: tuple[int | None, ...] | None = None
        self.unfolded: tuple[int | None, ...] | None = None  # the shape that was made flat
        self.last = "the model"
        self.policies: dict[str, list[str]] = {}

    def take(self, layer: KerasLayer) -> None:
        self.last = layer.source
        if layer.kind in ("Lambda", "__lambda__") or layer.kind not in (*IDLE, *TAKEN):
            raise ModelError(_refusal(layer))
        policy = computes_in(layer.name, layer.config)
        if policy not in FLOATS:
            raise ModelError(f"{layer.source} computes in {plain(policy)}; float32 would do")
        if policy != "float32" and layer.kind not in ("InputLayer", *IDLE):
            self.policies.setdefault(policy, []).append(layer.name)
        self._start(layer)
        if layer.kind not in IDLE:
            TAKEN[layer.kind](self, layer)

    def notes(self) -> Iterable[str]:
        for policy, names in self.policies.items():
            yield (
                f"{'layer' if len(names) == 1 else 'layers'} "
                f"{', '.join(map(repr, names))[:120]} computed in {policy}; mlp-edge computes in "
                "float32"
            )
        if self.unfolded is not None:
            size = " x ".join(map(str, self.unfolded))
            yield f"a row is the {size} numbers that the model takes, the last index fastest"

    def _start(self, layer: KerasLayer) -> None:
        """What a first layer says of the rows that go in."""
        for key in ("batch_shape", "batch_input_shape"):
            shape = layer.config.get(key)
            if shape is not None and self.shape is None:
                self.shape = tuple(shape[1:])
                if len(self.shape) == 1 and self.chain.width is None:
                    self.chain.width = self.shape[0]

    def flat(self, layer: KerasLayer) -> None:
        """Refuse a layer with weights on anything but a table's rows."""
        if self.shape is not None and len(self.shape) != 1:
            raise ModelError(
                f"{layer.source} takes {len(self.shape)} dimensions per row; one, the features, "
                "would do"
            )


def _input(walk: _Walk, layer: KerasLayer) -> None:
    found = layer.settings
    if found["sparse"] or found["ragged"]:
        raise ModelError(f"{layer.source} takes sparse or ragged rows; full ones would do")


def _dense(walk: _Walk, layer: KerasLayer) -> None:
    walk.flat(layer)
    found = layer.settings
    if "kernel" not in layer.weights:
        raise ModelError(f"{layer.source} has no weights in the file")
    kernel = layer.weights["kernel"]
    if kernel.ndim != 2 or kernel.dtype.kind != "f":
        raise ModelError(
            f"{layer.source} has weights {kernel.dtype} {kernel.shape}; float32 (inputs, outputs) "
            "would do"
        )
    if kernel.dtype == np.float64 and computes_in(layer.name, layer.config) == "float32":
        walk.policies.setdefault("float64", []).append(layer.name)  # as Keras 1 was set up
    inputs, outputs = kernel.shape
    if not kernel.size or layer.config.get("units", outputs) != outputs:
        raise ModelError(
            f"{layer.source} declares {layer.config.get('units')!r:.20} units, and has weights for "
            f"{outputs} of {inputs} inputs"
        )
    if found["use_bias"] not in (True, False) or found["use_bias"] != ("bias" in layer.weights):
        raise ModelError(
            f"{layer.source} has use_bias {found['use_bias']!r:.20}, and "
            f"{'a' if 'bias' in layer.weights else 'no'} bias in the file"
        )
    bias = layer.weight("bias", outputs) if found["use_bias"] else np.zeros(outputs)
    walk.chain.dense(np.asarray(kernel.T, np.float64), bias, layer.source)
    walk.shape = (outputs,)
    _function(walk, layer, found["activation"])


def _activation(walk: _Walk, layer: KerasLayer) -> None:
    _function(walk, layer, layer.settings["activation"])


def _function(walk: _Walk, layer: KerasLayer, given: Any) -> None:
    """An activation by its name, or as a layer that is a setting of another layer."""
    chain, source = walk.chain, layer.source
    if isinstance(given, Mapping) and given.get("class_name") in ACTIVATION_LAYERS:
        kind, config = str(given["class_name"]), given["config"]
        TAKEN[kind](walk, KerasLayer(kind, layer.name, config, layer.keras, {}))
    elif given == "relu6":
        chain.clipped(0, 6, source)
    elif given == "hard_tanh":
        chain.clipped(-1, 1, source)
    elif given == "log_sigmoid":  # -softplus(-x)
        chain.scaled(-1, 0, source)
        chain.activated("softplus", source)
        chain.scaled(-1, 0, source)
    elif given == "hard_sigmoid" and layer.keras in (1, 2):
        chain.scaled(6 * HARD_SIGMOID_2, 0, source)
        chain.activated("hard_sigmoid", source)
    else:
        found = activation_of(layer.name, given, layer.keras)
        if found == "softmax" and walk.shape is not None:
            walk.flat(layer)
        chain.activated(found, source)


def _relu(walk: _Walk, layer: KerasLayer) -> None:
    found = layer.settings
    slope, threshold = (_number(layer, found, key) for key in ("negative_slope", "threshold"))
    if threshold != 0:
        raise ModelError(
            f"{layer.source} is a ReLU with threshold {threshold:g}, where it jumps; 0 would do"
        )
    top = math.inf if found["max_value"] is None else _number(layer, found, "max_value")
    if slope != 0 or top == math.inf:
        walk.chain.leaky(slope, layer.source)
    if top != math.inf:
        walk.chain.clipped(0 if slope == 0 else -math.inf, top, layer.source)


def _leaky(walk: _Walk, layer: KerasLayer) -> None:
    slope = _number(layer, layer.settings, "negative_slope")
    walk.chain.leaky(slope, layer.source)


def _prelu(walk: _Walk, layer: KerasLayer) -> None:
    walk.flat(layer)
    walk.chain.leaky(layer.weight("alpha"), layer.source)


def _elu(walk: _Walk, layer: KerasLayer) -> None:
    alpha = _number(layer, layer.settings, "alpha")
    if alpha != 1:
        raise ModelError(f"{layer.source} is an ELU with alpha {alpha:g}; 1 would do")
    walk.chain.activated("elu", layer.source)


def _softmax(walk: _Walk, layer: KerasLayer) -> None:
    walk.flat(layer)
    axis = layer.settings["axis"]
    if axis not in (-1, 1, [-1], [1]):
        raise ModelError(f"{layer.source} is a Softmax with axis {axis!r:.40}; -1 would do")
    walk.chain.activated("softmax", layer.source)


def _batch_normalization(walk: _Walk, layer: KerasLayer) -> None:
    walk.flat(layer)
    found = layer.settings
    if found["axis"] not in (-1, 1, [-1], [1]):
        raise ModelError(f"{layer.source} normalises along axis {found['axis']!r:.40}")
    mean, variance = layer.weight("moving_mean"), layer.weight("moving_variance")
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = 1 / np.sqrt(variance + _number(layer, found, "epsilon"))
    if found["scale"]:
        factor = factor * layer.weight("gamma", factor.size)
    beta = layer.weight("beta", factor.size) if found["center"] else np.zeros(factor.size)
    if mean.size != factor.size:
        raise ModelError(f"{layer.source} has {mean.size} means for {factor.size} variances")
    walk.chain.scaled(factor, beta - mean * factor, layer.source)


def _normalization(walk: _Walk, layer: KerasLayer) -> None:
    walk.flat(layer)
    found = layer.settings
    if found["invert"] or found["axis"] not in (-1, [-1], 1, [1], None, []):
        raise ModelError(f"{layer.source} normalises backwards or along another axis")
    given = found["mean"], found["variance"]
    kept = {"mean", "variance"} & set(layer.weights)
    if given != (None, None) and (None in given or kept):
        raise ModelError(
            f"{layer.source} has a mean or a variance of its own, and not both, or others among "
            "its weights"
        )
    if given == (None, None):
        if len(kept) != 2:
            raise ModelError(f"{layer.source} has no mean: adapt() was never called")
        given = layer.weights["mean"], layer.weights["variance"]
    # The same float32 operations as Keras's, so that the std is the number it divides by.
    mean, variance = (np.asarray(each, np.float32).reshape(-1) for each in given)
    with np.errstate(invalid="ignore"):
        std = np.maximum(np.sqrt(variance), np.float32(KERAS_EPSILON)).astype(np.float64)
    if mean.size != std.size:
        raise ModelError(f"{layer.source} has {mean.size} means for {std.size} variances")
    walk.chain.scaled(1 / std, -mean.astype(np.float64) / std, layer.source)


def _rescaling(walk: _Walk, layer: KerasLayer) -> None:
    found = layer.settings
    scale, offset = (np.asarray(found[key], np.float32) for key in ("scale", "offset"))
    if scale.ndim > 1 or offset.ndim > 1:
        raise ModelError(f"{layer.source} scales by more than one number per feature")
    if scale.ndim or offset.ndim:
        walk.flat(layer)
    walk.chain.scaled(scale.astype(np.float64), offset.astype(np.float64), layer.source)


def _flatten(walk: _Walk, layer: KerasLayer) -> None:
    shape = walk.shape
    if shape is None or len(shape) == 1:
        return
    if layer.settings["data_format"] == "channels_first":
        raise ModelError(f"{layer.source} puts the last index first; channels_last would do")
    _made_flat(walk, layer, shape)


def _reshape(walk: _Walk, layer: KerasLayer) -> None:
    target, shape = layer.settings["target_shape"], walk.shape
    if not isinstance(target, list) or not all(isinstance(size, int) for size in target):
        raise ModelError(f"{layer.source} is a Reshape to {target!r:.60}")
    if shape is None or None in shape:
        if len(target) == 1:
            return
        raise ModelError(f"{layer.source} reshapes rows whose shape the file does not tell")
    size = math.prod(each for each in shape if each is not None)
    known = math.prod(each for each in target if each != -1)
    if -1 in target and known > 0:
        target = [size // known if each == -1 else each for each in target]
    if math.prod(target) != size or min(target, default=1) < 1:
        raise ModelError(f"{layer.source} makes {tuple(target)!s:.60} of rows of {shape!s:.60}")
    if len(target) == 1:
        _made_flat(walk, layer, shape)
    walk.shape = tuple(target)


def _made_flat(walk: _Walk, layer: KerasLayer, shape: tuple[int | None, ...]) -> None:
    if any(not isinstance(size, int) or size < 1 for size in shape):
        raise ModelError(f"{layer.source} flattens rows of the shape {shape!s:.60}")
    size = math.prod(each for each in shape if each is not None)
    if walk.chain.width is None:
        walk.unfolded = shape if len(shape) > 1 and sum(each != 1 for each in shape) > 1 else None
        walk.chain.width = size
    walk.shape = (size,)


def _number(layer: KerasLayer, found: Mapping[str, Any], key: str) -> float:
    """A setting as the float32 number that Keras computes with; Keras 2 may wrap it."""
    value = found[key]
    if isinstance(value, Mapping) and value.get("type") == "ndarray":  # of Keras 2
        value = value.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ModelError(f"{layer.source} is {article(layer.kind)} with {key} {value!r:.60}")
    return float(np.float32(value))


def _refusal(layer: KerasLayer) -> str:
    """Why a layer of another class is not read."""
    reason = REASONS.get(layer.kind) or next(
        (reason for part, reason in PARTS if part in layer.kind), ""
    )
    if reason:
        return f"{layer.source} is {article(layer.kind)}, which {reason}: no layer of an MLP"
    return (
        f"{layer.source} is {article(layer.kind)}, which mlp-edge does not read here; it reads "
        f"{READ}"
    )


TAKEN: Mapping[str, Callable[[_Walk, KerasLayer], None]] = {
    "InputLayer": _input, "Dense": _dense, "Activation": _activation, "ReLU": _relu,
    "LeakyReLU": _leaky, "PReLU": _prelu, "ELU": _elu, "Softmax": _softmax,
    "BatchNormalization": _batch_normalization, "Normalization": _normalization,
    "Rescaling": _rescaling, "Flatten": _flatten, "Reshape": _reshape,
}  # fmt: skip
ACTIVATION_LAYERS = ("ReLU", "LeakyReLU", "ELU", "Softmax")
"""Those that can stand as the activation of another layer."""
