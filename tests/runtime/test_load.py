"""mlp_edge.load: every file predicts the same; what is damaged, foreign or unsafe is refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.c_compiler import require
from support.networks import network, readings
from support.quantised_networks import quantised

import mlp_edge
from mlp_edge import export as exporters
from mlp_edge.card import Card
from mlp_edge.errors import InputError, MissingError
from mlp_edge.export.c.text import literal
from mlp_edge.integers import integer_reference
from mlp_edge.integers.quantised import Quantised
from mlp_edge.integers.quantised_file import QuantisationParameters
from mlp_edge.mlp import Mlp
from mlp_edge.proof.checksum import with_checksum
from mlp_edge.proof.golden import golden
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.reference import predict
from mlp_edge.runtime import RUNTIMES
from mlp_edge.runtime.runtime import Opened

ASKED = {exporter.suffix for exporter in exporters.EXPORTERS if exporter.asked}
EXPORTED = [runtime for runtime in RUNTIMES if runtime.reads not in ASKED]
SUFFIXES = {runtime.reads: runtime.name for runtime in reversed(EXPORTED)}
"""Suffix -> the first runtime that reads it, which is the one that opens such a file. The others
are in tests/parity/test_scripts.py: the models here have none."""


def files(model: Path) -> dict[str, Path]:
    """Suffix -> the file of a model directory."""
    exports = {path.suffix: path for path in (model / "exports").iterdir()}
    return {".keras": model / "model.keras", **exports}


def refused(path: Path | str, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        mlp_edge.load(path, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


# The same numbers and labels


@pytest.mark.trains
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", ["pima", "iris", "sine"])
def test_every_file_predicts_the_sample(
    name: str, suffix: str, request: pytest.FixtureRequest
) -> None:
    require("gcc")
    model: Path = request.getfixturevalue(name)
    directory = ModelDirectory.open(model)
    rows, _, original = directory.sample()
    reference = predict(directory.mlp(), rows)
    with mlp_edge.load(files(model)[suffix]) as opened:
        assert opened.runtime == SUFFIXES[suffix]
        assert opened.card == Card.of(directory.mlp())
        predictions = opened.predict(rows)
        labels = opened.predict_labels(rows)
    assert predictions.dtype == np.float32
    np.testing.assert_allclose(predictions, original, atol=1e-5)
    np.testing.assert_allclose(predictions, reference, atol=1e-5)
    if name == "sine":
        assert set(labels) == {None}
    elif name == "pima":
        assert labels == ["1" if row[0] > 0.5 else "0" for row in original]
    else:
        assert labels == [directory.manifest.labels[index] for index in original.argmax(axis=1)]
        assert set(labels) <= {"setosa", "versicolor", "virginica"}


def test_a_directory_runs_on_every_runtime(keras: Any, pima: Path) -> None:
    require("gcc")
    rows, _, original = ModelDirectory.open(pima).sample()
    for runtime in EXPORTED:
        with mlp_edge.load(pima, runtime.name) as opened:
            assert opened.runtime == runtime.name
            np.testing.assert_allclose(opened.predict(rows), original, atol=1e-5)


def test_a_directory_prefers_what_starts_fast(model: Path) -> None:
    with mlp_edge.load("model") as opened:
        assert opened.runtime == "onnxruntime"
    ModelDirectory.open(model).add_exports({})
    manifest = json.loads((model / "model.json").read_text())
    del manifest["exports"]["pima.onnx"]
    (model / "model.json").write_text(json.dumps(manifest))
    with mlp_edge.load("model") as opened:
        assert opened.runtime == "keras"


def test_an_export_of_another_name_is_found(model: Path) -> None:
    (model / "exports" / "pima.onnx").rename(model / "exports" / "ward7.onnx")
    manifest = json.loads((model / "model.json").read_text())
    manifest["exports"]["ward7.onnx"] = manifest["exports"].pop("pima.onnx")
    (model / "model.json").write_text(json.dumps(manifest))
    with mlp_edge.load(model) as opened:
        assert opened.path.name == "ward7.onnx"


# Reduced precision


def add_integers(model: Path) -> Quantised:
    """Export the model in int8 as well."""
    directory = ModelDirectory.open(model)
    mlp = directory.mlp()
    net = quantised(mlp)
    renamed = replace(mlp, name=f"{mlp.name}_int8")
    files = {
        f"{renamed.name}{exporter.suffix}": exporter.integers["int8"](renamed, net)
        for exporter in exporters.DEFAULT
    }
    parameters = QuantisationParameters(net, mlp.weights_sha256, "", {})
    files[f"{renamed.name}.json"] = parameters.to_json().encode()
    directory.add_exports(files)
    return net


@pytest.mark.parametrize("suffix", [".tflite", ".onnx", ".h"])
def test_integers_predict_their_bits_with_labels_and_are_verified(model: Path, suffix: str) -> None:
    require("gcc")
    net = add_integers(model)
    directory = ModelDirectory.open(model)
    rows, _, _ = directory.sample()
    expected = integer_reference.predict_quantised(directory.mlp(), net, rows)
    with mlp_edge.load(model / "exports" / f"pima_int8{suffix}", verify=True) as opened:
        assert opened.runtime == SUFFIXES[suffix]
        assert (opened.card.dtype, opened.card.name) == ("int8", "pima_int8")
        assert opened.predict(rows).tobytes() == expected.tobytes()
        labels = opened.predict_labels(rows)
    assert labels == ["1" if row[0] > 0.5 else "0" for row in expected]
    assert set(labels) == {"0", "1"}


def test_golden_rows_of_integers_allow_nothing(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_integers(model)
    path = model / "exports" / "pima_int8.onnx"
    runtime = next(runtime for runtime in RUNTIMES if runtime.reads == ".onnx")

    @contextmanager
    def one_bit_off(path: Path) -> Iterator[Opened]:
        with runtime.open(path) as opened:
            yield opened._replace(
                predict=lambda rows: np.nextafter(opened.predict(rows), np.float32(2))
            )

    monkeypatch.setattr("mlp_edge.runtime.load.RUNTIMES", (replace(runtime, open=one_bit_off),))
    assert "golden row 1" in checked(path)


def test_predict_takes_a_file_in_integers(model: Path, typed: Any) -> None:
    add_integers(model)
    answer = typed("predict", "pima", "--model", model / "exports" / "pima_int8.onnx", "--verify")
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[0].endswith(",probability,label")
    assert len(answer.out.splitlines()) == 769


def test_inspect_says_what_the_numbers_are(model: Path, typed: Any) -> None:
    add_integers(model)
    for name, dtype in (("pima_int8.h", "int8"), ("pima.h", "float32")):
        path = model / "exports" / name
        assert json.loads(typed("inspect", path, "--json").out)["dtype"] == dtype
        assert re.search(rf"^dtype +{dtype} *$", typed("inspect", path).out, re.MULTILINE)


def test_a_directory_opens_float32_first(model: Path) -> None:
    add_integers(model)
    for runtime in EXPORTED:
        with mlp_edge.load(model, runtime.name) as opened:
            assert opened.card.dtype == "float32"
            assert opened.path.stem in ("pima", "model")
    for suffix in (".onnx", ".tflite", ".h"):
        (model / "exports" / f"pima{suffix}").unlink()
    manifest = json.loads((model / "model.json").read_text())
    manifest["exports"] = {k: v for k, v in manifest["exports"].items() if "_int8" in k}
    (model / "model.json").write_text(json.dumps(manifest))
    with mlp_edge.load(model) as opened:  # nobody asked for less
        assert opened.runtime == "keras"
    with mlp_edge.load(model, "onnxruntime") as opened:  # it has nothing else
        assert opened.path.name == "pima_int8.onnx"
    other = model / "exports" / "ward.onnx"
    shutil.copy(model / "exports" / "pima_int8.onnx", other)
    manifest["exports"]["ward.onnx"] = ""
    (model / "model.json").write_text(json.dumps(manifest))
    with mlp_edge.load(model, "onnxruntime") as opened:
        assert opened.path == other


# Rows


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_rows_of_any_number_and_kind(pima: Path, suffix: str) -> None:
    require("gcc")
    rows = ModelDirectory.open(pima).sample().rows[:9]
    with mlp_edge.load(files(pima)[suffix]) as opened:
        whole = opened.predict(rows)
        assert opened.predict(rows[:0]).shape == (0, 1)
        assert opened.predict_labels(rows[:0]) == []
        one_by_one = np.concatenate([opened.predict(row[None]) for row in rows])
        np.testing.assert_allclose(one_by_one, whole, atol=1e-6)
        for same in (rows.tolist(), rows.astype(np.float64), np.asfortranarray(rows), tuple(rows)):
            np.testing.assert_array_equal(opened.predict(same), whole)
        np.testing.assert_allclose(opened.predict(rows[::-1])[::-1], whole, atol=1e-6)
        np.testing.assert_array_equal(opened.predict(np.repeat(rows, 2, axis=1)[:, ::2]), whole)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([[1.0] * 7], "shape (1, 7); pima takes (n, 8): pregnancies, glucose"),
        ([[1.0] * 9], "shape (1, 9)"),
        ([1.0] * 8, "shape (8,)"),
        (np.zeros((2, 2, 8)), "shape (2, 2, 8)"),
        ([], "shape (0,)"),
        (5, "takes (n, 8)"),
        ([["high"] * 8], "not a number"),
        ([[1.0] * 8, [1.0] * 7], "not a number"),
        ([[{}] * 8], "not a number"),
        (None, "takes (n, 8)"),
    ],
    ids=str,
)
def test_rows_that_do_not_fit(pima: Path, suffix: str, rows: Any, said: str) -> None:
    require("gcc")
    with (
        mlp_edge.load(files(pima)[suffix]) as opened,
        pytest.raises(InputError) as caught,
    ):
        opened.predict(rows)
    assert said in str(caught.value)


def test_a_closed_model_lets_go_of_its_files(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require("gcc")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    opened = mlp_edge.load(model / "exports" / "pima.h")
    assert list(scratch.iterdir())
    opened.close()
    assert list(scratch.iterdir()) == []
    opened.close()
    with pytest.raises(InputError, match="was closed"):
        opened.predict([[1.0] * 8])


# Whether to trust a header


@pytest.fixture
def alone(pima: Path, folder: Path) -> Path:
    """A header that has left its model directory."""
    require("gcc")
    return Path(shutil.copy(pima / "exports" / "pima.h", folder / "pima.h"))


def test_a_header_of_unknown_origin_is_not_compiled(alone: Path) -> None:
    message = refused(alone)
    assert message.startswith(f"{alone}: a header is a program")
    assert "`trust=True` compiles it all the same" in message
    with mlp_edge.load(alone, trust=True) as opened:
        assert opened.card.name == "pima"


def test_a_changed_header_is_not_compiled(model: Path) -> None:
    require("gcc")
    path = model / "exports" / "pima.h"
    path.write_bytes(path.read_bytes() + b"\n")
    assert "no model directory has the hash of this one" in refused(path)
    assert "no model directory has the hash" in refused(model, runtime="c")
    with mlp_edge.load(path, trust=True) as opened:
        assert opened.runtime == "c"


def test_a_header_beside_its_copy_is_judged_by_its_own_bytes(model: Path) -> None:
    shutil.copy(model / "exports" / "pima.h", model / "exports" / "evil.h")
    assert "a header is a program" in refused(model / "exports" / "evil.h")


def test_a_link_to_a_header_is_judged_by_its_bytes(model: Path, folder: Path) -> None:
    (folder / "pima.h").symlink_to(model / "exports" / "pima.h")
    assert "a header is a program" in refused(folder / "pima.h")


def test_trust_does_not_make_a_header_of_anything(folder: Path) -> None:
    require("gcc")
    (folder / "x.h").write_text("int x;\n")
    assert "not a header that mlp-edge export wrote" in refused(folder / "x.h", trust=True)


# What cannot be opened


def test_what_is_not_there(folder: Path) -> None:
    assert refused("none.onnx") == "none.onnx: there is no such model"
    assert "`mlp_edge.train()` makes one" in refused("model")
    assert "not a model directory" in refused(folder)


@pytest.mark.parametrize("name", ["m.h5", "m", "m.onnx.bak"])
def test_a_file_of_another_kind(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"anything")
    message = refused(folder / name)
    assert message.startswith(f"{folder / name}: cannot tell what this is")
    for suffix in SUFFIXES:
        assert suffix in message


def test_a_runtime_that_does_not_exist(pima: Path) -> None:
    names = ", ".join(runtime.name for runtime in RUNTIMES)
    assert names.startswith("keras, litert, onnxruntime, c")
    message = f"there is no runtime 'tensorrt'; there are {names}"
    assert refused(pima, runtime="tensorrt") == message
    assert refused(pima / "exports" / "pima.onnx", runtime="tensorrt") == message


@pytest.mark.parametrize(
    ("suffix", "runtime"),
    [(".onnx", "litert"), (".tflite", "keras"), (".keras", "c"), (".h", "onnxruntime")],
)
def test_a_runtime_that_reads_other_files(pima: Path, suffix: str, runtime: str) -> None:
    message = refused(files(pima)[suffix], runtime=runtime)
    assert f"{runtime} reads " in message
    readers = ", ".join(entry.name for entry in RUNTIMES if entry.reads == suffix)
    assert readers.startswith(SUFFIXES[suffix])
    assert f"; {readers} can read" in message
    assert message.endswith(" this one")


def test_a_file_that_was_not_exported(model: Path) -> None:
    (model / "exports" / "pima.tflite").unlink()
    message = refused("model", runtime="litert")
    assert "not exported yet; `Model.export()` writes it" in message


def test_a_runtime_that_is_not_installed(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(MissingError, match="the runtime c cannot run here: no C compiler"):
        mlp_edge.load("model", "c")


@pytest.mark.parametrize("suffix", [".onnx", ".tflite", ".h"])
def test_exports_of_an_older_training(model: Path, suffix: str) -> None:
    require("gcc")
    exporter = next(entry for entry in exporters.EXPORTERS if entry.suffix == suffix)
    mlp = ModelDirectory.open(model).mlp()
    last = replace(mlp.layers[-1], bias=mlp.layers[-1].bias + np.float32(1))
    older = exporter.export(replace(mlp, layers=(*mlp.layers[:-1], last)))
    ModelDirectory.open(model).add_exports({f"pima{suffix}": older})
    message = refused("model", runtime=SUFFIXES[suffix])
    assert "exported from other weights than model/model.keras has" in message
    assert "run `Model.export()` again" in message


@pytest.mark.parametrize("suffix", [".onnx", ".tflite", ".keras", ".h"])
@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", bytes(1000), b"PK\x03\x04", b"\x08\x07", b"    TFL3" * 9]
)
def test_what_is_no_model(folder: Path, suffix: str, content: bytes) -> None:
    require("gcc")
    path = folder / f"m{suffix}"
    path.write_bytes(content)
    assert refused(path, trust=True).startswith(f"{path}: ")


def test_a_keras_file_alone_and_in_its_directory(model: Path, folder: Path) -> None:
    with mlp_edge.load(model / "model.keras") as opened:
        assert opened.card.names[0] == "pregnancies"
    shutil.copy(model / "model.keras", folder / "alone.keras")
    with mlp_edge.load(folder / "alone.keras") as opened:
        assert opened.card.names[0] == "x1"
        assert (opened.card.name, opened.card.labels) == ("alone", ("0", "1"))


# ONNX and TFLite files of others


def test_an_onnx_without_our_metadata(pima: Path, folder: Path) -> None:
    import onnx

    content = onnx.load(pima / "exports" / "pima.onnx")
    properties = [entry for entry in content.metadata_props if entry.key != "seal"]
    kept = [(entry.key, entry.value) for entry in properties]
    del content.metadata_props[:]
    onnx.save(content, folder / "m.onnx")
    assert "carries no mlp-edge metadata" in refused(folder / "m.onnx")
    onnx.helper.set_model_props(content, {"author": "somebody"})
    onnx.save(content, folder / "m.onnx")
    assert "no mlp-edge metadata" in refused(folder / "m.onnx")
    onnx.helper.set_model_props(content, {**dict(kept), "labels": "[nonsense"})
    onnx.save(content, folder / "m.onnx")
    assert "metadata is damaged" in refused(folder / "m.onnx")
    two = json.dumps([{"name": "a"}, {"name": "b"}])
    onnx.helper.set_model_props(content, {**dict(kept), "features": two})
    onnx.save(content, folder / "m.onnx")
    assert "does not take the 2 features that its metadata names" in refused(folder / "m.onnx")
    three = {"task": '"multiclass"', "labels": '["a", "b", "c"]'}
    onnx.helper.set_model_props(content, {**dict(kept), **three})
    onnx.save(content, folder / "m.onnx")
    assert "gives 1 outputs, its metadata names 3 labels" in refused(folder / "m.onnx")


def test_an_onnx_of_another_shape(keras: Any, folder: Path) -> None:
    from onnx import TensorProto, helper

    def add(ranks: list[int], kind: int = TensorProto.FLOAT, rows: int | str = "N") -> bytes:
        shapes = [[rows, 2, 2, 2][:rank] for rank in ranks]
        inputs = [helper.make_tensor_value_info(f"i{n}", kind, s) for n, s in enumerate(shapes)]
        output = helper.make_tensor_value_info("o", kind, None)
        names = [value.name for value in inputs]
        node = helper.make_node("Sum", names, ["o"])
        graph = helper.make_graph([node], "g", inputs, [output])
        model = helper.make_model(graph, ir_version=7, opset_imports=[helper.make_opsetid("", 13)])
        card = Card.of(network((2, 2), task="multiclass"))
        helper.set_model_props(model, card.to_strings())
        return bytes(model.SerializeToString())

    path = folder / "m.onnx"
    path.write_bytes(add([2]))
    with mlp_edge.load(path) as opened:
        assert opened.predict([[1, 2]]).tolist() == [[1, 2]]
    for content in (add([2, 2]), add([4]), add([1]), add([2], TensorProto.DOUBLE)):
        path.write_bytes(content)
        assert refused(path).startswith(f"{path}: ")
    for rows in (1, 4):
        path.write_bytes(add([2], rows=rows))
        says = refused(path)
        assert f"its first dimension is fixed at {rows}; a model that takes any number" in says
        assert "damaged" not in says


def test_a_tflite_of_another_kind(keras: Any, folder: Path) -> None:
    from mlp_edge.lazy import quiet, tensorflow

    tf = tensorflow()
    path = folder / "m.tflite"
    shapes = {"images": [(None, 4, 4)], "two": [(None, 2), (None, 2)], "plain": [(None, 2)]}
    said = {
        "images": "carries no mlp-edge metadata", "two": "carries no mlp-edge metadata",
        "plain": "carries no mlp-edge metadata",
    }  # fmt: skip
    for name, inputs in shapes.items():
        function = tf.function(
            lambda *tensors: tf.add_n(list(tensors)) * 2,
            input_signature=[tf.TensorSpec(shape, tf.float32) for shape in inputs],
        )
        with quiet():
            converter = tf.lite.TFLiteConverter.from_concrete_functions(
                [function.get_concrete_function()], tf.Module()
            )
            path.write_bytes(converter.convert())
        assert said[name] in refused(path), name


# Damage of every kind; in a process of its own, because a crash is a failure too

FUZZ = """
import random, sys
from pathlib import Path
import numpy as np
import mlp_edge
from mlp_edge.errors import ModelError

