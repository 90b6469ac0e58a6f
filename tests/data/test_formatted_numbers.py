"""Formatted numbers, words among numbers: refused, said, or read right; never in silence.

One matrix: what a cell holds, how many cells of the column hold it, and what the others hold.
"""

from itertools import product

import numpy as np
import pytest
from support.tables import clean, shuffled

from mlp_edge.data.choices import Choices
from mlp_edge.data.columns import read_columns
from mlp_edge.data.content.formatted import doubtful_form, form
from mlp_edge.data.targets import classes, detect_task
from mlp_edge.errors import TableError

ROWS = 60
NUMBERS = [f"{(7 * i) % 61 / 10 + 1003:.1f}" for i in range(ROWS)]
FEW = [("red", "green", "blue")[i % 3] for i in range(ROWS)]
MANY = [f"p{i * 7919:x}q" for i in range(ROWS)]
SHARES = {"one": [30], "some": range(0, ROWS, 5), "half": range(0, ROWS, 2),
          "most": [i for i in range(ROWS) if i % 5], "all": range(ROWS)}  # fmt: skip

FORMS = {
    "a currency": ["${}", "{} $", "€{}", "CHF {}", "{} kr", "-${}", "{}€", "₹ {}"],
    "thousands marks": ["1,{:03}", "12.{:03}.500", "1'{:03}", "1’{:03}.5", "1 {:03}",
                        "1\u00a0{:03}", "1\u202f{:03}", "1_{:03}", "1,{:03}.25", "1.{:03},25",
                        "-4,{:03},000", "1,00,{:03}"],
    "a percent sign": ["{}%", "{} %", "+{}%", "{}‰"],
    "hexadecimal digits": ["0x{:x}", "-0X{:x}"],
    "digits of another base": ["0b1{:b}", "0o1{:o}"],
    "parentheses": ["({})", "( {}.5 )"],
    "a minus sign that is not -": ["−{}", "–{}.5"],
    "a sign": ["{}-", "- {}", "+ {}"],
    "a power of ten": ["{}.5D+03", "1.{}d-2", "{}×10^3", "1.{} x 10^-3"],
    "invisible characters": ["\ufeff{}", "{}\u200b", "1\u00ad{}"],
    "quotes": ['"{}"', "‘{}’"],
    "an apostrophe in front": ["'{}"],
    "digits of another script": ["\u0663\u0664{}", "\uff11{}"],
    "a currency and parentheses and thousands marks": ["$(1,{:03}.50)"],
}  # fmt: skip
MARKED = [(name, mark) for name, marks in FORMS.items() for mark in marks]
DOUBTFUL = {
    "numbers with the unit 'kg'": "{} kg",
    "numbers with the unit 'm/s'": "{}.5m/s",
    "fractions": "{}/7",
    "times": "{:02}:30",
    "dates": "2024-01-{:02}",
}


def placed(others, cells, rows):
    found = list(others)
    for row in rows:
        found[row] = cells[row]
    return found


def answer(cells, name="x", **choices):
    """What is said about a column, and its feature or None."""
    found = read_columns(clean(**{name: cells}), ["y"], Choices(**choices))
    said = [each.says for each in found.findings if f"column {name!r}" in each.says]
    feature = next((each for each in found.features if each.name == name), None)
    return said, feature


OTHERS = {"numbers": NUMBERS, "few words": FEW, "many words": MANY}


@pytest.mark.parametrize(("name", "mark"), MARKED)
def test_numbers_that_are_not_read_as_numbers(name, mark):
    written = [mark.format(20 + i % 37) for i in range(ROWS)]
    for share, others in product(SHARES, OTHERS):
        cells = placed(OTHERS[others], written, SHARES[share])
        try:
            said, feature = answer(cells)
        except TableError as refused:
            message = str(refused)
            assert message.startswith("dir/t.csv, line")
            assert "column 'x'" in message
            assert message.isprintable()
            if share == "all" or others == "numbers":
                assert name in message or "comma" in message
                assert "`missing" not in message  # that would throw readings away
            continue
        # A single one among words is a category in a single row; among names a column is left out.
        assert said, (share, others)
        assert feature is None or (share == "one" and others == "few words")


@pytest.mark.parametrize(("name", "mark"), MARKED)
def test_an_option_that_decides(name, mark):
    written = [mark.format(20 + i % 7) for i in range(ROWS)]
    cells = placed(NUMBERS[:3] * 20, written, range(0, ROWS, 2))
    _, feature = answer(cells, categorical=("x",))
    assert feature.kind == "category"
    assert len(feature.categories) <= 10
    assert answer(cells, drop=("x",)) == ([], None)


@pytest.mark.parametrize("form_", DOUBTFUL)
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("others", ["numbers", "few words"])
def test_what_may_be_numbers_and_may_be_names(form_, share, others):
    written = [DOUBTFUL[form_].format(1 + i % 9) for i in range(ROWS)]
    cells = placed(NUMBERS if others == "numbers" else FEW, written, SHARES[share])
    if others == "numbers" and share != "all":
        with pytest.raises(TableError, match=r"dir/t\.csv, lines? .*, column 'x'") as refused:
            answer(cells)
        says = f"they look like {form_}; write plain numbers"
        assert share == "most" or says in str(refused.value)
        return
    said, feature = answer(cells)
    assert said
    if share == "one":
        assert "in a single row each" in said[0]
    elif form_ == "dates" and share == "all":
        assert feature is None
    else:
        assert f"column 'x' is read as categories, though it holds {form_} in " in said[0]
        said, feature = answer(cells, categorical=("x",))
        assert feature.kind == "category"
        assert not any("though it holds" in each for each in said)


