"""One honest sentence about a model: what it is, how good, and whether that is proved."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlp_edge.api.reporting.score_facts import OF_SEVERAL
from mlp_edge.files.manifest import Manifest
from mlp_edge.foreign import printable, shortened

MAIN = {"binary": "accuracy", "multiclass": "accuracy", "regression": "rmse"}
"""The score that the sentence names, of one target."""
NAMES = {"accuracy": "accuracy", "rmse": "an RMSE of", OF_SEVERAL: "a mean R² of"}
MOST_LABEL = 40
"""Characters of a name."""


def verdict(
    manifest: Manifest,
    scores: Mapping[str, Any] | None,
    proof: Mapping[str, Any] | None,
    why_no_proof: str | None,
) -> dict[str, Any]:
    """The sentence, and what a program wants to know of it.

    Args:
        manifest: of the model.
        scores: as ``score_facts`` has them; None where no rows judge it.
        proof: as ``proof_facts`` has it; None where nothing is proved.
        why_no_proof: a sentence, where it is None.
    """
    proved = proof is not None and bool(proof["passed"])
    failed = "" if proof is None or proved else _failed(proof)
    worse = [] if scores is None else list(_worse(manifest, scores))
    few = "" if scores is None or worse else _too_few(manifest, scores)
    good = _how_good(manifest, scores, [few] if few else worse)
    parts = [failed, _what(manifest), good, _trained_on(scores)]
    if not failed:
        parts.append(_proved(proof) if proof is not None else _unproved(why_no_proof))
    return {
        "sentence": "; ".join(part for part in parts if part) + ".",
        "proved": proved,
        "better": None if scores is None or _untold(scores, few) else not worse,
    }


def _what(manifest: Manifest) -> str:
    targets = _listed([_name(target) for target in manifest.targets])
    readings = _counted(len(manifest.features), "reading")
    return f"{manifest.name} predicts {targets} from {readings}"


def _untold(scores: Mapping[str, Any], few: str) -> bool:
    """Whether these rows cannot tell if a model is better than its baselines."""
    return bool(few or scores["trained_on"] or not scores["baselines"])


def _how_good(manifest: Manifest, scores: Mapping[str, Any] | None, but: Sequence[str]) -> str:
    if scores is None:
        return "no rows with known targets judge it"
    name, rows = _main(manifest), scores["rows"]
    on = f"{rows:,} {scores['on'] if rows != 1 else scores['on'].replace('rows', 'row', 1)}"
    own = _metric(scores["metrics"], name)
    if own is None or own["value"] is None:
        return f"{name} has no value on {on}"
    text = f"{NAMES[name]} {own['value']:.3g}"
    if own["low"] is not None:
        text += f" (95 % interval {own['low']:.3g} to {own['high']:.3g})"
    text += f" on {on}"
    others = list(_beside(manifest, scores, name))
    text += f", beside {_listed(others)}" if others else ""
    return f"{text}: {_listed(but)}" if but else text


def _reach(metric: Mapping[str, Any], end: str) -> float:
    """How far a score is from an end of its interval; 0 where it has none."""
    found = metric.get(end)
    return 0.0 if found is None else abs(metric["value"] - found)


def _main(manifest: Manifest) -> str:
    """The score that the sentence names: no error that adds up the units of several targets."""
    return MAIN[manifest.task] if len(manifest.targets) == 1 else OF_SEVERAL


def _too_few(manifest: Manifest, scores: Mapping[str, Any]) -> str:
    """That the gain over a constant may be chance, by both scores' intervals; "" elsewhere.

    Source: R. G. Newcombe, "Interval estimation for the difference between independent
    proportions", Statistics in Medicine 17 (1998). The rows are the same: it asks for more of them
    than are needed.
    """
    main = _main(manifest)
    prior = next((each for each in scores["baselines"] if each["name"] == "prior"), None)
    own, constant = _metric(scores["metrics"], main), prior and _metric(prior["metrics"], main)
    if own is None or not constant or None in (own["value"], constant["value"]):
        return ""
    upper, lower = (constant, own) if main == "rmse" else (own, constant)
    chance = math.hypot(_reach(upper, "low"), _reach(lower, "high"))
    if own["low"] is not None and upper["value"] - lower["value"] > chance:
        return ""
    what = f"better than always predicting {_constant(manifest)}"
    return f"too few rows to tell whether it is {what}"


def _trained_on(scores: Mapping[str, Any] | None) -> str:
    """That scores are of rows that the model knows; "" where they are not."""
    if scores is None or not scores["trained_on"]:
        return ""
    rows = _counted(scores["trained_on"], "row")
    return f"it was trained on {rows} of these, and such scores tell nothing of new rows"


def _worse(manifest: Manifest, scores: Mapping[str, Any]) -> Iterator[str]:
    """What the model is no better than, by its main score and by what an evaluation warns of."""
    kinds = {each["kind"] for each in scores["findings"]}
    if "constant-output" in kinds:
        yield "the same prediction for every row"
    if "majority" in kinds or not _beats(manifest, scores, "prior", strictly=True):
        yield f"no better than always predicting {_constant(manifest)}"
    if not _beats(manifest, scores, "linear"):
        yield "worse than a linear model"
    elif "linear" in kinds:
        yield "not shown to be better than a linear model"


def _beats(
    manifest: Manifest, scores: Mapping[str, Any], name: str, strictly: bool = False
) -> bool:
    """Whether the main score is at least a baseline's, or better; so it is where there is none."""
    main = _main(manifest)
    judged = [scores, *(each for each in scores["baselines"] if each["name"] == name)]
    found = [_metric(each["metrics"], main) for each in judged]
    values = [each["value"] for each in found if each is not None and each["value"] is not None]
    if len(values) < 2:
        return True
    gain = values[0] - values[1] if main != "rmse" else values[1] - values[0]
    return bool(gain > 0 if strictly else gain >= 0)


