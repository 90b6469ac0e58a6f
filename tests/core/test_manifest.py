"""model.json: it comes back as it was, and damage is named."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from support.manifests import MANIFEST

from mlp_edge.errors import ModelError
from mlp_edge.files.manifest import OPTIONAL, Manifest
from mlp_edge.finding import Finding


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
    assert (again.targets, again.labels) == (MANIFEST.targets, MANIFEST.labels)
    assert again.warnings == MANIFEST.warnings
    assert again.to_json() == MANIFEST.to_json()
    assert json.loads(MANIFEST.to_json())["recipe"]["hidden"] == [12, 8]


def test_a_regression_comes_back_with_its_clip_and_scale() -> None:
    changes = {
        "task": "regression", "labels": (), "targets": ("price", "rent"), "prior": [3e5, 900.0],
        "clip": (0.0, 1e6), "target_scale": {"mean": [3e5, 9e2], "deviation": [8e4, 2e2]},
    }  # fmt: skip
    regression = Manifest(**{**vars(MANIFEST), **changes})
    again = Manifest.from_json(regression.to_json(), "x")
    assert (again.targets, again.clip) == (("price", "rent"), (0.0, 1e6))
    assert again.target_scale == changes["target_scale"]
    assert again.to_json() == regression.to_json()


def test_features_say_their_kind_and_what_a_missing_reading_does() -> None:
    age, ward, odd = json.loads(MANIFEST.to_json())["features"]
    assert age == {
        "name": "age", "low": 21.0, "high": 81.0, "unit": "years", "kind": "number",
        "missing": "rejected",
    }  # fmt: skip
    assert (ward["kind"], ward["missing"]) == ("category", "filled")
    assert (ward["categories"], ward["codes"]) == (["a", "b"], [3, 7])
    assert (ward["fill"], ward["indicator"]) == (7.0, True)
    assert (odd["sentinel"], odd["missing_words"]) == (-1.0, ["unread"])


def test_warnings_stand_with_kind_and_evidence() -> None:
    says = "column 'ward': 2 of 768 readings missing"
    told = [{"kind": "missing", "says": says, "columns": []}]
    assert json.loads(MANIFEST.to_json())["warnings"] == told
    found = [Finding("missing", says, ("ward", "age"))]
    again = replace(MANIFEST, warnings=found)
    assert Manifest.from_json(again.to_json(), "m").warnings == found
    before = json.loads(again.to_json())
    del before["warnings"][0]["columns"]
    assert Manifest.from_json(json.dumps(before), "m").warnings == [Finding("missing", says)]


def test_the_format_stands_first() -> None:
    assert MANIFEST.to_json().startswith('{\n  "format": 2,\n')


def test_what_is_no_number_becomes_null() -> None:
    scores = {"test": {"mlp": {"auc": float("nan"), "r2": [float("-inf")]}}}
    text = Manifest(**{**vars(MANIFEST), "scores": scores}).to_json()
    assert json.loads(text, parse_constant=pytest.fail)["scores"] == {
        "test": {"mlp": {"auc": None, "r2": [None]}}
    }


def test_a_table_whose_name_is_no_text_leaves_a_manifest_that_can_be_read() -> None:
    values = {"table": "tab\udc9b.csv", "missing_targets": {"y\udc9b": ("\udc9b",)}}
    again = Manifest.from_json(Manifest(**{**vars(MANIFEST), **values}).to_json(), "x")
    assert again.table == r"tab\udc9b.csv"
    assert again.missing_targets == {r"y\udc9b": (r"\udc9b",)}


def test_keys_of_a_later_version_are_left_alone() -> None:
    text = text_with(**{"added later": 1})
    assert Manifest.from_json(text, "x").to_json() == MANIFEST.to_json()


@pytest.mark.parametrize("key", sorted(set(json.loads(MANIFEST.to_json())) - set(OPTIONAL)))
def test_a_key_that_is_missing(key: str) -> None:
    values = json.loads(MANIFEST.to_json())
    del values[key]
    message = refused(json.dumps(values))
    assert ("format None" if key == "format" else f"without {key}") in message


def test_a_model_of_before_has_no_folds_and_no_search() -> None:
    values = json.loads(MANIFEST.to_json())
    for key in {*OPTIONAL} & {*values}:
        del values[key]
    assert Manifest.from_json(json.dumps(values), "x").to_json() == MANIFEST.to_json()


@pytest.mark.parametrize(
    ("version", "remedy"),
    [
        (3, "a newer mlp-edge"),
        (1, "train the model again"),
        (0, "train the model again"),
        ("2", "train the model again"),
    ],
)
def test_another_format(version: object, remedy: str) -> None:
    message = refused(text_with(format=version))
    assert f"format {version!r}, this mlp-edge reads 2" in message
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
    if key in (
        "baseline", "target_scale", "cross_validation", "tuning", "fit", "inner_folds",
        "split",
    ):  # fmt: skip
        assert getattr(Manifest.from_json(text_with(**{key: {"x": 1}}), "x"), key) == {"x": 1}
        value = value or "text"
        if isinstance(value, dict):
            value = [value]
    elif key in ("clip", "pruned"):
        value = value or "text"
    elif isinstance(value, KINDS[key]):
        value = True if KINDS[key] is dict else {"x": 1}
    refused(text_with(**{key: value}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("given", {"drop": [1]}),
        ("given", {"sep": None}),
        ("given", {"missing": {"a": 0}}),
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
        ("targets", [0]),
        ("targets", [None]),
        ("clip", []),
        ("clip", [1]),
        ("clip", [1, 2, 3]),
        ("clip", ["low", "high"]),
        ("clip", [None, 1]),
        ("warnings", ["text"]),
        ("warnings", [{"kind": "missing"}]),
        ("warnings", [{"kind": "missing", "says": "so", "row": 1}]),
    ],
)
def test_a_value_that_holds_nonsense(key: str, value: object) -> None:
    refused(text_with(**{key: value}))


@pytest.mark.parametrize(
    "features",
    [
        [{"low": 0, "high": 1}],
        [{"name": 1, "low": 0, "high": 1}],
        [{"name": "a", "low": "0", "high": 1}],
        [{"name": "a", "low": 0, "high": 1, "unit": 5}],
        [{"name": "a", "colour": "red"}],
        [{"name": "a", "categories": ["x"], "codes": []}],
        [{"name": "a", "categories": ["x"], "codes": [0], "fill": 1}],
        ["a"],
        [None],
    ],
)
def test_features_that_make_no_sense(features: list[object]) -> None:
    refused(text_with(features=features))


@pytest.mark.parametrize("name", ["../pima", "Pima", "", "a b", "x" * 99])
def test_a_name_that_is_none(name: str) -> None:
    assert "cannot name a model" in refused(text_with(name=name))


CLASSES = {"task": "multiclass", "labels": ["a", "b", "c"], "prior": [0.5, 0.25, 0.25]}
VALUES = {"task": "regression", "labels": [], "targets": ["price", "rent"], "prior": [-3e5, 900.0]}


@pytest.mark.parametrize("task", [{}, CLASSES, VALUES], ids=["binary", "multiclass", "regression"])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"targets": []}, "0 targets"),
        ({"targets": ["x", "y", "z"]}, "3 targets"),
        ({"targets": ["x", "x"]}, "name 'x' twice"),
        ({"targets": ["age"]}, "name 'age' twice"),
        ({"features": [{"name": "a", "low": 0, "high": 1}] * 2}, "name 'a' twice"),
        ({"pruned": {"units": 3, "idle": 2, "dead": 2}}, "more hidden units were pruned"),
        ({"pruned": {"units": 3, "idle": -1, "dead": 2}}, "idle"),
        ({"monotone": {"ward": "+"}}, "monotone in 'ward', which is no number"),
        ({"monotone": {"age": 1}}, "monotone in 'age', which is no number or has no direction"),
        ({"labels": ["a", "b", "c", "d"]}, "4 labels"),
        ({"prior": []}, "0 prior values"),
    ],
    ids=str,
)
def test_what_is_right_alone_and_wrong_together(
    task: dict[str, Any], change: dict[str, Any], says: str
) -> None:
    Manifest.from_json(text_with(**task), "x")
    assert says in refused(text_with(**{**task, **change}))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"labels": ["a", "a"]}, "two classes have the same label"),
        ({**CLASSES, "labels": ["a", "b", "a"]}, "two classes have the same label"),
        ({"prior": [-0.1]}, "no share of the rows"),
        ({"prior": [1.5]}, "no share of the rows"),
        ({**CLASSES, "prior": [0.5, 0.75, -0.25]}, "no share of the rows"),
        ({**CLASSES, "prior": [0.5, 0.75, 0.25]}, "no share of the rows"),
    ],
)
def test_classes_that_make_no_sense(change: dict[str, Any], says: str) -> None:
    assert says in refused(text_with(**change))
