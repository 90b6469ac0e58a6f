"""Any table a plain user has comes back cell for cell; anything else is refused with its line."""

import csv
import gzip
import hashlib
import io
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlp_edge.data.content.strays import INVISIBLE
from mlp_edge.data.reading.dialect import Dialect
from mlp_edge.data.reading.read import read_table
from mlp_edge.data.reading.size import LONGEST_LINE
from mlp_edge.errors import TableError


@pytest.fixture
def write(tmp_path):
    def written(content, name="table.csv"):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(file)

    return written


def grid(table):
    return [list(row) for row in zip(*(table.column(name) for name in table.columns), strict=True)]


PLAIN = "a,b\n1,2\n3.5,-4e2\n"
DATA = [["1", "2"], ["3.5", "-4e2"]]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        "\ufeff" + PLAIN,
        PLAIN.rstrip("\n"),
        PLAIN + "\n  \n\r\n\t\n",
        "\n\n" + PLAIN.replace("\n", "\n\n"),
        "a,b\r\n1,2\n3.5,-4e2\r\n",
        '"a","b"\n"1","2"\n"3.5","-4e2"\n',
        gzip.compress(PLAIN.encode(), mtime=0),
        gzip.compress(b"a,b\n1,2\n", mtime=0) + gzip.compress(b"3.5,-4e2\n", mtime=0),
    ],
)
def test_plain_tables(write, content):
    source = write(content)
    table = read_table(source)
    assert (table.columns, table.header, table.rows, grid(table)) == (("a", "b"), True, 2, DATA)
    data = content if isinstance(content, bytes) else content.encode()
    assert table.sha256 == hashlib.sha256(data).hexdigest()
    assert (table.name, table.source) == ("table", source)


def test_blanks_stay_in_cells_but_not_in_names(write):
    table = read_table(write(" a , b\n  1 , 2 \n 3, yes\n"))
    assert table.columns == ("a", "b")
    assert grid(table) == [["  1 ", " 2 "], [" 3", " yes"]]


def test_words_that_a_reader_might_swallow_stay(write):
    cells = [["NULL", "1"], ["nan", "2"], ["#3", "3"], ["\\N", "4"], ["0012", "5"], ["", "6"]]
    table = read_table(write("a,b\n" + "".join(f"{a},{b}\n" for a, b in cells)))
    assert grid(table) == cells


def test_lines_count_blank_lines_and_line_ends_in_cells(write):
    table = read_table(write('a,b\r\n\r\n1,"x\r\n\r\ny"\r\n2,z\r\n\r\n3, "u\nv"\r\n4,w\r\n'))
    assert table.lines.tolist() == [3, 6, 8, 10]
    assert table.lines.dtype == np.int64
    assert table.column("b").tolist() == ["x\r\n\r\ny", "z", "u\nv", "w"]


def test_a_column_without_a_name_is_called_by_its_number(write):
    assert read_table(write(",a,b\n0,1,2\n1,3,4\n")).columns == ("column1", "a", "b")


@pytest.mark.parametrize(
    ("content", "header"),
    [
        ("6,148,1\n1,85,0\n", False),
        ("\ufeff-6,148,1\n1,85,0\n", False),
        ("6,148,1\n", False),
        ("1,2,3\n4,5,6\n", False),
        ("5.1,3.5,setosa\n4.9,3.0,virginica\n", False),
        ("1,?,3\n4,5,6\n", False),
        (",1,3\n,5,6\n", False),
        ("6,broken,1\n1,85,0\n3,4,5\n", False),
        ("x\n0.5\n", True),
        ("0.5\n1.5\n", False),
        ("a,b\nx,y\nz,u\n", True),
        ("2020,kind\nx,y\nz,u\n", False),
        ("0,1,2,target\n5,6,7,8\n", True),
        ("1,2,target\n5,6,yes\n6,7,no\n", False),
        ("a,b\n1,2\nbroken,3\n4,5\n", True),
        ("label,word\n1,x\n", True),
    ],
)
def test_header_or_not(write, content, header):
    table = read_table(write(content))
    assert table.header is header
    assert table.rows == content.count("\n") - header
    if not header:
        assert table.columns == tuple(f"column{i + 1}" for i in range(len(table.columns)))


