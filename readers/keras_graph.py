"""Pre- and post-processing, read back from the configuration of a .keras file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.encoding import Encoding, Floats
from mlp_edge.errors import ModelError
from mlp_edge.feature import Feature
from mlp_edge.processing import FEATURES, MLP, Operation, operations, same
from mlp_edge.readers.keras_layers import check_stock, computes_in

MODELS = ("Sequential", "Functional")
"""What the dense layers are in Keras; the first is what ``mlp_edge.processing`` calls both."""
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "Take": {"axis": 1},
    "Any": {"axis": 1, "keepdims": True},
    "Concatenate": {"axis": -1},
}
"""Kind of operation -> what else its configuration has to say."""


def has_processing(config: Mapping[str, Any]) -> bool:
    """Whether a Functional model is one with our operations around an ``mlp``."""
    entries = config["config"]["layers"]
    inputs = [entry["config"]["name"] for entry in entries if entry["class_name"] == "InputLayer"]
    return any(
        is_mlp(entry) and (entry["class_name"] == MODELS[0] or inputs == [FEATURES])
        for entry in entries
    )


def is_mlp(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is the model that holds the dense layers: a chain, or an ensemble."""
    return entry["class_name"] in MODELS and entry["config"]["name"] == MLP


def read_processing(config: Mapping[str, Any]) -> tuple[Encoding, tuple[float, float] | None]:
    """How raw readings are encoded, and the clip.

    Raises:
        ModelError: when the operations are not those that ``mlp_edge.processing`` would write.
    """
    entries = config["config"]["layers"]
    [inputs] = [entry for entry in entries if entry["class_name"] == "InputLayer"]
    _check_type(inputs)
    _, width = inputs["config"]["batch_shape"]
    for entry in entries:
        check_stock(entry)
    found = tuple(_operation(entry) for entry in entries if entry["class_name"] != "InputLayer")
    encoding, clip = _meaning(found, width)
    # What features cannot say, such as numbers in another order, would get lost on the way.
    encoding = Encoding.of(features_of(encoding))
    if encoding.features != width:
        raise ModelError(f"its operations take {encoding.features} readings, and {width} arrive")
    expected = operations(encoding, clip)
    last, *place = config["config"]["output_layers"]
    if not same(found, expected) or (last, place) != (expected[-1].name, [0, 0]):
        raise ModelError(
            f"operations around {MLP!r} that mlp-edge does not read; it reads a chain of layers, "
            "or what mlp-edge train writes"
        )
    return encoding, clip


def features_of(encoding: Encoding) -> tuple[Feature, ...]:
    """Features with made-up names, x1 …, for an encoding that comes without."""
    features = []
    for index in range(encoding.features):
        codes = tuple(int(code) for code in encoding.codes[encoding.categories == index])
        features.append(
            Feature(
                f"x{index + 1}",
                categories=tuple(map(str, codes)),
                codes=codes,
                sentinel=_known(encoding.sentinel[index]),
                fill=_known(encoding.fill[index]),
                indicator=index in encoding.indicators,
            )
        )
    return tuple(features)


def _known(value: np.float32) -> float | None:
    return None if np.isnan(value) else float(value)


def _meaning(steps: Sequence[Operation], width: int) -> tuple[Encoding, tuple[float, float] | None]:
    constants = {step.name: step.constants for step in steps}

    def floats(name: str, otherwise: Floats) -> Floats:
        return np.asarray(constants[name][0], np.float32) if name in constants else otherwise

    def indices(name: str, otherwise: NDArray[np.intp]) -> NDArray[np.intp]:
        return np.asarray(constants[name][0], np.intp) if name in constants else otherwise

    none, unknown = np.empty(0, np.intp), np.full(width, np.nan, np.float32)
    categories = indices("given_codes", none)
    # Without a choice of its own, either every feature is a number, or none is.
    others = none if len(np.unique(categories)) == width else np.arange(width)
    encoding = Encoding(
        fill=floats("filled", unknown),
        sentinel=floats("sentinel", unknown),
        numbers=indices("numbers", others),
        indicators=indices("indicated", none),
        categories=categories,
        codes=floats("is_code", np.empty(0, np.float32)),
    )
    clip = constants.get("clipped")
    return encoding, None if clip is None else (float(clip[0]), float(clip[1]))


def _operation(entry: Mapping[str, Any]) -> Operation:
    kind, config = entry["class_name"], entry["config"]
    for key, value in SETTINGS.get(kind, {}).items():
        if config[key] not in (value, [value]):
            raise ModelError(f"layer {entry['name']!r} is a {kind} with {key} {config[key]}")
    _check_type(entry)
    arguments = list(_arguments(entry["inbound_nodes"]))
    constants = [value for value in arguments if not isinstance(value, str)]
    first, *others = (isinstance(value, str) for value in arguments)
    if not first or others != sorted(others):
        raise ModelError(f"layer {entry['name']!r} is a {kind} with its inputs in another order")
    if kind == "Clip":
        constants += [config["x_min"], config["x_max"]]
    names = tuple(value for value in arguments if isinstance(value, str))
    kind = MODELS[0] if is_mlp(entry) else kind
    return Operation(entry["name"], kind, names, tuple(constants))


def _check_type(entry: Mapping[str, Any]) -> None:
    policy = computes_in(entry["name"], entry["config"])
    if policy != "float32":
        raise ModelError(f"layer {entry['name']!r} computes in {policy}; float32 would do")


def _arguments(nodes: Sequence[Mapping[str, Any]]) -> Iterator[str | NDArray[Any] | float]:
    """What an operation is called with: names of earlier results, arrays, numbers."""
    if len(nodes) != 1:
        raise ModelError(f"an operation that is used {len(nodes)} times")
    for argument in nodes[0]["args"]:
        for item in argument if isinstance(argument, list) else [argument]:
            if not isinstance(item, Mapping):
                yield float(item)
            elif item["class_name"] == "__numpy__":
                yield np.asarray(item["config"]["value"])
            else:
                yield str(item["config"]["keras_history"][0])
