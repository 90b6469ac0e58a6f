"""RV32IMAC, simulated by unicorn: no hardware floats."""

from __future__ import annotations

from functools import partial

from mlp_edge.runtime.chips import unicorn
from mlp_edge.runtime.chips.simulated import Chip
from mlp_edge.runtime.chips.targets import RV32, Target
from mlp_edge.runtime.chips.unicorn import Core


def compressed_width(first: int) -> int:
    """Bytes of a RISC-V instruction: two unless both of its lowest bits are set."""
    return 4 if first & 0b11 == 0b11 else 2


CORE = Core(
    module="riscv_const",
    architecture="UC_ARCH_RISCV",
    modes=("UC_MODE_RISCV32",),
    model="UC_CPU_RISCV32_SIFIVE_E31",
    registers=("UC_RISCV_REG_PC", "UC_RISCV_REG_SP", "UC_RISCV_REG_RA"),
    thumb=0,
    width=compressed_width,
)


def chip(target: Target) -> Chip:
    """A RISC-V with 32 bits."""
    return Chip(target, partial(unicorn.missing, target), partial(unicorn.start, core=CORE))


CHIP = chip(RV32)
