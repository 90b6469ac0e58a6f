"""Letters that DejaVu Sans lacks: written with another font, or told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from matplotlib import font_manager
from matplotlib.text import Text
from support.commands import Type

from mlp_edge.plots import fonts, of_importance, rendered
from mlp_edge.plots.style import Figure

ARC = "\N{ARC}"
"""DejaVu Sans Mono has it, which comes with Matplotlib, and DejaVu Sans does not."""
AGE = "年齢"


def figure_of(*names: str) -> Figure:
    return of_importance(dict.fromkeys(names, (1.0, 0.1)), "rmse", 9, 10)["importance"]


def text_of(figure: Figure, words: str) -> Text:
    return next(each for each in figure.findobj(Text) if each.get_text() == words)


def test_a_letter_of_another_font_is_written_with_it(recwarn: pytest.WarningsRecorder) -> None:
    figure = figure_of(f"a{ARC}", "b")
    before = figure.findobj(Text)
    assert rendered({"p": figure}).findings == ()
    assert len(text_of(figure, f"a{ARC}").get_fontfamily()) > 1
    others = (each for each in before if ARC not in each.get_text())
    assert all(len(each.get_fontfamily()) == 1 for each in others)
    recwarn.clear()
    figure.canvas.draw()  # where nothing hides Matplotlib's own warnings
    assert [str(each.message) for each in recwarn if "missing from" in str(each.message)] == []


def test_what_else_is_installed_changes_no_picture_that_needs_it_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = rendered({"p": figure_of("a", "é", "Ω")})
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [])
    assert rendered({"p": figure_of("a", "é", "Ω")}) == one


def test_letters_that_no_font_has_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = fonts._letters
    monkeypatch.setattr(fonts, "_letters", lambda path: genuine(path) - {*AGE})
    two = {"p": figure_of(f"{AGE} (a)"), "q": figure_of(f"{AGE} (b)", ARC)}
    pictures = rendered(two)
    [found] = pictures.findings
    assert found.says.startswith(
        "no installed font has 年 齢: the PNG pictures show boxes for that"
    )
    assert AGE in pictures.files["p.svg"].decode()  # as text, with the reader's fonts
    assert rendered(two) == pictures
    many = rendered({"p": figure_of("".join(map(chr, range(0x20000, 0x2000D))))})
    assert " and 3 more: " in many.findings[0].says


def test_a_font_that_cannot_be_read_has_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    assert fonts._letters(str(tmp_path / "broken.ttf")) == frozenset()


@pytest.mark.trains
def test_training_and_evaluation_tell_them(
    keras: Any, typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = fonts._letters
    monkeypatch.setattr(fonts, "_letters", lambda path: genuine(path) - {*AGE})
    lines = [f"x,{AGE},y", *(f"{n % 7},{n % 5},{n % 2}" for n in range(60))]
    Path("rows.csv").write_text("\n".join(lines), encoding="utf-8")
    said = "warning: no installed font has 年 齢: the PNG pictures show boxes"
    trained = typed("train", "rows.csv", "--target", "y", "--epochs", 1, "--hidden", "2", "--plots")
    assert trained.code == 0, trained.err
    assert trained.err.count(said) == 1
    told = typed("evaluate", "--importance", "--runtime", "keras")
    assert told.err.count(said) == 1
