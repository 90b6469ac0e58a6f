"""What goes into a package for a server: models as ONNX, and what its pages say of them."""

from __future__ import annotations

from dataclasses import dataclass

from mlp_edge.card import Card
from mlp_edge.export.c.banner import feature_lines, missing_line, number
from mlp_edge.export.c.text import quoted
from mlp_edge.mlp import Mlp
from mlp_edge.proof.golden import readings


@dataclass(frozen=True)
class Served:
    """A model as a server is given it.

    Attributes:
        mlp: the network, under the name of the file.
        dtype: what its numbers are.
        content: the ONNX file.
    """

    mlp: Mlp
    dtype: str
    content: bytes

    @property
    def name(self) -> str:
        """By which clients ask for it."""
        return self.mlp.name

    @property
    def card(self) -> Card:
        """What it says about itself."""
        return Card.of(self.mlp, self.dtype)

    @property
    def features(self) -> list[str]:
        """A line or more per feature, ASCII."""
        return feature_lines(self.mlp)

    @property
    def missing(self) -> str:
        """When a reading is missing, a sentence."""
        alike = missing_line(self.mlp)
        return alike or "NaN is a missing reading, as are the values that the lines above name."

    @property
    def categories(self) -> bool:
        """Whether a feature is a category."""
        return any(feature.codes for feature in self.mlp.features)

    @property
    def row(self) -> str:
        """A row near the middle of what the features declare, as JSON."""
        middle = readings(self.mlp)["in the middle"]
        values = zip(self.mlp.features, middle, strict=True)
        return ", ".join(
            number(value) if feature.codes else f"{value:.4g}" for feature, value in values
        )

    @property
    def outputs(self) -> list[str]:
        """What each output is, ASCII."""
        if self.mlp.task == "binary":
            return [f"the probability of {quoted(self.mlp.labels[1])}"]
        if self.mlp.task == "multiclass":
            return [f"the probability of {quoted(label)}" for label in self.mlp.labels]
        return [quoted(target) for target in self.mlp.targets]

    @property
    def labels(self) -> list[str]:
        """Both labels of a binary model, quoted, ASCII; for a sentence."""
        return [quoted(label) for label in self.mlp.labels]

    @property
    def threshold(self) -> str:
        """Of a binary model: the float32 as text."""
        return number(float(self.mlp.threshold))


@dataclass(frozen=True)
class Deployment:
    """What a package for a server holds.

    Attributes:
        name: of the package: that of the first model.
        version: of the package, such as 1.0.0.
        members: its models, at least one.
    """

    name: str
    version: str
    members: tuple[Served, ...]
