"""mlp-edge inspect: what is in a model, without running it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlp_edge.cli.options import DEFAULT_MODEL, JsonOption, model_option
from mlp_edge.cli.printing.console import NARROW, err, one_line, out, print_json, warn

if TYPE_CHECKING:
    from rich.table import Table

    from mlp_edge.card import Card
    from mlp_edge.feature import Feature
    from mlp_edge.readers.inspection import Inspection
    from mlp_edge.readers.model_directory import ModelDirectory

FACT_WIDTH = 16
"""A label beside which the 64 digits of a hash still fit into 80 columns."""
SHOWN_CATEGORIES = 4
"""Of so many a feature's row names all; --json has the others."""


def inspect(
    file: Annotated[
        Path,
        typer.Argument(help="Model directory, or a .keras, .onnx, .tflite or .h file."),
    ] = DEFAULT_MODEL,
    as_json: JsonOption = False,
) -> None:
    """Show what is in a model, without running or compiling it."""
    from mlp_edge.readers.inspection import inspect_file, inspect_original
    from mlp_edge.readers.model_directory import ModelDirectory, directory_of, undisturbed

    file = directory_of(file)  # whose model.json has the names and labels of its .keras file
    if file.is_dir() or (not file.exists() and not file.suffix):

        def read() -> tuple[ModelDirectory, Inspection, list[dict[str, Any]]]:
            directory = ModelDirectory.open(file)
            found = inspect_original(directory.keras_path, directory.mlp())
            return directory, found, _exports(directory)

        directory, found, exports = undisturbed(file, read)
        if as_json:
            print_json({**_record(file, found), **_directory_record(directory, exports)})
        else:
            _show(file, found, _directory_facts(directory))
            _show_directory(directory, exports)
        for warning in directory.manifest.warnings:
            warn(warning.says)
    else:
        found = inspect_file(file)
        if as_json:
            print_json(_record(file, found))
        else:
            _show(file, found, {})
    for note in found.notes:
        err.print(f"note: {note}")


def _record(path: Path, found: Inspection) -> dict[str, Any]:
    """A file as JSON: every key is there for every format."""
    from mlp_edge.encoding import input_names

    card, anatomy = found.card, found.anatomy
    return {
        "path": str(path),
        "format": found.format,
        "name": card and card.name,
        "task": card and card.task,
        "targets": card and card.targets,
        "labels": card and card.labels,
        "threshold": card.threshold if card is not None and card.task == "binary" else None,
        "dtype": found.dtype,
        "features": [_feature_record(feature) for feature in found.features],
        "scaling": {
            "inputs": input_names(found.features) if found.features else None,
            "mean": _numbers(anatomy.mean),
            "deviation": _numbers(anatomy.std),
        },
        "layers": [vars(layer) for layer in anatomy.layers],
        "parameters": anatomy.parameters,
        "multiply_adds": anatomy.multiply_adds,
        "weights_sha256": card and card.weights_sha256,
        "file_sha256": found.file_sha256,
        "bytes": found.size,
        "written_by": found.written_by,
        "notes": found.notes,
    }


def _feature_record(feature: Feature) -> dict[str, Any]:
    """A feature as JSON: its kind and its range always, everything else where it has it."""
    always = {key: getattr(feature, key) for key in ("name", "kind", "low", "high")}
    return always | feature.to_dict()


def _directory_record(
    directory: ModelDirectory, exports: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
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
        "exports": exports,
    }


def _numbers(values: Any) -> list[float] | None:
    """Shortest decimals that read back as the same float32."""
    return None if values is None else [float(str(value)) for value in values]


def _exports(directory: ModelDirectory) -> list[dict[str, Any]]:
    """Each file of exports/ and each that the manifest lists, with what became of it."""
    from mlp_edge.errors import ModelError
    from mlp_edge.files.writing import sha256
    from mlp_edge.reading import read_file

    recorded = directory.manifest.exports
    place = directory.exports_path
    present = {path.name for path in place.iterdir() if path.is_file()} if place.is_dir() else set()
    exports = []
    for name in sorted({*present, *recorded}):
        try:
            content = read_file(place / name) if name in present else None
        except ModelError:
            content = b""
        if content is None:
            state = "missing"
        elif name not in recorded:
            state = "not ours"
        else:
            state = "as exported" if sha256(content) == recorded[name] else "changed"
        exports.append({"file": name, "bytes": content and len(content), "state": state})
    return exports


