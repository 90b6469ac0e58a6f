"""``mlp_edge.import_model``: a file of a network in, a model directory out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge import __version__
from mlp_edge.api.importing.columns import Chosen, choose_columns
from mlp_edge.api.importing.fitting import Fit, fit
from mlp_edge.api.importing.import_report import ImportReport
from mlp_edge.api.importing.import_settings import ImportSettings
from mlp_edge.api.importing.scalings import chosen_scaling
from mlp_edge.api.model import open_model
from mlp_edge.api.observer import SILENT, Observer, Recording
from mlp_edge.api.settings import GUESSED, Reading
from mlp_edge.api.tables import read_any
from mlp_edge.card import Card
from mlp_edge.errors import InputError, ModelError
from mlp_edge.files.calibration import calibration_npz
from mlp_edge.files.manifest import Manifest
from mlp_edge.files.writing import sha256, write_directory
from mlp_edge.finding import Finding
from mlp_edge.given import listing, made
from mlp_edge.lazy import installed
from mlp_edge.mlp import Mlp, Scaling
from mlp_edge.readers.importing.adaptation import OUTPUTS, Adaptation
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.importing.opening import is_alone, read_foreign
from mlp_edge.readers.model_directory import CALIBRATION, MANIFEST, ORIGINAL, SAMPLE
from mlp_edge.readers.replacing import check_place
from mlp_edge.readers.sample_file import sample_csv
from mlp_edge.reading import files_read, read_file
from mlp_edge.reference import predict
from mlp_edge.training.examples import Examples

KEPT = 1000
"""At most so many rows are kept, to show and to quantise with; drawn with a fixed seed."""
SEED = 0
PART = "imported"


@listing(ImportSettings, Reading)
def import_model(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str] = "model",
    *,
    rows: Any = None,
    force: bool = False,
    observer: Observer = SILENT,
    **settings: Any,
) -> ImportReport:
    """Make a model directory of a network that somebody else trained.

    Args:
        source: its file; docs/reference/importing.md lists what can be read.
        out: the model directory to write.
        rows: a table with the columns that the network takes, and with what it predicts: a path, a
            data set's name, a data frame, an Arrow table, a structured array or ``(array,
            names)``. They name the features and the classes, score the network, and are kept
            to quantise with. None where there are none.
        force: replace a model that is there.
        observer: follows.
        **settings: what the file does not say, and how a file of rows is written.

    Returns:
        The scores of each way to read the rows, and the model, which has everything that a trained
        one has.

    Raises:
        InputError: for settings that do not fit, a place that is taken.
        TableError: for rows that do not fit the network.
        ModelError: for a file that cannot be read.
    """
    chosen, written = made("import_model", settings, ImportSettings, Reading)
    return import_file(source, chosen, out=out, rows=rows, reading=written, force=force,
                       observer=observer)  # fmt: skip


def import_file(
    source: str | os.PathLike[str],
    settings: ImportSettings,
    *,
    out: str | os.PathLike[str],
    rows: Any = None,
    reading: Reading = GUESSED,
    force: bool = False,
    observer: Observer = SILENT,
) -> ImportReport:
    """As ``import_model``, with settings as dataclasses."""
    place, heard = Path(out), Recording(observer)
    check_place(place, force)
    file, found, files = _opened(source)
    table = None if rows is None else read_any(rows, reading)
    chosen = choose_columns(found.mlp, table, settings)
    heard.found(chosen.findings)
    examples = chosen.examples
    readings = None if examples is None else examples.rows
    scaling = chosen_scaling(settings.scaling, [each.name for each in chosen.features], readings)
    whole = _Adapting(found, chosen, settings).imported(scaling)
    heard.found(_said(whole))
    fits = None
    if examples is not None and chosen.has_targets:
        fits = _fit(found, chosen, settings, scaling, heard)
    manifest = _manifest(whole, chosen, file, files, fits, heard.findings)
    content = {
        **{f"{ORIGINAL}/{name}": data for name, data in files.items()},
        MANIFEST: manifest.to_json().encode(),
        **(_rows(whole.mlp, examples, chosen.has_targets) if examples is not None else {}),
    }
    write_directory(place, content, lambda: check_place(place, force))
    return ImportReport(open_model(place), fits, tuple(heard.findings))


def _opened(source: str | os.PathLike[str]) -> tuple[str, Imported, Mapping[str, bytes]]:
    """The name of a file, its network, and every file that was read for it: name -> content.

    Raises:
        InputError: for a model in memory, and a model directory.
        ModelError: for a file that cannot be read, and one of integers.
    """
    if not isinstance(source, str | os.PathLike):
        raise InputError(
            f"a {type(source).__name__} in memory has no file that a model directory could keep; "
            "saved to one it can be imported"
        )
    path = Path(source)
    if not is_alone(path):
        raise InputError(
            f"{path}: a model directory of mlp-edge, or no file; a file of a network would do, "
            "such as theirs.h5 or theirs.onnx"
        )
    with files_read() as read:
        found = read_foreign(path)
    if found.integers is not None:
        raise ModelError(
            f"{path}: computes in int8, and is exported as the integers that it is: "
            "`Model.export('c')` of the file itself; a file in float32 can be imported"
        )
    files = {each.relative_to(path.parent).as_posix(): read_file(each) for each in read}
    return path.name, found, files


@dataclass(frozen=True)
class _Adapting:
    """What a network becomes by what its owner says, behind any scaling."""

    found: Imported
    chosen: Chosen
    settings: ImportSettings

    def imported(self, scaling: Scaling | None) -> Imported:
        """The file's network with names, classes and that scaling."""
        chosen = self.chosen
        return self.found.adapted(
            Adaptation(scaling, chosen.output),
            name=self.settings.name or self.found.mlp.name,
            features=chosen.features,
            targets=chosen.targets,
            labels=chosen.labels,
            task=chosen.task,
            threshold=np.float32(self.settings.threshold),
        )

    def network(self, scaling: Scaling | None) -> Mlp:
        """The same as an ``Mlp``."""
        return self.imported(scaling).mlp


