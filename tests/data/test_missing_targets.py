"""A target that is missing in some rows, and words that may stand for "missing" or be a class."""

import numpy as np
import pytest
from support.tables import clean, shuffled, spoilt, table_from

from mlp_edge.cell import MISSING
from mlp_edge.data.choices import Choices
from mlp_edge.data.columns import read_columns
from mlp_edge.data.findings.missing_targets import with_known_targets, with_known_targets_again
from mlp_edge.data.saved_columns import known_columns
from mlp_edge.errors import RecipeError, TableError

ROWS = 60
VALUES = [f"{(7 * i) % 61 / 10 + 3:.1f}" for i in range(ROWS)]
CLASSES = shuffled(["EU", "AS", "US"] * 20)
WORDS = sorted(MISSING - {""})


def left(cells, **choices):
    found = with_known_targets(clean(y=cells), ["y"], Choices(**choices))
    return found, [each.says for each in found.findings]


@pytest.mark.parametrize("spelling", sorted(MISSING | {" ", "NA ", "None"}))
def test_a_number_that_is_missing_leaves_its_row_out(spelling):
    found, said = left(spoilt(VALUES, _5=spelling, _9=spelling))
    assert found.table.rows == ROWS - 2
    assert found.table.lines.tolist() == [line for line in range(2, 62) if line not in (5, 9)]
    assert said == [
        f"column 'y', the target: 2 of 60 values missing "
        f"({repr(spelling.strip()) if spelling.strip() else 'empty'}), on lines 5 and 9; these "
        "rows are left out"
    ]


def test_an_empty_class_leaves_its_row_out():
    found, said = left(spoilt(CLASSES, _5="", _9=" "))
    assert found.table.rows == ROWS - 2
    assert "2 of 60 values missing (empty), on lines 5 and 9; these rows are left out" in said[0]


CLASS_LIKE = ["none", "nil", "None"]


@pytest.mark.parametrize("word", sorted({*WORDS, "NA", "N/A"} - {*CLASS_LIKE}))
def test_a_few_words_for_missing_leave_their_rows_out(word):
    found, said = left(spoilt(CLASSES, _5=word, _9=word, _12=word, _30=word))
    assert found.table.rows == ROWS - 4
    option = f"`present=['y={word}']`"
    assert said == [
        f"column 'y', the target: 4 of 60 values missing ({word!r}), the first on lines 5, 9 and "
        f"12; these rows are left out, {option} takes {word!r} for a class"
    ]


@pytest.mark.parametrize("word", ["NA", "-", "na"])
def test_a_word_for_missing_that_is_as_frequent_as_a_class_is_asked_about(word):
    often = {f"_{line}": word for line in range(2, 22)}
    rarest = min(spoilt(CLASSES, **often).count(name) for name in ("EU", "AS", "US"))
    assert rarest < 20
    with pytest.raises(TableError, match=r"may be a class or stand for a missing value.*19 more"):
        left(spoilt(CLASSES, **often))
    few = dict.fromkeys(list(often)[: rarest - 5], word)
    assert left(spoilt(CLASSES, **few))[0].table.rows == ROWS - len(few)


@pytest.mark.parametrize("word", CLASS_LIKE)
def test_a_word_that_may_be_a_class_is_asked_about(word):
    cells = spoilt(CLASSES, _5=word, _9=word)
    with pytest.raises(TableError) as refused:
        left(cells)
    message = str(refused.value)
    assert message.startswith(
        f"dir/t.csv, line 5, column 'y', the target: {word!r} may be a class or stand for a missing"
    )
    assert "`present=" in message
    assert "`missing=" in message
    for option in (f"y={word}", word):
        found, said = left(cells, present=(option,))
        assert (found.table.rows, said) == (ROWS, [])
        found, said = left(cells, missing=(option,))
        assert found.table.rows == ROWS - 2
        assert (
            f"2 of 60 values missing ({word!r}), on lines 5 and 9; these rows are left out"
            in said[0]
        )


def test_a_word_and_a_number_that_are_said_to_be_missing_travel_with_the_model():
    found, said = left(spoilt(CLASSES, _5="unknown"), missing=("y=Unknown",))
    assert found.missing == {"y": ("unknown",)}
    assert "1 of 60 values missing ('unknown')" in said[0]
    again = with_known_targets_again(
        clean(y=spoilt(CLASSES, _7="UNKNOWN", _8="")), {"y": "y"}, ("AS", "EU", "US"), found.missing
    )
    assert again.table.rows == ROWS - 2
    found, _ = left(spoilt(VALUES, _5="-999", _6="-999.0"), missing=("y=-999",))
    assert found.table.rows == ROWS - 2
    again = with_known_targets_again(
        clean(y=spoilt(VALUES, _7="-999")), {"y": "y"}, (), found.missing
    )
    assert again.table.rows == ROWS - 1


