"""MicroPython: one module, which CircuitPython and Python run too; docs/reference/scripts.md."""

from __future__ import annotations

import re

import numpy as np

from mlp_edge.export.c.text import card_comment, commentable
from mlp_edge.export.exporter import Exporter
from mlp_edge.export.scripts.page import Page, filled, float_page, integer_page
from mlp_edge.export.scripts.statements import Array, Statement
from mlp_edge.integers.quantised import Quantised
from mlp_edge.mlp import Mlp
from mlp_edge.proof.checksum import BLANK, with_checksum

_CODES = {"int8": "b", "int16": "h", "int24": "i"}
"""Data type of weights -> its letter for Python's struct."""
_BYTES = {"int8": "<i1", "int16": "<i2", "int24": "<i4", "point": "<u2", "coefficient": "<i4"}
"""Kind of a table that stands as bytes -> that of its numbers."""
_PER_LINE = 22
"""Bytes of a literal on a line."""
_DECIMAL = re.compile(r'b"\{([^}]*)\}"')


def export(mlp: Mlp) -> bytes:
    """Write a model in float32 as a module for MicroPython.

    Args:
        mlp: the network.

    Returns:
        The module, ASCII, lines ended by a newline. The same model gives the same bytes.

    Raises:
        ModelError: when the reciprocal of a standard deviation is not a normal float32 number.
    """
    return _module(float_page(mlp))


def export_integers(mlp: Mlp, quantised: Quantised) -> bytes:
    """Write a model in integers as a module for MicroPython.

    Args:
        mlp: the network, under the name of the file.
        quantised: the same network in int8, int16 or int24.

    Returns:
        As ``export``.
    """
    return _module(integer_page(mlp, quantised))


def _module(page: Page) -> bytes:
    threshold = None if page.threshold is None else f"floats({_floats(page.mlp.threshold)})"
    rows = [*page.rows_of_bits()]
    content = filled(
        "model.py.jinja",
        [text],
        page.mlp,
        page=page,
        known=f"known = {page.body.known}",
        statements=[_statement(page, statement) for statement in page.body.statements],
        tables=[*map(_table, page.body.tables), *_clip(page)],
        kernels=[*map(_with_bits, page.kernels("kernels.py.txt", "f floats"))],
        integers=_CODES.get(page.dtype),
        threshold=threshold,
        golden=[(what, _row(row)) for what, row, _ in rows],
        predictions=[_row(row) for _, _, row in rows],
        checksum=BLANK.decode(),
        card=_comment(card_comment(page.card)),
    )
    return with_checksum(content.encode("ascii"))


def text(value: str) -> str:
    """A text as a literal of Python, in ASCII."""
    return ascii(value)


def _comment(lines: str) -> str:
    """A comment of C as one of Python; ``readers/script_file.py`` undoes it."""
    inner = lines.removeprefix("/* ").removesuffix("\n */").replace("\n * ", "\n# ")
    return f"# {inner}\n# end of the card"


def _statement(page: Page, statement: Statement) -> str:
    expression = statement.expression
    if page.mlp.clip is not None and not statement.value:
        # Decimal numbers are inexact on boards.
        expression = re.sub(r"^clip\([^,]*, [^,]*, ", "clip(CLIP, ", expression)
    return f"{statement.value} = {expression}" if statement.value else f"return {expression}"


def _clip(page: Page) -> list[str]:
    clip = page.mlp.clip
    return [] if clip is None else [f"CLIP = floats({_floats(clip)})"]


def _table(table: Array) -> str:
    comment = f"# {commentable(table.comment)}\n" if table.comment else ""
    if table.kind in _BYTES:
        kind = np.dtype(_BYTES[table.kind])
        return f"{comment}{table.name} = (\n{_lines(table.values.astype(kind).tobytes())}\n)"
    if table.kind == "float32":
        lines = _lines(table.values.astype("<f4").tobytes())
        if table.values.ndim > 1:
            return f"{comment}{table.name} = (\n{lines}\n)"
        return f"{comment}{table.name} = floats(\n{lines}\n)"
    return f"{comment}{table.name} = {tuple(table.values.ravel().tolist())}"


def _lines(data: bytes) -> str:
    pieces = [data[start : start + _PER_LINE] for start in range(0, len(data), _PER_LINE)]
    return "\n".join(f"    {_literal(piece)}" for piece in pieces)


def _literal(data: bytes) -> str:
    digits = "".join(f"\\x{byte:02x}" for byte in data)
    return f'b"{digits}"'


def _floats(values: object) -> str:
    return _literal(np.asarray(values, "<f4").tobytes())


def _row(bits: list[int]) -> str:
    return _literal(np.array(bits, "<u4").tobytes())


def _with_bits(kernel: str) -> str:
    """A function with its decimal numbers as the bytes of float32 numbers."""
    return _DECIMAL.sub(lambda found: _floats([float(one) for one in found[1].split()]), kernel)


EXPORTER = Exporter(
    name="micropython",
    suffix=".py",
    needs=None,
    export=export,
    integers=dict.fromkeys(_CODES, export_integers),
    asked=True,
)
