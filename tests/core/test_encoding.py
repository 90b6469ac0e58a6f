"""Features, and how raw readings become what the first layer takes."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.feature_strategies import FEATURES, feature, features_and_rows, stress_values

from mlp_edge.encoding import Encoding, input_names
from mlp_edge.errors import ModelError
from mlp_edge.feature import LARGEST_CODE, Feature
from mlp_edge.mlp import Rows
from mlp_edge.readers.keras_graph import features_of

# The encoding


def encoded_by_hand(features: Sequence[Feature], row: Sequence[float]) -> list[float] | None:
    """One row of inputs, as the documentation has it; None when the answer to it is NaN."""
    numbers, indicators, categories = [], [], []
    rejected = False
    for one, reading in zip(features, row, strict=True):
        missing = reading != reading or (one.sentinel is not None and reading == one.sentinel)
        value = reading
        if missing:
            rejected |= one.fill is None
            value = math.nan if one.fill is None else one.fill
        if one.indicator:
            indicators.append(1.0 if missing else 0.0)
        if one.codes:
            categories += [1.0 if value == code else 0.0 for code in one.codes]
        else:
            numbers.append(value)
    return None if rejected else [*numbers, *indicators, *categories]


@given(features_and_rows())
def test_rows_are_encoded_as_by_hand(drawn: tuple[tuple[Feature, ...], Rows]) -> None:
    features, rows = drawn
    encoding = Encoding.of(features)
    inputs, rejected = encoding.encode(rows), encoding.rejected(rows)
    assert inputs.shape == (len(rows), encoding.width)
    assert inputs.dtype == np.float32
    for row, got, no_answer in zip(rows.tolist(), inputs.tolist(), rejected, strict=True):
        expected = encoded_by_hand(features, row)
        assert no_answer == (expected is None)
        assert expected is None or got == expected


@given(features_and_rows())
def test_nothing_rounds(drawn: tuple[tuple[Feature, ...], Rows]) -> None:
    features, rows = drawn
    encoding = Encoding.of(features)
    doubles = encoding.encode(rows.astype(np.float64))
    assert doubles.dtype == np.float64
    assert np.array_equal(doubles, encoding.encode(rows).astype(np.float64), equal_nan=True)


@given(FEATURES)
def test_an_encoding_says_which_features_it_is_of(features: tuple[Feature, ...]) -> None:
    encoding = Encoding.of(features)
    again = Encoding.of(features_of(encoding))
    for name, array in vars(encoding).items():
        assert np.array_equal(array, getattr(again, name), equal_nan=True), name
        assert array.dtype == getattr(again, name).dtype, name


@given(FEATURES)
def test_every_input_has_a_name_and_every_property_holds(features: tuple[Feature, ...]) -> None:
    encoding = Encoding.of(features)
    assert len(input_names(features)) == encoding.width
    assert encoding.features == len(features)
    assert encoding.imputes == any(one.fill is not None for one in features)
    assert encoding.rejects == any(one.fill is None for one in features)
    assert encoding.has_sentinels == any(one.sentinel is not None for one in features)


def test_plain_is_what_changes_no_reading() -> None:
    plain = Feature("x", 0.0, 1.0, unit="mm")
    assert Encoding.of((plain, plain)).plain
    for other in (
        Feature("x", fill=0.0), Feature("x", sentinel=0.0), Feature("x", indicator=True),
        Feature("x", categories=("a",), codes=(0,)),
    ):  # fmt: skip
        assert not Encoding.of((plain, other)).plain


def test_the_order_of_the_inputs() -> None:
    features = (
        Feature("colour", categories=("red", "blue"), codes=(7, -1), fill=7.0, indicator=True),
        Feature("age"),
        Feature("sex", categories=("f", "m"), codes=(0, 1)),
        Feature("mass", sentinel=0.0, fill=70.0, indicator=True),
    )
    assert input_names(features) == (
        "age", "mass", "colour missing", "mass missing",
        "colour = red", "colour = blue", "sex = f", "sex = m",
    )  # fmt: skip
    row = np.array([[np.nan, 30, 1, 0]], np.float32)
    assert Encoding.of(features).encode(row).tolist() == [[30, 70, 1, 1, 1, 0, 0, 1]]


# One feature


@given(feature())
def test_a_feature_comes_back_through_json(one: Feature) -> None:
    assert Feature.from_dict(json.loads(json.dumps(one.to_dict()))) == one


def test_a_feature_says_no_more_than_it_has_to() -> None:
    assert Feature("x").to_dict() == {"name": "x"}
    assert Feature("x", fill=0.0).to_dict() == {"name": "x", "fill": 0.0}


@given(feature(), st.data())
def test_a_reading_comes_back_from_its_cell(one: Feature, data: st.DataObject) -> None:
    for value in (data.draw(st.sampled_from(stress_values(one))), data.draw(st.floats(width=32))):
        reading = np.float32(value)
        cell = one.write(reading)
        if cell in one.categories and reading not in one.codes:
            continue  # a level whose name is a number that is not its code
        assert np.array_equal(np.float32(one.read(cell)), reading, equal_nan=True)


def test_cells_hold_names_and_nothing_where_a_reading_is_missing() -> None:
    one = Feature("colour", categories=("red", "3"), codes=(3, 4))
    assert [one.write(value) for value in (3.0, np.float32(4), math.nan)] == ["red", "3", ""]
    assert [one.read(cell) for cell in ("red", "3", "1.5")] == [3.0, 4.0, 1.5]
    assert math.isnan(one.read(""))
    with pytest.raises(ValueError, match="green"):
        one.read("green")


@given(feature())
def test_an_unknown_code_is_none_of_the_known(one: Feature) -> None:
    code = float(np.float32(one.unknown_code))
    assert code not in one.codes
    assert not one.missing(code)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"sentinel": math.nan}, "its sentinel, nan, is no float32 number"),
        ({"sentinel": math.inf}, "its sentinel, inf"),
        ({"sentinel": 0.1}, "its sentinel, 0.1"),
        ({"fill": 2.0**24 + 1}, "its fill"),
        ({"fill": math.nan}, "its fill, nan"),
        ({"categories": ("a",)}, "0 codes for 1 categories"),
        ({"codes": (0,)}, "1 codes for 0 categories"),
        ({"unit": "\ud800"}, r"'\ud800' is text with half a character"),
        ({"missing_words": ("na", "\udc9b")}, r"'\udc9b' is text with half a character"),
        ({"categories": ("a\udc9b",), "codes": (0,)}, r"'a\udc9b' is text with half a character"),
        ({"categories": ("a", "a"), "codes": (0, 1)}, "two of its categories are the same"),
        ({"categories": ("a", "b"), "codes": (1, 1)}, "two of its codes are the same"),
        ({"categories": ("a",), "codes": (LARGEST_CODE + 1,)}, "beyond 2^24"),
        ({"categories": ("a",), "codes": (-LARGEST_CODE - 1,)}, "beyond 2^24"),
        ({"categories": ("a",), "codes": (0,), "fill": 1.0}, "its fill, 1, is none of its codes"),
        ({"categories": ("a",), "codes": (0,), "sentinel": 0.0}, "is one of its codes"),
    ],
)
def test_a_feature_that_makes_no_sense(fields: dict[str, object], said: str) -> None:
    with pytest.raises(ModelError) as caught:
        Feature("x", **fields)  # type: ignore[arg-type]
    assert said in str(caught.value)
    assert str(caught.value).startswith("'x': ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {}, {"low": 1.0}, {"name": 5}, {"name": None}, {"name": "x", "size": 1},
        {"name": "x", "low": "1"}, {"name": "x", "low": None}, {"name": "x", "low": True},
        {"name": "x", "unit": 5}, {"name": "x", "indicator": 1}, {"name": "x", "fill": [1.0]},
        {"name": "x", "sentinel": "0"}, {"name": "x", "sentinel": True},
        {"name": "x", "categories": "ab", "codes": [0, 1]},
        {"name": "x", "categories": ["a", 1], "codes": [0, 1]},
        {"name": "x", "categories": ["a"], "codes": [0.0]},
        {"name": "x", "categories": ["a"], "codes": [True]},
        {"name": "x", "categories": ["a"], "codes": {"0": 1}},
    ],
)  # fmt: skip
def test_what_is_no_feature(values: dict[str, object]) -> None:
    with pytest.raises((TypeError, ModelError)):
        Feature.from_dict(values)


@pytest.mark.parametrize("values", [None, 5, "x", ["name"]])
def test_what_is_no_record_at_all(values: object) -> None:
    with pytest.raises(TypeError):
        Feature.from_dict(values)  # type: ignore[arg-type]


@pytest.mark.parametrize("values", [{"sentinel": 1e300}, {"fill": -1e300}, {"fill": 10**400},
                                    {"sentinel": -(10**400)}, {"low": 10**400}, {"high": math.inf},
                                    {"low": math.nan}])  # fmt: skip
def test_a_number_that_is_too_large_is_refused(values: dict[str, object]) -> None:
    with pytest.raises((TypeError, ModelError)):
        Feature.from_dict({"name": "x", **values})
