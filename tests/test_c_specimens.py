"""The committed headers and the sketch: fresh, and right on the chip they are for.

``python tests/test_c_specimens.py`` writes the headers anew from the networks beside them.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from c_compiler import KERNELS, require, run
from networks import readings

from mlp_edge import reference
from mlp_edge.card import Card
from mlp_edge.export.c import EXPORTER, export
from mlp_edge.feature import Feature
from mlp_edge.integers import integer_reference
from mlp_edge.integers.quantised import Inputs, IntegerLayer, Quantised, Table
from mlp_edge.mlp import Dense, Floats, Mlp, Scaling
from mlp_edge.runtime.c import open_header

SPECIMENS = KERNELS / "specimens"
SKETCH = KERNELS / "sketch" / "pima"
NAMES = ("pima", "iris", "sine")
INTEGERS = "pima_int8"
ARDUINO = Path("/usr/share/arduino/hardware/arduino/avr")
CORE_C = ("hooks.c", "wiring.c", "wiring_digital.c")
CORE_CPP = (
    "main.cpp", "Print.cpp", "Stream.cpp", "HardwareSerial.cpp", "HardwareSerial0.cpp",
    "WString.cpp", "abi.cpp", "new.cpp",
)  # fmt: skip
BOARD = Path(__file__).with_name("c_board.c")


def load(name: str) -> Mlp:
    """A network as ``save`` left it."""
    values = json.loads((SPECIMENS / f"{name}.json").read_text("utf-8"))
    scaling = values["scaling"]
    return Mlp(
        name=name,
        features=tuple(map(Feature.from_dict, values["features"])),
        targets=tuple(values["targets"]),
        labels=tuple(values["labels"]),
        task=values["task"],
        threshold=np.float32(values["threshold"]),
        scaling=Scaling(_floats(scaling["mean"]), _floats(scaling["deviation"])),
        layers=tuple(
            Dense(_floats(layer["weights"]), _floats(layer["bias"]), layer["activation"])
            for layer in values["layers"]
        ),
    )


def save(mlp: Mlp) -> None:
    """A trained network as JSON, every float32 in the fewest digits that read back."""
    assert mlp.scaling is not None
    values = {
        "features": [feature.to_dict() for feature in mlp.features],
        "targets": mlp.targets,
        "labels": mlp.labels,
        "task": mlp.task,
        "threshold": float(mlp.threshold),
        "scaling": {"mean": _plain(mlp.scaling.mean), "deviation": _plain(mlp.scaling.deviation)},
        "layers": [
            {"activation": layer.activation, "weights": _plain(layer.weights),
             "bias": _plain(layer.bias)}
            for layer in mlp.layers
        ],
    }  # fmt: skip
    _write(mlp.name, values)


def load_integers(name: str) -> Quantised:
    """A network in integers as ``save_integers`` left it."""
    values = json.loads((SPECIMENS / f"{name}.json").read_text("utf-8"))
    inputs = values.pop("inputs")
    return Quantised(
        **values
        | {which: _floats(values[which]) for which in ("offset", "step")}
        | {
            "inputs": Inputs(_floats(inputs["low"]), _floats(inputs["factor"]), inputs["high"]),
            "layers": tuple(map(_layer, values["layers"])),
            "table": _table(values["table"]),
        }
    )


def _layer(values: dict[str, Any]) -> IntegerLayer:
    arrays = ("weights", "bias", "multiplier", "shift", "stride")
    read = {name: np.array(values[name], np.int64) for name in arrays}
    return IntegerLayer(**values | read | {"table": _table(values["table"])})


def _table(values: Any) -> Table | None:
    return values and Table(np.array(values["nodes"], np.int64), values["shift"])


def save_integers(name: str, quantised: Quantised) -> None:
    """A quantised network as JSON: another machine may round another weight to another integer."""
    _write(name, _values(quantised))


def _values(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _plain(value) if value.dtype == np.float32 else value.tolist()
    if isinstance(value, Table | Inputs):
        return _values(value._asdict())
    if isinstance(value, Quantised | IntegerLayer):
        return {name: _values(getattr(value, name)) for name in type(value).__dataclass_fields__}
    if isinstance(value, dict):
        return {name: _values(one) for name, one in value.items()}
    return [*map(_values, value)] if isinstance(value, tuple) else value


def _write(name: str, values: Any) -> None:
    text = json.dumps(values)
    (SPECIMENS / f"{name}.json").write_text(re.sub(r'("\w+":|\], \[)', r"\n\1", text) + "\n")


def _floats(values: Any) -> Floats:
    return np.array(values, np.float32)


def _plain(values: Floats) -> Any:
    if values.ndim > 1:
        return [_plain(row) for row in values]
    return [float(str(value)) for value in values]


def exported_integers() -> bytes:
    """The header in int8."""
    return EXPORTER.integers["int8"](replace(load("pima"), name=INTEGERS), load_integers(INTEGERS))


def rewrite() -> None:
    """The headers anew, and the sketch's copy."""
    for name in NAMES:
        (SPECIMENS / f"{name}.h").write_bytes(export(load(name)))
    (SPECIMENS / f"{INTEGERS}.h").write_bytes(exported_integers())
    shutil.copy(SPECIMENS / "pima.h", SKETCH / "pima.h")


