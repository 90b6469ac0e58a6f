"""C on this machine: a header, compiled by the host's compiler, loaded once, called on arrays.

It runs the very file that a device includes. The flags keep its float32 arithmetic as written, so
that the bits are those of the same header on a microcontroller.
"""

from __future__ import annotations

import _ctypes
import ctypes
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.card import Card
from mlp_edge.errors import ModelError, TableError
from mlp_edge.mlp import Floats, Predict, Rows
from mlp_edge.proof.accuracy import KERNELS
from mlp_edge.proof.golden import Golden
from mlp_edge.raw_units import RawUnits
from mlp_edge.readers.header_split import read_source
from mlp_edge.readers.header_text import read_card, written_tables
from mlp_edge.runtime.compilers import REMEDY, compiled, compiler, missing, summary
from mlp_edge.runtime.runtime import OfCounts, Opened, RawFunctions, Runtime
from mlp_edge.runtime.threads import threadsafe

FLAGS = ("-std=c99", "-O2", "-ffp-contract=off")
"""Never -ffast-math. No fused multiply-add: the same bits on every machine."""

_ITEM = re.compile(r"0x([0-9a-f]{8})u|(?<![\w.])([0-9][0-9.]*+(?:e[+-]?[0-9]++)?+)f")
_UNPROVED = np.finfo(np.float32).max
"""What a header writes for a bound that is infinite."""

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


_RAW_SHIM = """
void mlp_edge_raw_rows(const int16_t *rows, int32_t *outputs, size_t count)
{{
    for (size_t row = 0; row < count; row++) {{
        {name}_predict_raw(rows + row * {inputs}, outputs + row * {outputs});
    }}
}}
"""
_CLASSES_SHIM = """
void mlp_edge_raw_classes(const int16_t *rows, int32_t *classes, size_t count)
{{
    for (size_t row = 0; row < count; row++) {{
        classes[row] = {name}_classify_raw(rows + row * {inputs});
    }}
}}
"""


class Header(NamedTuple):
    """A header that can be compiled: its text, and what has been checked of it.

    Attributes:
        path: the file, for messages.
        text: what is compiled: all of it, or NAME.c of a model in three files.
        card: its card; the name in it is a C identifier.
        inputs: readings per row.
        outputs: predictions per row.
        files: name -> text of the three files of such a model, NAME.c first.
    """

    path: Path
    text: str
    card: Card
    inputs: int
    outputs: int
    files: Mapping[str, str] = {}

    @property
    def raw(self) -> RawUnits | None:
        """What the counts of NAME_predict_raw stand for; None of a header without it."""
        units = self.card.raw or RawUnits.counts(self.inputs)
        return units if self.has("predict_raw") else None

    def has(self, function: str) -> bool:
        """Whether there is a function of that name behind the model's."""
        return f" {self.card.name}_{function}(" in self.text

    def write(self, folder: Path) -> None:
        """Put it into a folder, where ``model.h`` includes it."""
        text = self.text
        if self.files:
            # In a folder of their own: the model itself may be called "model".
            (folder / "split").mkdir()
            for name, content in self.files.items():
                (folder / "split" / name).write_text(content, encoding="utf-8")
            text = f'#include "split/{next(iter(self.files))}"\n'
        (folder / "model.h").write_text(text, encoding="utf-8")


def read_header(path: Path) -> Header:
    """Read a header with a function that predicts, and check what is about to be pasted into C.

    Raises:
        ModelError: naming the file, when it cannot be read, is not a header that mlp-edge wrote,
            is cut short, or holds the weights only.
    """
    source = read_source(path)
    text = source.interface
    card = read_card(text, path)
    inputs, outputs = _size(text, card, "INPUTS", path), _size(text, card, "OUTPUTS", path)
    if inputs != len(card.features):
        raise ModelError(f"{path}: takes {inputs} inputs, its card names {len(card.features)}")
    if f" {card.name}_predict(" not in text:
        raise ModelError(f"{path}: holds the weights only; a header with its functions would do")
    if card.raw is not None:
        try:
            card.raw.check(card.features)
        except ModelError as error:
            raise ModelError(f"{path}: its card is damaged ({error})") from error
    return Header(path, source.program, card, inputs, outputs, source.files)


def read_golden(header: Header, fused: bool = False) -> Golden | None:
    """The golden rows of a header's self-test; None where it has none.

    Args:
        header: as ``read_header`` has checked it.
        fused: as on a chip whose dense kernel multiplies and adds in one rounding. Answers in
            float32 are within the header's own bounds there, and rows without one are left out.
            All others have the very bits, and the bounds are 0.

    Raises:
        ModelError: naming the file, when the tables do not belong together.
    """
    rows = _table(header, "GOLDEN", header.inputs)
    predictions = _table(header, "GOLDEN_PREDICTIONS", header.outputs)
    if predictions is None:  # as older headers call it
        predictions = _table(header, "GOLDEN_ANSWERS", header.outputs)
    bounds = _bounds(header, predictions)
    if rows is None or predictions is None or bounds is None:
        return None
    if not len(rows) == len(predictions) == len(bounds):
        raise ModelError(f"{header.path}: its golden rows are damaged (tables of different sizes)")
    if not fused:
        return Golden(rows, predictions, np.zeros(predictions.shape))
    proved = (bounds < _UNPROVED).all(axis=1)
    return Golden(rows[proved], predictions[proved], bounds[proved].astype(np.float64))


def _bounds(header: Header, predictions: Floats | None) -> Floats | None:
    """How far predictions may be off where something is fused: not at all in integers."""
    if header.card.dtype == "float32":
        return _table(header, "GOLDEN_BOUNDS", header.outputs)
    return None if predictions is None else np.zeros_like(predictions)


