"""Tables that are too large are refused while they are read, in bounded memory."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from support.commands import Typed

from mlp_edge.data.reading.read import read_table
from mlp_edge.data.reading.size import LONGEST_LINE, MOST_BYTES, read_size, written
from mlp_edge.errors import RecipeError, TableError

ROW = "1.25,2.5,no\n"
TABLE = "a,b,y\n" + "1,2,no\n3,4,yes\n" * 4


@pytest.mark.parametrize(
    ("text", "size"),
    [("1", 1), ("1000", 1000), ("2k", 2048), ("512M", MOST_BYTES), ("4 GB", 4 << 30),
     ("1GiB", 1 << 30), ("3t", 3 << 40), (None, MOST_BYTES)],
)  # fmt: skip
def test_sizes(text: str | None, size: int) -> None:
    assert read_size(text) == size
    assert read_size(written(size)) == size


@pytest.mark.parametrize("text", ["", "0", "0G", "-1", "1.5G", "4X", "G", "1e9", "inf", "9" * 20])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(RecipeError, match="`max_bytes` takes bytes"):
        read_size(text)


@pytest.mark.parametrize("packed", [False, True])
def test_the_limit_is_sharp(tmp_path: Path, packed: bool) -> None:
    file = tmp_path / "t.csv"
    text = TABLE + "5,6,no\n" * 200
    file.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    lines = 32 * text.count("\n")
    assert read_table(str(file), most=max(len(text), lines)).rows == 208
    with pytest.raises(TableError, match=r"t\.csv: more than .* `max_bytes=\S+` reads four"):
        read_table(str(file), most=len(text) - 1)


def parquet(place: Path, select: str) -> str:
    file = place / "t.parquet"
    duckdb.execute(f"COPY ({select}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
    return str(file)


@pytest.mark.parametrize(
    ("select", "says"),
    [
        ("SELECT 1 AS a, repeat('x', 1000000) AS w FROM range(10)",
         "column 'w': a cell of 1,000,000 characters, where at most 131,072 are read"),
        ("SELECT 1 AS a, repeat('x', 100000) AS w FROM range(2000)", "once unpacked"),
        ("SELECT 1 AS a, repeat('x', 100000)::BLOB::VARCHAR AS w FROM range(2000)", "unpacked"),
        ("SELECT 1 AS a, 2 AS b FROM range(2000000)", "for 4,000,000 cells, each counted as 8"),
        ("SELECT " + ", ".join(f"1 AS c{i}" for i in range(10_001)), "10,001 columns"),
    ],
    ids=["cells", "text", "blobs", "rows", "columns"],
)  # fmt: skip
def test_a_small_parquet_file_that_unpacks_to_much(tmp_path: Path, select: str, says: str) -> None:
    file = parquet(tmp_path, select)
    assert Path(file).stat().st_size < 2 << 20
    with pytest.raises(TableError, match=says):
        read_table(file, most=16 << 20)


def test_a_parquet_file_up_to_the_limit(tmp_path: Path) -> None:
    file = parquet(tmp_path, "SELECT i AS a, repeat('x', 1000) AS w FROM range(1000) r(i)")
    assert read_table(file, most=1 << 20).rows == 1000
    with pytest.raises(TableError, match="once unpacked"):
        read_table(file, most=1_000_000 - 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"7\n" * 40_000, "for 40,000 lines, each counted as 32"),
        (b"7\r\n" * 40_000, "for 40,000 lines"),
        (b"7\r" * 40_000, "for 40,000 lines"),
        (b"1," * 4_000 + b"1\n", "once"),
    ],
)
def test_short_lines_and_cells_count(tmp_path: Path, text: bytes, says: str) -> None:
    file = tmp_path / "t.csv"
    if says == "once":
        text, says = text * 35, "for 140,035 cells, each counted as 8"
    file.write_bytes(text)
    with pytest.raises(TableError, match=says):
        read_table(str(file), most=1 << 20)


@pytest.mark.parametrize("text", ["1,2\n" + "3" * LONGEST_LINE, "1" * (2 * LONGEST_LINE) + "\n1"])
def test_a_line_is_measured_before_it_is_split(tmp_path: Path, text: str) -> None:
    file = tmp_path / "t.csv"
    file.write_text(text + ",4\n")
    with pytest.raises(TableError, match=r"line [12]: longer than 2,000,000 bytes"):
        read_table(str(file))


PEAK = """
import resource, sys
from mlp_edge.data.reading.read import read_table
from mlp_edge.errors import TableError
import duckdb
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = peak()
try:
    read_table(sys.argv[1], most=24 << 20)
except TableError as error:
    print(peak() - before, error)
"""


def bomb(content: bytes, times: int) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as file:
        for _ in range(times):
            file.write(content)
    return packed.getvalue()


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux")
@pytest.mark.parametrize("kind", ["pipe", "line", "gzip", "spaces", "parquet"])
def test_a_refusal_takes_little_memory(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "bomb"
    if kind == "gzip":
        file.write_bytes(bomb(ROW.encode() * 100_000, 200))  # 240 MB
    elif kind == "spaces":
        file.write_bytes(bomb(b" " * (1 << 20), 240))
    elif kind == "parquet":
        nine = "repeat(chr((97 + i % 9)::INT), 100000) AS w"
        file = Path(parquet(tmp_path, "SELECT i AS a, " + nine + " FROM range(3000) r(i)"))  # noqa: S608
    source = str(file) if file.exists() else "-"
    read, write = os.pipe()
    running = subprocess.Popen(
        [sys.executable, "-c", PEAK, source], stdin=read, stdout=subprocess.PIPE, text=True
    )
    os.close(read)
    with os.fdopen(write, "wb") as pipe:
        try:
            while source == "-":  # without end
                pipe.write(b"7" * (1 << 16) if kind == "line" else ROW.encode() * 5000)
        except BrokenPipeError:
            pass  # nobody reads on
    out, _ = running.communicate()
    peak, _, says = out.partition(" ")
    assert "more than 24M (25,165,824 bytes)" in says
    # Where it was read to the end it would be hundreds.
    assert int(peak) < 110


@pytest.mark.parametrize("command", ["train", "evaluate", "predict", "parity", "export"])
def test_every_command_that_reads_a_table_has_the_option(
    command: str, pima: Path, typed: Callable[..., Typed], folder: Path
) -> None:
    (folder / "t.csv").write_text(TABLE)
    words = {
        "train": ["t.csv"],
        "evaluate": ["t.csv", "--model", pima],
        "predict": ["t.csv", "--model", pima],
        "parity": ["--table", "t.csv", "--model", pima],
        "export": [
            "--dtype",
            "int8",
            "--calibration-table",
            "t.csv",
            "--model",
            pima,
            "--out",
            "there",
        ],
    }[command]
    result = typed(command, *words, "--max-bytes", "50")
    assert result.code == 2
    assert "t.csv: more than 50 (50 bytes) to read, where reading stops; --max-bytes 200 reads" in (
        result.err
    )
    assert list(folder.iterdir()) == [folder / "t.csv"]
    assert typed(command, *words, "--max-bytes", "many").code == 2
