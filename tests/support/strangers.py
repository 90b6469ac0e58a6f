"""Small files of networks as other programs write them, of every kind that is read."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from onnx import TensorProto

from support import keras_files, onnx_files
from support.integer_tflite import CHAINS
from support.saved_models import write_saved_model

WIDE = np.linspace(-1, 1, 20, dtype=np.float32).reshape(4, 5)
DEEP = np.linspace(1, -1, 15, dtype=np.float32).reshape(5, 3)


@cache
def originals(kind: str) -> list[bytes]:
    """Files of a kind: "keras", "h5", "onnx", "tflite", "cc"; "pb" and "index" of a SavedModel."""
    if kind == "keras":
        return [_keras(), _older_keras()]
    if kind == "h5":
        return [_h5()]
    if kind in ("pb", "index"):
        with tempfile.TemporaryDirectory() as name:
            place = saved_model(Path(name) / "net")
            file = "saved_model.pb" if kind == "pb" else "variables/variables.index"
            return [(place / file).read_bytes()]
    if kind == "onnx":
        return [_branches(), _normalised(), _pipeline()]
    made = [_tflite(), _tflite_graph(), CHAINS["four readings"]]
    return made if kind == "tflite" else [c_array(content) for content in made]


def c_array(content: bytes) -> bytes:
    """A C file that holds a model as an array."""
    numbers = ",".join(f"0x{byte:02x}" for byte in content)
    return f"const unsigned char g_model[] = {{{numbers}}};\n".encode()


def saved_model(path: Path) -> Path:
    """Two dense layers in a directory of TensorFlow."""
    arrays = {"a": WIDE, "b": WIDE[0], "c": DEEP, "d": DEEP[0]}
    return write_saved_model(path, arrays)


def _keras() -> bytes:
    """A residual block in Keras 3."""
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        for name, array in (("dense", WIDE), ("dense_1", WIDE[:1].T @ WIDE[:1])):
            file[f"layers/{name}/vars/0"] = array
            file[f"layers/{name}/vars/1"] = array[0]
    layers = [
        _layer("InputLayer", "x", (), batch_shape=[None, 4]),
        _layer("Dense", "dense", ("x",), units=5, activation="relu", use_bias=True),
        _layer("Dense", "dense_1", ("dense",), units=5, activation="tanh", use_bias=True),
        _layer("Add", "add", ("dense", "dense_1")),
    ]
    config = {"name": "net", "layers": layers, "input_layers": [["x", 0, 0]],
              "output_layers": [["add", 0, 0]]}  # fmt: skip
    model = {"module": "keras.src.models.functional", "class_name": "Functional",
             "registered_name": "Functional", "config": config}  # fmt: skip
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        archive.writestr("config.json", json.dumps(model))
        archive.writestr("model.weights.h5", weights.getvalue())
    return found.getvalue()


def _older_keras() -> bytes:
    """Two dense layers in Keras 2.13."""
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        for name, array in (("dense", WIDE), ("dense_2", DEEP)):
            file[f"_layer_checkpoint_dependencies/{name}/vars/0"] = array
            file[f"_layer_checkpoint_dependencies/{name}/vars/1"] = array[0]
    layers = [keras_files.dense(WIDE, WIDE[0], "hard_sigmoid"), keras_files.dense(DEEP, DEEP[0])]
    model = keras_files.configuration(layers, "2.13.1", "functional", 4)
    for entry in (model, *model["config"]["layers"]):
        entry |= {"module": "keras.layers", "registered_name": None}
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "2.13.1"}))
        archive.writestr("config.json", json.dumps(model))
        archive.writestr("model.weights.h5", weights.getvalue())
    return found.getvalue()


def _layer(kind: str, name: str, before: tuple[str, ...], **settings: Any) -> dict[str, Any]:
    tensors = [
        {"class_name": "__keras_tensor__",
         "config": {"shape": [None, 5], "dtype": "float32", "keras_history": [each, 0, 0]}}
        for each in before
    ]  # fmt: skip
    given = tensors if len(tensors) == 1 else [tensors]
    return {
        "module": "keras.layers", "class_name": kind, "registered_name": None, "name": name,
        "config": {"name": name, "dtype": "float32", **settings},
        "inbound_nodes": [{"args": given, "kwargs": {}}] if before else [],
    }  # fmt: skip


def _h5() -> bytes:
    layers = [
        keras_files.batch_normalization([1] * 4, [0] * 4, [2] * 4, [4] * 4),
        keras_files.dense(WIDE, WIDE[0], "relu"),
        keras_files.other("LeakyReLU", alpha=0.3), keras_files.dense(DEEP, DEEP[0], "softmax"),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        return keras_files.write_h5(Path(name) / "m.h5", layers, inputs=4).read_bytes()


def _branches() -> bytes:
    """Parts of a row, a gate, gelu by its parts, a residual; as PyTorch writes them."""
    g = onnx_files.Graph()
    given = [g.constant(np.array(each)) for each in ([1], [2**63 - 1], [1], [1])]
    g.add("Slice", "x", *given)
    g.add("MatMul", WIDE[:3])
    part = g.add("Tanh", g.last)
    g.last = "x"
    onnx_files.gemm(g, WIDE, WIDE[0])
    onnx_files.gelu_of_torch(g)
    g.add("Concat", g.add("Mul", g.last, part), g.add("Add", g.last, part), axis=1)
    g.add("MatMul", np.vstack([DEEP, -DEEP]))
    g.add("Softmax", g.last, axis=1)
    return bytes(g.model().SerializeToString())


def _normalised() -> bytes:
    """A view by computed sizes, a LayerNormalization whole and another by its parts."""
    g = onnx_files.Graph()
    size = g.add("Gather", g.add("Shape", "x"), g.constant(np.int64(0)), axis=0)
    g.add("Unsqueeze", size, g.constant(np.array([0])))
    g.add("Concat", g.last, g.constant(np.array([-1])), axis=0)
    g.add("Reshape", "x", g.last)
    onnx_files.gemm(g, WIDE, WIDE[0])
    x = g.add("LayerNormalization", g.last, g.constant(WIDE[1]), g.constant(WIDE[2]))
    apart = g.add("Sub", x, g.add("ReduceMean", x, axes=[-1]))
    g.add("ReduceMean", g.add("Pow", apart, g.constant(np.float32(2))), axes=[-1])
    g.add("Sqrt", g.add("Add", g.last, g.constant(np.float32(1e-5))))
    g.add("Add", g.add("Mul", g.add("Div", apart, g.last), g.constant(WIDE[3])), x)
    onnx_files.gemm(g, DEEP, DEEP[0])
    return bytes(g.model(("n", 2, 2)).SerializeToString())


def _pipeline() -> bytes:
    """Categories, fills, a scaling and a classifier, as skl2onnx writes them."""
    g = onnx_files.Graph()
    numbers, category = (
        g.add("ArrayFeatureExtractor", "x", g.constant(np.array(places)), domain="ai.onnx.ml")
        for places in ([0, 2, 3], [1])
    )
    g.add("Imputer", numbers, domain="ai.onnx.ml", imputed_value_floats=[0.5, 1.0, 2.0],
          replaced_value_float=float("nan"))  # fmt: skip
    g.add("Scaler", g.last, domain="ai.onnx.ml", offset=[1.0, 2.0, 3.0], scale=[0.5, 2.0, 1.0])
    scaled = g.last
    g.add("Cast", category, to=TensorProto.INT64)
    g.add("OneHotEncoder", g.last, domain="ai.onnx.ml", cats_int64s=[0, 7], zeros=1)
    g.add("Reshape", g.last, g.constant(np.array([-1, 2])))
    g.add("Concat", scaled, g.last, axis=1)
    onnx_files.dense(g, WIDE.T @ WIDE, WIDE[:1])
    g.add("Relu", g.last)
    onnx_files.dense(g, DEEP, DEEP[:1])
    chances = g.add("Softmax", g.last)
    g.add("ArgMax", chances, axis=1)
    g.add("ArrayFeatureExtractor", g.constant(np.array(["a", "b", "c"], object)), g.last,
          domain="ai.onnx.ml")  # fmt: skip
    g.add("ZipMap", chances, domain="ai.onnx.ml", classlabels_strings=["a", "b", "c"])
    return bytes(g.model(outputs=[chances]).SerializeToString())


def _tflite_graph() -> bytes:
    """Parts of a row side by side, a residual, a normalisation by its parts, a choice."""
    from support.tflite_graphs import KINDS, Graph, schema

    made, options = Graph(4), schema.BuiltinOptions
    given = made.last
    places = [made.constant(np.int32(each)) for each in ([0, 1], [0, 3], [1, 1])]
    made.add("STRIDED_SLICE", [given, *places], (1, 2), options.StridedSliceOptions,
             beginMask=1, endMask=1)  # fmt: skip
    joined = made.add("CONCATENATION", [given, made.last], (1, 6), options.ConcatenationOptions,
                      axis=1)  # fmt: skip
    x = made.dense(np.ones((5, 6), np.float32), WIDE[0])
    axes = made.constant(np.int32([1]))
    mean = made.add("MEAN", [x, axes], (1, 1), options.ReducerOptions, keepDims=True)
    apart = made.add("SUB", [x, mean], (1, 5), options.SubOptions)
    above = made.add("GREATER", [apart, made.constant(np.float32(0))], (1, 5))
    made.graph.tensors[above].type = KINDS.BOOL
    low = made.add("MUL", [apart, made.constant(np.float32(0.1))], (1, 5), options.MulOptions)
    made.add("SELECT_V2", [above, apart, low], (1, 5), options.SelectV2Options)
    made.add("ADD", [made.last, x], (1, 5), options.AddOptions)
    assert joined < made.last
    made.dense(DEEP.T.copy(), DEEP[0])
    made.add("LOG_SOFTMAX", [made.last], (1, 3), options.LogSoftmaxOptions)
    return made.content()


def _tflite() -> bytes:
    """Two dense layers with a gate."""
    from support.tflite_graphs import Graph, schema

    made, options = Graph(4), schema.BuiltinOptions
    made.add("SUB", [made.last, made.constant(WIDE[:1, :4])], (1, 4), options.SubOptions)
    hidden = made.dense(WIDE.T.copy(), WIDE[0], 1)
    made.add("LOGISTIC", [hidden], (1, 5))
    made.add("MUL", [hidden, made.last], (1, 5), options.MulOptions)
    made.dense(DEEP.T.copy(), DEEP[0])
    made.add("SOFTMAX", [made.last], (1, 3), options.SoftmaxOptions, beta=1.0)
    return made.content()
