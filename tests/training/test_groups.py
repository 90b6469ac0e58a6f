"""Rows of a patient, a recording, a device stay on one side of every split."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.tables import clean, spoilt, table_from

from mlp_edge.data.choices import Choices
from mlp_edge.data.reading.read import read_table
from mlp_edge.data.table import Table
from mlp_edge.errors import RecipeError, TableError
from mlp_edge.mlp import Task
from mlp_edge.training.examples import Examples, read_examples, reread_examples
from mlp_edge.training.parts import Parts, folds, parts, parts_like
from mlp_edge.training.recipe import Recipe

ROWS = 60
PATIENTS = [f"p{row // 4}" for row in range(ROWS)]


def examples_of(
    table: Table, *targets: str, group: str | None = "who", task: Task | None = None, **choices: Any
) -> Examples:
    return read_examples(table, targets, task, Choices(**choices), group)


def ward(**columns: list[str]) -> Table:
    return clean(ROWS, who=PATIENTS, **columns)


def names(examples: Examples) -> list[str]:
    return [feature.name for feature in examples.features]


# The column


def test_nothing_is_learned_from_the_group_and_nothing_is_said_about_it() -> None:
    grouped, dropped = examples_of(ward()), examples_of(ward(), group=None, drop=("who",))
    assert names(grouped) == names(dropped) == ["a", "b"]
    assert grouped.findings == dropped.findings == ()
    assert grouped.groups is not None
    assert grouped.groups.dtype == np.int64
    assert grouped.groups.tolist() == [row // 4 for row in range(ROWS)]
    assert dropped.groups is None
    assert np.array_equal(grouped.rows, dropped.rows)
    assert names(examples_of(ward(), drop=("who", "b"))) == ["a"]


def test_groups_are_compared_as_text_without_the_blanks_around_it() -> None:
    cells = ["1", " 1", "1 ", "1.0", "01", "A", "a", " a "] * 6
    examples = examples_of(clean(48, who=cells))
    assert examples.groups is not None
    assert examples.groups.tolist() == [0, 0, 0, 1, 2, 3, 4, 4] * 6


@pytest.mark.parametrize(
    ("group", "choices", "said"),
    [
        ("whom", {}, "no column 'whom' for `group`; the columns are 'a', 'b', 'who', 'y'; did you "
         "mean 'who'?"),
        ("y", {}, "`group` names the target, 'y'"),
        ("who", {"drop": ("a", "b")}, "no column is left to predict from besides 'who' of `group`"),
    ],
    ids=["unknown", "target", "only"],
)  # fmt: skip
def test_a_group_that_cannot_be(group: str, choices: dict[str, Any], said: str) -> None:
    with pytest.raises(TableError) as caught:
        examples_of(ward(), group=group, **choices)
    assert str(caught.value).startswith("dir/t.csv: ")
    assert said in str(caught.value)


@pytest.mark.parametrize("option", ["keep", "categorical", "numeric", "reject", "indicator"])
def test_options_that_would_learn_from_the_group(option: str) -> None:
    with pytest.raises(
        RecipeError, match=f"`group` and `{option}` contradict each other: both name 'who'"
    ):
        examples_of(ward(), **{option: ("who",)})


@pytest.mark.parametrize(
    ("cell", "missing", "said"),
    [
        (" ", (), "the cell is empty, so that nobody knows whose row it is"),
        ("NA", (), "'NA' stands for a missing value, so"),
        ("unknown", ("who=unknown",), "'unknown' stands for a missing value, so"),
        ("-1", ("who=-1",), "'-1' stands for a missing value, so"),
    ],
)
def test_a_row_of_nobody(cell: str, missing: tuple[str, ...], said: str) -> None:
    table = clean(ROWS, who=spoilt(PATIENTS, _9=cell, _40=cell))
    with pytest.raises(TableError) as caught:
        examples_of(table, missing=missing)
    assert str(caught.value).startswith(f"dir/t.csv, line 9, column 'who': {said}")
    assert str(caught.value).endswith("(1 more such cell)")
    assert ("`present=['who=NA']` if it is one" in str(caught.value)) is (cell == "NA")


def test_a_class_that_one_group_has_alone_is_told_about() -> None:
    kinds = ["rare" if who == "p3" else "ab"[row % 2] for row, who in enumerate(PATIENTS)]
    examples = examples_of(ward(y=kinds))
    (said,) = [found.says for found in examples.findings if "group" in found.says]
    assert said == (
        "column 'y': all 4 rows of class 'rare' are of one group, 'who' 'p3'; what one group has "
        "trains and is never tested"
    )
    chosen = parts(examples, Recipe(test_size=0.5), "t")
    assert {12, 13, 14, 15} <= set(chosen.training.tolist())


def test_a_saved_model_reads_the_groups_of_another_table() -> None:
    first = examples_of(ward())
    manifest: Any = SimpleNamespace(
        features=first.features, targets=first.names, labels=first.labels, task=first.task,
        missing_targets={},
    )  # fmt: skip
    again = reread_examples(ward(), manifest, "who")
    assert again.groups is not None
    assert again.groups.tolist() == [row // 4 for row in range(ROWS)]
    assert reread_examples(ward(), manifest).groups is None
    with pytest.raises(TableError, match="no column 'which' for `group`"):
        reread_examples(ward(), manifest, "which")


def test_a_group_called_na_stays_one_when_a_model_exists() -> None:
    table = clean(ROWS, who=["NA" if patient == "p3" else patient for patient in PATIENTS])
    first = examples_of(table, present=("who=NA",))
    manifest: Any = SimpleNamespace(
        features=first.features, targets=first.names, labels=first.labels, task=first.task,
        missing_targets={},
    )  # fmt: skip
    again = reread_examples(table, manifest, "who")
    assert again.groups is not None
    assert again.groups.tolist() == [row // 4 for row in range(ROWS)]


# The parts


def apart(examples: Examples, chosen: Parts) -> None:
    """No group is in two parts."""
    assert examples.groups is not None
    sides = (chosen.training, chosen.validation, chosen.test)
    groups = [group for rows in sides for group in np.unique(examples.groups[rows])]
    assert len(groups) == len(set(groups))


@pytest.mark.slow
@given(
    sizes=st.lists(st.integers(2, 8), min_size=12, max_size=20),
    seed=st.integers(0, 2**32 - 3),
    validation=st.sampled_from([0.0, 0.1, 0.3]),
    task=st.sampled_from(["binary", "regression"]),
)
def test_no_group_is_torn(sizes: list[int], seed: int, validation: float, task: Task) -> None:
    who = np.repeat(np.arange(len(sizes)), sizes)
    examples = made(who, seed, task)
    recipe = Recipe(seed=seed, test_size=0.25, validation_size=validation)
    chosen = parts(examples, recipe, "t")
    apart(examples, chosen)
    together = np.concatenate([chosen.training, chosen.validation, chosen.test])
    assert sorted(together) == list(range(len(who)))
    assert len(chosen.test)
    assert bool(len(chosen.validation)) == bool(validation)

    again = parts_like(examples, examples.rows[chosen.test], recipe, "t")
    assert again.test.tolist() == chosen.test.tolist()
    assert again.validation.tolist() == chosen.validation.tolist()

    found = folds(examples, recipe, 3, 2, "t")
    assert len(found) == 6
    for repeat in (found[:3], found[3:]):
        assert sorted(np.concatenate([part.test for part in repeat])) == list(range(len(who)))
    for part in found:
        apart(examples, part)
        together = np.concatenate([part.training, part.validation, part.test])
        assert sorted(together) == list(range(len(who)))
        assert bool(len(part.validation)) == bool(validation)


def made(who: NDArray[np.int64], seed: int, task: Task) -> Examples:
    """Examples of these groups; every group has rows of both classes."""
    count = len(who)
    rows = np.random.default_rng(seed).normal(size=(count, 2)).astype(np.float32)
    targets = np.arange(count) % 2 if task == "binary" else rows[:, :1]
    labels = ("0", "1") if task == "binary" else ()
    return Examples(
        (), (), ("y",), task, "", labels, rows, targets, [("",)] * count, (), groups=who,
        table=clean(),
    )  # fmt: skip


def test_the_rows_of_a_held_out_group_are_never_trained_on() -> None:
    examples = examples_of(ward())
    recipe = Recipe(validation_size=0.2)
    chosen = parts(examples, recipe, "t")
    # A saved model knows the readings of what it held out; one row of a group is enough.
    found = parts_like(examples, examples.rows[chosen.test[:1]], recipe, "t")
    assert examples.groups is not None
    assert len(found.test) == 4
    assert set(examples.groups[found.test]) == {examples.groups[chosen.test[0]]}
    apart(examples, found)


def test_training_rows_of_one_group_leave_none_for_validation() -> None:
    table = clean(ROWS, who=["x"] * 30 + ["z"] * 30)
    examples = examples_of(table)
    chosen = parts(examples, Recipe(), "t")
    assert len(chosen.test) == 30
    with pytest.raises(TableError, match=r"t \(its training rows\): all of 30 rows are of one gr"):
        parts(examples, Recipe(validation_size=0.1), "t")


# The folds


@pytest.mark.parametrize("name", ["pima", "iris", "sine"])
def test_folds_test_every_row_once_in_every_repeat(name: str) -> None:
    examples = examples_of(read_table(name), group=None)
    recipe = Recipe(seed=3, validation_size=0.1)
    found = folds(examples, recipe, 5, 3, name)
    count = len(examples.rows)
    assert len(found) == 15
    for first in (0, 5, 10):
        repeat = found[first : first + 5]
        assert sorted(np.concatenate([part.test for part in repeat])) == list(range(count))
    for part in found:
        assert len(part.test) in (count // 5, -(-count // 5))
        assert len(part.validation) == -(-(count - len(part.test)) // 10)
        together = np.concatenate([part.training, part.validation, part.test])
        assert sorted(together) == list(range(count))
        if examples.task != "regression":
            share = np.bincount(examples.targets) / count
            for rows in (part.training, part.validation, part.test):
                mix = np.bincount(examples.targets[rows])
                np.testing.assert_allclose(mix, share * len(rows), atol=1.2)
    assert len({tuple(part.test.tolist()) for part in found}) == 15

    def lists(every: list[Parts]) -> list[list[list[int]]]:
        return [[rows.tolist() for rows in vars(part).values()] for part in every]

    assert lists(folds(examples, recipe, 5, 3, name)) == lists(found)
    # Repeat r is what the seed r further makes first.
    later = dataclasses.replace(recipe, seed=5)
    assert lists(folds(examples, later, 5, 1, name)) == lists(found)[10:]
    # The share of test rows has no say.
    assert lists(folds(examples, dataclasses.replace(recipe, test_size=0), 5, 3, name)) == lists(
        found
    )


def test_folds_of_some_rows() -> None:
    examples = examples_of(ward())
    chosen = parts(examples, Recipe(), "t")
    search = folds(examples, Recipe(validation_size=0.2), 4, 1, "t", rows=chosen.training)
    assert sorted(np.concatenate([part.test for part in search])) == chosen.training.tolist()
    for part in search:
        apart(examples, part)
        together = np.concatenate([part.training, part.validation, part.test])
        assert sorted(together) == chosen.training.tolist()


@pytest.mark.parametrize(
    ("count", "repeats", "seed", "said"),
    [
        (1, 1, 0, "`cv` takes at least 2 folds"),
        (5, 0, 0, "`repeats` is at least 1; got 0"),
        (5, 2, 2**32 - 1, "`seed`"),
    ],
)
def test_folds_that_nobody_can_make(count: int, repeats: int, seed: int, said: str) -> None:
    examples = examples_of(ward())
    with pytest.raises(RecipeError, match=said):
        folds(examples, Recipe(seed=seed), count, repeats, "t")


def test_folds_say_which_table() -> None:
    cells = [str(row) for row in range(ROWS)]
    table = table_from({"a": cells, "who": PATIENTS, "y": ["no", "yes"] * 30})
    with pytest.raises(TableError, match=r"t: `cv=16` takes as many groups .* there are 15"):
        folds(examples_of(table, keep=("a",)), Recipe(), 16, 1, "t")


# The threshold


def test_the_truth_takes_a_threshold() -> None:
    examples = examples_of(ward())
    rows = np.arange(10)
    assert examples.truth(rows).threshold == np.float32(0.5)
    truth = examples.truth(rows, np.float32(0.3))
    assert truth.threshold == np.float32(0.3)
    assert truth.targets.tolist() == examples.targets[:10].tolist()
    assert truth.chosen(np.array([[0.29], [0.31]], np.float32)).tolist() == [0, 1]
