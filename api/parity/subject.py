"""What parity compares: an original, its exports and real rows, of a model directory or a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.api.parity.parity_settings import ParitySettings
from mlp_edge.api.parity.written_here import written_here
from mlp_edge.api.sample import DEVIATIONS, DRAWN, drawn_rows, has_sample
from mlp_edge.card import DTYPES
from mlp_edge.errors import InputError
from mlp_edge.files.writing import sha256, write_files
from mlp_edge.finding import Finding
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.model_directory import EXPORTS, ORIGINAL, PARITY, TRANSCRIPT, ModelDirectory
from mlp_edge.reading import read_file
from mlp_edge.runtime.originals import open_original, own_original
from mlp_edge.runtime.verify import PROGRAMS
from mlp_edge.settings import setting

if TYPE_CHECKING:
    from mlp_edge.proof.original import Original


class Subject(ABC):
    """What is compared.

    Attributes:
        paths: the exports, in the order of their formats.
        listed: name -> SHA-256 of exports that somebody vouches for.
        record_path: where the record goes.
        transcript_path: where the transcript of a board goes.
        rows: what the real rows are called.
        starts_tensorflow: whether the original needs it.
        findings: what is to be known of it.
    """

    paths: Sequence[Path]
    listed: Mapping[str, str]
    record_path: Path
    transcript_path: Path
    rows = "held-out rows"
    starts_tensorflow = True
    findings: tuple[Finding, ...] = ()

    @abstractmethod
    def original(self) -> AbstractContextManager[Original]:
        """The original, opened."""

    @abstractmethod
    def sample(self, given: Rows | None) -> Rows:
        """Real rows (n, inputs), or what stands for them; ``given`` are those of a table."""

    @property
    @abstractmethod
    def files(self) -> Mapping[str, Path]:
        """Every file that the record may name."""

    @abstractmethod
    def check_unchanged(self) -> None:
        """Refuse a report of exports that were written meanwhile; raises InputError."""

    @abstractmethod
    def write(self, record: bytes, transcript: bytes | None) -> None:
        """Write the record, and the transcript of a board; raises InputError where it cannot be."""


def subject_of(model: OpenedModel, settings: ParitySettings) -> Subject:
    """What a model has to compare.

    Raises:
        InputError: when it has no exports.
    """
    if model.directory is not None:
        return _OfDirectory(model.directory, model.mlp, settings.formats)
    assert model.imported is not None  # noqa: S101 (what is no directory was imported)
    return _OfFile(model, model.imported, settings)


class _OfDirectory(Subject):
    """A model directory: its manifest vouches for the exports, its sample.csv has the rows."""

    def __init__(self, directory: ModelDirectory, mlp: Mlp, formats: Sequence[str]) -> None:
        self._directory, self._mlp = directory, mlp
        self.paths = _ordered(directory.exported_models, formats, directory.exports_path)
        self.listed = directory.manifest.exports
        self.record_path = directory.exports_path / PARITY
        self.transcript_path = directory.exports_path / TRANSCRIPT
        self._found = None
        if directory.manifest.imported is not None:
            self._found = directory.imported()._replace(mlp=mlp)
            self.starts_tensorflow = self._found.format.startswith("Keras")

    def original(self) -> AbstractContextManager[Original]:
        path = self._directory.original_path
        if self._found is None:
            return own_original(path, self._mlp)
        return _told_apart(open_original(path, self._found, self._mlp), self.paths)

    def sample(self, given: Rows | None) -> Rows:
        if has_sample(self._directory):
            return self._directory.sample().rows
        self.rows = "drawn rows"
        self.findings = (_drawn_finding(self._directory.path),)
        return drawn_rows(self._mlp)

    @property
    def files(self) -> Mapping[str, Path]:
        directory = self._directory
        return _by_name(directory.original_path, directory.exports_path)

    def check_unchanged(self) -> None:
        if not self._directory.unchanged():
            raise InputError(
                f"{self._directory.path}: was written to meanwhile; run the command again"
            )

    def write(self, record: bytes, transcript: bytes | None) -> None:
        files = {PARITY: record, TRANSCRIPT: transcript}
        self._directory.write(
            {f"{EXPORTS}/{name}": content for name, content in files.items()}, of_exports=True
        )


class _OfFile(Subject):
    """A file of a network, or a model in memory: its exports are known by their names."""

    def __init__(self, model: OpenedModel, found: Imported, settings: ParitySettings) -> None:
        self._path, self._found, self._mlp = model.path, found, model.mlp
        if settings.exports is None and model.in_memory:
            raise InputError(
                f"{model.path}: a model in memory has no place for exports; "
                f"{setting('exports')} names the folder that they were written to"
            )
        folder = Path(settings.exports or model.path.parent / EXPORTS)
        self.paths = _ordered(_named_after(model.name, folder), settings.formats, folder)
        self._before = {path: sha256(read_file(path)) for path in self.paths}
        programs = [path for path in self.paths if path.suffix in PROGRAMS]
        # They are run where this very program writes them again.
        self.listed = {
            path.name: self._before[path]
            for path in programs
            if written_here(path, self._mlp, found.integers)
        }
        self.record_path = folder / f"{model.name}_{PARITY}"
        self.transcript_path = folder / f"{model.name}_{TRANSCRIPT}"
        self.starts_tensorflow = found.format.startswith("Keras") and found.original is None

    def original(self) -> AbstractContextManager[Original]:
        return _told_apart(open_original(self._path, self._found, self._mlp), self.paths)

    def sample(self, given: Rows | None) -> Rows:
        if given is not None and len(kept := given[~self._mlp.encoding.rejected(given)]):
            return kept
        self.rows = "drawn rows"
        self.findings = (_drawn_finding(self._path),)
        return drawn_rows(self._mlp)

    @property
    def files(self) -> Mapping[str, Path]:
        return _by_name(self._path, self.paths[0].parent)

    def check_unchanged(self) -> None:
        for path, before in self._before.items():
            if not path.is_file() or sha256(read_file(path)) != before:
                raise InputError(f"{path}: was written to meanwhile; run the command again")

    def write(self, record: bytes, transcript: bytes | None) -> None:
        files = {self.record_path.name: record, self.transcript_path.name: transcript}
        write_files(self.record_path.parent, files)


@contextmanager
def _told_apart(
    opened: AbstractContextManager[Original], exports: Sequence[Path]
) -> Iterator[Original]:
    """The original, called that where an export has its name."""
    with opened as original:
        taken = original.name in {path.name for path in exports}
        yield replace(original, name=ORIGINAL) if taken else original


def _by_name(original: Path, exports: Path) -> dict[str, Path]:
    """Every file by what the tables call it."""
    files = {path.name: path for path in exports.glob("*") if path.is_file()}
    if original.is_file():
        files[ORIGINAL if original.name in files else original.name] = original
    return files


def _drawn_finding(path: Path) -> Finding:
    says = (
        f"{path} has no rows: {DRAWN} were drawn, within {DEVIATIONS:g} standard deviations of its "
        f"scaling, or of 0; {setting('table')} gives real ones"
    )
    return Finding("drawn", says)


def _named_after(name: str, folder: Path) -> list[Path]:
    """The exports in a folder that are called NAME or NAME_DTYPE."""
    stems = {name, *(f"{name}_{dtype}" for dtype in DTYPES)}
    return [path for path in folder.glob("*") if path.stem in stems and path.is_file()]


def _ordered(paths: Sequence[Path], formats: Sequence[str], folder: Path) -> list[Path]:
    """Those of the chosen formats, in their order.

    Raises:
        InputError: when there is none.
    """
    from mlp_edge.export import EXPORTERS

    suffixes = {exporter.name: exporter.suffix for exporter in EXPORTERS}
    kept = [suffix for name, suffix in suffixes.items() if not formats or name in formats]
    chosen = [path for path in paths if path.suffix in kept]
    if not chosen:
        raise InputError(f"{folder}: nothing to compare; `Model.export()` writes the exports")
    return sorted(chosen, key=lambda path: (kept.index(path.suffix), path.name))