def _table(header: Header, what: str, width: int) -> Floats | None:
    """A table (n, width) of float32 numbers, or of their bits; None where it is not there."""
    name = f"{header.card.name.upper()}_{what}"
    found = written_tables(header.text, header.path).get(name)
    if found is None:
        return None
    items = _ITEM.findall(found.body)
    if len(found.sizes) != 2 or found.sizes[1] != width or len(items) != found.sizes[0] * width:
        raise ModelError(f"{header.path}: its golden rows are damaged ({name})")
    try:
        numbers = [
            np.uint32(int(bits, 16)).view(np.float32) if bits else np.float32(digits)
            for bits, digits in items
        ]
    except ValueError as error:
        raise ModelError(f"{header.path}: its golden rows are damaged ({name})") from error
    return np.array(numbers, np.float32).reshape(-1, width)


@contextmanager
def open_header(path: Path) -> Iterator[Opened]:
    """Compile a header and predict with it until the block ends.

    Compiling and calling a header runs what is written in it with the rights of this process.
    Whether to trust the file is for the caller to decide.

    Args:
        path: a header that ``mlp-edge export`` wrote.

    Yields:
        Its prediction function, its card and its golden rows.

    Raises:
        ModelError: naming the file, when it cannot be read, is not such a header, is cut short,
            holds the weights only, or does not compile.
        MissingError: when there is no C compiler.
    """
    header = read_header(path)
    golden = read_golden(header)
    with tempfile.TemporaryDirectory(prefix="mlp-edge-") as folder:
        library = ctypes.CDLL(str(_compile(header, Path(folder))))
        try:
            with ExitStack() as stack:
                predict = _caller(library, header.inputs, header.outputs)
                shared = stack.enter_context(threadsafe(path, predict))
                raw = _raw_functions(header, library, stack)
                yield Opened(shared, header.card, golden, raw)
        finally:
            _ctypes.dlclose(library._handle)  # ctypes itself never unloads


def checked_counts(counts: NDArray[Any], inputs: int) -> NDArray[np.int16]:
    """Counts (n, inputs) as int16, C order.

    Raises:
        TableError: for an array of any other shape or type.
    """
    if counts.ndim != 2 or counts.shape[1] != inputs or counts.dtype != np.int16:
        raise TableError(
            f"the model takes rows of {inputs} int16 counts, got {counts.shape} of {counts.dtype}"
        )
    return np.ascontiguousarray(counts)


def checked_rows(rows: Rows, inputs: int) -> Rows:
    """Raw readings (n, inputs) as float32, C order.

    Raises:
        TableError: for rows of any other shape.
    """
    if rows.ndim != 2 or rows.shape[1] != inputs:
        raise TableError(f"the model takes rows of {inputs} readings, got {rows.shape}")
    return np.ascontiguousarray(rows, dtype=np.float32)


def _caller(library: ctypes.CDLL, inputs: int, outputs: int) -> Predict:
    """A function of rows; it keeps nothing between calls, nor does the header."""
    library.mlp_edge_rows.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    library.mlp_edge_rows.restype = None

    def predict(rows: Rows) -> Rows:
        given = checked_rows(rows, inputs)
        predictions = np.empty((len(given), outputs), dtype=np.float32)
        library.mlp_edge_rows(given.ctypes.data, predictions.ctypes.data, len(given))
        return predictions

    return predict


def _raw_functions(header: Header, library: ctypes.CDLL, stack: ExitStack) -> RawFunctions | None:
    """The functions for counts, until the stack is left; None where the header has none."""
    if header.raw is None:
        return None
    path, classify = header.path, None
    predict = _counter(library.mlp_edge_raw_rows, header.inputs, (header.outputs,))
    if header.has("classify_raw"):
        one = _counter(library.mlp_edge_raw_classes, header.inputs, ())
        classify = stack.enter_context(threadsafe(path, one))
    return RawFunctions(header.raw, stack.enter_context(threadsafe(path, predict)), classify)


def _counter(function: Any, inputs: int, width: tuple[int, ...]) -> OfCounts:
    """A function of counts (n, inputs) that gives int32 numbers (n, *width)."""
    function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    function.restype = None

    def count(counts: NDArray[np.int16]) -> NDArray[np.int32]:
        given = checked_counts(counts, inputs)
        found = np.empty((len(given), *width), dtype=np.int32)
        function(given.ctypes.data, found.ctypes.data, len(given))
        return found

    return count


def _size(text: str, card: Card, what: str, path: Path) -> int:
    found = re.search(rf"^#define {card.name.upper()}_{what} (\d{{1,7}})$", text, re.MULTILINE)
    if found is None or int(found.group(1)) == 0:
        raise ModelError(f"{path}: does not define {card.name.upper()}_{what}")
    return int(found.group(1))


def _compile(header: Header, folder: Path) -> Path:
    parts = [_SHIM]
    if header.raw is not None:
        parts += [_RAW_SHIM, *([_CLASSES_SHIM] if header.has("classify_raw") else [])]
    names = {"name": header.card.name, "inputs": header.inputs, "outputs": header.outputs}
    shim = "".join(part.format(**names) for part in parts)
    header.write(folder)
    (folder / "shim.c").write_text(shim, encoding="ascii")
    command = [*compiler(), *FLAGS, "-shared", "-fPIC", "-o", "model.so", "shim.c"]
    complaint = compiled(command, folder, header.path, REMEDY)
    if complaint:
        raise ModelError(f"{header.path}: does not compile: {summary(complaint)}")
    return folder / "model.so"


RUNTIME = Runtime(name="c", reads=".h", missing=missing, open=open_header, accuracy=KERNELS)
