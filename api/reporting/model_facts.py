"""What a model is, and what it was trained on, as a report says it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mlp_edge import __version__
from mlp_edge.api.evaluation.score_sheets import TITLES
from mlp_edge.api.reporting.numbers import short, shorts, thinned
from mlp_edge.api.sample import has_sample
from mlp_edge.data.quoting import shown
from mlp_edge.encoding import Encoding
from mlp_edge.errors import ModelError
from mlp_edge.feature import Feature
from mlp_edge.files.calibration import read_calibration
from mlp_edge.files.manifest import Manifest
from mlp_edge.files.writing import sha256
from mlp_edge.mlp import Floats, Mlp, Rows
from mlp_edge.readers.model_directory import (
    CALIBRATION,
    EXPORTS,
    HISTORY,
    MANIFEST,
    ORIGINAL,
    PARITY,
    SAMPLE,
    ModelDirectory,
)
from mlp_edge.reading import read_file, read_text
from mlp_edge.requirements import version_of
from mlp_edge.walk import head_numbers, sources

PACKAGES = ("numpy", "onnxruntime", "scikit-learn")
"""What computes a report."""
MOST_EPOCH_DIGITS = 9
VALIDATION = "val_"
"""Before the name of what was measured on validation rows, as Keras has it."""


def model(manifest: Manifest, mlp: Mlp) -> dict[str, Any]:
    """What the network is, and how it came to be."""
    inner = manifest.inner_folds or {}
    return {
        "name": manifest.name,
        "task": manifest.task,
        "targets": list(manifest.targets),
        "classes": list(manifest.labels),
        "features": [feature.name for feature in manifest.features],
        "topology": mlp.topology,
        "layers": [
            {
                "units": layer.outputs,
                "activation": layer.activation,
                "reads": list(sources(layer, number)),
                "times": layer.times,
            }
            for number, layer in enumerate(mlp.layers, start=1)
        ],
        "heads": list(head_numbers(mlp.layers, mlp.heads)),
        "inputs": mlp.encoding.width,
        "parameters": mlp.parameters,
        "weights_sha256": manifest.sha256["weights"],
        "threshold": manifest.threshold if manifest.task == "binary" else None,
        "temperature": short(inner.get("temperature")),
        "clip": None if manifest.clip is None else list(manifest.clip),
        "monotone": dict(manifest.monotone),
        "recipe": None if manifest.imported else dict(manifest.recipe),
        "imported": _imported(manifest.imported),
        "start": manifest.start,
        "trained": {
            "rows": manifest.rows.get("training", 0),
            "validation": manifest.rows.get("validation", 0),
            "test": manifest.rows.get("test", 0),
            "seed": manifest.seed,
            "split": manifest.split,
        },
    }


def _imported(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    keys = ("file", "format", "written_by")
    return None if found is None else {key: found[key] for key in keys}


def data(directory: ModelDirectory) -> dict[str, Any]:
    """The table and its columns, by the rows that the directory keeps."""
    manifest = directory.manifest
    rows, part = _kept(directory)
    return {
        "source": Path(manifest.table).name,
        "sha256": manifest.sha256["data"],
        "rows": sum(manifest.rows.values()),
        "described": {"rows": 0 if rows is None else len(rows), "part": part},
        "features": [
            _feature(feature, index, manifest.features, rows)
            for index, feature in enumerate(manifest.features)
        ],
        "warnings": [
            {"kind": each.kind, "text": each.says, "columns": list(each.columns)}
            for each in manifest.warnings
        ],
    }


def _kept(directory: ModelDirectory) -> tuple[Rows | None, str | None]:
    """Raw rows, and what they are: those to quantise with where there are any, or the sample's."""
    if (directory.path / CALIBRATION).exists():
        inputs = len(directory.manifest.features)
        part = "training" if directory.manifest.imported is None else "imported"
        return read_calibration(directory.path / CALIBRATION, inputs).rows, TITLES[part]
    if (directory.path / SAMPLE).exists() and has_sample(directory):
        return directory.sample().rows, f"{directory.manifest.sample} rows"
    return None, None


