"""What stands in the exported files, as somebody else's tools see it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.networks import ANY_SUM, assert_within_bound, encoded, network, readings
from support.old_onnxruntime import OLD_ONNXRUNTIME, VERSION

import mlp_edge
from mlp_edge.card import Card
from mlp_edge.errors import ModelError
from mlp_edge.export import EXPORTERS, Exporter, c, onnx, tflite
from mlp_edge.feature import Feature
from mlp_edge.metadata import TFLITE_CARD, TFLITE_CHECKSUM, TFLITE_GOLDEN
from mlp_edge.mlp import Dense, Mlp, Scaling
from mlp_edge.proof.bound import bound
from mlp_edge.proof.checksum import BLANK, MARK, checksum_error
from mlp_edge.proof.golden import Golden, golden
from mlp_edge.reference import predict
from mlp_edge.runtime import RUNTIMES

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
    texts = {entry.key: entry.value for entry in model.metadata_props}
    assert texts.pop("seal").startswith(MARK.decode())
    metadata = {key: json.loads(value) for key, value in texts.items()}
    assert metadata["features"] == [feature.to_dict() for feature in mlp.features]
    assert metadata["labels"] == list(mlp.labels)
    assert metadata["weights_sha256"] == mlp.weights_sha256
    assert {"task", "threshold", "version", "targets", "name"} <= set(metadata)
    assert_equal(Golden.from_json(texts["golden"], "it"), golden(mlp))


@pytest.mark.parametrize("activation", ANY_SUM)
def test_onnx_uses_standard_operators_only(activation: str) -> None:
    import onnx as library

    model = library.load_from_string(onnx.export(network((3, 4, 1), activation)))
    assert {node.domain for node in model.graph.node} == {""}
    for node in model.graph.node:
        assert library.defs.has(node.op_type), node.op_type


SMALL_CONVERTERS = {
    "Abs", "Add", "Cast", "Clip", "Concat", "Div", "Elu", "Equal", "Erf", "Exp", "Gather",
    "Greater", "HardSigmoid", "LeakyRelu", "MatMul", "Max", "Min", "Mul", "Neg", "Not",
    "ReduceMax", "ReduceSum", "Relu", "Selu", "Sigmoid", "Softmax", "Softplus", "Softsign", "Sub",
    "Tanh", "Where",
}  # fmt: skip
"""Of the operators that onnx2c turns into C, those that a network can need; IsNaN is none."""


@pytest.mark.parametrize(
    "mlp",
    [
        *(network((3, 4, 1), name) for name in ANY_SUM),
        encoded(
            [
                Feature("a", fill=2.5, indicator=True),
                Feature("b", categories=("x", "y"), codes=(0, 1), fill=1.0),
                Feature("c", sentinel=0.0),
            ],
            outputs=2,
            clip=(-1.0, 1.0),
        ),
        encoded([Feature("c", categories=("x", "y"), codes=(0, 1))], outputs=3, task="multiclass"),
    ],
    ids=lambda mlp: f"{mlp.layers[0].activation}-{mlp.layers[-1].activation}",
)
def test_onnx_asks_no_rare_operator(mlp: Mlp) -> None:
    import onnx as library

    nodes = library.load_from_string(onnx.export(mlp)).graph.node
    assert {node.op_type for node in nodes} <= SMALL_CONVERTERS


def test_onnx_names_its_weights() -> None:
    import onnx as library

    model = library.load_from_string(onnx.export(network()))
    names = {tensor.name for tensor in model.graph.initializer}
    assert {"layer1/weights:0", "layer1/bias:0", "scaling/mean:0"} <= names


def test_an_onnxruntime_of_two_years_ago_reads_it(tmp_path: Path) -> None:
    """It was installed beside the suite by `make test`; a fresh interpreter imports it."""
    assert OLD_ONNXRUNTIME.is_dir(), "make build/old-onnxruntime/installed brings it"
    for activation in ANY_SUM:
        mlp = network((4, 6, 5, 3), activation, "multiclass")
        rows = readings(mlp, 20)
        (tmp_path / f"{activation}.onnx").write_bytes(onnx.export(mlp))
        np.save(tmp_path / f"{activation}-rows.npy", rows)
        np.save(tmp_path / f"{activation}-exact.npy", predict(mlp, rows))
        np.save(tmp_path / f"{activation}-bound.npy", bound(mlp, rows))
    script = f"""
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import numpy as np, onnxruntime
assert onnxruntime.__version__ == "{VERSION}", onnxruntime.__version__
for path in Path(sys.argv[2]).glob("*.onnx"):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    rows = np.load(path.with_name(path.stem + "-rows.npy"))
    exact = np.load(path.with_name(path.stem + "-exact.npy"))
    bound = np.load(path.with_name(path.stem + "-bound.npy"))
    off = np.abs(session.run(None, {{"features": rows}})[0] - exact)
    print(path.stem, float((off / bound).max()))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(OLD_ONNXRUNTIME), str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    shares = dict(line.split() for line in done.stdout.splitlines())
    assert set(shares) == set(ANY_SUM)
    assert max(map(float, shares.values())) <= 1


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
        off = np.abs(run(features=rows)[output] - predict(mlp, rows))
        assert (off <= bound(mlp, rows)).all()


