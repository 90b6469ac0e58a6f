"""The data sets that ship. README.md in this folder says where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable


@dataclass(frozen=True)
class DataSet:
    """A table that can be named wherever a file is asked for.

    Attributes:
        name: what the user types; also the stem of the file in ``sets/``.
        target: the column that is predicted unless the user names another.
        description: one line for a list of sets.
    """

    name: str
    target: str
    description: str

    @property
    def location(self) -> Traversable:
        """The CSV file inside the installed package."""
        return files("mlp_edge.data") / "sets" / f"{self.name}.csv"


SETS: dict[str, DataSet] = {
    data_set.name: data_set
    for data_set in (
        DataSet("pima", "diabetes", "768 women, 8 measurements: diabetes within five years or not"),
        DataSet("iris", "species", "150 flowers, 4 lengths in cm: which of three species"),
        DataSet("sine", "y", "1,000 points of a noisy sine wave: y from x in radians"),
    )
}
"""Every set by its name; the first is the default."""

DEFAULT_SET = next(iter(SETS))
