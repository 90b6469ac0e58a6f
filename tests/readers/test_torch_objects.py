"""Modules of PyTorch in memory: what is read is what they predict, or they are refused."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.torch_like import Module, Tensor, linear, make, sequential, stand_in

import mlp_edge
from mlp_edge.errors import ModelError
from mlp_edge.proof.bound import bound
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.objects.opening import read_object
from mlp_edge.reference import predict

RANDOM = np.random.default_rng(0)
ROWS = (3 * RANDOM.normal(size=(80, 4))).astype(np.float32)


@pytest.fixture(autouse=True)
def torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", stand_in())


def array(size: int, low: float = -1.0) -> Any:
    return RANDOM.uniform(low, 1, size).astype(np.float32)


def check(module: Any) -> Imported:
    """Hold what was read against what the module predicts, by the bounds of both."""
    found = read_object(module)
    original = found.original
    assert original is not None
    assert original.steps is not None
    wanted = module.forward(ROWS.astype(np.float64)).reshape(len(ROWS), -1)
    wanted = np.exp(wanted) if any("logarithms" in note for note in found.notes) else wanted
    got = predict(found.mlp, ROWS)
    allowed = bound(original.steps.mlp, ROWS, slacks=original.steps.slacks)
    assert (np.abs(got - wanted) <= allowed).all()
    assert (np.abs(original.predict(ROWS) - wanted) <= allowed).all()
    return found


ACTIVATIONS: dict[str, Callable[[], Any]] = {
    **{
        kind: lambda kind=kind: make(kind)
        for kind in (
            "Identity", "Dropout", "AlphaDropout", "ReLU", "SELU", "SiLU", "Mish", "Softsign",
            "Tanh", "Sigmoid", "LogSigmoid", "Hardsigmoid", "Hardswish", "Tanhshrink",
        )
    },
    "ReLU6": lambda: make("ReLU6", min_val=0.0, max_val=6.0),
    "Hardtanh": lambda: make("Hardtanh", min_val=-2.0, max_val=0.5),
    "LeakyReLU": lambda: make("LeakyReLU", negative_slope=0.01),
    "LeakyReLU, 0.2": lambda: make("LeakyReLU", negative_slope=0.2),
    "PReLU": lambda: make("PReLU", weight=array(1)),
    "PReLU, of each unit": lambda: make("PReLU", weight=array(6)),
    "RReLU": lambda: make("RReLU", lower=1 / 8, upper=1 / 3),
    "ELU": lambda: make("ELU", alpha=1.0),
    "ELU, 0.4": lambda: make("ELU", alpha=0.4),
    "CELU": lambda: make("CELU", alpha=2.5),
    "GELU": lambda: make("GELU", approximate="none"),
    "GELU, by tanh": lambda: make("GELU", approximate="tanh"),
    "Softplus": lambda: make("Softplus", beta=1.0, threshold=20.0),
    "Softplus, 2": lambda: make("Softplus", beta=2.0, threshold=25.0),
    "Softshrink": lambda: make("Softshrink", lambd=0.7),
    "Softmax": lambda: make("Softmax", dim=1),
    "Softmin": lambda: make("Softmin", dim=-1),
    "BatchNorm1d": lambda: make(
        "BatchNorm1d", running_mean=array(6), running_var=array(6, 0.1), weight=array(6),
        bias=array(6), eps=1e-5,
    ),
    "LayerNorm": lambda: make(
        "LayerNorm", normalized_shape=(6,), weight=array(6), bias=array(6), eps=1e-5
    ),
    "RMSNorm": lambda: make("RMSNorm", normalized_shape=(6,), weight=array(6), eps=None),
}  # fmt: skip


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_every_layer(kind: str) -> None:
    check(sequential(linear(4, 6), ACTIVATIONS[kind](), linear(6, 3)))


@pytest.mark.parametrize(
    ("end", "task", "notes"),
    [
        ((), "regression", "counts as values"),
        ((linear(3, 1), make("Sigmoid")), "binary", ""),
        ((make("Softmax", dim=None),), "multiclass", ""),
        ((make("LogSoftmax", dim=1),), "multiclass", "logarithms of probabilities"),
    ],
)
def test_every_end(end: tuple[Any, ...], task: str, notes: str) -> None:
    inner = sequential(make("Flatten", start_dim=1, end_dim=-1), linear(4, 5), make("Tanh"))
    found = check(sequential(inner, sequential(linear(5, 3, bias=False), *end)))
    assert found.mlp.task == task
    assert notes in " ".join(found.notes)
    assert found.mlp.name == "sequential"


def test_a_module_is_read_as_it_predicts_and_copied() -> None:
    module = sequential(linear(4, 3), make("Dropout"), linear(3, 1))
    found = check(module)
    assert "in training mode, where Dropout" in found.remarks[0]
    before = found.original.predict(ROWS)  # type: ignore[union-attr]
    module._modules["0"].weight.array += 1
    np.testing.assert_array_equal(found.original.predict(ROWS), before)  # type: ignore[union-attr]
    assert module.training
    assert not any("training" in each for each in check(module.eval()).remarks)


def test_other_numbers() -> None:
    found = check(sequential(linear(4, 3, "float64"), make("ReLU"), linear(3, 1, "float64")))
    assert "computes in float64" in found.remarks[0]
    half = read_object(sequential(linear(4, 3, "float16"), linear(3, 1, "float16")))
    assert "computes in float16" in half.remarks[0]
    assert half.original is not None
    assert half.original.steps is None  # nothing is proved of half precision
    assert np.abs(half.original.predict(ROWS) - predict(half.mlp, ROWS)).max() < 0.1


def test_a_class_derived_from_sequential_is_one() -> None:
    derived = type("Net", (type(sequential()),), {})()
    derived._modules = {"first": linear(4, 1)}
    assert check(derived).mlp.name == "net"
    assert check(linear(4, 2)).mlp.outputs == 2


def test_it_is_opened() -> None:
    opened = mlp_edge.open(sequential(linear(4, 3), make("ReLU"), linear(3, 1), make("Sigmoid")))
    assert opened.predict_table((ROWS, ["x1", "x2", "x3", "x4"])).runtime == "PyTorch"
    assert b"sequential_predict" in opened.export("c").content


def own_forward() -> Any:
    def forward(self: Any, x: Any) -> Any:
        return x

    return type("Net", (Module,), {"forward": forward, "__module__": "theirs"})()


def hooked() -> Any:
    found = linear(4, 1)
    found._forward_hooks[0] = print
    return sequential(found)


def patched() -> Any:
    found = linear(4, 1)
    found.forward = abs
    return sequential(found)


class Nowhere(Tensor):
    """A tensor on the device "meta"."""

    def cpu(self) -> Tensor:  # type: ignore[override]
        raise NotImplementedError("Cannot copy out of meta tensor; no data!")


SCRIPTED = type("RecursiveScriptModule", (Module,), {"__module__": "torch.jit._script"})
LAZY = type("LazyLinear", (type(linear(1, 1)),), {"__module__": "torch.nn.modules.linear"})
REFUSED: dict[str, Callable[[], Any]] = {
    "the Net has a forward() of its own": own_forward,
    "layer '0', a Net, has a forward() of its own": lambda: sequential(own_forward()),
    "layer '0', a Linear, has a forward() of its own": patched,
    "layer '0', a Linear, has a hook": hooked,
    "the RecursiveScriptModule was compiled or traced by torch.jit._script": SCRIPTED,
    "layer '0', a LazyLinear, has no weights yet": lambda: sequential(LAZY()),
    "layer '0', a Linear, has no numbers in its weight": lambda: sequential(
        make("Linear", weight=Nowhere(array(4)), bias=None)
    ),
    "layer '0.1', a Conv1d, is a convolution": lambda: sequential(
        sequential(make("Tanh"), make("Conv1d"))
    ),
    "the ModuleList does not tell the order": lambda: make("ModuleList"),
    "layer '1', a Threshold, jumps": lambda: sequential(linear(4, 1), make("Threshold")),
    "layer '1', a Softplus, has beta 1, and jumps to x at threshold 3": lambda: sequential(
        linear(4, 1), make("Softplus", beta=1.0, threshold=3.0)
    ),
    "layer '1', a CELU, has alpha -1": lambda: sequential(linear(4, 1), make("CELU", alpha=-1.0)),
    "layer '1', a Softmax, is over dimension 0": lambda: sequential(
        linear(4, 2), make("Softmax", dim=0)
    ),
    "layer '1', a BatchNorm1d, normalises by the rows": lambda: sequential(
        linear(4, 2), make("BatchNorm1d", running_mean=None)
    ),
    "layer '1', a LayerNorm, normalises the shape (2, 3)": lambda: sequential(
        linear(4, 6), make("LayerNorm", normalized_shape=(2, 3))
    ),
    "layer '0', a Flatten, flattens other dimensions": lambda: sequential(
        make("Flatten", start_dim=0, end_dim=-1), linear(4, 2)
    ),
    "layer '1', a Linear, takes 5 inputs, and 3 arrive": lambda: sequential(
        linear(4, 3), linear(5, 2)
    ),
    "2 tensors do not tell the layers": lambda: {"0.weight": TENSOR, "0.bias": TENSOR},
}  # fmt: skip
TENSOR = type("Tensor", (), {"__module__": "torch"})()


@pytest.mark.parametrize("says", REFUSED)
def test_what_is_refused(says: str) -> None:
    with pytest.raises(ModelError, match=re.escape(says)):
        read_object(REFUSED[says]())
