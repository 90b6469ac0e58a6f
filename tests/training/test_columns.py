"""Columns from the command line into every artifact: what each option does, and what travels."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest
from support.c_compiler import require
from support.commands import HOMES, Type, Typed, as_typed
from support.networks import assert_within_bound

from mlp_edge.data.choices import Choices
from mlp_edge.data.reading.read import read_table
from mlp_edge.feature import Feature
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.training.examples import read_examples
from mlp_edge.training.run import CALIBRATION_ROWS, calibration_rows


def good(result: Typed) -> Typed:
    assert result.code == 0, result.err
    return result


def manifest(model: Path) -> dict[str, Any]:
    return json.loads((model / "model.json").read_text())


def warnings(result: Typed) -> list[str]:
    """The sentences on stderr, which holds nothing but warnings."""
    lines = result.err.splitlines()
    assert all(line.startswith("warning: ") for line in lines), result.err
    return [line.removeprefix("warning: ") for line in lines]


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def digests(model: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(model.iterdir())
    }


# The saved model in stock Keras

# Readings of the homes, each with one thing odd about it.
USUAL = (110.0, 4.0, 0.0, 1990.0, 1.0)
NAN = float("nan")


def changed(**readings: float) -> tuple[float, ...]:
    names = ("area", "rooms", "heating", "year", "balcony")
    return tuple(readings.get(name, usual) for name, usual in zip(names, USUAL, strict=True))


ASKED = {
    "usual": USUAL,
    "no area": changed(area=NAN),
    "no rooms": changed(rooms=NAN),
    "rooms -1": changed(rooms=-1),
    "no heating": changed(heating=NAN),
    "no year": changed(year=NAN),
    "no balcony": changed(balcony=NAN),
    "a heating that nobody knows": changed(heating=9),
    "half a heating": changed(heating=0.5),
    "infinitely old": changed(year=-np.inf),
    "a hut": changed(area=-5000),
    "a castle": changed(area=5000),
}

KERAS_FIT = """
import os, sys, warnings
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy as np
with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    model = keras.models.load_model(sys.argv[1])
assert not [str(one.message) for one in heard if "variable" in str(one.message)], heard
asked = np.load(sys.argv[2])
answers = model.predict(asked["rows"], verbose=0)
loss = model.evaluate(asked["sample"], asked["targets"], verbose=0, return_dict=True)["loss"]
steps = int(model.optimizer.iterations)
model.fit(asked["sample"], asked["targets"], batch_size=16, verbose=0)
assert int(model.optimizer.iterations) == steps + 3
assert not any(name.startswith("mlp_edge") for name in sys.modules)
np.savez(sys.argv[3], answers=answers, loss=loss, steps=steps)
"""


def test_stock_keras_reads_raw_readings_without_us(homes: Path, folder: Path) -> None:
    directory = ModelDirectory.open(homes)
    sample, targets, predictions = directory.sample()
    prices = np.array(targets, np.float32)
    rows = np.array(list(ASKED.values()), np.float32)
    np.savez(folder / "asked.npz", rows=rows, sample=sample, targets=prices)
    done = subprocess.run(
        [sys.executable, "-c", KERAS_FIT, homes / "model.keras", "asked.npz", "answers.npz"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stderr[-3000:]
    told = np.load(folder / "answers.npz")
    answers = dict(zip(ASKED, told["answers"][:, 0], strict=True))
    mlp = directory.mlp()
    assert_within_bound(mlp, rows, told["answers"])
    filled = np.array([changed(area=mlp.features[0].fill)], np.float32)
    assert_within_bound(mlp, filled, np.array([[answers["no area"]]]))
    assert answers["no rooms"] == answers["rooms -1"]
    # An indicator tells a missing reading from one that happens to be the fill.
    assert answers["no rooms"] != answers["usual"]
    assert mlp.features[1].fill == USUAL[1]
    assert answers["no heating"] == answers["usual"]
    assert np.isnan([answers["no year"], answers["no balcony"]]).all()
    assert answers["a heating that nobody knows"] == answers["half a heating"] != answers["usual"]
    assert (answers["a hut"], answers["a castle"]) == (150_000, 450_000)
    # In the targets' own unit; compiled, with all the steps that were taken: 20 in an epoch.
    assert told["loss"] == pytest.approx(float(((predictions - prices) ** 2).mean()), rel=1e-4)
    assert told["steps"] == 150 * 20


AGAIN = ("--epochs", 2, "--hidden", "4", "-q")


@pytest.mark.slow
def test_categories_and_fills_come_in_the_same_bytes(
    homes_table: Path, keras: Any, typed: Type, folder: Path
) -> None:
    """In a process of its own and in this one, which has trained others before."""
    words = ("train", homes_table, *HOMES, *AGAIN)
    program = Path(sys.executable).with_name("mlp-edge")
    arguments = [program, *map(str, (*words, "--out", "alone"))]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    here = good(typed(*words, "--out", "here"))
    assert done.stderr == here.err
    assert digests(folder / "alone") == digests(folder / "here")
    assert len(warnings(here)) >= 3


def steps_taken(model: Path) -> int:
    with zipfile.ZipFile(model / "model.keras") as archive:
        content = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(content) as file:
        return int(file["optimizer/vars/0"][()])


def history(model: Path) -> list[float]:
    return [float(row["loss"]) for row in csv.DictReader((model / "history.csv").open())]


def test_going_on_keeps_fills_steps_and_scale(
    homes: Path, homes_table: Path, typed: Type, folder: Path
) -> None:
    lines = homes_table.read_text().splitlines(keepends=True)
    # Without the larger half of the homes, whose median would be another.
    areas = [float(line.partition(",")[0] or 0) for line in lines[1:]]
    held_out = {target for (target,) in ModelDirectory.open(homes).sample().targets}
    small = [
        line for line, area in zip(lines[1:], areas, strict=True)
        if area < 115 or line.strip().rpartition(",")[2] in held_out
    ]  # fmt: skip
    (folder / "small.csv").write_text(lines[0] + "".join(small))
    result = good(typed("train", "small.csv", "-q", "--from", homes, "--epochs", 2))
    before, after = manifest(homes), manifest(folder / "model")
    assert warnings(result)[0].startswith("column 'area [m2]': ")
    assert "counts instead" in warnings(result)[0]
    fills = [feature.get("fill") for feature in before["features"]]
    assert [feature.get("fill") for feature in after["features"]] == fills
    assert after["features"][0]["high"] < before["features"][0]["high"]
    for key in ("targets", "target_scale", "clip"):
        assert after[key] == before[key]
    assert after["rows"] == {**before["rows"], "training": len(small) - before["rows"]["test"]}
    assert (folder / "model" / "sample.csv").read_text().count("\n") == before["rows"]["test"] + 1
    per_epoch = -(-after["rows"]["training"] // 10)
    assert steps_taken(folder / "model") == steps_taken(homes) + 2 * per_epoch
    # Where it had come to, not where it began; another scale would throw it back.
    assert history(folder / "model")[0] < 2 * history(homes)[-1] < 0.2 * history(homes)[0]


def test_going_on_refuses_what_nothing_fills(homes: Path, typed: Type, folder: Path) -> None:
    text = homes.with_name("homes.csv").read_text().splitlines()
    text[5] = text[5].replace(",yes,", ",,").replace(",no,", ",,")
    (folder / "gap.csv").write_text("\n".join(text))
    result = typed("train", "gap.csv", "-q", "--from", homes, "--out", "on")
    assert (result.code, result.out) == (2, "")
    for said in ("gap.csv: 1 row with a missing reading", "on line 6", "column 'balcony'"):
        assert said in result.err
    assert not (folder / "on").exists()


# sample.csv and calibration.npz


def test_the_sample_is_written_as_tables_are(homes: Path, homes_table: Path) -> None:
    header, *rows = cells((homes / "sample.csv").read_text())
    assert header == ["area [m2]", "rooms", "heating", "year", "balcony", "price",
                      "predicted value"]  # fmt: skip
    by_price = {row[-1]: row for row in cells(homes_table.read_text())[1:]}
    for row in rows:
        original = by_price[row[5]]
        assert (row[2], row[4]) == (original[2], original[4])
        for column in (0, 1, 3):
            assert (row[column] == "") == (original[column] == "")
            assert float(row[column] or 0) == float(original[column] or 0)
    assert {row[1] for row in rows} > {"-1.0"}
    assert "" in {row[0] for row in rows}
    read = ModelDirectory.open(homes).sample()
    assert np.isnan(read.rows[[row[0] == "" for row in rows], 0]).all()
    assert read.rows[:, 2].tolist() == [["gas", "oil", "wood"].index(row[2]) for row in rows]
    assert read.targets == tuple((row[5],) for row in rows)


def test_the_calibration_is_raw_training_rows(homes: Path, homes_table: Path) -> None:
    with np.load(homes / "calibration.npz") as kept:
        assert list(kept) == ["rows", "targets"]
        rows, targets = kept["rows"], kept["targets"]
    assert (rows.dtype, rows.shape) == (np.float32, (192, 5))
    said = read_examples(
        read_table(str(homes_table)), (), None,
        Choices(missing=("rooms=-1",), indicator=("rooms",)),
    )  # fmt: skip
    every = [row.tobytes() for row in said.rows]
    of = dict(zip(every, said.targets, strict=True))
    assert [of[row.tobytes()].tolist() for row in rows] == targets.tolist()
    held_out = [row.tobytes() for row in ModelDirectory.open(homes).sample().rows]
    assert sorted([row.tobytes() for row in rows] + held_out) == sorted(every)
    # As they were read: neither filled nor scaled.
    assert np.isnan(rows[:, 0]).any()
    assert (rows[:, 1] == -1).any()
    assert set(np.unique(rows[:, 2]).tolist()) >= {0, 1, 2}


def test_of_many_training_rows_a_thousand_are_kept() -> None:
    def drawn(seed: int) -> np.ndarray:
        training = np.arange(0, 10_000, 2)
        parts = SimpleNamespace(training=training)
        return calibration_rows(parts, seed)  # type: ignore[arg-type]

    rows = drawn(0)
    assert len(rows) == len(set(rows.tolist())) == CALIBRATION_ROWS == 1000
    assert (rows % 2 == 0).all()
    assert (np.diff(rows) > 0).all()
    assert rows.max() > 9000
    assert rows.tolist() == drawn(0).tolist() != drawn(1).tolist()


def test_a_sample_of_training_rows_says_so(sine: Path, typed: Type) -> None:
    assert manifest(sine)["sample"] == "training"
    with np.load(sine / "calibration.npz") as kept:
        trained = {row.tobytes() for row in kept["rows"]}
    assert {row.tobytes() for row in ModelDirectory.open(sine).sample().rows} <= trained
    refused = typed("evaluate", "--model", sine)
    assert refused.code == 2
    assert "trained on every row" in refused.err


# What each option of train does


def wide_csv() -> str:
    """A column of each kind that options are about; ``y`` follows ``u``."""
    generator = random.Random(1)  # noqa: S311 (nothing secret)
    lines = ["id,grade,zip,note,t,u,v,y"]
    for number in range(60):
        u, v = generator.gauss(0, 1), generator.gauss(0, 1)
        cells = [number + 1, generator.randint(1, 3), f"{generator.randint(1, 9):05}",
                 generator.choice("ab"), "x" if number % 9 == 4 else f"{v:.2f}", f"{u:.3f}",
                 "" if number % 10 == 3 else f"{v:.3f}",
                 "sick" if u > 0.6 else "well"]  # fmt: skip
        lines.append(",".join(map(str, cells)))
    return "\n".join(lines) + "\n"


@pytest.fixture
def wide(folder: Path) -> Path:
    path = folder / "wide.csv"
    path.write_text(wide_csv())
    return path


def test_every_option_about_columns_is_heard(
    keras: Any, wide: Path, typed: Type, folder: Path
) -> None:
    result = good(
        typed("train", "wide.csv", "-q", "--epochs", 1, "--hidden", "none",
              "--keep", "id", "--categorical", "grade", "--numeric", "zip", "--drop", "note",
              "--missing", "t=x", "--reject", "u", "--indicator", "v",
              "--class-weight", "balanced", "--no-calibration")
    )  # fmt: skip
    values = manifest(folder / "model")
    described = {feature["name"]: feature for feature in values["features"]}
    assert list(described) == ["id", "grade", "zip", "t", "u", "v"]
    assert (described["id"]["kind"], described["zip"]["kind"]) == ("number", "number")
    assert described["grade"]["categories"] == ["1", "2", "3"]
    assert described["grade"]["codes"] == [1, 2, 3]
    assert (described["t"]["missing_words"], described["t"]["missing"]) == (["x"], "filled")
    assert described["u"]["missing"] == "rejected"
    assert [name for name, feature in described.items() if feature.get("indicator")] == ["v"]
    assert values["recipe"]["class_weight"] == "balanced"
    assert ModelDirectory.open(folder / "model").mlp().topology == "9-1"
    assert "calibration.npz" not in result.out
    assert sorted(path.name for path in (folder / "model").iterdir()) == [
        "history.csv", "model.json", "model.keras", "sample.csv",
    ]  # fmt: skip
    # Each warning once, in both places; a setting is an option where it is printed.
    said = [as_typed("train", warning["says"]) for warning in values["warnings"]]
    assert warnings(result) == said
    assert len(set(warnings(result))) == len(warnings(result)) >= 2
    assert {"missing"} <= {warning["kind"] for warning in values["warnings"]}


def test_without_options_columns_speak_for_themselves(wide: Path) -> None:
    examples = read_examples(read_table("wide.csv"), (), None, Choices(missing=("x",)))
    assert {feature.name: feature.kind for feature in examples.features} == {
        "grade": "number", "zip": "category", "note": "category", "t": "number", "u": "number",
        "v": "number",
    }  # fmt: skip
    assert examples.imputed == (False, False, False, True, False, True)
    assert {finding.kind for finding in examples.findings} >= {"id", "code", "missing"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--sep", "ab"], "--sep ab cannot separate cells"),
        (["--decimal", ";"], "--decimal ';' is neither"),
        (["--encoding", "klingon"], "--encoding klingon is no text encoding"),
        (["--encoding", "utf-16"], "wide.csv"),
        (["--drop", "nots"], "no column 'nots' for --drop"),
        (["--keep", "idd"], "no column 'idd' for --keep"),
        (["--categorical", "y"], "--categorical y names the target"),
        (["--numeric", "note"], "in a column that --numeric names"),
        (["--missing", "zz=1"], "no column 'zz' for --missing"),
        (["--missing", "t=x", "--reject", "t"], "--reject lets none be filled in"),
        (["--missing", "t=x", "--reject", "v"], "6 of 60 readings missing"),
        (["--indicator", "w"], "no column 'w' for --indicator"),
        (["--drop", "u", "--keep", "u"], "--drop and --keep contradict each other"),
        (["--reject", "u", "--indicator", "u"], "--reject and --indicator contradict"),
        (["--categorical", "u", "--numeric", "u"], "--categorical and --numeric contradict"),
        (["--missing", "x", "--class-weight", "heavy"], "--class-weight takes none, balanced or"),
        (["--clip", "1"], "--clip takes LOW,HIGH such as 0,100; got '1'"),
        (["--clip", "5,1"], "--clip takes LOW,HIGH, the lower first; got 5,1"),
        (["--clip", "nan,1"], "--clip takes LOW,HIGH"),
        (["--clip", "0,1e39"], "--clip takes LOW,HIGH"),
        (["--missing", "x", "--clip", "0,1"], "--clip is for a regression; a binary task"),
        (["--missing", "x", "--strict"], "without --strict this is a warning"),
        (["--drop", "t", "--target", "u", "--clip", "8,9"], "no training row's"),
        (["--from", "model", "--drop", "u"], "settings of columns"),
        ([], "--missing x if it stands for a missing value"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_options_refuse(
    wide: Path, typed: Type, folder: Path, options: list[str], said: str
) -> None:
    result = typed("train", "wide.csv", *options)
    assert (result.code, result.out) == (2, ""), result
    assert result.err.startswith("error: ")
    assert said in result.err
    assert result.err.count("\n") == 1
    assert list(folder.iterdir()) == [wide]


def columns_of(typed: Type, table: str, *options: str) -> str:
    """The columns that train finds, as it says when the target is none of them."""
    result = typed("train", table, "--target", "nobody", *options)
    assert result.code == 2
    return result.err.partition("; ")[2].strip()


def test_a_header_is_one_when_the_user_says_so(typed: Type, folder: Path) -> None:
    (folder / "t.csv").write_text("5,6\n" + "1,2\n3,4\n" * 9)
    assert columns_of(typed, "t.csv", "--header") == "the columns are '5', '6'"
    assert columns_of(typed, "t.csv", "--no-header").endswith("called 'column1', 'column2'")
    (folder / "t.csv").write_text("p;q,r;s\n" + "1;2,3;4\n" * 9)
    assert columns_of(typed, "t.csv", "--sep", ",") == "the columns are 'p;q', 'r;s'"
    (folder / "t.csv").write_bytes("größe,y\n1,2\n".encode("cp437"))
    assert "'größe'" in columns_of(typed, "t.csv", "--encoding", "cp437")


def test_a_table_of_another_country_from_standard_input(
    keras: Any, typed: Type, folder: Path
) -> None:
    random = np.random.default_rng(0)
    lines = [f"{a:.2f}|{b:.2f}|{c:.3f}\n" for a, b, c in random.uniform(-9, 9, (40, 3))]
    content = "".join(lines).replace(".", ",").encode("utf-16-le")
    dialect = ("--sep", "|", "--decimal", ",", "--encoding", "utf-16-le", "--no-header")
    words = ("train", "-", *dialect, "-q", "--epochs", 1, "--hidden", "none")
    result = good(typed(*words, piped=content))
    assert "table: regression" in result.out
    values = manifest(folder / "model")
    assert (values["name"], values["table"]) == ("table", "standard input")
    assert [feature["name"] for feature in values["features"]] == ["column1", "column2"]
    assert values["targets"] == ["column3"]
    assert -9 <= values["features"][0]["low"] < values["features"][0]["high"] <= 9
    assert values["rows"] == {"training": 32, "validation": 0, "test": 8}
    told = good(typed("predict", "-", *dialect, piped=content))
    header, first, *_ = cells(told.out)
    assert header == ["column1", "column2", "column3", "value"]
    assert first[:3] == lines[0].replace(".", ",").strip().split("|")


def test_strict_says_nothing_about_a_clean_table(keras: Any, typed: Type, folder: Path) -> None:
    """From Parquet; its classes are sorted, which is said and does no harm."""
    import duckdb

    random = np.random.default_rng(0)
    a, b = random.normal(0, 1, (2, 90)).round(4)
    right = a + 0.3 * b > 0  # not a threshold of either, which would be said
    order = np.argsort(right, kind="stable")
    rows = [f"({a[at]}, {b[at]}, '{'pq'[int(right[at])]}')" for at in order]
    values = f"(VALUES {', '.join(rows)}) AS t(a, b, answer)"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (FROM {values}) TO 'clean.parquet' (FORMAT parquet)")
    words = ("train", "clean.parquet", "--strict", "-q", "--epochs", 1, "--hidden", "none")
    result = good(typed(*words))
    found = manifest(folder / "model")["warnings"]
    assert "sorted" in {warning["kind"] for warning in found}
    assert {warning["kind"] for warning in found} <= {
        "sorted", "majority", "linear", "constant-output", "far-apart", "few-rows", "calibration"
    }  # fmt: skip
    assert warnings(result) == [as_typed("train", warning["says"]) for warning in found]
    assert manifest(folder / "model")["labels"] == ["p", "q"]
    examples = read_examples(read_table("clean.parquet"), (), None, Choices())
    assert [finding.kind for finding in examples.findings] == ["sorted"]


# predict


STREET = (
    "note,price,balcony,year,heating,rooms,area [m2]\n"
    '"a ""b""",1,yes,1990,oil,3, 95.50\n'
    ",2,no,1975,coal,-1,\n"
    "x,3,YES,2001,,2,120\n"
    "y,4,,1960,wood,5,080\n"
)


