"""Boards by name: each built and simulated as itself, and what is said of those that are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from specimens import SPECIMENS, load
from support.arduino import build as build_sketch
from support.c_compiler import run
from support.chips import require
from support.networks import network, readings

from mlp_edge.card import Card
from mlp_edge.errors import MissingError, ModelError
from mlp_edge.export.c import export
from mlp_edge.measure.cost import measure
from mlp_edge.mlp import Mlp
from mlp_edge.parity.integers import same_bits
from mlp_edge.proof import c_replay
from mlp_edge.runtime import CHIPS
from mlp_edge.runtime.c import Header, open_header, read_header
from mlp_edge.runtime.chips.boards import BOARDS
from mlp_edge.runtime.chips.firmware import build
from mlp_edge.runtime.chips.targets import NOTHING, Target

BY_NAME = {board.target.name: board for board in BOARDS}
OWN = ("mega2560", "leonardo", "attiny85", "zero", "teensy40", "pico2")
"""A board of each kind that is no chip of the parity suite."""
TABLE = Path(__file__).parents[2] / "docs" / "reference" / "boards.md"


def header_of(mlp: Mlp) -> Header:
    return Header(Path("net.h"), export(mlp).decode(), Card.of(mlp), mlp.inputs, mlp.outputs)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("model", ["pima", "pima_int8"])
def test_the_bits_of_the_header(name: str, model: str) -> None:
    board, mlp = require(BY_NAME[name]), load("pima")
    rows = readings(mlp, 6)
    rows[1, 2], rows[2, 3] = np.nan, np.inf
    path = SPECIMENS / f"{model}.h"
    with board.open(path) as opened, open_header(path) as here:
        got, wanted = opened.predict(rows), here.predict(rows)
    if board.target.fused and model == "pima":
        wanted = c_replay.replay(mlp, rows, fused=True)
    assert same_bits(got, wanted).all()


def test_every_kind_of_board_has_been_asked() -> None:
    kinds = {(chip.target.compiler, *chip.target.flags) for chip in CHIPS}
    kinds |= {(BY_NAME[name].target.compiler, *BY_NAME[name].target.flags) for name in OWN}
    left = [board for board in BOARDS if board.target.counts != NOTHING
            and (board.target.compiler, *board.target.flags) not in kinds]  # fmt: skip
    assert left == []


def test_tables_beyond_what_a_pointer_of_a_mega_reaches_are_refused() -> None:
    board = require(BY_NAME["mega2560"])
    assert board.target.flash > 128 * 1024
    header = header_of(network((100, 80, 100, 20, 1)))  # 73 kB of tables, none above 32,767 bytes
    with pytest.raises(ModelError, match=r"does not fit the ATmega2560: .* first 65,536 bytes"):
        build(header, board.target)
    assert build(header_of(network((100, 80, 60, 1))), board.target).elf.flash > 50_000


def test_a_call_on_a_chip_with_longer_addresses() -> None:
    mega, uno = (measure(header_of(network()), require(BY_NAME[name]), readings(network(), 3))
                 for name in ("mega2560", "uno"))  # fmt: skip
    assert uno.worst < mega.worst < 1.1 * uno.worst  # it pushes three bytes, not two
    assert uno.stack < mega.stack < uno.stack + 16


def test_a_multiplier_that_is_missing_takes_its_time() -> None:
    tiny, uno = (measure(header_of(network()), require(BY_NAME[name]), readings(network(), 3))
                 for name in ("attiny85", "uno"))  # fmt: skip
    assert tiny.worst > 1.3 * uno.worst
    assert tiny.milliseconds == pytest.approx(tiny.worst / 8000)


def test_a_board_that_nothing_simulates_is_linked() -> None:
    board = require(BY_NAME["esp8266"])
    header = read_header(SPECIMENS / "pima.h")
    cost = measure(header, board, readings(load("pima"), 3))
    assert (cost.simulated, cost.milliseconds, cost.rows) == (False, None, 0)
    assert 948 < cost.flash < 4096  # its tables, and code
    assert (cost.data, cost.bss) == (0, 0)  # every table in flash
    assert cost.fits
    with (
        pytest.raises(MissingError, match="nothing simulates the ESP8266EX"),
        board.open(header.path),
    ):
        pass


def test_beside_an_empty_sketch() -> None:
    cost = measure(header_of(network()), require(BY_NAME["uno"]), readings(network(), 3))
    assert (cost.core_flash, cost.core_ram) == (444, 9)
    full = cost.on(BY_NAME["uno"].target)
    assert full == cost
    exact = replace(cost, flash=cost.flash_size - 444)
    assert exact.fits
    assert not replace(exact, flash=exact.flash + 1).fits
    free = cost.ram_size - 9 - cost.arrays
    assert replace(cost, stack=free).fits
    assert not replace(cost, stack=free + 1).fits


def test_what_an_empty_sketch_takes(tmp_path: Path) -> None:
    (tmp_path / "empty.ino").write_text("void setup() {}\nvoid loop() {}\n")
    build_sketch(tmp_path, tmp_path / "empty.ino", tmp_path)
    text, data, bss = map(int, run(tmp_path, "avr-size", "empty.elf").split("\n")[1].split()[:3])
    target = BY_NAME["uno"].target
    assert text + data == pytest.approx(target.core_flash, abs=32)  # the IDE optimises at the end
    assert data + bss == target.core_ram


def test_the_page_lists_the_boards() -> None:
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert lines == [row_of(board.target) for board in BOARDS]


def row_of(target: Target) -> str:
    core = f"{target.core_flash:,} and {target.core_ram:,}" if target.core_flash else ""
    cells = (
        f"`{target.name}`", target.board, target.chip, target.instructions,
        f"{target.clock / 1e6:g} MHz", f"{target.flash:,}", f"{target.ram:,}", core, target.counts,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"
