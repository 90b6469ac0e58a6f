"""Several writers and readers at once, and what killed ones have left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from support.manifests import MANIFEST

from mlp_edge.errors import InputError, ModelError
from mlp_edge.files import lock
from mlp_edge.files.lock import locked
from mlp_edge.files.manifest import Manifest
from mlp_edge.files.swap import mend
from mlp_edge.files.temporary import AGE, LOCK, OLD, born, is_ours, mark, sweep, temporary
from mlp_edge.files.writing import sha256, write_directory, write_file, write_files
from mlp_edge.readers.model_directory import ModelDirectory, undisturbed
from mlp_edge.readers.replacing import check_place

linux = pytest.mark.skipif(sys.platform != "linux", reason="tells processes by /proc")
HOLD = """
from pathlib import Path
from mlp_edge.files.lock import locked
with locked(Path("model")):
    print("held", flush=True)
    input()
"""


def files_of(seed: int) -> dict[str, bytes]:
    """A model directory whose files all say which model they belong to."""
    manifest = replace(MANIFEST, seed=seed, exports={})
    return {"model.json": manifest.to_json().encode(), "model.keras": f"{seed}".encode()}


@pytest.fixture
def place(folder: Path) -> Path:
    """A model directory, of model 1."""
    write_directory(folder / "model", files_of(1))
    return folder / "model"


@pytest.fixture(params=["exchange", "two renames"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to replace a directory."""
    if request.param == "two renames":
        monkeypatch.setattr("mlp_edge.files.swap._exchange", lambda: None)
    return str(request.param)


@contextmanager
def meanwhile(work: Callable[[int], object]) -> Iterator[threading.Event]:
    """Work that is done again and again, by another thread, until the block ends."""
    ended, failed = threading.Event(), []

    def again() -> None:
        number = 0
        while not ended.is_set():
            try:
                work(number := number + 1)
            except BaseException as error:
                failed.append(error)
                return

    thread = threading.Thread(target=again)
    thread.start()
    try:
        yield ended
    finally:
        ended.set()
        thread.join()
    assert not failed, failed


def dead_process() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    return process.pid


def aged(path: Path) -> Path:
    """Made two hours ago."""
    then = time.time() - 2 * AGE
    os.utime(path, (then, then))
    return path


def left_by(pid: int, birth: str, place: Path) -> Path:
    """A temporary name beside ``place`` that belongs to a process."""
    return place.with_name(f".mlp-edge.{pid}-{birth}-0123abcd-{mark(place.name)}")


# Two at once


def test_parallel_exports_lose_none_of_the_others(place: Path) -> None:
    def export(number: int) -> None:
        content = f"{number}".encode() * 1000
        ModelDirectory.open(place).add_exports({f"net{number}.h": content, "net.onnx": content})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(export, range(12)))
    listed = ModelDirectory.open(place).manifest.exports
    assert set(listed) == {"net.onnx", *(f"net{number}.h" for number in range(12))}
    assert listed == {p.name: sha256(p.read_bytes()) for p in (place / "exports").iterdir()}
    assert not any(is_ours(path.name) for path in place.rglob("*"))


def test_trainings_that_end_at_once(folder: Path, way: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda seed: write_directory(folder / "model", files_of(seed)), range(12)))
    seed = ModelDirectory.open(folder / "model").manifest.seed
    assert (folder / "model" / "model.keras").read_bytes() == f"{seed}".encode()
    assert [path.name for path in folder.iterdir()] == ["model"]


@pytest.mark.parametrize("way", ["two renames"], indirect=True)
def test_a_training_that_ends_between_two_renames_is_replaced(
    folder: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = folder / "model"
    write_directory(target, files_of(1))
    rename, others = Path.rename, [files_of(2)]

    def slowly(path: Path, to: Path) -> Path:
        done = rename(path, to)
        if path == target.resolve() and others:  # which is away for a moment
            write_directory(target, others.pop())
        return done

    monkeypatch.setattr(Path, "rename", slowly)
    write_directory(target, files_of(3))
    assert ModelDirectory.open(target).manifest.seed == 3
    assert [path.name for path in folder.iterdir()] == ["model"]


def test_without_force_the_second_of_two_is_refused(folder: Path) -> None:
    place = folder / "model"

    def train(seed: int) -> str:
        try:
            write_directory(place, files_of(seed), lambda: check_place(place, force=False))
        except InputError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(4) as pool:
        said = sorted(pool.map(train, range(8)))
    assert said[0] == ""
    assert all("there is a model already" in one for one in said[1:])


def test_files_of_one_write_belong_together(folder: Path) -> None:
    names = [f"{letter}.h" for letter in "abcdef"]

    def write(number: int) -> None:
        write_files(folder / "out", {name: f"{number}".encode() for name in names})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(16)))
    assert len({(folder / "out" / name).read_bytes() for name in names}) == 1


