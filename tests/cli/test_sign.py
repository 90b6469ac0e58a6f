"""mlp-edge sign, verify and --signed-by."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from support.commands import Type
from support.keras_files import dense, write_h5
from support.networks import network
from support.signed import write_keys, write_model

import mlp_edge
from mlp_edge.api.reporting.model_facts import files
from mlp_edge.errors import VerifyError
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.signing.signature import sign


@pytest.mark.trains
def test_sign_verify_and_predict(typed: Type, pima: Path, folder: Path) -> None:
    model = shutil.copytree(pima, folder / "model")
    key = write_keys(folder, "key", ec.SECP384R1(), "a secret")
    public = key.with_suffix(".pub")
    refused = typed("sign", "--key", key)
    assert refused.code == 2
    assert "MLP_EDGE_KEY_PASSPHRASE" in refused.err
    checked = typed("verify", "--json")
    assert checked.code == 0, checked.err
    exports = {each["file"]: each for each in json.loads(checked.out)["checked"]}
    assert exports["exports/pima.onnx"]["golden"] == "right on onnxruntime"
    assert exports["exports/pima.h"] == {
        "file": "exports/pima.h",
        "problem": "",
        "golden": "not run",
    }

    found = mlp_edge.open(model).sign(key, passphrase="a secret")  # noqa: S106
    assert typed("sign", "--key", key).code == 2
    verified = typed("verify", "--key", public)
    assert verified.code == 0, verified.err
    assert found.signed is not None
    assert f"{model.name}: pima, key {found.signed.key[:16]}" in verified.out
    assert "exports/pima.onnx" in verified.out
    assert "--key PUBLIC_KEY" in typed("verify").err
    predicted = typed("predict", "--signed-by", public, "pima")
    assert predicted.code == 0, predicted.err

    (model / "exports" / "new.h").write_text("/* */")
    stale = typed("verify", "--key", public)
    assert stale.code == 1
    assert "not signed: exports/new.h" in stale.err
    told = json.loads(typed("verify", "--key", public, "--json").out)
    assert (told["verified"], told["not_signed"]) == (False, ["exports/new.h"])
    assert typed("predict", "--signed-by", public, "pima").code == 1
    with pytest.raises(VerifyError, match="not signed"):
        mlp_edge.verify(model, public).check()


@pytest.mark.trains
def test_a_report_is_signed_with_all_that_it_writes(typed: Type, pima: Path, folder: Path) -> None:
    model = shutil.copytree(pima, folder / "model")
    key = write_keys(folder, "key", ec.SECP256R1())
    early = typed("report", "--no-cost", "--sign", key.with_suffix(".pub"))
    assert early.code == 2
    assert not (model / "report.json").exists()
    signed = typed("report", "--no-cost", "--sign", key)
    assert signed.code == 0, signed.err
    told = json.loads(typed("verify", "--key", key.with_suffix(".pub"), "--json").out)
    assert told["verified"]
    written = {"README.md", "report.html", "report.json", "exports/bom.cdx.json"}
    assert written <= set(told["signed"])
    listed = json.loads((model / "exports" / "bom.cdx.json").read_bytes())["components"]
    hashes = {each["name"]: each["hashes"][0]["content"] for each in listed if "hashes" in each}
    assert hashes["exports/pima.onnx"] == told["signed"]["exports/pima.onnx"]
    assert written.isdisjoint(hashes)


def test_a_report_of_other_files_is_told(typed: Type, folder: Path) -> None:
    model = write_model(folder / "model")
    facts = {"format": "mlp-edge report", "files": files(ModelDirectory.open(model))}
    for text, outdated in (
        (json.dumps(facts), False),
        (json.dumps({**facts, "files": facts["files"][1:]}), True),  # an export came later
        (json.dumps(facts).replace(facts["files"][0]["sha256"], "0"), True),  # another training
        ('{"format": "mlp-edge report', True),
        ('{"format": "mine"}', False),
    ):
        (model / "report.json").write_text(text)
        told = "`mlp-edge report` writes them anew" in typed("verify").err
        assert told == outdated == mlp_edge.verify(model).to_dict()["report_outdated"]


def test_an_export_that_is_not_whole_is_named(typed: Type, folder: Path) -> None:
    model = write_model(folder / "model")
    export = model / "exports" / "net.onnx"
    export.write_bytes(export.read_bytes()[:-1])
    found = typed("verify")
    assert found.code == 1
    assert "exports/net.onnx" in found.err
    (model / "exports" / "net.onnx").unlink()
    assert "exports/net.onnx: there is no such file" in typed("verify").err
    assert typed("verify", "nothing").code == 2


@pytest.mark.trains
def test_exports_in_integers_are_whole(typed: Type, pima: Path, folder: Path) -> None:
    shutil.copytree(pima, folder / "model")
    for dtype in ("int8", "int24"):
        assert typed("export", "--dtype", dtype, "--format", "c,onnx").code == 0
    found = typed("verify")
    assert found.code == 0, found.err
    parameters = next((folder / "model" / "exports").glob("*_int8.json"))
    parameters.write_text(parameters.read_text().replace("int8", "int9"))
    found = typed("verify")
    assert (found.code, found.err.count("exports/")) == (1, 1)
    assert f"{parameters.name}: not the file that model.json lists" in found.err


def test_what_is_not_signed_predicts_nothing(typed: Type, folder: Path) -> None:
    key, model = write_keys(folder, "key", ec.SECP256R1()), write_model(folder / "model")
    rows = folder / "rows.csv"
    names = [feature.name for feature in network().features]
    rows.write_text(f"{','.join(names)}\n{','.join('1' for _ in names)}\n")
    words = "predict", rows, "--model", model, "--signed-by", key.with_suffix(".pub")
    for out in ((), ("--report",)):
        refused = typed(*words, *out)
        assert refused.code == 1
        assert "not signed (it has no model.sig); `mlp-edge sign` signs it" in refused.err
    sign(model, key)
    assert typed(*words).code == 0
    wrong = typed(*words[:-1], key)
    assert wrong.code == 2
    assert "a private key, where the public one belongs" in wrong.err


@pytest.mark.trains
def test_what_is_written_into_a_signed_directory_is_told(
    typed: Type, pima: Path, folder: Path
) -> None:
    model = shutil.copytree(pima, folder / "model")
    key = write_keys(folder, "key", ec.SECP256R1())
    public = key.with_suffix(".pub")
    stale = "warning: model/model.sig is stale: `mlp-edge sign model --key KEY` signs it again"
    drawn = "--threshold", "0.3", "--runtime", "onnxruntime"
    for words in (
        ("export", "--format", "js"),
        ("parity", "--format", "onnx", "--runtime", "onnxruntime"),
        ("evaluate", *drawn),
        ("report", "--no-cost"),
    ):
        sign(model, key)
        found = typed(*words)
        assert found.code == 0, found.err
        assert found.err.count(stale) == 1, words
        assert mlp_edge.verify(model, public).problems()
    sign(model, key)
    for words in (
        ("evaluate", "--no-plots", "--signed-by", public),
        ("export", "--format", "c", "--out", "elsewhere", "--signed-by", public),
        ("evaluate", *drawn, "--signed-by", public),  # the same pictures as before
    ):
        found = typed(*words)
        assert found.code == 0, found.err
        assert "stale" not in found.err
    (model / "model.json").write_text((model / "model.json").read_text() + " ")
    for command in ("export", "evaluate"):
        assert typed(command, "--signed-by", public).code == 1


def test_a_model_in_the_place_of_a_signed_one_is_told(typed: Type, folder: Path) -> None:
    theirs = write_h5(folder / "theirs.h5", [dense(np.ones((2, 1)))])
    assert typed("import", theirs).code == 0
    sign(folder / "model", write_keys(folder, "key", ec.SECP256R1()))
    told = typed("import", theirs, "--force")
    assert told.code == 0, told.err
    assert told.err.count(
        "warning: model: the model before was signed, and this one is not: "
        "`mlp-edge sign model --key KEY` signs it"
    ) == 1  # fmt: skip
    assert not (folder / "model" / "model.sig").exists()
    assert "signed" not in typed("import", theirs, "--force").err
