"""What a comparison of two models found, and what a terminal and a notebook show of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlp_edge.api.reporting.cost_facts import NOT_ASKED
from mlp_edge.api.result import Result, Sheet
from mlp_edge.files.writing import plain
from mlp_edge.foreign import shortened

VERSION = 1
"""Of the comparison's JSON; a change that old readers misread adds one."""
SHOWN = 5
"""Rows that a terminal shows of those whose predictions differ."""
LONGEST = 60
"""Characters of a row's readings that a terminal shows."""


@dataclass(frozen=True, repr=False)
class Comparison(Result):
    """Two models on the same rows, and what else they differ in.

    Attributes:
        facts: what the JSON holds.
        files: that were written.
    """

    facts: Mapping[str, Any]
    files: tuple[Path, ...] = ()

    @property
    def verdict(self) -> str:
        """Which model is better, by how much, and how sure that is, in one sentence."""
        return str(self.facts["verdict"]["sentence"])

    @property
    def better(self) -> int | None:
        """0 for the model, 1 for the other one; None where the rows do not tell."""
        found: int | None = self.facts["verdict"]["better"]
        return found

    def to_dict(self) -> dict[str, Any]:
        """The comparison as plain values.

        Returns:
            What the command prints as JSON.
        """
        return plain(self.facts)

    def sheets(self) -> Sequence[Sheet]:
        """The tables that are shown of it.

        Returns:
            Scores first, then rows, features, settings, sizes and cost where these differ.
        """
        found = [Sheet(self.verdict), self._scores(), self._models(), *self._rows()]
        return [*found, *self._features(), *self._settings(), self._sizes(), *self._cost()]

    def remarks(self) -> Sequence[str]:
        """What is said beside the tables.

        Returns:
            What could not be measured, a sentence each.
        """
        missing = self.facts["absent"]["cost"]
        return [f"note: {each}" for each in missing if each != NOT_ASKED]

    @property
    def _names(self) -> tuple[str, str]:
        one, other = self.facts["names"]
        return one, other

    def _scores(self) -> Sheet:
        rows = tuple(
            (
                each["name"], *map(_number, each["values"]),
                _signed(each["difference"], each["error"]),
                "" if each["better"] is None else self._names[each["better"]],
            )
            for each in self.facts["scores"]
        )  # fmt: skip
        title = f"scores on {self.facts['rows']['count']:,} rows; better where it is sure"
        return Sheet(title, ("", *self._names, "difference", "better"), rows)

    def _models(self) -> Sheet:
        one, other = self.facts["models"]
        rows = (
            ("network", one["topology"], other["topology"]),
            ("parameters", f"{one['parameters']:,}", f"{other['parameters']:,}"),
            ("table", one["table"]["source"], other["table"]["source"]),
            ("its SHA-256", one["table"]["sha256"][:12], other["table"]["sha256"][:12]),
            ("training rows", f"{one['trained']['rows']:,}", f"{other['trained']['rows']:,}"),
            ("weights", one["weights_sha256"][:12], other["weights_sha256"][:12]),
            *((("threshold", _number(one["threshold"]), _number(other["threshold"])),)
              if one["threshold"] is not None else ()),
        )  # fmt: skip
        return Sheet("the models", ("", *self._names), rows)

    def _rows(self) -> Iterator[Sheet]:
        labels, (one, other) = self.facts["labels"], self._names
        if labels is not None:
            ours, theirs = labels["only_right"]
            says = f"{labels['differ']:,} of {self.facts['rows']['count']:,} labels differ"
            says += f"; {one} alone is right {ours:,} times, {other} alone {theirs:,} times"
            rows = tuple(
                (_place(each), _truth(each), *each["labels"], _readings(each))
                for each in labels["rows"][:SHOWN]
            )
            yield _told(says, ("row", "truth", one, other, "readings"), rows)
        rows = tuple(
            (_place(each), _truth(each), *map(_outputs, each["outputs"]), _readings(each))
            for each in self.facts["largest"][:SHOWN]
        )
        if rows:
            columns = ("row", "truth", one, other, "readings")
            yield _told("predictions that are furthest apart", columns, rows)

    def _features(self) -> Iterator[Sheet]:
        found = self.facts["features"]
        rows = [
            (name, "feature", *("yes" if number == side else "–" for side in (0, 1)))
            for number, names in enumerate(found["only"])
            for name in names
        ]
        rows += [
            (each["name"], each["what"], *map(_value, each["values"])) for each in found["changed"]
        ]
        if rows:
            yield Sheet("features", ("", "", *self._names), tuple(rows), text_columns=2)

    def _settings(self) -> Iterator[Sheet]:
        rows = tuple(
            (each["setting"], *map(_value, each["values"])) for each in self.facts["settings"]
        )
        if rows:
            yield Sheet("settings of the training", ("", *self._names), rows)

    def _sizes(self) -> Sheet:
        rows = tuple((each["file"], *map(_whole, each["bytes"])) for each in self.facts["sizes"])
        return Sheet("bytes", ("", *self._names), rows)

    def _cost(self) -> Iterator[Sheet]:
        one, other = self._names
        rows = tuple(
            (each["board"], each["dtype"], *map(_whole, each["flash"]), *map(_whole, each["ram"]),
             *map(_number, each["us"]))
            for each in self.facts["cost"]
        )  # fmt: skip
        if rows:
            columns = [f"{figure} {name}" for figure in ("flash", "RAM", "µs")
                       for name in (one, other)]  # fmt: skip
            yield Sheet("headers on boards", ("", "", *columns), rows, text_columns=2)


def _told(title: str, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Sheet:
    return Sheet(title, columns, rows, text_columns=len(columns)) if rows else Sheet(title)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _whole(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _signed(difference: float | None, error: float | None) -> str:
    if difference is None:
        return "–"
    return f"{difference:+.3g}" if error is None else f"{difference:+.3g} ± {error:.2g}"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return shortened(", ".join(map(str, value)), LONGEST) or "none"
    return _number(value) if isinstance(value, float | None) else str(value)


def _place(row: Mapping[str, Any]) -> str:
    return next(f"{unit} {row[unit]:,}" for unit in ("line", "row") if unit in row)


def _truth(row: Mapping[str, Any]) -> str:
    return ", ".join(row["truth"].values())


def _outputs(values: Sequence[float | None]) -> str:
    return ", ".join(map(_number, values))


def _readings(row: Mapping[str, Any]) -> str:
    text = ", ".join(f"{name} {cell}" for name, cell in row["readings"].items())
    return shortened(text, LONGEST)
