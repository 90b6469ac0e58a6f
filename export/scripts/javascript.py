"""JavaScript: one ES module and its types, docs/reference/scripts.md describes it."""

from __future__ import annotations

import json

import numpy as np

from mlp_edge.export.c.text import card_comment, commentable, wrapped
from mlp_edge.export.exporter import Exporter
from mlp_edge.export.scripts.page import Page, filled, float_page, integer_page
from mlp_edge.export.scripts.statements import Array, Statement
from mlp_edge.integers.quantised import Quantised
from mlp_edge.mlp import Mlp
from mlp_edge.proof.checksum import BLANK, with_checksum

_ARRAYS = {
    "float32": "new Float32Array([\n{}\n]);",
    "int8": "new Int8Array([\n{}\n]);",
    "int16": "new Int16Array([\n{}\n]);",
    "int24": "new Int32Array([\n{}\n]);",
    "point": "new Uint16Array([\n{}\n]);",
    "coefficient": "new Int32Array([\n{}\n]);",
    "integer": "new Float64Array([\n{}\n]);",
    "index": "[\n{}\n];",
}
"""Kind of a table -> JavaScript around its numbers."""
_SPECIAL = {np.inf: "Infinity", -np.inf: "-Infinity"}


def export(mlp: Mlp) -> bytes:
    """Write a model in float32 as an ES module.

    Args:
        mlp: the network.

    Returns:
        The module, ASCII, lines ended by a newline. The same model gives the same bytes.

    Raises:
        ModelError: when the reciprocal of a standard deviation is not a normal float32 number.
    """
    return _module(float_page(mlp))


def export_integers(mlp: Mlp, quantised: Quantised) -> bytes:
    """Write a model in integers as an ES module.

    Args:
        mlp: the network, under the name of the file.
        quantised: the same network in int8, int16 or int24.

    Returns:
        As ``export``.
    """
    return _module(integer_page(mlp, quantised))


def export_types(mlp: Mlp) -> bytes:
    """Write what TypeScript and editors know of either module: the same for every dtype."""
    names = dict.fromkeys(text(feature.name) for feature in mlp.features)
    return filled("model.d.ts.jinja", [text], mlp, names=names).encode("ascii")


def _module(page: Page) -> bytes:
    rows = [*page.rows_of_bits()]
    content = filled(
        "model.js.jinja",
        [text, harmless],
        page.mlp,
        page=page,
        known=f"const known = {page.body.known};",
        statements=[*map(_statement, page.body.statements)],
        tables=[*map(_table, page.body.tables)],
        kernels=page.kernels("kernels.js"),
        golden=[(harmless(what), _row_of_bits(row)) for what, row, _ in rows],
        predictions=[_row_of_bits(row) for _, _, row in rows],
        checksum=BLANK.decode(),
        card=harmless(card_comment(page.card)),
    )
    return with_checksum(content.encode("ascii"))


def text(value: object) -> str:
    """A value as JavaScript: JSON in ASCII, which may also stand in a page's script element."""
    return json.dumps(value).replace("<", "\\u003c")


def harmless(line: str) -> str:
    """A line of a comment, which may also stand in a page's script element."""
    return line.replace("<", "\\u003c")


def _statement(statement: Statement) -> str:
    start = f"const {statement.value} = " if statement.value else "return "
    return f"{start}{statement.expression};"


def _table(table: Array) -> str:
    comment = f"/* {commentable(table.comment)} */\n" if table.comment else ""
    rows = table.values if table.values.ndim > 1 else table.values[None]
    lines = [wrapped("  ", [*map(_number, row.tolist())], ",", 2) for row in rows if row.size]
    numbers = "\n".join(lines)
    return f"{comment}const {table.name} = {_ARRAYS[table.kind].format(numbers)}"


def _number(value: float) -> str:
    """A number as JavaScript: of a float32, digits that read back as it."""
    if isinstance(value, int):
        return str(value)
    return "NaN" if np.isnan(value) else _SPECIAL.get(value, f"{value:.9g}")


def _row_of_bits(bits: list[int]) -> str:
    return wrapped("  [", [f"0x{one:08x}" for one in bits], "],", 3)


EXPORTER = Exporter(
    name="js",
    suffix=".js",
    needs=None,
    export=export,
    integers=dict.fromkeys(("int8", "int16", "int24"), export_integers),
    beside={".d.ts": export_types},
    asked=True,
)
