"""Every row trains or tests, once; each class in its share."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlp_edge.data.split import split
from mlp_edge.errors import RecipeError, TableError


@settings(deadline=None)
@given(
    rows=st.integers(10, 60),
    test_size=st.floats(0.2, 0.7),
    seed=st.integers(0, 2**32 - 1),
    stratified=st.booleans(),
)
def test_the_parts_are_all_rows_once_and_ascending(rows, test_size, seed, stratified):
    classes = np.arange(rows, dtype=np.int64) % 2 if stratified else None
    train, test = split(rows, test_size, seed, classes=classes)
    assert train.dtype == test.dtype == np.int64
    assert sorted([*train, *test]) == list(range(rows))
    assert train.tolist() == sorted(train)
    assert test.tolist() == sorted(test)
    assert len(test) == np.ceil(round(test_size * rows, 9))
    again = split(rows, test_size, seed, classes=classes)
    assert [part.tolist() for part in again] == [train.tolist(), test.tolist()]


def test_a_share_is_rounded_up_but_not_by_the_noise_of_a_product():
    assert 0.07 * 100 > 7
    assert len(split(100, 0.07, 1)[1]) == 7
    assert len(split(101, 0.07, 1)[1]) == 8
    assert len(split(100, 1e-15, 1)[1]) == 1


def test_another_seed_is_another_split():
    assert split(100, 0.2, 1)[1].tolist() != split(100, 0.2, 2)[1].tolist()


def test_the_split_of_seed_7_does_not_change():
    assert split(20, 0.2, 7)[1].tolist() == [1, 2, 5, 17]
    assert split(20, 0.2, 7, classes=np.arange(20) % 2)[1].tolist() == [8, 12, 15, 17]


def test_classes_keep_their_share_even_when_sorted():
    classes = np.repeat([0, 1, 2], [70, 20, 10])
    train, test = split(100, 0.2, 0, classes=classes)
    assert np.bincount(classes[test]).tolist() == [14, 4, 2]
    assert np.bincount(classes[train]).tolist() == [56, 16, 8]


def test_nothing_held_back():
    train, test = split(4, 0, 1, classes=np.array([0, 1, 1, 0]))
    assert train.tolist() == [0, 1, 2, 3]
    assert test.shape == (0,)
    assert test.dtype == np.int64


@pytest.mark.parametrize("test_size", [-0.1, 1, 1.5, float("nan")])
def test_no_share(test_size):
    with pytest.raises(RecipeError, match="no share of the rows"):
        split(100, test_size, 1)


def test_a_share_that_leaves_nothing_to_train_on():
    with pytest.raises(RecipeError, match="leaves none of 100 rows"):
        split(100, 0.999, 1)


@pytest.mark.parametrize(
    ("rows", "test_size", "said"),
    [
        (3, 0.2, "t.csv: 3 rows; to train and to test takes at least 10"),
        (1, 0.2, "t.csv: 1 row; to train and to test takes at least 10"),
        (1, 0, "t.csv: 1 row; to train takes at least 2"),
    ],
)
def test_too_few_rows(rows, test_size, said):
    with pytest.raises(TableError, match=said):
        split(rows, test_size, 1, source="t.csv")


@pytest.mark.parametrize("seed", range(5))
def test_the_only_row_of_a_class_trains(seed):
    classes = np.array([2] + [0] * 10 + [1] * 8 + [3])
    train, test = split(20, 0.2, seed, classes=classes)
    assert train.tolist() == sorted(train)
    assert {0, 19} <= set(train.tolist())
    assert sorted([*train, *test]) == list(range(20))
    assert len(test) == 4
    assert train.dtype == test.dtype == np.int64
    assert set(classes[test]) == {0, 1}


def test_nothing_but_single_rows():
    with pytest.raises(TableError, match=r"t\.csv: another class in each of 20 rows"):
        split(20, 0.2, 1, classes=np.arange(20), source="t.csv")


def test_more_classes_than_rows_to_test():
    with pytest.raises(TableError, match=r"t\.csv: 5 classes but 2 of 20 rows to test"):
        split(20, 0.1, 1, classes=np.arange(20) % 5, source="t.csv")


def test_a_class_with_none_left_to_train_on():
    classes = np.array([0] * 98 + [1] * 2)
    with pytest.raises(TableError, match="class 'few' has 2 rows, and none is left to train on"):
        split(100, 0.9, 1, classes=classes, labels=("many", "few"))
