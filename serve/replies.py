"""Predictions as ``POST /models/NAME/predict`` gives them: JSON, CSV or an Arrow stream."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import orjson

from mlp_edge.runtime.predictor import columns_of
from mlp_edge.serve import arrow
from mlp_edge.serve.bodies import CSV, JSON
from mlp_edge.serve.models import Version
from mlp_edge.serve.scoring import Scored

_QUALITY = re.compile(r";\s*q=(\d(?:\.\d*)?)\s*(?:;|$)")


def reply(version: Version, scored: Scored, odd: bool, accept: str) -> tuple[bytes, str]:
    """A response and its media type.

    Args:
        version: the model.
        scored: its rows; a prediction that is NaN is null in JSON and empty in CSV.
        odd: whether to name the readings that are missing, unknown or out of range.
        accept: what the client takes, as HTTP has it; see ``_media``.

    Raises:
        RequestError: 406 for Arrow, when pyarrow is not installed.
    """
    card = version.card
    columns = columns_of(card, *scored, odd)
    media = _media(accept)
    if media == arrow.ARROW:
        about = {"model": card.name, "version": version.name}
        return arrow.written(columns, about), arrow.ARROW
    if media == CSV:
        return _csv(columns), f"{CSV}; charset=utf-8"
    names = tuple(columns)
    told = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return orjson.dumps({"model": card.name, "version": version.name, "predictions": told}), JSON


def _media(accept: str) -> str:
    """The media type that a client likes best; JSON where it takes none of them.

    Of those that it likes equally, Arrow goes before CSV, and CSV before JSON. Wildcards mean JSON.
    """
    if accept in ("", "*/*"):
        return JSON
    liked: dict[str, float] = {}
    for each in accept.lower().split(","):
        quality = _QUALITY.search(each)
        liked[each.partition(";")[0].strip()] = float(quality[1]) if quality else 1.0
    json = next((liked[kind] for kind in (JSON, "application/*", "*/*") if kind in liked), 0.0)
    named = {arrow.ARROW: liked.get(arrow.ARROW, 0.0), CSV: liked.get(CSV, 0.0), JSON: json}
    best = max(named, key=lambda media: named[media])
    return best if named[best] else JSON


def _csv(columns: dict[str, list[Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(map(_cell, column) for column in columns.values()), strict=True))
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return "; ".join(value)
    return "" if value is None or value != value else value  # NaN
