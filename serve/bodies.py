"""The bodies of ``POST /models/NAME/predict``: JSON and CSV, as rows that a predictor takes."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson

from mlp_edge.serve.request_error import RequestError

JSON, CSV = "application/json", "text/csv"


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


def rows_of(kind: str, body: bytes) -> Any:
    """The rows in a body, as ``Predictor.predict`` takes them.

    Args:
        kind: its media type, without parameters; "" counts as JSON.
        body: an object by the features' names, one row; an array of such objects or of arrays;
            {"rows": such an array}; or CSV with the names in its first line.

    Raises:
        RequestError: 400 for a body that is none of these, 415 for another type.
    """
    if kind in ("", JSON):
        return _of_json(parsed_json(body))
    if kind == CSV:
        return _of_csv(body)
    raise RequestError(415, f"a body of the type {kind[:80]!r}; {JSON} or {CSV} would do")


def _of_json(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"rows"}:
        value = value["rows"]
    if isinstance(value, dict):
        if any(isinstance(cell, list | dict) for cell in value.values()):
            raise RequestError(
                400, "an object whose cells are arrays or objects; one number or text each would do"
            )
        return value
    if not isinstance(value, list) or not value:
        raise RequestError(
            400, "no rows; an object by the features' names, or an array of objects or arrays, "
            "would do",
        )  # fmt: skip
    kinds = {type(row) for row in value}
    if kinds not in ({dict}, {list}):
        raise RequestError(400, "an array of other things than objects, or than arrays")
    for place, row in enumerate(value):
        cells = row.values() if isinstance(row, dict) else row
        if any(isinstance(cell, list | dict) for cell in cells):
            raise RequestError(400, f"row {place} holds an array or an object where a cell belongs")
    return value


def _of_csv(body: bytes) -> dict[str, list[str]]:
    try:
        lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except UnicodeDecodeError as error:
        raise RequestError(400, f"the CSV is no UTF-8 (byte {error.start})") from error
    except csv.Error as error:
        raise RequestError(400, f"the body is no CSV: {error}") from error
    rows = [line for line in lines if line]
    if len(rows) < 2:
        raise RequestError(
            400, "the CSV has no rows; names in its first line and rows below would do"
        )
    names = rows[0]
    if len(set(names)) != len(names):
        raise RequestError(400, "two columns of the CSV have one name")
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != len(names):
            raise RequestError(
                400, f"row {number} of the CSV has {len(row)} cells, its first line {len(names)}"
            )
    return {name: [row[place] for row in rows[1:]] for place, name in enumerate(names)}
