"""Every line of the README's sessions prints what it says; its code runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sessions import (
    CONSOLE,
    PYTHON,
    README,
    ROOT,
    SKETCH,
    TUTORIAL,
    commands,
    compile_sketch,
    masked,
    play,
    run_python,
)

TEXT = README.read_text("utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readme")


@pytest.mark.parametrize("number", range(len(CONSOLE.findall(TEXT))))
def test_sessions_print_what_they_say(number: int, folder: Path) -> None:
    """In order, in one folder, as a reader types them."""
    block = CONSOLE.findall(TEXT)[number]
    assert masked(play(block, folder)) == masked(block)


def test_the_python_runs(folder: Path) -> None:
    for code in PYTHON.findall(TEXT):
        run_python(code, folder)


def test_the_sketch_compiles_without_a_warning(folder: Path) -> None:
    [sketch] = SKETCH.findall(TEXT)
    compile_sketch(sketch, folder / "model" / "exports", folder)


def test_it_opens_with_the_two_commands() -> None:
    opening = TEXT[:1500]
    assert opening.index("make demo") < opening.index("make test")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.search(r"^demo:", makefile, re.MULTILINE)
    assert re.search(r"^test:", makefile, re.MULTILINE)
    assert "make test" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_make_demo_is_the_first_session() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    demo = makefile[makefile.index("\ndemo:") : makefile.index("\ntest:")]
    for command in commands(CONSOLE.findall(TEXT)[0]):
        assert command in demo


def test_links_lead_somewhere() -> None:
    for page in (README, TUTORIAL, ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"):
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            assert link.startswith("https://") or (page.parent / link).exists(), link
