"""The versions that mlp-edge was tried with, from the metadata it was installed with."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from itertools import zip_longest

DISTRIBUTION = "mlp-edge"
SHOWN = ("", "train", "sim", "tune", "sign", "mlflow", "tensorboard")
"""The extras that a user runs with; "" is what comes with every installation."""

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*\(?([^;()]*)\)?\s*(?:;(.*))?")
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")
_CONDITION = re.compile(r"(>=|<=|==|!=|<|>)\s*([0-9][0-9.]*)")
_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass(frozen=True)
class Requirement:
    """A package and the range of its versions that was tried.

    Attributes:
        name: of the package.
        tried: such as ">=2.21,<2.22"; "" for any version.
        extra: what brings it, such as "train"; "" when every installation does.
    """

    name: str
    tried: str
    extra: str

    @property
    def wanted(self) -> str:
        """What pip takes: name and range."""
        return f"{self.name}{self.tried}"


def requirements() -> list[Requirement]:
    """What this installation of mlp-edge needs, by name; [] when it was never installed."""
    try:
        lines = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []
    found = (parse(line) for line in lines)
    kept = {item.name: item for item in found if item is not None and item.extra in SHOWN}
    kept.pop(DISTRIBUTION, None)
    return list(kept.values())


def python_range() -> str:
    """The Python versions that were tried, such as ">=3.11,<3.14"; "" when nobody knows."""
    try:
        return _ordered(metadata.metadata(DISTRIBUTION)["Requires-Python"] or "")
    except (metadata.PackageNotFoundError, KeyError):
        return ""


def version_of(package: str) -> str | None:
    """The installed version of a package; None when it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def parse(line: str) -> Requirement | None:
    """A line of Requires-Dist as pyproject.toml writes them; None for anything else."""
    found = _REQUIREMENT.fullmatch(line.strip())
    if found is None:
        return None
    extra = _EXTRA.search(found[3] or "")
    return Requirement(found[1], _ordered(found[2]), extra[1] if extra else "")


def holds(version: str, tried: str) -> bool:
    """Whether a version is in a range; what stands behind its numbers, such as rc1, is ignored."""
    numbers = _numbers(version)
    for sign, bound in _CONDITION.findall(tried):
        pairs = zip_longest(numbers, _numbers(bound), fillvalue=0)
        # As one number: 1, 0 or -1 for above, equal, below.
        order = next((1 if have > want else -1 for have, want in pairs if have != want), 0)
        if not _COMPARISONS[sign](order, 0):
            return False
    return True


def _numbers(version: str) -> list[int]:
    """``"2.21.0rc1"`` -> [2, 21, 0]."""
    found = re.match(r"v?(?:\d+!)?(\d+(?:\.\d+)*)", version)
    return [int(part) for part in found[1].split(".")] if found else []


def _ordered(conditions: str) -> str:
    """Lower bounds first, as people write them: metadata has them in any order."""
    parts = [part.strip() for part in conditions.split(",") if part.strip()]
    return ",".join(sorted(parts, key=lambda part: not part.startswith(">")))
