"""A report of a real model, opened: the model that it carries is the one that was exported."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.browser import Browser, overflow, violations
from support.scripts import assert_bits

import mlp_edge
from mlp_edge.api.reporting.pages import exported_integers
from mlp_edge.errors import ModelError
from mlp_edge.readers.model_directory import ModelDirectory


def test_the_playground_of_a_report(model: Path, browser: Browser) -> None:
    opened = mlp_edge.open(model)
    opened.export(formats=["js"])
    for dtype in ("int8", "int24"):
        opened.export(formats=["js"], dtype=dtype)
    report = opened.report(cost=False)
    text = report.page.read_text("utf-8")
    assert len(text.encode()) < 1_000_000
    for name in ("pima", "pima_int8", "pima_int24"):
        assert (model / "exports" / f"{name}.js").read_text("ascii") in text
    sample = ModelDirectory.open(model).sample()
    with browser.open(report.page, 360) as page:
        assert "18 of 18 golden rows, bit for bit." in page.inner_text('[data-part="badge"]')
        page.click("text=A random held-out row")
        controls = page.locator('#playground [data-part="control"]').all()
        row = np.float32([control.input_value() for control in controls])
        (number,) = np.flatnonzero((sample.rows == row).all(axis=1))
        truth = f"In the table, diabetes is {sample.targets[number][0]}."
        assert page.inner_text('[data-part="truth"]') == truth
        shown = np.float32([[page.inner_text('[data-dtype="float32"][data-what="output 0"]')]])
        loaded = mlp_edge.load(model / "exports" / "pima.js")
        assert_bits(shown, loaded.predict(row[None]).astype(np.float32))
        assert page.inner_text('[data-dtype="float32"][data-what="promise"]') == "not proved"
        assert overflow(page) == 0
        assert not violations(page)


def test_integers_of_other_weights_are_left_out(model: Path) -> None:
    def found() -> list[str]:
        return [each.dtype for each in exported_integers(ModelDirectory.open(model))]

    mlp_edge.open(model).export(formats=["js"], dtype="int8")
    assert found() == ["int8"]
    parameters = model / "exports" / "pima_int8.json"
    other = json.loads(parameters.read_text()) | {"weights_sha256": "0" * 64}
    parameters.write_text(json.dumps(other))
    assert found() == []
    parameters.write_text("{")
    with pytest.raises(ModelError, match=r"pima_int8\.json"):
        found()
