"""SavedModel directories of TensorFlow and Keras are read right without being run, or refused."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.keras_files import assert_answers, shaken
from support.spoilt import refusals, wrong_bytes

import mlp_edge
from mlp_edge.errors import ModelError
from mlp_edge.lazy import tensorflow
from mlp_edge.readers.importing.opening import read_foreign
from mlp_edge.readers.saved_model.checksum import TABLE, crc32c
from mlp_edge.readers.saved_model.variables import Variables

RANDOM = np.random.default_rng(8)
ROWS = RANDOM.normal(0.5, 1.5, (30, 4)).astype(np.float32)
K1, B1 = (RANDOM.normal(0, 0.6, shape).astype(np.float32) for shape in ((4, 6), (6,)))
K2, B2 = (RANDOM.normal(0, 0.6, shape).astype(np.float32) for shape in ((6, 3), (3,)))


@pytest.fixture(scope="module")
def exported(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of 4-6-3 that ``model.export()`` of Keras wrote."""
    k = keras.layers
    model = keras.Sequential([keras.Input((4,)), k.Dense(6, "relu"), k.Dense(3)])
    model.set_weights([K1, B1, K2, B2])
    path = tmp_path_factory.mktemp("saved") / "net"
    model.export(path, verbose=False)
    return path


@pytest.fixture
def copy(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "net"))


def edited(path: Path, edit: Callable[[Any], object]) -> Path:
    """The directory with its only graph changed, as protobuf of TensorFlow."""
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel()
    model.ParseFromString((path / "saved_model.pb").read_bytes())
    edit(model.meta_graphs[0])
    (path / "saved_model.pb").write_bytes(model.SerializeToString())
    return path


def saved(path: Path, function: Callable[[Any], Any], variables: Sequence[Any] = ()) -> Path:
    """What TensorFlow itself saves of a function of rows (n, 4)."""
    tf = tensorflow()
    module = tf.Module()
    module.own = list(variables)  # what a module does not hold is not saved
    module.traced = tf.function(function, input_signature=[tf.TensorSpec((None, 4), tf.float32)])
    tf.saved_model.save(module, str(path), signatures=module.traced)
    return path


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        read_foreign(path)
    message = str(caught.value)
    assert message.startswith(f"{path}")
    assert "\n" not in message
    return message


# What is read


def test_what_keras_exports(keras: Any, tmp_path: Path) -> None:
    k = keras.layers
    scaling = k.Normalization()
    scaling.adapt(ROWS)
    model = keras.Sequential([
        keras.Input((4,)), scaling, k.Dense(9, "gelu"), k.BatchNormalization(), k.LeakyReLU(),
        k.Dropout(0.3), k.Dense(8), k.BatchNormalization(), k.Activation("silu"),
        k.Dense(7, "hard_sigmoid"), k.Dense(6, "elu"), k.Dense(5, "relu6"), k.Reshape((5, 1)),
        k.Flatten(), k.EinsumDense("ab,cb->ac", output_shape=4, bias_axes="c"), k.Rescaling(0.5),
        k.Dense(3, "softmax"),
    ])  # fmt: skip
    shaken(model)
    model.export(tmp_path / "net", verbose=False)
    found = read_foreign(tmp_path / "net")
    assert_answers(found.mlp, ROWS, model.predict(ROWS, verbose=0), times=3)
    assert (found.mlp.task, found.mlp.name, found.format) == ("multiclass", "net", "SavedModel")
    assert found.written_by.startswith("TensorFlow 2.")


def test_branches_and_several_inputs_and_outputs(keras: Any, tmp_path: Path) -> None:
    k = keras.layers
    wide, narrow = keras.Input((3,), name="wide"), keras.Input((1,), name="narrow")
    hidden = k.Dense(4, "tanh")(k.Concatenate()([wide, narrow]))
    shared = k.Add()([hidden, k.Dense(4, "relu")(hidden)])
    heads = [k.Dense(2, name="a")(shared), k.Dense(1, name="b")(k.PReLU()(shared))]
    model = keras.Model([wide, narrow], heads)
    shaken(model)
    model.export(tmp_path / "net", verbose=False)
    mlp = read_foreign(tmp_path / "net").mlp
    # By name, as a signature has them: narrow before wide.
    assert [feature.name for feature in mlp.features] == ["narrow", "wide 1", "wide 2", "wide 3"]
    assert mlp.targets == ("output_0 1", "output_0 2", "output_1")
    expected = np.hstack(model.predict([ROWS[:, 1:], ROWS[:, :1]], verbose=0))
    assert_answers(mlp, ROWS, expected, times=3)


