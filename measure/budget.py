"""What a model may take, as it is typed: ``flash=4k,ram=128,ms=5``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from mlp_edge.errors import RecipeError
from mlp_edge.measure.cost import Cost
from mlp_edge.settings import setting

FIGURES: Mapping[str, tuple[str, Callable[[Cost], float | None]]] = {
    "flash": ("bytes", lambda cost: cost.flash),
    "ram": ("bytes", lambda cost: cost.ram if cost.simulated else None),
    "stack": ("bytes", lambda cost: cost.stack if cost.simulated else None),
    "ms": ("ms", lambda cost: cost.milliseconds),
    "cycles": ("cycles", lambda cost: cost.worst if cost.counts == "cycles" else None),
    "instructions": (
        "instructions",
        lambda cost: cost.worst if cost.counts == "instructions" else None,
    ),
}
"""Name -> its unit, and the figure of a model; None where it is not known of a chip."""
COUNTED: Mapping[str, tuple[str, ...]] = {
    "ram": ("cycles", "instructions"), "stack": ("cycles", "instructions"),
    "ms": ("cycles",), "cycles": ("cycles",), "instructions": ("instructions",),
}  # fmt: skip
"""Name -> what has to be counted on a chip for the figure to be known; flash always is."""
_AMOUNT = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)([kM]?)")
_EXAMPLE = "flash=4k,ram=128,ms=5"

Budget = Mapping[str, float]
"""Name of a figure -> the largest that is allowed."""


def read_budget(given: str | Budget) -> Budget:
    """``"flash=4k,ram=128"`` -> {"flash": 4096.0, "ram": 128.0}; k is 1,024 bytes.

    Args:
        given: the text, or figures and limits as such.

    Raises:
        RecipeError: for anything else.
    """
    budget: dict[str, float] = {}
    for name, amount in _parts(given):
        part = f"{name}={amount}" if amount else name
        if name not in FIGURES or name in budget:
            raise RecipeError(
                f"{setting('budget', part)}: takes {', '.join(FIGURES)}, each once, such as "
                f"{_EXAMPLE}"
            )
        limit = read_amount(amount, 1024 if FIGURES[name][0] == "bytes" else 1000)
        if limit is None:
            raise RecipeError(f"{setting('budget', part)}: takes numbers such as {_EXAMPLE}")
        budget[name] = limit
    return budget


def _parts(given: str | Budget) -> Iterator[tuple[str, str]]:
    """Names of figures and their limits as text."""
    if not isinstance(given, str):
        yield from ((name, str(limit)) for name, limit in given.items())
        return
    for part in given.split(","):
        name, _, amount = part.partition("=")
        yield name.strip(), amount.strip()


def read_amount(text: str, thousand: int) -> float | None:
    """``"4k"`` -> 4 * thousand, ``"16M"`` -> 16 * thousand²; None for what is no such number."""
    found = _AMOUNT.fullmatch(text)
    if found is None:
        return None
    return float(found[1]) * {"": 1, "k": thousand, "M": thousand * thousand}[found[2]]


def overruns(budget: Budget, cost: Cost) -> list[str]:
    """What is over the budget, each with figure and limit."""
    says = []
    for name, limit in budget.items():
        unit, figure = FIGURES[name][0], FIGURES[name][1](cost)
        if figure is not None and figure > limit:
            named = "" if name == unit else f"{name} "
            says.append(f"{named}{amount(figure)} {unit} on {cost.target}, allowed {amount(limit)}")
    return says


def unknown(budget: Budget, cost: Cost) -> list[str]:
    """Names of the figures in a budget that nobody knows of this chip."""
    return [name for name in budget if FIGURES[name][1](cost) is None]


def amount(figure: float) -> str:
    """``4096.0`` -> "4,096"; ``3.98125`` -> "3.98"."""
    return f"{figure:,.0f}" if figure == int(figure) else f"{figure:,.3g}"
