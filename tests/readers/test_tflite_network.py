"""TFLite files of other programs, alone and inside C arrays, against LiteRT; or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from support.keras_files import assert_answers
from support.networks import network
from support.spoilt import many_with_wrong_bytes, refusals
from support.tflite_graphs import KINDS, Graph

from mlp_edge.errors import ModelError
from mlp_edge.export import tflite as exporter
from mlp_edge.mlp import Mlp
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.importing.opening import read_foreign
from mlp_edge.readers.inspection import inspect_file

RANDOM = np.random.default_rng(7)
ROWS = RANDOM.normal(0.5, 2, (20, 4)).astype(np.float32)
W1, B1 = (RANDOM.normal(0, 0.6, shape).astype(np.float32) for shape in ((5, 4), (5,)))
W2, B2 = (RANDOM.normal(0, 0.6, shape).astype(np.float32) for shape in ((3, 5), (3,)))


def litert(content: bytes, rows: Any = ROWS) -> Any:
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    [given], [result] = interpreter.get_input_details(), interpreter.get_output_details()
    answers = []
    for row in rows:
        interpreter.set_tensor(given["index"], row.reshape(given["shape"]))
        interpreter.invoke()
        answers.append(interpreter.get_tensor(result["index"]).reshape(-1))
    return np.array(answers)


def read(path: Path, content: bytes) -> Imported:
    path.write_bytes(content)
    return read_foreign(path)


def check(path: Path, graph: Graph) -> Mlp:
    content = graph.content()
    mlp = read(path, content).mlp
    assert_answers(mlp, ROWS, litert(content), times=2)
    return mlp


ALONE = ("LOGISTIC", "TANH", "RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "ELU")


@pytest.mark.parametrize("name", ALONE)
@pytest.mark.parametrize("last", [False, True])
def test_activations(tmp_path: Path, name: str, last: bool) -> None:
    graph = Graph()
    graph.dense(W1, B1)
    graph.add(name, [graph.last], (1, 5))
    if not last:
        graph.dense(W2)
    check(tmp_path / "m.tflite", graph)


@pytest.mark.parametrize("fused", [0, 1, 2, 3])
def test_activations_that_are_fused(tmp_path: Path, fused: int) -> None:
    graph = Graph()
    graph.dense(W1, B1, fused)
    graph.dense(W2, B2, fused)
    check(tmp_path / "m.tflite", graph)


def test_settings(tmp_path: Path) -> None:
    options = schema.BuiltinOptions
    graph = Graph()
    graph.dense(W1, B1)
    graph.add("LEAKY_RELU", [graph.last], (1, 5), options.LeakyReluOptions, alpha=0.3)
    graph.dense(W2, B2)
    graph.add("GELU", [graph.last], (1, 3), options.GeluOptions, approximate=False)
    graph.dense(W2.T[:4], None)
    graph.add("SOFTMAX", [graph.last], (1, 4), options.SoftmaxOptions, beta=1.0)
    assert check(tmp_path / "m.tflite", graph).task == "multiclass"


def test_scaling_and_silu_and_shapes(tmp_path: Path) -> None:
    options = schema.BuiltinOptions
    graph = Graph()
    mean, factor = (np.float32([values]) for values in ([3, -2, 0.5, 1], [0.5, 2, 1, 0.1]))
    graph.add("SUB", [graph.last, graph.constant(mean)], (1, 4), options.SubOptions)
    graph.add("MUL", [graph.last, graph.constant(factor)], (1, 4), options.MulOptions)
    shape = graph.constant(np.int32([1, 2, 2]))
    graph.add("RESHAPE", [graph.last, shape], (1, 2, 2), options.ReshapeOptions)
    shape = graph.constant(np.int32([-1, 4]))
    graph.add("RESHAPE", [graph.last, shape], (1, 4), options.ReshapeOptions)
    hidden = graph.dense(W1, B1)
    gate = graph.add("LOGISTIC", [hidden], (1, 5))
    graph.add("MUL", [hidden, gate], (1, 5), options.MulOptions)
    graph.dense(W2, B2)
    mlp = check(tmp_path / "m.tflite", graph)
    assert mlp.scaling is not None
    assert mlp.layers[0].activation == "silu"


def test_float16_weights(tmp_path: Path) -> None:
    graph = Graph()
    half = graph.constant(W1.astype(np.float16))
    weights = graph.add("DEQUANTIZE", [half], W1.shape, schema.BuiltinOptions.DequantizeOptions)
    graph.last = graph.graph.inputs[0]
    graph.dense(weights, B1)
    mlp = check(tmp_path / "m.tflite", graph)
    assert mlp.layers[0].weights.tolist() == W1.astype(np.float16).astype(np.float32).tolist()


def test_dynamic_weights_are_the_numbers_that_they_stand_for(tmp_path: Path) -> None:
    graph = Graph()
    scales = np.float32([0.01, 0.02, 0.03, 0.04, 0.05])
    integers = RANDOM.integers(-127, 128, W1.shape).astype(np.int8)
    weights = graph.constant(integers)
    quantization = schema.QuantizationParametersT()
    quantization.scale, quantization.zeroPoint = scales, np.zeros(5, np.int64)
    quantization.quantizedDimension = 0
    graph.graph.tensors[weights].quantization = quantization
    graph.dense(weights, B1)
    found = read(tmp_path / "m.tflite", graph.content())
    wanted = (integers * scales.astype(np.float64)[:, None]).astype(np.float32)
    assert found.mlp.layers[0].weights.tolist() == wanted.tolist()
    assert "its weights are int8 numbers" in found.remarks[0]


# Inside C


def c_file(content: bytes, how: str = "hex") -> str:
    numbers = ", ".join(f"0x{byte:02x}" if how == "hex" else str(byte) for byte in content)
    return (
        '#include "model.h"\n/* a model */ // const unsigned char old[] = {1, 2};\n'
        f"alignas(8) const unsigned char g_model[] = {{\n  {numbers},\n}};\n"
        f"const int g_model_len = {len(content)};\nstatic const int others[] = {{-1, 2}};\n"
    )


@pytest.mark.parametrize("suffix", [".h", ".cc", ".c", ".cpp"])
@pytest.mark.parametrize("how", ["hex", "decimal"])
def test_a_model_inside_a_c_file(tmp_path: Path, suffix: str, how: str) -> None:
    graph = Graph()
    graph.dense(W1, B1, 1)
    content = graph.content()
    path = tmp_path / f"model_data{suffix}"
    path.write_text(c_file(content, how))
    mlp = read_foreign(path).mlp
    assert mlp.weights_sha256 == read(tmp_path / "m.tflite", content).mlp.weights_sha256
    assert inspect_file(path).format == "TFLite in a C array"


def test_c_files_without_a_model_or_with_two(tmp_path: Path) -> None:
    path = tmp_path / "model.h"
    graph = Graph()
    graph.dense(W1, B1)
    for text, said in (
        ("int main(void) { return 0; }", "holds no TFLite model"),
        ("const unsigned char a[] = {0x1c, 300, 0, 0, 0x54, 0x46, 0x4c, 0x33};", "no TFLite"),
        (c_file(graph.content()) + c_file(graph.content()).replace("g_model", "second"),
         "holds the TFLite models g_model, second"),
    ):  # fmt: skip
        path.write_text(text)
        with pytest.raises(ModelError, match=said):
            read_foreign(path)


# What is refused


def refused(path: Path, content: bytes) -> str:
    with pytest.raises(ModelError) as caught:
        read(path, content)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def test_what_is_refused(tmp_path: Path) -> None:
    path, options = tmp_path / "m.tflite", schema.BuiltinOptions
    graph = Graph()
    graph.graph.tensors[0].type = KINDS.INT8
    graph.dense(W1, B1)
    assert "its input is int8; a network in float32" in refused(path, graph.content())
    graph = Graph()
    graph.dense(W1, B1)
    graph.add("HARD_SWISH", [graph.last], (1, 5))
    assert "operator 1 (HARD_SWISH) is an operator that" in refused(path, graph.content())
    graph = Graph()
    hidden = graph.dense(W1, B1, 1)
    again = graph.dense(np.float32(RANDOM.normal(size=(5, 5))))
    graph.add("ADD", [hidden, again], (1, 5), options.AddOptions)
    check(path, graph)
    graph = Graph()
    graph.dense(W1, B1)
    graph.add("SOFTMAX", [graph.last], (1, 5), options.SoftmaxOptions, beta=2.0)
    assert "operator 1 (SOFTMAX) has beta 2; 1 would do" in refused(path, graph.content())
    assert "an export of mlp-edge" in refused(path, exporter.export(network()))
    assert "not a TFLite model, or a damaged one" in refused(path, b"1234TFL3" + bytes(40))


def test_files_with_wrong_bytes_are_read_or_refused(tmp_path: Path) -> None:
    graph = Graph()
    graph.dense(W1, B1, 1)
    graph.dense(W2, B2)
    original, path = graph.content(), tmp_path / "m.tflite"
    assert refusals(path, read_foreign, many_with_wrong_bytes(original)) > 40
