"""Cells kept as bytes, numbers parsed by DuckDB: both as the slow ways give them, to the bit."""

import csv
import io
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlp_edge.cell import number
from mlp_edge.data.content.floats import as_cells, parse
from mlp_edge.data.content.grid import APART, GridColumn
from mlp_edge.data.odd_lines import LineError
from mlp_edge.data.reading import cells as reading_cells
from mlp_edge.data.reading.cells import find_grid
from mlp_edge.data.reading.duck import read_strictly
from mlp_edge.data.reading.layout import lay_out, split_record
from mlp_edge.data.reading.numbers import parse_columns
from mlp_edge.data.reading.read import read_table
from mlp_edge.errors import TableError

MOST = 1 << 29
CELL = st.text('ab1.,; "\n\ré\U0001f427', max_size=6)


def grid_of(content, delimiter=","):
    layout = lay_out(content, delimiter)
    width = len(split_record(layout.record(0), delimiter)) if len(layout) else 0
    return layout, width, find_grid(layout, delimiter, width) if width else None


def written(rows, quoting=csv.QUOTE_MINIMAL):
    text = io.StringIO()
    csv.writer(text, quoting=quoting, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def bits(numbers):
    """Numbers as integers, so that 0 and -0 differ and NaN equals NaN."""
    return np.where(np.isnan(numbers), np.float64(np.nan), numbers).view(np.uint64).tolist()


@st.composite
def texts(draw):
    """Tables as a program writes them, and lines as nobody should."""
    width = draw(st.integers(1, 3))
    rows = draw(st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=6))
    if draw(st.booleans()):
        return written(rows, draw(st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))))
    return "\n".join(",".join(row) for row in rows).encode()


@settings(max_examples=50)
@given(texts())
def test_cells_split_here_are_those_of_the_strict_reader(content):
    layout, width, grid = grid_of(content)
    if grid is None:
        return
    strict = read_strictly(layout, ",", width, "t.csv", MOST)
    found = [GridColumn(grid, column).tolist() for column in range(width)]
    assert found == [cells.tolist() for cells in strict]


@settings(max_examples=50)
@given(st.text('"",x ', min_size=1, max_size=12).filter(str.strip))
@example("1,2,")
@example('1,"" "2"')
def test_a_record_is_odd_where_the_strict_reader_refuses_it(record):
    layout = lay_out(f"a,b\nx\n{record}".encode(), ",")
    with pytest.raises(LineError) as refused:
        read_strictly(layout, ",", 2, "t.csv", MOST)
    try:
        read_strictly(layout.keep(layout.lines != 2), ",", 2, "t.csv", MOST)
        odd = False
    except LineError:
        odd = True
    except TableError:  # a quoted cell without an end may hold rows
        odd = False
    assert (3 in refused.value.odd) == odd


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_what_a_program_writes_is_split_without_the_strict_reader(quoting):
    rows = [["name", "x"], ['5" pipe, "new"', "1.5"], ["two\nlines", ""], ["", "é"]]
    _, width, grid = grid_of(written(rows, quoting))
    assert [GridColumn(grid, column).tolist() for column in range(width)] == [
        list(column) for column in zip(*rows, strict=True)
    ]


@pytest.mark.parametrize(
    "content", [b"a,b\n1,2,3\n", b"a,b\n1\n2,3,4\n", b'a,b\n1,5" pipe "x\n', b'a,b\n"1"x,2\n']
)
def test_what_is_in_doubt_is_left_to_the_strict_reader(content):
    assert grid_of(content)[2] is None


def test_cells_of_wide_tables_and_long_cells_are_found():
    rows = [
        [f"{row}.{column}" * (1 + 100 * (column == 20)) for column in range(2 * APART + 3)]
        for row in range(5)
    ]
    _, width, grid = grid_of(written(rows))
    assert [GridColumn(grid, column).tolist() for column in range(width)] == [
        list(column) for column in zip(*rows, strict=True)
    ]


@given(st.data())
def test_rows_of_a_column_are_those_of_an_array(data):
    cells = [f"{row}é" for row in range(9)]
    column, array = GridColumn(grid_of("\n".join(cells).encode())[2], 0), as_cells(cells)
    for _ in range(data.draw(st.integers(1, 3))):
        rows = data.draw(st.slices(len(array)) | st.lists(st.integers(0, 1000)))
        if isinstance(rows, list):
            rows = np.array([row % max(1, len(array)) for row in rows * bool(len(array))], np.int64)
        column, array = column.take(rows), array[rows]
        assert column.tolist() == array.tolist() == column.texts().tolist()
        assert [column[row] for row in range(-len(array), len(array))] == [*array, *array]
    with pytest.raises(IndexError):
        column[len(array)]


