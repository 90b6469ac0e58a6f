"""Every row trains or tests, once; each class in its share, each group on one side."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlp_edge.data.splitting.folds import folds
from mlp_edge.data.splitting.split import held_out_rows, split
from mlp_edge.errors import RecipeError, TableError


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


# Groups


@st.composite
def grouped(draw, most_classes=3, fewest_groups=6):
    """Classes and groups of rows in any order; every class is in two groups or more."""
    sizes = draw(st.lists(st.integers(2, 9), min_size=fewest_groups, max_size=20))
    classes = draw(st.integers(1, most_classes))
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    group = np.repeat(np.arange(len(sizes)), sizes)
    kind = random.integers(0, classes, len(group))
    for each in range(classes):
        kind[group == each] = each  # a group of each class ...
        kind[np.flatnonzero(group == each + classes)[0]] = each  # ... and a row in another one
    order = random.permutation(len(group))
    numbers = random.permutation(1000)[: len(sizes)]
    return kind[order].astype(np.int64), numbers[group[order]].astype(np.int64), seed


@given(table=grouped(), test_size=st.floats(0.05, 0.8), regression=st.booleans())
def test_no_group_is_on_two_sides_and_the_share_is_as_near_as_groups_allow(
    table, test_size, regression
):
    kind, group, seed = table
    classes = None if regression else kind
    train, test = split(len(kind), test_size, seed, classes=classes, groups=group)
    assert train.dtype == test.dtype == np.int64
    assert len(train)
    assert len(test)
    assert np.concatenate([train, test]).size == len(kind)
    assert np.union1d(train, test).tolist() == list(range(len(kind)))
    assert train.tolist() == sorted(train)
    assert test.tolist() == sorted(test)
    assert not np.intersect1d(group[train], group[test]).size
    if regression:
        # Within half of the largest group: nothing is gained by moving one more.
        largest = np.unique_counts(group).counts.max()
        alone = len(np.unique(group[test])) == 1 or len(np.unique(group[train])) == 1
        assert alone or abs(len(test) - test_size * len(kind)) <= largest / 2
    else:
        assert set(kind[train]) == set(kind)
    again = split(len(kind), test_size, seed, classes=classes, groups=group)
    assert again[1].tolist() == test.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_groups_of_one_row_are_split_like_rows(seed):
    classes = np.repeat([0, 1, 2], [140, 40, 20])
    test = split(200, 0.2, seed, classes=classes, groups=np.arange(200))[1]
    np.testing.assert_allclose(np.bincount(classes[test]), [28, 8, 4], atol=3)


@pytest.mark.parametrize("seed", range(5))
def test_the_share_is_one_of_rows_not_of_groups(seed):
    # Half of the rows are one group's: a fifth of the groups is anything but a fifth of the rows.
    group = np.array([0] * 100 + list(range(1, 101)))
    assert len(split(200, 0.2, seed, groups=group)[1]) == 40
    assert len(split(200, 0.5, seed, groups=group)[1]) in range(99, 102)


@pytest.mark.parametrize("seed", range(5))
def test_both_parts_have_the_mix_of_classes_when_every_group_is_of_one(seed):
    # Thirty patients of four rows, ten of them ill.
    group = np.repeat(np.arange(30), 4)
    classes = (group % 3 == 0).astype(np.int64)
    train, test = split(120, 0.2, seed, classes=classes, groups=group)
    assert np.bincount(classes[test]).tolist() == [16, 8]
    assert np.bincount(classes[train]).tolist() == [64, 32]


@pytest.mark.parametrize("seed", range(10))
def test_a_class_of_two_groups_is_in_both_parts(seed):
    group = np.repeat(np.arange(20), 5)
    classes = np.isin(group, [3, 4]).astype(np.int64)
    train, test = split(100, 0.2, seed, classes=classes, groups=group)
    assert set(classes[train]) == set(classes[test]) == {0, 1}


@pytest.mark.parametrize("seed", range(10))
def test_the_only_group_of_a_class_trains(seed):
    group = np.repeat(np.arange(10), 3)
    classes = np.where(group == 7, 2, np.arange(30) % 2)
    train, test = split(30, 0.4, seed, classes=classes, groups=group)
    assert {21, 22, 23} <= set(train.tolist())
    assert len(test) == 12
    for seen, tested in folds(30, 3, seed, classes=classes, groups=group):
        assert {21, 22, 23} <= set(seen.tolist())
        assert len(tested) == 9


def test_another_seed_tests_other_groups():
    group = np.repeat(np.arange(25), 4)
    first, second = (split(100, 0.2, seed, groups=group)[1].tolist() for seed in (1, 2))
    assert first != second
    # Seed 7 stays what it is.
    assert split(100, 0.2, 7, groups=group)[1][::4].tolist() == [12, 16, 60, 68, 76]


def test_nothing_held_back_tears_no_group():
    assert split(12, 0, 1, groups=np.zeros(12, np.int64))[0].tolist() == list(range(12))


def test_one_group():
    one = np.full(40, 3)
    for part in (
        lambda: split(40, 0.2, 1, groups=one, source="t.csv"),
        lambda: folds(40, 5, 1, groups=one, source="t.csv"),
    ):
        with pytest.raises(TableError, match=r"t\.csv: all of 40 rows are of one group") as caught:
            part()
        assert "another `group`" in str(caught.value)


def test_every_group_alone_with_a_class():
    group = np.repeat([0, 1, 2], 5)
    with pytest.raises(TableError, match="each of 3 groups has a class that no other has"):
        split(15, 0.2, 1, classes=group, groups=group)
    with pytest.raises(TableError, match="can be spared from training, and there are 0; add gr"):
        folds(15, 3, 1, classes=group, groups=group)


# Folds


@given(
    rows=st.integers(12, 80),
    count=st.integers(2, 12),
    seed=st.integers(0, 2**32 - 1),
    classes=st.integers(1, 3),
)
def test_every_row_tests_once_and_the_mix_is_kept_within_a_row(rows, count, seed, classes):
    random = np.random.default_rng(seed)
    kind = None if classes == 1 else random.permutation(np.arange(rows) % classes).astype(np.int64)
    if kind is not None:
        count = min(count, int(np.bincount(kind).max()))
    found = folds(rows, count, seed, classes=kind)
    assert len(found) == count
    assert sorted(np.concatenate([test for _, test in found])) == list(range(rows))
    for train, test in found:
        assert train.dtype == test.dtype == np.int64
        assert np.union1d(train, test).tolist() == list(range(rows))
        assert len(train) + len(test) == rows
        assert test.tolist() == sorted(test)
        assert len(test) in (rows // count, -(-rows // count))
        if kind is not None:
            counts = np.bincount(kind[test], minlength=classes)
            np.testing.assert_array_less(np.abs(counts - np.bincount(kind) / count), 1)
    again = folds(rows, count, seed, classes=kind)
    assert [test.tolist() for _, test in again] == [test.tolist() for _, test in found]


@given(table=grouped(), count=st.integers(2, 6), regression=st.booleans())
def test_a_group_tests_once_as_a_whole(table, count, regression):
    kind, group, seed = table
    classes = None if regression or len(set(kind)) == 1 else kind
    count = min(count, int(np.unique_counts(kind).counts.max()))
    found = folds(len(kind), count, seed, classes=classes, groups=group)
    assert len(found) == count
    assert sorted(np.concatenate([test for _, test in found])) == list(range(len(kind)))
    for train, test in found:
        assert len(test)
        assert len(train) + len(test) == len(kind)
        assert not np.intersect1d(group[train], group[test]).size
        assert classes is None or set(kind[train]) == set(kind)
    if classes is None:
        # The lightest fold gets the next group: no two are further apart than a group is large.
        sizes = [len(test) for _, test in found]
        assert max(sizes) - min(sizes) <= np.unique_counts(group).counts.max()
    again = folds(len(kind), count, seed, classes=classes, groups=group)
    assert [test.tolist() for _, test in again] == [test.tolist() for _, test in found]


@pytest.mark.parametrize("groups", [None, np.arange(60) // 2])
@pytest.mark.parametrize("classes", [None, np.arange(60) % 2])
def test_another_seed_makes_other_folds(groups, classes):
    first, second = (
        {tuple(test.tolist()) for _, test in folds(60, 5, seed, classes=classes, groups=groups)}
        for seed in (1, 2)
    )
    assert not first & second


def test_grouped_folds_have_the_same_mix():
    group = np.repeat(np.arange(30), 4)
    classes = (group % 3 == 0).astype(np.int64)
    for _, test in folds(120, 5, 0, classes=classes, groups=group):
        assert np.bincount(classes[test]).tolist() == [16, 8]


def test_folds_of_groups_that_a_greedy_search_for_the_same_mix_gets_wrong():
    # Whatever the order, scikit-learn's puts every row of class 1 into one fold.
    classes = [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 0, 0, 2, 2, 2, 0, 2, 1, 1, 2, 1, 1]
    groups = [5, 5, 4, 0, 5, 5, 0, 2, 2, 2, 3, 3, 1, 4, 2, 0, 2, 5, 5, 1, 5, 0]
    classes, groups = np.array(classes), np.array(groups)
    for seed in range(5):
        for train, test in folds(22, 2, seed, classes=classes, groups=groups):
            assert set(classes[train]) == {0, 1, 2}
            assert not np.intersect1d(groups[train], groups[test]).size


def test_one_group_left_out_at_a_time():
    # Groups of one class each: scikit-learn may well leave a fold empty.
    group = np.repeat(np.arange(8), [3, 5, 2, 4, 6, 2, 3, 5])
    classes = (group % 2).astype(np.int64)
    for seed in range(30):
        found = folds(30, 8, seed, classes=classes, groups=group)
        assert sorted({int(group[test][0]) for _, test in found}) == list(range(8))


def test_the_only_row_of_a_class_always_trains():
    classes = np.array([2] + [0] * 10 + [1] * 8 + [3])
    found = folds(20, 4, 0, classes=classes)
    assert sorted(np.concatenate([test for _, test in found])) == list(range(1, 19))
    assert all({0, 19} <= set(train.tolist()) for train, _ in found)


def test_a_class_with_fewer_rows_than_folds_is_no_reason_for_a_warning():
    classes = np.array([0] * 27 + [1] * 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = folds(30, 10, 0, classes=classes)
        folds(30, 10, 0, classes=classes, groups=np.arange(30))
        folds(30, 10, 0)
    assert sum(classes[test].sum() for _, test in found) == 3
    assert all(set(classes[train]) == {0, 1} for train, _ in found)


@pytest.mark.parametrize("count", [1, 0, -3])
def test_fewer_than_two_folds(count):
    with pytest.raises(RecipeError, match=f"`cv` takes at least 2 folds, such as 10; got {count}"):
        folds(100, count, 1)


HALVES = np.arange(12) % 2
PAIRS = np.arange(12) // 2
NESTED = {
    # Two groups with the only rows of class 1, which balance one large group with everything else.
    "classes": np.array([1] + [0] * 3 + [2] * 3 + [1] + [3] * 3 + [4] * 3 + [0, 2, 3, 4] * 9),
    "groups": np.repeat([0, 1, 2], [7, 7, 36]),
}


@pytest.mark.parametrize(
    ("rows", "count", "given", "said"),
    [
        (9, 3, {}, "t.csv: 9 rows; to train and to test takes at least 10"),
        (12, 20, {}, "`cv=20` takes as many rows that can be spared from training, and there are "
         "12; `cv=12` would do"),
        (12, 7, {"groups": PAIRS}, "`cv=7` takes as many groups that can be spared from training, "
         "and there are 6; `cv=6` would do"),
        (12, 10, {"classes": HALVES}, "`cv=10` takes a class of as many rows, and the largest that "
         "can be tested has 6; `cv=6` would do"),
        (12, 5, {"classes": np.arange(12)}, "and there are 0; add rows"),
        (12, 3, {"classes": np.ones(12, np.int64), "labels": ("a", "b")},
         "all of 12 rows are of class 'b'; learning takes two classes"),
        (50, 2, {**NESTED, "labels": tuple("abcde")}, "3 groups were split in 41 ways, and none "
         "gives 2 folds that all have rows to test and every class to train on: class 'd' is in 2 "
         "groups, which fell into one fold; another number"),
    ],
    ids=["rows", "folds", "groups", "class", "alone", "one class", "untrained"],
)  # fmt: skip
def test_folds_that_cannot_be(rows, count, given, said):
    with pytest.raises(TableError) as caught:
        folds(rows, count, 1, source="t.csv", **given)
    assert said in str(caught.value)
    assert str(caught.value).startswith("t.csv: ")


# What a saved model held out


def test_as_many_twins_of_a_row_as_were_held_out():
    rows = np.array([[1], [2], [1], [3], [1]], np.float32)
    held_out = np.array([[1], [3], [1], [9]], np.float32)
    assert held_out_rows(rows, held_out).tolist() == [True, False, True, True, False]
    assert not held_out_rows(rows, held_out[:0]).any()


def test_the_group_of_a_held_out_row_was_held_out():
    rows = np.array([[1], [2], [3], [4], [5]], np.float32)
    held_out = np.array([[2]], np.float32)
    groups = np.array([0, 1, 0, 1, 2])
    assert held_out_rows(rows, held_out, groups).tolist() == [False, True, False, True, False]


def test_a_twin_does_not_turn_a_trained_group_into_a_held_out_one():
    # The first group was trained on, and one of its rows reads like one of the second's.
    rows = np.array([[1], [2], [1], [3]], np.float32)
    groups = np.array([0, 0, 1, 1])
    assert held_out_rows(rows, rows[2:], groups).tolist() == [False, False, True, True]


@given(table=grouped(), share=st.floats(0.1, 0.6))
def test_the_groups_that_were_held_out_are_found_again(table, share):
    _, groups, seed = table
    rows = np.random.default_rng(seed).normal(size=(len(groups), 3)).astype(np.float32)
    _, test = split(len(groups), share, seed, groups=groups)
    assert np.flatnonzero(held_out_rows(rows, rows[test], groups)).tolist() == test.tolist()
    # A table with further rows of them: those were not seen either.
    more = np.concatenate([rows, rows + 100])
    found = held_out_rows(more, rows[test], np.tile(groups, 2))
    assert np.array_equal(found, np.tile(np.isin(groups, groups[test]), 2))
