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
from mlp_edge.keras_archive import Arrays, check_code, read_archive
from mlp_edge.keras_graph import features_of, is_wired, read_wiring
from mlp_edge.mlp import (
    ACTIVATIONS,
    DEFAULT_THRESHOLD,
    Dense,
    Floats,
    Mlp,
    Scaling,
    Task,
    identifier,
)

KERAS_EPSILON = 1e-7
"""Keras's ``epsilon()``: Normalization divides by max(sqrt(variance), epsilon)."""

READABLE = (
    "InputLayer, Normalization, Dense, Activation, ReLU, LeakyReLU, ELU, Softmax, Dropout and the "
    "noise layers"
)
ACTIVATION_LAYERS: dict[str, tuple[str, dict[str, float | None]]] = {
    "ReLU": ("relu", {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}),
    "LeakyReLU": ("leaky_relu", {"negative_slope": 0.2}),
    "ELU": ("elu", {"alpha": 1.0}),
    "Softmax": ("softmax", {"axis": -1}),
}
"""Layer class -> (activation, the parameters with which it is that activation)."""
ALIASES = {"swish": "silu"}
WITHOUT_EFFECT = ("InputLayer", "Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout")


class Network(NamedTuple):
    """What a .keras file holds: the numbers, without names."""

    encoding: Encoding
    scaling: Scaling | None
    layers: tuple[Dense, ...]
    clip: tuple[float, float] | None = None


@dataclass(frozen=True)
class _Layer:
    """A layer of the file: its Keras class, its settings and its variables in order."""

    kind: str
    name: str
    config: Mapping[str, Any]
    variables: tuple[Floats, ...]


def read_network(path: Path) -> Network:
    """Read what ``mlp-edge train`` wrote, a Sequential model, or a Functional one in one line.

    Raises:
        ModelError: naming the file and what in it cannot be read.
    """
    config, _, arrays = read_archive(path)
    try:
        if config["class_name"] == "Functional" and is_wired(config):
            encoding, clip = read_wiring(config)
            inner = next(entry for entry in config["config"]["layers"]
                         if entry["class_name"] == "Sequential")  # fmt: skip
            network = _network(list(_layers(inner, arrays, "layers/sequential/")))
            _check_fits(network, encoding)
            _check_built(inner, network)
            return network._replace(encoding=encoding, clip=clip)
        network = _network(list(_layers(config, arrays)))
        _check_built(config, network)
        return network
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError,
            StopIteration, RuntimeError) as error:  # fmt: skip
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


def _layers(config: Mapping[str, Any], arrays: Arrays, path: str = "") -> Iterator[_Layer]:
    """The layers in the order in which data flows, each with its variables.

    Args:
        config: of the model.
        arrays: of the file.
        path: of the model within them, ending in a slash; "" for the model itself.
    """
    kind = config["class_name"]
    if kind not in ("Sequential", "Functional"):
        raise ModelError(f"a {kind} model; a Sequential or a Functional one would do")
    entries = config["config"]["layers"]
    if kind == "Functional":
        _check_chain(entries, config["config"]["output_layers"])
    groups = _group_names([entry["class_name"] for entry in entries])
    for entry, group in zip(entries, groups, strict=True):
        names = (f"{path}layers/{group}/vars/{number}" for number in count())
        layer = _Layer(
            kind=entry["class_name"],
            name=entry["config"].get("name", group),
            config=entry["config"],
            variables=tuple(arrays[name] for name in takewhile(arrays.__contains__, names)),
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
    if declared != (outputs, inputs) or layer.config.get("lora_rank"):
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
            f"_{letter.lower()}" if i and letter.isupper() and not kind[i - 1].isupper()
            else letter.lower()
            for i, letter in enumerate(kind)
        )  # fmt: skip
        yield f"{snake}_{count}" if count else snake


