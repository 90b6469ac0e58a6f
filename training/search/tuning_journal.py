"""The journal of a search: every finished trial, so that an interrupted search goes on.

Optuna's journal, with trials added once they are scored: one line each, synced to the disk. What
was interrupted has left nothing in it, or half a line, which is cut off.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import IO, Any, NamedTuple

from mlp_edge.errors import InputError, first_line
from mlp_edge.files.lock import taken
from mlp_edge.lazy import require
from mlp_edge.reading import limit, parse_json, read_file, too_large
from mlp_edge.settings import setting

OURS = "mlp-edge tuning 1: "
"""What the name of the study begins with; the number rises when the same draw means another one."""
BEGINNING = b'{"op_code":0,'
"""Optuna's record of a new study, the first of every journal."""
TRIAL = b'{"op_code":4,'
"""And its record of a trial."""


class Record(NamedTuple):
    """A finished trial.

    Attributes:
        draw: the value of each parameter.
        folds: the metric on each fold; () when the training diverged.
        failure: then, what was said about it.
    """

    draw: Mapping[str, Any]
    folds: tuple[float, ...]
    failure: str = ""

    @property
    def value(self) -> float:
        """What Optuna is told, less being better: a training that diverged is the worst."""
        return fmean(self.folds) if self.folds else math.inf


class Journal:
    """An open journal: its records, in order, and a way to add one."""

    def __init__(self, path: Path, study: Any, space: Mapping[str, Any]) -> None:
        """Read every record; raises whatever a damaged one leads to."""
        self._path, self._study, self._space = path, study, space
        self.records = [_read(trial, space) for trial in study.trials]

    def add(self, record: Record) -> None:
        """Write a record through to the disk.

        Raises:
            InputError: when the disk refuses; the records before are kept.
        """
        number = {"number": len(self.records)}
        with _written(self._path):
            self._study.add_trial(optuna_trial(record, self._space, number))
        self.records.append(record)


def optuna_trial(
    record: Record, space: Mapping[str, Any], attributes: Mapping[str, Any] | None = None
) -> Any:
    """A record as Optuna's finished trial.

    Raises:
        ValueError: when the draw is not one of the space.
    """
    return quiet_optuna().trial.create_trial(
        value=record.value,
        params=dict(record.draw),
        distributions=dict(space),
        user_attrs={**(attributes or {}), "folds": list(record.folds), "failure": record.failure},
    )


@contextmanager
def opened(
    path: Path, fingerprint: str, space: Mapping[str, Any], afresh: bool = False
) -> Iterator[Journal]:
    """A journal, made where there is none, and kept from any other search meanwhile.

    Args:
        path: of the file; nothing else is written.
        fingerprint: of all that the trials depend on.
        space: Optuna's distributions by name.
        afresh: whether a journal that is damaged or of another search is emptied, not refused.

    Raises:
        MissingError: without Optuna.
        InputError: when the file cannot be written, is damaged, belongs to another search, or
            another search is at it.
    """
    quiet_optuna()
    with _held(path) as file:
        with _written(path):
            try:
                journal = _loaded(path, file, OURS + fingerprint, space)
            except InputError:
                if not afresh:
                    raise
                file.truncate(0)
                journal = _loaded(path, file, OURS + fingerprint, space)
        yield journal


def has_trials(path: Path) -> bool:
    """Whether a journal keeps anything that was tried."""
    try:
        return TRIAL in read_file(path)
    except InputError:
        return False


def discard_empty(path: Path) -> None:
    """Remove a journal of ours that keeps no trial; anything else that stands there stays."""
    try:
        ours = read_file(path).startswith(BEGINNING)
    except InputError:
        return
    if ours and not has_trials(path):
        path.unlink()


@contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); the trials in it are kept, and the "
            "same command goes on with them"
        ) from error


def quiet_optuna() -> Any:
    """Optuna, saying nothing of its own.

    Raises:
        MissingError: when it is not installed.
    """
    optuna = require("optuna", "tune")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


class _Unlocked:
    """The lock that Optuna asks for around each write; ``_held`` is one around them all.

    Optuna's own are files that a killed process leaves behind, and that stop the next one for half
    a minute.
    """

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


@contextmanager
def _held(path: Path) -> Iterator[IO[bytes]]:
    """The file, made where it is missing, locked until the end or until this process dies."""
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: no regular file, where the journal of a search belongs")
        file = path.open("a+b")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from error
    with file:
        if not taken(file.fileno()):
            raise InputError(
                f"{path}: another search is writing to it; wait for it, or name another "
                f"{setting('out')}"
            )
        yield file


def _loaded(path: Path, file: IO[bytes], name: str, space: Mapping[str, Any]) -> Journal:
    """The journal of the study of this name.

    Raises:
        InputError: when the file holds anything else.
    """
    try:
        _cut_half_a_line(file)
        study = _study(path, name)
        if study.study_name != name and not has_trials(path):
            file.truncate(0)  # it was interrupted before anything was tried
            study = _study(path, name)
        journal = Journal(path, study, space) if study.study_name == name else None
    except OSError:
        raise
    except Exception as error:  # a damaged line fails anywhere in Optuna's replay
        raise InputError(
            f"{path}: the journal of a search is damaged ({first_line(error)}); "
            f"{setting('force', True)} starts anew, and so does removing the file"
        ) from error
    if journal is None:
        raise InputError(
            f"{path}: holds the trials of another search, on other rows or with other options; "
            f"{setting('force', True)} starts anew, and so does removing the file"
        )
    return journal


def _cut_half_a_line(file: IO[bytes]) -> None:
    """Cut off what a process wrote of its last record when it was killed.

    Raises:
        ValueError: when the file is no journal, and so is not ours to cut, or its end is damaged.
    """
    size = file.seek(0, os.SEEK_END)
    if size > limit():
        raise ValueError(too_large(size))
    file.seek(0)
    content = file.read()
    if not content.startswith(BEGINNING[: len(content)]):
        raise ValueError("it does not begin like one")
    end = content.rfind(b"\n") + 1
    for last in content[:end].splitlines()[-1:]:
        # Optuna overlooks what it cannot read at the end, and writes on below; a failed trial is
        # Infinity there.
        parse_json(last, constants=True)
    file.truncate(end)


def _study(path: Path, name: str) -> Any:
    """The one study of a journal, made under this name where there is none."""
    optuna = quiet_optuna()
    backend = optuna.storages.journal.JournalFileBackend(str(path), lock_obj=_Unlocked())
    storage = optuna.storages.JournalStorage(backend)
    names = optuna.get_all_study_names(storage)
    if not names:
        return optuna.create_study(storage=storage, study_name=name, direction="minimize")
    if len(names) > 1 or not names[0].startswith(OURS):
        raise ValueError(f"it holds the study {names[-1]!r}")
    return optuna.load_study(storage=storage, study_name=names[0])


def _read(trial: Any, space: Mapping[str, Any]) -> Record:
    """A trial of the journal as a record; raises when anything in it contradicts another thing."""
    noted = trial.user_attrs
    record = Record(trial.params, tuple(map(float, noted["folds"])), str(noted["failure"]))
    optuna_trial(record, space)
    sound = all(map(math.isfinite, record.folds)) and bool(record.folds) != bool(record.failure)
    if not sound or trial.value != record.value or trial.number != noted["number"]:
        raise ValueError(f"trial {trial.number} contradicts itself")
    return record
