"""The configuration of a Keras model of any version as layers in one line.

``model_config`` of an HDF5 file, ``model.to_json()`` and ``config.json`` of a .keras file say the
same in several ways: a Sequential's configuration is a list up to Keras 2.2.2 and a mapping later;
a Functional model was called Model before Keras 2.3, and names what a layer reads in lists, from
Keras 3 on in mappings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mlp_edge.errors import ModelError
from mlp_edge.readers.importing.keras_1 import modern
from mlp_edge.readers.keras_layers import check_stock

LINES = ("Sequential",)
GRAPHS = ("Functional", "Model")
HARMLESS = {"training": (None, False), "mask": (None,)}
"""Arguments of a call that change no prediction."""


class Entry(NamedTuple):
    """A layer of a configuration.

    Attributes:
        kind: its class, as Keras 2 and 3 call it.
        name: of the layer.
        config: its settings, as Keras 2 and 3 name them.
        place: names of the models around it and its own, from the outermost.
        group: where Keras 3 keeps its weights: "layers/dense_1".
        built: what Keras 3 says of the shapes that it was built for.
    """

    kind: str
    name: str
    config: Mapping[str, Any]
    place: tuple[str, ...]
    group: str
    built: Any


def version_of(config: Mapping[str, Any]) -> str:
    """The version of Keras that wrote an architecture, "" where it does not say."""
    version = config.get("keras_version")
    return version if isinstance(version, str) else ""


def entries(
    model: Mapping[str, Any], keras: int | None, place: tuple[str, ...] = (), group: str = "",
    stock: bool = False,
) -> Iterator[Entry]:  # fmt: skip
    """The layers of a model in the order in which data flows; models inside are unfolded.

    Args:
        model: with ``class_name`` and ``config``.
        keras: the generation that wrote it.
        place: names of the models around it.
        group: of the model, ending in a slash; "" for the outermost.
        stock: whether every class has to say that it is Keras's own, as in a .keras file.

    Raises:
        ModelError: naming the layer, for layers that are not in one line, and classes that are not
            Keras's own.
    """
    _check_class(model, stock)
    kind, config = model["class_name"], model["config"]
    if kind not in (*LINES, *GRAPHS):
        raise ModelError(f"a {str(kind)[:60]!r} model; a Sequential or a Functional one would do")
    listed = layers_inside(model)
    groups = dict(zip(map(id, listed), group_names([each["class_name"] for each in listed]),
                      strict=True))  # fmt: skip
    for entry in listed if kind in LINES else _in_line(config):
        _check_class(entry, stock)
        inside = f"{group}layers/{groups[id(entry)]}"
        if entry["class_name"] in (*LINES, *GRAPHS):
            name = _name(entry, groups[id(entry)])
            yield from entries(entry, keras, (*place, name), f"{inside}/", stock)
        else:
            name = _name(entry, groups[id(entry)])
            settings = modern(entry["class_name"], entry["config"], keras)
            built = entry.get("build_config")
            yield Entry(entry["class_name"], name, settings, (*place, name), inside, built)


def layers_inside(model: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The layers of a model in the order in which it lists them."""
    config = model["config"]
    found: Sequence[Mapping[str, Any]] = config if isinstance(config, list) else config["layers"]
    return found


def group_names(kinds: Sequence[str]) -> Iterator[str]:
    """The HDF5 group of each layer: Keras numbers the layers of a class, whatever their names."""
    seen: dict[str, int] = {}
    for kind in kinds:
        count = seen.get(kind, 0)
        seen[kind] = count + 1
        words = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", kind)
        snake = re.sub("([a-z0-9])([A-Z])", r"\1_\2", words).lower()
        yield f"{snake}_{count}" if count else snake


def _name(entry: Mapping[str, Any], otherwise: str) -> str:
    config = entry["config"]
    inside = config.get("name") if isinstance(config, dict) else None
    return str(entry.get("name") or inside or otherwise)


def _check_class(entry: Mapping[str, Any], stock: bool) -> None:
    """Refuse somebody's own class, where the file tells: Keras 1 and 2 name no module in HDF5."""
    if stock or entry.get("module") is not None or entry.get("registered_name") is not None:
        check_stock(entry)


def _in_line(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The layers of a Functional model from its input to its output.

    Raises:
        ModelError: naming the layer that branches, merges or is used again.
    """
    named = {_name(entry, ""): entry for entry in config["layers"]}
    if len(named) != len(config["layers"]):
        raise ModelError("two of its layers have the same name")
    readers: dict[str, list[str]] = {name: [] for name in named}
    starts = []
    for name, entry in named.items():
        sources = _sources(name, entry.get("inbound_nodes", []))
        for source in sources:
            readers[source].append(name)
        if not sources:
            starts.append(name)
    if len(starts) != 1:
        raise ModelError(f"it has the inputs {', '.join(map(repr, starts))[:120]}; one would do")
    name = starts[0]
    yield named[name]
    while readers[name]:
        if len(readers[name]) > 1:
            raise ModelError(
                f"layer {name!r} branches into {', '.join(map(repr, readers[name]))[:120]}; "
                "layers in one line would do"
            )
        [name] = readers[name]
        yield named[name]
    outputs = list(_calls(config["output_layers"]))
    if [call[0] for call in outputs] != [name]:
        raise ModelError(
            f"its outputs are {str([call[0] for call in outputs])[:80]}; the last layer's alone, "
            f"{name!r}, would do"
        )


def _sources(name: str, nodes: Any) -> list[str]:
    """The layers that one layer reads; none for an input.

    Raises:
        ModelError: where it is used more than once, reads several, or is called otherwise than a
            prediction would.
    """
    if len(nodes) > 1:
        raise ModelError(f"layer {name!r} is used {len(nodes)} times; once would do")
    if not nodes:
        return []
    if isinstance(nodes[0], Mapping):
        names, arguments = list(_history(nodes[0])), dict(nodes[0].get("kwargs", {}))
    else:
        calls = list(_calls(nodes[0]))
        names = [call[0] for call in calls]
        arguments = {key: value for call in calls for key, value in dict(*call[3:4]).items()}
    for key, value in arguments.items():
        if value not in HARMLESS.get(key, ()) and not any(_history(value)):
            raise ModelError(f"layer {name!r} is called with {str(key)[:40]}={value!r:.40}")
    if len(names) != 1:
        raise ModelError(
            f"layer {name!r} merges {', '.join(map(repr, names))[:120] or 'nothing'}; layers in "
            "one line would do"
        )
    return names


def _calls(value: Any) -> Iterator[list[Any]]:
    """[layer, node, tensor, arguments] of lists however deep, as Keras 1 to 3 nest them."""
    if isinstance(value, list):
        if value and isinstance(value[0], str):
            yield value
        else:
            for item in value:
                yield from _calls(item)


def _history(value: Any) -> Iterator[str]:
    """The layers that feed a node of Keras 3, wherever it nests them."""
    if isinstance(value, Mapping):
        if "keras_history" in value:
            yield value["keras_history"][0]
        else:
            for item in value.values():
                yield from _history(item)
    elif isinstance(value, list):
        for item in value:
            yield from _history(item)
