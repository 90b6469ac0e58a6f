"""``Model.evaluate``: how good a model is on rows that it never saw, or on a table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlp_edge.api.evaluation.evaluation import Evaluation
from mlp_edge.api.evaluation.pictures import write_pictures
from mlp_edge.api.evaluation.rows import HELD_OUT, rows_csv
from mlp_edge.api.evaluation.scored_rows import ScoredRows
from mlp_edge.api.observer import SILENT, Observer
from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.api.sample import sample_table
from mlp_edge.api.settings import FLOAT32, GUESSED, EvaluationSettings, Reading
from mlp_edge.api.tables import read_any
from mlp_edge.api.widened_table import check_output, write_output
from mlp_edge.data.reading.size import read_size
from mlp_edge.data.row_weights import unweighted
from mlp_edge.errors import InputError, RecipeError
from mlp_edge.finding import Finding
from mlp_edge.lazy import installed, require
from mlp_edge.readers.model_directory import SAMPLE, ModelDirectory
from mlp_edge.settings import setting

if TYPE_CHECKING:
    from mlp_edge.data.table import Table
    from mlp_edge.files.manifest import Manifest
    from mlp_edge.runtime.predictor import Predictor
    from mlp_edge.training.examples import Examples
    from mlp_edge.training.scoring.importance import Importance
TRAINED_ON = "trained-on"
"""Kind of the note that a model was trained on the table by which it is judged."""


def evaluate(
    model: OpenedModel,
    table: Any,
    settings: EvaluationSettings,
    reading: Reading = GUESSED,
    *,
    trust: bool = False,
    observer: Observer = SILENT,
) -> Evaluation:
    """Score a model, and write what the settings ask for.

    Args:
        model: from a model directory.
        table: rows with their targets, as ``read_any`` takes them; None for the held-out rows.
        settings: what to evaluate and what to write.
        reading: how the table is written.
        trust: run a header or script that was changed since it was exported.
        observer: follows.

    Raises:
        InputError: for a file alone, a table that does not fit, settings that cannot be
            met, or a file that cannot be written.
        ModelError: for an export that is missing or damaged.
        VerifyError: when the model directory is not what a key has signed.
        MissingError: without scikit-learn, or without what is to predict.
    """
    directory = _checked(model, table, settings)
    manifest = directory.manifest
    metrics = _metrics(settings.metrics, manifest)
    threshold = chosen_threshold(manifest, settings.threshold)
    rows_out = None if settings.rows_out is None else Path(settings.rows_out)
    if rows_out is not None:
        source = directory.path / SAMPLE if table is None else table
        check_output("rows_out", rows_out, source if isinstance(source, str | Path) else None)
    with model.held_to(settings.signed_by):
        examples = _examples(directory, table, reading)
    named = None if table is None else _named(table, examples.table)
    notes = [] if named is None else _notes(named, examples, manifest)
    observer.found((*(() if named is None else examples.findings), *notes))
    part = _part(named, manifest)
    key = settings.signed_by or model.signed_by
    with _opened(directory, settings, trust, key, observer) as opened:
        runtime, dtype = opened.runtime, opened.card.dtype
        outputs = opened.predict(examples.rows)
        scored = ScoredRows(manifest, examples.table, examples, part, outputs, threshold, metrics)
        unanswered = _unanswered(scored)
        shuffled = None
        if settings.importance:
            with observer.step("shuffling columns"):
                shuffled = _importance(scored, opened, settings)
    directory.check_same()
    scored.work_out()
    observer.found(unanswered)
    files, undrawn = _draw(scored, directory, dtype, settings.plots, shuffled)
    observer.found(undrawn)
    if rows_out is not None:
        write_output(rows_out, rows_csv(scored, settings.spreadsheet_safe))
        files = (rows_out, *files)
    said = (*notes, *unanswered, *undrawn)
    return Evaluation(named, scored, runtime, dtype, said, files, shuffled)


def _checked(model: OpenedModel, table: Any, settings: EvaluationSettings) -> ModelDirectory:
    """The model's directory, when settings and libraries allow to begin."""
    require("sklearn")
    if settings.plots:
        require("matplotlib")
    directory = model.directory
    if directory is None:
        raise InputError(
            f"{model.path}: {model.alone} says nothing of its targets; a model directory, "
            "which `mlp_edge.import_model()` makes of a file, would do"
        )
    without = without_rows(directory.manifest) if table is None else None
    if without is not None:
        raise InputError(f"{model.path}: {without}")
    if settings.spreadsheet_safe and settings.rows_out is None:
        raise InputError(
            f"{setting('spreadsheet_safe', True)} is for the file that {setting('rows_out')} names"
        )
    return directory


def without_rows(manifest: Manifest) -> str | None:
    """Why a model has no rows of its own to judge it by; None where it has."""
    if manifest.imported is not None and not manifest.scores:
        return "was imported without rows and their targets; name a table of some"
    if manifest.sample == "training":
        return (
            f"trained on every row ({setting('test_size', 0)}), so none is left to judge it by; "
            "name a table of other rows"
        )
    return None


