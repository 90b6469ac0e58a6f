"""Tensors of the Open Inference Protocol, in JSON and as bytes."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.serve.request_error import RequestError

NUMBERS: Mapping[str, str] = {
    "BOOL": "?", "UINT8": "<u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "<i1",
    "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
"""Datatype of the protocol -> dtype of NumPy, little-endian as on the wire."""
TEXT = "BYTES"


class Tensor(NamedTuple):
    """An input: its name and its values, numbers or str, of the shape that the request states."""

    name: str
    values: NDArray[Any]


def read_tensor(described: Any, raw: memoryview | None) -> tuple[Tensor, int]:
    """An input of a request.

    Args:
        described: its JSON object.
        raw: the bytes behind the JSON from this tensor on; None where there are none.

    Returns:
        The tensor, and how many of the bytes are its own.

    Raises:
        RequestError: 400, saying what is wrong with it.
    """
    if not isinstance(described, dict):
        raise RequestError(400, "an input that is no object")
    name, kind = described.get("name"), described.get("datatype")
    if not isinstance(name, str):
        raise RequestError(400, "an input without a name")
    if not isinstance(kind, str) or kind not in {TEXT, *NUMBERS}:
        raise RequestError(400, f"input {name[:80]!r} has the datatype {kind!r:.40}")
    shape = _shape(described.get("shape"), name)
    size = _binary_size(described, name)
    if size is None:
        return Tensor(name, _of_json(described.get("data"), name, kind, shape)), 0
    if raw is None or size > len(raw):
        raise RequestError(400, f"input {name[:80]!r} lacks some of its {size} bytes")
    return Tensor(name, _of_bytes(raw[:size], name, kind, shape)), size


def _shape(given: Any, name: str) -> tuple[int, ...]:
    right = isinstance(given, list) and len(given) in (1, 2)
    if not right or any(type(size) is not int or not 0 <= size < 2**31 for size in given):
        raise RequestError(
            400, f"input {name[:80]!r} has the shape {given!r:.60}; [rows, columns] would do"
        )
    return tuple(given)


def _binary_size(described: dict[str, Any], name: str) -> int | None:
    parameters = described.get("parameters") or {}
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if size is None:
        return None
    if type(size) is not int or size < 0 or "data" in described:
        raise RequestError(400, f"input {name[:80]!r} has the binary_data_size {size!r:.40}")
    return size


def _of_json(data: Any, name: str, kind: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """Values that stand in the JSON, flat or nested as the shape is; null is NaN."""
    if not isinstance(data, list):
        raise RequestError(400, f"input {name[:80]!r} has no data")
    flat = [cell for part in data for cell in (part if isinstance(part, list) else (part,))]
    nested = any(isinstance(part, list) for part in data)
    if nested and ({len(part) if isinstance(part, list) else -1 for part in data} - {shape[-1]}):
        raise RequestError(
            400, f"input {name[:80]!r} is nested otherwise than its shape {[*shape]}"
        )
    _check_count(name, len(flat), shape)
    if kind == TEXT:
        if not all(isinstance(cell, str) for cell in flat):
            raise RequestError(
                400, f"input {name[:80]!r} is {kind}, and holds other things than texts"
            )
        return np.array(flat, object).reshape(shape)
    wanted = bool if kind == "BOOL" else int if "INT" in kind else int | float | None
    if not all(
        isinstance(cell, wanted) and isinstance(cell, bool) == (kind == "BOOL") for cell in flat
    ):
        raise RequestError(400, f"input {name[:80]!r} is {kind}, and holds something else")
    numbers = [np.nan if cell is None else cell for cell in flat]
    try:
        with np.errstate(over="ignore"):
            return np.array(numbers, NUMBERS[kind]).reshape(shape)
    except OverflowError as error:
        raise RequestError(400, f"input {name[:80]!r} holds a number that is no {kind}") from error


def _of_bytes(raw: memoryview, name: str, kind: str, shape: tuple[int, ...]) -> NDArray[Any]:
    if kind == TEXT:
        texts = _texts(raw, name)
        _check_count(name, len(texts), shape)
        return np.array(texts, object).reshape(shape)
    dtype = np.dtype(NUMBERS[kind])
    _check_count(name, len(raw) / dtype.itemsize, shape)
    return np.frombuffer(raw, dtype).reshape(shape)


def _texts(raw: memoryview, name: str) -> list[str]:
    """Texts, each behind its length in four bytes."""
    texts, place = [], 0
    while place < len(raw):
        if place + 4 > len(raw):
            raise RequestError(400, f"input {name[:80]!r}: its texts are cut short")
        (length,) = struct.unpack_from("<I", raw, place)
        place += 4
        if place + length > len(raw):
            raise RequestError(400, f"input {name[:80]!r}: its texts are cut short")
        try:
            texts.append(bytes(raw[place : place + length]).decode())
        except UnicodeDecodeError as error:
            raise RequestError(400, f"input {name[:80]!r}: a text that is no UTF-8") from error
        place += length
    return texts


def _check_count(name: str, found: float, shape: tuple[int, ...]) -> None:
    expected = shape[0] * (shape[1] if len(shape) == 2 else 1)
    if found != expected:
        raise RequestError(
            400, f"input {name[:80]!r} holds {found:g} values, its shape {[*shape]} {expected}"
        )


def written(name: str, values: NDArray[Any], binary: bool) -> tuple[dict[str, Any], bytes]:
    """An output: its JSON object, and the bytes behind the JSON.

    Args:
        name: of the output.
        values: float32 numbers, or str or None.
        binary: whether the values follow as bytes; in JSON, what is not finite is null.
    """
    kind = "FP32" if values.dtype.kind == "f" else TEXT
    described: dict[str, Any] = {"name": name, "datatype": kind, "shape": [*values.shape]}
    flat = values.ravel()
    if not binary:
        described["data"] = flat.tolist()
        return described, b""
    if kind == TEXT:
        texts = [(text or "").encode() for text in flat]
        raw = b"".join(struct.pack("<I", len(text)) + text for text in texts)
    else:
        raw = flat.astype("<f4").tobytes()
    described["parameters"] = {"binary_data_size": len(raw)}
    return described, raw
