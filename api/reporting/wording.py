"""Commands in the sentences of a page, where messages name calls and settings of Python.

Who is sent a page has files and a command line, and no Python program: "`Model.parity()`" is
"`mlp-edge parity`" there, and a setting is an option. report.json has the sentences as
a Python program is told them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlp_edge.api.parity.parity_settings import ParitySettings
from mlp_edge.api.reporting.commands import PROGRAM, option
from mlp_edge.api.settings import CostSettings, EvaluationSettings, Reading
from mlp_edge.data.choices import Choices
from mlp_edge.settings import Named, calls_reworded, reworded, settings_of
from mlp_edge.training.plan import Plan
from mlp_edge.training.recipe import Recipe

KINDS = (EvaluationSettings, CostSettings, ParitySettings, Reading, Choices, Plan,
         Recipe)  # fmt: skip
"""Whose settings a sentence may name; of two of one name, the later is meant."""
COMMANDS = ("cost", "evaluate", "export", "import", "parity", "report", "train")
WHOLE = ("verdict", "absent", "findings")
PARTS = {"data": "warnings", "scores": "findings", "proof": "records"}
"""Parts of a report, or of a comparison, that hold sentences; and those of which a part does."""
NAMES = ("artifact", "columns", "dtype", "kind", "runtime", "verdict")
"""Keys in them behind which no sentence stands."""


def in_commands(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a page is made of: the facts, with commands and options in their sentences.

    Args:
        facts: of a report or of a comparison.
    """
    told = {**facts, **{part: _told(facts[part]) for part in WHOLE if part in facts}}
    for part, key in PARTS.items():
        if isinstance(held := facts.get(part), Mapping):
            told[part] = {**held, key: _told(held[key])}
    return told


def _told(value: Any) -> Any:
    if isinstance(value, str):
        return worded(value)
    if isinstance(value, list):
        return [_told(each) for each in value]
    if isinstance(value, Mapping):
        return {key: each if key in NAMES else _told(each) for key, each in value.items()}
    return value


def worded(sentence: str) -> str:
    """A sentence with commands and options, between backticks, for calls and settings."""
    known = {each.name: each for kind in KINDS for each in settings_of(kind)}

    def spelled(each: Named) -> str | None:
        return option(known[each.name], each.value) if each.name in known else None

    def command(name: str, given: list[Named]) -> str | None:
        name = name.removesuffix("_model")  # `import` alone is no name in Python
        if name not in COMMANDS:
            return None
        return f"`{' '.join([PROGRAM, name, *filter(None, map(spelled, given))])}`"

    def alone(each: Named) -> str | None:
        found = spelled(each)
        return found and f"`{found}`"

    return reworded(calls_reworded(sentence, command), alone)
