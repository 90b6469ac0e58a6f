"""Reading a .keras file without TensorFlow: a zip of JSON and HDF5.

Only the network matters here: names, labels and threshold come from model.json, or are made up
for a file that stands alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count, takewhile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mlp_edge.encoding import Encoding
from mlp_edge.errors import ModelError, first_line
from mlp_edge.feature import Feature
from mlp_edge.mlp import (
    DEFAULT_THRESHOLD,
    Dense,
    Floats,
    Mlp,
    Scaling,
    Task,
    identifier,
)
from mlp_edge.processing import KERAS_EPSILON
from mlp_edge.readers.keras_archive import Arrays, check_code, read_archive
from mlp_edge.readers.keras_graph import features_of, has_processing, read_processing
from mlp_edge.readers.keras_layers import (
    ACTIVATION_LAYERS,
    activation_of,
    activation_of_layer,
    article,
    check_stock,
    computes_in,
    generation,
    settings,
)

READABLE = (
    "InputLayer, Normalization, Dense, Activation, ReLU, LeakyReLU, ELU, Softmax, Dropout and the "
    "noise layers"
)
OLDER_PLACE = "_layer_checkpoint_dependencies"
WITHOUT_EFFECT = ("InputLayer", "Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout")


class Network(NamedTuple):
    """What a .keras file holds: the numbers, without names."""

    encoding: Encoding
    scaling: Scaling | None
    layers: tuple[Dense, ...]
    clip: tuple[float, float] | None = None


@dataclass(frozen=True)
class _Layer:
    """A layer of the file.

    Attributes:
        kind: its class, one of Keras's own.
        name: in the model.
        config: its settings, as the file has them.
        variables: in order.
        keras: the generation of Keras that wrote it; None when unknown.
    """

    kind: str
    name: str
    config: Mapping[str, Any]
    variables: tuple[Floats, ...]
    keras: int | None

    @property
    def settings(self) -> dict[str, Any]:
        """Those that decide what it predicts."""
        return settings(self.kind, self.name, self.config, self.keras)


def read_network(path: Path) -> Network:
    """Read what ``mlp-edge train`` wrote, a Sequential model, or a Functional one in one line.

    Raises:
        ModelError: naming the file and what in it cannot be read.
    """
    config, version, arrays = read_archive(path)
    keras = generation(version)
    try:
        check_stock(config)
        if config["class_name"] == "Functional" and has_processing(config):
            encoding, clip = read_processing(config)
            inner = next(
                entry for entry in config["config"]["layers"] if entry["class_name"] == "Sequential"
            )
            network = _network(list(_layers(inner, arrays, keras, "layers/sequential/")))
            _check_fits(network, encoding)
            _check_built(inner, network)
            return network._replace(encoding=encoding, clip=clip)
        network = _network(list(_layers(config, arrays, keras)))
        _check_built(config, network)
        return network
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        IndexError,
        OverflowError,
        StopIteration,
        RuntimeError,
    ) as error:
        raise ModelError(
            f"{path}: its content makes no sense ({type(error).__name__}: {first_line(error)})"
        ) from error


def read_mlp(path: Path) -> Mlp:
    """A .keras file on its own as an Mlp: names and labels are made up, x1 … and class numbers.

    The task follows from the last layer: one sigmoid is binary, softmax multiclass, anything
    else a regression.

    Raises:
        ModelError: as ``read_network``.
    """
    network = read_network(path)
    last = network.layers[-1]
    task: Task = "regression"
    if last.activation == "softmax":
        task = "multiclass"
    elif last.activation == "sigmoid" and last.outputs == 1:
        task = "binary"
    classes = {"regression": 0, "binary": 2, "multiclass": last.outputs}[task]
    several = task == "regression" and last.outputs > 1
    try:
        return Mlp(
            name=identifier(path.stem),
            features=features_of(network.encoding),
            targets=tuple(f"y{i + 1}" for i in range(last.outputs)) if several else ("y",),
            labels=tuple(str(i) for i in range(classes)),
            task=task,
            threshold=DEFAULT_THRESHOLD,
            scaling=network.scaling,
            layers=network.layers,
            clip=network.clip,
        )
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def _check_built(config: Mapping[str, Any], network: Network) -> None:
    """Refuse a model that Keras would build for other rows than its weights are for."""
    built = config.get("build_config") or {}
    for shape in (config["config"].get("build_input_shape"), built.get("input_shape")):
        if shape and shape[-1] != network.layers[0].inputs:
            raise ModelError(
                f"it is built for {shape[-1]!r} inputs, its first Dense layer takes "
                f"{network.layers[0].inputs}"
            )


def check_loadable(path: Path, compiled: bool = False) -> None:
    """Refuse a .keras file that Keras itself had better not open.

    Args:
        path: the file.
        compiled: whether Keras will also read how it was trained.

    Raises:
        ModelError: when ``read_network`` cannot read it, or it would run code of its own.
    """
    read_network(path)
    check_code(path, compiled)


def _check_fits(network: Network, encoding: Encoding) -> None:
    if network.layers[0].inputs != encoding.width:
        raise ModelError(
            f"its first layer takes {network.layers[0].inputs} inputs, and {encoding.width} arrive"
        )


def _layers(
    config: Mapping[str, Any], arrays: Arrays, keras: int | None, path: str = ""
) -> Iterator[_Layer]:
    """The layers in the order in which data flows, each with its variables.

    Args:
        config: of the model.
        arrays: of the file.
        keras: the generation that wrote it.
        path: of the model within them, ending in a slash; "" for the model itself.
    """
    kind = config["class_name"]
    if kind not in ("Sequential", "Functional"):
        raise ModelError(f"a {kind} model; a Sequential or a Functional one would do")
    entries = config["config"]["layers"]
    if kind == "Functional" and keras == 2:
        raise ModelError(
            "a Functional model of Keras 2, which Keras 3 does not open; a Sequential one would "
            "do, or one that was built and saved by Keras 3"
        )
    if kind == "Functional":
        _check_chain(entries, config["config"]["output_layers"])
    for entry in entries:
        check_stock(entry)
    if any(name.startswith(f"{path}{OLDER_PLACE}/") for name in arrays):
        raise ModelError(
            f"its weights stand in {OLDER_PLACE}, as Keras 2.12 to 2.14 wrote them; loaded and "
            "saved again by Keras 2.15 or 3 it can be read"
        )
    groups = _group_names([entry["class_name"] for entry in entries])
    for entry, group in zip(entries, groups, strict=True):
        names = (f"{path}layers/{group}/vars/{number}" for number in count())
        layer = _Layer(
            kind=entry["class_name"],
            name=entry["config"].get("name", group),
            config=entry["config"],
            variables=tuple(arrays[name] for name in takewhile(arrays.__contains__, names)),
            keras=keras,
        )
        _check_declared(layer, entry.get("build_config"))
        yield layer


def _check_declared(layer: _Layer, built: Any) -> None:
    """Refuse a dense layer that declares other widths than its weights have.

    Keras makes room for what is declared before it looks at the weights.
    """
    if layer.kind != "Dense" or not layer.variables or layer.variables[0].ndim != 2:
        return
    inputs, outputs = layer.variables[0].shape
    shape = built.get("input_shape") if isinstance(built, dict) else None
    declared = layer.config.get("units", outputs), inputs if shape is None else shape[-1]
    if declared != (outputs, inputs):
        raise ModelError(
            f"layer {layer.name!r} declares {declared[0]!r} units of {declared[1]!r} inputs, and "
            f"has weights for {outputs} of {inputs}"
        )


def _group_names(kinds: list[str]) -> Iterator[str]:
    """The HDF5 group of each layer: Keras numbers the layers of a class, whatever their names."""
    seen: dict[str, int] = {}
    for kind in kinds:
        count = seen.get(kind, 0)
        seen[kind] = count + 1
        snake = "".join(
            f"_{letter.lower()}"
            if i and letter.isupper() and not kind[i - 1].isupper()
            else letter.lower()
            for i, letter in enumerate(kind)
        )
        yield f"{snake}_{count}" if count else snake


def _check_chain(entries: list[Mapping[str, Any]], outputs: list[Any]) -> None:
    """Refuse a Functional model whose layers do not follow each other in one line."""
    previous = None
    for entry in entries:
        name = entry["config"]["name"]
        sources = list(_history(entry.get("inbound_nodes", [])))
        if sources != ([] if previous is None else [previous]):
            raise ModelError(
                f"layer {name!r} is another input, or branches or merges; layers in one line would "
                "do"
            )
        previous = name
    if outputs not in ([previous, 0, 0], [[previous, 0, 0]]):
        raise ModelError(
            f"its outputs are {str(outputs)[:80]}; the last layer's alone, {previous!r}, would do"
        )


def _history(node: Any) -> Iterator[str]:
    """The names of the layers that feed a node, found wherever Keras nests them."""
    if isinstance(node, dict):
        if "keras_history" in node:
            yield node["keras_history"][0]
        else:
            for value in node.values():
                yield from _history(value)
    elif isinstance(node, list):
        for value in node:
            yield from _history(value)


def _network(layers: list[_Layer]) -> Network:
    scaling: Scaling | None = None
    dense: list[Dense] = []
    for layer in layers:
        _check_plain(layer)
        if layer.kind in WITHOUT_EFFECT:
            continue
        if layer.kind == "Normalization" and scaling is None and not dense:
            scaling = _scaling(layer)
        elif layer.kind == "Dense":
            dense.append(_dense(layer))
        elif layer.kind == "Activation" or layer.kind in ACTIVATION_LAYERS:
            dense = _activated(dense, layer)
        else:
            raise ModelError(
                f"layer {layer.name!r} is {article(layer.kind)}, which mlp-edge does not read "
                f"here; it reads {READABLE}"
            )
    if not dense:
        raise ModelError("no Dense layer; an MLP has at least one")
    inputs = dense[0].inputs
    _check_inputs(layers, inputs)
    if scaling is not None and scaling.mean.size == 1 and inputs > 1:
        scaling = Scaling(mean=np.repeat(scaling.mean, inputs), std=np.repeat(scaling.std, inputs))
    plain = Encoding.of([Feature(f"x{i}") for i in range(inputs)])
    return Network(plain, scaling, tuple(dense))


def _check_inputs(layers: list[_Layer], inputs: int) -> None:
    for layer in layers:
        shape = layer.settings["batch_shape"] if layer.kind == "InputLayer" else None
        if shape and shape[-1] != inputs:
            raise ModelError(f"it takes {shape[-1]!r} inputs, its first Dense layer {inputs}")


def _check_plain(layer: _Layer) -> None:
    """Refuse a layer that computes in another precision, and an input that is no table row."""
    policy = computes_in(layer.name, layer.config)
    if policy != "float32":
        raise ModelError(f"layer {layer.name!r} computes in {policy}; float32 would do")
    if layer.kind != "InputLayer":
        return
    shape = layer.settings["batch_shape"]
    if shape and len(shape) != 2:
        raise ModelError(
            f"layer {layer.name!r} takes {len(shape) - 1} dimensions per row; one, the features, "
            "would do"
        )
    if layer.settings["sparse"] or layer.settings["ragged"]:
        raise ModelError(f"layer {layer.name!r} takes sparse or ragged rows; full ones would do")


def _scaling(layer: _Layer) -> Scaling:
    found = layer.settings
    if found["invert"] or found["axis"] not in (-1, [-1], 1, [1], None, []):
        raise ModelError(f"layer {layer.name!r} normalises backwards or along another axis")
    given = found["mean"], found["variance"]
    if given != (None, None) and (None in given or layer.variables):
        raise ModelError(
            f"layer {layer.name!r} has a mean or a variance of its own, and not both, or others "
            "among its weights"
        )
    if given != (None, None):
        mean, variance = map(np.asarray, given)
    elif len(layer.variables) >= 2:
        mean, variance = layer.variables[:2]
    else:
        raise ModelError(f"layer {layer.name!r} has no mean: adapt() was never called")
    # The same float32 operations as Keras's, so that the deviation is the number it divides by.
    std = np.maximum(np.sqrt(variance.astype(np.float32)), np.float32(KERAS_EPSILON))
    return Scaling(mean=mean.astype(np.float32).reshape(-1), std=std.reshape(-1))


def _dense(layer: _Layer) -> Dense:
    if not layer.variables:
        raise ModelError(f"layer {layer.name!r} has no weights in the file")
    kernel = layer.variables[0]
    if kernel.ndim != 2 or kernel.dtype != np.float32:
        raise ModelError(
            f"layer {layer.name!r} has weights {kernel.dtype} {kernel.shape}; "
            "float32 (inputs, outputs) would do"
        )
    found, biases = layer.settings, layer.variables[1:]
    if found["use_bias"] not in (True, False) or len(biases) != found["use_bias"]:
        raise ModelError(
            f"layer {layer.name!r} has use_bias {found['use_bias']!r}, and beside its kernel "
            f"{len(biases)} arrays in the file"
        )
    return Dense(
        weights=np.ascontiguousarray(kernel.T),
        bias=np.ascontiguousarray(biases[0] if biases else np.zeros(kernel.shape[1], np.float32)),
        activation=activation_of(layer.name, found["activation"], layer.keras),
    )


def _activated(dense: list[Dense], layer: _Layer) -> list[Dense]:
    """The layers so far, the last one with the activation that a layer of its own adds."""
    if layer.kind == "Activation":
        activation = activation_of(layer.name, layer.settings["activation"], layer.keras)
    else:
        activation = activation_of_layer(layer.kind, layer.name, layer.config, layer.keras)
    if not dense or dense[-1].activation != "linear":
        raise ModelError(f"layer {layer.name!r} does not follow a Dense layer without activation")
    return [*dense[:-1], replace(dense[-1], activation=activation)]
