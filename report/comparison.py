"""The facts of a comparison as one HTML file, of the same make as a report's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlp_edge import __version__
from mlp_edge.report.page import rendered


def comparison(facts: Mapping[str, Any]) -> str:
    """Write the page.

    Args:
        facts: two models side by side, as ``Comparison.to_dict()`` gives them.

    Returns:
        HTML in UTF-8's characters. The same arguments give the same text.
    """
    told = {**facts, "version": __version__, "absent_of": facts["absent"]}
    return rendered("comparison.html.jinja", told)