def test_slices_of_rows(keras: Any, tmp_path: Path) -> None:
    tf = tensorflow()

    def predicted(rows: Any) -> Any:
        parts = [rows[:, 1:3], rows[:, 3:], rows[:, :1] * 2.0, tf.reshape(rows[:, 0], (-1, 1))]
        return tf.matmul(tf.concat(parts, 1), tf.constant(K2[:5]))

    found = read_foreign(saved(tmp_path / "net", predicted)).mlp
    expected = np.hstack([ROWS[:, 1:], ROWS[:, :1] * 2, ROWS[:, :1]]) @ K2[:5]
    assert_answers(found, ROWS, expected, times=2)


def test_weights_of_low_rank(keras: Any, tmp_path: Path) -> None:
    layer = keras.layers.Dense(6, "relu")
    model = keras.Sequential([keras.Input((4,)), layer, keras.layers.Dense(3)])
    layer.enable_lora(2, lora_alpha=3)
    shaken(model)
    model.export(tmp_path / "net", verbose=False)
    expected = model.predict(ROWS, verbose=0)
    assert_answers(read_foreign(tmp_path / "net").mlp, ROWS, expected, times=3)


def test_precision_that_is_mixed_is_said(keras: Any, tmp_path: Path) -> None:
    k = keras.layers
    model = keras.Sequential([
        keras.Input((4,)), k.Dense(6, "relu", dtype="mixed_float16"), k.Dense(3)
    ])  # fmt: skip
    model.set_weights([K1, B1, K2, B2])
    model.export(tmp_path / "net", verbose=False)
    found = read_foreign(tmp_path / "net")
    # The graph rounds the weights of the first layer to float16 before it multiplies.
    half = [each.astype(np.float16).astype(np.float32) for each in (K1, B1)]
    expected = np.maximum(ROWS @ half[0] + half[1], 0) @ K2 + B2
    assert_answers(found.mlp, ROWS, expected)
    assert found.remarks == ("it computes in float16; mlp-edge computes in float32",)


def test_what_tensorflow_saves_without_keras(keras: Any, tmp_path: Path) -> None:
    tf = tensorflow()
    weights = [tf.Variable(each, name="Variable") for each in (K1, B1, K2, B2)]

    @tf.function
    def hidden(rows: Any) -> Any:
        return tf.nn.relu(tf.matmul(rows, weights[0]) + weights[1])

    def predicted(rows: Any) -> Any:
        scaled = (rows - tf.constant([1.0, 2, 3, 4])) / tf.sqrt(tf.constant([4.0, 1, 1, 9]))
        return tf.nn.bias_add(tf.matmul(hidden(scaled), weights[2]), weights[3])

    path = saved(tmp_path / "net", predicted, variables=weights)
    scaled = (ROWS - np.float32([1, 2, 3, 4])) / np.float32([2, 1, 1, 3])
    expected = np.maximum(scaled @ K1 + B1, 0) @ K2 + B2
    assert_answers(read_foreign(path).mlp, ROWS, expected, times=2)


