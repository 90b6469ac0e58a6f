"""What every header has, whatever its numbers: the page, its kernels, what is said of the model.

The page is ``firmware_headers/model.h.jinja``; ``float32.h.jinja`` and ``integers.h.jinja`` fill it
with the layers and the functions. The kernels are the files beside them, taken verbatim.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

import jinja2

from mlp_edge import __version__
from mlp_edge.card import Card
from mlp_edge.export.c import predict
from mlp_edge.export.c.banner import feature_lines, input_lines, meanings, missing_line
from mlp_edge.export.c.constants import constant_lines
from mlp_edge.export.c.labels import label_rows, label_size
from mlp_edge.export.c.text import commentable, literal, quoted
from mlp_edge.mlp import Mlp
from mlp_edge.proof.checksum import BLANK, with_checksum

CARD_MARK = "mlp-edge-card"
"""Precedes the card; readers/header_text.py looks for the same word and may not import this."""

Sizes = Mapping[str, int]
"""Bytes of each table, by its name without the model's."""

_NEAR_FLASH = 2**16
_LARGEST_ARRAY = 2**15 - 1
_INCLUDE = re.compile(r'^#include "(\w+)\.h"\n+', re.MULTILINE)


def header(
    page: str, mlp: Mlp, dtype: str, kernels: Iterable[str], selftest: Sequence[str], sizes: Sizes,
    **parts: object,
) -> bytes:  # fmt: skip
    """A header, ASCII, lines ended by a newline, sealed. The same model gives the same bytes.

    Args:
        page: the file that fills the page.
        mlp: the network.
        dtype: what its numbers are.
        kernels: what its functions call; what those include is brought along.
        selftest: the kernels of the self-test.
        sizes: bytes of the tables.
        parts: what ``page`` asks for beside what is the same for all.
    """
    text = _template(page).render(
        name=mlp.name,
        NAME=mlp.name.upper(),
        version=__version__,
        dtype=dtype,
        topology=mlp.topology,
        activations=", ".join(layer.activation for layer in mlp.layers),
        parameters=mlp.parameters,
        weights_sha256=mlp.weights_sha256,
        inputs=mlp.inputs,
        outputs=mlp.outputs,
        answer=mlp.output_name,
        features=feature_lines(mlp),
        missing=missing_line(mlp),
        first_inputs=[] if predict.reads_directly(mlp) else input_lines(mlp),
        target=quoted(mlp.targets[0]) if len(mlp.targets) == 1 else None,
        meanings=list(meanings(mlp)),
        threshold=literal(mlp.threshold) if mlp.task == "binary" else None,
        clip=[literal(end) for end in mlp.clip] if mlp.clip else None,
        constants=constant_lines(mlp),
        codes=any(feature.codes for feature in mlp.features),
        flash=_kernel("flash"),
        table_bytes=sum(sizes.values()),
        table_names=list(sizes),
        too_large=_too_large_for_avr(sizes),
        kernels=[_kernel(name) for name in dict.fromkeys(_with_includes(kernels))],
        guard=predict.guard(mlp),
        labels=label_rows(mlp),
        label_size=label_size(mlp) if mlp.labels else 0,
        selftest="\n".join(_kernel(name) for name in selftest),
        seal=BLANK.decode(),
        card=f"{CARD_MARK} {commentable(Card.of(mlp, dtype).to_json())}",
        **parts,
    )
    return with_checksum(text.encode("ascii"))


def _too_large_for_avr(sizes: Sizes) -> str | None:
    """Why no AVR can read the tables, in C's quotes; None where one can."""
    total, largest = sum(sizes.values()), max(sizes.values())
    if total > _NEAR_FLASH:
        return f"{total} bytes of tables; an AVR reads 65536 bytes of flash (16-bit pointers)"
    if largest > _LARGEST_ARRAY:
        return f"a table of {largest} bytes; an array of avr-gcc holds 32767"
    return None


@cache
def _template(page: str) -> jinja2.Template:
    environment = jinja2.Environment(  # noqa: S701 (C is not HTML)
        loader=jinja2.FunctionLoader(_source),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(page)


@cache
def _source(name: str) -> str:
    return files("mlp_edge.firmware_headers").joinpath(name).read_text(encoding="ascii")


def _with_includes(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        included = _INCLUDE.findall(_source(f"{name}.h"))
        yield from _with_includes(other for other in included if other != "flash")
        yield name


@cache
def _kernel(name: str) -> str:
    return _INCLUDE.sub("", _source(f"{name}.h"))
