"""The picture of a report in the README, taken again: a desk's screen and a telephone's.

python tests/report_picture.py
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path

from PIL import Image
from support.browser import Browser, browser
from support.commands import typed

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "report.png"
COMMANDS = ("train pima", "export", "export --dtype int8", "parity", "report --no-cost")
WIDTHS, HEIGHT, GAP = (740, 360), 1060, 24
"""Pixels of the two screens, of both, and between them."""


def taken(chromium: Browser, report: Path) -> Image.Image:
    """The top of the page in light, and its playground in the dark."""
    picture = Image.new("RGB", (sum(WIDTHS) + GAP, HEIGHT), "white")
    left = 0
    for width, dark, part in zip(WIDTHS, (False, True), ("#main", "#playground"), strict=True):
        with chromium.open(report, width, dark=dark) as page:
            page.emulate_media(reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": HEIGHT})
            if dark:
                page.locator(part).evaluate("part => part.scrollIntoView()")
            picture.paste(Image.open(io.BytesIO(page.screenshot())), (left, 0))
        left += width + GAP
    return picture


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        with contextlib.chdir(folder):
            for command in COMMANDS:
                code, _, said = typed(*command.split())
                assert code == 0, f"{command}: {said}"
        picture = taken(chromium, Path(folder, "model", "report.html"))
    # A palette takes a quarter of the bytes, and this way of making one keeps rare colours.
    picture.quantize(method=Image.Quantize.FASTOCTREE).save(PICTURE, optimize=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")
