"""ONNX files by the onnx helper, node by node, read and held against ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from mlp_edge.errors import ModelError
from mlp_edge.mlp import Mlp
from mlp_edge.proof.accuracy import ANY, MLAS, Accuracy
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.importing.opening import read_foreign
from support.keras_files import assert_answers

RANDOM = np.random.default_rng(6)
ROWS = RANDOM.normal(0.5, 2, (30, 4)).astype(np.float32)
W1, B1 = (RANDOM.normal(0, 0.6, shape).astype(np.float32) for shape in ((4, 5), (5,)))
W2, B2 = (RANDOM.normal(0, 0.6, shape).astype(np.float32) for shape in ((5, 3), (3,)))
W3, B3 = (RANDOM.normal(0, 0.6, shape).astype(np.float32) for shape in ((5, 1), (1,)))


class Graph:
    """A graph that grows at its end; constants become initialisers."""

    def __init__(self, opset: int = 17) -> None:
        self.opset = opset
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.last = "x"

    def constant(self, value: Any) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, operator: str, *inputs: Any, **settings: Any) -> str:
        """Append a node; the first input is the last result where ``inputs`` names no result."""
        names = [each if isinstance(each, str) else self.constant(each) for each in inputs]
        if not any(isinstance(each, str) and each for each in inputs):
            names.insert(0, self.last)
        self.last = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, names, [self.last], self.last, **settings))
        return self.last

    def model(
        self, shape: Sequence[Any] = ("n", 4), outputs: Sequence[onnx.ValueInfoProto | str] = (),
        kind: int = TensorProto.FLOAT, others: Mapping[str, Sequence[Any]] = {},
    ) -> onnx.ModelProto:  # fmt: skip
        """The whole model: its input x, and others; its outputs, by default the last result."""
        results = [tensor(each) if isinstance(each, str) else each
                   for each in outputs or (self.last,)]  # fmt: skip
        graph = helper.make_graph(
            self.nodes, "net",
            [helper.make_tensor_value_info("x", kind, list(shape)),
             *(tensor(name, shape) for name, shape in others.items())],
            results, self.constants,
        )  # fmt: skip
        opsets = [helper.make_opsetid("", self.opset), helper.make_opsetid("ai.onnx.ml", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="test")


def tensor(name: str, shape: Sequence[Any] | None = None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def dense(graph: Graph, weights: Any, bias: Any) -> None:
    """As tf2onnx and skl2onnx write a layer."""
    graph.add("MatMul", weights)
    graph.add("Add", bias)


def gemm(graph: Graph, weights: Any, bias: Any) -> None:
    """As PyTorch writes a layer."""
    graph.add("Gemm", np.ascontiguousarray(weights.T), bias, alpha=1.0, beta=1.0, transB=1)


def read(path: Path, model: onnx.ModelProto) -> Imported:
    path.write_bytes(model.SerializeToString())
    return read_foreign(path)


# z times ONNX Runtime's Sigmoid, whose error near 0 does not shrink with it; our files avoid it.
ACCURACY = ANY | {"silu": Accuracy(3.2, linear=MLAS["sigmoid"].absolute, absolute=2.2)}


def check(path: Path, model: onnx.ModelProto, rows: Any = ROWS, **others: Any) -> Mlp:
    """Read a model and compare all that it gives with ONNX Runtime."""
    found = read(path, model)
    given = {"x": rows, **others}
    session = onnxruntime.InferenceSession(model.SerializeToString())
    answers = [each.reshape(len(rows), -1) for each in session.run(None, given)]
    flat = np.hstack([each.reshape(len(rows), -1) for each in given.values()])
    assert_answers(found.mlp, flat, np.hstack(answers), 2, ACCURACY)
    return found.mlp


def f32(value: float) -> Any:
    return np.float32(value)


def gelu_of_torch(g: Graph) -> None:
    x = g.last
    g.add("Div", f32(np.sqrt(2)))
    g.add("Erf")
    g.add("Add", f32(1))
    g.add("Mul", x, g.last)
    g.add("Mul", f32(0.5))


def refused(path: Path, model: onnx.ModelProto) -> str:
    with pytest.raises(ModelError) as caught:
        read(path, model)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message
