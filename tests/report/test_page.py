"""The page of a report: what stands in it, whatever the facts, and what never does."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

import pytest
from support.hostile_text import HOSTILE
from support.reports import ATTACKS, FRAGMENT, VARIANTS, facts

from mlp_edge.report.network import Drawing, drawing
from mlp_edge.report.page import page


class Elements(HTMLParser):
    """Every element of a page, with its attributes, and the texts in between."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def within(text: str, tag: str) -> list[str]:
    """What stands in each element of a kind."""
    return re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", text, re.DOTALL)


@pytest.mark.parametrize("variant", VARIANTS)
def test_only_known_elements_and_nothing_from_elsewhere(variant: str) -> None:
    found = Elements(page(VARIANTS[variant])).elements
    kinds = {kind for kind, _ in found}
    assert not kinds & {"img", "b", "link", "iframe", "object", "base", "form", "use", "image"}
    for _, attributes in found:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert not {"src", "srcset", "action"} & set(attributes)
        assert (attributes.get("href") or "#").startswith("#")
    ids = [attributes["id"] for _, attributes in found if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in found:
        for name in ("aria-labelledby", "for"):
            assert set((attributes.get(name) or "").split()) <= {*ids}
        assert (attributes.get("href") or "#main").removeprefix("#") in ids


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_policy_knows_what_runs(variant: str) -> None:
    text = page(VARIANTS[variant], FRAGMENT)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    allowed = policy[1].replace("&#39;", "'")
    assert allowed.startswith("default-src 'none'; ")
    assert "unsafe" not in allowed
    scripts = re.findall(r'<script type="module">(.*?)</script>', text, re.DOTALL)
    assert len(scripts) == 3
    for inline in (*scripts, *within(text, "style")):
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in allowed
    assert text.index("Content-Security-Policy") < text.index("<style>")


def test_the_same_facts_are_the_same_bytes() -> None:
    first = facts()
    kept = json.dumps(first)
    text = page(first)
    assert text == page(json.loads(kept))
    assert json.dumps(first) == kept
    assert len(text.encode()) < 60_000


def test_text_of_strangers_is_shown_as_it_is_spelled() -> None:
    for text in (*ATTACKS, *HOSTILE):
        shown = page(facts((text, "colour", "height"), (text, "yes")))
        assert not re.search(
            "[\x00-\x09\x0b-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]", shown
        )
        assert "1337" not in shown  # a template in a name
    shown = page(facts(ATTACKS, ATTACKS))
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;" in shown
    assert r"\u202egnp.\u2066" in shown


def test_a_large_model_is_still_a_page() -> None:
    large = facts(labels=[f"class {number}" for number in range(200)])
    feature = {**large["data"]["features"][1], "labels": [f"kind {n}" for n in range(5000)]}
    large["data"]["features"] = [{**feature, "counts": None, "name": f"f{n}"} for n in range(800)]
    large["model"]["features"] = [each["name"] for each in large["data"]["features"]]
    text = page(large)
    assert "The confusion matrix of 200 labels is too large" in text
    assert "kind 19</bdi>, and 4,980 more" in text
    assert text.count("the first 6 of 200 classes") == 2
    assert "The first 6 of 200 predictions." in text
    assert len(text) < 1_000_000


def layer(reads: Sequence[int], times: int | None = None) -> dict[str, Any]:
    return {"units": 3, "activation": "relu", "reads": [*reads], "times": times}


def drawn(layers: Sequence[dict[str, Any]], heads: Sequence[int], outputs: int = 3) -> Drawing:
    model = {"features": ["a", "b"], "layers": [*layers], "heads": [*heads]}
    return drawing(model, ["y"] * outputs)


def test_a_graph_is_drawn_as_it_reads() -> None:
    chain = drawn([layer([0]), layer([1])], [2])
    assert [join.count("M") for join in chain.joins] == [6, 9]
    assert chain.arcs == []
    graph = drawn([layer([0]), layer([1]), layer([1], times=2), layer([0, 3])], [4, 2], 6)
    # Layer 3 is multiplied by layer 2, its neighbour; the predictions are layers 4 and 2.
    assert [join.count("M") for join in graph.joins] == [6, 9, 9, 9, 18]
    assert len(graph.arcs) == 3
    assert graph.columns[-1].says == ("predictions", "6")
    assert graph.height > chain.height


def test_a_deep_network_is_drawn_without_its_middle() -> None:
    deep = drawn([layer([place]) for place in range(20)], [20])
    assert deep.left_out == 13
    assert len(deep.columns) == 8
    assert deep.joins[3] == ""
    assert all(deep.joins[:3] + deep.joins[4:])


def test_what_is_said() -> None:
    text = " ".join(" ".join(Elements(page(VARIANTS["binary"])).texts).split())
    for said in (
        "net predicts width; proved: 2 files predict what it does.",
        "Column 'width': 3 outliers.",
        "'width' would do alone.",
        "0.7 to 0.9",
        "counts as width",
        "12.5 %",
        "As height rises, no prediction falls.",
        "300 of 310 rows have the same bits",
        "10 rows have other bits",
        "a package",
        "± 5e−05 of the exact prediction",
        "1,198 of 1,200 rows have one label",
        "Esp8266, int8: nothing simulates it.",
        "does not fit",
        "mlp-edge train net.csv --target width",
    ):
        assert said in text, said
    assert "where missing: 0.375" in text
    classes = " ".join(Elements(page(VARIANTS["classes"])).texts)
    assert "What each label scores" in classes
    assert "1,500" in classes
    assert "What each target scores" in page(VARIANTS["regression"])
    bare = " ".join(Elements(page(VARIANTS["nothing"])).texts)
    assert bare.count("Nothing was done.") == 5
    failed = facts()
    failed["verdict"]["proved"] = False
    assert "✗ Not proved" in page(failed)
    assert "Not proved" in bare
