"""ONNX files as PyTorch, scikit-learn and Keras export them, read as networks, or refused by node.

The graphs are built by the onnx helper, operator by operator as those programs write them, and
answered by ONNX Runtime.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from support.keras_files import assert_answers
from support.networks import network
from support.onnx_files import (
    B1,
    B2,
    B3,
    ROWS,
    W1,
    W2,
    W3,
    Graph,
    check,
    dense,
    f32,
    gelu_of_torch,
    gemm,
    read,
    refused,
)
from support.spoilt import many_with_wrong_bytes, refusals

from mlp_edge.errors import ModelError
from mlp_edge.export import onnx as exporter
from mlp_edge.readers.checks.onnx_checks import check_onnx
from mlp_edge.readers.importing.opening import read_foreign


def silu(g: Graph) -> None:
    x = g.last
    g.add("Mul", x, g.add("Sigmoid", x))


def exported_silu(g: Graph) -> None:
    x = g.last
    g.add("Exp", g.add("Neg", x))
    g.add("Add", f32(1))
    g.add("Div", x, g.last)


def gelu_of_tf2onnx(g: Graph) -> None:
    x = g.last
    g.add("Mul", f32(1 / np.sqrt(2)))
    g.add("Erf")
    g.add("Mul", f32(0.5))
    g.add("Add", f32(0.5))
    g.add("Mul", g.last, x)


def hard_sigmoid_apart(g: Graph) -> None:
    g.add("Add", f32(3))
    g.add("Clip", f32(0), f32(6))
    g.add("Mul", f32(1 / 6))


def softsign_apart(g: Graph) -> None:
    x = g.last
    g.add("Add", g.add("Abs", x), g.constant(f32(1)))
    g.add("Div", x, g.last)


def softplus_apart(g: Graph) -> None:
    g.add("Exp")
    g.add("Add", f32(1))
    g.add("Log")


def relu6(g: Graph) -> None:
    g.add("Relu")
    g.add("Min", f32(6))


ACTIVATIONS: dict[str, Any] = {
    **{name: (lambda g, name=name: g.add(name, g.last))
       for name in ("Relu", "Elu", "Selu", "Softplus", "Softsign", "Tanh", "Sigmoid", "Celu",
                    "LeakyRelu", "HardSigmoid", "Identity")},
    "slope 0.2": lambda g: g.add("LeakyRelu", g.last, alpha=0.2),
    "hard sigmoid of torch": lambda g: g.add("HardSigmoid", g.last, alpha=1 / 6, beta=0.5),
    "celu 2": lambda g: g.add("Celu", g.last, alpha=2.0),
    "prelu": lambda g: g.add("PRelu", f32([0.25])),
    "silu": silu, "silu by exp": exported_silu, "gelu of torch": gelu_of_torch,
    "gelu of tf2onnx": gelu_of_tf2onnx, "hard sigmoid apart": hard_sigmoid_apart,
    "softsign apart": softsign_apart, "softplus apart": softplus_apart, "relu6": relu6,
    "clip": lambda g: g.add("Clip", f32(-1), f32(1)),
    "at least": lambda g: g.add("Max", f32(-0.5)),
    "at most": lambda g: g.add("Clip", g.last, "", g.constant(f32(0.7))),
    "times itself, no": lambda g: g.add("Mul", f32(2)),
}  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("last", [False, True])
def test_activations_and_what_they_are_made_of(tmp_path: Path, name: str, last: bool) -> None:
    graph = Graph()
    dense(graph, W1, B1)
    ACTIVATIONS[name](graph)
    if not last:
        dense(graph, W2, B2)
    check(tmp_path / "m.onnx", graph.model())


def of_opset(opset: int) -> onnx.ModelProto:
    """The same network in the words of an opset."""
    graph = Graph(opset)
    gemm_settings = {"broadcast": 1} if opset < 7 else {}
    graph.add("Gemm", np.ascontiguousarray(W1.T), B1, transB=1, **gemm_settings)
    test = {"is_test": 1} if opset < 7 else {}
    graph.add("BatchNormalization", f32([1, 2, -1, 0.5, 3]), B1, B1 + 1, np.abs(B1) + 1, **test)
    graph.add("Relu", graph.last)
    graph.add("Dropout", graph.last, **test)
    graph.add("MatMul", W2)
    graph.add("Add", B2, **({"broadcast": 1, "axis": 1} if opset < 7 else {}))
    if opset < 11:
        graph.add("Clip", graph.last, min=-1.0, max=2.0)
    else:
        graph.add("Clip", f32(-1), f32(2))
    return graph.model()


@pytest.mark.parametrize("opset", [7, 9, 11, 13, 17, 20])
def test_opsets(tmp_path: Path, opset: int) -> None:
    assert check(tmp_path / "m.onnx", of_opset(opset)).clip == (-1, 2)


def test_the_oldest_opset_which_onnx_runtime_does_not_run(tmp_path: Path) -> None:
    old, new = (read(tmp_path / "m.onnx", of_opset(opset)).mlp for opset in (6, 7))
    assert old.weights_sha256 == new.weights_sha256
    training = of_opset(6)
    del training.graph.node[1].attribute[:]
    assert "node 't1' (BatchNormalization) is set to train" in refused(
        tmp_path / "m.onnx", training
    )


def test_what_torch_writes(tmp_path: Path) -> None:
    graph = Graph()
    graph.add("Flatten", graph.last, axis=1)
    gemm(graph, W1, B1)
    graph.add("BatchNormalization", B1, B1, B1 + 0.5, np.abs(B1) + 0.1, epsilon=1e-5)
    graph.add("LeakyRelu", graph.last, alpha=0.01)
    gemm(graph, W2, B2)
    graph.add("Softmax", graph.last, axis=1)
    mlp = check(tmp_path / "m.onnx", graph.model())
    assert mlp.labels == ("0", "1", "2")
    check(tmp_path / "m.onnx", graph.model((30, 2, 2)), ROWS.reshape(30, 2, 2))


def test_a_view_by_its_own_shape(tmp_path: Path) -> None:
    """x.view(x.size(0), -1), as older PyTorch writes it."""
    graph = Graph(11)
    graph.add("Gather", graph.add("Shape", "x"), graph.constant(np.int64(0)), axis=0)
    size = graph.add("Unsqueeze", graph.last, axes=[0])
    graph.add("Concat", size, graph.constant(np.array([-1])), axis=0)
    graph.add("Reshape", "x", graph.last)
    gemm(graph, W1, B1)
    check(tmp_path / "m.onnx", graph.model(("n", 2, 2)), ROWS.reshape(30, 2, 2))


def test_scaling_in_front(tmp_path: Path) -> None:
    mean, std = f32([1000, -3, 0.5, 20]), f32([10, 2, 0.1, 5])
    for scale in ("Sub and Div", "Scaler", "Mul and Add"):
        graph = Graph()
        if scale == "Scaler":
            graph.add("Scaler", graph.last, domain="ai.onnx.ml", offset=mean, scale=1 / std)
        elif scale == "Sub and Div":
            graph.add("Sub", mean)
            graph.add("Div", std)
        else:
            graph.add("Mul", 1 / std)
            graph.add("Add", -mean / std)
        dense(graph, W1, B1)
        graph.add("Relu", graph.last)
        dense(graph, W2, B2)
        mlp = check(tmp_path / "m.onnx", graph.model(), ROWS * std + mean)
        assert mlp.scaling is not None
        if scale == "Sub and Div":
            assert mlp.scaling.mean.tolist() == mean.tolist()
            assert mlp.scaling.std.tolist() == std.tolist()


def sklearn(classes: Sequence[Any], zipmap: bool) -> tuple[onnx.ModelProto, str]:
    """An MLPClassifier, as skl2onnx writes it; and its output of numbers."""
    graph, binary = Graph(), len(classes) == 2
    graph.add("Cast", graph.last, to=TensorProto.FLOAT)
    dense(graph, W1, B1[None])
    graph.add("Relu", graph.last)
    dense(graph, W3 if binary else W2, (B3 if binary else B2)[None])
    probabilities = graph.add("Sigmoid" if binary else "Softmax", graph.last)
    if binary:
        graph.add("Sub", graph.constant(f32(1)), probabilities)
        probabilities = graph.add("Concat", graph.last, probabilities, axis=1)
    texts = isinstance(classes[0], str)
    values = np.array(classes, object if texts else np.int32)
    chosen = graph.add("ArgMax", probabilities, axis=1)
    graph.add("ArrayFeatureExtractor", graph.constant(values), chosen, domain="ai.onnx.ml")
    label = graph.add("Reshape", graph.last, graph.constant(np.array([-1])))
    if not texts:
        label = graph.add("Cast", label, to=TensorProto.INT64)
    kind = TensorProto.STRING if texts else TensorProto.INT64
    numbers = helper.make_tensor_value_info(probabilities, TensorProto.FLOAT, None)
    if zipmap:
        labels = {"classlabels_strings" if texts else "classlabels_int64s": list(classes)}
        graph.add("ZipMap", probabilities, domain="ai.onnx.ml", **labels)
        values_of = helper.make_tensor_type_proto(TensorProto.FLOAT, [])
        kinds = helper.make_sequence_type_proto(helper.make_map_type_proto(kind, values_of))
        numbers = helper.make_value_info(graph.last, kinds)
    outputs = [helper.make_tensor_value_info(label, kind, [None]), numbers]
    return graph.model(("n", 4), outputs), probabilities


@pytest.mark.parametrize("classes", [["no", "yes"], [3, 7], ["a", "b", "c"]])
@pytest.mark.parametrize("zipmap", [False, True])
def test_a_classifier_of_scikit_learn(tmp_path: Path, classes: Sequence[Any], zipmap: bool) -> None:
    model, probabilities = sklearn(classes, zipmap)
    mlp = read(tmp_path / "m.onnx", model).mlp
    assert mlp.task == ("binary" if len(classes) == 2 else "multiclass")
    assert list(mlp.labels) == [str(each) for each in classes]
    plain, _ = sklearn(classes, False)
    session = onnxruntime.InferenceSession(plain.SerializeToString())
    [answer] = session.run([probabilities], {"x": ROWS})
    wanted = answer[:, 1:] if len(classes) == 2 else answer
    assert_answers(mlp, ROWS, wanted, times=2)


def test_a_regressor_of_scikit_learn(tmp_path: Path) -> None:
    graph = Graph()
    graph.add("Cast", graph.last, to=TensorProto.FLOAT)
    dense(graph, W1, B1[None])
    graph.add("Tanh", graph.last)
    dense(graph, W3, B3[None])
    graph.add("Identity", graph.last)
    graph.add("Reshape", np.array([-1, 1]))
    assert check(tmp_path / "m.onnx", graph.model()).task == "regression"


@pytest.mark.parametrize("dtype", [np.float64, np.float16])
def test_weights_of_other_types(tmp_path: Path, dtype: Any) -> None:
    graph = Graph()
    graph.add("Cast", graph.last, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
    dense(graph, W1.astype(dtype), B1.astype(dtype))
    graph.add("Cast", graph.last, to=TensorProto.FLOAT)
    found = read(tmp_path / "m.onnx", graph.model())
    assert found.mlp.layers[0].weights.tolist() == W1.T.astype(dtype).astype(np.float32).tolist()
    name = np.dtype(dtype).name
    assert f"it computes in {name}; mlp-edge computes in float32" in found.remarks


def test_fields_that_numbers_may_stand_in(tmp_path: Path) -> None:
    graph = Graph()
    dense(graph, W1, B1)
    model = graph.model()
    for tensor, array in zip(model.graph.initializer, (W1, B1), strict=True):
        tensor.ClearField("raw_data")
        tensor.float_data.extend(array.reshape(-1).tolist())
    check(tmp_path / "m.onnx", model)
    half = helper.make_tensor("c0", TensorProto.FLOAT16, W1.shape, W1.reshape(-1).tolist())
    model.graph.initializer[0].CopyFrom(half)
    found = read(tmp_path / "m.onnx", model)
    assert found.mlp.layers[0].weights.tolist() == W1.T.astype(np.float16).tolist()
    brain = helper.make_tensor("c0", TensorProto.BFLOAT16, W1.shape, W1.reshape(-1).tolist())
    model.graph.initializer[0].CopyFrom(brain)
    found = read(tmp_path / "m.onnx", model)
    assert np.allclose(found.mlp.layers[0].weights, W1.T, rtol=2**-7)


@pytest.mark.parametrize(
    ("operator", "inputs"),
    [("BatchNormalization", [B1, B1, B1, np.abs(B1)]), ("LayerNormalization", [B1, B1]),
     ("Dropout", []), ("LpNormalization", []), ("Flatten", []), ("HardSwish", []), ("Mish", [])],
)  # fmt: skip
def test_onnx_runtime_may_run_it_as_the_original(operator: str, inputs: list[Any]) -> None:
    graph = Graph(20)
    gemm(graph, W1, B1)
    graph.add(operator, graph.last, *inputs)
    gemm(graph, W2, B2)
    content = graph.model().SerializeToString()
    check_onnx(content)
    session = onnxruntime.InferenceSession(content)
    [answer] = session.run(None, {"x": ROWS})
    assert answer.shape == (len(ROWS), 3)


# What is refused


REFUSED: dict[str, tuple[list[tuple[Any, ...]], str]] = {
    "a convolution": ([("Conv", np.zeros((1, 1, 1), np.float32))],
                      "node 't0' (Conv) is an operator that mlp-edge does not read: a convolution"),
    "a recurrent layer": ([("LSTM",)], "(LSTM) is an operator that mlp-edge does not read: rec"),
    "an unknown one": ([("Mystery",)], "node 't0' (Mystery) is an operator that mlp-edge does"),
    "another width": ([("MatMul", W2)], "takes 5 inputs, and 4 arrive"),
    "a root": ([("Sqrt",), ("MatMul", W1)], "node 't0' (Sqrt) computes what no activation is"),
    "no network": ([("Relu",)], "no Dense layer"),
    "integers": ([("Cast",)], "makes int64 of numbers"),
    "log of probabilities": ([("LogSoftmax",), ("MatMul", W1)], "logarithm"),
    "a vector of another size": ([("Add", np.zeros(3, np.float32))], "numbers of the shape (3,)"),
    "another matrix": ([("MatMul", np.zeros((4, 2, 1), np.float32))], "that are no matrix"),
    "NaN": ([("MatMul", W1 * np.nan)], "has weights that are NaN"),
}  # fmt: skip
SETTINGS = {"Cast": {"to": TensorProto.INT64}}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(tmp_path: Path, name: str) -> None:
    nodes, said = REFUSED[name]
    graph = Graph()
    for operator, *inputs in nodes:
        before = () if inputs and not isinstance(inputs[0], str) else (graph.last,)
        graph.add(operator, *before, *inputs, **SETTINGS.get(operator, {}))
    assert said in refused(tmp_path / "m.onnx", graph.model())


def test_inputs_and_outputs_that_are_refused(tmp_path: Path) -> None:
    path, graph = tmp_path / "m.onnx", Graph()
    dense(graph, W1, B1)
    model = graph.model()
    model.graph.input.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, None))
    assert "the shape of its input 'y' is not told" in refused(path, model)
    model = graph.model()
    del model.graph.input[:]
    assert "it has no inputs" in refused(path, model)
    model = graph.model()
    del model.graph.output[:]
    assert "it has no outputs" in refused(path, model)
    model = graph.model(kind=TensorProto.INT64)
    assert "its input 'x' takes int64" in refused(path, model)
    model = graph.model()
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    assert "initializer 'c0': its numbers stand in another file" in refused(path, model)
    model = graph.model()
    del model.opset_import[:]
    assert "its opset is 0" in refused(path, model)


def test_an_export_of_ours(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(exporter.export(network()))
    with pytest.raises(ModelError, match="an export of mlp-edge; the model that it was exported"):
        read_foreign(tmp_path / "net.onnx")


def test_what_is_no_onnx(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"a,b\n1,2\n")
    with pytest.raises(ModelError, match="not an ONNX model, or a damaged one"):
        read_foreign(tmp_path / "m.onnx")
    (tmp_path / "m.bin").write_bytes(b"a,b\n1,2\n")
    with pytest.raises(ModelError, match="cannot tell what this is"):
        read_foreign(tmp_path / "m.bin")


def test_files_with_wrong_bytes_are_read_or_refused(tmp_path: Path) -> None:
    graph = Graph()
    dense(graph, W1, B1)
    gelu_of_torch(graph)
    gemm(graph, W2, B2)
    original, path = graph.model().SerializeToString(), tmp_path / "m.onnx"
    assert refusals(path, read_foreign, many_with_wrong_bytes(original)) > 40


# At random

NAMES = sorted(ACTIVATIONS)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.sampled_from(NAMES), st.booleans()),
             min_size=1, max_size=4),
    st.integers(0, 2**32), st.booleans(),
)  # fmt: skip
def test_a_chain_at_random(
    tmp_path_factory: Any, layers: list[tuple[int, str, bool]], seed: int, scaled: bool
) -> None:
    graph, generator, width = Graph(), np.random.default_rng(seed), 4
    if scaled:
        graph.add("Sub", generator.normal(0, 5, 4).astype(np.float32))
        graph.add("Mul", generator.uniform(0.1, 2, 4).astype(np.float32))
    for units, name, torch in layers:
        weights = generator.normal(0, 1 / np.sqrt(width), (width, units)).astype(np.float32)
        bias = generator.normal(0, 1, units).astype(np.float32)
        (gemm if torch else dense)(graph, weights, bias)
        ACTIVATIONS[name](graph)
        width = units
    check(tmp_path_factory.getbasetemp() / "random.onnx", graph.model(), ROWS[:10])
