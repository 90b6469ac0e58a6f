"""What two models differ in: scores, predictions, features, settings, size and cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mlp_edge.api.comparing.rows import Sides
from mlp_edge.api.reporting.numbers import short, shorts
from mlp_edge.feature import Feature
from mlp_edge.files.manifest import Manifest
from mlp_edge.readers.model_directory import EXPORTS, MODEL, ModelDirectory
from mlp_edge.training.scoring.paired import Paired, paired

MOST_ROWS = 10
"""Rows that are shown of those whose predictions differ."""
FIGURES = ("flash", "ram", "stack", "cycles", "instructions", "us", "fits")
"""Of a header on a board."""
UNNAMED = ("automatic", "strength")
"""What a recipe holds beside its settings."""


def scores(metrics: Sequence[str], sides: Sides) -> list[dict[str, Any]]:
    """Every metric of both on the shared rows, and their difference with its standard error."""
    found = (paired(metric, sides[0].judged, sides[1].judged) for metric in metrics)
    return [_score(each) for each in found]


def _score(found: Paired) -> dict[str, Any]:
    return {
        "name": found.metric,
        "values": shorts(found.values),
        "difference": short(found.difference),
        "error": short(found.error),
        "better": found.better,
    }


def labels(manifest: Manifest, sides: Sides, columns: Sequence[str]) -> dict[str, Any] | None:
    """The rows that the models label otherwise; None of a regression."""
    if manifest.task == "regression":
        return None
    chosen = [truth.chosen(outputs) for truth, outputs in (side.judged for side in sides)]
    right = [each == side.judged[0].targets for each, side in zip(chosen, sides, strict=True)]
    differ = np.flatnonzero(chosen[0] != chosen[1])
    return {
        "differ": len(differ),
        "only_right": [int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())],
        "rows": [_row(manifest, sides, place, columns) for place in map(int, differ[:MOST_ROWS])],
    }


def largest(manifest: Manifest, sides: Sides, columns: Sequence[str]) -> list[dict[str, Any]]:
    """The rows whose predictions are furthest apart, the furthest first.

    Several targets of a regression are compared in deviations of their own.
    """
    apart = np.abs(sides[0].outputs.astype(np.float64) - sides[1].outputs)
    if manifest.task == "regression":
        spread = sides[0].judged[0].targets.std(axis=0, dtype=np.float64)
        ranked = (apart / np.where(spread > 0, spread, 1)).max(axis=1)
    else:
        ranked = apart.max(axis=1)
    order = np.argsort(-ranked, kind="stable")[:MOST_ROWS]
    return [
        {**_row(manifest, sides, place, columns), "apart": short(apart[place].max())}
        for place in map(int, order)
        if ranked[place] > 0
    ]


def _row(manifest: Manifest, sides: Sides, place: int, columns: Sequence[str]) -> dict[str, Any]:
    """One of the shared rows: where it stands, what is right, and what each predicts."""
    table = sides[0].found.scored.examples.table
    own = [name for name in columns if name in table.columns]
    there = sides[1].found.scored.examples.table.columns
    others = [name for name in columns if name not in own and name in there]
    right = sides[0].found.scored.examples.cells[sides[0].places[place]]
    return {
        table.counts: int(table.lines[sides[0].places[place]]),
        "readings": sides[0].cells(place, own) | sides[1].cells(place, others),
        "truth": dict(zip(manifest.targets, right, strict=True)),
        "outputs": [shorts(side.outputs[place]) for side in sides],
        "labels": None if manifest.task == "regression" else [
            manifest.labels[truth.chosen(outputs[[place]])[0]]
            for truth, outputs in (side.judged for side in sides)
        ],
    }  # fmt: skip


def features(ours: Sequence[Feature], theirs: Sequence[Feature]) -> dict[str, Any]:
    """Features that one model alone has, and what the models know otherwise of the others."""
    one, other = ({each.name: each for each in every} for every in (ours, theirs))
    return {
        "only": [[name for name in one if name not in other],
                 [name for name in other if name not in one]],
        "changed": [
            {"name": name, "what": what, "values": [own[what], their[what]]}
            for name in one
            if name in other
            for own, their in [(_told(one[name]), _told(other[name]))]
            for what in own
            if own[what] != their[what]
        ],
    }  # fmt: skip


def _told(feature: Feature) -> dict[str, Any]:
    known = {"kind": None, **dict.fromkeys(Feature(feature.name).__dataclass_fields__)}
    told = known | feature.to_dict() | {"kind": feature.kind}
    return {what: value for what, value in told.items() if what != "name"}


def settings(ours: Manifest, theirs: Manifest) -> list[dict[str, Any]]:
    """The settings of both recipes that are not the same; nothing of a model from elsewhere."""
    if ours.imported is not None or theirs.imported is not None:
        return []
    return [
        {"setting": name, "values": [ours.recipe.get(name), theirs.recipe.get(name)]}
        for name in dict.fromkeys([*ours.recipe, *theirs.recipe])
        if name not in UNNAMED and ours.recipe.get(name) != theirs.recipe.get(name)
    ]


def sizes(one: ModelDirectory, other: ModelDirectory) -> list[dict[str, Any]]:
    """The bytes of each kind of file, by how its name goes on after the model's; None without."""
    found = [dict(_sizes(each)) for each in (one, other)]
    return [
        {"file": kind, "bytes": [each.get(kind) for each in found]}
        for kind in dict.fromkeys([*found[0], *found[1]])
    ]


def _sizes(directory: ModelDirectory) -> Iterable[tuple[str, int]]:
    yield MODEL, (directory.path / MODEL).stat().st_size
    for name in sorted(directory.manifest.exports):
        kind = name.removeprefix(directory.manifest.name)
        yield f"NAME{kind}", (directory.path / EXPORTS / name).stat().st_size


def costs(
    ours: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What the header of each dtype takes on each board, of both; None where there is none."""
    found = [
        {(each["board"], each["part"], each["dtype"]): each for each in every}
        for every in (ours, theirs)
    ]
    return [
        {"board": board, "part": part, "dtype": dtype}
        | {figure: [each.get(key, {}).get(figure) for each in found] for figure in FIGURES}
        for key in dict.fromkeys([*found[0], *found[1]])
        for board, part, dtype in [key]
    ]
