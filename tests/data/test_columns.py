"""Columns for a new model: a clean table, one thing wrong with it, and what is said about it."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tables import clean, shuffled, spoilt, table_from

from mlp_edge.data.choices import Choices
from mlp_edge.data.columns import read_columns
from mlp_edge.data.content.units import unit_of
from mlp_edge.data.reading.read import read_table
from mlp_edge.errors import InputError, RecipeError, TableError

ROWS = 60
NUMBERS = [f"{(7 * i) % 61 / 10 + 3:.1f}" for i in range(ROWS)]
WORDS = [("red", "green", "blue", "red", "green", "grey", "grey")[i % 7] for i in range(ROWS)]


def read(table, **choices):
    return read_columns(table, ["y"], Choices(**choices))


def names(columns):
    return [feature.name for feature in columns.features]


def kinds(columns):
    return [finding.kind for finding in columns.findings]


def the(columns, kind):
    """What the only finding of a kind says."""
    (says,) = [finding.says for finding in columns.findings if finding.kind == kind]
    assert says.isprintable()
    return says


def column(columns, name):
    return columns.rows[:, names(columns).index(name)]


def feature(columns, name):
    return columns.features[names(columns).index(name)]


def test_a_clean_table_is_read_without_a_word():
    table = clean()
    found = read(table)
    assert names(found) == ["a", "b"]
    assert found.findings == ()
    assert found.imputed == (False, False)
    assert found.rows.dtype == np.float32
    assert found.rows.flags.c_contiguous
    assert found.rows[:, 0].tolist() == table.numbers("a").astype(np.float32).tolist()
    assert {each.kind for each in found.features} == {"number"}
    assert {each.fill for each in found.features} == {None}


# Missing readings


@pytest.mark.parametrize("spelling", ["", " ", "?", "NA", "nan", "None", "-", ".", "#N/A"])
def test_a_missing_reading_is_imputed(spelling):
    found = read(clean(x=spoilt(NUMBERS, _5=spelling, _9=spelling)))
    assert found.imputed == (False, False, True)
    assert np.flatnonzero(np.isnan(column(found, "x"))).tolist() == [3, 7]
    says = the(found, "missing")
    assert says.startswith("column 'x': 2 of 60 readings missing (")
    assert "the first on line 5; the training rows' median counts instead; `reject=['x']`" in says


def test_spellings_are_listed_with_the_most_frequent_first():
    found = read(clean(x=spoilt(NUMBERS, _5="", _6="NA", _7="NA")))
    assert "('NA', empty)" in the(found, "missing")


def test_a_missing_category_is_the_most_frequent_one():
    found = read(clean(x=spoilt(WORDS, _5="nan", _6="None")))
    assert feature(found, "x").categories == ("blue", "green", "grey", "red")
    assert "most frequent category counts instead" in the(found, "missing")


def test_a_word_that_means_missing():
    found = read(clean(x=spoilt(NUMBERS, _5="unknown"), z=WORDS), missing=("Unknown",))
    assert np.isnan(column(found, "x")[3])
    assert feature(found, "x").sentinel is None
    found = read(clean(x=spoilt(NUMBERS, _5="a=b")), missing=("x=a=b",))
    assert np.isnan(column(found, "x")[3])


def test_a_number_that_means_missing_stays_a_raw_reading():
    table = clean(x=spoilt(NUMBERS, _5="-999", _6="-999.0"), z=NUMBERS)
    for option in ("-999", "x=-999", "x,a=-999"):
        found = read(table, missing=(option,))
        assert feature(found, "x").sentinel == -999
        assert feature(found, "z").sentinel is None
        assert column(found, "x")[[3, 4]].tolist() == [-999, -999]
        assert found.imputed[names(found).index("x")]
        assert "2 of 60 readings missing ('-999', '-999.0')" in the(found, "missing")
        assert "outlier" not in kinds(found)


def test_a_sentinel_is_a_float32_number():
    found = read(clean(x=spoilt(NUMBERS, _5="99.9")), missing=("x=99.9",))
    assert feature(found, "x").sentinel == float(np.float32(99.9))
    assert column(found, "x")[3] == np.float32(99.9)


def test_two_numbers_cannot_both_mean_missing():
    table = clean(x=spoilt(NUMBERS, _5="-999", _6="0"), z=spoilt(NUMBERS, _7="0"))
    with pytest.raises(TableError, match="column 'x': `missing` gives it two numbers, -999 and 0"):
        read(table, missing=("0", "-999"))
    assert feature(read(table, missing=("x=-999", "z=0")), "z").sentinel == 0


def test_the_sentinel_of_a_category_is_no_code():
    found = read(clean(x=spoilt(WORDS, _5="0", _6="0")), missing=("x=0",))
    assert feature(found, "x").codes == (1, 2, 3, 4)
    assert feature(found, "x").sentinel == 0
    assert column(found, "x")[[3, 4]].tolist() == [0, 0]
    integers = [str(i % 3) for i in range(ROWS)]
    found = read(clean(x=integers), missing=("x=0",), categorical=("x",))
    assert feature(found, "x").codes == (1, 2)


def test_a_column_whose_name_holds_a_comma_or_an_equals_sign():
    table = table_from({"a,b=c": spoilt(NUMBERS, _5="-1"), "y": ["0", "1"] * 30})
    assert read(table, missing=("a,b=c=-1",)).features[0].sentinel == -1


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("A=0", "no column 'A' for `missing=\\['A=0'\\]`; .* did you mean 'a'"),
        ("a,zz=0", "no column 'zz'"),
    ],
)
def test_a_missing_that_names_no_column(option, said):
    with pytest.raises(TableError, match=said):
        read(clean(), missing=(option,))


def test_a_missing_that_no_cell_holds():
    assert "no cell of its columns holds 'nix'" in the(
        read(clean(), missing=("nix",)), "unused-missing"
    )
    assert "holds '-5'" in the(read(clean(), missing=("b=-5",)), "unused-missing")
    assert read(clean(x=spoilt(NUMBERS, _5="?")), missing=("?",)).findings[1:] == ()


def test_a_rejected_column_must_be_complete():
    assert read(clean(x=NUMBERS), reject=("x",)).imputed == (False, False, False)
    with pytest.raises(TableError, match=r"column 'x': 1 of 60 readings missing .* on line 5"):
        read(clean(x=spoilt(NUMBERS, _5="")), reject=("x",))


def test_an_indicator():
    found = read(clean(x=spoilt(NUMBERS, _5="")), indicator=("x",))
    assert feature(found, "x").indicator
    found = read(clean(x=NUMBERS), indicator=("x",))
    assert not feature(found, "x").indicator
    assert "has no missing value" in the(found, "indicator")


# Numbers that are none


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("inf", "line 5, column 'x': 'inf' is infinite"),
        ("1e39", "line 5, column 'x': '1e39' is beyond the largest float32"),
        ("1,5", "line 5, column 'x': '1,5' has a comma"),
    ],
)
def test_a_broken_number_is_refused(cell, said):
    with pytest.raises(TableError, match=rf"dir/t\.csv, {said}.*\(1 more such cell\)"):
        read(clean(x=spoilt(NUMBERS, _5=cell, _8="-inf")))


def test_decimal_commas_are_never_categories():
    with pytest.raises(TableError, match=r"line 2, column 'x': .* decimal"):
        read(clean(x=[cell.replace(".", ",") for cell in NUMBERS]))
    columns = {"x": [cell.replace(".", ",") for cell in NUMBERS], "y": ["0", "1"] * 30}
    found = read(table_from(columns, decimal=","))
    assert found.rows[:, 0].tolist() == np.array(NUMBERS, np.float32).tolist()


def test_words_among_numbers():
    with pytest.raises(TableError) as refused:
        read(clean(x=spoilt(NUMBERS, _13="low", _42="low")))
    message = str(refused.value)
    assert message.startswith("dir/t.csv, lines 13 and 42, column 'x': 2 cells with words ('low')")
    assert "`missing=['low']`" in message
    assert "`categorical=['x']`" in message
    assert np.isnan(column(read(clean(x=spoilt(NUMBERS, _13="low")), missing=("low",)), "x")[11])
    with pytest.raises(TableError, match=r"line 13, column 'x': 1 cell with words"):
        read(clean(x=spoilt(NUMBERS, _13="low")))


def test_words_are_no_numbers_whatever_the_user_says():
    with pytest.raises(
        TableError, match=r"line 2, column 'x': 'red' is a word in a column that `numeric`"
    ):
        read(clean(x=WORDS), numeric=("x",))


# Categories


def test_words_are_categories_in_the_order_of_the_alphabet():
    found = read(clean(x=WORDS))
    assert feature(found, "x").categories == ("blue", "green", "grey", "red")
    assert feature(found, "x").codes == (0, 1, 2, 3)
    assert column(found, "x")[:3].tolist() == [3, 1, 0]
    assert found.findings == ()


@pytest.mark.parametrize(
    ("false", "true"),
    [("FALSE", "True"), ("no", "YES"), ("N", "y"), ("F", "t"), ("off", "On")],
)
def test_truths(false, true):
    cells = shuffled([false, false.lower(), true, true.upper()] * 15)
    found = read(clean(x=cells))
    assert feature(found, "x").codes == (0, 1)
    assert [name.casefold() for name in feature(found, "x").categories] == [
        false.casefold(),
        true.casefold(),
    ]
    assert column(found, "x").tolist() == [cell.casefold() == true.casefold() for cell in cells]


def test_whole_numbers_that_are_categories_stand_for_themselves():
    cells = [("3", "-7", "10", "3.0")[i % 4] for i in range(ROWS)]
    assert feature(read(clean(x=cells)), "x").kind == "number"
    found = read(clean(x=cells), categorical=("x",))
    assert feature(found, "x").categories == ("-7", "3", "10")
    assert feature(found, "x").codes == (-7, 3, 10)
    assert column(found, "x")[:4].tolist() == [3, -7, 10, 3]


def test_other_numbers_that_are_categories_are_counted():
    found = read(clean(x=[("1.5", "0.5", "3e9")[i % 3] for i in range(ROWS)]), categorical=("x",))
    assert feature(found, "x").categories == ("0.5", "1.5", "3e9")
    assert feature(found, "x").codes == (0, 1, 2)


def test_words_and_numbers_that_are_categories():
    found = read(clean(x=[("1", "2", "x")[i % 3] for i in range(ROWS)]), categorical=("x",))
    assert feature(found, "x").categories == ("1", "2", "x")
    assert feature(found, "x").codes == (0, 1, 2)


def test_a_rare_category():
    found = read(clean(x=spoilt(WORDS, _9="pink", _7="teal")))
    assert "column 'x': 'pink', 'teal' in a single row each, the first on line 7" in the(
        found, "rare-category"
    )


@pytest.mark.parametrize("other", ["Red", "red.", "r ed"])
def test_categories_that_look_alike(other):
    found = read(clean(x=spoilt(WORDS, _2=other, _5=other)))
    says = the(found, "look-alike")
    assert says.startswith("column 'x': categories that differ by case, blanks, quotes")
    assert repr(other) in says


def test_codes_with_leading_zeros():
    few = [f"{i % 4:05d}" for i in range(ROWS)]
    found = read(clean(x=few))
    assert feature(found, "x").categories == ("00000", "00001", "00002", "00003")
    assert feature(found, "x").codes == (0, 1, 2, 3)
    assert "4 categories: its numbers have leading zeros, such as '00000'" in the(found, "code")
    found = read(clean(x=few), numeric=("x",))
    assert feature(found, "x").kind == "number"
    assert found.findings == ()
    many = [f"{(i * 7919) % 3000:05d}" for i in range(ROWS)]
    found = read(clean(x=many))
    assert names(found) == ["a", "b"]
    assert "60 different codes with leading zeros" in the(found, "id")
    assert column(read(clean(x=many), keep=("x",)), "x")[1] == 7919 % 3000


def test_codes_that_are_one_number_are_counted():
    found = read(clean(x=[("07", "7", "08", "9")[i % 4] for i in range(ROWS)]))
    assert feature(found, "x").categories == ("07", "08", "7", "9")
    assert feature(found, "x").codes == (0, 1, 2, 3)


# Columns that are left out


LEFT_OUT = [
    ("constant", "x", ["5"] * ROWS, "column 'x' is constant: '5' in 60 rows"),
    ("constant", "x", ["0.0", "-0.0"] * 30, "is constant: '0.0'"),
    ("constant", "x", spoilt(["5"] * ROWS, _4="", _5="5.00"), "is constant: '5' in 59 rows"),
    ("constant", "x", ["red"] * ROWS, "is constant: 'red'"),
    ("constant", "x", ["yes", "YES"] * 30, "is constant"),
    ("constant", "x", [str(2**53 + i) for i in range(ROWS)], "60 different numbers, such as"),
    ("constant", "x", [f"1.{i:011d}" for i in range(ROWS)], "60 different numbers, such as"),
    ("id", "x", [str(100 + 7 * i) for i in range(ROWS)], "steadily from 100 to 513"),
    ("id", "x", [str(-i) for i in range(ROWS)], "steadily from 0 to -59"),
    ("id", "patientId", shuffled(str(i) for i in range(ROWS)), "as its name says"),
    ("id", "row_no", shuffled(str(i) for i in range(ROWS)), "as its name says"),
    ("id", "x", [f"{i * 7919:x}gh" for i in range(ROWS)], "another word in each of 60, such as"),
    ("text", "x", [f"note {i}, said so" for i in range(ROWS)], "free text, 60 different in 60"),
    ("text", "x", [f"w{i % 31}" for i in range(ROWS)], "words or codes, 31 different"),
    ("text", "x", ["a" * 41, "b" * 41] * 30, "free text, 2 different"),
    ("date", "x", [f"2024-01-{i % 28 + 1:02d}" for i in range(ROWS)], "dates in 60 of 60 rows"),
    ("date", "x", [f"{i % 28 + 1}/2/24" for i in range(ROWS)], "such as '1/2/24' on line 2"),
    ("date", "x", [f"02/{i % 28 + 1}/2024 11:59 PM" for i in range(ROWS)], "dates in 60"),
    ("date", "x", [f"{i % 28 + 1:02d}.01.2024 10:00:0{i % 9}" for i in range(ROWS)], "dates"),
    ("date", "x", [f"2024-01-01T10:{i:02d}:00.5+02:00" for i in range(ROWS)], "dates"),
    ("date", "x", [f"{i % 28 + 1} Mar 2024" for i in range(ROWS)], "dates"),
    ("date", "x", spoilt([f"2024-01-{i % 9 + 1}" for i in range(ROWS)], _4="soon"), "in 59 of 60"),
]


@pytest.mark.parametrize(("kind", "name", "cells", "said"), LEFT_OUT)
def test_a_useless_column_is_left_out_unless_it_is_kept(kind, name, cells, said):
    found = read(clean(**{name: cells}))
    assert names(found) == ["a", "b"]
    says = the(found, kind)
    assert said in says
    assert says.endswith(f"left out; `keep=['{name}']` uses it all the same")
    kept = read(clean(**{name: cells}), keep=(name,))
    assert names(kept) == ["a", "b", name]
    assert kind not in kinds(kept)
    readings = column(kept, name)
    codes = feature(kept, name).codes
    assert np.isin(readings, codes).all() if codes else np.isnan(readings).sum() <= 1


def test_a_column_without_a_reading():
    for cells in ([""] * ROWS, ["NA", "?"] * 30):
        found = read(clean(x=cells))
        assert names(found) == ["a", "b"]
        assert the(found, "empty") == "column 'x' holds no reading: all 60 are missing; left out"
        with pytest.raises(TableError, match="leave it out of `keep`"):
            read(clean(x=cells), keep=("x",))


def test_whole_numbers_that_only_look_like_ids():
    rising = [str(i) for i in range(ROWS)]
    assert "x" in names(read(clean(x=shuffled(rising))))
    assert "x" in names(read(clean(x=[f"{i}.5" for i in range(ROWS)])))
    assert "x" in names(read(clean(x=spoilt(rising, _9="3"))))
    gate = table_from({"x": ["0", "1", "2", "3"], "y": ["0", "1", "1", "0"]})
    assert names(read(gate)) == ["x"]


def test_a_rising_column_stays_when_no_other_is_left():
    table = table_from({"x": map(str, range(ROWS)), "y": NUMBERS})
    found = read(table)
    assert names(found) == ["x"]
    assert the(found, "id").endswith("used, as no other column is left")


def test_nothing_left():
    table = table_from({"k": ["5"] * 60, "id": map(str, range(60)), "y": ["0", "1"] * 30})
    with pytest.raises(TableError) as refused:
        read(table)
    message = str(refused.value)
    assert message.startswith("dir/t.csv: no column is left to predict from: column 'k' is const")
    assert "column 'id' numbers the rows" in message
    assert message.endswith("`keep=['k']` uses one all the same")
    assert names(read(table, keep=("id",))) == ["id"]
    with pytest.raises(TableError, match="as `drop` names every one"):
        read(table, drop=("k", "id"))


def test_too_many_categories_for_a_network():
    table = clean(rows=1200, x=[f"w{i}" for i in range(1200)])
    with pytest.raises(TableError, match=r"1,200 different values, .* at most 1,000"):
        read(table, keep=("x",))


# Options


def test_drop_leaves_out_without_a_word():
    found = read(clean(x=["5"] * 60), drop=("x", "b"))
    assert names(found) == ["a"]
    assert found.findings == ()


@pytest.mark.parametrize(
    "option", ["drop", "keep", "categorical", "numeric", "reject", "indicator"]
)
def test_an_option_for_a_column_that_is_not_there_or_the_target(option):
    with pytest.raises(TableError, match=f"no column 'B' for `{option}`; .* did you mean 'b'"):
        read(clean(), **{option: ("B",)})
    with pytest.raises(TableError, match=f"`{option}={re.escape(repr(['y']))}` names the target"):
        read(clean(), **{option: ("y",)})


@pytest.mark.parametrize(
    ("one", "other"), [("drop", "keep"), ("categorical", "numeric"), ("reject", "indicator")]
)
def test_options_that_contradict_each_other(one, other):
    with pytest.raises(
        RecipeError, match=f"`{one}` and `{other}` contradict each other: both name 'a'"
    ):
        read(clean(), **{one: ("a",), other: ("b", "a")})


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("temp [°C]", "°C"),
        ("Temp (mm)", "mm"),
        ("speed(m/s) ", "m/s"),
        ("plain", ""),
        ("[mm]", ""),
        ("a (b) c", ""),
        ("x (1)", ""),
        ("x ()", ""),
    ],
)
def test_the_unit_at_the_end_of_a_name(name, unit):
    assert unit_of(name) == unit
    columns = {name: NUMBERS, "w (k)": WORDS, "y": ["0", "1"] * 30}
    assert [each.unit for each in read(table_from(columns)).features] == [unit, ""]


# Numbers that are odd


def test_an_outlier():
    found = read(clean(x=spoilt(NUMBERS, _22="1e12")))
    assert "column 'x', line 22: '1e12' where most readings lie between 3" in the(found, "outlier")
    found = read(clean(x=spoilt(NUMBERS, _22="1e12", _30="-2e12")))
    assert "line 30: '-2e12' and 1 more like it" in the(found, "outlier")
    assert "outlier" not in kinds(read(clean(x=spoilt(NUMBERS, _22="100"))))


def test_digits_that_float32_loses():
    found = read(clean(x=[str(10**9 + (7 * i) % 60) for i in range(ROWS)]))
    assert "its 60 different numbers are 2 in float32" in the(found, "precision")
    found = read(clean(x=[f"123456.{i * 37 % 61:04d}" for i in range(ROWS)]))
    assert "are 2 in float32" in the(found, "precision")
    assert read(clean(x=[repr(i / 7 % 1) for i in range(ROWS)])).findings == ()


def test_pimas_zeros_that_mean_missing():
    table = read_table("pima")
    columns = read_columns(table, ["diabetes"], Choices())
    says = the(columns, "zeros")
    counted = "'glucose' 5, 'pressure' 35, 'skin' 227, 'insulin' 374, 'bmi' 11;"
    assert counted in says
    assert "`missing=['glucose,pressure,skin,insulin,bmi=0']` reads them as missing" in says
    asked = Choices(missing=("glucose,pressure,skin,insulin,bmi=0",))
    again = read_columns(table, ["diabetes"], asked)
    assert again.imputed == (False, True, True, True, True, True, False, False)
    assert kinds(again) == ["missing"] * 5
    assert again.rows.tobytes() == columns.rows.tobytes()


def test_iris_and_sine_are_clean():
    for name, target in (("iris", "species"), ("sine", "y")):
        assert read_columns(read_table(name), [target], Choices()).findings == ()


@pytest.mark.parametrize(
    "cells",
    [
        [str(i % 2) for i in range(ROWS)],
        [str(i % 13) for i in range(ROWS)],
        [str(5 * (i % 13)) for i in range(ROWS)],
        [str(-(i % 13)) for i in range(ROWS)],
    ],
)
def test_zeros_that_are_real(cells):
    assert "zeros" not in kinds(read(clean(x=shuffled(cells))))


def test_names_that_an_option_cannot_join_have_their_own():
    cells = spoilt(NUMBERS, _5="0", _7="0")
    table = table_from({"a": NUMBERS, "p$": cells, "q,r": cells, "s": cells, "y": ["0", "1"] * 30})
    assert "`missing=['p$,s=0', 'q,r=0']`" in the(read(table), "zeros")


# Leaks


def target(table):
    return table.column("y").tolist()


def test_a_copy_of_the_target():
    table = clean()
    for cells in (
        target(table),
        ["1" if y == "0" else "0" for y in target(table)],
        ["sick" if y == "1" else "well" for y in target(table)],
        spoilt([f"{5 * float(y):g}" for y in target(table)], _4=""),
    ):
        found = read(clean(x=cells))
        assert names(found) == ["a", "b"]
        assert "the target 'y'" in the(found, "target-copy")
        assert the(found, "target-copy").endswith("left out; `keep=['x']` uses it all the same")
        kept = read(clean(x=cells), keep=("x",))
        assert names(kept) == ["a", "b", "x"]
        assert "target-copy" in kinds(kept)


def test_a_copy_stays_when_no_other_column_is_left():
    table = table_from({"x": ["no", "yes"] * 30, "k": ["5"] * 60, "y": ["0", "1"] * 30})
    found = read(table)
    assert names(found) == ["x"]
    assert the(found, "target-copy").endswith("used, as no other column is left")


def test_a_copy_of_few_rows_is_chance():
    found = read(table_from({"a": NUMBERS[:8], "x": ["0", "1"] * 4, "y": ["0", "1"] * 4}))
    assert names(found) == ["a", "x"]


def test_a_column_that_nearly_is_the_target():
    y = [str(i % 3 % 2) for i in range(200)]
    x = spoilt(["b" if cell == "1" else "a" for cell in y], _3="a")
    found = read(clean(rows=200, x=x, y=y))
    assert names(found) == ["a", "b", "x"]
    assert "one to one in 199 of 200 rows" in the(found, "near-target")


def test_a_rare_class_is_not_nearly_any_rare_value():
    y = ["1" if i in (5, 77) else "0" for i in range(600)]
    x = ["1" if i in (9, 300) else "0" for i in range(600)]
    assert "near-target" not in kinds(read(clean(rows=600, x=x, y=y)))


def test_a_regression_that_is_a_straight_line():
    table = table_from({"x": NUMBERS, "y": [f"{2 * float(x) + 1:.1f}" for x in NUMBERS]})
    found = read(table)
    assert names(found) == ["x"]
    says = the(found, "target-copy")
    assert "column 'x' is a function of the target 'y': -0.5 + 0.5 · 'y', to the last digit" in says
    assert says.endswith("used, as no other column is left")
    y = [f"{2 * float(x) + 1 + (0.08, -0.08)[row % 2]:.2f}" for row, x in enumerate(NUMBERS)]
    found = read(table_from({"x": NUMBERS, "y": y}))
    assert "all but a straight line of the target 'y' (correlation 0.999" in the(
        found, "near-target"
    )
    copied = read(table_from({"a": clean().column("a"), "x": NUMBERS, "y": NUMBERS}))
    assert names(copied) == ["a"]
    assert "column 'x' equals the target 'y' in all 60 rows" in the(copied, "target-copy")


def test_several_targets():
    table = table_from({"a": clean().column("a"), "x": NUMBERS, "y": NUMBERS, "z": WORDS})
    found = read_columns(table, ["y", "z"], Choices())
    assert names(found) == ["a"]


def test_rows_that_contradict_each_other():
    table = clean()
    columns = {name: [*table.column(name), *table.column(name)[:2]] for name in ("a", "b")}
    y = target(table)
    flipped = ["0" if cell == "1" else "1" for cell in y[:2]]
    found = read(table_from({**columns, "y": [*y, *flipped]}))
    says = the(found, "contradiction")
    assert says.startswith("4 of 62 rows have the readings of another row and another 'y'")
    assert "lines 2 and 62;" in says
    found = read(table_from({**columns, "y": [*y, *y[:2]]}))
    assert found.findings == ()


# Whatever comes

CELLS = st.one_of(
    st.sampled_from(
        ["", "?", "0", "1", "-0.0", "yes", "NO", "a", "A.", "inf", "1e39", "007", "x y"]
    ),
    st.integers(-(2**60), 2**60).map(str),
    st.floats().map(repr),
    st.text(max_size=4),
    st.dates().map(str),
)
COLUMN = st.one_of(
    st.lists(CELLS, min_size=12, max_size=12),
    st.lists(st.sampled_from(["a", "B", "b ", "", "7", "07", "-999"]), min_size=12, max_size=12),
    st.lists(st.integers(-3, 3).map(str), min_size=12, max_size=12),
    st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False).map(repr),
             min_size=12, max_size=12),
)  # fmt: skip
SOME = st.lists(st.sampled_from(["p", "q"]), max_size=2, unique=True).map(tuple)


@settings(max_examples=300)
@given(
    p=COLUMN, q=COLUMN, y=COLUMN, keep=SOME, categorical=SOME, numeric=SOME, reject=SOME,
    indicator=SOME, missing=st.lists(st.sampled_from(["0", "a", "p=-999", "q=B"])).map(tuple),
    present=st.lists(st.sampled_from(["?", "p=0", "q=none", "p,q=a"])).map(tuple),
)  # fmt: skip
def test_any_columns_are_read_or_refused(p, q, y, missing, present, **choices):
    table = table_from({"p": p, "q": q, "r": NUMBERS[:12], "y": y})
    try:
        found = read(table, missing=missing, present=present, **choices)
    except InputError:
        return
    assert found.rows.shape == (12, len(found.features))
    assert not np.isinf(found.rows).any()
    for index, each in enumerate(found.features):
        readings = found.rows[:, index]
        absent = np.isnan(readings) | (readings == each.sentinel)
        assert not absent.any() or found.imputed[index]
        if each.codes:
            assert np.isin(readings[~absent], each.codes).all()
    for finding in found.findings:
        assert finding.says.isprintable()