def test_exports_of_a_model_are_never_written_into_another(place: Path, way: str) -> None:
    def replace_model(number: int) -> None:
        write_directory(place, files_of(number % 2))
        time.sleep(0.01)  # or nobody else has a turn

    with meanwhile(replace_model):
        for _ in range(20):
            opened = ModelDirectory.open(place)
            made_of = f"{opened.manifest.seed}".encode()
            with suppress(InputError):
                opened.add_exports({"net.h": made_of, "net.onnx": made_of})
    now = ModelDirectory.open(place)
    found = {path.read_bytes() for path in (place / "exports").glob("*")}
    assert found <= {f"{now.manifest.seed}".encode()}
    assert (place / "model.keras").read_bytes() == f"{now.manifest.seed}".encode()
    assert [path.name for path in place.parent.iterdir()] == ["model"]


def test_an_export_of_the_model_before_is_refused(place: Path) -> None:
    opened = ModelDirectory.open(place)
    write_directory(place, files_of(2))
    for write in (
        lambda: opened.add_exports({"net.h": b"1"}),
        lambda: opened.write({"plots/loss.png": b"1"}),
        opened.check_same,
    ):
        with pytest.raises(InputError, match="model: another model was put there meanwhile"):
            write()
    assert {path.name: path.read_bytes() for path in place.iterdir()} == files_of(2)


def test_exports_of_others_are_no_other_model(place: Path) -> None:
    opened = ModelDirectory.open(place)
    opened.add_exports({"net.h": b"1"})
    opened.check_same()
    assert not opened.unchanged()
    with pytest.raises(InputError, match="exports were written meanwhile"):
        opened.write({"exports/parity.json": b"{}"}, of_exports=True)
    assert not (place / "exports" / "parity.json").exists()


def test_a_reader_never_sees_half_of_two_models(place: Path, way: str) -> None:
    def read() -> tuple[int, bytes]:
        seed = ModelDirectory.open(place).manifest.seed
        try:
            return seed, (place / "model.keras").read_bytes()
        except FileNotFoundError as error:
            raise ModelError("gone") from error

    seen = set()
    with meanwhile(lambda number: write_directory(place, files_of(number % 2))):
        while len(seen) < 2:
            seen.update(undisturbed(place, read) for _ in range(20))
    assert seen == {(0, b"0"), (1, b"1")}


def test_what_did_not_change_is_wrong_at_once(place: Path) -> None:
    def read() -> None:
        asked.append(1)
        raise ModelError("damaged")

    asked: list[int] = []
    with pytest.raises(ModelError, match="damaged"):
        undisturbed(place, read)
    assert len(asked) == 1


def test_what_was_read_in_between_is_closed(place: Path) -> None:
    def read() -> int:
        if not dropped and not read_first:
            read_first.append(1)
            write_directory(place, files_of(2))
            return 1
        return 2

    read_first: list[int] = []
    dropped: list[int] = []
    assert undisturbed(place, read, dropped.append) == 2
    assert dropped == [1]


