"""Every command line in the docs is one that mlp-edge understands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import COMMAND

ROOT = Path(__file__).parents[2]
PAGES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "data" / "README.md",
    ROOT / "firmware_headers" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
CODE = re.compile(r"```.*?```|`[^`]+`", re.DOTALL)
TYPED = re.compile(r"(?<![\w/.-])mlp-edge (?:[a-z]+|--)[^\n`]*(?:\\\n[^\n`]*)*")
ABOUT_OTHERS = {
    "CONTRIBUTING.md", "deploy.md", "integers.md", "led.md", "libraries.md", "serve.md", "sign.md",
    "track.md",
}  # fmt: skip
"""Pages on which other programs are typed, too."""
ENDS = {"|", ">", "&&"}
COMMANDS = COMMAND.commands  # type: ignore[attr-defined]


def typed() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for code in CODE.findall(page.read_text("utf-8")):
            if not code.startswith("```"):
                code = " ".join(code.split())
            for line in TYPED.findall(code):
                yield str(page.relative_to(ROOT)), line.strip()


def words(line: str) -> list[str]:
    """As a shell splits it, up to a pipe, a redirection or a comment."""
    found = shlex.split(line, comments=True)
    end = next((place for place, word in enumerate(found) if word in ENDS), len(found))
    return found[1:end]


@pytest.mark.parametrize(("page", "line"), sorted(set(typed())))
def test_it_is_understood(page: str, line: str) -> None:
    name, *rest = words(line)
    if name.startswith("-"):
        assert name in {option for each in COMMAND.params for option in each.opts} | {"--help"}
        return
    program = COMMAND.make_context("mlp-edge", [], resilient_parsing=True)
    COMMANDS[name].make_context(name, rest, parent=program)


def test_every_option_that_is_named_exists() -> None:
    known = {
        option
        for command in COMMANDS.values()
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    } | {"--version", "--help"}
    for page in PAGES:
        if page.name not in ABOUT_OTHERS:
            named = set(re.findall(r"(?<![\w,-])--[a-z][a-z0-9-]+", page.read_text("utf-8")))
            assert named <= known, page
