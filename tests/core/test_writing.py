"""Writing leaves everything or nothing, whatever goes wrong in between."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mlp_edge.errors import InputError
from mlp_edge.files import writing
from mlp_edge.files.writing import check_replaceable, sha256, write_directory, write_files

OLD = {"a": b"old a", "b": b"old b"}
NEW = {"a": b"new a", "b": b"new b", "c": b"new c"}
FULL = OSError(errno.ENOSPC, "No space left on device")


def contents(folder: Path) -> dict[str, object]:
    """Every file below a folder, hidden ones too."""
    return {
        path.name: contents(path) if path.is_dir() else path.read_bytes()
        for path in folder.iterdir()
    }


def failing_at(number: int, error: BaseException) -> Callable[..., None]:
    """The writer of one file, until it fails halfway through one."""
    real = writing._write
    count = 0

    def write(path: Path, content: bytes) -> None:
        nonlocal count
        count += 1
        if count == number:
            path.write_bytes(content[:2])
            raise error
        real(path, content)

    return write


def test_sha256() -> None:
    assert sha256(b"").startswith("e3b0c44298fc1c14")


# A directory


def test_a_new_directory(folder: Path) -> None:
    write_directory(folder / "model", NEW)
    assert contents(folder) == {"model": NEW}


def test_it_replaces_all_of_the_old_one(folder: Path) -> None:
    write_directory(folder / "model", OLD | {"exports": b""})
    write_directory(folder / "model", NEW)
    assert contents(folder) == {"model": NEW}


def test_others_may_read_what_they_could_before(folder: Path) -> None:
    previous = os.umask(0o027)
    try:
        write_directory(folder / "model", NEW)
        write_files(folder / "model", {"d": b""})
    finally:
        os.umask(previous)
    assert (folder / "model").stat().st_mode & 0o777 == 0o750
    assert (folder / "model" / "a").stat().st_mode & 0o777 == 0o640
    assert (folder / "model" / "d").stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link(folder: Path) -> None:
    (folder / "disk").mkdir()
    write_directory(folder / "disk" / "model", OLD)
    (folder / "model").symlink_to(folder / "disk" / "model")
    write_directory(folder / "model", NEW)
    assert (folder / "model").is_symlink()
    assert contents(folder / "disk") == {"model": NEW}
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("before", [{}, {"model": OLD}], ids=["nothing before", "a model before"])
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt(), ZeroDivisionError()], ids=repr)
def test_a_failure_on_the_way_changes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, number: int,
    before: dict[str, dict[str, bytes]],
) -> None:  # fmt: skip
    for name, files in before.items():
        write_directory(folder / name, files)
    monkeypatch.setattr(writing, "_write", failing_at(number, error))
    expected = InputError if error is FULL else type(error)
    with pytest.raises(expected) as caught:
        write_directory(folder / "model", NEW)
    assert contents(folder) == before
    if error is FULL:
        message = (
            f"{folder}/model: cannot be written (No space left on device); nothing was changed"
        )
        assert str(caught.value) == message


@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("moved", [False, True])
def test_a_failure_while_the_old_one_makes_room(
    folder: Path, monkeypatch: pytest.MonkeyPatch, moved: bool, number: int, error: BaseException
) -> None:
    write_directory(folder / "model", OLD)
    monkeypatch.setattr("mlp_edge.files.swap._exchange", lambda: None)  # a system that cannot
    real = Path.rename
    count = 0

    def rename(path: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == number and not moved:
            raise error
        result = real(path, target)
        if count == number:
            raise error
        return result

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises((InputError, KeyboardInterrupt)):
        write_directory(folder / "model", NEW)
    assert contents(folder) == {"model": NEW if moved and number == 2 else OLD}


def test_a_parent_that_is_not_there(folder: Path) -> None:
    with pytest.raises(InputError, match="No such file or directory"):
        write_directory(folder / "none" / "model", NEW)
    assert contents(folder) == {}


# Files


def test_files_are_added_and_replaced(folder: Path) -> None:
    write_files(folder / "new", OLD)
    write_files(folder / "new", {"b": b"new b", "c": b"c"})
    assert contents(folder) == {"new": {"a": b"old a", "b": b"new b", "c": b"c"}}


def test_a_parent_is_not_made_up(folder: Path) -> None:
    with pytest.raises(InputError, match="place: cannot be written \\(No such file"):
        write_files(folder / "none" / "place", NEW)
    assert contents(folder) == {}


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt()], ids=repr)
def test_files_are_whole_or_as_before(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, number: int
) -> None:
    write_files(folder, OLD)
    monkeypatch.setattr(writing, "_write", failing_at(number, error))
    with pytest.raises((InputError, KeyboardInterrupt)):
        write_files(folder, NEW)
    assert contents(folder) == OLD


def test_a_file_where_the_folder_belongs(folder: Path) -> None:
    (folder / "file").write_bytes(b"mine")
    with pytest.raises(InputError, match="file: cannot be written"):
        write_files(folder / "file", NEW)
    with pytest.raises(InputError, match="cannot be written"):
        write_files(folder / "file" / "below", NEW)
    assert contents(folder) == {"file": b"mine"}


def test_a_folder_where_a_file_belongs(folder: Path) -> None:
    (folder / "b").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        write_files(folder, {"b": b"new"})
    assert contents(folder) == {"b": {}}


# What may be replaced


def test_room_for_a_directory(folder: Path) -> None:
    (folder / "empty").mkdir()
    for force in (False, True):
        check_replaceable(folder / "new", NEW, force)
        check_replaceable(folder / "empty", NEW, force)
    check_replaceable(Path("relative"), NEW, False)


def test_one_of_ours_is_replaced_by_force_only(folder: Path) -> None:
    write_directory(folder / "model", OLD)
    with pytest.raises(InputError, match="`force=True` replaces it"):
        check_replaceable(folder / "model", NEW, False)
    check_replaceable(folder / "model", NEW, True)


@pytest.mark.parametrize("force", [False, True])
def test_what_is_not_ours_is_never_replaced(folder: Path, force: bool) -> None:
    write_directory(folder / "thesis", OLD | {"chapter 1.tex": b"years of work"})
    with pytest.raises(InputError, match=r"holds 'chapter 1\.tex'.*name another directory"):
        check_replaceable(folder / "thesis", NEW, force)
    with pytest.raises(InputError, match="a file; a model is written to a directory"):
        check_replaceable(folder / "thesis" / "a", NEW, force)
    with pytest.raises(InputError, match="parent directory does not exist"):
        check_replaceable(folder / "none" / "model", NEW, force)
