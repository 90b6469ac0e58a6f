"""The model card and the bill of materials: valid by their own libraries, whatever the facts."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt
from support.c_compiler import require
from support.hostile_text import HOSTILE
from support.networks import encoded
from support.reports import VARIANTS, facts
from support.signed import write_model

from mlp_edge.export import c
from mlp_edge.feature import Feature
from mlp_edge.files.writing import plain
from mlp_edge.readers.report_files import CARD_MARK, is_report
from mlp_edge.report.page import page
from mlp_edge.report.papers.bill import bill
from mlp_edge.report.papers.model_card import metadata, model_card

FILES = [
    {"path": path, "bytes": 1, "sha256": f"{number:064x}"}
    for number, path in enumerate(
        ("exports/net.h", "exports/net.js", "exports/net.onnx", "exports/net.py",
         "exports/net.tflite", "exports/net_int8.h", "model.json", "model.keras")
    )
]  # fmt: skip
WHOLE = {**facts(), "files": FILES}
THREES = {repr(three): facts(three, three[:2]) for three in zip(*[iter(HOSTILE)] * 3, strict=False)}
"""Every hostile name, three at a time."""
HARD = {**VARIANTS, **THREES}
PLAIN = model_card(facts()).partition("\n---\n")[2]


# The model card


@pytest.mark.parametrize("variant", VARIANTS)
def test_hugging_face_reads_the_metadata(variant: str) -> None:
    known = VARIANTS[variant]
    card = ModelCard(model_card(known))  # which checks the model index
    task = known["model"]["task"]
    kind = "tabular-regression" if task == "regression" else "tabular-classification"
    assert card.data.pipeline_tag == kind
    assert card.data.library_name == "mlp-edge"
    assert card.data.license is None
    scores = known["scores"]
    if scores is None:
        assert card.data.eval_results is None
        return
    first, second = card.data.eval_results
    assert (first.metric_type, second.metric_type) == (scores["metrics"][0]["name"], "log_loss")
    assert first.metric_value == scores["metrics"][0]["value"]
    assert first.metric_args == {"interval": {"level": 0.95, "low": 0.7, "high": 0.9}}
    assert second.metric_args is None
    assert first.dataset_split == "held-out rows"
    assert first.dataset_name == plain({"": known["data"]["source"]})[""]


@pytest.mark.parametrize("variant", HARD)
def test_whatever_a_name_is_the_yaml_holds_it(variant: str) -> None:
    known = HARD[variant]
    head = model_card(known).split("\n---\n")[0].removeprefix("---\n")
    assert yaml.safe_load(head) == plain(metadata(known))


@pytest.mark.parametrize("variant", ["hostile", "hostile binary", *THREES])
def test_nobodys_text_is_markup(variant: str) -> None:
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    body = model_card(HARD[variant]).partition("\n---\n")[2]

    def kinds(text: str) -> list[str]:
        tokens = parser.parse(text)
        inside = [each for token in tokens for each in token.children or ()]
        shown = [each.type for each in (*tokens, *inside)]
        return sorted(set(shown) - {"text_special"})

    def headings(text: str) -> list[str]:
        tokens = parser.parse(text)
        return [text.content for head, text in pairwise(tokens) if head.tag == "h2"]

    assert set(kinds(body)) <= set(kinds(PLAIN))
    assert headings(body) == headings(PLAIN) != []
    html = parser.render(body)
    assert re.findall(r"<(?:script|img|a|b|i|style)\b", html) == []
    assert len(re.findall("<!--", html)) == 1


def test_what_the_card_says() -> None:
    text = model_card({**WHOLE, "commands": {**WHOLE["commands"], "train": "mlp-edge train x.csv"}})
    assert CARD_MARK in text
    for line in (
        "| accuracy | 0.800 (0.700 to 0.900) | 0.750 (0.700 to 0.900) | 0.750 (0.700 to 0.900) |",
        "| net_int8.h | c | int8 | 310 | the same bits | – | 0 | FAIL |",
        "| uno | float32 | 3,096 | 148 | 0.44 ms | yes |",
        "| pico | int8 | 3,096 | 148 | 7,040 instructions | no |",
        "- column 'width': 3 outliers",
        "- cost: esp8266, int8: nothing simulates it",
        "mlp-edge train x.csv",
        "no float32 file is off from exact arithmetic by more than 5e-05.",
        "It relies most on width, colour: when one of those columns is shuffled, its log loss",
    ):
        assert line in text, line
    assert metadata(WHOLE)["tags"] == [
        "tabular-classification", "mlp", "keras", "tflite", "onnx", "c", "javascript",
        "micropython",
    ]  # fmt: skip
    assert "datasets" not in metadata(WHOLE)
    named = {**WHOLE, "data": {**WHOLE["data"], "source": "pima"}}
    assert metadata(named)["datasets"] == ["pima"]


def test_a_report_knows_its_own_card(tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    card.write_text(model_card(facts()), encoding="utf-8")
    assert is_report(card)
    card.write_text("# My model\n")
    assert not is_report(card)


def test_of_a_wide_table_no_row_is_spelled_out() -> None:
    feature = WHOLE["data"]["features"][2]
    wide = {**WHOLE["data"], "features": [{**feature, "name": f"x{n}"} for n in range(40)]}
    text = model_card({**WHOLE, "data": wide})
    assert "row = {" not in text
    assert 'predict_table("new.csv")' in text


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", model_card(WHOLE), re.DOTALL)


NET = encoded(
    (
        Feature("width", -1.5, 12.0, sentinel=-99.0, fill=2.5),
        Feature("colour", categories=("width", "blue"), codes=(0, 1)),
        Feature("height", -1.5, 12.0),
    ),
    task="binary",
    name="net",
    labels=("no", "yes"),
)


def test_the_examples_in_python_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_model(folder / "model", NET)
    first = blocks("python")[0]
    exec(compile(first, "README.md", "exec"), {})  # noqa: S102 (a line of it is ours)
    assert re.fullmatch(r"\{'probability': \[0\.\d+\], 'label': \['(no|yes)'\]\}\n",
                        capsys.readouterr().out)  # fmt: skip


def test_the_example_in_c_compiles(folder: Path) -> None:
    (folder / "exports").mkdir()
    (folder / "exports" / "net.h").write_bytes(c.EXPORTER.export(NET))
    include, *rest = blocks("c")[0].splitlines()
    program = [include, "int main(void)", "{", *rest, "return !(outputs[0] > 0.0f);", "}"]
    (folder / "main.c").write_text("\n".join(program))
    require("gcc")
    words = ["gcc", "-std=c99", "-o", "main", "main.c"]
    built = subprocess.run(words, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert subprocess.run(["./main"], check=False).returncode == 0


# The bill of materials


def read(known: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bill(known))
    return found


@pytest.mark.parametrize("variant", HARD)
def test_the_strict_schemas_take_it(variant: str) -> None:
    document = read({**HARD[variant], "files": FILES})
    for version, name in ((SchemaVersion.V1_6, "1.6"), (SchemaVersion.V1_7, "1.7")):
        text = json.dumps({**document, "specVersion": name})
        assert JsonStrictValidator(version).validate_str(text) is None


def test_the_library_reads_it_and_every_reference_leads_somewhere() -> None:
    document = read(WHOLE)
    assert Bom.from_json(document).validate()  # type: ignore[attr-defined]
    tools = document["metadata"]["tools"]["components"]
    model = document["metadata"]["component"]
    names = [each["bom-ref"] for each in (model, *tools, *document["components"])]
    assert len(names) == len(set(names))
    for each in document["dependencies"]:
        assert {each["ref"], *each["dependsOn"]} <= set(names)
    assert model["modelCard"]["modelParameters"]["datasets"] == [{"ref": "data"}]


def test_what_the_bill_says() -> None:
    document = read(WHOLE)
    parts = {each["bom-ref"]: each for each in document["components"]}
    for file in FILES:
        hashes = [{"alg": "SHA-256", "content": file["sha256"]}]
        assert parts[f"file:{file['path']}"]["hashes"] == hashes
    assert parts["data"]["hashes"] == [{"alg": "SHA-256", "content": "b" * 64}]
    assert parts["pkg:pypi/mlp-edge@0.1.0"]["purl"] == "pkg:pypi/mlp-edge@0.1.0"
    assert parts["file:exports/net_int8.h"]["properties"] == [
        {"name": "mlp-edge:parity:c", "value": "PASS"},
        {"name": "mlp-edge:parity:c", "value": "FAIL"},
    ]
    card = document["metadata"]["component"]["modelCard"]
    assert card["quantitativeAnalysis"]["performanceMetrics"][0] == {
        "type": "accuracy", "value": "0.8", "slice": "held-out rows",
        "confidenceInterval": {"lowerBound": "0.7", "upperBound": "0.9"},
    }  # fmt: skip
    assert card["modelParameters"]["task"] == "binary classification"
    assert card["modelParameters"]["inputs"][0] == {
        "format": "width: a number in mm from -1.5 to 12"
    }
    assert card["modelParameters"]["outputs"] == [{"format": "probability of yes"}]
    (made,) = [each for each in document["dependencies"] if each["ref"] == "file:exports/net.h"]
    assert made["dependsOn"] == ["file:model.keras"]


def test_the_same_facts_give_the_same_bytes() -> None:
    assert bill(WHOLE) == bill(json.loads(json.dumps(WHOLE)))
    assert model_card(WHOLE) == model_card(json.loads(json.dumps(WHOLE)))
    other = {**WHOLE, "files": FILES[1:]}
    assert read(other)["serialNumber"] != read(WHOLE)["serialNumber"]
    assert b"timestamp" not in bill(WHOLE)


def test_several_targets_are_scored_one_by_one() -> None:
    known = facts(labels=())
    known["model"]["targets"] = ["cm", "kg"]
    known["scores"]["per_target"] = [
        {"target": "cm", "rmse": 1.5, "r2": 0.5}, {"target": "kg", "rmse": 60.25, "r2": None},
    ]  # fmt: skip
    [result] = metadata(known)["model-index"][0]["results"]
    told = {each["name"]: each["value"] for each in result["metrics"][-3:]}
    assert told == {"RMSE of cm": 1.5, "R² of cm": 0.5, "RMSE of kg": 60.25}
    assert "| RMSE of kg | 60.2 | – | – |" in model_card(known)
    card = read(known)["metadata"]["component"]["modelCard"]
    assert card["quantitativeAnalysis"]["performanceMetrics"][-1] == {
        "type": "rmse", "value": "60.25", "slice": "kg, held-out rows",
    }  # fmt: skip


def test_of_a_network_that_went_on_from_another_no_command_is_told() -> None:
    further = facts()
    further["model"]["start"] = "c" * 64
    further["commands"]["train"] = None
    for written in (model_card(further), page(further)):
        assert "Training went on from another model" in written
        assert "c" * 64 in written
        assert "mlp-edge train" not in written
    for written in (model_card(facts()), page(facts())):
        assert "went on" not in written


def test_of_a_network_of_somebody_else_nothing_is_made_up() -> None:
    theirs = facts()
    theirs["model"]["imported"] = {"file": "net.keras", "format": "Keras 3", "written_by": None}
    theirs["commands"]["train"] = None
    card = model_card(theirs)
    assert "Ranges are those of the rows that it was imported with." in card
    theirs["data"]["source"] = "iris"
    assert "datasets" not in metadata(theirs)
    assert "datasets" in metadata({**theirs, "model": facts()["model"]})
    theirs |= {"scores": None, "history": None, "absent": {"scores": ["imported without rows"]}}
    theirs["data"] |= {"source": "", "sha256": "", "rows": 0, "warnings": []}
    theirs["dependence_on"]["part"] = "drawn rows"
    theirs["data"]["described"] = {"rows": 0, "part": None}
    for written in (model_card(theirs), page(theirs)):
        for made_up in (
            "training rows", "scores hold", "trained the model", "held-out", "model was trained",
            "Trained", ", 0 rows", "it learned from. ",
        ):  # fmt: skip
            assert made_up not in written
        assert "learned from is not known" in written
    document = read({**theirs, "files": FILES})
    assert {each["type"] for each in document["components"]} == {"file"}
    assert document["metadata"]["component"]["modelCard"]["modelParameters"]["datasets"] == []
    known = model_card(facts())
    assert "Ranges are those of the training rows." in known
    assert "- The scores hold for rows drawn as the held-out rows were, and for no others." in known
    assert "and the packages that trained the model" in known
