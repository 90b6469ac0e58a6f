"""The commands that make a model and its report again, typed as a shell takes them.

They name no path but the table's own name: each works on the model directory that is called
``model``, as the commands do unless somebody says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlp_edge.api.settings import StreamedReading
from mlp_edge.data.choices import Choices
from mlp_edge.files.manifest import Manifest
from mlp_edge.foreign import quoted, typed
from mlp_edge.mlp import Task
from mlp_edge.settings import Setting, settings_of
from mlp_edge.training.default_recipe import AUTO, RULED
from mlp_edge.training.plan import Plan
from mlp_edge.training.recipe import Recipe

PROGRAM = "mlp-edge"
FORMATS = {".tflite": "tflite", ".onnx": "onnx", ".h": "c", ".js": "js", ".py": "micropython"}


def commands(manifest: Manifest, table: str | None) -> dict[str, Any]:
    """The commands, in their order.

    Args:
        manifest: of the model.
        table: that the report was asked to judge by, as it was named; None for the held-out rows.

    Returns:
        "train", "export" (a command for each dtype), "parity" and "report". "train" is None where
        no command alone trains it: somebody else did, or training went on from another model.
    """
    report = [PROGRAM, "report"]
    if table is not None:
        report += ["model", typed(Path(table).name)]
    return {
        "train": None if manifest.imported or manifest.start else " ".join(_train(manifest)),
        "export": [" ".join(words) for words in _exports(manifest)],
        "parity": f"{PROGRAM} parity",
        "report": " ".join(report),
    }


def _train(manifest: Manifest) -> Iterator[str]:
    yield from (PROGRAM, "train", typed(Path(manifest.table).name))
    for target in manifest.targets:
        yield _option("target", target)
    for each in (*settings_of(Plan), *settings_of(Choices), *settings_of(StreamedReading)):
        if each.name in manifest.given:
            yield from _typed(each, manifest.given[each.name])
    recipe = Recipe.from_dict(manifest.recipe)
    if recipe.name != AUTO:
        yield _option("recipe", recipe.name)
    usual = _usual(recipe, manifest.task)
    for each in settings_of(Recipe):
        value = getattr(recipe, each.name)
        ruled = recipe.name == AUTO and each.name in RULED
        if each.name in recipe.automatic or (value in (usual[each.name], None) and not ruled):
            continue
        if value is not None:
            yield from _typed(each, value)


def _usual(recipe: Recipe, task: Task) -> Mapping[str, Any]:
    """What settings are where nobody chose them, "auto" replaced by what the task asks for."""
    from mlp_edge.training.scoring.scores import DEFAULT_METRICS

    plain = Recipe().resolved(task)
    return {**vars(plain), "metrics": DEFAULT_METRICS[task]}


def _exports(manifest: Manifest) -> Iterator[list[str]]:
    """A command for each dtype, with the formats that are there."""
    found: dict[str, list[str]] = {}
    for name in manifest.exports:
        stem, _, suffix = name.partition(".")
        dtype = stem.removeprefix(manifest.name).removeprefix("_")
        if f".{suffix}" in FORMATS:
            found.setdefault(dtype, []).append(FORMATS[f".{suffix}"])
    for dtype, formats in sorted(found.items()):
        options = [_option("format", each) for each in formats]
        yield [PROGRAM, "export", *options, *([_option("dtype", dtype)] if dtype else [])]


def option(each: Setting, value: Any) -> str:
    """A setting as an option with its value.

    Args:
        each: the setting.
        value: as a message names it; None for the option alone.
    """
    if value is None:
        return _name(each)
    if each.repeat and not isinstance(value, list | tuple):
        value = [value]
    return " ".join(_typed(each, tuple(value) if isinstance(value, list) else value))


def _typed(each: Setting, value: Any) -> Iterator[str]:
    """A setting as an option; each of several that are typed one by one."""
    name = _name(each)
    if isinstance(value, bool):
        flag = each.flag or f"{_flag(each.name)}/{_flag(f'no_{each.name}')}"  # as typer has it
        _, _, off = flag.partition("/")
        if value or off:
            yield name if value else off
    elif each.repeat:
        yield from (f"{name} {quoted(str(item))}" for item in value)
    elif isinstance(value, tuple):
        yield f"{name} {quoted(','.join(map(_text, value)) or 'none')}"
    else:
        yield f"{name} {quoted(_text(value))}"


def _name(each: Setting) -> str:
    """The option of a setting, that which turns it on where another turns it off."""
    words = (each.flag or "").partition("/")[0].split()
    return next((word for word in words if word.startswith("--")), _flag(each.name))


def _text(value: Any) -> str:
    if isinstance(value, float) and float(f"{value:g}") == value:
        return f"{value:g}"
    return str(value)


def _option(name: str, value: str) -> str:
    return f"{_flag(name)} {quoted(value)}"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
