"""The kernels: C functions, one per file of ``firmware_headers/kernels/``, embedded verbatim.

A kernel is called by its name, ``sum_int8``, whatever folder its file is in. The variants for one
instruction set have the names of the kernels that include them, and are called by folder, too:
``avr/sum_int8``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

_INCLUDE = re.compile(r'^#include "([\w/]+)\.h"\n+', re.MULTILINE)
_READER = re.compile(r"\bMLP_EDGE_READ_(\w+)")
_DEFINES_READER = re.compile(r"#define MLP_EDGE_READ_(\w+)")
_EMPTY = re.compile(r"^#if.*\n#else\n#endif\n", re.MULTILINE)
_VERSION = re.compile(r"^#define MLP_EDGE_KERNELS (\d+)", re.MULTILINE)
_LINE = re.compile(r"(?:.*\\\n)*.*\n")
TYPES = {"mlp_edge_int24": ("int24",), "mlp_edge_multiplier": ("cortex/thumb", "multiplier")}
"""What defines the types that tables of integers may have, in front of them."""
_EVERYWHERE = ("flash", "int24", "multiplier", "raw_line", "read", "text")
"""What is no kernel, and stands where the page wants it."""
_VARIANTS = ("avr", "cortex")
"""The folders of variants."""
FOURS = "avr/fours_int8"
"""A variant that a header calls itself: it has a table of its own."""


def source(name: str) -> str:
    """A file of kernels as it is embedded: without the lines that include others of them."""
    return _INCLUDE.sub("", _file(name)).rstrip("\n") + "\n"


def embedded(names: Iterable[str], without: Iterable[str] = ()) -> list[str]:
    """The kernels of those names and all that they call, each once, callees first."""
    return [name for name in dict.fromkeys(_with_callees(names)) if name not in set(without)]


def every_kernel() -> list[str]:
    """All kernels, callees first."""
    return embedded(name for name in sorted(_paths()) if _is_kernel(name))


def path(name: str) -> str:
    """The file of a kernel, from ``firmware_headers/kernels/`` on: ``int8/sum_int8.h``."""
    return _paths()[name]


def function_of(name: str) -> str:
    """The name of a kernel in C, but for what all names begin with."""
    return name.replace("/", "_")


def prototype(name: str) -> str:
    """The declaration of a kernel, for callers that stand before its definition."""
    function = function_of(name)
    found = re.search(
        rf"^(static [^;{{}}]*\bmlp_edge_{function}\([^)]*\))\n{{", _file(name), re.MULTILINE
    )
    if found is None:
        raise ValueError(f"{name}.h defines no mlp_edge_{function}")
    return f"#ifdef MLP_EDGE_AVR\n{found[1]};\n#endif" if name == FOURS else f"{found[1]};"


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
        included = map(_name, _INCLUDE.findall(_file(name)))
        yield from _with_callees(other for other in included if other not in _EVERYWHERE)
        yield name


def _is_kernel(name: str) -> bool:
    return name == FOURS or ("/" not in name and name not in _EVERYWHERE)


def _name(path: str) -> str:
    folder, _, stem = path.rpartition("/")
    return path if folder in _VARIANTS else stem


@cache
def _paths() -> dict[str, str]:
    """The file of every name."""
    folder = _folder()
    inside = [f"{place.name}/{file.name}" for place in folder.iterdir() if place.is_dir()
              for file in place.iterdir()]  # fmt: skip
    found = [*inside, *(file.name for file in folder.iterdir() if file.is_file())]
    return {_name(file.removesuffix(".h")): file for file in sorted(found) if file.endswith(".h")}


@cache
def _file(name: str) -> str:
    return _folder().joinpath(path(name)).read_text(encoding="ascii")


def _folder() -> Traversable:
    return files("mlp_edge.firmware_headers").joinpath("kernels")
