"""The tables that ship: rebuilt to the byte, and what is known of them."""

import hashlib

import numpy as np
import pytest

from mlp_edge.data.build_sets import build
from mlp_edge.data.examples import feature_names, features, find_target
from mlp_edge.data.reading.read import read_table
from mlp_edge.data.sets import DEFAULT_SET, SETS
from mlp_edge.data.targets import classes, detect_task, targets

PIMA_SUMS = [2953, 92847, 53073, 15772, 61286, 24570.3, 362.401, 25529, 268]


def test_rebuilding_gives_the_same_bytes(tmp_path):
    build(tmp_path)
    built = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert built == {
        f"{name}.csv": data_set.location.read_bytes() for name, data_set in SETS.items()
    }


@pytest.mark.parametrize(
    ("name", "rows", "width", "task", "labels"),
    [
        ("pima", 768, 8, "binary", ("0", "1")),
        ("iris", 150, 4, "multiclass", ("setosa", "versicolor", "virginica")),
        ("sine", 1000, 1, "regression", None),
    ],
)
def test_a_set_is_named_and_read(name, rows, width, task, labels):
    table = read_table(name)
    target = find_target(table)
    assert (table.name, table.source, table.header) == (name, name, True)
    assert target == SETS[name].target == table.columns[-1]
    assert features(table, feature_names(table, target)).shape == (rows, width)
    assert detect_task(table, target)[0] == task
    assert labels is None or classes(table, target) == labels
    assert table.sha256 == hashlib.sha256(SETS[name].location.read_bytes()).hexdigest()


def test_pima_is_the_default():
    assert DEFAULT_SET == "pima"


def test_pima_is_the_original():
    table = read_table("pima")
    assert table.columns == (
        "pregnancies", "glucose", "pressure", "skin", "insulin", "bmi", "pedigree", "age",
        "diabetes",
    )  # fmt: skip
    assert [table.column(name)[0] for name in table.columns] == [
        "6", "148", "72", "35", "0", "33.6", "0.627", "50", "1",
    ]  # fmt: skip
    numbers = np.array([table.column(name).astype(float) for name in table.columns])
    np.testing.assert_allclose(numbers.sum(axis=1), PIMA_SUMS, rtol=0, atol=1e-6)
    zeros = dict(zip(table.columns, (numbers == 0).sum(axis=1), strict=True))
    not_measured = {"glucose": 5, "pressure": 35, "skin": 227, "insulin": 374, "bmi": 11}
    assert {name: zeros[name] for name in not_measured} == not_measured


def test_iris_has_fifty_of_each():
    table = read_table("iris")
    indices = targets(table, "species", "multiclass", classes(table, "species"))
    assert np.bincount(indices).tolist() == [50, 50, 50]


def test_sine_is_a_noisy_sine():
    table = read_table("sine")
    x, y = features(table, ["x", "y"]).T
    assert 0 <= x.min() < 0.05
    assert 6.2 < x.max() <= 2 * np.pi
    assert abs(float((y - np.sin(x)).std()) - 0.1) < 0.01