@pytest.mark.parametrize("resource", [True, False])
def test_what_tensorflow_1_saved(keras: Any, tmp_path: Path, resource: bool) -> None:
    tf = tensorflow().compat.v1
    with tf.Graph().as_default(), tf.Session() as session:
        rows = tf.placeholder(tf.float32, (None, 4), "rows")
        k1, b1, k2, b2 = (
            tf.get_variable(f"v{number}", initializer=each, use_resource=resource)
            for number, each in enumerate((K1, B1, K2, B2))
        )
        answers = tf.matmul(tf.nn.relu(tf.matmul(rows, k1) + b1), k2) + b2
        session.run(tf.global_variables_initializer())
        tf.saved_model.simple_save(session, str(tmp_path / "net"), {"x": rows}, {"y": answers})
    expected = np.maximum(ROWS @ K1 + B1, 0) @ K2 + B2
    assert_answers(read_foreign(tmp_path / "net").mlp, ROWS, expected)


def test_numbers_stay_the_same_bits(exported: Path) -> None:
    mlp = mlp_edge.open(exported).mlp
    assert mlp.layers[0].weights.tobytes() == K1.T.tobytes()
    assert mlp.layers[1].bias.tobytes() == B2.tobytes()
    assert mlp_edge.open(exported / "saved_model.pb").mlp.weights_sha256 == mlp.weights_sha256


def test_the_commands_take_it(copy: Path, typed: Any, tmp_path: Path) -> None:
    shown = typed("inspect", copy)
    assert (shown.code, "4-6-3" in shown.out) == (0, True)
    written = typed("export", "--model", copy, "--format", "c", "--out", tmp_path / "out")
    assert written.code == 0
    assert "net_predict" in (tmp_path / "out/net.h").read_text()


def test_nobody_runs_it(copy: Path) -> None:
    model = mlp_edge.open(copy)
    model.export("c")
    report = model.parity()
    assert (report.results[0].runtime, report.results[0].verdict) == ("tensorflow", "NOT RUN")
    assert "TensorFlow checks no graph before it runs it" in str(report)


