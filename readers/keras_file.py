"""Reading a .keras file without TensorFlow: a zip of JSON and HDF5.

Only the network matters here: names, labels and threshold come from model.json, or are made up
for a file that stands alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mlp_edge.encoding import Encoding
from mlp_edge.errors import ModelError, OpeningError, first_line
from mlp_edge.feature import Feature
from mlp_edge.mlp import Dense, Mlp, Scaling
from mlp_edge.readers.importing.imported import Imported, named
from mlp_edge.readers.keras.network import KerasNetwork, network_of
from mlp_edge.readers.keras.walk import KerasLayer
from mlp_edge.readers.keras.weights import OLDER_PLACE, graph_with_weights
from mlp_edge.readers.keras_archive import Archive, Arrays, check_code, mappings, read_archive
from mlp_edge.readers.keras_graph import features_of, has_processing, is_mlp, read_processing
from mlp_edge.readers.keras_layers import (
    check_stock,
    computes_in,
    generation,
)


class Network(NamedTuple):
    """What a .keras file holds: the numbers, without names.

    Attributes:
        encoding: how raw readings become the inputs of the first layer.
        found: what its layers compute.
    """

    encoding: Encoding
    found: KerasNetwork

    @property
    def scaling(self) -> Scaling | None:
        """Standardisation in front of the first layer, or None."""
        return self.found.layers.scaling

    @property
    def layers(self) -> tuple[Dense, ...]:
        """At least one."""
        return self.found.layers.layers

    @property
    def heads(self) -> tuple[int, ...]:
        """The layers that predict; () is the last one."""
        return self.found.layers.heads

    @property
    def clip(self) -> tuple[float, float] | None:
        """Lowest and highest prediction, or None."""
        return self.found.layers.clip


def read_network(path: Path) -> Network:
    """Read what ``mlp-edge train`` wrote, or a Sequential or Functional model of anybody.

    Raises:
        ModelError: naming the file and what in it cannot be read.
    """
    return _network_in(path, read_archive(path))


def _network_in(path: Path, archive: Archive) -> Network:
    config, version, arrays = archive
    keras = generation(version)
    try:
        check_stock(config)
        if config["class_name"] == "Functional" and has_processing(config):
            encoding, clip = read_processing(config)
            inner = next(entry for entry in config["config"]["layers"] if is_mlp(entry))
            group = f"layers/{inner['class_name'].lower()}/"
            network = _network(inner, arrays, keras, group)
            _check_fits(network, encoding)
            _check_built(inner, network)
            layers = network.found.layers._replace(clip=clip, steps=None)
            return Network(encoding, network.found._replace(layers=layers))
        network = _network(config, arrays, keras)
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
    """A .keras file on its own as an Mlp, with made-up names; see ``read_keras``."""
    return read_keras(path).mlp


def read_keras(path: Path) -> Imported:
    """A .keras file on its own: names and labels are made up, x1 … and class numbers.

    The task follows from the last layer: one sigmoid is binary, softmax multiclass, anything
    else a regression.

    Raises:
        ModelError: as ``read_network``.
    """
    return imported(path, read_archive(path))


def imported(path: Path, archive: Archive) -> Imported:
    """What a .keras file would hold, wherever it is; see ``read_keras``.

    Args:
        path: for messages, and the name of the model.
        archive: its configuration and weights.
    """
    encoding, (layers, remarks, targets) = _network_in(path, archive)
    try:
        mlp = named(path, layers, features_of(encoding), targets=targets)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    signed = f"Keras {archive.version}" if archive.version else ""
    return Imported(
        mlp, "Keras", signed, remarks, layers.folded,
        unfolded=layers.steps, logarithms=layers.logarithms,
    )  # fmt: skip


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
        OpeningError: when Keras 3 does not run it as the Keras 2 that wrote it did.
    """
    archive = read_archive(path)
    _network_in(path, archive)
    reason = _why_keras_3_differs(archive)
    if reason:
        raise OpeningError(f"{path}: {reason}")
    check_code(path, compiled)


def _why_keras_3_differs(archive: Archive) -> str:
    """What Keras 3 does not open of Keras 2, or computes otherwise without a word; "" for none."""
    config, version, arrays = archive
    found = ""
    if generation(version) != 2:
        return found
    if any(each.get("class_name") == "Functional" for each in mappings(config)):
        found = "a Functional model"
    elif any(name.startswith(f"{OLDER_PLACE}/") for name in arrays):
        found = f"weights in {OLDER_PLACE}"
    elif any(each.get("activation") == "hard_sigmoid" for each in mappings(config)):
        found = "hard_sigmoid, clip(0.2 x + 0.5, 0, 1)"
    return (
        found and f"it has {found}, which Keras 3 does not run as Keras {version} did; exports do"
    )


def _check_fits(network: Network, encoding: Encoding) -> None:
    if network.layers[0].inputs != encoding.width:
        raise ModelError(
            f"its first layer takes {network.layers[0].inputs} inputs, and {encoding.width} arrive"
        )


def _check_declared(layer: KerasLayer) -> None:
    """Refuse a dense layer that declares other widths than its weights have.

    Keras makes room for what is declared before it looks at the weights.
    """
    kernel = layer.weights.get("kernel")
    if kernel is None or kernel.ndim != 2 or layer.kind != "Dense":
        return
    inputs, outputs = kernel.shape
    if kernel.dtype != np.float32 and computes_in(layer.name, layer.config) == "float32":
        raise ModelError(
            f"layer {layer.name!r} has weights {kernel.dtype} {kernel.shape}; "
            "float32 (inputs, outputs) would do"
        )
    shape = layer.built.get("input_shape") if isinstance(layer.built, dict) else None
    declared = layer.config.get("units", outputs), inputs if shape is None else shape[-1]
    if declared != (outputs, inputs):
        raise ModelError(
            f"layer {layer.name!r} declares {declared[0]!r:.60} units of {declared[1]!r:.60} "
            f"inputs, and has weights for {outputs} of {inputs}"
        )


def _network(
    config: Mapping[str, Any], arrays: Arrays, keras: int | None, group: str = ""
) -> Network:
    """What a model of the file computes.

    Args:
        config: of the model.
        arrays: of the file.
        keras: the generation that wrote it.
        group: of the model within the arrays, ending in a slash; "" for the model itself.
    """
    graph = graph_with_weights(config, arrays, keras, group, stock=True)
    for layer, _ in graph.calls:
        _check_declared(layer)
    found = network_of(graph)
    width = found.layers.layers[0].inputs
    return Network(Encoding.of([Feature(f"x{i}") for i in range(width)]), found)
