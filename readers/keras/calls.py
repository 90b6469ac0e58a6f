"""The calls of a Keras model's layers in the order in which data flows.

A Sequential model calls its layers one after the other. A Functional one says of each layer what
it reads, once for each use of it: in lists up to Keras 2, from Keras 3 on in mappings. Models
inside are unfolded: what calls them calls their layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.readers.keras.config import (
    GRAPHS,
    LINES,
    Entry,
    check_class,
    entry_of,
    group_names,
    layers_inside,
    name_of,
)

MOST_CALLS, DEEPEST = 10_000, 50
"""Calls of a model, those of models inside included, and models inside each other."""
HARMLESS = {"training": (None, False), "mask": (None,), "name": (None,)}
"""Arguments of a call that change no prediction."""

Tensor = tuple[str, int, int]
"""Layer, which of its calls, which of the results of that."""
CONSTANT = "_CONSTANT_VALUE"
"""The layer that Keras 2 names where a function is called with a constant."""
_Calls = Mapping[tuple[str, int], Sequence[Tensor | NDArray[Any]]]
"""Layer and which of its calls -> what that reads."""


class Call(NamedTuple):
    """One use of a layer.

    Attributes:
        entry: the layer.
        reads: what it is called with: numbers of earlier calls, and constants; () for what goes
            into the model.
    """

    entry: Entry
    reads: tuple[int | NDArray[Any], ...]


class Graph(NamedTuple):
    """A model as calls.

    Attributes:
        calls: each behind those that it reads; the inputs first, in their order.
        outputs: the numbers of the calls that the model predicts with.
        names: of the outputs, where it has several.
    """

    calls: Sequence[Call]
    outputs: tuple[int, ...]
    names: tuple[str, ...]


def graph_of(
    model: Mapping[str, Any], keras: int | None, group: str = "", stock: bool = False
) -> Graph:
    """The calls of a model's layers.

    Args:
        model: with ``class_name`` and ``config``.
        keras: the generation that wrote it.
        group: of the model in its file, ending in a slash; "" for the outermost.
        stock: whether every class has to say that it is Keras's own, as in a .keras file.

    Raises:
        ModelError: naming the layer, for calls that make no sense, and classes that are not
            Keras's own.
    """
    unfolding = _Unfolding(keras, stock)
    outputs = unfolding.model(model, (), group, None)
    config = model["config"]
    names = [str(name) for name, _ in _ends(config, "output_layers")] if (
        model["class_name"] in GRAPHS) else []  # fmt: skip
    return Graph(unfolding.calls, outputs, tuple(names) if len(outputs) > 1 else ())


class _Unfolding:
    def __init__(self, keras: int | None, stock: bool) -> None:
        self.calls: list[Call] = []
        self._keras, self._stock = keras, stock
        self._entries: dict[tuple[str, ...], Entry] = {}

    def model(
        self, model: Mapping[str, Any], place: tuple[str, ...], group: str,
        given: tuple[int, ...] | None,
    ) -> tuple[int, ...]:  # fmt: skip
        """Call the layers of a model; returns the numbers of the calls that it predicts with.

        Args:
            model: with ``class_name`` and ``config``.
            place: names of the models around it, and its own.
            group: in its file, ending in a slash.
            given: what it is called with; None for the outermost model.
        """
        check_class(model, self._stock)
        kind = model["class_name"]
        if kind not in (*LINES, *GRAPHS):
            raise ModelError(
                f"a {str(kind)[:60]!r} model; a Sequential or a Functional one would do"
            )
        if len(place) > DEEPEST:
            raise ModelError(f"{place[-1][:60]!r} is a model inside {DEEPEST} others")
        layers = layers_inside(model)
        groups = group_names([layer["class_name"] for layer in layers])
        found = {
            name_of(layer, name): _Layer(layer, (*place, name_of(layer, name)),
                                         f"{group}layers/{name}")
            for layer, name in zip(layers, groups, strict=True)
        }  # fmt: skip
        if len(found) != len(layers):
            raise ModelError("two of its layers have the same name")
        if kind in GRAPHS:
            return self._graph(model["config"], found, given)
        for layer in found.values():
            given = self._call(layer, given or ())
        return given or ()

    def _graph(
        self, config: Mapping[str, Any], layers: Mapping[str, _Layer],
        given: tuple[int, ...] | None,
    ) -> tuple[int, ...]:  # fmt: skip
        starts = [tensor for _, tensor in _ends(config, "input_layers")]
        outputs = [tensor for _, tensor in _ends(config, "output_layers")]
        if given is not None and len(given) != len(starts):
            raise ModelError(f"a model of {len(starts)} inputs is called with {len(given)}")
        calls: _Calls = {
            (name, index): list(_sources(name, node))
            for name, layer in layers.items()
            for index, node in enumerate(layer.config.get("inbound_nodes", []))
        }
        calls, outputs = _renumbered(layers, calls, outputs, self._keras)
        results: dict[Tensor, int] = {}
        for number, tensor in enumerate(starts):
            own = () if given is None else (given[number],)
            [results[tensor]] = self._call(_of(layers, tensor), own)
        for name, index in _ordered(layers, calls, {name for name, *_ in starts}, outputs):
            reads = tuple(
                results[each] if isinstance(each, tuple) else each for each in calls[name, index]
            )
            for place, result in enumerate(self._call(layers[name], reads)):
                results[name, index, place] = result
        missing = [name for name, *place in outputs if (name, *place) not in results]
        if missing:
            raise ModelError(f"its output is a result of {missing[0][:60]!r} that is not there")
        return tuple(results[tensor] for tensor in outputs)

    def _call(self, layer: _Layer, reads: tuple[int | NDArray[Any], ...]) -> tuple[int, ...]:
        if layer.config["class_name"] in (*LINES, *GRAPHS):
            given = tuple(each for each in reads if isinstance(each, int))
            return self.model(layer.config, layer.place, f"{layer.group}/", given or None)
        if len(self.calls) >= MOST_CALLS:
            raise ModelError(f"its layers are called more than {MOST_CALLS:,} times")
        if layer.place not in self._entries:
            check_class(layer.config, self._stock)
            self._entries[layer.place] = entry_of(
                layer.config, layer.place, layer.group, self._keras
            )
        self.calls.append(Call(self._entries[layer.place], reads))
        return (len(self.calls) - 1,)


class _Layer(NamedTuple):
    config: Mapping[str, Any]
    place: tuple[str, ...]
    group: str


def _of(layers: Mapping[str, _Layer], tensor: Tensor) -> _Layer:
    if tensor[0] not in layers:
        raise ModelError(f"it reads {tensor[0][:60]!r}, which is no layer of it")
    return layers[tensor[0]]


def _renumbered(
    layers: Mapping[str, _Layer], calls: _Calls, outputs: Sequence[Tensor], keras: int | None
) -> tuple[_Calls, list[Tensor]]:
    """Calls of models inside, counted from 0 as those of layers.

    Keras counts the one with which such a model was made, which no configuration lists: everywhere
    up to Keras 2, and from Keras 3 on where it names the outputs.
    """
    inside = [tensor for sources in calls.values() for tensor in sources if _is_tensor(tensor)]
    read, given = (inside, [*outputs]) if keras == 3 else ([*inside, *outputs],) * 2
    first = {
        name: [_first({index for other, index, _ in tensors if other == name},
                      len(layer.config.get("inbound_nodes", [])), default)
               for tensors, default in ((read, 0 if keras == 3 else 1), (given, 1))]
        for name, layer in layers.items()
        if layer.config["class_name"] in (*LINES, *GRAPHS)
    }  # fmt: skip

    def moved(tensor: Any, which: int) -> Any:
        if not _is_tensor(tensor) or tensor[0] not in first:
            return tensor
        name, index, place = tensor
        return name, index - first[name][which], place

    found = {call: [moved(each, 0) for each in sources] for call, sources in calls.items()}
    return found, [moved(each, 1) for each in outputs]


def _first(indices: set[int], count: int, default: int) -> int:
    """The number of the first of so many calls, by the numbers that others have for them."""
    if 0 in indices:
        return 0
    return 1 if count in indices else default


def _is_tensor(source: Any) -> bool:
    return isinstance(source, tuple)


def _ordered(
    layers: Mapping[str, _Layer], calls: _Calls, begun: set[str], outputs: Sequence[Tensor]
) -> Iterator[tuple[str, int]]:
    """The calls that the outputs need, in order.

    Args:
        layers: by their names.
        calls: what each call of a layer reads.
        begun: the layers that are inputs.
        outputs: of the model.

    Raises:
        ModelError: for a layer that is not there, is an input of its own, or reads its own result.
    """
    graph: dict[tuple[str, int], list[tuple[str, int]]] = {}
    waiting = [tensor[:2] for tensor in outputs]
    while waiting:
        name, index = waiting.pop()
        if name in begun or (name, index) in graph:
            continue
        _of(layers, (name, index, 0))
        if (name, index) not in calls:
            raise ModelError(f"call {index + 1} of layer {name[:60]!r} is not there")
        read = [each[:2] for each in calls[name, index] if isinstance(each, tuple)]
        graph[name, index] = [call for call in read if call[0] not in begun]
        waiting += read
    try:
        yield from TopologicalSorter(graph).static_order()
    except CycleError as error:
        raise ModelError(f"layer {error.args[1][0][0][:60]!r} reads its own result") from error


def _ends(config: Mapping[str, Any], key: str) -> list[tuple[str, Tensor]]:
    """(name, tensor) of the inputs or outputs, in the order in which Keras takes and gives them."""
    listed = config[key]
    if isinstance(listed, Mapping):  # by name, which Keras 3 sorts
        return [(name, _tensor(listed[name])) for name in sorted(listed)]
    return [(call[0], _tensor(call)) for call in _calls(listed)]


def _tensor(call: Sequence[Any]) -> Tensor:
    name, index, place = call[:3]
    return str(name), int(index), int(place)


def _sources(name: str, node: Any) -> Iterator[Tensor | NDArray[Any]]:
    """What one call of a layer reads.

    Raises:
        ModelError: where it is called otherwise than a prediction would.
    """
    if isinstance(node, Mapping):
        yield from _arguments(name, node["args"])
        arguments = dict(node.get("kwargs", {}))
    else:
        arguments = {}
        for call in _calls(node):
            yield np.asarray(call[2], np.float64) if call[0] == CONSTANT else _tensor(call)
            arguments |= dict(*call[3:4])
    for key, value in arguments.items():
        if key == "inputs":
            yield from _arguments(name, [value])
        elif key == "y":  # the second operand of a function
            yield from map(_tensor, _calls(value))
            yield from _arguments(name, [] if isinstance(value, list) else [value])
        elif key != "mask" and value not in HARMLESS.get(key, ()):
            raise ModelError(
                f"layer {name!r} is called with {str(key)[:40]}={value!r:.40}, which may change "
                "its predictions; a call without it would do"
            )


def _arguments(name: str, values: Sequence[Any]) -> Iterator[Tensor | NDArray[Any]]:
    """Results and constants among the arguments of Keras 3, wherever it nests them."""
    for value in values:
        if isinstance(value, list):
            yield from _arguments(name, value)
        elif isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__":
            yield _tensor(value["config"]["keras_history"])
        elif isinstance(value, Mapping) and value.get("class_name") == "__numpy__":
            yield np.asarray(value["config"]["value"], np.float64)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield np.asarray(value, np.float64)
        elif isinstance(value, Mapping) and value.get("class_name") == "__slice__":
            raise ModelError(
                f"layer {name!r} takes a part of what it reads, as x[:, 1:3]; an Input for each "
                "part would do, or the model as an ONNX file"
            )
        elif value is not None:
            raise ModelError(f"layer {name!r} is called with {value!r:.40}")


def _calls(value: Any) -> Iterator[list[Any]]:
    """[layer, call, result, arguments] of lists however deep, as Keras 1 to 3 nest them."""
    if isinstance(value, list):
        if value and isinstance(value[0], str):
            yield value
        else:
            for item in value:
                yield from _calls(item)
