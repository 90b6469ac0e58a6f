"""What a stranger's layers compute, one after the other, as a scaling and dense layers.

Products and sums per unit (a BatchNormalization, a Rescaling) go into the weights beside them, in
float64; every weight is rounded to float32 once, at the end. What no ``Mlp`` has is made of what it
has, where that is exact in real arithmetic: a LeakyReLU of any slope of two ReLUs, a number kept
between two ends of a hard_sigmoid.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.feature import LARGEST_FLOAT
from mlp_edge.mlp import Dense, Scaling
from mlp_edge.readers.assembling.assembly import Layers
from mlp_edge.readers.assembling.lowering import WIDEST_ADDED
from mlp_edge.reference import LEAKY_SLOPE, Doubles

END = "softmax"


class _Layer(NamedTuple):
    weights: Doubles
    bias: Doubles
    activation: str
    source: str


class Chain:
    """Layers as they come, from the readings on. Sources are named for messages: "layer 'x'"."""

    def __init__(self) -> None:
        self._layers: list[_Layer] = []
        self._open: _Layer | None = None  # a dense layer whose activation may still come
        self._scale: Doubles = np.ones(1)  # of what follows the last closed layer
        self._shift: Doubles = np.zeros(1)
        self._slopes: Doubles | None = None  # of a last closed layer that is [relu(z), relu(-z)]
        self._clip: tuple[float, float] | None = None
        self._in_front = False  # whether anything scales the readings
        self._scaling: Scaling | None = None
        self._folded = False
        self._dense = 0  # layers of the file, without those that are added
        self.width: int | None = None

    def dense(self, weights: Doubles, bias: Doubles, source: str) -> None:
        """A dense layer, weights @ x + bias; weights (outputs, inputs).

        Raises:
            ModelError: naming ``source``, where it takes another width or follows a softmax.
        """
        self._settle(source)
        if self._open is not None:
            self._close("linear")
        self._check_width(weights.shape[1], source)
        self._dense += 1
        self._append(weights, bias, source)

    def _append(self, weights: Doubles, bias: Doubles, source: str) -> None:
        weights, bias = weights.astype(np.float64), bias.astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            if not self._layers:
                weights, bias = self._behind_scaling(weights, bias, source)
            else:
                bias = bias + weights @ np.broadcast_to(self._shift, weights.shape[1:])
                weights = weights * self._scale
            if self._slopes is not None:
                weights = np.hstack([weights, weights * -self._slopes])
        self._scale, self._shift, self._slopes = np.ones(1), np.zeros(1), None
        self._open = _Layer(weights, bias, "linear", source)
        self.width = len(weights)

    def _behind_scaling(
        self, weights: Doubles, bias: Doubles, source: str
    ) -> tuple[Doubles, Doubles]:
        """The first layer behind a ``Scaling``, which keeps the digits of readings far from 0.

        A factor below 0 leaves its sign, a factor of 0 its offset to the weights.
        """
        if not self._in_front:
            return weights, bias
        factor = np.broadcast_to(self._scale, weights.shape[1:])
        offset = np.broadcast_to(self._shift, weights.shape[1:])
        zero = factor == 0
        size = np.where(zero, 1, np.abs(factor))
        mean = (np.where(zero, 0, -offset / np.where(zero, 1, factor)) + 0.0).astype(np.float32)
        std = (1 / size).astype(np.float32)
        if not (np.isfinite(mean).all() and np.isfinite(std).all() and std.all()):
            raise ModelError(f"what stands before {source} scales readings beyond float32")
        self._scaling = Scaling(mean, std)
        return weights * np.sign(factor), bias + weights @ np.where(zero, offset, 0)

    def scaled(self, factor: Doubles | float, offset: Doubles | float, source: str) -> None:
        """Factor * x + offset; both (width,), (1,) or ().

        Raises:
            ModelError: naming ``source``, where it takes another width, is not finite, or follows
                a softmax.
        """
        factor, offset = (np.atleast_1d(np.asarray(each, np.float64)) for each in (factor, offset))
        if not (np.isfinite(factor).all() and np.isfinite(offset).all()):
            raise ModelError(f"{source} multiplies or adds NaN or infinity")
        self._settle(source)
        self._folded |= self._open is not None or bool(self._layers)
        for vector in (factor, offset):
            if vector.ndim != 1:
                raise ModelError(f"{source} has numbers of the shape {vector.shape}")
            if vector.size != 1:
                self._check_width(vector.size, source)
        if self._open is not None:
            layer = self._open
            weights = layer.weights * np.broadcast_to(factor, layer.bias.shape)[:, None]
            self._open = layer._replace(weights=weights, bias=layer.bias * factor + offset)
        else:
            self._scale, self._shift = self._scale * factor, self._shift * factor + offset
            self._in_front = True

    def activated(self, activation: str, source: str) -> None:
        """An activation of ``mlp_edge.mlp``, in a layer of its own where no dense one is open."""
        if activation == "linear":
            return
        self._settle(source)
        self._ensure_open(source)
        self._close(activation)

    def leaky(self, slopes: Doubles | float, source: str) -> None:
        """X above 0, slopes * x below; slopes (width,), (1,) or ()."""
        slopes = np.atleast_1d(np.asarray(slopes, np.float64))
        same = {
            slope: (np.float32(slopes) == np.float32(slope)).all() for slope in (0, 1, LEAKY_SLOPE)
        }
        if same[1]:
            return
        if same[0] or same[LEAKY_SLOPE]:
            self.activated("relu" if same[0] else "leaky_relu", source)
            return
        if not np.isfinite(slopes).all():
            raise ModelError(f"{source} has a slope that is NaN or infinite")
        self._settle(source)
        layer = self._ensure_open(source)
        if slopes.ndim != 1 or slopes.size not in (1, len(layer.bias)):
            raise ModelError(
                f"{source} has slopes of the shape {slopes.shape} for {len(layer.bias)} units"
            )
        self._open = layer._replace(
            weights=np.vstack([layer.weights, -layer.weights]),
            bias=np.concatenate([layer.bias, -layer.bias]),
        )
        self._close("relu")
        self._slopes = slopes

    def clipped(self, low: float, high: float, source: str) -> None:
        """The number between ``low`` and ``high`` that is nearest; either may be infinite."""
        low, high = (end if abs(end) < LARGEST_FLOAT else math.copysign(math.inf, end)
                     for end in (low, high))  # fmt: skip
        if not low < high:
            raise ModelError(f"{source} keeps numbers between {low:g} and {high:g}")
        self._settle(source)
        if np.isfinite(low) and np.isfinite(high):
            self._clip = low, high
        elif np.isfinite(low):
            self.scaled(1, -low, source)
            self.activated("relu", source)
            self.scaled(1, low, source)
        elif np.isfinite(high):
            self.scaled(-1, high, source)
            self.activated("relu", source)
            self.scaled(-1, high, source)

    def finished(self, source: str) -> Layers:
        """The network, its weights rounded to float32.

        Args:
            source: of the last step, for messages.

        Raises:
            ModelError: where there is no dense layer, or one holds what float32 cannot.
        """
        if not self._dense:
            raise ModelError("no Dense layer; an MLP has at least one")
        last = self._layers[-1] if self._open is None else self._open
        probability = last.activation == "sigmoid" and len(last.bias) == 1
        if probability and (self._clip != (0, 1)):
            self._settle(source)  # the probability of a class is no number to clip
        clip = self._clip
        self._clip = None
        plain = (self._scale == 1).all() and (self._shift == 0).all() and self._slopes is None
        if self._open is not None or not plain:
            self._ensure_open(source)
            self._close("linear")
        layers = tuple(_rounded(layer) for layer in self._layers)
        if clip is None or probability:
            return Layers(self._scaling, layers, None, self._folded)
        low, high = (float(np.float32(end)) for end in clip)
        return Layers(self._scaling, layers, (low, high), self._folded)

    def _settle(self, source: str) -> None:
        """Refuse what follows a softmax; carry out a clip that is not the last step."""
        if self._layers and self._open is None and self._layers[-1].activation == END:
            raise ModelError(f"{source} follows a softmax; mlp-edge reads one at the end only")
        if self._clip is not None:
            (low, high), self._clip = self._clip, None
            span = high - low
            self.scaled(6 / span, -6 * low / span - 3, source)
            self.activated("hard_sigmoid", source)
            self.scaled(span, low, source)

    def _check_width(self, width: int, source: str) -> None:
        known = {self._scale.size, self._shift.size} - {1} if not self._layers else set()
        if self.width is not None and width != self.width:
            raise ModelError(f"{source} takes {width} inputs, and {self.width} arrive")
        if self._open is None and not known <= {width}:
            raise ModelError(f"{source} takes {width} inputs, and {max(known)} arrive")
        self.width = width

    def _ensure_open(self, source: str) -> _Layer:
        """The open dense layer, or one that changes nothing."""
        if self._open is None:
            sizes = {self._scale.size, self._shift.size} - {1}
            width = self.width or (max(sizes) if sizes else None)
            if width is None:
                raise ModelError(f"{source} stands before the first Dense layer, on rows whose "
                                 "width the file does not tell")  # fmt: skip
            if width > WIDEST_ADDED:
                raise ModelError(
                    f"{source} does not follow a Dense layer directly, and takes a layer of "
                    f"{width:,} units of its own; {WIDEST_ADDED:,} would do"
                )
            self._append(np.eye(width), np.zeros(width), source)
        assert self._open is not None  # noqa: S101 (it has just been set)
        return self._open

    def _close(self, activation: str) -> None:
        assert self._open is not None  # noqa: S101 (callers have looked)
        self._layers.append(self._open._replace(activation=activation))
        self._open = None


def _rounded(layer: _Layer) -> Dense:
    with np.errstate(over="ignore", invalid="ignore"):
        weights, bias = layer.weights.astype(np.float32), layer.bias.astype(np.float32)
    if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
        raise ModelError(f"{layer.source} has weights that are NaN, infinite or beyond float32")
    return Dense(np.ascontiguousarray(weights), bias, layer.activation)
