"""``Model.sign`` and ``mlp_edge.verify``: who made a model directory, and whether it is whole."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.api.reporting.model_facts import files
from mlp_edge.api.result import Result, Sheet
from mlp_edge.errors import InputError, MissingError, ModelError, VerifyError
from mlp_edge.files.writing import plain, sha256
from mlp_edge.integers.quantised_file import SUFFIX
from mlp_edge.readers.model_directory import (
    EXPORTS,
    MANIFEST,
    SIGNATURE,
    ModelDirectory,
    directory_of,
)
from mlp_edge.readers.report_files import REPORT_FACTS, is_report
from mlp_edge.reading import parse_json, read_file
from mlp_edge.runtime.load import load
from mlp_edge.runtime.verify import PROGRAMS, check_bytes
from mlp_edge.settings import Blank, call, setting
from mlp_edge.signing.signature import SHOWN, Signed, sign, verified

DIGITS = 16
"""Of a SHA-256, as far as it is shown."""


class Checked(NamedTuple):
    """What is known of a file without its maker's key.

    Attributes:
        file: its name in the directory.
        problem: why it is not what was written; "" where it is.
        golden: what came of its golden rows, such as "right on onnxruntime".
    """

    file: str
    problem: str
    golden: str


@dataclass(frozen=True, eq=False, repr=False)
class Verification(Result):
    """Whether a model directory is what was written, and by whom.

    Attributes:
        path: the directory.
        model: the name of the model; "" where the directory is not what was signed.
        signed: what the key has signed, and how the directory differs; None where no key was given.
        checked: the original and its exports, held to model.json and to what they carry; () after
            signing.
        outdated: whether a report in the directory was written of other files than these.
    """

    path: Path
    model: str
    signed: Signed | None
    checked: tuple[Checked, ...] = ()
    outdated: bool = False

    def to_dict(self) -> dict[str, Any]:
        """What was found as plain values.

        Returns:
            The key, the files that it signed with their SHA-256, those that differ, and what is
            known of original and exports without it.
        """
        signed = self.signed
        return plain(
            {
                "model": self.model,
                "path": str(self.path),
                "verified": not self.problems(),
                "key": None if signed is None else signed.key,
                "signed": None if signed is None else dict(signed.digests),
                "changed": [] if signed is None else signed.changed,
                "missing": [] if signed is None else signed.missing,
                "not_signed": [] if signed is None else signed.added,
                "checked": [each._asdict() for each in self.checked],
                "report_outdated": self.outdated,
                "problems": self.problems(),
            }
        )

    def problems(self) -> list[str]:
        """What is not as it should be.

        Returns:
            A clause each; [] where all is.
        """
        found = [f"{each.file}: {each.problem}" for each in self.checked if each.problem]
        differences = "" if self.signed is None else self.signed.differences()
        return [differences, *found] if differences else found

    def check(self) -> None:
        """Raise what was found.

        Raises:
            VerifyError: in one sentence, when something is not as it should be.
        """
        if problems := self.problems():
            more = f" and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
            raise VerifyError(f"{self.path}: {'; '.join(problems[:SHOWN])}{more}")

    def sheets(self) -> Sequence[Sheet]:
        """The tables that are shown.

        Returns:
            Every file with its SHA-256 and what is known of it.
        """
        checked = {each.file: each for each in self.checked}
        states = self._states()
        rows = tuple(
            (name, state, *self._checksum(checked.get(name)), digest[:DIGITS])
            for name, (state, digest) in states.items()
        )
        by = "without a key" if self.signed is None else f"key {self.signed.key[:DIGITS]}…"
        title = f"{self.path}: {self.model or 'not what was signed'}, {by}"
        return [Sheet(title, ("file", "signature", "checksum", "golden rows", "SHA-256"), rows,
                      text_columns=5)]  # fmt: skip

    def _states(self) -> dict[str, tuple[str, str]]:
        """File -> what its signature says, and its SHA-256 as signed."""
        if self.signed is None:
            return {each.file: ("", "") for each in self.checked}
        kinds = {"changed": self.signed.changed, "missing": self.signed.missing}
        states = {name: ("signed", digest) for name, digest in self.signed.digests.items()}
        for kind, names in kinds.items():
            states |= {name: (kind, self.signed.digests[name]) for name in names}
        states |= dict.fromkeys(self.signed.added, ("not signed", ""))
        return dict(sorted(states.items()))

    @staticmethod
    def _checksum(file: Checked | None) -> tuple[str, str]:
        if file is None:
            return "", ""
        return "wrong" if file.problem else "right", file.golden

    def remarks(self) -> Sequence[str]:
        """What is said beside the tables.

        Returns:
            A sentence where a report is of other files, and one where there is a signature, and
            nobody asked whose.
        """
        found = []
        if self.outdated:
            found.append(
                f"{REPORT_FACTS}, its page and papers: of other files than these; "
                f"{call('Model.report')} writes them anew"
            )
        if self.signed is None and (self.path / SIGNATURE).exists():
            key = setting("key", Blank("PUBLIC_KEY"))
            found.append(f"{SIGNATURE} says who made it; {key} holds the directory to it")
        return found


def sign_model(
    model: OpenedModel, key: str | os.PathLike[str], passphrase: str | None = None
) -> Verification:
    """Sign every file of a model directory; see ``Model.sign``.

    Raises:
        InputError: for a file alone, or as ``mlp_edge.signing.signature.sign``.
        MissingError: when the extra is not installed.
    """
    if model.directory is None:
        raise InputError(f"{model.path}: {model.alone}; signatures are of model directories")
    return Verification(model.path, model.name, sign(model.path, Path(key), passphrase))


def verify(path: str | os.PathLike[str], key: str | os.PathLike[str] | None = None) -> Verification:
    """Say whether a model directory is what was written, and whether a key has signed it.

    Without a key the original is held to the SHA-256 of its weights in model.json, and every export
    to its own there, to its checksum and to its golden rows. That finds what broke by itself;
    whoever changes a file on purpose can change what it is held to. The signature covers every
    file, and only who has the private key can make it.
    Headers and scripts are programs, and are not run.

    Args:
        path: a model directory.
        key: the public key in PEM (P-256, P-384 or P-521) of who should have signed it.

    Returns:
        What was found; ``check()`` raises where something is not as it should be.

    Raises:
        VerifyError: when there is no signature, it is damaged, or another key made it.
        ModelError: for what is no model directory.
        InputError: for another kind of key, or a link in the directory.
        MissingError: when a key is given, and the extra is not installed.
    """
    place = directory_of(Path(path))
    if not (place / MANIFEST).exists():
        ModelDirectory.open(place)  # which says what is missing
    signed = None if key is None else verified(place, Path(key))
    if signed is not None and signed.differences():
        return Verification(place, "", signed)  # nothing of it is worth reading
    directory = ModelDirectory.open(place)
    checked = (
        _original(directory),
        *(_export(directory, name) for name in directory.manifest.exports),
    )
    name, outdated = directory.manifest.name, _outdated(directory)
    return Verification(directory.path, name, signed, checked, outdated)


def _outdated(directory: ModelDirectory) -> bool:
    """Whether there is a report, and its files are not those that are there now."""
    path = directory.path / REPORT_FACTS
    if not is_report(path):
        return False
    try:
        return bool(parse_json(read_file(path))["files"] != files(directory))
    except (ModelError, ValueError, KeyError, TypeError):  # damaged: it is of nothing
        return True


def _original(directory: ModelDirectory) -> Checked:
    """The original, as far as it can be read without running it."""
    path = directory.original_path
    file = path.relative_to(directory.path).as_posix()
    try:
        directory.mlp()
    except ModelError as error:
        return Checked(file, _without(path, error), "")
    return Checked(file, "", "")


def _export(directory: ModelDirectory, name: str) -> Checked:
    path, file = directory.exports_path / name, f"{EXPORTS}/{name}"
    try:
        if path in directory.exported_models and path.suffix != SUFFIX:
            check_bytes(path)
            return Checked(file, "", _golden(path))
        if sha256(read_file(path)) != directory.manifest.exports[name]:
            return Checked(file, "not the file that model.json lists", "")
    except ModelError as error:
        return Checked(file, _without(path, error), "")
    return Checked(file, "", "")


def _golden(path: Path) -> str:
    """What came of the golden rows of a file that is whole.

    Raises:
        ModelError: when they are predicted otherwise.
    """
    if path.suffix in PROGRAMS:
        return "not run"
    try:
        opened = load(path)
    except MissingError as error:
        return f"not run here ({error})"
    with opened:
        if opened.golden is None:
            return "none"
        opened.check_predictions()
        return f"right on {opened.runtime}"


def _without(path: Path, error: Exception) -> str:
    """What an error says, without the name of the file in front."""
    return str(error).removeprefix(f"{path}: ")
