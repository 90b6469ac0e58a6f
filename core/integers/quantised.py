"""A network in integers: what every int8, int16 or int24 artifact computes, to the bit.

Made once from an ``Mlp`` and calibration rows (``mlp_edge.quantise``), shared by all formats, and
carried out by ``mlp_edge.integers.integer_reference``, the arbiter. All vectors hold integers from
0 up:

    input x    -> integer     u = round(clamp((x - low) * factor, 0, high))    float32, half to even
    layer      -> sum         a = bias + weights u                             exact
                  activation  r = clamp(round(a * multiplier / 2^shift), 0, high)
                  next u      = table(r), or r itself where there is no table
    last layer -> activation  r = that of a, of a - offset, of a - 2 offset ..., added up: one for
                              each of `segments`, so that int8 tensors give more than 8 bits
                  prediction  offset + step * table(r), or softmax's table(max r - r) / their sum;
                              in int24 offset + step * (r - zero), a sigmoid and a softmax by
                              exponentials (``mlp_edge.integers.exponential``)

Sums have 32 bits; those of int24 stay below 2^52, exact in float64, too. There are no zero points
inside: the biases hold what they would add. A relu is the clamp at 0.
``x`` are encoded inputs (``mlp_edge.encoding``): imputation and codes come before, in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.encoding import Floats
from mlp_edge.errors import ModelError
from mlp_edge.integers.activation_tables import PolynomialTable, Table
from mlp_edge.integers.exponential import MOST_CLASSES
from mlp_edge.settings import setting
from mlp_edge.walk import Node, readers, sources

Integers = NDArray[np.int64]

HIGHEST = {"int8": 255, "int16": 32767, "int24": 2**24 - 1}
"""Largest quantised activation: an int8 tensor holds it less 128, others as it is."""
LAST_HIGHEST = {"int8": 255, "int16": 32767, "int24": 2**31 - 1}
"""The same of the last layer: in int24 a table takes less, exponentials and a line do not."""
SEGMENTS = {"int8": 4, "int16": 1, "int24": 1}
"""Segments of an output of the last layer, and at most of an input of the first."""
WEIGHT_LIMIT = {"int8": 127, "int16": 32767, "int24": 2**23 - 1}
"""Largest size of a weight; -128 would have no counterpart."""
SUM_LIMIT = {"int8": 2**31 - 1, "int16": 2**31 - 1, "int24": 2**52}
"""Largest size of a sum, partial sums included."""
MOST_SHIFT = {"int8": 31, "int16": 31, "int24": 47}
LEAST_STEP = 2.0**-126
"""Smallest step of a prediction in int24: assembly takes normal float32 numbers only."""
MULTIPLIER_LIMIT = 2**10 - 1
TABLE_LIMIT = 2**16 - 1
EXACT = 2**24
"""Integers up to it are float32 numbers."""


def rounded(sums: Integers, multiplier: Integers, shift: Integers) -> Integers:
    """Each sum * multiplier / 2^shift, rounded half up: what requantisation is before the clamp."""
    half = np.int64(1) << (shift - 1)
    return np.asarray((sums * multiplier + half) >> shift)


@dataclass(frozen=True, eq=False)
class IntegerLayer:
    """A dense layer of integers, and how its sums are requantised.

    Attributes:
        weights: (outputs, inputs); a row is a neuron.
        bias: (outputs,).
        multiplier: (outputs,), from 1 to ``MULTIPLIER_LIMIT``, less than 2^shift; 1 but in int8.
        shift: (outputs,), from 1 to ``MOST_SHIFT``.
        high: the largest quantised activation of a segment.
        segments: how many are added up; 1 except in the last layer.
        offset: (outputs,), the distance between the sums of two segments: the next segment begins
            where one reaches ``high``. Unused with one segment.
        table: the activation function; None where the clamp is all there is.
        reads: as in ``mlp.Dense``: the values that are its inputs, () for the layer before.
    """

    weights: Integers
    bias: Integers
    multiplier: Integers
    shift: Integers
    high: int
    segments: int
    offset: Integers
    table: Table | None = None
    reads: tuple[int, ...] = ()

    @property
    def times(self) -> None:
        """No product of two values is taken in integers."""
        return

    @property
    def outputs(self) -> int:
        """Number of neurons."""
        return len(self.weights)

    @property
    def inputs(self) -> int:
        """Width of a row that goes in."""
        return int(self.weights.shape[1])

    @property
    def largest(self) -> int:
        """The largest integer that goes on to the next layer."""
        return self.segments * self.high if self.table is None else self.table.largest

    def reach(self, largest: int) -> tuple[Integers, Integers]:
        """The lowest and the highest sum (outputs,) that inputs from 0 to ``largest`` can give."""
        below = np.minimum(self.weights, 0).sum(axis=1) * largest
        above = np.maximum(self.weights, 0).sum(axis=1) * largest
        return self.bias + below, self.bias + above

    def size(self, largest: int) -> Integers:
        """A limit (outputs,) on all sums and partial sums of inputs from 0 to ``largest``."""
        offsets = (self.segments - 1) * self.offset
        return np.asarray(np.abs(self.bias) + offsets + np.abs(self.weights).sum(axis=1) * largest)

    def narrow(self, largest: int) -> bool:
        """Whether no product of a sum and its multiplier leaves 32 bits; negative ones are 0."""
        _, high = self.reach(largest)
        return bool((high * self.multiplier < 2**32).all())

    def in_24_bits(self, largest: int) -> bool:
        """Whether every sum fits 24 bits, its sign included; partial sums may not."""
        low, high = self.reach(largest)
        return bool((low >= -(2**23)).all() and (high < 2**23).all())

    def sums(self, inputs: Integers) -> Integers:
        """The sums (n, outputs), bias + weights u, of inputs (n, inputs)."""
        return np.asarray(inputs @ self.weights.T + self.bias)

    def requantise(self, sums: Integers) -> Integers:
        """Quantised activations (n, outputs): rounded half up, each segment clamped to 0 … high."""
        found = np.zeros_like(sums)
        for segment in range(self.segments):
            apart = sums - segment * self.offset
            found += np.clip(rounded(apart, self.multiplier, self.shift), 0, self.high)
        return found


class Inputs(NamedTuple):
    """How encoded inputs become the integers of the first layer.

    Attributes:
        low: (width,) float32, the encoded input that becomes the integer 0.
        factor: (width,) float32, integers per unit of the encoded input; above zero.
        high: the largest integer. In int8 255, or ``SEGMENTS`` times that: tensors of int8 then
            hold the input four times, clamp(u - 255 segment, 0, 255), with the same weights. Every
            integer up to it is a float32 number.
    """

    low: Floats
    factor: Floats
    high: int

    def integers(self, encoded: Floats) -> Integers:
        """The integers (n, width) of encoded inputs (n, width) float32; 0 where one is NaN."""
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (encoded - self.low) * self.factor
            clamped = np.clip(np.where(np.isnan(scaled), 0, scaled), 0, self.high)
        return np.asarray(np.rint(clamped).astype(np.int64))

    def back(self, integers: Integers) -> NDArray[np.float64]:
        """The encoded inputs (n, width) that integers (n, width) stand for."""
        return self.low.astype(np.float64) + integers / self.factor.astype(np.float64)


@dataclass(frozen=True, eq=False)
class Quantised:
    """A whole network in integers.

    Attributes:
        dtype: "int8", "int16" or "int24".
        inputs: from encoded inputs to integers.
        layers: as many as the Mlp has; the last one predicts.
        softmax: whether the predictions are softmax probabilities.
        table: applied to the last activations before ``step``; None where nothing is.
        offset: (outputs,) float32; 0 for a softmax.
        step: (outputs,) float32; ``step * table(r)`` is exact in float32, ``step`` of int24 a
            power of two, from ``LEAST_STEP`` up. 1 for a softmax, and for exponentials.
        zero: (outputs,), what stands for ``offset``, or for 0 in front of a sigmoid by
            exponentials. 0 but in int24.
        octave: where exponentials predict, log2 of the integers that halve one: a softmax if
            ``softmax``, otherwise sigmoids. 0 where a table does, and in int8 and int16.
    """

    dtype: str
    inputs: Inputs
    layers: tuple[IntegerLayer, ...]
    softmax: bool
    table: Table | None
    offset: Floats
    step: Floats
    zero: Integers = field(default_factory=lambda: np.zeros(1, np.int64))
    octave: int = 0

    def __post_init__(self) -> None:
        self._check_inputs()
        for number, (layer, largest) in enumerate(zip(self.layers, self.largest, strict=True), 1):
            _check_layer(number, layer, largest, self.dtype)
        if self.dtype == "int24" and not _powers_of_two(self.step):
            raise ModelError("a step of the outputs that is no power of two from 2^-126 up")
        if isinstance(self.table, PolynomialTable) and not self.table.fits:
            raise ModelError("a polynomial of the outputs may leave 32 bits")
        most = MOST_CLASSES if self.octave else (EXACT - 1) // TABLE_LIMIT
        if self.softmax and self.layers[-1].outputs > most:
            raise ModelError(
                f"a softmax over {self.layers[-1].outputs} classes sums more than {self.dtype} "
                f"counts; at most {most} would do, or {setting('dtype', 'float32')}"
            )

    @property
    def input_segments(self) -> int:
        """How often int8 tensors hold an input."""
        return max(1, self.inputs.high // HIGHEST[self.dtype])

    @property
    def byte_layers(self) -> tuple[IntegerLayer, ...]:
        """The layers for tensors of 8 bits; all segments of an input have the same weights.

        The first segments of all inputs come first, then the second ones, and so on.
        """
        first = self.layers[0]
        tiled = np.tile(first.weights, (1, self.input_segments))
        return (replace(first, weights=tiled), *self.layers[1:])

    def _check_inputs(self) -> None:
        """Wide inputs are for a hidden layer whose products are proved to fit 32 bits.

        A chip has no other kernel for them.
        """
        high, byte = self.inputs.high, HIGHEST["int8"]
        wide = high > byte and self.dtype == "int8"
        if high > HIGHEST[self.dtype] and high != byte * SEGMENTS[self.dtype]:
            raise ModelError(f"inputs up to {high} in {self.dtype}")
        alone = len(self.layers) > 1 and takes_inputs_alone(self.layers)
        if wide and not (alone and self.layers[0].narrow(high)):
            raise ModelError(f"inputs up to {high} go into a small hidden layer only")

    @cached_property
    def largest(self) -> tuple[int, ...]:
        """The largest integer that goes into each layer."""
        largest = [self.inputs.high, *(layer.largest for layer in self.layers)]
        each = enumerate(self.layers, start=1)
        return tuple(max(largest[n] for n in sources(layer, number)) for number, layer in each)


def takes_inputs_alone(layers: Sequence[Node]) -> bool:
    """Whether the first layer takes the inputs, once, and no other does."""
    return readers(layers, 0) == [1] and sources(layers[0], 1) == (0,)


def _powers_of_two(steps: Floats) -> bool:
    """Whether steps (outputs,) are what a shift of the exponent multiplies by."""
    return bool((np.frexp(steps)[0] == 0.5).all() and (steps >= LEAST_STEP).all())


def _check_layer(number: int, layer: IntegerLayer, largest: int, dtype: str) -> None:
    """Prove that no sum of a layer is too large, whatever the inputs."""
    limit = WEIGHT_LIMIT[dtype]
    if (layer.multiplier >= np.int64(1) << layer.shift).any():
        raise ModelError(f"layer {number}: a sum is worth an activation step or more")
    if dtype != "int8" and (layer.multiplier != 1).any():  # kernels do nothing but shift
        raise ModelError(f"layer {number}: a multiplier other than 1 in {dtype}")
    if np.abs(layer.weights).max() > limit:
        raise ModelError(f"layer {number}: a weight beyond ±{limit}")
    if isinstance(layer.table, PolynomialTable) and not layer.table.fits:
        raise ModelError(f"layer {number}: a polynomial may leave 32 bits")
    size = layer.size(largest)
    if (size > SUM_LIMIT[dtype]).any():  # so no partial sum is either
        bits = "2^52" if dtype == "int24" else "32 bits"
        raise ModelError(f"layer {number}: a sum may reach {size.max()}, beyond {bits}")
    starts = rounded(layer.offset, layer.multiplier, layer.shift)
    if layer.segments > 1 and (starts < layer.high).any():  # kernels count on it
        raise ModelError(f"layer {number}: a segment begins before another has reached its end")
