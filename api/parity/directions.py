"""What is said of readings that every prediction follows."""

from __future__ import annotations

from mlp_edge.mlp import OUTPUT_NAMES
from mlp_edge.parity.monotone import BITS, BROKEN, ROUNDING, UNPROVED, Followed, Monotone

_NAMES = {**OUTPUT_NAMES, "regression": "prediction"}


def proved_sentence(task: str, found: Monotone) -> str:
    """What is proved of the network, and how its exports keep to it."""
    kept: dict[Followed, list[str]] = {}
    for name, each in found.artifacts.items():
        kept.setdefault(each, []).append(name)
    says = [f"Monotone: {_statement(task, found)}: proved, whatever the readings"]
    for each in sorted(kept, key=lambda each: (ORDER.index(each.verdict), each.most or 0)):
        says.append(f"{_how(each)}: {', '.join(kept[each])}")
    return "; ".join(says)


def lost_sentence(task: str, found: Monotone) -> str:
    """Why a direction does not hold."""
    broken = [name for name, each in found.artifacts.items() if each.verdict == BROKEN]
    if broken:
        return (
            f"{', '.join(broken)}: by its own weights it is not so that {_statement(task, found)}"
        )
    return (
        f"not proved that {_statement(task, found)}: the signs of the weights let it move both ways"
    )


ORDER = (BITS, ROUNDING, UNPROVED, BROKEN)
"""In which artifacts are listed."""


def _statement(task: str, found: Monotone) -> str:
    moves = "falls" if found.direction == "+" else "rises"
    return f"the {_NAMES[task]} never {moves} when {found.column!r} rises"


def _how(each: Followed) -> str:
    if each.verdict == ROUNDING:
        return "but for rounding" + ("" if each.most is None else f" of at most {each.most:.1e}")
    return {BITS: "to the bit", UNPROVED: "not claimed", BROKEN: "lost"}[each.verdict]
