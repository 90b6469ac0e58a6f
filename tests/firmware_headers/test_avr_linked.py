"""What a prediction in integers links on AVRs: assembly where there is a multiplier, no floats."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.c_compiler import run
from support.chips import BY_NAME, require
from support.integer_headers import EXPORT
from support.networks import network
from support.quantised_networks import quantised

MAIN = """\
#include "net.h"
volatile float in[8], out[3];
int main(void)
{
    net_predict((const float *)in, (float *)out);
    return 0;
}
"""
FLOATS = {"__addsf3", "__subsf3", "__mulsf3", "__divsf3", "__floatunsisf", "__floatsisf"}
"""Of libgcc and avr-libc."""


def linked(folder: Path, chip: str, *flags: str) -> set[str]:
    """Names of the functions in a program that predicts."""
    (folder / "main.c").write_text(MAIN)
    run(folder, "avr-gcc", f"-mmcu={chip}", "-Os", "-std=c99", "-ffunction-sections",
        "-Wl,--gc-sections", *flags, "main.c", "-o", "main.elf")  # fmt: skip
    return {line.split()[-1] for line in run(folder, "avr-nm", "main.elf").splitlines()}


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_assembly_where_a_chip_multiplies(task: str, dtype: str, tmp_path: Path) -> None:
    require(BY_NAME["avr"])
    mlp = network((8, 5, 3), task=task)
    (tmp_path / "net.h").write_bytes(EXPORT[dtype](mlp, quantised(mlp, dtype)))
    layers = f"mlp_edge_avr_dense_{dtype}_code"
    for chip in ("atmega328p", "atmega8", "atmega2560"):
        names = linked(tmp_path, chip)
        assert layers in names
        assert not names & FLOATS
    for chip, *flags in (("attiny85",), ("atmega328p", "-DMLP_EDGE_PLAIN_C")):
        names = linked(tmp_path, chip, *flags)
        assert not [name for name in names if name.startswith("mlp_edge_avr")]
        assert names >= {"__addsf3", "__mulsf3"}
