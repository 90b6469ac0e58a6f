"""``mlp_edge.inspect``: what is in a model, without running or compiling it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlp_edge.api.evaluation.score_sheets import score_sheet
from mlp_edge.api.inspection.inspection_sheets import encoding_sheet, feature_sheet, layer_sheet
from mlp_edge.api.result import Result, Sheet
from mlp_edge.card import Card
from mlp_edge.encoding import input_names
from mlp_edge.errors import ModelError
from mlp_edge.feature import Feature
from mlp_edge.files.writing import plain, sha256
from mlp_edge.finding import Finding
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.inspection import (
    InspectedFile,
    inspect_file,
    inspect_imported,
    inspect_original,
)
from mlp_edge.readers.model_directory import PARITY, ModelDirectory, directory_of, undisturbed
from mlp_edge.readers.report_files import BOM, is_report
from mlp_edge.readers.saved_model.network import is_saved_model
from mlp_edge.reading import read_file

AS_EXPORTED = "as exported"


@dataclass(frozen=True)
class ExportState:
    """A file of a model's exports.

    Attributes:
        file: its name.
        bytes: its size; None where it is missing, 0 where it cannot be read.
        state: "as exported", "changed", "missing", "report" of parity or a bill of materials, or
            "not ours" where no manifest lists it.
    """

    file: str
    bytes: int | None
    state: str


@dataclass(frozen=True, repr=False)
class Inspection(Result):
    """What is in a model.

    Attributes:
        path: what was inspected.
        file: what its file holds; of a model directory, its model.keras.
        directory: the model directory, read; None for a file alone.
        exports: files of the model directory's exports.
    """

    path: Path
    file: InspectedFile
    directory: ModelDirectory | None = None
    exports: tuple[ExportState, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the training warned of."""
        return () if self.directory is None else tuple(self.directory.manifest.warnings)

    def to_dict(self) -> dict[str, Any]:
        """The inspection as plain values.

        Returns:
            Every key for every format, and some more for a model directory.
        """
        directory = {} if self.directory is None else self._directory_dict(self.directory)
        return plain({**self._file_dict(), **directory})

    def _file_dict(self) -> dict[str, Any]:
        file, card, anatomy = self.file, self.file.card, self.file.anatomy
        return {
            "path": str(self.path),
            "format": file.format,
            "name": card and card.name,
            "task": card and card.task,
            "targets": card and card.targets,
            "labels": card and card.labels,
            "threshold": card.threshold if card is not None and card.task == "binary" else None,
            "dtype": file.dtype,
            "features": [_feature_dict(feature) for feature in file.features],
            "scaling": {
                "inputs": input_names(file.features) if file.features else None,
                "mean": _shortest(anatomy.mean),
                "deviation": _shortest(anatomy.std),
            },
            "layers": [vars(layer) for layer in anatomy.layers],
            "parameters": anatomy.parameters,
            "multiply_adds": anatomy.multiply_adds,
            "raw": None if card is None or card.raw is None else card.raw.formulas(card.features),
            "weights_sha256": card and card.weights_sha256,
            "file_sha256": file.file_sha256,
            "bytes": file.size,
            "written_by": file.written_by,
            "notes": file.notes,
        }

    def _directory_dict(self, directory: ModelDirectory) -> dict[str, Any]:
        manifest = directory.manifest
        return {
            "format": "model directory",
            "table": manifest.table,
            "rows": manifest.rows,
            "clip": manifest.clip,
            "warnings": [warning._asdict() for warning in manifest.warnings],
            "recipe": manifest.recipe,
            "scores": manifest.scores,
            "versions": manifest.versions,
            "exports": [asdict(export) for export in self.exports],
        }

    def sheets(self) -> Sequence[Sheet]:
        """The tables that are shown.

        Returns:
            What it is, layers, features, facts; of a model directory scores and exports, too.
        """
        file = self.file
        sheets = [Sheet(self._title()), layer_sheet(file)]
        if file.features or file.anatomy.mean is not None:
            sheets.append(feature_sheet(file))
        if file.encoding is not None and not file.encoding.plain:
            sheets.append(encoding_sheet(file))
        facts = {**_card_facts(file), **self._directory_facts()}
        facts["written by"] = file.written_by or "unknown"
        sheets.append(Sheet("", ("", ""), tuple(facts.items()), text_columns=2))
        return [*sheets, *self._directory_sheets()]

    def remarks(self) -> Sequence[str]:
        """What is said beside the tables.

        Returns:
            What else is worth knowing of the file, a sentence each.
        """
        return [f"note: {note}" for note in self.file.notes]

    def _title(self) -> str:
        file = self.file
        name = f"{self.path}: {file.card.name}, " if file.card else f"{self.path}: "
        kind = (
            f"{file.format}," if self.directory is None else "model directory with an original of"
        )
        return f"{name}{kind} " + ("in memory" if file.size is None else f"{file.size:,} bytes")

    def _directory_facts(self) -> dict[str, str]:
        if self.directory is None:
            return {}
        manifest = self.directory.manifest
        counts = ", ".join(f"{count:,} {part}" for part, count in manifest.rows.items() if count)
        settings = [
            f"{key.replace('_', ' ')} {_typed(value)}"
            for key, value in manifest.recipe.items()
            if value not in (None, [], "")
        ]
        versions = [f"{name} {version}" for name, version in manifest.versions.items()]
        clip, rows = manifest.clip, f"{manifest.table} ({counts})" if counts else "none"
        return {
            **({} if clip is None else {"clipped": "from {:g} to {:g}".format(*clip)}),
            **(
                {"trained on": f"{manifest.table} ({counts})", "recipe": ", ".join(settings)}
                if manifest.imported is None
                else {"imported from": manifest.imported["file"], "with the rows of": rows}
            ),
            "versions": ", ".join(versions),
        }

    def _directory_sheets(self) -> list[Sheet]:
        if self.directory is None:
            return []
        manifest = self.directory.manifest
        sheets = [
            score_sheet(part, manifest.rows[part], scores)
            for part, scores in manifest.scores.items()
            if part != "runs"
        ]
        if not self.exports:
            return [*sheets, Sheet("no exports yet; `Model.export()` writes them")]
        rows = tuple(
            (each.file, "" if each.bytes is None else f"{each.bytes:,}", each.state)
            for each in self.exports
        )
        return [*sheets, Sheet("exports", ("file", "bytes", "state"), rows)]


