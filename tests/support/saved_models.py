"""SavedModels as TensorFlow lays them out, written without it: a graph, its variables, an index.

What only TensorFlow looks at, the types of nodes, is left out.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mlp_edge.readers.checks.protobuf import varint as varint_of
from mlp_edge.readers.saved_model.checksum import masked_crc32c
from mlp_edge.readers.saved_model.variables import FOOTER, TRAILER

FLOAT, STRING = 1, 7
MAGIC = 0xDB4775248B80FB57
Value = bytes | int | str


def message(*fields: tuple[int, Value]) -> bytes:
    """A protobuf message: (number, value) of each field; an int as a varint."""
    found = b""
    for number, value in fields:
        if isinstance(value, int):
            found += varint(number << 3) + varint(value)
        else:
            content = value.encode() if isinstance(value, str) else value
            found += varint(number << 3 | 2) + varint(len(content)) + content
    return found


def varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def shape(*sizes: int) -> bytes:
    """Of a tensor; -1 is not told."""
    return message(*((2, message((1, size % 2**64))) for size in sizes))


def texts(*values: str) -> bytes:
    """The setting of a Const that holds texts."""
    tensor = message((1, STRING), (2, shape(len(values))), *((8, value) for value in values))
    return message((8, tensor))


def numbers(array: Any) -> bytes:
    """The setting of a Const that holds float32 numbers."""
    array = np.asarray(array, "<f4")
    return message((8, message((1, FLOAT), (2, shape(*array.shape)), (4, array.tobytes()))))


def node(name: str, operator: str, *inputs: str, **settings: bytes) -> bytes:
    attributes = [(5, message((1, key), (2, value))) for key, value in settings.items()]
    return message((1, name), (2, operator), *((3, each) for each in inputs), *attributes)


def calling(function: str) -> bytes:
    """The setting of a node that calls a function."""
    return message((10, message((1, function))))


def function(
    name: str, arguments: Sequence[str], results: Mapping[str, str], nodes: Sequence[bytes]
) -> bytes:
    ends = [(2, message((1, each))) for each in arguments]
    signature = message((1, name), *ends, *((3, message((1, each))) for each in results))
    returned = [(4, message((1, key), (2, value))) for key, value in results.items()]
    return message((1, signature), *((3, each) for each in nodes), *returned)


def write_saved_model(path: Path, variables: Mapping[str, Any]) -> Path:
    """A network of dense layers, relu between them, as ``model.export()`` of Keras 3 writes it.

    Args:
        path: of the directory.
        variables: name -> numbers: kernels (inputs, outputs) and biases in turn.
    """
    names = [*variables]
    keys = [f"variables/{number}/.ATTRIBUTES/VARIABLE_VALUE" for number in range(len(names))]
    body = layers(names)
    wrapped = node("call", "StatefulPartitionedCall", "x", *names, f=calling("network"))
    nodes = [
        *(node(name, "VarHandleOp") for name in names), node("serve_x", "Placeholder"),
        node("serve", "StatefulPartitionedCall", "serve_x", *names, f=calling("wrapper")),
        node("path", "Placeholder"),
        node("restore", "StatefulPartitionedCall", "path", *names, f=calling("restored")),
    ]  # fmt: skip
    functions = [
        function("network", ["x", *names], {"y": body[1]}, body[0]),
        function("wrapper", ["x", *names], {"y": "call:output:0"}, [wrapped]),
        function("restored", ["path", *names], {}, restoring(names, keys)),
    ]
    library = message(*((1, each) for each in functions))
    graph = message(*((1, each) for each in nodes), (2, library))
    inputs, outputs = (
        message((1, key), (2, message((1, place), (2, FLOAT), (3, shape(-1, width)))))
        for key, place, width in (
            ("x", "serve_x:0", len(np.asarray(variables[names[0]]))),
            ("y", "serve:0", np.asarray(variables[names[-1]]).size),
        )
    )
    signature = message((1, "serving_default"), (2, message((1, inputs), (2, outputs))))
    about = message((4, "serve"), (5, "2.21.0"))
    saver = message((1, "path:0"), (3, "restore:0"))
    whole = message((1, about), (2, graph), (3, saver), (5, signature))
    (path / "variables").mkdir(parents=True)
    (path / "saved_model.pb").write_bytes(message((1, 1), (2, whole)))
    write_variables(path / "variables", dict(zip(keys, variables.values(), strict=True)))
    return path


def layers(names: Sequence[str]) -> tuple[list[bytes], str]:
    """The nodes of dense layers, and the last one's result."""
    nodes, last = [], "x"
    for number, (kernel, bias) in enumerate(zip(names[::2], names[1::2], strict=True)):
        nodes += [
            node(f"{kernel}/read", "ReadVariableOp", kernel),
            node(f"{bias}/read", "ReadVariableOp", bias),
            node(f"product_{number}", "MatMul", last, f"{kernel}/read:value:0"),
            node(f"sum_{number}", "BiasAdd", f"product_{number}:product:0", f"{bias}/read:value:0"),
        ]
        last = f"sum_{number}:output:0"
        if 2 * number + 2 < len(names):
            nodes.append(node(f"relu_{number}", "Relu", last))
            last = f"relu_{number}:activations:0"
    return nodes, last


