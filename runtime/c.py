"""C on this machine: a header, compiled by the host's compiler, loaded once, called on arrays.

It runs the very file that a device includes. The flags keep its float32 arithmetic as written, so
that the bits are those of the same header on a microcontroller.
"""

from __future__ import annotations

import _ctypes
import ctypes
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mlp_edge.card import Card
from mlp_edge.errors import MissingError, ModelError, TableError
from mlp_edge.mlp import Rows, check_name
from mlp_edge.runtime.runtime import Opened, Runtime

FLAGS = ("-std=c99", "-O2", "-ffp-contract=off")
"""Never -ffast-math. No fused multiply-add: the same bits on every machine."""

_COMPILERS = ("cc", "gcc", "clang")
_REMEDY = "no C compiler on this machine; apt-get install gcc brings one (or set CC)"
_PATIENCE = 300  # seconds for one compilation; a network of a million weights takes ten

# export/c.py writes this line last, so a header that has been cut short has none. The mark is
# spelled out in both files, because a runtime never imports an exporter.
_CARD = re.compile(r"^/\* mlp-edge-card (\{.*\}) \*/$", re.MULTILINE)

_SHIM = """\
#include <stddef.h>
#include "model.h"

void mlp_edge_rows(const float *rows, float *predictions, size_t count)
{{
    for (size_t row = 0; row < count; row++) {{
        {name}_predict(rows + row * {inputs}, predictions + row * {outputs});
    }}
}}
"""


def read_card(text: str, source: object) -> Card:
    """The card in the text of a header.

    Raises:
        ModelError: naming ``source``, when it holds no card, or one that makes no sense.
    """
    found = _CARD.search(text)
    if found is None:
        raise ModelError(
            f"{source}: not a header that mlp-edge export wrote, or not all of it (its last line, "
            "the card, is missing)"
        )
    try:
        card = Card.from_json(found.group(1), source)
    except TypeError as error:
        raise ModelError(f"{source}: its card makes no sense ({error})") from error
    _check_name(card.name, source)
    return card


def _check_name(name: object, source: object) -> None:
    # The name is about to be pasted into C.
    try:
        check_name(str(name))
    except ModelError as error:
        raise ModelError(f"{source}: its card calls the model {name!r}, no C identifier") from error


@contextmanager
def open_header(path: Path) -> Iterator[Opened]:
    """Compile a header and predict with it until the block ends.

    Compiling and calling a header runs what is written in it with the rights of this process.
    Whether to trust the file is for the caller to decide.

    Args:
        path: a header that ``mlp-edge export --format c`` wrote.

    Yields:
        Its prediction function and its card.

    Raises:
        ModelError: naming the file, when it cannot be read, is not such a header, is cut short,
            holds the weights only, or does not compile.
        MissingError: when there is no C compiler.
    """
    text = _read(path)
    card = read_card(text, path)
    inputs, outputs = _size(text, card, "INPUTS", path), _size(text, card, "OUTPUTS", path)
    if inputs != len(card.features):
        raise ModelError(f"{path}: takes {inputs} inputs, its card names {len(card.features)}")
    if f" {card.name}_predict(" not in text:
        raise ModelError(
            f"{path}: holds the weights only; a header exported without --weights-only would do"
        )
    with tempfile.TemporaryDirectory(prefix="mlp-edge-") as folder:
        shim = _SHIM.format(name=card.name, inputs=inputs, outputs=outputs)
        library = ctypes.CDLL(str(_compile(text, shim, Path(folder), path)))
        calls = _Calls(library, inputs, outputs)
        try:
            yield Opened(calls.predict, card)
        finally:
            calls.close()


class _Calls:
    """A loaded library; once closed it refuses instead of jumping to where the code was."""

    def __init__(self, library: ctypes.CDLL, inputs: int, outputs: int) -> None:
        self._library: ctypes.CDLL | None = library
        self._inputs = inputs
        self._outputs = outputs
        library.mlp_edge_rows.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
        library.mlp_edge_rows.restype = None

    def predict(self, rows: Rows) -> Rows:
        """Raw readings (n, inputs) float32 in, predictions (n, outputs) float32 out."""
        if self._library is None:
            raise ValueError("this model is closed; predict inside the with block that opened it")
        if rows.ndim != 2 or rows.shape[1] != self._inputs:
            raise TableError(f"the model takes rows of {self._inputs} readings, got {rows.shape}")
        given = np.ascontiguousarray(rows, dtype=np.float32)
        predictions = np.empty((len(given), self._outputs), dtype=np.float32)
        self._library.mlp_edge_rows(given.ctypes.data, predictions.ctypes.data, len(given))
        return predictions

    def close(self) -> None:
        """Unload the library: ctypes itself never does."""
        if self._library is not None:
            _ctypes.dlclose(self._library._handle)
            self._library = None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from error


def _size(text: str, card: Card, what: str, path: Path) -> int:
    found = re.search(rf"^#define {card.name.upper()}_{what} (\d{{1,7}})$", text, re.MULTILINE)
    if found is None or int(found.group(1)) == 0:
        raise ModelError(f"{path}: does not define {card.name.upper()}_{what}")
    return int(found.group(1))


def _compile(text: str, shim: str, folder: Path, path: Path) -> Path:
    (folder / "model.h").write_text(text, encoding="utf-8")
    (folder / "shim.c").write_text(shim, encoding="ascii")
    command = [*_compiler(), *FLAGS, "-shared", "-fPIC", "-o", "model.so", "shim.c"]
    try:
        result = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace",
            timeout=_PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"{path}: {command[0]} was not done after {_PATIENCE} s") from error
    except OSError as error:
        raise MissingError(f"{command[0]} does not start ({error.strerror}): {_REMEDY}") from error
    if result.returncode != 0:
        raise ModelError(f"{path}: does not compile: {_summary(result.stderr)}")
    return folder / "model.so"


def _summary(stderr: str) -> str:
    """The first error of a compiler, without the lines around it."""
    lines = [line for line in stderr.splitlines() if "error" in line] or stderr.splitlines()
    return lines[0].strip()[:200] if lines else "the compiler did not say why"


def _compiler() -> list[str]:
    chosen = shlex.split(os.environ.get("CC", ""))
    if chosen:
        return chosen
    for name in _COMPILERS:
        if shutil.which(name):
            return [name]
    raise MissingError(_REMEDY)


def missing() -> str | None:
    """None where a C compiler is at hand, otherwise what brings one."""
    try:
        compiler = _compiler()[0]
    except MissingError as error:
        return str(error)
    return None if shutil.which(compiler) else f"CC={compiler} is not a program; {_REMEDY}"


RUNTIME = Runtime(name="c", reads=".h", missing=missing, open=open_header)
