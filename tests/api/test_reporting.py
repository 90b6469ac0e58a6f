"""``Model.report``: what report.json holds, the same bytes every time, and nobody's file lost."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.browser import Browser, overflow, violations
from support.chips import BY_NAME, require
from support.commands import COMMAND, Type
from support.manifests import MANIFEST
from support.onnx_files import Graph, gemm
from support.reports import described, keys
from support.reports import facts as made_up

import mlp_edge
from mlp_edge.api.reporting.commands import commands
from mlp_edge.api.reporting.dependence import dependence
from mlp_edge.api.reporting.facts import Report
from mlp_edge.api.reporting.model_facts import history
from mlp_edge.api.reporting.numbers import short, thinned
from mlp_edge.api.reporting.papers import own_papers, papers
from mlp_edge.api.reporting.places import Place
from mlp_edge.api.reporting.proof_facts import followed, proof
from mlp_edge.api.reporting.verdict import verdict
from mlp_edge.api.reporting.wording import in_commands
from mlp_edge.data.sets import SETS
from mlp_edge.errors import CheckError, InputError, ModelError
from mlp_edge.feature import Feature
from mlp_edge.files.writing import sha256
from mlp_edge.parity.monotone import Followed, Monotone
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.readers.replacing import check_place
from mlp_edge.report.page import page
from mlp_edge.report.papers.bill import bill
from mlp_edge.report.papers.model_card import metadata, model_card
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.scoring import resampling

PASSED = {
    "records": [
        {"artifact": "model.keras", "runtime": "keras", "verdict": "PASS"},
        {"artifact": "pima.h", "runtime": "c", "verdict": "PASS"},
        {"artifact": "pima.js", "runtime": "js", "verdict": "NOT RUN"},
    ],
    "monotone": [], "passed": True,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals from fewer draws, which are most of a report's work; ``facts`` has them all."""
    monkeypatch.setattr(resampling, "DRAWS", 50)


