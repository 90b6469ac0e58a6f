"""mlp-edge parity with a board on a serial port: a simulated Uno that runs the sketch."""

from __future__ import annotations

import json
import re
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from specimens import SPECIMENS
from support.arduino import parity_sketch, uno
from support.boards import Line, flipped, impostor, lost, simulated_uno
from support.commands import Type
from support.onnx_files import B1, B3, ROWS, W1, W3, Graph, gemm

import mlp_edge
from mlp_edge.mlp import Floats
from mlp_edge.runtime.c import open_header, read_header
from mlp_edge.runtime.serial.protocol import Reply, read

Command = tuple[Path, Path]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that somebody else trained, in float32 and in int8."""
    folder = tmp_path_factory.mktemp("exported")
    graph = Graph()
    gemm(graph, W1, B1)
    graph.add("Relu")
    gemm(graph, W3, B3)
    graph.add("Sigmoid")
    (folder / "net.onnx").write_bytes(graph.model().SerializeToString())
    lines = ["a,b,c,d,kind", *(f"{','.join(map(str, row))},{row[0] > 0:d}" for row in ROWS)]
    (folder / "rows.csv").write_text("\n".join(lines))
    model = mlp_edge.import_model(
        folder / "net.onnx", folder / "model", rows=folder / "rows.csv"
    ).model
    model.export("c")
    model.export("c", dtype="int8", max_drop=1)
    return folder / "model"


@pytest.fixture(scope="module")
def boards(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Command]:
    """A simulated Uno for each header."""
    folder = tmp_path_factory.mktemp("boards")
    program = uno(folder)
    return {
        name: (program, parity_sketch(folder, exported / "exports" / f"{name}.h"))
        for name in ("net", "net_int8")
    }


@pytest.fixture
def model(exported: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The model where a user has it: ./model; a few rows will do."""
    monkeypatch.setattr("mlp_edge.parity.parity.SAMPLE_ROWS", 8)
    monkeypatch.setattr("mlp_edge.parity.parity.stress_rows", lambda _, sample: sample * 9)
    monkeypatch.setattr("mlp_edge.parity.result.CHIP_ROWS", 40)
    return Path(shutil.copytree(exported, folder / "model"))


@pytest.mark.parametrize(("name", "held_to"), [("net", "0."), ("net_int8", "bits")])
def test_a_board_is_held_to_the_proof(
    name: str, held_to: str, model: Path, boards: Mapping[str, Command], typed: Type
) -> None:
    with simulated_uno(boards[name], Line(to_board=lost(20), from_board=flipped(9))) as port:
        result = typed("parity", "--runtime", f"serial:{port}", "--wait", 20)
    assert result.code == 0, result.err
    [line] = [line for line in result.out.splitlines() if line.startswith(f"{name}.h  ")]
    assert line.split()[1] == "serial"
    assert held_to in line
    assert line.split()[-1] == "PASS"
    assert f"{name}.h on the board" in result.out
    found = json.loads((model / "exports" / "parity.json").read_text("utf-8"))
    board = found["board"]
    assert (board["artifact"], board["fused"]) == (f"{name}.h", False)
    assert 1 <= board["resent"] <= 2
    assert 0 < board["least"] <= board["middle"] <= board["most"] < 50_000
    transcript = (model / "exports" / board["transcript"]).read_text("ascii").splitlines()
    heard = [read(each[2:].encode()) for each in transcript if each.startswith("< ")]
    replies = [each for each in heard if isinstance(each, Reply)]
    assert len(replies) == board["rows"]
    assert sorted(each.microseconds for each in replies)[0] == board["least"]
    assert {each[:2] for each in transcript} == {"> ", "< "}
    # What is exported anew is not what the board was asked about.
    mlp_edge.open(model).export("c")
    assert not {"parity.json", board["transcript"]} & {each.name for each in model.rglob("*")}


# Without the simulator: a board that is imitated, and what is wrong with it


@contextmanager
def imitated(
    header: Path, change: Callable[[Floats], Floats] = np.copy, rounding: str = "plain"
) -> Iterator[str]:
    """A port with a board that runs a header, its predictions changed on their way."""
    read_as = read_header(header)
    card = read_as.card
    identity = (
        f"mlp-edge 1 {card.name} {card.dtype} {read_as.inputs} {read_as.outputs} {rounding} "
        f"{card.weights_sha256}"
    )

    def replies(line: bytes) -> bytes:
        if not line:
            return b""
        if line == b"?":
            return said(identity)
        number, *bits = line.partition(b"*")[0].split()
        row = np.array([[int(each, 16) for each in bits]], np.uint32).view(np.float32)
        got = change(opened.predict(row)).view(np.uint32).ravel().tolist()
        return said(f"{number.decode()} 7 {' '.join(f'{each:08x}' for each in got)}")

    with open_header(header) as opened, impostor(replies) as port:
        yield port


