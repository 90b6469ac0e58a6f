"""What a header takes on a chip: flash, RAM, stack, and cycles or instructions, all measured.

Every figure is a difference: the firmware with the model, less the same firmware around nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median

from mlp_edge.measure.worst_case import slowest
from mlp_edge.mlp import Rows
from mlp_edge.runtime.c import Header
from mlp_edge.runtime.chips.firmware import (
    CLASSIFY_RAW,
    PREDICT,
    PREDICT_RAW,
    Entry,
    Firmware,
    build,
)
from mlp_edge.runtime.chips.simulated import Chip, Measured
from mlp_edge.runtime.chips.targets import NOTHING, Target

ROWS = 20
"""Rows are measured one by one, for a median; the worst case is looked for beside them."""
MANY_ROWS = 3
"""Of a network so large that counting takes seconds for each."""
LARGE = 100_000
"""Bytes of flash from which a network is large."""


@dataclass(frozen=True)
class Cost:
    """What a model takes on a chip.

    Attributes:
        target: the name of the chip's runtime.
        chip: the chip.
        opt: how it was compiled.
        flash: bytes that it adds to code, tables and initial values.
        data: bytes of RAM that it adds to variables with initial values.
        bss: bytes of RAM that it adds to variables that begin as zero.
        stack: bytes of stack of the deepest row.
        arrays: bytes of RAM of one row of readings and predictions, which the caller holds.
        counts: what ``least``, ``middle`` and ``most`` are: "cycles" or "instructions"; "nothing"
            where nothing simulates the chip: they are 0 then, and so is ``stack``.
        least: of the quickest row, the function's call included.
        middle: the median of the rows.
        most: of the slowest row.
        rows: how many rows were measured.
        worst: the worst case: of the slowest row that a search finds in the declared ranges, with
            every unit of the network active. Budgets are held to it.
        searched: how many rows that search has measured.
        clock: in hertz.
        flash_size: bytes of the chip.
        ram_size: bytes of the chip.
        entry: the function that was measured, by its name behind the model's.
        core_flash: bytes that an empty sketch takes on the board; 0 where nobody measured it.
        core_ram: likewise.
        instructions: the chip's instruction set.
    """

    target: str
    chip: str
    opt: str
    flash: int
    data: int
    bss: int
    stack: int
    arrays: int
    counts: str
    least: int
    middle: int
    most: int
    rows: int
    worst: int
    searched: int
    clock: int
    flash_size: int
    ram_size: int
    entry: str = PREDICT.function
    core_flash: int = 0
    core_ram: int = 0
    instructions: str = ""

    @property
    def simulated(self) -> bool:
        """Whether rows ran; otherwise nothing is known but what was linked."""
        return self.counts != NOTHING

    @property
    def ram(self) -> int:
        """Bytes of RAM: .data, .bss and the deepest stack."""
        return self.data + self.bss + self.stack

    @property
    def milliseconds(self) -> float | None:
        """Of the worst case; None where instructions were counted, which are no cycles."""
        return self.worst * 1e3 / self.clock if self.counts == "cycles" else None

    @property
    def fits(self) -> bool:
        """Whether the chip has the flash, and RAM for the model, a row and its predictions.

        On a board, beside what an empty sketch takes there.
        """
        flash, ram = self.flash_size - self.core_flash, self.ram_size - self.core_ram
        return self.flash <= flash and self.ram + self.arrays <= ram

    def on(self, target: Target, clock: int = 0) -> Cost:
        """The same on another board with this chip's instructions; ``clock`` 0 is its own."""
        return replace(
            self, target=target.name, chip=target.chip, clock=clock or target.clock,
            flash_size=target.flash, ram_size=target.ram,
            core_flash=target.core_flash, core_ram=target.core_ram,
            instructions=target.instructions,
        )  # fmt: skip


def raw_function(header: Header) -> Entry | None:
    """What a header makes of counts: a class, otherwise outputs; None where it has no function."""
    if header.raw is None:
        return None
    return CLASSIFY_RAW if header.has(CLASSIFY_RAW.function) else PREDICT_RAW