def _metrics(names: Sequence[str], manifest: Manifest) -> tuple[str, ...]:
    from mlp_edge.training.scoring.scores import EVALUATED, chosen_metrics

    return chosen_metrics(tuple(names) or EVALUATED[manifest.task], manifest.task)


def chosen_threshold(manifest: Manifest, given: str | float | None) -> np.float32:
    """The model's own threshold, or another number that somebody wants to try.

    Raises:
        RecipeError: for a rule, which is carried out while training, another text that is no
            number between 0 and 1, or a model without a threshold.
    """
    from mlp_edge.training.scoring.threshold import is_chosen, threshold_for

    if given is None:
        return np.float32(manifest.threshold)
    text = str(given)
    if manifest.task != "binary":
        raise RecipeError(
            f"{setting('threshold')} is for two classes; this is a {manifest.task} model"
        )
    if is_chosen(text):
        raise RecipeError(
            f"{setting('threshold', text)}: a rule is carried out on validation rows, by mlp-edge "
            "train; here it takes a number such as 0.3"
        )
    try:
        return threshold_for(text, np.zeros(0, np.int64), np.zeros(0, np.float32))
    except RecipeError:
        takes = "takes a number between 0 and 1 such as 0.3"
        raise RecipeError(f"{setting('threshold', text)}: {takes}") from None


def _examples(directory: ModelDirectory, table: Any, reading: Reading) -> Examples:
    """The rows to judge by, the held-out ones without a table."""
    from mlp_edge.training.examples import reread_examples

    manifest = directory.manifest
    if table is None:
        rows = sample_table(directory.path, read_size(reading.max_bytes))
    else:
        rows = read_any(table, reading)
    group, weight = (
        name if name in rows.columns else None
        for name in map(manifest.recipe.get, ("group", "weight"))
    )  # fmt: skip
    return reread_examples(rows, manifest, group, weight=weight)


def _named(table: Any, read: Table) -> str:
    """A table as messages name it."""
    return os.fspath(table) if isinstance(table, str | os.PathLike) else read.source


def _part(named: str | None, manifest: Manifest) -> str:
    """Which rows these are."""
    if named is not None:
        return f"rows of {named}"
    return HELD_OUT if manifest.imported is None else manifest.sample


def _notes(named: str, examples: Examples, manifest: Manifest) -> list[Finding]:
    """What the table lacks, and that the model was trained on the very table, where it was."""
    weight = manifest.recipe.get("weight")
    notes = []
    if weight is not None and examples.weights is None:
        notes.append(unweighted(named, weight))
    if examples.table.sha256 != manifest.sha256["data"] or manifest.imported is not None:
        return notes
    held_out = manifest.sample == "held-out"
    end = "; without a table, only those that it never saw are scored" if held_out else ""
    says = (
        f"{named} is the table that the model was trained on: it knows "
        f"{manifest.rows['training']:,} of these rows{end}"
    )
    return [*notes, Finding(TRAINED_ON, says)]


def _opened(
    directory: ModelDirectory,
    settings: EvaluationSettings,
    trust: bool,
    key: Path | None,
    observer: Observer,
) -> Predictor:
    """What predicts."""
    from mlp_edge.runtime.load import load, reduced_precision_path

    path, dtype, runtime = directory.path, settings.dtype, settings.runtime
    with observer.step("opening the model"):
        if dtype != FLOAT32:
            path = reduced_precision_path(directory, dtype, runtime)
        return load(path, runtime, trust, signed_by=key)


def _importance(scored: ScoredRows, opened: Predictor, settings: EvaluationSettings) -> Importance:
    """What the score rests on, of the rows that have a prediction."""
    from mlp_edge.training.scoring.importance import BY, importance

    manifest, rows = scored.manifest, scored.examples.rows[scored.predicted]
    metric = settings.metrics[0] if settings.metrics else BY[manifest.task]
    return importance(manifest.features, rows, scored.truth, opened.predict, metric)


def _unanswered(scored: ScoredRows) -> tuple[Finding, ...]:
    """What is said of rows without a prediction.

    Raises:
        InputError: when none has one.
    """
    rows, predicted = len(scored.outputs), len(scored.predicted)
    if not predicted:
        raise InputError(f"{scored.table.source}: the model predicts nothing for these rows")
    if predicted == rows:
        return ()
    says = f"{rows - predicted:,} of {rows:,} rows have no prediction and are not scored"
    return (Finding("unanswered", says),)


def _draw(
    scored: ScoredRows,
    directory: ModelDirectory,
    dtype: str,
    plots: bool | None,
    shuffled: Importance | None,
) -> tuple[tuple[Path, ...], tuple[Finding, ...]]:
    """The pictures; where nobody asked for them, a finding instead of what prevents them."""
    if plots is False or not installed("matplotlib"):
        return (), ()
    try:
        return write_pictures(scored, directory, dtype, shuffled)
    except InputError as error:
        if plots:
            raise
        return (), (Finding("no-pictures", f"no pictures: {error}"),)
