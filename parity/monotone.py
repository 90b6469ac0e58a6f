"""Whether predictions follow a reading in one direction, proved of a network and of its exports."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mlp_edge.half_precision import half_precision
from mlp_edge.integers.quantised import HIGHEST
from mlp_edge.integers.quantised_file import SUFFIX, read_parameters
from mlp_edge.mlp import Mlp
from mlp_edge.parity.certificate import Certificate
from mlp_edge.parity.result import ArtifactResult
from mlp_edge.proof.monotone import Directions, float_steps_back, of_integers, of_network
from mlp_edge.runtime.verify import PROGRAMS

BITS, ROUNDING, UNPROVED, BROKEN = "bits", "rounding", "unproved", "broken"


@dataclass(frozen=True)
class Followed:
    """What is proved of one artifact.

    Attributes:
        verdict: "bits" where no prediction ever moves the wrong way; "rounding" where none does
            but by rounding; "unproved" where nothing is claimed; "broken" where its own weights
            have other signs than the network's.
        most: by how much rounding may move a prediction the wrong way, in the declared ranges; None
            where that is not bounded.
    """

    verdict: str
    most: float | None = None


@dataclass(frozen=True)
class Monotone:
    """Whether every prediction follows a reading while all other readings stay.

    Attributes:
        column: whose reading rises.
        direction: "+" where no prediction may fall, "-" where none may rise.
        proved: whether none does in exact arithmetic, whatever the readings.
        artifacts: name -> what is proved of it; empty where nothing is proved of the network.
    """

    column: str
    direction: str
    proved: bool
    artifacts: Mapping[str, Followed] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether the network is proved, and no artifact has lost the signs of its weights."""
        return self.proved and all(each.verdict != BROKEN for each in self.artifacts.values())


def monotone(
    mlp: Mlp,
    wanted: Directions,
    results: Sequence[ArtifactResult],
    certificate: Certificate,
    files: Mapping[str, Path],
) -> tuple[Monotone, ...]:
    """Prove the directions that are wanted.

    Args:
        mlp: the network.
        wanted: by names of its features.
        results: the original's line first, then each artifact's, compared.
        certificate: how far off float32 can be.
        files: name -> where it stands, integers included.
    """
    proofs = _Proofs(mlp, certificate, files, [one for one in results if one.ran])
    return tuple(proofs.of(column, sign) for column, sign in wanted.items())


class _Proofs:
    """What can be proved of a network and of what was compared."""

    def __init__(
        self, mlp: Mlp, certificate: Certificate, files: Mapping[str, Path],
        ran: Sequence[ArtifactResult],
    ) -> None:  # fmt: skip
        self._mlp, self._files, self._ran = mlp, files, ran
        self._failed = {one.artifact for one in ran if one.verdict == "FAIL"}
        # Two rows are each off by no more than the bound.
        widest = 2 * max(certificate.bounds)
        self._rounding = Followed(ROUNDING, widest if math.isfinite(widest) else None)

    def of(self, column: str, sign: int) -> Monotone:
        """Of one column."""
        index = [feature.name for feature in self._mlp.features].index(column)
        proved = of_network(self._mlp, index).hold(sign)
        artifacts = {one.artifact: self._followed(one, index, sign) for one in self._ran}
        return Monotone(column, "+" if sign > 0 else "-", proved, artifacts if proved else {})

    def _followed(self, one: ArtifactResult, column: int, sign: int) -> Followed:
        if one.dtype == "dynamic" or one.artifact in self._failed:
            return Followed(UNPROVED)
        if one.dtype in HIGHEST:
            return self._in_integers(one, column, sign)
        if one.dtype == "float16":
            holds = of_network(half_precision(self._mlp), column).hold(sign)
            return Followed(ROUNDING if holds else BROKEN)
        if Path(one.artifact).suffix in PROGRAMS:
            return _at_most(float_steps_back(self._mlp, column, sign)) or self._rounding
        return self._rounding

    def _in_integers(self, one: ArtifactResult, column: int, sign: int) -> Followed:
        place = self._files[Path(one.artifact).stem + SUFFIX]
        moves = of_integers(self._mlp.encoding, read_parameters(place).quantised, column)
        if not moves.by_signs.hold(sign):
            return Followed(BROKEN)
        bits = moves.to_the_bit.hold(sign)
        return _at_most(moves.step_back if bits else None) or Followed(ROUNDING)


def _at_most(steps_back: float | None) -> Followed | None:
    """What is proved where predictions step back by so much; None where that is not known."""
    if steps_back is None:
        return None
    return Followed(ROUNDING, steps_back) if steps_back else Followed(BITS, 0.0)
