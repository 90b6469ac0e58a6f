"""What is shown of a training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from mlp_edge.api.evaluation.score_sheets import TITLES, score_sheet, spread
from mlp_edge.cli.options import model_option
from mlp_edge.cli.printing.console import err, out, warn_of
from mlp_edge.cli.printing.search import search_notes, tuning_table
from mlp_edge.cli.printing.sheets import show_sheets
from mlp_edge.cli.printing.sizes import size_notes, size_table
from mlp_edge.cli.printing.tables import (
    layer_table,
    new_table,
    run_table,
    show,
)
from mlp_edge.cli.printing.wording import worded
from mlp_edge.data.quoting import counted
from mlp_edge.encoding import Encoding
from mlp_edge.plots.style import MODELS
from mlp_edge.settings import setting
from mlp_edge.training.pruning import Pruned
from mlp_edge.training.recipe_settings import DEFAULT_THRESHOLD_TEXT
from mlp_edge.training.scoring.threshold import is_chosen

if TYPE_CHECKING:
    from mlp_edge.api.training.trained import Training
    from mlp_edge.files.manifest import Manifest
    from mlp_edge.mlp import Mlp


def show_trained(training: Training, directory: Path) -> None:
    """What was trained and how good it is, on stdout; what there is to warn of, on stderr."""
    manifest, mlp = training.manifest, training.mlp
    rows, recipe = manifest.rows, manifest.recipe
    out.print(f"\n{manifest.name}: {worded(training.reason)}")
    counts = [f"{rows['training']} rows to train"]
    counts += [f"{rows['validation']} to validate on"] if rows["validation"] else []
    counts += [f"{rows['test']} held out" if rows["test"] else "none held out"]
    out.print(", ".join(counts) + _later(manifest), soft_wrap=True)
    if recipe.get("automatic"):
        out.print(worded(_chosen(manifest)))
    if manifest.pruned is not None:
        out.print(Pruned(**manifest.pruned).says, soft_wrap=True)
    if manifest.inner_folds is not None:
        out.print(_decided(manifest.inner_folds, recipe["strength"]))
    if recipe.get("weight") is not None:
        out.print(f"rows count by {recipe['weight']!r}, in the loss and in the scores")
    out.print(f"trained {worded(training.device)}, by {training.backend}")
    if training.tuned is not None:
        show(tuning_table(training.tuned))
        for note in search_notes(training.tuned):
            out.print(f"\n{note}")
    if training.sized is not None:
        show(size_table(training.sized))
        for note in size_notes(training.sized):
            out.print(f"\n{note}")
    show(layer_table(mlp))
    if manifest.cross_validation is not None:
        in_time = recipe["split"] != "random"
        every = sum(rows.values())
        show(fold_table(manifest.cross_validation, recipe["metrics"], every, in_time))
    for part, scores in training.scores.items():
        show_sheets([score_sheet(part, rows[part], scores)])
    if training.runs:
        show(run_table(training.runs, "test" if rows["test"] else "training"))
    if recipe["threshold"] != DEFAULT_THRESHOLD_TEXT:
        out.print(f"\n{_threshold(recipe['threshold'], mlp)}")
    warn_of(manifest.warnings, "model.json has each")
    out.print()
    for name in sorted_files(training.files):
        out.print(f"wrote {directory / name}", soft_wrap=True)
    for place in training.logged:
        out.print(f"logged to {place}", soft_wrap=True)
    if not rows["test"] and manifest.cross_validation is None:
        err.print("note: no rows were held out, so no score above says how it does on new ones")
    dtype = "" if training.sized is None else f" --format c --dtype {training.sized.chosen.dtype}"
    out.print(f"\nnext: mlp-edge export{model_option(directory)}{dtype}", soft_wrap=True)


def _chosen(manifest: Manifest) -> str:
    """What the rules of a recipe chose, and by which counts."""
    recipe, rows = manifest.recipe, manifest.rows["training"] + manifest.rows["validation"]
    inputs = counted(Encoding.of(manifest.features).width, "input")
    chosen = {name: recipe[name] for name in recipe["automatic"]}
    said = {name: value for name, value in chosen.items() if value not in (None, False)}
    settings = " ".join(setting(name, value) for name, value in said.items())
    return f"recipe {recipe['name']}, by {counted(rows, 'row')} and {inputs}: {settings}"


def _decided(found: Mapping[str, Any], strength: str) -> str:
    """What networks that never saw some of the training rows decided."""
    if not found["rows"]:
        firm = f"{strength} regularisation, " if strength else ""
        return f"too few training rows for inner folds: {firm}no temperature"
    says = []
    if found["losses"]:
        lost = ", ".join(f"{name} {loss:.4g}" for name, loss in found["losses"].items())
        says.append(f"{strength} regularisation (loss: {lost})")
    if found["temperature"] == 1:
        says.append("temperature 1 (none makes probabilities of other rows more honest)")
    elif found["temperature"] is not None:
        part, scores = next(iter(found["scores"].items()))
        before, after = (scores[when]["ece"] for when in ("before", "after"))
        says.append(
            f"temperature {found['temperature']:.3g} (calibration error on {TITLES[part]}: "
            f"{before:.3g} before, {after:.3g} after)"
        )
    return f"inner folds, of {counted(found['rows'], 'row')}: {', '.join(says)}"


def _later(manifest: Manifest) -> str:
    """Where the held-out rows begin, if they are the last in time."""
    begins = (manifest.split or {}).get("from", {}).get("test")
    if begins is None:
        return ""
    line, cell = ((unit, begins[unit]) for unit in begins)
    from_cell = "" if cell[1] is None else f" {cell[1]!r},"
    return f", the last in time: from{from_cell} {line[0]} {line[1]:,} on"


def sorted_files(files: Iterable[str]) -> list[str]:
    """The files as they are listed: each picture once, though there are two of it."""
    return [name.replace(".png", ".png, .svg") for name in files if not name.endswith(".svg")]


def _threshold(rule: str, mlp: Mlp) -> str:
    by = f", by {rule} on the validation rows" if is_chosen(rule) else ""
    return f"predicts {mlp.labels[1]} where the probability is above {mlp.threshold:.4g}{by}"


def fold_table(
    folds: Mapping[str, Any], metrics: Sequence[str], rows: int, in_time: bool = False
) -> Table:
    """A row per model, a column per metric: mean and deviation over all folds."""
    times = "" if folds["repeats"] == 1 else f", {folds['repeats']} times"
    scores = folds["scores"]
    what = f"{folds['folds']}-fold cross-validation{times}, on {rows:,} rows"
    if in_time:
        tested = round(folds["folds"] * folds["tested"])
        what = f"{folds['folds']} expanding windows in time, tested on {tested:,} of {rows:,} rows"
    title = f"{what}: mean ± standard deviation"
    table = new_table(title, "", *metrics)
    for model, values in scores.items():
        cells = [spread(values[metric]) for metric in metrics]
        table.add_row(Text(MODELS[model]), *cells, style="bold" if model == "mlp" else None)
    return table
