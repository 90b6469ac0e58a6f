"""How much stack a header takes on every simulated chip: what its comment says of it.

    .venv/bin/python benchmarks/stack.py [CHIP or dtype ...]    writes firmware_headers/stack.json
    .venv/bin/python benchmarks/stack.py new ...    adds kernels that it lacks; the others stay

Some hundreds of small networks, of every activation, task, encoding and dtype, are built with gcc
-Os and run on rows that take every path. What each takes beyond its arrays is fitted from above by
a sum over its kernels (export/layout/stack.py): per chip and dtype the lowest sum that no
measurement exceeds, by linear programming, and a margin. The margin is how far networks of one
fifth exceed what the other four fifths give, at most, and eight bytes. Ten minutes.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path

import numpy as np
from scipy.optimize import linprog

from mlp_edge.card import Card
from mlp_edge.export.c import asymmetric, exporter, integers
from mlp_edge.export.c.page import Page, single
from mlp_edge.export.layout.stack import ALWAYS, ASYMMETRIC, GRAPH, features
from mlp_edge.feature import Feature
from mlp_edge.mlp import SCALAR_ACTIVATIONS, Mlp, Task
from mlp_edge.runtime import CHIPS as SIMULATED
from mlp_edge.runtime import Chip
from mlp_edge.runtime.c import Header
from mlp_edge.runtime.chips.firmware import build

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.chips import compiler_version
from support.graphs import graph, residual
from support.integer_networks import heavy, made
from support.integer_tflite import chain, read
from support.networks import encoded, network, readings

TABLE = Path(__file__).parents[1] / "firmware_headers" / "stack.json"
TASKS: tuple[tuple[Task, int], ...] = (
    ("binary", 1), ("multiclass", 3), ("regression", 1), ("regression", 2),
)  # fmt: skip
DTYPES = ("float32", "int8", "int16", "int24", ASYMMETRIC)
NEW = "new"
"""The word for measuring only networks with kernels that the table lacks."""
FOLDS = 5
PAIR = 8
"""Bytes of two more registers that a compiler saves."""
LEVELS = ("a", "b", "c")
ENCODINGS = {
    "filled": [
        Feature("a", -9.0, 9.0, fill=1.0, indicator=True),
        Feature("b", -9.0, 9.0, fill=1.0, sentinel=-999.0),
        Feature("c", -9.0, 9.0, fill=2.0, indicator=True),
    ],
    "categories": [Feature(name, categories=LEVELS, codes=(0, 1, 2)) for name in LEVELS],
    "mixed": [
        Feature("a", 1.0, 90.0, sentinel=0.0, fill=70.5, indicator=True),
        Feature("b", categories=LEVELS, codes=(3, 0, -7), fill=0.0),
        Feature("c", 0.0, 99.0),
        Feature("d", 0.0, 9.0, sentinel=-1.0),
        Feature("e", categories=LEVELS, codes=(0, 1, 2)),
    ],
}


def plain() -> Iterator[Mlp]:
    """Networks of numbers: every depth, every activation."""
    for task, outputs in TASKS:
        for depth in range(5):
            for standardised in (True, False):
                yield network((6, *[5] * depth, outputs), "relu", task, standardised)
    for activation in SCALAR_ACTIVATIONS:
        for depth in (1, 2, 3):
            for task, outputs in TASKS:
                yield _of(activation, (6, *[5] * depth, outputs), task)


def _of(activation: str, widths: Sequence[int], task: Task, standardised: bool = True) -> Mlp:
    """A network of one activation, with sums above 0 in front of every rsqrt."""
    mlp = network(widths, activation, task, standardised)
    if activation != "rsqrt":
        return mlp
    *hidden, last = mlp.layers
    raised = [
        replace(
            layer, weights=abs(layer.weights) / np.float32(50), bias=abs(layer.bias) + np.float32(5)
        )
        for layer in hidden
    ]
    return replace(mlp, layers=(*raised, last))


def others() -> Iterator[Mlp]:
    """Networks with something in front of the layers, behind them, or wide ones."""
    for features_, depth in ((one, depth) for one in ENCODINGS.values() for depth in range(3)):
        for task, outputs in TASKS:
            yield encoded(features_, (7,) * depth, outputs, task)
    for width in (3, 30):
        for task, outputs in TASKS:
            yield network((6, width, width, outputs), "relu", task)
    for activation in ("relu", "tanh"):
        yield network((6, 5, 5, 2), activation, "regression", clip=(-1.0, 1.0))
    for task, outputs in TASKS[:2]:
        last = network((6, 5, 5, outputs), "tanh", task)
        own = replace(last.layers[-1], activation="hard_sigmoid")
        yield replace(last, layers=(*last.layers[:-1], own))  # decided by its predictions
    yield network((6, 5, 1), threshold=np.float32(0))
    for activation in SCALAR_ACTIVATIONS:
        for depth in (1, 2):
            for task, outputs in (TASKS[0], TASKS[2]):
                yield _of(activation, (4, *[30] * depth, outputs), task, standardised=False)


def graphs(whole: bool) -> Iterator[Mlp]:
    """Networks that are no chains: of every activation, gate and encoding, or for integers."""
    for width, blocks in ((4, 1), (16, 2), (30, 3)):
        yield residual(width, blocks)
        yield residual(width, blocks, standardised=False)
    for seed in range(70):
        yield graph(seed, integers=not whole)
    for seed, features_ in enumerate(one for one in ENCODINGS.values() for _ in range(9)):
        yield graph(100 + seed, integers=not whole, features=features_)


def foreign() -> Iterator[Page]:
    """Networks in integers of TFLite files: every depth, every step."""
    lasts = (("", 1), ("", 3), ("LOGISTIC", 1), ("LOGISTIC", 3), ("SOFTMAX", 3), ("TANH", 2))
    for seed, (last, outputs) in enumerate(lasts):
        for depth in range(5):
            for hidden in ("", "TANH"):
                widths = (6, *[5 + 10 * (seed % 2)] * depth, outputs)
                found = read(chain(widths, seed, hidden=hidden, last=last).content())
                if found.integers is not None:
                    yield asymmetric.page(found.mlp, found.integers)


def pages(dtype: str) -> Iterator[Page]:
    """Every network as C in a dtype."""
    if dtype == ASYMMETRIC:
        yield from foreign()
        return
    for number, mlp in enumerate(graphs(dtype == "float32")):
        if dtype == "float32":
            yield exporter.page(mlp)
        else:
            first = made(mlp, dtype, number)
            several = (first, heavy(first)) if dtype == "int8" and number % 4 == 0 else (first,)
            yield from (integers.page(mlp, numbers) for numbers in several)
    for number, mlp in enumerate((*plain(), *others())):
        if dtype == "float32":
            yield exporter.page(mlp)
        elif mlp.scaling is not None and _alike(mlp):
            first, second = (made(mlp, dtype, 2 * number + seed) for seed in range(2))
            several = (first, second, heavy(first)) if dtype == "int8" else (first,)
            yield from (integers.page(mlp, numbers) for numbers in several)


def _alike(mlp: Mlp) -> bool:
    """Integers have one kernel for every activation but relu."""
    return {layer.activation for layer in mlp.layers[:-1]} <= {"relu", "tanh"}


def header_of(page: Page) -> Header:
    """The header of a page, as one file."""
    mlp = page.mlp
    text = single(page).decode()
    return Header(Path(f"{mlp.name}.h"), text, Card.of(mlp), mlp.inputs, mlp.outputs)


def measured(chip: Chip, page: Page, empty: bool = False) -> int:
    """Bytes of stack of the deepest row; with ``empty``, of a function that does nothing."""
    rows = readings(page.mlp, 4)
    rows = np.vstack([rows, rows[:1] * np.float32(1e6), rows[:1] * 0]).astype("<f4")
    with chip.start(build(header_of(page), chip.target, empty=empty)) as simulator:
        return max(simulator.measure(row.tobytes()).stack for row in rows)


def fitted(
    calls: Sequence[Counter[str]], beyond: Sequence[int], known: Mapping[str, int]
) -> dict[str, int]:
    """The lowest sum over the kernels that is nowhere below what was measured.

    Args:
        calls: of each network.
        beyond: bytes that each takes beyond its arrays.
        known: figures that stay as they are.
    """
    found = [set(features(each)) for each in calls]
    names = sorted(set().union(*found) - set(known))
    present = np.array([[name in one for name in names] for one in found], float)
    rest = [
        bytes_ - sum(known.get(n, 0) for n in one)
        for bytes_, one in zip(beyond, found, strict=True)
    ]
    result = linprog(present.sum(axis=0), A_ub=-present, b_ub=-np.array(rest, float))
    return {
        **known,
        **{name: ceil(value - 1e-6) for name, value in zip(names, result.x, strict=True)},
    }


def margin(calls: Sequence[Counter[str]], beyond: Sequence[int], known: Mapping[str, int]) -> int:
    """How many bytes a network may take beyond what others of its kind were fitted to."""
    most = 0
    for fold in range(FOLDS):
        rest = [n for n in range(len(calls)) if n % FOLDS != fold]
        table = fitted([calls[n] for n in rest], [beyond[n] for n in rest], known)
        for n in range(fold, len(calls), FOLDS):
            found = set(features(calls[n]))
            if found <= table.keys():  # of a kernel that no other has, nothing could be said
                most = max(most, beyond[n] - sum(table[feature] for feature in found))
    return most + PAIR


def _with_margin(fresh: set[str]) -> Sequence[str]:
    """What the margin goes to: what all networks have in common, else each kernel that is new."""
    shared = [name for name in (ALWAYS, GRAPH) if name in fresh]
    return shared[:1] or sorted(fresh)


def main(names: Sequence[str]) -> None:
    """Measure on these chips, or on all, in these dtypes, or in all, and write the table."""
    table = json.loads(TABLE.read_text())
    dtypes = [dtype for dtype in DTYPES if dtype in names] or DTYPES
    chips = [name for name in names if name not in (*DTYPES, NEW)]
    for chip in SIMULATED:
        name = chip.target.name
        if chips and name not in chips:
            continue
        table["compilers"][name] = compiler_version(chip)
        nothing = measured(chip, next(pages("float32")), empty=True)
        for dtype in dtypes:
            known = table["bytes"][name][dtype] if NEW in names else {}
            every = [page for page in pages(dtype) if not set(page.kernel_calls) <= set(known)]
            if not every:
                continue
            stacks = np.array([measured(chip, page) for page in every]) - nothing
            calls, arrays = (
                [p.kernel_calls for p in every],
                [p.arrays + p.wider_arrays * (name != "avr") for p in every],
            )
            beyond = (stacks - np.array(arrays)).tolist()
            found = fitted(calls, beyond, known)
            more = margin(calls, beyond, known)
            for kernel in _with_margin(set(found) - set(known)):
                found[kernel] += more
            table["bytes"][name][dtype] = dict(sorted(found.items()))
            stated = np.array(arrays) + [
                sum(found[feature] for feature in features(one)) for one in calls
            ]
            off = stated / stacks
            print(
                f"{name} {dtype}: {len(every)} networks, stated {off.min():.2f} to {off.max():.2f} "
                f"times what was measured, {off.mean():.2f} in the mean",
                flush=True,
            )
    TABLE.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