def _directory_facts(directory: ModelDirectory) -> dict[str, str]:
    manifest = directory.manifest
    counts = ", ".join(f"{count:,} {part}" for part, count in manifest.rows.items() if count)
    recipe = manifest.recipe
    settings = [f"{key.replace('_', ' ')} {_plain(value)}" for key, value in recipe.items()
                if value not in (None, [], "")]  # fmt: skip
    clip = {} if manifest.clip is None else {"clipped": "from {:g} to {:g}".format(*manifest.clip)}
    return {
        **clip,
        "trained on": f"{manifest.table} ({counts})",
        "recipe": ", ".join(settings),
        "versions": ", ".join(f"{name} {version}" for name, version in manifest.versions.items()),
    }


def _plain(value: Any) -> str:
    """A setting as an option takes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _show(path: Path, found: Inspection, more: Mapping[str, str]) -> None:
    from mlp_edge.cli.printing.tables import show

    name = f"{path}: {found.card.name}, " if found.card else f"{path}: "
    kind = "model directory with an original of" if path.is_dir() else f"{found.format},"
    out.print(f"{name}{kind} {found.size:,} bytes", style="bold", soft_wrap=True)
    show(_layer_table(found))
    if found.features or found.anatomy.mean is not None:
        show(_feature_table(found))
    if found.encoding is not None and not found.encoding.plain:
        show(_encoding_table(found))
    out.print()
    facts = {**_card_facts(found), **more, "written by": found.written_by or "unknown"}
    for label, value in facts.items():
        _fact(label, value)


def _card_facts(found: Inspection) -> dict[str, str]:
    card = found.card
    facts = {"file sha256": found.file_sha256}
    if card is None:
        return facts if found.dtype is None else {"dtype": found.dtype, **facts}
    return {
        "predicts": f"{', '.join(card.targets)} ({card.task})",
        "answer": _answer(card),
        "dtype": card.dtype,
        "weights sha256": card.weights_sha256,
        **facts,
    }


def _answer(card: Card) -> str:
    """How a prediction becomes what the model says."""
    if card.task == "regression":
        return "a number" if len(card.targets) == 1 else f"{len(card.targets)} numbers"
    if card.task == "multiclass":
        return f"the most probable of {', '.join(card.labels)}"
    no, yes = card.labels
    return f"{yes} where probability > {card.threshold:.9g}, otherwise {no}"


def _fact(label: str, value: str) -> None:
    """A label and a value that wraps beside it."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    if out.width < NARROW:
        out.print(f"{label}: {value}")
        return
    grid = Table.grid(padding=0)
    grid.add_column(width=FACT_WIDTH, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(label, style="dim"), Text(one_line(value)))
    out.print(Padding(grid, 0, expand=False))


def _layer_table(found: Inspection) -> Table:
    from mlp_edge.cli.printing.tables import new_table

    anatomy, encoding = found.anatomy, found.encoding
    table = new_table(
        anatomy.topology, "layer", "activation", "output", "parameters", "multiply-adds",
        text_columns=2,
    )  # fmt: skip
    # An activation of many operators folds; names and numbers are never cut.
    table.columns[0].no_wrap, table.columns[1].no_wrap = True, False
    if encoding is not None and not encoding.plain:
        table.add_row("encoding", "", _width(encoding.width), "", "")
    if anatomy.mean is not None or anatomy.std is not None:
        table.add_row("scaling", "", _width(anatomy.inputs), "", "")
    number = 0
    for layer in anatomy.layers:
        number += layer.kind == "dense"
        kind = "output" if layer is anatomy.layers[-1] else f"hidden {number}"
        table.add_row(
            kind if layer.kind == "dense" else layer.kind,
            layer.activation,
            _width(layer.outputs),
            f"{layer.parameters:,}",
            _count(layer.multiply_adds),
        )
    table.add_section()
    table.add_row("all", "", "", f"{anatomy.parameters:,}", _count(anatomy.multiply_adds))
    return table


