"""A model in a page: its modules, its controls, and what is said of its predictions."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.graphs import graph
from support.hostile_text import HOSTILE
from support.integer_models import MIXED
from support.integer_networks import made as integers
from support.networks import encoded, network, readings
from support.playgrounds import data_of, in_modules, made
from support.scripts import assert_bits

from mlp_edge.export.scripts import javascript
from mlp_edge.feature import Feature
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.mlp import Floats, Scaling
from mlp_edge.odd_readings import odd_readings
from mlp_edge.parity.compare import labelled, settled
from mlp_edge.proof.c_replay import replay
from mlp_edge.proof.declared import inside, ranges
from mlp_edge.report import modules
from mlp_edge.report.modules import LEAST_TEXT, MOST_TEXT, TOO_LARGE
from mlp_edge.report.playground import AT_ONCE, MOST_CELLS, MOST_ROWS, Slider, slider

MODELS = {
    "binary": network(),
    "multiclass": encoded(MIXED, outputs=3, task="multiclass"),
    "regression": network((3, 4, 2), task="regression", clip=(-1.0, 1.0)),
    "graph": graph(4),
}
DTYPES = ("int8", "int16", "int24")


def as_rows(lists: Any) -> Floats:
    return np.array([[np.nan if x is None else x for x in row] for row in lists], np.float32)


@pytest.mark.parametrize("name", MODELS)
def test_every_module_of_a_page_has_the_bits_of_its_reference(name: str, tmp_path: Path) -> None:
    mlp = MODELS[name]
    quantised = [] if name == "graph" else [integers(mlp, dtype) for dtype in DTYPES]
    rows = readings(mlp, 40)
    rows[3, 0] = np.nan
    got = in_modules(tmp_path, made(mlp, quantised, rows=rows), """
        print([data.models.map(({ dtype }) =>
            data.rows.map((row) => [...mlpEdge[dtype].predict(row)])),
            play.golden(data.models, mlpEdge)]);
    """)  # fmt: skip
    assert_bits(as_rows(got[0][0]), replay(mlp, rows))
    for numbers, predictions in zip(quantised, got[0][1:], strict=True):
        assert_bits(as_rows(predictions), predict_quantised(mlp, numbers, rows))
    assert got[1]["good"]
    total = sum(model["golden"] for model in data_of(made(mlp, quantised))["models"])
    assert f"{total} of {total} golden rows, bit for bit" in got[1]["text"]


def test_modules_stand_in_the_page_as_export_writes_them() -> None:
    mlp, numbers = MODELS["binary"], integers(MODELS["binary"], "int24")
    first, second, _ = made(mlp, [numbers]).scripts
    assert first.startswith(javascript.export(mlp).decode())
    named = replace(mlp, name="net_int24")
    assert second.startswith(javascript.export_integers(named, numbers).decode())


def test_a_changed_weight_and_a_module_that_does_not_start(tmp_path: Path) -> None:
    mlp = MODELS["binary"]
    whole = made(mlp, [integers(mlp, "int8"), integers(mlp, "int16")])
    tampered = re.sub(
        r"(LAYER3_WEIGHTS = new Int8Array\(\[\s*-?)(\d+)",
        lambda found: f"{found[1]}{int(found[2]) ^ 64}",
        whole.scripts[1],
    )
    scripts = (whole.scripts[0], tampered, "", whole.scripts[-1])
    got = in_modules(
        tmp_path, whole._replace(scripts=scripts), "print(play.golden(data.models, mlpEdge));"
    )
    assert not got["good"]
    wrong = r"int8 has other bits in golden row \d of 6; int16 did not start"
    assert re.fullmatch(rf"This browser does not compute what was proved: {wrong}\.", got["text"])


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_label_is_certain_only_if_no_runtime_can_give_another(task: Any, tmp_path: Path) -> None:
    """Whatever is within the bound of the exact prediction, for whatever that can be."""
    outputs = 1 if task == "binary" else 3
    mlp = network((2, 4, outputs), task=task, threshold=np.float32(0.3))
    fragment = made(mlp, bounds=[0.01, 0.02, 0.005][:outputs])
    bounds = np.array(data_of(fragment)["bounds"])
    random = np.random.default_rng(0)
    centre = 0.3 if task == "binary" else 1 / 3
    rows = (centre + random.uniform(-0.07, 0.07, (400, outputs))).astype(np.float32)
    got = in_modules(
        tmp_path,
        fragment,
        f"print({rows.tolist()}.map((row) => play.certainty(data, row, data.bounds)));",
    )
    ends = np.array(np.meshgrid(*[[-1, 0, 1]] * outputs)).reshape(outputs, -1).T * bounds
    for row, found in zip(rows.astype(np.float64), got, strict=True):
        exact = row + ends * (1 - 1e-9)
        same = settled(mlp, exact, np.tile(bounds, (len(exact), 1)))
        one = len({*labelled(mlp, exact).tolist()}) == 1
        assert found == ("label" if same.all() and one else "open")
    assert {*got} == {"label", "open"}


def test_without_a_bound_nothing_is_certain(tmp_path: Path) -> None:
    got = {}
    for name, bounds in (("proved", [1e-6]), ("none", None), ("infinite", [np.inf])):
        (folder := tmp_path / name).mkdir()
        fragment = made(MODELS["binary"], [integers(MODELS["binary"], "int8")], bounds=bounds)
        got[name] = in_modules(folder, fragment, """
            const far = data.typical.map((value, i) => i ? value : 1e9);
            const none = data.typical.map((value, i) => i ? value : NaN);
            print(data.models.flatMap((model) => [data.typical, far, none].map((row) =>
                play.promise(data, model, row, mlpEdge[model.dtype].predict(row)))));
        """)  # fmt: skip
        assert ("1e-6" in fragment.markup) == (name == "proved")
        assert got[name][1:] == [
            "nothing is promised", "no prediction", "these bits", "these bits", "no prediction",
        ]  # fmt: skip
    assert [promised[0] for promised in got.values()] == ["certain", "not proved", "not proved"]


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_whose_bound_it_is_is_said(task: str, tmp_path: Path) -> None:
    """The bound of all rows settles no label that the row's own bound might."""
    mlp = MODELS[task]
    fragment = made(mlp, bounds=[0.6] * mlp.outputs)
    assert "that of the worst row in the declared ranges" in fragment.markup
    assert ("parity --table" in fragment.markup) == (task == "binary")
    [got] = in_modules(tmp_path, fragment, """
        const row = data.typical;
        print([play.promise(data, data.models[0], row, mlpEdge.float32.predict(row))]);
    """)  # fmt: skip
    assert got == ("not certain by this bound" if task == "binary" else "± 1.2")


