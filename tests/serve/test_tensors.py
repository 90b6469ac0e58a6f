"""Requests of the Open Inference Protocol as text and bytes: read right, or refused."""

from __future__ import annotations

import json
import struct
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import encoded

from mlp_edge.card import Card
from mlp_edge.feature import Feature
from mlp_edge.serve.oip import Request, described, outputs_of, read_request, response
from mlp_edge.serve.request_error import RequestError
from mlp_edge.serve.scoring import Scored
from mlp_edge.serve.tensors import NUMBERS

FEATURES = (Feature("mass", 0.0, 9.0), Feature("colour", categories=("red", "blue"), codes=(0, 1)))
CARD = replace(Card.of(encoded(FEATURES)), task="binary", labels=("no", "yes"))
ONE = {"name": "features", "shape": [2, 2], "datatype": "FP32", "data": [1, 0, 2.5, None]}
MASS: dict[str, Any] = {"name": "mass", "shape": [2], "datatype": "FP64", "data": [1, 2.5]}
COLOUR = {"name": "colour", "shape": [2, 1], "datatype": "BYTES", "data": [["red"], ["pink"]]}


def read(request: Any, raw: bytes | None = None) -> Request:
    text = json.dumps(request).encode()
    if raw is None:
        return read_request(text, None, CARD)
    return read_request(text + raw, str(len(text)), CARD)


def test_all_features_in_one_tensor() -> None:
    for data in (ONE["data"], [[1, 0], [2.5, None]]):
        found = read({"inputs": [{**ONE, "data": data}], "id": "7"})
        np.testing.assert_array_equal(found.rows, [[1, 0], [2.5, np.nan]])
        assert found.id == "7"
        assert [output.name for output in found.outputs] == [*outputs_of(CARD)]


def test_a_tensor_for_each_feature() -> None:
    found = read({"inputs": [COLOUR, MASS]})
    assert found.rows["mass"].tolist() == [1, 2.5]
    assert found.rows["colour"].tolist() == ["red", "pink"]


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_of_every_type_as_bytes(kind: str) -> None:
    values = np.array([[1, 0], [1, 1]], NUMBERS[kind])
    tensor = {"name": "features", "shape": [2, 2], "datatype": kind,
              "parameters": {"binary_data_size": values.nbytes}}  # fmt: skip
    found = read({"inputs": [tensor]}, values.tobytes())
    np.testing.assert_array_equal(found.rows, values)
    assert found.rows.dtype == values.dtype


def test_texts_as_bytes() -> None:
    raw = b"".join(struct.pack("<I", len(text)) + text for text in (b"red", b"", "grün".encode()))
    texts = {"name": "colour", "shape": [3], "datatype": "BYTES",
             "parameters": {"binary_data_size": len(raw)}}  # fmt: skip
    numbers = {"name": "mass", "shape": [3], "datatype": "FP32",
               "parameters": {"binary_data_size": 12}}  # fmt: skip
    found = read({"inputs": [texts, numbers]}, raw + struct.pack("<3f", 1, 2, 3))
    assert found.rows["colour"].tolist() == ["red", "", "grün"]
    assert found.rows["mass"].tolist() == [1, 2, 3]


def without(tensor: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in tensor.items() if name not in names}


