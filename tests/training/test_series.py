"""A split at random that flatters is said so: of series and of patients, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.commands import Type
from support.tables import table_from

from mlp_edge.data.choices import Choices
from mlp_edge.data.reading.read import read_table
from mlp_edge.data.table import Table
from mlp_edge.finding import Finding
from mlp_edge.training.examples import read_examples
from mlp_edge.training.parts import parts
from mlp_edge.training.preprocessing import preprocess
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.scoring.series import out_of_order, series

ROWS = 300
Random = np.random.Generator


def table(**columns: Iterable[object]) -> Table:
    texts = {name: [x if isinstance(x, str) else f"{x:.6g}" for x in cells]
             for name, cells in columns.items()}  # fmt: skip
    return table_from(texts)


def found(read: Table, target: str | None = None, **options: Any) -> tuple[Finding, ...]:
    """What is said about the order of a table."""
    wanted = () if target is None else (target,)
    examples = read_examples(read, wanted, None, Choices(**options))
    recipe = Recipe().resolved(examples.task)
    chosen = parts(examples, recipe, "t")
    return series(read, examples, preprocess(examples, chosen, recipe), chosen)


def ordered(read: Table, order: NDArray[np.int64]) -> Table:
    return table_from({name: np.array(cells)[order] for name, cells in read.cells.items()})


def walks(seed: int, rows: int = ROWS) -> dict[str, NDArray[np.float64]]:
    """Three random walks that have nothing to do with one another."""
    a, b, y = np.random.default_rng(seed).normal(size=(3, rows)).cumsum(axis=1)
    return {"a": a, "b": b, "y": y}


def hours(count: Sequence[int] | NDArray[np.int64]) -> list[str]:
    start = np.datetime64("2026-01-01T00")
    return [f"{start + np.timedelta64(int(hour), 'h')}:00".replace("T", " ") for hour in count]


def test_a_series_is_told_with_its_evidence() -> None:
    for seed in range(5):
        (finding,) = found(table(**walks(seed)))
        assert finding.kind == "series"
        assert finding.says.startswith(
            "rows next to each other in the file are alike: the errors of a linear model correlate "
            "by 0."
        )
        assert "in 300 rows (chance: ±0.12)" in finding.says
        assert "R² of a linear model is " in finding.says
        assert "on the last fifth. `split='time'` tests on the last rows, `group=" in finding.says
        assert finding.columns == ()


@pytest.mark.parametrize("way", [1, -1, 0], ids=["rising", "falling", "shuffled"])
def test_dates_say_what_the_order_is(way: int) -> None:
    order = np.random.default_rng(3).permutation(ROWS) if way == 0 else np.arange(ROWS)[::way]
    (finding,) = found(ordered(table(when=hours(range(ROWS)), **walks(1)), order))
    assert finding.says.startswith("rows next to each other by 'when' are alike: ")
    assert "`split='time:when'` tests on the last rows" in finding.says
    assert finding.columns == ("when",)


def test_a_column_of_numbers_may_say_when() -> None:
    years = np.arange(ROWS) // 2 + 0.5
    (finding,) = found(table(year=years, **walks(2)), "y")
    assert "`split='time:year'`" in finding.says
    assert found(table(size=years, **walks(2)), "y") == ()  # sorted by size, for all we know


def test_classes_in_time() -> None:
    walk = walks(4, 500)
    classes = ["wet" if x > 0 else "dry" for x in np.sin(np.arange(500) / 40) + walk["a"] / 20]
    dated = table(when=hours(range(500)), a=walk["a"], b=walk["b"], y=classes)
    (finding,) = found(dated)
    assert "accuracy of a linear model is 0." in finding.says


@pytest.mark.parametrize("name", ["pima", "iris", "sine"])
def test_nothing_is_said_about_the_sets(name: str) -> None:
    assert found(read_table(name)) == ()


@pytest.mark.parametrize(
    ("name", "target", "by"),
    [
        ("pima", "diabetes", "glucose"), ("pima", "diabetes", "age"),
        ("pima", "diabetes", "diabetes"), ("iris", "species", "petal_length"),
        ("sine", "y", "x"), ("sine", "y", "y"),
    ],
)  # fmt: skip
def test_a_table_that_is_sorted_is_no_series(name: str, target: str, by: str) -> None:
    read = read_table(name)
    order = np.argsort(read.numbers(by), kind="stable")
    assert found(ordered(read, order), target) == ()
    assert found(ordered(read, order[::-1]), target) == ()


def honest(random: Random, rows: int) -> dict[str, NDArray[np.float64]]:
    """Rows that have nothing to do with one another."""
    a, b = random.normal(size=(2, rows))
    return {"a": a, "b": b, "y": a + b**2 + random.normal(size=rows)}


@pytest.mark.parametrize("by", ["a", "b", "y", None])
@pytest.mark.parametrize("noise", [0, 0.02, 0.3, 1])
def test_few_false_alarms(by: str | None, noise: float) -> None:
    alarms = 0
    for seed in range(6):
        random = np.random.default_rng(seed)
        columns = honest(random, int(random.integers(60, 500)))
        rows = len(columns["a"])
        key = noise * random.normal(size=rows) + (0 if by is None else columns[by])
        alarms += bool(found(ordered(table(**columns), np.argsort(key, kind="stable"))))
    assert alarms <= 1


def test_a_shuffled_series_without_dates_is_none() -> None:
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(ROWS)
        assert found(ordered(table(**walks(seed)), order)) == ()


def test_dates_alone_are_no_series() -> None:
    random = np.random.default_rng(5)
    born = hours(random.integers(0, 500_000, ROWS))
    assert found(table(born=born, **honest(random, ROWS))) == ()
    day = np.arange(ROWS)
    temperature = 10 + 10 * np.sin(day / 4) + random.normal(size=ROWS)
    heat = 3 * temperature + random.normal(size=ROWS)  # what is left is noise
    assert found(table(when=hours(day), temperature=temperature, y=heat)) == ()


@pytest.mark.parametrize("kind", ["chance", "linear", "noisy"])
@pytest.mark.parametrize("classes", [True, False])
def test_columns_that_are_smooth_in_time_make_no_series(kind: str, classes: bool) -> None:
    alarms = 0
    for seed in range(6):
        walk, random = walks(seed), np.random.default_rng(seed + 100)
        part = {"chance": 0.0, "linear": 1.0, "noisy": 0.2}[kind]
        y = part * (walk["a"] - walk["b"]) + random.normal(size=ROWS)
        target = np.where(y > np.median(y), "high", "low") if classes else y
        dated = table(when=hours(range(ROWS)), a=walk["a"], b=walk["b"], y=target)
        alarms += bool(found(dated, "y"))
    assert alarms <= 1


def test_a_column_that_explains_the_target_is_no_order() -> None:
    for seed in range(5):
        random = np.random.default_rng(seed)
        day, n = random.random(ROWS), random.normal(size=ROWS)
        chance = np.array(["a", "b"])[random.integers(2, size=ROWS)]
        assert found(table(day=day, n=n, y=day + 0.3 * random.normal(size=ROWS)), "y") == ()
        assert found(table(day=day, n=n, y=chance), "y") == ()
        bent = np.sin(6 * day) + 0.1 * random.normal(size=ROWS)
        assert found(table(t=day, n=n, y=bent), "y") == ()  # a temperature, for all we know


def test_few_rows_and_odd_tables_do_no_harm() -> None:
    assert found(table(**walks(1, 40))) == ()
    walk = walks(1)
    assert len(found(table(a=[f"w{row % 3}" for row in range(ROWS)], y=walk["y"]))) == 1
    dates = hours(range(ROWS))
    dates[7] = "soon"
    assert len(found(table(when=dates, **walk))) == 1  # by the order of the file
    huge = {name: cells * 1e15 for name, cells in walk.items()}
    assert len(found(table(**huge))) == 1


def test_the_order_of_the_file_is_held_against_dates() -> None:
    for order, said in ((np.arange(ROWS), 0), (np.arange(ROWS)[::-1], 1)):
        read = ordered(table(when=hours(range(ROWS)), **walks(1)), order)
        examples = read_examples(read, ("y",), None, Choices(), split="time")
        findings = out_of_order(read, examples)
        assert len(findings) == said
    assert findings[0].says == (
        "`split='time'` takes the last rows of the file for the latest, but the times of column "
        "'when' fall, first on line 3; `split='time:when'` goes by them"
    )


# Several rows of one origin


def origin(read: Table, **options: Any) -> str:
    findings = read_examples(read, ("y",), None, Choices(**options)).findings
    return " ".join(each.says for each in findings if "`group=" in each.says)


def ward(names: Sequence[object], number: bool = False) -> Table:
    """Ten rows of each of thirty patients, who are ill in all of them or in none."""
    random = np.random.default_rng(6)
    who = np.repeat(np.arange(30), 10)
    ill = random.permutation(30) % 2
    a, b = random.normal(size=(2, 300))
    answer: Iterable[object] = 5.0 * random.normal(size=30)[who] + 0.2 * random.normal(size=300)
    if not number:
        answer = ["ill" if ill[patient] else "well" for patient in who]
    return table(who=[str(names[patient]) for patient in who], a=a, b=b, y=answer)


@pytest.mark.parametrize("number", [False, True])
@pytest.mark.parametrize("names", [[f"p{x}" for x in range(30)], range(30)], ids=["words", "ints"])
def test_rows_of_one_patient_are_told(names: Sequence[object], number: bool) -> None:
    says = origin(ward(names, number))
    assert "`group='who'`" in says
    assert ("has rows of nearly one 'y'" if number else "has rows of one 'y' only") in says
    assert "each of the 30 " in says
    dropped = origin(ward(names, number), drop=("who",))
    assert "`group='who'` keeps them together" in dropped


def test_rows_of_a_patient_are_no_matter_once_they_are_grouped() -> None:
    read = ward([f"p{x}" for x in range(30)])
    for options in ({"group": "who"}, {"split": "time:who"}):
        if "split" in options:
            read = ward(range(30))
        findings = read_examples(read, ("y",), None, Choices(), **options).findings
        assert all(each.kind != "origin" for each in findings)


def test_what_is_measured_names_nobody() -> None:
    random = np.random.default_rng(7)
    x = random.integers(0, 30, ROWS)
    noise, smooth = random.normal(size=ROWS), 5 * np.sin(x / 5) + 0.1 * random.normal(size=ROWS)
    threshold = ["high" if each > 12 else "low" for each in x]
    assert origin(table(x=x, b=noise, y=threshold)) == ""
    assert origin(table(x=x, b=noise, y=smooth)) == ""
    town = random.normal(size=30)[x] + noise  # towns differ, and so do their houses
    assert origin(table(x=[f"t{each}" for each in x], b=noise, y=town)) == ""


@pytest.mark.slow
def test_the_command_says_so(typed: Type, folder: Any) -> None:
    columns = {"when": hours(range(200)), **walks(1, 200)}
    read = table(**columns)
    lines = [",".join(columns), *map(",".join, zip(*read.cells.values(), strict=True))]
    (folder / "walk.csv").write_text("\n".join(lines))
    words = ("train", "walk.csv", "--recipe", "tutorial", "--epochs", 1, "-q")
    result = typed(*words)
    assert "warning: rows next to each other by 'when' are alike" in result.err
    refused = typed(*words, "--strict", "--drop", "when", "--force")
    assert refused.code == 2
    assert "rows next to each other in the file are alike" in refused.err
    told = typed(*words, "--split", "time:when", "--force")
    assert "alike" not in told.err
