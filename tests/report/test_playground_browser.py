"""The playground in a browser, as its readers use it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from support.browser import Browser, Page, overflow, violations
from support.hostile_text import HOSTILE
from support.integer_models import MIXED
from support.integer_networks import made as integers
from support.networks import encoded, network, readings
from support.playgrounds import data_of, made, page
from support.scripts import assert_bits

from mlp_edge.feature import Feature
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.proof.c_replay import replay
from mlp_edge.report.playground import Fragment

BINARY = network((3, 6, 1))
MULTICLASS = encoded(MIXED, outputs=3, task="multiclass")


def written(folder: Path, fragment: Fragment) -> Path:
    path = folder / "page.html"
    path.write_text(page(fragment), "utf-8")
    return path


def control(shown: Page, feature: int, part: str = "control") -> Page:
    return shown.locator(f'[data-feature="{feature}"] [data-part="{part}"]')


def cell(shown: Page, what: str, dtype: str = "float32") -> str:
    return str(shown.inner_text(f'[data-dtype="{dtype}"][data-what="{what}"]'))


def predictions(shown: Page, mlp: Mlp, dtype: str = "float32") -> Floats:
    """The row of predictions that is shown; its digits read back as float32."""
    texts = [cell(shown, f"output {number}", dtype) for number in range(mlp.outputs)]
    return np.array([[np.nan if text == "none" else float(text) for text in texts]], np.float32)


def note(shown: Page, feature: int) -> str:
    return str(control(shown, feature, "note").inner_text())


def said_something(shown: Page) -> None:
    shown.locator('[data-part="said"]:not(:empty)').wait_for(state="attached")


def badge(shown: Page) -> tuple[str, str | None]:
    found = shown.locator('[data-part="badge"]')
    return found.inner_text(), found.get_attribute("data-good")


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Float32 and two kinds of integers, with held-out rows."""
    fragment = made(
        BINARY, [integers(BINARY, "int8"), integers(BINARY, "int24")],
        targets=[(f"class {number % 2}",) for number in range(10)], bounds=[3e-7],
    )  # fmt: skip
    return written(tmp_path_factory.mktemp("binary"), fragment)