def test_a_label_of_the_model_is_never_missing():
    table = clean(y=spoilt(CLASSES, _5="NA", _6="", _7="none"))
    again = with_known_targets_again(table, {"y": "y"}, ("AS", "EU", "NA", "US"), {})
    assert again.table.rows == ROWS - 2
    assert "2 of 60 values missing (empty, 'none')" in again.findings[0].says


def test_a_number_for_every_column_is_no_class():
    found, said = left(shuffled(["0", "1"] * 30), missing=("0",))
    assert (found.table.rows, said, found.used) == (ROWS, [], frozenset({"`missing=['0']`"}))


def test_several_targets():
    table = table_from({"a": VALUES, "y": spoilt(VALUES, _5="NA"), "z": spoilt(VALUES, _7="")})
    found = with_known_targets(table, ["y", "z"], Choices())
    assert found.table.rows == ROWS - 2
    assert [each.says[:11] for each in found.findings] == ["column 'y',", "column 'z',"]


def test_a_target_without_a_value_is_refused():
    for cells in ([""] * ROWS, ["NA", "?"] * 30):
        with pytest.raises(TableError, match=r"'y', the target: all|60 of 60 values missing"):
            left(cells)
    with pytest.raises(TableError, match="so that no row is left"):
        with_known_targets_again(clean(y=[""] * ROWS), {"y": "y"}, (), {})


def test_options_that_hold_for_no_cell_or_contradict_each_other():
    _, said = left(CLASSES, missing=("y=nix",), present=("y=none",))
    assert said == [
        "`missing=['y=nix']`: no cell of its columns holds 'nix'",
        "`present=['y=none']`: no cell of its columns holds 'none'",
    ]
    for names in (("y=NA", "y=na"), ("NA", "y=NA"), ("y=NA", "NA")):
        with pytest.raises(
            RecipeError, match="contradict each other: both name 'na' of column 'y'"
        ):
            left(CLASSES, missing=names[:1], present=names[1:])
    for option in ("", " ", "y="):
        with pytest.raises(RecipeError, match="an empty cell holds no value"):
            left(CLASSES, present=(option,))


# The same words in a column that is learned from


def features(cells, **choices):
    found = read_columns(clean(x=cells), ["y"], Choices(**choices))
    return found.features[2], [each.says for each in found.findings]


@pytest.mark.parametrize("word", [*WORDS, "NA", "None"])
def test_a_guess_that_a_word_is_missing_is_said_and_overruled(word):
    cells = spoilt(CLASSES, _5=word, _9=word)
    feature, said = features(cells)
    assert feature.categories == ("AS", "EU", "US")
    assert len(said) == 1
    assert f"reads {word!r} as a category" in said[0]
    assert "`present=" in said[0]
    for option in (f"x={word}", word, word.swapcase()):
        feature, said = features(cells, present=(option,))
        assert set(feature.categories) == {"AS", "EU", "US", word}
        assert said == []
    rows, findings = known_columns(table_from({"x": [word, "EU", ""]}), [feature])
    assert rows[0, 0] == feature.codes[feature.categories.index(word)]
    assert np.isnan(rows[2, 0])
    assert [each.kind for each in findings] == ["missing"]


def test_another_case_of_a_word_that_is_a_category_is_unknown_and_not_missing():
    feature, _ = features(spoilt(CLASSES, _5="NA", _9="NA"), present=("x=NA",))
    rows, findings = known_columns(table_from({"x": ["na", "?"]}), [feature])
    assert rows[0, 0] == feature.unknown_code
    assert np.isnan(rows[1, 0])
    assert [each.kind for each in findings] == ["unknown-category", "missing"]


def test_present_lets_a_number_be_itself_in_one_column():
    table = clean(x=spoilt(VALUES, _5="0"), z=spoilt(VALUES, _6="0"))
    found = read_columns(table, ["y"], Choices(missing=("0",), present=("z=0",)))
    assert [each.sentinel for each in found.features] == [None, None, 0, None]


def test_a_word_that_is_present_among_numbers_is_refused():
    with pytest.raises(TableError, match="line 5, column 'x': 1 cell with words"):
        features(spoilt(VALUES, _5="NA"), present=("NA",))


def test_a_present_that_is_no_cell_or_no_column():
    assert (
        "`present=['nix']`: no cell of its columns holds 'nix'"
        in features(CLASSES, present=("nix",))[1]
    )
    with pytest.raises(TableError, match=r"no column 'X' for `present=\['X=NA'\]`; .* mean 'x'"):
        features(CLASSES, present=("X=NA",))
