"""What can be known of any artifact without running it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlp_edge.card import Card
from mlp_edge.encoding import Encoding
from mlp_edge.feature import Feature
from mlp_edge.files.writing import sha256
from mlp_edge.mlp import Mlp
from mlp_edge.readers.anatomy import Anatomy, Contents, of_mlp
from mlp_edge.readers.header_file import read_header
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.importing.opening import read_foreign
from mlp_edge.readers.keras_archive import read_archive
from mlp_edge.readers.onnx_file import read_onnx
from mlp_edge.readers.saved_model.network import GRAPH
from mlp_edge.readers.script_file import read_script
from mlp_edge.readers.tflite.c_array import holds_model
from mlp_edge.readers.tflite_file import read_tflite
from mlp_edge.reading import read_file

READERS = {
    ".onnx": read_onnx,
    ".tflite": read_tflite,
    ".h": read_header,
    ".js": read_script,
    ".py": read_script,
}
FORMATS = {
    ".keras": "Keras",
    ".onnx": "ONNX",
    ".tflite": "TFLite",
    ".h": "C header",
    ".js": "JavaScript module",
    ".py": "MicroPython module",
}


@dataclass(frozen=True)
class InspectedFile:
    """What is known of one file.

    Attributes:
        format: Keras, Keras HDF5, ONNX, TFLite, C header, JavaScript or
            MicroPython module.
        anatomy: layers and scaling.
        card: names, labels, threshold and hash of the weights; None for a stranger's file.
        written_by: programs and formats; may be empty.
        size: of the file, in bytes; of a SavedModel, that of its graph; None of a model in memory.
        file_sha256: of its bytes; None of a model in memory.
        notes: what else is worth knowing, a sentence each.
        dtype: what its numbers are, such as int8; None where nothing tells.
    """

    format: str
    anatomy: Anatomy
    card: Card | None
    written_by: str
    size: int | None
    file_sha256: str | None
    notes: Sequence[str]
    dtype: str | None

    @property
    def features(self) -> tuple[Feature, ...]:
        """The raw readings; () for a stranger's file."""
        return self.card.features if self.card is not None else ()

    @property
    def encoding(self) -> Encoding | None:
        """How raw readings become the inputs of the first layer; None for a stranger's file."""
        return Encoding.of(self.features) if self.features else None


def inspect_file(path: Path) -> InspectedFile:
    """Read a file of a network, whatever program wrote it; nothing in it is run or compiled.

    Raises:
        ModelError: when it is missing, damaged or of another kind.
        MissingError: when reading it takes an extra that is not installed.
    """
    if path.suffix in READERS and not (path.suffix == ".h" and holds_model(read_file(path))):
        return _inspection(path, FORMATS[path.suffix], READERS[path.suffix](path))
    found = read_foreign(path)
    return _inspection(path, found.format, _contents(found))


def inspect_imported(found: Imported) -> InspectedFile:
    """What was read of a model that a Python program holds."""
    contents = _contents(found)
    return InspectedFile(
        format=found.format,
        anatomy=contents.anatomy,
        card=contents.card,
        written_by=found.written_by,
        size=None,
        file_sha256=None,
        notes=[*contents.notes, *contents.anatomy.notes],
        dtype=None if contents.card is None else contents.card.dtype,
    )


def _contents(found: Imported) -> Contents:
    card = Card.of(found.mlp, "float32" if found.integers is None else "int8")
    return Contents(of_mlp(found.mlp), card, found.written_by, found.notes)


def inspect_original(
    path: Path, mlp: Mlp, imported: Mapping[str, Any] | None = None
) -> InspectedFile:
    """The original of a model directory, whose names and labels are known from elsewhere.

    Args:
        path: the file.
        mlp: the network, as the model directory describes it.
        imported: what its manifest says of a network that somebody else trained.
    """
    if imported is not None:
        found = Contents(of_mlp(mlp), Card.of(mlp), imported["written_by"])
        return _inspection(path, imported["format"], found)
    version = read_archive(path).version
    signed = version and f"Keras {version}"
    return _inspection(path, FORMATS[".keras"], Contents(of_mlp(mlp), Card.of(mlp), signed))


def _inspection(path: Path, kind: str, found: Contents) -> InspectedFile:
    content = read_file(path / GRAPH if path.is_dir() else path)
    card, signed = found.card, [found.written_by] if found.written_by else []
    ours = card is not None and path.suffix in READERS and kind == FORMATS.get(path.suffix)
    if card is not None and ours and f"mlp-edge {card.version}" not in signed:
        signed.insert(0, f"mlp-edge {card.version}")
    notes = [*found.notes, *found.anatomy.notes]
    if card is None:
        notes.append("no mlp-edge metadata: the file has no names, labels or units")
    elif found.anatomy.inputs not in (None, expected := Encoding.of(card.features).width):
        notes.append(
            f"its first layer takes {found.anatomy.inputs} inputs, but the features of its "
            f"metadata make {expected}"
        )
    return InspectedFile(
        format=kind,
        anatomy=found.anatomy,
        card=card,
        written_by=", ".join(signed),
        size=len(content),
        file_sha256=sha256(content),
        notes=notes,
        dtype=found.dtype if card is None else card.dtype,
    )