def test_tensorflow_is_not_imported(exported: Path) -> None:
    program = (
        "import sys, mlp_edge\n"
        f"mlp_edge.open({str(exported)!r})\n"
        "print([name for name in ('tensorflow', 'keras', 'onnx') if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout == "[]\n"


# What is refused


def test_operators_that_are_no_mlp(keras: Any, tmp_path: Path) -> None:
    tf = tensorflow()

    def said(name: str, function: Callable[[Any], Any]) -> str:
        return refused(saved(tmp_path / name, function))

    kernel = tf.constant(K1)
    operators = {
        "(Conv2D)": ("a convolution", lambda x: tf.nn.conv2d(
            tf.reshape(x, (-1, 2, 2, 1)), K1[:1, None, None], 1, "SAME")),
        "(GatherV2)": ("a look-up", lambda x: tf.gather(
            kernel, tf.cast(tf.matmul(x, kernel), tf.int32))),
        "(EagerPyFunc)": ("runs code of Python", lambda x: tf.py_function(
            lambda y: y, [tf.matmul(x, kernel)], tf.float32)),
        "(ReadFile)": ("reads or writes files", lambda x: x * tf.io.decode_raw(
            tf.io.read_file("/etc/hostname"), tf.float32)[:1]),
    }  # fmt: skip
    for name, (reason, function) in operators.items():
        assert f"{name} is an operator that mlp-edge does not read: {reason}" in said(
            name, function
        )
    assert "is no matrix product of rows" in said(
        "sums", lambda x: tf.einsum("ab,bc->ca", x, kernel)
    )


def function(graph: Any, operator: str) -> Any:
    """The first function that has a node of an operator."""
    return next(each for each in graph.graph_def.library.function
                if any(node.op == operator for node in each.node_def))  # fmt: skip


def without_variables(graph: Any) -> None:
    for node in function(graph, "RestoreV2").node_def:
        if node.op == "AssignVariableOp":
            node.op = "NoOp"


def calling_itself(graph: Any) -> None:
    for each in graph.graph_def.library.function:
        for node in each.node_def:
            if node.op == "StatefulPartitionedCall":
                node.attr["f"].func.name = each.signature.name


def looping(graph: Any) -> None:
    nodes = {node.op: node for node in function(graph, "MatMul").node_def}
    nodes["Relu"].input[0] = f"{nodes['Relu'].name}:activations:0"


def of_integers(graph: Any) -> None:
    for each in graph.signature_def["serving_default"].inputs.values():
        each.dtype = 3


def without_signatures(graph: Any) -> None:
    for name in list(graph.signature_def):
        del graph.signature_def[name]


def of_a_huge_constant(graph: Any) -> None:
    step = next(node for node in function(graph, "MatMul").node_def if node.op == "ReadVariableOp")
    step.op = "Const"
    del step.input[:]
    tensor = step.attr["value"].tensor
    tensor.dtype = 1
    tensor.float_val.append(1.0)
    for _ in range(3):
        tensor.tensor_shape.dim.add().size = 2**30


REFUSED: dict[str, tuple[Callable[[Any], object], str]] = {
    "no variables": (without_variables, "is a variable that is not restored"),
    "a function of itself": (calling_itself, "its functions call each other more than 30 deep"),
    "a loop": (looping, "depends on itself: a loop"),
    "integers": (of_integers, " is int32; float32 would do"),
    "no signature": (without_signatures, "it has the signatures none; one called"),
    "a huge constant": (of_a_huge_constant, "holds no numbers that mlp-edge reads"),
    "a function that is not there": (
        lambda graph: graph.graph_def.library.ClearField("function"), "which is not there",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(copy: Path, name: str) -> None:
    edit, said = REFUSED[name]
    assert said in refused(edited(copy, edit))


def test_constants_that_would_grow(
    keras: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tf = tensorflow()
    ones = tf.Variable(np.ones((4, 1), np.float32))

    def outer(rows: Any) -> Any:
        return tf.matmul(rows, tf.exp(tf.exp(ones * tf.transpose(ones))))

    path = saved(tmp_path / "outer", outer, variables=[ones])
    monkeypatch.setattr("mlp_edge.readers.operators.graph.MOST_COMPUTED", 40)
    assert "(Exp) and those before it make too many constants" in refused(path)


def test_a_directory_with_wrong_files(copy: Path, tmp_path: Path) -> None:
    index = copy / "variables/variables.index"
    whole = index.read_bytes()
    index.write_bytes(whole[:-1])
    assert "variables.index: not an index of variables, or a damaged one" in refused(copy)
    index.unlink()
    assert "is not among those in variables/" in refused(copy)
    index.write_bytes(whole)
    data = copy / "variables/variables.data-00000-of-00001"
    numbers = data.read_bytes()
    data.write_bytes(numbers[:40])
    assert "ends behind the end of its file" in refused(copy)
    data.write_bytes(bytes(len(numbers)))
    assert "is damaged: its checksum is another" in refused(copy)
    data.unlink()
    (tmp_path / "elsewhere").write_bytes(numbers)
    data.symlink_to(tmp_path / "elsewhere")
    assert "a link out of the SavedModel" in refused(copy)
    (copy / "saved_model.pb").write_bytes(b"\x08\x01")
    assert "it has 0 graphs" in refused(copy)
    (copy / "saved_model.pb").write_bytes(b"not one")
    assert "not a SavedModel, or a damaged one" in refused(copy)


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/variables.index"])
def test_files_with_wrong_bytes_are_read_or_refused(copy: Path, name: str) -> None:
    original = (copy / name).read_bytes()
    generator = random.Random(5)  # noqa: S311 (nothing secret)

    def read(_: Path) -> None:
        try:
            read_foreign(copy)
        except ModelError as error:
            raise ModelError(f"{copy / name}: {error}") from error

    spoilt = (wrong_bytes(original, generator) for _ in range(300))
    assert refusals(copy / name, read, spoilt) > 20


def test_checksums() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    data = RANDOM.bytes(70_001)  # in parts, and with a rest
    state = 0xFFFFFFFF
    for byte in data:
        state = int(TABLE[(state ^ byte) & 0xFF]) ^ state >> 8
    assert crc32c(data) == state ^ 0xFFFFFFFF


def test_the_index_of_variables(exported: Path) -> None:
    found = Variables(exported)
    key = "_all_variables/0/.ATTRIBUTES/VARIABLE_VALUE"
    np.testing.assert_array_equal(found.array(key), K1)
