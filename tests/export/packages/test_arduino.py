"""The Arduino library: by its specification, and built and run as the IDE builds it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from specimens import load
from support.c_compiler import ARDUINO_BOARD, require, run
from support.hostile_text import HOSTILE
from support.networks import network, readings
from support.packages import packed, unpacked
from support.quantised_networks import quantised

from mlp_edge import reference
from mlp_edge.card import predicted_classes
from mlp_edge.export.packages import arduino
from mlp_edge.feature import Feature
from mlp_edge.integers import integer_reference
from mlp_edge.runtime.serial.protocol import Identity, read

HARDWARE = Path("/usr/share/arduino/hardware")
BUILDER = Path("/usr/share/arduino-builder")
"""Its own settings, with the program that finds the functions of a sketch."""


# By the specification, https://arduino.github.io/arduino-cli/latest/library-specification/

CATEGORIES = (
    "Display", "Communication", "Signal Input/Output", "Sensors", "Device Control", "Timing",
    "Data Storage", "Data Processing", "Other",
)  # fmt: skip
REQUIRED = (
    "name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url",
    "architectures",
)  # fmt: skip


def properties(folder: Path) -> dict[str, str]:
    lines = (folder / "library.properties").read_text("utf-8").splitlines()
    pairs = [line.partition("=") for line in lines]
    assert all(between for _, between, _ in pairs), lines
    assert len({key for key, _, _ in pairs}) == len(pairs)
    return {key: value for key, _, value in pairs}


@pytest.mark.parametrize("models", [["pima"], ["pima", "iris", "sine"]])
def test_library_properties(models: list[str], tmp_path: Path) -> None:
    folder = unpacked(packed("arduino", *map(load, models)), tmp_path)
    found = properties(folder)
    assert set(REQUIRED) <= set(found) <= {*REQUIRED, "includes"}
    assert all(found.values())
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]*", found["name"])
    assert re.search(r"[A-Za-z]", found["name"])
    assert not found["name"].lower().startswith("arduino")
    assert len(found["name"]) <= 63
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["version"])
    assert found["version"] == "1.2.3"
    assert found["category"] in CATEGORIES
    assert re.fullmatch(r"https?://\S+", found["url"])
    assert found["architectures"] == "*"
    assert not found["paragraph"].startswith(found["sentence"])
    assert not found["maintainer"].lower().startswith("arduino")
    assert found["includes"].split(",") == [f"{name}.h" for name in models]
    for include in found["includes"].split(","):
        assert (folder / "src" / include).is_file()


def test_the_layout_of_a_library(tmp_path: Path) -> None:
    folder = unpacked(packed("arduino", load("pima"), load("iris")), tmp_path)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", folder.name)
    assert {path.name for path in folder.iterdir()} == {
        "LICENSE", "README.md", "examples", "keywords.txt", "library.properties", "src",
    }  # fmt: skip
    sketches = list((folder / "examples").rglob("*.ino"))
    assert len(sketches) == 7
    assert all(sketch.parent.name == sketch.stem for sketch in sketches)


def test_keywords_are_those_of_the_header(tmp_path: Path) -> None:
    folder = unpacked(packed("arduino", load("iris")), tmp_path)
    header = (folder / "src" / "iris.h").read_text("ascii")
    kinds = {}
    for line in (folder / "keywords.txt").read_text("ascii").splitlines():
        if not line.startswith("#"):
            word, kind = line.split("\t")
            kinds[word] = kind
            assert re.search(rf"\b{word}\b", re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL))
    functions = {word for word, kind in kinds.items() if kind == "KEYWORD2"}
    assert functions == {"iris_predict", "iris_classify", "iris_label", "iris_selftest"}
    assert {"IRIS_INPUTS", "IRIS_CLASSES"} < kinds.keys() - functions
    assert {kinds[word] for word in kinds.keys() - functions} == {"LITERAL1"}


def test_no_model_is_called_like_a_header_of_the_core() -> None:
    core = HARDWARE / "arduino" / "avr"
    if not core.is_dir():
        pytest.skip("apt-get install arduino-core-avr brings what this needs")
    headers = [*(core / "cores" / "arduino").glob("*.h"), *(core / "libraries").glob("*/src/*.h")]
    assert len(headers) > 20
    for header in headers:
        name = header.stem.lower()
        assert name in ("arduino", "new") or arduino.taken(name), header


# Built by arduino-builder, and run


class Board(NamedTuple):
    fqbn: str
    mcu: str
    led: str


BOARDS = {
    "uno": Board("arduino:avr:uno", "atmega328p", "B5"),
    "mega2560": Board("arduino:avr:mega:cpu=atmega2560", "atmega2560", "B7"),
    "leonardo": Board("arduino:avr:leonardo", "atmega32u4", "C7"),
}


class Bench(NamedTuple):
    """A folder with libraries, built for boards and run on them."""

    folder: Path

    def built(self, board: str, sketch: str) -> Path:
        """The firmware of a sketch, ``pima/examples/Blink/Blink.ino``; no warning is ours."""
        place = self.folder / board
        place.mkdir(exist_ok=True)
        flags = "-prefs=compiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__"  # Debian's float.h
        command = [
            "arduino-builder", "-compile", "-quiet", "-warnings", "all",
            "-hardware", BUILDER, "-hardware", HARDWARE, "-tools", "/usr/bin",
            "-libraries", self.folder / "libraries", "-build-cache", self.folder / "cache",
            "-build-path", place, flags, "-fqbn", BOARDS[board].fqbn,
            self.folder / "libraries" / sketch,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        assert str(self.folder) not in done.stderr, done.stderr
        return place / f"{Path(sketch).name}.elf"

    def shown(self, board: str, sketch: str, ends: int, typed: str = "") -> list[str]:
        """What the board sends, and ``led 1`` where it switches its LED, until ``ends`` of one."""
        firmware = self.built(board, sketch)
        run(firmware.parent, "avr-objcopy", "-O", "binary", firmware.name, "flash.bin")
        (self.folder / "typed").write_text(typed)
        chip = BOARDS[board]
        command = ["./board", chip.mcu, f"{board}/flash.bin", chip.led, "typed", str(ends)]
        return run(self.folder, *command).replace("\r", "").splitlines()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("arduino")
    present = [shutil.which("arduino-builder"), shutil.which("avr-gcc")]
    present += [path.is_dir() for path in (HARDWARE, BUILDER, Path("/usr/include/simavr"))]
    if not all(present):
        remedy = "apt-get install arduino-builder arduino-core-avr libsimavr-dev would do"
        if os.environ.get("CI") == "true":
            pytest.fail(remedy)
        pytest.skip(remedy)
    require("gcc")
    (folder / "libraries").mkdir()
    (folder / "cache").mkdir()
    run(folder, "gcc", "-std=c99", "-O2", str(ARDUINO_BOARD), "-o", "board", "-lsimavr")
    unpacked(packed("arduino", load("pima")), folder / "libraries")
    several = (load("iris"), load("sine"), network((4, 6, 2), task="regression", name="pair"))
    unpacked(packed("arduino", *several, dtype="int8"), folder / "libraries")
    return Bench(folder)


@pytest.mark.slow
@pytest.mark.parametrize("board", BOARDS)
def test_predict_answers_what_is_typed(bench: Bench, board: str) -> None:
    mlp = load("pima")
    rows = np.round(readings(mlp, 6), 2).astype(np.float32)
    typed = [",".join(map(str, row)) for row in rows]
    typed += ["6,148,,35,0,33.6,0.627,50", "1,2", typed[0]]
    lines = "".join(f"{line}\r\n" for line in typed)
    printed = bench.shown(board, "pima/examples/Predict/Predict.ino", len(typed) + 1, lines)
    answers = _answers(printed)
    assert answers[0] == "ready"
    assert answers[-3] == "nan "
    assert answers[-2].startswith("2 readings, where 8 belong: ")
    assert answers[-1] == answers[1]
    expected = reference.predict(mlp, rows)[:, 0]
    assert {bool(value > 0.5) for value in expected} == {True, False}
    for answer, probability in zip(answers[1:-3], expected, strict=True):
        digits, _, label = answer.partition(" ")
        assert abs(float(digits) - probability) <= 2e-6
        assert label == mlp.labels[int(probability > mlp.threshold)]


def _answers(printed: list[str]) -> list[str]:
    """Without the LED, which a Leonardo's port lights as well."""
    return [line for line in printed if not line.startswith("led")]


