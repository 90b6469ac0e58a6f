"""A board on a serial port: its bits, whatever happens on the line; strangers at the other end."""

from __future__ import annotations

import zlib
from pathlib import Path
from time import monotonic

import numpy as np
import pytest
from specimens import SPECIMENS, load
from support.arduino import parity_sketch, uno
from support.boards import Line, flipped, impostor, lost, noisy, simulated_uno
from support.networks import readings

from mlp_edge.errors import InputError, MissingError, ModelError, TableError
from mlp_edge.mlp import Rows
from mlp_edge.parity.integers import same_bits
from mlp_edge.runtime.c import open_header
from mlp_edge.runtime.serial.board import connected
from mlp_edge.runtime.serial.port import BAUD, Place
from mlp_edge.runtime.serial.protocol import Again, Identity, Reply, read

PIMA = SPECIMENS / "pima.h"
IDENTITY = b"mlp-edge 1 pima float32 8 1 plain " + load("pima").weights_sha256.encode()


def line(text: bytes) -> bytes:
    """As a board says it."""
    return text + b"*%08x\n" % zlib.crc32(text)


@pytest.fixture(scope="module")
def sketch(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The program that is an Uno, and the sketch's firmware with the committed header of pima."""
    folder = tmp_path_factory.mktemp("uno")
    return uno(folder), parity_sketch(folder, PIMA)


def rows_and_predictions(count: int) -> tuple[Rows, Rows]:
    """Rows, missing and infinite readings among them, and what the header predicts here."""
    rows = readings(load("pima"), count)
    rows[1, 2], rows[2, 3] = np.nan, np.inf
    with open_header(PIMA) as here:
        return rows, here.predict(rows)


SILENT = "both ends of a row are lost"
"""The board waits for more, and the host for a reply: until it has waited long enough."""
FAULTS = {
    "none": Line(),
    "an end of a row is lost": Line(to_board=lost(-1)),
    "a byte of a row is lost": Line(to_board=lost(40)),
    "a byte of a row is flipped": Line(to_board=flipped(40)),
    SILENT: Line(to_board=lost(-1, -2)),
    "noise before a row": Line(to_board=noisy(b"\xff\x00?\n")),
    "a byte of a reply is lost": Line(from_board=lost(12)),
    "a byte of a reply is flipped": Line(from_board=flipped(12)),
    "the end of a reply is lost": Line(from_board=lost(-1)),
    "noise before a reply": Line(from_board=noisy(b"\xffnoise\n\n\x00")),
    "a reset in the middle of a row": Line(reset=True),
}
HARMLESS = ("none", "an end of a row is lost", "the end of a reply is lost")


@pytest.mark.parametrize("name", FAULTS)
def test_the_bits_of_the_header_whatever_happens(name: str, sketch: tuple[Path, Path]) -> None:
    rows, expected = rows_and_predictions(4)
    with (
        simulated_uno(sketch, FAULTS[name]) as port,
        connected(Place(port, BAUD), 3 if name == SILENT else 30) as board,
    ):
        assert (board.identity.name, board.identity.fused) == ("pima", False)
        got = board.predict(rows)
        assert (board.resent > 0) == (name not in HARMLESS)
        assert len(board.took) == 4
        assert all(0 < took < 20_000 for took in board.took)
    assert same_bits(got, expected).all()


def test_the_runtime_of_a_board(sketch: tuple[Path, Path]) -> None:
    rows, expected = rows_and_predictions(3)
    exports = [SPECIMENS / f"{name}.h" for name in ("iris", "pima_int8", "pima")]
    with simulated_uno(sketch) as port, connected(Place(port, BAUD), 30) as board:
        runtime = board.runtime(exports)
        assert [path.name for path in exports if runtime.runs(path)] == ["pima.h"]
        with runtime.open(PIMA) as opened:
            assert opened.golden is not None
            got = opened.predict(opened.golden.rows)
            np.testing.assert_array_equal(got, opened.golden.predictions)
            with pytest.raises(TableError, match="8 readings"):
                opened.predict(rows[:, :7])
        with pytest.raises(InputError, match="was closed"):
            opened.predict(rows)
        other = load("pima").weights_sha256[:8]
        says = rf"runs pima of {other}… in float32, and the exports are iris\.h of [0-9a-f]{{8}}…"
        with pytest.raises(InputError, match=says):
            board.runtime(exports[:2])
        got = board.predict(rows)
        sent, replied = board.transcript.splitlines()[-2:]
    assert same_bits(got, expected).all()
    assert sent.startswith("> 00000009 ")
    reply = read(replied.removeprefix("< ").encode())
    assert isinstance(reply, Reply)
    assert reply.predictions.tobytes() == got[-1].tobytes()


# Strangers at the other end: bounded lines, bounded time, one sentence


def test_a_board_that_never_replies() -> None:
    start = monotonic()
    with (
        impostor(lambda _: b"") as port,
        pytest.raises(InputError, match=r"nothing replies in 0\.2 s at 115200 baud; a board with"),
        connected(Place(port, BAUD), 0.2),
    ):
        pass
    assert monotonic() - start < 60


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        (b"\xfe\x80\x00 hello\n", "nothing replies but noise, as at another rate"),
        (b"x" * 100_000, "nothing replies but noise"),
        (b"\n" * 2000, "more than 1,000 lines were no replies"),
        (IDENTITY + b"*00000000\n", "nothing replies but noise"),
        (line(IDENTITY.replace(b" 1 pima", b" 2 pima")), "speaks version 2 of the protocol"),
        (line(IDENTITY.replace(b"plain", b"other")), "nothing replies but noise"),
    ],
)
def test_what_is_no_board(says: bytes, sentence: str) -> None:
    with (
        impostor(lambda _: says) as port,
        pytest.raises(InputError, match=sentence),
        connected(Place(port, BAUD), 1),
    ):
        pass


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        (b"", "row 1 was sent 5 times, without a reply"),
        (line(b"again"), "row 1 was sent 5 times"),
        (line(b"00000002 1 3f000000") * 2000, "more than 1,000 lines were no replies"),
        (line(b"00000001 1 3f000000 3f000000"), "row 1 was sent 5 times"),
        (b"0" * 3000, "row 1 was sent 5 times"),
        (line(IDENTITY.replace(b"float32", b"int8")), "it runs another model by now"),
    ],
)
def test_a_board_that_is_lost(says: bytes, sentence: str) -> None:
    with (
        impostor(lambda asked: line(IDENTITY) if asked == b"?" else says if asked else b"") as port,
        connected(Place(port, BAUD), 30) as board,
    ):
        board._seconds = 0.05
        with pytest.raises(ModelError, match=f"the board is lost: {sentence}"):
            board.predict(np.zeros((3, 8), np.float32))


