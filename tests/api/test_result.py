"""Results as text and as HTML: aligned, escaped, spelled out."""

from __future__ import annotations

from mlp_edge.api.result import Result, Sheet


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


def test_a_sheet_of_facts_has_no_head() -> None:
    facts = Sheet("", ("", ""), (("dtype", "int8"), ("file", "a.h")), text_columns=2)
    assert str(facts) == "dtype  int8\nfile   a.h"


class Two(Result):
    """A result with a table and a remark."""

    def sheets(self) -> list[Sheet]:
        return [Sheet("One")]

    def remarks(self) -> list[str]:
        return ["<not> measured"]


def test_remarks_follow_the_tables() -> None:
    assert str(Two()) == "One\n\n<not> measured"
    assert repr(Two()) == "<mlp_edge.Two: One>"
    assert Two()._repr_html_().endswith("</table><p>&lt;not&gt; measured</p>")
