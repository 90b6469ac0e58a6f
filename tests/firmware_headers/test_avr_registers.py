"""Every register that the assembly for AVR changes is one that the compiler knows of."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import KERNELS
from support.chips import BY_NAME, require
from support.integer_networks import heavy, made
from support.networks import encoded, readings

from mlp_edge.export.c.integers import export
from mlp_edge.feature import Feature
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.mlp import Task
from mlp_edge.runtime.c import read_header
from mlp_edge.runtime.chips.firmware import build

AVR = KERNELS / "avr"
_MACRO = re.compile(
    r"^#define (MLP_EDGE_AVR_\w+)(?:\([^)]*\))? *\\?\n((?:.*\\\n)*.*)", re.MULTILINE
)
_CODE = re.compile(r"^MLP_EDGE_AVR_CODE (\w+)_code\(void\)\n\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_CALL = re.compile(
    r"^static inline [^;{]*?\bmlp_edge_avr_\w+\([^{]*\{\n(.*?)^\}", re.MULTILINE | re.DOTALL
)
_SIZES = {"uint8_t": 1, "int32_t": 4, "uint32_t": 4, "mlp_edge_uint24": 3}
_DOUBLE = ("movw", "adiw", "sbiw")


@cache
def text() -> str:
    """All files of the folder."""
    return "\n".join(path.read_text() for path in sorted(AVR.iterdir()))


def registers_in(code: str) -> set[int]:
    """Registers that instructions name, macros included, but for those that are pushed."""
    for name, body in _MACRO.findall(text()):
        if re.search(rf"\b{name}\b", code) and name != "MLP_EDGE_AVR_CHANGED":
            code += body
    pushed = {int(number) for number in re.findall(r'"push r(\d+)', code)}
    found: set[int] = set()
    for line in re.findall(r'"([^"]*?) *\\n"', code):
        for number in map(int, re.findall(r"\br(\d+)\b", line)):
            found |= {number, number + 1} if line.split()[0] in _DOUBLE else {number}
        found |= {26, 27} if "X" in line else set()
        found |= {30, 31} if "Z" in line else set()
        found |= {0, 1} if line.startswith(("mul", "fmul")) else set()
    return found - pushed


def changed_by(name: str) -> set[int]:
    """Registers that a piece of assembly names, and those that it calls or jumps to."""
    code = next(body for found, body in _CODE.findall(text()) if found == name)
    called = re.findall(r'"i"\((\w+)_code\)', code)
    return registers_in(code).union(*(changed_by(other) for other in called))


def told(body: str) -> set[int]:
    """Registers that the compiler is told of: operands of whole size, and named ones."""
    found = {int(number) for number in re.findall(r'"r(\d+)"[,)]', body.rsplit("[code]", 1)[1])}
    if "MLP_EDGE_AVR_CHANGED" in body:
        named = re.search(r"#define MLP_EDGE_AVR_CHANGED \\\n(.*)", text())
        assert named is not None
        found |= {int(number) for number in re.findall(r'"r(\d+)"', named[1])}
    for kind, star, first in re.findall(
        r'register (?:const )?(\w+) (\*?)\w+ __asm__\("r(\d+)"\)', body
    ):
        size = 2 if star else _SIZES.get(kind, 2)
        found |= set(range(int(first), int(first) + size))
    return found


CALLS = {re.search(r'"i"\((\w+)_code\)', body)[1]: body for body in _CALL.findall(text())}  # type: ignore[index]


@pytest.mark.parametrize("name", sorted(CALLS))
def test_the_compiler_knows_what_a_call_changes(name: str) -> None:
    assert changed_by(name) - told(CALLS[name]) - {1, 28, 29} == set()


def test_every_piece_is_looked_at() -> None:
    assert len(CALLS) >= 14
    assert changed_by("mlp_edge_avr_quantise") >= {2, 13, 20, 31}


FILLED = (
    Feature("a", -9.0, 9.0, fill=1.0, indicator=True),
    Feature("b", -9.0, 9.0, fill=1.0, sentinel=-999.0),
    Feature("c", -9.0, 9.0, fill=2.0, indicator=True),
)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int24"])
@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_filled_readings_leave_no_register_to_spare(
    dtype: str, outputs: int, tmp_path: Path
) -> None:
    """The compiler kept a pointer in a register that the quantisation of inputs changed."""
    chip = require(BY_NAME["avr"])
    task: Task = "multiclass" if outputs == 3 else "regression"
    mlp = encoded(FILLED, (6,) if outputs == 2 else (), outputs, task)
    rows = readings(mlp, 4)
    rows[1, 0] = np.nan
    for number in range(4):
        numbers = made(mlp, dtype, number)
        numbers = heavy(numbers) if dtype == "int8" and number % 2 == 0 else numbers
        path = tmp_path / "net.h"
        path.write_bytes(export(mlp, numbers))
        wanted = predict_quantised(mlp, numbers, rows)
        for opt in ("Os", "O2"):
            with chip.start(build(read_header(path), chip.target, opt)) as simulator:
                got = b"".join(simulator.predict(row.astype("<f4").tobytes()) for row in rows)
            np.testing.assert_array_equal(
                np.frombuffer(got, np.float32).reshape(wanted.shape), wanted
            )


@pytest.mark.parametrize("path", sorted(AVR.iterdir()), ids=lambda path: path.stem)
def test_every_piece_compiles_alone(path: Path, tmp_path: Path) -> None:
    """It includes what it calls, whatever stands before it in a header."""
    target = require(BY_NAME["avr"]).target
    source = tmp_path / "one.c"
    source.write_text(f'#include "avr/{path.name}"\n')
    flags = ("-mmcu=atmega328p", "-std=c99", "-Os", "-Wall", "-Wextra", "-Werror")
    command = [target.compiler, *flags, "-Wno-unused-function", f"-I{KERNELS}", "-fsyntax-only"]
    done = subprocess.run([*command, str(source)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
