"""A report's facts as one HTML file: pictures, style and scripts inline, nothing fetched.

Every text in the facts may come from a stranger: the template engine escapes it, ``printable``
spells what would not show or turns the direction of writing, and a content security policy lets
only the scripts and styles run that are known here, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from mlp_edge.foreign import printable
from mlp_edge.plots.style import metric_name, number, percent
from mlp_edge.report import pictures
from mlp_edge.report.charts import Chart
from mlp_edge.report.network import drawing
from mlp_edge.report.playground import Fragment
from mlp_edge.report.rendering import asset, environment

PARTS = ("scores", "importance", "dependence", "proof", "cost")
"""What may be absent."""
NAMES = {"mlp": "This network", "linear": "Linear baseline", "prior": "Constant prediction"}
"""What the page calls the models that are scored."""
_NONE = "'none'"
FEW = 10
"""Thresholds are listed in steps of 1 / so many, of all that the slider knows."""
MOST = {"labels": 20, "classes": 40}
"""Categories of a feature that are listed; classes whose confusion matrix is shown."""
_CODE = re.compile(r"`([^`]+)`")
SHADES = 5
"""Backgrounds of a confusion matrix, from none of a row to all of it."""


def page(facts: Mapping[str, Any], playground: Fragment | None = None) -> str:
    """Write the page.

    Args:
        facts: a report, as ``report.json`` holds it.
        playground: the model itself, to run in the page; None leaves it out.

    Returns:
        HTML in UTF-8's characters. The same arguments give the same text.
    """
    markup, added, modules = playground or (None, "", ())
    told = {
        **facts,
        "version": facts["versions"]["report"]["mlp-edge"],
        "playground": markup,
        "outputs": _outputs(facts["model"]),
        "most": MOST,
        "absent_of": {**dict.fromkeys(PARTS, ()), **facts["absent"]},
        **_pictures(facts),
    }
    return rendered("page.html.jinja", told, added, [asset("page.js"), *modules])


def rendered(
    template: str, told: Mapping[str, Any], style: str = "", scripts: Sequence[str] = ()
) -> str:
    """A page in the style of all: what ``base.html.jinja`` holds, filled in.

    Args:
        template: its file name; it extends the base.
        told: what the templates are told; ``version`` is that of mlp-edge.
        style: further style of our own.
        scripts: of our own; no others run.
    """
    style = asset("page.css") + style
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src "
        f"{' '.join(map(_hash, scripts)) or _NONE}; base-uri 'none'; form-action 'none'"
    )
    return _environment().get_template(template).render(
        told,
        policy=policy,
        style=_trusted(style),
        scripts=[*map(_trusted, scripts)],
    )  # fmt: skip


def _trusted(text: str) -> Markup:
    """Style and scripts of our own, which stand in the page as they are."""
    return Markup(text)  # noqa: S704 (read from the package, or made by the playground)


def _hash(text: str) -> str:
    """A text as a content security policy names it."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _outputs(model: Mapping[str, Any]) -> list[str]:
    """What the predictions are called, in their order."""
    if model["task"] == "regression":
        return [*model["targets"]]
    labels = model["classes"][1:] if model["task"] == "binary" else model["classes"]
    return [f"P({label})" for label in labels]


def _pictures(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that is drawn, by its name in the templates."""
    model, scores = facts["model"], facts["scores"]
    outputs = _outputs(model)
    thresholds = scores["thresholds"] if scores else None
    at = thresholds and _nearest(thresholds, model["threshold"])
    return {
        "network": drawing(model, outputs),
        "findings": [*_news(facts)],
        "models": [*_models(scores)] if scores else [],
        "charts": [*_charts(scores, at)] if scores else [],
        "learning": facts["history"] and pictures.learning(facts["history"]),
        "moved": pictures.dependence(facts["dependence"], outputs),
        "at": at,
        "few": _few(thresholds, at) if thresholds and at else [],
        **_boards(facts["cost"]),
    }


def _news(facts: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What is said of the scores and was not said of the data yet."""
    known = {each["text"] for each in facts["data"]["warnings"]}
    yield from (e for e in (facts["scores"] or {}).get("findings", ()) if e["text"] not in known)


def _models(scores: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """The network and its baselines, each with its scores."""
    yield NAMES["mlp"], scores["metrics"]
    for baseline in scores["baselines"]:
        yield NAMES.get(baseline["name"], baseline["name"]), baseline["metrics"]


def _charts(scores: Mapping[str, Any], at: Mapping[str, Any] | None) -> Iterator[Chart]:
    """What there is to draw of scored rows."""
    if scores["roc"]:
        yield pictures.roc(scores["roc"], at)
    if scores["precision_recall"]:
        yield pictures.precision_recall(scores["precision_recall"], at)
    if scores["calibration"]:
        yield pictures.calibration(scores["calibration"]["bins"])
    for place, rows in enumerate(scores["residuals"] or (), start=1):
        yield pictures.scatter(place, rows)


def _nearest(thresholds: Sequence[Mapping[str, Any]], threshold: float) -> Mapping[str, Any]:
    """The counts at a threshold."""
    return min(thresholds, key=lambda each: abs(each["threshold"] - threshold))


def _boards(costs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What headers take, by board and by dtype."""
    dtypes = [*dict.fromkeys(each["dtype"] for each in costs)]
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for each in costs:
        board = found.setdefault((each["board"], each["part"]), dict.fromkeys(dtypes))
        board[each["dtype"]] = each
    return {"cost_dtypes": dtypes, "boards": [*found.items()]}


def _few(thresholds: Sequence[Mapping[str, Any]], at: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Some thresholds from all over, the model's own among them."""
    chosen = [_nearest(thresholds, step / FEW) for step in range(1, FEW)]
    return [each for each in thresholds if each is at or each in chosen]


def _shade(count: int, row: Sequence[int]) -> int:
    """The background of a count in its row of a confusion matrix: 0 to ``SHADES`` - 1."""
    return min(SHADES - 1, count * SHADES // max(1, sum(row)))


def _finite(value: float | None) -> str:
    """A number as a reader takes it; a dash where there is none."""
    return "–" if value is None else number(value)


def _whole(value: int | None) -> str:
    """A count, by thousands; a dash where there is none."""
    return "–" if value is None else f"{value:,}"


def _capital(text: str) -> str:
    """Words as they begin a sentence: ``ROC AUC`` keeps its letters."""
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> Markup:
    """Words of a message, as a sentence by itself."""
    return _told(f"{_capital(text).removesuffix('.')}.")


def _told(text: str) -> Markup:
    """Words of a message, with what it names between backticks as code."""
    parts = _CODE.split(printable(text))
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(part) if n % 2 else part for n, part in enumerate(parts))


def _shown(value: Any) -> Any:
    """Text of anybody's without what a page cannot show, or would turn around."""
    return printable(value) if type(value) is str else value


@cache
def _environment() -> jinja2.Environment:
    made = environment(_shown)
    made.filters.update(
        capital=_capital, metric=metric_name, number=_finite, percent=percent, sentence=_sentence,
        shade=_shade, share=pictures.share, told=_told, whole=_whole,
    )  # fmt: skip
    return made