NAMES = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0\ufeff"), min_size=1, max_size=8
).filter(lambda name: name == name.strip() == name.strip(INVISIBLE) and name[0] not in "<[{")
WORDLIKE = NAMES.filter(
    lambda name: not any(character in "0123456789.?-#'\r" for character in name)
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=50)
@given(
    data=st.data(),
    rows=st.integers(1, 6),
    names=st.lists(
        WORDLIKE.filter(
            lambda name: name.lower() not in {"nan", "na", "n/a", "null", "none", "nil"}
        ),
        min_size=2,
        max_size=4,
        unique=True,
    ),
    delimiter=st.sampled_from(",;\t"),
    newline=st.sampled_from(["\n", "\r\n"]),
    header=st.booleans(),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_any_table_of_numbers(
    tmp_path_factory, data, rows, names, delimiter, newline, header, quoting
):
    width = len(names)
    numbers = data.draw(
        st.lists(st.lists(FLOATS, min_size=width, max_size=width), min_size=rows, max_size=rows)
    )
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=newline, quoting=quoting)
    writer.writerows([names, *numbers] if header else numbers)
    file = tmp_path_factory.mktemp("any") / "t.csv"
    file.write_bytes(text.getvalue().encode())
    table = read_table(str(file))
    assert table.header is header
    assert table.columns == (
        tuple(names) if header else tuple(f"column{i + 1}" for i in range(width))
    )
    assert grid(table) == [[repr(number) for number in row] for row in numbers]


@settings(max_examples=50)
@given(
    cells=st.lists(
        st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")),
        min_size=1,
        max_size=6,
    ),
    delimiter=st.sampled_from(",;\t"),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_any_text_in_a_column(tmp_path_factory, cells, delimiter, newline):
    text = io.StringIO()
    writer = csv.writer(
        text, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_NONNUMERIC
    )
    writer.writerows([["number", "text"], *([i, cell] for i, cell in enumerate(cells))])
    content = text.getvalue()
    file = tmp_path_factory.mktemp("any") / "t.csv"
    file.write_bytes(content.encode())
    table = read_table(str(file))
    assert table.column("text").tolist() == cells
    # The row's own line holds its number and the delimiter, wherever line ends hide in cells.
    lines = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for row, line in enumerate(table.lines):
        assert lines[line - 1].startswith(f'{row}{delimiter}"')


@settings(max_examples=50)
@given(content=st.binary(max_size=200) | st.text(st.sampled_from('1a.,;\t"\r\n #'), max_size=60))
def test_any_bytes_are_a_table_or_a_table_error(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("any") / "t.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        table = read_table(str(file))
    except TableError as error:
        message = str(error)
    else:
        assert all(len(cells) == table.rows > 0 for cells in table.cells.values())
        return
    assert message.startswith(str(file))
    assert message.isprintable()


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("", None, "is empty"),
        ("\n  \n\t\n", None, "no data rows"),
        ("a,b\n", 1, "no data rows"),
        ("\n\na,b\n\n", 3, "no data rows"),
        ("a,b\n1,2\n3,4,5\n", 3, "3 cells where line 1 has 2"),
        ("a,b\n1,2\n3,4,5,6,7\n", 3, "5 cells where line 1 has 2"),
        ("a,b\n1,2\n3\n", 3, "1 cell where line 1 has 2"),
        ("a,b\n1,2,3\n3,4,5\n", 2, "3 cells where line 1 has 2"),
        ("a,b,c\n1,2\n3,4\n", 2, "2 cells where line 1 has 3"),
        ('a,b\n\n"1\n\n",2\n3\n', 6, "1 cell where line 1 has 2"),
        ("a;b\r\n\r\n1;2\r\n3;4;5\r\n", 4, "3 cells where line 1 has 2"),
        ("a,b\n1,2\n # note\n3,4\n", 3, "1 cell where line 1 has 2"),
        ('a,b\n1,"2\n3,4\n', 2, "quote mark"),
        ('a,b\n1,2\n3,"4"5\n', 3, "quote mark"),
        ('a,b\n1,x;"y\nz",3\n', None, "quote mark"),
        ("a,b\n1," + "2" * LONGEST_LINE + "\n", 2, "longer than"),
        ("a,b,a\n1,2,3\n", 1, "more than one column is called 'a'"),
        ("a, a \n1,2\n", 1, "more than one column is called 'a'"),
        (",column1\n1,2\n", 1, "more than one column is called 'column1'"),
        ("a,b\n1,2\n\na,b\n3,4\n", 4, "the header of line 1 again"),
        (" 1.5   2.5  1\n 2.5   3.5\n", 1, "`sep='space'`"),
        (b"a,b\n1,2\n3,\0\n", 3, "NUL byte"),
        (b"\0a\0,\0b\0\n", 1, "UTF-16"),
        (b"a,b\n1,2\n3,\x9d\xe9\n", 3, "0x9d is not UTF-8"),
        (b"PK\x03\x04rest", None, "spreadsheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1rest", None, "spreadsheet"),
        (b"PAR1rest", None, "Parquet"),
        (b"\x1f\x8bnot gzip at all", None, "gzip"),
        (gzip.compress(PLAIN.encode(), mtime=0)[:-6], None, "gzip"),
        (gzip.compress(b"a,b\n1,\0\n", mtime=0), 2, "NUL byte"),
        ("\n\n<!DOCTYPE html>\n<html><body>1,2</body></html>\n", None, "HTML"),
        ("<html>\n1,2\n</html>", None, "HTML"),
        ('{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n', None, "JSON"),
        ('[\n  {"a": 1}\n]\n', None, "JSON"),
        ("[[1, 2], [3, 4]]\n", None, "JSON"),
    ],
)
def test_refused_with_file_and_line(write, content, line, said):
    source = write(content)
    with pytest.raises(TableError) as refused:
        read_table(source)
    message = str(refused.value)
    assert message.startswith(source if line is None else f"{source}, line {line}: ")
    assert said in message
    assert message.isprintable()
    assert len(message) < 500 + len(source)


