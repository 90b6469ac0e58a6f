"""What a stranger's layers compute, put together as a scaling and dense layers.

A reader calls an operation for each thing that its file computes: values go in, a value comes out.
``finished`` makes the layers. Products and sums per unit (a BatchNormalization, a Rescaling) go
into the weights beside them, in float64; every weight is rounded to float32 once, at the end. What
no ``Mlp`` has is made of what it has, where that is exact in real arithmetic: a LeakyReLU of any
slope of two ReLUs, a number kept between two ends of a hard_sigmoid.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.feature import LARGEST_FLOAT
from mlp_edge.mlp import Dense, Scaling
from mlp_edge.proof.bound import UNIT
from mlp_edge.readers.assembling.building import build
from mlp_edge.readers.assembling.lowering import Lowering
from mlp_edge.readers.assembling.unfolding import Unfolded, unfolded
from mlp_edge.readers.assembling.values import (
    CENTRED,
    GIVEN,
    JOINED,
    MULTIPLIED,
    Activated,
    Added,
    Affine,
    Cut,
    Doubt,
    Leaky,
    Scaled,
    Step,
    Value,
)
from mlp_edge.reference import LEAKY_SLOPE, Doubles

AT_RUN_TIME = 6.5
"""Units of rounding that gamma / sqrt(variance + epsilon) may be off by: the sum half of one, the
reciprocal of the root up to 4.7 (``mlp_edge.proof.accuracy``), the product with gamma one."""
MOST_VALUES, MOST_NUMBERS = 10_000, 2**24
"""Operations of a graph, and numbers of all their results for one row."""


class Layers(NamedTuple):
    """What a graph comes to: the fields of an ``Mlp`` that are numbers.

    Attributes:
        scaling: standardisation of what goes in, or None.
        layers: at least one.
        clip: lowest and highest prediction, or None.
        folded: whether weights were multiplied together that the file has apart.
        heads: the layers that predict; () is the last one.
        notes: what is predicted otherwise than by the file, a sentence each.
        steps: puts the graph together as the file carries it out, which takes a while; None where
            nobody has kept that.
        logarithms: the columns of the predictions that are probabilities here, and their
            logarithms by the file.
    """

    scaling: Scaling | None
    layers: tuple[Dense, ...]
    clip: tuple[float, float] | None
    folded: bool = False
    heads: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    steps: Callable[[], Unfolded | None] | None = None
    logarithms: tuple[int, ...] = ()


class Assembly:
    """A graph, operation by operation. Sources are named for messages: "layer 'x'".

    Every operation raises ``ModelError`` that names its source, for values that do not fit.
    """

    def __init__(self) -> None:
        self._count = 0
        self._numbers = 0
        self._inputs: list[Value] = []
        self._held: dict[int, Doubles] = {}
        self._clips: dict[Value, tuple[Value, float, float]] = {}
        self._logarithms: dict[Value, Value] = {}

    # Operations

    def given(self, width: int | None, source: str = "the model") -> Value:
        """An input. Those of several are the features, one after the other.

        Args:
            width: how many numbers of a row; None where the file does not tell, which a dense
                layer or a vector of factors may later do.
            source: of the input, for messages.
        """
        value = self._value(GIVEN, (), source, width)
        self._inputs.append(value)
        return value

    def dense(self, value: Value, weights: Doubles, bias: Doubles, source: str) -> Value:
        """Weights @ x + bias; weights (outputs, inputs). Arrays that are used again count once."""
        value.expect(weights.shape[1], source)
        self._held[id(weights)] = weights
        return self._value(Affine(weights, bias), (value,), source, len(weights))

    def scaled(
        self, value: Value, factor: Doubles | float, offset: Doubles | float, source: str,
        doubt: Doubt | None = None,
    ) -> Value:  # fmt: skip
        """Factor * x + offset; both (width,), (1,) or (), and so is how far they may be off."""
        factor, offset = (np.atleast_1d(np.asarray(each, np.float64)) for each in (factor, offset))
        if not (np.isfinite(factor).all() and np.isfinite(offset).all()):
            raise ModelError(f"{source} multiplies or adds NaN or infinity")
        for vector in (factor, offset):
            if vector.ndim != 1:
                raise ModelError(f"{source} has numbers of the shape {vector.shape}")
            if vector.size != 1:
                value.expect(vector.size, source)
        return self._value(Scaled(factor, offset, doubt), (value,), source, value.width)

    def standardised(self, value: Value, mean: Doubles, std: Doubles, source: str) -> Value:
        """(x - mean) / std, both (width,), in two roundings."""
        factor, offset = 1 / std, -mean / std
        doubt = Doubt(2 * UNIT * np.abs(factor), 2 * UNIT * np.abs(offset))
        return self.scaled(value, factor, offset, source, doubt)

    def batch_normalised(
        self, value: Value, mean: Doubles, variance: Doubles, gamma: Doubles, beta: Doubles,
        epsilon: float, source: str,
    ) -> Value:  # fmt: skip
        """Gamma * (x - mean) / sqrt(variance + epsilon) + beta, all (width,) of the file.

        What runs the file computes the factor, and beta - mean * factor, in float32 as it predicts.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            factor = gamma / np.sqrt(variance + epsilon)
        shift = mean * factor
        doubt = Doubt(
            AT_RUN_TIME * UNIT * np.abs(factor),
            (AT_RUN_TIME + 1) * UNIT * np.abs(shift) + UNIT * np.abs(beta - shift),
        )
        return self.scaled(value, factor, beta - shift, source, doubt)

    def activated(self, value: Value, activation: str, source: str) -> Value:
        """An activation of ``mlp_edge.mlp``."""
        if activation == "linear":
            return value
        return self._value(Activated(activation), (value,), source, value.width)

    def log_softmax(self, value: Value, source: str) -> Value:
        """The logarithms of a softmax, which can only be read where they are the predictions."""
        probabilities = self.activated(value, "softmax", source)
        found = self._value(Activated("log_softmax"), (probabilities,), source, value.width)
        self._logarithms[found] = probabilities
        return found

    def leaky(self, value: Value, slopes: Doubles | float, source: str) -> Value:
        """X above 0, slopes * x below; slopes (width,), (1,) or ()."""
        slopes = np.atleast_1d(np.asarray(slopes, np.float64))
        for slope, name in ((0, "relu"), (1, "linear"), (LEAKY_SLOPE, "leaky_relu")):
            if (np.float32(slopes) == np.float32(slope)).all():
                return self.activated(value, name, source)
        if not np.isfinite(slopes).all():
            raise ModelError(f"{source} has a slope that is NaN or infinite")
        if slopes.ndim != 1 or slopes.size not in (1, value.width or slopes.size):
            raise ModelError(
                f"{source} has slopes of the shape {slopes.shape} for {value.width} units"
            )
        if slopes.size > 1:
            value.expect(slopes.size, source)
        return self._value(Leaky(slopes), (value,), source, value.width)

    def elu(self, value: Value, alpha: float, source: str) -> Value:
        """X above 0, alpha * (exp(x) - 1) below."""
        return self.leaky(self.activated(value, "elu", source), alpha, source)

    def clipped(self, value: Value, low: float, high: float, source: str) -> Value:
        """The number between ``low`` and ``high`` that is nearest; either may be infinite."""
        low, high = (end if abs(end) < LARGEST_FLOAT else math.copysign(math.inf, end)
                     for end in (low, high))  # fmt: skip
        if not low < high:
            raise ModelError(f"{source} keeps numbers between {low:g} and {high:g}")
        if math.isfinite(low) and math.isfinite(high):
            span = high - low
            inside = self.scaled(value, 6 / span, -6 * low / span - 3, source)
            found = self.scaled(self.activated(inside, "hard_sigmoid", source), span, low, source)
            self._clips[found] = value, low, high
            return found
        if math.isfinite(low):
            above = self.activated(self.scaled(value, 1, -low, source), "relu", source)
            return self.scaled(above, 1, low, source)
        if math.isfinite(high):
            below = self.activated(self.scaled(value, -1, high, source), "relu", source)
            return self.scaled(below, -1, high, source)
        return value

    def limited(self, value: Value, ends: Doubles, sign: float, source: str) -> Value:
        """The larger of each number and its constant (1), or the smaller (-1); ends (width,)."""
        if ends.size == 1:
            low, high = (ends.item(), math.inf) if sign > 0 else (-math.inf, ends.item())
            return self.clipped(value, low, high, source)
        if not np.isfinite(ends).all():
            raise ModelError(f"{source} compares with NaN or infinity; finite numbers would do")
        beyond = self.activated(self.scaled(value, sign, -sign * ends, source), "relu", source)
        return self.scaled(beyond, sign, ends, source)

    def added(self, values: Sequence[Value], factors: Sequence[float], source: str) -> Value:
        """The sum of values, each times a factor; those of width 1 are added to every number."""
        width = self._common_width(values, source)
        return self._value(Added(tuple(factors)), tuple(values), source, width)

    def multiplied(self, values: Sequence[Value], source: str) -> Value:
        """The product of values, number by number; those of width 1 multiply every number."""
        found, *others = values
        for other in others:
            width = self._common_width((found, other), source)
            found = self._value(MULTIPLIED, (found, other), source, width)
        return found

    def maximum(self, values: Sequence[Value], source: str, sign: float = 1) -> Value:
        """The largest of values, number by number; of the sign -1 the smallest."""
        found, *others = values
        for other in others:
            above = self.added((other, found), (sign, -sign), source)
            above = self.activated(above, "relu", source)
            found = self.added((found, above), (1, sign), source)
        return found

    def concatenated(self, values: Sequence[Value], source: str) -> Value:
        """Values one after the other."""
        widths = [value.width for value in values if value.width is not None]
        if len(widths) != len(values) or not values:
            raise ModelError(f"{source} joins rows whose width the file does not tell")
        if len(values) == 1:
            return values[0]
        return self._value(JOINED, tuple(values), source, sum(widths))

    def part(self, value: Value, start: int, stop: int, source: str) -> Value:
        """The numbers of a value from ``start`` to before ``stop``."""
        width = 0 if value.width is None else value.width
        if not 0 <= start < stop <= width:
            raise ModelError(f"{source} takes numbers {start} to {stop} of {value.width or '?'}")
        if (start, stop) == (0, width):
            return value
        return self._value(Cut(start, stop), (value,), source, stop - start)

    def centred(self, value: Value, source: str) -> Value:
        """X - mean(x), of each row."""
        return self._value(CENTRED, (value,), source, _told(value, source))

    def normalised(
        self, value: Value, gamma: Doubles | float, beta: Doubles | float, epsilon: float,
        centred: bool, source: str,
    ) -> Value:  # fmt: skip
        """Gamma * x / sqrt(mean(x ** 2) + epsilon) + beta, of each row.

        Args:
            value: what is normalised.
            gamma: (width,), (1,) or ().
            beta: the same.
            epsilon: above 0, or rows of one number alone have no answer.
            centred: whether the mean is first subtracted from x, as LayerNormalization does; its
                variance is then the mean of the squares.
            source: for messages.
        """
        if not (math.isfinite(epsilon) and epsilon > 0):
            raise ModelError(f"{source} has epsilon {epsilon:g}; a number above 0 would do")
        width = _told(value, source)
        if centred:
            value = self.centred(value, source)
        mean = self._summed_squares(value, 1 / width, epsilon, source)
        root = self.activated(mean, "rsqrt", source)
        found = self.multiplied((self.scaled(value, gamma, 0, source), root), source)
        return self.scaled(found, 1, beta, source)

    def unit_length(self, value: Value, epsilon: float, source: str) -> Value:
        """X / sqrt(max(sum(x ** 2), epsilon)), of each row."""
        above = self._summed_squares(value, 1, -epsilon, source)
        above = self.activated(above, "relu", source)
        root = self.activated(self.scaled(above, 1, epsilon, source), "rsqrt", source)
        return self.multiplied((value, root), source)

    def _summed_squares(self, value: Value, factor: float, offset: float, source: str) -> Value:
        squares = self.activated(value, "square", source)
        weights = np.full((1, _told(value, source)), factor)
        found = self._value(Affine(weights, np.zeros(1)), (squares,), source, 1)
        return self.scaled(found, 1, offset, source)

    # The end

    def finished(self, outputs: Sequence[Value], source: str) -> Layers:
        """The network, its weights rounded to float32.

        Args:
            outputs: what it predicts, one after the other.
            source: of the last step, for messages.

        Raises:
            ModelError: where there is no dense layer, or one holds what float32 cannot.
        """
        notes, logarithms, clip, width = list[str](), list[int](), None, 0
        for value in outputs:
            if value in self._logarithms:
                logarithms += range(width, width + (value.width or 0))
                notes.append(
                    f"{value.source} gives logarithms of probabilities, and mlp-edge the "
                    "probabilities"
                )
            width += value.width or 0
        outputs = [self._logarithms.get(value, value) for value in outputs]
        if len(outputs) == 1:
            outputs[0], clip = self._unclipped(outputs[0])
        lowering = Lowering(self._inputs, outputs)
        heads = lowering.heads(outputs)
        held = sum(weights.size for weights in self._held.values())
        built = build(lowering.readings, heads, held)
        steps = partial(unfolded, tuple(self._inputs), tuple(outputs))
        return Layers(
            built.scaling, built.layers, clip, lowering.folded, built.heads, tuple(notes), steps,
            tuple(logarithms),
        )  # fmt: skip

    def _unclipped(self, output: Value) -> tuple[Value, tuple[float, float] | None]:
        """An output in front of its clip, and the clip; probabilities need none."""
        if output not in self._clips:
            return output, None
        value, low, high = self._clips[output]
        activation = value.step.activation if isinstance(value.step, Activated) else ""
        if activation == "softmax" or (activation == "sigmoid" and value.width == 1):
            return (value, None) if low <= 0 and high >= 1 else (output, None)
        return value, (float(np.float32(low)), float(np.float32(high)))

    def _value(
        self, step: Step, operands: tuple[Value, ...], source: str, width: int | None
    ) -> Value:
        self._count += 1
        self._numbers += width or 0
        if self._count > MOST_VALUES or self._numbers > MOST_NUMBERS:
            raise ModelError(
                f"{source} is step {self._count:,} of a graph that gives {self._numbers:,} numbers "
                f"for a row; {MOST_VALUES:,} steps and {MOST_NUMBERS:,} numbers would do"
            )
        return Value(self._count, step, operands, source, width)

    def _common_width(self, values: Sequence[Value], source: str) -> int | None:
        widths = {value.width for value in values} - {None}
        wide = widths - {1} or widths
        if len(wide) > 1:
            told = ", ".join(str(value.width or "?") for value in values)[:80]
            raise ModelError(f"{source} joins values of {told} numbers, one by one")
        if not wide:
            return None
        [width] = wide
        for value in values:
            if value.width is None and width is not None:
                value.expect(width, source)
        return width


def _told(value: Value, source: str) -> int:
    """The width of what is normalised."""
    width = value.width
    if width is None:
        raise ModelError(f"{source} normalises rows whose width the file does not tell")
    return width
