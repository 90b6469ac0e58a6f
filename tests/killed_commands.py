"""The commands themselves, killed and failed at every system call that changes their folders.

    python tests/killed_commands.py [COMMAND...]

The suite does this to what writes (killed_writers.py). Here each command of ``COMMANDS`` runs
whole, its temporary files included: once with a copy of all folders before each call, which is what
a killed process leaves, and then once per call and error. Takes minutes; prints how many points
there were, and stops at the first that does not hold.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import chdir
from pathlib import Path

from killed_writers import SAID, Tree, aged, opened, ours
from support.commands import typed

from mlp_edge.data.sets import SETS
from mlp_edge.files.temporary import is_ours
from mlp_edge.files.writing import write_directory
from mlp_edge.readers.replacing import check_place

PROGRAM = Path(sys.executable).with_name("mlp-edge")
TRAINING = ("train", "rows.csv", "-q", "--epochs", "2", "--force", "--out", "model")
COMMANDS = {
    "train": (*TRAINING, "--seed", "9"),
    "tune": (*TRAINING, "--seed", "9", "--tune", "1", "--hidden", "3"),
    "export": ("export", "-f", "c", "-d", "int8", "--max-flips", "1", "--max-drop", "1"),
    "predict": ("predict", "rows.csv", "--out", "predictions.csv"),
    "evaluate": ("evaluate", "rows.csv", "--rows-out", "rows_out.csv", "--no-plots"),
}
RUN_AGAIN = ("export", "predict", "evaluate")
"""Commands that are quick enough to be the next run of each point; after a training it is the
writing of its model."""


PARTS = ("model/", "predictions.csv", "rows_out.csv", "rows.csv")
"""What is old or new as a whole; of one command, the picture may be new and the rows not yet."""


def tree(folder: Path) -> Tree:
    """Every file that is not a lock, waiting or temporary, nor a search's journal."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
        and path.relative_to(folder).parts[0] not in ("scratch", "model.tuning")
        and not any(map(is_ours, path.relative_to(folder).parts))
    }


def run(folder: Path, words: tuple[str, ...], action: str = "", at: int = 0) -> tuple[int, str]:
    """A command's exit code and what it said on stderr."""
    environment = {**os.environ, "TMPDIR": str(folder / "scratch")}
    if action:
        log, library = folder.with_name("log"), folder.with_name("points.so")
        log.unlink(missing_ok=True)
        environment |= {
            "LD_PRELOAD": str(library), "POINTS_ROOT": str(folder), "POINTS_LOG": str(log),
            "POINTS_ACTION": action, "POINTS_AT": str(at),
        }  # fmt: skip
    (folder / "scratch").mkdir(exist_ok=True)
    done = subprocess.run(
        [PROGRAM, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def prepared(base: Path) -> Path:
    """A folder with a table and a small exported model; and the library beside it."""
    here = base / "base"
    here.mkdir()
    lines = SETS["pima"].location.read_text().splitlines()[:121]
    (here / "rows.csv").write_text("\n".join(lines) + "\n")
    for words in (TRAINING, ("export", "-f", "onnx", "-f", "c")):
        code, said = run(here, words)
        assert code == 0, said
    shutil.rmtree(here / "scratch")
    library = base / "points.so"
    source = Path(__file__).with_name("killed_writers.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return here


def settle(name: str, folder: Path, old: Tree, new: Tree, where: str) -> None:
    """The old or the new is there; the next run works, and two hours later leaves nothing."""
    opened(folder)
    after = tree(folder)
    for part in PARTS:
        found, before, behind = (
            {file: content for file, content in each.items() if file.startswith(part)}
            for each in (after, old, new)
        )
        assert found in (before, behind), f"{where}: {part}: neither old nor new"
    aged(folder)
    if name in RUN_AGAIN:
        with chdir(folder):
            again = typed(*COMMANDS[name])
        assert again.code == 0, f"{where}: the next run: {again.err}"
    else:
        files = {f.removeprefix("model/"): new[f] for f in new if f.startswith("model/")}
        check_place(folder / "model", force=True)
        write_directory(folder / "model", files)
    assert tree(folder) == new, f"{where}: the next run"
    assert not ours(folder), f"{where}: left for ever {ours(folder)}"


def check(name: str, base: Path) -> dict[str, int]:
    """All points of one command; returns how many there were of each kind."""
    here, folder, log = base / "base", base / "here", base / "log"
    shutil.copytree(here, folder)
    old = tree(folder)
    code, said = run(folder, COMMANDS[name], "copy")
    assert code == 0, said
    new, calls = tree(folder), log.read_text().splitlines()
    counted = {"killed": 0, **dict.fromkeys(SAID, 0)}
    for number, call in enumerate(calls, 1):
        snapshot = base / f"log.{number}"
        shutil.rmtree(folder)
        snapshot.rename(folder)
        settle(name, folder, old, new, f"{name} killed before {call}")
        counted["killed"] += 1
    print(name, counted, file=sys.stderr, flush=True)
    for error, text in SAID.items():
        for number in range(1, len(calls) + 1):
            shutil.rmtree(folder)
            shutil.copytree(here, folder)
            code, said = run(folder, COMMANDS[name], error, number)
            where = f"{name}, {error} at {log.read_text().splitlines()[number - 1]}"
            assert code in (0, 2), f"{where}: exit {code}: {said}"
            assert code == 0 or text in said, f"{where}: {said}"
            names = [path.name for path in (folder / "scratch").iterdir()]
            left = [name for name in names if name.startswith("mlp-edge-")]
            # What the system will not remove, stays.
            assert not left or "unlink" in where or "rmdir" in where, (
                f"{where}: left in TMPDIR: {left}"
            )
            settle(name, folder, old, new, where)
            counted[error] += 1
        print(name, counted, file=sys.stderr, flush=True)
    return counted


if __name__ == "__main__":
    for command in sys.argv[1:] or COMMANDS:
        with tempfile.TemporaryDirectory() as place:
            prepared(Path(place).resolve())
            print(command, check(command, Path(place).resolve()), flush=True)