@pytest.fixture
def street(folder: Path) -> Path:
    """Four homes: a category that nobody knows, missing readings, columns in another order."""
    path = folder / "street.csv"
    path.write_text(STREET)
    return path


@pytest.mark.parametrize("artifact", ["model", "homes.onnx", "homes.tflite", "homes.h"])
def test_words_go_into_any_artifact_that_stands_alone(
    homes: Path, street: Path, typed: Type, folder: Path, artifact: str
) -> None:
    require("gcc")
    source = homes if artifact == "model" else homes / "exports" / artifact
    (shutil.copytree if artifact == "model" else shutil.copy)(source, folder / artifact)
    result = good(typed("predict", "street.csv", "--model", artifact, "--trust"))
    given, got = cells(STREET), cells(result.out)
    assert got[0] == [*given[0], "value"]
    assert [row[:-1] for row in got] == given
    nan = np.nan
    rows = [[95.5, 3, 1, 1990, 1], [nan, -1, -2, 1975, 0], [120, 2, nan, 2001, 1],
            [80, 5, 2, 1960, nan]]  # fmt: skip
    answers = np.array([[float(row[-1])] for row in got[1:]], np.float32)
    assert_within_bound(ModelDirectory.open(homes).mlp(), np.array(rows, np.float32), answers)
    assert np.isnan(answers[3, 0])
    said = [line for line in result.err.splitlines() if line.startswith("warning: ")]
    assert len(said) == 5
    for sentence in (
        "column 'heating': 1 cell with a category that the model does not know, the first 'coal' "
        "on line 3; it knows 'gas', 'oil', 'wood'",
        "column 'heating': 1 of 4 readings missing, the first on line 4; 'gas' counts instead",
        "column 'area [m2]': 1 of 4 readings missing",
        "column 'rooms': 1 of 4 readings missing",
        "column 'balcony': 1 of 4 readings missing, the first on line 5; the model takes none",
    ):
        assert sum(sentence in line for line in said) == 1, sentence
    compared = [line for line in result.err.splitlines() if " => " in line]
    assert compared[0].startswith("[95.5, 3, oil, 1990, yes] => ")
    assert compared[1].startswith("[missing, missing, ")


