"""Text of strangers on the terminal: spelled out, cut, quoted for the shell; streams that fail."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from rich.text import Text
from support.commands import PROGRAM, Type, typed

from mlp_edge.cli.app import _ended
from mlp_edge.cli.printing.console import LONGEST_LINE, Printer, out
from mlp_edge.cli.printing.tables import PlainTable
from mlp_edge.foreign import printable, shortened
from mlp_edge.foreign import typed as as_typed

NASTY = {
    "escape": "\x1b[31mred\x1b[0m",
    "title": "no\x1b]0;PWNED\x1b\\",
    "bell": "a\x07\x08b",
    "return": "good\rbad",
    "lines": "a\nerror: b",
    "tab": "a\tb",
    "delete": "a\x7fb",
    "c1": "\x9b31mred",
    "bidi": "\u202egnp.exe\u2066",
    "width": "pay\u200bpal\ufeff\u2060",
    "separator": "a\u2028b\u2029c\x85d",
    "surrogate": "a\udc9bb",
    "private": "\ue000\U0010ffff",
}


def unseen(text: str) -> list[str]:
    """What of a text a terminal acts on or does not show."""
    return [c for c in text if not c.isprintable() and c != "\n"]


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_what_cannot_be_shown_is_spelled_out(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert shown != text
    assert printable(shown) == shown
    assert shown == repr(text)[1:-1].replace("\\\\", "\\") or "\\x1b\\" in shown


@pytest.mark.parametrize("text", ["", "größe", "温度", "а б", "a\u3000b\xa0c", "é", "🙂", "\\x1b"])
def test_letters_and_blanks_stay(text: str) -> None:
    assert printable(text) == text


def test_every_character_is_shown_or_spelled_out() -> None:
    for code in range(sys.maxunicode + 1):
        shown = printable(chr(code))
        assert shown.isprintable() or unicodedata.category(chr(code)) == "Zs"


def test_a_long_name_is_cut_in_the_middle() -> None:
    assert shortened("a" * 400, 400) == "a" * 400
    assert shortened("ab" * 50_000, 8) == "abab…abab (100,000 characters)"


def printed(*objects: object, width: int = 80, **options: object) -> str:
    file = io.StringIO()
    printer = Printer(file=file)
    printer.width = width
    printer.print(*objects, **options)
    return file.getvalue()


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_no_way_onto_the_console_is_raw(text: str) -> None:
    table = PlainTable(text, title=text)
    table.add_column(text)
    table.add_row(text, Text(text, "red"))
    for thing in (text, Text(text), f"\n{text}", table):
        assert unseen(printed(thing)) == []
    assert printed(f"\nwarning: {text}").count("\n") == 2
    assert len({len(line) for line in printed(table).splitlines() if line.strip()}) == 1


def test_a_line_of_a_megabyte_is_cut() -> None:
    assert len(printed("a" * 1_000_000, soft_wrap=True)) < LONGEST_LINE + 50


LABELS = ("no\x1b]0;PWNED\x1b\\", "yes\x1b[2J\u202e")
FEATURE = "x\x1b[31m\u200b"


@pytest.fixture(scope="module")
def nasty(keras: object, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """A table with names and labels of escape sequences, a model of it, and what was printed."""
    place = tmp_path_factory.mktemp("nasty")
    table = place / "t.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([FEATURE, "label"])
        writer.writerows([f"{0.37 * i:.3f}", LABELS[i * 7 % 5 > 2]] for i in range(60))
    told = ""
    model = place / "model"
    for command in (["train", table, "--epochs", 2, "--out", model], ["export", "--model", model]):
        result = typed(*command)
        assert result.code == 0, result.err
        told += result.out + result.err
    return table, model, told


@pytest.mark.parametrize("command", ["train", "inspect", "evaluate", "parity", "predict", "cost"])
def test_escape_sequences_are_spelled_out_by_every_command(
    nasty: tuple[Path, Path, str], command: str, tmp_path: Path, typed: Type
) -> None:
    table, model, told = nasty
    if command == "predict":
        file = tmp_path / "p.csv"
        result = typed(command, table, "--model", model, "--out", file)
        with file.open(newline="") as written:
            rows = list(csv.DictReader(written))
        assert {row["label"] for row in rows} == set(LABELS)  # the file has them as they were
        assert {row["predicted label"] for row in rows} <= set(LABELS)
        assert "expected no\\x1b]0;PWNED" in result.out
    elif command != "train":
        words = {"parity": ["-r", "onnxruntime"], "cost": ["--chip", "avr"]}.get(command, [])
        words += [table, "--plots"] if command == "evaluate" else []
        result = typed(command, *words, *(["--model"] if command != "inspect" else []), model)
    told = told if command == "train" else result.out + result.err
    assert unseen(told) == []
    if command in ("train", "inspect", "evaluate"):
        assert r"\x1b[2J\u202e" in told
    if command == "evaluate":
        pictures = [picture.read_text() for picture in (model / "plots").rglob("*.svg")]
        assert any("PWNED" in picture for picture in pictures)
        assert [unseen(picture) for picture in pictures] == [[] for _ in pictures]


def test_what_is_read_from_exports_is_spelled_out(
    nasty: tuple[Path, Path, str], typed: Type
) -> None:
    for file in (nasty[1] / "exports").iterdir():
        if file.suffix in (".onnx", ".tflite", ".h"):
            result = typed("inspect", file)
            assert unseen(result.out + result.err) == []
            assert r"no\x1b]0;PWNED" in result.out
            told = typed("inspect", file, "--json").out
            assert unseen(told) == []
            assert json.loads(told)["labels"] == list(LABELS)


def test_predictions_are_spelled_out_on_a_terminal_only(
    nasty: tuple[Path, Path, str], typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, model, _ = nasty
    piped = typed("predict", table, "--model", model).out
    assert set(LABELS) <= {cell for line in csv.reader(io.StringIO(piped)) for cell in line}
    monkeypatch.setattr(out, "_force_terminal", True)
    shown = typed("predict", table, "--model", model).out
    assert unseen(shown) == []
    assert shown == "\n".join(map(printable, piped.split("\n")))


def test_a_header_has_no_raw_escape_sequence(nasty: tuple[Path, Path, str]) -> None:
    [header] = (nasty[1] / "exports").glob("*.h")
    assert unseen(header.read_text()) == []


def test_what_is_typed_wrongly_is_spelled_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = "\x1b]0;PWNED\x07"
    for words in (["train", "--runs", raw], [raw], ["train", f"--{raw}"], ["inspect", "a", raw],
                  ["predict", raw], ["train", "iris", "--target", raw], ["evaluate", "-m", raw],
                  ["train", "--task", raw]):  # fmt: skip
        monkeypatch.setattr(sys, "argv", ["mlp-edge", *words])
        with pytest.raises(SystemExit, match="2"):
            sys.exit(_ended())
        printed = capsys.readouterr().err
        assert unseen(printed) == []
        assert "PWNED" in printed


def test_a_traceback_is_spelled_out(typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_arguments: object) -> None:
        raise ZeroDivisionError("a library says \x1b[31m")

    monkeypatch.setattr("mlp_edge.readers.model_directory.ModelDirectory.open", fails)
    result = typed("export")
    assert result.code == 70
    assert unseen(result.err) == []
    assert r"a library says \x1b[31m" in result.err


def test_names_of_a_hundred_thousand_characters() -> None:
    sheet = PlainTable("feature")
    sheet.add_row("é" * 100_000)
    shown = printed(sheet)
    assert len(shown) < 2000
    assert "(100,000" in shown


PATHS = ["a b", "it's", 'say "x"', "$HOME", "`id`", "a;b", "größe", "-x", "new\nline", "esc\x1b[0m",
         "back\\slash\t'", os.fsdecode(b"by\xfft"), "\u202ebidi", "*"]  # fmt: skip


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="asks bash")
@pytest.mark.parametrize("name", PATHS, ids=ascii)
def test_a_suggested_command_names_the_path_in_any_shell(name: str) -> None:
    word = as_typed(Path(name))
    assert word.isprintable()
    done = subprocess.run(
        ["/bin/bash", "-c", f"printf %s {word}"], capture_output=True, check=True,
        env={"LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert Path(os.fsdecode(done.stdout)) == Path(name)


def test_the_next_line_can_be_pasted(typed: Type, folder: Path, keras: object) -> None:
    place = folder / "a b's $x"
    result = typed("train", "iris", "--recipe", "tutorial", "--epochs", 1, "-q", "--out", place)
    assert result.code == 0, result.err
    line = result.out.splitlines()[-1].removeprefix("next: mlp-edge ")
    words = shlex.split(line)
    assert words == ["export", "--model", str(place)]
    assert typed(*words, "-f", "c").code == 0


COMMANDS = [["--help"], ["--version"], ["inspect"], ["inspect", "--json"], ["predict"]]


def run(words: list[str], redirections: str) -> subprocess.CompletedProcess[str]:
    command = f"{shlex.join([str(PROGRAM), *words])} {redirections}"
    return subprocess.run(
        ["/bin/bash", "-c", f"set -o pipefail; {command}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_streams_that_are_closed_full_or_left(model: Path, folder: Path, words: list[str]) -> None:
    good = run(words, "")
    assert good.returncode == 0
    closed = run(words, ">&-")
    assert (closed.returncode, closed.stdout, closed.stderr) == (0, "", good.stderr)
    mute = run(words, "2>&-")
    assert (mute.returncode, mute.stdout, mute.stderr) == (0, good.stdout, "")
    left = run(words, "| true")
    assert left.returncode in (0, 141)  # 0 where all was written before the reader went
    assert "Traceback" not in left.stderr
    assert "Exception" not in left.stderr
    if Path("/dev/full").exists():
        full = run(words, ">/dev/full")
        assert full.returncode == 2
        last = "error: standard output: cannot be written to: no space left on device"
        assert last in full.stderr.splitlines()
        assert "Traceback" not in full.stderr
        assert run(words, "2>/dev/full").returncode == 0
    assert run(words, ">&- 2>&- <&-").returncode == 0


def test_a_closed_descriptor_is_not_given_to_a_file(model: Path, folder: Path) -> None:
    # The library that runs the model prints into descriptor 1, whatever file that is.
    result = run(["predict", "--out", "p.csv"], ">&- 2>&-")
    assert result.returncode == 0
    assert (folder / "p.csv").read_text().count("\n") == 769
