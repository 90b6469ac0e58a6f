"""Boards by the names that people know them by: their chip, clock and memories.

Flash and RAM of Arduino's own AVR boards, and of the ESP8266, are what the IDE gives to a sketch
(boards.txt), of the others what the data sheet of the chip or module says. What an empty sketch
takes was measured with Debian's arduino-core-avr and avr-gcc.

To add one: a line below; ``docs/reference/boards.md`` is held to it by a test.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import NoReturn

from mlp_edge.errors import MissingError
from mlp_edge.runtime.chips import avr, cortex, rv32
from mlp_edge.runtime.chips.firmware import Firmware
from mlp_edge.runtime.chips.simulated import Chip
from mlp_edge.runtime.chips.targets import (
    AVR,
    FLOATS,
    FLOATS_5,
    NOTHING,
    RV32,
    Target,
    toolchain_missing,
)
from mlp_edge.runtime.chips.targets import (
    cortex as cortex_target,
)

KB, MHZ = 1024, 1_000_000


def _avr(
    name: str,
    title: str,
    chip: str,
    clock: int,
    flash: int,
    ram: int,
    core: tuple[int, int] = (0, 0),
) -> Chip:
    flags = (f"-mmcu={chip.lower()}",)
    return avr.chip(
        replace(
            AVR, name=name, board=title, chip=chip, flags=flags, flash=flash, ram=ram,
            clock=clock * MHZ, core_flash=core[0], core_ram=core[1],
        )
    )  # fmt: skip


def _arm(
    name: str, title: str, chip: str, core: str, clock: int, flash: int, ram: int, *flags: str
) -> Chip:
    target = cortex_target(core, chip, title, flash * KB, ram * KB, clock * MHZ, *flags)
    return cortex.chip(replace(target, name=name))


def _riscv(
    name: str, title: str, chip: str, instructions: str, clock: int, flash: int, ram: int
) -> Chip:
    # Nothing in a header is atomic, and picolibc is not built for chips without that.
    return rv32.chip(
        replace(
            RV32, name=name, board=title, chip=chip, flash=flash * KB, ram=ram * KB,
            clock=clock * MHZ, instructions=instructions,
        )
    )  # fmt: skip


def _unsimulated(target: Target) -> Chip:
    """A chip that firmware is built for, and that nothing here runs."""

    def start(firmware: Firmware) -> NoReturn:
        raise MissingError(f"nothing simulates the {firmware.target.chip}")

    return Chip(target, partial(toolchain_missing, target), start)


ESP8266 = Target(
    name="esp8266",
    chip="ESP8266EX",
    board="NodeMCU, Wemos D1 mini",
    compiler="xtensa-lx106-elf-gcc",
    packages="gcc-xtensa-lx106 picolibc-xtensa-lx106-elf",
    flags=(
        "-mlongcalls", "-nostdlib", "-Wl,--no-relax", "-DESP8266",
        "-DARDUINO=10819", "-I.", "-Wl,--unresolved-symbols=ignore-all",
    ),
    libc="string.h",
    flash=1_044_464,
    ram=81_920,
    clock=80 * MHZ,
    instructions="Xtensa LX106",
    counts=NOTHING,
)  # fmt: skip
BOARDS: tuple[Chip, ...] = (
    _avr("uno", "Arduino Uno", "ATmega328P", 16, 32_256, 2_048, (444, 9)),
    _avr("nano", "Arduino Nano", "ATmega328P", 16, 30_720, 2_048, (444, 9)),
    _avr("mega2560", "Arduino Mega 2560", "ATmega2560", 16, 253_952, 8_192, (656, 9)),
    _avr("leonardo", "Arduino Leonardo", "ATmega32U4", 16, 28_672, 2_560, (3_620, 149)),
    _avr("micro", "Arduino Micro", "ATmega32U4", 16, 28_672, 2_560, (3_620, 149)),
    _avr("attiny85", "ATtiny85 alone", "ATtiny85", 8, 8_192, 512),
    _arm("microbit", "BBC micro:bit", "nRF51822", "cortex-m0", 16, 256, 16),
    _arm("zero", "Arduino Zero", "SAMD21G18", "cortex-m0plus", 48, 256, 32),
    _arm("pico", "Raspberry Pi Pico", "RP2040", "cortex-m0plus", 133, 2_048, 264),
    _arm("bluepill", "Blue Pill", "STM32F103C8", "cortex-m3", 72, 64, 20),
    _arm("due", "Arduino Due", "SAM3X8E", "cortex-m3", 84, 512, 96),
    _arm("uno-r4", "Arduino Uno R4", "R7FA4M1AB", "cortex-m4", 48, 256, 32, *FLOATS),
    _arm("microbit-v2", "BBC micro:bit 2", "nRF52833", "cortex-m4", 64, 512, 128, *FLOATS),
    _arm("nano33ble", "Arduino Nano 33 BLE", "nRF52840", "cortex-m4", 64, 1_024, 256, *FLOATS),
    _arm("nucleo-f401re", "Nucleo-F401RE", "STM32F401RE", "cortex-m4", 84, 512, 96, *FLOATS),
    _arm("nucleo-f429zi", "Nucleo-F429ZI", "STM32F429ZI", "cortex-m4", 180, 2_048, 192, *FLOATS),
    _arm("teensy40", "Teensy 4.0", "MIMXRT1062", "cortex-m7", 600, 1_984, 512, *FLOATS_5),
    _arm("pico2", "Raspberry Pi Pico 2", "RP2350", "cortex-m33", 150, 4_096, 520, *FLOATS_5),
    _riscv("longan-nano", "Longan Nano", "GD32VF103CB", "RV32IMAC", 108, 128, 32),
    _riscv("esp32-c3", "ESP32-C3-DevKitM-1", "ESP32-C3", "RV32IMC", 160, 4_096, 400),
    _unsimulated(ESP8266),
)
"""In the order in which they are shown."""
