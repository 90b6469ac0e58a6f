"""The card that travels inside artifacts, and the label that follows from a prediction."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.feature_strategies import feature
from support.networks import encoded, network

import mlp_edge
from mlp_edge.card import DTYPES, FEW, Card, choose
from mlp_edge.encoding import Encoding
from mlp_edge.errors import ModelError
from mlp_edge.feature import Feature

CARD = Card.of(network(name="pima", targets=("diabetes",)))
IRIS = Card.of(network((4, 3), task="multiclass"))
SINE = Card.of(network((1, 1), task="regression"))
SEVERAL = Card.of(network((2, 3), task="regression"))


def test_the_card_of_a_model() -> None:
    assert CARD.name == "pima"
    assert CARD.names == tuple(f"x{i}" for i in range(8))
    assert CARD.features == network().features
    assert (CARD.targets, CARD.task) == (("diabetes",), "binary")
    assert CARD.labels == ("class 0", "class 1")
    assert (CARD.threshold, CARD.output_name) == (0.5, "probability")
    assert CARD.weights_sha256 == network().weights_sha256
    assert CARD.version == mlp_edge.__version__


@given(
    names=st.lists(st.text(), min_size=2, max_size=2),
    labels=st.lists(st.text(), min_size=3, max_size=3, unique=True),
    target=st.text(),
)
def test_any_names_come_back_and_are_ascii_on_the_way(
    names: list[str], labels: list[str], target: str
) -> None:
    mlp = network((2, 3), task="multiclass")
    features = tuple(Feature(name) for name in names)
    card = Card.of(replace(mlp, features=features, labels=tuple(labels), targets=(target,)))
    assert Card.from_json(card.to_json(), "x") == card
    assert Card.from_strings(card.to_strings(), "x") == card
    assert card.to_json().isascii()
    assert "\n" not in card.to_json()
    assert all(value.isascii() for value in card.to_strings().values())


@given(st.lists(feature(), min_size=1, max_size=4))
def test_any_features_come_back(features: list[Feature]) -> None:
    if Encoding.of(features).width == 0:
        return
    card = Card.of(encoded(features))
    assert card.features == tuple(features)
    assert Card.from_json(card.to_json(), "x") == card
    assert Card.from_strings(card.to_strings(), "x") == card


def test_outputs_have_names() -> None:
    assert CARD.output_names == ("probability",)
    assert IRIS.output_names == IRIS.labels
    assert SINE.output_names == ("value",)
    assert SEVERAL.output_names == ("y0", "y1", "y2")


@pytest.mark.parametrize("card", [CARD, IRIS, SINE, SEVERAL])
def test_every_task_comes_back(card: Card) -> None:
    assert Card.from_json(card.to_json(), "x") == card
    assert Card.from_strings(card.to_strings(), "x") == card


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_comes_back(dtype: str) -> None:
    card = Card.of(network(), dtype)
    assert card.dtype == dtype
    assert Card.from_json(card.to_json(), "x") == card
    assert Card.from_strings(card.to_strings(), "x") == card


def test_a_card_is_of_float32_where_nobody_says() -> None:
    assert CARD.dtype == "float32"


def test_a_threshold_comes_back_to_the_bit() -> None:
    card = Card.of(network(threshold=np.float32(0.3)))
    again = Card.from_json(card.to_json(), "x")
    assert np.float32(again.threshold) == np.float32(0.3)
    assert again.threshold != 0.3


def test_metadata_of_others_beside_ours_is_left_alone() -> None:
    assert Card.from_strings({**CARD.to_strings(), "author": "me, {not json"}, "x") == CARD


@pytest.mark.parametrize("key", sorted(json.loads(CARD.to_json())))
def test_a_card_without_a_key(key: str) -> None:
    values = json.loads(CARD.to_json())
    del values[key]
    with pytest.raises(ModelError, match=rf"^m\.onnx: .*without {key}"):
        Card.from_json(json.dumps(values), "m.onnx")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 2),
        ("format", 4),
        ("format", "3"),
        ("dtype", "int4"),
        ("dtype", None),
        ("dtype", ["int8"]),
        ("task", "poetry"),
        ("task", ["binary"]),
        ("name", 5),
        ("targets", None),
        ("targets", "y"),
        ("targets", []),
        ("targets", [1]),
        ("version", 1.0),
        ("weights_sha256", 0),
        ("threshold", "0.5"),
        ("threshold", None),
        ("features", 8),
        ("features", "x0"),
        ("features", []),
        ("features", [1, 2]),
        ("features", [None]),
        ("features", [{}]),
        ("features", [{"name": "x", "fill": "1"}]),
        ("features", [{"name": "x", "fill": 10**400}]),
        ("features", [{"name": "x", "fill": 1e300}]),
        ("features", [{"name": "x", "categories": ["a"]}]),
        ("labels", None),
        ("labels", "01"),
        ("labels", [0, 1]),
        ("labels", ["0"]),
        ("labels", ["0", "1", "2"]),
        ("labels", []),
    ],
)
def test_a_card_that_makes_no_sense(key: str, value: object) -> None:
    values = {**json.loads(CARD.to_json()), key: value}
    with pytest.raises(ModelError, match=r"^m\.onnx: .*metadata"):
        Card.from_json(json.dumps(values), "m.onnx")
    with pytest.raises(ModelError, match=r"^m\.onnx: .*metadata"):
        Card.from_strings({name: json.dumps(item) for name, item in values.items()}, "m.onnx")


@pytest.mark.parametrize("text", ["", "{", "null", "5", "[]", '"name"', "\x00", "{}"])
def test_what_is_no_card(text: str) -> None:
    with pytest.raises(ModelError, match=r"^m\.onnx: "):
        Card.from_json(text, "m.onnx")


def test_a_newer_card_says_so() -> None:
    values = {**json.loads(CARD.to_json()), "format": 4}
    with pytest.raises(ModelError, match="format 4, this mlp-edge reads 3; a newer mlp-edge"):
        Card.from_json(json.dumps(values), "x")


# The label


def column(*values: float) -> np.ndarray:
    return np.array(values, np.float32)[:, None]


def test_a_tie_at_the_threshold_goes_to_the_first_label() -> None:
    above, below = np.nextafter(np.float32(0.5), [np.float32(1), np.float32(0)])
    assert choose(CARD, column(below, 0.5, above)) == ["class 0", "class 0", "class 1"]


@pytest.mark.parametrize("threshold", [0.3, 0.1, 0.7, 1 / 3])
def test_thresholds_are_compared_in_float32(threshold: float) -> None:
    # A card read from JSON may hold the float64 that somebody typed.
    card = replace(CARD, threshold=threshold)
    at = np.float32(threshold)
    predictions = column(np.nextafter(at, np.float32(0)), at, np.nextafter(at, np.float32(1)))
    assert choose(card, predictions) == ["class 0", "class 0", "class 1"]


def test_the_first_of_the_largest_wins() -> None:
    predictions = np.array([[1, 1, 0], [0, 1, 1], [1, 1, 1], [0, 0, 1]], np.float32)
    assert choose(IRIS, predictions) == ["class 0", "class 1", "class 0", "class 2"]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_no_label_for_what_is_no_number(bad: float) -> None:
    assert choose(CARD, column(bad, 0.9)) == [None, "class 1"]
    rows = np.array([[0, 1, 0], [0, 1, bad], [bad, 1, 0]], np.float32)
    assert choose(IRIS, rows) == ["class 1", None, None]


def test_a_regression_has_no_labels() -> None:
    assert choose(SINE, column(1, 2, np.nan)) == [None, None, None]


def test_no_rows_no_labels() -> None:
    assert choose(CARD, np.empty((0, 1), np.float32)) == []
    assert choose(IRIS, np.empty((0, 3), np.float32)) == []


def test_labels_of_few_rows_are_those_of_many() -> None:
    random = np.random.default_rng(1)
    for mlp in (network(), network((4, 3), task="multiclass")):
        card, width = Card.of(mlp), len(mlp.labels) if mlp.task == "multiclass" else 1
        rows = random.integers(0, 5, (3 * FEW, width)).astype(np.float32) / 4  # many are equal
        rows[::7] = np.nan
        rows[::11] = np.inf
        if mlp.task == "binary":
            rows[1::9] = np.float32(card.threshold)
        assert [choose(card, row[None])[0] for row in rows] == choose(card, rows)
