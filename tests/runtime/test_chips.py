"""Headers on simulated chips: the same bits as on this machine, and one sentence when they fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import HEADERS, STRICT, run
from support.chips import BY_NAME, every_chip, header_around, require
from support.networks import encoded, network, readings
from support.quantised_networks import quantised

import mlp_edge
from mlp_edge.card import Card
from mlp_edge.errors import InputError, MissingError, ModelError, TableError
from mlp_edge.export.c import export, integers
from mlp_edge.feature import Feature
from mlp_edge.mlp import SCALAR_ACTIVATIONS, Dense, Floats, Mlp
from mlp_edge.proof import c_replay
from mlp_edge.runtime import HOSTED, RUNTIMES, Chip
from mlp_edge.runtime.c import open_header, read_header
from mlp_edge.runtime.chips.firmware import CLASSIFY_RAW, PREDICT, PREDICT_RAW, build
from mlp_edge.runtime.chips.targets import toolchain_missing

AVR = BY_NAME["avr"]
ODD = (0.0, -0.0, 1e-40, -1e-45, 1.2e-38, 3.4e38, -3.4e38, np.inf, -np.inf, np.nan)
"""Readings that arithmetic treats specially."""


def written(mlp: Mlp, folder: Path) -> Path:
    path = folder / f"{mlp.name}.h"
    path.write_bytes(export(mlp))
    return path


def bits(values: Floats) -> list[int]:
    """As integers, every NaN as one: its sign and payload are the chip's own."""
    return np.where(np.isnan(values), 0x7FC00000, values.view(np.uint32)).ravel().tolist()


def _applying(layer: Dense, activation: str) -> Dense:
    """The layer with another activation; above 0 is what goes into a root."""
    if activation == "rsqrt":
        layer = replace(layer, weights=np.abs(layer.weights), bias=np.abs(layer.bias))
    return replace(layer, activation=activation)


def mixed(names: tuple[str, ...], outputs: int = 1) -> Mlp:
    """A network with one layer of each of these activations."""
    task = "binary" if outputs == 1 else "multiclass"
    mlp = network((6, *[5] * len(names), outputs), task=task, seed=len(names))
    hidden = [_applying(layer, name) for layer, name in zip(mlp.layers, names, strict=False)]
    return replace(mlp, layers=(*hidden, mlp.layers[-1]))


CATEGORIES = encoded(
    [Feature("a", -1, 1, fill=0.25, sentinel=-9.0), Feature("b", -1, 1),
     Feature("c", categories=("u", "v"), codes=(1, 2))]
)  # fmt: skip
NETWORKS = {
    "even": mixed(SCALAR_ACTIVATIONS[::2]),
    "odd": mixed(SCALAR_ACTIVATIONS[1::2], outputs=3),
    "categories": CATEGORIES,
}


