"""Packages of hand-made networks."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mlp_edge.export.c import export_split
from mlp_edge.export.packages import PACKAGES
from mlp_edge.export.packages.library import Library, Member
from mlp_edge.mlp import Mlp
from support.quantised_networks import quantised

KINDS = {package.name: package for package in PACKAGES}


def library(kind: str, mlps: Sequence[Mlp], dtype: str = "float32") -> Library:
    """Networks, each with its C, under the name of the first."""
    members = tuple(_member(kind, mlp, dtype) for mlp in mlps)
    return Library(members[0].name, "1.2.3", members)


def _member(kind: str, mlp: Mlp, dtype: str) -> Member:
    if dtype == "float32":
        return Member(mlp, mlp.name, dtype, export_split(mlp, package=kind))
    named = replace(mlp, name=f"{mlp.name}_{dtype}")
    return Member(named, mlp.name, dtype, export_split(named, quantised(mlp, dtype), kind))


def packed(kind: str, *mlps: Mlp, dtype: str = "float32") -> bytes:
    """The package of that kind."""
    return KINDS[kind].export(library(kind, mlps, dtype))


def unpacked(package: bytes, folder: Path) -> Path:
    """The one folder that a package holds, unpacked in another."""
    with zipfile.ZipFile(io.BytesIO(package)) as zipped:
        zipped.extractall(folder)
        [top] = {name.partition("/")[0] for name in zipped.namelist()}
    return folder / top
