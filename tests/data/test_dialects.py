"""One table in every dialect gives one matrix, and every guess that may be wrong is said."""

import csv
import gzip
import io
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlp_edge.cell import is_number, number
from mlp_edge.data.content.floats import as_cells, parse
from mlp_edge.data.reading.dialect import Dialect
from mlp_edge.data.reading.read import read_table
from mlp_edge.data.reading.size import LONGEST_CELL, MOST_COLUMNS
from mlp_edge.errors import InputError, RecipeError, TableError

NAMES = ["x1", "x2", "label"]
ROWS = [["-1.2559", "60.23", "0"], ["2.1129", "70.8", "1"], ["0.1", "58", "0"], ["4", "-5e1", "1"]]
MATRIX = np.array(ROWS, np.float64)


def text(delimiter=",", decimal=".", end="\n", header=True, quote="", trail="", pad=""):
    lines = [NAMES, *ROWS] if header else ROWS
    cells = [[f"{pad}{quote}{cell}{quote}{pad}" for cell in line] for line in lines]
    if decimal == ",":
        cells = [[cell.replace(".", ",") for cell in line] for line in cells]
    return "".join(delimiter.join(line) + trail + end for line in cells)


@pytest.fixture
def read(tmp_path):
    def reading(content, dialect=None, name="table.csv"):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(str(file)) if dialect is None else read_table(str(file), dialect)

    return reading


def matrix(table):
    return np.column_stack([table.numbers(name) for name in table.columns])


def said(table):
    assert all(note.kind == "dialect" and note.says.isprintable() for note in table.notes)
    return " / ".join(note.says for note in table.notes)


ALIGNED = text("   ", header=False)
COMMENTED = "# made by x\n# 1, 2\n" + text().replace("\n", "\n# in between, 5\n", 2)

