"""Reading a .keras file without TensorFlow: a zip of JSON and HDF5.

Only the network matters here: names, labels and threshold come from model.json, or are made up
for a file that stands alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import count, takewhile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mlp_edge.encoding import Encoding
from mlp_edge.errors import ModelError, first_line
from mlp_edge.feature import Feature
from mlp_edge.mlp import Dense, Mlp, Scaling
from mlp_edge.readers.importing.chain import Layers
from mlp_edge.readers.importing.imported import named
from mlp_edge.readers.importing.keras_chain import KerasLayer, layers_of, weight_names
from mlp_edge.readers.importing.keras_config import entries
from mlp_edge.readers.keras_archive import Arrays, check_code, read_archive
from mlp_edge.readers.keras_graph import features_of, has_processing, read_processing
from mlp_edge.readers.keras_layers import (
    activation_of,
    check_stock,
    computes_in,
    generation,
)

OLDER_PLACE = "_layer_checkpoint_dependencies"


class Network(NamedTuple):
    """What a .keras file holds: the numbers, without names.

    Attributes:
        encoding: how raw readings become the inputs of the first layer.
        scaling: standardisation in front of the first layer, or None.
        layers: at least one.
        clip: lowest and highest prediction, or None.
        remarks: what the network is not as the file has it, a sentence each.
        folded: whether weights were multiplied together that the file has apart.
    """

    encoding: Encoding
    scaling: Scaling | None
    layers: tuple[Dense, ...]
    clip: tuple[float, float] | None = None
    remarks: tuple[str, ...] = ()
    folded: bool = False


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
            network = _network(_layers(inner, arrays, keras, "layers/sequential/"))
            _check_fits(network, encoding)
            _check_built(inner, network)
            return network._replace(encoding=encoding, clip=clip)
        network = _network(_layers(config, arrays, keras))
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
    layers = Layers(network.scaling, network.layers, network.clip)
    try:
        return named(path, layers, features_of(network.encoding))
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def _check_built(config: Mapping[str, Any], network: Network) -> None:
    """Refuse a model that Keras would build for other rows than its weights are for."""
    built = config.get("build_config") or {}
    inputs = network.layers[0].inputs
    for shape in (config["config"].get("build_input_shape"), built.get("input_shape")):
        if shape and math.prod(size for size in shape[1:] if size is not None) != inputs:
            raise ModelError(
                f"it is built for {str(shape[1:])[:40]} inputs, its first Dense layer takes "
                f"{inputs}"
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
) -> Iterator[KerasLayer]:
    """The layers in the order in which data flows, each with its variables.

    Args:
        config: of the model.
        arrays: of the file.
        keras: the generation that wrote it.
        path: of the model within them, ending in a slash; "" for the model itself.
    """
    if config["class_name"] == "Functional" and keras == 2:
        raise ModelError(
            "a Functional model of Keras 2, which Keras 3 does not open; a Sequential one would "
            "do, or one that was built and saved by Keras 3"
        )
    if any(name.startswith(f"{path}{OLDER_PLACE}/") for name in arrays):
        raise ModelError(
            f"its weights stand in {OLDER_PLACE}, as Keras 2.12 to 2.14 wrote them; loaded and "
            "saved again by Keras 2.15 or 3 it can be read"
        )
    for entry in entries(config, keras, group=path, stock=True):
        names = (f"{entry.group}/vars/{number}" for number in count())
        variables = [arrays[name] for name in takewhile(arrays.__contains__, names)]
        expected = weight_names(entry.kind, entry.config)
        computes_in(entry.name, entry.config)  # a quantised layer has other arrays
        if expected and len(variables) > len(expected):
            raise ModelError(
                f"layer {entry.name!r} has {len(variables)} arrays in the file; {len(expected)} "
                "would do"
            )
        layer = KerasLayer(
            entry.kind, entry.name, entry.config, keras,
            dict(zip(expected, variables, strict=False)),
        )  # fmt: skip
        if keras != 3 and entry.config.get("activation") == "hard_sigmoid":
            activation_of(entry.name, "hard_sigmoid", keras)  # Keras 3, which runs it, has another
        _check_declared(layer, entry.built)
        yield layer


def _check_declared(layer: KerasLayer, built: Any) -> None:
    """Refuse a dense layer that declares other widths than its weights have.

    Keras makes room for what is declared before it looks at the weights.
    """
    kernel = layer.weights.get("kernel")
    if kernel is None or kernel.ndim != 2:
        return
    inputs, outputs = kernel.shape
    if kernel.dtype != np.float32 and computes_in(layer.name, layer.config) == "float32":
        raise ModelError(
            f"layer {layer.name!r} has weights {kernel.dtype} {kernel.shape}; "
            "float32 (inputs, outputs) would do"
        )
    shape = built.get("input_shape") if isinstance(built, dict) else None
    declared = layer.config.get("units", outputs), inputs if shape is None else shape[-1]
    if declared != (outputs, inputs):
        raise ModelError(
            f"layer {layer.name!r} declares {declared[0]!r} units of {declared[1]!r} inputs, and "
            f"has weights for {outputs} of {inputs}"
        )


def _network(layers: Iterator[KerasLayer]) -> Network:
    found, remarks = layers_of(layers)
    plain = Encoding.of([Feature(f"x{i}") for i in range(found.layers[0].inputs)])
    return Network(plain, found.scaling, found.layers, found.clip, remarks, found.folded)
