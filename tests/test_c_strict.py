"""No warning from any compiler that a header is for, at any level, nor from cppcheck."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from c_compiler import STRICT, run
from networks import encoded, network
from test_c_selftest import PENGUINS

from mlp_edge.export.c import export

ARM = ("arm-none-eabi-gcc", "-mthumb")
RISCV = ("riscv64-unknown-elf-gcc", "--specs=picolibc.specs", "-march=rv32imac", "-mabi=ilp32")
COMPILERS = {
    "gcc": ("gcc",),
    "clang": ("clang",),
    "avr": ("avr-gcc", "-mmcu=atmega328p"),
    "avr with far flash": ("avr-gcc", "-mmcu=atmega2560"),
    "cortex-m0": (*ARM, "-mcpu=cortex-m0"),
    "cortex-m4": (*ARM, "-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
    "rv32": RISCV,
}
MODELS = {
    "a": network((8, 12, 8, 1), name="a"),
    "b": network((4, 10, 10, 3), "gelu", task="multiclass", name="b"),
    "c": network((1, 16, 16, 1), "tanh", task="regression", name="c"),
    "d": encoded(PENGUINS, outputs=2, name="d", clip=(-1.0, 1.0)),
    "e": network((6, 5, 4, 3, 2, 1), "softplus", name="e"),
    "f": network((2, 7, 2), "silu", task="multiclass", name="f"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("strict")
    code = ["#define A_SELFTEST", "#define B_SELFTEST", "#define C_SELFTEST", "#define D_SELFTEST"]
    for name, mlp in MODELS.items():
        (folder / f"{name}.h").write_bytes(export(mlp))
        code.append(f'#include "{name}.h"')
    (folder / "all.c").write_text("\n".join(code) + "\n")
    return folder


@pytest.mark.parametrize("name", COMPILERS)
@pytest.mark.parametrize("language", ["c", "c++"])
def test_no_warning(name: str, language: str, folder: Path, tmp_path: Path) -> None:
    program, *flags = COMPILERS[name]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is missing")
    standard = "-std=c99" if language == "c" else "-std=c++11"
    for level in ("-Os", "-O2", "-O3 -flto"):
        run(folder, program, *flags, "-x", language, standard, *STRICT, "-Wundef", *level.split(),
            "-c", "all.c", "-o", str(tmp_path / "all.o"))  # fmt: skip


def test_cppcheck_has_nothing_to_say(folder: Path) -> None:
    if shutil.which("cppcheck") is None:
        pytest.skip("cppcheck is missing")
    run(folder, "cppcheck", "--quiet", "--enable=warning,portability,performance", "--std=c99",
        "--error-exitcode=1", "-DA_SELFTEST", "a.h", "b.h", "d.h", "--language=c",
        "--suppress=missingIncludeSystem")  # fmt: skip


def test_link_time_optimisation_keeps_the_answers(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text(
        '#define A_DECLARE_ONLY\n#define A_SELFTEST\n#include "a.h"\n'
        "int main(void) { return a_selftest(); }\n"
    )
    for level in ("-Os", "-O3"):
        run(tmp_path, "gcc", "-std=c99", *STRICT, level, "-flto", "-ffp-contract=off",
            f"-I{folder}", str(folder / "all.c"), "main.c", "-o", "main")  # fmt: skip
        run(tmp_path, "./main")