original, path = Path(sys.argv[1]), Path(sys.argv[2])
# Without its checksum, so that what is behind it is tried.
whole = original.read_bytes().replace(b"mlp-edge-seal", b"mlp-edge-none")
rows = np.zeros((3, 8), np.float32)
generator = random.Random(9)

def attempt(content):
    path.write_bytes(content)
    try:
        with mlp_edge.load(path) as model:
            model.predict(rows)
            model.predict_labels(rows[:1])
    except ModelError as error:
        assert str(error).startswith(f"{path}: "), error
        assert len(str(error).splitlines()) == 1, error
        return 1
    return 0

lengths = range(0, len(whole), len(whole) // 150)
cut = sum(attempt(whole[:length]) for length in lengths)
assert cut == len(lengths), (cut, len(lengths))
changed = 0
for _ in range(250):
    content = bytearray(whole)
    for _ in range(generator.choice([1, 1, 2, 8])):
        content[generator.randrange(len(whole))] = generator.choice(
            [0, 127, 128, 255, generator.randrange(256)])
    changed += attempt(bytes(content))
assert attempt(whole) == 0
assert 25 < changed < 250, changed
print("done")
"""


@pytest.mark.parametrize("suffix", [".onnx", ".tflite"])
def test_damage_is_refused_and_never_crashes(pima: Path, folder: Path, suffix: str) -> None:
    arguments = [str(files(pima)[suffix]), str(folder / f"m{suffix}")]
    result = subprocess.run(
        [sys.executable, "-c", FUZZ, *arguments], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout, result.stderr[-2000:]) == (0, "done\n", "")


# Who imports what

WATCH = """
import sys
{action}
heavy = ("tensorflow", "keras", "tf2onnx", "sklearn", "torch")
print("\\nimported:", *sorted(name for name in heavy if name in sys.modules))
"""


@pytest.mark.parametrize(
    "action",
    [
        "import mlp_edge; mlp_edge.load('{model}').predict([[1.0] * 8])",
        "import mlp_edge; mlp_edge.load('{model}/exports/pima.onnx').predict([[1.0] * 8])",
        "import mlp_edge; mlp_edge.load('{model}/exports/pima.tflite').predict([[1.0] * 8])",
        "import mlp_edge; mlp_edge.load('{model}/exports/pima.h').predict([[1.0] * 8])",
        "from mlp_edge.readers.keras_file import read_mlp; from pathlib import Path; "
        "read_mlp(Path('{model}/model.keras'))",
    ],
)
def test_nothing_but_keras_imports_tensorflow(pima: Path, folder: Path, action: str) -> None:
    require("gcc")
    program = WATCH.format(action=action.format(model=pima))
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True,
        check=False, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"},
    )  # fmt: skip
    assert (result.returncode, result.stdout, result.stderr) == (0, "\nimported:\n", "")


def test_two_models_at_once(pima: Path, iris: Path) -> None:
    require("gcc")
    for suffix in (".onnx", ".tflite", ".h"):
        with mlp_edge.load(files(pima)[suffix]) as one, mlp_edge.load(files(iris)[suffix]) as other:
            assert one.predict(np.ones((2, 8))).shape == (2, 1)
            assert other.predict(np.ones((2, 4))).shape == (2, 3)


def test_names_that_c_would_stumble_over(folder: Path) -> None:
    require("gcc")
    mlp = network((2, 3), task="multiclass", name="int", labels=("a*/b", 'c"\\', "d\n??/"))
    (folder / "int.h").write_bytes(exporters.c.export(mlp))
    rows = readings(mlp, 5)
    with mlp_edge.load(folder / "int.h", trust=True) as opened:
        assert opened.card.labels == mlp.labels
        np.testing.assert_allclose(opened.predict(rows), predict(mlp, rows), atol=1e-5)


# What is checked before the first answer

VERIFIED = [".onnx", ".tflite", ".h"]


def checked(path: Path, **options: Any) -> str:
    """What is said about a file that fails its check."""
    message = refused(path, trust=True, verify=True, **options)
    assert message.startswith(f"{path}: ")
    return message


@pytest.fixture(params=VERIFIED)
def lone(request: pytest.FixtureRequest, pima: Path, folder: Path) -> Path:
    """An export that has left its model directory."""
    require("gcc")
    return Path(shutil.copy(files(pima)[request.param], folder / f"pima{request.param}"))


@pytest.mark.trains
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", ["pima", "iris", "sine", "homes"])
def test_what_nobody_touched_passes(
    name: str, suffix: str, request: pytest.FixtureRequest, folder: Path
) -> None:
    require("gcc")
    model: Path = request.getfixturevalue(name)
    path = files(model)[suffix]
    rows = ModelDirectory.open(model).sample().rows
    with mlp_edge.load(path) as opened:
        expected = opened.predict(rows)
    for place in (path, model):
        with mlp_edge.load(place, SUFFIXES[suffix], verify=True) as opened:
            np.testing.assert_array_equal(opened.predict(rows), expected)
    if suffix != ".keras":
        shutil.copy(path, folder / path.name)
        with mlp_edge.load(folder / path.name, trust=True, verify=True) as opened:
            assert opened.golden is not None
            assert len(opened.golden.rows) >= 3
            np.testing.assert_array_equal(opened.predict(rows), expected)


def test_a_chip_is_checked_too(pima: Path) -> None:
    for runtime in RUNTIMES:
        if runtime.by_row and runtime.reads == ".h" and not runtime.missing():
            with mlp_edge.load(pima, runtime.name, verify=True) as opened:
                assert opened.runtime == runtime.name
                assert opened.golden is not None


def test_any_changed_byte_is_found(lone: Path) -> None:
    whole = lone.read_bytes()
    generator = np.random.default_rng(0)
    marks = [whole.index(mark) for mark in (b"mlp-edge-seal", b"weights_sha256", b"diabetes")]
    places = [0, 1, len(whole) - 2, len(whole) - 1, *marks, *(mark + 20 for mark in marks)]
    for place in [*places, *generator.integers(0, len(whole), 200).tolist()]:
        changed = bytearray(whole)
        changed[place] ^= 1 << int(generator.integers(8))
        lone.write_bytes(changed)
        assert "`Model.export()` writes it again" in checked(lone), place


def test_any_file_that_was_cut_short_is_found(lone: Path) -> None:
    whole = lone.read_bytes()
    for length in [*range(0, len(whole), len(whole) // 80), len(whole) - 1]:
        lone.write_bytes(whole[:length])
        checked(lone)
    lone.write_bytes(whole + b"\n")
    assert "its bytes are not those that mlp-edge wrote" in checked(lone)


def test_a_broken_file_is_neither_compiled_nor_run(
    lone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(path: Path) -> None:
        raise AssertionError(f"{path} was opened")

    runtimes = [replace(runtime, open=never) for runtime in RUNTIMES]
    monkeypatch.setattr("mlp_edge.runtime.load.RUNTIMES", runtimes)
    with pytest.raises(AssertionError, match="was opened"):
        mlp_edge.load(lone, trust=True, verify=True)
    lone.write_bytes(lone.read_bytes().replace(b'"diabetes"', b'"Diabetes"'))
    assert "its bytes are not those that mlp-edge wrote" in checked(lone)


@pytest.mark.parametrize("suffix", VERIFIED)
def test_files_of_two_models_under_each_others_names(
    model: Path, iris: Path, folder: Path, suffix: str
) -> None:
    require("gcc")
    other = Path(shutil.copytree(iris, folder / "other"))
    one, two = files(model)[suffix], files(other)[suffix]
    ours, theirs = one.read_bytes(), two.read_bytes()
    one.write_bytes(theirs)
    two.write_bytes(ours)
    for directory, path in ((model, one), (other, two)):
        whole = f"{path}: whole, but {path.absolute().parents[1] / 'model.json'} lists another file"
        assert checked(path).startswith(whole)
        said = refused(directory, runtime=SUFFIXES[suffix], trust=True, verify=True)
        assert said.startswith(whole)
    one.rename(one.with_name(f"mine{suffix}"))
    assert "lists no file of this name" in checked(one.with_name(f"mine{suffix}"))


def tampered(path: Path, mlp: Mlp) -> bytes:
    """A file with its largest weight 5 % larger, nothing else changed, and a new checksum."""
    weights = np.concatenate([layer.weights.ravel() for layer in mlp.layers])
    largest = weights[np.abs(weights).argmax()]
    more = np.float32(largest * 1.05)
    before, after = largest.tobytes(), more.tobytes()
    if path.suffix == ".h":
        before, after = literal(largest).encode(), literal(more).encode()
    content = path.read_bytes()
    assert content.count(before) == 1
    return with_checksum(content.replace(before, after))


@pytest.mark.trains
@pytest.mark.parametrize("name", ["pima", "iris", "sine", "homes"])
@pytest.mark.parametrize("suffix", VERIFIED)
def test_an_edited_weight_is_found_by_the_golden_rows(
    name: str, suffix: str, request: pytest.FixtureRequest, folder: Path
) -> None:
    require("gcc")
    model: Path = request.getfixturevalue(name)
    path = folder / f"edited{suffix}"
    mlp = ModelDirectory.open(model).mlp()
    path.write_bytes(tampered(files(model)[suffix], mlp))
    with mlp_edge.load(path, trust=True) as opened:  # the card and the hash in it are untouched
        assert opened.card.weights_sha256 == mlp.weights_sha256
    said = checked(path)
    assert f"not computed as it should be by {SUFFIXES[suffix]}: golden row " in said


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_runtime_that_computes_something_else_is_found(
    pima: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    require("gcc")
    ours = next(runtime for runtime in RUNTIMES if runtime.name == SUFFIXES[suffix])

    @contextmanager
    def slightly_off(path: Path) -> Iterator[Opened]:
        with ours.open(path) as opened:
            off = np.float32(1e-5)
            yield opened._replace(predict=lambda rows: opened.predict(rows) + off)

    monkeypatch.setattr("mlp_edge.runtime.load.RUNTIMES", [replace(ours, open=slightly_off)])
    mlp_edge.load(files(pima)[suffix]).close()
    said = refused(files(pima)[suffix], verify=True)
    assert f"not computed as it should be by {ours.name}: golden row 1 of 6, output 1: " in said


def test_a_model_that_fails_is_closed(pima: Path, folder: Path, tmp_path: Path,
                                      monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    require("gcc")
    (folder / "m.h").write_bytes(tampered(files(pima)[".h"], ModelDirectory.open(pima).mlp()))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    checked(folder / "m.h")
    assert list(scratch.iterdir()) == []


def with_golden(path: Path, text: str | None) -> None:
    """An ONNX file with other golden rows, or none, and with a new checksum."""
    import onnx

    model = onnx.load(path)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    properties.pop("golden", None)
    onnx.helper.set_model_props(model, properties | ({} if text is None else {"golden": text}))
    path.write_bytes(with_checksum(model.SerializeToString()))


def test_golden_rows_that_prove_nothing(pima: Path, iris: Path, folder: Path) -> None:
    path = Path(shutil.copy(files(pima)[".onnx"], folder / "m.onnx"))
    with_golden(path, None)
    mlp_edge.load(path).close()
    assert "carries no golden rows to check it by; `Model.export()` writes" in checked(path)
    with_golden(path, '{"rows": [], "answers": [], "bounds": []}')
    assert "carries no golden rows" in checked(path)
    with_golden(path, '{"rows": [[1]], "answers": [[1]]}')
    assert "its golden rows are damaged" in checked(path)
    with_golden(path, golden(ModelDirectory.open(iris).mlp()).to_json())
    assert "its golden rows have other readings than its card" in checked(path)
    other = golden(ModelDirectory.open(pima).mlp())
    with_golden(path, other._replace(predictions=other.predictions[:, [0, 0]],
                                     bounds=other.bounds[:, [0, 0]]).to_json())  # fmt: skip
    assert "predictions of shape (6, 1) where (6, 2) belongs" in checked(path)


def test_weights_alone_cannot_be_checked(folder: Path) -> None:
    require("gcc")
    (folder / "net_weights.h").write_bytes(exporters.c.export(network(), weights_only=True))
    assert "holds the weights only" in checked(folder / "net_weights.h")


def test_an_original_is_checked_by_its_model_directory(model: Path, folder: Path) -> None:
    shutil.copy(model / "model.keras", folder / "alone.keras")
    said = checked(folder / "alone.keras")
    assert "a .keras file carries nothing to check it by; its model directory has that" in said
    manifest = json.loads((model / "model.json").read_text())
    manifest["sha256"]["weights"] = "0" * 64
    (model / "model.json").write_text(json.dumps(manifest))
    assert "not the network that model.json describes" in checked(model / "model.keras")
    said = refused(model, runtime="keras", verify=True)
    assert "not the network that model.json describes" in said
