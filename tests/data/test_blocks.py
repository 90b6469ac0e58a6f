"""A table in blocks is the table as a whole, or a message with a line."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mlp_edge.data.reading.blocks as blocks
from mlp_edge.data.reading.dialect import Dialect
from mlp_edge.data.reading.later import read_block
from mlp_edge.data.reading.read import GUESS, read_table
from mlp_edge.data.reading.source import opened
from mlp_edge.data.table import Table
from mlp_edge.errors import TableError

ROWS = 3000
HEADER = "id,name,value\n"
TABLES = {
    "plain": HEADER + "".join(f"{i},n{i % 7},{i}.5\n" for i in range(ROWS)),
    "no end": HEADER + "".join(f"{i},n{i % 7},{i}.5\n" for i in range(ROWS)) + "7,x,1",
    "no header": "".join(f"{i},n{i % 7},{i}.5\n" for i in range(ROWS)),
    "crlf": HEADER + "".join(f"{i},n{i % 7},{i}.5\r\n" for i in range(ROWS)),
    "cr": HEADER.replace("\n", "\r") + "".join(f"{i},n{i % 7},{i}.5\r" for i in range(ROWS)),
    "mixed ends": HEADER + "".join(f"{i},n,{i}.5" + "\n\r"[i % 2] for i in range(ROWS)),
    "blank lines": HEADER + "".join(f"{i},n,{i}.5\n" + "\n  \n" * (i % 3) for i in range(ROWS)),
    "quotes": HEADER + "".join(f'{i},"a ""q"", {i}\nline",{i}.5\n' for i in range(ROWS)),
    "quoted names": '"i\nd",name,value\n' + "".join(f'{i},"a,\r\n{i}",2\n' for i in range(ROWS)),
    "semicolons": HEADER.replace(",", ";") + "".join(f"{i};n;{i},5\n" for i in range(ROWS)),
    "tabs": HEADER.replace(",", "\t")
    + "".join(f"{i}\tn\t{i}\n" + "\t\t\n" * (i % 5 == 0) for i in range(ROWS)),
    "blanks": "id  value  x\n" + "".join(f" {i}   {i}.5 7\n" for i in range(ROWS)),
    "comments": HEADER
    + "".join(f"{i},n,{i}.5\n" + "# so,it,goes\n" * (i % 9) for i in range(ROWS)),
    "colours": "name,x\n" + "".join(f"#ff{i},{i}\n# a remark\n" for i in range(ROWS)),
    "names after #": "#id,x\n" + "".join(f"{i},{i}.5\n#x\n" for i in range(ROWS)),
    "single quotes": HEADER + "".join(f"{i},'it''s',{i}\n" for i in range(ROWS)),
    "trailing": HEADER.replace("\n", ",\n") + "".join(f"{i},n,{i},\n" for i in range(ROWS)),
    "sep=": "sep=|\nid|x\n" + "".join(f"{i}|{i}.5\n" for i in range(ROWS)),
    "letters": HEADER + "".join(f"{i},naïve{i},{i}\n" for i in range(ROWS)),
}


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "HEAD", 1 << 10)
    monkeypatch.setattr(blocks, "BLOCK", 1 << 12)
    monkeypatch.setattr(blocks, "LOOKED_AT", 20)
    monkeypatch.setattr("mlp_edge.data.reading.text.CHUNK", 997)


def parts(path: Path, dialect: Dialect = GUESS) -> list[Table]:
    with opened(str(path), 1 << 40) as stream:
        head, form, _, later = blocks.read_blocks(stream, str(path), dialect)
        read = [read_block(block, head, form) for block in later]
    return [head, *(table for table in read if table is not None)]


def same(read: list[Table], whole: Table) -> None:
    assert len(read) > 3
    assert {each.columns for each in read} == {whole.columns}
    np.testing.assert_array_equal(np.concatenate([each.lines for each in read]), whole.lines)
    for name in whole.columns:
        cells = [cell for each in read for cell in each.column(name)[:].tolist()]
        assert cells == whole.column(name)[:].tolist()
    assert (read[0].decimal, read[0].notes) == (whole.decimal, whole.notes)


@pytest.mark.parametrize("kind", TABLES)
def test_blocks_are_the_whole(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(TABLES[kind].encode())
    whole = read_table(str(path))
    read = parts(path)
    if kind in ("comments", "colours", "names after #"):  # counted as they come
        whole, read[0] = replace(whole, notes=()), replace(read[0], notes=())
    same(read, whole)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig", "utf-32-be"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(TABLES["letters"].encode(encoding))
    dialect = Dialect(encoding=encoding if encoding == "utf-32-be" else None)
    same(parts(path, dialect), read_table(str(path), dialect))


def test_gzip(tmp_path: Path) -> None:
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(TABLES["quotes"].encode()))
    same(parts(path), read_table(str(path)))


LAST = ROWS + 2


@pytest.mark.parametrize(
    ("kind", "line", "says"),
    [
        ("plain", "1,2\n", f"line {LAST}: 2 cells where line 1 has 3"),
        ("plain", "id,Name,value\n", f"line {LAST}: the header of line 1 again"),
        ("plain", '1,"2,3\n', f"line {LAST}: a quoted cell does not end"),
        ("plain", "1,\x00,3\n", f"line {LAST}: a NUL byte"),
        ("plain", f"1,{'x' * 131_073},3\n", f"line {LAST}, column 'name': a cell of 131,073"),
        ("plain", f"1,{'x' * 2_000_001},3\n", f"line {LAST}: longer than 2,000,000 bytes"),
        ("single quotes", "1,x,3\n", f"line {LAST}, column 'name': no single quotes round 'x'"),
        ("trailing", "1,x,3,4\n", f"line {LAST}: '4' in column 4"),
    ],
)
def test_what_breaks_with_the_head(kind: str, line: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes((TABLES[kind] + line).encode())
    with pytest.raises(TableError) as error:
        parts(path)
    assert f"{path}, {says}" in str(error.value)


def test_letters_of_another_encoding_below(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(TABLES["plain"].encode() + "1,naïve,3\n".encode("latin-1"))
    with pytest.raises(TableError, match=rf"line {LAST}: byte 0xef is not utf-8 text"):
        parts(path)
    same(
        parts(path, Dialect(encoding="latin-1")), read_table(str(path), Dialect(encoding="cp1252"))
    )
