"""``mlp-edge inspect`` of files that others wrote, in integers above all: what is in them.

Converters and quantisers of the makers' own write them: TensorFlow's, onnxruntime's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import Type

from mlp_edge.readers.anatomy import Layer
from mlp_edge.readers.inspection import InspectedFile, inspect_file

ROWS = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)


def shown(found: InspectedFile) -> list[tuple[str, str, int]]:
    return [(layer.kind, layer.activation, layer.parameters) for layer in found.anatomy.layers]


# TFLite, by TensorFlow's converter

Build = Callable[[Any, Any], Any]
"""keras, inputs (n, 4) -> outputs."""


def dense(keras: Any, units: int, activation: Any = None) -> Any:
    return keras.layers.Dense(units, activation, bias_initializer="random_normal")


NETS: dict[str, tuple[Build, list[tuple[str, str, int]]]] = {
    "relu, sigmoid": (
        lambda k, x: dense(k, 1, "sigmoid")(dense(k, 3, "relu")(x)),
        [("dense", "relu", 15), ("dense", "sigmoid", 4)],
    ),
    "tanh, softmax": (
        lambda k, x: dense(k, 3, "softmax")(dense(k, 5, "tanh")(x)),
        [("dense", "tanh", 25), ("dense", "softmax", 18)],
    ),
    "leaky_relu, none": (
        lambda k, x: dense(k, 2)(k.layers.LeakyReLU(negative_slope=0.1)(dense(k, 3)(x))),
        [("dense", "leaky_relu", 15), ("dense", "linear", 8)],
    ),
    "a linear classifier": (
        lambda k, x: dense(k, 3, "softmax")(x), [("dense", "softmax", 15)],
    ),
    "a linear regression": (lambda k, x: dense(k, 1)(x), [("dense", "linear", 5)]),
    "relu at the end": (lambda k, x: dense(k, 3, "relu")(x), [("dense", "relu", 15)]),
    "a skip connection": (
        lambda k, x: (lambda h: dense(k, 1)(k.layers.Add()([h, dense(k, 3, "relu")(h)])))(
            dense(k, 3, "tanh")(x)
        ),
        [("dense", "tanh", 15), ("dense", "relu", 12), ("Add", "linear", 0),
         ("dense", "linear", 4)],
    ),
}  # fmt: skip


def converted(keras: Any, build: Build, dtype: str) -> bytes:
    from mlp_edge.lazy import quiet, tensorflow

    tf = tensorflow()
    keras.utils.set_random_seed(1)
    inputs = keras.Input((4,))
    model = keras.Model(inputs, build(keras, inputs))

    def samples() -> Iterator[list[Any]]:
        for row in ROWS:
            yield [row[None]]

    with quiet():
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        if dtype != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if dtype == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if dtype.startswith("int"):
            converter.representative_dataset = samples
            wide = "EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8"
            kind = wide if dtype == "int16" else "TFLITE_BUILTINS_INT8"
            converter.target_spec.supported_ops = [getattr(tf.lite.OpsSet, kind)]
        return bytes(converter.convert())


@pytest.mark.parametrize(("build", "layers"), NETS.values(), ids=NETS)
def test_an_int8_tflite_of_a_stranger(
    keras: Any, folder: Path, build: Build, layers: list[tuple[str, str, int]]
) -> None:
    (folder / "m.tflite").write_bytes(converted(keras, build, "int8"))
    found = inspect_file(folder / "m.tflite")
    assert shown(found) == layers
    assert found.dtype == "int8"
    assert found.card is None


@pytest.mark.parametrize("dtype", ["float32", "int16", "float16"])
def test_a_tflite_in_other_numbers(keras: Any, folder: Path, typed: Type, dtype: str) -> None:
    build, layers = NETS["tanh, softmax"]
    (folder / "m.tflite").write_bytes(converted(keras, build, dtype))
    found = inspect_file(folder / "m.tflite")
    assert (shown(found), found.dtype) == (layers, dtype)
    assert json.loads(typed("inspect", "m.tflite", "--json").out)["dtype"] == dtype


def test_a_skip_connection_is_shown_and_said(keras: Any, folder: Path, typed: Type) -> None:
    (folder / "m.tflite").write_bytes(converted(keras, NETS["a skip connection"][0], "int8"))
    answer = typed("inspect", "m.tflite")
    lines = [" ".join(line.split()) for line in answer.out.splitlines()]
    assert "Add linear (n, 3) 0 0" in lines
    assert "dtype int8" in lines
    assert any(line.startswith("4-3-3-1") for line in lines)
    said = " ".join(answer.err.split())
    assert "its layers do not stand in one line: Add joins layer 1 and layer 2" in said


# ONNX


def graph(
    nodes: list[tuple[str, str, str, dict[str, Any]]], constants: dict[str, Any], outputs: int = 1,
    domain: str = "",
) -> Any:  # fmt: skip
    """An ONNX model of nodes (operator, inputs, output, attributes), from x (n, 4) to y."""
    from onnx import TensorProto, helper, numpy_helper

    made = [
        helper.make_node(operator, inputs.split(), given.split(), domain=domain, **attributes)
        for operator, inputs, given, attributes in nodes
    ]
    held = [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()]
    built = helper.make_graph(
        made, "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", outputs])], held,
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 17)]
    opsets += [helper.make_opsetid(domain, 1)] if domain else []
    return helper.make_model(built, ir_version=8, opset_imports=opsets)


def floats(*shape: int) -> Any:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def plain(operator: str = "MatMul") -> Any:
    if operator == "Gemm":
        return graph(
            [("Gemm", "x w b", "c", {}), ("Relu", "c", "d", {}),
             ("Gemm", "d v f", "g", {"transB": 1}), ("Sigmoid", "g", "y", {})],
            {"w": floats(4, 3), "b": floats(3), "v": floats(1, 3), "f": floats(1)},
        )  # fmt: skip
    return graph(
        [("MatMul", "x w", "a", {}), ("Add", "a b", "c", {}), ("Relu", "c", "d", {}),
         ("MatMul", "d v", "e", {}), ("Add", "e f", "g", {}), ("Sigmoid", "g", "y", {})],
        {"w": floats(4, 3), "b": floats(3), "v": floats(3, 1), "f": floats(1)},
    )  # fmt: skip


PLAIN = [("dense", "relu", 15), ("dense", "sigmoid", 4)]


class Rows:
    """Rows to calibrate with, as onnxruntime's quantiser takes them."""

    def __init__(self) -> None:
        self._rows = iter(ROWS[:, None])

    def get_next(self) -> dict[str, Any] | None:
        row = next(self._rows, None)
        return None if row is None else {"x": row}


