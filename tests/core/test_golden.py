"""Golden rows: made from what a model declares, answered within a proved bound, read back whole."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.header_models import MODELS
from support.networks import encoded, network
from support.quantised_networks import quantised

from mlp_edge.errors import ModelError
from mlp_edge.feature import Feature
from mlp_edge.integers import integer_reference
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.proof import c_replay
from mlp_edge.proof.bound import bound
from mlp_edge.proof.golden import (
    Golden,
    disagreement,
    golden,
    golden_integers,
    readings,
    rounded_up,
)
from mlp_edge.reference import predict

FEATURES = (
    Feature("a", 2.0, 8.0, fill=5.5, indicator=True),
    Feature("b", categories=("x", "y", "z"), codes=(4, 7, -1)),
    Feature("c", 1.0, 3.0, sentinel=-999.0),
    Feature("d"),
)
DECLARED = ({2, 5, 8}, {-1, 4, 7}, {1, 2, 3, -999}, {-1, 0, 1})
"""All that the features declare, by feature; NaN goes without saying."""


# The rows


def test_every_reading_is_one_that_the_card_declares() -> None:
    rows = golden(encoded(FEATURES)).rows
    for column, declared in zip(rows.T, DECLARED, strict=True):
        assert set(column[~np.isnan(column)].tolist()) <= declared
    assert np.isnan(rows).any()


def test_the_rows_do_not_depend_on_the_weights() -> None:
    one, other = encoded(FEATURES), encoded(FEATURES, hidden=(9, 9), outputs=3, seed=5)
    assert one.weights_sha256 != other.weights_sha256
    np.testing.assert_array_equal(golden(one).rows, golden(other).rows)
    assert not np.array_equal(
        golden(one).predictions, golden(other).predictions[:, :1], equal_nan=True
    )


def test_what_a_row_is_for() -> None:
    rows = {what: row.tolist() for what, row in readings(encoded(FEATURES)).items()}
    nan = pytest.approx(np.nan, nan_ok=True)
    assert rows == {
        "every reading at its lowest": [2, -1, 1, -1],
        "in the middle": [5, 4, 2, 0],
        "at its highest": [8, 7, 3, 1],
        "lowest and highest in turn": [2, 7, 1, 1],
        "highest and lowest in turn": [8, -1, 3, -1],
        "missing where it is filled": [nan, 4, 2, 0],
        "a sentinel where it has one": [5, 4, -999, 0],
        "[1] missing": [5, nan, 2, 0],
    }


def test_a_reading_that_processors_flush_is_zero() -> None:
    """Such a one may count as 0, and so as the sentinel that 0 is, or may not."""
    features = (Feature("x", 1e-40, 1.0, sentinel=0.0, fill=3.0), Feature("y", -1e-42, 1.0))
    rows = golden(encoded(features)).rows
    assert rows[0].tolist() == [0, 0]
    assert not np.signbit(rows[0]).any()


@pytest.mark.parametrize("end", [3e38, 1e300])
def test_rows_without_a_bound_are_left_out(end: float) -> None:
    features = (Feature("x", -end, end), Feature("y", -end, end))
    mlp = network((2, 3, 1), task="regression", standardised=False, features=features)
    everything = np.array([*readings(mlp).values()])
    proved = np.isfinite(bound(mlp, everything)).all(axis=1)
    assert 2 <= proved.sum() < 6
    made = golden(mlp)
    np.testing.assert_array_equal(made.rows, everything[proved])
    assert np.isfinite(made.bounds).all()


# The answers


@pytest.mark.parametrize("name", MODELS)
def test_answers_are_the_reference_and_bounds_are_proved(name: str) -> None:
    mlp = MODELS[name]
    rows, predictions, bounds = golden(mlp)
    exact = predict(mlp, rows)
    assert (rows.dtype, predictions.dtype, bounds.dtype) == (np.float32, np.float32, np.float64)
    np.testing.assert_array_equal(predictions, exact.astype(np.float32))
    rounding = np.nan_to_num(np.abs(predictions - exact))
    least = bound(mlp, rows) + rounding
    assert (bounds >= least).all()
    assert (bounds <= 1.1 * least).all()


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("fused", [False, True])
def test_sound_arithmetic_agrees(name: str, fused: bool) -> None:
    mlp = MODELS[name]
    assert disagreement(golden(mlp), lambda rows: c_replay.replay(mlp, rows, fused)) is None


def edited(mlp: Mlp, factor: float) -> Mlp:
    """The network with its largest weight times a factor."""
    largest = max(range(len(mlp.layers)), key=lambda n: np.abs(mlp.layers[n].weights).max())
    layer = mlp.layers[largest]
    weights = layer.weights.copy()
    place = np.unravel_index(np.abs(weights).argmax(), weights.shape)
    weights[place] *= np.float32(factor)
    layers = [*mlp.layers]
    layers[largest] = replace(layer, weights=weights)
    return replace(mlp, layers=tuple(layers))


@pytest.mark.parametrize("name", sorted(MODELS.keys() - {"penguins"}))  # a clip hides its answers
def test_a_weight_that_is_off_by_five_percent_is_found(name: str) -> None:
    mlp = MODELS[name]
    wrong = edited(mlp, 1.05)
    said = disagreement(golden(mlp), lambda rows: c_replay.replay(wrong, rows))
    assert said is not None
    assert said.startswith("golden row ")


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("name", sorted(MODELS.keys() - {"exponential_", "square_"}))
def test_golden_rows_in_integers_are_the_very_bits(name: str, dtype: str) -> None:
    mlp = MODELS[name]
    net = quantised(mlp, dtype)
    made = golden_integers(mlp, net)
    np.testing.assert_array_equal(made.rows, [*readings(mlp).values()])
    np.testing.assert_array_equal(
        made.predictions, integer_reference.predict_quantised(mlp, net, made.rows)
    )
    assert not made.bounds.any()
    assert (
        disagreement(made, lambda rows: integer_reference.predict_quantised(mlp, net, rows)) is None
    )
    nudged = np.nextafter(made.predictions, np.float32(np.inf))
    assert disagreement(made, lambda rows: nudged) is not None
    assert Golden.from_json(made.to_json(), "x").to_json() == made.to_json()


# A disagreement

ONE = Golden(
    rows=np.zeros((3, 2), np.float32),
    predictions=np.array([[1, 2], [np.nan, np.nan], [0, -3]], np.float32),
    bounds=np.array([[0.5, 0.25], [0, 0], [0, 1]], np.float64),
)


def answering(row: int, output: int, value: float) -> Floats:
    predictions = ONE.predictions.copy()
    predictions[row, output] = value
    return predictions


@pytest.mark.parametrize(
    ("row", "output", "value"),
    [(0, 0, 1.5), (0, 0, 0.5), (0, 1, 2.25), (2, 0, -0.0), (2, 1, -4), (2, 1, -2), (1, 0, np.nan)],
)
def test_an_answer_within_its_bound(row: int, output: int, value: float) -> None:
    assert disagreement(ONE, lambda rows: answering(row, output, value)) is None


@pytest.mark.parametrize(
    ("row", "output", "value", "said"),
    [
        (0, 0, 1.5000001, "row 1 of 3, output 1: 1.5000001 where 1.0 ± 0.5 belongs"),
        (0, 1, 1.7, "row 1 of 3, output 2: 1.7 where 2.0 ± 0.25 belongs"),
        (0, 0, np.nan, "row 1 of 3, output 1: nan where 1.0 ± 0.5 belongs"),
        (0, 0, np.inf, "row 1 of 3, output 1: inf where 1.0 ± 0.5 belongs"),
        (1, 1, 0.5, "row 2 of 3, output 2: 0.5 where nan ± 0 belongs"),
        (1, 0, np.inf, "row 2 of 3, output 1: inf where nan ± 0 belongs"),
        (2, 0, 1e-45, "row 3 of 3, output 1: 1e-45 where 0.0 ± 0 belongs"),
    ],
)
def test_an_answer_beyond_it(row: int, output: int, value: float, said: str) -> None:
    sentence = disagreement(ONE, lambda rows: answering(row, output, value))
    assert sentence == f"golden {said}"


def test_an_infinite_answer_that_is_expected() -> None:
    infinite = ONE._replace(predictions=np.full((3, 2), np.inf, np.float32))
    assert disagreement(infinite, lambda rows: infinite.predictions) is None
    assert disagreement(infinite, lambda rows: -infinite.predictions) is not None


def test_answers_of_another_shape() -> None:
    said = disagreement(ONE, lambda rows: ONE.predictions[:, :1])
    assert said == "predictions of shape (3, 1) where (3, 2) belongs"


# Text

floats = st.floats(width=32, allow_infinity=False)


@st.composite
def any_golden(draw: st.DrawFn) -> Golden:
    count, inputs, outputs = (draw(st.integers(1, 4)) for _ in range(3))
    bounds = st.floats(0, 1e300)
    return Golden(
        draw(arrays.arrays(np.float32, (count, inputs), elements=floats)),
        draw(arrays.arrays(np.float32, (count, outputs), elements=floats)),
        draw(arrays.arrays(np.float64, (count, outputs), elements=bounds)),
    )


@given(any_golden())
def test_any_rows_come_back_to_the_bit(made: Golden) -> None:
    text = made.to_json()
    assert text.isascii()
    assert "\n" not in text
    again = Golden.from_json(text, "m.onnx")
    for one, other in zip(made, again, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(np.signbit(one[one == 0]), np.signbit(other[one == 0]))


def test_no_row_at_all_comes_back() -> None:
    none = Golden(ONE.rows[:0], ONE.predictions[:0], ONE.bounds[:0])
    assert len(Golden.from_json(none.to_json(), "m.onnx").rows) == 0


WRITTEN = ONE.to_json()


def test_the_text() -> None:
    assert json.loads(WRITTEN) == {
        "rows": [[0, 0]] * 3,
        "answers": [[1, 2], [None, None], [0, -3]],
        "bounds": [[0.5, 0.25], [0, 0], [0, 1]],
    }
    tenth = Golden(*(np.full((1, 1), 0.1, kind) for kind in (np.float32, np.float32, np.float64)))
    assert tenth.to_json() == '{"rows": [[0.1]], "answers": [[0.1]], "bounds": [[0.1]]}'


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "5", "null", '"rows"', "{}", "[" * 100_000,
        WRITTEN[:-5],
        WRITTEN.replace("answers", "answer"),
        WRITTEN.replace("[[0.0, 0.0], ", "["),
        WRITTEN.replace("[0.5, 0.25]", "[0.5]"),
        WRITTEN.replace("[0.5, 0.25], [0.0, 0.0], [0.0, 1.0]", "[0.5], [0.0], [0.0]"),
        WRITTEN.replace("0.25", "-0.25"),
        WRITTEN.replace("0.25", "null"),
        WRITTEN.replace("0.25", "Infinity"),
        WRITTEN.replace("0.25", '"a quarter"'),
        WRITTEN.replace("0.25", "[]"),
        WRITTEN.replace("0.25", "1" + "0" * 400),
        WRITTEN.replace("[1.0, 2.0]", "5"),
        WRITTEN.replace("[1.0, 2.0]", "{}"),
    ],
)  # fmt: skip
def test_damaged_text(text: str) -> None:
    with pytest.raises(ModelError, match=r"^m\.onnx: its golden rows are damaged \(.+\)$"):
        Golden.from_json(text, "m.onnx")


@given(st.floats(0, allow_infinity=True))
def test_rounding_up_to_two_digits(value: float) -> None:
    [rounded] = rounded_up(np.array([value])).tolist()
    assert rounded >= value
    assert float(f"{rounded:.1e}") == rounded
    if 1e-300 < value < 1e300:
        assert rounded <= 1.1 * value