VARIANTS = {
    "comma": (text(), None),
    "semicolon": (text(";"), None),
    "tab": (text("\t"), None),
    "bar": (text("|"), None),
    "quoted": (text(quote='"'), None),
    "single quotes": (text(quote="'"), "single quotes"),
    "crlf": (text(end="\r\n"), None),
    "cr": (text(end="\r"), None),
    "blank lines": ("\n" + text(end="\n \n\n"), None),
    "bom": (b"\xef\xbb\xbf" + text().encode(), None),
    "utf-16-le": (b"\xff\xfe" + text().encode("utf-16-le"), None),
    "utf-16-be": (b"\xfe\xff" + text().encode("utf-16-be"), None),
    "utf-32": (text().encode("utf-32"), None),
    "gzip": (gzip.compress(text().encode(), mtime=0), None),
    "gzip of utf-16": (gzip.compress(text().encode("utf-16"), mtime=0), None),
    "no header": (text(header=False), None),
    "padded": (text(pad="  "), None),
    "aligned": (ALIGNED, "aligned by blanks"),
    "aligned, indented, tabs": ("  " + ALIGNED.replace("\n", " \t\n\t "), "aligned by blanks"),
    "aligned, header": (text("  "), "aligned by blanks"),
    "savetxt": ("# " + text(" "), "without its #"),
    "savetxt, comma": ("# " + text(), "without its #"),
    "decimal comma": (text(";", ","), "decimal comma; `decimal='.'` overrules"),
    "decimal comma, tab": (text("\t", ","), "decimal comma"),
    "decimal comma, no header": (text(";", ",", header=False), "decimal comma"),
    "decimal comma, aligned": (text("  ", ",", header=False), "decimal comma"),
    "german excel": ("\ufeff" + text(";", ",", "\r\n"), "decimal comma"),
    "trailing delimiter": (text(trail=","), "column 4 has no name and no value"),
    "trailing semicolon": (text(";", header=False, trail=";"), "column 4 has no name"),
    "comments": (COMMENTED, "4 comment lines that began with #, the first on line 1"),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_dialect_gives_the_same_matrix(read, variant):
    content, note = VARIANTS[variant]
    table = read(content)
    assert np.array_equal(matrix(table), MATRIX)
    headless = "no header" in variant or "aligned" in variant or variant == "trailing semicolon"
    if variant == "aligned, header" or not headless:
        assert table.header
        assert table.columns == tuple(NAMES)
    assert table.decimal == ("," if "decimal" in variant or "german" in variant else ".")
    assert (note in said(table)) if note else not table.notes


@pytest.mark.parametrize(
    ("content", "dialect"),
    [
        (text(":"), Dialect(sep=":")),
        (text("\t"), Dialect(sep="tab")),
        (text("\t"), Dialect(sep="\\t")),
        (text(" "), Dialect(sep="space")),
        (text(" "), Dialect(sep=" ")),
        (text(";", ","), Dialect(decimal=",")),
        (text(",", ",", quote='"'), Dialect(decimal=",")),
        (text(",", ",", quote='"'), Dialect(sep=",", decimal=",", header=True)),
        (text().encode("utf-16-le"), Dialect(encoding="utf-16-le")),
        (text().encode("utf-16"), Dialect(encoding="UTF-16")),
        (text().encode("cp500"), Dialect(encoding="cp500")),
        (text(), Dialect(encoding="utf8", header=True)),
        (text(header=False), Dialect(header=False)),
    ],
)
def test_what_the_user_says_needs_no_note(read, content, dialect):
    table = read(content, dialect)
    assert np.array_equal(matrix(table), MATRIX)
    assert table.notes == ()


@pytest.mark.parametrize(
    ("dialect", "message"),
    [
        ({"sep": ""}, "`sep=''`"),
        ({"sep": "ab"}, "`sep='ab'`"),
        ({"sep": "."}, "`sep="),
        ({"sep": "\n"}, "`sep="),
        ({"sep": "1"}, "`sep="),
        ({"sep": "§"}, "`sep="),
        ({"decimal": ";"}, "`decimal=';'`"),
        ({"encoding": "klingon"}, "`encoding='klingon'`"),
        ({"encoding": "hex"}, "`encoding='hex'`"),
        ({"encoding": "a\0b"}, "`encoding="),
    ],
)
def test_options_that_cannot_be_meant(dialect, message):
    with pytest.raises(RecipeError, match=message) as refused:
        Dialect(**dialect)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (text(",", ",", quote='"'), 2, "column 'x1': '-1,2559' has a comma .* `decimal=','` reads"),
        ('1,"2,5"\n3,"4,5"\n', 2, "column 2: '4,5' has a comma"),
        ("a;b\n1,5;2.5\n", 2, "column 'a': '1,5' has a decimal comma, but '2.5' in line 2, col"),
        ("a;b\n1,5;x\n2.5;y\n", 2, "`decimal=','` or `decimal='.'`"),
        ("a;b\n1,234;x\n2,345;y\n", 2, "thousands; `decimal=','`"),
        ("a b c\n1 2 3\n4 5\n6 7 8\n", 3, "2 cells where line 1 has 3"),
        (text().encode("utf-16-be"), 1, "`encoding='utf-16-be'` reads it"),
        (text().encode("utf-16-le"), 1, "`encoding='utf-16-le'` reads it"),
        ("\ufeffa,b\n1,\0\n".encode("utf-16-le"), 2, "NUL"),
        (b"\xff\xfe\x00\xd8\x00\xd8", 1, "utf-16"),
        (b"a,b\n1,caf\xe9\n2,\x81\n", 3, "0x81 is not UTF-8 or Windows-1252"),
        (b"a,b\n1,caf\xe9\n2,\x05\n", 3, "control byte 0x05"),
        (b"a,b\n1,\x05\xff\xfe\x90\n", 2, "control byte"),
        ("a,b\n1," + "9" * 1_000_000 + "\n", 2, "column 'b': a cell of 1,000,000 characters"),
        ("a,b\n1," + "9" * (LONGEST_CELL + 1) + "\n", 2, "131,073 characters"),
        ("," * MOST_COLUMNS + "\n", 1, "10,001 columns where at most 10,000"),
        ("@relation x\n@data\n1,2\n", None, "ARFF"),
        ("% x\n% y\n@RELATION x\n1,2\n", None, "ARFF"),
        (gzip.compress(gzip.compress(b"a,b\n1,2\n", mtime=0), mtime=0), None, "gzip inside gzip"),
    ],
)
def test_refused_with_a_hint(read, content, line, message):
    dialect = Dialect(sep="space") if "a b c" in str(content) else Dialect()
    with pytest.raises(TableError, match=message) as refused:
        read(content, dialect)
    assert line is None or f"table.csv, line {line}" in str(refused.value)
    assert str(refused.value).isprintable()


