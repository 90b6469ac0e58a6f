"""The way of rows through the layers of a Keras model: their shapes, and what has been computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.readers.assembling.assembly import Assembly
from mlp_edge.readers.assembling.values import Value
from mlp_edge.readers.keras_layers import article, computes_in, plain, settings
from mlp_edge.reference import Doubles

FLOATS = ("float16", "bfloat16", "float32", "float64", "mixed_float16", "mixed_bfloat16")
LAST = (-1, 1, [-1], [1])
"""What a layer calls the axis along which a row of a table lies."""

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class KerasLayer:
    """A layer of a file with its weights.

    Attributes:
        kind: its class, one of Keras's own.
        name: in the model.
        config: its settings, as Keras 2 and 3 name them.
        keras: the generation of Keras that wrote it; None when unknown.
        weights: by Keras's names for them: kernel, bias, gamma, …
        built: what Keras 3 says of the shapes that it was built for.
    """

    kind: str
    name: str
    config: Mapping[str, Any]
    keras: int | None
    weights: Mapping[str, NDArray[Any]]
    built: Any = None

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Those that decide what it predicts."""
        return settings(self.kind, self.name, self.config, self.keras)

    @property
    def source(self) -> str:
        """What messages call it."""
        return f"layer {self.name!r}"

    @cached_property
    def matrix(self) -> Doubles:
        """The kernel as weights (outputs, inputs); one array, however often the layer is used."""
        return np.ascontiguousarray(self.weights["kernel"].T, np.float64)

    def weight(self, name: str, size: int | None = None) -> Doubles:
        """A vector of weights.

        Raises:
            ModelError: when it is not there, is no vector, or has another size.
        """
        found = self.weights.get(name)
        if found is None:
            raise ModelError(f"{self.source} is {article(self.kind)} without its {name} in the "
                             "file")  # fmt: skip
        if found.ndim != 1 or found.dtype.kind != "f" or size not in (None, found.size):
            raise ModelError(
                f"{self.source} has {found.dtype} numbers of the shape {found.shape} as its {name}"
            )
        return found.astype(np.float64)

    def number(self, key: str) -> float:
        """A setting as the float32 number that Keras computes with; Keras 2 may wrap it.

        Raises:
            ModelError: for what is no finite number.
        """
        value = self.settings[key]
        if isinstance(value, Mapping) and value.get("type") == "ndarray":  # of Keras 2
            value = value.get("value")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value):
            raise ModelError(f"{self.source} is {article(self.kind)} with {key} {value!r:.60}")
        return float(np.float32(value))


class Rows(NamedTuple):
    """What a layer gives for each row.

    Attributes:
        value: the numbers, the last index fastest.
        shape: of a row; None where the file does not tell.
    """

    value: Value
    shape: Shape | None


class Walk:
    """What has been computed so far."""

    def __init__(self) -> None:
        self.assembly = Assembly()
        self._policies: dict[str, list[str]] = {}
        self._unfolded: list[Shape] = []

    def given(self, layer: KerasLayer) -> Rows:
        """An input, as the first layer of a model says it."""
        keys = ("batch_shape", "batch_input_shape")
        whole = next((found for key in keys if (found := layer.config.get(key)) is not None), None)
        shape = None if whole is None else tuple(whole[1:])
        sizes = shape or ()
        if any(each is not None and (not isinstance(each, int) or each < 1) for each in sizes):
            raise ModelError(f"{layer.source} takes rows of the shape {shape!s:.60}")
        if sum(each != 1 for each in sizes) > 1:
            self._unfolded.append(sizes)
        width = None if shape is None or None in shape else math.prod(filter(None, shape))
        return Rows(self.assembly.given(width, layer.source), shape)

    def computed_in(self, policy: str, layer: KerasLayer) -> None:
        """Keep in mind what a layer computes in, where that is not float32."""
        names = self._policies.setdefault(policy, [])
        if layer.name not in names:
            names.append(layer.name)

    def check_policy(self, layer: KerasLayer, idle: bool) -> None:
        """Refuse a layer that computes in integers.

        Args:
            layer: which.
            idle: whether it computes nothing.
        """
        policy = computes_in(layer.name, layer.config)
        if policy not in FLOATS:
            raise ModelError(f"{layer.source} computes in {plain(policy)}; float32 would do")
        if policy != "float32" and not idle:
            self.computed_in(policy, layer)

    def notes(self) -> Iterable[str]:
        """What is computed otherwise than in the file, and what a row is."""
        for policy, names in self._policies.items():
            yield (
                f"{'layer' if len(names) == 1 else 'layers'} "
                f"{', '.join(map(repr, names))[:120]} computed in {policy}; mlp-edge computes in "
                "float32"
            )
        for shape in self._unfolded:
            size = " x ".join(map(str, shape))
            yield f"a row is the {size} numbers that the model takes, the last index fastest"


Read = Callable[[Walk, KerasLayer, Rows], Rows]
"""What reads a layer of one input."""
ReadSeveral = Callable[[Walk, KerasLayer, Sequence[Rows]], Rows]
"""What reads a layer of several inputs."""


def flat(layer: KerasLayer, rows: Rows) -> None:
    """Refuse a layer with weights on anything but a table's rows."""
    if rows.shape is not None and len(rows.shape) != 1:
        raise ModelError(
            f"{layer.source} takes {len(rows.shape)} dimensions per row; one, the features, "
            "would do"
        )


def along_rows(layer: KerasLayer, rows: Rows, what: str) -> None:
    """Refuse a layer that works along anything but the numbers of a row.

    Args:
        layer: with an axis.
        rows: what it is given.
        what: it does, for the message.
    """
    flat(layer, rows)
    axis = layer.settings["axis"]
    if axis not in LAST:
        raise ModelError(f"{layer.source} {what} axis {axis!r:.40}; -1 would do")
