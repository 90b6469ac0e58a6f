"""mlp-edge train for a better network: thresholds, regularisation, groups, searches, pictures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import Type

from mlp_edge import load
from mlp_edge.card import choose
from mlp_edge.readers.model_directory import EXPORTS, MANIFEST, MODEL, TUNING, ModelDirectory
from mlp_edge.training import training
from mlp_edge.training.search import searching

QUICK = ("--recipe", "tutorial", "--epochs", 4, "--batch-size", 64, "-q")


def manifest(place: Path) -> dict[str, Any]:
    return json.loads((place / MANIFEST).read_text("utf-8"))  # type: ignore[no-any-return]


# Thresholds


@pytest.mark.slow
def test_a_chosen_threshold_travels_in_every_artifact(
    typed: Type, folder: Path, keras: Any
) -> None:
    options = ("--threshold", "sensitivity=0.9", "--validation-size", 0.3, *QUICK)
    trained = typed("train", "pima", *options)
    assert trained.code == 0, trained.err
    threshold = manifest(folder / "model")["threshold"]
    assert threshold != 0.5
    assert f"predicts 1 where the probability is above {threshold:.4g}" in trained.out
    assert typed("export").code == 0
    rows, _, predictions = ModelDirectory.open(folder / "model").sample()
    exports = folder / "model" / "exports"
    for name in ("pima.onnx", "pima.tflite", "pima.h"):
        with load(exports / name) as opened:
            assert opened.card.threshold == threshold
            assert opened.predict_labels(rows) == choose(opened.card, predictions)
    result = typed("parity", "--json")
    assert {entry["verdict"] for entry in json.loads(result.out)["results"]} == {"PASS"}
    # It finds at least nine of ten on the rows that it was chosen by.
    scores = manifest(folder / "model")["scores"]["validation"]
    assert "recall" not in scores["mlp"]
    shown = typed("train", "pima", *options, "--metrics", "recall", "--force", "--json")
    assert json.loads(shown.out)["scores"]["validation"]["mlp"]["recall"] >= 0.9


def test_a_constant_answer_has_no_threshold_to_choose(typed: Type, folder: Path) -> None:
    result = typed("train", "iris", "--threshold", "f1", *QUICK)
    assert (result.code, result.out) == (2, "")
    assert "--threshold" in result.err
    assert not list(folder.iterdir())


# Networks


@pytest.mark.slow
def test_what_helps_learning_is_not_in_what_is_exported(
    typed: Type, folder: Path, keras: Any
) -> None:
    plain = ("train", "pima", *QUICK, "--metrics", "log_loss")
    helped = (
        *plain, "--batch-norm", "--dropout", 0.2, "--l2", 0.01, "--schedule", "cosine",
        "--class-weight", "1=2", "--out", "helped",
    )  # fmt: skip
    assert typed(*plain).code == 0
    result = typed(*helped)
    assert result.code == 0, result.err
    for name in ("model", "helped"):
        assert typed("export", "--model", name, "--format", "c").code == 0
    sizes = [(folder / name / "exports" / "pima.h").stat().st_size for name in ("model", "helped")]
    assert abs(sizes[0] - sizes[1]) < 600  # digits of the weights
    exported = typed("export", "--model", "helped")
    assert exported.code == 0, exported.err
    proof = typed("parity", "--model", "helped", "--json")
    results = json.loads(proof.out)["results"]
    assert len(results) == 4
    assert {entry["verdict"] for entry in results} == {"PASS"}
    # The scores are those of the folded network that is saved.
    rows, targets, _ = ModelDirectory.open(folder / "helped").sample()
    with load(folder / "helped", "keras") as opened:
        answers = opened.predict(rows)[:, 0].astype(float)
    truth = np.array([cell == "1" for (cell,) in targets])
    loss = -np.log(np.where(truth, answers, 1 - answers)).mean()
    assert manifest(folder / "helped")["scores"]["test"]["mlp"]["log_loss"] == pytest.approx(
        loss, rel=1e-5
    )
    # It goes on from there, without batch normalisation, and its schedule starts afresh.
    on = typed("train", "--from", "helped", "--out", "on", "--epochs", 2, "-q")
    assert on.code == 0, on.err
    assert manifest(folder / "on")["recipe"]["batch_normalization"] is False
    assert (
        manifest(folder / "on")["sha256"]["weights"]
        != manifest(folder / "helped")["sha256"]["weights"]
    )


@pytest.mark.slow
def test_groups_are_never_split(typed: Type, folder: Path, keras: Any) -> None:
    random = np.random.default_rng(0)
    lines = ["patient,a,b,sick"]
    for row in range(160):
        a, b = random.normal(size=2).round(3)
        lines.append(f"P{row // 4:02d},{a},{b},{'yes' if a + b > 0 else 'no'}")
    (folder / "ward.csv").write_text("\n".join(lines) + "\n")
    trained = typed("train", "ward.csv", "--group", "patient", "--cv", 4, *QUICK)
    assert trained.code == 0, trained.err
    found = manifest(folder / "model")
    assert [feature["name"] for feature in found["features"]] == ["a", "b"]
    sample = (folder / "model" / "sample.csv").read_text("utf-8").splitlines()
    assert sample[0] == "a,b,sick,predicted probability,patient"
    held_out = [line.rsplit(",", 1)[1] for line in sample[1:]]
    assert {held_out.count(patient) for patient in held_out} == {4}
    evaluated = typed("evaluate", "--rows-out", "judged.csv", "--no-plots")
    assert evaluated.code == 0, evaluated.err
    header = (folder / "judged.csv").read_text("utf-8").splitlines()[0]
    assert header.endswith("patient,sample line,truth,prediction,probability,outcome")


# Searching

SEARCH = ("train", "iris", "--tune", 3, "--cv", 2, "--epochs", 3, "--batch-size", 75)
QUICK_SEARCH = (*SEARCH, "--recipe", "tutorial")


@pytest.mark.slow
def test_an_interrupted_search_goes_on_and_ends_the_same(
    typed: Type, folder: Path, keras: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = typed(*QUICK_SEARCH, "--out", "whole")
    assert whole.code == 0, whole.err
    assert not (folder / "whole.tuning").exists()
    assert "best of 3 trials: mean log_loss ± standard deviation over 2 folds" in whole.out
    assert "linear baseline on the same folds: " in whole.out
    trials = 0
    original = searching.fold_values

    def stopped(*arguments: Any) -> Any:
        nonlocal trials
        trials += 1
        if trials == 3:
            raise KeyboardInterrupt
        return original(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(searching, "fold_values", stopped)
        result = typed(*QUICK_SEARCH)
    assert result.code == 130
    assert "model.tuning keeps the trials so far; the same command goes on" in result.err
    assert not (folder / "model").exists()
    # Another search is not mixed into it.
    other = typed(*QUICK_SEARCH, "--seed", 1)
    assert (other.code, other.out) == (2, "")
    assert "model.tuning" in other.err
    assert "--force" in other.err
    result = typed(*QUICK_SEARCH)
    assert result.code == 0, result.err
    assert "going on with an interrupted search after 2 trials" in result.err
    for name in (MODEL, MANIFEST, TUNING):
        assert (folder / "model" / name).read_bytes() == (folder / "whole" / name).read_bytes()
    assert not (folder / "model.tuning").exists()
    found = manifest(folder / "model")
    assert found["tuning"]["trials"] == 3
    assert found["recipe"]["hidden"] == found["tuning"]["best"]["hidden"]
    assert len((folder / "model" / TUNING).read_text("utf-8").splitlines()) == 4


@pytest.mark.slow
def test_the_search_never_sees_the_held_out_rows(
    typed: Type, folder: Path, keras: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    original = searching.fold_values

    def spy(job: Any, recipe: Any, chosen: Any, *more: Any, **options: Any) -> Any:
        asked.append((job, chosen))
        return original(job, recipe, chosen, *more, **options)

    monkeypatch.setattr(searching, "fold_values", spy)
    assert typed(*SEARCH, "-q").code == 0
    assert len(asked) == 3
    for job, chosen in asked:
        seen = np.concatenate([part for fold in chosen for part in (fold.training, fold.test)])
        assert len(job.parts.test) == 30
        assert not np.isin(seen, job.parts.test).any()


# Pictures


@pytest.mark.slow
def test_pictures_of_a_training(typed: Type, folder: Path, keras: Any) -> None:
    words = ("train", "pima", "--cv", 2, "--plots", *QUICK)
    result = typed(*words)
    assert result.code == 0, result.err
    names = {path.name for path in (folder / "model" / "plots").iterdir()}
    pictures = (
        "learning", "features", "architecture", "confusion", "roc", "precision_recall",
        "calibration", "cross_validation",
    )  # fmt: skip
    assert names == {f"{name}.{kind}" for name in pictures for kind in ("png", "svg")}
    assert f"wrote {Path('model') / 'plots' / 'roc.png'}, .svg" in result.out
    shutil.move(folder / "model", folder / "first")
    assert typed(*words).code == 0
    for name in names:
        one, other = (folder / place / "plots" / name for place in ("model", "first"))
        assert one.read_bytes() == other.read_bytes(), name
    # An old model's pictures go with it, and somebody's own file does not.
    own = folder / "model" / "plots" / "table" / "notes.txt"
    own.parent.mkdir()
    own.write_text("mine")
    kept = typed("train", "pima", "--force", *QUICK)
    assert (kept.code, kept.out) == (2, "")
    assert "holds 'table/notes.txt', which is not one of its pictures" in kept.err
    own.unlink()
    assert typed("train", "pima", "--force", *QUICK).code == 0
    assert not (folder / "model" / "plots").exists()


# What cannot work is said before the work


def test_a_rule_without_two_classes_to_choose_by_is_refused_first(
    typed: Type, folder: Path
) -> None:
    random = np.random.default_rng(0)
    rows = [f"{a:.3f},{'yes' if row < 4 else 'no'}" for row, a in enumerate(random.normal(size=99))]
    (folder / "rare.csv").write_text("\n".join(["a,sick", *rows]) + "\n")
    for more in ((), ("--tune", 2), ("--cv", 3, "--validation-size", 0.02)):
        result = typed("train", "rare.csv", "--threshold", "f1", *QUICK, *more)
        assert (result.code, result.out) == (2, "")
        assert "validation rows of" in result.err
        assert "nothing to choose by; a larger --validation-size" in result.err
        assert [path.name for path in folder.iterdir()] == ["rare.csv"]


@pytest.mark.parametrize("name", [MANIFEST, f"{EXPORTS}/pima.h"])
def test_the_model_is_not_written_over(typed: Type, model: Path, name: str) -> None:
    (model / EXPORTS).mkdir(exist_ok=True)
    (model / name).touch()
    before = (model / name).read_bytes()
    result = typed("evaluate", "--rows-out", model / name, "--no-plots")
    assert (result.code, result.out) == (2, "")
    assert "would replace the model's own" in result.err
    assert (model / name).read_bytes() == before


def test_a_search_that_was_stopped_at_once_keeps_nothing(
    typed: Type, folder: Path, keras: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(searching, "fold_values", stopped)
    result = typed(*SEARCH)
    assert result.code == 130
    assert "keeps the trials" not in result.err
    assert not list(folder.iterdir())
    # What is no journal, or of another command, is not touched.
    (folder / "model.tuning").write_text("somebody's own")
    monkeypatch.setattr(training, "fit_run", stopped)
    assert typed("train", "iris", *QUICK).code == 130
    assert (folder / "model.tuning").read_text() == "somebody's own"
