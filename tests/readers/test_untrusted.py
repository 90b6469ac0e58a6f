"""Untrusted files, with a checksum or without: checked before native code sees them."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.networks import network

from mlp_edge.errors import MlpEdgeError, ModelError
from mlp_edge.export import onnx as onnx_exporter
from mlp_edge.export import tflite as tflite_exporter
from mlp_edge.proof.checksum import MARK
from mlp_edge.readers.checks.flatbuffer import Verified
from mlp_edge.readers.checks.onnx_checks import check_onnx
from mlp_edge.readers.checks.tflite_checks import check_runnable, names_of, verified
from mlp_edge.readers.inspection import inspect_file
from mlp_edge.readers.keras_archive import CONFIG, WEIGHTS, check_code, read_archive, read_weights
from mlp_edge.readers.keras_file import check_loadable, read_network
from mlp_edge.runtime.load import load

# HDF5


def h5(write: Callable[[h5py.File], object]) -> bytes:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        write(file)
    return content.getvalue()


def virtual(file: h5py.File, place: Path) -> None:
    layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
    layout[:] = h5py.VirtualSource(str(place), "x", shape=(4,))
    file.create_virtual_dataset("x", layout)


def deep(file: h5py.File) -> None:
    group: Any = file
    for _ in range(40):
        group = group.create_group("a")


def ring(file: h5py.File) -> None:
    group = file.create_group("a")
    group["again"] = group


H5: Mapping[str, Callable[[h5py.File, Path], object]] = {
    "external": lambda file, secret: file.create_dataset(
        "x", shape=(4,), dtype="f4", external=[(str(secret), 0, 16)]
    ),
    "virtual": virtual,
    "external link": lambda file, secret: file.__setitem__(
        "x", h5py.ExternalLink(str(secret), "x")
    ),
    "soft link": lambda file, _: file.__setitem__("x", h5py.SoftLink("/y")),
    "chunked": lambda file, _: file.create_dataset("x", data=np.zeros(9, "f4"), chunks=(3,)),
    "packed": lambda file, _: file.create_dataset(
        "x", data=np.zeros(2**20, "f4"), compression="gzip"
    ),
    "huge": lambda file, _: file.create_dataset("x", shape=(2**20, 2**20), dtype="f4"),
    "texts": lambda file, _: file.create_dataset("x", data=["a", "b"]),
    "references": lambda file, _: file.create_dataset("x", data=file.ref, dtype=h5py.ref_dtype),
    "a type": lambda file, _: file.__setitem__("x", np.dtype("f4")),
    "deep": lambda file, _: deep(file),
    "a ring": lambda file, _: ring(file),
    "a long name": lambda file, _: file.create_dataset("x" * 300, data=1.0),
}


@pytest.mark.parametrize("name", H5)
def test_weights_that_stand_elsewhere_or_are_more_than_the_file(name: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(range(64)))
    with pytest.raises(ValueError, match=r"\w") as caught:
        read_weights(h5(lambda file: H5[name](file, secret)))
    assert "\n" not in str(caught.value)


def test_the_same_array_many_times_is_more_than_the_file() -> None:
    def many(file: h5py.File) -> None:
        file["x"] = np.zeros(100_000, "f4")
        for number in range(50):
            file[f"y{number}"] = file["x"]

    with pytest.raises(ValueError, match="larger than the file"):
        read_weights(h5(many))


def test_plain_weights_come_back() -> None:
    arrays = read_weights(h5(lambda file: file.create_dataset("a/b", data=np.ones((2, 3), "f4"))))
    assert list(arrays) == ["a/b"]
    assert arrays["a/b"].shape == (2, 3)


# Keras


def repacked(path: Path, place: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(place, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return place


def test_a_keras_file_that_reads_a_file_of_the_machine(pima: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(np.ones(96, np.float32).tobytes())

    def outside(members: dict[str, bytes]) -> None:
        content = io.BytesIO(members[WEIGHTS])
        with h5py.File(content, "r+") as file:
            place = "layers/sequential/layers/dense/vars/0"
            shape = file[place].shape
            del file[place]
            file.create_dataset(place, shape=shape, dtype="f4", external=[(str(secret), 0, 384)])
        members[WEIGHTS] = content.getvalue()

    spoilt = repacked(pima / "model.keras", tmp_path / "m.keras", outside)
    for use in (read_network, inspect_file, check_loadable, load):
        with pytest.raises(ModelError, match="stands in another file"):
            use(spoilt)


def edited(change: Callable[[Any], object]) -> Callable[[dict[str, bytes]], object]:
    def apply(members: dict[str, bytes]) -> None:
        config = json.loads(members[CONFIG])
        change(config)
        members[CONFIG] = json.dumps(config).encode()

    return apply


def dense(config: Any) -> Any:
    """The first dense layer of what ``mlp-edge train`` wrote."""
    [inner] = [each for each in config["config"]["layers"] if each["class_name"] == "Sequential"]
    return next(each for each in inner["config"]["layers"] if each["class_name"] == "Dense")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: dense(c)["config"].update(units=2**30), "1073741824 units"),
        (lambda c: dense(c)["build_config"].update(input_shape=[None, 2**30]), "of 1073741824 inp"),
        (lambda c: dense(c)["config"].update(lora_rank=2**30), "with lora_rank 1073741824"),
        (lambda c: dense(c)["config"].update(a="x" * 17 * 2**20), "limit"),
        (lambda c: dense(c)["config"].update(a=10**30), "31 digits"),
    ],
)
def test_a_keras_file_that_claims_more_than_it_holds(
    pima: Path, tmp_path: Path, change: Callable[[Any], object], said: str
) -> None:
    spoilt = repacked(pima / "model.keras", tmp_path / "m.keras", edited(change))
    with pytest.raises(ModelError, match=said):
        check_loadable(spoilt)


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("system", "os"),
        ("get_file", "keras.utils"),
        ("get_file", "keras.src.utils"),
        ("Lambda", "keras.layers"),
        ("__lambda__", None),
        ("Zeros", ["keras"]),
    ],
)
def test_a_keras_file_that_would_run_something(
    pima: Path, tmp_path: Path, name: str, module: object
) -> None:
    evil = {"class_name": name, "module": module, "config": {}}
    change = edited(lambda config: dense(config)["config"].update(kernel_initializer=evil))
    spoilt = repacked(pima / "model.keras", tmp_path / "m.keras", change)
    with pytest.raises(ModelError, match="not Keras's own"):
        check_code(spoilt, compiled=False)
    loss = edited(lambda config: config["compile_config"].update(loss=evil))
    spoilt = repacked(pima / "model.keras", tmp_path / "m.keras", loss)
    check_code(spoilt, compiled=False)
    with pytest.raises(ModelError, match="not Keras's own"):
        check_code(spoilt, compiled=True)


def test_other_members_of_a_keras_file(pima: Path, tmp_path: Path) -> None:
    for name in ("../x", "assets/x"):
        change: Any = lambda members, name=name: members.update({name: b""})  # noqa: E731
        spoilt = repacked(pima / "model.keras", tmp_path / "m.keras", change)
        with pytest.raises(ModelError, match="does not belong there"):
            read_archive(spoilt)


# ONNX


def graph_of(
    nodes: list[onnx.NodeProto], constants: Mapping[str, Any], width: object = 2
) -> onnx.ModelProto:
    shape = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", width])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", None])
    tensors = [
        each if isinstance(each, TensorProto)
        else numpy_helper.from_array(np.asarray(each), name)
        for name, each in constants.items()
    ]  # fmt: skip
    return helper.make_model(helper.make_graph(nodes, "g", [shape], [result], tensors))


def outside() -> TensorProto:
    tensor = TensorProto(name="c", data_type=TensorProto.FLOAT, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return tensor


F, I = np.float32, np.int64  # noqa: E741
NODE = helper.make_node
LOOP = helper.make_graph([], "body", [], [])
ONNX: Mapping[str, tuple[onnx.ModelProto, str]] = {
    "elsewhere": (graph_of([NODE("Add", ["x", "c"], ["y"])], {"c": outside()}), "another file"),
    "claims": (
        graph_of(
            [NODE("Add", ["x", "c"], ["y"])],
            {"c": TensorProto(name="c", data_type=1, dims=[3_000_000_000])},
        ),
        "3000000000",
    ),
    "claims of several": (
        graph_of(
            [NODE("Add", ["x", "c"], ["y"])],
            {"c": TensorProto(name="c", data_type=1, dims=[2**30, 2**30], raw_data=b"1234")},
        ),
        "holds 1 numbers",
    ),
    "expanded": (
        graph_of([NODE("ConstantOfShape", ["c"], ["y"])], {"c": np.array([2**40], I)}),
        "ConstantOfShape",
    ),
    "tiled": (graph_of([NODE("Tile", ["x", "c"], ["y"])], {"c": np.array([2**30, 1], I)}), "Tile"),
    "crossed": (
        graph_of(
            [NODE("Mul", ["a", "b"], ["c"]), NODE("ReduceSum", ["c"], ["d"], keepdims=0),
             NODE("Add", ["x", "d"], ["y"])],
            {"a": np.ones((60_000, 1), F), "b": np.ones((1, 60_000), F)},
        ),
        "more than",
    ),
    "multiplied": (
        graph_of(
            [NODE("MatMul", ["a", "b"], ["c"]), NODE("Add", ["x", "c"], ["y"])],
            {"a": np.ones((60_000, 1), F), "b": np.ones((1, 60_000), F)},
        ),
        "more than",
    ),
    "rows against rows": (
        graph_of(
            [NODE("Reshape", ["x", "c"], ["t"]), NODE("Add", ["x", "t"], ["y"])],
            {"c": np.array([1, -1], I)},
            width=1,
        ),
        "rows of the shape",
    ),
    "picked beside the table": (
        graph_of(
            [NODE("Cast", ["x"], ["i"], to=6), NODE("GatherElements", ["c", "i"], ["y"])],
            {"c": np.ones((5, 3), F)},
        ),
        "picked at the shape",
    ),
    "rows picked by rows": (
        graph_of(
            [NODE("Cast", ["x"], ["i"], to=6), NODE("GatherElements", ["x", "i"], ["y"])], {}
        ),
        "picked at the shape",
    ),
    "a loop": (graph_of([NODE("Loop", ["x"], ["y"], body=LOOP)], {}), "graph of its own"),
    "another domain": (graph_of([NODE("Evil", ["x"], ["y"], domain="com.x")], {}), "Evil of com.x"),
    "not there": (graph_of([NODE("Add", ["x", "z"], ["y"])], {}), "not there yet"),
    "wide": (graph_of([NODE("Relu", ["x"], ["y"])], {}, width=2**40), "more than"),
    "no network": (graph_of([], {}), "an output that nobody makes"),
}  # fmt: skip


@pytest.mark.parametrize("name", ONNX)
def test_an_onnx_model_that_takes_more_than_it_is(name: str) -> None:
    model, said = ONNX[name]
    with pytest.raises(ValueError, match=said):
        check_onnx(model.SerializeToString())


def test_two_graphs_in_an_onnx_file_are_not_joined() -> None:
    content = onnx_exporter.export(network())
    with pytest.raises(ValueError, match="2 times a graph"):
        check_onnx(content + graph_of([NODE("Relu", ["x"], ["y"])], {}).SerializeToString())


def test_an_onnx_model_of_126_bytes(tmp_path: Path) -> None:
    claims = TensorProto(name="c", data_type=1, dims=[2**31 - 1, 1], float_data=[1])
    path = tmp_path / "m.onnx"
    model = graph_of([NODE("Add", ["x", "c"], ["y"])], {"c": claims})
    path.write_bytes(model.SerializeToString())
    for use in (inspect_file, load):
        with pytest.raises(ModelError, match="2147483647"):
            use(path)


# TFLite


def names() -> dict[int, str]:
    from ai_edge_litert import schema_py_generated as schema

    return names_of(schema.BuiltinOperator)


@pytest.fixture(scope="module")
def litert(keras: Any) -> bytes:
    return tflite_exporter.export(network())


def changed(content: bytes, change: Callable[[Any], object]) -> bytes:
    """A file that is a sound flatbuffer, with something of it changed."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    change(model)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output()).replace(MARK, b"\nmlp-edge-none sha256:")


