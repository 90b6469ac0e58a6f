"""Chromium without a window, and axe, which judges a page's accessibility (``make``)."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PACKAGES = Path(__file__).parents[2] / "build" / "browser"
Page = Any
"""A ``playwright.sync_api.Page``."""
WIDTHS = (360, 768, 1440)
"""Pixels of a phone, a tablet and a desk."""


class Browser:
    """A browser that opens files, each in a profile of its own and without a network."""

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium

    @contextmanager
    def open(
        self, path: Path, width: int = 1440, *, dark: bool = False, scripts: bool = True
    ) -> Iterator[Page]:
        """Show a page until the block ends.

        Args:
            path: of an HTML file.
            width: of the window, in pixels.
            dark: whether its reader prefers a dark page.
            scripts: whether scripts run.

        Yields:
            Playwright's page.

        Raises:
            AssertionError: the page warned or failed, or asked for anything but itself.
        """
        context = self._chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            offline=True,
        )
        address, wrong = path.resolve().as_uri(), []
        page = context.new_page()
        page.on("console", lambda said: _heard(wrong, said))
        page.on("pageerror", lambda error: wrong.append(f"uncaught: {error}"))
        page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda asked: _asked(wrong, asked.url, address))
        try:
            page.goto(address)
            yield page
            page.wait_for_timeout(0)
        finally:
            context.close()
        assert not wrong, wrong


def _heard(wrong: list[str], said: Any) -> None:
    if said.type in ("error", "warning"):
        wrong.append(f"{said.type}: {said.text}")


def _asked(wrong: list[str], url: str, address: str) -> None:
    if url.partition("#")[0] != address and not url.startswith("blob:"):
        wrong.append(f"asked for {url}")


def violations(page: Page, *, contrast: bool = True) -> list[str]:
    """What axe finds wrong with a page as it is shown: a line for each rule and element.

    It is a script itself: it never ends on a page that runs none.

    Args:
        page: that is shown.
        contrast: whether colours are judged, which takes four times as long as all the rest.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate((PACKAGES / "axe_playwright_python" / "axe.min.js").read_text("utf-8"))
    rules = {"color-contrast": {"enabled": contrast}}
    found = page.evaluate("rules => axe.run({rules}).then(({violations}) => violations)", rules)
    return [
        f"{rule['id']} ({rule['help']}): {node['html']}" for rule in found for node in rule["nodes"]
    ]


def overflow(page: Page) -> int:
    """By how many pixels a page is wider than its window."""
    root = "document.documentElement"
    return int(page.evaluate(f"{root}.scrollWidth - {root}.clientWidth"))


@contextmanager
def browser() -> Iterator[Browser]:
    """Run Chromium until the block ends; the test is skipped, or fails in CI, where it is missing.

    Chromium's own sandbox does not work for root.
    """
    program = shutil.which("chromium")
    if program is None or not PACKAGES.is_dir():
        remedy = "make scripts build/browser/installed brings Chromium and Playwright"
        if os.environ.get("CI") == "true":
            pytest.fail(remedy)
        pytest.skip(remedy)
    if str(PACKAGES) not in sys.path:
        sys.path.append(str(PACKAGES))
    playwright = importlib.import_module("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=program, chromium_sandbox=os.geteuid() != 0
        )
        try:
            yield Browser(chromium)
        finally:
            chromium.close()
