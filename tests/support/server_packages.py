"""Packages for model servers, of hand-made networks."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace

from mlp_edge.export.onnx import EXPORTER
from mlp_edge.export.servers import SERVERS
from mlp_edge.export.servers.served import Deployment, Served
from mlp_edge.feature import Feature
from mlp_edge.mlp import Mlp
from support.networks import encoded, network
from support.quantised_networks import quantised

KINDS = {package.name: package for package in SERVERS}
ODD = replace(
    encoded(
        (
            Feature("mass", 0.0, 90.0, unit='k"g'),
            Feature('col"\n```\\', categories=("red", "grün\n# x"), codes=(0, 1)),
            Feature("- age: {{ 7 }} # }", 0.0, 99.0, sentinel=-1.0, fill=30.0),
        ),
        outputs=3,
        task="multiclass",
        name="odd_",
    ),
    labels=('" } parameters { key: "x', "größe\n\u2028", "\\"),
)
"""Names and labels that would break a page if they were not quoted."""
ALL = (network(), ODD, network((4, 3, 2), task="regression", name="two"))


def served(mlp: Mlp) -> Served:
    """A network as ONNX in int8, which needs no TensorFlow."""
    return Served(mlp, "int8", EXPORTER.integers["int8"](mlp, quantised(mlp)))


def packed(kind: str, *mlps: Mlp, version: str = "1.2.3") -> bytes:
    """The package of that kind."""
    members = tuple(served(mlp) for mlp in mlps)
    return KINDS[kind].export(Deployment(members[0].name, version, members))


def unzipped(package: bytes) -> Mapping[str, bytes]:
    """Name -> content."""
    with zipfile.ZipFile(io.BytesIO(package)) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist()}