def shape(*sizes: int) -> np.ndarray:
    return np.array(sizes, np.int32)


def constant(model: Any) -> Any:
    graph = model.subgraphs[0]
    return next(each for each in graph.tensors if model.buffers[each.buffer].data is not None)


def operator(model: Any, number: int = 0) -> Any:
    return model.subgraphs[0].operators[number]


TFLITE: Mapping[str, tuple[Callable[[Any], object], str]] = {
    "a constant's shape": (lambda m: setattr(constant(m), "shape", shape(2**31 - 1, 2)), "shape"),
    "a result's shape": (
        lambda m: setattr(m.subgraphs[0].tensors[-1], "shape", shape(2**31 - 1, 2**31 - 1)),
        "2147483647",
    ),
    "a shape below 0": (lambda m: setattr(constant(m), "shape", shape(-1, 2)), "shape"),
    "a type": (lambda m: setattr(constant(m), "type", 10), "bytes for|type 10"),
    "a buffer": (lambda m: setattr(constant(m), "buffer", 10**6), "buffer 1000000 of"),
    "an operator's tensor": (lambda m: setattr(operator(m), "inputs", shape(0, 500)), "tensor 500"),
    "no tensor": (lambda m: setattr(operator(m), "inputs", shape(-1, 1)), "not there"),
    "its own result": (
        lambda m: setattr(operator(m), "inputs", operator(m).outputs.repeat(2)), "not there",
    ),
    "a code": (lambda m: setattr(operator(m), "opcodeIndex", 99), "operator code 99"),
    "inputs": (lambda m: setattr(operator(m), "inputs", shape(*[0] * 9)), "of 9 inputs|a DEQ"),
    "outputs": (lambda m: setattr(m.subgraphs[0], "outputs", shape(999)), "tensor 999"),
    "metadata": (lambda m: setattr(m.metadata[0], "buffer", 10**6), "buffer"),
    "an operator": (
        lambda m: [setattr(code, "builtinCode", 69) for code in m.operatorCodes], "TILE",
    ),
    "behind the file": (lambda m: setattr(m.buffers[1], "offset", 10**12), "behind the model"),
    "many axes": (
        lambda m: setattr(constant(m), "shape", shape(*[1] * 20, *constant(m).shape)), "shape",
    ),
    "a variable": (lambda m: setattr(constant(m), "isVariable", True), "a variable"),
    "settings elsewhere": (
        lambda m: setattr(operator(m), "largeCustomOptionsOffset", 10**12), "no export of mlp-edge",
    ),
    "an order of its own": (
        lambda m: setattr(m.metadata[0], "name", b"model_control_dependencies"), "an order",
    ),
    "two graphs": (lambda m: m.subgraphs.append(m.subgraphs[0]), "more than one graph"),
}  # fmt: skip


