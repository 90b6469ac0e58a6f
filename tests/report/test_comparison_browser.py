"""The page of a comparison in a browser: for every reader, and with names that are hostile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.browser import WIDTHS, Browser, overflow, violations
from support.reports import ATTACKS

from mlp_edge.report.comparison import comparison


def row(names: tuple[str, str, str], number: int) -> dict[str, Any]:
    return {
        "line": number, "readings": {names[2]: "1.5", "b": names[2]}, "truth": {"y": names[0]},
        "outputs": [[0.25], [None]], "labels": [names[0], names[1]],
    }  # fmt: skip


def facts(names: tuple[str, str, str]) -> dict[str, Any]:
    """A comparison with something in every part, in which these names stand everywhere."""
    one, other, third = names
    model = {"topology": "2-4-1", "parameters": 17, "table": {"source": third, "sha256": "ab" * 32},
             "trained": {"rows": 614}, "weights_sha256": "cd" * 32, "threshold": 0.5}  # fmt: skip
    board = {"board": "uno", "part": "atmega328p", "dtype": "int8", "flash": [4000, None],
             "ram": [100, None], "us": [562.5, None]}  # fmt: skip
    score = {"name": "log_loss", "values": [0.4, None], "difference": None, "error": None,
             "better": None}  # fmt: skip
    return {
        "verdict": {"sentence": f"accuracy 0.9 of {one} against 0.8 of {other}.", "better": 0},
        "names": [one, other],
        "models": [model, model],
        "predicted_by": [["keras", "float32"], ["c", "float32"]],
        "rows": {"count": 1200, "table": third, "of": [1200, 1300]},
        "scores": [score | {"name": "accuracy", "values": [0.9, 0.8], "difference": 0.1,
                            "error": 0.02, "better": 0}, score],
        "labels": {"differ": 2, "only_right": [1, 1], "rows": [row(names, 2)]},
        "largest": [row(names, 3)],
        "features": {"only": [[third], []],
                     "changed": [{"name": third, "what": "labels", "values": [[one], None]}]},
        "settings": [{"setting": "drop", "values": [[third], []]}],
        "sizes": [{"file": "model.keras", "bytes": [1000, None]}],
        "cost": [board],
        "absent": {"cost": [f"{one}: no C header is exported yet"]},
        "findings": [{"kind": "held-out", "text": f"{third} is odd", "columns": []}],
    }  # fmt: skip


@pytest.mark.parametrize("names", [("old", "new", "glucose"), tuple(ATTACKS[:3])])
def test_every_width_in_light_and_dark(
    browser: Browser, tmp_path: Path, names: tuple[str, str, str]
) -> None:
    (tmp_path / "two.html").write_text(comparison(facts(names)), "utf-8")
    with browser.open(tmp_path / "two.html") as shown:
        for scheme in ("light", "dark"):
            shown.emulate_media(color_scheme=scheme)
            for width in WIDTHS:
                shown.set_viewport_size({"width": width, "height": 900})
                assert overflow(shown) == 0
                assert violations(shown, contrast=width == max(WIDTHS)) == []
        if names[0] == "old":
            assert shown.inner_text("h1") == "old and new"
            assert shown.inner_text("#scores tbody tr:first-child td:last-child") == "old"


def test_nothing_of_a_stranger_is_markup() -> None:
    text = comparison(facts(tuple(ATTACKS[:3])))  # type: ignore[arg-type]
    assert not any(attack in text for attack in ATTACKS[:3] if "<" in attack)
