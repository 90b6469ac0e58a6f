"""The style of all pictures, and text that cannot break them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from mlp_edge.lazy import require

P = ParamSpec("P")
R = TypeVar("R")
Figure = Any
"""A ``matplotlib.figure.Figure``."""
Axes = Any
"""A ``matplotlib.axes.Axes``."""

DPI = 160
SMALL, NORMAL, LARGE = 11, 12, 13
"""Points. Nothing is set smaller, so that a picture of 6.4 inches reads at arm's length."""

INK, SOFT, FAINT = "#222222", "#5a5a5a", "#c9c9c9"
DARK, MIDDLE, LIGHT = "#173f5f", "#d9822b", "#8c8c8c"
"""Network, linear baseline, constant prediction: three lightnesses, which grey keeps apart."""
FILL = "#a9c1d6"

MODELS = {
    "mlp": "this network",
    "member": "one of its members",
    "linear": "linear baseline",
    "prior": "constant prediction",
}
"""What pictures call the models, as the command line does."""
LINES: Mapping[str, Mapping[str, Any]] = {
    "mlp": {"color": DARK, "linestyle": "-", "linewidth": 2.2},
    "linear": {"color": MIDDLE, "linestyle": "--", "linewidth": 2},
    "prior": {"color": LIGHT, "linestyle": ":", "linewidth": 2},
}
MARKERS = {"mlp": "o", "linear": "s", "prior": "^"}
COLOURS = {model: line["color"] for model, line in LINES.items()}

DASHES: Sequence[Any] = ("-", "--", "-.", ":", (0, (8, 2)), (0, (4, 1, 1, 1, 1, 1)))
"""One per class where several classes share a panel."""

METRICS = {
    "auc": "ROC AUC",
    "ece": "expected calibration error",
    "f1": "F1",
    "mae": "mean absolute error",
    "mse": "mean squared error",
    "rmse": "RMSE",
    "r2": "R²",
    "brier": "Brier score",
}
"""Names of metrics that are more than their words with blanks."""

_STYLE: Mapping[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.labelsize": NORMAL,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": NORMAL,
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.08,
    "figure.dpi": DPI,
    "figure.titlesize": LARGE,
    "figure.titleweight": "bold",
    # Text stays text in SVG: it can be searched, and a browser has the glyphs that DejaVu lacks.
    # Verdana has DejaVu's widths.
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": NORMAL,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "legend.title_fontsize": SMALL,
    "lines.linewidth": 2,
    "svg.fonttype": "none",
    "svg.hashsalt": "mlp-edge",
    # A column may be called $x_1$; nothing is mathematics.
    "text.parse_math": False,
    "xtick.color": SOFT,
    "xtick.labelcolor": INK,
    "xtick.labelsize": SMALL,
    "ytick.color": SOFT,
    "ytick.labelcolor": INK,
    "ytick.labelsize": SMALL,
}


@contextmanager
def style() -> Iterator[None]:
    """Matplotlib's defaults with ours on top, whatever the user's matplotlibrc says."""
    matplotlib = require("matplotlib")
    defaults = {
        name: value
        for name, value in matplotlib.rcParamsDefault.items()
        if not name.startswith("backend")
    }
    with matplotlib.rc_context({**defaults, **_STYLE}):
        yield


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """``draw`` within ``style``."""

    @wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with style():
            return draw(*args, **kwargs)

    return inside


def blank(width: float, height: float) -> Figure:
    """An empty figure of so many inches, whose parts keep clear of each other."""
    return require("matplotlib.figure").Figure(figsize=(width, height), layout="constrained")


def headed(figure: Figure, title: str, note: str = "") -> None:
    """A title above, and a note in grey beneath; both wrapped to the figure's width."""
    width = figure.get_figwidth() * 72
    figure.suptitle(wrapped(title, width / (0.68 * LARGE)), x=0.012, ha="left")
    if note:
        figure.supxlabel(
            wrapped(note, width / (0.58 * SMALL)),
            x=0.012,
            ha="left",
            fontsize=SMALL,
            color=SOFT,
        )


def keys(axes: Axes) -> tuple[list[Any], list[str]]:
    """Handles and labels for a legend: the network, the other models, then the rest."""
    handles, labels = axes.get_legend_handles_labels()
    models = tuple(MODELS.values())
    ranks = [
        next((rank for rank, model in enumerate(models) if label.startswith(model)), len(models))
        for label in labels
    ]
    order = sorted(range(len(labels)), key=lambda place: ranks[place])
    return [handles[place] for place in order], [labels[place] for place in order]


def beside(figure: Figure, axes: Axes, title: str) -> None:
    """The legend of ``axes`` to the right of it, where it hides nothing."""
    handles, labels = keys(axes)
    figure.legend(
        handles, labels, loc="outside right upper", title=title, alignment="left", handlelength=2.6
    )


def wrapped(text: str, characters: float) -> str:
    """The text in lines of at most so many characters."""
    return "\n".join(textwrap.wrap(text, max(8, int(characters))))


def short(text: str, most: int = 24) -> str:
    """Any text as a label: one line of printable characters, the middle of a long one left out."""
    whole = "".join(
        character
        if character.isprintable()
        else " "
        if character.isspace()
        else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
    line = " ".join(whole.split()) or "–"
    if len(line) <= most:
        return line
    tail = (most - 1) // 3
    return f"{line[: most - 1 - tail].rstrip()}…{line[len(line) - tail :].lstrip()}"


def quoted(text: str, most: int = 24) -> str:
    """A label in quotes, as sentences have it."""
    return f"“{short(text, most)}”"


def metric_name(metric: str) -> str:
    """What a picture calls a metric: ``metric_name("log_loss") == "log loss"``."""
    return METRICS.get(metric, short(metric.replace("_", " ")))


def number(value: float) -> str:
    """Three digits: ``number(0.81234) == "0.812"``, ``number(54321) == "54,321"``."""
    text = f"{value:,.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.3g}"
    return text.replace("-", "−")


def score(value: float) -> str:
    """A score between 0 and 1, by three decimals: ``score(1) == "1.000"``."""
    return f"{value:.3f}"


def percent(share: float) -> str:
    """A share in percent: ``percent(0.125) == "12.5 %"``."""
    return f"{100 * share:.1f} %"


def rows_of(count: int, part: str) -> str:
    """``rows_of(1, "held-out rows") == "1 held-out row"``."""
    return f"{count:,} {part if count != 1 else part.removesuffix('s')}"


def in_percent(axis: Any) -> None:
    """A few ticks in percent on an axis of shares."""
    ticker = require("matplotlib.ticker")
    axis.set_major_locator(ticker.MaxNLocator(3, steps=(1, 2, 5, 10)))
    axis.set_major_formatter(ticker.FuncFormatter(lambda share, _: f"{100 * share:.6g} %"))
