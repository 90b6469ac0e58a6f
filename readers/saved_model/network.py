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
OUTPUT = " (output)"
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
        mlp = named(path, network.layers, network.features, network.labels, network.targets)
        version = "".join(each.text(5) for each in model.messages(1))
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except (ValueError, IndexError, TypeError, KeyError, OverflowError, AttributeError,
            struct.error) as error:  # fmt: skip
        raise ModelError(
            f"{path}: not a SavedModel, or a damaged one ({first_line(error)})"
        ) from error
    signed = f"TensorFlow {version}" if version else ""
    return Imported(
        mlp, "SavedModel", signed, tuple(graph.remarks), network.folded,
        unfolded=network.steps, logarithms=network.layers.logarithms,
    )  # fmt: skip


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
    inputs, outputs = (_ends(signature, field) for field in (1, 2))
    saver = model.messages(3)
    keys = library.restored(saver[0].text(3)) if saver else {}
    starts = {source_of(each.text(1))[0]: name for name, each in inputs.items()}
    translation = Translation(library, keys, Variables(path), starts)
    results = translation.results([each.text(1) for each in outputs.values()])
    for name, result in zip(outputs, results, strict=True):
        translation.rename(result, f"{name}{OUTPUT if name in inputs else ''}")
    feeds = [_feed(name, each) for name, each in inputs.items()]
    ends = [f"{name}{OUTPUT if name in inputs else ''}" for name in outputs]
    graph = Graph(translation.nodes, translation.constants, feeds, ends, OPSET)
    kinds = {each.number(2) for each in (*inputs.values(), *outputs.values())} - {FLOAT}
    graph.remarks += [f"it computes in {NAMES[kind]}; mlp-edge computes in float32"
                      for kind in sorted(kinds)]  # fmt: skip
    return graph


def _ends(signature: Message, field: int) -> dict[str, Message]:
    """The inputs or the outputs of a signature by their names, in the order of those.

    Raises:
        ModelError: for what are no floats.
    """
    found = {entry.text(1): entry.messages(2)[0] for entry in signature.messages(field)}
    for name, each in found.items():
        kind = each.number(2)
        if kind not in FLOATS:
            what, called = ("", "input", "output")[field], NAMES.get(kind, f"type {kind}")
            raise ModelError(f"its {what} {name[:60]!r} is {called}; float32 would do")
    return dict(sorted(found.items(), key=lambda item: _in_order(item[0])))


def _in_order(name: str) -> tuple[str, int]:
    """So that output_10 comes behind output_2, as the function gives them."""
    word = name.rstrip("0123456789")
    return word, int(name[len(word) :][:9] or 0)


def _feed(name: str, end: Message) -> Feed:
    shape = shape_of(end.messages(3)) if end.messages(3) else None
    return Feed(name, 1, None if shape is None else [size if size >= 0 else None for size in shape])


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
