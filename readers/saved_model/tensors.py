"""Numbers as TensorFlow stores them; field numbers and types are those of tensor.proto."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.readers.checks.onnx_checks import signed
from mlp_edge.readers.checks.protobuf import Message

FLOAT, DOUBLE, INT32, STRING, INT64, BOOL, BFLOAT16, HALF = 1, 2, 3, 7, 9, 10, 14, 19
DTYPES = {FLOAT: "<f4", DOUBLE: "<f8", INT32: "<i4", 4: "u1", 6: "i1", INT64: "<i8", BOOL: "?",
          BFLOAT16: "<u2", HALF: "<f2"}  # fmt: skip
"""DataType -> NumPy's dtype, that of bfloat16 for its bits."""
FLOATS = (FLOAT, DOUBLE, HALF, BFLOAT16)
NAMES = {FLOAT: "float32", DOUBLE: "float64", INT32: "int32", STRING: "text", INT64: "int64",
         BOOL: "bool", BFLOAT16: "bfloat16", HALF: "float16"}  # fmt: skip
FIELDS = {FLOAT: 5, DOUBLE: 6, STRING: 8, INT64: 10, BOOL: 11, HALF: 13, BFLOAT16: 13}
"""DataType -> the field of a tensor that lists its numbers; those of small integers are in 7."""
MOST_AXES, MOST_REPEATED = 8, 2**20
"""Of a tensor; numbers of one that are told once and repeated."""


def shape_of(shapes: Sequence[Message]) -> tuple[int, ...]:
    """The shape of a tensor; -1 for a size that is not told.

    Raises:
        ValueError: for more axes or larger ones than a network has.
    """
    if not shapes:
        return ()
    shape = tuple(signed(axis.number(1)) for axis in shapes[0].messages(2))
    if len(shape) > MOST_AXES or any(size >= 2**31 for size in shape):
        raise ValueError(f"a tensor of the shape {shape}"[:100])
    return shape


def array_of(tensor: Message) -> NDArray[Any]:
    """The numbers of a constant, float16 and bfloat16 as float32; texts as an array of objects.

    Raises:
        ValueError: in one line, for another type, or not as many as the shape asks for.
    """
    dtype, shape = tensor.number(1), shape_of(tensor.messages(2))
    if dtype not in (*DTYPES, STRING) or min(shape, default=0) < 0:
        raise ValueError(f"a tensor of type {dtype} and the shape {shape}"[:100])
    if dtype == STRING:
        numbers: NDArray[Any] = np.array(tensor.texts(8), object)
    elif tensor.has(4):
        numbers = in_numbers(tensor.joined(4), dtype)
    elif dtype in (FLOAT, DOUBLE):
        numbers = in_numbers(tensor.joined(FIELDS[dtype]), dtype)
    else:
        wide = np.array([signed(each) for each in tensor.numbers(FIELDS.get(dtype, 7))], np.int64)
        stored = np.dtype({HALF: "<u2"}.get(dtype, DTYPES[dtype]))
        numbers = in_numbers(wide.astype(stored).tobytes(), dtype)
    size = math.prod(shape)
    if numbers.size < size:  # the last one goes on to the end; none is 0
        if size > MOST_REPEATED:
            raise ValueError(f"a tensor of the shape {shape} that is told by {numbers.size}"[:100])
        last = numbers[-1] if numbers.size else np.zeros((), numbers.dtype)
        numbers = np.concatenate([numbers, np.full(size - numbers.size, last)])
    if numbers.size != size:
        raise ValueError(f"a tensor of the shape {shape} that holds {numbers.size} numbers"[:100])
    return numbers.reshape(shape)


def in_numbers(content: bytes, dtype: int) -> NDArray[Any]:
    """Bytes as the numbers that they are; float16 and bfloat16 as float32."""
    found = np.frombuffer(content, DTYPES[dtype])
    if dtype == BFLOAT16:
        return (found.astype("<u4") << 16).view("<f4")
    return found.astype(np.float32) if dtype == HALF else found