def test_missing_files_and_what_stands_in_their_place(tmp_path, write, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(PLAIN, "diabetes.csv")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.csv").symlink_to("nowhere.csv")
    os.mkfifo(tmp_path / "pipe")
    for source, said in [
        ("nothing.csv", "nothing.csv: no such file"),
        ("pimma", "did you mean pima?"),
        ("diabtes.csv", "did you mean diabetes.csv?"),
        ("folder", "folder: is a directory"),
        ("", "'': is a directory"),
        ("link.csv", "link to nowhere.csv"),
        ("pipe", "pipe: is not a regular file"),
        ("no/such/folder.csv", "no such file"),
        ("s3://bucket/a.csv", "download it first"),
        ("https://example.org/a.csv", "download it first"),
        ("*.csv", "no such file"),
        ("a\0b.csv", r"'a\x00b.csv'"),
        ("a\x1b[31m.csv", r"'a\x1b[31m.csv'"),
        ("x" * 5000, "cannot be read"),
    ]:
        with pytest.raises(TableError) as refused:
            read_table(source)
        assert said in str(refused.value)
        assert str(refused.value).isprintable()


def test_a_file_that_may_not_be_read(write, monkeypatch):
    source = write(PLAIN)

    def refuse(self, mode):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(TableError, match="permission denied") as refused:
        read_table(source)
    assert source in str(refused.value)


def test_the_name_of_a_set_wins_over_a_file(tmp_path, write, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(PLAIN, "pima")
    assert read_table("pima").rows == 768
    assert read_table("./pima").rows == 2


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a*.csv", "a"),
        ("a[b]?.csv", "a_b"),
        ("-rf.csv", "rf"),
        ("sp ace é\n.csv", "sp_ace"),
        ("it's 100%.csv", "it_s_100"),
        ("2024 data.csv.gz", "model_2024_data"),
        ("http:", "http"),
        ("table", "table"),
    ],
)
def test_names_of_files_are_names(tmp_path, write, monkeypatch, file, name):
    monkeypatch.chdir(tmp_path)
    write("a,b\n9,9\n", "a-decoy.csv")
    content = gzip.compress(PLAIN.encode(), mtime=0) if file.endswith(".gz") else PLAIN
    write(content, file)
    table = read_table(file)
    assert (table.source, table.name, grid(table)) == (file, name, DATA)


def test_a_folder_for_temporary_files_with_a_pattern_in_its_name(tmp_path, write, monkeypatch):
    odd = tmp_path / "we[i]rd*? 'folder'"
    odd.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(odd))
    assert grid(read_table(write(PLAIN))) == DATA
    assert list(odd.iterdir()) == []


def test_a_hole_of_gigabytes_is_refused_at_its_first_byte(tmp_path):
    file = tmp_path / "sparse.csv"
    file.write_text(PLAIN)
    os.truncate(file, 1 << 31)
    with pytest.raises(TableError, match="line 4: a NUL byte"):
        read_table(str(file))


def test_reading_imports_no_heavy_library():
    code = (
        "import sys; from mlp_edge.data.reading.read import read_table; early = 'duckdb' in "
        "sys.modules;"
        "read_table('iris');"
        "print(early, {'pandas', 'sklearn', 'tensorflow', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False set()"


@pytest.mark.parametrize("sep", ["space", "tab", ";", None])
def test_a_line_of_another_width_names_the_separator_that_was_given(write, sep):
    mark = {"space": "  ", "tab": "\t", None: ","}.get(sep, sep)
    source = write(mark.join("abc") + "\n" + mark.join("123") + "\n" + mark.join("1234") + "\n")
    with pytest.raises(TableError) as refused:
        read_table(source, Dialect(sep))
    named = {"space": "blanks (spaces, tabs)", "tab": r"'\t'", ";": "';'", None: "','"}[sep]
    assert f"separated by {named} (`sep` names another mark)" in str(refused.value)
