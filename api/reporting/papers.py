"""The papers beside a report: the model card and the bill of materials."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlp_edge.api.reporting.places import Place
from mlp_edge.api.reporting.wording import in_commands
from mlp_edge.readers.report_files import BOM, MODEL_CARD, is_report
from mlp_edge.report.papers.bill import bill
from mlp_edge.report.papers.model_card import model_card


def papers(facts: Mapping[str, Any], place: Place) -> dict[Path, bytes]:
    """The papers by where they go; none beside a page that goes elsewhere.

    Args:
        facts: what report.json holds.
        place: of the report; a paper of somebody else's stays as it is.
    """
    if place.directory is None:
        return {}
    facts = in_commands(facts)
    made = {
        place.directory.exports_path / BOM: bill(facts),
        place.directory.path / MODEL_CARD: model_card(facts).encode(),
    }
    kept = own_papers(place)
    return {path: content for path, content in made.items() if path not in kept}


def own_papers(place: Place) -> tuple[Path, ...]:
    """A README.md and a bill of materials in the model directory that no report has written."""
    if place.directory is None:
        return ()
    paths = (place.directory.exports_path / BOM, place.directory.path / MODEL_CARD)
    return tuple(path for path in paths if path.exists() and not is_report(path))
