"""C: one self-contained header for C99, C++11 and Arduino, docs/HEADER.md describes it.

The page is laid out by ``firmware_headers/model.h.jinja``; the kernels it embeds are the files
beside it, taken verbatim, so what a device runs is what was read, tested and measured there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
import numpy as np

from mlp_edge import __version__
from mlp_edge.card import Card
from mlp_edge.errors import ModelError
from mlp_edge.export.exporter import Exporter
from mlp_edge.mlp import Dense, Feature, Floats, Mlp, Scaling

CARD_MARK = "mlp-edge-card"
"""Precedes the card; runtime/c.py looks for the same word, and may not import this file."""

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
        ModelError: when 1/deviation of a feature is not a normal float32 number.
    """
    buffers, arena = _buffers(mlp)
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
        features=_feature_lines(mlp.features),
        target=quoted(mlp.target),
        meanings=list(_meanings(mlp)),
        threshold=literal(mlp.threshold) if mlp.task == "binary" else None,
        flash=_kernel("flash"),
        table_bytes=4 * (mlp.parameters + (2 * mlp.inputs if mlp.scaling else 0)),
        scaling=_scaling(mlp.scaling, mlp.features) if mlp.scaling else None,
        layers=[_layer(number, layer) for number, layer in enumerate(mlp.layers, start=1)],
        kernels=[_kernel(name) for name in _needed(mlp)],
        buffers=buffers,
        arena=arena,
        calls=list(_calls(mlp)),
        card=f"{CARD_MARK} {_commentable(Card.of(mlp).to_json())}",
    )
    return page.encode("ascii")


def literal(value: np.float32 | float) -> str:
    """A float32 as C source that reads back bit for bit: 9 significant digits and an f."""
    digits = f"{float(value):.9g}"
    return f"{digits}f" if "." in digits or "e" in digits else f"{digits}.0f"


def quoted(text: str) -> str:
    """Any text, in quotes, as it may stand in a C comment: one line of ASCII."""
    return _commentable(json.dumps(text))


def _commentable(json_text: str) -> str:
    # Inside a JSON string a character may be written \uXXXX. That keeps text from ending the
    # comment, from opening another one (-Wcomment) and from forming a trigraph (-Wtrigraphs).
    return json_text.replace("*/", "*\\u002f").replace("/*", "\\u002f*").replace("??", "?\\u003f")


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


# The banner


def _feature_lines(features: tuple[Feature, ...]) -> list[str]:
    names = [quoted(feature.name) for feature in features]
    width = min(max(map(len, names)), 40)
    return [
        f"{name:{width}}  {_range(feature)}" for name, feature in zip(names, features, strict=True)
    ]


def _range(feature: Feature) -> str:
    if feature.low is None or feature.high is None:
        return "range unknown"
    return f"{feature.low:g} to {feature.high:g}"


def _meanings(mlp: Mlp) -> Iterator[str]:
    if mlp.task == "regression":
        for index in range(mlp.outputs):
            yield f"[{index}] value"
    elif mlp.task == "binary":
        no, yes = (quoted(label) for label in mlp.labels)
        yield f"[0] probability of {yes}"
        yield f"The answer is {yes} where probability > {mlp.name.upper()}_THRESHOLD, both float,"
        yield f"otherwise {no}."
    else:
        for index, label in enumerate(mlp.labels):
            yield f"[{index}] probability of {quoted(label)}"
        yield "The answer is the label of the largest, the first of equals."


# The tables


def _scaling(scaling: Scaling, features: tuple[Feature, ...]) -> dict[str, str]:
    return {
        "mean": _vector(scaling.mean),
        "reciprocal": _vector(_reciprocal(scaling, features)),
    }


def _reciprocal(scaling: Scaling, features: tuple[Feature, ...]) -> Floats:
    with np.errstate(over="ignore", under="ignore"):
        reciprocal = scaling.reciprocal
    # Beyond these limits 1/deviation is infinite, or subnormal and so short of digits. No
    # reading in any sensible unit comes near them; changing the unit is better than a division.
    bad = ~np.isfinite(reciprocal) | (reciprocal < np.finfo(np.float32).tiny)
    if bad.any():
        index = int(np.flatnonzero(bad)[0])
        raise ModelError(
            f"feature {features[index].name!r}: a deviation of {scaling.deviation[index]:g} has no "
            "float32 reciprocal; the column in another unit, with a deviation from 1e-38 to 1e37, "
            "would do"
        )
    return reciprocal


