"""What each layer of PyTorch computes when it predicts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.readers.assembling.assembly import Assembly
from mlp_edge.readers.assembling.values import Value
from mlp_edge.readers.objects.torch_classes import WOULD_DO, kind_of
from mlp_edge.reference import Doubles

IDLE = frozenset({
    "Identity", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout",
    "FeatureAlphaDropout",
})  # fmt: skip
"""Classes that change nothing when a module predicts."""
PLAIN: Mapping[str, str] = {
    "ReLU": "relu", "SELU": "selu", "SiLU": "silu", "Mish": "mish", "Tanh": "tanh",
    "Sigmoid": "sigmoid", "Softsign": "softsign", "Hardsigmoid": "hard_sigmoid",
}  # fmt: skip
"""Activations without settings -> ours."""
SMALLEST = float(np.finfo(np.float32).eps)
UNORDERED = ("ModuleList", "ModuleDict", "ParameterList", "ParameterDict")
TOLD = 2.0**-24
"""Where a softplus may go over into x: as near to it as float32 tells."""
REASONS: tuple[tuple[str, str], ...] = (
    ("Conv", "is a convolution"), ("Pool", "takes the mean or the largest of neighbours"),
    ("LSTM", "is recurrent"), ("GRU", "is recurrent"), ("RNN", "is recurrent"),
    ("Attention", "weighs a row by itself"), ("Transformer", "weighs a row by itself"),
    ("Embedding", "looks numbers up by an index"), ("Threshold", "jumps at its threshold"),
    ("Hardshrink", "jumps at its ends"),
)  # fmt: skip
"""Part of a class's name -> why such a layer is not read."""


class Layer(NamedTuple):
    """A module, and where it stands.

    Attributes:
        module: of PyTorch's own classes.
        source: what messages call it: "layer '0.1', a Linear,".
        assembly: what the network is put together in.
        dtypes: of the parameters that were read.
    """

    module: Any
    source: str
    assembly: Assembly
    dtypes: set[str]

    def numbers(self, name: str) -> Doubles:
        """A parameter or a buffer as float64.

        Raises:
            ModelError: for one without numbers: on no device, or not yet made.
        """
        tensor = getattr(self.module, name)
        self.dtypes.add(str(getattr(tensor, "dtype", None)).removeprefix("torch."))
        try:
            return np.array(tensor.detach().cpu().double().numpy())  # not the tensor's memory
        except (NotImplementedError, RuntimeError, ValueError) as error:
            raise ModelError(
                f"{self.source} has no numbers in its {name}; a row that went through it, or "
                "load_state_dict(…), would do"
            ) from error

    def optional(self, name: str, size: int, otherwise: float) -> Doubles:
        """A parameter (size,), which may be left out."""
        missing = getattr(self.module, name, None) is None
        return np.full(size, otherwise) if missing else self.numbers(name)

    def setting(self, name: str) -> float:
        """A setting that is a number."""
        return float(getattr(self.module, name))


def read_layer(layer: Layer, value: Value) -> Value:
    """What a layer makes of a value.

    Raises:
        ModelError: naming the layer, and why it is not read.
    """
    kind, source = kind_of(layer.module), layer.source
    if kind in IDLE:
        return value
    if kind in PLAIN:
        return layer.assembly.activated(value, PLAIN[kind], source)
    if kind in LAYERS:
        return LAYERS[kind](layer, value)
    if kind in UNORDERED:
        raise ModelError(f"{source} does not tell the order of its layers; {WOULD_DO}")
    reason = next((f"{reason}: no layer of an MLP" for part, reason in REASONS if part in kind), "")
    listed = ", ".join(sorted({*PLAIN, *LAYERS}))
    raise ModelError(f"{source} {reason or f'is not read; mlp-edge reads {listed} and Dropout'}")


def _linear(layer: Layer, value: Value) -> Value:
    weights = layer.numbers("weight")
    bias = layer.optional("bias", len(weights), 0.0)
    return layer.assembly.dense(value, weights, bias, layer.source)


def _flatten(layer: Layer, value: Value) -> Value:
    if (layer.module.start_dim, layer.module.end_dim) not in ((1, -1), (1, 1), (-1, -1)):
        raise ModelError(f"{layer.source} flattens other dimensions; start_dim=1 would do")
    return value


def _batch_norm(layer: Layer, value: Value) -> Value:
    if layer.module.running_mean is None:
        raise ModelError(
            f"{layer.source} normalises by the rows that it is given; track_running_stats=True "
            "would do"
        )
    mean, variance = layer.numbers("running_mean"), layer.numbers("running_var")
    gamma = layer.optional("weight", mean.size, 1.0)
    beta = layer.optional("bias", mean.size, 0.0)
    return layer.assembly.batch_normalised(
        value, mean, variance, gamma, beta, layer.setting("eps"), layer.source
    )


