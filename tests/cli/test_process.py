"""mlp-edge as a program: exit codes, silence, and what is left after it was stopped."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.c_compiler import require
from support.commands import PROGRAM, Type, Typed
from support.networks import network

from mlp_edge.data.reading.read import read_table
from mlp_edge.data.sets import SETS
from mlp_edge.errors import CheckError, InputError
from mlp_edge.export import c
from mlp_edge.lazy import tensorflow

WATCH = """
import sys
from mlp_edge.cli.app import app
try:
    app({words!r})
except SystemExit as end:
    code = end.code
heavy = ("tensorflow", "keras", "tf2onnx", "sklearn", "onnxruntime", "ai_edge_litert", "duckdb")
print(code, *sorted(name for name in heavy if name in sys.modules), file=sys.stderr)
"""


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("words", "imported"),
    [
        (["--help"], ""),
        (["train", "--help"], ""),
        (["export", "--format", "c"], ""),
        (["predict", "iris", "--model", "MODEL"], " onnxruntime"),
        (["predict", "iris", "--model", "MODEL", "-r", "litert"], " ai_edge_litert"),
        (["predict", "iris", "--model", "MODEL", "-r", "c"], ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_imports_what_it_needs(
    model: Path, iris: Path, folder: Path, words: list[str], imported: str
) -> None:
    words = [str(iris) if word == "MODEL" else word for word in words]
    result = subprocess.run(
        [sys.executable, "-c", WATCH.format(words=words)],
        capture_output=True, text=True, check=False, cwd=folder,
    )  # fmt: skip
    *comparison, last = result.stderr.splitlines()
    assert last == f"0{imported}"
    assert all(" => " in line for line in comparison)
    assert result.stdout


def test_no_room_of_a_workflow_is_imported_before_it_is_called() -> None:
    """What reads, runs or measures would make every start slower, that of --help too."""
    rooms = "engines export measure parity plots quantise readers report runtime signing streaming"
    looks = (
        "import sys, mlp_edge.cli.app; "
        "print(*{name.split('.')[1] for name in sys.modules if name.startswith('mlp_edge.')})"
    )
    printed = subprocess.run([sys.executable, "-c", looks], capture_output=True, check=True).stdout
    assert {*rooms.split()} & {*printed.decode().split()} == set()


def test_bad_input_ends_with_2_and_a_sentence(process: Type, folder: Path) -> None:
    result = process("train", "none.csv")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: none.csv: no such file")
    assert result.err.count("\n") == 1
    assert list(folder.iterdir()) == []


def test_a_check_that_does_not_hold_ends_with_1(
    typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_arguments: object) -> None:
        raise CheckError("2 of 3 comparisons failed")

    monkeypatch.setattr("mlp_edge.readers.model_directory.ModelDirectory.open", fails)
    assert typed("export") == (1, "", "error: 2 of 3 comparisons failed\n")


def test_a_fault_of_ours_ends_with_70_and_a_traceback(
    typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_arguments: object) -> None:
        raise ZeroDivisionError("cannot happen")

    monkeypatch.setattr("mlp_edge.readers.model_directory.ModelDirectory.open", fails)
    result = typed("export")
    assert (result.code, result.out) == (70, "")
    assert result.err.startswith("Traceback (most recent call last):\n")
    assert "ZeroDivisionError: cannot happen" in result.err
    assert "fault of mlp-edge, not of yours. Please report it" in result.err


@pytest.mark.parametrize(
    ("number", "does"),
    [
        (errno.ENOSPC, "free some space and try again"),
        (errno.EFBIG, "raise the limit on the size of files (ulimit -f) and try again"),
        (errno.EIO, "the disk or its connection is failing"),
        (errno.EROFS, "TMPDIR names another folder for temporary files"),
    ],
)
def test_a_disk_that_refuses_is_not_a_fault_of_ours(
    typed: Type, monkeypatch: pytest.MonkeyPatch, number: int, does: str
) -> None:
    def fails(*_arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("mlp_edge.readers.model_directory.ModelDirectory.open", fails)
    result = typed("export")
    assert (result.code, result.out) == (2, "")
    assert result.err == f"error: {os.strerror(number)}; {does}\n"


def test_too_little_memory_is_not_a_fault_of_ours(
    typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_arguments: object) -> None:
        bytearray(1 << 62)

    monkeypatch.setattr("mlp_edge.readers.model_directory.ModelDirectory.open", fails)
    result = typed("export")
    assert (result.code, result.out) == (2, "")
    assert result.err == "error: not enough memory; a smaller table or model would do\n"


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))


def test_a_disk_that_is_really_full(model: Path, process: Callable[..., Typed]) -> None:
    before = contents(model)
    result = process("export", "-f", "c", "--name", "other", preexec_fn=limited)
    assert (result.code, result.out) == (2, "")
    assert "model: cannot be written (File too large); nothing was changed" in result.err
    assert result.err.count("\n") == 1
    assert contents(model) == before


def test_a_limit_on_files_is_no_table_that_cannot_be_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # DuckDB parses the numbers of a large table, and reads a copy.
    (folder / "table.csv").write_text("a,b\n" + "1,2\n" * 20_000)
    assert read_table("table.csv").rows == 20_000
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(InputError) as caught:
            read_table("table.csv")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(caught.value) == (
        f"table.csv: its copy cannot be written in {tempfile.gettempdir()} (File too large); "
        "TMPDIR names another folder"
    )


def test_no_room_for_temporary_files(
    model: Path, folder: Path, process: Callable[..., Typed]
) -> None:
    def none() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    result = process("predict", "pima", "--runtime", "c", preexec_fn=none)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: No usable temporary directory found in ")
    assert result.err.endswith("; free some space there, or name another with TMPDIR\n")
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("asked", "code", "ignored"),
    [(signal.SIGTERM, 143, False), (signal.SIGHUP, 129, False), (signal.SIGHUP, 0, True)],
    ids=["SIGTERM", "SIGHUP", "SIGHUP under nohup"],
)
def test_who_is_asked_to_end_leaves_no_folder_behind(
    folder: Path, asked: signal.Signals, code: int, ignored: bool
) -> None:
    """The signal comes from the compiler, when its folder is there for certain."""
    require("gcc")
    net = network()
    (folder / "net.h").write_bytes(c.export(net))
    (folder / "rows.csv").write_text(
        ",".join(feature.name for feature in net.features) + "\n" + ",".join("1" * 8) + "\n"
    )
    (folder / "compiler").write_text(f'#!/bin/sh\nkill -{int(asked)} $PPID\nsleep 1\nexec gcc "$@"')
    (folder / "compiler").chmod(0o755)
    (folder / "scratch").mkdir()
    words = ("predict", "rows.csv", "--model", "net.h", "--trust", "--out", "p.csv")
    was = signal.SIG_IGN if ignored else signal.SIG_DFL
    result = subprocess.run(
        [PROGRAM, *words], capture_output=True, text=True, check=False,
        env={**os.environ, "CC": str(folder / "compiler"), "TMPDIR": str(folder / "scratch")},
        preexec_fn=lambda: signal.signal(asked, was),
    )  # fmt: skip
    assert result.returncode == code, result.stderr
    assert (folder / "p.csv").exists() == ignored
    if not ignored:
        assert (result.stdout, result.stderr) == ("", "interrupted; nothing was left half done\n")
    assert list((folder / "scratch").iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_standard_output_that_is_full(model: Path, folder: Path) -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [PROGRAM, "predict"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert result.returncode == 2
    assert result.stderr.splitlines()[0].startswith("error: standard output: cannot be written")
    assert "Traceback" not in result.stderr


def test_a_reader_who_has_seen_enough(model: Path, folder: Path) -> None:
    running = subprocess.Popen(
        [PROGRAM, "predict"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()  # before anything was written
    complaints = running.stderr.read()
    running.stderr.close()
    assert running.wait() == 141
    assert complaints == ""


def test_standard_output_in_any_encoding(
    iris: Path, process: Callable[..., Typed], folder: Path
) -> None:
    lines = SETS["iris"].location.read_text().replace("\n", ",größe\n", 1).replace("setosa", "ü")
    (folder / "iris.csv").write_text("".join(f"{line}\n" for line in lines.splitlines()[:1]))
    with (folder / "iris.csv").open("a") as file:
        file.writelines(f"{line},Δ\n" for line in lines.splitlines()[1:])
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    result = process("predict", "iris.csv", "--model", iris, env=environment)
    assert result.code == 0, result.err
    assert result.out.splitlines()[0].startswith(r"sepal_length,sepal_width,petal_length")
    assert r",gr\xf6\xdfe,probability setosa" in result.out
    assert r",\u0394," in result.out
    assert r"(expected \xfc)" in result.err


@pytest.mark.slow
def test_ctrl_c_leaves_the_previous_model(model: Path, folder: Path) -> None:
    before = contents(folder)
    running = subprocess.Popen(
        [PROGRAM, "train", "--force", "--recipe", "tutorial", "--epochs", "1000000"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        # Who starts the suite in the background has it ignore Ctrl-C, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert running.stderr is not None
    first = running.stderr.readline()  # it comes when the training is well under way
    assert first.startswith("training: epoch ")
    running.send_signal(signal.SIGINT)
    out, err = running.communicate()
    assert (running.returncode, out) == (130, "")
    last = err.splitlines()[-1]
    assert last == "interrupted; nothing was left half done"
    assert "Traceback" not in err
    assert contents(folder) == before
    assert [path.name for path in folder.iterdir()] == ["model"]


def test_the_environment_of_a_user_is_left_alone(keras: object) -> None:
    # Importing TensorFlow quietly gives descriptor 2 back.
    read, write = os.pipe()
    kept = os.dup(2)
    os.dup2(write, 2)
    try:
        tensorflow()
        os.write(2, b"heard")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(write)
    with os.fdopen(read) as pipe:
        assert pipe.read() == "heard"
