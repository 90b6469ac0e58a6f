"""C: one self-contained header for C99, C++11 and Arduino, docs/HEADER.md describes it.

The page is laid out by ``firmware_headers/model.h.jinja``; the kernels it embeds are the files
beside it, taken verbatim, so what a device runs is what was read, tested and measured there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import jinja2
import numpy as np

from mlp_edge import __version__
from mlp_edge.card import Card
from mlp_edge.errors import ModelError
from mlp_edge.export import c_classify, c_predict
from mlp_edge.export.c_banner import feature_lines, input_lines, meanings, missing_line
from mlp_edge.export.c_constants import constant_lines
from mlp_edge.export.c_labels import label_rows, label_size
from mlp_edge.export.c_selftest import tables as selftest_tables
from mlp_edge.export.c_text import commentable, initialiser, literal, quoted, row, runs
from mlp_edge.export.exporter import Exporter
from mlp_edge.mlp import Dense, Floats, Mlp, Scaling
from mlp_edge.seal import BLANK, sealed

CARD_MARK = "mlp-edge-card"
"""Precedes the card; runtime/c.py looks for the same word, and may not import this file."""

_NEAR_FLASH = 2**16
_LARGEST_ARRAY = 2**15 - 1
_INCLUDE = re.compile(r'^#include "(\w+)\.h"\n+', re.MULTILINE)


def export(mlp: Mlp, weights_only: bool = False) -> bytes:
    """Write a model as a C header.

    Args:
        mlp: the network; float32 throughout.
        weights_only: leave out the kernels and ``NAME_predict``, for a sketch with a loop of
            its own.

    Returns:
        The header, ASCII, lines ended by a newline. The same model gives the same bytes.

    Raises:
        ModelError: when 1/deviation of a number is not a normal float32 number.
    """
    buffers, arena = c_predict.buffers(mlp)
    tables = list(_encoding_tables(mlp))
    table_bytes = 4 * (mlp.parameters + sum(table.size for table in tables))
    page = _template().render(
        name=mlp.name,
        NAME=mlp.name.upper(),
        version=__version__,
        topology=mlp.topology,
        activations=", ".join(layer.activation for layer in mlp.layers),
        parameters=mlp.parameters,
        weights_sha256=mlp.weights_sha256,
        weights_only=weights_only,
        inputs=mlp.inputs,
        outputs=mlp.outputs,
        answer=mlp.output_name,
        features=feature_lines(mlp),
        missing=missing_line(mlp),
        first_inputs=[] if c_predict.reads_directly(mlp) else input_lines(mlp),
        target=quoted(mlp.targets[0]) if len(mlp.targets) == 1 else None,
        meanings=list(meanings(mlp)),
        threshold=literal(mlp.threshold) if mlp.task == "binary" else None,
        clip=[literal(end) for end in mlp.clip] if mlp.clip else None,
        constants=constant_lines(mlp),
        codes=any(feature.codes for feature in mlp.features),
        flash=_kernel("flash"),
        table_bytes=table_bytes,
        too_large=_too_large_for_avr(mlp, table_bytes),
        standardised="MEAN" in [table.name for table in tables],
        tables=tables,
        layers=[_layer(number, layer) for number, layer in enumerate(mlp.layers, start=1)],
        kernels=[_kernel(name) for name in _needed(mlp)],
        guard=c_predict.guard(mlp),
        buffers=buffers,
        arena=arena,
        encoding=c_predict.encoding_calls(mlp),
        calls=list(c_predict.layer_calls(mlp)),
        by_sums=c_classify.by_sums(mlp),
        last_activation=c_predict.last_activation(mlp),
        choice=c_classify.call(mlp),
        labels=label_rows(mlp),
        label_size=label_size(mlp) if mlp.labels else 0,
        selftest=_kernel("selftest"),
        golden=None if weights_only else selftest_tables(mlp),
        seal=BLANK.decode(),
        card=f"{CARD_MARK} {commentable(Card.of(mlp).to_json())}",
    )
    return sealed(page.encode("ascii"))


def _too_large_for_avr(mlp: Mlp, table_bytes: int) -> str | None:
    """Why no AVR can read the tables, in C's quotes; None where one can."""
    widest = max(4 * layer.weights.size for layer in mlp.layers)
    if table_bytes > _NEAR_FLASH:
        return f"{table_bytes} bytes of tables; an AVR reads 65536 bytes of flash (16-bit pointers)"
    if widest > _LARGEST_ARRAY:
        return f"a table of {widest} bytes; an array of avr-gcc holds 32767"
    return None


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(  # noqa: S701 (C is not HTML)
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(_source("model.h.jinja"))


@cache
def _source(name: str) -> str:
    return files("mlp_edge.firmware_headers").joinpath(name).read_text(encoding="ascii")


# The tables


class _Table(NamedTuple):
    """A vector of what stands in front of the first layer; no comment where it goes without one."""

    name: str
    comment: str
    size: int
    initialiser: str


def _encoding_tables(mlp: Mlp) -> Iterator[_Table]:
    encoding = mlp.encoding
    if encoding.has_sentinels:
        comment = "Sentinels: a reading of feature [i] that equals its own is missing, as NaN is."
        yield _per_feature("SENTINEL", comment, encoding.sentinel)
    if encoding.imputes:
        comment = "Fills: what a missing reading of feature [i] counts as."
        yield _per_feature("FILL", comment, encoding.fill)
    if len(encoding.codes):
        comment = "Codes of category [i]: each is an input, 1 where the reading equals it, else 0."
        parts = [(f"[{index}]", np.array(feature.codes, np.float32))
                 for index, feature in enumerate(mlp.features) if feature.codes]  # fmt: skip
        yield _labelled("CODES", comment, parts)
    if mlp.scaling and len(encoding.numbers):
        mean, reciprocal = _numbers_scaling(mlp, mlp.scaling)
        comment = "Standardisation of numbers: (x - mean) * reciprocal; reciprocal = 1 / deviation."
        yield _Table("MEAN", comment, mean.size, initialiser(mean))
        yield _Table("RECIPROCAL", "", reciprocal.size, initialiser(reciprocal))


def _per_feature(name: str, comment: str, values: Floats) -> _Table:
    """The values that are there; NaN stands for none."""
    parts = []
    for run in runs(np.flatnonzero(~np.isnan(values)).tolist()):
        label = f"[{run[0]}]" if len(run) == 1 else f"[{run[0]}] to [{run[-1]}]"
        parts.append((label, values[run]))
    return _labelled(name, comment, parts)


def _labelled(name: str, comment: str, parts: list[tuple[str, Floats]]) -> _Table:
    rows = "\n".join(row(f"    /* {label} */ ", values) for label, values in parts)
    return _Table(name, comment, sum(values.size for _, values in parts), f"{{\n{rows}\n}}")


def _numbers_scaling(mlp: Mlp, scaling: Scaling) -> tuple[Floats, Floats]:
    """Mean and reciprocal of the numbers; the other inputs are not scaled."""
    count = len(mlp.encoding.numbers)
    with np.errstate(over="ignore", under="ignore"):
        reciprocal = scaling.reciprocal[:count]
    # Beyond these limits 1/deviation is infinite, or subnormal and so short of digits. No
    # reading in any sensible unit comes near them; changing the unit is better than a division.
    bad = ~np.isfinite(reciprocal) | (reciprocal < np.finfo(np.float32).tiny)
    if bad.any():
        index = int(np.flatnonzero(bad)[0])
        raise ModelError(
            f"feature {mlp.features[mlp.encoding.numbers[index]].name!r}: a deviation of "
            f"{scaling.deviation[index]:g} has no float32 reciprocal; the column in another unit, "
            "with a deviation from 1e-38 to 1e37, would do"
        )
    return scaling.mean[:count], reciprocal


def _layer(number: int, layer: Dense) -> dict[str, Any]:
    digits = len(str(layer.outputs - 1))
    return {
        "number": number,
        "inputs": layer.inputs,
        "outputs": layer.outputs,
        "activation": layer.activation,
        "weights": "\n".join(
            row(f"    /* {neuron:{digits}} */ {{", values, "},")
            for neuron, values in enumerate(layer.weights)
        ),
        "bias": initialiser(layer.bias),
    }


# The kernels


def _needed(mlp: Mlp) -> list[str]:
    """The kernels that the network calls, and what those include, each once and in order."""
    return list(dict.fromkeys(_with_includes(c_predict.kernels(mlp))))


def _with_includes(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        included = _INCLUDE.findall(_source(f"{name}.h"))
        yield from _with_includes(other for other in included if other != "flash")
        yield name


@cache
def _kernel(name: str) -> str:
    return _INCLUDE.sub("", _source(f"{name}.h"))


EXPORTER = Exporter(name="c", suffix=".h", needs=None, export=export)
