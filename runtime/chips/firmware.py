"""A header built into a small firmware for a chip, whose memories bound what it may take."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from mlp_edge.errors import InputError, ModelError
from mlp_edge.runtime.c import Header
from mlp_edge.runtime.chips.elf import Elf, read_elf
from mlp_edge.runtime.chips.targets import (
    FLASH_START,
    NOTHING,
    OPTIMISATIONS,
    RAM_START,
    Target,
    toolchain_missing,
)
from mlp_edge.runtime.compilers import compiled, summary

RUN, READINGS, PREDICTIONS = "mlp_edge_run", "mlp_edge_readings", "mlp_edge_predictions"
"""What harness/firmware.c calls its function and its arrays."""
AVR_VARIABLES = 0x800000
"""The linker tells an AVR's two address spaces apart by this offset."""

# A table that no 16-bit size can hold, and one that a near pointer cannot reach.
_TOO_FAR = re.compile(r"size of (?:array|variable) .* is too large|relocation truncated to fit")
_BEYOND = (
    "a pointer there reaches tables in the first 65,536 bytes of flash, and these take more; a "
    "smaller network, another dtype or another chip would do"
)
_TABLES_END = "__ctors_start"
"""Where the linker script of avr-libc has put every table."""
NEAR = 2**16
"""Bytes of flash that a pointer of an AVR reaches."""
_TOO_MANY = re.compile(r"#error .* bytes of tables; an AVR reads")
_FULL = re.compile(r"region `(text|flash|data|ram)'")


class Entry(NamedTuple):
    """A function of a header that a firmware calls.

    Attributes:
        function: its name behind the model's.
        call: as C, with the model's name to be filled in.
        reading: C type of a number that goes in.
        prediction: C type of one that comes out.
        single: whether one comes out whatever the outputs: a class.
    """

    function: str
    call: str
    reading: str
    prediction: str
    single: bool = False


_BYTES = {"float": 4, "int32_t": 4, "int16_t": 2}
PREDICT = Entry("predict", f"{{name}}_predict({READINGS}, {PREDICTIONS})", "float", "float")
PREDICT_RAW = Entry(
    "predict_raw", f"{{name}}_predict_raw({READINGS}, {PREDICTIONS})", "int16_t", "int32_t"
)
CLASSIFY_RAW = Entry(
    "classify_raw", f"*{PREDICTIONS} = {{name}}_classify_raw({READINGS})", "int16_t", "int32_t",
    single=True,
)  # fmt: skip


@dataclass(frozen=True)
class Firmware:
    """A linked firmware.

    Attributes:
        source: the header, for messages.
        target: the chip.
        elf: the program.
        inputs: readings per row.
        outputs: predictions per row.
        entry: the function that it calls.
    """

    source: Path
    target: Target
    elf: Elf
    inputs: int
    outputs: int
    entry: Entry = PREDICT

    @property
    def readings_bytes(self) -> int:
        """Of a row that goes in."""
        return _BYTES[self.entry.reading] * self.inputs

    @property
    def predictions_bytes(self) -> int:
        """Of what comes out."""
        return _BYTES[self.entry.prediction] * self.outputs

    def address(self, name: str) -> int:
        """Where a symbol is, in the address space that it belongs to."""
        value = self.elf.symbols[name]
        is_variable = self.target.is_avr and value >= AVR_VARIABLES
        return value - AVR_VARIABLES if is_variable else value