@pytest.mark.parametrize("form_", [name for name in DOUBTFUL if name != "dates"])
def test_too_many_of_them_are_left_out_by_their_name(form_):
    said, feature = answer([DOUBTFUL[form_].format(i + 1) for i in range(ROWS)])
    assert feature is None
    assert said[0].startswith(f"column 'x' holds {form_} in 60 of 60 cells, such as ")
    assert said[0].endswith("left out; `keep=['x']` uses it all the same")


@pytest.mark.parametrize(
    "texts",
    [
        ["2WD", "4WD"], ["1a", "2b", "3c", "4d"], ["1st", "2nd", "3rd"], ["A1", "B2", "C3"],
        ["20-29", "30-39", "40-49"], ["<=50K", ">50K"], ["192.168.100.200", "10.0.0.1"],
        ["1.2.3", "1.2.4", "1.3.0"], ["1d3", "2e1f", "3d4"], ["3+", "4+", "5+"], ["x", "y", "z"],
    ],
)  # fmt: skip
def test_names_with_digits_are_names(texts):
    assert [form(text) for text in texts] == [None] * len(texts)
    assert doubtful_form(texts) == ("", frozenset())
    cells = [texts[i % len(texts)] for i in range(ROWS)]
    assert answer(shuffled(cells))[0] == []


# Words and numbers side by side

PAIRS = [("off", "20.5"), ("True", "1"), ("yes", "0"), ("low", "-3"), ("none?", "1e3"),
         ("A", "7"), ("on", "1")]  # fmt: skip


@pytest.mark.parametrize(("word", "number"), PAIRS)
@pytest.mark.parametrize("words", [1, 20, 30, 40, 59])
def test_words_and_numbers_are_refused_whichever_is_more(word, number, words):
    cells = shuffled([word] * words + [number] * (ROWS - words))
    _, feature = answer(cells, categorical=("x",))
    assert set(feature.categories) == {word, number}
    with pytest.raises(TableError) as refused:
        answer(cells)
    message = str(refused.value)
    rare = word if words <= ROWS / 2 else number
    line = cells.index(rare) + 2
    assert message.startswith((f"dir/t.csv, line {line},", f"dir/t.csv, lines {line}"))
    assert "column 'x'" in message
    assert "`categorical=['x']`" in message
    assert repr(word) in message or repr(number) in message
    assert str(min(words, ROWS - words)) in message


@pytest.mark.parametrize(("word", "number"), PAIRS)
@pytest.mark.parametrize("words", [1, 20, 30, 40, 59])
def test_words_and_numbers_of_a_target(word, number, words):
    table = clean(y=shuffled([word] * words + [number] * (ROWS - words)))
    with pytest.raises(TableError, match=r"dir/t\.csv, lines? .*, column 'y'.*`task='multiclass'`"):
        detect_task(table, "y")
    assert set(classes(table, "y", forced=True)) == {word, number}


@pytest.mark.parametrize(("name", "mark"), MARKED)
def test_a_target_of_formatted_numbers(name, mark):
    written = [mark.format(20 + i % 37) for i in range(ROWS)]
    for share in SHARES.values():
        table = clean(y=placed(NUMBERS, written, share))
        with pytest.raises(TableError, match="column 'y'"):
            detect_task(table, "y")


def test_a_few_numbers_in_a_column_of_names_leave_it_out():
    said, feature = answer(placed(MANY, NUMBERS, [3, 4]))
    assert feature is None
    assert "left out" in said[0]


def test_words_that_are_too_many_are_not_taken_for_an_outlier_of_numbers():
    mostly_numbers = placed(NUMBERS, MANY, range(0, ROWS, 3))
    with pytest.raises(TableError, match=r"lines 2, 5 and 8 \(17 more\), column 'x': 20 cells"):
        answer(mostly_numbers)


def test_the_column_name_and_totals_among_numbers_are_no_missing_readings():
    for name in ("Temp", "\ufefftemp", " TEMP ", '"temp"'):
        with pytest.raises(
            TableError, match=r"1 cell with words .*that is the name of the column, a second"
        ):
            answer(placed(NUMBERS, [name] * ROWS, [30]), name="temp")
    with pytest.raises(
        TableError, match=r"line 61, column 'x': .*'Grand total'.*a line of totals, as it"
    ):
        answer(placed(NUMBERS, ["Grand total"] * ROWS, [59]))


def test_numbers_stay_numbers():
    said, feature = answer(NUMBERS)
    assert (said, feature.kind) == ([], "number")
    readings = read_columns(clean(x=NUMBERS), ["y"], Choices()).rows[:, 2]
    assert readings.tolist() == np.array(NUMBERS, np.float32).tolist()
