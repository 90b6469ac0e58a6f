"""What is learned before the network, from training rows alone: fills, ranges, scales, weights."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.c_compiler import require
from support.commands import Type, Typed
from support.networks import assert_within_bound
from support.tables import table_from

from mlp_edge.data.choices import Choices
from mlp_edge.encoding import Encoding
from mlp_edge.errors import ModelError, RecipeError
from mlp_edge.feature import Feature
from mlp_edge.files.manifest import Manifest
from mlp_edge.mlp import Task
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.reference import predict
from mlp_edge.training.examples import Examples, read_examples
from mlp_edge.training.parts import Parts
from mlp_edge.training.preprocessing import Preprocessed, TargetScale, preprocess
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.weighting import balanced


def examples_of(
    columns: dict[str, Sequence[object]], *targets: str, task: Task | None = None, **said: Any
) -> Examples:
    """The columns as a table, read; what ``--missing`` and the like say may be added."""
    cells = {name: [str(cell) for cell in column] for name, column in columns.items()}
    choices = Choices(**{option: tuple(values) for option, values in said.items()})
    return read_examples(table_from(cells), targets, task, choices)


def first(examples: Examples, count: int) -> Parts:
    """The first rows train, all others are held out."""
    none = np.empty(0, np.int64)
    return Parts(np.arange(count), none, np.arange(count, len(examples.rows)))


def preprocessed(examples: Examples, training: int, **settings: Any) -> Preprocessed:
    recipe = Recipe(**settings).resolved(examples.task)
    return preprocess(examples, first(examples, training), recipe)


# Fills and ranges

WARD: dict[str, Sequence[object]] = {
    "a": [1, 2, "", 100, 3, 7, 1000, 1000, 1000, 1000, -1000, 1000],
    "b": ["x", "y", "", "y", "x", "x", "y", "y", "y", "y", "y", "y"],
    "c": [-9, 4, 5, 4.5, -9, 6, 80, 80, 80, -9, 80, -80],
    "y": [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5, 11.5],
}


def test_fills_and_ranges_are_those_of_the_training_rows() -> None:
    examples = examples_of(WARD, "y", missing=["c=-9"])
    a, b, c = preprocessed(examples, 6).features
    # The medians of all rows are 100 and 6, and the most frequent word of all is y.
    assert (a.fill, a.low, a.high) == (3, 1, 100)
    assert (b.fill, b.low, b.high) == (float(b.codes[b.categories.index("x")]), None, None)
    # What stands for "missing" is no reading: it is no end of the range and moves no median.
    assert (c.sentinel, c.fill, c.low, c.high) == (-9, 4.75, 4, 6)
    other = preprocessed(examples, 12).features
    assert (other[0].fill, other[0].low, other[0].high) == (100, -1000, 1000)
    assert other[1].fill == float(b.codes[b.categories.index("y")])


def test_the_rows_are_encoded_with_those_fills() -> None:
    examples = examples_of(WARD, "y", missing=["c=-9"], indicator=["c"])
    found = preprocessed(examples, 6)
    assert found.numbers == 2
    assert found.inputs.tolist() == Encoding.of(found.features).encode(examples.rows).tolist()
    # Numbers a and c, whether c is missing, then the two words.
    assert found.inputs[0].tolist() == [1, 4.75, 1, 1, 0]
    assert found.inputs[2].tolist() == [3, 5, 0, 1, 0]
    assert found.inputs[9].tolist() == [1000, 4.75, 1, 0, 1]


def test_the_first_of_equally_frequent_categories_fills() -> None:
    columns = {"a": ["p", "q", "q", "p", "", *"pqpqpq", "r"], "y": [*range(11), 20]}
    [feature] = preprocessed(examples_of(columns, "y", task="regression"), 12).features
    assert (feature.categories, feature.fill) == (("p", "q", "r"), 0)


def test_a_median_that_float32_cannot_hold_is_rounded_to_one_that_it_can() -> None:
    columns = {"a": [0.1, 0.2, "", *np.arange(12) / 10 + 0.35], "y": range(15)}
    [feature] = preprocessed(examples_of(columns, "y", task="regression"), 4).features
    assert feature.fill == float(np.float32(0.2))
    assert feature.fill != 0.2


def test_without_a_known_reading_there_is_no_range_but_a_fill() -> None:
    columns = {
        "a": ["", "", "", *range(9)], "b": ["", "", "", *"pqpqpqpqp"], "c": range(5, 17),
        "y": [n % 7 for n in range(12)],
    }  # fmt: skip
    examples = examples_of(columns, "y", task="regression", keep=["c"])
    a, b, _ = preprocessed(examples, 3).features
    assert (a.fill, a.low, a.high) == (0, None, None)
    assert b.fill == 0


def test_what_is_never_missing_is_not_filled_and_a_saved_fill_stays() -> None:
    columns = {"a": [3, 1, 2, 5] * 3, "y": range(12)}
    examples = examples_of(columns, "y", task="regression")
    [feature] = preprocessed(examples, 12).features
    assert (feature.fill, feature.low, feature.high) == (None, 1, 5)
    saved = Examples(**{**vars(examples), "features": (Feature("a", fill=77.0),)})
    assert preprocessed(saved, 12).features[0].fill == 77


# The scale of a target

PRICES = np.random.default_rng(0).normal(300_000, 80_000, (40, 1)).astype(np.float32)


def test_targets_are_scaled_by_the_training_rows() -> None:
    columns = {"a": [n % 7 for n in range(40)], "y": PRICES[:, 0]}
    found = preprocessed(examples_of(columns, "y"), 30)
    assert found.scale is not None
    exact = PRICES[:30].astype(np.float64)
    assert found.scale.mean == pytest.approx(exact.mean(axis=0), rel=1e-12)
    assert found.scale.std == pytest.approx(exact.std(axis=0), rel=1e-12)
    assert found.learned[:30].mean() == pytest.approx(0, abs=1e-6)
    assert found.learned[:30].std() == pytest.approx(1, rel=1e-6)
    again = found.learned.astype(np.float64) * found.scale.std + found.scale.mean
    np.testing.assert_allclose(again, PRICES, rtol=1e-6)


@pytest.mark.parametrize(
    ("settings", "scaled"),
    [({}, True), ({"standardize": False}, False), ({"output_activation": "relu"}, False)],
    ids=str,
)
def test_what_is_scaled(settings: dict[str, Any], scaled: bool) -> None:
    columns = {"a": [n % 7 for n in range(40)], "y": PRICES[:, 0]}
    found = preprocessed(examples_of(columns, "y"), 30, **settings)
    assert (found.scale is not None) is scaled
    assert bool(found.learned.max() < 10) is scaled


def test_classes_are_not_scaled() -> None:
    columns = {"a": [n % 7 for n in range(40)], "y": ["p", "q"] * 20}
    found = preprocessed(examples_of(columns, "y"), 30)
    assert found.scale is None
    assert found.learned.tolist() == [[0], [1]] * 20


def test_a_target_that_is_constant_in_the_training_rows_is_only_moved() -> None:
    scale = TargetScale.of(np.full((5, 1), 7, np.float32))
    assert (scale.mean.tolist(), scale.std.tolist()) == ([7], [1])
    assert scale.scaled(np.array([[8]], np.float32)).tolist() == [[1]]


def test_a_scale_comes_back_from_json_and_damage_is_named() -> None:
    scale = TargetScale.of(np.hstack([PRICES, PRICES / 1000]))
    again = TargetScale.from_dict(json.loads(json.dumps(scale.to_dict())))
    assert again.mean.tolist() == scale.mean.tolist()
    assert again.std.tolist() == scale.std.tolist()
    for values in (
        {}, {"mean": [1]}, {"mean": [1], "deviation": ["x"]}, {"mean": [1], "deviation": [1, 2]},
        {"mean": [1], "deviation": [0]}, {"mean": [None], "deviation": [1]},
        {"mean": 1, "deviation": 1},
    ):  # fmt: skip
        with pytest.raises(ModelError, match="target_scale in"):
            TargetScale.from_dict(values)


def test_folding_changes_the_unit_and_unfolding_undoes_it(keras: Any) -> None:
    targets = np.hstack([PRICES, PRICES / 1e6 - 3])
    scale = TargetScale.of(targets)
    layers = [keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((3,)), *layers])
    rows = np.random.default_rng(1).normal(size=(20, 3)).astype(np.float32)
    before = np.asarray(model(rows), np.float64)
    hidden = layers[0].get_weights()[0].tobytes()
    scale.fold(model)
    folded = np.asarray(model(rows), np.float64)
    np.testing.assert_allclose(folded, before * scale.std + scale.mean, rtol=1e-5)
    scale.unfold(model)
    np.testing.assert_allclose(np.asarray(model(rows)), before, atol=1e-5)
    assert layers[0].get_weights()[0].tobytes() == hidden


# The clip


def test_a_clip_that_leaves_nothing_to_learn() -> None:
    columns = {"a": [n % 7 for n in range(12)], "y": range(100, 112)}
    examples = examples_of(columns, "y", task="regression", keep=["a"])
    assert preprocessed(examples, 9, clip=(105.0, 106.5)).clip == (105, 106.5)
    for clip in ((0.0, 100.0), (108.0, 200.0)):  # 108 is the most that the training rows have
        with pytest.raises(RecipeError) as caught:
            preprocessed(examples, 9, clip=clip)
        assert f"`clip={clip}`: no training row's" in str(caught.value)
        assert "they run from 100 to 108" in str(caught.value)


# The weights of classes


def test_balanced_weights_are_scikit_learns() -> None:
    from sklearn.utils.class_weight import compute_class_weight

    words = ["p"] * 13 + ["q"] * 5 + ["r"] * 2
    columns = {"a": [n % 7 for n in range(40)], "y": words * 2}
    examples = examples_of(columns, "y", keep=["a"])
    training = np.arange(27)
    weights = balanced(examples, training)
    seen = examples.targets[training]
    expected = compute_class_weight("balanced", classes=np.arange(3), y=seen)
    np.testing.assert_allclose(weights, expected[examples.targets], rtol=1e-6)
    assert weights.dtype == np.float32
    shares = [weights[training][seen == place].sum() for place in range(3)]
    assert shares == pytest.approx([9, 9, 9])


def test_rows_are_weighted_in_training_and_not_in_validation() -> None:
    columns = {"a": [n % 7 for n in range(40)], "y": ["p", "p", "p", "q"] * 10}
    examples = examples_of(columns, "y")
    found = preprocessed(examples, 40, class_weight="balanced")
    rows = np.arange(8)
    weights = found.part(rows).weights
    assert weights is not None
    assert weights.tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2] * 2)
    validation = found.validation_part(rows)
    assert validation is not None
    assert validation.weights is None
    assert found.validation_part(rows[:0]) is None
    assert preprocessed(examples, 40).part(rows).weights is None


def test_weights_of_labels_count_in_training_and_others_count_1() -> None:
    columns = {"a": [n % 7 for n in range(40)], "y": ["p", "q", "r", "q"] * 10}
    examples = examples_of(columns, "y", keep=["a"])
    found = preprocessed(examples, 30, class_weight="r=2.5,p=0.5")
    weights = found.part(np.arange(4)).weights
    assert weights is not None
    assert weights.dtype == np.float32
    assert weights.tolist() == [0.5, 1, 2.5, 1]
    validation = found.validation_part(np.arange(4))
    assert validation is not None
    assert validation.weights is None


def test_a_weight_for_what_is_no_class() -> None:
    columns = {"a": [n % 7 for n in range(40)], "y": ["p", "q"] * 20}
    with pytest.raises(RecipeError) as caught:
        preprocessed(examples_of(columns, "y", keep=["a"]), 30, class_weight="p=2,P=1")
    assert str(caught.value) == "`class_weight`: 'P' is no class of 'y'; its classes are 'p', 'q'"


# A trained regression with everything


def parts_of(homes: Path, table: Path) -> tuple[list[list[str]], list[list[str]]]:
    """The table's rows that trained, and those held out, as text."""
    manifest = Manifest.from_json((homes / "model.json").read_text(), homes)
    _, *rows = csv.reader(table.open())
    _, targets, _ = ModelDirectory.open(homes).sample()
    prices = [target for (target,) in targets]
    held_out = [row for row in rows if row[-1] in prices]
    training = [row for row in rows if row[-1] not in prices]
    assert manifest.sample == "held-out"
    assert (len(training), len(held_out)) == (manifest.rows["training"], manifest.rows["test"])
    return training, held_out


