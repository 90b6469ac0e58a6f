"""mlp-edge train: what it prints, and what it refuses before anything is written."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.commands import Type, Typed

from mlp_edge.files import writing


def refused(result: Typed, folder: Path, *left: str) -> str:
    """The one sentence of a refusal that left the folder as it was."""
    assert (result.code, result.out) == (2, ""), result
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == sorted(left)
    return result.err.removeprefix("error: ").rstrip("\n")


TABLE = "a,b,y\n" + "".join(f"{n},{n % 3},{n % 2}\n" for n in range(30))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--hidden", "twelve"], "--hidden takes neurons per layer such as 12,8, or none"),
        (["--hidden", "0"], "at least one neuron"),
        (["--activation", "softmax"], "--activation softmax is not one of"),
        (["--output-activation", "softmax"], "does not fit a binary task"),
        (["--task", "regression", "--output-activation", "softmax"], "a share of 1, not a value"),
        (["--task", "regression", "--target", "a", "--output-activation", "tanh"], "linear would"),
        (["--loss", "categorical_crossentropy"], "does not fit a binary task"),
        (["--momentum", "0.9"], "--momentum: adam has none"),
        (["--optimizer", "magic"], "--optimizer magic is not one of"),
        (["--metrics", "accuracy,r2"], "--metrics r2: a binary task has accuracy"),
        (["--test-size", "1"], "--test-size is a share"),
        (["--test-size", "nan"], "--test-size is a share"),
        (["--validation-size", "-1"], "--validation-size is a share"),
        (["--early-stopping", "3", "--validation-size", "0"], "leaves none; 0.1 would do"),
        (["--epochs", "0"], "--epochs is at least 1"),
        (["--seed", "-1"], "--seed is from 0"),
        (["--seed", "4294967295", "--runs", "2"], "--seed is from 0 to 4294967295"),
        (["--task", "clustering"], "--task clustering is not one of"),
        (["--task", "binary", "--target", "b"], "holds 3 values; multiclass would do"),
        (["--name", "My Model"], "'my_model' would do"),
        (["--target", "z"], "table.csv: no column 'z'"),
        (["--from", "gone"], "gone: there is no model"),
        (["--from", "table.csv"], "table.csv: not a model directory"),
        (["--out", "table.csv"], "table.csv: a file; a model is written to a directory"),
        (["--out", "."], ".: holds 'table.csv', which is not part of a model"),
        (["--out", "no/where"], "no/where: its parent directory does not exist"),
        (["--out", ".", "--force"], "would be lost"),
    ],
)
def test_options_that_cannot_be(typed: Type, folder: Path, options: list[str], said: str) -> None:
    (folder / "table.csv").write_text(TABLE)
    assert said in refused(typed("train", "table.csv", *options), folder, "table.csv")


@pytest.mark.parametrize("option", ["--epochs", "--learning-rate", "--seed", "--runs"])
def test_text_where_a_number_belongs(typed: Type, folder: Path, option: str) -> None:
    result = typed("train", option, "many")
    assert (result.code, result.out) == (2, "")
    assert f"Invalid value for '{option}': " in result.err
    assert "Traceback" not in result.err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "table.csv is empty"),
        ("a,b,y\n", "a header and no data rows"),
        ("a,b,y\n1,2,0\n1,2\n", "line 3"),
        ("a,b,y\n" + "1,x,0\n2,3,1\n" * 9, "9 cells with words ('x') among 9 numbers"),
        ("b,y\n" + "nan,0\n,1\n" * 9, "column 'b' holds no reading: all 18 are missing"),
        ("a,b,y\n" + "1,inf,0\n2,3,1\n" * 9, "is infinite"),
        ("a,b,y\n" + "1,2,0\n" * 20, "holds one value only"),
        ("a,b,y\n1,2,0\n3,4,1\n", "2 rows; to train and to test takes at least 10"),
        ("y\n" + "0\n1\n" * 9, "one column only"),
        ("a,a,y\n" + "1,2,0\n2,3,1\n" * 9, "more than one column is called 'a'"),
        ("\x00\x01", "NUL byte"),
    ],
)
def test_tables_that_cannot_be_learned_from(
    typed: Type, folder: Path, content: str, said: str
) -> None:
    (folder / "table.csv").write_text(content)
    message = refused(typed("train", "table.csv"), folder, "table.csv")
    assert message.startswith("table.csv")
    assert said in message


def test_a_table_that_is_not_there(typed: Type, folder: Path) -> None:
    assert "did you mean pima?" in refused(typed("train", "prima"), folder)
    assert "no file in it ends with .parquet" in refused(typed("train", "."), folder)


def test_a_model_that_is_there_already(typed: Type, model: Path, folder: Path) -> None:
    before = {path: path.read_bytes() for path in model.rglob("*") if path.is_file()}
    message = refused(typed("train", "--epochs", 1), folder, "model")
    assert message == (
        "model: there is a model already; --force replaces it, or name another place"
    )
    (model / "notes.txt").write_text("mine")
    assert "holds 'notes.txt'" in refused(typed("train", "--force"), folder, "model")
    (model / "notes.txt").rename(model / "exports" / "sketch.ino")
    assert "holds 'sketch.ino'" in refused(typed("train", "--force"), folder, "model")
    (model / "exports" / "sketch.ino").unlink()
    assert before == {path: path.read_bytes() for path in model.rglob("*") if path.is_file()}


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_disk_that_fills_up_or_a_user_who_gave_up(
    typed: Type, model: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    before = {path: path.read_bytes() for path in model.rglob("*") if path.is_file()}
    trained = SimpleNamespace(files={path.name: content for path, content in before.items()})
    monkeypatch.setattr("mlp_edge.training.training.train", lambda *_, **_options: trained)
    monkeypatch.setattr("mlp_edge.api.training.training.with_given", lambda trained, *_: trained)
    real = writing._write

    def write(path: Path, content: bytes) -> None:
        if path.name == "history.csv":
            raise error
        real(path, content)

    monkeypatch.setattr(writing, "_write", write)
    result = typed("train", "-q", "--force")
    if isinstance(error, KeyboardInterrupt):
        assert result == (130, "", "interrupted; nothing was left half done\n")
        assert [path.name for path in folder.iterdir()] == ["model"]
    else:
        assert "No space left on device); nothing was changed" in refused(result, folder, "model")
    assert before == {path: path.read_bytes() for path in model.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def session(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Typed:
    """One training of two runs with its progress, and where it went."""
    from support.commands import typed

    place = tmp_path_factory.mktemp("train") / "m"
    words = ("iris", "--epochs", 2, "--hidden", "6,5", "--activation", "tanh", "--runs", 2)
    result = typed("train", *words, "--metrics", "accuracy,f1", "--name", "flowers", "--out", place)
    assert result.code == 0, result.err
    return Typed(0, result.out.replace(str(place), "PLACE"), result.err)


def test_the_summary(session: Typed) -> None:
    for said in (
        "flowers: multiclass: column 'species' holds 3 different words",
        "120 rows to train, 30 held out",
        "4-6-5-3",
        "scaling",
        "tanh",
        "softmax",
        "scores on 30 held-out rows",
        "scores on 120 training rows",
        "linear baseline",
        "accuracy",
        "f1",
        "every run, on the held-out rows",
        "standard deviation",
        "wrote PLACE/model.keras\n",
        "wrote PLACE/model.json\n",
        "wrote PLACE/history.csv\n",
        "wrote PLACE/sample.csv\n",
        "wrote PLACE/calibration.npz\n",
    ):
        assert said in session.out, said
    assert session.out.endswith("\nnext: mlp-edge export --model PLACE\n")
    assert re.search(r"hidden 1 .*\(n, 6\) +30\n", session.out)
    assert re.search(r"output .*\(n, 3\) +18\n", session.out)
    assert re.search(r"all +83\n", session.out)


def test_the_summary_fits_80_columns(session: Typed) -> None:
    assert max(len(line.rstrip()) for line in session.out.splitlines()) <= 80


def test_progress_is_a_plain_line_per_fit(session: Typed) -> None:
    lines = [line for line in session.err.splitlines() if not line.startswith("warning: ")]
    last = [line for line in lines if "epoch 2 of 2" in line]
    titles = [line.split(":")[0] for line in last]
    assert titles == ["run 1 of 2", "run 2 of 2"]
    fits = [line for line in lines if not line.startswith("inner folds: network ")]
    assert all(re.search(r": epoch \d of 2, loss \d", line) for line in fits)
