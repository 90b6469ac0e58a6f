"""How much stack NAME_predict takes on each chip, as networks like it were measured to take.

``benchmarks/stack.py`` runs some hundreds of networks on simulated chips. What each takes beyond
its arrays depends on which kernels the compiler inlines where, so per chip and dtype a sum over the
kernels is fitted from above: the lowest one that no measurement exceeds. It is
``firmware_headers/stack.json``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from mlp_edge.export.c.text import WIDTH, wrapped

CHIPS = {
    "avr": "AVR",
    "cortex-m0": "Cortex-M0",
    "cortex-m3": "Cortex-M3",
    "cortex-m4": "Cortex-M4",
    "rv32": "RV32",
}
"""The chips of the table: their names in ``runtime/chips/targets.py``, and what a comment says."""
ASYMMETRIC = "asymmetric"
"""What the table calls a stranger's network in int8, beside the dtypes of our own."""
ALWAYS = "always"
GRAPH = "graph"
"""What counts as one more kernel where values have places of their own."""
_MOST = 3
"""A kernel that is called more often is inlined no differently."""
_START = " *   stack     "


def stack_bytes(dtype: str, calls: Counter[str], arrays: int, wider: int = 0) -> dict[str, int]:
    """Bytes of stack by chip, at most, with gcc at -Os.

    Args:
        dtype: of the header, or ``ASYMMETRIC``.
        calls: kernel -> how often the functions call it.
        arrays: bytes of the arrays that NAME_predict keeps on AVR.
        wider: how many more they take elsewhere.
    """
    return {
        chip: arrays
        + wider * (chip != "avr")
        + sum(_table()[chip][dtype].get(feature, 0) for feature in features(calls))
        for chip in CHIPS
    }


def features(calls: Counter[str]) -> Iterator[str]:
    """What the stack is a sum over: ``relu``, ``relu 2`` where it is called twice, and so on."""
    yield ALWAYS
    for kernel, count in calls.items():
        yield from (kernel if n == 1 else f"{kernel} {n}" for n in range(1, min(count, _MOST) + 1))


def stack_lines(name: str, dtype: str, calls: Counter[str], arrays: int, wider: int) -> str:
    """The lines of a header's comment that state the stack; for the rest see ``stack_bytes``."""
    found = stack_bytes(dtype, calls, arrays, wider)
    [first, *others] = [f"{found[chip]} on {shown}" for chip, shown in CHIPS.items()]
    facts = [first.replace(" on", " bytes on"), *others]
    indent = " *" + " " * (len(_START) - len(" *"))
    start = f"{_START}of {name}_predict, at most, with gcc -Os: "
    return wrapped(start, facts, "", len(indent), WIDTH).replace(
        "\n" + " " * len(indent), f"\n{indent}"
    )


@cache
def _table() -> dict[str, dict[str, dict[str, int]]]:
    """Chip -> dtype -> feature -> bytes."""
    text = files("mlp_edge.firmware_headers").joinpath("stack.json").read_text("ascii")
    table: dict[str, dict[str, dict[str, int]]] = json.loads(text)["bytes"]
    return table
