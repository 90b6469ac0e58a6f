"""The papers beside a report: the model card and the bill of materials."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlp_edge.api.reporting.places import Place
from mlp_edge.readers.report_files import BOM, MODEL_CARD, is_report
from mlp_edge.report.papers.bill import bill
from mlp_edge.report.papers.model_card import model_card


def papers(facts: Mapping[str, Any], place: Place) -> dict[Path, bytes]:
    """The papers by where they go; none beside a page that goes elsewhere.

    Args:
        facts: what report.json holds.
        place: of the report; a README.md of somebody else's stays as it is.
    """
    if place.directory is None:
        return {}
    made = {place.directory.exports_path / BOM: bill(facts)}
    if own_card(place) is None:
        made[place.directory.path / MODEL_CARD] = model_card(facts).encode()
    return made


def own_card(place: Place) -> Path | None:
    """A README.md in the model directory that no report has written; None where there is none."""
    if place.directory is None:
        return None
    card = place.directory.path / MODEL_CARD
    return card if card.exists() and not is_report(card) else None