def test_values_of_a_regression_lie_within_two_bounds(tmp_path: Path) -> None:
    got = in_modules(tmp_path, made(MODELS["regression"], bounds=[1.03e-7, 3.1e-6]), """
        const row = data.typical;
        print(play.promise(data, data.models[0], row, mlpEdge.float32.predict(row)));
    """)  # fmt: skip
    assert got == "± 0.0000062"


def test_readings_are_as_odd_as_python_says(tmp_path: Path) -> None:
    features = (*MIXED, Feature("undeclared"), Feature("tenth", 0.1, 0.7))
    mlp = encoded(features, outputs=3, task="multiclass")
    sample = readings(mlp, 30)
    ends = np.float32([0.1, 0.7, 1, 90, 0, 99, 3, -7, np.nan, sample[:, 3].max()])
    near = [ends, np.nextafter(ends, np.float32(np.inf)), np.nextafter(ends, -np.float32(np.inf))]
    random = np.random.default_rng(0)
    rows = random.choice(np.concatenate(near), (500, 5)).astype(np.float32)
    given = [[None if np.isnan(x) else float(x) for x in row] for row in rows]
    got = in_modules(tmp_path, made(mlp, rows=sample), f"""
        const rows = {json.dumps(given)}.map((row) => row.map((x) => x ?? NaN));
        print(rows.map((row) => [data.features.map((one, i) => play.oddity(one, row[i])),
            play.covered(data.features, row)]));
    """)  # fmt: skip
    low, high = ranges(mlp, sample)
    declared = [
        replace(each, low=None if each.codes else one, high=None if each.codes else other)
        for each, one, other in zip(features, low, high, strict=True)
    ]
    odd = odd_readings(declared, rows)
    words = np.where(odd.missing, "missing", np.where(odd.out_of_range, "outside", ""))
    words = np.where(odd.unknown, "unknown", words)
    assert [each[0] for each in got] == words.tolist()
    numbers = [not each.codes for each in features]
    within = np.where(numbers, rows, np.where(odd.missing, rows, np.float32(low)))
    assert [each[1] for each in got] == inside(mlp, within, low, high).tolist()
    assert {*words.ravel()} == {"missing", "outside", "unknown", ""}


