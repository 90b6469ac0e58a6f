"""``mlp-edge inspect``: what is shown is what is in the file."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import Type
from support.integer_networks import made
from support.networks import ANY_SUM, encoded, network, save_keras

from mlp_edge.cli.printing.tables import layer_table
from mlp_edge.export import EXPORTERS, c
from mlp_edge.feature import Feature
from mlp_edge.finding import Finding
from mlp_edge.integers.quantised import Quantised
from mlp_edge.mlp import Mlp
from mlp_edge.readers.anatomy import of_mlp
from mlp_edge.readers.inspection import inspect_file
from mlp_edge.readers.keras_file import read_mlp
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.readers.steps import AGAIN, Constant, Step, of_steps

MIXED = (
    Feature("mass", 1.0, 90.0, unit="kg", sentinel=0.0, fill=70.5, indicator=True),
    Feature("colour", categories=("red", "green", "blue"), codes=(3, 0, -7), fill=0.0),
    Feature("age", 0.0, 99.0),
)
FORBIDDEN = {"tensorflow", "keras", "pandas", "matplotlib", "onnx", "onnxruntime"}
KEYS = {
    "path", "format", "dtype", "name", "task", "targets", "labels", "threshold", "features",
    "scaling", "layers", "parameters", "multiply_adds", "weights_sha256", "file_sha256", "bytes",
    "written_by", "notes", "raw",
}  # fmt: skip


def described(typed: Type, *words: object) -> dict[str, Any]:
    answer = typed("inspect", *words, "--json")
    assert answer.code == 0, answer.err
    return dict(json.loads(answer.out))


def header(folder: Path, **changes: Any) -> Path:
    path = folder / "net.h"
    path.write_bytes(c.export(network(**changes)))
    return path


def test_a_header_says_all_that_the_network_is(typed: Type, folder: Path) -> None:
    mlp = network((4, 6, 3), task="multiclass")
    path = folder / "net.h"
    path.write_bytes(c.export(mlp))
    found = described(typed, path)
    assert set(found) == KEYS
    assert found["weights_sha256"] == mlp.weights_sha256
    assert found["labels"] == list(mlp.labels)
    assert found["threshold"] is None
    assert found["parameters"] == mlp.parameters
    assert found["multiply_adds"] == 4 * 6 + 6 * 3
    assert [layer["activation"] for layer in found["layers"]] == ["relu", "softmax"]
    assert [feature["name"] for feature in found["features"]] == ["x0", "x1", "x2", "x3"]
    assert found["features"][0]["low"] == mlp.features[0].low
    assert mlp.scaling is not None
    assert np.allclose(found["scaling"]["mean"], mlp.scaling.mean)
    assert np.allclose(found["scaling"]["deviation"], mlp.scaling.std)


def test_a_header_is_never_compiled(
    typed: Type, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = header(folder)
    path.write_text(path.read_text() + "\n#error nobody may compile this\n")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a program was started")

    monkeypatch.setattr(subprocess, "run", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert typed("inspect", path).code == 0


@pytest.mark.parametrize("standardised", [True, False])
@pytest.mark.parametrize("widths", [(8, 12, 8, 1), (1, 1), (3, 40, 1)])
def test_a_header_of_any_shape(
    typed: Type, folder: Path, widths: tuple[int, ...], standardised: bool
) -> None:
    path = header(folder, widths=widths, standardised=standardised)
    found = described(typed, path)
    assert found["layers"][0]["inputs"] == widths[0]
    assert [layer["outputs"] for layer in found["layers"]] == list(widths[1:])
    assert (found["scaling"]["mean"] is not None) is standardised


def test_features_may_have_any_name(typed: Type, folder: Path) -> None:
    names = ('say "hi"', "*/ end", "[bold]x[/bold]", "µ, café")
    mlp = network((4, 2, 1))
    odd = tuple(replace(known, name=name) for known, name in zip(mlp.features, names, strict=True))
    path = folder / "net.h"
    path.write_bytes(c.export(replace(mlp, features=odd)))
    found = described(typed, path)
    assert [feature["name"] for feature in found["features"]] == list(names)
    assert all(feature["low"] is not None for feature in found["features"])
    assert "[bold]x[/bold]" in typed("inspect", path).out


def test_weights_without_functions_are_said_to_be_that(typed: Type, folder: Path) -> None:
    path = folder / "net_weights.h"
    path.write_bytes(c.export(network(), weights_only=True))
    assert "weights only" in typed("inspect", path).err


def test_a_header_without_its_card_still_shows_its_layers(typed: Type, folder: Path) -> None:
    path = header(folder)
    text = path.read_text()
    path.write_text(text[: text.index("/* The model's card")])
    found = described(typed, path)
    assert found["name"] is None
    assert found["parameters"] == network().parameters
    shown = typed("inspect", path)
    assert "8-12-8-1" in shown.out
    assert "card" in shown.err


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.onnx", b"", "not an ONNX model"),
        ("x.onnx", b"hello", "not an ONNX model"),
        ("x.onnx", b"\x3a\x02\x0a\x00", "not an ONNX model"),
        ("x.onnx", b"\xff" * 40, "not an ONNX model"),
        ("x.tflite", b"hello", "TFL3"),
        ("x.tflite", b"\x1c\0\0\0TFL3" + b"\xff" * 60, "not a TFLite model"),
        ("x.h", b"int main(void) { return 0; }", "not a header"),
        ("x.keras", b"PK", "not a .keras file"),
        ("x.txt", b"hello", "cannot tell"),
    ],
)
def test_what_is_no_model_is_refused_in_a_sentence(
    typed: Type, folder: Path, name: str, content: bytes, says: str
) -> None:
    path = folder / name
    path.write_bytes(content)
    answer = typed("inspect", path)
    assert answer.code == 2
    assert says in answer.err
    assert len(answer.err.strip().splitlines()) == 1
    assert answer.out == ""


def test_what_is_not_there_is_refused(typed: Type, folder: Path) -> None:
    (folder / "empty").mkdir()
    for words in ((), ("nix.onnx",), ("nix",), ("empty",)):
        answer = typed("inspect", *words)
        assert answer.code == 2
        assert "error:" in answer.err


@pytest.mark.parametrize("keep", range(100, 6000, 397))
def test_a_header_cut_short_is_refused_or_read(typed: Type, folder: Path, keep: int) -> None:
    path = header(folder)
    path.write_bytes(path.read_bytes()[:keep])
    assert typed("inspect", path).code in (0, 2)


def constant(*shape: int, trained: bool = True) -> Constant:
    values = np.arange(shape[0], dtype=np.float32) if len(shape) == 1 else None
    return Constant(shape, values, trained)


def test_a_graph_is_read_as_layers() -> None:
    found = of_steps(
        [
            Step("Sub", (constant(3),)),
            Step("MatMul", (constant(3, 5),), (5, 3)),
            Step("Add", (constant(5),)),
            Step("Relu"),
            Step("Gemm", (constant(2, 5), constant(2)), (2, 5)),
            Step("Mystery"),
        ]
    )
    assert found.topology == "3-5-2"
    assert [layer.activation for layer in found.layers] == ["relu", "Mystery"]
    assert [layer.parameters for layer in found.layers] == [20, 12]
    assert found.mean is not None
    assert found.std is None


def test_what_works_on_raw_readings_belongs_to_no_layer() -> None:
    found = of_steps(
        [
            Step("NotEqual", inputs=("x", "x"), results=("nan",)),
            Step("Equal", (constant(3),), inputs=("x",), results=("sentinel",)),
            Step("Or", inputs=("nan", "sentinel"), results=("missing",)),
            Step("Where", (constant(3),), inputs=("missing", "x"), results=("filled",)),
            Step("Sub", (constant(3),), inputs=("filled",), results=("scaled",)),
            Step("Gemm", (constant(2, 3), constant(2)), (2, 3), "", ("scaled",), ("z",)),
            Step("Relu", inputs=("z",), results=("y",)),
            Step("ReduceAny", (constant(1, trained=False),), inputs=("missing",), results=("any",)),
            Step("Where", (constant(),), inputs=("any", "y"), results=("answer",)),
        ]
    )
    [layer] = found.layers
    assert (layer.activation, layer.parameters) == ("relu", 8)
    assert found.mean is not None
    assert found.mean.size == 3


def test_a_choice_among_a_layers_own_values_is_an_activation() -> None:
    found = of_steps(
        [
            Step("Gemm", (constant(2, 3), constant(2)), (2, 3), "", ("x",), ("z",)),
            Step("Greater", (constant(),), inputs=("z",), results=("above",)),
            Step("Exp", inputs=("z",), results=("power",)),
            Step("SelectV2", inputs=("above", "z", "power"), results=("y",)),
        ]
    )
    assert found.layers[0].activation == "Greater Exp SelectV2"


def test_each_head_of_a_strangers_graph_has_its_own_activation() -> None:
    found = of_steps(
        [
            Step("Gemm", (constant(2, 3), constant(2)), (2, 3), "", ("x",), ("a",)),
            Step("Gemm", (constant(4, 3), constant(4)), (4, 3), "", ("x",), ("b",)),
            Step("Tanh", inputs=("a",), results=("c",)),
            Step("Softmax", inputs=("b",), results=("d",)),
        ]
    )
    assert [layer.activation for layer in found.layers] == ["tanh", "softmax"]


@pytest.mark.parametrize(
    ("operators", "activation"),
    [
        (("Min", "Max"), "linear, clipped"),
        (("Min", "Relu"), "linear, clipped"),
        (("Relu", "Relu6"), "relu, clipped"),
        (("Clip",), "linear, clipped"),
        (("Clip", "Mul"), "Clip Mul"),
        (("Max",), "Max"),
    ],
)
def test_bounds_at_the_end_are_a_clip(operators: tuple[str, ...], activation: str) -> None:
    first = Step("Gemm", (constant(2, 3), constant(2)), (2, 3))
    last = Step("Gemm", (constant(1, 2), constant(1)), (1, 2))
    behind = [Step(name) for name in operators]
    assert of_steps([first, *behind]).layers[-1].activation == activation
    hidden, output = of_steps([first, *behind, last]).layers
    assert "clipped" not in hidden.activation
    assert output.activation == "linear"


def test_unknown_operators_with_weights_are_shown_by_name() -> None:
    found = of_steps(
        [Step("Conv", (constant(8, 1, 3, 3), constant(8))), Step("Relu"),
         Step("Reshape", (constant(2, trained=False),)),
         Step("Gemm", (constant(2, 5), constant(2)), (2, 5))]
    )  # fmt: skip
    assert [layer.kind for layer in found.layers] == ["Conv", "dense"]
    assert found.layers[0].parameters == 80
    assert found.multiply_adds is None


def test_weights_that_are_used_twice_count_once() -> None:
    weights, bias = constant(4, 3), constant(4)
    found = of_steps([Step("Gemm", (weights, bias), (4, 3)), Step("Gemm", (weights, bias), (4, 3))])
    assert [layer.kind for layer in found.layers] == ["dense", AGAIN]
    assert found.parameters == 16
    assert found.multiply_adds == 24


def test_a_table_of_features_says_what_counts(typed: Type, folder: Path) -> None:
    mlp = encoded(MIXED, clip=(0.0, 5.0))
    path = folder / "net.h"
    path.write_bytes(c.export(mlp))
    found = described(typed, path)
    assert [feature["kind"] for feature in found["features"]] == ["number", "category", "number"]
    assert all({"name", "low", "high"} <= set(feature) for feature in found["features"])
    assert found["features"][1]["codes"] == [3, 0, -7]
    assert found["scaling"]["inputs"][:3] == ["mass", "age", "mass missing"]
    assert len(found["scaling"]["mean"]) == mlp.encoding.width
    shown = typed("inspect", path.name).out
    rows = [" ".join(line.split()) for line in shown.splitlines()]
    assert mlp.scaling is not None
    mass, age = (f"{value:.6g}" for value in mlp.scaling.mean[:2])
    wide, high = (f"{value:.6g}" for value in mlp.scaling.std[:2])
    for row in (
        "encoding (n, 6)", "scaling (n, 6)", f"mass kg 1 90 {mass} {wide}", "colour",
        f"age 0 99 {age} {high}", "mass 0 70.5 yes", "colour 3=red, 0=green, -7=blue green",
        "age predicts NaN",
    ):  # fmt: skip
        assert row in rows
    assert any(row.startswith("output linear, clipped") for row in rows)
    assert max(map(len, shown.splitlines())) <= 80


def test_many_categories_are_shortened(typed: Type, folder: Path) -> None:
    levels = tuple(f"level {code}" for code in range(30))
    features = (Feature("x", categories=levels, codes=tuple(range(30))),)
    path = folder / "net.h"
    path.write_bytes(c.export(encoded(features)))
    shown = typed("inspect", path).out
    assert "0=level 0" in shown
    assert "26 more" in shown
    assert "level 29" not in shown
    assert "NaN" not in shown
    assert described(typed, path)["features"][0]["categories"] == list(levels)


def cells(mlp: Mlp) -> list[list[str]]:
    return [[str(cell) for cell in column.cells] for column in layer_table(mlp).columns]


def test_a_layer_table_shows_what_is_in_front_of_the_layers() -> None:
    names, activations, widths, _ = cells(encoded(MIXED, clip=(0.0, 1.0)))
    assert names == ["encoding", "scaling", "hidden 1", "output", "all"]
    assert widths[:2] == ["(n, 6)", "(n, 6)"]
    assert activations[3] == "linear, clipped"
    assert cells(network((3, 1)))[0] == ["scaling", "output", "all"]
    assert cells(network((3, 1), standardised=False))[0] == ["output", "all"]


AS_THEY_ARE = {("tflite", "softplus"), ("onnx", "square")}
"""What is shown as the operators that it is written as."""


# What follows needs TensorFlow to make the files, never to read them.


@pytest.mark.parametrize("activation", ANY_SUM)
def test_onnx_and_tflite_show_the_network_that_was_exported(
    keras: Any, folder: Path, activation: str
) -> None:
    mlp = network((8, 12, 5, 1), activation)
    for exporter in EXPORTERS[:2]:
        path = folder / f"net{exporter.suffix}"
        path.write_bytes(exporter.export(mlp))
        found = inspect_file(path)
        assert found.card is not None
        assert found.card.weights_sha256 == mlp.weights_sha256
        assert found.anatomy.topology == mlp.topology
        assert found.anatomy.layers[-1].activation == "sigmoid"
        if (exporter.name, activation) not in AS_THEY_ARE:
            assert [layer.activation for layer in found.anatomy.layers[:-1]] == [activation] * 2
        assert found.anatomy.parameters == mlp.parameters
        assert mlp.scaling is not None
        assert found.anatomy.mean is not None
        assert np.array_equal(found.anatomy.mean, mlp.scaling.mean)
        assert found.anatomy.std is not None
        assert np.allclose(found.anatomy.std, mlp.scaling.std, rtol=1e-6)
        if exporter.suffix == ".onnx":
            assert "tf2onnx" in found.written_by


INTEGER_FILES: dict[str, Callable[[Mlp, Quantised], bytes]] = {
    f"{dtype}{exporter.suffix}": write
    for exporter in EXPORTERS[:2]
    for dtype, write in exporter.integers.items()
}


@pytest.mark.parametrize("seed", [0, 1])  # the second has wide inputs
@pytest.mark.parametrize("kind", INTEGER_FILES)
def test_a_file_of_integers_shows_its_layers(
    keras: Any, folder: Path, kind: str, seed: int
) -> None:
    dtype, _, suffix = kind.partition(".")
    for mlp, activations in (
        (network((8, 12, 5, 1)), ["clamp", "clamp", "table"]),
        (network((4, 6, 3), "tanh", "multiclass"), ["table", "softmax"]),
        (encoded(MIXED, clip=(0.0, 6.0)), ["clamp", "clamp, clipped"]),
        (encoded(MIXED, outputs=2, clip=(-2.5, 7.0)), ["clamp", "clamp, clipped"]),
    ):
        path = folder / f"net.{suffix}"
        path.write_bytes(INTEGER_FILES[kind](mlp, made(mlp, dtype, seed)))
        found = inspect_file(path)
        assert found.anatomy.topology == mlp.topology
        assert [layer.activation for layer in found.anatomy.layers] == activations
        assert {layer.kind for layer in found.anatomy.layers} == {"dense"}
        assert found.anatomy.parameters >= mlp.parameters
        assert found.anatomy.mean is None
        assert found.card is not None
        assert found.card.dtype == dtype
        assert found.notes == []


@pytest.mark.parametrize("dtype", EXPORTERS[0].floats)
def test_a_file_of_reduced_precision_shows_the_same_layers(
    keras: Any, folder: Path, dtype: str
) -> None:
    for mlp in (network((40, 64, 5, 1)), encoded(MIXED, clip=(0.0, 6.0))):
        path = folder / "net.tflite"
        path.write_bytes(EXPORTERS[0].floats[dtype](mlp))
        found = inspect_file(path)
        assert found.anatomy.layers == of_mlp(mlp).layers
        assert mlp.scaling is not None
        assert found.anatomy.mean is not None
        assert np.array_equal(found.anatomy.mean, mlp.scaling.mean)
        assert found.card is not None
        assert found.card.dtype == dtype


FRONTS: dict[str, tuple[Feature, ...]] = {
    "plain": (Feature("a"), Feature("b")),
    "filled": (Feature("a", fill=1.0), Feature("b", fill=2.0)),
    "categories": (Feature("a", categories=("x", "y"), codes=(1, 5)), Feature("b")),
    "mixed": MIXED,
}


@pytest.mark.parametrize(
    ("front", "clip", "standardised"),
    [
        ("plain", None, True), ("plain", (0.0, 6.0), False), ("filled", (-2.5, 7.0), True),
        ("categories", None, False), ("categories", (0.0, 1.0), True), ("mixed", None, True),
        ("mixed", (-1.0, 1.0), True), ("mixed", (0.0, 6.0), True), ("mixed", (0.0, 5.0), False),
    ],
)  # fmt: skip
def test_files_of_an_encoded_model_show_the_same_layers(
    keras: Any, folder: Path, front: str, clip: tuple[float, float] | None, standardised: bool
) -> None:
    features = FRONTS[front]
    mlp = encoded(features, clip=clip, standardised=standardised)
    expected = of_mlp(mlp)
    for exporter in EXPORTERS:
        path = folder / f"net{exporter.suffix}"
        path.write_bytes(exporter.export(mlp))
        found = inspect_file(path)
        assert found.anatomy.layers == expected.layers, exporter.name
        assert found.features == features
        for name in ("mean", "std"):
            one, other = getattr(found.anatomy, name), getattr(expected, name)
            if other is None:
                assert one is None
            else:
                assert np.allclose(one, other, rtol=1e-6)
        assert found.notes == []


@pytest.mark.parametrize("activation", sorted({*ANY_SUM} - {"hard_sigmoid"}))
def test_a_clip_does_not_hide_the_activation(keras: Any, folder: Path, activation: str) -> None:
    layers = network((6, 5, 1), activation, "regression").layers
    mlp = encoded(MIXED, clip=(-1.0, 2.0))
    last = replace(layers[1], activation=activation)
    mlp = replace(mlp, layers=(layers[0], last))
    for exporter in EXPORTERS[:2]:
        path = folder / f"net{exporter.suffix}"
        path.write_bytes(exporter.export(mlp))
        if (exporter.name, activation) not in AS_THEY_ARE:
            found = inspect_file(path).anatomy.layers
            assert [layer.activation for layer in found] == [activation, f"{activation}, clipped"]


def test_activations_have_kerass_names_where_they_can_be_told(keras: Any, folder: Path) -> None:
    for exporter in EXPORTERS[:2]:
        for activation in sorted(
            name for name in ANY_SUM if (exporter.name, name) not in AS_THEY_ARE
        ):
            path = folder / f"net{exporter.suffix}"
            path.write_bytes(exporter.export(network((4, 3, 1), activation)))
            assert inspect_file(path).anatomy.layers[0].activation == activation


def test_a_strangers_keras_file_shows_what_can_be_known(
    keras: Any, typed: Type, folder: Path
) -> None:
    path = save_keras(network((4, 6, 1)), folder / "theirs.keras")
    found = described(typed, path)
    layers = [vars(layer) for layer in of_mlp(read_mlp(path)).layers]
    assert found["layers"] == json.loads(json.dumps(layers))
    assert found["written_by"].startswith("Keras 3")
    assert "made up" in typed("inspect", path).err


def test_a_strangers_onnx_file_shows_what_can_be_known(
    keras: Any, typed: Type, folder: Path
) -> None:
    import onnx
    from onnx import TensorProto, helper

    def floats(name: str, *shape: int) -> Any:
        count = int(np.prod(shape))
        return helper.make_tensor(name, TensorProto.FLOAT, shape, [0.5] * count)

    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w", "b"], ["h"], transB=1),
         helper.make_node("Tanh", ["h"], ["t"]),
         helper.make_node("Constant", [], ["v"], value=floats("v", 5, 2)),
         helper.make_node("MatMul", ["t", "v"], ["y"])],
        "theirs",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [floats("w", 5, 3), floats("b", 5)],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, producer_name="somebody"), folder / "theirs.onnx")
    found = described(typed, "theirs.onnx")
    assert [(layer["inputs"], layer["outputs"]) for layer in found["layers"]] == [(3, 5), (5, 2)]
    assert [layer["activation"] for layer in found["layers"]] == ["tanh", "linear"]
    assert found["parameters"] == 15 + 5 + 10
    assert found["weights_sha256"] is None
    assert "somebody" in found["written_by"]
    shown = typed("inspect", "theirs.onnx")
    assert shown.code == 0
    assert "no mlp-edge metadata" in shown.err


def test_every_artifact_of_a_directory_agrees(typed: Type, pima: Path) -> None:
    whole = described(typed, pima)
    for path in sorted((pima / "exports").iterdir()):
        found = described(typed, path)
        for key in ("name", "task", "targets", "labels", "threshold", "parameters",
                    "multiply_adds", "weights_sha256", "features"):  # fmt: skip
            assert found[key] == whole[key], (path, key)
        assert found["layers"] == whole["layers"]


def test_a_directory_shows_scores_recipe_and_exports(typed: Type, model: Path) -> None:
    found = described(typed)
    assert set(found) > KEYS
    manifest = ModelDirectory.open(model).manifest
    assert found["scores"] == manifest.scores
    assert found["rows"] == manifest.rows
    assert {export["state"] for export in found["exports"]} == {"as exported"}
    (model / "exports" / "pima.onnx").write_bytes(b"other")
    (model / "exports" / "pima.h").unlink()
    shutil.copy(model / "model.json", model / "exports" / "notes.txt")
    states = {export["file"]: export["state"] for export in described(typed)["exports"]}
    assert states == {"notes.txt": "not ours", "pima.h": "missing", "pima.onnx": "changed",
                      "pima.tflite": "as exported"}  # fmt: skip
    shown = typed("inspect")
    assert shown.code == 0
    for word in ("8-12-8-1", "glucose", "diabetes", "accuracy", "changed", "missing", "epochs"):
        assert word in shown.out


def test_a_directory_shows_its_warnings(typed: Type, model: Path) -> None:
    manifest = ModelDirectory.open(model).manifest
    warning = Finding("constant", "column 'x' is 1 in every row")
    (model / "model.json").write_text(replace(manifest, warnings=[warning]).to_json())
    assert described(typed)["warnings"] == [warning._asdict() | {"columns": []}]
    assert described(typed)["clip"] is None
    assert f"warning: {warning.says}" in typed("inspect").err


def test_the_original_of_a_directory_is_the_directory(typed: Type, model: Path) -> None:
    assert described(typed, "model/model.keras") == described(typed, "model")


def test_a_damaged_file_is_refused_or_read(typed: Type, model: Path) -> None:
    for path in sorted((model / "exports").iterdir()):
        whole = path.read_bytes()
        for keep in range(0, len(whole), max(1, len(whole) // 12)):
            path.write_bytes(whole[:keep])
            assert typed("inspect", path).code in (0, 2), (path.name, keep)
        for place in range(0, len(whole), max(1, len(whole) // 25)):
            path.write_bytes(whole[:place] + b"\xff" + whole[place + 1 :])
            assert typed("inspect", path).code in (0, 2), (path.name, place)


def test_it_is_readable_at_80_columns_and_plain_in_a_pipe(process: Type, model: Path) -> None:
    answer = process("inspect", cwd=model.parent)
    assert answer.code == 0
    assert "\x1b" not in answer.out
    assert max(map(len, answer.out.splitlines())) <= 80


def test_nothing_heavy_is_imported(model: Path) -> None:
    program = (
        "import sys\n"
        "from mlp_edge.cli.app import app\n"
        "app(sys.argv[1:], standalone_mode=False)\n"
        f"print(sorted({FORBIDDEN!r} & set(sys.modules)), file=sys.stderr)\n"
    )
    for path in (model, *(model / "exports").iterdir()):
        result = subprocess.run(
            [sys.executable, "-c", program, "inspect", str(path)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert result.stderr.splitlines()[-1] == "[]", path


def test_nothing_heavy_is_imported_to_export_c(model: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(model / "model.keras", tmp_path / "net.keras"))
    program = (
        "import sys\n"
        "from mlp_edge.cli.app import app\n"
        f"app(['export', '--model', {str(path)!r}, '--format', 'c'], standalone_mode=False)\n"
        f"print(sorted({FORBIDDEN!r} & set(sys.modules)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"
    assert (tmp_path / "exports/net.h").exists()
