"""The chips that a header is tried on: what builds for them, and how much they hold."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass

OPTIMISATIONS = ("Os", "O2", "O3")
"""How a firmware may be compiled; the first where nobody says."""
FLAGS = (
    "-std=c99", "-ffp-contract=off", "-fno-math-errno", "-ffunction-sections", "-fdata-sections",
    "-Wl,--gc-sections",
)  # fmt: skip
"""For every chip. No fused multiply-add: the same bits everywhere."""
NOTHING = "nothing"
"""What is counted where nothing simulates a chip."""
FLASH_START, RAM_START = 0x08000000, 0x20000000
"""Where the memories of the 32-bit chips are put."""


@dataclass(frozen=True)
class Target:
    """A chip and what compiles for it.

    Attributes:
        name: of the chip's runtime.
        chip: the one whose memories and clock these are.
        board: where somebody meets it.
        compiler: the program.
        packages: Debian's and Ubuntu's names of what brings the compiler and its C library.
        flags: of the compiler, for this chip.
        libc: a header of that library: it may be missing where the compiler is not.
        flash: bytes for code and tables.
        ram: bytes.
        clock: in hertz.
        instructions: its instruction set, as its makers call it.
        counts: what is counted exactly: "cycles" or "instructions"; "nothing" where no simulator
            has the instruction set.
        core_flash: bytes that an empty sketch takes with the Arduino core; 0 where not measured.
        core_ram: likewise.
    """

    name: str
    chip: str
    board: str
    compiler: str
    packages: str
    flags: tuple[str, ...]
    libc: str
    flash: int
    ram: int
    clock: int
    instructions: str
    counts: str = "instructions"
    core_flash: int = 0
    core_ram: int = 0

    @property
    def fused(self) -> bool:
        """Whether the dense kernel multiplies and adds in one rounding here: with a float unit."""
        return any(flag.startswith("-mfpu") for flag in self.flags)

    @property
    def is_avr(self) -> bool:
        """Whether code and variables have address spaces of their own."""
        return self.compiler == "avr-gcc"

    @property
    def command(self) -> list[str]:
        """Compiler and flags as they are typed, without the optimisation."""
        return [self.compiler, *self.flags, *FLAGS]


def cortex(
    core: str, chip: str, board: str, flash: int, ram: int, clock: int, *flags: str
) -> Target:
    """A Cortex-M; memories in bytes, the clock in hertz."""
    return Target(
        name=core,
        chip=chip,
        board=board,
        compiler="arm-none-eabi-gcc",
        packages="gcc-arm-none-eabi libnewlib-arm-none-eabi",
        flags=(f"-mcpu={core}", "-mthumb", *flags),
        libc="string.h",
        flash=flash,
        ram=ram,
        clock=clock,
        instructions=f"{_ARM[core]}, float unit" if flags else _ARM[core],
    )


AVR = Target(
    name="avr",
    chip="ATmega328P",
    board="Arduino Uno",
    compiler="avr-gcc",
    packages="gcc-avr avr-libc",
    flags=("-mmcu=atmega328p",),
    libc="avr/pgmspace.h",
    flash=32 * 1024,
    ram=2 * 1024,
    clock=16_000_000,
    instructions="AVR",
    counts="cycles",
)
_ARM = {
    "cortex-m0": "Armv6-M", "cortex-m0plus": "Armv6-M", "cortex-m3": "Armv7-M",
    "cortex-m4": "Armv7E-M", "cortex-m7": "Armv7E-M", "cortex-m33": "Armv8-M",
}  # fmt: skip
"""The instruction set of each core."""
FLOATS = ("-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
FLOATS_5 = ("-mfloat-abi=hard", "-mfpu=fpv5-sp-d16")
"""Flags of a Cortex-M4 with a float unit; of a Cortex-M7 or M33."""
CORTEX_M0 = cortex("cortex-m0", "nRF51822", "BBC micro:bit", 256 * 1024, 16 * 1024, 16_000_000)
CORTEX_M3 = cortex("cortex-m3", "STM32F103C8", "Blue Pill", 64 * 1024, 20 * 1024, 72_000_000)
CORTEX_M4 = cortex(
    "cortex-m4", "STM32F429ZI", "Nucleo-F429ZI", 2048 * 1024, 192 * 1024, 180_000_000,
    *FLOATS,
)  # fmt: skip
RV32 = Target(
    name="rv32",
    chip="GD32VF103CB",
    board="Longan Nano",
    compiler="riscv64-unknown-elf-gcc",
    packages="gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
    flags=("--specs=picolibc.specs", "-march=rv32imac", "-mabi=ilp32"),
    libc="string.h",
    flash=128 * 1024,
    ram=32 * 1024,
    clock=108_000_000,
    instructions="RV32IMAC",
)
TARGETS = (AVR, CORTEX_M0, CORTEX_M3, CORTEX_M4, RV32)
"""Every chip, in the order in which they are shown."""


def toolchain_missing(target: Target) -> str | None:
    """None where firmware for a chip can be compiled, otherwise what brings the compiler."""
    if shutil.which(target.compiler) is None:
        return f"no {target.compiler} on this machine; apt-get install {target.packages} brings it"
    if not finds([target.compiler, *target.flags], target.libc):
        return (
            f"{target.compiler} has no {target.libc}, so its C library is missing; "
            f"apt-get install {target.packages} brings it"
        )
    return None


def finds(command: list[str], header: str) -> bool:
    """Whether a compiler starts, and finds a header."""
    try:
        result = subprocess.run(
            [*command, "-E", "-xc", "-include", header, "-o", "-", "-"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return result.returncode == 0
