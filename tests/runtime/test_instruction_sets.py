"""Answers within their bounds under each set of instructions that the environment can force."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from instruction_sets import BY_ENVIRONMENT, Setting, asked, check, write

pytestmark = pytest.mark.slow

EVERY = [
    (setting, library)
    for setting in BY_ENVIRONMENT
    for library in setting.libraries
    if setting.environment or library != "keras"  # which core/test_accuracy.py has
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kernels")
    write(folder)
    return folder


@pytest.mark.usefixtures("keras")
@pytest.mark.parametrize(
    ("setting", "library"), EVERY, ids=[f"{library}-{one.name}" for one, library in EVERY]
)
def test_within_every_bound(setting: Setting, library: str, files: Path) -> None:
    assert asked(setting, library, files) == ""


def test_an_answer_out_of_bounds_is_said(keras: Any, files: Path, tmp_path: Path) -> None:
    (tmp_path / "relu.tflite").write_bytes((files / "elu.tflite").read_bytes())
    assert any(line.startswith("relu (AUTO") for line in check(tmp_path, "litert"))