def test_latin_1_is_read_with_a_note(read):
    table = read(b"a,b\n1,caf\xe9\n2,\x80\n")
    assert table.column("b").tolist() == ["café", "€"]
    assert "0xe9 in line 2 is not UTF-8, so the text was read as Latin-1" in said(table)
    assert not read(b"a,b\n1,caf\xe9\n", Dialect(encoding="latin-1")).notes
    with pytest.raises(TableError, match=r"line 2: byte 0xe9 is not utf-8 text"):
        read(b"a,b\n1,caf\xe9\n", Dialect(encoding="utf-8"))


@pytest.mark.parametrize(
    ("content", "columns", "rows", "note"),
    [
        ("#id,x\n1,2\n3,4\n", ("id", "x"), [["1", "2"], ["3", "4"]], "line 1, '#id,x'"),
        ("#a,b\nid,x\n1,2\n", ("id", "x"), [["1", "2"]], "1 comment line"),
        ("#t\n#id,x\n1,2\n", ("id", "x"), [["1", "2"]], "1 comment line that began with #"),
        ("id,x\n1,2\n#3,4\n5,6\n", ("id", "x"), [["1", "2"], ["5", "6"]], "on line 3, left out"),
        ("id,x\na,2\n#3,4\nb,6\n", ("id", "x"), [["a", "2"], ["#3", "4"], ["b", "6"]], None),
        ("c,x\n#fff,1\n#000,2\n", ("c", "x"), [["#fff", "1"], ["#000", "2"]], None),
        ("#1,2\n3,4\n5,6\n", ("column1", "column2"), [["3", "4"], ["5", "6"]], "comment line"),
        ("id,x\n1,#2\n", ("id", "x"), [["1", "#2"]], None),
        ("id,x\n1,2\n #3\n", None, None, None),
        ('id,x\n"#a",2\n', ("id", "x"), [["#a", "2"]], None),
    ],
)
def test_comments_rows_and_names(read, content, columns, rows, note):
    if columns is None:
        with pytest.raises(TableError, match="line 3: 1 cell"):
            read(content)
        return
    table = read(content)
    assert table.columns == columns
    assert np.column_stack([table.cells[name] for name in columns]).tolist() == rows
    assert (note in said(table)) if note else not table.notes


@pytest.mark.parametrize(
    ("content", "header", "note"),
    [
        ("1,2,3\n0.5,1.5,7\n2.5,3.5,8\n", True, "counts up and was taken for column names"),
        ("1,2,3\n4,5,6\n", False, "counts up, but was taken for data; `header=True` overrules"),
        ("0,1\n0.5,1.5\n", False, None),
        ("a,b\nx,y\n", True, "no column below holds numbers; `header=False` overrules"),
        ("2020,kind\nx,y\n", False, "holds a number and was taken for data"),
        ("6,broken,1\n1,85,0\n3,4,5\n", False, "holds numbers and was taken for data"),
        ("0,1,2,target\n5,6,7,8\n", True, "counts up"),
        ("a;b\n1,5;2,5\n", True, "decimal comma"),
        ("1,5;a\n1,5;b\n2,5;c\n", False, "decimal comma"),
    ],
)
def test_a_doubtful_header_is_said_and_overruled(read, content, header, note):
    table = read(content)
    assert table.header is header
    assert (note in said(table)) if note else not table.notes
    other = read(content, Dialect(header=not header))
    assert other.header is not header
    assert other.rows == table.rows + (1 if header else -1)
    assert "header" not in said(other)