def measure(
    header: Header,
    chip: Chip,
    rows: Rows,
    opt: str = "Os",
    clock: int = 0,
    entry: Entry = PREDICT,
) -> Cost:
    """Build a header for a chip and run rows on it.

    Args:
        header: as ``read_header`` has checked it.
        chip: whose compiler this machine has, and whose simulator, if there is any.
        rows: raw readings (n, inputs), at least one; the first few are measured.
        opt: how it is compiled, see OPTIMISATIONS.
        clock: in hertz; 0 is the chip's own.
        entry: the function; one of counts gets those that are nearest to the rows.

    Raises:
        ModelError: when the model does not fit the chip, or does not compile or run there.
        MissingError: when compiler or simulator are missing.
    """
    target = chip.target
    full = build(header, target, opt, entry=entry)
    empty = build(header, target, opt, empty=True, entry=entry)
    linked = _linked(full, empty, opt, clock or target.clock)
    if not linked.simulated:
        return linked
    chosen = rows[: ROWS if full.elf.flash < LARGE else MANY_ROWS]
    [nothing] = _measured(chip, empty, header, chosen[:1])
    taken = _measured(chip, full, header, chosen)
    counts = [measured.count - nothing.count for measured in taken]
    active = build(header, target, opt, every_unit=True, entry=entry)
    worst = _worst_measurements(chip, active, header, chosen)
    return replace(
        linked,
        stack=max(measured.stack for measured in [*taken, *worst]) - nothing.stack,
        least=min(counts),
        middle=round(median(counts)),
        most=max(counts),
        rows=len(taken),
        worst=max(counts) + _beyond(taken, worst),
        searched=len(worst),
    )


def _linked(full: Firmware, empty: Firmware, opt: str, clock: int) -> Cost:
    """What is known of a firmware that has not run yet."""
    target = full.target
    return Cost(
        target=target.name,
        chip=target.chip,
        opt=opt,
        flash=full.elf.flash - empty.elf.flash,
        data=full.elf.data - empty.elf.data,
        bss=full.elf.bss - empty.elf.bss,
        stack=0,
        arrays=full.readings_bytes + full.predictions_bytes,
        counts=target.counts,
        least=0,
        middle=0,
        most=0,
        rows=0,
        worst=0,
        searched=0,
        clock=clock,
        flash_size=target.flash,
        ram_size=target.ram,
        entry=full.entry.function,
        core_flash=target.core_flash,
        core_ram=target.core_ram,
        instructions=target.instructions,
    )


def _beyond(taken: list[Measured], worst: list[Measured]) -> int:
    """How much longer the worst case takes than the slowest of the rows as they are.

    The rows are the first of the search. Where one takes longer as it is than with every unit
    active, the compiler found a shorter way there, and the others have that difference too.
    """
    shorter = max(0, *(row.count - active.count for row, active in zip(taken, worst, strict=False)))
    slowest_row = max(row.count for row in taken)
    return max(0, max(active.count for active in worst) + shorter - slowest_row)


def _worst_measurements(
    chip: Chip, firmware: Firmware, header: Header, rows: Rows
) -> list[Measured]:
    with chip.start(firmware) as simulator:
        return slowest(
            lambda tried: [simulator.measure(row) for row in _given(firmware, header, tried)],
            header.card.features,
            rows,
        )


def _measured(chip: Chip, firmware: Firmware, header: Header, rows: Rows) -> list[Measured]:
    with chip.start(firmware) as simulator:
        return [simulator.measure(row) for row in _given(firmware, header, rows)]


def _given(firmware: Firmware, header: Header, rows: Rows) -> list[bytes]:
    """The bytes of rows (n, inputs), as the firmware's function takes them."""
    if firmware.entry.reading == "float" or header.raw is None:
        return [row.astype("<f4").tobytes() for row in rows]
    return [row.astype("<i2").tobytes() for row in header.raw.nearest(rows)]