def test_a_second_writer_waits_and_says_who_writes(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        monkeypatch.setattr(lock, "WAIT", 0.1)
        for write in (
            lambda: write_directory(place, files_of(2)),
            lambda: ModelDirectory.open(place).add_exports({"net.h": b""}),
        ):
            with pytest.raises(InputError) as caught:
                write()
            assert f"model: process {holder.pid} on " in str(caught.value)
            assert "is writing to it" in str(caught.value)
        assert ModelDirectory.open(place).manifest.seed == 1  # readers need not wait
    finally:
        holder.kill()
        holder.communicate()
    # Its lock is broken by its death, though the file is there.
    assert (place / LOCK).exists()
    write_directory(place, files_of(2))
    assert sorted(path.name for path in place.iterdir()) == ["model.json", "model.keras"]


def test_a_writer_that_waited_for_a_swap_writes_into_the_new_one(place: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        with locked(place):
            waiting = pool.submit(write_files, place, {"b": b"b"})
            time.sleep(0.2)
            place.rename(place.with_name("before"))
            time.sleep(0.2)  # where names cannot be exchanged, there is none between two renames
            place.mkdir()
        waiting.result()
    assert [path.name for path in place.iterdir()] == ["b"]


def test_a_writer_whose_directory_goes_while_it_waits_says_so(place: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        with locked(place):
            waiting = pool.submit(write_files, place, {"b": b"b"})
            time.sleep(0.2)
            place.rename(place.with_name("before"))
        with pytest.raises(InputError, match=r"cannot be written \(No such file"):
            waiting.result()
    assert not place.exists()


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_a_lock_is_no_way_to_another_file(place: Path) -> None:
    (place.parent / "mine.txt").write_text("mine")
    (place / LOCK).symlink_to(place.parent / "mine.txt")
    with pytest.raises(InputError, match="cannot be written"):
        write_files(place, {"b": b""})
    assert (place.parent / "mine.txt").read_text() == "mine"
    (place / LOCK).unlink()
    (place / LOCK).write_text("process 1 on \x1b]0;nowhere")
    with locked(place):
        pass
    assert not (place / LOCK).exists()


# Litter


@linux
def test_only_old_litter_of_the_dead_is_removed(folder: Path) -> None:
    dead, me = dead_process(), os.getpid()
    place, other = folder / "model", folder / "other"
    place.mkdir()
    gone = [left_by(dead, "0123abcd", place), left_by(dead, "4567abcd", other)]
    gone.append(left_by(me, "0123abcd", place))  # a number that was given again
    gone.append(left_by(dead, "89ababcd", place).with_suffix(OLD))
    gone[-1] = gone[-1].with_name(left_by(dead, "89ababcd", place).name + OLD)
    stays = [left_by(me, born(me), place), left_by(1, born(1), place)]
    stays += [folder / name for name in (
        ".mlp-edge.notes", ".model.abcd1234", ".model.abcd1234.old", ".other.abcd1234.old",
        "model.bak", ".mlp-edge.1-2-3", f"{gone[0].name}.txt",
    )]  # fmt: skip
    of_other = left_by(dead, "cdefabcd", other)
    stays += [of_other, of_other.with_name(of_other.name + OLD)]  # may be the only copy
    for path in (*gone, *stays):
        path.mkdir()
        (path / "model.keras").write_bytes(b"weights")
        aged(path)
    young = left_by(dead, "fedcabcd", place)
    young.write_bytes(b"")
    sweep(place)
    assert {path.name for path in folder.iterdir()} == {
        "model", young.name, *(path.name for path in stays)
    }  # fmt: skip


@linux
def test_each_way_of_writing_sweeps_its_place(folder: Path) -> None:
    dead = dead_process()
    for write in (
        lambda: write_file(folder / "p.csv", b""),
        lambda: write_files(folder, {"p.csv": b"", "q.csv": b""}),
        lambda: write_directory(folder / "model", files_of(1)),
    ):
        litter = left_by(dead, "0123abcd", folder / "any")
        litter.write_bytes(b"")
        aged(litter)
        write()
        assert not litter.exists()


def test_names_are_of_one_length(tmp_path: Path) -> None:
    names = {len(temporary(tmp_path / name).name) for name in ("a", "ä" * 120, "x" * 255)}
    assert len(names) == 1
    assert is_ours(temporary(tmp_path / "a").name)
    write_file(tmp_path / ("x" * 255), b"whole")


def test_litter_is_no_reason_to_refuse(place: Path) -> None:
    ModelDirectory.open(place).add_exports({"net.h": b"h"})
    exports = place / "exports"
    for path in (
        place / LOCK, temporary(place / "any"), temporary(exports / "any"),
        exports / ".net.tflite.a1b2c3d4",  # as earlier versions named it
    ):  # fmt: skip
        path.write_bytes(b"")
    check_place(place, force=True)
    with pytest.raises(InputError, match="there is a model already"):
        check_place(place, force=False)
    (exports / "net.tflite").write_bytes(b"theirs")
    with pytest.raises(InputError, match="which is not one of the exports that"):
        check_place(place, force=True)


def test_a_place_with_litter_alone_is_empty(folder: Path) -> None:
    (folder / "model").mkdir()
    temporary(folder / "model" / "any").write_bytes(b"")
    check_place(folder / "model", force=False)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_parent_that_is_locked(folder: Path) -> None:
    folder.chmod(0o500)
    try:
        with pytest.raises(InputError, match="cannot write in"):
            check_place(folder / "model", force=False)
    finally:
        folder.chmod(0o700)


# Killed between two renames


def _pair(place: Path, pid: int, birth: str) -> tuple[Path, Path]:
    fresh = left_by(pid, birth, place)
    return fresh, fresh.with_name(fresh.name + OLD)


def _legacy(place: Path) -> tuple[Path, Path]:
    fresh = place.with_name(f".{place.name}.q1w2e3r4")
    return fresh, fresh.with_name(fresh.name + OLD)


@linux
@pytest.mark.parametrize("earlier", [False, True], ids=["", "of an earlier version"])
@pytest.mark.parametrize("both", [False, True], ids=["the old alone", "both"])
@pytest.mark.parametrize("first", ["open", "train"])
def test_a_directory_that_is_only_there_under_hidden_names(
    folder: Path, first: str, both: bool, earlier: bool
) -> None:
    place = folder / "model"
    fresh, old = _legacy(place) if earlier else _pair(place, dead_process(), "0123abcd")
    write_directory(old, files_of(1))
    if both:
        write_directory(fresh, files_of(2))
    if first == "train":
        with pytest.raises(InputError, match="there is a model already"):
            check_place(place, force=False)
    assert ModelDirectory.open(place).manifest.seed == 1 + both
    assert [path.name for path in folder.iterdir()] == ["model"]


def test_nobody_takes_a_pair_from_a_living_process(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlp_edge.files.swap._MOMENT", 0.1)
    place = folder / "model"
    fresh, old = _pair(place, os.getpid(), born(os.getpid()))
    other = _pair(folder / "other", dead_process(), "0123abcd")
    for path in (fresh, old, *other):
        write_directory(path, files_of(1))
    mend(place)
    with pytest.raises(ModelError, match="there is no model"):
        ModelDirectory.open(place)
    assert fresh.exists()
    assert old.exists()
    assert all(path.exists() for path in other)


def test_complete_files_wait_for_who_may_put_them_in_place(place: Path) -> None:
    """A killed export, as it was decided: the next command that opens the model ends it."""
    manifest = json.loads((place / "model.json").read_text()) | {"exports": {"net.h": "h"}}
    pending = place / ".mlp-edge.pending"
    (place / "exports").mkdir()
    (place / "exports" / "parity.json").write_text("{}")
    (pending / "exports").mkdir(parents=True)
    (pending / "exports" / "net.h").write_bytes(b"new")
    (pending / "exports" / "parity.json.mlp-edge.gone").write_bytes(b"")
    (pending / "model.json").write_text(json.dumps(manifest))
    text = ModelDirectory.open(place).manifest.exports
    assert text == {"net.h": "h"}
    assert [path.name for path in (place / "exports").iterdir()] == ["net.h"]
    assert not pending.exists()
    assert isinstance(Manifest.from_json((place / "model.json").read_text(), ""), Manifest)


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_a_strangers_directory_moves_no_file_out_or_in(place: Path) -> None:
    home = place.parent / "home"
    home.mkdir()
    (home / "net.h").write_text("mine")
    pending = place / ".mlp-edge.pending"
    pending.symlink_to(home)
    assert ModelDirectory.open(place).manifest.seed == 1
    pending.unlink()
    (pending / "exports").mkdir(parents=True)
    (pending / "exports" / "net.h").write_text("theirs")
    (place / "exports").symlink_to(home)
    with pytest.raises(InputError, match="exports is a link to another folder"):
        ModelDirectory.open(place)
    assert {path.name: path.read_text() for path in home.iterdir()} == {"net.h": "mine"}


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_what_cannot_be_put_in_place_is_refused_before(place: Path) -> None:
    (place.parent / "disk").mkdir()
    (place / "exports").symlink_to(place.parent / "disk")
    before = (place / "model.json").read_bytes()
    with pytest.raises(InputError, match="is a link to another folder\\); nothing was changed"):
        ModelDirectory.open(place).add_exports({"net.h": b""})
    (place / "plots" / "loss.png").mkdir(parents=True)
    with pytest.raises(InputError, match=r"loss\.png is a directory\); nothing was changed"):
        ModelDirectory.open(place).write({"plots/loss.png": b""})
    assert (place / "model.json").read_bytes() == before
    assert not any(is_ours(path.name) for path in place.rglob("*"))


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_a_link_that_leads_nowhere(folder: Path) -> None:
    (folder / "loop").symlink_to("loop")
    (folder / "gone").symlink_to("nowhere/model")
    for name in ("loop", "gone"):
        with pytest.raises(ModelError, match=f"{name}: there is no model"):
            ModelDirectory.open(Path(name))