def _check_chain(entries: list[Mapping[str, Any]], outputs: list[Any]) -> None:
    """Refuse a Functional model whose layers do not follow each other in one line."""
    previous = None
    for entry in entries:
        name = entry["config"]["name"]
        sources = list(_history(entry.get("inbound_nodes", [])))
        if sources != ([] if previous is None else [previous]):
            raise ModelError(f"layer {name!r} branches or merges; layers in one line would do")
        previous = name
    if outputs != [previous, 0, 0]:
        raise ModelError(f"its output is {outputs!r}; the last layer's, {previous!r}, would do")


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
                f"layer {layer.name!r} is a {layer.kind}, which mlp-edge does not read here; "
                f"it reads {READABLE}"
            )
    if not dense:
        raise ModelError("no Dense layer; an MLP has at least one")
    inputs = dense[0].inputs
    _check_inputs(layers, inputs)
    if scaling is not None and scaling.mean.size == 1 and inputs > 1:
        scaling = Scaling(
            mean=np.repeat(scaling.mean, inputs), deviation=np.repeat(scaling.deviation, inputs)
        )
    plain = Encoding.of([Feature(f"x{i}") for i in range(inputs)])
    return Network(plain, scaling, tuple(dense))


def _check_inputs(layers: list[_Layer], inputs: int) -> None:
    for layer in layers:
        shape = layer.config.get("batch_shape")
        if layer.kind == "InputLayer" and shape and shape[-1] != inputs:
            raise ModelError(f"it takes {shape[-1]!r} inputs, its first Dense layer {inputs}")


def _check_plain(layer: _Layer) -> None:
    """Refuse a layer that computes in another precision, and an input that is no table row."""
    policy = layer.config.get("dtype", "float32")
    policy = policy if isinstance(policy, str) else policy["config"]["name"]
    if policy != "float32":
        raise ModelError(f"layer {layer.name!r} computes in {policy}; float32 would do")
    shape = layer.config.get("batch_shape", [None, None])
    if layer.kind == "InputLayer" and len(shape) != 2:
        raise ModelError(
            f"layer {layer.name!r} takes {len(shape) - 1} dimensions per row; one, the features, "
            "would do"
        )


def _scaling(layer: _Layer) -> Scaling:
    if layer.config.get("invert") or layer.config.get("axis") not in (-1, [-1], 1, [1], None, []):
        raise ModelError(f"layer {layer.name!r} normalises backwards or along another axis")
    if len(layer.variables) >= 2:
        mean, variance = layer.variables[:2]
    elif layer.config.get("mean") is not None:
        mean, variance = np.asarray(layer.config["mean"]), np.asarray(layer.config["variance"])
    else:
        raise ModelError(f"layer {layer.name!r} has no mean: adapt() was never called")
    # The same float32 operations as Keras's, so that the deviation is the number it divides by.
    deviation = np.maximum(np.sqrt(variance.astype(np.float32)), np.float32(KERAS_EPSILON))
    return Scaling(mean=mean.astype(np.float32).reshape(-1), deviation=deviation.reshape(-1))


def _dense(layer: _Layer) -> Dense:
    if not layer.variables:
        raise ModelError(f"layer {layer.name!r} has no weights in the file")
    kernel = layer.variables[0]
    if kernel.ndim != 2 or kernel.dtype != np.float32:
        raise ModelError(
            f"layer {layer.name!r} has weights {kernel.dtype} {kernel.shape}; "
            "float32 (inputs, outputs) would do"
        )
    bias = layer.variables[1] if len(layer.variables) > 1 else np.zeros(kernel.shape[1], np.float32)
    return Dense(
        weights=np.ascontiguousarray(kernel.T),
        bias=np.ascontiguousarray(bias),
        activation=_activation(layer),
    )


def _activation(layer: _Layer) -> str:
    """The activation named in a layer's settings, by Keras's own names."""
    named = layer.config.get("activation", "linear")
    name = named if isinstance(named, str) else named.get("config", named.get("class_name"))
    name = ALIASES.get(str(name), name)
    if name not in ACTIVATIONS:
        raise ModelError(
            f"layer {layer.name!r} has the activation {named!r}, which mlp-edge does not know; "
            f"it knows {', '.join(ACTIVATIONS)}"
        )
    return str(name)


def _activated(dense: list[Dense], layer: _Layer) -> list[Dense]:
    """The layers so far, the last one with the activation that a layer of its own adds."""
    if layer.kind == "Activation":
        activation = _activation(layer)
    else:
        activation, expected = ACTIVATION_LAYERS[layer.kind]
        for key, value in expected.items():
            if layer.config.get(key, value) != value:
                raise ModelError(
                    f"layer {layer.name!r} is a {layer.kind} with {key} "
                    f"{layer.config[key]}; only {value} can be read"
                )
    if not dense or dense[-1].activation != "linear":
        raise ModelError(f"layer {layer.name!r} does not follow a Dense layer without activation")
    return [*dense[:-1], replace(dense[-1], activation=activation)]
