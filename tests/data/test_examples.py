"""Features, targets and tasks out of tables; every misfit is named with its line and column."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tables import table_of

from mlp_edge.cell import number
from mlp_edge.data.examples import (
    feature_names,
    features,
    find_target,
    find_targets,
    match_columns,
    match_target,
    ranges,
)
from mlp_edge.data.targets import check_varies, classes, detect_task, targets
from mlp_edge.errors import TableError


def column_of(*cells):
    return table_of(x=["0"] * len(cells), y=list(cells))


# The target


def test_the_last_column_is_the_target_unless_another_is_named():
    table = table_of(a=["1"], b=["2"], c=["3"])
    assert find_target(table) == "c"
    assert find_target(table, "a") == "a"
    assert feature_names(table, "a") == ("b", "c")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("label", "did you mean 'Label'?"),
        ("LABEL", "did you mean 'Label'?"),
        ("lable", "did you mean 'Label'?"),
        ("zzz", "the columns are 'x1', 'Label'"),
    ],
)
def test_a_target_that_is_not_there(wanted, said):
    with pytest.raises(TableError) as refused:
        find_target(table_of(x1=["1"], Label=["0"]), wanted)
    assert str(refused.value).startswith(f"dir/t.csv: no column {wanted!r}")
    assert said in str(refused.value)


def test_many_columns_are_not_all_listed():
    wide = table_of(**{f"pixel{i}": ["1"] for i in range(784)})
    with pytest.raises(TableError, match="and 774 more"):
        find_target(wide, "zzz")


def test_one_column_has_nothing_to_predict_from():
    with pytest.raises(TableError, match=r"dir/t\.csv: one column only, 'y'"):
        find_target(table_of(y=["1"]))


def test_several_targets_in_the_order_wanted():
    table = table_of(a=["1"], b=["2"], c=["3"])
    assert find_targets(table, ()) == ("c",)
    assert find_targets(table, ["c", "a"]) == ("c", "a")
    with pytest.raises(TableError, match="`target` names 'a' twice"):
        find_targets(table, ["a", "a"])
    with pytest.raises(TableError, match="every column is a target"):
        find_targets(table, ["a", "b", "c"])
    with pytest.raises(TableError, match="did you mean 'c'"):
        find_targets(table, ["a", "C"])


# The features


def test_features_are_matched_by_name_in_any_order():
    table = table_of(c=["5", "6"], extra=["x", "y"], a=[" 1.5 ", "-2e1"], b=["3", "4"])
    rows = features(table, ["a", "b", "c"])
    assert rows.dtype == np.float32
    assert rows.flags.c_contiguous
    assert rows.tolist() == [[1.5, 3, 5], [-20, 4, 6]]
    assert ranges(rows) == ((-20.0, 1.5), (3.0, 4.0), (5.0, 6.0))


def test_a_table_without_a_header_is_matched_by_position():
    three = table_of(header=False, column1=["1"], column2=["2"], column3=["3"])
    assert match_columns(three, ["a", "b", "c"]) == ("column1", "column2", "column3")
    assert match_columns(three, ["a", "b"]) == ("column1", "column2")
    assert match_target(three, ["a", "b"], "t") == "column3"
    # A model that was trained without a header knows its columns by these names.
    assert match_columns(three, ["column3", "column2"]) == ("column3", "column2")
    assert match_target(three, ["column3", "column2"], "column1") == "column1"
    for names in (["a"], ["a", "b", "c", "d"]):
        with pytest.raises(TableError, match=r"dir/t\.csv: 3 columns without a header"):
            match_columns(three, names)
    with pytest.raises(TableError, match=r"dir/t\.csv: no column 't'"):
        match_target(three, ["a", "b", "c"], "t")


def test_a_header_is_never_matched_by_position():
    with pytest.raises(TableError) as refused:
        features(table_of(a=["1"], Beta=["2"], c=["3"]), ["a", "beta", "d"])
    message = str(refused.value)
    assert message.startswith("dir/t.csv: no column 'beta', 'd'; the columns are 'a', 'Beta', 'c'")
    assert message.endswith("did you mean 'Beta'?")


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("NaN", "'NaN' stands for a missing value"),
        ("?", "'?' stands for a missing value"),
        ("#N/A", "missing value"),
        ("-inf", "'-inf' is infinite"),
        ("Infinity", "infinite"),
        ("1e39", "'1e39' is beyond the largest float32"),
        ("-1e400", "beyond the largest float32"),
        ("9" * 1_000_000, "beyond the largest float32"),
        ("9" * 1_000_000 + "x", "is text where a number belongs"),
        ("1,5", "decimal point"),
        ("1_000", "'1_000' is written with thousands marks; write plain numbers"),
        ("0x10", "is written with hexadecimal digits"),
        ("١٢", "is written with digits of another script"),
        ("$5", "is written with a currency"),
        ("high", "'high' is text where a number belongs"),
        ("\x1b[31m", r"'\x1b[31m' is text"),
    ],
)
def test_a_cell_that_is_no_number(cell, said):
    table = table_of(a=["1", "2", "3"], b=["4", cell, "bad"])
    with pytest.raises(TableError) as refused:
        features(table, ["b", "a"])
    message = str(refused.value)
    assert message.startswith("dir/t.csv, line 3, column 'b': ")
    assert said in message
    assert message.endswith("(1 more such cell)")
    assert message.isprintable()
    assert len(message) < 200


def test_the_first_bad_cell_is_the_first_in_the_file():
    table = table_of(a=["1", "2", "bad"], b=["1", "worse", "3"])
    with pytest.raises(TableError, match="line 3, column 'b': 'worse'"):
        features(table, ["a", "b"])


def test_a_column_of_words_is_told_from_a_slip():
    with pytest.raises(TableError, match="as in every row; remove the column"):
        features(table_of(a=["red", "blue"]), ["a"])


def test_a_word_on_the_first_line_of_a_table_without_a_header():
    table = table_of(header=False, column1=["one", "2"], column2=["1", "2"])
    with pytest.raises(TableError, match=r"line 1, column 'column1'.* taken for data"):
        features(table, ["column1", "column2"])


@given(st.floats(allow_nan=False))
def test_numbers_are_refused_where_float32_overflows(value):
    with np.errstate(over="ignore"):
        kept = np.isfinite(np.float32(value))
    assert number(repr(value)) == value if kept else np.isnan(number(repr(value)))


def test_numbers_round_once_to_float32():
    cells = ["0.1", "16777217", "1e-45", "3.4028235e38", "-0.0"]
    rows = features(table_of(a=cells), ["a"])
    assert rows[:, 0].tobytes() == np.array(cells, dtype=np.float64).astype(np.float32).tobytes()


# The task


@pytest.mark.parametrize(
    ("cells", "task", "reason", "labels"),
    [
        (["0", "1"] * 5, "binary", "binary: column 'y' holds two values, 0 and 1", ("0", "1")),
        (["1", "0.0", "0", "1.0"], "binary", "two values, 0 and 1", ("0", "1")),
        (["2", "1"] * 3, "binary", "1 and 2", ("1", "2")),
        (["1", "-1"] * 3, "binary", "-1 and 1", ("-1", "1")),
        (["0.5", "1.5"] * 3, "binary", "0.5 and 1.5", ("0.5", "1.5")),
        (["-0", "0", "1"] * 3, "binary", "two values, 0 and 1", ("0", "1")),
        (["True", "False"] * 3, "binary", "False and True", ("False", "True")),
        (["TRUE", "false"] * 3, "binary", "false and TRUE", ("false", "TRUE")),
        (["True", "true", "FALSE"], "binary", "FALSE and True", ("FALSE", "True")),
        ([" yes", "no "] * 3, "binary", "no and yes", ("no", "yes")),
        (["10", "9", "2"] * 5, "multiclass", "3 different whole numbers", ("2", "9", "10")),
        (["b", "a", "C"] * 2, "multiclass", "3 different words", ("a", "b", "C")),
        (["none", "mild", "-"] * 2, "multiclass", "3 different words", ("-", "mild", "none")),
    ],
)
def test_classes_are_told_from_the_column(cells, task, reason, labels):
    table = column_of(*cells)
    found, why = detect_task(table, "y")
    assert (found, classes(table, "y")) == (task, labels)
    assert reason in why
    indices = targets(table, "y", found, labels)
    assert indices.dtype == np.int64
    assert set(indices.tolist()) == set(range(len(labels)))


@pytest.mark.parametrize(
    "cells",
    [
        [str(i) for i in range(21)] * 5,  # too many for classes
        ["1", "2", "3"] * 4,  # too few rows of each
        ["1", "2", "3.5"] * 9,  # not whole
    ],
)
def test_other_numbers_are_a_regression(cells):
    table = column_of(*cells)
    task, why = detect_task(table, "y")
    assert task == "regression"
    assert why.startswith("regression: column 'y' holds ")
    values = targets(table, "y", task)
    assert values.dtype == np.float32
    assert values.tolist() == [[float(cell)] for cell in cells]


def test_twenty_whole_numbers_of_five_rows_are_classes():
    assert detect_task(column_of(*[str(i) for i in range(20)] * 5), "y")[0] == "multiclass"


@pytest.mark.parametrize("cell", ["1", "1.5", "yes"])
def test_a_constant_target_is_refused(cell):
    table = column_of(*[cell] * 20)
    for ask in (detect_task, classes, check_varies):
        with pytest.raises(
            TableError, match=f"dir/t.csv: column 'y' holds one value only, '{cell}'"
        ):
            ask(table, "y")


def test_one_row_is_refused_by_its_number():
    with pytest.raises(TableError, match=r"dir/t\.csv: 1 row; .* at least 10"):
        detect_task(column_of("1"), "y")


def test_a_column_of_names_is_no_class():
    with pytest.raises(TableError, match="another value in each of its 3 rows"):
        classes(column_of("anna", "bert", "carl"), "y")


@pytest.mark.parametrize(
    ("cells", "line", "said"),
    [
        (["0", "", "1"], 3, "is empty"),
        (["0", "1", "NaN"], 4, "missing value"),
        (["yes", "no", " "], 4, "an empty cell is no class"),
        ([*(str(i / 3) for i in range(30)), "1e39"], 32, "beyond the largest float32"),
        (["1e39", "0"], 2, "beyond the largest float32"),
    ],
)
def test_a_target_that_is_missing_or_broken(cells, line, said):
    with pytest.raises(TableError) as refused:
        detect_task(column_of(*cells), "y")
    assert str(refused.value).startswith(f"dir/t.csv, line {line}, column 'y', the target: ")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("labels", "cells", "shown"),
    [
        (("a", "b"), ["a", "c", "d"], "'c'"),
        (("0", "1"), ["1.0", "2", "x"], "'2'"),
        (("0", "1"), ["1", "", ""], "''"),
        (("False", "True"), ["true", "1", "0"], "'1'"),
    ],
)
def test_a_label_that_the_model_does_not_know(labels, cells, shown):
    with pytest.raises(TableError) as refused:
        targets(column_of(*cells), "y", "binary", labels)
    message = str(refused.value)
    assert message.startswith(f"dir/t.csv, line 3, column 'y': {shown} is none of the classes")
    assert message.endswith("(1 more such row)")


def test_numbers_of_a_table_with_decimal_commas():
    table = table_of(decimal=",", x=["1", "2", "3"], y=["0,5", "1,50", "1,5"])
    assert classes(table, "y") == ("0,5", "1,5")
    assert targets(table, "y", "binary", ("0,5", "1,5")).tolist() == [0, 1, 1]
    assert targets(table, "y", "binary", ("0.5", "1.5")).tolist() == [0, 1, 1]
    assert targets(table, "y", "regression").tolist() == [[0.5], [1.5], [1.5]]


def test_a_table_to_score_on_may_hold_one_class():
    assert targets(column_of("1", "1.0"), "y", "binary", ("0", "1")).tolist() == [1, 1]


def test_a_broken_value_of_a_regression():
    with pytest.raises(TableError, match=r"dir/t\.csv, line 3, column 'y': 'x' is text"):
        targets(column_of("1", "x", "3"), "y", "regression")
