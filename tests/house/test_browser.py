"""The browser of the tests sees what is wrong with a page."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.browser import Browser, overflow, violations

GOOD = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Page</title><link rel="icon" '
    'href="data:,"><main><h1>Page</h1>{}</main></html>'
)
FAULTS = """
<script>console.error("first")</script> <script>console.warn("second")</script>
<script>throw new Error("third")</script> <script>alert("fourth")</script>
<img src="https://example.org/fifth.png" alt=""> <img src="sixth.png" alt="">
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "page.html"


def test_a_good_page(browser: Browser, written: Path) -> None:
    written.write_text(GOOD.format("<p id='said'>-</p><script>said.innerText = 'ran'</script>"))
    for width in (360, 1440):
        with browser.open(written, width, dark=width == 360) as page:
            assert not violations(page)
            assert overflow(page) == 0
            assert page.inner_text("#said") == "ran"
            assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") == (
                width == 360
            )
    with browser.open(written, scripts=False) as page:
        assert page.inner_text("#said") == "-"


def test_faults(browser: Browser, written: Path) -> None:
    written.write_text(GOOD.format(FAULTS))
    with pytest.raises(AssertionError) as caught, browser.open(written):
        pass
    said = str(caught.value)
    for fault in ("error: first", "warning: second", "uncaught: third", "'fourth'",
                  "asked for https://example.org/fifth.png", "sixth.png"):  # fmt: skip
        assert fault in said


def test_barriers_and_overflow(browser: Browser, written: Path) -> None:
    written.write_text(
        GOOD.format('<p style="width: 500px; color: #aaa; background: #fff">pale</p>')
    )
    with browser.open(written, 360) as page:
        assert overflow(page) > 100
        assert [line.split(" ")[0] for line in violations(page)] == ["color-contrast"]
