"""exports/parity.json: what was compared, with which versions, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mlp_edge import __version__
from mlp_edge.files.writing import sha256
from mlp_edge.integers.quantised_file import SUFFIX
from mlp_edge.mlp import Mlp
from mlp_edge.parity.certificate import Certificate
from mlp_edge.parity.compare import VACUOUS
from mlp_edge.parity.labels import Labels
from mlp_edge.parity.monotone import Monotone
from mlp_edge.parity.parity import Report
from mlp_edge.reading import read_file
from mlp_edge.requirements import version_of

FORMAT = 3
PACKAGES = ("tensorflow", "keras", "ai-edge-litert", "onnxruntime", "numpy")


def record(
    files: Mapping[str, Path], mlp: Mlp, report: Report, certificate: Certificate, labels: Labels,
    monotone: Sequence[Monotone] = (),
) -> dict[str, Any]:  # fmt: skip
    """Everything that parity found, as JSON holds it; no time and no path, so that it repeats.

    Args:
        files: name -> where it stands: the original's file, exports, their integers.
        mlp: the network.
        report: every comparison.
        certificate: for all rows of the declared ranges.
        labels: of a table.
        monotone: the readings that every prediction is to follow.
    """
    compared = {result.artifact for result in report.results if result.ran}
    held_to = {Path(result.artifact).stem + SUFFIX for result in report.results if result.bits}
    versions = {name: version_of(name) for name in PACKAGES}
    return {
        "format": FORMAT,
        "model": mlp.name,
        "weights_sha256": mlp.weights_sha256,
        "passed": report.passed and all(each.holds for each in monotone),
        "versions": {"mlp-edge": __version__, **versions},
        "sha256": {
            name: sha256(read_file(files[name]))
            for name in sorted(compared | held_to)
            if name in files
        },
        "searched": report.searched,
        "left_out": report.left_out,
        "results": [{**asdict(result), "verdict": result.verdict} for result in report.results],
        "certificate": _certificate(mlp, report, certificate),
        "labels": asdict(labels),
        "monotone": [asdict(each) for each in monotone],
    }


def _certificate(mlp: Mlp, report: Report, certificate: Certificate) -> dict[str, Any]:
    """The bounds of the box, and what share of each output's range they are.

    The original is a runtime as well: from it, another is at most two bounds away. Where something
    has failed, what was assumed of the runtimes does not hold either.
    """
    shares = [
        2 * bound / width for bound, width in zip(certificate.bounds, report.span, strict=True)
    ]
    return {
        **asdict(certificate),
        "from_original": [2 * bound for bound in certificate.bounds],
        "of_range": max(shares),
        "proves": not report.failed and max(shares) <= VACUOUS,
        "ranges": {feature.name: [feature.low, feature.high] for feature in mlp.features},
    }