def said(text: str) -> bytes:
    return f"{text}*{zlib.crc32(text.encode()):08x}\n".encode()


def beside(predictions: Floats) -> Floats:
    return np.nextafter(predictions, np.float32(2))


def test_one_ulp_beside_is_a_failure(model: Path, typed: Type) -> None:
    with imitated(model / "exports" / "net.h", beside) as port:
        result = typed("parity", "--runtime", f"serial:{port}")
    assert result.code == 1
    assert "net.h on serial: row 1, output 1: " in result.err
    assert "where the header's own float32 arithmetic, replayed, gives" in result.err


def test_a_compiler_that_fuses_is_held_to_the_bound(model: Path, typed: Type) -> None:
    with imitated(model / "exports" / "net.h", beside, "fused") as port:
        result = typed("parity", "--runtime", f"serial:{port}", "--runtime", "c")
    assert result.code == 0, result.err
    assert "its compiler may fuse multiply and add: float32 is held to the bound" in result.out
    assert [line.split()[1] for line in result.out.splitlines() if line.startswith("net.h  ")] == [
        "c", "serial",
    ]  # fmt: skip
    with imitated(model / "exports" / "net.h", lambda got: got + 0.01, "fused") as port:
        assert typed("parity", "--runtime", f"serial:{port}").code == 1


def test_integers_have_their_bits_whatever_is_fused(model: Path, typed: Type) -> None:
    with imitated(model / "exports" / "net_int8.h", beside, "fused") as port:
        result = typed("parity", "--runtime", f"serial:{port}")
    assert result.code == 1
    assert "net_int8.h on serial: golden row 1" in result.err


def test_a_board_that_falls_silent_fails_and_leaves_its_transcript(
    model: Path, typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlp_edge.runtime.serial.board.TRIES", 2)
    asked: list[Floats] = []

    def silent(predictions: Floats) -> Floats:
        asked.append(predictions)
        return predictions if len(asked) < 9 else predictions[:, :0]

    with imitated(model / "exports" / "net.h", silent) as port:
        result = typed("parity", "--runtime", f"serial:{port}", "--wait", 1)
    assert result.code == 1
    assert "the board is lost: row 9 was sent 2 times, without a reply" in result.err
    assert len((model / "exports" / "parity_serial.txt").read_text().splitlines()) > 18


@pytest.mark.parametrize("change", ["other weights", "another dtype"])
def test_a_board_with_another_model_is_refused(change: str, model: Path, typed: Type) -> None:
    place = model / "exports"
    if change == "another dtype":
        words = ("--format", "c", "--runtime")
        (place / "net_int8.h").rename(place / "gone.h")
    else:
        words = ("--runtime",)
    other = SPECIMENS / "pima.h" if change == "other weights" else place / "gone.h"
    with imitated(other) as port:
        result = typed("parity", *words, f"serial:{port}")
    assert result.code == 2
    name = "pima" if change == "other weights" else "net_int8"
    assert re.fullmatch(
        rf"error: {port}: the board runs {name} of [0-9a-f]{{8}}… in \w+, and the exports are "
        r"net\.h of [0-9a-f]{8}… in float32.*; the Parity sketch with one of these would do\n",
        result.err,
    )
    assert not (place / "parity.json").exists()


def test_a_board_that_never_answers_is_one_sentence(model: Path, typed: Type) -> None:
    with impostor(lambda _: b"") as port:
        result = typed("parity", "--runtime", f"serial:{port}@9600", "--wait", 0.2)
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        f"error: {port}: nothing replies in 0.2 s at 9600 baud; a board with the Parity sketch of "
        "this model would do, and no other program at this port\n"
    )


def test_what_is_typed_wrong(model: Path, typed: Type) -> None:
    result = typed("parity", "-r", "serial:/dev/a", "-r", "serial:/dev/b")
    assert (result.code, result.err) == (
        2, "error: boards at /dev/a and /dev/b: one at a time would do\n",
    )  # fmt: skip
    for wait in (0, -1, 1e9, "nan"):
        result = typed("parity", "--wait", wait)
        assert result.code == 2
        assert "takes seconds from 0.01 to 3600" in result.err


def test_a_network_in_a_file_alone(exported: Path, folder: Path, typed: Type) -> None:
    shutil.copy(exported.parent / "net.onnx", folder)
    shutil.copytree(exported / "exports", folder / "exports", ignore=lambda *_: {"parity.json"})
    assert typed("export", "--model", "net.onnx", "--format", "c").code == 0
    with imitated(folder / "exports" / "net.h") as port:
        words = ("parity", "--model", "net.onnx", "--runtime", f"serial:{port}", "--json")
        result = typed(*words, "--require", "serial")
    assert result.code == 0, result.err
    assert json.loads(result.out)["board"]["transcript"] == "net_parity_serial.txt"
    assert (folder / "exports" / "net_parity_serial.txt").exists()
