"""mlp-edge cost: what the C header takes on a chip, measured there, and whether it is too much."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from mlp_edge.api.settings import CostSettings
from mlp_edge.cli.declaring import takes
from mlp_edge.cli.options import DEFAULT_MODEL, JsonOption, TrustOption, model_named
from mlp_edge.cli.printing.console import err, print_json
from mlp_edge.cli.printing.observer import Printing
from mlp_edge.cli.printing.sheets import show_sheets
from mlp_edge.cli.printing.wording import worded

STYLES = {"yes": "green", "no": "bold red"}
"""Cells that stand out."""


@takes(settings=CostSettings)
def cost(
    model: Annotated[
        Path, model_named("Model directory whose C header to measure.")
    ] = DEFAULT_MODEL,
    settings: Any = None,
    trust: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Measure flash, RAM and time of the C header on simulated chips."""
    from mlp_edge.api.costing import cost as measured_cost
    from mlp_edge.api.model import open_model

    chosen = CostSettings(**settings)
    report = measured_cost(open_model(model), chosen, trust=trust, observer=Printing())
    if as_json:
        print_json(report.to_dict())
    else:
        show_sheets(report.sheets(), STYLES)
    for remark in report.remarks():
        err.print(worded(remark))
    report.check()