@pytest.fixture(scope="module")
def multiclass(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A category, a missing reading, and one that rejects."""
    return written(tmp_path_factory.mktemp("multiclass"), made(MULTICLASS, bounds=[1e-6] * 3))


@pytest.mark.parametrize("name", ["binary", "multiclass"])
@pytest.mark.parametrize("width", [360, 1440])
def test_a_page_without_barriers(
    name: str, width: int, request: pytest.FixtureRequest, browser: Browser
) -> None:
    path = request.getfixturevalue(name)
    with browser.open(path, width) as shown:
        assert badge(shown)[1] == "true"
        shown.click("summary")
        assert not violations(shown)
        assert overflow(shown) == 0
    with browser.open(path, width, scripts=False) as shown:
        assert "This part needs scripts." in shown.inner_text("#playground")
        assert not shown.locator("button, input, select").first.is_visible()


def test_typed_rows_have_the_bits_of_every_reference(binary: Path, browser: Browser) -> None:
    rows = readings(BINARY, 4, seed=1)
    rows[3, 1] = 1e9
    references = {"float32": replay(BINARY, rows)}
    for dtype in ("int8", "int24"):
        references[dtype] = predict_quantised(BINARY, integers(BINARY, dtype), rows)
    with browser.open(binary) as shown:
        for number, row in enumerate(rows):
            for feature, value in enumerate(row):
                control(shown, feature).fill(str(value))
            for dtype, expected in references.items():
                assert_bits(predictions(shown, BINARY, dtype), expected[number : number + 1])
                label = f"class {int(expected[number, 0] > 0.5)}"
                assert cell(shown, "label", dtype) == label
            beyond = number == 3
            assert cell(shown, "promise") == ("nothing is promised" if beyond else "certain")
            assert cell(shown, "promise", "int8") == "these bits"
            assert note(shown, 1).startswith("outside") == beyond
            assert shown.is_visible('[data-part="outside"]') == beyond


def test_sliders_move_predictions_by_keyboard(binary: Path, browser: Browser) -> None:
    with browser.open(binary) as shown:
        seen = {cell(shown, "output 0")}
        for feature, key in enumerate(("ArrowRight", "PageDown", "Home")):
            control(shown, feature, "slider").focus()
            shown.keyboard.press(key)
            row = np.float32([[control(shown, each).input_value() for each in range(3)]])
            assert_bits(predictions(shown, BINARY), replay(BINARY, row))
            seen.add(cell(shown, "output 0"))
        assert len(seen) == 4
        assert row[0, 2] == np.float32(BINARY.features[2].low)
        assert control(shown, 2, "slider").get_attribute("aria-valuetext") == str(row[0, 2])
        shown.keyboard.press("End")
        assert np.float32(control(shown, 2).input_value()) == np.float32(BINARY.features[2].high)
        assert cell(shown, "promise") == "certain"
        assert note(shown, 2) == ""


def test_every_control_is_reached_by_tab_in_order(multiclass: Path, browser: Browser) -> None:
    focused = "document.activeElement.dataset.part ?? document.activeElement.className"
    with browser.open(multiclass) as shown:
        found = []
        while "summary" not in found and len(found) < 20:
            shown.keyboard.press("Tab")
            tag = shown.evaluate("document.activeElement.tagName.toLowerCase()")
            found.append("summary" if tag == "summary" else shown.evaluate(focused))
    mass, colour, age = (
        ["slider", "control", "missing"],
        ["control", "missing"],
        ["slider", "control"],
    )
    assert found == [
        "typical", "random", *mass, *colour, *age, "playground-results", "summary",
    ]  # fmt: skip


def test_categories_and_missing_readings(multiclass: Path, browser: Browser) -> None:
    with browser.open(multiclass) as shown:
        control(shown, 0).fill("12.5")
        control(shown, 2).fill("40")
        row = np.float32([[12.5, 3, 40]])
        for name, code in (("red", 3), ("blue", -7), ("(none of these)", -1)):
            control(shown, 1).select_option(label=name)
            row[0, 1] = code
            assert_bits(predictions(shown, MULTICLASS), replay(MULTICLASS, row))
            assert cell(shown, "promise") == "certain"
        assert note(shown, 1) == "none of the categories"
        control(shown, 1, "missing").check()
        assert control(shown, 1).is_disabled()
        assert note(shown, 1) == "missing: counts as green"
        row[0, 1] = np.nan
        assert_bits(predictions(shown, MULTICLASS), replay(MULTICLASS, row))
        control(shown, 0).fill("0")  # its sentinel
        assert note(shown, 0) == "missing: counts as 70.5"
        row[0, 0] = 0
        assert_bits(predictions(shown, MULTICLASS), replay(MULTICLASS, row))
        control(shown, 2).fill("")
        assert note(shown, 2) == "missing: no prediction"
        assert np.isnan(predictions(shown, MULTICLASS)).all()
        assert cell(shown, "label") == cell(shown, "margin") == "none"
        assert cell(shown, "promise") == "no prediction"


def test_held_out_rows_and_typical_values(binary: Path, browser: Browser) -> None:
    rows = readings(BINARY, 10)
    with browser.open(binary) as shown:
        typical = [control(shown, each).input_value() for each in range(3)]
        shown.click("text=A random held-out row")
        row = np.float32([[control(shown, each).input_value() for each in range(3)]])
        (number,) = np.flatnonzero((rows == row).all(axis=1))
        truth = f"In the table, y is class {number % 2}."
        assert shown.inner_text('[data-part="truth"]') == truth
        assert_bits(predictions(shown, BINARY), replay(BINARY, row))
        control(shown, 0).fill("1")
        assert shown.inner_text('[data-part="truth"]') == ""
        shown.click("text=Typical values")
        assert [control(shown, each).input_value() for each in range(3)] == typical


def test_a_screen_reader_hears_results_once_the_controls_rest(
    binary: Path, browser: Browser
) -> None:
    with browser.open(binary) as shown:
        shown.evaluate("""
            window.heard = [];
            const said = document.querySelector('[data-part="said"]');
            new MutationObserver(() => heard.push(said.textContent)).observe(
                said, { childList: true });
        """)
        control(shown, 0, "slider").focus()
        for _ in range(10):
            shown.keyboard.press("ArrowRight")
        said_something(shown)
        assert len(shown.evaluate("heard")) == 1
        parts = [
            f"{dtype}: {cell(shown, 'label', dtype)}, {cell(shown, 'output 0', dtype)}."
            for dtype in ("float32", "int8", "int24")
        ]
        assert shown.evaluate("heard[0]") == " ".join(parts)


def test_a_changed_weight_shows(tmp_path: Path, browser: Browser) -> None:
    whole = made(BINARY, [integers(BINARY, "int8")])
    first = re.sub(
        r"(LAYER2_BIAS = new Float32Array\(\[\s*)(\S+?)(,?\n)",
        lambda found: f"{found[1]}{float(found[2]) + 0.001}{found[3]}",
        whole.scripts[0],
    )
    tampered = whole._replace(scripts=(first, *whole.scripts[1:]))
    with browser.open(written(tmp_path, tampered)) as shown:
        text, good = badge(shown)
        assert "float32 has other bits in golden row 1 of 6." in text
        assert good == "false"


def test_a_script_that_is_not_the_one_of_its_hash_does_not_run(
    tmp_path: Path, browser: Browser
) -> None:
    path = written(tmp_path, made(BINARY, [integers(BINARY, "int8")]))
    path.write_text(path.read_text("utf-8").replace("int8 = { predict", "int8 = {predict"), "utf-8")
    with pytest.raises(AssertionError, match="Content Security Policy"):
        _without_int8(browser, path)


def _without_int8(browser: Browser, path: Path) -> None:
    with browser.open(path) as shown:
        said = "This browser does not compute what was proved: int8 did not start."
        assert badge(shown) == (said, "false")
        assert cell(shown, "output 0", "int8") == ""
        assert cell(shown, "output 0") != ""


def test_hostile_names_do_nothing(tmp_path: Path, browser: Browser) -> None:
    names = (
        *(name for name in HOSTILE if name), "</script><script>alert(1)</script>",
        '"><img src=x onerror=alert(2)>', "<!--", "__proto__", "constructor",
    )  # fmt: skip
    features = (
        *(Feature(name, unit=name, fill=1.0) for name in names),
        Feature("c", categories=names, codes=(*range(len(names)),)),
    )
    mlp = encoded(
        features, outputs=len(names), task="multiclass", labels=names, targets=(names[0],)
    )
    fragment = made(mlp, [integers(mlp, "int8")], targets=[(name,) for name in names[-10:]])
    with browser.open(written(tmp_path, fragment), 360) as shown:
        assert badge(shown)[1] == "true"
        shown.click('[data-part="random"]')
        assert cell(shown, "label") in [name.strip() for name in data_of(fragment)["labels"]]
        assert shown.inner_text('[data-part="truth"]').startswith("In the table, ")
        said_something(shown)
        assert shown.locator("img").count() == 0
        assert overflow(shown) == 0
        assert not violations(shown)