def _said(whole: Imported) -> list[Finding]:
    """What is worth knowing of the network as it was read and adapted."""
    found = [Finding("imported", remark) for remark in whole.remarks]
    if whole.adaptation is not None and whole.adaptation.output:
        found.append(Finding("output", OUTPUTS[whole.adaptation.output]))
    return found


def _fit(
    found: Imported, chosen: Chosen, settings: ImportSettings, scaling: Scaling | None,
    observer: Observer,
) -> Fit | None:  # fmt: skip
    """How well the network fits the rows, said of where another way fits far better."""
    if not installed("sklearn"):
        says = "the rows are not scored: pip install 'mlp-edge[train]' brings scikit-learn"
        observer.found([Finding("unscored", says)])
        return None
    assert chosen.examples is not None  # noqa: S101 (the caller has looked)
    examples = chosen.examples
    network = _Adapting(found, chosen, settings).network
    fits = fit(scaling, network, examples.rows, examples.targets)
    if not fits.ways:
        observer.found([Finding("unscored", "none of the rows has a prediction")])
        return None
    observer.found(fits.findings(chosen.labels, scaling is not None))
    return fits


def _manifest(
    whole: Imported, chosen: Chosen, file: str, files: Mapping[str, bytes], fits: Fit | None,
    findings: Sequence[Finding],
) -> Manifest:  # fmt: skip
    mlp, examples = whole.mlp, chosen.examples
    assert whole.adaptation is not None  # noqa: S101 (it was adapted)
    digest = "" if examples is None else examples.table.sha256
    return Manifest(
        name=mlp.name,
        table="" if examples is None else examples.table.source,
        features=mlp.features,
        targets=mlp.targets,
        labels=mlp.labels,
        task=mlp.task,
        clip=mlp.clip,
        target_scale=None,
        threshold=float(mlp.threshold),
        seed=SEED,
        recipe={},
        rows={"training": 0, **({} if fits is None else {PART: fits.rows})},
        sample=PART,
        scores={} if fits is None else {PART: {"mlp": dict(fits.ways[0].scores)}},
        baseline=None,
        prior=_prior(mlp, examples if chosen.has_targets else None),
        warnings=tuple(findings),
        versions={"mlp-edge": __version__},
        sha256={"data": digest, "weights": mlp.weights_sha256},
        imported={
            "file": file,
            "format": whole.format,
            "written_by": whole.written_by,
            "adaptation": whole.adaptation.to_dict(),
            "files": {name: sha256(content) for name, content in files.items()},
        },
    )


def _prior(mlp: Mlp, examples: Examples | None) -> list[float]:
    """Mean of the targets per output; without any, what says nothing."""
    if examples is not None:
        return [float(x) for x in examples.encoded.mean(axis=0, dtype=np.float64)]
    nothing = {"regression": 0.0, "binary": 0.5, "multiclass": 1 / mlp.outputs}[mlp.task]
    return [nothing] * mlp.outputs


def _rows(mlp: Mlp, examples: Examples, has_targets: bool) -> dict[str, bytes]:
    """sample.csv and calibration.npz, of rows that have a prediction."""
    outputs = predict(mlp, examples.rows)
    with np.errstate(over="ignore"):
        floats = outputs.astype(np.float32)
    usable = np.isfinite(floats).all(axis=1) & ~np.isinf(examples.rows).any(axis=1)
    kept = _drawn(np.flatnonzero(usable))
    if not len(kept):
        return {}
    cells = [examples.cells[row] for row in kept.tolist()] if has_targets else None
    blank = [("",) * len(mlp.targets)] * len(kept)
    rows = examples.rows[kept]
    targets = examples.targets[kept] if has_targets else None
    return {
        SAMPLE: sample_csv(Card.of(mlp), rows, cells or blank, floats[kept]),
        CALIBRATION: calibration_npz(rows, targets),
    }


def _drawn(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    if len(rows) <= KEPT:
        return rows
    return np.sort(np.random.default_rng(SEED).choice(rows, KEPT, replace=False))
