"""What writes, killed and failed at every system call that changes its folder.

    LD_PRELOAD=points.so python tests/killed_writers.py points.so FOLDER WRITER...

Each WRITER of ``WRITERS`` runs in forks of this process, once per call and ACTION; afterwards the
old or the new has to be whole, the next run has to work, and nothing of ours may be left when it is
as old as litter is. Prints a JSON object: writer -> action -> how many points; dies of the first
that does not hold. See killed_writers.c.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from support.manifests import MANIFEST as DESCRIBED

from mlp_edge.api.widened_table import write_output
from mlp_edge.cli.printing.console import Ended, end_orderly
from mlp_edge.errors import InputError
from mlp_edge.files import swap
from mlp_edge.files.temporary import AGE, LOCK, is_ours
from mlp_edge.files.writing import finish, write_directory, write_files
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.readers.replacing import check_place
from mlp_edge.training.search import tuning_journal
from mlp_edge.training.search.trials import discard

ACTIONS = ("kill", "ENOSPC", "EIO", "term")
SAID = {"ENOSPC": os.strerror(errno.ENOSPC), "EIO": os.strerror(errno.EIO)}
WORKED, REFUSED, ENDED, FAULT = 0, 2, 143, 70
MODEL = {"model.keras": b"weights", "history.csv": b"epoch\n1\n", "plots/loss.png": b"old"}
LISTED = replace(DESCRIBED, exports={"net.h": "", "net.onnx": ""}).to_json().encode()
OTHER = {**MODEL, "model.json": LISTED.replace(b'"seed": 7', b'"seed": 8'), "model.keras": b"more"}
EXPORTED = {"exports/net.h": b"old", "exports/net.onnx": b"old", "exports/parity.json": b"{}"}
Tree = dict[str, bytes]
Arm = Callable[[Path, int, str, Path], None]
"""Fails the calls below a folder from now on: at which number, how, and the log."""


@dataclass(frozen=True)
class Writer:
    """Something that writes into a folder.

    Attributes:
        before: what stands there, name -> content.
        act: writes, given the folder.
        exchange: whether the system may exchange two names in one step.
    """

    before: Tree
    act: Callable[[Path], object]
    exchange: bool = True


def _below(name: str, files: Tree) -> Tree:
    return {f"{name}/{file}": content for file, content in files.items()}


def _train(folder: Path) -> None:
    place = folder / "model"
    check_place(place, force=True)
    write_directory(place, OTHER, lambda: check_place(place, force=True))


def _export(folder: Path) -> None:
    made = {"net.h": b"new", "net_int8.json": b"new", "net.onnx": b"new"}
    ModelDirectory.open(folder / "model").add_exports(made)


def _export_out(folder: Path) -> None:
    write_files(folder / "out", {"net.h": b"new", "net.onnx": b"new"})


def _predict(folder: Path) -> None:
    write_output(folder / "predictions.csv", "a,probability\n1,0.5\n")


def _pictures(folder: Path) -> None:
    made = {f"plots/table/{name}": b"new" for name in ("roc.png", "roc.svg")}
    ModelDirectory.open(folder / "model").write({"plots/loss.png": b"new", **made})


def _tune(folder: Path) -> None:
    """Three trials, each kept as soon as it is judged, then the model."""
    import optuna

    journal = folder / "model.tuning"
    space = {"l2": optuna.distributions.FloatDistribution(0, 1)}
    with tuning_journal.opened(journal, "rows", space) as kept:
        while len(kept.records) < 3:
            value = len(kept.records) / 10
            kept.add(tuning_journal.Record({"l2": value}, (value, value + 0.1)))
    _train(folder)
    discard(journal)


_SAVED = _below("model", {**MODEL, "model.json": LISTED, **EXPORTED})
WRITERS = {
    "train": Writer({}, _train),
    "train --force": Writer(_SAVED, _train),
    "train --force, two renames": Writer(_SAVED, _train, exchange=False),
    "export": Writer(_SAVED, _export),
    "export --out": Writer(_below("out", {"net.h": b"old"}), _export_out),
    "train --tune": Writer(_SAVED, _tune),
    "predict --out": Writer({"predictions.csv": b"old"}, _predict),
    "evaluate, pictures": Writer(_SAVED, _pictures),
}


def tree(folder: Path) -> Tree:
    """Every file below a folder that is not a lock, waiting, temporary, or a search's journal."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
        and path.suffix != ".tuning"
        and not any(map(is_ours, path.relative_to(folder).parts))
    }


