"""exports/NAME_int8.json: every bit comes back, and no damage makes a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.networks import encoded, network, readings
from support.quantised_networks import quantised

from mlp_edge.errors import ModelError
from mlp_edge.feature import Feature
from mlp_edge.integers.activation_tables import ActivationTable, PolynomialTable
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.integers.quantised import Inputs, Quantised
from mlp_edge.integers.quantised_file import (
    QuantisationParameters,
    parameters_name,
    read_parameters,
    rows_sha256,
)
from mlp_edge.mlp import Mlp

MIXED = (
    Feature("length", fill=2.5, indicator=True),
    Feature("sex", categories=("f", "m"), codes=(0, 1), fill=1.0),
)
MODELS: dict[str, Mlp] = {
    "binary": network((8, 12, 8, 1)),
    "hidden tables": network((3, 5, 4, 2), "tanh", "regression"),
    "multiclass": network((4, 6, 3), task="multiclass"),
    "encoded": encoded(MIXED, outputs=2),
}
DTYPES = ("int8", "int16", "int24")


def numbers_of(mlp: Mlp, dtype: str = "int8", **report: Any) -> QuantisationParameters:
    rows = readings(mlp, 20)
    return QuantisationParameters(
        quantised(mlp, dtype), mlp.weights_sha256, rows_sha256(rows), report
    )


TANH = MODELS["hidden tables"]
WRITTEN = numbers_of(TANH, flips=3).to_json()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", MODELS)
def test_all_of_it_comes_back(name: str, dtype: str) -> None:
    mlp = MODELS[name]
    made = numbers_of(mlp, dtype, flips=2, metrics={"accuracy": 0.75})
    again = QuantisationParameters.from_json(made.to_json(), "x")
    assert again.to_json() == made.to_json()
    assert again[1:] == made[1:]
    assert_same(again.quantised, made.quantised)
    rows = readings(mlp, 50)
    before, after = (predict_quantised(mlp, which.quantised, rows) for which in (made, again))
    assert before.tobytes() == after.tobytes()


def assert_same(one: Quantised, other: Quantised) -> None:
    """Every array of one type and of the same bits."""
    assert (one.dtype, one.softmax) == (other.dtype, other.softmax)
    pairs = [(vars(one) | one.inputs._asdict(), vars(other) | other.inputs._asdict())]
    pairs += [(vars(a), vars(b)) for a, b in zip(one.layers, other.layers, strict=True)]
    for first, second in pairs:
        for key, value in first.items():
            if isinstance(value, np.ndarray):
                assert value.dtype == second[key].dtype, key
                assert value.tobytes() == second[key].tobytes(), key
            elif isinstance(value, ActivationTable | PolynomialTable):
                assert [np.asarray(part).tolist() for part in value] == [
                    np.asarray(part).tolist() for part in second[key]
                ], key
            elif isinstance(value, int | str):
                assert value == second[key], key


@given(
    bits=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=3),
    factor=st.floats(width=32, min_value=2.0**-149, max_value=2.0**127),
)
def test_any_float32_comes_back_to_the_bit(bits: list[float], factor: float) -> None:
    whole = quantised(TANH)
    inputs = Inputs(np.float32(bits[:3]), np.full(3, factor, np.float32), 255)
    made = replace(whole, inputs=inputs, offset=np.float32(bits[-2:]), step=np.float32(bits[:2]))
    again = QuantisationParameters.from_json(
        QuantisationParameters(made, "w", "c", {}).to_json(), "x"
    ).quantised
    assert_same(again, made)


def test_a_neuron_is_a_line() -> None:
    """Somebody who reads the file finds a layer's neurons one below the other."""
    lines = WRITTEN.splitlines()
    neurons = [line.strip().rstrip(",") for line in lines if '"bias"' in line]
    assert len(neurons) == sum(layer.outputs for layer in TANH.layers)
    first = quantised(TANH).layers[0]
    assert json.loads(neurons[0]) == {
        "bias": first.bias[0],
        "multiplier": first.multiplier[0],
        "shift": first.shift[0],
        "stride": 0,
        "weights": first.weights[0].tolist(),
    }
    assert list(json.loads(WRITTEN))[:2] == ["format", "dtype"]
    assert WRITTEN.isascii()


def test_figures_of_a_report_end_before_processors_differ() -> None:
    one, other = 0.009804618197023218, 0.009804618197023107
    assert numbers_of(TANH, off=one).to_json() == numbers_of(TANH, off=other).to_json()
    assert QuantisationParameters.from_json(numbers_of(TANH, off=one).to_json(), "x").report == {
        "off": 0.00980462
    }