def _feature(
    feature: Feature, index: int, features: tuple[Feature, ...], rows: Rows | None
) -> dict[str, Any]:
    fill: float | str | None = feature.fill
    if feature.codes and feature.fill is not None:
        fill = feature.categories[feature.codes.index(int(feature.fill))]
    record = {
        "name": feature.name,
        "kind": feature.kind,
        "unit": feature.unit or None,
        "low": feature.low,
        "high": feature.high,
        "labels": list(feature.categories) or None,
        "codes": list(feature.codes) or None,
        "fill": fill,
        "sentinel": feature.sentinel,
        "indicator": feature.indicator,
        "missing_share": None, "mean": None, "sd": None, "quartiles": None, "counts": None,
    }  # fmt: skip
    if rows is None or not len(rows):
        return record
    gone = Encoding.of(features).missing(rows)[:, index]
    known = rows[~gone, index].astype(np.float64)
    record["missing_share"] = short(float(gone.mean()))
    if feature.codes:
        return record | {"counts": [int((known == code).sum()) for code in feature.codes]}
    return record | _spread(known)


def _spread(known: Floats | np.ndarray[Any, Any]) -> dict[str, Any]:
    if not len(known):
        return {}
    return {
        "mean": short(known.mean()),
        "sd": short(known.std(ddof=1)) if len(known) > 1 else None,
        "quartiles": shorts(np.quantile(known, (0.25, 0.5, 0.75))),
    }


def history(directory: ModelDirectory) -> dict[str, Any] | None:
    """What was measured after each epoch; None where nobody kept it.

    Raises:
        ModelError: naming the line that is damaged.
    """
    path = directory.path / HISTORY
    if not path.exists():
        return None
    names, rows = _epochs(path)
    chosen = [rows[place] for place in thinned(len(rows))]
    if not chosen:
        return None
    columns = {
        name: [short(cells[place]) for cells in chosen] for place, name in enumerate(names, start=1)
    }
    return {
        "epochs": [int(cells[0]) for cells in chosen],
        "train": {name: each for name, each in columns.items() if not name.startswith(VALIDATION)},
        "validation": {
            name.removeprefix(VALIDATION): each
            for name, each in columns.items() if name.startswith(VALIDATION)
        },
    }  # fmt: skip


def _epochs(path: Path) -> tuple[list[str], list[list[float]]]:
    """What history.csv measured, by name, and a row for each epoch, its number first."""
    reader = csv.reader(io.StringIO(read_text(path, f"{path}: missing"), newline=""))
    rows = []
    try:
        names = next(reader, [])[1:]
        for cells in filter(None, reader):
            if len(cells) != 1 + len(names):
                raise ValueError(f"{len(cells)} cells, where {1 + len(names)} belong")
            if not (cells[0].isdecimal() and len(cells[0]) <= MOST_EPOCH_DIGITS):
                raise ValueError(f"{shown(cells[0])} is no number of an epoch")
            rows.append([float(cells[0]), *map(_number, cells[1:])])
    except (ValueError, csv.Error) as error:
        raise ModelError(
            f"{path}, line {reader.line_num}: damaged ({error}); without the file, a report leaves "
            "the learning curves out"
        ) from error
    return names, rows


def _number(cell: str) -> float:
    """A number as a training writes it; NaN where it writes none.

    Raises:
        ValueError: saying what stands there.
    """
    try:
        return float(cell) if cell else math.nan
    except ValueError:
        raise ValueError(f"{shown(cell)} is no number") from None


def files(directory: ModelDirectory) -> list[dict[str, Any]]:
    """The files that the model consists of, by their paths in its directory, and their hashes."""
    place, manifest = directory.path, directory.manifest
    names = [MANIFEST]
    if manifest.imported is None:
        names.append(directory.keras_path.name)
    else:
        names += [f"{ORIGINAL}/{name}" for name in manifest.imported["files"]]
    names += [HISTORY, SAMPLE, CALIBRATION]
    names += [f"{EXPORTS}/{name}" for name in (*manifest.exports, PARITY)]
    found = []
    for name in sorted(name for name in names if (place / name).is_file()):
        content = read_file(place / name)
        found.append({"path": name, "bytes": len(content), "sha256": sha256(content)})
    return found


def versions(manifest: Manifest) -> dict[str, dict[str, str | None]]:
    """Of the packages that trained the model, and of those that computed the report."""
    return {
        "trained": dict(manifest.versions),
        "report": {"mlp-edge": __version__, **{name: version_of(name) for name in PACKAGES}},
    }
