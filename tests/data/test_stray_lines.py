"""Lines that are no rows: titles, units, a header again, totals; and marks that one cell breaks."""

import csv
import io

import numpy as np
import pytest

from mlp_edge.data.choices import Choices
from mlp_edge.data.columns import read_columns
from mlp_edge.data.reading.dialect import Dialect
from mlp_edge.data.reading.read import read_table
from mlp_edge.errors import TableError

NAMES = "station,temp,alarm"
ROWS = [f"{i % 7},{i}.5,{i % 2}" for i in range(40)]
WORDS = ["red,round,ok", "green,flat,bad", "blue,round,ok", "red,flat,bad"] * 5


@pytest.fixture
def read(tmp_path):
    def reading(lines, **dialect):
        file = tmp_path / "t.csv"
        text = lines if isinstance(lines, str) else "\n".join(lines) + "\n"
        file.write_bytes(text.encode())
        return read_table(str(file), Dialect(**dialect))

    return reading


def said(table):
    return " / ".join(note.says for note in table.notes)


def refused(read, lines, **dialect):
    with pytest.raises(TableError) as caught:
        read(lines, **dialect)
    message = str(caught.value)
    assert message.isprintable()
    return message.partition("t.csv")[2]


# Titles and units


@pytest.mark.parametrize(
    ("above", "line", "remove"),
    [
        (["Report,plant 3,shift 2"], 2, "remove it, or `header=True` if line 1 names"),
        (["Report,,"], 2, "remove it"),
        ([",Report 2024,"], 2, "remove it"),
        (["Report,Report,Report"], 2, "remove it"),
        (["Report,plant 3,shift 2", ""], 3, "remove it"),
        (["Report,plant 3,shift 2", "by,Jane,Doe"], 3, "remove the 2 lines above line 3"),
        (["Report,plant 3,shift 2", "by,Jane,Doe", "for,the,board"], 4, "the 3 lines above line 4"),
        (['"Report","plant 3","shift 2"'], 2, "remove it"),
        (["2024,,"], 2, "remove it"),
        (["2024,3,2"], 2, "remove it"),
    ],
)
def test_titles_above_the_names(read, above, line, remove):
    message = refused(read, [*above, NAMES, *ROWS])
    assert message.startswith(", line 1: ")
    assert f"looks like a title, as line {line}, 'station', 'temp', 'alarm'," in message
    assert remove in message
    assert "`missing" not in message


def test_a_line_that_is_said_to_name_the_columns_is_no_title(read):
    table = read(["name,score", "anna,high", *(f"n{i},{i}.5" for i in range(20))], header=True)
    assert table.columns == ("name", "score")
    assert table.rows == 21


@pytest.mark.parametrize("title", ["Report", "Report of plant 3", '"Report, plant 3"'])
@pytest.mark.parametrize("more", [[], [""], ["by Jane"]])
def test_a_title_of_one_cell(read, title, more):
    message = refused(read, [title, *more, NAMES, *ROWS])
    assert "3 cells where line 1 has 1; every line takes" in message
    assert f"if line 1, {title!r}, is a title, remove it" in message


@pytest.mark.parametrize(
    "units", ["-,°C,%", "[id],[°C],[%]", "(),(mm),(kg)", "-,mm,mm", "m,kPa,s", "km/h²,µm,-", ",°C,"]
)
def test_units_below_the_names(read, units):
    message = refused(read, [NAMES, units, *ROWS])
    assert message.startswith(", line 2: ")
    assert "looks like units below the names of line 1; remove the line" in message
    assert message.endswith("or `header=True` if it is a row")
    assert read([NAMES, units, *ROWS], header=True).rows == 41


def test_words_and_numbers_below_a_title(read):
    lines = ["Report,plant 3,shift 2", "name,temp,alarm", *(f"s{row}" for row in ROWS)]
    assert "looks like a title, as line 2" in refused(read, lines)


@pytest.mark.parametrize(
    "first",
    [
        "NA,NA,NA",
        ",,",
        "?,?,?",
        "unknown,unknown,unknown",
        "3,high,1",
        "a,2.5,b",
        "nan,x,y",
        "1,2,3",
    ],
)
def test_a_row_of_missing_readings_is_no_line_of_names(read, first):
    assert read([NAMES, first, *ROWS]).rows == len(ROWS) + 1


def test_one_word_in_the_first_row_is_asked_about(read):
    table = read(["name,temp,y", "s1,low,0", *(f"s{i % 3},{i}.5,{i % 2}" for i in range(40))])
    with pytest.raises(
        TableError, match=r"line 2, .*`missing=\['low'\]` .* or remove the line if it is a"
    ):
        read_columns(table, ["y"], Choices())


