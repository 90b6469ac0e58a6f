"""Sketches, built as the Arduino IDE builds them for an Uno."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.c_compiler import HEADERS, require, run

ARDUINO = Path("/usr/share/arduino/hardware/arduino/avr")
CORE_C = ("hooks.c", "wiring.c", "wiring_digital.c")
CORE_CPP = (
    "main.cpp", "Print.cpp", "Stream.cpp", "HardwareSerial.cpp", "HardwareSerial0.cpp",
    "WString.cpp", "abi.cpp", "new.cpp",
)  # fmt: skip
FLAGS = (
    "-mmcu=atmega328p", "-Os", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections",
    "-DF_CPU=16000000L", "-DARDUINO=10819", "-DARDUINO_AVR_UNO", "-DARDUINO_ARCH_AVR",
    "-DDECIMAL_DIG=__DECIMAL_DIG__", "-fno-threadsafe-statics",
    f"-I{ARDUINO}/cores/arduino", f"-I{ARDUINO}/variants/standard",
)  # fmt: skip


PARITY = HEADERS / "sketch" / "parity" / "parity.ino"
UNO = Path(__file__).with_name("uno.c")


def uno(folder: Path) -> Path:
    """The program that is an Uno, built in a folder."""
    run(folder, "gcc", "-std=gnu99", "-O2", str(UNO), "-o", "uno", "-lsimavr")
    return folder / "uno"


def parity_sketch(folder: Path, header: Path) -> Path:
    """The firmware of the parity sketch for a header, as a user makes it of the committed one."""
    name = header.stem
    place = folder / name
    place.mkdir()
    text = PARITY.read_text("ascii")
    for old, new in (("pima.h", header.name), ("pima_##", f"{name}_##"),
                     ("PIMA_##", f"{name.upper()}_##")):  # fmt: skip
        assert text.count(old) == 1
        text = text.replace(old, new)
    (place / "parity.ino").write_text(text, "ascii")
    return build(place, place / "parity.ino", header.parent, "-Wall", "-Wextra", "-Werror")


def build(folder: Path, sketch: Path, header: Path, *warnings: str) -> Path:
    """The firmware of a sketch, as NAME.elf and NAME.bin in a folder.

    Args:
        folder: to build in.
        sketch: NAME.ino.
        header: the folder of the header that it includes.
        warnings: flags for the sketch alone.

    Returns:
        NAME.bin.
    """
    require("avr-gcc")
    if not (ARDUINO / "cores").is_dir() or not Path("/usr/include/simavr").is_dir():
        pytest.skip("apt-get install arduino-core-avr libsimavr-dev brings what this needs")
    name, core = sketch.stem, ARDUINO / "cores" / "arduino"
    (folder / f"{name}.ino.cpp").write_text(f'#include <Arduino.h>\n#include "{sketch}"\n')
    cpp = ("avr-g++", "-std=gnu++11", *FLAGS)
    run(folder, "avr-gcc", "-std=gnu11", "-w", *FLAGS, "-c", *(str(core / each) for each in CORE_C))
    run(folder, *cpp, "-w", "-c", *(str(core / each) for each in CORE_CPP))
    objects = [f"{Path(each).stem}.o" for each in (*CORE_C, *CORE_CPP)]
    run(folder, "avr-ar", "rcs", "core.a", *objects)  # of which what nobody calls is left out
    run(folder, *cpp, *warnings, f"-I{header}", f"{name}.ino.cpp", "core.a", "-o", f"{name}.elf",
        "-lm")  # fmt: skip
    run(folder, "avr-objcopy", "-O", "binary", f"{name}.elf", f"{name}.bin")
    return folder / f"{name}.bin"