def test_numbers_are_shown_in_digits_that_read_back(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    bits = random.integers(0, 2**32, 2000, dtype=np.uint32)
    values = [*bits.view(np.float32), *random.random(500, np.float32), 0.1, 1, 1e-45, 3.4028235e38]
    finite = np.array(values, np.float32)
    finite = finite[np.isfinite(finite)]
    got = in_modules(tmp_path, made(MODELS["binary"]), f"""
        const bits = Uint32Array.from({finite.view(np.uint32).tolist()});
        const shown = [...new Float32Array(bits.buffer)].map(play.shortest);
        print([shown, shown.map((text) => play.reading(text, false))]);
    """)  # fmt: skip
    assert_bits(np.array([float(text) for text in got[0]]).astype(np.float32), finite)
    assert_bits(np.float32(got[1]), finite)
    assert got[0][-4:] == ["0.1", "1", "1e-45", "3.4028235e+38"]


def test_sliders_reach_both_ends_in_decimal_steps() -> None:
    whole, tenths = np.float32([0, 3, 17]), np.float32([0.1, 3, 17])
    assert slider(0, 17, whole) == Slider("0", "17", "1")
    assert slider(0, 17, tenths) == Slider("0.0", "17.0", "0.1")
    assert slider(0.078, 2.42, tenths) == Slider("0.07", "2.42", "0.01")
    assert slider(-1e30, 1e30, whole) == Slider("-1" + "0" * 30, "1" + "0" * 30, "1" + "0" * 28)
    assert slider(2, 2, whole) is None
    for scale in np.logspace(-30, 30, 200):
        low, high = -scale / 3, scale * 1.7
        found = slider(low, high, tenths)
        assert found is not None
        ends, step = (float(found.low), float(found.high)), float(found.step)
        assert ends[0] <= low < ends[0] + step
        assert ends[1] - step < high <= ends[1]
        assert 100 <= (ends[1] - ends[0]) / step < 1010


def test_hostile_names_are_texts() -> None:
    names = [name for name in HOSTILE if name] + ['"><img src=x onerror=alert(1)>', "<!--<script>"]
    features = (
        *(Feature(name, unit=name) for name in names),
        Feature("c", unit=names[0], categories=(*names,), codes=(*range(len(names)),)),
    )
    mlp = encoded(
        features, outputs=len(names), task="multiclass", labels=(*names,), targets=(names[-1],)
    )
    fragment = made(mlp, targets=[(names[-1],)] * 10)
    assert fragment.markup.count("<script") == fragment.markup.count("</script>") == 1
    outside = re.sub(r"<script.*</script>", "", fragment.markup)
    assert {*re.findall(r"<(\w+)", outside)} <= {
        "section", "h2", "p", "div", "button", "span", "label", "bdi", "input", "select", "option",
        "code", "table", "thead", "tbody", "tr", "th", "td", "details", "summary",
    }  # fmt: skip
    attributes = re.findall(r'\s([\w-]+)="[^"]*"', outside)
    assert not [name for name in attributes if name.startswith("on") or name == "style"]
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u2028\u202e\u2066]", outside)
    for text in fragment.scripts:
        assert not re.search(r"</|<!|<script", text)
    assert "innerHTML" not in "".join(fragment.scripts)


def test_names_that_show_nothing_have_a_stand_in() -> None:
    features = (Feature(""), Feature("c", categories=(" ", "x"), codes=(0, 1)))
    markup = made(encoded(features, targets=(" ",))).markup
    assert "<bdi>feature 1</bdi>" in markup
    assert '<option value="0">category 0</option>' in markup
    assert '<th scope="row"><bdi>value</bdi></th>' in markup