@pytest.mark.parametrize(
    ("line", "mark"),
    [("sep={}", ","), ("sep={}", ";"), ("SEP={}", "|"), ('"sep={}"', "\t"), ("sep={}\r", ":")],
)
def test_excels_line_that_names_the_separator(read, line, mark):
    rows = [row.replace(",", mark) for row in (NAMES, *ROWS)]
    table = read([line.format(mark), *rows])
    assert table.columns == ("station", "temp", "alarm")
    assert table.lines.tolist() == list(range(3, 43))
    assert "line 1, " in said(table)
    assert "names the separator and is no row; `sep` overrules" in said(table)
    other = read([line.format(mark), *(row.replace(mark, ";") for row in rows)], sep=";")
    assert other.rows == len(ROWS)


def test_a_title_above_names_and_words_is_said(read):
    table = read(["Report,plant 3,shift 2", "colour,shape,verdict", *WORDS])
    assert "line 2, 'colour', 'shape', 'verdict', holds words that stand nowhere else" in said(
        table
    )
    assert "nowhere else" not in said(read(["colour,shape,verdict", *WORDS]))
    assert "nowhere else" not in said(read(["a,b,c", "red,new,ok", *WORDS]))
    names = [f"n{i},m{i},ok" for i in range(20)]
    assert "nowhere else" not in said(read(["name,other,y", "x,y,bad", *names]))


# The header a second time


AGAIN = [
    "{}", "\ufeff{}", "{upper}", "{title}", " {} ", '"{}"', "\u200b{}\u200b", "{}\u00a0",
    "\ufeff{upper}", "\ufeff\ufeff{}",
]  # fmt: skip
HEADERS = ["colour,shape,verdict", "a,b,c", "Größe,é,y", "x 1,x 2,y"]