@pytest.mark.slow
@pytest.mark.parametrize("board", BOARDS)
def test_selftest_says_that_the_board_is_right(bench: Bench, board: str) -> None:
    printed = bench.shown(board, "pima/examples/SelfTest/SelfTest.ino", 1)
    assert _answers(printed) == ["pima: right"]


@pytest.mark.slow
@pytest.mark.parametrize("board", ["mega2560", "leonardo"])
def test_the_other_examples_compile(bench: Bench, board: str) -> None:
    for example in ("pima/examples/Blink", "pima/examples/Parity",
                    "iris_int8/examples/iris_int8/Classify"):  # fmt: skip
        assert bench.built(board, f"{example}/{Path(example).name}.ino").is_file()


@pytest.mark.slow
def test_blink_and_without_a_self_test_in_flash(bench: Bench) -> None:
    sketch = "pima/examples/Blink/Blink.ino"
    assert bench.shown("uno", sketch, 3) == ["led 1", "led 0", "led 1"]
    symbols = run(bench.folder, "avr-nm", str(bench.folder / "uno" / "Blink.ino.elf"))
    assert "PIMA_LAYER1_WEIGHTS" in symbols
    assert "GOLDEN" not in symbols
    assert "selftest" not in symbols
    for line in symbols.splitlines():  # tables stay in flash
        assert "PIMA_" not in line or line.split()[1] in "tT", line