def test_prices_are_learned_with_the_default_settings(homes: Path) -> None:
    directory = ModelDirectory.open(homes)
    assert directory.manifest.recipe["epochs"] == Recipe().epochs
    for part in ("test", "training"):
        assert directory.manifest.scores[part]["mlp"]["r2"] > 0.9
        assert directory.manifest.scores[part]["linear"]["r2"] > 0.9
    _, targets, predictions = directory.sample()
    prices = np.array(targets, np.float64)
    assert 200_000 < predictions.mean() < 400_000
    assert 1 - ((predictions - prices) ** 2).sum() / ((prices - prices.mean()) ** 2).sum() > 0.9


def test_the_manifest_has_what_the_training_rows_taught(homes: Path, homes_table: Path) -> None:
    training, held_out = parts_of(homes, homes_table)
    manifest = ModelDirectory.open(homes).manifest
    area, rooms, heating, year, balcony = manifest.features

    def numbers(rows: list[list[str]], column: int, missing: str) -> np.ndarray:
        return np.array([row[column] for row in rows if row[column] != missing], np.float64)

    for feature, column, missing in ((area, 0, ""), (rooms, 1, "-1")):
        seen = numbers(training, column, missing)
        assert feature.fill == np.float32(np.median(seen))
        assert (feature.low, feature.high) == tuple(np.float32([seen.min(), seen.max()]))
    assert area.fill != np.float32(np.median(numbers([*training, *held_out], 0, "")))
    assert (area.unit, area.indicator, area.sentinel) == ("m2", False, None)
    assert (rooms.indicator, rooms.sentinel) == (True, -1)
    assert (heating.categories, heating.codes) == (("gas", "oil", "wood"), (0, 1, 2))
    assert (heating.fill, year.fill, balcony.fill) == (0, None, None)
    assert balcony.categories == ("no", "yes")
    prices = np.array([row[-1] for row in training], np.float64)
    assert manifest.target_scale == {
        "mean": [pytest.approx(prices.mean())], "deviation": [pytest.approx(prices.std())]
    }  # fmt: skip
    assert manifest.prior == [pytest.approx(prices.mean())]