def _beside(manifest: Manifest, scores: Mapping[str, Any], name: str) -> Iterator[str]:
    titles = {"linear": "a linear model", "prior": f"always predicting {_constant(manifest)}"}
    for baseline in scores["baselines"]:
        found = _metric(baseline["metrics"], name)
        if found is not None and found["value"] is not None:
            yield f"{found['value']:.3g} for {titles.get(baseline['name'], baseline['name'])}"


def _constant(manifest: Manifest) -> str:
    """What a constant predicts."""
    prior = list(manifest.prior)
    if manifest.task == "regression":
        return "the mean"
    frequent = int(prior[0] > 0.5) if manifest.task == "binary" else prior.index(max(prior))
    return _name(manifest.labels[frequent])


def _failed(proof: Mapping[str, Any]) -> str:
    bad = [each for each in proof["records"] if each["verdict"] == "FAIL"]
    lost = [each["column"] for each in proof["monotone"] if not each["holds"]]
    if bad:
        names = _listed([f"{each['artifact']} on {each['runtime']}" for each in bad[:3]])
        return f"NOT PROVED: {len(bad)} of {len(proof['records'])} comparisons failed, of {names}"
    if lost:
        return f"NOT PROVED: predictions do not follow {_listed([_name(each) for each in lost])}"
    return "NOT PROVED: no export was shown to predict what the original predicts"


def _proved(proof: Mapping[str, Any]) -> str:
    exports = proof["records"][1:]  # the first is the original itself
    passed = [each for each in exports if each["verdict"] == "PASS"]
    runtimes = {each["runtime"] for each in passed}
    files = {each["artifact"] for each in passed}
    rest = {each["artifact"] for each in exports} - files
    text = (
        f"proved: {_counted(len(files), 'exported file')} on {_counted(len(runtimes), 'runtime')}"
    )
    text += f" predict{'s' if len(files) == 1 else ''} what the original does"
    return f"{text}, {len(rest)} more not proved" if rest else text


def _unproved(why: str | None) -> str:
    return "nothing is proved of its exports" if why is None else why.partition("; ")[0]


def _metric(found: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    return next((each for each in found if each["name"] == name), None)


def _name(text: str) -> str:
    return shortened(printable(text), MOST_LABEL)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
