"""Pages of the site that the code itself writes: every command, and every public name."""

from __future__ import annotations

import inspect
import json
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import mlp_edge
from mlp_edge.cli.app import app
from mlp_edge.cli.declaring import GROUPS

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
PACKAGE = ROOT / "build" / "package"
"""The rooms as they install: mkdocstrings cannot follow an editable install's mapping."""


def on_startup(**_: object) -> None:
    """Lay out the package that mkdocstrings reads; mkdocs calls this before it sets plugins up."""
    rooms = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    shutil.rmtree(PACKAGE, ignore_errors=True)
    for name, folder in rooms["tool"]["setuptools"]["package-dir"].items():
        shutil.copytree(ROOT / folder, PACKAGE.joinpath(*name.split(".")), dirs_exist_ok=True)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to those that stand in docs/; mkdocs calls this."""
    for place, text in pages().items():
        files.append(File.generated(config, place, content=text))
    return files


def pages() -> dict[str, str]:
    """Each page's place in the site, and its Markdown."""
    group: Any = typer.main.get_command(app)
    found = {
        f"reference/commands/{name}.md": "\n".join(_command(name, command))
        for name, command in group.commands.items()
    }
    found["reference/python.md"] = "\n".join(_python())
    found["how-to/notebook.md"] = "\n".join(_notebook())
    return found


def _command(name: str, command: Any) -> Iterator[str]:
    """A command's page: what it does, then its arguments and options under their headings."""
    context = command.make_context(name, [], resilient_parsing=True)
    usage = " ".join(command.collect_usage_pieces(context))
    yield from (f"# mlp-edge {name}", "", inspect.cleandoc(command.help), "")
    yield from ("```", f"mlp-edge {name} {usage}", "```", "")
    headings: dict[str, list[Any]] = {}
    for parameter in command.params:
        kind = "Arguments" if parameter.param_type_name == "argument" else "Options"
        heading = getattr(parameter, "rich_help_panel", None) or kind
        headings.setdefault(heading, []).append(parameter)
    for heading, parameters in sorted(headings.items(), key=lambda each: _place(each[0])):
        yield from (f"## {heading}", "", "| name | default | what it does |", "|---|---|---|")
        yield from (_row(parameter) for parameter in parameters)
        yield ""


def _place(heading: str) -> int:
    """Where a heading stands on the page: where --help has it."""
    order = ("Arguments", *GROUPS)
    return order.index(heading) if heading in order else len(order)


def _row(parameter: Any) -> str:
    """A line of the table: every spelling, the default, the help."""
    spellings = [*parameter.opts, *parameter.secondary_opts]
    if parameter.param_type_name == "argument":
        spellings = [parameter.human_readable_name]
    names = ", ".join(f"`{spelling}`" for spelling in spellings)
    return f"| {names} | {_default(parameter)} | {_cell(parameter.help)} |"


def _default(parameter: Any) -> str:
    """What holds when an option is not typed; nothing where that is nothing, or off."""
    shown = getattr(parameter, "show_default", None)
    value = shown if isinstance(shown, str) else parameter.default
    if value is True and parameter.secondary_opts:
        value = parameter.opts[0]
    return "" if value in (None, False, True) else f"`{value}`"


def _cell(text: str) -> str:
    """Text as a cell of a Markdown table shows it, character by character."""
    return "".join(f"\\{sign}" if sign in "\\|*_`<>[]" else sign for sign in " ".join(text.split()))


def _python() -> Iterator[str]:
    """The page of the public names: functions, then classes."""
    yield from ("# The Python API", "", "```python", "import mlp_edge", "```", "")
    yield "Settings of `mlp_edge.train` are the options of"
    yield "[`mlp-edge train`](commands/train.md), by the same names with underscores."
    yield ""
    names = [name for name in mlp_edge.__all__ if not name.startswith("__")]
    for name in sorted(names, key=lambda name: inspect.isclass(getattr(mlp_edge, name))):
        yield from (f"::: mlp_edge.{name}", "")


def _notebook() -> Iterator[str]:
    """The notebook as a page: its text, its code, and what the code showed."""
    for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            yield from (source, "")
            continue
        yield from ("```python", source, "```", "")
        for output in cell["outputs"]:
            shown = output.get("data", {"text/plain": output.get("text", "")})
            if "text/html" in shown:
                yield from ("".join(shown["text/html"]), "")
            else:
                yield from ("```", "".join(shown["text/plain"]), "```", "")
    yield "[Download the notebook](../notebook.ipynb)."