def ours(folder: Path) -> list[str]:
    """Everything below a folder that bears a name of ours."""
    return [str(path) for path in folder.rglob("*") if is_ours(path.name)]


def opened(folder: Path) -> None:
    """What the next command does first: it opens the model, or asks for the place."""
    swap.mend(folder / "model")
    for name in ("model", "out"):
        finish(folder / name)


def aged(folder: Path) -> None:
    """As if all had been written two hours ago."""
    for path in [folder, *folder.rglob("*")]:
        then = path.stat().st_mtime - 2 * AGE
        os.utime(path, (then, then))


def run(writer: Writer, folder: Path, arm: Callable[[], object]) -> tuple[int, str]:
    """The writer in a process of its own: its exit code, -9 when it was killed, and its error."""
    said = folder.with_name("said")
    said.write_text("")
    child = os.fork()
    if child == 0:
        code = FAULT
        try:
            end_orderly()
            arm()
            writer.act(folder)
            code = WORKED
        except InputError as error:
            said.write_text(str(error))
            code = REFUSED
        except Ended:
            code = ENDED
        except BaseException:
            said.write_text(traceback.format_exc())
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), said.read_text()


def prepare(writer: Writer, folder: Path) -> Tree:
    """The folder as it was before, with a file of somebody else's."""
    shutil.rmtree(folder, ignore_errors=True)
    for file, content in {"theirs.txt": b"mine", **writer.before}.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)
    return tree(folder)


def check(name: str, folder: Path, new: Tree, action: str, number: int, arm: Arm) -> bool:
    """One point of failure; False when there are not so many."""
    writer, log = WRITERS[name], folder.with_name("log")
    old = prepare(writer, folder)
    log.write_text("")
    code, said = run(writer, folder, lambda: arm(folder, number, action, log))
    calls = log.read_text().splitlines()
    where = f"{name}, {action} at {(calls[number - 1 :] or ['the end'])[0]}"
    allowed = {"kill": (-9, WORKED), "term": (ENDED, WORKED)}.get(action, (WORKED, REFUSED))
    assert code in allowed, f"{where}: exit {code}\n{said}"
    opened(folder)
    after = tree(folder)
    assert after in (old, new), f"{where}: neither old nor new\n{said}\n{sorted(after)}"
    if code == REFUSED:
        assert SAID[action] in said, f"{where}: {said}"
        assert after == old or "nothing was changed" not in said, f"{where}: {said}"
        assert after == new or "what was written is complete" not in said, f"{where}: {said}"
    if code == WORKED:
        assert after == new, f"{where}: worked, and did not"
    if code != -9 and not any(call in where for call in ("unlink", "rmdir")):
        left = ours(folder)
        if (
            action == "term"
        ):  # between the opening of a lock and its holding; the next holder ends it
            left = [name for name in left if not name.endswith(LOCK)]
        assert not left, f"{where}: left {left}"
    for moment in ("the next run", "a run two hours later"):
        writer.act(folder)
        assert tree(folder) == new, f"{where}: {moment}: not the new"
        aged(folder)
    left = [*ours(folder), *map(str, folder.glob("*.tuning"))]
    assert not left, f"{where}: left for ever {left}"
    return len(calls) >= number


def main(library: str, base: str, *names: str) -> None:
    """Run the writers of these names through all their points."""
    shim, folder = ctypes.CDLL(library), Path(base).resolve() / "here"

    def arm(folder: Path, number: int, action: str, log: Path) -> None:
        shim.points_arm(bytes(folder), number, action.encode(), bytes(log))

    counted: dict[str, dict[str, int]] = {}
    exchange = swap._exchange
    shim.points_arm.argtypes = [ctypes.c_char_p, ctypes.c_long, ctypes.c_char_p, ctypes.c_char_p]
    gc.freeze()  # a fork copies less
    for name in names:
        swap._exchange = exchange if WRITERS[name].exchange else lambda: None
        prepare(WRITERS[name], folder)
        WRITERS[name].act(folder)
        new = tree(folder)
        counted[name] = {
            action: next(n for n in count() if not check(name, folder, new, action, n + 1, arm))
            for action in ACTIONS
        }
    print(json.dumps(counted))


if __name__ == "__main__":
    main(*sys.argv[1:])
