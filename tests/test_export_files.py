"""What stands in the exported files, as somebody else's tools see it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from networks import network, readings

from mlp_edge.card import Card
from mlp_edge.export import EXPORTERS, onnx, tflite
from mlp_edge.mlp import HIDDEN_ACTIVATIONS, Mlp
from mlp_edge.parity.tolerance import allowed
from mlp_edge.reference import predict

ROOT = Path(__file__).parents[1]
OLD_ONNXRUNTIME = ROOT / "build" / "old-onnxruntime"
TASKS = {"value": "regression", "probability": "binary", "probabilities": "multiclass"}
HOSTILE = ('a "quote"', "*/", "\\", "größe, cm", "int", "line\nbreak")


def of_task(output: str, **changes: object) -> Mlp:
    outputs = 3 if output == "probabilities" else 1
    return network((6, 9, outputs), "relu", TASKS[output], **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("exporter", EXPORTERS, ids=lambda exporter: exporter.name)
def test_the_same_model_gives_the_same_bytes(exporter: object) -> None:
    mlp, other = network(), network((3, 4, 2), "gelu", "multiclass")
    first = exporter.export(mlp)  # type: ignore[attr-defined]
    exporter.export(other)  # type: ignore[attr-defined]
    assert exporter.export(mlp) == first  # type: ignore[attr-defined]


@pytest.mark.parametrize("output", TASKS)
def test_onnx_says_what_it_is(output: str) -> None:
    import onnx as library

    mlp = of_task(output)
    model = library.load_from_string(onnx.export(mlp))
    library.checker.check_model(model, full_check=True)
    [feed], [result] = model.graph.input, model.graph.output
    assert (feed.name, result.name) == ("features", output)
    shapes = [value.type.tensor_type.shape.dim for value in (feed, result)]
    assert [dims[0].dim_param for dims in shapes] == ["N", "N"]
    assert [dims[1].dim_value for dims in shapes] == [mlp.inputs, mlp.outputs]
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 13)]
    assert model.ir_version == 7
    metadata = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert metadata["features"] == [feature.to_dict() for feature in mlp.features]
    assert metadata["labels"] == list(mlp.labels)
    assert metadata["weights_sha256"] == mlp.weights_sha256
    assert {"task", "threshold", "version", "targets", "name"} <= set(metadata)


@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
def test_onnx_uses_standard_operators_only(activation: str) -> None:
    import onnx as library

    model = library.load_from_string(onnx.export(network((3, 4, 1), activation)))
    assert {node.domain for node in model.graph.node} == {""}
    for node in model.graph.node:
        assert library.defs.has(node.op_type), node.op_type


def test_onnx_names_its_weights() -> None:
    import onnx as library

    model = library.load_from_string(onnx.export(network()))
    names = {tensor.name for tensor in model.graph.initializer}
    assert {"layer1/weights:0", "layer1/bias:0", "scaling/mean:0"} <= names


def test_an_onnxruntime_of_two_years_ago_reads_it(tmp_path: Path) -> None:
    """It was installed beside the suite by `make test`; a fresh interpreter imports it."""
    assert OLD_ONNXRUNTIME.is_dir(), "make build/old-onnxruntime/installed brings it"
    for activation in HIDDEN_ACTIVATIONS:
        mlp = network((4, 6, 5, 3), activation, "multiclass")
        rows = readings(mlp, 20)
        (tmp_path / f"{activation}.onnx").write_bytes(onnx.export(mlp))
        np.save(tmp_path / f"{activation}-rows.npy", rows)
        np.save(tmp_path / f"{activation}-exact.npy", predict(mlp, rows))
    script = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import numpy as np, onnxruntime
assert onnxruntime.__version__ == "1.20.1", onnxruntime.__version__
for path in Path(sys.argv[2]).glob("*.onnx"):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    rows = np.load(path.with_name(path.stem + "-rows.npy"))
    exact = np.load(path.with_name(path.stem + "-exact.npy"))
    print(path.stem, float(np.abs(session.run(None, {"features": rows})[0] - exact).max()))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(OLD_ONNXRUNTIME), str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    differences = dict(line.split() for line in done.stdout.splitlines())
    assert set(differences) == set(HIDDEN_ACTIVATIONS)
    assert max(map(float, differences.values())) <= float(allowed(np.zeros(1))[0])


@pytest.mark.parametrize("output", TASKS)
def test_tflite_has_a_signature(output: str) -> None:
    from ai_edge_litert.interpreter import Interpreter

    mlp = of_task(output)
    interpreter = Interpreter(model_content=tflite.export(mlp))
    assert interpreter.get_signature_list() == {
        "serving_default": {"inputs": ["features"], "outputs": [output]}
    }
    assert interpreter.get_input_details()[0]["name"] == "features"
    assert interpreter.get_output_details()[0]["name"] == output
    run = interpreter.get_signature_runner("serving_default")
    for size in (1, 3, 100):
        rows = readings(mlp, size)
        exact = predict(mlp, rows)
        assert (np.abs(run(features=rows)[output] - exact) <= allowed(exact)).all()


@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
def test_tflite_uses_built_in_operators_only(activation: str) -> None:
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(tflite.export(network((3, 4, 1), activation)), 0)
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    assert codes
    assert schema.BuiltinOperator.CUSTOM not in codes


def test_tflite_carries_the_card() -> None:
    from ai_edge_litert import schema_py_generated as schema

    mlp = network()
    model = schema.ModelT.InitFromPackedBuf(tflite.export(mlp), 0)
    [entry] = [entry for entry in model.metadata if entry.name == tflite.METADATA]
    text = bytes(model.buffers[entry.buffer].data).decode()
    assert Card.from_json(text, "test") == Card.of(mlp)


@pytest.mark.parametrize("exporter", EXPORTERS, ids=lambda exporter: exporter.name)
def test_any_name_survives(exporter: object, tmp_path: Path) -> None:
    from mlp_edge.feature import Feature
    from mlp_edge.runtime import RUNTIMES

    mlp = network(
        (6, 4, 3), "relu", "multiclass",
        features=tuple(Feature(name) for name in HOSTILE), labels=HOSTILE[:3], targets=('"; */',),
    )  # fmt: skip
    path = tmp_path / f"net{exporter.suffix}"  # type: ignore[attr-defined]
    path.write_bytes(exporter.export(mlp))  # type: ignore[attr-defined]
    runtime = next(entry for entry in RUNTIMES if entry.reads == path.suffix)
    with runtime.open(path) as opened:
        assert opened.card == Card.of(mlp)
