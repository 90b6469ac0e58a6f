"""ONNX files whose readings are filled, scaled and encoded, as scikit-learn and PyTorch do it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from support.keras_files import assert_answers
from support.onnx_files import ACCURACY, B2, RANDOM, W2, Graph, dense, f32, read, refused

from mlp_edge.mlp import Mlp

ML = {"domain": "ai.onnx.ml"}
COLOURS, SIZES = ("blue", "green", "red"), ("M", "S")
ROWS = 24
AGES = RANDOM.normal(40, 10, (ROWS, 1)).astype(np.float32)
HEIGHTS = RANDOM.normal(170, 9, (ROWS, 1)).astype(np.float32)
COLOUR = np.array([[each] for each in (*COLOURS, "pink")] * (ROWS // 4), object)
SIZE = np.array([["S"], ["M"]] * (ROWS // 2), object)
W8 = RANDOM.normal(0, 0.5, (7, 5)).astype(np.float32)


def model(
    graph: Graph, kinds: Mapping[str, int], shapes: Mapping[str, Any] = {}, output: str = ""
) -> onnx.ModelProto:
    """A graph whose inputs are columns of one number or text."""
    found = graph.model(outputs=[output or graph.last])
    found.opset_import[1].version = 3
    del found.graph.input[:]
    found.graph.input.extend(
        helper.make_tensor_value_info(name, kind, shapes.get(name, ["n", 1]))
        for name, kind in kinds.items()
    )
    return found


def check(path: Path, file: onnx.ModelProto, columns: Mapping[str, Any]) -> Mlp:
    """Read a model and compare it with ONNX Runtime, categories by their codes."""
    mlp = read(path, file).mlp
    [answer] = onnxruntime.InferenceSession(file.SerializeToString()).run(None, dict(columns))
    readings = np.hstack([np.asarray(each) for each in columns.values()])
    rows = np.array(
        [[feature.codes[feature.categories.index(cell)] if cell in feature.categories else
          feature.unknown_code if isinstance(cell, str) else float(cell)
          for feature, cell in zip(mlp.features, row, strict=True)] for row in readings], np.float32
    )  # fmt: skip
    wanted = answer.reshape(ROWS, -1)[:, -mlp.outputs :]
    known = ~np.isnan(wanted).any(axis=1)
    assert known.any()
    assert_answers(mlp, rows[known], wanted[known], 2, ACCURACY)
    return mlp


FLOAT, STRING, INT64 = TensorProto.FLOAT, TensorProto.STRING, TensorProto.INT64
COLUMNS = {"colour": COLOUR, "age": AGES, "height": HEIGHTS, "size": SIZE}
KINDS = {"colour": STRING, "age": FLOAT, "height": FLOAT, "size": STRING}


def encoded(graph: Graph) -> None:
    """A ColumnTransformer in front of a layer, as skl2onnx writes it."""
    numbers = graph.add("Concat", "age", "height", axis=1)
    filled = graph.add("Imputer", numbers, **ML, imputed_value_floats=[40.0, 171.5],
                       replaced_value_float=float("nan"))  # fmt: skip
    scaled = graph.add("Scaler", filled, **ML, offset=[40.0, 170.0], scale=[0.1, 0.125])
    colour = graph.add("OneHotEncoder", "colour", **ML, cats_strings=COLOURS, zeros=1)
    size = graph.add("OneHotEncoder", "size", **ML, cats_strings=SIZES, zeros=1)
    both = graph.add("Concat", colour, size, axis=-1)
    graph.add("Reshape", both, graph.constant(np.array([-1, 5])))
    graph.add("Concat", scaled, graph.last, axis=1)
    graph.add("Cast", graph.last, to=FLOAT)
    dense(graph, W8, W8[:1])


def test_texts_are_categories_and_fills_are_kept(tmp_path: Path) -> None:
    graph = Graph()
    encoded(graph)
    graph.add("Relu", graph.last)
    dense(graph, W2, B2[None])
    ages = AGES.copy()
    ages[::5] = np.nan
    mlp = check(tmp_path / "m.onnx", model(graph, KINDS), COLUMNS | {"age": ages})
    made_up = read(tmp_path / "m.onnx", model(graph, KINDS)).made_up
    assert made_up == "the labels and the threshold are made up: the file has none"
    colour, age, height, size = mlp.features
    assert (colour.name, colour.categories, colour.codes) == ("colour", COLOURS, (0, 1, 2))
    assert (size.name, size.categories, size.codes) == ("size", SIZES, (0, 1))
    assert (age.name, age.fill, age.kind) == ("age", 40, "number")
    assert (height.name, height.fill, height.sentinel) == ("height", 171.5, None)
    assert mlp.scaling is not None
    assert mlp.scaling.mean.tolist() == [40, 170, 0, 0, 0, 0, 0]


def test_an_encoder_that_drops_the_first_category(tmp_path: Path) -> None:
    graph = Graph()
    graph.add("OneHotEncoder", "colour", **ML, cats_strings=COLOURS, zeros=1)
    graph.add("Reshape", graph.last, graph.constant(np.array([-1, 3])))
    graph.add("ArrayFeatureExtractor", graph.last, graph.constant(np.array([1, 2])), **ML)
    graph.add("Concat", graph.last, "age", axis=1)
    dense(graph, W8[:3], W8[:1])
    kinds = {name: KINDS[name] for name in ("colour", "age")}
    check(tmp_path / "m.onnx", model(graph, kinds), {name: COLUMNS[name] for name in kinds})


def test_categories_that_are_numbered(tmp_path: Path) -> None:
    """OrdinalEncoder."""
    graph = Graph()
    graph.add("LabelEncoder", "colour", **ML, keys_strings=COLOURS, values_floats=[0.0, 1.0, 2.0],
              default_float=-1.0)  # fmt: skip
    graph.add("Concat", graph.last, "age", axis=1)
    dense(graph, W8[:2], W8[:1])
    kinds = {name: KINDS[name] for name in ("colour", "age")}
    check(tmp_path / "m.onnx", model(graph, kinds), {name: COLUMNS[name] for name in kinds})


def test_integers_that_are_categories_beside_numbers(tmp_path: Path) -> None:
    """One table of floats, of which an encoder takes a column."""
    graph = Graph()
    kind = graph.add("ArrayFeatureExtractor", "x", graph.constant(np.array([1])), **ML)
    rest = graph.add("ArrayFeatureExtractor", "x", graph.constant(np.array([0, 2])), **ML)
    graph.add("OneHotEncoder", graph.add("Cast", kind, to=INT64), **ML, cats_int64s=[3, 5, 9],
              zeros=1)  # fmt: skip
    graph.add("Reshape", graph.last, graph.constant(np.array([-1, 3])))
    graph.add("Concat", rest, graph.last, axis=1)
    dense(graph, W8[:5], W8[:1])
    rows = np.hstack([AGES, np.array([[3], [5], [9], [4]] * (ROWS // 4), np.float32), HEIGHTS])
    mlp = check(tmp_path / "m.onnx", model(graph, {"x": FLOAT}, {"x": ["n", 3]}), {"x": rows})
    assert [feature.codes for feature in mlp.features] == [(), (3, 5, 9), ()]
    assert mlp.features[1].categories == ("3", "5", "9")


def test_an_embedding_is_a_category(tmp_path: Path) -> None:
    """Two tables of PyTorch's nn.Embedding, and numbers with a BatchNorm1d."""
    graph = Graph()
    parts = []
    for place, table in ((0, W8[:4]), (1, W8[:6, :2])):
        at = graph.add("Gather", "kinds", graph.constant(np.int64(place)), axis=1)
        parts.append(graph.add("Gather", graph.constant(table.copy()), at))
    vectors = [graph.constant(f32(each)) for each in ([1, 2], [0, 1], [40, 170], [100, 80])]
    numbers = graph.add("BatchNormalization", "numbers", *vectors, epsilon=1e-5)
    graph.add("Concat", *parts, numbers, axis=1)
    dense(graph, RANDOM.normal(0, 0.4, (9, 3)).astype(np.float32), B2)
    kinds = np.stack([np.arange(ROWS) % 4, np.arange(ROWS) % 6], 1)
    columns = {"kinds": kinds, "numbers": np.hstack([AGES, HEIGHTS])}
    file = model(graph, {"kinds": INT64, "numbers": FLOAT},
                 {"kinds": ["n", 2], "numbers": ["n", 2]})  # fmt: skip
    mlp = check(tmp_path / "m.onnx", file, columns)
    names = [feature.name for feature in mlp.features]
    assert names == ["kinds 1", "kinds 2", "numbers 1", "numbers 2"]
    assert [len(feature.codes) for feature in mlp.features] == [4, 6, 0, 0]


