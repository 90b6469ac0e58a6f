"""Opening a header: what it refuses, what it needs, and what it leaves behind."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import require
from support.networks import network, readings

from mlp_edge.card import Card
from mlp_edge.errors import InputError, MissingError, ModelError, TableError
from mlp_edge.export.c import export
from mlp_edge.readers.header_file import read_header
from mlp_edge.readers.header_text import read_card
from mlp_edge.readers.inspection import inspect_file
from mlp_edge.runtime.c import RUNTIME, missing, open_header
from mlp_edge.runtime.verify import check_bytes


@pytest.fixture
def header(tmp_path: Path) -> Path:
    require("gcc")
    path = tmp_path / "pima.h"
    path.write_bytes(export(network(name="pima")))
    return path


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as caught, open_header(path):
        pass
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_the_record() -> None:
    assert (RUNTIME.name, RUNTIME.reads) == ("c", ".h")


def test_opens_with_its_card(header: Path) -> None:
    with open_header(header) as opened:
        assert opened.card == Card.of(network(name="pima"))
    assert read_card(header.read_text(), header) == opened.card


OLD = Path(__file__).with_name("headers") / "kernels_6.h"
"""As mlp-edge wrote it when kernels stood before the network and the card was one line."""


def test_an_old_header_is_read_run_and_inspected() -> None:
    require("gcc")
    with open_header(OLD) as opened:
        assert opened.card is not None
        assert (opened.card.name, opened.card.labels) == ("before", ("no", "yes"))
        assert opened.golden is not None
        np.testing.assert_array_equal(opened.predict(opened.golden.rows), opened.golden.predictions)
    check_bytes(OLD)
    found = inspect_file(OLD)
    assert (found.card, found.notes) == (opened.card, [])
    shown = [(layer.outputs, layer.inputs, layer.activation) for layer in found.anatomy.layers]
    assert shown == [(3, 2, "relu"), (1, 3, "sigmoid")]
    assert found.anatomy.mean is not None


def test_an_old_header_and_a_new_one_do_not_share_kernels(header: Path) -> None:
    both = header.with_name("both.c")
    both.write_text(f'#include "{OLD}"\n#include "{header}"\n')
    command = ["gcc", "-std=c99", "-fsyntax-only", str(both)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    assert "exported by different versions of mlp-edge: export them with one" in said


def test_any_number_of_rows(header: Path) -> None:
    rows = readings(network(), 50)
    with open_header(header) as opened:
        assert opened.predict(rows[:0]).shape == (0, 1)
        whole = opened.predict(rows)
        one_by_one = np.concatenate([opened.predict(row[None]) for row in rows])
        reversed_rows = opened.predict(rows[::-1])
    np.testing.assert_array_equal(whole, one_by_one)
    np.testing.assert_array_equal(whole[::-1], reversed_rows)


@pytest.mark.parametrize("shape", [(3, 7), (8,), (1, 2, 8)])
def test_rows_of_another_width_are_refused(header: Path, shape: tuple[int, ...]) -> None:
    with open_header(header) as opened, pytest.raises(TableError, match="8 readings"):
        opened.predict(np.zeros(shape, np.float32))


def test_two_models_at_once(header: Path, tmp_path: Path) -> None:
    other = network((4, 3), task="multiclass", name="iris")
    (tmp_path / "iris.h").write_bytes(export(other))
    with open_header(header) as pima, open_header(tmp_path / "iris.h") as iris:
        assert pima.predict(np.zeros((2, 8), np.float32)).shape == (2, 1)
        assert iris.predict(np.zeros((2, 4), np.float32)).shape == (2, 3)


def test_the_same_path_opened_again_is_the_new_file(header: Path) -> None:
    rows = readings(network(), 5)
    with open_header(header) as opened:
        before = opened.predict(rows)
    header.write_bytes(export(network(name="pima", seed=1)))
    with open_header(header) as opened:
        assert (opened.predict(rows) != before).any()


def test_closed_means_closed_and_leaves_nothing_behind(
    header: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    with open_header(header) as opened:
        assert list(scratch.iterdir())
    assert list(scratch.iterdir()) == []
    with pytest.raises(InputError, match="was closed"):
        opened.predict(np.zeros((1, 8), np.float32))


def test_windows_line_ends_are_fine(header: Path) -> None:
    windows = header.with_name("windows.h")
    windows.write_bytes(header.read_bytes().replace(b"\n", b"\r\n"))
    rows = readings(network(), 5)
    with open_header(header) as before, open_header(windows) as after:
        np.testing.assert_array_equal(before.predict(rows), after.predict(rows))
        assert after.card == before.card
    expected, found = read_header(header), read_header(windows)
    assert found.anatomy.layers == expected.anatomy.layers
    assert found[1:] == expected[1:]


def test_what_is_not_there(tmp_path: Path) -> None:
    assert "there is no such file" in refused(tmp_path / "none.h")
    assert "a directory, where a file belongs" in refused(tmp_path)


@pytest.mark.parametrize("text", [b"", b"int x;\n", b"\x89PNG\r\n\x1a\n\x00\xff"])
def test_what_is_not_ours(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "x.h").write_bytes(text)
    assert "not a header that mlp-edge export wrote" in refused(tmp_path / "x.h")


@pytest.mark.parametrize("share", [0.2, 0.6, 0.999])
def test_what_is_cut_short(header: Path, share: float) -> None:
    whole = header.read_bytes()
    header.write_bytes(whole[: int(len(whole) * share)])
    assert "not all of it" in refused(header)


def test_what_does_not_compile(header: Path) -> None:
    header.write_text(
        header.read_text().replace("float memory[memory_size];", "float memory[memory_size]")
    )
    message = refused(header)
    assert "does not compile" in message
    assert "model.h" in message


def test_weights_only(header: Path) -> None:
    header.write_bytes(export(network(name="pima"), weights_only=True))
    assert "weights only" in refused(header)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"name": "pima"', '"name": "x(); evil"'),
        ('"name": "pima"', '"name": 5'),
        ('"name": "pima"', '"name": "other"'),
        ('"features": [', '"features": 5, "was": ['),
        ('"features": [{"name": "x0", ', '"features": [{"was": "x0", '),
        ('"features": [{', '"features": [{"name": "more"}, {'),
        ('"format": 3', '"format": 4'),
        ('"task": "binary"', '"task": "poetry"'),
        ("#define PIMA_INPUTS 8", "#define PIMA_INPUTS 0"),
        ("#define PIMA_INPUTS 8", "#define PIMA_INPUTS 9"),
        ("#define PIMA_OUTPUTS 1", "#define PIMA_OUTPUTS -1"),
    ],
)
def test_a_card_that_does_not_fit(header: Path, old: str, new: str) -> None:
    text = header.read_text()
    assert old in text
    header.write_text(text.replace(old, new))
    refused(header)


def test_without_a_compiler(header: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    assert missing() is None
    monkeypatch.setenv("PATH", "")
    assert "apt-get install gcc" in (missing() or "")
    with pytest.raises(MissingError, match="apt-get install gcc"), open_header(header):
        pass


def test_the_compiler_of_the_environment(header: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "gcc -O0")
    assert missing() is None
    with open_header(header) as opened:
        assert opened.predict(np.zeros((1, 8), np.float32)).shape == (1, 1)
    monkeypatch.setenv("CC", "no-such-compiler")
    assert "no-such-compiler" in (missing() or "")
    with pytest.raises(MissingError, match="no-such-compiler"), open_header(header):
        pass
