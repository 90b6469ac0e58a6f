"""The bodies of ``POST /models/NAME/predict``: JSON and CSV, as rows that a predictor takes."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from itertools import chain
from typing import Any

import orjson

from mlp_edge.serve import arrow
from mlp_edge.serve.request_error import RequestError, check_rows
from mlp_edge.serve.settings import ServeSettings

JSON, CSV = "application/json", "text/csv"
FORM = "application/x-www-form-urlencoded"
"""What curl calls a body that is typed behind ``-d``."""
PLAIN = frozenset((int, float, str, bool, type(None)))
"""What JSON has for cells."""


def parsed_json(body: bytes) -> Any:
    """What a body of JSON holds.

    Raises:
        RequestError: 400, for what is no JSON: NaN and infinities are none, nor is what is
            nested deeply.
    """
    try:
        return orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise RequestError(400, f"the body is no JSON: {str(error)[:200]}") from error


def rows_of(kind: str, body: bytes, names: Sequence[str], settings: ServeSettings) -> Any:
    """The rows in a body, as ``Predictor.predict`` takes them.

    Args:
        kind: its media type, without parameters; "" and ``FORM`` count as JSON.
        body: an object by the features' names, one row; an array of such objects or of arrays;
            {"rows": such an array}; CSV with the names in its first line; or an Arrow stream.
        names: of the features.
        settings: rows of a request, and bytes of it.

    Raises:
        RequestError: 400 for a body that is none of these, 413 for too many rows, 415 for another
            type.
    """
    if kind in ("", JSON, FORM):
        return _of_json(parsed_json(body), settings.max_rows)
    if kind == CSV:
        return _of_csv(body)
    if kind == arrow.ARROW:
        return arrow.rows_of(body, names, settings)
    told = f"{JSON}, {CSV} or {arrow.ARROW} would do"
    raise RequestError(415, f"a body of the type {kind[:80]!r}; {told}")


def _of_json(value: Any, most_rows: int) -> Any:
    if isinstance(value, dict) and value.keys() == {"rows"}:
        value = value["rows"]
    if isinstance(value, dict):
        if not PLAIN.issuperset(map(type, value.values())):
            raise RequestError(
                400, "an object whose cells are arrays or objects; one number or text each would do"
            )
        return value
    if not isinstance(value, list) or not value:
        raise RequestError(
            400, "no rows; an object by the features' names, or an array of objects or arrays, "
            "would do",
        )  # fmt: skip
    check_rows(len(value), most_rows)
    kinds = {type(row) for row in value}
    if kinds not in ({dict}, {list}):
        raise RequestError(400, "an array of other things than objects, or than arrays")
    if kinds == {list} and len({*map(len, value)}) > 1:
        width = len(value[0])
        place = next(n for n, row in enumerate(value) if len(row) != width)
        raise RequestError(400, f"row {place} has {len(value[place])} cells, row 0 has {width}")
    rows = [*map(dict.values, value)] if kinds == {dict} else value
    if not PLAIN.issuperset(map(type, chain.from_iterable(rows))):
        place = next(n for n, row in enumerate(rows) if not PLAIN.issuperset(map(type, row)))
        raise RequestError(400, f"row {place} holds an array or an object where a cell belongs")
    return value


def _of_csv(body: bytes) -> dict[str, list[str]]:
    try:
        text = io.StringIO(body.decode("utf-8-sig"), newline="")
        # Line by line, for other threads to have a turn.
        lines = [line for line in csv.reader(text, strict=True)]  # noqa: C416
    except UnicodeDecodeError as error:
        raise RequestError(400, f"the CSV is no UTF-8 (byte {error.start})") from error
    except csv.Error as error:
        raise RequestError(400, f"the body is no CSV: {error}") from error
    while lines and not lines[-1]:
        lines.pop()
    rows = [line for line in lines if line]
    if len(rows) < 2:
        raise RequestError(
            400, "the CSV has no rows; names in its first line and rows below would do"
        )
    names = rows[0]
    if len(names) == 1 and [] in lines[lines.index(names) :]:
        raise RequestError(
            400, 'a blank line among the rows of a CSV of one column; a missing reading is ""'
        )
    if len(set(names)) != len(names):
        raise RequestError(400, "two columns of the CSV have one name")
    for number, row in enumerate(rows[1:]):
        if len(row) != len(names):
            raise RequestError(
                400, f"row {number} of the CSV has {len(row)} cells, its first line {len(names)}"
            )
    return {name: [row[place] for row in rows[1:]] for place, name in enumerate(names)}
