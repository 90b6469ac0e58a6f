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


# Graphs

OPTIONS = schema.BuiltinOptions
SQUARE = np.float32(RANDOM.normal(0, 0.6, (5, 5)))


@pytest.mark.parametrize("name", ["ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"])
@pytest.mark.parametrize("fused", [0, 1])
def test_values_joined_number_by_number(tmp_path: Path, name: str, fused: int) -> None:
    graph = Graph()
    hidden = graph.dense(W1, B1, 1)
    again = graph.dense(SQUARE)
    if name.startswith("M") and name != "MUL":
        graph.add(name, [hidden, again], (1, 5), OPTIONS.MaximumMinimumOptions)
    else:
        kind = getattr(OPTIONS, f"{name.title()}Options")
        graph.add(name, [hidden, again], (1, 5), kind, fusedActivationFunction=fused)
    graph.dense(W2, B2)
    check(tmp_path / "m.tflite", graph)


def test_a_skip_over_two_layers_and_rows_side_by_side(tmp_path: Path) -> None:
    graph = Graph()
    first = graph.last
    hidden = graph.dense(W1, B1, 1)
    joined = graph.add("CONCATENATION", [first, hidden], (1, 9), OPTIONS.ConcatenationOptions,
                       axis=1)  # fmt: skip
    graph.dense(np.float32(RANDOM.normal(0, 0.4, (4, 9))), None, 1)
    graph.add("ADD", [graph.last, first], (1, 4), OPTIONS.AddOptions)
    assert joined < graph.last
    graph.dense(W1[:2], B1[:2])
    mlp = check(tmp_path / "m.tflite", graph)
    assert mlp.layers[1].reads == (0, 1)


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    """Inputs and outputs stand one after the other, in the order of the file."""
    graph = Graph(3)
    first = graph.last
    second = graph.tensor((1, 2))
    graph.graph.inputs = [first, second]
    left = graph.dense(W1[:, :3], B1, 1)
    graph.last = second
    right = graph.dense(W1[:, :2], B1)
    total = graph.add("ADD", [left, right], (1, 5), OPTIONS.AddOptions)
    one = graph.dense(W2, B2)
    graph.last = total
    other = graph.dense(W2[:2], B2[:2], 1)
    content, rows = graph.content(one, other), ROWS[:, :1].repeat(5, axis=1) * np.arange(1, 6)
    found = read(tmp_path / "m.tflite", content)
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    wanted = []
    for row in rows.astype(np.float32):
        parts = zip(interpreter.get_input_details(), (row[:3], row[3:]), strict=True)
        for detail, part in parts:
            interpreter.set_tensor(detail["index"], part[None])
        interpreter.invoke()
        details = interpreter.get_output_details()
        wanted.append(np.hstack([interpreter.get_tensor(each["index"])[0] for each in details]))
    assert_answers(found.mlp, rows.astype(np.float32), np.array(wanted), times=2)
    assert found.mlp.targets == ("output 1 1", "output 1 2", "output 1 3", "output 2 1",
                                 "output 2 2")  # fmt: skip
    assert any("its inputs, of 3, 2 numbers" in remark for remark in found.remarks)


def test_parts_of_a_row(tmp_path: Path) -> None:
    graph = Graph()
    first = graph.last
    places = [graph.constant(np.int32(each)) for each in ([0, 1], [0, 3], [1, 1])]
    graph.add("STRIDED_SLICE", [first, *places], (1, 2), OPTIONS.StridedSliceOptions,
              beginMask=1, endMask=1)  # fmt: skip
    middle = graph.dense(W1[:, :2], B1, 1)
    chosen = graph.add("GATHER", [first, graph.constant(np.int32([3, 0, 0, 2, 1]))], (1, 5),
                       OPTIONS.GatherOptions, axis=1)  # fmt: skip
    graph.add("ADD", [middle, chosen], (1, 5), OPTIONS.AddOptions)
    graph.dense(W2, B2)
    check(tmp_path / "m.tflite", graph)