@every_chip
@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_bits_as_on_this_machine(chip: Chip, name: str, tmp_path: Path) -> None:
    mlp = NETWORKS[name]
    usual = readings(mlp, 40)
    odd = np.tile(usual[:1], (len(ODD) * mlp.inputs, 1))
    for row, value in enumerate(np.tile(np.float32(ODD), mlp.inputs)):
        odd[row, row // len(ODD)] = value
    rows = np.vstack([usual, odd, np.float32(ODD)[:, None] * np.ones(mlp.inputs, np.float32)])
    path = written(mlp, tmp_path)
    with require(chip).open(path) as opened:
        got = opened.predict(rows)
        assert opened.card == Card.of(mlp)
    assert np.isfinite(got[:40]).all()
    if chip.target.name == "cortex-m4":  # its dense kernel rounds product and sum once
        wanted = c_replay.replay(mlp, rows, fused=True)
    else:
        with open_header(path) as here:
            wanted = here.predict(rows)
    assert bits(got) == bits(wanted)


@every_chip
def test_optimisation_changes_no_bit(chip: Chip, tmp_path: Path) -> None:
    mlp = network((3, 5, 2), "tanh", "regression", standardised=False)
    rows = readings(mlp, 5)
    path = written(mlp, tmp_path)
    with require(chip).open(path) as opened:
        wanted = opened.predict(rows)
    with chip.start(build(read_header(path), chip.target, "O3")) as simulator:
        got = np.frombuffer(b"".join(simulator.predict(row.tobytes()) for row in rows), np.float32)
    assert bits(got) == bits(wanted)


def test_the_records() -> None:
    rowwise = [runtime.name for runtime in RUNTIMES if runtime.by_row]
    assert rowwise == ["micropython", *BY_NAME]
    assert [runtime.name for runtime in HOSTED] == ["keras", "litert", "onnxruntime", "c", "js"]
    assert {runtime.reads for runtime in RUNTIMES if runtime.name in BY_NAME} == {".h"}


@every_chip
def test_any_number_of_rows_and_no_more_once_closed(chip: Chip, tmp_path: Path) -> None:
    mlp = network()
    rows = readings(mlp, 9)
    with require(chip).open(written(mlp, tmp_path)) as opened:
        assert opened.predict(rows[:0]).shape == (0, 1)
        whole = opened.predict(rows)
        assert whole.dtype == np.float32
        np.testing.assert_array_equal(opened.predict(rows[::-1]), whole[::-1])
        np.testing.assert_array_equal(opened.predict(rows[4:5]), whole[4:5])
        for shape in ((3, 7), (8,), (1, 2, 8)):
            with pytest.raises(TableError, match="8 readings"):
                opened.predict(np.zeros(shape, np.float32))
    with pytest.raises(InputError, match="was closed"):
        opened.predict(rows)


def test_loaded_by_name_and_only_with_trust(tmp_path: Path) -> None:
    require(AVR)
    path = written(network(), tmp_path)
    with pytest.raises(ModelError, match="a header is a program"):
        mlp_edge.load(path, "avr")
    rows = readings(network(), 3)
    with mlp_edge.load(path, "avr", trust=True) as avr, mlp_edge.load(path, trust=True) as here:
        assert (avr.runtime, here.runtime) == ("avr", "c")
        np.testing.assert_array_equal(avr.predict(rows), here.predict(rows))
        assert avr.predict_labels(rows) == here.predict_labels(rows)


# What cannot work


@pytest.mark.parametrize(
    ("name", "widths", "says"),
    [
        ("avr", (60, 90, 60, 1), "takes more than its 32,768 bytes of flash"),
        ("avr", (96, 96, 1), "at most 32,767 bytes"),
        ("avr", (600, 1), "takes more than its 2,048 bytes of RAM"),
        ("avr", (1, 510, 1), "its stack runs into its variables; the chip has 2,048 bytes"),
        ("cortex-m0", (1, 4200, 1), "its stack runs into its variables; the chip has 16,384"),
        ("cortex-m3", (128, 128, 1), "takes more than its 65,536 bytes of flash"),
    ],
)
def test_what_does_not_fit(name: str, widths: tuple[int, ...], says: str, tmp_path: Path) -> None:
    chip = require(BY_NAME[name])
    path = written(network(widths), tmp_path)
    with pytest.raises(ModelError) as caught, chip.open(path) as opened:
        opened.predict(np.zeros((1, widths[0]), np.float32))
    message = str(caught.value)
    assert str(path) in message
    assert chip.target.chip in message
    assert says in message
    assert "\n" not in message


@pytest.mark.parametrize("name", ["avr", "cortex-m3", "rv32"])
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("(void)x; for (;;) { *y += 1.0f; __asm__ volatile(\"\"); }", "a row takes more than"),
        ("(void)x; *y = 1.0f }", "does not compile for"),
    ],
)  # fmt: skip
def test_what_does_not_run(
    name: str, body: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlp_edge.runtime.chips.avr.LIMIT", 1_000_000)
    monkeypatch.setattr("mlp_edge.runtime.chips.unicorn.LONGEST_RUN", 0.3)
    chip = require(BY_NAME[name])
    with (
        pytest.raises(ModelError, match=says),
        chip.start(build(header_around(body), chip.target)) as simulator,
    ):
        simulator.predict(bytes(32))


@pytest.mark.parametrize("name", ["cortex-m3", "rv32"])
def test_code_that_leaves_memory_crashes_in_a_sentence(name: str) -> None:
    chip = require(BY_NAME[name])
    body = "(void)x; *y = *(const volatile float *)0x60000000;"
    with (
        pytest.raises(ModelError, match="its code crashes"),
        chip.start(build(header_around(body), chip.target)) as simulator,
    ):
        simulator.predict(bytes(32))


def test_an_avr_that_has_failed_says_so_again() -> None:
    require(AVR)
    body = "volatile float large[600]; large[0] = *x; *y = large[599];"
    with AVR.start(build(header_around(body), AVR.target)) as simulator:
        for _ in range(2):
            with pytest.raises(ModelError, match="its stack runs into its variables"):
                simulator.predict(bytes(32))


@every_chip
def test_names_are_checked_before_they_reach_a_command(chip: Chip, tmp_path: Path) -> None:
    path = written(network(name="pima"), tmp_path)
    path.write_text(path.read_text().replace('"name": "pima"', '"name": "x;touch y"'))
    with pytest.raises(ModelError, match="no C identifier"), require(chip).open(path):
        pass


def test_there_are_three_optimisations() -> None:
    with pytest.raises(InputError, match="Os, O2, O3"):
        build(header_around(""), AVR.target, "Ofast; rm")


# What is missing


@every_chip
def test_without_a_compiler(chip: Chip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    remedy = chip.missing() or ""
    assert f"apt-get install {chip.target.packages}" in remedy
    with pytest.raises(MissingError, match="apt-get install"):
        chip.open(written(network(), tmp_path)).__enter__()


@every_chip
def test_without_its_c_library(chip: Chip) -> None:
    require(chip)
    bare = replace(chip.target, libc="no_such_header.h")
    assert "C library is missing; apt-get install" in (toolchain_missing(bare) or "")


def test_without_a_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    for chip in BY_NAME.values():
        require(chip)
    monkeypatch.setattr("mlp_edge.runtime.chips.avr.HEADER", "no_such_header.h")
    monkeypatch.setattr("mlp_edge.runtime.chips.unicorn.installed", lambda _name: False)
    assert "apt-get install libsimavr-dev" in (AVR.missing() or "")
    assert "pip install 'mlp-edge[sim]'" in (BY_NAME["rv32"].missing() or "")


# The harness itself


@every_chip
def test_the_firmware_compiles_without_a_warning(chip: Chip, tmp_path: Path) -> None:
    target = require(chip).target
    (tmp_path / "model.h").write_bytes(integers.export(network(), quantised(network())))
    sizes = ("-DMLP_EDGE_INPUTS=8", "-DMLP_EDGE_OUTPUTS=1")
    entries = [
        (
            f"-DMLP_EDGE_RUN={entry.call.format(name='net')}",
            f"-DMLP_EDGE_READING={entry.reading}",
            f"-DMLP_EDGE_PREDICTION={entry.prediction}",
        )
        for entry in (PREDICT, PREDICT_RAW, CLASSIFY_RAW)
    ]
    for more in (*entries, (*entries[0], "-DMLP_EDGE_EMPTY")):
        run(tmp_path, *target.command, "-Os", *STRICT, *sizes, *more, "-I.", "-c", "-o", "x.o",
            str(HEADERS / "harness" / "firmware.c"))  # fmt: skip


def test_the_simulator_compiles_without_a_warning(tmp_path: Path) -> None:
    require(AVR)
    run(tmp_path, "gcc", "-std=c99", "-O2", *STRICT, "-c", "-o", "x.o",
        str(HEADERS / "harness" / "avr_host.c"))  # fmt: skip