def test_one_embedding_for_several_columns(tmp_path: Path) -> None:
    graph = Graph()
    graph.add("Gather", graph.constant(W8[:, :2].copy()), "x")
    graph.add("Flatten", graph.last)
    dense(graph, W8[:6], W8[:1])
    file = model(graph, {"x": INT64}, {"x": ["n", 3]})
    check(tmp_path / "m.onnx", file, {"x": np.arange(3 * ROWS).reshape(ROWS, 3) % 7})


def test_whole_numbers_that_are_scaled(tmp_path: Path) -> None:
    """A StandardScaler of a table of integers."""
    graph = Graph()
    graph.add("Scaler", "x", **ML, offset=[1.0, 2.0], scale=[0.5, 0.25])
    dense(graph, W8[:2], W8[:1])
    file = model(graph, {"x": INT64}, {"x": ["n", 2]})
    check(tmp_path / "m.onnx", file, {"x": np.arange(2 * ROWS).reshape(ROWS, 2)})


# What is refused


def unencoded(g: Graph) -> None:
    g.add("Imputer", "age", **ML, imputed_value_floats=[1.0], replaced_value_float=float("nan"))
    dense(g, W8[:1], W8[:1])


def a_category_as_a_number(g: Graph) -> None:
    g.add("OneHotEncoder", g.add("Cast", "age", to=INT64), **ML, cats_int64s=[1, 2])
    g.add("Reshape", g.last, g.constant(np.array([-1, 2])))
    g.add("Concat", g.last, "age", axis=1)
    dense(g, W8[:3], W8[:1])


