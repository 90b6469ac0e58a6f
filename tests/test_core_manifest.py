"""model.json: it comes back as it was, and damage is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlp_edge.errors import ModelError
from mlp_edge.manifest import Manifest
from mlp_edge.mlp import Feature

MANIFEST = Manifest(
    name="pima",
    table="dir/pïma.csv",
    features=(Feature("age", 21.0, 81.0), Feature('odd "name"\n')),
    target="diabetes",
    labels=("no", "yes"),
    task="binary",
    threshold=0.5,
    seed=7,
    recipe={"hidden": (12, 8), "momentum": None},
    rows={"training": 614, "validation": 0, "test": 154},
    sample="held-out",
    scores={"test": {"mlp": {"accuracy": 0.75}}},
    baseline=None,
    prior=[0.35],
    versions={"mlp-edge": "0.1.0"},
    sha256={"data": "d", "weights": "w"},
    exports={"pima.h": "h"},
)


def text_with(**changes: Any) -> str:
    return json.dumps({**json.loads(MANIFEST.to_json()), **changes})


def refused(text: str) -> str:
    with pytest.raises(ModelError) as caught:
        Manifest.from_json(text, "model/model.json")
    message = str(caught.value)
    assert message.startswith("model/model.json: ")
    assert "\n" not in message
    return message


def test_it_comes_back() -> None:
    again = Manifest.from_json(MANIFEST.to_json(), "x")
    assert again.features == MANIFEST.features
    assert again.labels == MANIFEST.labels
    assert again.to_json() == MANIFEST.to_json()
    assert json.loads(MANIFEST.to_json())["recipe"]["hidden"] == [12, 8]


def test_the_format_stands_first() -> None:
    assert MANIFEST.to_json().startswith('{\n  "format": 1,\n')


def test_what_is_no_number_becomes_null() -> None:
    scores = {"test": {"mlp": {"auc": float("nan"), "r2": [float("-inf")]}}}
    text = Manifest(**{**vars(MANIFEST), "scores": scores}).to_json()
    assert json.loads(text, parse_constant=pytest.fail)["scores"] == {
        "test": {"mlp": {"auc": None, "r2": [None]}}
    }


def test_keys_of_a_later_version_are_left_alone() -> None:
    text = text_with(**{"added later": 1})
    assert Manifest.from_json(text, "x").to_json() == MANIFEST.to_json()


@pytest.mark.parametrize("key", sorted(json.loads(MANIFEST.to_json())))
def test_a_key_that_is_missing(key: str) -> None:
    values = json.loads(MANIFEST.to_json())
    del values[key]
    message = refused(json.dumps(values))
    assert ("format None" if key == "format" else f"without {key}") in message


@pytest.mark.parametrize(
    ("version", "remedy"),
    [(2, "a newer mlp-edge"), (0, "train the model again"), ("1", "train the model again")],
)
def test_another_format(version: object, remedy: str) -> None:
    message = refused(text_with(format=version))
    assert f"format {version!r}, this mlp-edge reads 1" in message
    assert remedy in message


@pytest.mark.parametrize("text", ["", "{", "null", "5", "[]", '"x"', "\0", "not json", "[" * 9999])
def test_what_is_no_manifest(text: str) -> None:
    assert "not a model.json, or a damaged one" in refused(text)


KINDS = {
    key: (int, float) if key == "threshold" else type(value)
    for key, value in json.loads(MANIFEST.to_json()).items()
}


@pytest.mark.parametrize("value", [None, 5, 0.5, "text", [1], {"x": 1}], ids=repr)
@pytest.mark.parametrize("key", sorted(KINDS))
def test_a_value_of_another_kind(key: str, value: object) -> None:
    if key == "baseline":
        assert Manifest.from_json(text_with(baseline={"x": 1}), "x").baseline == {"x": 1}
        value = value or "text"
        if isinstance(value, dict):
            value = [value]
    elif isinstance(value, KINDS[key]):
        value = True if KINDS[key] is dict else {"x": 1}
    refused(text_with(**{key: value}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("labels", [0, 1]),
        ("labels", [None]),
        ("exports", {"pima.h": 5}),
        ("exports", {"pima.h": None}),
        ("sha256", {}),
        ("sha256", {"data": "d"}),
        ("sha256", {"data": "d", "weights": 5}),
        ("prior", ["a"]),
        ("prior", [None]),
        ("prior", [[0.5]]),
        ("task", "poetry"),
    ],
)
def test_a_value_that_holds_nonsense(key: str, value: object) -> None:
    refused(text_with(**{key: value}))


@pytest.mark.parametrize(
    "features",
    [
        [{"name": "a"}],
        [{"name": 1, "low": 0, "high": 1}],
        [{"name": "a", "low": "0", "high": 1}],
        [{"name": "a", "low": 0, "high": 1, "unit": "kg"}],
        ["a"],
        [None],
    ],
)
def test_features_that_make_no_sense(features: list[object]) -> None:
    refused(text_with(features=features))


@pytest.mark.parametrize("name", ["../pima", "Pima", "", "a b", "x" * 99])
def test_a_name_that_is_none(name: str) -> None:
    assert "cannot name a model" in refused(text_with(name=name))
