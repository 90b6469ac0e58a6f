"""Headers in int8 and int16: the very bits of the reference, wherever they are compiled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.chips import BY_NAME, every_chip
from support.chips import require as require_chip
from support.feature_strategies import features_and_rows
from support.integer_headers import (
    DTYPES,
    EXPORT,
    MODELS,
    assert_right,
    assert_same_bits,
    every_dtype,
    stress_rows,
)
from support.integer_networks import made
from support.networks import encoded, network, readings
from support.quantised_networks import quantised

from mlp_edge.errors import ModelError
from mlp_edge.integers import integer_reference
from mlp_edge.integers.quantised import IntegerLayer, Quantised
from mlp_edge.measure.cost import measure
from mlp_edge.mlp import HIDDEN_ACTIVATIONS, Floats
from mlp_edge.proof.golden import disagreement, golden_integers
from mlp_edge.runtime import Chip
from mlp_edge.runtime.c import read_header

WEIRD_FLAGS = {
    "contracted": ("-std=gnu99", "-O3", "-march=native", "-ffp-contract=fast"),
    "fast": ("-std=gnu99", "-O3", "-march=native", "-ffast-math"),
    "unoptimised": ("-std=c99", "-O0"),
    "checked": ("-std=c99", "-O1", "-fsanitize=undefined,float-cast-overflow",
                "-fno-sanitize-recover=all"),
}  # fmt: skip


def halves(numbers: Quantised) -> Floats:
    """Rows whose scaled readings lie on, and just beside, the middle between two integers."""
    inputs = numbers.inputs
    places = np.linspace(-1, inputs.high + 1, 300).round() + 0.5
    rows = (inputs.low + places[:, None] / inputs.factor).astype(np.float32)
    return np.concatenate([rows, np.nextafter(rows, np.float32(9e9)), np.nextafter(rows, -rows)])


@every_dtype
@pytest.mark.parametrize("name", MODELS)
def test_bits_are_those_of_the_reference(name: str, dtype: str, tmp_path: Path) -> None:
    mlp = MODELS[name]
    rows = stress_rows(mlp)
    numbers = quantised(mlp, dtype)
    assert_right(mlp, numbers, rows, tmp_path)
    assert_right(mlp, made(mlp, dtype), rows, tmp_path)
    assert len(np.unique(integer_reference.predict_quantised(mlp, numbers, rows[:200]))) > 20


@every_dtype
@pytest.mark.parametrize("flags", WEIRD_FLAGS.values(), ids=WEIRD_FLAGS)
@pytest.mark.parametrize("name", ["binary", "multiclass", "several"])
def test_no_flag_changes_them(
    name: str, flags: tuple[str, ...], dtype: str, tmp_path: Path
) -> None:
    mlp = MODELS[name]
    assert_right(mlp, made(mlp, dtype, seed=1), stress_rows(mlp), tmp_path, *flags)


@every_dtype
def test_readings_half_way_between_two_integers(dtype: str, tmp_path: Path) -> None:
    mlp = network((3, 5, 1), standardised=False)
    for seed in range(3):
        numbers = made(mlp, dtype, seed)
        # Factors that are powers of two: the halves are exact.
        exact = numbers.inputs._replace(
            factor=np.float32(2) ** np.array([0, -1, 2], np.float32),
            low=np.array([-3, 0, 8], np.float32),
        )
        numbers = replace(numbers, inputs=exact)
        rows = halves(numbers)
        scaled = (rows - exact.low) * exact.factor
        assert (np.abs(scaled % 1) == 0.5).sum() > 100
        assert_right(mlp, numbers, rows, tmp_path)


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(
    widths=st.lists(st.integers(1, 9), min_size=2, max_size=5),
    activation=st.sampled_from(HIDDEN_ACTIVATIONS),
    task=st.sampled_from(["regression", "binary", "multiclass"]),
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 2**32 - 1),
    output=st.sampled_from([None, "linear", "sigmoid", "tanh"]),
    threshold=st.floats(-2, 2, width=32),
)
def test_any_network(
    widths: list[int], activation: str, task: str, dtype: str, seed: int, output: str | None,
    threshold: float, tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    if task == "binary":
        widths = [*widths[:-1], 1]
    if task == "multiclass":
        widths = [*widths[:-1], widths[-1] + 1]
    mlp = network(widths, activation, task, threshold=np.float32(threshold))  # type: ignore[arg-type]
    if output is not None:
        *others, last = mlp.layers
        mlp = replace(mlp, layers=(*others, replace(last, activation=output)))
    folder = tmp_path_factory.mktemp("any")
    assert_right(mlp, made(mlp, dtype, seed), stress_rows(mlp, seed), folder)


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(case=features_and_rows(), dtype=st.sampled_from(DTYPES), seed=st.integers(0, 99))
def test_any_features(
    case: tuple[tuple[object, ...], Floats], dtype: str, seed: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    features, rows = case
    try:
        mlp = encoded(features, standardised=False)  # type: ignore[arg-type]
    except (ModelError, ValueError):  # nothing goes in: every feature is a category of no levels
        return
    assert_right(mlp, made(mlp, dtype, seed), rows, tmp_path_factory.mktemp("features"))


@every_dtype
def test_a_last_layer_so_large_that_its_results_are_of_one_part(dtype: str, tmp_path: Path) -> None:
    mlp = network((16, 8, 64, 65), task="regression")
    numbers = quantised(mlp, dtype)
    assert numbers.layers[-1].segments == 1
    assert_right(mlp, numbers, stress_rows(mlp)[::5], tmp_path)


def test_wide_layers_take_64_bits_and_others_do_not(tmp_path: Path) -> None:
    mlp = network((700, 3, 1), standardised=False)
    numbers = made(mlp, "int8")
    first, *others = numbers.layers
    heavy = IntegerLayer(
        np.full((3, 700), 127), first.bias, np.array([1023, 1, 513]), np.array([31, 17, 28]),
        255, 1, np.zeros(3, np.int64),
    )  # fmt: skip
    wide = replace(numbers, layers=(heavy, *others))
    text = EXPORT["int8"](mlp, wide).decode()
    assert "mlp_edge_dense_int8_wide(NET_LAYER1" in text
    assert "mlp_edge_segments_int8(NET_LAYER2" in text
    assert_right(mlp, wide, stress_rows(mlp)[::5], tmp_path)
    heavy = replace(
        others[0], weights=np.full((1, 3), 127), bias=np.array([2**30]),
        multiplier=np.array([513]), shift=np.array([30]), offset=np.array([2**28]),
    )  # fmt: skip
    last = replace(wide, layers=(first, heavy))
    assert "mlp_edge_segments_int8_wide(NET_LAYER2" in EXPORT["int8"](mlp, last).decode()
    assert_right(mlp, last, stress_rows(mlp)[::5], tmp_path)
    assert "uint64_t" not in EXPORT["int8"](network(), quantised(network())).decode()


def test_sums_beyond_24_bits_have_kernels_of_their_own(tmp_path: Path) -> None:
    mlp = MODELS["binary"]
    numbers = made(mlp, "int8")
    numbers = replace(numbers, inputs=numbers.inputs._replace(high=1020))
    first, second, last = numbers.layers
    assert "mlp_edge_dense_int8_from_16(NET_LAYER1" in EXPORT["int8"](mlp, numbers).decode()
    below = [replace(each, bias=each.bias - 2**23) for each in (first, second, last)]
    wide = replace(numbers, layers=(below[0], *numbers.layers[1:]))
    assert "mlp_edge_dense_int8_from_16_wide(NET_LAYER1" in EXPORT["int8"](mlp, wide).decode()
    assert_right(mlp, wide, stress_rows(mlp)[::5], tmp_path)
    wide = replace(numbers, layers=(first, *below[1:]))
    text = EXPORT["int8"](mlp, wide).decode()
    assert "mlp_edge_dense_int8_wide(NET_LAYER2" in text
    assert "mlp_edge_segments_int8_wide(NET_LAYER3" in text


# Chips


@pytest.mark.slow
@every_chip
@every_dtype
@pytest.mark.parametrize("name", ["binary", "multiclass", "several"])
def test_every_chip_has_the_same_bits(chip: Chip, name: str, dtype: str, tmp_path: Path) -> None:
    mlp = MODELS[name]
    path = tmp_path / "net.h"
    for numbers in (quantised(mlp, dtype), made(mlp, dtype, seed=2)):
        path.write_bytes(EXPORT[dtype](mlp, numbers))
        rows = stress_rows(mlp)[::5]
        with require_chip(chip).open(path) as opened:
            assert_same_bits(
                opened.predict(rows), integer_reference.predict_quantised(mlp, numbers, rows)
            )
            assert opened.golden is not None
            assert not opened.golden.bounds.any()
            assert len(opened.golden.rows) == len(golden_integers(mlp, numbers).rows)
            assert disagreement(opened.golden, opened.predict) is None


@every_dtype
def test_an_avr_keeps_the_tables_in_flash(dtype: str, tmp_path: Path) -> None:
    mlp = MODELS["multiclass"]
    (tmp_path / "net.h").write_bytes(EXPORT[dtype](mlp, quantised(mlp, dtype)))
    header = read_header(tmp_path / "net.h")
    cost = measure(header, require_chip(BY_NAME["avr"]), readings(mlp, 2))
    assert (cost.data, cost.bss) == (0, 0)
    assert cost.flash > 1000
    assert cost.stack < 200


def test_tables_that_no_avr_reads(tmp_path: Path) -> None:
    mlp = network((400, 100, 1), standardised=False)
    text = EXPORT["int8"](mlp, made(mlp, "int8")).decode()
    assert '#error "net: a table of 40000 bytes' in text
    assert '#error "net: ' not in EXPORT["int8"](network(), quantised(network())).decode()
