"""A model in three files: NAME.h and NAME.c of its own, and the kernels that all models share."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from mlp_edge.export.c import exporter, integers
from mlp_edge.export.c.kernels import (
    TYPES,
    every_kernel,
    readers,
    readers_in,
    source,
    version,
)
from mlp_edge.export.c.page import Page, filled, rendered
from mlp_edge.files.writing import sha256
from mlp_edge.integers.quantised import Quantised
from mlp_edge.mlp import Mlp
from mlp_edge.proof.checksum import BLANK, with_checksum
from mlp_edge.raw_units import RawUnits

KERNELS_FILE = "mlp_edge_kernels.h"
"""The same bytes beside every model; readers/header_split.py looks for the same name."""


def export(
    mlp: Mlp,
    quantised: Quantised | None = None,
    package: str | None = None,
    raw: RawUnits | None = None,
) -> dict[str, bytes]:
    """Write a model as C in three files.

    Args:
        mlp: the network, under the name that symbols and card are to bear.
        quantised: the same network in integers; None writes it in float32.
        package: the kind of library that the files go into; they then have the self-test.
        raw: of one in integers, as ``integers.export`` takes it.

    Returns:
        Name -> content: ``NAME.h`` has the interface and the card, and the hashes of the others;
        ``NAME.c`` the tables and the functions; ``mlp_edge_kernels.h`` every kernel, for any model.

    Raises:
        ModelError: as ``exporter.export`` and ``integers.export``.
    """
    page = exporter.page(mlp) if quantised is None else integers.page(mlp, quantised, raw)
    return files_of(replace(page, package=package))


def files_of(page: Page) -> dict[str, bytes]:
    """The three files of a page; see ``export``."""
    kernels = kernels_file()
    c_source = _rendered("split.c.jinja", page)
    header = _rendered(
        "split.h.jinja",
        page,
        source_sha256=sha256(c_source),
        kernels_sha256=sha256(kernels),
        checksum=BLANK.decode(),
    )
    return {
        f"{page.mlp.name}.h": with_checksum(header),
        f"{page.mlp.name}.c": c_source,
        KERNELS_FILE: kernels,
    }


@cache
def kernels_file() -> bytes:
    """The shared kernels, with every reader."""
    types = [name for names in TYPES.values() for name in names]
    kernels = [source(name) for name in every_kernel() if name not in types]
    return filled(
        "kernels.h.jinja",
        kernels_file=KERNELS_FILE,
        flash=source("flash"),
        integer_types="\n".join(map(source, types)),
        readers=readers(readers_in("".join(kernels))),
        text_type=source("text"),
        raw_type=source("raw_line"),
        kernels=kernels,
    ).encode("ascii")


def _rendered(template: str, page: Page, **more: object) -> bytes:
    shared = {"kernels_file": KERNELS_FILE, "kernels_version": version()}
    return rendered(template, page, split=True, **shared, **more).encode("ascii")
