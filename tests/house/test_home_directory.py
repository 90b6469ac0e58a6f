"""What opening a model leaves in the home directory, among temporary files and where one is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

OPENS = """
import sys, mlp_edge, numpy
with mlp_edge.load(sys.argv[1], runtime=sys.argv[2]) as model:
    model.predict(numpy.zeros((2, 8), numpy.float32))
"""


def left(pima: Path, tmp_path: Path, runtime: str, **variables: str) -> set[str]:
    places = {name: tmp_path / name for name in ("HOME", "TMPDIR", "here")}
    for place in places.values():
        place.mkdir()
    own = (
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "KERAS_HOME",
        "MPLCONFIGDIR",
        "ORT_DISABLE_TELEMETRY",
    )
    environment = {name: value for name, value in os.environ.items() if name not in own}
    environment |= {name: str(places[name]) for name in ("HOME", "TMPDIR")} | variables
    subprocess.run(
        [sys.executable, "-c", OPENS, pima, runtime],
        check=True, capture_output=True, cwd=places["here"], env=environment,
    )  # fmt: skip
    return {
        str(path.relative_to(tmp_path))
        for place in places.values()
        for path in place.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("runtime", ["onnxruntime", "litert", "c"])
def test_opening_a_model_leaves_nothing(pima: Path, tmp_path: Path, runtime: str) -> None:
    assert left(pima, tmp_path, runtime) == set()


@pytest.mark.slow
def test_what_keras_leaves_is_its_own_settings_and_a_list_of_fonts(
    pima: Path, tmp_path: Path
) -> None:
    files = left(pima, tmp_path, "keras")
    known = ("HOME/.keras/keras.json", "HOME/.cache/matplotlib/fontlist-")
    assert [file for file in files if not file.startswith(known)] == []


def test_a_home_that_cannot_be_written_or_is_not_there(pima: Path, tmp_path: Path) -> None:
    assert left(pima, tmp_path, "onnxruntime", HOME="/dev/null/none") == set()
