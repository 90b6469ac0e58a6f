"""Every guess about a table names the option that overrules it, and the option does."""

import numpy as np
import pytest
from support.tables import clean, shuffled, spoilt

from mlp_edge.data.choices import Choices
from mlp_edge.data.columns import read_columns
from mlp_edge.data.reading.dialect import Dialect
from mlp_edge.data.reading.read import read_table
from mlp_edge.data.targets import detect_task
from mlp_edge.errors import TableError
from mlp_edge.training.examples import read_examples

ROWS = 60
NUMBERS = [f"{(7 * i) % 61 / 10 + 3:.1f}" for i in range(ROWS)]
WORDS = [("red", "green", "blue", "red", "green", "grey", "grey")[i % 7] for i in range(ROWS)]

DIALECTS = {
    "separator": ("a,b;c,d\n1,2;3,4\n5,6;7,8\n", "`sep=','`", {"sep": ","}),
    "aligned": ("1.5 2\t3 4\n4.5 5\t6 7\n", "`sep`", {"sep": "tab"}),
    "declared": ("sep=;\na;b,c\n1;2,x\n3;4,y\n", "`sep`", {"sep": ","}),
    "decimal comma": ("a;b\n1,5;x\n2,5;y\n", "`decimal='.'`", {"decimal": "."}),
    "decimal point": ("a;b\n1.555;x\n2.555;y\n3.555;x\n", "`decimal='.'`", {"decimal": "."}),
    "encoding": (b"a,b\n1,caf\xe9\n", "`encoding`", {"encoding": "cp437"}),
    "header": ("a,b\nx,y\n", "`header=False`", {"header": False}),
    "no header": ("2020,kind\nx,y\n", "`header=True`", {"header": True}),
    "header that counts": ("1,2,3\n0.5,1.5,7\n2.5,3.5,8\n", "`header=False`", {"header": False}),
    "header with #": ("#id,x\n1,2\n3,4\n", "`header=False`", {"header": False}),
    "comments": ("id,x\n1,2\n#3,4\n5,6\n", "`comments=False`", {"comments": False}),
    "single quotes": ("a,b\n1,'x'\n2,'y'\n", "`single_quotes=False`", {"single_quotes": False}),
    "some single quotes": (
        "a,b\n1,'x'\n2,'y'\n3,z\n", "`single_quotes=True`", {"single_quotes": True},
    ),
}  # fmt: skip


def content_of(table):
    cells = [table.cells[name].tolist() for name in table.columns]
    return table.columns, cells, table.lines.tolist(), table.decimal


@pytest.mark.parametrize("guess", DIALECTS)
def test_a_guess_about_the_text(tmp_path, guess):
    text, option, said = DIALECTS[guess]
    file = tmp_path / "t.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    guessed = read_table(str(file))
    assert option in " / ".join(note.says for note in guessed.notes)
    told = read_table(str(file), Dialect(**said))
    assert option not in " / ".join(note.says for note in told.notes)
    assert guess == "decimal point" or content_of(told) != content_of(guessed)


def test_comments_that_fit_and_quotes_that_do_not_are_taken_off_when_asked(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("c,x\nred,'1'\n#fff,2\nblue,'3'\n")
    table = read_table(str(file), Dialect(comments=True, single_quotes=True))
    assert table.cells["c"].tolist() == ["red", "blue"]
    assert table.cells["x"].tolist() == ["1", "3"]
    assert "1 comment line that began with #, the first on line 3" in table.notes[0].says


CODES = [f"{i % 4:05d}" for i in range(ROWS)]
COLUMNS = {
    "missing category": (spoilt(WORDS, _5="NA"), "`present=['x=NA']`", {"present": ("x=NA",)}),
    "codes": (CODES, "`numeric=['x']`", {"numeric": ("x",)}),
    "some codes": (spoilt(CODES, _9="-1"), "`categorical=['x']`", {"categorical": ("x",)}),
    "units": ([f"{i % 9} kg" for i in range(ROWS)], "`categorical=['x']`", {"categorical": ("x",)}),
    "constant": (["5"] * ROWS, "`keep=['x']`", {"keep": ("x",)}),
    "counter": ([str(i) for i in range(ROWS)], "`keep=['x']`", {"keep": ("x",)}),
    "names": ([f"n{i:x}m" for i in range(ROWS)], "`keep=['x']`", {"keep": ("x",)}),
    "text": ([f"note {i}, so" for i in range(ROWS)], "`keep=['x']`", {"keep": ("x",)}),
    "dates": ([f"2024-01-{i % 28 + 1}" for i in range(ROWS)], "`keep=['x']`", {"keep": ("x",)}),
    "times": ([f"{i}:30" for i in range(ROWS)], "`keep=['x']`", {"keep": ("x",)}),
    "copy": (clean().column("y").tolist(), "`keep=['x']`", {"keep": ("x",)}),
    "filled": (spoilt(NUMBERS, _5=""), "`reject=['x']`", {"reject": ("x",)}),
    "zeros": (spoilt(NUMBERS, _5="0", _7="0"), "`missing=['x=0']`", {"missing": ("x=0",)}),
}


def outcome(cells, choices):
    try:
        found = read_columns(clean(x=cells), ["y"], Choices(**choices))
    except TableError as refused:
        return str(refused), None
    said = " / ".join(each.says for each in found.findings)
    return said, [(each.name, each.codes, each.sentinel) for each in found.features]


@pytest.mark.parametrize("guess", COLUMNS)
def test_a_guess_about_a_column(guess):
    cells, option, choices = COLUMNS[guess]
    said, read = outcome(cells, {})
    assert option in said
    again, other = outcome(cells, choices)
    assert option not in again
    assert guess == "units" or other != read


TARGETS = {
    "words and numbers": (shuffled(["yes", "1", "no"] * 20), {"task": "multiclass"}),
    "a word that may be a class": (shuffled(["NA", "EU", "US"] * 20), {"present": ("y=NA",)}),
    "or missing": (shuffled(["NA", "EU", "US"] * 20), {"missing": ("y=NA",)}),
    "times": ([f"{i % 9 + 1}:30" for i in range(ROWS)], {"task": "multiclass"}),
}


@pytest.mark.parametrize("guess", TARGETS)
def test_what_is_refused_of_a_target_names_the_option_that_decides(guess):
    cells, options = TARGETS[guess]
    table = clean(y=cells)
    with pytest.raises(TableError) as refused:
        read_examples(table, ("y",), None, Choices())
    (name,) = options
    assert f"`{name}=" in str(refused.value)
    task = options.pop("task", None)
    examples = read_examples(table, ("y",), task, Choices(**options))
    assert set(examples.labels) == {*cells} - ({"NA"} if guess == "or missing" else set())
    assert len(examples.rows) == (40 if guess == "or missing" else ROWS)
    assert len(examples.table.lines) == len(examples.targets) == len(examples.rows)


def test_the_task_is_a_guess():
    table = clean(y=shuffled([str(i % 3) for i in range(ROWS)]))
    assert detect_task(table, "y")[0] == "multiclass"
    examples = read_examples(table, ("y",), "regression", Choices())
    assert examples.task == "regression"
    assert np.unique(examples.targets).tolist() == [0, 1, 2]