@pytest.mark.parametrize("name", TFLITE)
def test_a_tflite_model_that_litert_would_trip_over(
    litert: bytes, name: str, tmp_path: Path
) -> None:
    change, said = TFLITE[name]
    content = changed(litert, change)
    with pytest.raises(ValueError, match=said):
        check_runnable(verified(content), names())
    path = tmp_path / "m.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError):
        load(path)


def test_every_byte_of_a_tflite_file_may_be_another(litert: bytes) -> None:
    """Offsets lead anywhere then; the file is refused or in order, and nothing else happens."""
    random = np.random.default_rng(0)
    numbers = [b"\xff\xff\xff\xff", b"\0\0\0\x80", b"\4\0\0\0"]
    refused = 0
    for _ in range(400):
        content = bytearray(litert)
        place = int(random.integers(len(content) // 4)) * 4
        content[place : place + 4] = numbers[random.integers(3)]
        try:
            verified(bytes(content))
        except ValueError as error:
            assert "\n" not in str(error)  # noqa: PT017 (either is right)
            refused += 1
    assert refused > 100


def test_offsets_that_lead_to_the_same_place_again_and_again() -> None:
    """A list of 50,000 offsets, all to one text of 100,000 bytes: 5 GB for whoever copies them."""
    text = b"x" * 100_000
    many = 50_000
    table = 12
    vector = table + 8
    target = vector + 4 + 4 * many
    content = struct.pack("<IHHHHiI", table, 6, 8, 4, 0, table - 4, vector - table - 4)
    content += struct.pack("<I", many)
    content += b"".join(struct.pack("<I", target - vector - 4 - 4 * i) for i in range(many))
    content += struct.pack("<I", len(text)) + text + b"\0"
    with pytest.raises(ValueError, match="again and again"):
        Verified(content, {"T": ("[string]",)}, "T", {})


# What stands in the place of a file


PLACES = (
    "model.json", "model.keras", "sample.csv", "calibration.npz", "exports/pima.onnx",
    "exports/pima.tflite", "exports/pima.h",
)  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("what", ["pipe", "device", "directory", "holes"])
def test_no_command_waits_for_what_is_no_file(
    model: Path, typed: Callable[..., Any], place: str, what: str
) -> None:
    file = model / place
    file.unlink()
    if what == "pipe":
        os.mkfifo(file)
    elif what == "device":
        file.symlink_to("/dev/zero")
    elif what == "directory":
        file.mkdir()
    else:
        with file.open("wb") as holes:
            holes.truncate(10 * 2**30)
    commands = {
        "model.json": [("inspect", "model"), ("predict", "pima")],
        "model.keras": [("inspect", "model"), ("export", "-f", "c")],
        "sample.csv": [("evaluate", "--no-plots")],
        "calibration.npz": [("export", "-f", "c", "--dtype", "int16")],
    }.get(place, [("inspect", str(file)), ("predict", "pima", "--model", str(file))])
    for words in commands:
        result = typed(*words)
        assert result.code == 2, result
        assert len(result.err.splitlines()) == 1, result.err


def test_a_changed_export_is_refused_by_its_checksum_before_it_is_opened(model: Path) -> None:
    for name in ("pima.onnx", "pima.tflite"):
        file = model / "exports" / name
        content = bytearray(file.read_bytes())
        content[content.index(b"mlp-edge-seal") - 300] ^= 1
        file.write_bytes(content)
        with pytest.raises(MlpEdgeError, match="its bytes are not those that mlp-edge wrote"):
            load(file)


# Headers

BEGIN = "static const float NET_LAYER1_WEIGHTS[1][1] MLP_EDGE_FLASH = {\n"
HEADERS = {
    "tables without an end": BEGIN * 30_000,
    "one end for all": BEGIN * 30_000 + "\n};\n",
    "digits without an end": BEGIN + "1" * 2_000_000 + "\n};\n",
    "comments without an end": BEGIN + "/* " * 700_000 + "\n};\n",
    "points": BEGIN
    + "1.2.3f\n};\nstatic const float NET_LAYER1_BIAS[1] MLP_EDGE_FLASH = {1..f\n};\n",
    "deep": "/* mlp-edge-card " + '{"a":' * 100_000 + "}" * 100_000 + " */\n",
    "half a character": '/* mlp-edge-card {"name": "\\ud800"} */\n',
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_is_read_in_one_pass(name: str, tmp_path: Path) -> None:
    path = tmp_path / "net.h"
    path.write_text(HEADERS[name])
    for use in (inspect_file, lambda path: load(path, trust=True)):
        try:
            use(path)
        except ModelError as error:
            assert str(error).startswith(f"{path}: ")  # noqa: PT017 (some can be looked at)
            assert "\n" not in str(error)  # noqa: PT017
        else:
            assert (name, use) == ("points", inspect_file)


@pytest.mark.parametrize(
    ("operator", "inputs"),
    [("Min", ["x", ""]), ("Mul", ["", "x"]), ("Clip", [""]), ("Concat", ["x", "", "x"])],
)
def test_an_onnx_operator_without_an_input_that_it_needs(operator: str, inputs: list[str]) -> None:
    feed = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])
    answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph([helper.make_node(operator, inputs, ["y"])], "g", [feed], [answer])
    content = helper.make_model(graph).SerializeToString()
    with pytest.raises(ValueError, match=f"{operator} without one of its inputs"):
        check_onnx(content)
