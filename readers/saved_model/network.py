"""A SavedModel directory as an ``Mlp``. TensorFlow is not needed, and nothing in it is run.

``model.export()`` of Keras, ``model.save(DIRECTORY)`` of Keras 2 and ``tf.saved_model.save`` write
one: a graph of TensorFlow's operators with signatures, and variables beside it.
"""

from __future__ import annotations

import struct
from pathlib import Path

from mlp_edge.errors import ModelError, first_line
from mlp_edge.readers.checks.protobuf import Message
from mlp_edge.readers.importing.imported import Imported, named
from mlp_edge.readers.operators.graph import Graph
from mlp_edge.readers.operators.inputs import Feed
from mlp_edge.readers.operators.network import read_graph
from mlp_edge.readers.saved_model.functions import Library, source_of
from mlp_edge.readers.saved_model.tensors import FLOAT, FLOATS, NAMES, shape_of
from mlp_edge.readers.saved_model.translation import Translation
from mlp_edge.readers.saved_model.variables import Variables
from mlp_edge.reading import read_file

GRAPH = "saved_model.pb"
SIGNATURES = ("serving_default", "serve")
"""Those that predict, the first one first; other programs may have others."""
IDLE = ("__saved_model_init_op", "__saved_model_train_op")
OPSET = 13
"""Of ONNX, in whose words the graph is read."""


def is_saved_model(path: Path) -> bool:
    """Whether a path is such a directory."""
    return (path / GRAPH).is_file()


def read_saved_model(path: Path) -> Imported:
    """The network of a SavedModel: what its serving signature computes.

    Args:
        path: the directory that holds saved_model.pb.

    Raises:
        ModelError: naming the directory and the node that cannot be read, its operator and the
            reason.
    """
    content = read_file(path / GRAPH)
    try:
        [model] = _serving(Message(memoryview(content)))
        library = Library(model.messages(2)[0])
        graph = _graph(path, model, library)
        network = read_graph(graph)
        mlp = named(path, network.layers, labels=network.labels)
        about = model.messages(1)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except (ValueError, IndexError, TypeError, KeyError, OverflowError, AttributeError,
            struct.error) as error:  # fmt: skip
        raise ModelError(
            f"{path}: not a SavedModel, or a damaged one ({first_line(error)})"
        ) from error
    version = about[0].text(5) if about else ""
    signed = f"TensorFlow {version}" if version else ""
    return Imported(mlp, "SavedModel", signed, tuple(graph.remarks), network.folded)


def _serving(model: Message) -> list[Message]:
    """The graph that predicts, of several; the others train."""
    graphs = model.messages(2)
    tagged = [each for each in graphs if "serve" in each.messages(1)[0].texts(4)]
    found = tagged or graphs
    if len(found) != 1:
        raise ModelError(f"it has {len(found)} graphs; one that is tagged 'serve' would do")
    return found


def _graph(path: Path, model: Message, library: Library) -> Graph:
    """The nodes of the signature, in the words of ONNX."""
    signature = _signature(model)
    inputs, outputs = (
        [each for entry in signature.messages(field) for each in entry.messages(2)]
        for field in (1, 2)
    )
    for ends, what in ((inputs, "inputs"), (outputs, "outputs")):
        if len(ends) != 1:
            raise ModelError(f"its signature has {len(ends)} {what}; one would do")
        kind = ends[0].number(2)
        if kind not in FLOATS:
            called = NAMES.get(kind, f"type {kind}")
            raise ModelError(f"its {what[:-1]} is {called}; float32 would do")
    [feed], [output] = inputs, outputs
    saver = model.messages(3)
    keys = library.restored(saver[0].text(3)) if saver else {}
    start, _ = source_of(feed.text(1))
    translation = Translation(library, keys, Variables(path), [start])
    [end] = translation.results([output.text(1)])
    shape = shape_of(feed.messages(3)) if feed.messages(3) else None
    sizes = None if shape is None else [None if size < 0 else size for size in shape]
    feeds = [Feed(start, FLOAT, sizes)]
    graph = Graph(translation.nodes, translation.constants, feeds, [end], OPSET)
    if feed.number(2) != FLOAT:
        graph.remarks.append(
            f"it computes in {NAMES[feed.number(2)]}; mlp-edge computes in float32"
        )
    return graph


def _signature(model: Message) -> Message:
    """The signature that predicts.

    Raises:
        ModelError: where there is none, or one of several that cannot be told from the others.
    """
    found = {entry.text(1): entry.messages(2)[0] for entry in model.messages(5)}
    names = [name for name in found if name not in IDLE]
    chosen = next((name for name in SIGNATURES if name in found), None)
    if chosen is None and len(names) != 1:
        called = ", ".join(repr(name[:40]) for name in names)[:120]
        raise ModelError(
            f"it has the signatures {called or 'none'}; one called {SIGNATURES[0]!r}, as "
            "model.export() of Keras writes it, would do"
        )
    return found[chosen or names[0]]
