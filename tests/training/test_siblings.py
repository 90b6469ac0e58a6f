"""Rows of one person, device or shop: told where a split at random would flatter."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from support.tables import table_from

from mlp_edge.data.choices import Choices
from mlp_edge.finding import Finding
from mlp_edge.training.examples import read_examples
from mlp_edge.training.parts import parts
from mlp_edge.training.preprocessing import preprocess
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.scoring.panels import panels
from mlp_edge.training.scoring.siblings import _some_of_groups, siblings

EACH, THINGS = 10, 40
ROWS = EACH * THINGS
WHOSE = np.repeat(np.arange(THINGS), EACH)
Column = NDArray[np.generic] | list[str]


def found(target: Column, **columns: Column) -> tuple[Finding, ...]:
    """What is said of the table beside the findings of its columns, and those of kind origin."""
    cells = {
        name: [each if isinstance(each, str) else f"{each:.6g}" for each in values]
        for name, values in {**columns, "y": target}.items()
    }
    table = table_from(cells)
    examples = read_examples(table, ("y",), None, Choices())
    recipe = Recipe().resolved(examples.task)
    prepared = preprocess(examples, parts(examples, recipe, "t"), recipe)
    origins = tuple(each for each in examples.findings if each.kind == "origin")
    return (*origins, *panels(table, examples, prepared), *siblings(table, examples, prepared))


def readings(near: float, seed: int = 0) -> dict[str, Column]:
    """Three readings of each thing, ten times with noise."""
    random = np.random.default_rng(seed)
    own = random.normal(size=(THINGS, 3))[WHOSE] + near * random.normal(size=(ROWS, 3))
    return {"a": own[:, 0], "b": own[:, 1], "c": own[:, 2]}


def mixed(noise: float = 0.7) -> list[str]:
    """Two classes, which each thing has both of, and more of one."""
    random = np.random.default_rng(1)
    leaning = 2 * random.normal(size=THINGS)[WHOSE] + noise * random.normal(size=ROWS)
    return ["yes" if each > 0 else "no" for each in leaning]


def things(prefix: str = "t") -> list[str]:
    return [f"{prefix}{number:02d}" for number in WHOSE]


def test_rows_that_are_nearly_one_anothers_copies_give_each_other_away() -> None:
    (says,) = found(mixed(), made=things(), **readings(0.01))
    assert (says.kind, says.columns) == ("siblings", ("made",))
    assert says.says.startswith(
        "rows of one 'made' (40 values) have nearly the readings of one another: of 100% the "
        "nearest row is one of them. The target of the nearest row predicts a row's own with the "
        "accuracy 0."
    )
    assert says.says.endswith("flatters; `group='made'` keeps them together")
    random = np.random.default_rng(2)
    target = 5 * random.normal(size=THINGS)[WHOSE] + 2 * random.normal(size=ROWS)
    (says,) = found(target, made=things(), **readings(0.01))
    assert says.kind == "siblings"
    assert "with the R² 0." in says.says


@pytest.mark.parametrize(
    ("made", "near", "noise"),
    [
        (things(), 1.0, 0.7),  # their readings tell nobody apart
        (things(), 0.01, 50.0),  # the class has nothing to do with whose row it is
        ([f"{n}" for n in WHOSE * 17 % 101], 0.01, 0.7),  # a number, which measures something
        ([f"t{n % 4}" for n in WHOSE], 0.01, 0.7),  # a few kinds
    ],
)
def test_other_columns_are_not_told(made: list[str], near: float, noise: float) -> None:
    assert found(mixed(noise), made=made, **readings(near)) == ()


def test_a_table_of_one_column_has_no_readings_to_compare() -> None:
    assert [each.kind for each in found(mixed(), made=things())] == []


def test_large_groups_are_sampled() -> None:
    groups = np.repeat([0, 1, 2, 3], [5000, 3, 5000, 200])
    rows = _some_of_groups(np.random.default_rng(0).permutation(groups))
    assert len(rows) == 303
    many = _some_of_groups(np.repeat(np.arange(500), 10))
    assert len(many) == 1000
    assert set(np.bincount(many // 10, minlength=500).tolist()) == {0, 10}


def test_things_whose_columns_tell_the_target_are_not_told() -> None:
    """Another thing of like readings would predict as well: that is no memory."""
    columns = readings(0.01)
    kinds = ["yes" if each > 0 else "no" for each in np.asarray(columns["a"])]
    assert not [each for each in found(kinds, made=things(), **columns) if each.kind == "siblings"]


@pytest.mark.parametrize("name", ["subject", "patient_no", "Device", "sensorName"])
@pytest.mark.parametrize("words", [False, True])
def test_names_of_people_and_devices_are_told_if_their_targets_differ(
    name: str, words: bool
) -> None:
    who: Column = things() if words else WHOSE * 17 % 101
    random = np.random.default_rng(3)
    noise = random.normal(size=(2, ROWS))
    target = random.normal(size=THINGS)[WHOSE] + 1.2 * noise[0]
    (says,) = found(target, **{name: who}, a=noise[1])
    assert says.kind == "origin"
    assert f"each of the 40 values of column {name!r} has 10.0 rows on average" in says.says
    assert "and their 'y' differs (" in says.says
    (says,) = found(mixed(2.0), **{name: who}, a=noise[1])
    assert says.kind == "origin"
    assert found(noise[0], **{name: who}, a=noise[1]) == ()
    assert found(mixed(100.0), **{name: who}, a=noise[1]) == ()


# Panels


def walks(steps: float) -> NDArray[np.float64]:
    """Of each thing one series, whose values follow from the last ones."""
    random = np.random.default_rng(4)
    return np.cumsum(random.normal(size=(THINGS, EACH)), axis=1).ravel() * steps


def days() -> list[str]:
    return [(date(2024, 1, 1) + timedelta(days=row % EACH)).isoformat() for row in range(ROWS)]


@pytest.mark.parametrize("year", [False, True])
def test_a_row_for_each_thing_at_each_time_is_a_panel(year: bool) -> None:
    random = np.random.default_rng(5)
    a, b = random.normal(size=(2, ROWS))
    when: dict[str, Column] = {"year": 2000 + np.arange(ROWS) % EACH} if year else {"day": days()}
    name = next(iter(when))
    columns = {"shop": [f"s{number}" for number in WHOSE], **when, "a": a, "b": b}
    order = random.permutation(ROWS)
    shuffled = {key: [values[row] for row in order] for key, values in columns.items()}
    target = (walks(1.0) + a)[order]
    (says,) = found(target, **shuffled)
    assert (says.kind, says.columns) == ("panel", (name, "shop"))
    assert says.says.startswith(
        f"the table is a panel, a row for each of 40 values of 'shop' at each {name!r}: rows of "
        "one 'shop' that follow each other are alike"
    )
    assert f"`split='time:{name}'` tests on the last rows of each, `group='shop'`" in says.says
    assert found((walks(0.0) + a + b)[order], **shuffled) == ()