@pytest.mark.parametrize("name", NAMES)
def test_a_specimen_is_what_the_exporter_writes(name: str) -> None:
    fresh = export(load(name))
    assert (SPECIMENS / f"{name}.h").read_bytes() == fresh, "python tests/test_c_specimens.py"


def test_the_specimen_in_integers_is_what_the_exporter_writes() -> None:
    fresh = exported_integers()
    assert (SPECIMENS / f"{INTEGERS}.h").read_bytes() == fresh, "python tests/test_c_specimens.py"


def test_the_specimen_in_integers_predicts() -> None:
    require("gcc")
    mlp, quantised = load("pima"), load_integers(INTEGERS)
    rows = readings(mlp, 500)
    with open_header(SPECIMENS / f"{INTEGERS}.h") as header:
        assert header.card == Card.of(replace(mlp, name=INTEGERS), "int8")
        got = header.predict(rows)
    np.testing.assert_array_equal(got, integer_reference.predict(mlp, quantised, rows))
    assert np.abs(got - reference.predict(mlp, rows)).mean() < 0.02


def test_the_sketch_has_the_same_header() -> None:
    assert (SKETCH / "pima.h").read_bytes() == (SPECIMENS / "pima.h").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_a_specimen_predicts(name: str) -> None:
    require("gcc")
    mlp = load(name)
    rows = readings(mlp, 200)
    with open_header(SPECIMENS / f"{name}.h") as header:
        assert header.card == Card.of(mlp)
        expected = reference.predict(mlp, rows)
        off = np.abs(header.predict(rows) - expected)
    assert (off <= 1e-5 * np.maximum(1, np.abs(expected))).all()


# The sketch, built as the Arduino IDE builds it, on a simulated Uno


@pytest.fixture(scope="module")
def uno(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sketch's firmware and the board that runs it."""
    require("avr-gcc")
    folder = tmp_path_factory.mktemp("uno")
    if not (ARDUINO / "cores").is_dir() or not Path("/usr/include/simavr").is_dir():
        pytest.skip("apt-get install arduino-core-avr libsimavr-dev brings what this needs")
    core = ARDUINO / "cores" / "arduino"
    (folder / "pima.ino.cpp").write_text(f'#include <Arduino.h>\n#include "{SKETCH}/pima.ino"\n')
    flags = (
        "-mmcu=atmega328p", "-Os", "-w", "-ffunction-sections", "-fdata-sections",
        "-Wl,--gc-sections", "-DF_CPU=16000000L", "-DARDUINO=10819", "-DARDUINO_AVR_UNO",
        "-DARDUINO_ARCH_AVR", "-DDECIMAL_DIG=__DECIMAL_DIG__", "-fno-threadsafe-statics",
        f"-I{core}", f"-I{ARDUINO}/variants/standard", f"-I{SKETCH}",
    )  # fmt: skip
    run(folder, "avr-gcc", "-std=gnu11", *flags, "-c", *(str(core / name) for name in CORE_C))
    objects = [f"{Path(name).stem}.o" for name in CORE_C]
    sources = [str(core / name) for name in CORE_CPP]
    run(folder, "avr-g++", "-std=gnu++11", *flags, "pima.ino.cpp", *sources, *objects,
        "-o", "pima.elf", "-lm")  # fmt: skip
    run(folder, "gcc", "-std=c99", "-O2", str(BOARD), "-o", "board", "-lsimavr")
    return folder


def typed_on(uno: Path, lines: list[str]) -> list[str]:
    """What the sketch prints when lines are typed; "led 1" where it switches the LED."""
    (uno / "typed").write_text("".join(f"{line}\n" for line in lines))
    run(uno, "avr-objcopy", "-O", "binary", "pima.elf", "pima.bin")
    command = [uno / "board", "pima.bin", "typed", str(len(lines))]
    result = subprocess.run(command, cwd=uno, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.replace("\r", "").splitlines()


def test_the_sketch_answers_on_a_simulated_uno(uno: Path) -> None:
    mlp = load("pima")
    rows = np.round(readings(mlp, 12), 2).astype(np.float32)
    expected = reference.predict(mlp, rows)[:, 0]
    assert (expected > 0.5).any()
    assert (expected < 0.5).any()
    lines = [",".join(str(value) for value in row) for row in rows]
    printed = typed_on(uno, [*lines, "6,148,,35,0,33.6,0.627,50"])
    led = [line for line in printed if line.startswith("led")]
    answers = [line for line in printed if not line.startswith("led")]
    assert answers[0] == "ready"
    for answer, probability in zip(answers[1:-1], expected, strict=True):
        digits, _, label = answer.partition(" ")
        assert abs(float(digits) - probability) <= 2e-6
        assert label == mlp.labels[int(probability > 0.5)]
    assert answers[-1] == "nan "
    on = [bool(value) for value in expected > 0.5] + [False]
    changes = [now for before, now in zip([False, *on], on, strict=False) if now != before]
    assert led == [f"led {int(now)}" for now in changes]


def test_the_sketch_fits_and_leaves_the_tables_in_flash(uno: Path) -> None:
    text, data, bss = map(int, run(uno, "avr-size", "pima.elf").split("\n")[1].split()[:3])
    assert text + data < 10_000
    assert data + bss < 600  # Serial's buffers, and a line
    tables = [line for line in run(uno, "avr-nm", "pima.elf").splitlines() if "PIMA_" in line]
    assert tables
    assert all(line.split()[1] in "tT" for line in tables)


if __name__ == "__main__":
    rewrite()
    sys.exit(0)
