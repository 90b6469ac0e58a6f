"""Cortex-M0, M3, M4, M7 and M33 (with hardware floats from M4 on), simulated by unicorn."""

from __future__ import annotations

from functools import partial

from mlp_edge.runtime.chips import unicorn
from mlp_edge.runtime.chips.simulated import Chip
from mlp_edge.runtime.chips.targets import CORTEX_M0, CORTEX_M3, CORTEX_M4, Target
from mlp_edge.runtime.chips.unicorn import Core


def thumb_width(first: int) -> int:
    """Bytes of a Thumb instruction: four where its first 16 bits begin with 11101 to 11111."""
    return 4 if first >> 11 >= 0b11101 else 2


def chip(target: Target) -> Chip:
    """A Cortex-M, simulated as the core that it is built for."""
    [core] = [flag for flag in target.flags if flag.startswith("-mcpu=")]
    model = core.removeprefix("-mcpu=").removesuffix("plus")  # an M0+ has the M0's instructions
    description = Core(
        module="arm_const",
        architecture="UC_ARCH_ARM",
        modes=("UC_MODE_THUMB", "UC_MODE_MCLASS"),
        model=f"UC_CPU_ARM_{model.upper().replace('-', '_')}",
        registers=("UC_ARM_REG_PC", "UC_ARM_REG_SP", "UC_ARM_REG_LR"),
        thumb=1,
        width=thumb_width,
    )
    return Chip(target, partial(unicorn.missing, target), partial(unicorn.start, core=description))


CHIPS = (chip(CORTEX_M0), chip(CORTEX_M3), chip(CORTEX_M4))
