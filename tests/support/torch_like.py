"""Stand-ins for PyTorch, which is no dependency: classes by its names, in its modules.

mlp-edge reads a module by the name of its class, the module of that class, its settings and its
parameters; so these have them. Each ``forward`` is the formula of PyTorch's documentation, in
NumPy. What is read of the real classes was compared with these once, by hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Formula = Callable[[Any, Array], Array]
erf = np.vectorize(math.erf)


class Tensor:
    """An array with the methods that are used of a tensor."""

    device = "cpu"

    def __init__(self, array: Any) -> None:
        self.array = np.asarray(array)

    @property
    def dtype(self) -> str:
        return f"torch.{self.array.dtype}"

    def detach(self) -> Tensor:
        return self

    cpu = detach

    def double(self) -> Tensor:
        return Tensor(self.array.astype(np.float64, copy=False))

    def numpy(self) -> Array:
        return self.array

    def to(self, device: str, dtype: str) -> Tensor:
        return Tensor(self.array.astype(dtype.removeprefix("torch.")))


class Module:
    """What PyTorch's modules have in common."""

    def __init__(self, **settings: Any) -> None:
        self.training = True
        self._modules: dict[str, Module] = {}
        self._forward_hooks: dict[int, Any] = {}
        self._forward_pre_hooks: dict[int, Any] = {}
        vars(self).update(settings)

    def __call__(self, given: Tensor) -> Tensor:
        return Tensor(self.forward(given.array))

    def forward(self, x: Array) -> Array:
        raise NotImplementedError

    def modules(self) -> Iterator[Module]:
        yield self
        for child in self._modules.values():
            yield from child.modules()

    def parameters(self) -> Iterator[Tensor]:
        for module in self.modules():
            yield from (value for value in vars(module).values() if isinstance(value, Tensor))

    def eval(self) -> Module:
        for module in self.modules():
            module.training = False
        return self


def _own(name: str, forward: Formula | None, base: type = Module) -> Any:
    """A class of that name in torch.nn.modules."""
    inner = {} if forward is None else {"forward": forward}
    return type(name, (base,), {"__module__": "torch.nn.modules.stand_in", **inner})


Module.__module__ = "torch.nn.modules.module"


def _through(module: Any, x: Array) -> Array:
    for child in module._modules.values():
        x = child.forward(x)
    return x


def _linear(module: Any, x: Array) -> Array:
    bias = 0 if module.bias is None else module.bias.array
    return x @ module.weight.array.T + bias


def _batch_norm(module: Any, x: Array) -> Array:
    factor = module.weight.array / np.sqrt(module.running_var.array + module.eps)
    return (x - module.running_mean.array) * factor + module.bias.array


def _layer_norm(module: Any, x: Array) -> Array:
    centred = x - x.mean(axis=1, keepdims=True)
    size = np.sqrt((centred**2).mean(axis=1, keepdims=True) + module.eps)
    return centred / size * module.weight.array + module.bias.array


def _rms_norm(module: Any, x: Array) -> Array:
    eps = np.finfo(x.dtype).eps if module.eps is None else module.eps
    return x / np.sqrt((x**2).mean(axis=1, keepdims=True) + eps) * module.weight.array


def _softmax(module: Any, x: Array) -> Array:
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _softplus(module: Any, x: Array) -> Array:
    inner = module.beta * x
    return np.where(inner > module.threshold, x, np.log1p(np.exp(inner)) / module.beta)


def _gelu(module: Any, x: Array) -> Array:
    if module.approximate == "none":
        return x * (1 + erf(x / math.sqrt(2))) / 2
    return x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2


def _below(low: Callable[[Any, Array], Any]) -> Formula:
    """X above 0, and another formula below."""
    return lambda module, x: np.where(x > 0, x, low(module, np.minimum(x, 0)))


FORMULAS: Mapping[str, Formula] = {
    "Sequential": _through, "Linear": _linear, "LayerNorm": _layer_norm, "RMSNorm": _rms_norm,
    "Identity": lambda m, x: x, "Dropout": lambda m, x: x, "AlphaDropout": lambda m, x: x,
    "Flatten": lambda m, x: x, "ModuleList": lambda m, x: x, "Conv1d": lambda m, x: x,
    "Threshold": lambda m, x: x,
    "ReLU": lambda m, x: np.maximum(x, 0),
    "Hardtanh": lambda m, x: np.clip(x, m.min_val, m.max_val),
    "LeakyReLU": _below(lambda m, x: m.negative_slope * x),
    "PReLU": _below(lambda m, x: m.weight.array * x),
    "RReLU": _below(lambda m, x: (m.lower + m.upper) / 2 * x),
    "ELU": _below(lambda m, x: m.alpha * np.expm1(x)),
    "CELU": _below(lambda m, x: m.alpha * np.expm1(x / m.alpha)),
    "SELU": lambda m, x: 1.0507009873554805 * np.where(
        x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))
    ),
    "GELU": _gelu,
    "SiLU": lambda m, x: x * _sigmoid(x),
    "Mish": lambda m, x: x * np.tanh(np.log1p(np.exp(x))),
    "Softplus": _softplus,
    "Softsign": lambda m, x: x / (1 + np.abs(x)),
    "Tanh": lambda m, x: np.tanh(x),
    "Sigmoid": lambda m, x: _sigmoid(x),
    "LogSigmoid": lambda m, x: np.log(_sigmoid(x)),
    "Hardsigmoid": lambda m, x: np.clip(x / 6 + 0.5, 0, 1),
    "Hardswish": lambda m, x: x * np.clip(x + 3, 0, 6) / 6,
    "Tanhshrink": lambda m, x: x - np.tanh(x),
    "Softshrink": lambda m, x: np.sign(x) * np.maximum(np.abs(x) - m.lambd, 0),
    "Softmax": _softmax,
    "LogSoftmax": lambda m, x: np.log(_softmax(m, x)),
    "Softmin": lambda m, x: _softmax(m, -x),
}  # fmt: skip
CLASSES: dict[str, Any] = {name: _own(name, forward) for name, forward in FORMULAS.items()}
CLASSES["ReLU6"] = _own("ReLU6", None, CLASSES["Hardtanh"])  # as PyTorch has it
CLASSES["BatchNorm1d"] = _own("BatchNorm1d", None, _own("_BatchNorm", _batch_norm))


def make(kind: str, **settings: Any) -> Any:
    """A module with its settings; arrays become tensors."""
    return CLASSES[kind](
        **{
            name: Tensor(value) if isinstance(value, np.ndarray) else value
            for name, value in settings.items()
        }
    )


def sequential(*layers: Any) -> Any:
    found = make("Sequential")
    found._modules = {str(place): layer for place, layer in enumerate(layers)}
    return found


def linear(inputs: int, outputs: int, dtype: str = "float32", bias: bool = True) -> Any:
    random = np.random.default_rng(inputs * 100 + outputs)
    weight = random.normal(size=(outputs, inputs)).astype(dtype)
    return make("Linear", weight=weight, bias=random.normal(size=outputs).astype(dtype) if bias
                else None)  # fmt: skip


def stand_in() -> Any:
    """What ``sys.modules["torch"]`` is meanwhile."""
    return SimpleNamespace(__version__="2.14.1", no_grad=nullcontext, from_numpy=Tensor)
