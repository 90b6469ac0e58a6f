"""The tables that commands print on stdout."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from math import isfinite
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
    from numpy.typing import NDArray

    from mlp_edge.mlp import Mlp

TITLES = {"test": "held-out rows", "training": "training rows", "validation": "validation rows"}
MODELS = {"mlp": "this network", "linear": "linear baseline", "prior": "a constant answer"}

WIDEST, LABEL = 78, 12
"""Characters of a table, and of a long label in its first column."""
FOLDED, LONGEST_CELL = 12, 400
"""Characters of a column of words at least, however narrow the terminal; and of a cell at most."""
MOST_MISTAKES = 20
"""Are shown where there are too many classes for a matrix."""


class Sheet(Table):
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
        out.print(first.strip() or names[0], soft_wrap=True)
        for name, cell in zip(names[1:], others, strict=True):
            if cell:
                out.print(f"  {name}: {cell}", soft_wrap=True)


def new_table(title: str, *columns: str, text_columns: int = 1) -> Table:
    """A table that stays readable at 80 columns: words first, then numbers to the right."""
    table = Sheet(
        title=shortened(printable(title), LONGEST_CELL),
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        pad_edge=False,
        show_edge=False,
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


def score_table(
    part: str, count: int, scores: Mapping[str, Mapping[str, float]],
    intervals: Mapping[str, Mapping[str, tuple[float, float]]] | None = None,
) -> Table:  # fmt: skip
    """A row per model, a column per metric, and one per interval where there are any."""
    title = f"scores on {count:,} {TITLES.get(part, part)}"
    ranges = intervals or {model: {} for model in scores}
    table = new_table(title, "", *scores["mlp"], *(_interval(name) for name in ranges["mlp"]))
    for model, values in scores.items():
        cells = [number(value) for value in values.values()]
        cells += [_range(pair) for pair in ranges[model].values()]
        name = Text(MODELS.get(model, model))
        table.add_row(name, *cells, style="bold" if model == "mlp" else None)
    return table


def comparison_table(
    part: str, count: int, scores: Mapping[str, Mapping[str, float]],
    intervals: Mapping[str, Mapping[str, tuple[float, float]]],
) -> Table:  # fmt: skip
    """The same turned round, for many metrics: a row per metric, a column per model."""
    title = f"scores on {count:,} {TITLES.get(part, part)}"
    table = new_table(title, "", *(MODELS[model] for model in scores))
    for name in scores["mlp"]:
        table.add_row(name, *(number(values[name]) for values in scores.values()))
        if name in intervals["mlp"]:
            pairs = (_range(ranges[name]) for ranges in intervals.values())
            table.add_row(f"  {_interval(name)}", *pairs, style="dim")
    return table


def number(value: float) -> str:
    """Four digits; a dash where there is nothing to judge."""
    return f"{value:.4g}" if math.isfinite(value) else "–"


def _interval(name: str) -> str:
    return f"{name}, 95 %"


def _range(pair: tuple[float, float]) -> str:
    return f"{pair[0]:.3f} to {pair[1]:.3f}"


def record_table(title: str, records: Sequence[Mapping[str, Any]]) -> Table:
    """A row per class or per target: what the first key names, then its counts and scores."""
    first, *others = records[0]
    table = new_table(title, "", *others)
    for record in records:
        cells = (record[key] for key in others)
        texts = (f"{cell:,}" if isinstance(cell, int) else number(cell) for cell in cells)
        table.add_row(Text(record[first]), *texts)
    return table


def spread(values: Sequence[float]) -> str:
    """Mean ± deviation of the values there are; a fold may be without a score."""
    known = [value for value in values if isfinite(value)]
    if not known:
        return "–"
    deviation = stdev(known) if len(known) > 1 else 0.0
    if deviation < 1e-9 * abs(mean(known)):
        deviation = 0.0  # what rounding leaves of equal scores
    few = f" ({len(known)} folds)" if len(known) < len(values) else ""
    return f"{mean(known):.4g} ± {deviation:.2g}{few}"


def run_table(runs: Sequence[Mapping[str, Any]], part: str) -> Table:
    """Every run, then their mean and standard deviation; none is chosen."""
    metrics = list(runs[0][part])
    table = new_table(f"every run, on the {TITLES[part]}", "seed", *metrics)
    for run in runs:
        table.add_row(str(run["seed"]), *(f"{run[part][metric]:.4f}" for metric in metrics))
    table.add_section()
    columns = [[run[part][metric] for run in runs] for metric in metrics]
    table.add_row("mean", *(f"{mean(column):.4f}" for column in columns))
    table.add_row("deviation", *(f"{stdev(column):.4f}" for column in columns))
    return table


def confusion_table(labels: Sequence[str], counts: NDArray[Any]) -> Table:
    """Rows are the truth, columns what was predicted; too many classes as a list of mistakes."""
    title = "confusion: the truth in rows, the prediction in columns"
    labels = [shortened(printable(label), LONGEST_CELL) for label in labels]
    numbered = [f"({index})" for index in range(1, len(labels) + 1)]
    cells = [[f"{count:,}" for count in row] for row in counts]
    if _width(labels, labels, cells) <= WIDEST:
        names, columns = list(labels), list(labels)
    else:
        columns = numbered
        names = [f"{mark} {label}" for mark, label in zip(numbered, labels, strict=True)]
    if _width([""], columns, cells) + LABEL > WIDEST:
        return _mistake_table(labels, counts)
    table = new_table(title, "", *columns)
    for name, row in zip(names, cells, strict=True):
        table.add_row(Text(name), *row)
    return table


def _width(names: Sequence[str], columns: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """Of a table with these names in the first column; two blanks part the columns."""
    each = zip(columns, *cells, strict=True)
    return max(map(len, names)) + sum(2 + max(map(len, column)) for column in each)


def _mistake_table(labels: Sequence[str], counts: NDArray[Any]) -> Table:
    """The most frequent of what was taken for something else."""
    pairs = [
        (int(count), truth, answer)
        for truth, row in enumerate(counts)
        for answer, count in enumerate(row)
        if count and truth != answer
    ]
    pairs.sort(key=lambda pair: -pair[0])
    title = f"confusion: {sum(count for count, _, _ in pairs):,} mistakes, the most frequent first"
    table = new_table(title, "truth", "predicted", "rows", text_columns=2)
    for count, truth, answer in pairs[:MOST_MISTAKES]:
        table.add_row(Text(labels[truth]), Text(labels[answer]), f"{count:,}")
    return table