@pytest.mark.parametrize("activation", ANY_SUM)
def test_tflite_uses_built_in_operators_only(activation: str) -> None:
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(tflite.export(network((3, 4, 1), activation)), 0)
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    assert codes
    assert schema.BuiltinOperator.CUSTOM not in codes


def test_tflite_carries_the_card_the_golden_rows_and_the_checksum() -> None:
    from ai_edge_litert import schema_py_generated as schema

    mlp = network()
    model = schema.ModelT.InitFromPackedBuf(tflite.export(mlp), 0)
    texts = {entry.name: bytes(model.buffers[entry.buffer].data) for entry in model.metadata}
    assert len(texts) == len(model.metadata)
    assert Card.from_json(texts[TFLITE_CARD.encode()].decode(), "test") == Card.of(mlp)
    assert_equal(Golden.from_json(texts[TFLITE_GOLDEN.encode()].decode(), "test"), golden(mlp))
    assert texts[TFLITE_CHECKSUM.encode()].startswith(MARK)


def assert_equal(one: Golden, other: Golden) -> None:
    for got, wanted in zip(one, other, strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("exporter", EXPORTERS, ids=lambda exporter: exporter.name)
def test_every_file_carries_its_checksum(exporter: object) -> None:
    content = exporter.export(network())  # type: ignore[attr-defined]
    assert checksum_error(content) is None
    assert content.count(MARK) == 1


def test_weights_alone_have_a_checksum_and_no_golden_rows() -> None:
    content = c.export(network(), weights_only=True)
    assert checksum_error(content) is None
    assert b"GOLDEN" not in content
    assert content.index(MARK) < content.index(b"\n/* mlp-edge-card\n")
    assert content.endswith(b"\n */\n")


@pytest.mark.parametrize("exporter", EXPORTERS, ids=lambda exporter: exporter.name)
def test_any_name_survives(exporter: object, tmp_path: Path) -> None:
    mlp = network(
        (6, 4, 3), "relu", "multiclass",
        features=tuple(Feature(name) for name in HOSTILE), labels=HOSTILE[:3], targets=('"; */',),
    )  # fmt: skip
    path = tmp_path / f"net{exporter.suffix}"  # type: ignore[attr-defined]
    path.write_bytes(exporter.export(mlp))  # type: ignore[attr-defined]
    with mlp_edge.load(path, trust=True, verify=True) as opened:
        assert opened.card == Card.of(mlp)


@pytest.mark.parametrize("exporter", EXPORTERS, ids=lambda exporter: exporter.name)
def test_names_that_look_like_a_checksum(exporter: object, tmp_path: Path) -> None:
    checksum = BLANK.decode()
    names = (
        checksum,
        checksum.strip(),
        f"x{checksum}",
        f"{checksum}\n",
        f"\r{checksum}*/{checksum}",
        MARK.decode(),
    )
    level = (f"{checksum} level", MARK.decode())
    features = (
        *(Feature(name) for name in names[1:]),
        Feature(checksum, unit=checksum),
        Feature(f"{checksum} kind", categories=level, codes=(0, 1)),
    )
    mlp = encoded(features, task="multiclass", outputs=6, labels=names, targets=(checksum,))
    path = tmp_path / f"net{exporter.suffix}"  # type: ignore[attr-defined]
    path.write_bytes(exporter.export(mlp))  # type: ignore[attr-defined]
    with mlp_edge.load(path, trust=True, verify=True) as opened:
        assert opened.card == Card.of(mlp)
        assert opened.card.labels == names
    changed = path.read_bytes().replace(b" level", b" Level")
    assert changed != path.read_bytes()
    path.write_bytes(changed)
    with pytest.raises(ModelError, match="its bytes are not those that mlp-edge wrote"):
        mlp_edge.load(path, trust=True, verify=True)


@pytest.mark.parametrize("exporter", EXPORTERS, ids=lambda exporter: exporter.name)
@pytest.mark.parametrize("count", [1, 2])
def test_the_mean_is_subtracted_before_anything_is_multiplied(
    count: int, exporter: Exporter, tmp_path: Path
) -> None:
    """TFLite's converter would fold one mean for all into the first layer: x w - m w."""
    layer = Dense(np.ones((1, count), np.float32), np.zeros(1, np.float32), "linear")
    scaling = Scaling(np.full(count, 1e6, np.float32), np.full(count, 0.3, np.float32))
    features = tuple(Feature(f"seconds{i}", 999_999.0, 1_000_001.0) for i in range(count))
    mlp = network((count, 1), task="regression", layers=(layer,), scaling=scaling,
                  features=features)  # fmt: skip
    rows = np.repeat(np.linspace(999_999, 1_000_001, 33, dtype=np.float32)[:, None], count, axis=1)
    path = tmp_path / f"seconds{exporter.suffix}"
    path.write_bytes(exporter.export(mlp))
    runtime = next(runtime for runtime in RUNTIMES if runtime.reads == exporter.suffix)
    with runtime.open(path) as opened:
        assert_within_bound(mlp, rows, opened.predict(rows))
