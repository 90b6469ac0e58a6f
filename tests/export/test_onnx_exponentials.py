"""Exponentials of int24 as ONNX has them: every digit of them."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime

from mlp_edge.export.onnx import IR_VERSION, OPSET
from mlp_edge.export.onnx_exponentials import power
from mlp_edge.export.onnx_graph import GraphBuilder
from mlp_edge.integers import exponential


def test_float32_leaves_the_mantissa_of_every_exponential() -> None:
    build = GraphBuilder()
    result = build.cast("m", power(build, "power", "d", 24, 2**24, 0), "FLOAT")
    ends = [
        onnx.helper.make_tensor_value_info(name, kind, ["N"])
        for name, kind in (("d", onnx.TensorProto.DOUBLE), (result, onnx.TensorProto.FLOAT))
    ]
    graph = onnx.helper.make_graph(build.nodes, "power", ends[:1], ends[1:], build.constants)
    opset = [onnx.helper.make_opsetid("", OPSET)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    for first in range(0, 2**24, 2**20):
        distances = np.arange(first, first + 2**20)
        [found] = session.run(None, {"d": distances.astype(np.float64)})
        np.testing.assert_array_equal(found, exponential.power(distances, 24).mantissa)