def test_a_port_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("kept")
    for place in (Place(str(tmp_path / "none"), BAUD), Place(str(file), BAUD)):
        with pytest.raises(InputError, match="cannot be opened"), connected(place, 1):
            pass
    assert file.read_text() == "kept"
    monkeypatch.setitem(__import__("sys").modules, "serial", None)
    with (
        pytest.raises(MissingError, match=r"pip install 'mlp-edge\[serial\]'"),
        connected(Place("/dev/null", BAUD), 1),
    ):
        pass


def test_how_a_place_is_typed() -> None:
    assert Place.read("serial:/dev/ttyACM0") == ("/dev/ttyACM0", 115_200)
    assert Place.read("serial:COM3@9600") == ("COM3", 9600)
    for typed in ("serial", "serial:", "serial:@9600", "serial:COM3@", "serial:COM3@fast"):
        with pytest.raises(InputError, match="names no serial port"):
            Place.read(typed)


def test_what_a_line_says() -> None:
    assert read(line(b"again")[:-1]) == Again()
    assert read(line(b"again")[:-1] + b"\r") == Again()
    assert read(b"again*ffffffff") is None
    assert read(line(b"0000000a 12 3f800000 7fc00000 ")[:-1]) is None
    found = read(line(b"0000000a 12 3f800000 7fa00001")[:-1])
    assert isinstance(found, Reply)
    assert found[:2] == (10, 12)
    assert found.predictions.view(np.uint32).tolist() == [0x3F800000, 0x7FA00001]
    said = read(line(IDENTITY)[:-1])
    assert said == Identity(1, "pima", "float32", 8, 1, False, load("pima").weights_sha256)