def _layer(number: int, layer: Dense) -> dict[str, Any]:
    digits = len(str(layer.outputs - 1))
    return {
        "number": number,
        "inputs": layer.inputs,
        "outputs": layer.outputs,
        "activation": layer.activation,
        "weights": "\n".join(
            _row(f"    /* {neuron:{digits}} */ {{", row, "},")
            for neuron, row in enumerate(layer.weights)
        ),
        "bias": _vector(layer.bias),
    }


def _vector(values: Floats) -> str:
    return f"{{\n{_row('    ', values, ',')}\n}}"


def _row(start: str, values: Floats, end: str) -> str:
    """Literals between ``start`` and ``end``, wrapped, the lines below the first one indented."""
    return _wrapped(start, [literal(value) for value in values.tolist()], end, len(start))


def _wrapped(start: str, items: list[str], end: str, indent: int, width: int = 100) -> str:
    """``start``, the items with commas between them, ``end``; broken after a comma at ``width``."""
    lines, line = [], start + items[0]
    for item in items[1:]:
        if len(line) + len(item) + len(", ") + len(end) > width:
            lines.append(f"{line},")
            line = " " * indent + item
        else:
            line += f", {item}"
    return "\n".join([*lines, line + end])


# The kernels


def _needed(mlp: Mlp) -> list[str]:
    """The kernels that the network calls, and what those include, each once and in order."""
    names: list[str] = ["scale"] if mlp.scaling else []
    names += ["dense"]
    names += [layer.activation for layer in mlp.layers if layer.activation != "linear"]
    return list(dict.fromkeys(_with_includes(names)))


def _with_includes(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        included = _INCLUDE.findall(_source(f"{name}.h"))
        yield from _with_includes(other for other in included if other != "flash")
        yield name


@cache
def _kernel(name: str) -> str:
    return _INCLUDE.sub("", _source(f"{name}.h"))


# The body of NAME_predict


def _vectors(mlp: Mlp) -> list[tuple[str, int]]:
    """Name and width of every vector between features and outputs, in order."""
    scaled = [("scaled", mlp.inputs)] if mlp.scaling else []
    hidden = [(f"layer{n}", layer.outputs) for n, layer in enumerate(mlp.layers[:-1], start=1)]
    return scaled + hidden


def _buffers(mlp: Mlp) -> tuple[list[dict[str, Any]], int]:
    """Where each vector lies in one array, and the array's length: two neighbours, no more.

    Vectors alternate between the front and the back, so that any two neighbours are apart when
    the array is as long as the longest pair.
    """
    vectors = _vectors(mlp)
    widths = [width for _, width in vectors] + [0]
    arena = max(a + b for a, b in zip([0, *widths], widths, strict=False))
    buffers = [
        {"name": name, "width": width, "offset": 0 if index % 2 == 0 else arena - width}
        for index, (name, width) in enumerate(vectors)
    ]
    return buffers, arena


def _calls(mlp: Mlp) -> Iterator[str]:
    prefix = mlp.name.upper()
    source = "features"
    if mlp.scaling:
        yield _call("scale", f"{prefix}_MEAN", f"{prefix}_RECIPROCAL", mlp.inputs, source, "scaled")
        source = "scaled"
    for number, layer in enumerate(mlp.layers, start=1):
        result = "outputs" if number == len(mlp.layers) else f"layer{number}"
        tables = f"{prefix}_LAYER{number}"
        yield _call(
            "dense", f"{tables}_WEIGHTS[0]", f"{tables}_BIAS", layer.inputs, layer.outputs,
            source, result,
        )  # fmt: skip
        if layer.activation != "linear":
            yield _call(layer.activation, result, layer.outputs)
        source = result


def _call(kernel: str, *arguments: object) -> str:
    return _wrapped(f"mlp_edge_{kernel}(", [str(a) for a in arguments], ");", 8, width=96)


EXPORTER = Exporter(name="c", suffix=".h", needs=None, export=export)
