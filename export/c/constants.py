"""C constants: a name for every feature, class and code, whatever text they are called by."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count

from mlp_edge.export.c.text import quoted
from mlp_edge.feature import Feature
from mlp_edge.mlp import Mlp, identifier

INT = range(-(2**15), 2**15)
"""What an ``int`` holds for certain; an enumerator has to be one."""
_CONSTANT = re.compile(r"(?:#define |    )(\w+) ")
"""The start of a line that gives a number a name."""


def constant_lines(mlp: Mlp) -> list[str]:
    """Enums: the index of each feature and of each output, the codes of each category."""
    lines = _indices(mlp, "FEATURE", "features", [feature.name for feature in mlp.features])
    if mlp.labels:
        lines += _indices(mlp, "CLASS", "classes", mlp.labels)
    elif mlp.outputs > 1:
        lines += _indices(mlp, "OUTPUT", "outputs", mlp.targets)
    return lines + code_lines(mlp)


def feature_names(mlp: Mlp) -> tuple[str, ...]:
    """The constant that says where each feature stands."""
    return _index_names(f"{mlp.name.upper()}_FEATURE", tuple(f.name for f in mlp.features))


def class_names(mlp: Mlp) -> tuple[str, ...]:
    """The constant of each class."""
    return _index_names(f"{mlp.name.upper()}_CLASS", mlp.labels)


def constant_names(mlp: Mlp) -> list[str]:
    """Every name that ``constant_lines`` gives, in its order."""
    found = (_CONSTANT.match(line) for line in constant_lines(mlp))
    return [name[1] for name in found if name is not None]


def _indices(mlp: Mlp, kind: str, plural: str, texts: Sequence[str]) -> list[str]:
    names = _index_names(f"{mlp.name.upper()}_{kind}", tuple(texts))
    found = enumerate(zip(names, map(quoted, texts), strict=True))
    members = [f"    {name} = {index}, /* {text} */" for index, (name, text) in found]
    return [f"/* Indices of the {plural}. */", "enum {", *members, "};", ""]


@lru_cache(maxsize=8)
def _index_names(prefix: str, texts: tuple[str, ...]) -> tuple[str, ...]:
    names = ["_".join(filter(None, (prefix, _word(text)))) for text in texts]
    return tuple(_unique(names))


def code_lines(mlp: Mlp) -> list[str]:
    """An enum for each category of a model; macros where a code may be too large for an enum."""
    categories = [feature for feature in mlp.features if feature.codes]
    names = _unique(
        [
            "_".join(filter(None, (mlp.name.upper(), "CODE", _word(feature.name), _word(level))))
            for feature in categories
            for level in feature.categories
        ]
    )
    lines = []
    for feature in categories:
        lines += [f"/* The codes of {quoted(feature.name)}. */", *_constants(feature, names), ""]
    return lines


def _constants(feature: Feature, names: Iterator[str]) -> Iterator[str]:
    levels = zip(feature.codes, map(quoted, feature.categories), strict=True)
    # The levels come first: zip asks them before it takes a name from what the next one needs.
    if all(code in INT for code in feature.codes):
        yield "enum {"
        for (code, level), name in zip(levels, names, strict=False):
            yield f"    {name} = {code}, /* {level} */"
        yield "};"
    else:
        for (code, level), name in zip(levels, names, strict=False):
            yield f"#define {name} {f'{code}L' if code >= 0 else f'({code}L)'} /* {level} */"


def _word(text: str) -> str:
    """A part of a constant's name; "" of a text without Latin letters and digits."""
    return identifier(f"x {text}").removeprefix("x").strip("_").upper()


def _unique(names: Sequence[str]) -> Iterator[str]:
    """The names, one that has come before with _2, _3, … behind it."""
    taken, seen = set(names), set[str]()
    endings: dict[str, Iterator[int]] = {}  # one count per name: many may be alike
    for name in names:
        distinct = name
        if name in seen:
            numbers = endings.setdefault(name, count(2))
            distinct = next(other for n in numbers if (other := f"{name}_{n}") not in taken)
        seen.add(name)
        taken.add(distinct)
        yield distinct
