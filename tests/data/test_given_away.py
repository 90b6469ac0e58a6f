"""Tables whose target stands in a column, in several, or in the order of an identifier."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import table_from

from mlp_edge.data.choices import Choices
from mlp_edge.data.columns import Columns, read_columns
from mlp_edge.data.findings.functions import Numbers

ROWS = 400
Cells = Numbers | list[str]


def noise(count: int = 3) -> Numbers:
    return np.random.default_rng(1).normal(size=(count, ROWS))


A, B, C = noise()
PRICE = np.round(np.exp(11 + 0.6 * A + 0.3 * B + 0.3 * noise(4)[3]))
PLACE = np.argsort(np.argsort(PRICE)) + 1
KIND = ["yes" if each > 0 else "no" for each in A + 0.5 * noise(4)[3]]
IN_BLOCKS = np.argsort(np.argsort([kind == "yes" for kind in KIND], kind="stable"))
GAPS = np.sort(np.random.default_rng(2).choice(2000, ROWS, replace=False))


def read(target: Cells, **columns: Cells) -> Columns:
    """The columns with two of noise, and the target y."""
    every = {"a": A, "b": B, **columns, "y": target}
    cells = {
        name: [each if isinstance(each, str) else f"{each:.17g}" for each in values]
        for name, values in every.items()
    }
    return read_columns(table_from(cells), ["y"], Choices())


def left_out(columns: Columns) -> bool:
    return [each.name for each in columns.features] == ["a", "b"]


def said(columns: Columns, kind: str) -> str:
    (found,) = [each for each in columns.findings if each.kind == kind]
    return found.says


# Identifiers that leak by their order


SORTED = "column 'x' numbers the rows of a table that was once sorted: "
RANK = "Spearman's correlation with the target 'y' is "


STAYS = "`drop=['x']` leaves it out, unless it measures something"


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (PLACE, "each whole number from 1 to 400 once, and " + RANK + "1.000"),
        (PLACE - 1, "each whole number from 0 to 399 once, and " + RANK + "1.000"),
        (401 - PLACE, "each whole number from 1 to 400 once, and " + RANK + "-1.000"),
        (np.argsort(np.argsort(PRICE * np.exp(0.02 * C))), RANK + "0.99"),
        ([f"row-{each:04d}" for each in PLACE], "each whole number from 1 to 400 once, and "),
    ],
)
def test_a_number_of_rows_that_were_sorted(column: Cells, says: str) -> None:
    found = read(PRICE, x=column)
    assert left_out(found)
    assert said(found, "id").startswith(SORTED)
    assert says in said(found, "id")


@pytest.mark.parametrize("column", [IN_BLOCKS, [f"p{n}" for n in IN_BLOCKS]])
def test_a_number_of_rows_that_were_sorted_by_class(column: Cells) -> None:
    found = read(KIND, x=column)
    assert left_out(found)
    assert said(found, "id").startswith(SORTED)
    assert "the classes of the target 'y' account for 7" in said(found, "id")


NOISY = PRICE * np.exp(0.02 * C)  # which no numbers of a grid have the very order of
RANKS = np.argsort(np.argsort(NOISY))


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (GAPS[RANKS], "none of them twice in 400 rows, where chance would repeat 38, and "),
        (9999 - 3 * GAPS[RANKS], "none of them twice in 400 rows, where chance would"),
        (5 * RANKS, "whole numbers from 0 to 1995, none of them twice"),
        (1_000_000 + 7 * RANKS, "whole numbers from 1000000 to 1002793, none of them twice"),
        (100 + RANKS, "each whole number from 100 to 499 once, and " + RANK),
        (np.where(RANKS == 5, 6, RANKS), "1 of them twice in 400 rows, where chance would"),
        (["" if each == 7 else str(each) for each in RANKS], "none of them twice in 399 rows"),
    ],
)  # fmt: skip
def test_numbers_that_an_experiment_may_have_set_are_told_and_stay(
    column: Cells, says: str
) -> None:
    found = read(PRICE, x=column)
    assert not left_out(found)
    assert says in said(found, "id")
    assert said(found, "id").endswith(STAYS)
    blocks = read(KIND, x=GAPS[IN_BLOCKS])
    assert not left_out(blocks)
    assert said(blocks, "id").endswith(STAYS)


def test_a_grid_of_loads_stays_with_a_warning() -> None:
    random = np.random.default_rng(5)
    load = random.permutation(np.arange(0, 1000, 5.0))
    volts = 0.3 + 0.01 * load + random.normal(0, 0.05, len(load))
    cells = {
        "temperature": [f"{each:.3f}" for each in random.normal(20, 1, len(load))],
        "load_grams": [f"{each:g}" for each in load],
        "volts": [f"{each:.4f}" for each in volts],
    }
    found = read_columns(table_from(cells), ["volts"], Choices())
    assert [each.name for each in found.features] == ["temperature", "load_grams"]
    assert said(found, "id").endswith(STAYS.replace("x", "load_grams"))


@pytest.mark.parametrize("name", ["load_grams", "gap [mm]", "time (s)", "delay_ms", "day", "Uin_V"])
def test_whole_numbers_of_a_unit_stay_with_a_warning(name: str) -> None:
    found = read(PRICE, **{name: RANKS})
    assert name in [each.name for each in found.features]
    assert said(found, "id").endswith("leaves it out, unless it measures something")


@pytest.mark.parametrize("name", ["row", "row_no", "case-number", "d", "nr.", "row [-]"])
def test_a_name_without_a_unit_is_that_of_a_row(name: str) -> None:
    assert left_out(read(PRICE, **{name: RANKS}))


def test_a_grid_that_has_the_very_order_of_the_target_stays() -> None:
    """A good instrument keeps the order of steps that are wide."""
    for grid in (5 * (PLACE - 1), 45_000 + PLACE, 2000 - 5 * PLACE, GAPS[PLACE - 1]):
        found = read(PRICE, x=grid)
        assert not left_out(found)
        assert said(found, "id").endswith(STAYS)


def test_numbers_that_follow_from_the_target_are_left_out() -> None:
    counted = np.round(1e6 * np.exp(A)) + np.arange(ROWS)
    for column in (counted, 7 + 3 * counted):
        found = read(counted, x=column)
        assert left_out(found)
        assert said(found, "target-copy").startswith("column 'x' ")


def test_row_numbers_of_tables_that_were_joined() -> None:
    parts = np.argsort(np.argsort(PRICE[:220])) + 1, np.argsort(np.argsort(PRICE[220:])) + 1
    found = read(PRICE, x=np.concatenate(parts))
    assert not left_out(found)
    says = "whole numbers from 1 to 220, each up to 2 times, as of 2 tables joined, and "
    assert says in said(found, "id")
    replicates = np.argsort(np.argsort(PRICE)) // 8 + 1.0  # as an experiment has them
    assert not [each for each in read(PRICE, x=replicates).findings if each.kind == "id"]


def test_steps_of_time_are_no_evidence_where_rows_are_in_its_order() -> None:
    rising = np.sort(PRICE)
    cells = {"a": A, "step": np.arange(ROWS) + 1, "y": rising}
    table = table_from(
        {name: [f"{each:.17g}" for each in values] for name, values in cells.items()}
    )
    for in_time, says in (
        (False, "of a table that was once sorted: "),
        (True, "steadily from 1 to"),
    ):
        found = read_columns(table, ["y"], Choices(), in_time=in_time)
        assert [each.name for each in found.features] == ["a"]
        assert says in said(found, "id")


def test_an_order_that_has_a_part_of_the_target_is_told_and_stays() -> None:
    order = np.argsort(np.argsort(PRICE * np.exp(0.9 * C)))
    found = read(PRICE, x=GAPS[order])
    assert not left_out(found)
    assert said(found, "id").endswith("`drop=['x']` leaves it out, unless it measures something")
    blocks = np.argsort(np.argsort(np.array([kind == "yes" for kind in KIND]) + C))
    assert not left_out(read(KIND, x=GAPS[blocks]))


@pytest.mark.parametrize(
    "column",
    [
        np.random.default_rng(3).permutation(GAPS),  # an order of its own
        np.round(PRICE / 100),  # what repeats as measured numbers do
        PRICE * np.exp(0.2 * C),  # no whole numbers
        np.round(PRICE * np.exp(0.2 * C)),  # so large that chance repeats none
    ],
)
def test_numbers_that_number_nothing(column: Cells) -> None:
    found = read(np.round(PRICE * np.exp(0.2 * B)), x=column)
    assert not [each for each in found.findings if each.kind == "id"]


# Thresholds


def bands(values: Numbers, cuts: list[float], words: bool = False) -> Cells:
    places = np.digitize(values, cuts)
    return [("low", "mid", "high")[place] for place in places] if words else places * 1.0


@pytest.mark.parametrize(
    ("column", "at"),
    [
        (bands(PRICE, [60_000]), "at 5995"),
        (bands(PRICE, [60_000], words=True), "at 5995"),
        (bands(PRICE, [40_000, 90_000], words=True), " and 9"),
        (bands(PRICE, list(np.quantile(PRICE, np.arange(0.1, 1, 0.1)))), ", in all 400 rows"),
    ],
)
def test_a_column_that_is_a_threshold_of_the_target(column: Cells, at: str) -> None:
    found = read(PRICE, x=column)
    assert left_out(found)
    assert said(found, "target-copy").startswith("column 'x' is a threshold of the target 'y', at ")
    assert at in said(found, "target-copy")


def test_a_target_that_is_a_threshold_of_a_column() -> None:
    score = np.round(50 + 10 * A + 3 * C, 1)
    for cuts, at in (([53.0], "at 5"), ([45.0, 55.0], " and 5")):
        found = read(bands(score, cuts, words=True), x=score)
        assert not left_out(found)
        says = said(found, "computed")
        assert says.startswith("the target 'y' is a threshold of column 'x', at ")
        assert at in says
        assert "If not, `drop=['x']` leaves it out" in says


def test_kinds_that_lie_apart_by_nature_are_no_threshold() -> None:
    material = np.where(noise(5)[4] > 0, 7800 + 200 * C, 700 + 90 * C)
    for target, column in ((np.round(material), bands(material, [3000], True)),
                           (bands(material, [3000], True), np.round(material))):  # fmt: skip
        found = read(target, x=column)
        assert not left_out(found)
        assert [each.kind for each in found.findings] == []


def test_a_rare_kind_may_lie_apart_though_its_rows_are_sparse() -> None:
    """Gaps are wide on its side by nature: those of the frequent kind tell how wide a line is."""
    grown = np.where(np.arange(ROWS) % 25 == 0, 60 + 8 * C, 10 + B)
    found = read(["old" if each > 30 else "young" for each in grown], x=np.round(grown, 2))
    assert [each.kind for each in found.findings if each.columns == ("x",)] == []


def test_a_threshold_with_a_row_on_the_wrong_side_is_none() -> None:
    column = bands(PRICE, [60_000])
    assert isinstance(column, np.ndarray)
    column[PRICE.argmax()] = 0
    assert not left_out(read(PRICE, x=column))


def test_a_few_rows_may_lie_apart_by_chance() -> None:
    rare = np.where(np.arange(ROWS) == PRICE.argmax(), 1.0, 0.0)
    assert not left_out(read(PRICE, x=rare))


# Sums and products


NET, TAX, FEE = np.round(10 * np.exp(noise()), 2)
COUNT = np.random.default_rng(4).integers(1, 30, ROWS) * 1.0
HEIGHT, WEIGHT = np.round(1.75 + 0.1 * A, 2), np.round(75 + 10 * B, 1)


@pytest.mark.parametrize(
    ("target", "columns", "formula"),
    [
        (np.round(NET + TAX, 2), {"net": NET, "tax": TAX}, "'y' = 'net' + 'tax'"),
        (np.round(NET + TAX - FEE, 2), {"net": NET, "tax": TAX, "fee": FEE, "more": C},
         "'y' = 'net' + 'tax' - 'fee'"),
        (NET, {"total": np.round(NET + TAX, 2), "tax": TAX, "fee": FEE}, "'y' = 'total' - 'tax'"),
        (np.round(1.19 * NET - 0.5 * TAX + 12, 1), {"net": NET, "tax": TAX},
         "'y' = 1.19 · 'net' - 0.5 · 'tax' + 12"),
        (2 * A + 3 * B - C, {"c": C}, "'y' = 2 · 'a' + 3 · 'b' - 'c'"),
        (np.round(NET * COUNT, 2), {"each": NET, "count": COUNT}, "'y' = 'each' · 'count'"),
        (np.round(WEIGHT / HEIGHT**2, 1), {"h": HEIGHT, "w": WEIGHT}, "'y' = 'w' · 'h'^-2"),
        (np.round(100 * NET / (NET + TAX), 1), {"net": NET, "total": np.round(NET + TAX, 2)},
         "'net' · 'total'^-1"),
    ],
)  # fmt: skip
def test_a_target_that_can_be_computed(
    target: Numbers, columns: dict[str, Cells], formula: str
) -> None:
    found = read(target, **columns)
    says = said(found, "computed")
    assert says.startswith("the target can be computed: 'y' = ")
    assert formula in says
    assert ", to the last digit in all 400 rows; is each of these columns known before" in says
    (finding,) = [each for each in found.findings if each.kind == "computed"]
    assert set(finding.columns) <= {"a", "b", *columns}


def test_a_sum_is_found_where_some_readings_are_missing_and_among_many_columns() -> None:
    gaps = ["" if row % 50 == 3 else f"{each:.2f}" for row, each in enumerate(NET)]
    others = {f"n{number}": values for number, values in enumerate(noise(60))}
    found = read(np.round(NET + TAX, 2), net=gaps, tax=TAX, **others)
    assert "'y' = 'net' + 'tax', to the last digit in all 392 rows" in said(found, "computed")


def test_a_sum_of_many_columns_is_counted() -> None:
    parts = {f"part{number}": np.round(values, 3) for number, values in enumerate(noise(9))}
    found = read(np.round(sum(parts.values()), 3), **parts)
    assert "the target can be computed: 'y' = a weighted sum of 9 columns, to" in said(
        found, "computed"
    )


@pytest.mark.parametrize("off", [0.02, 0.1, 1.0])
def test_a_sum_with_noise_cannot_be_computed(off: float) -> None:
    target = NET + TAX + off * noise(4)[3]
    for digits in (2, 17) if off < 0.1 else (1, 2, 17):  # rounding would hide less
        found = read(np.round(target, digits), net=NET, tax=TAX)
        assert not [each for each in found.findings if each.kind == "computed"]


def test_a_coarse_target_is_no_sum() -> None:
    found = read(np.round(A + B), c=C)
    assert not [each for each in found.findings if each.kind == "computed"]


@pytest.mark.parametrize("size", [1e-9, 1e-11, 1e-14, 1.0, 1e12])
def test_no_function_of_a_target_is_so_near_a_line_that_any_column_follows_it(size: float) -> None:
    a, b = np.round(A, 4), np.round(B, 4)
    columns = read(size * (a + b * b + 2), a=a, b=b)
    assert left_out(columns)
    assert "target-copy" not in {each.kind for each in columns.findings}