def test_every_answer_is_within_the_clip(homes: Path) -> None:
    directory = ModelDirectory.open(homes)
    mlp = directory.mlp()
    assert mlp.clip == directory.manifest.clip == (150_000, 450_000)
    rows = np.tile([110, 4, 1, 1990, 1], (3, 1)).astype(np.float32)
    rows[:, 0] = [-5000, 110, 5000]
    low, usual, high = predict(mlp, rows)[:, 0]
    assert (low, high) == (150_000, 450_000)
    assert 200_000 < usual < 400_000
    predictions = directory.sample().predictions
    assert ((predictions >= 150_000) & (predictions <= 450_000)).all()


# Several targets


@pytest.fixture(scope="module")
def pair(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Typed]:
    """A network with two targets of different sizes, exported; and what its training said."""
    from support.commands import typed

    random = np.random.default_rng(0)
    a, b = random.uniform(-1, 1, (2, 150))
    table = {"a": a, "far": 1e5 + 2e4 * (a + b), "b": b, "near": 0.01 * (a - b)}
    place = tmp_path_factory.mktemp("pair")
    lines = zip(*table.values(), strict=True)
    text = "".join(",".join(f"{cell:.7g}" for cell in line) + "\n" for line in lines)
    (place / "pair.csv").write_text("a,far,b,near\n" + text)
    model = place / "model"
    words = ("train", place / "pair.csv", "--target", "far", "--target", "near")
    trained = typed(*words, "-q", "--epochs", 20, "--hidden", "8", "--learning-rate", "0.02",
                    "--out", model)  # fmt: skip
    assert trained.code == 0, trained.err
    assert typed("export", "--model", model).code == 0
    return model, trained


