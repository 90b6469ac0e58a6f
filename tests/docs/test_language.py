"""The glossary, and words that it has replaced: nobody who reads us meets them again."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "GLOSSARY.md"
C = {".h", ".ino", ".jinja", ".md"}
RETIRED = {
    r"by heart": "overfitting",
    r"contestants?": "candidates",
    r"crosses between": "recombined rows",
    r"made to provoke|provoking": "stress rows",
    r"straight lines": "piecewise-linear table",
    r"what surrounds": "pre- and post-processing",
    r"which way a fit": "training backend",
    r"who forgets": "what happens otherwise",
    r"\bparted\b": "split",
    r"softmax's shares": "softmax probabilities",
    r"this one so\b": "as is",
    r"coarser (numbers|dtypes?)|smaller numbers": "reduced precision",
    r"watched rows|only watched": "validation rows",
}
"""A word that was ours, as a regular expression -> the field's own."""
PRINTED = {
    r"(?<!standard )\bdeviations?\b": "standard deviation",
    r"(?<!`)\banswer(s|ed)?\b": "prediction",
}
"""The same of what is read and printed; code may name a variable so."""


@cache
def texts() -> dict[str, str]:
    """What users read, by the file it stands in: docs, strings of the command line, C."""
    paths = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")]
    for folder, suffixes in {"docs": {".md"}, "cli": {".py"}, "firmware_headers": C}.items():
        paths += [path for path in (ROOT / folder).rglob("*") if path.suffix in suffixes]
    # What sessions print comes from the strings of the command line.
    session = re.compile(r"```console\n.*?```", re.DOTALL)
    found = {}
    for path in sorted(paths):
        text = session.sub("", path.read_text("utf-8"))
        said = "\n".join(strings(ast.parse(text))) if path.suffix == ".py" else text
        found[str(path.relative_to(ROOT))] = " ".join(said.split())
    return found


def strings(tree: ast.AST) -> Iterator[str]:
    """The strings of a module that are no documentation of its code."""
    documentation = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in documentation:
            yield str(node.value)


@pytest.mark.parametrize("word", [*RETIRED, *PRINTED])
def test_a_retired_word_is_gone(word: str) -> None:
    found = [
        f"{place}: {said[max(0, match.start() - 30) : match.end() + 30]}"
        for place, said in texts().items()
        for match in re.finditer(word, said, re.IGNORECASE)
    ]
    assert not found, f"say {({**RETIRED, **PRINTED})[word]}"


@pytest.mark.parametrize("word", RETIRED)
def test_a_retired_word_is_gone_from_code(word: str) -> None:
    pattern = re.compile(word, re.IGNORECASE)
    rooms = {path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests"}
    files = [path for room in sorted(rooms) for path in sorted(room.rglob("*.py"))]
    assert files
    assert [str(path) for path in files if pattern.search(path.read_text("utf-8"))] == []


def test_the_glossary_has_each_term_once_in_one_line() -> None:
    lines = GLOSSARY.read_text("utf-8").split("\n\n", 2)[2].splitlines()
    entries = [re.fullmatch(r"- \*\*([^*]+)\*\*: [^.]+.*\.", line) for line in lines]
    assert all(entries), [line for line, entry in zip(lines, entries, strict=True) if not entry]
    terms = [entry[1].casefold() for entry in entries if entry]
    assert terms == sorted(set(terms))
