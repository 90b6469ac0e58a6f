"""Where each layer of a Keras model has its weights in a file: by numbers, or by names.

Keras 2.12 and later number the layers of each class: ``layers/dense_1/vars/0``. Keras 2.12 to 2.14
count those with weights twice, below ``_layer_checkpoint_dependencies``. HDF5 files of Keras 1 to 3
name layers and weights.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.readers.keras.calls import graph_of
from mlp_edge.readers.keras.config import GRAPHS, LINES, Entry, group_names, layers_inside
from mlp_edge.readers.keras.keras_1 import WEIGHTS as NAMES_1
from mlp_edge.readers.keras.network import KerasGraph, LayerCall, weight_names
from mlp_edge.readers.keras.walk import KerasLayer
from mlp_edge.readers.keras_archive import Arrays
from mlp_edge.readers.keras_layers import computes_in

FOLDER = "model_weights"
"""Where a whole HDF5 model keeps its weights; a file of weights alone keeps them at its top."""
NEWER_PLACE, OLDER_PLACE = "layers", "_layer_checkpoint_dependencies"
LORA = "lora_kernel_"
NUMBERED = re.compile(r"_\d+$")


def graph_with_weights(
    model: Mapping[str, Any], arrays: Arrays, keras: int | None, group: str = "",
    stock: bool = False,
) -> KerasGraph:  # fmt: skip
    """The calls of a model's layers in the order in which data flows, each with its weights.

    Args:
        model: with ``class_name`` and ``config``.
        arrays: of the file.
        keras: the generation that wrote it.
        group: where the model stands within the arrays, ending in a slash; "" for all of them.
        stock: whether every class has to say that it is Keras's own, as in a .keras file.

    Raises:
        ModelError: naming the layer whose weights are not those of its class, that is quantised,
            or that is not Keras's own.
    """
    below = _below(arrays)
    older = f"{group}{OLDER_PLACE}" in below
    numbered = stock or older or NEWER_PLACE in below
    counted_twice = dict(_older_groups(model, below.keys(), group, group)) if older else {}
    graph = graph_of(model, keras, group=group, stock=stock)
    layers: dict[tuple[str, ...], KerasLayer] = {}
    for entry, _ in graph.calls:
        if entry.place in layers:
            continue
        computes_in(entry.name, entry.config)  # a quantised layer has other arrays
        if numbered:
            place = counted_twice.get(entry.group, entry.group)
            weights = _by_number(entry, place, arrays)
        else:
            weights = _by_name(entry, below, arrays)
        layers[entry.place] = KerasLayer(
            entry.kind, entry.name, entry.config, keras, weights, entry.built
        )
    calls = [LayerCall(layers[entry.place], reads) for entry, reads in graph.calls]
    return KerasGraph(calls, graph.outputs, graph.names)


def _below(arrays: Arrays) -> Mapping[str, Sequence[str]]:
    """Each group -> the places of all arrays that it holds."""
    found: dict[str, list[str]] = {}
    for place in arrays:
        group = place.rpartition("/")[0]
        while group:
            found.setdefault(group, []).append(place)
            group = group.rpartition("/")[0]
    return found


def _older_groups(
    model: Mapping[str, Any], groups: Collection[str], newer: str, older: str
) -> Iterator[tuple[str, str]]:
    """(group in Keras 2.15 and 3, group in Keras 2.12 to 2.14) of every layer of a model.

    The latter list a layer as itself and, where it has weights, once more as one with weights.
    """
    listed = layers_inside(model)
    kinds = [entry["class_name"] for entry in listed]
    counts: dict[str, int] = {}
    for entry, name in zip(listed, group_names(kinds), strict=True):
        words = next(group_names([entry["class_name"]]))
        count = counts.get(words, 0)
        place = f"{older}{OLDER_PLACE}/{words}" + (f"_{count}" if count else "")
        group = f"{newer}{NEWER_PLACE}/{name}"
        counts[words] = count + (2 if place in groups else 1)
        yield group, place
        if entry["class_name"] in (*LINES, *GRAPHS):
            yield from _older_groups(entry, groups, f"{group}/", f"{place}/")


def _by_number(entry: Entry, group: str, arrays: Arrays) -> Arrays:
    """The weights of a layer by their order."""
    expected = weight_names(entry.kind, entry.config)
    found = {name: arrays.get(f"{group}/vars/{i}") for i, name in enumerate(expected)}
    if f"{group}/vars/{len(expected)}" in arrays and expected:
        raise ModelError(f"layer {entry.name!r} has more than {len(expected)} arrays in the file")
    return {name: array for name, array in found.items() if array is not None}


def _by_name(entry: Entry, below: Mapping[str, Sequence[str]], arrays: Arrays) -> Arrays:
    """The weights of a layer by their names.

    ``dense_1/dense_1_W``, ``dense_1/dense_1/kernel:0`` and ``dense_1/sequential/dense_1/kernel``
    stand for the same.
    """
    outer, name = entry.place[0], entry.place[-1]
    expected = weight_names(entry.kind, entry.config)
    found: dict[str, Any] = {}
    for place in (*below.get(f"{FOLDER}/{outer}", ()), *below.get(outer, ())):
        parts = place.removeprefix(f"{FOLDER}/").removeprefix(f"{outer}/").split("/")
        role = _role(parts[-1])
        nameless = parts == [role] and role in expected  # Keras 3.0, in models inside
        if len(entry.place) > 1 and not nameless and not any(_is_named(p, name) for p in parts):
            continue  # of another layer of the model inside
        if role in found:
            raise ModelError(f"layer {entry.name!r} has two arrays called {role[:40]!r}")
        found[role] = arrays[place]
    found = _with_lora(entry, found)
    strange = sorted({*found} - {*expected})
    if expected and strange:
        raise ModelError(
            f"layer {entry.name!r} has an array called {strange[0][:40]!r}, which mlp-edge does "
            "not know"
        )
    return found


def _with_lora(entry: Entry, weights: dict[str, Any]) -> dict[str, Any]:
    """A kernel with the two small matrices that were trained in its place, as Keras 3 adds them.

    In files that number their weights it has them already.
    """
    one, other = (weights.pop(f"{LORA}{part}", None) for part in ("a", "b"))
    if one is None or other is None or "kernel" not in weights:
        return weights
    rank, alpha = float(entry.config["lora_rank"]), entry.config.get("lora_alpha")
    share = (rank if alpha is None else float(alpha)) / rank
    kernel = weights["kernel"]
    added = share * one.astype(np.float64) @ other.astype(np.float64)
    return weights | {"kernel": (kernel + added).astype(kernel.dtype)}


def _is_named(part: str, name: str) -> bool:
    """Whether a part of a weight's place is a layer's name, or begins with it as Keras 1 had it."""
    return part == name or (
        part.startswith(f"{name}_") and part.removeprefix(f"{name}_").split(":")[0] in NAMES_1
    )


def _role(text: str) -> str:
    """``dense_1_W``, ``kernel:0`` and ``kernel_1:0`` -> kernel."""
    text = text.split(":")[0]
    if text.startswith(LORA):
        return text
    for older, newer in NAMES_1.items():
        if text == older or text.endswith(f"_{older}"):
            return newer
    for ending in ("gamma", "beta"):  # "bn_gamma" in Keras 1
        if text.endswith(f"_{ending}"):
            return ending
    return NUMBERED.sub("", text)
