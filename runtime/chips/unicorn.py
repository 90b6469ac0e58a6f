"""32-bit chips, simulated by unicorn: QEMU's translator as a Python package.

Predicting runs at full speed. Counting looks at every block of instructions that runs; it has a
machine of its own, because unicorn watches only what it translates after it was asked to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from mlp_edge.errors import ModelError, first_line
from mlp_edge.lazy import installed, require
from mlp_edge.runtime.chips.firmware import PREDICTIONS, READINGS, RUN, Firmware
from mlp_edge.runtime.chips.simulated import Measured
from mlp_edge.runtime.chips.targets import FLASH_START, RAM_START, Target, toolchain_missing

BACK = 0x1000
"""Where the function returns to: nothing is there, so the run ends."""
PAGE = 0x1000
LONGEST_RUN = 120
"""Seconds that a row may take."""
GUARD = 16
"""Bytes at the end of the variables that tell when the stack gets there."""
PAINTS = (0xA5, 0x5A)
"""Two, because one may be what the program itself writes."""


class Core(NamedTuple):
    """What unicorn has to know of a core, by the names of its constants.

    Attributes:
        module: holds the constants, beside ``unicorn`` itself.
        architecture: constant.
        modes: constants.
        model: constant of the CPU.
        registers: constants of the program counter, the stack pointer, and the return address.
        thumb: added to an address of code: 1 where that says that the code is Thumb.
        width: bytes of an instruction, by its first 16 bits.
    """

    module: str
    architecture: str
    modes: tuple[str, ...]
    model: str
    registers: tuple[str, str, str]
    thumb: int
    width: Callable[[int], int]


def missing(target: Target) -> str | None:
    """None where compiler and simulator are at hand, otherwise what brings them."""
    lacks = toolchain_missing(target)
    if lacks is None and not installed("unicorn"):
        return "unicorn is not installed; pip install 'mlp-edge[sim]' brings it"
    return lacks


@contextmanager
def start(firmware: Firmware, core: Core) -> Iterator[_Emulator]:
    """A firmware in a simulated chip until the block ends.

    Raises:
        MissingError: when unicorn is not installed.
    """
    yield _Emulator(firmware, core)


class _Emulator:
    def __init__(self, firmware: Firmware, core: Core) -> None:
        self._firmware = firmware
        self._core = core
        self._machine = _Machine(firmware, core)
        self._counting: _Machine | None = None
        self._count = 0
        self._instructions: dict[tuple[int, int], int] = {}

    def predict(self, readings: bytes) -> bytes:
        """See ``Simulator``."""
        self._machine.run(readings)
        return self._machine.predictions()

    def measure(self, readings: bytes) -> Measured:
        """See ``Simulator``; executed instructions."""
        if self._counting is None:
            self._counting = _Machine(self._firmware, self._core)
            self._counting.watch(self._block)
        stack = 0
        for paint in PAINTS:
            self._count = 0
            self._counting.paint(paint)
            self._counting.run(readings)
            stack = max(stack, self._counting.painted_over(paint))
        return Measured(self._count, stack)

    def _block(self, machine: Any, address: int, size: int, _: object) -> None:
        """A block is about to run, from its first instruction to its last."""
        known = self._instructions.get((address, size))
        if known is None:
            code = bytes(machine.mem_read(address, size))
            known = instructions(code, self._core.width)
            self._instructions[address, size] = known
        self._count += known


def instructions(code: bytes, width: Callable[[int], int]) -> int:
    """How many instructions a block of code holds."""
    count = position = 0
    while position < len(code):
        position += width(int.from_bytes(code[position : position + 2], "little"))
        count += 1
    return count


class _Machine:
    """Memories, registers, and one function to call."""

    def __init__(self, firmware: Firmware, core: Core) -> None:
        unicorn = require("unicorn", "sim")
        constants = require(f"unicorn.{core.module}", "sim")
        self._firmware = firmware
        self._failure = unicorn.UcError
        self._thumb = core.thumb
        self._pc, self._sp, self._back = (getattr(constants, name) for name in core.registers)
        self._hook = unicorn.UC_HOOK_BLOCK
        mode = sum(getattr(unicorn, name) for name in core.modes)
        self._uc = unicorn.Uc(getattr(unicorn, core.architecture), mode)
        self._uc.ctl_set_cpu_model(getattr(constants, core.model))
        target = firmware.target
        self._top = RAM_START + target.ram
        if firmware.elf.static + 2 * GUARD > target.ram:
            raise ModelError(
                f"{firmware.source} on {target.chip}: leaves no room for a stack in its "
                f"{target.ram:,} bytes of RAM"
            )
        self._free = RAM_START + -(-firmware.elf.static // 16) * 16
        self._uc.mem_map(BACK, PAGE, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        self._uc.mem_map(FLASH_START, target.flash, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        self._uc.mem_map(RAM_START, target.ram, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE)
        for segment in firmware.elf.segments:
            self._uc.mem_write(segment.address, segment.content)
        # While the stack stays above, nobody writes the lowest free bytes.
        self._guard = bytes(range(1, GUARD + 1))
        self._uc.mem_write(self._free, self._guard)
        if core.module == "riscv_const":
            # What start-up code does there before anything else.
            pointer = firmware.address("__global_pointer$")
            self._uc.reg_write(constants.UC_RISCV_REG_GP, pointer)

    def watch(self, block: Callable[[Any, int, int, object], None]) -> None:
        """Call a function before each block of instructions that runs."""
        self._uc.hook_add(self._hook, block)

    def paint(self, paint: int) -> None:
        """Fill the RAM that no variable takes."""
        self._uc.mem_write(self._free + GUARD, bytes([paint]) * (self._top - self._free - GUARD))

    def painted_over(self, paint: int) -> int:
        """Bytes from the lowest that was changed to the top."""
        free = self._free + GUARD
        memory = bytes(self._uc.mem_read(free, self._top - free))
        return len(memory.lstrip(bytes([paint])))

    def run(self, readings: bytes) -> None:
        """Call the function on one row.

        Raises:
            ModelError: when it crashes, or does not come back.
        """
        self._uc.mem_write(self._firmware.address(READINGS), readings)
        self._uc.mem_write(
            self._firmware.address(PREDICTIONS), b"\xff" * self._firmware.predictions_bytes
        )
        self._uc.reg_write(self._sp, self._top)
        self._uc.reg_write(self._back, BACK | self._thumb)
        where = f"{self._firmware.source} on {self._firmware.target.chip}"
        try:
            begin = self._firmware.address(RUN) | self._thumb
            self._uc.emu_start(begin, BACK, timeout=round(LONGEST_RUN * 1e6))
        except self._failure as error:
            if self._uc.reg_read(self._sp) < self._free:
                raise self._overflow() from error
            raise ModelError(f"{where}: its code crashes ({first_line(error)})") from error
        if self._uc.reg_read(self._pc) != BACK:
            raise ModelError(f"{where}: a row takes more than {LONGEST_RUN} s in the simulator")
        if self._uc.mem_read(self._free, GUARD) != self._guard:
            raise self._overflow()

    def _overflow(self) -> ModelError:
        target = self._firmware.target
        return ModelError(
            f"{self._firmware.source} on {target.chip}: its stack runs into its variables; "
            f"the chip has {target.ram:,} bytes of RAM"
        )

    def predictions(self) -> bytes:
        """What the function has left."""
        size = self._firmware.predictions_bytes
        return bytes(self._uc.mem_read(self._firmware.address(PREDICTIONS), size))