@pytest.mark.parametrize("operator", ["MatMul", "Gemm"])
@pytest.mark.parametrize("way", ["QDQ", "QOperator", "dynamic"])
def test_a_quantised_onnx_of_a_stranger(keras: Any, folder: Path, way: str, operator: str) -> None:
    import onnx
    from onnxruntime import quantization

    onnx.save(plain(operator), folder / "plain.onnx")
    if way == "dynamic":
        quantization.quantize_dynamic(folder / "plain.onnx", folder / "m.onnx")
    else:
        quantization.quantize_static(
            folder / "plain.onnx", folder / "m.onnx", Rows(),
            quant_format=getattr(quantization.QuantFormat, way),
            activation_type=quantization.QuantType.QInt8,
        )  # fmt: skip
    found = inspect_file(folder / "m.onnx")
    assert shown(found) == PLAIN
    assert found.dtype == ("dynamic" if way == "dynamic" else "int8")
    assert found.anatomy.topology == "4-3-1"


def test_a_float_onnx_of_a_stranger(keras: Any, folder: Path) -> None:
    import onnx

    onnx.save(plain(), folder / "m.onnx")
    found = inspect_file(folder / "m.onnx")
    assert (shown(found), found.dtype) == (PLAIN, "float32")


def test_a_skip_connection_in_onnx(keras: Any, folder: Path) -> None:
    import onnx

    square = {"w": floats(4, 4), "b": floats(4), "v": floats(4, 4), "f": floats(4)}
    nodes = [("Gemm", "x w b", "a", {}), ("Relu", "a", "c", {}), ("Gemm", "c v f", "d", {}),
             ("Relu", "d", "e", {})]  # fmt: skip
    for last, width, said in (
        (("Add", "e c", "y", {}), 4, "Add joins layer 2 and layer 1"),
        (("Add", "e x", "y", {}), 4, "Add joins layer 2 and what goes in"),
        (("Concat", "c e", "y", {"axis": 1}), 8, "Concat joins layer 1 and layer 2"),
    ):
        onnx.save(graph([*nodes, last], square, width), folder / "m.onnx")
        found = inspect_file(folder / "m.onnx")
        assert shown(found)[:2] == [("dense", "relu", 20)] * 2
        assert found.anatomy.layers[2] == Layer(last[0], width, width, "linear", 0, 0)
        assert f"its layers do not stand in one line: {said}" in found.notes


@pytest.mark.parametrize(
    ("operator", "attributes", "layer"),
    [
        ("LinearClassifier", {"coefficients": [0.5] * 12, "intercepts": [1.0] * 3,
         "classlabels_ints": [0, 1, 2], "post_transform": "SOFTMAX"}, ("softmax", 15, 3)),
        ("LinearClassifier", {"coefficients": [0.5] * 8, "intercepts": [1.0] * 2,
         "classlabels_strings": ["a", "b"], "post_transform": "LOGISTIC"}, ("sigmoid", 10, 2)),
        ("LinearClassifier", {"coefficients": [0.5] * 12, "classlabels_ints": [0, 1, 2]},
         ("linear", 12, 3)),
        ("LinearRegressor", {"coefficients": [0.5] * 4, "intercepts": [1.0]}, ("linear", 5, 1)),
        ("LinearRegressor", {"coefficients": [0.5] * 8, "targets": 2}, ("linear", 8, 2)),
    ],
)  # fmt: skip
def test_a_linear_model_of_scikit_learn_has_its_parameters(
    keras: Any, folder: Path, operator: str, attributes: dict[str, Any],
    layer: tuple[str, int, int],
) -> None:  # fmt: skip
    import onnx

    output = "label y" if operator == "LinearClassifier" else "y"
    model = graph([(operator, "x", output, attributes)], {}, layer[2], "ai.onnx.ml")
    onnx.save(model, folder / "m.onnx")
    found = inspect_file(folder / "m.onnx")
    assert shown(found) == [("dense", layer[0], layer[1])]
    assert found.anatomy.topology == f"4-{layer[2]}"
    assert (found.anatomy.parameters, found.dtype) == (layer[1], "float32")


def test_a_long_activation_cuts_no_number(keras: Any, folder: Path, typed: Type) -> None:
    import onnx

    chain = [("Gemm", "x w b", "t0", {})]
    chain += [("Softsign" if i % 2 else "Cos", f"t{i}", f"t{i + 1}", {}) for i in range(12)]
    chain += [("Abs", "t12", "y", {})]
    onnx.save(graph(chain, {"w": floats(4, 300), "b": floats(300)}, 300), folder / "m.onnx")
    lines = typed("inspect", "m.onnx").out.splitlines()
    assert max(map(len, lines)) <= 80
    [row] = [line for line in lines if line.split()[:1] == ["output"]]
    assert row.split()[-2:] == ["1,500", "1,200"]