def test_several_targets_are_a_regression_of_several_outputs(pair: tuple[Path, Typed]) -> None:
    model, trained = pair
    assert "pair: regression: 2 targets" in trained.out
    directory = ModelDirectory.open(model)
    mlp = directory.mlp()
    assert (mlp.targets, mlp.topology) == (("far", "near"), "2-8-2")
    assert [feature.name for feature in mlp.features] == ["a", "b"]
    assert directory.manifest.scores["test"]["mlp"]["r2"] > 0.9
    scale = directory.manifest.target_scale
    assert scale is not None
    assert len(scale["mean"]) == len(directory.manifest.prior) == 2
    rows, targets, predictions = directory.sample()
    truth = np.array(targets, np.float64)
    assert truth.shape == predictions.shape == (30, 2)
    # Each in its own unit, and each learned: a plain loss would see the first alone.
    assert (np.abs(predictions - truth).mean(axis=0) < 0.3 * truth.std(axis=0)).all()
    header = (model / "sample.csv").read_text().partition("\n")[0]
    assert header == "a,b,far,near,predicted far,predicted near"
    assert_within_bound(mlp, rows, predictions)


def test_several_targets_are_predicted_evaluated_and_the_same_everywhere(
    pair: tuple[Path, Typed], typed: Type
) -> None:
    require("gcc")
    model, _ = pair
    table = model.with_name("pair.csv")
    told = typed("predict", table, "--model", model)
    header, row, *_ = csv.reader(told.out.splitlines())
    assert header == ["a", "far", "b", "near", "predicted far", "predicted near"]
    answer = ", ".join(f"{np.float32(cell):.6g}" for cell in row[4:])
    assert told.err.splitlines()[0].endswith(f"=> {answer} (expected {row[1]}, {row[3]})")
    scores = typed("evaluate", "--model", model, "--json")
    assert json.loads(scores.out)["scores"]["mlp"]["r2"] > 0.9
    parity = typed("parity", "--model", model)
    assert parity.code == 0, parity.out + parity.err
    for suffix in ("tflite", "onnx", "h"):
        alone = typed("predict", table, "--model", model / "exports" / f"pair.{suffix}")
        assert alone.code == 0, alone.err
        assert alone.out.splitlines()[0] == told.out.splitlines()[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--target", "far", "--target", "far"], "--target names 'far' twice"),
        (["--target", "far", "--target", "fra"], "no column 'fra' to predict"),
        (["--target", "far", "--target", "near", "--task", "binary"], "several targets are a"),
        (["--target", "far", "--target", "near", "--target", "a", "--target", "b"], "every column"),
        (["--target", "far", "--drop", "far"], "names the target, but takes"),
        (["--class-weight", "balanced"], "--class-weight is for classes"),
    ],
)
def test_targets_that_cannot_be(
    pair: tuple[Path, Typed], typed: Type, folder: Path, words: list[str], said: str
) -> None:
    result = typed("train", pair[0].with_name("pair.csv"), *words)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert result.err.count("\n") == 1
    assert list(folder.iterdir()) == []
