"""No warning from any compiler that a header is for, at any level, nor from cppcheck."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from support.c_compiler import STRICT, require, run
from support.cross_compilers import COMPILERS, there
from support.graphs import graph, normalised
from support.header_models import PENGUINS
from support.integer_networks import made
from support.networks import encoded, network

from mlp_edge.export.c import EXPORTER, export

MODELS = {
    "a": network((8, 12, 8, 1), name="a"),
    "b": network((4, 10, 10, 3), "gelu", task="multiclass", name="b"),
    "c": network((1, 16, 16, 1), "tanh", task="regression", name="c"),
    "d": encoded(PENGUINS, outputs=2, name="d", clip=(-1.0, 1.0)),
    "e": network((6, 5, 4, 3, 2, 1), "softplus", name="e"),
    "f": network((2, 7, 2), "silu", task="multiclass", name="f"),
    "g": normalised(5, 1, name="g"),
    "h": graph(7, name="h"),
}


GRAPHS = ('#include "g.h"', '#include "h.h"')
"""They copy values by memcpy, which is a call."""
# Without a float unit an unaligned load is a call of memcpy, unless gcc knows where a float lies.
STRICTLY_ALIGNED = ("cortex-m0", "rv32")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("strict")
    code = ["#define A_SELFTEST", "#define B_SELFTEST", "#define C_SELFTEST", "#define D_SELFTEST"]
    for name, mlp in MODELS.items():
        (folder / f"{name}.h").write_bytes(export(mlp))
        code.append(f'#include "{name}.h"')
    for name, dtype in product("ad", EXPORTER.integers):
        mlp = replace(MODELS[name], name=f"{name}_{dtype}")
        (folder / f"{mlp.name}.h").write_bytes(EXPORTER.integers[dtype](mlp, made(mlp, dtype)))
        code.append(f'#include "{mlp.name}.h"')
    (folder / "all.c").write_text("\n".join(code) + "\n")
    code = [line for line in code if line not in GRAPHS]
    (folder / "without_graphs.c").write_text("\n".join(code) + "\n")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPILERS)
@pytest.mark.parametrize("language", ["c", "c++"])
def test_no_warning(name: str, language: str, folder: Path, tmp_path: Path) -> None:
    program, *flags = there(name)
    standard = "-std=c99" if language == "c" else "-std=c++11"
    for level in ("-Os", "-O2", "-O3", "-O3 -flto"):
        run(folder, program, *flags, "-x", language, standard, *STRICT, "-Wundef", *level.split(),
            "-c", "all.c", "-o", str(tmp_path / "all.o"))  # fmt: skip


@pytest.mark.parametrize("name", STRICTLY_ALIGNED)
@pytest.mark.parametrize("level", ["-Os", "-O2", "-O3"])
def test_no_reading_is_a_call_of_memcpy(
    name: str, level: str, folder: Path, tmp_path: Path
) -> None:
    """Every kind of header: float32, int8, int16; the guard, fills, sentinels, categories."""
    program, *flags = there(name)
    made_of = ("-c", "without_graphs.c", "-o", str(tmp_path / "all.o"))
    run(folder, program, *flags, "-std=c99", level, *made_of)
    unknown = run(tmp_path, program.replace("-gcc", "-nm"), "-u", "all.o").split()
    assert "U" in unknown  # the float calls of libgcc
    assert "memcpy" not in unknown


@pytest.mark.parametrize("program", ["gcc", "clang"])
@pytest.mark.parametrize("standard", ["c90", "gnu90", "iso9899:199409"])
@pytest.mark.parametrize("name", ["a", "d_int8"])
def test_c90_gets_one_sentence(program: str, standard: str, name: str, folder: Path) -> None:
    require(program)
    command = [program, f"-std={standard}", "-fsyntax-only", "-xc", "-"]
    text = f'#include "{name}.h"\nint not_empty;\n'
    given = {"input": text, "cwd": folder, "text": True, "capture_output": True}
    complaint = subprocess.run(command, check=False, **given).stderr  # type: ignore[call-overload]
    assert complaint.count("error:") == 1
    assert f"{name}.h is C99 and C++11" in complaint
    # Constants and prototypes are C90 as well.
    given["input"] = f"#define {name.upper()}_DECLARE_ONLY\n{text}"
    subprocess.run(command, check=True, **given)  # type: ignore[call-overload]


def test_the_weights_alone_are_c90(tmp_path: Path) -> None:
    (tmp_path / "d.h").write_bytes(export(MODELS["d"], weights_only=True))
    (tmp_path / "d.c").write_text('#include "d.h"\nint not_empty;\n')
    run(tmp_path, "gcc", "-std=c90", "-Wall", "-Wextra", "-Wno-unused", "-Werror", "-c", "d.c")


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
