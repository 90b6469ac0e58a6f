"""The graph of a SavedModel: its nodes, and the functions that stand for several of them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.foreign import printable
from mlp_edge.readers.checks.onnx_checks import signed
from mlp_edge.readers.checks.protobuf import Message
from mlp_edge.readers.saved_model.tensors import array_of

CALLS = ("PartitionedCall", "StatefulPartitionedCall")


class Step(NamedTuple):
    """A node of a graph.

    Attributes:
        name: in its graph.
        operator: of TensorFlow.
        inputs: what it reads: "name", "name:1" or, in functions, "name:output:1".
        attributes: undecoded.
    """

    name: str
    operator: str
    inputs: Sequence[str]
    attributes: Mapping[str, Message]

    @classmethod
    def of(cls, message: Message) -> Step:
        """A node of a graph."""
        inputs = [each for each in message.texts(3) if not each.startswith("^")]
        attributes = {}
        for entry in message.messages(5):
            [attributes[entry.text(1)]] = entry.messages(2)
        return cls(message.text(1), message.text(2), inputs, attributes)

    @property
    def source(self) -> str:
        """What messages call it."""
        return f"node {self.name[:80]!r} ({printable(self.operator[:40])})"

    @property
    def function(self) -> str:
        """The function that it calls; "" for none."""
        attribute = self.attributes.get("f")
        named = attribute.messages(10) if attribute and self.operator in CALLS else []
        return named[0].text(1) if named else ""

    def number(self, name: str, otherwise: float) -> float:
        """A float setting."""
        if name not in self.attributes:
            return otherwise
        content = self.attributes[name].joined(4)
        return float(struct.unpack("<f", content)[0]) if content else 0.0

    def whole(self, name: str, otherwise: int = 0) -> int:
        """An integer, a truth value or a type."""
        attribute = self.attributes.get(name)
        if attribute is None:
            return otherwise
        told = [field for field in (3, 5, 6) if attribute.has(field)]  # as i, b or type
        return signed(attribute.number(told[0])) if told else 0

    def wholes(self, name: str) -> list[int]:
        """A list of integers."""
        attribute = self.attributes.get(name)
        lists = attribute.messages(1) if attribute is not None else []
        return [signed(number) for each in lists for number in each.numbers(3)]

    def text(self, name: str) -> str:
        """A text; "" when it is not there."""
        return self.attributes[name].text(2) if name in self.attributes else ""

    def tensor(self) -> NDArray[Any]:
        """The numbers of a Const; raises ModelError naming it."""
        try:
            [tensor] = self.attributes["value"].messages(8)
            return array_of(tensor)
        except (KeyError, ValueError) as error:
            raise ModelError(f"{self.source} holds no numbers that mlp-edge reads") from error


class Function(NamedTuple):
    """Nodes with what they are given and what they give; the graph itself is one without either.

    Attributes:
        steps: by their names.
        arguments: names under which nodes read what the function is given.
        results: what it gives, as nodes name what they read.
    """

    steps: Mapping[str, Step]
    arguments: Sequence[str] = ()
    results: Sequence[str] = ()

    @classmethod
    def of(cls, message: Message) -> Function:
        """A function of a graph's library."""
        [signature] = message.messages(1)
        returned = {entry.text(1): entry.text(2) for entry in message.messages(4)}
        results = [returned[each.text(1)] for each in signature.messages(3)]
        arguments = [each.text(1) for each in signature.messages(2)]
        return cls(_by_name(message.messages(3)), arguments, results)

    def in_order(self, wanted: Sequence[str]) -> Iterator[Step]:
        """The nodes that results depend on, each behind those that it reads.

        Raises:
            ModelError: naming a node that depends on itself.
        """
        done, open_ = set[str](), set[str]()
        waiting = [source_of(each)[0] for each in reversed(wanted)]
        while waiting:
            name = waiting[-1]
            step = self.steps.get(name)
            if step is None or name in done:
                waiting.pop()
            elif name in open_:
                waiting.pop()
                done.add(name)
                yield step
            else:
                open_.add(name)
                sources = [source_of(each)[0] for each in step.inputs]
                if any(each in open_ and each not in done for each in sources):
                    raise ModelError(f"{step.source} depends on itself: a loop")
                waiting += sources


class Library:
    """A graph and its functions.

    Args:
        graph: of a SavedModel.
    """

    def __init__(self, graph: Message) -> None:
        self.main = Function(_by_name(graph.messages(1)))
        self._functions: dict[str, Function] = {}
        self._undecoded: dict[str, Message] = {}
        for library in graph.messages(2):
            for message in library.messages(1):
                [signature] = message.messages(1)
                self._undecoded[signature.text(1)] = message

    def function(self, step: Step) -> Function:
        """What a node calls.

        Raises:
            ModelError: naming the node, where there is no such function.
        """
        name = step.function
        if name not in self._functions:
            if name not in self._undecoded:
                raise ModelError(f"{step.source} calls {name[:80]!r}, which is not there")
            self._functions[name] = Function.of(self._undecoded[name])
        return self._functions[name]

    def restored(self, operation: str) -> dict[str, str]:
        """Where the graph's own variables get their numbers from.

        Args:
            operation: the node that restores them.

        Returns:
            Name of a variable's node -> its key among the variables beside the graph.
        """
        body, given = self.main, dict[str, str]()
        call = body.steps.get(source_of(operation)[0])
        if call is not None and call.function:
            body = self.function(call)
            given = dict(zip(body.arguments, call.inputs, strict=True))
        found = {}
        for step in body.steps.values():
            if step.operator in ("AssignVariableOp", "Assign") and len(step.inputs) == 2:
                variable, value = step.inputs
                key = _key(body, value)
                if key:
                    found[source_of(given.get(variable, variable))[0]] = key
        return found


def source_of(text: str) -> tuple[str, int]:
    """The node that "name", "name:1" or "name:output:1" is a result of, and which of them."""
    name, *places = text.split(":")
    return name, int(places[-1]) if places else 0


def _by_name(messages: Sequence[Message]) -> Mapping[str, Step]:
    return {step.name: step for step in map(Step.of, messages)}


def _key(body: Function, value: str) -> str:
    """The key of a number that is restored; "" for one that comes from elsewhere."""
    name, place = source_of(value)
    step, left = body.steps.get(name), len(body.steps)
    while step is not None and step.operator == "Identity" and left:
        name, place = source_of(step.inputs[0])
        step, left = body.steps.get(name), left - 1
    if step is None or step.operator != "RestoreV2":
        return ""
    names, slices = (body.steps[source_of(each)[0]].tensor() for each in step.inputs[1:3])
    whole = np.size(names) == np.size(slices) and not str(slices.reshape(-1)[place])
    return str(names.reshape(-1)[place]) if whole else ""