def test_a_report_is_anybodys() -> None:
    report = {"nothing": None, "nan": float("nan"), "deep": {"list": [1, {"a": "ä"}]}}
    again = QuantisationParameters.from_json(numbers_of(TANH, **report).to_json(), "x").report
    assert again == {**report, "nan": None}


def test_names() -> None:
    assert parameters_name("pima", "int8") == "pima_int8.json"


def test_rows_have_one_hash_however_they_lie() -> None:
    rows = readings(TANH, 4)
    assert rows_sha256(rows) == rows_sha256(np.asfortranarray(rows))
    assert rows_sha256(rows) != rows_sha256(rows[::-1])


# Damage

WIDE = numbers_of(TANH, "int24").to_json()


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("layers", 0, "table", "polynomials", 0), [1, 2], "polynomials of another degree"),
        (("layers", 0, "table", "polynomials", 0, 0), 2**31, "coefficient 2147483648"),
        (("layers", 0, "table", "polynomials", 0), [2**30] * 6, "polynomial may leave 32 bits"),
        (("layers", 0, "table", "polynomials"), [[0] * 6], "ends before the activations do"),
        (("layers", 0, "table", "shift"), 23, "shift 23"),
        (("layers", 0, "high"), 2**24, "high 16777216"),
        (("layers", 0, "neurons", 0, "bias"), 2**53, "bias 9007199254740992"),
        (("layers", 0, "neurons", 0, "shift"), 48, "shift 48"),
        (("layers", 0, "neurons", 0, "weights", 0), 2**23, "weight 8388608"),
        (("layers", 0, "neurons", 0, "multiplier"), 3, "multiplier other than 1 in int24"),
        (("answers", "each", 0, "step"), 0.75, "no power of two"),
        (("answers", "each", 0, "step"), -0.5, "no power of two"),
        (("answers", "each", 0, "step"), 0, "no power of two"),
        (("answers", "each", 0, "step"), 2.0**-127, "no power of two from 2^-126 up"),
        (("answers", "octave"), 25, "octave 25"),
        (("answers", "octave"), 3, "octave 3"),
        (("answers", "each", 0, "zero"), -1, "zero -1"),
        (("answers", "each", 0), {"offset": 0, "step": 1}, "without 'zero'"),
    ],
)
def test_int24_that_makes_no_sense(path: tuple[str | int, ...], value: Any, said: str) -> None:
    values = json.loads(WIDE)
    place = values
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert said in refused(json.dumps(values))


def refused(text: str) -> str:
    with pytest.raises(ModelError, match=r"^n\.json: ") as caught:
        QuantisationParameters.from_json(text, "n.json")
    message = str(caught.value)
    assert "\n" not in message
    assert "writes it again" in message
    return message


def edited(path: tuple[Any, ...], change: Callable[[Any], Any]) -> str:
    values = json.loads(WRITTEN)
    place = values
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = change(place[path[-1]])
    return json.dumps(values)


NEURON = ("layers", 0, "neurons", 0)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("format",), 2, "written in format 2, this mlp-edge reads 1"),
        (("dtype",), "int4", "dtype 'int4'"),
        (("dtype",), ["int8"], "dtype"),
        (("weights_sha256",), 5, "weights_sha256"),
        (("report",), None, "report"),
        (("layers",), [], "no layers"),
        (("layers",), {}, "layers"),
        (("layers", 0, "neurons"), [], "without weights"),
        (("layers", 0, "neurons"), None, "NoneType"),
        (("layers", 0, "parts"), 4, "parts 4, from 1 to 1"),
        (("layers", 1, "parts"), 5, "parts 5, from 1 to 1"),
        (("layers", 2, "parts"), 5, "parts 5, from 1 to 4"),
        (("layers", 0, "high"), 256, "high 256, from 1 to 255"),
        (("layers", 0, "table"), None, ""),
        (("layers", 0, "table", "nodes"), [], ""),
        (("layers", 0, "table", "nodes"), [1] * 255, "ends before the activations do"),
        (("layers", 0, "table", "nodes", 3), 256, "node 256"),
        (("layers", 0, "table", "shift"), -1, "shift -1"),
        (("layers", 2, "table"), {"shift": 0, "nodes": [0] * 2000}, "table in the wrong place"),
        ((*NEURON, "weights"), [1, 2], "other numbers of them"),
        ((*NEURON, "weights", 0), 128, "weight 128, from -127 to 127"),
        ((*NEURON, "weights", 0), 1.0, "weight 1.0"),
        ((*NEURON, "weights", 0), True, "weight True"),
        ((*NEURON, "weights", 0), 10**400, "a number of 401 digits"),
        (("layers", 1, "neurons", 0, "bias"), 2**31 - 1, "beyond 32 bits"),
        ((*NEURON, "bias"), 2**63, "bias 9223372036854775808"),
        ((*NEURON, "bias"), None, "bias None"),
        ((*NEURON, "multiplier"), 0, "multiplier 0"),
        ((*NEURON, "shift"), 32, "shift 32"),
        (("layers", 2, "neurons", 0, "stride"), 2**31 - 1, "beyond 32 bits"),
        (("inputs", "high"), 0, "high 0"),
        (("inputs", "high"), 300, "inputs up to 300 in int8"),
        (("inputs", "high"), 1021, "high 1021, from 1 to 1020"),
        (("inputs", "each"), [], "layer 1 takes"),
        (("inputs", "each", 0, "low"), "x", "the low 'x' is no number"),
        (("inputs", "each", 0, "low"), float("nan"), "NaN, which is no number"),
        (("inputs", "each", 0, "low"), 1e39, "low beyond float32"),
        (("inputs", "each", 0, "low"), 10**400, "a number of 401 digits"),
        (("inputs", "each", 0, "factor"), 0, "not above 0"),
        (("inputs", "each", 0, "factor"), 1e-50, "not above 0"),
        (("answers", "softmax"), 1, "softmax"),
        (("answers", "softmax"), True, "table in the wrong place"),
        (("answers", "each"), [{"offset": 0, "step": 1}], "do not follow"),
        (("answers", "each", 0), {"offset": 0}, "without 'step'"),
    ],
)
def test_numbers_that_make_no_sense(path: tuple[Any, ...], value: Any, said: str) -> None:
    if not said:  # a table less leaves numbers that are another network's, but fine as such
        text = edited(path, lambda _: value)
        if value is None:
            QuantisationParameters.from_json(text, "n.json")
            return
        refused(text)
        return
    assert said in refused(edited(path, lambda _: value))