@pytest.mark.slow
def test_several_models_in_integers(bench: Bench) -> None:
    examples = "iris_int8/examples"
    names = ["iris_int8", "sine_int8", "pair_int8"]
    printed = bench.shown("uno", f"{examples}/SelfTest/SelfTest.ino", len(names))
    assert printed == [f"{name}: right" for name in names]
    for name, inputs, outputs in (("iris_int8", 4, 3), ("pair_int8", 4, 2)):
        sketch = f"{examples}/{name}/Predict/Predict.ino"
        ready, answer = bench.shown("uno", sketch, 2, ",".join("1" * inputs) + "\n")
        assert ready == "ready"
        numbers = answer.split(" ")[:outputs]
        assert all(re.fullmatch(r"-?\d+\.\d{6}", number) for number in numbers), answer


@pytest.mark.slow
def test_parity_says_what_the_board_runs(bench: Bench) -> None:
    [said] = bench.shown("uno", "iris_int8/examples/sine_int8/Parity/Parity.ino", 1)
    identity = read(said.encode())
    assert isinstance(identity, Identity)
    assert identity[1:] == ("sine_int8", "int8", 1, 1, False, load("sine").weights_sha256)


@pytest.mark.slow
def test_classify_takes_counts_without_a_float(bench: Bench) -> None:
    mlp = load("iris")
    counts = [[5, 3, 1, 0], [6, 3, 5, 2], [7, 3, 6, 2], [6, 2, 4, 1]]
    typed = "".join(",".join(map(str, row)) + "\n" for row in [*counts, [], [1, 2, 3, ""]])
    sketch = "iris_int8/examples/iris_int8/Classify/Classify.ino"
    ready, *labels, short, missing = bench.shown("uno", sketch, len(counts) + 3, typed)
    assert ready == "ready"
    assert short == "1 counts, where 4 belong"
    assert missing == "no prediction"
    named = replace(mlp, name="iris_int8")
    rows = np.array(counts, np.float32)
    predictions = integer_reference.predict_quantised(named, quantised(named, "int8"), rows)
    expected = predicted_classes(mlp.task, mlp.threshold, predictions)
    assert labels == [mlp.labels[index] for index in expected]
    assert len(set(labels)) > 1
    symbols = run(bench.folder, "avr-nm", "uno/Classify.ino.elf")
    assert "__mulsf3" not in symbols
    assert "__addsf3" not in symbols


@pytest.mark.slow
def test_text_of_strangers_breaks_no_sketch(bench: Bench) -> None:
    features = tuple(Feature(text or "none", 0, 1) for text in HOSTILE)
    mlp = network(
        (len(HOSTILE), 3, len(HOSTILE)), task="multiclass", name="hostile", features=features,
        labels=HOSTILE, targets=("|`<b>*/",),
    )  # fmt: skip
    folder = unpacked(packed("arduino", mlp), bench.folder / "libraries")
    row = next(line for line in (folder / "README.md").read_text().splitlines() if "<b>" in line)
    cell = r"""`"\|'<b>*\u002f"`"""
    assert row.startswith(f"| `hostile.h` | {cell} (multiclass) | {len(HOSTILE)} readings")
    for name in ("Predict", "Blink"):
        assert bench.built("uno", f"hostile/examples/{name}/{name}.ino").is_file()
