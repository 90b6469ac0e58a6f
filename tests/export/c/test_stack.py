"""The stack that a header states: never less than what is measured, and not much more."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import specimens
from support.c_compiler import HEADERS
from support.chips import compiler_version, every_chip, require
from support.graphs import graph, residual
from support.header_models import PENGUINS
from support.integer_networks import made
from support.integer_tflite import chain, read
from support.networks import encoded, network, readings

from mlp_edge.card import Card
from mlp_edge.export.c import asymmetric, exporter, integers
from mlp_edge.export.c.page import Page, single
from mlp_edge.export.layout.stack import CHIPS, stack_bytes
from mlp_edge.mlp import ACTIVATIONS
from mlp_edge.runtime import Chip
from mlp_edge.runtime.c import Header
from mlp_edge.runtime.chips.firmware import build

TABLE = json.loads((HEADERS / "stack.json").read_text())
SLACK = 72
"""Bytes that a small network may take less than what is stated, beside 30 %: what is added up per
kernel, layers of one network share."""

# None of these is among the networks that benchmarks/stack.py measures.
NETWORKS = (
    network((10, 20, 20, 20, 4), "selu", "multiclass"),
    network((5, 9, 4, 2), "gelu", "regression", clip=(-2.0, 2.0)),
    network((3, 40, 1), "softsign", standardised=False),
    encoded(PENGUINS, (11, 3), 2),
)
GRAPHS = (residual(12, 3), graph(1001), graph(1003), graph(1004, features=PENGUINS))
STRANGERS = (
    read(chain((10, 20, 20, 4), 41, hidden="LOGISTIC", last="SOFTMAX").content()),
    read(chain((3, 40, 1), 42).content()),
)
PAGES = {
    **{f"specimen {name}": exporter.page(specimens.load(name)) for name in specimens.NAMES},
    "specimen int8": integers.page(
        specimens.load("pima"), specimens.load_integers(specimens.INTEGERS)
    ),
    **{f"float32 {number}": exporter.page(mlp) for number, mlp in enumerate(NETWORKS)},
    **{f"graph {number}": exporter.page(mlp) for number, mlp in enumerate(GRAPHS)},
    **{
        f"{dtype} {number}": integers.page(mlp, made(mlp, dtype, number))
        for number, mlp in enumerate(NETWORKS)
        for dtype in ("int8", "int16", "int24")
    },
    **{
        f"{dtype} graph {number}": integers.page(mlp, made(mlp, dtype, number))
        for number, mlp in enumerate((residual(12, 3), graph(1005, integers=True)))
        for dtype in ("int8", "int16", "int24")
    },
    **{
        f"stranger {number}": asymmetric.page(found.mlp, found.integers)
        for number, found in enumerate(STRANGERS)
        if found.integers is not None
    },
}


def stack_of(chip: Chip, page: Page, empty: bool = False) -> int:
    mlp = page.mlp
    text = single(page).decode()
    header = Header(Path("net.h"), text, Card.of(mlp), mlp.inputs, mlp.outputs)
    rows = np.vstack([readings(mlp, 3), readings(mlp, 1) * np.float32(1e6)]).astype("<f4")
    with chip.start(build(header, chip.target, empty=empty)) as simulator:
        return max(simulator.measure(row.tobytes()).stack for row in rows)


@pytest.mark.slow
@every_chip
def test_no_network_takes_more_than_its_header_states(chip: Chip) -> None:
    name = require(chip).target.name
    if compiler_version(chip) != TABLE["compilers"][name]:
        pytest.skip(f"the table is of {TABLE['compilers'][name]}")
    nothing = stack_of(chip, next(iter(PAGES.values())), empty=True)
    for described, page in PAGES.items():
        stated = stack_bytes(page.measured_as, page.kernel_calls, page.arrays, page.wider_arrays)[
            name
        ]
        taken = stack_of(chip, page) - nothing
        assert taken <= stated, described
        slack = SLACK if page.mlp.is_chain else 2 * SLACK  # it adds up more kernels
        assert stated <= 1.3 * taken + slack, described
        assert f"{stated} {'bytes ' * (name == 'avr')}on {CHIPS[name]}" in single(page).decode()


def test_every_kernel_that_a_header_calls_was_measured() -> None:
    for name in CHIPS:
        assert set(ACTIVATIONS) - {"linear"} <= set(TABLE["bytes"][name]["float32"])
        for page in PAGES.values():
            assert set(page.kernel_calls) <= set(TABLE["bytes"][name][page.measured_as])
