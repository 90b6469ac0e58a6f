"""Exports held against what a stranger has: the file itself, run by what runs its kind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from onnx import TensorProto, helper, numpy_helper
from support.commands import Type
from support.keras_files import dense, write_h5
from support.networks import network

import mlp_edge
from mlp_edge.errors import CheckError, InputError
from mlp_edge.proof.original import Original, Steps
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.reference import predict

RANDOM = np.random.default_rng(4)
W1, W2 = (RANDOM.normal(size=shape).astype(np.float32) for shape in ((3, 6), (6, 1)))
B1, B2 = (RANDOM.normal(size=size).astype(np.float32) for size in (6, 1))


@pytest.fixture(autouse=True)
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough to tell one network from another."""
    monkeypatch.setattr("mlp_edge.parity.parity.SAMPLE_ROWS", 12)
    monkeypatch.setattr("mlp_edge.parity.parity.stress_rows", lambda _mlp, sample: sample)
    monkeypatch.setattr("mlp_edge.parity.certificate.OVERHEAD", 2**18)


def write_onnx(path: Path, batch: int | str = "n", bias: Any = B2) -> Path:
    """3-6-1, relu then a sigmoid, as PyTorch writes it."""
    tensors = [
        numpy_helper.from_array(np.asarray(value), name)
        for name, value in {"w1": W1, "b1": B1, "w2": W2, "b2": np.asarray(bias)}.items()
    ]
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "w2", "b2"], ["z"]),
        helper.make_node("Sigmoid", ["z"], ["y"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, (batch, width))
        for name, width in (("x", 3), ("y", 1))
    ]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], tensors)
    opsets = [helper.make_opsetid("", 13)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def compared(path: Path, **settings: Any) -> mlp_edge.ParityReport:
    """Export to C, and hold that against the file."""
    opened = mlp_edge.open(path)
    opened.export("c")
    return opened.parity(**settings)


def verdict(report: mlp_edge.ParityReport) -> tuple[str, str, str]:
    """The artifact, runtime and verdict of the original's line."""
    first = report.results[0]
    return first.artifact, first.runtime, first.verdict


@pytest.mark.parametrize("batch", ["n", 4, 1])
def test_an_onnx_file_is_run_by_onnx_runtime(tmp_path: Path, batch: int | str) -> None:
    report = compared(write_onnx(tmp_path / "theirs.onnx", batch))
    report.check()
    assert verdict(report) == ("theirs.onnx", "onnxruntime", "PASS")
    assert report.verdicts["theirs.h", "c"] == "PASS"
    assert "|Δ| original" in str(report)
    assert report.path == tmp_path / "exports" / "theirs_parity.json"
    assert set(report.record["sha256"]) == {"theirs.onnx", "theirs.h"}
    [finding] = report.findings
    assert "has no rows: 200 were drawn" in finding.says


def test_the_command_takes_a_file(folder: Path, typed: Type) -> None:
    write_onnx(folder / "theirs.onnx")
    assert typed("export", "--model", "theirs.onnx", "-f", "c").code == 0
    result = typed("parity", "--model", "theirs.onnx")
    assert result.code == 0, result.err
    assert "theirs.onnx" in result.out
    assert "--table gives real ones" in result.err


def write_tflite() -> bytes:
    """3-6-1, relu then a sigmoid, as a converter writes it."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.subgraphs, model.buffers = 3, [graph], [schema.BufferT()]
    graph.tensors, graph.operators, model.operatorCodes = [], [], []

    def tensor(shape: Sequence[int], data: Any = None) -> int:
        made = schema.TensorT()
        made.shape, made.type, made.buffer = list(shape), schema.TensorType.FLOAT32, 0
        made.name = f"t{len(graph.tensors)}".encode()
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            made.buffer = len(model.buffers)
            model.buffers.append(buffer)
        graph.tensors.append(made)
        return len(graph.tensors) - 1

    def operator(name: str, inputs: Sequence[int], width: int, fused: int = 0) -> int:
        code, made = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, name)
        code.version, made.opcodeIndex = 1, len(model.operatorCodes)
        model.operatorCodes.append(code)
        if name == "FULLY_CONNECTED":
            made.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
            made.builtinOptions = schema.FullyConnectedOptionsT()
            made.builtinOptions.fusedActivationFunction = fused
        made.inputs, made.outputs = list(inputs), [tensor((1, width))]
        graph.operators.append(made)
        return int(made.outputs[0])

    first = tensor((1, 3))
    hidden = operator("FULLY_CONNECTED", [first, tensor((6, 3), W1.T), tensor((6,), B1)], 6, 1)
    last = operator("FULLY_CONNECTED", [hidden, tensor((1, 6), W2.T), tensor((1,), B2)], 1)
    graph.inputs, graph.outputs = [first], [operator("LOGISTIC", [last], 1)]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize("name", ["theirs.tflite", "theirs.cc"])
def test_a_tflite_file_is_run_by_litert(tmp_path: Path, name: str) -> None:
    content = write_tflite()
    if name.endswith(".cc"):
        listed = ", ".join(f"0x{byte:02x}" for byte in content)
        content = f"const unsigned char g_model[] = {{{listed}}};\n".encode()
    (tmp_path / name).write_bytes(content)
    report = compared(tmp_path / name)
    report.check()
    assert verdict(report) == (name, "litert", "PASS")


def test_a_wrong_reading_fails(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "theirs.onnx")
    opened = mlp_edge.open(path)
    opened.export("c")
    write_onnx(path, bias=B2 + np.float32(1e-4))  # the file is another than the one that was read
    report = opened.parity()
    assert verdict(report) == ("theirs.onnx", "onnxruntime", "FAIL")
    with pytest.raises(CheckError, match="comparisons failed"):
        report.check()


def test_a_keras_h5_file_is_run_by_keras(keras: Any, tmp_path: Path) -> None:
    layers = [dense(W1, B1, "relu"), dense(W2, B2, "sigmoid")]
    report = compared(write_h5(tmp_path / "theirs.h5", layers, "2.4.0", "functional", inputs=3))
    report.check()
    assert verdict(report) == ("theirs.h5", "keras", "PASS")
    assert "|Δ| Keras" in str(report)


@pytest.mark.parametrize(
    ("version", "says"),
    [("1.2.2", "Keras cannot read"), ("2.2.4", r"loads it for rows of the shape \(None, 3\)")],
)
def test_where_nothing_runs_it_the_reference_stands_in(
    keras: Any, tmp_path: Path, version: str, says: str
) -> None:
    layers = [dense(W1, B1, "relu"), dense(W2, B2, "sigmoid")]
    report = compared(write_h5(tmp_path / "old.h5", layers, version, inputs=3))
    report.check()
    assert verdict(report) == ("old.h5", "keras", "NOT RUN")
    [line] = report.not_run()
    assert re.search(says, line)
    assert line.endswith("; the float64 reference of what was read stands in for it")
    with pytest.raises(CheckError):
        compared(tmp_path / "old.h5", require="keras").check()


def test_a_model_in_memory(tmp_path: Path) -> None:
    mlp = network((3, 5, 1), standardised=False)
    asked: list[int] = []

    def answer(rows: Any) -> Any:
        asked.append(len(rows))
        return predict(mlp, rows)

    original = Original("MLPClassifier", "scikit-learn", answer, Steps(mlp))
    opened = mlp_edge.Model(
        Path("net"), mlp, None, Imported(mlp, "scikit-learn", "", original=original)
    )
    opened.in_memory = True
    opened.export("c", out=tmp_path)
    with pytest.raises(InputError, match="`exports` names the folder"):
        opened.parity()
    report = opened.parity(exports=tmp_path)
    report.check()
    assert verdict(report) == ("MLPClassifier", "scikit-learn", "PASS")
    assert max(asked) > 1


def test_a_header_that_was_changed_is_not_compiled(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "theirs.onnx")
    opened = mlp_edge.open(path)
    header = opened.export("c").path
    header.write_text(header.read_text() + "\n")
    assert "nobody compiled it" in opened.parity().failures()[0]
