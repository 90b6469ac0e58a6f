"""Every compiler that a header is for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ARM = ("arm-none-eabi-gcc", "-mthumb")


RISCV = ("riscv64-unknown-elf-gcc", "--specs=picolibc.specs", "-march=rv32imac", "-mabi=ilp32")


M4 = ("-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")


# clang brings no C library of its own: it is given the one of gcc for the chip.
NEWLIB = ("-isystem", "/usr/lib/arm-none-eabi/include")


PICOLIBC = ("-isystem", "/usr/lib/picolibc/riscv64-unknown-elf/include")


CLANG_ARM = ("clang", "--target=arm-none-eabi", "-mthumb", *NEWLIB)


COMPILERS = {
    "gcc": ("gcc",),
    "clang": ("clang",),
    "avr": ("avr-gcc", "-mmcu=atmega328p"),
    "avr without multiplier": ("avr-gcc", "-mmcu=attiny85"),
    "avr with far flash": ("avr-gcc", "-mmcu=atmega2560"),
    "cortex-m0": (*ARM, "-mcpu=cortex-m0"),
    "cortex-m4": (*ARM, *M4),
    "cortex-m4 at any address": (*ARM, *M4, "-fPIC"),
    "rv32": RISCV,
    "clang-cortex-m0": (*CLANG_ARM, "-mcpu=cortex-m0"),
    "clang-cortex-m3": (*CLANG_ARM, "-mcpu=cortex-m3"),
    "clang-cortex-m4": (*CLANG_ARM, *M4),
    "clang-rv32": ("clang", "--target=riscv32", "-march=rv32imac", "-mabi=ilp32", *PICOLIBC),
}


def there(name: str) -> tuple[str, ...]:
    """Compiler and flags; the test is skipped where it, or a C library for it, is missing."""
    program, *flags = COMPILERS[name]
    library = flags[flags.index("-isystem") + 1] if "-isystem" in flags else "/"
    if shutil.which(program) is None or not Path(library).is_dir():
        pytest.skip(f"{program} is missing, or {library}")
    return program, *flags
