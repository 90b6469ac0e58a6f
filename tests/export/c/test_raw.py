"""NAME_predict_raw: counts in, the integers of the same readings out, and no float on the way."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import run
from support.chips import BY_NAME, every_chip, require
from support.counts import assert_functions, assert_right, some_counts, tenths
from support.integer_headers import MODELS
from support.integer_models import CODES, MIXED
from support.integer_networks import made
from support.networks import encoded, network
from support.quantised_networks import quantised

from mlp_edge.errors import ModelError
from mlp_edge.export.c import export, integers
from mlp_edge.export.c.integers_raw import TAKEN
from mlp_edge.export.c.raw_lines import MOST_LISTED, SHIFTED, line, lines
from mlp_edge.feature import Feature
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.integers.quantised import Inputs, Quantised
from mlp_edge.integers.raw import PROBABILITY, raw_classes, raw_outputs
from mlp_edge.mlp import Mlp
from mlp_edge.raw_units import EVERY, MISSING, RawUnits
from mlp_edge.runtime import Chip
from mlp_edge.runtime.c import open_header, read_header
from mlp_edge.runtime.chips.firmware import CLASSIFY_RAW, PREDICT_RAW, build

every_taken = pytest.mark.parametrize("dtype", TAKEN)

SOFT_FLOAT = re.compile(r"__(add|sub|mul|div|cmp|gt|ge|lt|le|eq|ne|fix|float|unord|fp_)\w*[sd]f"
                        r"|__aeabi_[fd]|__aeabi_[ui]l?2[fd]|__fp_")  # fmt: skip
"""What compilers and their libraries call for floats where a chip has none."""
ALL = network((1, 3, 2), "relu", "regression", standardised=False)


@every_taken
@pytest.mark.parametrize("name", ["relu", "tanh", "binary", "multiclass", "several", "one layer"])
def test_answers_are_those_of_the_readings(name: str, dtype: str, tmp_path: Path) -> None:
    mlp = MODELS[name]
    numbers = quantised(mlp, dtype)
    counts = some_counts(mlp, numbers, RawUnits.counts(mlp.inputs))
    assert_right(mlp, numbers, None, counts, tmp_path)
    assert len(np.unique(raw_outputs(mlp, numbers, RawUnits.counts(mlp.inputs), counts))) > 20


@every_taken
@pytest.mark.parametrize("seed", range(3))
def test_any_numbers(seed: int, dtype: str, tmp_path: Path) -> None:
    """Networks made by hand, wide inputs among them, whose units are their own."""
    mlp = network((4, 7, 5, 2), "relu", ("regression", "multiclass", "regression")[seed])  # type: ignore[arg-type]
    numbers = made(mlp, dtype, seed)
    factor = np.float32(numbers.inputs.high / np.array([900, 300, 1000, 60]))
    numbers = replace(numbers, inputs=numbers.inputs._replace(factor=factor))
    units = tenths(mlp)
    assert_right(mlp, numbers, units, some_counts(mlp, numbers, units), tmp_path)


@every_taken
@pytest.mark.parametrize("features", [MIXED, CODES], ids=["mixed", "codes"])
def test_fills_indicators_sentinels_and_codes(
    features: tuple[Feature, ...], dtype: str, tmp_path: Path
) -> None:
    mlp = encoded(features, outputs=2, name="mixed")
    numbers = quantised(mlp, dtype)
    units = RawUnits.counts(mlp.inputs)
    counts = some_counts(mlp, numbers, units)
    special = [
        MISSING,
        *(n for f in features for n in (f.sentinel, f.fill, *f.codes) if n is not None),
    ]
    mixed = np.random.default_rng(0).choice(np.array(special), (400, mlp.inputs)).astype(np.int64)
    assert_right(mlp, numbers, None, np.vstack([counts, mixed]), tmp_path)


@every_taken
@pytest.mark.parametrize("scale", [1.0, 0.125, -0.03])
def test_every_count_of_a_feature(scale: float, dtype: str, tmp_path: Path) -> None:
    numbers = made(ALL, dtype, seed=5)
    factor = np.float32([numbers.inputs.high / (3000 * abs(scale))])
    numbers = replace(numbers, inputs=numbers.inputs._replace(factor=factor))
    every = np.arange(MISSING, -MISSING)[:, None]
    units = RawUnits((scale,), (1.5,))
    assert_right(ALL, numbers, units, every, tmp_path)
    found = raw_outputs(ALL, numbers, units, every)
    assert len(np.unique(found, axis=0)) > (20 if dtype == "int8" else 500)
    np.testing.assert_array_equal(found[0], [-1, -1])


@pytest.mark.parametrize("high", [255, 1020, 4095, 32767])
@pytest.mark.parametrize("span", [2, 256, 1024, 4096])
def test_an_adc_of_twelve_bits_has_a_line(high: int, span: int) -> None:
    random = np.random.default_rng(high + span)
    for _ in range(10):
        low, factor = random.uniform(-2000, 2000), high / span * random.uniform(0.8, 1.2)
        for scale, offset in ((1.0, 0.0), (10 ** random.uniform(-4, 1), random.normal() * 100)):
            inputs = Inputs(np.float32([low * scale]), np.float32([factor / scale]), high)
            found = lines(inputs, RawUnits((scale,), (offset,)), np.array([0]))
            assert found.without is None
            assert len(found.each[0].listed) < (1 if high < 4095 else MOST_LISTED)


@pytest.mark.parametrize("rise", [-1, 1])
def test_a_line_of_hardly_any_steps(rise: int) -> None:
    """All counts below, all above, one step between them, and a step of a few counts."""
    for low, factor in ((1e6, 1), (-1e6, 1), (5.5, 1e4), (-32767, 1e4), (32766.5, 1e9), (3, 130)):
        found = line(float(rise * low), float(factor), 255, float(rise), 0.0, SHIFTED)
        assert found is not None  # it is held to the reference on every count


def test_counts_that_float32_rounds_up_are_listed(tmp_path: Path) -> None:
    numbers = made(ALL, "int16", seed=5)
    inputs = Inputs(np.float32([-1.85]), np.float32([3274.9707]), 32767)
    numbers = replace(numbers, inputs=inputs)
    header = integers.export(ALL, numbers, RawUnits((0.001,), (0.0,))).decode()
    listed = re.search(r"_RAW_LISTED\[(\d+)\]", header)
    assert listed is not None
    assert 0 < int(listed[1]) <= MOST_LISTED
    every = EVERY[:, None]
    assert_right(ALL, numbers, RawUnits((0.001,), (0.0,)), every, tmp_path)


@pytest.mark.parametrize(
    ("features", "units", "said"),
    [
        (CODES, RawUnits((0.1, 1.0), (0.0, 0.0)), "'c': counts of a category are its codes"),
        (CODES, RawUnits((1.0, 1.0), (0.0, 2.0)), "'d': counts of a category are its codes"),
        ((Feature("e", categories=("x", "y"), codes=(0, 32768)),), RawUnits.counts(1),
         "'e': a code beyond 32767 or -32767 is no count of 16 bits"),
        ((Feature("f", sentinel=16777216.0),), RawUnits((0.001,), (16777216.0,)),
         "'f': several counts stand for its sentinel"),
        ((Feature("g"),), RawUnits((0.0,), (0.0,)), "'g': with a scale of 0"),
        ((Feature("h"),), RawUnits((1e38,), (0.0,)), "'h': with a scale of 1e+38"),
    ],
)  # fmt: skip
def test_counts_that_cannot_be_are_refused(
    features: tuple[Feature, ...], units: RawUnits, said: str
) -> None:
    mlp = encoded(features, standardised=False)
    with pytest.raises(ModelError, match=re.escape(said)):
        integers.export(mlp, made(mlp, "int8"), units)


@pytest.mark.parametrize(("output", "decides"), [("sigmoid", True), ("linear", False)])
def test_classes_of_outputs_that_are_no_softmax(output: str, decides: bool, tmp_path: Path) -> None:
    """Integers of one unit decide; those of several are no class."""
    mlp = network((4, 7, 3), "relu", "multiclass")
    *others, last = mlp.layers
    mlp = replace(mlp, layers=(*others, replace(last, activation=output)))
    numbers = made(mlp, "int8", seed=3)
    alike = np.full(3, 2.0**-16, np.float32)
    if decides:
        numbers = replace(numbers, offset=0 * alike, step=alike)
    factor = np.float32(numbers.inputs.high / np.array([900, 300, 1000, 60]))
    numbers = replace(numbers, inputs=numbers.inputs._replace(factor=factor))
    units = RawUnits.counts(4)
    counts = some_counts(mlp, numbers, units)
    path = tmp_path / "net.h"
    path.write_bytes(integers.export(mlp, numbers, units))
    with open_header(path) as opened:
        assert opened.raw is not None
        given = counts.astype(np.int16)
        np.testing.assert_array_equal(
            opened.raw.predict(given), raw_outputs(mlp, numbers, units, counts)
        )
        assert (opened.raw.classify is not None) is decides
        if opened.raw.classify is not None:
            classes = raw_classes(mlp, numbers, units, counts)
            assert len(np.unique(classes)) > 2
            np.testing.assert_array_equal(opened.raw.classify(given), classes)


def half_way() -> tuple[Mlp, Quantised]:
    """Every other count lies half way between two integers, and goes to the even one."""
    numbers = made(ALL, "int16", seed=5)
    halves = numbers.inputs._replace(low=np.float32([0]), factor=np.float32([0.5]))
    return ALL, replace(numbers, inputs=halves)


def test_no_line_where_halves_go_to_the_even_integer(tmp_path: Path) -> None:
    mlp, numbers = half_way()
    with pytest.raises(ModelError, match="'x0': rounding in float32 takes more than 192 of its"):
        integers.export(mlp, numbers, RawUnits.counts(1))
    # Nobody asked for counts: the header says why it takes none, and predicts all the same.
    path = tmp_path / "net.h"
    path.write_bytes(integers.export(mlp, numbers))
    assert "There is no net_predict_raw" in path.read_text()
    rows = np.float32([[1], [3], [5]])
    with open_header(path) as opened:
        assert opened.raw is None
        np.testing.assert_array_equal(opened.predict(rows), predict_quantised(mlp, numbers, rows))
    assert_right(mlp, numbers, RawUnits((2.0,), (0.0,)), EVERY[:, None], tmp_path)


def test_a_hostile_name_in_the_reason_stays_a_comment(tmp_path: Path) -> None:
    _, numbers = half_way()
    mlp = replace(ALL, features=(Feature("*/ é \\ ??/"),))
    path = tmp_path / "net.h"
    path.write_bytes(integers.export(mlp, numbers))
    with open_header(path) as opened:
        assert opened.raw is None


def test_probabilities_of_a_softmax_add_up(tmp_path: Path) -> None:
    mlp = MODELS["multiclass"]
    numbers, units = quantised(mlp), RawUnits.counts(mlp.inputs)
    counts = some_counts(mlp, numbers, units)
    known = (counts != MISSING).all(axis=1)
    found = raw_outputs(mlp, numbers, units, counts)[known]
    assert np.abs(found.sum(axis=1) - PROBABILITY).max() <= mlp.outputs / 2
    floats = predict_quantised(mlp, numbers, units.readings(counts))[known]
    assert np.abs(found / PROBABILITY - floats).max() <= 0.5001 / PROBABILITY
    header = integers.export(mlp, numbers).decode()
    assert f"#define {mlp.name.upper()}_RAW_ONE {PROBABILITY}L" in header


def test_answers_stand_for_the_very_predictions(tmp_path: Path) -> None:
    mlp = replace(MODELS["relu"], name="two")
    numbers, units = quantised(mlp), tenths(MODELS["relu"])
    header = integers.export(mlp, numbers, units).decode()
    counts = some_counts(mlp, numbers, units)
    found = raw_outputs(mlp, numbers, units, counts)
    for output in range(mlp.outputs):
        offset, step = (
            np.float32(re.search(rf"TWO_RAW{output}_{what} (\S+)f\n", header)[1])  # type: ignore[index]
            for what in ("OFFSET", "STEP")
        )
        predictions = offset + step * found[:, output].astype(np.float32)
        wanted = predict_quantised(mlp, numbers, units.readings(counts))[:, output]
        known = ~np.isnan(wanted)
        np.testing.assert_array_equal(predictions[known], wanted[known])
        assert (found[~known] == -1).all()


@pytest.mark.parametrize("dtype", TAKEN)
def test_the_self_test_covers_counts(dtype: str, tmp_path: Path) -> None:
    mlp = MODELS["several"]
    text = integers.export(mlp, quantised(mlp, dtype)).decode()
    rows = int(re.search(r"_GOLDEN\[(\d+)\]", text)[1])  # type: ignore[index]
    (tmp_path / "main.c").write_text(
        '#define SEVERAL_SELFTEST\n#include "several.h"\n'
        "int main(void) { return several_selftest(); }\n"
    )

    def code(header: str) -> int:
        (tmp_path / "several.h").write_text(header)
        run(tmp_path, "gcc", "-std=c99", "main.c", "-o", "main")
        return subprocess.run([tmp_path / "main"], check=False).returncode

    assert code(text) == 0
    low = re.search(r"SEVERAL_RAW\[3\] MLP_EDGE_FLASH = \{\n    \{(-?\d+),", text)
    assert low is not None
    moved = text[: low.start(1)] + str(int(low[1]) + 20) + text[low.end(1) :]
    assert code(moved) > rows


@every_chip
def test_a_chip_gives_the_same_integers(chip: Chip, tmp_path: Path) -> None:
    require(chip)
    for dtype in TAKEN:
        mlp = MODELS["several"] if dtype == "int8" else MODELS["binary"]
        numbers = quantised(mlp, dtype)
        path = tmp_path / f"{mlp.name}.h"
        path.write_bytes(integers.export(mlp, numbers))
        counts = some_counts(mlp, numbers, RawUnits.counts(mlp.inputs))[-330:]
        with chip.open(path) as opened:
            assert opened.raw is not None
            assert_functions(mlp, numbers, opened.raw, counts)


@pytest.mark.parametrize("name", ["avr", "cortex-m0"])
@every_taken
def test_no_float_is_linked(name: str, dtype: str, tmp_path: Path) -> None:
    target = require(BY_NAME[name]).target
    for key in ("binary", "multiclass", "several", "tanh"):
        mlp = MODELS[key]
        path = tmp_path / "net.h"
        path.write_bytes(integers.export(mlp, quantised(mlp, dtype)))
        header = read_header(path)
        for entry in (PREDICT_RAW, CLASSIFY_RAW)[: 2 if mlp.labels else 1]:
            linked = build(header, target, entry=entry).elf.symbols
            assert [symbol for symbol in linked if SOFT_FLOAT.match(symbol)] == []
        path.write_bytes(export(mlp))
        linked = build(read_header(path), target).elf.symbols
        assert len([symbol for symbol in linked if SOFT_FLOAT.match(symbol)]) >= 3