def restoring(names: Sequence[str], keys: Sequence[str]) -> list[bytes]:
    nodes = [
        node("names", "Const", value=texts(*keys)),
        node("slices", "Const", value=texts(*("" for _ in keys))),
        node("restore", "RestoreV2", "path", "names:output:0", "slices:output:0"),
    ]
    for number, name in enumerate(names):
        nodes += [
            node(f"number_{number}", "Identity", f"restore:tensors:{number}"),
            node(f"assign_{number}", "AssignVariableOp", name, f"number_{number}:output:0"),
        ]
    return nodes


def write_variables(folder: Path, arrays: Mapping[str, Any]) -> None:
    """The index and the one file of numbers."""
    entries, content = [("", message((1, 1)))], b""
    for key, array in sorted(arrays.items()):
        data = np.asarray(array, "<f4")
        place = message((1, FLOAT), (2, shape(*data.shape)), (4, len(content)), (5, data.nbytes))
        checksum = struct.pack("<BI", 6 << 3 | 5, masked_crc32c(data.tobytes()))
        entries.append((key, place + checksum))
        content += data.tobytes()
    (folder / "variables.data-00000-of-00001").write_bytes(content)
    table, first = _block(entries)
    index, second = _block([("~", _handle(0, first))])
    end = (_handle(0, 0) + _handle(len(table), second)).ljust(40, b"\0")
    table += index + end + struct.pack("<Q", MAGIC)
    (folder / "variables.index").write_bytes(table)


def with_checksums(index: bytes, original: bytes) -> bytes:
    """An index that was changed, its two blocks sealed again where they stood before."""
    if len(index) != len(original):
        return index
    place = len(original) - FOOTER
    _, place = varint_of(memoryview(original), place)
    _, place = varint_of(memoryview(original), place)
    start, place = varint_of(memoryview(original), place)
    size, _ = varint_of(memoryview(original), place)
    first, second = index[: start - TRAILER], index[start : start + size]
    return sealed(first) + sealed(second) + index[start + size + TRAILER :]


def _handle(offset: int, size: int) -> bytes:
    return varint(offset) + varint(size)


def _block(entries: Sequence[tuple[str, bytes]]) -> tuple[bytes, int]:
    """A block of a table with its trailer, and its size without."""
    block, before = b"", b""
    for text, value in entries:
        key = text.encode()
        same = next((at for at, (a, b) in enumerate(zip(before, key, strict=False)) if a != b),
                    min(len(before), len(key)))  # fmt: skip
        block += varint(same) + varint(len(key) - same) + varint(len(value)) + key[same:] + value
        before = key
    block += struct.pack("<II", 0, 1)  # one place where keys are whole, the first
    return sealed(block), len(block)


def sealed(block: bytes) -> bytes:
    """A block with its trailer: that it is not packed, and its checksum."""
    return block + b"\0" + struct.pack("<I", masked_crc32c(block + b"\0"))