def inspect(source: str | os.PathLike[str]) -> Inspection:
    """Read what is in a model; nothing of it is run or compiled.

    Args:
        source: a model directory, or a file of a network (docs/reference/importing.md).

    Returns:
        Layers, features, scaling, hashes; of a model directory also its recipe, scores, exports.

    Raises:
        ModelError: when it is missing, damaged or of another kind.
        MissingError: when reading it takes an extra that is not installed.
    """
    path = directory_of(Path(source))  # whose model.json has the names of its .keras file
    if is_saved_model(path) or (not path.is_dir() and (path.exists() or path.suffix)):
        return Inspection(path, inspect_file(path))

    def read() -> Inspection:
        directory = ModelDirectory.open(path)
        imported = directory.manifest.imported
        file = inspect_original(directory.original_path, directory.mlp(), imported)
        return Inspection(path, file, directory, tuple(_exports(directory)))

    return undisturbed(path, read)


def inspect_in_memory(path: Path, found: Imported) -> Inspection:
    """What is in a model that a Python program holds.

    Args:
        path: what it is called.
        found: what was read of it.
    """
    return Inspection(path, inspect_imported(found))


def _feature_dict(feature: Feature) -> dict[str, Any]:
    """Its kind and its range always, everything else where it has it."""
    always = {key: getattr(feature, key) for key in ("name", "kind", "low", "high")}
    return always | feature.to_dict()


def _shortest(values: Any) -> list[float] | None:
    """Shortest decimals that read back as the same float32."""
    return None if values is None else [float(str(value)) for value in values]


def _exports(directory: ModelDirectory) -> list[ExportState]:
    """Each file of exports/ and each that the manifest lists."""
    place = directory.exports_path
    present = {path.name for path in place.iterdir() if path.is_file()} if place.is_dir() else set()
    names = sorted({*present, *directory.manifest.exports})
    return [_export(place / name, name in present, directory.manifest.exports) for name in names]


def _export(path: Path, present: bool, recorded: Mapping[str, str]) -> ExportState:
    if not present:
        return ExportState(path.name, None, "missing")
    try:
        content = read_file(path)
    except ModelError:
        content = b""
    if path.name == PARITY or (path.name == BOM and is_report(path)):
        state = "report"
    elif path.name not in recorded:
        state = "not ours"
    else:
        state = AS_EXPORTED if sha256(content) == recorded[path.name] else "changed"
    return ExportState(path.name, len(content), state)


def _typed(value: Any) -> str:
    """A setting as an option takes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _card_facts(file: InspectedFile) -> dict[str, str]:
    card = file.card
    facts = {} if file.file_sha256 is None else {"file sha256": file.file_sha256}
    if card is None:
        return facts if file.dtype is None else {"dtype": file.dtype, **facts}
    return {
        "predicts": f"{', '.join(card.targets)} ({card.task})",
        "prediction": _prediction(card),
        "dtype": card.dtype,
        **_counts(card),
        "weights sha256": card.weights_sha256,
        **facts,
    }


def _counts(card: Card) -> dict[str, str]:
    """What the counts of a header stand for, where they are not the readings themselves."""
    if card.raw is None:
        return {}
    each = card.raw.formulas(card.features).items()
    return {"counts": ", ".join(f"{name} = {formula}" for name, formula in each)}


def _prediction(card: Card) -> str:
    """How outputs become what the model predicts."""
    if card.task == "regression":
        return "a number" if len(card.targets) == 1 else f"{len(card.targets)} numbers"
    if card.task == "multiclass":
        return f"the most probable of {', '.join(card.labels)}"
    no, yes = card.labels
    return f"{yes} where probability > {card.threshold:.9g}, otherwise {no}"
