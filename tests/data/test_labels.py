"""What is said about a target's classes, and about rows that stand in two parts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tables import shuffled, table_from

from mlp_edge.data.findings.labels import class_findings
from mlp_edge.data.findings.leaks import duplicates_across, groups
from mlp_edge.data.targets import classes, targets


def said(cells):
    table = table_from({"x": ["1"] * len(cells), "y": cells})
    labels = classes(table, "y")
    task = "binary" if len(labels) == 2 else "multiclass"
    found = class_findings(table, "y", labels, targets(table, "y", task, labels))
    return {finding.kind: finding.says for finding in found}


def test_balanced_classes_need_no_word():
    assert said(["a", "b"] * 20) == {}


def test_a_class_of_few_rows():
    says = said([*["a", "b"] * 20, "c", "d", "d"])["rare-class"]
    assert "'c' 1 row, 'd' 2 rows, the first on line 42; a single row trains" in says
    assert "single" not in said([*["a", "b"] * 20, "d", "d"])["rare-class"]
    assert "and 3 more" in said([*["a", "b"] * 20, *"cdefghij"])["rare-class"]


def test_imbalance():
    says = said(["1", *["0"] * 9, *["0"] * 10, *["1", "0"] * 4])
    assert says == {}
    says = said(shuffled(["1"] * 5 + ["0"] * 95))["imbalance"]
    assert "column 'y': '1' in 5 of 100 rows (5.0%)" in says
    assert "right in 95.0%" in says


@pytest.mark.parametrize(
    ("cells", "alike"),
    [
        (["yes", "Yes", "no", "YES"] * 5, "'YES' (5 rows), 'Yes' (5 rows), 'yes' (5 rows)"),
        (
            ["<=50K", "<=50K.", ">50K", ">50K."] * 5,
            "'<=50K' (5 rows), '<=50K.' (5 rows); '>50K' (5 rows), '>50K.' (5 rows)",
        ),
        (["New York", "NewYork", "b"] * 5, "'New York' (5 rows), 'NewYork' (5 rows)"),
    ],
)
def test_labels_that_look_alike(cells, alike):
    says = said(cells)["look-alike"]
    assert says.startswith("column 'y': classes that differ by case, blanks, quotes")
    assert alike in says


def test_sorted_classes():
    assert "sorted by class" in said(["b"] * 20 + ["a"] * 20)["sorted"]
    assert said(["b"] * 20 + ["a"] * 20 + ["b"]) == {}


def test_rows_that_stand_in_two_parts():
    rows = np.array([[1, 2], [3, 4], [1, 2], [np.nan, 0], [np.nan, -0.0], [5, 6]], np.float32)
    table = table_from({"x": map(str, range(6))})
    parts = {"training": np.array([0, 1, 3]), "test": np.array([2, 4, 5])}
    (finding,) = duplicates_across(table, rows, parts)
    assert finding.says == (
        "2 of 3 test rows have the readings of a training row, such as lines 4 and 2: scores on "
        "them flatter the model"
    )
    assert (
        duplicates_across(table, rows, {"training": parts["training"], "test": np.array([5])}) == ()
    )


READING = st.sampled_from([0.0, -0.0, 1.0, np.nan, 1e-45, 3e38])


@given(st.lists(st.tuples(READING, READING, READING), min_size=1, max_size=20))
def test_groups_are_rows_of_the_same_readings(rows):
    found = groups(np.array(rows, np.float32))
    plain = [tuple("missing" if np.isnan(x) else x + 0.0 for x in row) for row in rows]
    for one in range(len(rows)):
        for other in range(len(rows)):
            assert (found[one] == found[other]) == (plain[one] == plain[other])