def two_encoders(g: Graph) -> None:
    one, other = (g.add("OneHotEncoder", "colour", **ML, cats_strings=names)
                  for names in (COLOURS, COLOURS[1:]))  # fmt: skip
    g.add("Concat", one, other, axis=-1)


def filled_and_raw(g: Graph) -> None:
    g.add("Imputer", "age", **ML, imputed_value_floats=[1.0], replaced_value_float=float("nan"))
    g.add("Add", g.last, "age")
    dense(g, W8[:1], W8[:1])


def filled_behind_a_scaling(g: Graph) -> None:
    g.add("Scaler", "age", **ML, offset=[1.0], scale=[1.0])
    g.add("Imputer", g.last, **ML, imputed_value_floats=[1.0], replaced_value_float=float("nan"))
    dense(g, W8[:1], W8[:1])


def of_numbers_that_are_cut(g: Graph) -> None:
    g.add("Cast", g.add("Cast", "age", to=INT64), to=FLOAT)
    dense(g, W8[:1], W8[:1])


def many_categories(g: Graph) -> None:
    g.add("OneHotEncoder", "colour", **ML, cats_strings=[f"c{each}" for each in range(5000)])


def a_category_twice(g: Graph) -> None:
    g.add("OneHotEncoder", "colour", **ML, cats_strings=["a", "a"])
    g.add("Reshape", g.last, g.constant(np.array([-1, 2])))
    dense(g, W8[:2], W8[:1])


REFUSED: dict[Any, tuple[str, ...]] = {
    unencoded: ("its input 'colour' is text, and nothing encodes it",),
    a_category_as_a_number: ("takes its input 'age', which is a category, as a number",),
    two_encoders: ("has other categories for its input 'colour' than an operator before it",),
    filled_and_raw: ("its input 'age' is read with and without what fills it",),
    filled_behind_a_scaling: ("(Imputer) stands behind other operators; readings would do",),
    of_numbers_that_are_cut: ("(Cast) makes int64 of numbers",),
    many_categories: ("(OneHotEncoder) has 5,000 categories",),
    a_category_twice: ("two of its", "are the same"),
}


@pytest.mark.parametrize("build", REFUSED, ids=lambda build: build.__name__)
def test_what_cannot_be_features_is_refused(tmp_path: Path, build: Any) -> None:
    graph = Graph()
    build(graph)
    kinds = {name: KINDS[name] for name in ("colour", "age")}
    message = refused(tmp_path / "m.onnx", model(graph, kinds))
    assert all(said in message for said in REFUSED[build])
