"""Every public name says what it takes, gives and raises."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

import mlp_edge

PUBLIC = {name: getattr(mlp_edge, name) for name in mlp_edge.__all__ if name != "__version__"}


def routines() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Public functions, and the public methods of public classes."""
    for name, thing in PUBLIC.items():
        if not inspect.isclass(thing):
            yield name, thing
            continue
        for member, value in vars(thing).items():
            if not member.startswith("_") and inspect.isroutine(value):
                yield f"{name}.{member}", getattr(thing, member)


ROUTINES = list(routines())


def section(thing: object, title: str) -> str:
    """What stands under ``Args:`` and its like; "" without."""
    text = inspect.getdoc(thing) or ""
    found = re.search(rf"^{title}:\n((?:    .*\n|\n)*)", text + "\n", re.MULTILINE)
    return found[1] if found else ""


@pytest.mark.parametrize(("name", "thing"), PUBLIC.items(), ids=PUBLIC)
def test_it_opens_with_a_sentence(name: str, thing: object) -> None:
    first = (inspect.getdoc(thing) or "").split("\n\n")[0]
    assert first.endswith("."), name
    assert first != inspect.getdoc(object), name


@pytest.mark.parametrize(("name", "thing"), PUBLIC.items(), ids=PUBLIC)
def test_a_class_describes_its_fields(name: str, thing: Any) -> None:
    described = section(thing, "Attributes")
    for field in fields(thing) if is_dataclass(thing) else ():
        assert re.search(rf"^    {field.name}: ", described, re.MULTILINE), f"{name}.{field.name}"


@pytest.mark.parametrize(("name", "thing"), ROUTINES, ids=[name for name, _ in ROUTINES])
def test_a_function_says_what_it_takes_gives_and_raises(
    name: str, thing: Callable[..., Any]
) -> None:
    assert inspect.getdoc(thing), name
    signature = inspect.signature(thing)
    described = section(thing, "Args")
    for parameter in signature.parameters.values():
        if parameter.name != "self":
            pattern = rf"^    \**{parameter.name}: "
            assert re.search(pattern, described, re.MULTILINE), f"{name}({parameter.name})"
    if signature.return_annotation != "None":
        assert section(thing, "Returns"), name
    body = ast.parse(textwrap.dedent(inspect.getsource(thing)))
    if any(isinstance(node, ast.Raise) for node in ast.walk(body)):
        assert section(thing, "Raises"), name
