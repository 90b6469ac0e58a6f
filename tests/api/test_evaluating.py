"""``Model.evaluate``: what the command says, as a result."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.commands import Type

import mlp_edge
from mlp_edge.data.sets import SETS
from mlp_edge.errors import InputError, RecipeError


def test_the_result_is_what_the_command_prints(pima: Path, typed: Type) -> None:
    found = mlp_edge.open(pima).evaluate(plots=False)
    printed = json.loads(typed("evaluate", "--model", pima, "--no-plots", "--json").out)
    assert json.loads(json.dumps(found.to_dict())) == printed
    assert found.predictions.shape == (154, 1)
    assert found.confusion is not None
    assert int(found.confusion.sum()) == 154
    assert "scores on 154 held-out rows" in str(found)
    assert "linear baseline" in found._repr_html_()


def test_a_frame_is_scored_as_its_file(pima: Path) -> None:
    model = mlp_edge.open(pima)
    path = SETS["pima"].location
    of_frame = model.evaluate(pd.read_csv(path), plots=False)
    of_file = model.evaluate(path, plots=False)
    assert of_frame.scores == of_file.scores
    np.testing.assert_array_equal(of_frame.predictions, of_file.predictions)
    assert of_frame.to_dict()["table"] == "pandas DataFrame"
    assert [note.kind for note in of_file.notes] == ["trained-on"]
    assert "the table that the model was trained on" in str(of_file)


def test_files_are_written_when_asked_for(model: Path, folder: Path) -> None:
    found = mlp_edge.open(model).evaluate(
        rows_out="rows.csv", threshold=0.3, metrics=["auc"], importance=True
    )
    assert {"importance.png", "importance.svg"} <= {path.name for path in found.files}
    assert found.files[0] == Path("rows.csv")
    assert Path("rows.csv").read_text() == found.rows_csv()
    assert {path.name for path in found.files[1:]} == {
        path.name for path in (model / "plots").iterdir()
    }
    assert found.scored.threshold == np.float32(0.3)
    assert tuple(found.scores["mlp"]) == ("auc",)


def test_importance_is_shown_where_it_is_asked_for(pima: Path, typed: Type) -> None:
    model = mlp_edge.open(pima)
    assert model.evaluate(plots=False).importance is None
    found = model.evaluate(plots=False, importance=True, runtime="onnxruntime")
    assert found.importance is not None
    assert next(iter(found.importance.columns)) == "glucose"
    assert set(found.importance.columns) == {each.name for each in model.mlp.features}
    assert found.importance.metric == "log_loss"
    assert found.files == ()
    result = typed(
        "evaluate", "--model", pima, "--no-plots", "--importance", "--metrics", "auc",
        "-r", "onnxruntime",
    )  # fmt: skip
    assert "importance: by how much auc falls when a column is shuffled" in result.out
    told = typed("evaluate", "--model", pima, "--no-plots", "--importance", "--json",
                 "-r", "onnxruntime")  # fmt: skip
    assert json.loads(told.out)["importance"]["columns"]["glucose"][0] > 0


def test_what_is_refused(pima: Path, sine: Path, folder: Path) -> None:
    model = mlp_edge.open(pima)
    shutil.copy(pima / "model.keras", folder / "alone.keras")
    with pytest.raises(InputError, match=r"a file alone .*`mlp_edge.import_model\(\)`"):
        mlp_edge.open(folder / "alone.keras").evaluate()
    with pytest.raises(InputError, match=r"\(`test_size=0`\), so none is left"):
        mlp_edge.open(sine).evaluate()
    with pytest.raises(RecipeError, match="`threshold` is for two classes"):
        mlp_edge.open(sine).evaluate("sine", threshold=0.3)
    with pytest.raises(RecipeError, match="`plots` takes True or False or None; got 'yes'"):
        mlp_edge.open(sine).evaluate("sine", plots="yes")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="no setting 'seep'; did you mean 'sep'"):
        mlp_edge.open(sine).evaluate("sine", seep=";")
    with pytest.raises(InputError, match="`spreadsheet_safe=True` is for the file that `rows_out`"):
        model.evaluate(spreadsheet_safe=True)
    with pytest.raises(InputError, match="`dtype='int9'` is not one of float32, int8"):
        model.evaluate(dtype="int9")
    with pytest.raises(InputError, match=r"`Model\.export\(dtype='int8'\)` writes it"):
        model.evaluate(dtype="int8")


def test_a_score_that_there_is_not_is_none(pima: Path) -> None:
    table = pd.read_csv(SETS["pima"].location)
    healthy = table[table[table.columns[-1]] == 0]
    told = mlp_edge.open(pima).evaluate(healthy, plots=False).to_dict()
    assert told["scores"]["mlp"]["auc"] is None
    json.dumps(told, allow_nan=False)
