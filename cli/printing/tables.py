"""The tables that commands print on stdout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from rich import box
from rich.cells import cell_len
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from mlp_edge.cli.printing.console import out
from mlp_edge.foreign import printable, shortened

if TYPE_CHECKING:
    from mlp_edge.mlp import Mlp

FOLDED, LONGEST_CELL = 12, 400
"""Characters of a column of words at least, however narrow the terminal; and of a cell at most."""


class PlainTable(Table):
    """A table of one line per row, whatever its cells hold."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        """A row; a cell is spelled out where it cannot be printed, and not endless."""
        super().add_row(*map(_cell, cells), **options)

    def add_column(self, header: Any = "", *rest: Any, **options: Any) -> None:
        """A column; its name likewise."""
        super().add_column(_cell(header), *rest, **options)


def _cell(cell: Any) -> Any:
    if isinstance(cell, Text):
        return Text(shortened(printable(cell.plain), LONGEST_CELL), style=cell.style)
    return shortened(printable(cell), LONGEST_CELL) if isinstance(cell, str) else cell


def show(table: Table) -> None:
    """Print a table on stdout with a blank line before it; as lists where it is too wide."""
    out.print()
    if _fits(table):
        out.print(table)
    else:
        _show_lists(table)


def _fits(table: Table) -> bool:
    """Whether every column that may not fold has its whole width, and the others some."""
    whole = Measurement.get(out, out.options.update(width=1 << 20), table).maximum
    folding = sum(
        max(0, max(map(_length, [column.header, *column.cells])) - FOLDED)
        for column in table.columns
        if not column.no_wrap
    )
    return whole - folding <= out.width


def _length(cell: Any) -> int:
    return cell_len(str(cell))


def _show_lists(table: Table) -> None:
    """Each row as a name, and a line for every other cell that is not empty, under its column's."""
    if table.title:
        out.print(table.title, style="bold", soft_wrap=True)
    names = [str(column.header) for column in table.columns]
    for row in zip(*(column.cells for column in table.columns), strict=True):
        first, *others = map(str, row)
        if not any(names):  # the first cell says what the others are
            out.print(f"{first}: {', '.join(others)}", soft_wrap=True)
            continue
        out.print(first.strip() or names[0], soft_wrap=True)
        for name, cell in zip(names[1:], others, strict=True):
            if cell:
                out.print(f"  {name}: {cell}", soft_wrap=True)


def new_table(title: str, *columns: str, text_columns: int = 1) -> Table:
    """A table that stays readable at 80 columns: words first, then numbers to the right."""
    table = PlainTable(
        title=shortened(printable(title), LONGEST_CELL) or None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD if any(columns) else None,
        padding=(0, 1),
        pad_edge=False,
        show_edge=False,
        show_header=any(columns),
    )
    table.min_width = min(len(title) + 2, 78)
    for number, column in enumerate(columns):
        # Long words fold where there is no room; a number is never cut.
        table.add_column(
            column,
            justify="left" if number < text_columns else "right",
            no_wrap=number >= text_columns,
            overflow="fold",
        )
    return table


def layer_table(mlp: Mlp) -> Table:
    """Layers with shapes and parameter counts, as Keras's ``summary`` shows them."""
    from mlp_edge.readers.anatomy import of_mlp

    table = new_table(mlp.topology, "layer", "activation", "output", "parameters", text_columns=2)
    width = f"(n, {mlp.encoding.width})"
    if not mlp.encoding.plain:
        table.add_row("encoding", "", width, "0")
    if mlp.scaling is not None:
        table.add_row("scaling", "", width, "0")
    for number, layer in enumerate(of_mlp(mlp).layers, start=1):
        kind = "output" if number == len(mlp.layers) else f"hidden {number}"
        table.add_row(kind, layer.activation, f"(n, {layer.outputs})", f"{layer.parameters:,}")
    table.add_section()
    table.add_row("all", "", "", f"{mlp.parameters:,}")
    return table


def run_table(runs: Sequence[Mapping[str, Any]], part: str) -> Table:
    """Every run, then their mean and standard deviation; none is chosen."""
    from mlp_edge.api.evaluation.score_sheets import TITLES
    from mlp_edge.api.result import number

    metrics = list(runs[0][part])
    table = new_table(f"every run, on the {TITLES[part]}", "seed", *metrics)
    for run in runs:
        table.add_row(str(run["seed"]), *(number(run[part][metric]) for metric in metrics))
    table.add_section()
    columns = [[run[part][metric] for run in runs] for metric in metrics]
    table.add_row("mean", *(number(mean(column)) for column in columns))
    table.add_row("standard deviation", *(number(stdev(column)) for column in columns))
    return table