def _width(width: int | None) -> str:
    return "?" if width is None else f"(n, {width})"


def _count(count: int | None) -> str:
    return "?" if count is None else f"{count:,}"


def _feature_table(found: Inspection) -> Table:
    """A row per feature, a column for each thing that is known of at least one."""
    features, anatomy = found.features, found.anatomy
    names = [feature.name for feature in features]
    columns = {
        "unit": [feature.unit for feature in features],
        "from": [_number(feature.low) for feature in features],
        "to": [_number(feature.high) for feature in features],
        "mean": _by_feature(found, anatomy.mean),
        "deviation": _by_feature(found, anatomy.std),
    }
    made_up = [f"number {index + 1}" for index in range(anatomy.inputs or 0)]
    return _known_of("features", names or made_up, columns)


def _encoding_table(found: Inspection) -> Table:
    """A row per feature, for how its readings become inputs of the first layer."""
    features = found.features
    filled = any(feature.fill is not None for feature in features)
    columns = {
        "categories": [_categories(feature) for feature in features],
        "means missing": [_number(feature.sentinel) for feature in features],
        "missing": [_instead(feature) if filled else "" for feature in features],
        "indicator": ["yes" if feature.indicator else "" for feature in features],
    }
    table = _known_of("encoding", [feature.name for feature in features], columns)
    for column in table.columns:
        column.justify, column.no_wrap = "left", False
    return table


def _known_of(title: str, names: Sequence[str], columns: Mapping[str, Sequence[str]]) -> Table:
    """A row per name, without the columns that are empty."""
    from rich.text import Text

    from mlp_edge.cli.printing.tables import new_table

    known = {heading: cells for heading, cells in columns.items() if any(cells)}
    table = new_table(title, "feature", *known)
    for index, name in enumerate(names):
        table.add_row(Text(name), *(Text(cells[index]) for cells in known.values()))
    return table


def _categories(feature: Feature) -> str:
    """``"0=no, 1=yes"``, without the later ones of many."""
    pairs = zip(feature.codes, feature.categories, strict=True)
    shown = [f"{code}={level}" for code, level in list(pairs)[:SHOWN_CATEGORIES]]
    more = len(feature.codes) - len(shown)
    return ", ".join([*shown, f"{more} more"] if more else shown)


def _instead(feature: Feature) -> str:
    """What counts in the place of a missing reading."""
    if feature.fill is None:
        return "answer NaN"
    return feature.write(feature.fill) if feature.codes else _number(feature.fill)


def _by_feature(found: Inspection, values: Any) -> list[str]:
    """One number per input of the first layer as a cell per feature, empty for a category."""
    if values is None:
        return []
    numbers: Sequence[int] = range(found.anatomy.inputs or 0)
    if found.encoding is not None:
        numbers = [int(index) for index in found.encoding.numbers]
    cells = [""] * (len(found.features) or len(numbers))
    for place, index in enumerate(numbers):
        # A vector of one number holds for every input.
        cells[index] = _number(float(values[place % len(values)]))
    return cells


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _show_directory(directory: ModelDirectory, exports: Sequence[Mapping[str, Any]]) -> None:
    from rich.text import Text

    from mlp_edge.cli.printing.tables import new_table, score_table, show

    manifest = directory.manifest
    for part, scores in manifest.scores.items():
        if part != "runs":
            show(score_table(part, manifest.rows[part], scores))
    if not exports:
        command = f"mlp-edge export{model_option(directory.path)}"
        out.print(f"\nno exports yet: {command}", soft_wrap=True)
        return
    table = new_table("exports", "file", "bytes", "state")
    for export in exports:
        size = "" if export["bytes"] is None else f"{export['bytes']:,}"
        good = export["state"] == "as exported"
        table.add_row(
            Text(export["file"]), size, Text(export["state"], style="" if good else "yellow")
        )
    show(table)
