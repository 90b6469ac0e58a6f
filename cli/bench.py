"""mlp-edge bench: how fast every artifact predicts on every runtime."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich.text import Text

from mlp_edge.api.settings import BenchSettings
from mlp_edge.cli.declaring import takes
from mlp_edge.cli.options import DEFAULT_MODEL, JsonOption, model_named
from mlp_edge.cli.printing.console import err, out, print_json
from mlp_edge.cli.printing.observer import Printing
from mlp_edge.cli.printing.sheets import show_sheets
from mlp_edge.cli.printing.tables import new_table, show

if TYPE_CHECKING:
    from mlp_edge.api.benching import BenchReport

BAR = 32
"""Characters of the longest bar."""


@takes(settings=BenchSettings)
def bench(
    model: Annotated[
        Path, model_named("Model directory whose exports to measure.")
    ] = DEFAULT_MODEL,
    settings: Any = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how fast every export predicts on every runtime."""
    from mlp_edge.api.benching import bench as measured_bench
    from mlp_edge.api.model import open_model

    chosen = BenchSettings(**settings)
    report = measured_bench(open_model(model), chosen, observer=Printing())
    if as_json:
        print_json(report.to_dict())
        return
    latency, throughput = report.sheets()
    show_sheets([latency])
    _show_bars(report)
    show_sheets([throughput])
    for remark in report.remarks():
        err.print(remark)


def _show_bars(report: BenchReport) -> None:
    """Rows per second as bars, a factor of ten always of the same length."""
    size = report.settings.sizes[-1]
    rates = [result.timing.rows_per_second(size) for result in report.results]
    lowest = max(0, math.floor(math.log10(min(rates))))
    span = max(math.log10(max(rates)) - lowest, 1e-9)
    title = f"rows per second, {size:,} per call; logarithmic, bars begin at {10**lowest:,}"
    table = new_table(title, "artifact", "runtime", "", text_columns=3)
    table.show_header = False
    block = "#" if out.options.ascii_only else "█"
    for (candidate, _, _), rate in zip(report.results, rates, strict=True):
        length = max(1, round(BAR * (math.log10(rate) - lowest) / span))
        ours = candidate.way == "mlp-edge"
        bar = Text(block * length, style="green" if ours else "dim")
        table.add_row(Text(candidate.path.name), candidate.name, bar)
    show(table)
