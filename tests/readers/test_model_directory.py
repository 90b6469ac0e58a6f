"""The model directory on disk: read back whole, and each damage named by its file."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.networks import assert_within_bound, network

from mlp_edge.card import Card
from mlp_edge.errors import InputError, ModelError
from mlp_edge.files import writing
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.readers.sample_file import sample_csv


def refused(action: Callable[[], object], path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        action()
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def changed(model: Path, **changes: object) -> ModelDirectory:
    path = model / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return ModelDirectory.open(model)


def test_the_files_of_a_model(pima: Path) -> None:
    assert sorted(path.name for path in pima.iterdir()) == [
        "calibration.npz", "exports", "history.csv", "model.json", "model.keras", "sample.csv",
    ]  # fmt: skip
    assert sorted(path.name for path in (pima / "exports").iterdir()) == [
        "pima.h", "pima.onnx", "pima.tflite",
    ]  # fmt: skip


def test_the_manifest_has_the_hash_of_each_export(directory: ModelDirectory) -> None:
    assert directory.manifest.exports == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in directory.exports_path.iterdir()
    }


def test_nothing_tells_when_or_where_a_model_was_made(pima: Path) -> None:
    for path in (pima / "model.json", pima / "history.csv", pima / "sample.csv"):
        text = path.read_text()
        assert str(pima.parent) not in text
        assert "20:" not in text.replace(" ", "")
    assert str(pima.parent).encode() not in (pima / "model.keras").read_bytes()


def test_the_model_comes_back_with_its_names(directory: ModelDirectory) -> None:
    mlp = directory.mlp()
    assert (mlp.name, mlp.topology, mlp.targets, mlp.task) == (
        "pima",
        "8-12-8-1",
        ("diabetes",),
        "binary",
    )
    assert mlp.labels == ("0", "1")
    assert [feature.name for feature in mlp.features][:3] == ["pregnancies", "glucose", "pressure"]
    assert all(feature.low < feature.high for feature in mlp.features)  # type: ignore[operator]
    assert mlp.weights_sha256 == directory.manifest.sha256["weights"]


def test_the_sample_holds_the_predictions_of_the_original(directory: ModelDirectory) -> None:
    rows, targets, predictions = directory.sample()
    assert rows.dtype == predictions.dtype == np.float32
    assert (rows.shape, len(targets), predictions.shape) == ((154, 8), 154, (154, 1))
    assert_within_bound(directory.mlp(), rows, predictions)


# Damage


def test_what_is_no_model_directory(folder: Path) -> None:
    nothing = folder / "none"
    message = refused(lambda: ModelDirectory.open(nothing), nothing)
    assert "`mlp_edge.train()` makes one" in message
    assert "no model.json" in refused(lambda: ModelDirectory.open(folder), folder)
    (folder / "file").write_text("x")
    refused(lambda: ModelDirectory.open(folder / "file"), folder / "file")


def test_a_manifest_that_is_not_text(model: Path) -> None:
    (model / "model.json").write_bytes(b"\xff\xfe{")
    assert "not text" in refused(lambda: ModelDirectory.open(model), model / "model.json")
    (model / "model.json").unlink()
    (model / "model.json").mkdir()
    refused(lambda: ModelDirectory.open(model), model / "model.json")


def test_a_manifest_cut_anywhere(model: Path) -> None:
    whole = (model / "model.json").read_bytes()
    for length in range(0, len(whole.rstrip()), 37):
        (model / "model.json").write_bytes(whole[:length])
        refused(lambda: ModelDirectory.open(model), model / "model.json")


def test_a_network_of_another_training(model: Path, iris: Path) -> None:
    shutil.copy(iris / "model.keras", model / "model.keras")
    with pytest.raises(ModelError, match="layer 1 takes 4 inputs but is given 8"):
        ModelDirectory.open(model).mlp()


def test_weights_that_the_manifest_does_not_know(model: Path) -> None:
    hashes = {"data": "0" * 64, "weights": "0" * 64}
    message = refused(changed(model, sha256=hashes).mlp, model / "model.keras")
    assert "not the network that model.json describes" in message


def test_labels_that_do_not_fit(model: Path) -> None:
    for labels in (["a", "b", "c"], ["a"], []):
        message = refused(lambda wrong=labels: changed(model, labels=wrong), model / "model.json")  # type: ignore[misc]
        assert f"a binary task with {len(labels)} labels" in message
    message = refused(lambda: changed(model, labels=["a", "a"]), model / "model.json")
    assert "two classes have the same label" in message


def test_without_the_original(model: Path) -> None:
    (model / "model.keras").unlink()
    assert "no such file" in refused(ModelDirectory.open(model).mlp, model / "model.keras")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: "", "row 1"),
        (lambda text: text.splitlines()[0] + "\n", "without rows"),
        (lambda text: text.replace("\n", ",9\n", 1).replace("\n", "x\n", 3), "row"),
        (lambda text: text[: len(text) // 2].rsplit(",", 2)[0], "row"),
        (lambda text: "\n".join(line.rsplit(",", 1)[0] for line in text.splitlines()), "without"),
        (lambda text: re.sub(r"\n[0-9.]+,", "\nnan,", text, count=1), "NaN"),
        (lambda text: re.sub(r"\n[0-9.]+,", "\n1e99,", text, count=1), "infinity"),
        (lambda text: text.replace(",0.", ",zero", 1), "row"),
        (lambda text: text + '"open', "row 155"),
        (lambda text: text.replace("\n", "\n\n", 5), "row 1"),
        (lambda text: text + "9" * 200_000, "row 155"),
    ],
    ids=[
        "empty", "header only", "ragged", "cut", "without predictions", "nan", "overflow", "text",
        "open quote", "blank lines", "long field",
    ],
)  # fmt: skip
def test_a_damaged_sample(model: Path, damage: Callable[[str], str], said: str) -> None:
    path = model / "sample.csv"
    path.write_text(damage(path.read_text()))
    assert said in refused(ModelDirectory.open(model).sample, path)


def test_a_sample_that_is_no_text_or_not_there(model: Path) -> None:
    path = model / "sample.csv"
    path.write_bytes(b"a,b\n\xff\xfe\n")
    refused(ModelDirectory.open(model).sample, path)
    path.unlink()
    assert "missing" in refused(ModelDirectory.open(model).sample, path)
    path.mkdir()
    refused(ModelDirectory.open(model).sample, path)


# Writing


def test_every_float_reads_back_as_itself() -> None:
    random = np.random.default_rng(0)
    bits = random.integers(0, 2**32, 8 * 500, dtype=np.uint64).astype(np.uint32)
    rows = bits.view(np.float32).reshape(-1, 8)
    rows = rows[np.isfinite(rows).all(axis=1)]
    card = Card.of(network())
    text = sample_csv(card, rows, [("0",)] * len(rows), rows[:, :1]).decode()
    lines = [line.split(",") for line in text.splitlines()[1:]]
    again = np.array([[np.float32(cell) for cell in line[:8]] for line in lines])
    assert again.tobytes() == rows.tobytes()


def test_exports_are_added_to_the_manifest(model: Path) -> None:
    before = ModelDirectory.open(model)
    after = before.add_exports({"other.h": b"int x;\n", "pima.h": b"int y;\n"})
    assert after.manifest == ModelDirectory.open(model).manifest
    assert after.manifest.exports["other.h"] == hashlib.sha256(b"int x;\n").hexdigest()
    assert after.manifest.exports["pima.h"] == hashlib.sha256(b"int y;\n").hexdigest()
    assert after.manifest.exports["pima.onnx"] == before.manifest.exports["pima.onnx"]
    assert list(after.manifest.exports) == sorted(after.manifest.exports)


def test_exports_that_do_not_fit_on_the_disk(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path: path.read_bytes() for path in model.rglob("*") if path.is_file()}

    def full(path: Path, content: bytes) -> None:
        path.write_bytes(content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "_write", full)
    with pytest.raises(InputError, match="No space left on device"):
        ModelDirectory.open(model).add_exports({"pima.h": b"int main(void);\n"})
    assert before == {path: path.read_bytes() for path in model.rglob("*") if path.is_file()}
