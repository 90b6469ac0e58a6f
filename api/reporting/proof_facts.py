"""What parity has proved of a model's exports, as a report says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any

from mlp_edge.api.reporting.commands import FORMATS
from mlp_edge.api.reporting.numbers import short
from mlp_edge.errors import ModelError, first_line
from mlp_edge.files.manifest import Manifest
from mlp_edge.files.writing import sha256
from mlp_edge.json_values import shaped
from mlp_edge.parity.monotone import BROKEN
from mlp_edge.readers.model_directory import ORIGINAL, PARITY, ModelDirectory
from mlp_edge.reading import parse_json, read_file, read_text

NO_EXPORTS = "nothing is exported yet, so there is nothing to prove; `Model.export()` writes files"
NOT_YET = "not proved yet: `Model.parity()` holds every export against the original"
OUTDATED = "not proved: {} was written for other files than these; `Model.parity()` proves anew"
DAMAGED = "not proved: {} is damaged ({}); `Model.parity()` writes it anew"
_NUMBER, _MAYBE, _COUNT, _TEXT = (
    (int, float), (int, float, NoneType), (int, NoneType), (str, NoneType),
)  # fmt: skip
_SHAPE = {
    "records": [{
        "artifact": str, "runtime": str, "dtype": str, "held_to": _TEXT, "rows": _COUNT,
        "bound": _MAYBE, "largest": _MAYBE, "used": _MAYBE, "same_bits": _COUNT,
        "from_original": _MAYBE, "labels": _COUNT, "verdict": str, "says": [str], "missing": _TEXT,
    }],
    "certificate": {"bounds": [_MAYBE], "from_original": [_MAYBE], "of_range": _MAYBE,
                    "boxes": int, "ranges": dict},
    "labels": {"table": _TEXT, "rows": int, "unanswered": int, "doubtful": int},
    "monotone": [{"column": str, "holds": bool}],
    "searched": int, "left_out": int, "versions": dict,
}  # fmt: skip
"""What everybody relies on who shows a proof: parity.json may be a stranger's."""
_PROVEN = {"bounds": [_NUMBER], "from_original": [_NUMBER], "of_range": _NUMBER}
"""Of a certificate that proves something."""


def proof(directory: ModelDirectory) -> dict[str, Any] | str:
    """The records of parity.json and its certificate; a sentence where nothing is proved."""
    path = directory.exports_path / PARITY
    if not directory.manifest.exports:
        return NO_EXPORTS
    if not path.exists():
        return NOT_YET
    try:
        found = parse_json(read_text(path, f"{path}: missing"))
        if not found["results"]:
            raise ValueError("it compares nothing")
        same = found["weights_sha256"] == directory.manifest.sha256["weights"]
        if not (same and _of_these_files(directory, found["results"], found["sha256"])):
            return OUTDATED.format(PARITY)
        told = {
            "passed": bool(found["passed"]),
            "records": [_record(each) for each in found["results"]],
            "certificate": _certificate(found["certificate"], directory.manifest),
            "labels": _labels(found["labels"]),
            "monotone": [followed(each) for each in found["monotone"]],
            "searched": found["searched"],
            "left_out": found["left_out"],
            "versions": found["versions"],
            "sha256": sha256(read_file(path)),
        }
        return dict(shaped(PARITY, told, _SHAPE))
    except KeyError as error:
        return DAMAGED.format(PARITY, f"it has no {error}")
    except (TypeError, ValueError, AttributeError, IndexError, OverflowError, ModelError) as error:
        return DAMAGED.format(PARITY, first_line(error))


def _of_these_files(
    directory: ModelDirectory, results: Sequence[Mapping[str, Any]], hashes: Mapping[str, str]
) -> bool:
    """Whether every export was compared, and all that ran is still the file that it was then."""
    ran = {each["artifact"] for each in results if _figures(each)}
    exports = {path.name for path in directory.exported_models if path.suffix in FORMATS}
    return exports <= {each["artifact"] for each in results} and all(
        _is(directory, name, hashes.get(name)) for name in ran | hashes.keys()
    )


def _is(directory: ModelDirectory, name: str, wanted: str | None) -> bool:
    """Whether a file of the record is still what it was."""
    manifest, original = directory.manifest, directory.original_path
    if name in manifest.exports or name not in (original.name, ORIGINAL):
        path = directory.exports_path / Path(name).name
        return path.is_file() and sha256(read_file(path)) == wanted
    if original.is_dir() and manifest.imported is not None:  # a SavedModel
        hashes = manifest.imported["files"].items()
        return all(sha256(read_file(original.parent / file)) == each for file, each in hashes)
    return original.is_file() and sha256(read_file(original)) == wanted


def _record(found: Mapping[str, Any]) -> dict[str, Any]:
    """One comparison, by what its dtype asks: a bound, bits, or nothing but what changed."""
    figures, bits, changed = found["comparison"], found["bits"], found["changed"]
    asked = _figures(found)
    return {
        "artifact": found["artifact"],
        "runtime": found["runtime"],
        "dtype": found["dtype"],
        "held_to": "bound" if figures else "bits" if bits else None,
        "rows": asked and asked["rows"],
        "bound": figures and figures["bound"],
        "largest": figures and short(figures["from_reference"]),
        "used": short(figures["of_bound"] if figures else bits["of_bound"] if bits else None),
        "same_bits": bits and bits["same"],
        "from_original": short((figures or changed or {}).get("from_original")),
        "labels": figures["flips"] if figures else changed and changed["labels"],
        "verdict": found["verdict"],
        "says": list(found["says"]),
        "missing": found["missing"],
    }


def _figures(found: Mapping[str, Any]) -> Any:
    """What a comparison has measured; nothing where it did not run."""
    return found["comparison"] or found["bits"] or found["changed"]


def _certificate(found: Mapping[str, Any], manifest: Manifest) -> dict[str, Any]:
    """The certificate.

    Raises:
        TypeError, ValueError: for one that proves something, and not of each output.
    """
    if found["proves"]:
        shaped("certificate", found, _PROVEN)
        outputs = {"regression": len(manifest.targets), "binary": 1}
        asked = outputs.get(manifest.task, len(manifest.labels))
        if not len(found["bounds"]) == len(found["from_original"]) == asked:
            raise ValueError(f"bounds of {len(found['bounds'])} outputs, where there are {asked}")
    return {
        "proves": bool(found["proves"]),
        "bounds": found["bounds"],  # which rounding would make smaller
        "from_original": found["from_original"],
        "of_range": short(found["of_range"]),
        "boxes": found["boxes"],
        "ranges": found["ranges"],
    }


def followed(found: Mapping[str, Any]) -> dict[str, Any]:
    """Whether predictions follow a reading, as parity.json has it, and what comes of all that."""
    verdicts = [each["verdict"] for each in found["artifacts"].values()]
    return {**found, "holds": bool(found["proved"]) and BROKEN not in verdicts}


def _labels(found: Mapping[str, Any]) -> dict[str, Any]:
    table = found["table"]
    return {
        "table": table and Path(table).name,
        "rows": found["rows"],
        "unanswered": found["unanswered"],
        "doubtful": len(found["doubtful"]),
    }
