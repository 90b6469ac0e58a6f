"""The layers of a Keras model's configuration, of any version.

``model_config`` of an HDF5 file, ``model.to_json()`` and ``config.json`` of a .keras file say the
same in several ways: a Sequential's configuration is a list up to Keras 2.2.2 and a mapping later;
a Functional model was called Model before Keras 2.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mlp_edge.errors import ModelError
from mlp_edge.readers.keras.keras_1 import modern
from mlp_edge.readers.keras_layers import check_stock

LINES = ("Sequential",)
GRAPHS = ("Functional", "Model")
OPERATION = "ops."
"""Before the class of what is no layer, but a function of keras.ops."""
FUNCTIONS_2 = {
    "__operators__.add": "Add", "math.add": "Add", "math.subtract": "Subtract",
    "math.multiply": "Multiply", "math.truediv": "Divide", "math.divide": "Divide",
    "math.maximum": "Maximum", "math.minimum": "Minimum", "math.negative": "Negative",
    "math.square": "Square", "math.exp": "Exp", "math.sigmoid": "Sigmoid", "math.tanh": "Tanh",
    "math.softplus": "Softplus", "nn.relu": "Relu", "nn.relu6": "Relu6", "nn.selu": "Selu",
    "nn.silu": "Silu",
}  # fmt: skip
"""Function of TensorFlow, as ``x + y`` stands in files of Keras 2 -> that of keras.ops."""


LONGEST_NAME = 200
"""Characters of the name of a layer."""


class Entry(NamedTuple):
    """A layer of a configuration.

    Attributes:
        kind: its class, as Keras 2 and 3 call it; behind ``OPERATION`` for a function.
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


def entry_of(
    layer: Mapping[str, Any], place: tuple[str, ...], group: str, keras: int | None
) -> Entry:
    """A layer of a configuration.

    Args:
        layer: with ``class_name`` and ``config``.
        place: names of the models around it and its own.
        group: where Keras 3 keeps its weights.
        keras: the generation that wrote it.

    Raises:
        ModelError: as ``modern``, and for a name that no message could hold.
    """
    if len(place[-1]) > LONGEST_NAME:
        raise ModelError(
            f"a layer has a name of {len(place[-1]):,} characters; {LONGEST_NAME} would do"
        )
    kind = layer["class_name"]
    settings = modern(kind, layer["config"], keras)
    module, config = layer.get("module"), layer["config"]
    unnamed = module is None and keras == 3 and kind != "InputLayer"  # as Keras 3 writes HDF5
    if ".ops." in str(module) or (unnamed and "trainable" not in config):
        kind = f"{OPERATION}{kind}"
    if kind == "TFOpLambda" and config.get("function") in FUNCTIONS_2:
        kind = f"{OPERATION}{FUNCTIONS_2[config['function']]}"
        settings = {"dtype": config.get("dtype", "float32")}
    return Entry(kind, place[-1], settings, place, group, layer.get("build_config"))


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


def name_of(entry: Mapping[str, Any], otherwise: str) -> str:
    """The name of a layer."""
    config = entry["config"]
    inside = config.get("name") if isinstance(config, dict) else None
    return str(entry.get("name") or inside or otherwise)


def check_class(entry: Mapping[str, Any], stock: bool) -> None:
    """Refuse somebody's own class, where the file tells: Keras 1 and 2 name no module in HDF5."""
    if stock or entry.get("module") is not None or entry.get("registered_name") is not None:
        check_stock(entry)
