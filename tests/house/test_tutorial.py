"""Every line of the tutorial's sessions prints what it says; its script and its sketch work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sessions import (
    CONSOLE,
    PYTHON,
    SKETCH,
    TUTORIAL,
    compile_sketch,
    masked,
    play,
    run_python,
    tutorial_folder,
)

pytestmark = pytest.mark.slow

TEXT = TUTORIAL.read_text("utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tutorial_folder(tmp_path_factory.mktemp("tutorial"))


def test_the_script_runs_and_its_model_can_be_exported(folder: Path) -> None:
    [script] = PYTHON.findall(TEXT)
    run_python(re.sub(r"epochs=\d+", "epochs=2", script), folder)  # the sessions take long enough
    assert "wrote" in play("$ mlp-edge export --model tutorial.keras --format c\n", folder)


@pytest.mark.parametrize("number", range(len(CONSOLE.findall(TEXT))))
def test_sessions_print_what_they_say(number: int, folder: Path) -> None:
    """In order, in one folder, as a reader types them."""
    block = CONSOLE.findall(TEXT)[number]
    assert masked(play(block, folder)) == masked(block)


def test_the_sketch_compiles_without_a_warning(folder: Path) -> None:
    [sketch] = SKETCH.findall(TEXT)
    compile_sketch(sketch, folder / "screening" / "exports", folder)
