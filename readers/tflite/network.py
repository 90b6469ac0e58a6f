"""A .tflite file of any program as an ``Mlp``; LiteRT is not needed."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from mlp_edge.errors import ModelError, first_line
from mlp_edge.feature import Feature
from mlp_edge.integers.asymmetric import HIGHEST, LOWEST, AsymmetricNetwork
from mlp_edge.readers.checks.tflite_checks import Graph, verified
from mlp_edge.readers.importing.imported import Imported, named
from mlp_edge.readers.operators.network import read_graph
from mlp_edge.readers.tflite.integers import UnreadError, holds_integers, read_integers
from mlp_edge.readers.tflite.translation import translated

CARD = "mlp_edge"
"""Metadata that only our own exports have."""


def read_tflite_network(path: Path, content: bytes, kind: str = "TFLite") -> Imported:
    """The network of a TFLite file.

    Args:
        path: the file, for messages and the name of the model.
        content: of the model, which may be an array in that file.
        kind: what the file is.

    Raises:
        ModelError: naming the file and the operator that cannot be read, and why.
    """
    try:
        model = verified(content)
        if CARD in model.metadata:
            raise ModelError(
                "an export of mlp-edge; the model that it was exported from would do, as an "
                "export only predicts"
            )
        if len(model.graphs) != 1:
            raise ModelError(f"it has {len(model.graphs)} graphs; one would do")
        integers, remarks = _integers(model.graphs[0])
        in_integers = integers is not None or bool(remarks)
        graph, said = translated(model.graphs[0], in_integers)
        network = read_graph(graph)
        features = None if integers is None else _features(integers)
        mlp = named(
            path, network.layers, features or network.features, network.labels, network.targets
        )
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except (ValueError, IndexError, TypeError, KeyError, OverflowError, struct.error) as error:
        raise ModelError(
            f"{path}: not a TFLite model, or a damaged one ({first_line(error)})"
        ) from error
    remarks += (*said, *graph.remarks)
    return Imported(
        mlp, kind, "", remarks, network.folded, integers=integers,
        logarithms=network.layers.logarithms, unfolded=network.steps,
    )  # fmt: skip


def _integers(graph: Graph) -> tuple[AsymmetricNetwork | None, tuple[str, ...]]:
    """The integers of a full-integer file, or what to say where they are not read as such."""
    if not holds_integers(graph):
        return None, ()
    try:
        return read_integers(graph), ()
    except UnreadError as error:
        return None, (
            f"it computes in int8, and {error}; exported are the numbers that its integers stand "
            "for, without the rounding between its layers",
        )


def _features(network: AsymmetricNetwork) -> list[Feature]:
    """One number per input, with the range that its integers reach."""
    low, high = network.given.numbers(np.array([LOWEST, HIGHEST])).tolist()
    return [Feature(f"x{number}", low, high) for number in range(1, network.inputs + 1)]
