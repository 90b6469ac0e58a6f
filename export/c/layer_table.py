"""Layers in words: above the tables of each, and as the list at the top of a graph's header."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from textwrap import TextWrapper

from mlp_edge.export.c.diagonals import Term, factors, terms
from mlp_edge.export.c.text import WIDTH
from mlp_edge.mlp import Mlp
from mlp_edge.walk import head_numbers, sources


def layer_comment(mlp: Mlp, number: int) -> str:
    """A layer above its tables; ``readers/header_file.py`` reads it."""
    layer = mlp.layers[number - 1]
    if layer.diagonals is None:
        return dense_comment(number, layer.activation, layer.outputs, layer.inputs)
    sums = f"elementwise, {layer.outputs} units: {_sum(mlp, number)}"
    text = f"Layer {number}, {layer.activation}: {sums}"
    return "\n * ".join(_lines(text, WIDTH - len("/*  */")))


def dense_comment(number: int, activation: str, outputs: int, inputs: int) -> str:
    """The same of any dense layer."""
    return f"Layer {number}, {activation}: [neuron][input], {outputs} x {inputs}"


def layer_lines(mlp: Mlp, diagonals: bool = True) -> list[str]:
    """A line per layer, or more where it reads many values.

    Args:
        mlp: the network.
        diagonals: whether the header has diagonals as such, not as matrices.
    """
    cells = [_cells(mlp, number, diagonals) for number in range(1, len(mlp.layers) + 1)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for number, row in enumerate(cells, start=1):
        start = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + "  "
        text = "; ".join(_wires(mlp, number, diagonals))
        lines += _lines(text, WIDTH - len(" *   "), start)
    return lines


def _lines(text: str, width: int, start: str = "") -> list[str]:
    wrapper = TextWrapper(width, initial_indent=start, subsequent_indent=" " * len(start))
    wrapper.break_long_words = wrapper.break_on_hyphens = False
    return wrapper.wrap(text)


def _cells(mlp: Mlp, number: int, diagonals: bool) -> tuple[str, ...]:
    layer = mlp.layers[number - 1]
    if diagonals and layer.diagonals is not None:
        return (str(number), "elementwise", str(layer.outputs), layer.activation)
    return (str(number), "dense", f"{layer.inputs} to {layer.outputs}", layer.activation)


def _wires(mlp: Mlp, number: int, diagonals: bool) -> Iterator[str]:
    """What a layer reads, by what it is multiplied, which outputs it gives."""
    layer = mlp.layers[number - 1]
    if diagonals and layer.diagonals is not None:
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
    found = [
        f"{factor} * {_term(term)}" if factor else _term(term)
        for term, factor in zip(terms(mlp, number), factors(layer), strict=True)
    ]
    return " + ".join([*found, *(["BIAS"] if layer.bias.any() else [])])


def _term(term: Term) -> str:
    if term.value is None:
        return f"its inputs from [{term.start}]"
    return _name(term.value) + ("" if term.whole else f" from [{term.start}]")


def _name(value: int) -> str:
    return f"layer {value}" if value else "inputs"