def test_controls() -> None:
    markup = made(MODELS["multiclass"]).markup
    assert re.findall(r"<option.*", markup) == [
        '<option value="3">red</option>', '<option value="0">green</option>',
        '<option value="-7">blue</option>', '<option value="-1">(none of these)</option>',
    ]  # fmt: skip
    assert markup.count('type="range"') == markup.count('type="number"') == 2
    assert markup.count('type="checkbox"') == 2  # age rejects
    assert "(<bdi>kg</bdi>)" in markup
    assert "A random held-out row" in markup


def test_what_the_page_takes_with_it_is_bounded() -> None:
    wide = network((400, 1))
    some = data_of(made(wide, rows=readings(wide, 1000), targets=[(str(i),) for i in range(1000)]))
    assert len(some["rows"]) == MOST_CELLS // 400
    assert some["targets"] == [[str(20 * number)] for number in range(50)]
    few = data_of(made(MODELS["binary"], rows=readings(MODELS["binary"], 1000)))
    assert len(few["rows"]) == MOST_ROWS
    assert few["targets"] == []
    quantised = [integers(MODELS["binary"], dtype) for dtype in ("int8", "int24")]
    fragment = made(MODELS["binary"], quantised, rows=readings(MODELS["binary"], 200))
    assert sum(map(len, fragment.scripts)) + len(fragment.markup + fragment.style) < 150_000
    assert fragment == made(MODELS["binary"], quantised, rows=readings(MODELS["binary"], 200))


def test_many_features_are_one_click_away() -> None:
    shown, _, more = made(network((AT_ONCE + 3, 1))).markup.partition("<summary>3 more features")
    assert re.findall(r'data-feature="(\d+)"', shown) == [*map(str, range(AT_ONCE))]
    assert re.findall(r'data-feature="(\d+)"', more) == [str(AT_ONCE + extra) for extra in range(3)]
    assert "more features" not in made(network((AT_ONCE, 1))).markup


def test_typical_values() -> None:
    mlp = MODELS["multiclass"]
    rows = np.float32([[0, 3, 5], [2, 0, 1], [9, 0, 7], [4, -7, 8]])
    assert data_of(made(mlp, rows=rows))["typical"] == [4.0, 0.0, 7.0]
    nothing = np.float32([[0, np.nan, 5]])
    assert data_of(made(mlp, rows=nothing))["typical"] == [45.5, 3.0, 5.0]


def test_a_model_without_a_module(tmp_path: Path) -> None:
    mlp = MODELS["binary"]
    assert mlp.scaling is not None
    tiny = Scaling(mlp.scaling.mean, np.full_like(mlp.scaling.std, 1e-39))
    bare = made(replace(mlp, scaling=tiny))
    assert bare.scripts == ()
    assert "float32 is not here: feature &#39;x0&#39;: a standard deviation" in bare.markup
    with_integers = made(replace(mlp, scaling=tiny), [integers(mlp, "int8")])
    assert "float32 is not here" in with_integers.markup
    got = in_modules(tmp_path, with_integers, "print(play.golden(data.models, mlpEdge));")
    assert got["text"].endswith("6 of 6 golden rows, bit for bit.")


def test_a_module_that_is_too_large() -> None:
    large = network((200, 1000, 1))
    assert len(javascript.export(large)) > MOST_TEXT
    fragment = made(large)
    assert fragment.scripts == ()
    assert f"float32 is not here: {TOO_LARGE}." in fragment.markup
    huge = network((2000, 1000, 1))
    assert LEAST_TEXT * huge.parameters > MOST_TEXT
    assert f"float32 is not here: {TOO_LARGE}." in made(huge).markup


def test_what_does_not_fit_beside_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    mlp = MODELS["binary"]
    quantised = [integers(mlp, dtype) for dtype in ("int8", "int16")]
    two = [javascript.export(mlp), javascript.export_integers(mlp, quantised[0])]
    monkeypatch.setattr(modules, "MOST_TEXT", sum(map(len, two)) + 1000)
    fragment = made(mlp, quantised)
    assert [each["dtype"] for each in data_of(fragment)["models"]] == ["float32", "int8"]
    assert f"int16 is not here: {TOO_LARGE}." in fragment.markup
