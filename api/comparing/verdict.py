"""Two models in one sentence: which one is better, by how much, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlp_edge.data.quoting import counted


def verdict(
    names: tuple[str, str],
    rows: Mapping[str, Any],
    scores: Sequence[Mapping[str, Any]],
    learned: Sequence[str],
) -> dict[str, Any]:
    """The sentence, and the model that is better.

    Args:
        names: of the models.
        rows: ``count`` of them, and the ``table`` that they are from; None for held-out rows.
        scores: of the comparison; the first one decides.
        learned: names of models that learned from some of the rows.

    Returns:
        ``sentence``, and ``better``: 0 or 1; None where the rows do not tell, or were learned
        from.
    """
    main = scores[0]
    ours, theirs = ("no number" if each is None else f"{each:.4g}" for each in main["values"])
    says = f"{main['name']} {ours} of {names[0]} against {theirs} of {names[1]}"
    if main["difference"] is not None and main["error"] is not None:
        says += f", a difference of {main['difference']:+.3g} ± {main['error']:.2g}"
    where = " that both held out" if rows["table"] is None else f" of {rows['table']}"
    better = None if learned else main["better"]
    if learned:
        end = f"{' and '.join(learned)} learned from some of them, which tells nothing of new rows"
    else:
        end = (
            "these rows do not tell which is better"
            if better is None
            else f"{names[better]} is better"
        )
    return {
        "sentence": f"{says}, on {counted(rows['count'], 'row')}{where}: {end}.",
        "better": better,
    }
