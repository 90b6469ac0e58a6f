"""Kernels alone on a simulated AVR: bytes go in, bytes come out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlp_edge.runtime.chips.elf import read_elf
from mlp_edge.runtime.chips.firmware import PREDICT, Firmware, harness
from mlp_edge.runtime.chips.targets import AVR
from support.c_compiler import C99, CPP11, KERNELS, STRICT, run
from support.chips import BY_NAME, require

HOW = {
    "small": (*C99[1:], "-Os"),
    "fast": (*C99[1:], "-O2"),
    "fastest": (*C99[1:], "-O3"),
    "debugged": (*C99[1:], "-O0"),
    "linked whole": (*C99[1:], "-Os", "-flto"),
    "in C++": (*CPP11[1:], "-Os"),
    "in plain C": (*C99[1:], "-Os", "-DMLP_EDGE_PLAIN_C"),
}
"""Flags of the compiler."""
_MAIN = """\
#ifdef __cplusplus
extern "C" {
#endif
#include "firmware.c"
#ifdef __cplusplus
}
#endif
"""
Run = Callable[[bytes], bytes]


def table(name: str, kind: str, values: Iterable[object]) -> str:
    """A table in flash."""
    items = ", ".join(str(value) for value in values)
    return f"static const {kind} {name}[] MLP_EDGE_FLASH = {{{items}}};\n"


def float_table(name: str, values: NDArray[np.float32]) -> str:
    """A table of floats, exact."""
    return table(name, "float", (f"{float(value).hex()}f" for value in values))


@contextmanager
def program(folder: Path, text: str, inputs: int, outputs: int, *flags: str) -> Iterator[Run]:
    """A function ``void net_predict(const float *x, float *y)`` as something that can be called.

    Args:
        folder: to build in.
        text: C with that function, and what it includes.
        inputs: how many floats it is given; their bytes may be anything.
        outputs: how many floats there are to write over; every byte is 0xff before.
        flags: of the compiler.
    """
    chip = require(BY_NAME["avr"])
    (folder / "model.h").write_text("#include <string.h>\n" + text)
    (folder / "firmware.c").write_text(harness("firmware.c"))
    (folder / "main.c").write_text(_MAIN)
    run(folder, AVR.compiler, *AVR.flags, *flags, *STRICT, "-ffp-contract=off", f"-I{KERNELS}",
        f"-DMLP_EDGE_RUN={PREDICT.call.format(name='net')}", f"-DMLP_EDGE_INPUTS={inputs}",
        f"-DMLP_EDGE_READING={PREDICT.reading}", f"-DMLP_EDGE_PREDICTION={PREDICT.prediction}",
        f"-DMLP_EDGE_OUTPUTS={outputs}", "main.c", "-lm", "-o", "main.elf")  # fmt: skip
    elf = read_elf((folder / "main.elf").read_bytes())
    firmware = Firmware(folder / "main.elf", AVR, elf, inputs, outputs)
    with chip.start(firmware) as simulator:
        yield lambda given: simulator.predict(given.ljust(4 * inputs, b"\0"))
