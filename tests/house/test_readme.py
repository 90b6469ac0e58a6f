"""Every line of the sessions in the README and the how-to guides prints what it says; code runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sessions import (
    ALONE,
    CONSOLE,
    HOW_TO,
    PYTHON,
    README,
    ROOT,
    SKETCH,
    STORY,
    commands,
    compile_sketch,
    masked,
    play,
    run_python,
)

import mlp_edge

TEXT = README.read_text("utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readme")


PAGES = [README, *sorted({*HOW_TO.glob("*.md")} - {*ALONE})]
SESSIONS = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in STORY
    for number, block in enumerate(CONSOLE.findall(page.read_text("utf-8")))
]


@pytest.mark.slow
@pytest.mark.parametrize("block", SESSIONS)
def test_sessions_print_what_they_say(block: str, folder: Path) -> None:
    """In order, in one folder, as a reader types them."""
    assert masked(play(block, folder)) == masked(block)


def test_no_session_is_left_out() -> None:
    with_sessions = {
        page for page in HOW_TO.glob("*.md") if CONSOLE.search(page.read_text("utf-8"))
    }
    assert with_sessions <= {*STORY, *ALONE}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_runs(page: Path, folder: Path) -> None:
    """Python beside the model directory, but for ```py on a table of the reader's own; sketches."""
    text = page.read_text("utf-8")
    for code in PYTHON.findall(text):
        run_python(code, folder)
    for sketch in SKETCH.findall(text):
        compile_sketch(sketch, folder / "model" / "exports", folder)


@pytest.mark.slow
def test_every_key_of_a_file_is_described(folder: Path) -> None:
    """What train, export and parity have written above, against docs/reference/files.md."""
    page = (ROOT / "docs" / "reference" / "files.md").read_text("utf-8")
    exports = folder / "model" / "exports"
    model = json.loads((folder / "model" / "model.json").read_text("utf-8"))
    parity = json.loads((exports / "parity.json").read_text("utf-8"))
    integers = json.loads((exports / "pima_int8.json").read_text("utf-8"))
    card = mlp_edge.load(exports / "pima.onnx").card
    described = {
        "model.json": [model, *model["features"], *model["warnings"], model["split"]],
        "parity.json": [
            parity, parity["certificate"], parity["labels"], *parity["results"],
            *(result["comparison"] for result in parity["results"] if result["comparison"]),
        ],
        "NAME_int8.json": [
            integers, integers["inputs"], integers["inputs"]["each"][0], integers["answers"],
            *integers["layers"], integers["layers"][0]["neurons"][0],
            integers["answers"]["each"][0], integers["answers"]["table"],
        ],
        "The card": [json.loads(card.to_json())],
    }  # fmt: skip
    for heading, records in described.items():
        section = page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        keys = set().union(*records)
        assert {key for key in keys if f"`{key}`" not in section} == set(), heading


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


def test_it_has_at_most_200_lines() -> None:
    assert len(TEXT.splitlines()) <= 200


def test_links_lead_somewhere() -> None:
    """Of the pages outside docs/, whose links the site's build does not follow."""
    for page in (README, ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"):
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            assert link.startswith("https://") or (page.parent / link).exists(), link
