"""Parity of counts: every integer of NAME_predict_raw and NAME_classify_raw, or FAIL."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.counts import tenths
from support.networks import network, readings
from support.quantised_networks import quantised

from mlp_edge.export.c import integers
from mlp_edge.parity.counts import compare_counts, rows_of_counts
from mlp_edge.parity.integers import ExpectedBits
from mlp_edge.raw_units import EVERY, MISSING
from mlp_edge.runtime.c import open_header

MODEL = network((4, 6, 1))
UNITS = tenths(MODEL)
LINE = r"NET_RAW\[4\] MLP_EDGE_FLASH = \{\n    \{(-?\d+), (\d+), (-?\d+), (\d+)u\}"


def header(dtype: str = "int8") -> str:
    return integers.export(MODEL, quantised(MODEL, dtype), UNITS).decode()


def differs(text: str, folder: Path, dtype: str = "int8") -> list[str]:
    """What is wrong with the functions of a header."""
    path = folder / "net.h"
    path.write_text(text)
    rows = readings(MODEL, 300)
    expected = ExpectedBits(MODEL, quantised(MODEL, dtype), rows, np.ones(len(rows), bool))
    with open_header(path) as opened:
        assert opened.raw is not None
        count, says = compare_counts(expected, opened.raw)
    assert count > 1000
    return says


def moved(text: str, group: int, by: int) -> str:
    """The header with one number of its first line moved."""
    found = re.search(LINE, text)
    assert found is not None
    return text[: found.start(group)] + str(int(found[group]) + by) + text[found.end(group) :]


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_what_is_exported_has_every_integer(dtype: str, tmp_path: Path) -> None:
    assert differs(header(dtype), tmp_path, dtype) == []


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda text: moved(text, 1, 1),
        lambda text: moved(text, 1, -1),
        lambda text: moved(text, 2, -1),
        lambda text: moved(text, 4, 1 << 24),
        lambda text: re.sub(r"\*missing \|= [^;]*;", "(void)missing;", text),
        lambda text: re.sub(r"(quantised_above\(quantised\[0\], )(\d+)",
                            lambda found: f"{found[1]}{int(found[2]) + 1}", text),
    ],
    ids=["begins later", "begins earlier", "ends earlier", "an integer up", "missing", "limit"],
)  # fmt: skip
def test_an_error_of_one_unit_is_found(spoilt: Callable[[str], str], tmp_path: Path) -> None:
    text = header()
    assert spoilt(text) != text
    says = differs(spoilt(text), tmp_path)
    assert says
    assert re.match(r"(predict|classify)_raw of \(.*\), output 1: -?\d+ instead of -?\d+", says[0])
    assert says[0].endswith("rows of counts differ")


def test_rows_hold_both_sides_of_every_step() -> None:
    numbers = quantised(MODEL)
    rows = rows_of_counts(MODEL, numbers, UNITS, readings(MODEL, 50))
    assert len(np.unique(rows, axis=0)) == len(rows)
    assert rows.min() == MISSING
    assert rows.max() == EVERY[-1]
    for index in range(MODEL.inputs):
        every = UNITS.of(index)[:, None]
        one = numbers.inputs._replace(
            low=numbers.inputs.low[[index]], factor=numbers.inputs.factor[[index]]
        )
        turns = np.flatnonzero(np.diff(one.integers(every)[:, 0]))
        assert len(turns) > 50
        assert np.isin(EVERY[turns], rows[:, index]).all()
        assert np.isin(EVERY[turns + 1], rows[:, index]).all()
