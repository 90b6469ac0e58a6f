"""The CMake package: built, tested, installed, and found by another project."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from specimens import load
from support.c_compiler import require, run
from support.networks import readings
from support.packages import packed, unpacked

from mlp_edge import reference

OTHER = """cmake_minimum_required(VERSION 3.15)
project(other C)
find_package(pima 1.0 CONFIG REQUIRED)
add_executable(other main.c)
target_link_libraries(other PRIVATE pima::pima)
"""
MAIN = """#include <iris.h>
#include <pima.h>
#include <stdio.h>
int main(void)
{
    const float row[PIMA_INPUTS] = {6, 148, 72, 35, 0, 33.6f, 0.627f, 50};
    printf("%s %d\\n", pima_label(pima_classify(row)), IRIS_CLASSES);
    return 0;
}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package's folder, pima/, its build/ and where it is installed, there/."""
    require("cmake")
    folder = tmp_path_factory.mktemp("cmake")
    unpacked(packed("cmake", load("pima"), load("iris")), folder)
    run(folder, "cmake", "-S", "pima", "-B", "build", "-DCMAKE_C_FLAGS=-Wall -Wextra -Werror")
    run(folder, "cmake", "--build", "build")
    run(folder, "cmake", "--install", "build", "--prefix", "there")
    return folder


def test_its_self_test_passes(place: Path) -> None:
    said = run(place, "ctest", "--test-dir", "build", "--verbose")
    assert "pima: right" in said
    assert "iris: right" in said
    assert "100% tests passed" in said


def test_its_example_answers_what_is_typed(place: Path) -> None:
    mlp = load("pima")
    rows = readings(mlp, 5)
    typed = "".join(",".join(map(str, row)) + "\n" for row in rows) + "1,2\n6,148,,35,0,1,2,50"
    done = subprocess.run(
        [place / "build" / "pima_predict"], input=typed, capture_output=True, text=True, check=True
    )
    *answers, short, missing = done.stdout.splitlines()
    assert short.startswith("2 readings, where 8 belong: ")
    assert missing.strip() == "nan"
    for answer, (probability,) in zip(answers, reference.predict(mlp, rows), strict=True):
        digits, label = answer.split()
        assert abs(np.float64(digits) - probability) < 1e-6
        assert label == mlp.labels[int(probability > mlp.threshold)]


@pytest.mark.parametrize("way", ["found", "added"])
def test_another_project_uses_it(place: Path, way: str) -> None:
    other = place / way
    other.mkdir()
    added = "add_subdirectory(../pima pima)"
    text = OTHER if way == "found" else OTHER.replace(OTHER.splitlines()[2], added)
    (other / "CMakeLists.txt").write_text(text)
    (other / "main.c").write_text(MAIN)
    run(other, "cmake", "-S", ".", "-B", "build", f"-DCMAKE_PREFIX_PATH={place / 'there'}")
    run(other, "cmake", "--build", "build")
    assert run(other, "./build/other") == "1 3\n"
    if way == "found":
        symbols = run(other, "nm", "build/other")
        assert "pima_classify" in symbols
        assert not list((place / "there" / "include").glob("*kernels*"))


def test_an_older_version_is_not_taken_for_a_newer(place: Path) -> None:
    other = place / "newer"
    other.mkdir()
    (other / "CMakeLists.txt").write_text(OTHER.replace("pima 1.0", "pima 2.0"))
    command = ["cmake", "-S", ".", "-B", "build", f"-DCMAKE_PREFIX_PATH={place / 'there'}"]
    done = subprocess.run(command, cwd=other, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "version: 1.2.3" in done.stderr
