"""What goes into a package: models with their C, under one name and version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mlp_edge.export.c.banner import feature_lines, number
from mlp_edge.export.c.constants import constant_names
from mlp_edge.export.c.text import quoted
from mlp_edge.mlp import Mlp
from mlp_edge.proof.golden import readings

_TOO_LARGE = re.compile(r'^#ifdef __AVR__\n#error "\w+: (.*)"', re.MULTILINE)


@dataclass(frozen=True)
class Member:
    """A model of a package.

    Attributes:
        mlp: the network, under the name that its files and symbols bear.
        model: its name without the dtype.
        dtype: what its numbers are.
        files: name -> content: ``NAME.h``, ``NAME.c`` and the kernels.
    """

    mlp: Mlp
    model: str
    dtype: str
    files: Mapping[str, bytes]

    @property
    def name(self) -> str:
        """Of its files and functions."""
        return self.mlp.name

    @property
    def NAME(self) -> str:  # noqa: N802 (as the pages of C spell it)
        """Of its constants."""
        return self.name.upper()

    @property
    def target(self) -> str:
        """What it predicts, for a cell of a table in Markdown: the column, or how many of them."""
        targets = self.mlp.targets
        if len(targets) > 1:
            return f"{len(targets)} values"
        return "`{}`".format(quoted(targets[0]).replace("`", "'").replace("|", r"\|"))

    @property
    def features(self) -> list[str]:
        """A line or more per feature, as its header has them."""
        return feature_lines(self.mlp)

    @property
    def row(self) -> list[str]:
        """A row near the middle of what the features declare, as it is typed."""
        middle = readings(self.mlp)["in the middle"]
        return [
            number(value) if feature.codes else f"{value:.4g}"
            for feature, value in zip(self.mlp.features, middle, strict=True)
        ]

    @property
    def printed(self) -> str:
        """What its examples print of a row."""
        if not self.mlp.labels:
            return "the value" if self.mlp.outputs == 1 else "the values"
        return f"the {self.mlp.output_name} and the label"

    @property
    def functions(self) -> list[str]:
        """Of its header, in its order."""
        header = self.files[f"{self.name}.h"].decode("ascii")
        return re.findall(rf"^\w+ ({self.name}_\w+)\(", header, re.MULTILINE)

    @property
    def classifies_counts(self) -> bool:
        """Whether it takes readings as 16-bit integers to a class, without a float."""
        return f"{self.name}_classify_raw" in self.functions

    @property
    def too_large(self) -> str | None:
        """Why no AVR can read its tables, as its source says; None where one can."""
        found = _TOO_LARGE.search(self.files[f"{self.name}.c"].decode("ascii"))
        return None if found is None else found[1]

    @property
    def constants(self) -> list[str]:
        """Of its header: counts, and a name for every feature, class and code."""
        counts = ["INPUTS", "OUTPUTS", *(["CLASSES"] if self.mlp.labels else [])]
        counts += ["THRESHOLD"] if self.mlp.task == "binary" else []
        return [*(f"{self.NAME}_{count}" for count in counts), *constant_names(self.mlp)]


@dataclass(frozen=True)
class Library:
    """What a package holds.

    Attributes:
        name: of the package and its folder: that of the first model.
        version: of the package, such as 1.0.0.
        members: its models, at least one.
    """

    name: str
    version: str
    members: tuple[Member, ...]

    @property
    def sentence(self) -> str:
        """What the library is for."""
        names = ", ".join(member.name for member in self.members)
        return f"Predicts with multilayer perceptrons that mlp-edge exported: {names}."
