"""Models in memory: opened, predicted, inspected, exported and proved as any other."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from support.commands import typed

import mlp_edge
from mlp_edge.errors import InputError

RANDOM = np.random.default_rng(1)
TABLE = pd.DataFrame(
    {
        "size": RANDOM.normal(40, 9, 80).astype(np.float32).astype(float),
        "age": RANDOM.integers(1, 90, 80).astype(float),
        "kind": RANDOM.choice(["oak", "ash", "elm"], 80),
    }
)


@pytest.fixture(scope="module")
def pipeline() -> Any:
    columns = make_column_transformer(
        (StandardScaler(), ["size", "age"]), (OneHotEncoder(handle_unknown="ignore"), ["kind"])
    )
    network = MLPClassifier((6, 4), solver="lbfgs", max_iter=40, random_state=0)
    grown = np.where(TABLE["size"] + TABLE["age"] > 85, "tall", "small")
    return make_pipeline(columns, network).fit(TABLE, grown)


@pytest.fixture
def opened(pipeline: Any) -> mlp_edge.Model:
    return mlp_edge.open(pipeline)


def test_it_predicts_what_the_object_predicts(pipeline: Any, opened: mlp_edge.Model) -> None:
    wanted = pipeline.predict_proba(TABLE)[:, 1:].astype(np.float32)
    np.testing.assert_array_equal(opened.predict(TABLE), wanted)
    predicted = opened.predict_table(TABLE)
    assert predicted.runtime == "scikit-learn"
    assert predicted.labels == pipeline.predict(TABLE).tolist()
    with pytest.raises(InputError, match="predicted by scikit-learn"):
        opened.predict(TABLE, runtime="c")
    with pytest.raises(InputError, match="predict which rows"):
        opened.predict_table()


def test_it_is_inspected(opened: mlp_edge.Model) -> None:
    found = opened.inspect()
    assert "mlp_classifier, scikit-learn, in memory" in str(found)
    told = found.to_dict()
    assert (told["bytes"], told["file_sha256"]) == (None, None)
    assert told["labels"] == ["small", "tall"]
    assert "the name of the target is made up" in told["notes"][0]
    with pytest.raises(InputError, match=r"export\(out=…\) would do"):
        opened.save("elsewhere")
    with pytest.raises(InputError, match="mlp_classifier: a model in memory says"):
        opened.evaluate(TABLE)
    with pytest.raises(InputError, match="a model in memory has no exports to measure"):
        opened.cost()
    with pytest.raises(InputError, match="a model in memory does not tell how it was trained"):
        _ = opened.training


def test_its_exports_are_proved(
    opened: mlp_edge.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlp_edge.parity.parity.SAMPLE_ROWS", 12)
    monkeypatch.setattr("mlp_edge.parity.parity.stress_rows", lambda _mlp, sample: sample)
    monkeypatch.setattr("mlp_edge.parity.certificate.OVERHEAD", 2**18)
    assert opened.export("c").paths == ()
    opened.export(["c", "onnx"], out=tmp_path)
    report = opened.parity(table=TABLE, exports=tmp_path)
    report.check()
    assert report.results[0].runtime == "scikit-learn"
    assert set(report.verdicts.values()) == {"PASS"}
    with mlp_edge.load(tmp_path / "mlp_classifier.onnx") as exported:
        np.testing.assert_allclose(exported.predict(TABLE), opened.predict(TABLE), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("model.pkl", b"", "a pickle"),
        ("model.joblib", b"", "a pickle"),
        ("model", pickle.dumps({"coefs": 1}), "a pickle"),
        ("model.pt", b"PK\3\4", "a file of PyTorch"),
        ("model", b"PK\3\4" + b"\0" * 26 + b"archive/data.pkl", "a file of PyTorch"),
        ("model.safetensors", b"", "a file of PyTorch"),
    ],
)
def test_files_of_python_programs_are_refused(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    result = typed("export", "--model", path)
    assert result.code == 2
    assert says in result.err.replace("\n", " ")
    assert "mlp_edge.open(model)" in result.err
    assert len(list(tmp_path.iterdir())) == 1
