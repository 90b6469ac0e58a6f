"""mlp-edge parity as it is typed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from support.chips import BY_NAME, require
from support.networks import network
from support.quantised_networks import quantised
from typer.testing import CliRunner, Result

from mlp_edge.card import Card
from mlp_edge.cli.app import app
from mlp_edge.export import DEFAULT
from mlp_edge.files.writing import sha256
from mlp_edge.integers.quantised import Quantised
from mlp_edge.integers.quantised_file import QuantisationParameters, read_parameters
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.parity import record
from mlp_edge.parity.parity import check
from mlp_edge.parity.rows import boundary
from mlp_edge.proof.checksum import BLANK, with_checksum
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.runtime import HOSTED, RUNTIMES, Opened, Runtime
from mlp_edge.runtime.originals import own_original

pytestmark = pytest.mark.slow

FILES = ("pima.tflite", "pima.onnx", "pima.h")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("parity") / "model"
    assert (
        run("train", "--recipe", "tutorial", "--epochs", 2, "--out", path, "--quiet").exit_code == 0
    )
    assert run("export", "--model", path).exit_code == 0
    return path


@pytest.fixture
def model(exported: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(exported, tmp_path / "model"))


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it does not matter how many: Keras takes milliseconds for each."""
    monkeypatch.setattr("mlp_edge.parity.parity.SAMPLE_ROWS", 5)
    monkeypatch.setattr("mlp_edge.parity.parity.stress_rows", lambda _mlp, sample: sample)
    # A certificate of a hundred boxes, not of ten thousand.
    monkeypatch.setattr("mlp_edge.parity.certificate.OVERHEAD", 2**18)


def plant(model: Path, faulty: Mlp) -> None:
    """Export another network over the model's files; the manifest believes in them."""
    files = {f"pima{exporter.suffix}": exporter.export(faulty) for exporter in DEFAULT}
    ModelDirectory.open(model).add_exports(files)


def test_all_pass_and_the_table_says_so(model: Path) -> None:
    result = run("parity", "--model", model)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    for artifact, runtime in zip(
        ("model.keras", *FILES), ("keras", "litert", "onnxruntime", "c"), strict=True
    ):
        [line] = [line for line in lines if line.split()[:2] == [artifact, runtime]]
        assert line.split()[-1] == "PASS"
    assert max(map(len, lines)) <= 80
    assert any(re.match(r"by kind: \d+ rows beyond float32", line) for line in lines)