def build(
    header: Header,
    target: Target,
    opt: str = "Os",
    empty: bool = False,
    every_unit: bool = False,
    entry: Entry = PREDICT,
) -> Firmware:
    """Compile a header, word for word, and link it for a chip.

    Args:
        header: as ``read_header`` has checked it.
        target: the chip.
        opt: how to optimise, one of OPTIMISATIONS.
        empty: build the same firmware around nothing, which is what a model is measured against.
        every_unit: pass over nothing that a row may spare, such as an input of 0.
        entry: the function that it calls.

    Raises:
        InputError: for another ``opt``.
        ModelError: when it does not compile, or does not fit the chip.
        MissingError: when there is no compiler.
    """
    if opt not in OPTIMISATIONS:
        raise InputError(f"there is no optimisation {opt!r}; there are {', '.join(OPTIMISATIONS)}")
    outputs = 1 if entry.single else header.outputs
    with tempfile.TemporaryDirectory(prefix="mlp-edge-") as name:
        folder = Path(name)
        header.write(folder)
        for file in ("firmware.c", "chip.ld", "esp8266.ld", "pgmspace.h", "every_unit.h"):
            (folder / file).write_text(harness(file), encoding="ascii")
        command = [
            *target.command,
            f"-{opt}",
            f"-DMLP_EDGE_RUN={entry.call.format(name=header.card.name)}",
            f"-DMLP_EDGE_READING={entry.reading}",
            f"-DMLP_EDGE_PREDICTION={entry.prediction}",
            f"-DMLP_EDGE_INPUTS={header.inputs}",
            f"-DMLP_EDGE_OUTPUTS={outputs}",
            *(["-DMLP_EDGE_EMPTY"] if empty else []),
            *(["-include", "every_unit.h"] if every_unit else []),
            # Without a model nothing names them, and the linker would leave them out.
            f"-Wl,--undefined={READINGS},--undefined={PREDICTIONS}",
            *_memories(target),
            "-o",
            "firmware.elf",
            "firmware.c",
        ]
        complaint = compiled(command, folder, header.path, toolchain_missing(target) or "")
        if complaint:
            raise ModelError(f"{header.path}: {_reason(complaint, target)}")
        elf = read_elf((folder / "firmware.elf").read_bytes())
    if target.is_avr and elf.symbols[_TABLES_END] > NEAR:
        raise ModelError(f"{header.path}: does not fit the {target.chip}: {_BEYOND}")
    return Firmware(header.path, target, elf, header.inputs, outputs, entry)


def harness(name: str) -> str:
    """A file of ours that surrounds the header: firmware_headers/harness/."""
    folder = files("mlp_edge.firmware_headers").joinpath("harness")
    return folder.joinpath(name).read_text(encoding="ascii")


def _memories(target: Target) -> list[str]:
    """What tells the linker how large the memories are, and where."""
    if target.is_avr:  # with the linker script and the start-up code of avr-libc
        sizes = {"__TEXT_REGION_LENGTH__": target.flash, "__DATA_REGION_LENGTH__": target.ram}
        return [f"-Wl,--defsym={name}={value}" for name, value in sizes.items()]
    places = {
        "FLASH_START": FLASH_START,
        "FLASH_BYTES": target.flash,
        "RAM_START": RAM_START,
        "RAM_BYTES": target.ram,
    }
    symbols = [f"-Wl,--defsym=MLP_EDGE_{name}={value}" for name, value in places.items()]
    script = "esp8266.ld" if target.counts == NOTHING else "chip.ld"
    return ["-nostartfiles", "-T", script, *symbols]


def _reason(complaint: str, target: Target) -> str:
    """What a compiler or a linker complains about, in a sentence."""
    full = _FULL.search(complaint)
    if full:
        flash = full[1] in ("text", "flash")
        memory = f"{target.flash:,} bytes of flash" if flash else f"{target.ram:,} bytes of RAM"
        return (
            f"does not fit the {target.chip}: it takes more than its {memory}; "
            "a smaller network or another chip would do"
        )
    if _TOO_MANY.search(complaint):
        return f"does not fit the {target.chip}: {_BEYOND}"
    if _TOO_FAR.search(complaint):
        return (
            f"does not fit the {target.chip}: a pointer there reaches tables of at most 32,767 "
            "bytes; narrower layers or another chip would do"
        )
    return f"does not compile for {target.name}: {summary(complaint)}"
