"""``Model.compare``: two models on the same rows, and what else they differ in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlp_edge.api.comparing import differences
from mlp_edge.api.comparing.comparison import VERSION, Comparison
from mlp_edge.api.comparing.rows import Sides, shared
from mlp_edge.api.comparing.verdict import verdict
from mlp_edge.api.evaluation.evaluating import TRAINED_ON, evaluate
from mlp_edge.api.observer import SILENT, Observer
from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.api.reporting.cost_facts import NOT_ASKED, costs
from mlp_edge.api.reporting.model_facts import model as model_facts
from mlp_edge.api.reporting.places import place_of
from mlp_edge.api.reporting.report_settings import ReportSettings
from mlp_edge.api.reporting.reporting import opened
from mlp_edge.api.reporting.wording import in_commands
from mlp_edge.api.settings import ALL, GUESSED, CostSettings, EvaluationSettings, Reading
from mlp_edge.api.tables import read_any
from mlp_edge.errors import InputError
from mlp_edge.files.writing import json_text, plain
from mlp_edge.finding import Finding
from mlp_edge.readers.report_files import COMPARISON
from mlp_edge.settings import setting

if TYPE_CHECKING:
    from mlp_edge.api.evaluation.evaluation import Evaluation
    from mlp_edge.readers.model_directory import ModelDirectory

Models = tuple[OpenedModel, OpenedModel]
Directories = tuple["ModelDirectory", "ModelDirectory"]
Names = tuple[str, str]


def compare(
    model: OpenedModel,
    other: OpenedModel,
    table: Any,
    chosen: ReportSettings,
    reading: Reading = GUESSED,
    *,
    observer: Observer = SILENT,
) -> Comparison:
    """Compare two models that predict the same, and write a page where ``chosen`` names one.

    Args:
        model: from a model directory.
        other: likewise.
        table: rows with their targets, as ``read_any`` takes them; None for those that both held
            out.
        chosen: what is looked at, and where it goes; ``out`` None writes nothing.
        reading: how the table is written.
        observer: follows.

    Raises:
        InputError: for a file alone, models that predict different things, no rows in common, a
            table that does not fit, or a file of somebody else's that would be lost.
        ModelError: for an export that is missing or damaged.
        MissingError: without scikit-learn, or without what is to predict.
    """
    if chosen.parity:
        raise InputError(
            f"{setting('parity', True)} holds the exports of one model against it; leave it out, "
            "to compare two"
        )
    directories = opened(model), opened(other)
    names = _names(directories)
    _check_alike(directories, names)
    if chosen.out is not None:
        place_of(directories[0], chosen.out)  # before any work is done
    facts = _gathered((model, other), directories, names, table, chosen, reading, observer)
    if chosen.out is None:
        return Comparison(facts)
    from mlp_edge.report.comparison import comparison

    place = place_of(directories[0], chosen.out)
    written = {
        place.page: comparison(in_commands(facts)).encode(),
        place.facts: json_text(facts).encode(),
    }
    place.write(written)
    return Comparison(facts, tuple(written))


def _names(directories: Directories) -> Names:
    """The models by name, or by the directory where both have one name."""
    one, other = (each.manifest.name for each in directories)
    if one != other:
        return one, other
    one, other = (each.path.name for each in directories)
    if one != other:
        return one, other
    return str(directories[0].path), str(directories[1].path)


def _check_alike(directories: Directories, names: Names) -> None:
    """Refuse models that predict different things.

    Raises:
        InputError: naming what differs first.
    """
    one, other = (each.manifest for each in directories)
    for what, ours, theirs in (
        ("task", [one.task], [other.task]),
        ("target", one.targets, other.targets),
        ("classes", one.labels, other.labels),
    ):
        if list(ours) != list(theirs):
            raise InputError(
                f"{names[0]} and {names[1]} predict different things: {what} "
                f"{', '.join(ours)} and {', '.join(theirs)}; models of one task, with the same "
                "targets and classes, can be compared"
            )


def _gathered(
    models: Models,
    directories: Directories,
    names: Names,
    table: Any,
    chosen: ReportSettings,
    reading: Reading,
    observer: Observer,
) -> dict[str, Any]:
    """What the comparison holds."""
    manifests = directories[0].manifest, directories[1].manifest
    sides, findings = _sides(models, names, table, chosen, reading, observer)
    columns = [each.name for manifest in manifests for each in manifest.features]
    columns = list(dict.fromkeys(columns))
    with observer.step("comparing scores"):
        scores = differences.scores(sides[0].found.scored.metrics, sides)
    boards = CostSettings(boards=chosen.boards or (ALL,)) if chosen.cost else None
    one, other = (
        costs(model, directory, boards, observer, chosen.trust)
        for model, directory in zip(models, directories, strict=True)
    )
    for each in directories:
        each.check_same()
    named = os.fspath(table) if isinstance(table, str | os.PathLike) else sides[0].found.table
    rows = {
        "count": len(sides[0].places),
        "table": None if named is None else Path(named).name,
        "of": [side.rows for side in sides],
    }
    return plain({
        "format": COMPARISON,
        "version": VERSION,
        "verdict": verdict(names, rows, scores, _learned(names, sides)),
        "names": list(names),
        "models": [
            model_facts(directory.manifest, model.mlp) | {"table": _table(directory)}
            for model, directory in zip(models, directories, strict=True)
        ],
        "predicted_by": [[side.found.runtime, side.found.dtype] for side in sides],
        "rows": rows,
        "scores": scores,
        "labels": differences.labels(manifests[0], sides, columns),
        "largest": differences.largest(manifests[0], sides, columns),
        "features": differences.features(manifests[0].features, manifests[1].features),
        "settings": differences.settings(*manifests),
        "sizes": differences.sizes(*directories),
        "cost": differences.costs(one.records, other.records),
        "absent": {"cost": _unmeasured(names, one.absent, other.absent)},
        "findings": [
            {"kind": each.kind, "text": each.says, "columns": list(each.columns)}
            for each in findings
        ],
    })  # fmt: skip


def _learned(names: Names, sides: Sides) -> list[str]:
    """The models that were trained on the table by which they are judged."""
    return [
        name
        for name, side in zip(names, sides, strict=True)
        if any(note.kind == TRAINED_ON for note in side.found.notes)
    ]


def _table(directory: ModelDirectory) -> dict[str, str]:
    manifest = directory.manifest
    return {"source": Path(manifest.table).name, "sha256": manifest.sha256["data"]}


def _sides(
    models: Models,
    names: Names,
    table: Any,
    chosen: ReportSettings,
    reading: Reading,
    observer: Observer,
) -> tuple[Sides, list[Finding]]:
    """Both models on the rows that they share, and what there is to warn of."""
    rows = None if table is None else read_any(table, reading)
    wanted = EvaluationSettings(runtime=chosen.runtime, plots=False)
    one, other = (evaluate(model, rows, wanted, trust=chosen.trust) for model in models)
    sides = shared(one, other, names)
    findings = list(dict.fromkeys(_findings((one, other), names, sides)))
    observer.found(findings)
    return sides, findings


def _findings(
    found: tuple[Evaluation, Evaluation], names: Names, sides: Sides
) -> Iterator[Finding]:
    """What is to be known of the rows before the scores are believed."""
    for name, each in zip(names, found, strict=True):
        for note in (*each.notes, *each.scored.table_findings):
            yield note._replace(says=f"{name}: {note.says}")
        if each.scored.manifest.imported is not None:
            says = f"{name} was trained elsewhere: nobody knows whether on some of these rows"
            yield Finding("trained-elsewhere", says)
    count, (ours, theirs) = len(sides[0].places), (side.rows for side in sides)
    if found[0].table is None and max(ours, theirs) > count:
        yield Finding(
            "held-out",
            f"{names[0]} held out {ours:,} rows and {names[1]} {theirs:,}; they are compared on "
            f"the {count:,} that both held out",
        )


def _unmeasured(names: Names, *absent: Sequence[str]) -> list[str]:
    """What cost lacks, a sentence each; one where nobody asked for it."""
    if [NOT_ASKED] in absent:
        return [NOT_ASKED]
    return [f"{name}: {why}" for name, whys in zip(names, absent, strict=True) for why in whys]
