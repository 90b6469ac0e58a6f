"""The site builds without a warning, by itself, and holds every command, option and public name."""

from __future__ import annotations

import html
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

import mlp_edge
from mlp_edge.cli.app import app

ROOT = Path(__file__).parents[2]
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
PUBLIC = [name for name in mlp_edge.__all__ if not name.startswith("__")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it: a broken link, a missing anchor or a warning ends it."""
    place = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", place],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return place


def methods(thing: Any) -> list[str]:
    """The public methods of a class, in the order of its body; of a function none."""
    if not inspect.isclass(thing):
        return []
    return [name for name, value in vars(thing).items()
            if not name.startswith("_") and inspect.isroutine(value)]  # fmt: skip


def text_of(page: Path) -> str:
    """What a reader sees of a page, blanks made one."""
    article = page.read_text("utf-8").partition("<article")[2].partition("</article>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", article)).split())


def test_it_needs_no_network(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert pages
    for page in pages:
        fetched = re.findall(r"<(?:script|link|img)\b[^>]*https?://[^>]*>", page.read_text("utf-8"))
        assert not fetched, page


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_stands_in_the_reference(name: str, site: Path) -> None:
    shown = text_of(site / "reference" / "commands" / f"{name}.html")
    for parameter in COMMANDS[name].params:
        assert " ".join(parameter.help.split()) in shown
        for spelling in (*parameter.opts, *parameter.secondary_opts):
            assert spelling in shown


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_stands_in_the_reference(name: str, site: Path) -> None:
    page = (site / "reference" / "python.html").read_text("utf-8")
    thing = getattr(mlp_edge, name)
    for member in ["", *(f".{method}" for method in methods(thing))]:
        assert f'id="mlp_edge.{name}{member}"' in page