@pytest.mark.parametrize("key", sorted(json.loads(WRITTEN).keys()))
def test_a_file_without_a_key(key: str) -> None:
    values = json.loads(WRITTEN)
    del values[key]
    assert f"'{key}'" in refused(json.dumps(values))


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "null", '"format"', "{}", "[" * 100_000])
def test_what_are_no_numbers(text: str) -> None:
    assert "not the numbers of a quantised model" in refused(text)


PLACES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from([[], {}, 2**31, -(2**31), 2**63, 10**400]),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=3), values),
    max_leaves=4,
)


@given(st.data())
def test_any_mutated_value_is_read_or_refused_in_a_sentence(data: st.DataObject) -> None:
    values = json.loads(WRITTEN)
    place = values
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if not (isinstance(inner, dict | list) and inner) or data.draw(st.booleans()):
            break
        place = inner
    if data.draw(st.booleans()):
        place[key] = data.draw(PLACES)
    else:
        del place[key]
    read_or_refused(json.dumps(values))


@given(st.integers(0, len(WRITTEN)), st.integers(0, 40), st.binary(max_size=4))
def test_any_mutated_text_is_read_or_refused_in_a_sentence(
    place: int, removed: int, put: bytes
) -> None:
    read_or_refused(WRITTEN[:place] + put.decode("latin-1") + WRITTEN[place + removed :])


def read_or_refused(text: str) -> None:
    """What is read has to be fit to predict with as well."""
    try:
        found = QuantisationParameters.from_json(text, "n.json")
        found.check(TANH, "n.json")
    except ModelError as error:
        said = str(error)
    else:
        said = "n.json: is fine"
        assert predict_quantised(TANH, found.quantised, readings(TANH, 3)).shape == (3, 2)
    assert said.startswith("n.json: ")
    assert "\n" not in said


def test_numbers_of_another_model() -> None:
    made = numbers_of(TANH)
    made.check(replace(TANH, name="net_int8"), "n.json")
    with pytest.raises(ModelError, match=r"^n\.json: its integers were made from other weights"):
        made.check(MODELS["binary"], "n.json")
    stolen = made._replace(weights_sha256=MODELS["binary"].weights_sha256)
    with pytest.raises(ModelError, match=r"^n\.json: damaged \(the layers of another network\)"):
        stolen.check(MODELS["binary"], "n.json")


def test_a_file_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "net_int8.json"
    with pytest.raises(ModelError, match=r"net_int8\.json: is gone; `Model\.export\(\)`"):
        read_parameters(path)
    path.write_bytes(b"\xff{")
    with pytest.raises(ModelError, match=r"net_int8\.json: damaged, not text"):
        read_parameters(path)
    path.write_text(WRITTEN)
    assert read_parameters(path).to_json() == WRITTEN
    path.unlink()
    path.mkdir()
    with pytest.raises(ModelError, match=r"net_int8\.json: a directory, where a file belongs"):
        read_parameters(path)
