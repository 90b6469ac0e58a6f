"""Writing so that a reader never finds half of anything: under another name, then renamed."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from mlp_edge.errors import InputError


def sha256(content: bytes) -> str:
    """Hex SHA-256."""
    return hashlib.sha256(content).hexdigest()


def json_text(value: Any) -> str:
    """A value as an indented JSON document; a number that is not finite becomes null."""
    return json.dumps(_plain(value), indent=2, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def check_replaceable(path: Path, known: Collection[str], force: bool) -> None:
    """Refuse, before any work is done, a place where a directory of ours cannot be put.

    Args:
        path: the place.
        known: names that a directory of ours may hold; anything else there would be lost.
        force: whether one of ours may be replaced.

    Raises:
        InputError: saying what stands there and what would do.
    """
    if path.is_dir():
        present = sorted(entry.name for entry in path.iterdir())
        foreign = [name for name in present if name not in known]
        if foreign:
            raise InputError(
                f"{path}: holds {foreign[0]!r}, which is not part of a model and would be lost; "
                "--out names another directory"
            )
        if present and not force:
            raise InputError(
                f"{path}: there is a model already; --force replaces it, --out names another place"
            )
    elif path.exists():
        raise InputError(f"{path}: a file; --out takes a directory")
    elif not path.absolute().parent.is_dir():
        raise InputError(f"{path}: its parent directory does not exist")


def write_directory(path: Path, files: Mapping[str, bytes]) -> None:
    """Put a directory in place: whole under another name, then renamed.

    Args:
        path: where; what stands there is replaced (ask ``check_replaceable`` first).
        files: name, or folder/name, -> content.

    Raises:
        InputError: when the disk refuses; the previous model is untouched.
    """
    target = path.resolve()  # a link stays a link; what it leads to is replaced
    try:
        # Siblings, because a rename works within one file system only.
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise _refused(path, error) from error
    try:
        for name, content in files.items():
            (fresh / name).parent.mkdir(exist_ok=True)
            _write(fresh / name, content)
        fresh.chmod(0o777 & ~_umask())
        if target.exists():
            old = fresh.with_name(f"{fresh.name}.old")
            try:
                target.rename(old)
                fresh.rename(target)
            except BaseException:
                if old.exists() and not target.exists():
                    old.rename(target)
                raise
            shutil.rmtree(old, ignore_errors=True)
        else:
            fresh.rename(target)
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def write_files(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a directory, each whole or as it was before.

    The directory is made where it is missing; its parent has to be there.

    Raises:
        InputError: naming the directory and what the system said.
    """
    staged: list[Path] = []
    try:
        directory.mkdir(exist_ok=True)
        for name, content in files.items():
            handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=directory)
            os.close(handle)
            staged.append(Path(temporary))
            _write(staged[-1], content)
            staged[-1].chmod(0o666 & ~_umask())
        for temporary_path, name in zip(list(staged), files, strict=True):
            temporary_path.replace(directory / name)
    except OSError as error:
        raise _refused(directory, error) from error
    finally:
        _remove(staged)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _refused(path: Path, error: OSError) -> InputError:
    return InputError(f"{path}: cannot be written ({error.strerror}); nothing was changed")