REFUSED: dict[str, tuple[Any, str]] = {
    "no object": ([], "an object with inputs"),
    "no inputs": ({"inputs": {}}, "an object with inputs"),
    "a text for an input": ({"inputs": ["x"]}, "no object"),
    "no name": ({"inputs": [without(ONE, "name")]}, "without a name"),
    "no datatype": ({"inputs": [without(ONE, "datatype")]}, "the datatype None"),
    "no shape": ({"inputs": [without(ONE, "shape")]}, "the shape None"),
    "three dimensions": ({"inputs": [{**ONE, "shape": [1, 2, 2]}]}, "[rows, columns] would do"),
    "a shape below 0": ({"inputs": [{**ONE, "shape": [-2, -2]}]}, "[rows, columns] would do"),
    "a huge shape": ({"inputs": [{**ONE, "shape": [2**31, 2]}]}, "[rows, columns] would do"),
    "no data": ({"inputs": [without(ONE, "data")]}, "has no data"),
    "too few": ({"inputs": [{**ONE, "data": [1]}]}, "holds 1 values, its shape [2, 2] 4"),
    "ragged": ({"inputs": [{**ONE, "data": [[1, 2], [3]]}]}, "nested otherwise"),
    "nested deeper": ({"inputs": [{**ONE, "data": [[1, 2], [3, [4]]]}]}, "something else"),
    "a text among numbers": ({"inputs": [{**ONE, "data": [1, 2, 3, "4"]}]}, "something else"),
    "true among numbers": ({"inputs": [{**ONE, "data": [1, 2, 3, True]}]}, "something else"),
    "a fraction among integers": (
        {"inputs": [{**ONE, "datatype": "INT8", "data": [1, 2, 3, 0.5]}]}, "something else",
    ),
    "an integer too large": (
        {"inputs": [{**ONE, "datatype": "INT8", "data": [1, 2, 3, 300]}]}, "no INT8",
    ),
    "texts for features": (
        {"inputs": [{**ONE, "datatype": "BYTES", "data": ["1"] * 4}]}, "takes numbers",
    ),
    "a feature is missing": ({"inputs": [MASS]}, "got ['mass']"),
    "a feature twice": ({"inputs": [MASS, COLOUR, MASS]}, "one for each feature"),
    "another name": ({"inputs": [{**ONE, "name": "x"}]}, "got ['x']"),
    "wide columns": ({"inputs": [{**MASS, "shape": [1, 2]}, COLOUR]}, "takes the shape [rows]"),
    "no such output": ({"inputs": [ONE], "outputs": [{"name": "x"}]}, "no output 'x'"),
    "an output twice": ({"inputs": [ONE], "outputs": [{"name": "label"}] * 2}, "twice"),
    "outputs of text": ({"inputs": [ONE], "outputs": "label"}, "outputs is an array"),
    "an id of a number": ({"inputs": [ONE], "id": 3}, "the id is a text"),
    "a parameter of text": (
        {"inputs": [ONE], "parameters": {"binary_data_output": "yes"}}, "true or false",
    ),
    "bytes that are not there": (
        {"inputs": [{**without(ONE, "data"), "parameters": {"binary_data_size": 16}}]},
        "lacks some",
    ),
    "a size below 0": (
        {"inputs": [{**without(ONE, "data"), "parameters": {"binary_data_size": -1}}]}, "size -1",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_told(request_: Any, says: str) -> None:
    with pytest.raises(RequestError) as caught:
        read(request_)
    assert caught.value.status == 400
    assert says in caught.value.reason


def test_wrong_bytes_are_told() -> None:
    short = {**without(ONE, "data"), "parameters": {"binary_data_size": 15}}
    texts = {"name": "colour", "shape": [1], "datatype": "BYTES",
             "parameters": {"binary_data_size": 5}}  # fmt: skip
    for inputs, raw, says in (
        ([short], bytes(15), "3.75 values"),
        ([ONE], b"more", "4 bytes behind"),
        ([texts], b"\x09\0\0\0x", "cut short"),
        ([texts], b"\x01\0\0\0\xff", "no UTF-8"),
    ):
        with pytest.raises(RequestError) as caught:
            read({"inputs": inputs}, raw)
        assert says in caught.value.reason
    for length in ("-1", "9" * 30, "x", "10000", "¹"):
        with pytest.raises(RequestError, match="Inference-Header-Content-Length"):
            read_request(b"{}", length, CARD)


@given(st.binary(max_size=200), st.none() | st.integers(0, 250).map(str))
@settings(max_examples=200)
def test_noise_is_refused_or_read(body: bytes, length: str | None) -> None:
    with suppress(RequestError):
        read_request(body, length, CARD)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
TENSOR = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["features", "mass", "colour"]) | JSON,
        "shape": st.lists(st.integers(0, 3), min_size=1, max_size=2) | JSON,
        "datatype": st.sampled_from([*NUMBERS, "BYTES"]) | JSON,
        "data": st.lists(st.integers(0, 1), max_size=6) | JSON,
        "parameters": st.dictionaries(st.just("binary_data_size"), st.integers(-1, 20)) | JSON,
    },
)


@given(st.lists(TENSOR, max_size=3), st.none() | JSON, st.binary(max_size=20))
@settings(max_examples=400)
def test_almost_right_requests_are_refused_or_read(inputs: Any, outputs: Any, raw: bytes) -> None:
    with suppress(RequestError):
        read({"inputs": inputs, "outputs": outputs}, raw)


def test_the_response_in_json_and_in_bytes() -> None:
    predictions = np.array([[0.25], [np.nan]], np.float32)
    scored = Scored(np.zeros((2, 2), np.float32), predictions, ["no", None])
    labels = {"name": "label", "parameters": {"binary_data": False}}
    request = read({"inputs": [ONE], "id": "a"})
    body, length = response(request, CARD, "1", scored)
    assert length is None
    told = json.loads(body)
    assert (told["id"], told["model_version"]) == ("a", "1")
    assert [output["data"] for output in told["outputs"]] == [[0.25, None], ["no", None]]
    request = read(
        {"inputs": [ONE], "outputs": [labels, {"name": "probability"}],
         "parameters": {"binary_data_output": True}}
    )  # fmt: skip
    body, length = response(request, CARD, "1", scored)
    told = json.loads(body[:length])
    assert [output["name"] for output in told["outputs"]] == ["label", "probability"]
    assert told["outputs"][1]["parameters"] == {"binary_data_size": 8}
    np.testing.assert_array_equal(np.frombuffer(body[length:], "<f4"), predictions.ravel())


def test_the_metadata_names_what_is_taken() -> None:
    told = described(CARD, "1", "onnxruntime")
    assert told["inputs"] == [{"name": "features", "datatype": "FP32", "shape": [-1, 2]}]
    assert [each["datatype"] for each in told["parameters"]["inputs_by_name"]] == ["FP32", "BYTES"]
    assert [each["name"] for each in told["outputs"]] == ["probability", "label"]