def _layer_norm(layer: Layer, value: Value) -> Value:
    module = layer.module
    [*shape] = module.normalized_shape
    if len(shape) != 1 or value.width not in (None, shape[0]):
        raise ModelError(f"{layer.source} normalises the shape {tuple(shape)!s:.40} of a row")
    value.expect(shape[0], layer.source)
    # RMSNorm without an epsilon takes that of the numbers that it is given.
    epsilon = SMALLEST if module.eps is None else layer.setting("eps")
    gamma = layer.optional("weight", shape[0], 1.0)
    beta = layer.optional("bias", shape[0], 0.0)
    centred = kind_of(module) == "LayerNorm"
    return layer.assembly.normalised(value, gamma, beta, epsilon, centred, layer.source)


def _softmax(layer: Layer, value: Value) -> Value:
    if layer.module.dim not in (None, 1, -1):
        raise ModelError(f"{layer.source} is over dimension {layer.module.dim}; 1 would do")
    kind, assembly, source = kind_of(layer.module), layer.assembly, layer.source
    if kind == "LogSoftmax":
        return assembly.log_softmax(value, source)
    if kind == "Softmin":
        value = assembly.scaled(value, -1, 0, source)
    return assembly.activated(value, "softmax", source)


def _softplus(layer: Layer, value: Value) -> Value:
    beta, threshold = layer.setting("beta"), layer.setting("threshold")
    if not (beta > 0 and threshold > 0 and math.log1p(math.exp(-threshold)) < TOLD * threshold):
        raise ModelError(
            f"{layer.source} has beta {beta:g}, and jumps to x at threshold {threshold:g}; a "
            "positive beta and threshold=20 would do"
        )
    inner = layer.assembly.scaled(value, beta, 0, layer.source)
    curve = layer.assembly.activated(inner, "softplus", layer.source)
    return layer.assembly.scaled(curve, 1 / beta, 0, layer.source)


def _celu(layer: Layer, value: Value) -> Value:
    alpha = layer.setting("alpha")
    if not alpha > 0:
        raise ModelError(f"{layer.source} has alpha {alpha:g}; a positive one would do")
    inner = layer.assembly.scaled(value, 1 / alpha, 0, layer.source)
    curve = layer.assembly.activated(inner, "elu", layer.source)
    return layer.assembly.scaled(curve, alpha, 0, layer.source)


def _log_sigmoid(layer: Layer, value: Value) -> Value:
    # -softplus(-x)
    curve = layer.assembly.scaled(value, -1, 0, layer.source)
    curve = layer.assembly.activated(curve, "softplus", layer.source)
    return layer.assembly.scaled(curve, -1, 0, layer.source)


def _gelu(layer: Layer, value: Value) -> Value:
    exact = layer.module.approximate == "none"
    return layer.assembly.activated(value, "gelu" if exact else "gelu_tanh", layer.source)


def _hard_swish(layer: Layer, value: Value) -> Value:
    gate = layer.assembly.activated(value, "hard_sigmoid", layer.source)
    return layer.assembly.multiplied((value, gate), layer.source)


def _tanh_shrink(layer: Layer, value: Value) -> Value:
    curve = layer.assembly.activated(value, "tanh", layer.source)
    return layer.assembly.added((value, curve), (1, -1), layer.source)


def _soft_shrink(layer: Layer, value: Value) -> Value:
    # relu(x - lambda) - relu(-x - lambda)
    assembly, by, source = layer.assembly, layer.setting("lambd"), layer.source
    sides = [assembly.scaled(value, sign, -by, source) for sign in (1, -1)]
    parts = [assembly.activated(side, "relu", source) for side in sides]
    return assembly.added(parts, (1, -1), source)


def _clipped(layer: Layer, value: Value) -> Value:
    low, high = layer.setting("min_val"), layer.setting("max_val")
    return layer.assembly.clipped(value, low, high, layer.source)


def _leaky(slope: Callable[[Layer], Doubles | float]) -> Callable[[Layer, Value], Value]:
    def read(layer: Layer, value: Value) -> Value:
        return layer.assembly.leaky(value, slope(layer), layer.source)

    return read


LAYERS: Mapping[str, Callable[[Layer, Value], Value]] = {
    "Linear": _linear, "Flatten": _flatten, "BatchNorm1d": _batch_norm, "LayerNorm": _layer_norm,
    "RMSNorm": _layer_norm, "Softmax": _softmax, "LogSoftmax": _softmax, "Softmin": _softmax,
    "Softplus": _softplus, "CELU": _celu, "LogSigmoid": _log_sigmoid, "GELU": _gelu,
    "Hardtanh": _clipped, "ReLU6": _clipped, "Hardswish": _hard_swish,
    "Tanhshrink": _tanh_shrink, "Softshrink": _soft_shrink,
    "LeakyReLU": _leaky(lambda layer: layer.setting("negative_slope")),
    "PReLU": _leaky(lambda layer: layer.numbers("weight")),
    "RReLU": _leaky(lambda layer: (layer.setting("lower") + layer.setting("upper")) / 2),
    "ELU": lambda layer, value: layer.assembly.elu(value, layer.setting("alpha"), layer.source),
}  # fmt: skip
