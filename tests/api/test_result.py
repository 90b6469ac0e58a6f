"""Results as text and as HTML: aligned, escaped, spelled out."""

from __future__ import annotations

from mlp_edge.api.result import Sheet


def test_a_sheet_is_aligned_and_harmless() -> None:
    rows = (("a\x1b[31m", "1"), ("<b>&", "1,234"))
    sheet = Sheet("Loss", ("name", "steps"), rows, ("As <i> said.",))
    assert str(sheet).splitlines() == [
        "Loss",
        "name       steps",
        r"a\x1b[31m      1",
        "<b>&       1,234",
        "As <i> said.",
    ]
    html = sheet.to_html()
    assert "<b>" not in html
    assert "&lt;b&gt;&amp;" in html
    assert "\x1b" not in html
    assert Sheet("Nothing").to_html() == "<table><caption>Nothing</caption></table>"
