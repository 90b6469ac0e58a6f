"""The committed headers and the sketch: fresh, and right on the chip they are for."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from specimens import (
    INTEGERS,
    NAMES,
    SKETCH,
    SPECIMENS,
    exported_integers,
    load,
    load_integers,
)
from support.arduino import build
from support.c_compiler import ARDUINO_BOARD, require, run
from support.networks import readings

from mlp_edge import reference
from mlp_edge.card import Card
from mlp_edge.export.c import export
from mlp_edge.integers import integer_reference
from mlp_edge.runtime.c import open_header


@pytest.mark.parametrize("name", NAMES)
def test_a_specimen_is_what_the_exporter_writes(name: str) -> None:
    fresh = export(load(name))
    assert (SPECIMENS / f"{name}.h").read_bytes() == fresh, "python tests/specimens.py"


def test_the_specimen_in_integers_is_what_the_exporter_writes() -> None:
    fresh = exported_integers()
    assert (SPECIMENS / f"{INTEGERS}.h").read_bytes() == fresh, "python tests/specimens.py"


def test_the_specimen_in_integers_predicts() -> None:
    require("gcc")
    mlp, quantised = load("pima"), load_integers(INTEGERS)
    rows = readings(mlp, 500)
    with open_header(SPECIMENS / f"{INTEGERS}.h") as header:
        assert header.card == Card.of(replace(mlp, name=INTEGERS), "int8")
        got = header.predict(rows)
    np.testing.assert_array_equal(got, integer_reference.predict_quantised(mlp, quantised, rows))
    assert np.abs(got - reference.predict(mlp, rows)).mean() < 0.02


def test_the_sketch_has_the_same_header() -> None:
    assert (SKETCH / "pima.h").read_bytes() == (SPECIMENS / "pima.h").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_a_specimen_predicts(name: str) -> None:
    require("gcc")
    mlp = load(name)
    rows = readings(mlp, 200)
    with open_header(SPECIMENS / f"{name}.h") as header:
        assert header.card == Card.of(mlp)
        expected = reference.predict(mlp, rows)
        off = np.abs(header.predict(rows) - expected)
    assert (off <= 1e-5 * np.maximum(1, np.abs(expected))).all()


# The sketch, built as the Arduino IDE builds it, on a simulated Uno


@pytest.fixture(scope="module")
def uno(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sketch's firmware and the board that runs it."""
    folder = tmp_path_factory.mktemp("uno")
    build(folder, SKETCH / "pima.ino", SKETCH, "-w")
    run(folder, "gcc", "-std=c99", "-O2", str(ARDUINO_BOARD), "-o", "board", "-lsimavr")
    return folder


def typed_on(uno: Path, lines: list[str]) -> list[str]:
    """What the sketch prints when lines are typed; "led 1" where it switches the LED."""
    (uno / "typed").write_text("".join(f"{line}\n" for line in lines))
    ends = str(len(lines) + 1)
    command = [uno / "board", "atmega328p", "pima.bin", "B5", "typed", ends]
    result = subprocess.run(command, cwd=uno, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.replace("\r", "").splitlines()


def test_the_sketch_answers_on_a_simulated_uno(uno: Path) -> None:
    mlp = load("pima")
    rows = np.round(readings(mlp, 12), 2).astype(np.float32)
    expected = reference.predict(mlp, rows)[:, 0]
    assert (expected > 0.5).any()
    assert (expected < 0.5).any()
    lines = [",".join(str(value) for value in row) for row in rows]
    printed = typed_on(uno, [*lines, "6,148,,35,0,33.6,0.627,50"])
    led = [line for line in printed if line.startswith("led")]
    answers = [line for line in printed if not line.startswith("led")]
    assert answers[0] == "ready"
    for answer, probability in zip(answers[1:-1], expected, strict=True):
        digits, _, label = answer.partition(" ")
        assert abs(float(digits) - probability) <= 2e-6
        assert label == mlp.labels[int(probability > 0.5)]
    assert answers[-1] == "nan "
    on = [bool(value) for value in expected > 0.5] + [False]
    changes = [now for before, now in zip([False, *on], on, strict=False) if now != before]
    assert led == [f"led {int(now)}" for now in changes]


def test_the_sketch_fits_and_leaves_the_tables_in_flash(uno: Path) -> None:
    text, data, bss = map(int, run(uno, "avr-size", "pima.elf").split("\n")[1].split()[:3])
    assert text + data < 10_000
    assert data + bss < 600  # Serial's buffers, and a line
    tables = [line for line in run(uno, "avr-nm", "pima.elf").splitlines() if "PIMA_" in line]
    assert tables
    assert all(line.split()[1] in "tT" for line in tables)