@pytest.mark.parametrize(
    ("again", "names", "body"),
    [(again, HEADERS[i % 4], (WORDS, ROWS)[i // 2 % 2]) for i, again in enumerate(AGAIN)],
)
def test_a_second_header_however_it_is_written(read, again, names, body):
    cells = names.split(",")
    written = (again.format(cell, upper=cell.upper(), title=cell.title()) for cell in cells)
    message = refused(read, [names, *body[:20], ",".join(written), *body[20:], body[0]])
    assert message.startswith(", line 22: the header of line 1 again; were two files joined?")
    assert ("`header=False` if line 1 is a row" in message) is (body is WORDS)


def test_a_second_header_decomposed(read):
    message = refused(read, ["\u00e9t\u00e9,b", "1,2", "3,4", "e\u0301te\u0301,B", "5,6"])
    assert message.startswith(", line 4: the header of line 1 again")


def test_words_without_a_header_are_told_of_no_header(read):
    for lines in (["yes,yes,no", "no,yes,yes"], ["red,flat", "blue,flat", "red,flat"]):
        assert "`header=False`" in refused(read, lines)
        assert read(lines, header=False).rows == len(lines)
    assert "rename one" in refused(read, ["a,a", "1,2"])
    assert "`header=False`" not in refused(read, ["a,a", "1,2"])


def test_marks_without_width_are_no_part_of_a_name(read):
    assert read(["\ufeff\ufefftemp\u200b,\u00a0y ", "1,2"]).columns == ("temp", "y")
    assert "more than one column is called 'temp'" in refused(read, ["temp,temp\u200b", "1,2"])


def test_most_names_are_no_header(read):
    assert read([NAMES, *ROWS, "station,4,1"]).rows == 41
    assert read(["colour,shape,verdict", *WORDS, "colour,shape,ok"]).rows == 21


# Totals and remarks below


@pytest.mark.parametrize("word", ["Total", "total:", "Grand Total", "SUM", "Summe", "Average"])
def test_a_line_of_totals_is_said(read, word):
    lines = ["shop,sold,y", *(f"s{i % 5},{i % 9},{i % 2}" for i in range(40)), f"{word},160,20"]
    table = read(lines)
    assert table.rows == 41
    assert "line 42, the last, looks like a line of totals" in said(table)
    assert not read(lines[:-1]).notes
    assert not read([*lines[:-1], "s1,3,1"]).notes


def test_a_remark_below_the_table(read):
    assert "if it is a remark below the table, remove it" in refused(
        read, [NAMES, *ROWS, "by Jane"]
    )


# A decimal point that may separate thousands, as a decimal comma may


def column(cells, sep=","):
    return [f"x{sep}y", *(f"{cell}{sep}{i % 2}" for i, cell in enumerate(cells))]


@pytest.mark.parametrize(("sep", "share"), [(",", 3), (";", 20), ("\t", 37)])
def test_points_that_may_part_thousands(read, sep, share):
    cells = [f"1.{200 + i}" if i < share else str(500 + i) for i in range(40)]
    message = refused(read, column(cells, sep))
    assert message.startswith(", line 2, column 'x': '1.200' may have a decimal point or separate")
    table = read(column(cells, sep), decimal=".")
    assert table.numbers("x")[0] == 1.2


@pytest.mark.parametrize(
    "cells",
    [
        [f"{1 + i / 1000:.3f}" for i in range(40)],
        [f"{i / 1000:.3f}" for i in range(40)],
        [f"{i * 1.125:g}" for i in range(40)],
        ["1500", "2000", "1.250", "1.500"] * 10,
        ["0", "1", "0.125"] * 13,
    ],
)
def test_decimals_are_decimals(read, cells):
    table = read(column(cells))
    assert not table.notes
    assert table.numbers("x").tolist() == [float(cell) for cell in cells]


def test_points_between_semicolons_are_said(read):
    cells = [f"{1 + i}.{200 + i}" for i in range(40)]
    table = read(column(cells, ";"))
    assert "'1.200' was taken for a decimal, though every point may separate thousands" in said(
        table
    )
    assert not read(column(cells, ";"), decimal=".").notes


@pytest.mark.parametrize("share", [1, 20, 40])
def test_a_comma_that_may_part_thousands_is_said_to(read, share):
    cells = [f'"1,{200 + i}"' if i < share else f"9{100 + i}" for i in range(40)]
    try:
        table = read(column(cells))
        read_columns(table, ["y"], Choices())
    except TableError as error:
        message = str(error)
    assert "line 2, column 'x'" in message
    assert "thousands, write" in message


# Rules that one cell switched off


def test_single_quotes_round_most_cells_are_said(read):
    cells = [f"'{('a', 'b', 'c')[i % 3]}'" for i in range(39)]
    assert "taken off" in said(read(column(cells)))
    table = read(column([*cells, "b"]))
    assert "single quotes round 39 of 40 cells of column 1, not round 'b'" in said(table)
    assert not read(column(["a", "it's", "'b'"] * 9)).notes


@pytest.mark.parametrize("odd", ["12.5", "-1", "1e3", "+5"])
def test_codes_with_leading_zeros_beside_one_that_is_none(read, odd):
    codes = [f"{i % 7:05d}" for i in range(40)]
    for place in (0, 20, 39):
        cells = [*codes[:place], odd, *codes[place + 1 :]]
        found = read_columns(read(column(cells)), ["y"], Choices())
        (says,) = [each.says for each in found.findings if each.kind == "code"]
        assert "'x' is read as numbers, though 39 cells with leading zeros look like codes" in says
        assert repr(odd) in says
        for choice in ({"numeric": ("x",)}, {"categorical": ("x",)}):
            again = read_columns(read(column(cells)), ["y"], Choices(**choice))
            assert "code" not in [each.kind for each in again.findings]


def test_row_numbers_with_gaps_still_number_rows(read):
    cells = [str(3 * i) if i % 20 else "" for i in range(40)]
    found = read_columns(read(["x,a,y", *(f"{c},{i % 9}.5,{i % 2}" for i, c in enumerate(cells))]),
                         ["y"], Choices())  # fmt: skip
    assert [each.name for each in found.features] == ["a"]


def test_zeros_for_missing_beside_one_reading_below_zero(read):
    cells = ["0", "-1", "0", *(f"{40 + i % 37}" for i in range(117))]
    found = read_columns(read(column(cells)), ["y"], Choices())
    assert "zeros" in [each.kind for each in found.findings]


def test_lines_with_a_mark_that_one_word_keeps_as_rows(read):
    table = read(["x,y", *(f"{i}.5,{i % 2}" for i in range(40)), "#3,1", "low,0"])
    with pytest.raises(TableError, match="`comments=True` leaves out lines that begin with #"):
        read_columns(table, ["y"], Choices())


# A carriage return in a cell


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("inside", ["\r", "\n", "\r\n", "a\rb\r", "\r\r"])
def test_a_line_end_in_quotes_is_part_of_its_cell(read, end, inside):
    out = io.StringIO(newline="")
    rows = [[f"x{inside}y", "1"], ["z", "2"], [f"{inside}", "3"], ["w", "4"]]
    csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([["n\rm", "y"], *rows])
    table = read(out.getvalue())
    assert np.column_stack([*table.cells.values()]).tolist() == rows
    assert table.columns == ("n\rm", "y")


def test_a_carriage_return_without_quotes_ends_a_line(read):
    lines = ["a,b,y", "1,p\rq,0", "2,r,1"]
    message = refused(read, lines)
    assert message.startswith(", line 2: 2 cells where line 1 has 3")
    assert "a carriage return alone; one in a cell takes quotes" in message
    assert read("a,b\r1,2\r3,4\r").rows == 2
    assert read("a,b\r\n1,2\r3,4\n5,6").rows == 3
