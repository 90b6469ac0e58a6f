"""Cortex-M0, M3 and M4 (with its hardware floats), simulated by unicorn."""

from __future__ import annotations

from functools import partial

from mlp_edge.runtime.chips import unicorn
from mlp_edge.runtime.chips.simulated import Chip
from mlp_edge.runtime.chips.targets import CORTEX_M0, CORTEX_M3, CORTEX_M4, Target
from mlp_edge.runtime.chips.unicorn import Core


def thumb_width(first: int) -> int:
    """Bytes of a Thumb instruction: four where its first 16 bits begin with 11101 to 11111."""
    return 4 if first >> 11 >= 0b11101 else 2


def _chip(target: Target, model: str) -> Chip:
    core = Core(
        module="arm_const",
        architecture="UC_ARCH_ARM",
        modes=("UC_MODE_THUMB", "UC_MODE_MCLASS"),
        model=model,
        registers=("UC_ARM_REG_PC", "UC_ARM_REG_SP", "UC_ARM_REG_LR"),
        thumb=1,
        width=thumb_width,
    )
    return Chip(target, partial(unicorn.missing, target), partial(unicorn.start, core=core))


CHIPS = (
    _chip(CORTEX_M0, "UC_CPU_ARM_CORTEX_M0"),
    _chip(CORTEX_M3, "UC_CPU_ARM_CORTEX_M3"),
    _chip(CORTEX_M4, "UC_CPU_ARM_CORTEX_M4"),
)