SPELLINGS = ["".join(cell) for size in range(4) for cell in product("01.,+-eE_ \tnxi", repeat=size)]
DIGITS = st.text("0123456789", max_size=25)
NUMBER = st.builds(
    "{}{}{}{}{}{}".format,
    st.sampled_from(("", "-", "+", " ", "+-", "--", "0x")),
    DIGITS, st.sampled_from(("", ".", ",", "_")), DIGITS,
    st.sampled_from(("", "e", "E-", "e+", "e_")), st.integers(0, 400).map(str) | st.just(""),
)  # fmt: skip
WORD = st.sampled_from((
    "", "nan", "-NaN", "inf", "-Infinity", "1e400", "3.4028235677973366e38",
    "3.4028235677973365e38",
    "NA", "true", "1\u00a0", "\u0661", "-0", "5e-324", "1d5", "1f", "0b1", "1'000", "\x1c1", "1\v",
))  # fmt: skip


def parsed(cells, decimal, plain=()):
    grid = grid_of(b"x\n" + written([cell] for cell in cells), ";")[2]
    found = parse_columns(grid, [0], plain, decimal, "t.csv", MOST)[0]
    return found[1:]


@pytest.mark.parametrize("decimal", [".", ","])
def test_all_short_spellings_are_numbers_as_they_were(decimal):
    cells = [cell for cell in SPELLINGS if cell.strip(" ")]
    expected = bits(np.array([number(cell, decimal) for cell in cells]))
    assert bits(parsed(cells, decimal)) == expected
    numbers = [cell for cell in cells if not np.isnan(number(cell, decimal))]
    assert bits(parsed(numbers, decimal, plain=[0])) == bits(parsed(numbers, decimal))


@settings(max_examples=50)
@given(
    st.lists(NUMBER | WORD | st.floats().map(repr), min_size=1, max_size=60),
    st.sampled_from((".", ",")),
    st.sampled_from(([0], [])),
)
def test_any_cells_are_numbers_as_they_were(cells, decimal, plain):
    cells = [f"{cell}x" if not cell.strip(" ") else cell for cell in cells]
    found = parsed(cells, decimal, plain)
    assert bits(found) == bits(np.array([number(cell, decimal) for cell in cells]))
    assert bits(found) == bits(parse(as_cells(cells), decimal))


@pytest.fixture
def small_steps(monkeypatch):
    """Tables of a few cells are read as large ones are, in many steps."""
    monkeypatch.setattr(reading_cells, "FEWEST_PARSED", 0)
    monkeypatch.setattr(reading_cells, "_STEP", 50)
    monkeypatch.setattr("mlp_edge.data.reading.numbers._STEP", 70)


def test_a_large_table_keeps_texts_and_lines_and_has_its_numbers(tmp_path, small_steps):
    rows = [[f"{row / 7:.3f}", "NA" if row % 5 else "1_0", f"w{row}"] for row in range(40)]
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b_1,c\n\n" + written(rows))
    table = read_table(str(path))
    assert [list(row) for row in zip(*table.cells.values(), strict=True)] == rows
    assert table.lines.tolist() == list(range(3, 43))
    odd = table.keep(np.arange(40) % 2 == 1)
    assert bits(odd.numbers("a")) == bits(np.array([float(row[0]) for row in rows[1::2]]))
    assert np.isnan([table.numbers("b_1"), table.numbers("c")]).all()
    assert odd.column("c").tolist() == [row[2] for row in rows[1::2]]


def test_a_large_table_with_decimal_commas_has_its_numbers(tmp_path, small_steps):
    path = tmp_path / "t.csv"
    path.write_text("a;b\n" + "".join(f"{row},5;{row}\n" for row in range(40)))
    table = read_table(str(path))
    assert table.numbers("a").tolist() == [row + 0.5 for row in range(40)]
    assert table.numbers("b").tolist() == list(range(40))


def test_a_second_header_in_a_large_table_is_found(tmp_path, small_steps):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "1,2\n" * 30 + "A,'b'\n" + "1,2\n")
    with pytest.raises(TableError, match="line 32: the header of line 1 again"):
        read_table(str(path))
