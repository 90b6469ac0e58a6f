"""An .onnx file of any program as an ``Mlp``, where its graph is one of dense layers.

The package onnx is not needed, and nothing in the file is run.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

from mlp_edge.errors import ModelError, first_line
from mlp_edge.readers.checks.protobuf import Message
from mlp_edge.readers.importing.imported import MADE_UP, Imported, named
from mlp_edge.readers.operators.beside import Beside
from mlp_edge.readers.operators.graph import Graph, Node
from mlp_edge.readers.operators.inputs import Feed
from mlp_edge.readers.operators.network import Network, read_graph
from mlp_edge.readers.operators.tensors import FLOATS, NAMES, array_of
from mlp_edge.reading import read_file

OLDEST = 6
CARD = "weights_sha256"
"""Metadata that only our own exports have."""


def read_onnx_network(path: Path) -> Imported:
    """The network of an ONNX file.

    Raises:
        ModelError: naming the file and the node that cannot be read, its operator and the reason.
    """
    content = read_file(path)
    try:
        model = Message(memoryview(content))
        walk = _graph(model, Beside(path))
        found = read_graph(walk)
        mlp = named(path, found.layers, found.features, found.labels, found.targets)
        signed = f"{model.text(2)} {model.text(3).removesuffix(' None')}".strip()
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except (ValueError, IndexError, TypeError, KeyError, OverflowError, RecursionError,
            struct.error) as error:  # fmt: skip
        raise ModelError(
            f"{path}: not an ONNX model, or a damaged one ({first_line(error)})"
        ) from error
    return Imported(
        mlp, "ONNX", signed, tuple(walk.remarks), found.folded, made_up=_made_up(found),
        logarithms=found.layers.logarithms, unfolded=found.steps,
    )  # fmt: skip


def _made_up(found: Network) -> str:
    """What the file does not say."""
    if found.features is None:
        return MADE_UP
    if found.labels is None:
        return "the labels and the threshold are made up: the file has none"
    return "the threshold is made up: the file has none"


def _graph(model: Message, beside: Beside) -> Graph:
    """The graph of a file; raises ModelError for one with other ends than a table's."""
    [graph] = model.messages(7) or [Message(memoryview(b""))]
    if model.messages(20) or model.messages(25) or graph.messages(15):
        raise ModelError("it has functions, training or sparse tensors of its own")
    if any(entry.text(1) == CARD for entry in model.messages(14)):
        raise ModelError(
            "an export of mlp-edge; the model that it was exported from would do, as an "
            "export only predicts"
        )
    opsets = {entry.text(1): entry.number(2) for entry in model.messages(8)}
    opset = opsets.get("", opsets.get("ai.onnx", 0))
    if opset < OLDEST:
        raise ModelError(f"its opset is {opset}; {OLDEST} or later would do")
    constants = {}
    for tensor in graph.messages(5):
        try:
            constants[tensor.text(8)] = array_of(tensor, beside)
        except (ValueError, ModelError) as error:
            raise ModelError(f"initializer {tensor.text(8)[:80]!r}: {error}") from error
    feeds = [_feed(each) for each in graph.messages(11) if each.text(1) not in constants]
    if not feeds:
        raise ModelError("it has no inputs; one would do")
    nodes = [Node.of(message) for message in graph.messages(1)]
    found = Graph(nodes, constants, feeds, _outputs(graph), opset)
    kinds = {each.number(2) for each in graph.messages(5)} | {feed.kind for feed in feeds}
    found.remarks += [f"it computes in {NAMES[each]}; mlp-edge computes in float32"
                      for each in sorted(kinds & {*FLOATS} - {1})]  # fmt: skip
    return found


def _outputs(graph: Message) -> Sequence[str]:
    """The outputs that are numbers; beside them may stand the class that was chosen."""
    outputs = graph.messages(12)
    numbers = [each for each in outputs if _is_numbers(each)] or outputs[:1]
    if not numbers:
        raise ModelError("it has no outputs; one would do")
    return [each.text(1) for each in numbers]


def _feed(entry: Message) -> Feed:
    """An input, its type and its shape; None for a size, or a shape, that is not told."""
    tensors = [each for kind in entry.messages(2) for each in kind.messages(1)]
    if len(tensors) != 1:
        raise ModelError(f"its input {entry.text(1)[:80]!r} is no tensor")
    shapes = tensors[0].messages(2)
    sizes = [each.number(1) or None for each in shapes[0].messages(1)] if shapes else None
    return Feed(entry.text(1), tensors[0].number(1), sizes)


def _is_numbers(entry: Message) -> bool:
    """Whether an output is a tensor of floats, or of mappings from classes to them."""
    kinds = entry.messages(2)
    tensors = [each for kind in kinds for each in kind.messages(1)]
    return any(each.number(1) in FLOATS for each in tensors) or any(each.has(4) for each in kinds)