@pytest.mark.parametrize(
    ("content", "cells"),
    [
        ("a\tb\n1\t2\n\t\n3\t4\n", [["1", "2"], ["", ""], ["3", "4"]]),
        ("a\tb\tc\n1\t\t\n\t\n\t3\t4\n", [["1", "", ""], ["", "3", "4"]]),
        ("a,b\n1,'it''s'\n2,''\n3,\n", [["1", "it's"], ["2", ""], ["3", ""]]),
        ("a,b\n1,'x'\n2,y\n", [["1", "'x'"], ["2", "y"]]),
        ("a,b\n1,'x' or 'y'\n2,'z'\n", [["1", "'x' or 'y'"], ["2", "'z'"]]),
        ('a|b\n1|"x|y"\n2|"u\r\nv"\n', [["1", "x|y"], ["2", "u\r\nv"]]),
        (
            '18.0  8 1\t"a b"\n17.5  6 2\t"c"\n',
            [["18.0", "8", "1", "a b"], ["17.5", "6", "2", "c"]],
        ),
        ("a;b\n1;x,y\n2;z,u\n", [["1", "x,y"], ["2", "z,u"]]),
        ("a,b\n1,x|y\n2,z|u\n", [["1", "x|y"], ["2", "z|u"]]),
        ("a,b\n1,\n2,\n", [["1", ""], ["2", ""]]),
    ],
)
def test_cells_that_could_be_mistaken(read, content, cells):
    table = read(content)
    assert np.column_stack([table.cells[name] for name in table.columns]).tolist() == cells


def test_lines_stay_true_in_every_dialect(read):
    assert read(COMMENTED).lines.tolist() == [5, 7, 8, 9]
    assert read(text("  ", header=False, end="\r\n\r\n")).lines.tolist() == [1, 3, 5, 7]
    assert read(text().encode("utf-16")).lines.tolist() == [2, 3, 4, 5]


BLANK = " \t\v\f"
CELL = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0\ufeff"), max_size=6
) | st.sampled_from(["1", "2,5", "-3.5", "NA", "'q'", "#c", "", " ", "a b", "\t"])


@pytest.mark.slow
@settings(max_examples=200)
@given(data=st.data(), width=st.integers(1, 4), told=st.booleans(), quoted=st.booleans())
def test_any_cells_in_any_dialect_come_back_or_are_refused(
    tmp_path_factory, data, width, told, quoted
):
    row = st.lists(CELL, min_size=width, max_size=width)
    cells = data.draw(st.lists(row, min_size=1, max_size=5))
    delimiter = data.draw(st.sampled_from(",;\t|:"))
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    out = io.StringIO(newline="")
    csv.writer(
        out,
        delimiter=delimiter,
        lineterminator=data.draw(st.sampled_from(["\n", "\r\n"])),
        quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL,
    ).writerows(cells)
    file = tmp_path_factory.mktemp("any") / "t.csv"
    file.write_bytes(out.getvalue().encode(encoding))
    dialect = Dialect(delimiter, ".", encoding, False) if told else Dialect()
    try:
        table = read_table(str(file), dialect)
    except InputError as error:
        refusal = str(error)
    else:
        assert all(len(column) == table.rows > 0 for column in table.cells.values())
        # The writer leaves a carriage return unquoted where lines end in a line feed.
        if told and not table.notes and (quoted or "\r" not in "".join(map("".join, cells))):
            got = zip(*(table.cells[name] for name in table.columns), strict=True)
            assert list(map(list, got)) == [
                row for row in cells if quoted or is_line(row, delimiter)
            ]
        return
    assert refusal.startswith(str(file))
    assert refusal.isprintable()


def is_line(row, delimiter):
    """Whether a row is more than a blank line once it is written."""
    tabs = delimiter == "\t" and len(row) > 1
    quoted = any(delimiter in cell for cell in row)
    return bool(tabs or quoted or row == [""] or delimiter.join(row).strip(BLANK))


