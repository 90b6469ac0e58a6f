"""``Model.report``: everything that is known of a model, as one page and as JSON."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from mlp_edge.api.observer import SILENT, Observer
from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.api.parity.parity_settings import ParitySettings
from mlp_edge.api.parity.proving import prove
from mlp_edge.api.reporting.commands import commands
from mlp_edge.api.reporting.cost_facts import costs
from mlp_edge.api.reporting.facts import VERSION, Report
from mlp_edge.api.reporting.model_facts import data, files, history, versions
from mlp_edge.api.reporting.model_facts import model as model_facts
from mlp_edge.api.reporting.pages import pages
from mlp_edge.api.reporting.papers import own_papers, papers
from mlp_edge.api.reporting.places import place_of
from mlp_edge.api.reporting.predicted_facts import Absent, predicted
from mlp_edge.api.reporting.proof_facts import proof
from mlp_edge.api.reporting.report_settings import ReportSettings
from mlp_edge.api.reporting.verdict import verdict
from mlp_edge.api.settings import ALL, GUESSED, CostSettings, Reading
from mlp_edge.errors import InputError
from mlp_edge.files.writing import plain
from mlp_edge.lazy import require
from mlp_edge.readers.report_files import FORMAT

if TYPE_CHECKING:
    from mlp_edge.readers.model_directory import ModelDirectory


def report(
    model: OpenedModel,
    table: Any,
    settings: ReportSettings,
    reading: Reading = GUESSED,
    *,
    observer: Observer = SILENT,
) -> Report:
    """Gather what is known of a model, and write it.

    Args:
        model: from a model directory.
        table: rows with their targets, as ``read_any`` takes them; None for the held-out rows.
        settings: what is looked at, and where it goes.
        reading: how the table is written.
        observer: follows.

    Raises:
        InputError: for a file alone, a table that does not fit, or a file of somebody else's that
            would be lost.
        ModelError: for an export that is missing or damaged.
        MissingError: without scikit-learn or PyYAML, or without what is to predict.
    """
    directory = opened(model)
    place_of(directory, settings.out)  # before any work is done
    require("yaml", "report")
    if settings.parity:
        prove(model, ParitySettings(trust=settings.trust), observer=observer)
        directory = opened(model)
    facts = _gathered(model, directory, table, settings, reading, observer)
    place = place_of(directory, settings.out)
    written = {**pages(model, directory, facts, place), **papers(facts, place)}
    place.write(written)
    return Report(facts, place.page, tuple(written), settings.parity, own_papers(place))


def opened(model: OpenedModel) -> ModelDirectory:
    """The model's directory as it is now."""
    model.refresh()
    if model.directory is None:
        raise InputError(
            f"{model.path}: {model.alone} says nothing of its training; a model directory, "
            "which `mlp_edge.import_model()` makes of a file, would do"
        )
    return model.directory


def _gathered(
    model: OpenedModel,
    directory: ModelDirectory,
    table: Any,
    settings: ReportSettings,
    reading: Reading,
    observer: Observer,
) -> dict[str, Any]:
    """What report.json holds."""
    manifest, absent = directory.manifest, Absent()
    asked = predicted(model, directory, table, settings, reading, observer, absent)
    proved = proof(directory)
    known, why = (None, proved) if isinstance(proved, str) else (proved, None)
    if why is not None:
        absent["proof"] = [why]
    chosen = CostSettings(boards=settings.boards or (ALL,)) if settings.cost else None
    measured = costs(model, directory, chosen, observer, settings.trust)
    if measured.absent:
        absent["cost"] = measured.absent
    named = os.fspath(table) if isinstance(table, str | os.PathLike) else None
    directory.check_same()
    return plain({
        "format": FORMAT,
        "version": VERSION,
        "verdict": verdict(manifest, asked["scores"], known, why),
        "model": model_facts(manifest, model.mlp),
        "data": data(directory),
        **asked,
        "history": history(directory),
        "proof": known,
        "cost": measured.records,
        "files": files(directory),
        "versions": versions(manifest),
        "commands": commands(manifest, named),
        "absent": absent,
    })  # fmt: skip
