"""The page of a report in a browser: for every reader, on every screen, with scripts or without.

A page that warns, fails, shows a dialog or asks for anything fails its test (``Browser.open``).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from report_picture import taken
from support.browser import WIDTHS, Browser, Page, overflow, violations
from support.reports import FRAGMENT, VARIANTS

from mlp_edge.report.page import page

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
"""Made to be looked at."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    folder = tmp_path_factory.mktemp("pages")
    found = {variant: folder / f"{variant}.html" for variant in VARIANTS}
    for variant, path in found.items():
        path.write_text(page(VARIANTS[variant], FRAGMENT), "utf-8")
    return found


def cells(shown: Page) -> list[str]:
    return [str(shown.inner_text(f'td[data-at="{name}"]')) for name in ("tn", "fp", "fn", "tp")]


def mark(shown: Page, curve: str) -> tuple[float, float]:
    circle = shown.locator(f'[data-curve="{curve}"]')
    return float(circle.get_attribute("cx")), float(circle.get_attribute("cy"))


def test_every_width_in_light_and_dark(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.open(pages["binary"]) as shown:
        for scheme, background in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 23, 27)")):
            shown.emulate_media(color_scheme=scheme)
            assert shown.evaluate("getComputedStyle(document.documentElement).backgroundColor") == (
                background
            )
            for width in WIDTHS:
                shown.set_viewport_size({"width": width, "height": 900})
                assert overflow(shown) == 0
                assert violations(shown, contrast=width == max(WIDTHS)) == []
                shown.screenshot(path=SCREENSHOTS / f"report-{width}-{scheme}.png", full_page=True)


@pytest.mark.parametrize("variant", sorted(VARIANTS.keys() - {"binary"}))
def test_every_kind_of_model_on_a_telephone(
    browser: Browser, pages: dict[str, Path], variant: str
) -> None:
    with browser.open(pages[variant], min(WIDTHS)) as shown:
        assert violations(shown) == []
        assert overflow(shown) == 0
        assert shown.inner_text("#ran") == "ran"
        assert shown.evaluate("second") == 2


def test_the_threshold_moves_the_confusion_matrix(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.open(pages["binary"]) as shown:
        assert cells(shown) == ["9", "3", "6", "6"]
        roc, slider = mark(shown, "roc"), shown.locator("#threshold-slider")
        slider.focus()
        shown.keyboard.press("Home")
        assert cells(shown) == ["0", "12", "0", "12"]
        assert shown.inner_text("output") == "0.01"
        assert slider.get_attribute("aria-valuetext").startswith("0.01: 100.0 % found")
        frame = shown.get_attribute('[data-curve="roc"]', "data-frame")
        _, right, bottom, top = map(float, frame.split())
        assert mark(shown, "roc") == (right, top)
        assert mark(shown, "precision-recall") == (right, (bottom + top) / 2)
        shown.get_by_role("button", name="Back to 0.5").click()
        assert cells(shown) == ["9", "3", "6", "6"]
        assert mark(shown, "roc") == roc


def test_without_scripts(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.open(pages["binary"], scripts=False) as shown:
        assert not shown.is_visible("#threshold")
        assert cells(shown) == ["9", "3", "6", "6"]
        assert shown.inner_text("#ran") == "-"
        assert shown.is_visible("text=What other thresholds would give")
        shown.click("text=Recipe")
        assert shown.is_visible("text=learning_rate")


def test_the_picture_of_the_readme(browser: Browser, pages: dict[str, Path]) -> None:
    picture = taken(browser, pages["binary"])
    assert picture.getpixel((1, 1)) == (255, 255, 255)
    assert picture.getpixel((picture.width - 1, 1)) == (20, 23, 27)


def test_by_keyboard_and_on_paper(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.open(pages["binary"], 768) as shown:
        shown.keyboard.press("Tab")
        assert shown.evaluate("document.activeElement.textContent") == "Skip to the report"
        shown.keyboard.press("Enter")
        assert shown.evaluate("document.activeElement.id") == "main"
        shown.emulate_media(media="print")
        assert not shown.is_visible(".contents")
        assert shown.is_visible("text=learning_rate")
        assert len(shown.pdf(format="A4")) > 10_000
