"""The modules that ``export/scripts/javascript.py`` writes of a model, as scripts of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mlp_edge.errors import ModelError
from mlp_edge.export.scripts import javascript
from mlp_edge.integers.quantised import Quantised
from mlp_edge.mlp import Mlp

MOST_TEXT = 2**21
"""Bytes of modules in a page that is to be sent around."""
LEAST_TEXT = 2
"""Bytes of a weight in a module, at least: a digit and a comma."""
TOO_LARGE = "its module is too large for a page that is to be sent around"


def modules_of(
    mlp: Mlp, quantised: Sequence[Quantised]
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The modules of a model that fit into a page.

    Args:
        mlp: the network.
        quantised: the same in int8, int16 or int24.

    Returns:
        The text of each by its dtype, and a dtype with a reason for each that is not there.
    """
    made: dict[str, str] = {}
    refused: list[tuple[str, str]] = []
    for numbers in (None, *quantised):
        dtype = "float32" if numbers is None else numbers.dtype
        room = MOST_TEXT - sum(map(len, made.values()))
        if LEAST_TEXT * mlp.parameters > room:  # seen before it takes minutes to write
            refused.append((dtype, TOO_LARGE))
            continue
        try:
            module = _module(mlp, numbers)
        except ModelError as error:
            refused.append((dtype, str(error)))
            continue
        if len(module) > room:
            refused.append((dtype, TOO_LARGE))
        else:
            made[dtype] = module
    return made, refused


def _module(mlp: Mlp, numbers: Quantised | None) -> str:
    """What ``mlp-edge export`` writes, under the name that it has there."""
    if numbers is None:
        return javascript.export(mlp).decode("ascii")
    named = replace(mlp, name=f"{mlp.name}_{numbers.dtype}")
    return javascript.export_integers(named, numbers).decode("ascii")


def registered(dtype: str, module: str, mlp: Mlp) -> str:
    """A module, and behind it the statement that leaves its functions to the page."""
    names = "predict, selftest" + (", classify" if mlp.labels else "")
    return f"{module}\n(globalThis.mlpEdge ??= {{}}).{dtype} = {{ {names} }};\n"
