"""The kernels: C functions, one per file of ``firmware_headers/kernels/``, embedded verbatim.

A folder in there holds variants for one instruction set, which kernels include: ``avr/sum_int8``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

_INCLUDE = re.compile(r'^#include "([\w/]+)\.h"\n+', re.MULTILINE)
_READER = re.compile(r"\bMLP_EDGE_READ_(\w+)")
_DEFINES_READER = re.compile(r"#define MLP_EDGE_READ_(\w+)")
_EMPTY = re.compile(r"^#if.*\n#else\n#endif\n", re.MULTILINE)
_VERSION = re.compile(r"^#define MLP_EDGE_KERNELS (\d+)", re.MULTILINE)
_LINE = re.compile(r"(?:.*\\\n)*.*\n")
_EVERYWHERE = ("flash", "int24", "raw_line", "read", "text")
"""What is no kernel, and stands where the page wants it."""


def source(name: str) -> str:
    """A file of kernels as it is embedded: without the lines that include others of them."""
    return _INCLUDE.sub("", _file(name)).rstrip("\n") + "\n"


def embedded(names: Iterable[str], without: Iterable[str] = ()) -> list[str]:
    """The kernels of those names and all that they call, each once, callees first."""
    return [name for name in dict.fromkeys(_with_callees(names)) if name not in set(without)]


def every_kernel() -> list[str]:
    """All kernels, callees first."""
    folder = files("mlp_edge.firmware_headers").joinpath("kernels")
    names = sorted(file.name[:-2] for file in folder.iterdir() if file.name.endswith(".h"))
    return embedded(name for name in names if name not in _EVERYWHERE)


def prototype(name: str) -> str:
    """The declaration of a kernel, for callers that stand before its definition."""
    found = re.search(
        rf"^(static [^;{{}}]*\bmlp_edge_{name}\([^)]*\))\n{{", _file(name), re.MULTILINE
    )
    if found is None:
        raise ValueError(f"{name}.h defines no mlp_edge_{name}")
    return f"{found[1]};"


def readers_in(text: str) -> set[str]:
    """The readers of tables that a text uses, such as ``FLOAT``."""
    return set(_READER.findall(text))


def readers(wanted: set[str]) -> str:
    """``read.h`` with the readers that are wanted and no other; "" where none is."""
    lines = _LINE.findall(source("read"))
    kept = [line for line in lines if _defined(line) in (None, *wanted)]
    return _EMPTY.sub("", "".join(kept)) if wanted else ""


def version() -> int:
    """Of the kernels: models that are compiled together have to agree on it."""
    found = _VERSION.search(_file("flash"))
    if found is None:
        raise ValueError("flash.h defines no MLP_EDGE_KERNELS")
    return int(found[1])


def _defined(line: str) -> str | None:
    found = _DEFINES_READER.match(line)
    return None if found is None else found[1]


def _with_callees(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        included = _INCLUDE.findall(_file(name))
        yield from _with_callees(other for other in included if other not in _EVERYWHERE)
        yield name


@cache
def _file(name: str) -> str:
    folder = files("mlp_edge.firmware_headers").joinpath("kernels")
    return folder.joinpath(f"{name}.h").read_text(encoding="ascii")
