"""Kernels written for one instruction set: the bits of the plain C, on the chip."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import STRICT, run
from support.chips import BY_NAME
from support.chips import require as require_chip
from support.integer_headers import EXPORT
from support.networks import network
from support.quantised_networks import quantised

from mlp_edge.export.c import export
from mlp_edge.export.c.kernels import TYPES, embedded, source
from mlp_edge.runtime.c import read_header
from mlp_edge.runtime.chips.elf import read_elf
from mlp_edge.runtime.chips.firmware import Firmware, build, harness
from mlp_edge.runtime.chips.targets import FLASH_START, RAM_START, Target

TRIAL = Path(__file__).with_name("variants.c")
KERNELS = (
    "any_missing", "quantise_raw_int8", "quantise_raw_int16", "quantise_int8", "quantise_int16",
    "dense_int8", "dense_int8_from_16", "dense_int8_wide", "dense_int8_from_16_wide",
    "segments_int8_wide",
    "dense_int16", "segments_int8", "dense_int24", "dense_int24_wide", "quantise_int24",
    "scaled_int24", "softmax_table", "softmax_int24", "sigmoid_int24", "dequantise",
    "dequantise_int24", "dense", "relu",
)  # fmt: skip
FLOATS = re.compile(r"__(aeabi_(f|u?i2f)|(add|sub|mul|div)sf|float\w*sf)")
"""What compilers call for floats where a chip has none."""
TABLES = 2048
"""Bytes at the end of the flash: the weights of a trial."""


def trial(target: Target, opt: str, folder: Path) -> Firmware:
    """The firmware that holds the variants of a chip against the plain C."""
    types = [name for names in TYPES.values() for name in names]
    names = ["flash", *types, "raw_line", "read", *embedded(KERNELS, without=types)]
    (folder / "kernels.h").write_text("".join(source(name) for name in names))
    (folder / "raw_line.h").write_text(source("raw_line"))
    table = np.random.default_rng(0).integers(-127, 128, TABLES) & 0xFF
    # A weight of 16 bits is -32,767 at least.
    last = ", ".join(map(str, np.where(table == 0x80, 0x81, table)))
    attributes = '__attribute__((section(".last"), aligned(4)))'
    (folder / "last.h").write_text(
        f"static const uint8_t variants_last[{TABLES}] {attributes} = {{{last}}};\n"
    )
    (folder / "chip.ld").write_text(harness("chip.ld"))
    command = (*target.command, *STRICT, f"-{opt}", "-I.")
    for of, *plain in (("variant",), ("plain", "-DMLP_EDGE_PLAIN_C")):
        run(folder, *command, f"-DOF={of}", *plain, "-c", str(TRIAL), "-o", f"{of}.o")
    memories = {
        "FLASH_START": FLASH_START, "FLASH_BYTES": target.flash,
        "RAM_START": RAM_START, "RAM_BYTES": target.ram,
    }  # fmt: skip
    run(
        folder, *command, *(f"-Wl,--defsym=MLP_EDGE_{n}={v}" for n, v in memories.items()),
        f"-Wl,--section-start=.last={FLASH_START + target.flash - TABLES:#x}",
        "-nostartfiles", "-T", "chip.ld", str(TRIAL), "variant.o", "plain.o", "-o", "trial.elf",
    )  # fmt: skip
    elf = read_elf((folder / "trial.elf").read_bytes())
    return Firmware(TRIAL, target, elf, inputs=1, outputs=2)


@pytest.mark.parametrize("name", ["cortex-m0", "cortex-m3", "cortex-m4", "rv32"])
@pytest.mark.parametrize("opt", ["Os", "O0", "O3"])
def test_a_variant_has_the_bits_of_the_plain_c(name: str, opt: str, tmp_path: Path) -> None:
    chip = require_chip(BY_NAME[name])
    with chip.start(trial(chip.target, opt, tmp_path)) as simulator:
        compared, different = np.frombuffer(simulator.predict(b"seed"), np.float32)
    assert compared > 10_000
    assert different == 0


@pytest.mark.parametrize("dtype", ["int8", "int16", "int24"])
@pytest.mark.parametrize("name", ["cortex-m0", "cortex-m3", "rv32"])
def test_integers_link_no_function_for_floats(name: str, dtype: str, tmp_path: Path) -> None:
    target = require_chip(BY_NAME[name]).target
    path = tmp_path / "net.h"
    for task, outputs in (("regression", 2), ("binary", 1), ("multiclass", 3)):
        mlp = network((8, 5, outputs), task=task)
        path.write_bytes(EXPORT[dtype](mlp, quantised(mlp, dtype)))
        assert [symbol for symbol in _linked(path, target) if FLOATS.match(symbol)] == []
        path.write_bytes(export(mlp))
        assert len([symbol for symbol in _linked(path, target) if FLOATS.match(symbol)]) > 2


def _linked(header: Path, target: Target) -> list[str]:
    return list(build(read_header(header), target).elf.symbols)