@settings(max_examples=200)
@given(
    cells=st.lists(
        st.from_regex(r"\s?[+-]?[0-9]{0,4}[.,]?[0-9]{0,4}([eE][+-]?[0-9]{1,3})?\s?", fullmatch=True)
        | st.floats().map(repr)
        | st.floats().map(lambda value: repr(value).replace(".", ","))
        | st.integers().map(str)
        | st.text(st.sampled_from("0123456789.,eE+-_xinfaINF \t\n٣")),
        min_size=1,
        max_size=20,
    ),
    decimal=st.sampled_from(".,"),
)
def test_a_column_parses_as_its_cells_do(cells, decimal):
    parsed = parse(as_cells(cells), decimal)
    assert parsed.dtype == np.float64
    assert np.array_equal(parsed, [number(cell, decimal) for cell in cells], equal_nan=True)


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("1,5", ",", 1.5),
        (",5", ",", 0.5),
        ("1.5", ",", np.nan),
        ("1,5", ".", np.nan),
        ("1.234,5", ",", np.nan),
        ("-1,5e3", ",", -1500.0),
        ("3.4028235e38", ".", 3.4028235e38),
        ("3.41e38", ".", np.nan),
    ],
)
def test_the_decimal_mark(cell, decimal, value):
    assert np.array_equal(number(cell, decimal), value, equal_nan=True)
    assert is_number("7", decimal)


def test_a_column_of_one_long_number_is_parsed_like_any_other():
    cells = as_cells(["9" * 5000, "0." + "1" * 5000, "1", ""])
    assert np.array_equal(parse(cells), [np.nan, 1 / 9, 1, np.nan], equal_nan=True)


def parquet(tmp_path, select):
    import duckdb

    file = tmp_path / "table.csv"  # the name says nothing
    duckdb.sql(f"COPY ({select}) TO '{file}' (FORMAT parquet)")
    return file


def test_parquet(tmp_path):
    file = parquet(
        tmp_path,
        "SELECT * FROM (VALUES (1, 0.1::DOUBLE, 1e30::FLOAT, true, 'a,b', DATE '2024-02-03', 1.50),"
        '(NULL, NULL, NULL, NULL, NULL, NULL, NULL)) t(i, d, f, b, s, "when", " dec ")',
    )
    table = read_table(str(file))
    assert table.columns == ("i", "d", "f", "b", "s", "when", "dec")
    assert [table.cells[name][0] for name in table.columns] == [
        *("1", "0.1", "1e+30", "true", "a,b", "2024-02-03", "1.50"),
    ]
    assert [table.cells[name][1] for name in table.columns] == [""] * 7
    assert np.array_equal(table.numbers("d"), [0.1, np.nan], equal_nan=True)
    assert (table.lines.tolist(), table.header, table.notes) == ([1, 2], True, ())
    assert table.place(1, "d").endswith("row 2, column 'd'")
    assert "`sep` says nothing" in said(read_table(str(file), Dialect(sep=";")))
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(TableError, match="Parquet file that cannot be read"):
        read_table(str(file))


@pytest.mark.parametrize(
    ("select", "message"),
    [
        ("SELECT 1 AS a, [1, 2] AS many", "column 'many' of type 'INTEGER"),
        ("SELECT 1 AS a, {'x': 1} AS \"it's\"", "STRUCT"),
        ("SELECT 1 AS a WHERE false", "without rows"),
        ('SELECT 1 AS a, 2 AS " a"', "more than one column is called 'a'"),
    ],
)
def test_parquet_that_is_no_table(tmp_path, select, message):
    with pytest.raises(TableError, match=message):
        read_table(str(parquet(tmp_path, select)))


def piped(content):
    code = (
        "from mlp_edge.data.reading.read import read_table\n"
        "from mlp_edge.errors import TableError\n"
        "try:\n"
        "    t = read_table('-'); print(t.source, t.name, t.rows, t.columns, t.sha256[:4])\n"
        "except TableError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True)
    return done.stdout.decode().strip()


def test_standard_input(tmp_path):
    assert piped(b"a,b\n1,2\n").startswith("standard input table 1 ('a', 'b') ")
    assert piped(gzip.compress(b"a,b\n1,2\n", mtime=0)).startswith("standard input table 1 ")
    file = parquet(tmp_path, "SELECT 1 AS a, 2 AS b")
    assert piped(file.read_bytes()).startswith("standard input table 1 ('a', 'b') ")
    assert piped(b"") == "standard input is empty; a table has a line per row"
    assert piped(b"a,b\n1\n").startswith("standard input, line 2: 1 cell ")


def test_standard_input_that_is_a_terminal(monkeypatch):
    class Terminal:
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal())
    with pytest.raises(TableError, match="standard input: nothing is piped in"):
        read_table("-")
