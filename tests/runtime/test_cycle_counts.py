"""The counters, held against sequences whose cost a data sheet gives."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from support.chips import BY_NAME, header_around, require
from support.networks import network, readings

from mlp_edge.card import Card
from mlp_edge.export.c import export
from mlp_edge.runtime import Chip
from mlp_edge.runtime.c import Header
from mlp_edge.runtime.chips.firmware import build
from mlp_edge.runtime.chips.simulated import Measured
from mlp_edge.runtime.chips.unicorn import _Machine

AVR, M0, M3, RV32 = (BY_NAME[name] for name in ("avr", "cortex-m0", "cortex-m3", "rv32"))


def taken(chip: Chip, body: str, empty: bool = False) -> Measured:
    firmware = build(header_around(f"(void)x; (void)y;\n{body}"), require(chip).target, "Os", empty)
    with chip.start(firmware) as simulator:
        return simulator.measure(bytes(32))


@cache
def taken_by_nothing(chip: Chip) -> Measured:
    return taken(chip, "", empty=True)


def measured(chip: Chip, body: str) -> Measured:
    """What a function's body takes beyond an empty one."""
    full, nothing = taken(chip, body), taken_by_nothing(chip)
    return Measured(full.count - nothing.count, full.stack - nothing.stack)


def assembly(*lines: str, clobbers: str = "") -> str:
    code = "\\n".join(lines)
    return f'__asm__ volatile("{code}" : : : {clobbers or chr(34) + "memory" + chr(34)});'


# ATmega328P data sheet, "Instruction Set Summary".
def named(value: object) -> str | None:
    """A chip by its name; pytest's own way for anything else."""
    return value.target.name if isinstance(value, Chip) else None


@pytest.mark.parametrize(
    ("lines", "cycles"),
    [
        (["nop"] * 7, 7),
        (["nop"] * 100, 100),
        (["ldi r24, 100", "1: dec r24", "brne 1b"], 1 + 100 + 99 * 2 + 1),
        (["mul r24, r25", "clr r1"], 2 + 1),
        (["adiw r24, 1"], 2),
        (["lpm r24, Z"], 3),
        (["lds r24, 0x0100"], 2),
        (["rcall 1f", "rjmp 2f", "1: ret", "2:"], 3 + 4 + 2),
        (["cpse r24, r24", "jmp 0", "nop"], 3 + 1),
    ],
)
def test_cycles_of_an_avr(lines: list[str], cycles: int) -> None:
    body = assembly(*lines, clobbers='"r0", "r24", "r25"')
    assert measured(AVR, body).count == cycles


@pytest.mark.parametrize(
    ("chip", "lines", "count"),
    [
        (M0, ["nop"] * 9, 9),
        (M3, ["nop.w"] * 5 + ["nop"] * 4, 9),
        (M0, ["movs r0, #100", "1: subs r0, r0, #1", "bne 1b"], 201),
        (M3, ["movs r0, #100", "1: subs r0, r0, #1", "bne 1b"], 201),
        # What a condition leaves out is counted: the core passes it.
        (M3, ["cmp r0, r0", "it ne", "addne r0, #1"], 3),
        (RV32, ["nop"] * 5 + [".option push", ".option norvc", "nop", ".option pop"], 6),
        (RV32, ["li a0, 100", "1: addi a0, a0, -1", "bnez a0, 1b"], 201),
    ],
    ids=named,
)
def test_instructions(chip: Chip, lines: list[str], count: int) -> None:
    register = '"a0"' if chip is RV32 else '"r0", "cc"'
    unified = [] if chip is RV32 else [".syntax unified"]
    # gcc writes Thumb-1 in the old syntax and says so before each piece of its own.
    assert measured(chip, assembly(*unified, *lines, clobbers=register)).count == count


@pytest.mark.parametrize(
    ("chip", "lines", "stack"),
    [
        (AVR, ["push r24"] * 11 + ["pop r24"] * 11, 11),
        (M3, ["push {r0-r3}", "pop {r0-r3}"], 16),
        (RV32, ["addi sp, sp, -32", "sw zero, 0(sp)", "addi sp, sp, 32"], 32),
    ],
    ids=named,
)
def test_stack(chip: Chip, lines: list[str], stack: int) -> None:
    assert measured(chip, assembly(*lines)).stack == stack


@pytest.mark.parametrize("chip", [AVR, M3], ids=lambda chip: chip.target.name)
def test_what_is_written_in_the_colour_of_the_paint_is_seen(chip: Chip) -> None:
    deep = "volatile unsigned long deep[10]; deep[0] = {value}ul;"
    stacks = {taken(chip, deep.format(value=value)).stack for value in (1, 0xA5A5A5A5, 0x5A5A5A5A)}
    assert len(stacks) == 1
    assert stacks.pop() >= 40


@pytest.mark.parametrize("chip", [M0, M3, RV32], ids=lambda chip: chip.target.name)
def test_blocks_add_up_to_single_instructions(chip: Chip) -> None:
    """Counted one by one, which is slow; there what a condition leaves out does not appear."""
    import unicorn

    mlp = network()
    header = Header(Path("net.h"), export(mlp).decode(), Card.of(mlp), 8, 1)
    firmware = build(header, require(chip).target)
    row = readings(mlp, 1).tobytes()
    machine = _Machine(firmware, chip.start.keywords["core"])  # type: ignore[attr-defined]
    ran: list[int] = []
    machine._uc.hook_add(unicorn.UC_HOOK_CODE, lambda _uc, address, *_: ran.append(address))
    machine.run(row)
    with chip.start(firmware) as simulator:
        count = simulator.measure(row).count
        assert simulator.measure(row).count == count
    if chip is M3:
        assert len(ran) <= count <= 1.2 * len(ran)
    else:
        assert len(ran) == count
