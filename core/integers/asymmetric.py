"""A stranger's network in integers: full-integer TFLite, with a zero point for each tensor.

An integer of a tensor stands for scale * (integer - zero point). Weights and biases are the file's
own; how their sums are requantised follows from its scales as in TFLite Micro's kernels
(docs/explanation/tflite-integers.md). ``mlp_edge.integers.asymmetric_reference`` computes it:

    dense     clamp(zero point + (bias + weights q) * multiplier / 2^31 * 2^shift, low, high)
    table     one entry per integer: sigmoid, tanh, leaky relu, another scale
    softmax   exponentials in fixed point, divided by their sum

Networks that mlp-edge quantises itself have no zero points: ``mlp_edge.integers.quantised``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from mlp_edge.encoding import Floats
from mlp_edge.errors import ModelError
from mlp_edge.integers.fixed_point import Integers

LOWEST, HIGHEST = -128, 127
SUM_LIMIT = 2**31 - 2**9
"""Largest sum, shifted to the left: a zero point may still be added to what it becomes."""


class End(NamedTuple):
    """What the integers of the first or of the last tensor stand for: scale * (q - zero_point)."""

    scale: np.float32
    zero_point: int

    def integers(self, numbers: Floats) -> Integers:
        """The integers of numbers (n, width) float32; halves are rounded away from 0, NaN is 0."""
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (numbers / self.scale).astype(np.float64)
        near = np.clip(np.nan_to_num(scaled), 2 * LOWEST, -2 * LOWEST)
        rounded = np.trunc(near + np.copysign(0.5, near)).astype(np.int64)
        return np.clip(rounded + self.zero_point, LOWEST, HIGHEST)

    def numbers(self, integers: Integers) -> Floats:
        """What integers stand for, float32."""
        return np.asarray(self.scale * (integers - self.zero_point).astype(np.float32))


@dataclass(frozen=True, eq=False)
class DenseStep:
    """A dense layer.

    Attributes:
        weights: (outputs, inputs), -128 to 127.
        bias: (outputs,), with what the zero point of the inputs adds.
        multiplier: (outputs,), from 0 to 2^31 - 1.
        shift: (outputs,), -31 to 30; above 0 to the left, before the multiplication.
        zero_point: of the results.
        low: the smallest result; a relu's is the zero point.
        high: the largest result.
        name: of the activation that the clamp is: linear, relu, relu6 or relu_n1_to_1.
    """

    weights: Integers
    bias: Integers
    multiplier: Integers
    shift: Integers
    zero_point: int
    low: int = LOWEST
    high: int = HIGHEST
    name: str = "linear"

    @property
    def inputs(self) -> int:
        """How many integers go in."""
        return int(self.weights.shape[1])

    @property
    def outputs(self) -> int:
        """How many come out."""
        return len(self.weights)

    @property
    def size(self) -> Integers:
        """A limit (outputs,) on all sums and partial sums, shifted to the left as they are."""
        sums = np.abs(self.bias) + np.abs(self.weights).sum(axis=1) * -LOWEST
        return np.asarray(sums << np.maximum(self.shift, 0))


@dataclass(frozen=True, eq=False)
class TableStep:
    """A function of single integers.

    Attributes:
        name: of the function, such as sigmoid.
        points: (256,), its result for -128, -127, … 127.
    """

    name: str
    points: Integers


@dataclass(frozen=True, eq=False)
class SoftmaxStep:
    """Softmax, whose results stand for (q + 128) / 256.

    Attributes:
        powers: (distances,), e^-(scale d) in Q0.31 of an integer that is d below the largest. One
            that is further below counts as 0 and gives -128.
    """

    powers: Integers
    name: ClassVar[str] = "softmax"


Step = DenseStep | TableStep | SoftmaxStep


@dataclass(frozen=True, eq=False)
class AsymmetricNetwork:
    """A whole network of integers.

    Attributes:
        given: what the integers that go in stand for.
        steps: what becomes of them, one after the other; one of them is a dense layer.
        result: what those of the last step stand for.
    """

    given: End
    steps: tuple[Step, ...]
    result: End

    def __post_init__(self) -> None:
        """Check that the steps fit together, and that no sum leaves 32 bits.

        Raises:
            ModelError: naming the layer.
        """
        if not self.layers:
            raise ModelError("it has no dense layer")
        width = self.inputs
        for number, layer in enumerate(self.layers, start=1):
            if layer.inputs != width:
                raise ModelError(f"layer {number} takes {layer.inputs} integers, not {width}")
            if (layer.size > SUM_LIMIT).any():
                raise ModelError(
                    f"layer {number}: a sum may reach {layer.size.max()}, beyond 32 bits"
                )
            width = layer.outputs

    @property
    def layers(self) -> list[DenseStep]:
        """Its dense layers."""
        return [step for step in self.steps if isinstance(step, DenseStep)]

    @property
    def inputs(self) -> int:
        """How many integers go in."""
        return self.layers[0].inputs

    @property
    def outputs(self) -> int:
        """How many come out."""
        return self.layers[-1].outputs
