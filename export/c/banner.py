"""The comment at the top of a header: its features, its outputs, and how a class is chosen."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from mlp_edge.encoding import input_names
from mlp_edge.export.c.text import WIDTH, quoted, wrapped
from mlp_edge.feature import Feature
from mlp_edge.mlp import Mlp

_HARMLESS_UNIT = re.compile(r"[A-Za-z0-9%.^/ -]+")
_LONGEST_NAME = 40
"""Names beyond it stand out of their column."""


def feature_lines(mlp: Mlp) -> list[str]:
    """A line, or more where they are too long, per feature."""
    lines = []
    alike, width = _all_alike(mlp), _width(mlp)
    for index, (feature, name) in enumerate(zip(mlp.features, aligned_names(mlp), strict=True)):
        start = f"[{index}] {name}  "
        facts = _values(feature) + ([] if alike else [_when_missing(feature)])
        indent = len(f"[{index}]   ") + width
        lines += wrapped(start, facts, "", indent, WIDTH - len(" *   ")).split("\n")
    return lines


def aligned_names(mlp: Mlp) -> list[str]:
    """The features' names, quoted, as wide as the longest that is not too long."""
    width = _width(mlp)
    return [f"{quoted(feature.name):{width}}" for feature in mlp.features]


def _width(mlp: Mlp) -> int:
    return min(max(len(quoted(feature.name)) for feature in mlp.features), _LONGEST_NAME)


def missing_line(mlp: Mlp) -> str | None:
    """One sentence for all features, where each line would say the same."""
    return "A reading that is NaN is missing: the prediction is NaN." if _all_alike(mlp) else None


def _all_alike(mlp: Mlp) -> bool:
    return not mlp.encoding.imputes and not mlp.encoding.has_sentinels


def _values(feature: Feature) -> list[str]:
    if feature.codes:
        levels = zip(feature.codes, map(quoted, feature.categories), strict=True)
        return [f"{code} = {level}" for code, level in levels]
    unit = feature.unit if _HARMLESS_UNIT.fullmatch(feature.unit) else quoted(feature.unit)
    if feature.low is None or feature.high is None:
        return ["range unknown", *([unit] if feature.unit else [])]
    return [f"{feature.low:g} to {feature.high:g}{f' {unit}' if feature.unit else ''}"]


def _when_missing(feature: Feature) -> str:
    missing = "NaN" if feature.sentinel is None else f"NaN or {number(feature.sentinel)}"
    if feature.fill is None:
        return f"{missing}: the prediction is NaN"
    return f"{missing} counts as {number(feature.fill)}"


def number(value: float) -> str:
    """A float32 in a sentence: the fewest digits that tell it from its neighbours."""
    return str(np.float32(value)).removesuffix(".0")


def input_lines(mlp: Mlp) -> list[str]:
    """The inputs of layer 1 by name, for those who compute it themselves."""
    return [f"[{index}] {quoted(name)}" for index, name in enumerate(input_names(mlp.features))]


def meanings(mlp: Mlp, prefix: str | None = None) -> Iterator[str]:
    """What each output is, and how a class is chosen from them.

    Args:
        mlp: the network.
        prefix: of the constants; None for that of a header.
    """
    prefix = f"{mlp.name.upper()}_" if prefix is None else prefix
    if mlp.task == "binary":
        no, yes = (quoted(label) for label in mlp.labels)
        yield f"[0] probability of {yes}"
        yield f"The class is {yes} where probability > {prefix}THRESHOLD, both float,"
        yield f"otherwise {no}."
    elif mlp.task == "multiclass":
        for index, label in enumerate(mlp.labels):
            yield f"[{index}] probability of {quoted(label)}"
        yield "The class is the one of the largest probability, the first of equals."
    elif mlp.outputs == 1:
        yield "[0] value"
    else:
        for index, target in enumerate(mlp.targets):
            yield f"[{index}] {quoted(target)}"
    if mlp.clip is not None:
        low, high = map(number, mlp.clip)
        yield f"Clipped to {prefix}CLIP_LOW, {low}, and {prefix}CLIP_HIGH, {high}."