def test_a_softmax_in_the_middle_and_logarithms_at_the_end(tmp_path: Path) -> None:
    graph = Graph()
    graph.dense(W1, B1)
    graph.add("SOFTMAX", [graph.last], (1, 5), OPTIONS.SoftmaxOptions, beta=1.0)
    logits = graph.dense(W2, B2)
    check(tmp_path / "m.tflite", graph)
    graph.add("LOG_SOFTMAX", [logits], (1, 3), OPTIONS.LogSoftmaxOptions)
    found = read(tmp_path / "m.tflite", graph.content())
    assert_answers(found.mlp, ROWS, np.exp(litert(graph.content())), times=2)
    assert found.mlp.task == "multiclass"
    assert any("gives logarithms of probabilities" in remark for remark in found.remarks)


@pytest.mark.parametrize(("slope", "scale"), [(1.0, 1.0), (0.5, 1.0), (1.6732632, 1.050701)])
def test_elu_and_selu_as_a_choice(tmp_path: Path, slope: float, scale: float) -> None:
    graph = Graph()
    x = graph.dense(W1, B1)
    zero, one = (graph.constant(np.float32(value)) for value in (0, 1))
    above = graph.add("GREATER", [x, zero], (1, 5), OPTIONS.GreaterOptions)
    graph.graph.tensors[above].type = KINDS.BOOL
    linear = graph.add("MUL", [x, graph.constant(np.float32(scale))], (1, 5), OPTIONS.MulOptions)
    graph.add("EXP", [x], (1, 5), OPTIONS.ExpOptions)
    graph.add("SUB", [graph.last, one], (1, 5), OPTIONS.SubOptions)
    factor = graph.constant(np.float32(slope * scale))
    power = graph.add("MUL", [graph.last, factor], (1, 5), OPTIONS.MulOptions)
    graph.add("SELECT_V2", [above, linear, power], (1, 5), OPTIONS.SelectV2Options)
    graph.dense(W2, B2)
    mlp = check(tmp_path / "m.tflite", graph)
    assert {layer.activation for layer in mlp.layers} <= {"elu", "selu", "relu", "linear"}


def test_a_layer_normalization_by_its_parts(tmp_path: Path) -> None:
    """As Keras's is converted."""
    graph = Graph()
    x = graph.dense(W1, B1)
    axes, epsilon = graph.constant(np.int32([1])), graph.constant(np.float32(1e-3))
    mean = graph.add("MEAN", [x, axes], (1, 1), OPTIONS.ReducerOptions, keepDims=True)
    graph.add("SQUARED_DIFFERENCE", [x, mean], (1, 5), OPTIONS.SquaredDifferenceOptions)
    graph.add("MEAN", [graph.last, axes], (1, 1), OPTIONS.ReducerOptions, keepDims=True)
    graph.add("ADD", [graph.last, epsilon], (1, 1), OPTIONS.AddOptions)
    root = graph.add("RSQRT", [graph.last], (1, 1))
    gamma = graph.constant(B1 + 2)
    factor = graph.add("MUL", [root, gamma], (1, 5), OPTIONS.MulOptions)
    scaled = graph.add("MUL", [x, factor], (1, 5), OPTIONS.MulOptions)
    moved = graph.add("MUL", [mean, factor], (1, 5), OPTIONS.MulOptions)
    offset = graph.add("SUB", [graph.constant(B1), moved], (1, 5), OPTIONS.SubOptions)
    graph.add("ADD", [scaled, offset], (1, 5), OPTIONS.AddOptions)
    graph.dense(W2, B2)
    mlp = check(tmp_path / "m.tflite", graph)
    assert "rsqrt" in {layer.activation for layer in mlp.layers}


def test_exponentials_and_mish_by_its_parts(tmp_path: Path) -> None:
    graph = Graph()
    graph.dense(W1, B1)
    graph.add("EXP", [graph.last], (1, 5), OPTIONS.ExpOptions)
    x = graph.dense(SQUARE / 50)
    graph.add("EXP", [x], (1, 5), OPTIONS.ExpOptions)
    one = graph.constant(np.float32(1))
    graph.add("ADD", [graph.last, one], (1, 5), OPTIONS.AddOptions)
    graph.add("LOG", [graph.last], (1, 5))
    graph.add("TANH", [graph.last], (1, 5))
    graph.add("MUL", [x, graph.last], (1, 5), OPTIONS.MulOptions)
    graph.dense(W2, B2)
    mlp = check(tmp_path / "m.tflite", graph)
    assert [layer.activation for layer in mlp.layers] == ["exponential", "mish", "linear"]


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
    graph.add("ROUND", [graph.last], (1, 5))
    assert "operator 1 (number 116) is an operator that" in refused(path, graph.content())
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