@pytest.fixture(scope="module")
def facts(pima: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """A report of the shared Pima model, which nobody has proved."""
    out = tmp_path_factory.mktemp("report") / "page.html"
    return mlp_edge.open(pima).report(out=out, cost=False).facts


def test_every_key_is_described(facts: Mapping[str, Any], sine: Path, folder: Path) -> None:
    other = mlp_edge.open(sine).report("sine", out="sine.html", cost=False).facts
    assert {*keys(dict(facts)), *keys(dict(other))} <= described("report.json")


def test_the_same_model_gives_the_same_bytes(pima: Path, folder: Path) -> None:
    written = []
    for name in ("one", "other"):
        model = Path(shutil.copytree(pima, folder / name / "model"))
        report = mlp_edge.open(model).report(cost=False)
        assert report.page == model / "report.html"
        names = ("report.html", "report.json", "exports/bom.cdx.json", "README.md")
        assert report.files == tuple(model / name for name in names)
        written.append([file.read_bytes() for file in report.files])
    assert written[0] == written[1]
    assert not any(str(folder).encode() in content for content in written[0])
    shown, _, listed, card = written[0]
    assert b"<code>mlp-edge parity</code> holds every export" in shown
    assert not any(b"Model." in content for content in (shown, listed, card))
    again = mlp_edge.open(folder / "one" / "model").report(cost=False)  # over its own
    assert [file.read_bytes() for file in again.files] == written[0]


PROVED = {
    "weights_sha256": "w", "sha256": {"pima.h": sha256(b"")}, "passed": True,
    "searched": 1, "left_out": 0, "versions": {"numpy": None}, "results": [{
        "artifact": "pima.h", "runtime": "c", "dtype": "float32", "bits": None, "changed": None,
        "comparison": {"rows": 9, "bound": 1e-6, "from_reference": 1e-7, "of_bound": 0.1,
                       "from_original": 1e-7, "flips": 0},
        "verdict": "PASS", "says": [], "missing": None,
    }],
    "certificate": {"proves": True, "bounds": [1e-5], "from_original": [2e-5], "of_range": 1e-4,
                    "boxes": 3, "ranges": {}},
    "labels": {"table": None, "rows": 9, "unanswered": 0, "doubtful": []},
    "monotone": [{"column": "age", "proved": True, "artifacts": {}}],
}  # fmt: skip
"""parity.json, as far as a report reads it."""


def places(value: Any, before: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every value of a document."""
    items = enumerate(value) if isinstance(value, list) else value.items()
    for key, item in items:
        yield (*before, key)
        if isinstance(item, dict | list):
            yield from places(item, (*before, key))


def exported(tmp_path: Path, *names: str, **changed: Any) -> ModelDirectory:
    """A model directory with empty exports, and PROVED as its proof."""
    exports = dict.fromkeys(("pima.h", *names), "")
    hashes = {"data": "d", "weights": "w"}
    manifest = replace(MANIFEST, exports=exports, sha256=hashes, **changed)
    (tmp_path / "exports").mkdir()
    for name in exports:
        (tmp_path / "exports" / name).touch()
    (tmp_path / "exports" / "parity.json").write_text(json.dumps(PROVED))
    return ModelDirectory(tmp_path, manifest)


def test_no_value_in_a_strangers_proof_breaks_the_page(tmp_path: Path) -> None:
    directory, path = exported(tmp_path), tmp_path / "exports" / "parity.json"
    manifest = directory.manifest
    assert proof(directory)["passed"]  # type: ignore[index]
    refused = 0
    for place in places(PROVED):
        for odd in (None, "<b>", -1, 10**24, 1e300, [], {}, [1], {"a": 1}, True):
            hostile = json.loads(json.dumps(PROVED))
            within = hostile
            for key in place[:-1]:
                within = within[key]
            within[place[-1]] = odd
            path.write_text(json.dumps(hostile))
            told = proof(directory)
            if isinstance(told, str):
                refused += 1
                continue
            shown = {**made_up(), "proof": told, "verdict": verdict(manifest, None, told, None)}
            for written in (page(shown), model_card(shown), bill(shown)):
                assert written
    assert refused > 100


def test_a_proof_is_of_every_export_by_its_hash(tmp_path: Path) -> None:
    directory, path = exported(tmp_path, "pima.c", "pima_int8.json"), tmp_path / "exports"
    assert proof(directory)["passed"]  # type: ignore[index]
    for hashes in ({}, {"pima.js": sha256(b"")}, {"pima.h": sha256(b"another")}):
        (path / "parity.json").write_text(json.dumps({**PROVED, "sha256": hashes}))
        assert "was written for other files" in proof(directory)
    [result] = PROVED["results"]  # type: ignore[misc]
    late = {**PROVED, "results": [result, {**result, "artifact": "pima.js"}]}
    (path / "parity.json").write_text(json.dumps(late))
    assert "was written for other files" in proof(directory)
    not_run = {**result, "artifact": "pima.js", "comparison": None, "verdict": "NOT RUN"}
    (path / "parity.json").write_text(json.dumps({**PROVED, "results": [result, not_run]}))
    assert proof(directory)["passed"]  # type: ignore[index]


def test_an_export_that_was_not_compared_is_not_proved(tmp_path: Path) -> None:
    assert "was written for other files" in proof(exported(tmp_path, "pima.js"))


def test_a_saved_model_is_known_by_the_hashes_of_its_files(tmp_path: Path) -> None:
    theirs = {"file": "net", "files": {"net/saved_model.pb": sha256(b"graph")}}
    directory = exported(tmp_path, imported=theirs)
    graph = tmp_path / "original" / "net" / "saved_model.pb"
    graph.parent.mkdir(parents=True)
    graph.write_bytes(b"graph")
    [result] = PROVED["results"]  # type: ignore[misc]
    record = {**PROVED, "results": [{**result, "artifact": "net"}, result]}
    (tmp_path / "exports" / "parity.json").write_text(json.dumps(record))
    assert proof(directory)["passed"]  # type: ignore[index]
    graph.write_bytes(b"another")
    assert "was written for other files" in proof(directory)


def test_page_and_papers_name_commands_and_no_python() -> None:
    facts = made_up()
    facts["absent"]["cost"] = ["no C header is exported yet; `Model.export(dtype='int8')` writes"]
    texts = {
        "`hidden=()` is as good": "`--hidden none` is as good",
        "`drop=['a b']` leaves it out, `keep=COLUMN` keeps it, `strict`":
            "`--drop 'a b'` leaves it out, `--keep COLUMN` keeps it, `--strict`",
        "`mlp_edge.import_model()` and `Model.parity(trust=True)`":
            "`mlp-edge import` and `mlp-edge parity --trust`",
        "'`x=1`' and `Model.save()`": "'`x=1`' and `Model.save()`",
    }  # fmt: skip
    facts["scores"]["findings"] = [{"kind": "linear", "text": text, "columns": ["`drop=1`"]}
                                   for text in texts]  # fmt: skip
    before = json.dumps(facts)
    told = in_commands(facts)
    assert [each["text"] for each in told["scores"]["findings"]] == list(texts.values())
    assert told["scores"]["findings"][0]["columns"] == ["`drop=1`"]
    assert json.dumps(facts) == before
    shown = page(told)
    assert "<code>mlp-edge export --dtype int8</code> writes" in shown
    assert "<code>--hidden none</code> is as good" in shown
    card = model_card(told)
    assert "- cost: no C header is exported yet; `mlp-edge export --dtype int8` writes" in card
    assert "- `--hidden none` is as good" in card


@pytest.mark.parametrize("kept", ["bits", "rounding", "unproved", "broken"])
def test_whether_readings_are_followed(kept: str) -> None:
    for proved in (True, False):
        found = Monotone("age", "+", proved, {"net.h": Followed(kept, 0.5)})
        record = followed(asdict(found))
        assert record.pop("holds") == found.holds == (proved and kept != "broken")
        assert record == asdict(found)


def test_the_page_holds_the_model_and_the_facts(pima: Path, folder: Path, browser: Browser) -> None:
    model = Path(shutil.copytree(pima, folder / "model"))
    opened = mlp_edge.open(model)
    opened.export("c", dtype="int8")
    report = opened.report(cost=False)
    page = report.page.read_text("utf-8")
    sentence, _, unproved = report.verdict.partition("; not proved yet: ")
    assert sentence in page
    assert "Model.parity()" in unproved
    assert "not proved yet: <code>mlp-edge parity" in page
    assert opened.mlp.weights_sha256 in page
    modules = re.findall(r'<script type="module">', page)
    opened.report(cost=False, out="other.html")
    assert len(modules) >= 3  # what runs the page, float32 and int8
    assert (folder / "other.html").read_text("utf-8") == page
    assert len(page) < 1_000_000
    with browser.open(report.page, 360) as shown:
        assert violations(shown) == []
        assert overflow(shown) == 0
        assert shown.locator('[data-part="badge"]').get_attribute("data-good") == "true"


def test_papers_stand_beside_it_and_a_readme_of_ones_own_stays(tmp_path: Path) -> None:
    directory = ModelDirectory(tmp_path, MANIFEST)
    place = Place(tmp_path / "report.html", tmp_path / "report.json", directory)
    card, bill = tmp_path / "README.md", tmp_path / "exports" / "bom.cdx.json"
    made = papers(made_up(), place)
    assert list(made) == [bill, card]
    card.write_bytes(made[card])
    assert own_papers(place) == ()
    card.write_text("# Mine")
    assert list(papers(made_up(), place)) == [bill]
    report = Report(made_up(), place.page, (), kept=own_papers(place))
    assert f"{card}: is your own, and stays; no model card was written" in report.remarks()
    assert papers(made_up(), Place(tmp_path / "a.html", tmp_path / "a.json", None)) == {}


def test_a_bill_of_ones_own_stays(tmp_path: Path) -> None:
    directory = ModelDirectory(tmp_path, MANIFEST)
    place = Place(tmp_path / "report.html", tmp_path / "report.json", directory)
    own, card = tmp_path / "exports" / "bom.cdx.json", tmp_path / "README.md"
    own.parent.mkdir()
    own.write_bytes(papers(made_up(), place)[own])
    assert set(papers(made_up(), place)) == {own, card}  # over its own
    assert own_papers(place) == ()
    own.write_text('{"bomFormat": "CycloneDX", "specVersion": "1.6"}')
    assert set(papers(made_up(), place)) == {card}
    report = Report(made_up(), place.page, (), kept=own_papers(place))
    assert f"{own}: is your own, and stays; no bill of materials was written" in report.remarks()
    with pytest.raises(InputError, match=r"holds 'bom\.cdx\.json'"):
        check_place(tmp_path, force=True)


def test_scores_are_those_of_an_evaluation(pima: Path, facts: Mapping[str, Any]) -> None:
    found = mlp_edge.open(pima).evaluate(plots=False, runtime="onnxruntime")
    scores = facts["scores"]
    told = {each["name"]: each for each in scores["metrics"]}
    assert {name: short(value) for name, value in found.scores["mlp"].items()} == {
        name: each["value"] for name, each in told.items()
    }
    assert told["auc"]["low"] < told["auc"]["value"] < told["auc"]["high"]
    assert [told["accuracy"]["low"], told["accuracy"]["high"]] == [
        short(end) for end in found.intervals["mlp"]["accuracy"]
    ]
    assert found.confusion is not None
    counts = found.confusion.tolist()
    assert scores["confusion"]["counts"] == counts
    own = next(each for each in scores["thresholds"] if each["threshold"] == 0.5)
    assert [[own["tn"], own["fp"]], [own["fn"], own["tp"]]] == counts
    curve = next(each for each in scores["roc"] if each["model"] == "mlp")
    assert curve["area"] == told["auc"]["value"]
    assert (curve["x"][0], curve["y"][-1]) == (0, 1)
    assert facts["predicted_by"]["artifact"] == "pima.onnx"


def test_importance_and_dependence_ask_the_exported_model(
    pima: Path, facts: Mapping[str, Any]
) -> None:
    model = mlp_edge.open(pima)
    found = model.evaluate(plots=False, importance=True, runtime="onnxruntime").importance
    assert found is not None
    assert {each["feature"]: (each["mean"], each["se"]) for each in facts["importance"]} == {
        name: (short(mean), short(error)) for name, (mean, error) in found.columns.items()
    }
    glucose = next(each for each in facts["dependence"] if each["feature"] == "glucose")
    [curve] = glucose["mean"]
    assert curve[-1] - curve[0] > 0.2
    rows = pd.read_csv(pima / "sample.csv")[[each.name for each in model.mlp.features]]
    moved = rows.to_numpy(np.float32)
    moved[:, 1] = glucose["grid"][3]
    with mlp_edge.load(pima / "exports" / "pima.onnx") as exported:
        assert curve[3] == pytest.approx(exported.predict(moved).mean(), rel=1e-5)


def test_dependence_of_categories_and_missing_readings() -> None:
    features = (Feature("x", fill=2.0), Feature("ward", categories=("a", "b"), codes=(3, 7)))
    rows = np.array([[1, 3], [np.nan, 7], [5, 3]], np.float32)

    def predict(rows: Any) -> Any:
        x = np.where(np.isnan(rows[:, 0]), 2, rows[:, 0])
        return np.column_stack([x + (rows[:, 1] == 7), -x]).astype(np.float32)

    x, ward = dependence(features, rows, predict)
    assert x["grid"] == [1, 5]
    assert x["mean"] == [[short(1 + 1 / 3), short(5 + 1 / 3)], [-1, -5]]
    assert x["missing"] == [short(2 + 1 / 3), -2]
    assert ward["grid"] == ["a", "b"]
    assert ward["mean"] == [[short(8 / 3), short(11 / 3)], [short(-8 / 3)] * 2]
    assert ward["missing"] is None


def test_a_proof_is_told_and_an_older_one_is_not(model: Path, typed: Type) -> None:
    printed = typed("report", "--no-cost")
    assert printed.code == 0
    assert "not proved yet: `mlp-edge parity` holds every export" in printed.err
    report = mlp_edge.open(model).report(parity=True, cost=False)
    report.check()
    assert report.proved
    record = json.loads((model / "exports" / "parity.json").read_text())
    pairs = zip(report.facts["proof"]["records"], record["results"], strict=True)
    for told, found in pairs:
        assert (told["artifact"], told["runtime"]) == (found["artifact"], found["runtime"])
        assert told["bound"] == found["comparison"]["bound"]
        assert told["used"] == short(found["comparison"]["of_bound"])
    assert "proved: 3 exported files on 3 runtimes" in report.verdict
    failed = {**record, "passed": False}
    failed["results"][1] |= {"verdict": "FAIL", "says": ["row 1 is wrong"]}
    (model / "exports" / "parity.json").write_text(json.dumps(failed))
    report = mlp_edge.open(model).report(cost=False)
    assert report.verdict.startswith("NOT PROVED: 1 of 4 comparisons failed, of pima.tflite on li")
    report.check()  # nobody asked for a proof
    with pytest.raises(CheckError, match="NOT PROVED"):
        replace(report, asked=True).check()
    (model / "exports" / "parity.json").write_text(json.dumps({**record, "weights_sha256": "0"}))
    report = mlp_edge.open(model).report(cost=False)
    assert report.facts["proof"] is None
    assert "was written for other files" in report.facts["absent"]["proof"][0]
    (model / "exports" / "parity.json").write_text("{")
    report = mlp_edge.open(model).report(cost=False)
    assert "parity.json is damaged" in report.facts["absent"]["proof"][0]


def test_costs_are_those_of_the_board(model: Path) -> None:
    require(BY_NAME["avr"])
    opened = mlp_edge.open(model)
    [record] = opened.report(boards="uno").facts["cost"]
    [cost] = opened.cost(boards="uno").costs
    assert (record["flash"], record["ram"], record["cycles"]) == (cost.flash, cost.ram, cost.worst)
    assert record["us"] == short(cost.worst / 16)
    with pytest.raises(InputError, match="there is no board 'tpu'"):
        opened.report(boards="tpu")


def test_without_held_out_rows_there_are_no_scores(sine: Path, folder: Path) -> None:
    report = mlp_edge.open(sine).report(out="sine.html", cost=False)
    facts = report.facts
    assert facts["scores"] is None
    assert "trained on every row" in facts["absent"]["scores"][0]
    assert facts["importance"] == []
    assert facts["dependence_on"]["part"] == "training rows"
    assert len(facts["dependence"][0]["grid"]) > 10
    assert "no rows with known targets judge it" in report.verdict
    of_table = mlp_edge.open(sine).report("sine", out="sine.html", cost=False)
    assert of_table.facts["scores"]["on"] == "rows of sine"
    assert of_table.facts["commands"]["report"] == "mlp-edge report model sine"


def test_scores_are_of_the_table_that_was_named(pima: Path, folder: Path) -> None:
    training = SETS["pima"].location
    known = mlp_edge.open(pima).report(str(training), out="page.html", cost=False)
    scores = known.facts["scores"]
    assert (scores["on"], scores["trained_on"]) == (f"rows of {training.name}", 614)
    assert "it was trained on 614 rows of these" in known.verdict
    assert str(training.parent) not in json.dumps(known.to_dict())
    new = folder / "new.csv"
    new.write_text("".join(training.read_text().splitlines(keepends=True)[:200]))
    told = mlp_edge.open(pima).report(str(new), out="page.html", cost=False)
    digest = sha256(new.read_bytes())
    assert told.facts["scores"]["table"] == {"source": "new.csv", "sha256": digest}
    [result] = metadata(told.facts)["model-index"][0]["results"]
    assert (result["dataset"]["name"], result["dataset"]["revision"]) == ("new.csv", digest)


SPOILT_HISTORIES = {
    "no cells": ("epoch,loss\n1\n", 2, "1 cells, where 2 belong"),
    "text": ("epoch,loss\n1,0.5\n2,low\n", 3, "'low' is no number"),
    "no epoch": ("epoch,loss\n-1,0.5\n", 2, "'-1' is no number of an epoch"),
    "long": (f"epoch,loss\n{'1' * 400},0.5\n", 2, "is no number of an epoch"),
    "a NUL": ("epoch,loss\n1,\0\n", 2, "damaged"),
    "a field": (f"epoch,{'l' * 200_000}\n", 1, "field larger than field limit"),
}


@pytest.mark.parametrize("how", SPOILT_HISTORIES)
def test_a_spoilt_history_is_refused_by_its_line(how: str, tmp_path: Path) -> None:
    text, line, says = SPOILT_HISTORIES[how]
    (tmp_path / "history.csv").write_text(text)
    with pytest.raises(ModelError) as caught:
        history(ModelDirectory(tmp_path, MANIFEST))
    assert f"history.csv, line {line}: damaged" in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["", "epoch,loss\n", "\n"])
def test_a_history_without_epochs_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text(text)
    assert history(ModelDirectory(tmp_path, MANIFEST)) is None


@pytest.mark.parametrize("rows", [1, 30])
def test_rows_of_one_class(pima: Path, folder: Path, rows: int) -> None:
    table = pd.read_csv(SETS["pima"].location)
    table[table[table.columns[-1]] == 0][:rows].to_csv("healthy.csv", index=False)
    report = mlp_edge.open(pima).report("healthy.csv", out="page.html", cost=False)
    assert report.facts["scores"]["rows"] == rows
    assert report.facts["scores"]["roc"] == []
    assert (report.facts["importance"] == []) == (rows == 1)
    json.dumps(report.to_dict(), allow_nan=False)


def test_a_network_of_somebody_else_without_a_table(folder: Path) -> None:
    graph = Graph()
    gemm(graph, np.ones((2, 2), np.float32), np.zeros(2, np.float32))
    (folder / "theirs.onnx").write_bytes(graph.model(("n", 2)).SerializeToString())
    mlp_edge.import_model("theirs.onnx", out="model")
    model = mlp_edge.open("model")
    report = model.report()
    assert report.facts["model"]["recipe"] is None
    assert report.facts["model"]["imported"]["file"] == "theirs.onnx"
    assert report.facts["commands"]["train"] is None
    assert report.facts["dependence_on"]["part"] == "drawn rows"
    assert [len(each["mean"]) for each in report.facts["dependence"]] == [2, 2]
    assert set(report.facts["absent"]) == {"scores", "proof", "cost"}
    assert report.facts["data"]["described"] == {"rows": 0, "part": None}
    columns = [*report.facts["model"]["features"], *report.facts["model"]["targets"]]
    pd.DataFrame(np.eye(4), columns=columns).to_csv("new.csv", index=False)
    told = model.report("new.csv").facts
    assert told["scores"]["baselines"] == []
    assert [each["name"] for each in told["scores"]["metrics"]] == ["r2"]
    assert [each["target"] for each in told["scores"]["per_target"]] == columns[2:]
    assert told["verdict"]["better"] is None
    assert "always predicting" not in told["verdict"]["sentence"]
    [result] = metadata(told)["model-index"][0]["results"]
    assert result["dataset"]["name"] == "new.csv"
    with pytest.raises(InputError, match="a file alone says nothing of its training"):
        mlp_edge.open("theirs.onnx").report()


def test_nobody_elses_file_is_lost(model: Path, folder: Path) -> None:
    opened = mlp_edge.open(model)
    (model / "report.html").write_text("my own notes")
    with pytest.raises(InputError, match=r"report.html: was not written by a report and would be"):
        opened.report(cost=False)
    assert not (model / "report.json").exists()
    (folder / "notes.json").write_text("{}")
    with pytest.raises(InputError, match=r"notes.json: was not written by a report"):
        opened.report(out="notes.html", cost=False)
    with pytest.raises(InputError, match=r"takes the name of an HTML file: page.pdf.html"):
        opened.report(out="page.pdf", cost=False)
    with pytest.raises(InputError, match="its folder does not exist"):
        opened.report(out="nowhere/page.html", cost=False)


def test_training_may_replace_a_report_and_no_file_of_somebody_else(model: Path) -> None:
    mlp_edge.open(model).report(cost=False)
    states = {each.file: each.state for each in mlp_edge.inspect(model).exports}
    assert states["bom.cdx.json"] == "report"
    check_place(model, force=True)
    (model / "README.md").write_text("# Our model\n")
    with pytest.raises(InputError, match=r"holds 'README\.md', which is not part of a model"):
        check_place(model, force=True)


def test_commands_are_typed_as_a_shell_takes_them() -> None:
    rate = 0.0123456789
    recipe = Recipe(name="auto", epochs=150, hidden=(), learning_rate=rate, monotone=("age=+",),
                    automatic=("batch_size",), group="a 'ward'", early_stopping=9)  # fmt: skip
    manifest = replace(
        MANIFEST, targets=("it's; rm -rf *",), recipe=recipe.to_dict(),
        exports={"pima.h": "", "pima.c": "", "pima_int8.h": "", "pima_int8.json": ""},
        given={"drop": ["the 'id'", "b,c"], "missing": ["a=0", "-999", "--"], "sep": "space",
               "header": False, "comments": True, "task": "binary", "unknown": "of a newer one"},
    )  # fmt: skip
    made = commands(manifest, "/home/me/new rows.csv")
    assert shlex.split(made["report"]) == ["mlp-edge", "report", "model", "new rows.csv"]
    assert made["export"] == [
        "mlp-edge export --format c",
        "mlp-edge export --format c --dtype int8",
    ]
    program = COMMAND.make_context("mlp-edge", [], resilient_parsing=True)
    for line in (made["train"], made["report"], made["parity"], *made["export"]):
        _, name, *words = shlex.split(line)
        typed = COMMAND.commands[name].make_context(name, words, parent=program)  # type: ignore[attr-defined]
        if name == "train":
            assert typed.params["table"] == "pïma.csv"
            assert list(typed.params["target"]) == ["it's; rm -rf *"]
            assert (typed.params["hidden"], typed.params["epochs"]) == ("none", 150)
            assert (typed.params["group"], typed.params["learning_rate"]) == (
                "a 'ward'",
                0.0123456789,
            )
            assert list(typed.params["monotone"]) == ["age=+"]
            assert list(typed.params["drop"]) == ["the 'id'", "b,c"]
            assert list(typed.params["missing"]) == ["a=0", "-999", "--"]
            assert (typed.params["sep"], typed.params["task"]) == ("space", "binary")
            assert (typed.params["header"], typed.params["comments"]) == (False, True)


def scored(value: float, *kinds: str, low: float = 0.66) -> dict[str, Any]:
    metric = {"name": "accuracy", "value": value, "low": low, "high": 0.9}
    return {
        "rows": 154, "on": "held-out rows", "metrics": [metric],
        "baselines": [{"name": "prior", "metrics": [{"name": "accuracy", "value": 0.65}]}],
        "findings": [{"kind": kind} for kind in kinds], "trained_on": 0,
    }  # fmt: skip


def test_the_verdict_hides_nothing() -> None:
    good = verdict(MANIFEST, scored(0.8), PASSED, None)
    assert good["sentence"] == (
        "pima predicts diabetes from 3 readings; accuracy 0.8 (95 % interval 0.66 to 0.9) on 154 "
        "held-out rows, beside 0.65 for always predicting no; proved: 1 exported file on 1 "
        "runtime predicts what the original does, 1 more not proved."
    )
    assert (good["proved"], good["better"]) == (True, True)
    poor = verdict(MANIFEST, scored(0.8, "majority"), None, "not proved yet: run it")
    assert ": no better than always predicting no; not proved yet: run it." in poor["sentence"]
    equal = verdict(MANIFEST, scored(0.65), None, None)["sentence"]
    assert ": no better than always predicting no; nothing is proved of its exports." in equal
    linear = {"name": "linear", "metrics": [{"name": "accuracy", "value": 0.7}]}
    for value, says in ((0.69, "worse than"), (0.7, "not shown to be better than")):
        scores = scored(value, "linear")
        scores["baselines"].append(linear)
        assert f": {says} a linear model;" in verdict(MANIFEST, scores, PASSED, None)["sentence"]
    assert (poor["proved"], poor["better"]) == (False, False)
    known = verdict(MANIFEST, {**scored(0.8), "trained_on": 614}, PASSED, None)
    assert "; it was trained on 614 rows of these, and such scores tell" in known["sentence"]
    assert known["better"] is None
    untold = verdict(MANIFEST, None, {**PASSED, "passed": False}, None)
    assert untold["sentence"].startswith("NOT PROVED: no export was shown")
    assert untold["better"] is None
    lost = {**PASSED, "passed": False, "monotone": [{"column": "age", "holds": False}]}
    assert "predictions do not follow age" in verdict(MANIFEST, None, lost, None)["sentence"]


def test_the_verdict_says_where_rows_are_too_few_to_tell() -> None:
    for low, better in ((0.65, None), (0.66, True)):
        told = verdict(MANIFEST, scored(0.8, low=low), None, None)
        says = "for always predicting no: too few rows to tell whether it is better than always "
        assert (says in told["sentence"]) == (better is None)
        assert told["better"] is better
    one = scored(1.0, low=0.207)
    one["metrics"][0]["high"] = 1.0
    one["baselines"][0]["metrics"] = [{"name": "accuracy", "value": 0, "low": 0, "high": 0.793}]
    told = verdict(MANIFEST, one, None, None)
    assert "too few rows to tell" in told["sentence"]
    assert told["better"] is None


def test_the_verdict_on_several_targets_adds_up_no_units() -> None:
    manifest = replace(MANIFEST, task="regression", targets=("cm", "kg"), labels=(), prior=(1, 90))
    metric = {"name": "r2", "value": 0.8, "low": 0.7, "high": 0.9}
    prior = {"name": "prior", "metrics": [{"name": "r2", "value": 0.0}]}
    scores = {**scored(0), "metrics": [metric], "baselines": [prior]}
    told = verdict(manifest, scores, None, None)
    assert "; a mean R² of 0.8 (95 % interval 0.7 to 0.9) on 154 held" in told["sentence"]
    assert "beside 0 for always predicting the mean;" in told["sentence"]
    assert told["better"] is True
    prior["metrics"] = [{"name": "r2", "value": 0.85}]
    assert "no better than always predicting" in verdict(manifest, scores, None, None)["sentence"]


def test_what_no_baseline_is_known_of_is_not_called_better() -> None:
    told = verdict(MANIFEST, {**scored(0.8), "baselines": []}, None, None)
    assert "on 154 held-out rows; nothing is proved" in told["sentence"]
    assert told["better"] is None


def test_curves_are_thinned_from_end_to_end() -> None:
    assert list(thinned(3)) == [0, 1, 2]
    places = thinned(10_000)
    assert (len(places), places[0], places[-1]) == (200, 0, 9_999)
    assert short(float("nan")) is None
    assert short(np.float32(0.1)) == 0.1


@pytest.mark.trains
def test_the_command_of_a_report_trains_the_same_model(keras: Any, typed: Type) -> None:
    """A column was dropped, zeros are missing, blanks part the cells, and no line has names."""
    lines = (f"{n} {n % 7} {n % 5 * 2} {int(n % 7 > 3)}" for n in range(80))
    Path("rows.txt").write_text("\n".join(lines), encoding="utf-8")
    words = ("--sep", "space", "--no-header", "--drop", "column1", "--missing", "column3=0",
             "--indicator", "column3", "--epochs", 2, "--hidden", "3", "--name", "own")  # fmt: skip
    first = typed("train", "rows.txt", *words)
    assert first.code == 0, first.err
    manifest = ModelDirectory.open(Path("model")).manifest
    assert manifest.given == {
        "drop": ["column1"], "missing": ["column3=0"], "indicator": ["column3"],
        "sep": "space", "header": False, "name": "own",
    }  # fmt: skip
    line = commands(manifest, None)["train"]
    again = typed(*shlex.split(line)[1:], "--out", "again")
    assert again.code == 0, again.err
    there = ModelDirectory.open(Path("again")).manifest
    assert there.to_json() == manifest.to_json()
    further = typed("train", "rows.txt", "--from", "again", "--sep", "space", "--no-header",
                    "--epochs", 1, "--out", "further")  # fmt: skip
    assert further.code == 0, further.err
    on = ModelDirectory.open(Path("further")).manifest
    named = {name: value for name, value in manifest.given.items() if name != "name"}
    assert on.given == named  # whose name it is, the network itself says
    assert on.start == there.sha256["weights"]
    assert commands(on, None)["train"] is None
