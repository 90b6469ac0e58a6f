"""Layers in words: above the tables of each, and as the list at the top of a graph's header."""

from __future__ import annotations

from collections.abc import Iterator, Set
from itertools import accumulate
from textwrap import TextWrapper

from mlp_edge.export.c.text import WIDTH
from mlp_edge.export.layout.diagonals import Term, factors, reads_apart, terms
from mlp_edge.mlp import Mlp
from mlp_edge.walk import head_numbers, sources


def layer_comment(mlp: Mlp, number: int) -> str:
    """A layer above its tables; ``readers/header_file.py`` reads it."""
    layer = mlp.layers[number - 1]
    if layer.diagonals is None:
        return dense_comment(number, layer.activation, layer.outputs, layer.inputs)
    text = elementwise_comment(number, layer.activation, layer.outputs, _sum(mlp, number))
    return "\n * ".join(_lines(text, WIDTH - len("/*  */")))


def dense_comment(number: int, activation: str, outputs: int, inputs: int) -> str:
    """The same of any dense layer."""
    return f"Layer {number}, {activation}: [neuron][input], {outputs} x {inputs}"


def elementwise_comment(number: int, activation: str, outputs: int, what: str) -> str:
    """The same of a layer whose weights are diagonals."""
    return f"Layer {number}, {activation}: elementwise, {outputs} units: {what}"


def layer_lines(mlp: Mlp, elementwise: Set[int], factors: bool) -> list[str]:
    """A line per layer, or more where it reads many values.

    Args:
        mlp: the network.
        elementwise: the numbers of layers whose weights are diagonals in this header.
        factors: whether diagonals of ones are left out, so that the others are worth a word.
    """
    cells = [_cells(mlp, number, number in elementwise) for number in range(1, len(mlp.layers) + 1)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for number, row in enumerate(cells, start=1):
        start = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + "  "
        text = "; ".join(_wires(mlp, number, factors and number in elementwise))
        lines += _lines(text, WIDTH - len(" *   "), start)
    return lines


def _lines(text: str, width: int, start: str = "") -> list[str]:
    wrapper = TextWrapper(width, initial_indent=start, subsequent_indent=" " * len(start))
    wrapper.break_long_words = wrapper.break_on_hyphens = False
    # A name stays on one line.
    kept = text.replace("layer ", "layer\xa0")
    return [line.replace("\xa0", " ") for line in wrapper.wrap(kept)]


def _cells(mlp: Mlp, number: int, elementwise: bool) -> tuple[str, ...]:
    layer = mlp.layers[number - 1]
    if elementwise:
        return (str(number), "elementwise", str(layer.outputs), layer.activation)
    return (str(number), "dense", f"{layer.inputs} to {layer.outputs}", layer.activation)


def _wires(mlp: Mlp, number: int, factors: bool) -> Iterator[str]:
    """What a layer reads, by what it is multiplied, which outputs it gives."""
    layer = mlp.layers[number - 1]
    if factors:
        yield f"of {_sum(mlp, number)}"
    else:
        yield "of " + ", ".join(map(_name, sources(layer, number)))
    if layer.times is not None:
        yield f"times {_name(layer.times)}"
    heads = head_numbers(mlp.layers, mlp.heads)
    if number in heads:
        widths = [mlp.layers[head - 1].outputs for head in heads]
        last = list(accumulate(widths))[heads.index(number)] - 1
        first = last - layer.outputs + 1
        yield f"gives output [{last}]" if first == last else f"gives outputs [{first}] to [{last}]"


def _sum(mlp: Mlp, number: int) -> str:
    """The pre-activation of an elementwise layer."""
    layer = mlp.layers[number - 1]
    if not reads_apart(mlp, number):
        return ", ".join(map(_name, sources(layer, number))) + " one after the other"
    found = [
        f"{factor} * {_term(term)}" if factor else _term(term)
        for term, factor in zip(terms(mlp, number), factors(layer), strict=True)
    ]
    return " + ".join([*found, *(["BIAS"] if layer.bias.any() else [])])


def _term(term: Term) -> str:
    return _name(term.value or 0) + ("" if term.whole else f" from [{term.start}]")


def _name(value: int) -> str:
    return f"layer {value}" if value else "inputs"