def test_json_has_every_figure(model: Path) -> None:
    result = run("parity", "--model", model, "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["passed"] is True
    assert [entry["artifact"] for entry in report["results"]] == ["model.keras", *FILES]
    for entry in report["results"]:
        assert entry["verdict"] == "PASS"
        figures = entry["comparison"]
        assert figures["rows"] > 154
        assert 0 < figures["from_reference"] <= figures["bound"] < 1e-4
        assert 0.01 < figures["of_bound"] <= 1
        assert figures["flips"] == 0


def test_a_changed_weight_fails_with_the_layer_and_both_values(model: Path, few_rows: None) -> None:
    mlp = ModelDirectory.open(model).mlp()
    layer = mlp.layers[1]
    bad = replace(layer, bias=np.zeros_like(layer.bias))
    plant(model, replace(mlp, layers=(mlp.layers[0], bad, mlp.layers[2])))
    result = run("parity", "--model", model)
    assert result.exit_code == 1
    assert result.stdout.count("FAIL") == len(FILES)
    assert result.stdout.count("PASS") == 1
    assert "error: 3 of 4 comparisons failed" in result.stderr
    for sentence in result.stderr.splitlines()[:-1]:
        if "instead of" in sentence:
            assert "row " in sentence
            assert "layer 2: its biases are missing" in sentence
        else:
            assert "exported from other weights" in sentence


def test_a_fault_too_small_for_the_numbers_fails_by_the_hash(model: Path, few_rows: None) -> None:
    mlp = ModelDirectory.open(model).mlp()
    layer = mlp.layers[0]
    weights = layer.weights.copy()
    weights[0, 0] = np.nextafter(weights[0, 0], np.float32(9))
    plant(model, replace(mlp, layers=(replace(layer, weights=weights), *mlp.layers[1:])))
    result = run("parity", "--model", model)
    assert result.exit_code == 1
    assert "exported from other weights" in result.stderr
    assert "instead of" not in result.stderr


INTEGERS = ("pima_int8.tflite", "pima_int8.onnx", "pima_int8.h")


def add_integers(model: Path, only: bool = False) -> Quantised:
    """Export the model in int8 as well, or only."""
    if only:
        shutil.rmtree(model / "exports")
        manifest = json.loads((model / "model.json").read_text("utf-8"))
        (model / "model.json").write_text(json.dumps({**manifest, "exports": {}}), "utf-8")
    directory = ModelDirectory.open(model)
    mlp = directory.mlp()
    net = quantised(mlp)
    renamed = replace(mlp, name="pima_int8")
    files = {
        f"pima_int8{exporter.suffix}": exporter.integers["int8"](renamed, net)
        for exporter in DEFAULT
    }
    files["pima_int8.json"] = (
        QuantisationParameters(net, mlp.weights_sha256, "", {}).to_json().encode()
    )
    directory.add_exports(files)
    return net


def test_integers_pass_beside_the_others(model: Path) -> None:
    add_integers(model)
    result = run("parity", "--model", model)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    for artifact, runtime in zip(INTEGERS, ("litert", "onnxruntime", "c"), strict=True):
        [line] = [line for line in lines if line.split()[:2] == [artifact, runtime]]
        assert line.split()[2] == "bits"
        assert line.split()[-1] == "PASS"
    assert max(map(len, lines)) <= 80
    found = json.loads((model / "exports" / "parity.json").read_text("utf-8"))
    assert (found["format"], found["passed"]) == (3, True)
    assert {"pima_int8.json", "pima_int8.h", "pima.h"} <= set(found["sha256"])
    for entry in found["results"][-6:]:
        if entry["dtype"] == "int8":
            assert entry["comparison"] is None
            assert entry["bits"]["rows"] == entry["bits"]["same"] > 2000
            assert 0.9 * entry["bits"]["rows"] < entry["bits"]["told_apart"]
            assert 0 < entry["changed"]["from_original"] < 0.2
            assert entry["changed"]["labels"] is not None


def test_a_directory_of_integers_alone_is_compared(model: Path, few_rows: None) -> None:
    add_integers(model, only=True)
    result = run("parity", "--model", model, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [entry["artifact"] for entry in found["results"]] == ["model.keras", *INTEGERS]
    assert {entry["verdict"] for entry in found["results"]} == {"PASS"}
    assert "Certificate" in run("parity", "--model", model, "-r", "c").stdout


def test_integers_of_an_older_training_fail(model: Path, few_rows: None) -> None:
    add_integers(model)
    numbers = model / "exports" / "pima_int8.json"
    stale = read_parameters(numbers)._replace(weights_sha256="0" * 64).to_json().encode()
    ModelDirectory.open(model).add_exports({numbers.name: stale})
    result = run("parity", "--model", model)
    assert result.exit_code == 1
    assert result.stderr.count("its integers were made from other weights") == len(INTEGERS)
    assert result.stdout.count("PASS") == 1 + len(FILES)
    numbers.unlink()
    result = run("parity", "--model", model, "-r", "c")
    assert result.exit_code == 1
    assert "pima_int8.json: is gone; `mlp-edge export --model " in result.stderr


def test_one_unit_in_an_integer_fails(model: Path, few_rows: None) -> None:
    net = add_integers(model, only=True)
    last = net.layers[-1]
    mlp = replace(ModelDirectory.open(model).mlp(), name="pima_int8")
    faulty = replace(net, layers=(*net.layers[:-1], replace(last, bias=last.bias + 1)))
    files = {
        f"pima_int8{exporter.suffix}": exporter.integers["int8"](mlp, faulty)
        for exporter in DEFAULT
    }
    ModelDirectory.open(model).add_exports(files)
    result = run("parity", "--model", model)
    assert result.exit_code == 1
    sentences = [line for line in result.stderr.splitlines() if "instead of" in line]
    assert len(sentences) == len(INTEGERS)
    for sentence in sentences:
        assert re.search(r"; result \d+ where \d+ belongs; \d", sentence)
        assert sentence.endswith("likely cause: layer 3: one of its biases is off")
    assert "error: 3 of 4 comparisons failed" in result.stderr


def test_labels_the_other_way_round_fail(model: Path, few_rows: None) -> None:
    plant(model, replace(ModelDirectory.open(model).mlp(), labels=("1", "0")))
    result = run("parity", "--model", model)
    assert result.exit_code == 1
    assert result.stderr.count("its labels are ('1', '0') instead of ('0', '1')") == len(FILES)


def test_a_damaged_artifact_fails_and_the_others_are_still_compared(
    model: Path, few_rows: None
) -> None:
    path = model / "exports" / "pima.onnx"
    path.write_bytes(path.read_bytes()[:-100])
    result = run("parity", "--model", model)
    assert result.exit_code == 1
    assert "pima.onnx" in result.stderr
    assert result.stdout.count("PASS") == 3


def test_an_artifact_that_is_gone_fails(model: Path, few_rows: None) -> None:
    (model / "exports" / "pima.h").unlink()
    result = run("parity", "--model", model)
    assert result.exit_code == 1
    assert "pima.h" in result.stderr


def test_one_runtime_or_one_format(model: Path, few_rows: None) -> None:
    result = run("parity", "--model", model, "--runtime", "c", "--json")
    compared = [entry["artifact"] for entry in json.loads(result.stdout)["results"]]
    assert compared == ["model.keras", "pima.h"]
    result = run("parity", "--model", model, "--format", "onnx", "--json")
    compared = [entry["artifact"] for entry in json.loads(result.stdout)["results"]]
    assert compared == ["model.keras", "pima.onnx"]


def test_what_was_found_is_kept_beside_the_exports(model: Path, few_rows: None) -> None:
    result = run("parity", "--model", model, "--json")
    kept = model / "exports" / "parity.json"
    found = json.loads(kept.read_text("utf-8"))
    assert found == json.loads(result.stdout)
    assert found["sha256"]["pima.onnx"] == sha256((model / "exports/pima.onnx").read_bytes())
    assert found["sha256"]["model.keras"] == sha256((model / "model.keras").read_bytes())
    assert found["weights_sha256"] == ModelDirectory.open(model).mlp().weights_sha256
    assert set(found["versions"]) >= {"mlp-edge", "tensorflow", "keras", "onnxruntime"}
    proved = found["certificate"]
    assert proved["proves"] is True
    assert proved["from_original"] == [2 * bound for bound in proved["bounds"]]
    assert all(s <= b for s, b in zip(proved["seen"], proved["bounds"], strict=True))
    assert max(entry["comparison"]["bound"] for entry in found["results"]) < 1e-4
    again = kept.read_bytes()
    assert run("parity", "--model", model).exit_code == 0
    assert kept.read_bytes() == again
    # Training over it and exporting anew are not in its way.
    assert (
        run(
            "train", "--recipe", "tutorial", "--epochs", 1, "--out", model, "--force", "-q"
        ).exit_code
        == 0
    )


def test_a_vacuous_bound_is_no_pass(
    model: Path, few_rows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlp_edge.parity.compare.VACUOUS", 1e-12)
    result = run("parity", "--model", model)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    verdicts = [line.split()[-1] for line in lines if line.startswith(("model.keras", "pima."))]
    assert verdicts == ["VACUOUS"] * (1 + len(FILES))
    assert not any(line.endswith("PASS") for line in result.stdout.splitlines())
    assert "agreement proves nothing" in result.stderr
    assert run("parity", "--model", model, "--allow-vacuous").exit_code == 0


def test_a_range_too_wide_for_a_certificate_is_said(
    model: Path, few_rows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "VACUOUS", 1e-12)
    result = run("parity", "--model", model)
    assert result.exit_code == 0
    assert "No certificate" in result.stdout
    assert "Certificate:" not in result.stdout


def test_the_labels_of_a_table_are_certain_or_named(
    model: Path, few_rows: None, tmp_path: Path
) -> None:
    result = run("parity", "--model", model, "--table", "pima", "-r", "onnxruntime")
    assert result.exit_code == 0
    assert "768 of 768 rows of pima have one label on every runtime" in result.stdout
    mlp = ModelDirectory.open(model).mlp()
    sample = ModelDirectory.open(model).sample().rows
    near = boundary(mlp, sample)[0].astype(np.float32)
    table = tmp_path / "near.csv"
    header = ",".join(feature.name for feature in mlp.features)
    lines = [",".join(f"{value:.9g}" for value in row) for row in (sample[0], near)]
    table.write_text("\n".join([header, *lines]) + "\n")
    result = run("parity", "--model", model, "--table", table, "-r", "onnxruntime")
    assert result.exit_code == 0
    assert f"1 of 2 rows of {table} have one label" in " ".join(result.stdout.split())
    assert "line 3: 0." in result.stderr
    found = json.loads((model / "exports" / "parity.json").read_text("utf-8"))
    assert [row["line"] for row in found["labels"]["doubtful"]] == [3]


def test_a_table_that_does_not_fit_is_refused(model: Path, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    result = run("parity", "--model", model, "--table", tmp_path / "other.csv")
    assert result.exit_code == 2
    assert "other.csv" in result.stderr


def test_an_edited_file_whose_card_is_whole_fails(model: Path, few_rows: None) -> None:
    """One bit of one weight, far below what the numbers show; the manifest believes in it."""
    path = model / "exports" / "pima.onnx"
    content = bytearray(path.read_bytes())
    weights = ModelDirectory.open(model).mlp().layers[0].weights
    place = bytes(content).index(np.ascontiguousarray(weights.T).astype("<f4").tobytes())
    content[place] ^= 1
    path.write_bytes(bytes(content))
    ModelDirectory.open(model).add_exports({"pima.onnx": bytes(content)})
    result = run("parity", "--model", model, "-r", "onnxruntime")
    assert result.exit_code == 1
    assert "its bytes are not those that mlp-edge wrote" in result.stderr
    assert "instead of" not in result.stderr


@pytest.mark.parametrize("name", ["tflite", "onnx"])
def test_numbers_that_a_converter_changed_fail(
    model: Path, few_rows: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A scaling multiplied into the first weights moves answers by less than rounding may."""
    mlp = ModelDirectory.open(model).mlp()
    assert mlp.scaling is not None
    first = mlp.layers[0]
    folded = replace(first, weights=first.weights * mlp.scaling.reciprocal)
    linear = replace(mlp.scaling, std=np.ones_like(mlp.scaling.std))
    changed = replace(mlp, scaling=linear, layers=(folded, *mlp.layers[1:]))
    own = Card.of(mlp)
    monkeypatch.setattr(f"mlp_edge.export.{name}.Card.of", lambda _mlp: own)
    exporter = next(exporter for exporter in DEFAULT if exporter.name == name)
    path = f"pima{exporter.suffix}"
    content = exporter.export(changed)
    monkeypatch.undo()
    ModelDirectory.open(model).add_exports({path: content})
    result = run("parity", "--model", model, "--format", name)
    assert result.exit_code == 1
    assert "its weights of layer 1 are not the model's, bit for bit" in result.stderr
    assert "instead of" not in result.stderr


@pytest.mark.parametrize("suffix", [".tflite", ".onnx", ".h"])
def test_another_models_file_fails_and_the_others_are_compared(
    model: Path, few_rows: None, suffix: str
) -> None:
    exporter = next(exporter for exporter in DEFAULT if exporter.suffix == suffix)
    (model / "exports" / f"pima{suffix}").write_bytes(exporter.export(network((1, 4, 2, 3),
                                                      task="multiclass")))  # fmt: skip
    result = run("parity", "--model", model)
    assert result.exit_code == 1, result.output
    verdicts = {line.split()[0]: line.split()[-1] for line in result.stdout.splitlines()
                if line.startswith("pima.")}  # fmt: skip
    assert verdicts == {name: "FAIL" if name.endswith(suffix) else "PASS" for name in FILES}
    if suffix == ".h":
        assert "nobody compiled it" in result.stderr
        result = run("parity", "--model", model, "--trust")
        assert result.exit_code == 1
    assert "gives 3 outputs where the model has 1" in result.stderr
    assert "Certificate:" not in result.stdout


def test_a_header_that_was_changed_is_not_compiled(model: Path, few_rows: None) -> None:
    header, ran = model / "exports" / "pima.h", model / "ran"
    bomb = f'__attribute__((constructor)) static void f(void) {{ fclose(fopen("{ran}", "w")); }}\n'
    header.write_text(f"#include <stdio.h>\n{bomb}{header.read_text()}")
    result = run("parity", "--model", model, "--runtime", "c")
    assert result.exit_code == 1
    assert "a header is a program, so nobody compiled it" in result.stderr
    assert not ran.exists()
    assert run("parity", "--model", model, "--runtime", "c", "--trust").exit_code == 1
    assert ran.exists()


def test_a_header_outside_of_the_directory_is_not_opened(model: Path, few_rows: None) -> None:
    header = model.parent / "evil.h"
    header.write_bytes((model / "exports" / "pima.h").read_bytes())
    manifest = json.loads((model / "model.json").read_text())
    for name in ("../../evil.h", str(header), "..", "a\0b.h", "PIMA.h"):
        manifest["exports"] = {name: sha256(header.read_bytes())}
        (model / "model.json").write_text(json.dumps(manifest))
        result = run("parity", "--model", model)
        assert result.exit_code == 2
        assert "which is no file of exports/" in result.stderr


def test_a_wide_bound_on_large_answers_is_vacuous(tmp_path: Path) -> None:
    """Answers near 1e7 that range over 6: float32 has a step of 1 there."""
    random = np.random.default_rng(0)
    rows = random.uniform(-3, 3, (80, 2))
    lines = [f"{a},{b},{1e7 + a - b}" for a, b in rows]
    (tmp_path / "far.csv").write_text("\n".join(["a,b,y", *lines]) + "\n")
    place = tmp_path / "far"
    trained = run("train", tmp_path / "far.csv", "--target", "y", "--epochs", 30, "--hidden", "4",
                  "-q", "--out", place)  # fmt: skip
    assert trained.exit_code == 0, trained.output
    assert run("export", "--model", place, "-f", "c").exit_code == 0
    result = run("parity", "--model", place)
    assert result.exit_code == 1
    assert "VACUOUS" in result.stdout
    assert "FAIL" not in result.stdout
    assert "No certificate" in result.stdout


def test_a_record_that_cannot_be_written_is_a_warning(model: Path, few_rows: None) -> None:
    (model / "exports" / "parity.json").mkdir()
    result = run("parity", "--model", model, "-r", "c")
    assert result.exit_code == 0
    assert "PASS" in result.stdout
    assert "warning: " in result.stderr
    assert "parity.json" in result.stderr or "exports" in result.stderr


def test_golden_rows_of_a_file_are_asked_too(model: Path, few_rows: None) -> None:
    path = model / "exports" / "pima.onnx"
    found = onnx.load(path)
    [entry] = [entry for entry in found.metadata_props if entry.key == "golden"]
    values = json.loads(entry.value)
    values["answers"][0][0] = 0.987
    entry.value = json.dumps(values)
    [checksum] = [entry for entry in found.metadata_props if entry.key == "seal"]
    checksum.value = BLANK.decode()
    content = with_checksum(found.SerializeToString())
    ModelDirectory.open(model).add_exports({"pima.onnx": content})
    result = run("parity", "--model", model, "-r", "onnxruntime")
    assert result.exit_code == 1
    assert "golden row 1" in result.stderr


def test_what_failed_is_not_said_to_hold_bit_for_bit(model: Path, few_rows: None) -> None:
    mlp = ModelDirectory.open(model).mlp()
    last = mlp.layers[-1]
    plant(model, replace(mlp, layers=(*mlp.layers[:-1], replace(last, bias=last.bias + 1))))
    result = run("parity", "--model", model, "-r", "c")
    assert result.exit_code == 1
    assert "bit for bit its own" not in result.stdout
    assert run("parity", "--model", model, "-r", "onnxruntime", "-f", "c").exit_code == 2


def test_an_export_takes_the_record_of_the_files_before_away(model: Path, few_rows: None) -> None:
    assert run("parity", "--model", model, "-r", "c").exit_code == 0
    assert (model / "exports" / "parity.json").exists()
    assert run("export", "--model", model, "-f", "c").exit_code == 0
    assert not (model / "exports" / "parity.json").exists()


def test_nothing_exported_is_no_pass(model: Path) -> None:
    result = run("parity", "--model", model, "--runtime", "c", "--format", "onnx")
    assert result.exit_code == 2
    assert "error: " in result.stderr
    fresh = ModelDirectory.open(model)
    manifest = replace(fresh.manifest, exports={})
    (model / "model.json").write_text(manifest.to_json(), "utf-8")
    result = run("parity", "--model", model)
    assert result.exit_code == 2
    assert "mlp-edge export" in result.stderr
    assert "PASS" not in result.stdout


def without(names: set[str], runtimes: Sequence[Runtime]) -> list[Runtime]:
    return [
        replace(runtime, missing=lambda: "something brings it")
        if runtime.name in names
        else runtime
        for runtime in runtimes
    ]


def test_a_runtime_that_is_missing_is_named_and_never_a_pass(
    model: Path, few_rows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = without({"litert", "onnxruntime", "c"}, HOSTED)
    monkeypatch.setattr("mlp_edge.runtime.HOSTED", absent)
    result = run("parity", "--model", model)
    assert result.exit_code == 2
    assert result.stdout.count("NOT RUN") == len(FILES)
    assert "something brings it" in result.stderr


def test_simulated_chips_run_where_they_are_named(model: Path, few_rows: None) -> None:
    for name in ("avr", "cortex-m4"):
        require(BY_NAME[name])
    result = run("parity", "--model", model, "-r", "avr", "-r", "cortex-m4", "--json")
    assert result.exit_code == 0, result.output
    first, *others = json.loads(result.stdout)["results"]
    assert [entry["runtime"] for entry in others] == ["avr", "cortex-m4"]
    for entry in others:
        assert entry["artifact"] == "pima.h"
        assert entry["verdict"] == "PASS"
        assert entry["comparison"]["rows"] == first["comparison"]["rows"]


def test_all_means_every_one(model: Path, few_rows: None) -> None:
    for chip in BY_NAME.values():
        require(chip)
    result = run("parity", "--model", model, "--runtime", "all", "--require", "all")
    assert result.exit_code == 0, result.output
    ran = [line.split()[1] for line in result.stdout.splitlines() if line.endswith("PASS")]
    exported = {".keras", *(exporter.suffix for exporter in DEFAULT)}
    assert ran == [runtime.name for runtime in RUNTIMES if runtime.reads in exported]
    assert "every row once" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_each_row_once_on_a_chip(model: Path, few_rows: None) -> None:
    directory = ModelDirectory.open(model)
    sizes: list[int] = []

    @contextmanager
    def watched(path: Path) -> Iterator[Opened]:
        with RUNTIMES[3].open(path) as opened:

            def predict(rows: Floats) -> Floats:
                sizes.append(len(rows))
                return opened.predict(rows)

            yield Opened(predict, opened.card)

    chip = Runtime("chip", ".h", lambda: None, watched, by_row=True)
    header = model / "exports" / "pima.h"
    mlp = directory.mlp()
    with own_original(directory.keras_path, mlp) as original:
        results = check(mlp, original, directory.sample().rows, [header], [chip]).results
    assert results[1].comparison is not None
    assert sizes == [1] * results[1].comparison.rows


@pytest.mark.parametrize("has_to", ["avr", "all", "litert,avr"])
def test_what_has_to_run_and_cannot_is_a_failure(
    model: Path, few_rows: None, monkeypatch: pytest.MonkeyPatch, has_to: str
) -> None:
    absent = without({"avr"}, RUNTIMES)
    monkeypatch.setattr("mlp_edge.runtime.RUNTIMES", absent)
    monkeypatch.setattr("mlp_edge.runtime.load.RUNTIMES", absent)
    named = ("--runtime", "avr", "--runtime", "onnxruntime")
    result = run("parity", "--model", model, *named)
    assert result.exit_code == 0
    assert "NOT RUN" in result.stdout
    result = run("parity", "--model", model, *named, "--require", has_to)
    assert result.exit_code == 1
    assert "NOT RUN" not in result.stdout
    assert "pima.h on avr: has to run and cannot: something brings it" in result.stderr
    assert ("litert" in result.stdout) == ("litert" in has_to)  # what has to run, runs


def test_what_has_to_run_needs_something_to_run(model: Path, few_rows: None) -> None:
    result = run("parity", "--model", model, "--format", "onnx", "--require", "c")
    assert result.exit_code == 2
    assert "--require c: there is no export that it reads" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--require", "tpu"), "there is no runtime 'tpu'"),
        (("--runtime", "tpu"), "there is no runtime 'tpu'; there are keras, litert"),
        (("--format", "pb"), "--format pb is not one of tflite, onnx, c"),
        (("--max-bytes", "many"), "--max-bytes takes bytes, such as 800M or 4G"),
        (("--model", "nowhere"), "there is no model"),
    ],
)
def test_misuse_is_one_sentence(model: Path, arguments: tuple[str, str], says: str) -> None:
    given = arguments if arguments[0] == "--model" else ("--model", str(model), *arguments)
    result = run("parity", *given)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1
    assert says in result.stderr