def test_a_rejected_row_has_no_label(pima: Path, typed: Type, folder: Path) -> None:
    (folder / "ward.csv").write_text(
        "pregnancies,glucose,pressure,skin,insulin,bmi,pedigree,age\n"
        "6,148,72,35,0,33.6,0.627,50\n1,,66,29,0,26.6,0.351,31\n"
    )
    result = good(typed("predict", "ward.csv", "--model", pima))
    _, answered, rejected = cells(result.out)
    assert answered[-1] in ("0", "1")
    assert rejected == ["1", "", "66", "29", "0", "26.6", "0.351", "31", "nan", ""]
    [warning] = warnings(result)
    assert "'glucose': 1 of 2 readings missing, the first on line 3" in warning


def test_evaluate_scores_the_rows_that_have_an_answer(
    homes: Path, homes_table: Path, typed: Type, folder: Path
) -> None:
    lines = homes_table.read_text().splitlines()
    whole = json.loads(good(typed("evaluate", homes_table, "--model", homes, "--json")).out)
    assert (whole["rows"], whole["unanswered"]) == (240, 0)
    gap = lines[0] + "\n110,4,gas,,yes,300000\n" + "\n".join(lines[1:]) + "\n"
    (folder / "gap.csv").write_text(gap)
    result = good(typed("evaluate", "gap.csv", "--model", homes, "--json"))
    told = json.loads(result.out)
    assert (told["rows"], told["unanswered"]) == (240, 1)
    assert told["scores"]["mlp"] == whole["scores"]["mlp"]
    assert "1 of 241 rows have no prediction and are not scored" in warnings(result)[-1]
    (folder / "none.csv").write_text(lines[0] + "\n110,4,gas,,yes,300000\n")
    refused = typed("evaluate", "none.csv", "--model", homes)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.endswith("none.csv: the model predicts nothing for these rows\n")


def test_the_card_of_an_artifact_has_every_feature(homes: Path) -> None:
    import mlp_edge

    features = ModelDirectory.open(homes).manifest.features
    for name in ("homes.onnx", "homes.tflite"):
        with mlp_edge.load(homes / "exports" / name) as opened:
            assert opened.card.features == features
    assert features[1] == Feature("rooms", 1, 7, sentinel=-1, fill=4, indicator=True)


def test_parity_on_every_runtime(homes: Path, typed: Type) -> None:
    require("gcc")
    result = typed("parity", "--model", homes)
    assert result.code == 0, result.out + result.err
    assert result.out.count("PASS") == 4
    assert "FAIL" not in result.out
