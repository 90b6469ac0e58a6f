"""The values of a graph: what each operation gives, and how; nothing is computed yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mlp_edge.errors import ModelError
from mlp_edge.reference import Doubles


class Affine(NamedTuple):
    """Weights @ x + bias."""

    weights: Doubles
    bias: Doubles


class Doubt(NamedTuple):
    """How far the numbers that a file computes with may be from those that were read; (width,)."""

    factor: Doubles
    offset: Doubles


class Scaled(NamedTuple):
    """Factor * x + offset, each (1,) or (width,)."""

    factor: Doubles
    offset: Doubles
    doubt: Doubt | None = None


class Activated(NamedTuple):
    """An activation of ``mlp_edge.mlp``."""

    activation: str


class Leaky(NamedTuple):
    """X above 0, slopes * x below; slopes (1,) or (width,)."""

    slopes: Doubles


class Added(NamedTuple):
    """The sum of the operands, each times its factor; one may be a single number."""

    factors: tuple[float, ...]


class Cut(NamedTuple):
    """Some of the numbers."""

    start: int
    stop: int


class Plain(NamedTuple):
    """Given: a part of the readings. Multiplied: two operands. Joined: one after the other.

    Centred: the operand without its mean.
    """

    name: str


GIVEN, MULTIPLIED, JOINED, CENTRED = map(Plain, ("given", "multiplied", "joined", "centred"))
Step = Affine | Scaled | Activated | Leaky | Added | Cut | Plain


@dataclass(eq=False)
class Value:
    """What an operation of a graph gives: a vector per row.

    Attributes:
        number: operations are numbered as they come.
        step: what is done.
        operands: to what.
        source: of the operation in the file, for messages.
        told: how many numbers it gives; None where that is as many as its operands have.
    """

    number: int
    step: Step
    operands: tuple[Value, ...]
    source: str
    told: int | None

    @property
    def width(self) -> int | None:
        """How many numbers it gives; None until something tells."""
        value = self
        while value.told is None and value.operands:
            value = value.operands[0]
        return value.told

    def expect(self, width: int, source: str) -> None:
        """Hold it to a width, or tell it that where nothing has told it before.

        Raises:
            ModelError: naming ``source``, which takes that width.
        """
        if self.width is None:
            waiting = [self]
            while waiting:
                value = waiting.pop()
                if value.told is None:
                    value.told = width
                    waiting += value.operands
        if self.width != width:
            raise ModelError(f"{source} takes {width} inputs, and {self.width} arrive")


def size(value: Value) -> int:
    """The width of a value; raises ``ModelError`` where nothing tells it."""
    width = value.width
    if width is None:
        raise ModelError(f"{value.source} stands before the first Dense layer, on rows whose "
                         "width the file does not tell")  # fmt: skip
    return width


def reachable(outputs: Sequence[Value]) -> list[Value]:
    """The values that outputs depend on, in the order in which they came."""
    found, waiting = set[Value](), list(outputs)
    while waiting:
        value = waiting.pop()
        if value not in found:
            found.add(value)
            waiting += value.operands
    return sorted(found, key=lambda value: value.number)
