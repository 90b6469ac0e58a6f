"""Tables that are never held: the same models as in memory, and the same refusals."""

from __future__ import annotations

import gzip
import json
import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as checked
from hypothesis import strategies as st
from support.commands import Type

import mlp_edge
from mlp_edge.cell import number
from mlp_edge.data.reading.dialect import Dialect
from mlp_edge.data.streaming import decisive, files
from mlp_edge.data.streaming.files import check_size, exceeds_memory, find_files
from mlp_edge.data.streaming.readings import Stretch
from mlp_edge.data.streaming.stream import opened
from mlp_edge.errors import RecipeError, TableError
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.streaming import sampling
from mlp_edge.training.streaming.parting import Asked, AtRandom
from mlp_edge.training.streaming.selection import TOGETHER, kth_smallest, medians

ROWS = 2400
QUICK: dict[str, Any] = {"epochs": 8, "hidden": (6,), "recipe": "tutorial"}
"""Enough steps for compiled epochs, which a stream always takes."""
KEPT = ("model.keras", "history.csv", "sample.csv", "calibration.npz")


def csv_of(rows: int = ROWS, seed: int = 0) -> str:
    """Numbers with gaps, words, booleans, groups, a time, a class and a value; some unknown."""
    random = np.random.default_rng(seed)
    lines = ["a,b,colour,on,who,day,value,y"]
    for row in range(rows):
        a, b = random.normal(10, 3), int(random.integers(0, 50))
        colour, on = random.choice(["red", "green", "blue"]), random.choice(["yes", "no"])
        value = 2 * a + 0.1 * b + random.normal(0, 0.3)
        y = int(a - 10 + 2 * (colour == "red") + random.normal() > 0)
        a_cell = "" if row % 97 == 5 else f"{a:.3f}"
        colour = "" if row % 101 == 3 else colour
        lines.append(
            f"{a_cell},{b},{colour},{on},p{random.integers(0, 150)},"
            f"2024-{1 + row % 12:02}-{1 + row % 28:02},{value:.4f},{'' if row % 500 == 7 else y}"
        )
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table as CSV; beside it as one Parquet file, and as three in a folder."""
    path = tmp_path_factory.mktemp("stream") / "events.csv"
    path.write_text(csv_of())
    duckdb.sql(f"COPY (FROM '{path}') TO '{path.with_suffix('.parquet')}'")
    folder = path.with_name("parts")
    folder.mkdir()
    for part in range(3):
        where = f"WHERE number BETWEEN {800 * part + 1} AND {800 * part + 800}"
        duckdb.sql(
            f"COPY (SELECT * EXCLUDE number FROM (SELECT *, row_number() OVER () AS number "  # noqa: S608
            f"FROM '{path}') {where}) TO '{folder / f'{part}.parquet'}'"
        )
    (folder / "_SUCCESS").touch()
    return path


def trained(table: Path | str, out: Path, **settings: Any) -> dict[str, bytes]:
    """The files of a model directory."""
    mlp_edge.train(table, out=out, force=True, **{**QUICK, **settings})
    return {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}


def manifest_of(files: dict[str, bytes]) -> dict[str, Any]:
    """model.json without what a stream says otherwise, and lines, which it counts as rows."""
    manifest: dict[str, Any] = json.loads(files["model.json"])
    for name in ("warnings", "split"):
        del manifest[name]
    for name in ("stream", "block_rows"):
        manifest["given"].pop(name, None)
    return manifest


@pytest.mark.parametrize(
    "settings",
    [
        {"drop": ("who", "day", "value"), "validation_size": 0.2, "early_stopping": 2, "runs": 2,
         "class_weight": "balanced", "threshold": "f1"},
        {"target": ("value",), "drop": ("who", "day", "y"), "indicator": ("a",),
         "monotone": ("b=+",)},
        {"target": ("colour",), "drop": ("who", "day", "y"), "class_weight": "red=2"},
        {"target": ("value", "b"), "drop": ("who", "day", "y", "on"), "clip": (0.0, 45.0),
         "output_bias": "prior", "schedule": "cosine", "l2": 0.001},
        {"group": "who", "drop": ("day", "value"), "validation_size": 0.1},
        {"split": "time", "drop": ("who", "day", "value"), "validation_size": 0.1,
         "missing": ("b=49",)},
        {"split": "time:day", "drop": ("who", "value"), "dropout": 0.2,
         "batch_normalization": True, "monotone": ("a=-", "b=+")},
    ],
)  # fmt: skip
@pytest.mark.trains
def test_one_block_gives_the_bytes_of_a_table_in_memory(
    table: Path, tmp_path: Path, settings: dict[str, Any]
) -> None:
    held = trained(table, tmp_path / "held", **settings)
    streamed = trained(table, tmp_path / "streamed", stream=True, block_rows=10_000, **settings)
    assert held.keys() == streamed.keys()
    assert [name for name in KEPT if held[name] != streamed[name]] == []
    assert manifest_of(held) == manifest_of(streamed)


@pytest.mark.trains
@pytest.mark.parametrize(
    "settings",
    [
        {"drop": ("who", "day", "value"), "runs": 2},
        {"target": ("value",), "drop": ("who", "day", "y"), "validation_size": 0.1},
    ],
)
def test_units_that_died_are_pruned_of_a_stream_as_in_memory(
    table: Path, tmp_path: Path, settings: dict[str, Any]
) -> None:
    dying: dict[str, Any] = {"hidden": (12, 8), "learning_rate": 0.5, "prune": True}
    settings = {**settings, **dying}
    held = trained(table, tmp_path / "held", **settings)
    streamed = trained(table, tmp_path / "streamed", stream=True, block_rows=10_000, **settings)
    assert [name for name in KEPT if held[name] != streamed[name]] == []
    found = manifest_of(streamed)
    assert manifest_of(held) == found
    assert found["pruned"]["units"] == 20
    assert found["pruned"]["dead"] + found["pruned"]["idle"] > 0
    assert sum(found["recipe"]["hidden"]) == 20


@pytest.mark.trains
def test_a_folder_and_a_pattern_are_the_file_that_they_were_cut_from(
    table: Path, tmp_path: Path
) -> None:
    drop = {"drop": ("who", "day", "value")}
    whole = trained(table.with_suffix(".parquet"), tmp_path / "whole", stream=True, **drop)
    for source in (table.with_name("parts"), f"{table.with_name('parts')}/*.parquet"):
        parts = trained(source, tmp_path / "parts", **drop)
        assert [name for name in KEPT if whole[name] != parts[name]] == []
        found = json.loads(parts["model.json"])
        assert any(each["says"].startswith("3 Parquet files, 2,395 rows") for each in
                   found["warnings"])  # fmt: skip


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples of tables are so small that the tests' tables are beyond them."""
    monkeypatch.setattr(decisive, "SAMPLED", 100)
    monkeypatch.setattr(sampling, "PART", 60)


@pytest.mark.trains
@pytest.mark.usefixtures("small")
def test_several_blocks_train_on_every_row_and_give_the_same_bytes_again(
    table: Path, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {"drop": ("who", "day", "value"), "block_rows": 1000, "stream": True,
                                "validation_size": 0.1, "seed": 3}  # fmt: skip
    first, again = (trained(table, tmp_path / name, **settings) for name in "ab")
    assert first == again
    manifest = json.loads(first["model.json"])
    assert sum(manifest["rows"].values()) == 2395
    assert manifest["rows"]["test"] == pytest.approx(479, abs=2)
    assert manifest["split"]["block"] == 1000
    assert len(first["sample.csv"].splitlines()) == 61
    assert [each["name"] for each in manifest["features"]] == ["a", "b", "colour", "on"]
    # Another split than in memory, of which the medians and the baseline are nearly the same.
    in_memory = trained(table, tmp_path / "held", **{**settings, "stream": False})
    held = json.loads(in_memory["model.json"])
    assert manifest["features"][0]["fill"] == pytest.approx(held["features"][0]["fill"], rel=0.02)
    linear = manifest["scores"]["test"]["linear"]["accuracy"]
    assert linear == pytest.approx(held["scores"]["test"]["linear"]["accuracy"], abs=0.05)


@pytest.mark.trains
@pytest.mark.usefixtures("small")
def test_what_a_sample_would_miss_is_found(tmp_path: Path) -> None:
    path = tmp_path / "rare.parquet"
    duckdb.sql(
        "COPY (SELECT (i * 37 % 1009)::DOUBLE AS x, "  # noqa: S608
        "CASE WHEN i = 1700 THEN 1 ELSE 0 END AS flag, "
        "CASE WHEN i IN (1800, 1801) THEN 'rare' ELSE 'usual' END AS word, "
        "CASE WHEN i = 1900 THEN NULL ELSE i % 7 END AS gap, "
        f"CASE WHEN i IN (5, 6, 7) THEN 2 ELSE i % 2 END AS y FROM range(2000) t(i)) TO '{path}'"
    )
    model = mlp_edge.train(path, stream=True, test_size=0, **QUICK)
    mlp = model.training.mlp
    features = {each.name: each for each in mlp.features}
    assert (features["flag"].low, features["flag"].high) == (0, 1)
    assert features["word"].categories == ("rare", "usual")
    assert features["gap"].fill == 3
    assert mlp.labels == ("0", "1", "2")


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("oops", "'oops' is a word among numbers|oops"),
        ("1e99", "'1e99' is beyond the largest float32 number"),
        ("inf", "'inf' is infinite"),
    ],
)
@pytest.mark.usefixtures("small")
def test_a_cell_that_is_no_number_is_refused_by_its_file_and_row(
    tmp_path: Path, cell: str, says: str
) -> None:
    for part in range(2):
        lines = [f"{row},{row % 7},{row % 2}" for row in range(500)]
        if part:
            lines[321] = f"{cell},1,0"
        (tmp_path / f"{part}.csv").write_text("x,z,y\n" + "\n".join(lines) + "\n")
    with pytest.raises(TableError, match=says) as refused:
        mlp_edge.train(tmp_path, **QUICK)
    assert "322" in str(refused.value)


def test_files_of_other_columns_are_refused_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,z,y\n1,2,0\n3,4,1\n")
    (tmp_path / "b.csv").write_text("x,w,y\n1,2,0\n3,4,1\n")
    with pytest.raises(TableError, match=r"b\.csv: lacks column 'z' and has column 'w' besides"):
        mlp_edge.train(tmp_path, **QUICK)


def test_a_line_of_another_width_is_refused_by_its_number(tmp_path: Path) -> None:
    rows = ["x,z,y", *(f"{row},{row % 7},{row % 2}" for row in range(90_000)), "1,2,3,4"]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(rows) + "\n")
    with pytest.raises(TableError, match=r"t\.csv, line 90002"):
        mlp_edge.train(path, stream=True, **QUICK)


@pytest.mark.parametrize("top", ["# a remark\nx,y\n", "x,y\n'1','2'\n"])
def test_what_only_a_table_in_memory_is_read_in_is_refused(tmp_path: Path, top: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(top + "".join(f"'{row}','{row % 2}'\n" for row in range(40)))
    with pytest.raises(TableError, match="`stream=False` does"):
        mlp_edge.train(path, stream=True, **QUICK)


@pytest.mark.parametrize("name", ["cv", "tune", "weight", "strategy"])
def test_what_takes_the_table_in_memory_is_refused(table: Path, name: str) -> None:
    value: Any = {"cv": 3, "tune": 3, "weight": "b", "strategy": "mirrored"}[name]
    device = "gpu" if name == "strategy" else "auto"
    with pytest.raises(RecipeError, match=f"`{name}.*` takes the table in memory"):
        mlp_edge.train(table, stream=True, device=device, **{**QUICK, name: value})


@pytest.mark.parametrize("source", ["pima", "-"])
def test_what_is_no_file_is_not_streamed(source: str) -> None:
    with pytest.raises(TableError, match="is read as a whole"):
        find_files(source)


def test_files_are_found_in_their_order(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "c.txt", ".hidden.csv"):
        (tmp_path / name).write_text("x,y\n1,2\n")
    found = [path.name for path in find_files(str(tmp_path)).paths]
    assert found == ["a.csv", "b.csv"]
    assert [path.name for path in find_files(f"{tmp_path}/*.txt").paths] == ["c.txt"]
    with pytest.raises(TableError, match="no file matches"):
        find_files(f"{tmp_path}/*.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(TableError, match="no file in it ends with"):
        find_files(str(tmp_path / "empty"))


def test_which_tables_are_streamed_unasked(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = str(table.with_suffix(".parquet"))
    assert exceeds_memory(str(table.parent))
    assert exceeds_memory(f"{table.parent}/*.csv")
    assert not any(exceeds_memory(source) for source in (str(table), parquet, "pima", "-"))
    monkeypatch.setattr(files, "MOST_BYTES", 1000)
    assert exceeds_memory(str(table))
    # By its cells: 2,400 x 8, eight bytes each, however well they are packed.
    monkeypatch.setattr(files, "MOST_BYTES", 8 * 8 * ROWS - 1)
    assert exceeds_memory(parquet)
    monkeypatch.setattr(files, "MOST_BYTES", 8 * 8 * ROWS)
    assert not exceeds_memory(parquet)


def test_a_limit_that_is_set_refuses_more_instead_of_streaming(table: Path, tmp_path: Path) -> None:
    packed = tmp_path / "events.csv.gz"
    packed.write_bytes(gzip.compress(table.read_bytes()))
    of_cells = 8 * 8 * ROWS
    for source, size in (
        (table, table.stat().st_size),
        (packed, table.stat().st_size),
        (table.with_suffix(".parquet"), of_cells),
        (table.with_name("parts"), of_cells),
    ):
        check_size(find_files(str(source)), size)
        for stream in (None, True):
            with pytest.raises(TableError, match=r"more than .* where reading stops; `max_bytes="):
                mlp_edge.train(
                    source, out=tmp_path / "model", stream=stream, max_bytes=str(size - 1)
                )
    assert [path.name for path in tmp_path.iterdir()] == ["events.csv.gz"]


@pytest.mark.trains
@pytest.mark.usefixtures("small")
def test_a_streamed_model_is_exported_proved_and_evaluated(
    table: Path, tmp_path: Path, typed: Type
) -> None:
    model = tmp_path / "model"
    words = ["train", table, "--stream", "--block-rows", 1000, "--epochs", 8, "--hidden", 6]
    words += ["--drop", "who", "--drop", "day", "--drop", "value", "--out", model, "-q", "--json"]
    result = typed(*words)
    assert result.code == 0, result.err
    assert typed("export", "--model", model).code == 0
    proved = typed("parity", "--model", model, "--runtime", "litert", "--runtime", "onnxruntime")
    assert proved.code == 0, proved.out + proved.err
    assert typed("evaluate", "--model", model, "--no-plots").code == 0
    again = typed("train", table, "--from", model, "--out", tmp_path / "more")
    assert again.code == 2
    assert re.search(r"keeps 60 of its 4\d\d held-out rows", again.err)


LETTERS = "0123456789+-.,eE_ \tinfa\u00a0\u0661x"


@pytest.mark.parametrize("decimal", [".", ","])
def test_sql_reads_the_numbers_that_cells_are(tmp_path: Path, decimal: str) -> None:
    random = np.random.default_rng(0)
    cells = ["".join(random.choice(list(LETTERS), size)) for size in random.integers(1, 7, 4000)]
    cells += [
        "1_000",
        "0x1F",
        "1e38",
        "1e39",
        "-3.5e38",
        "nan",
        "inf",
        "1e-400",
        " 7 ",
        "+.5",
        "5.",
    ]
    (tmp_path / "t.json").write_text("\n".join(json.dumps({"x": cell}) for cell in cells))
    path = tmp_path / "t.parquet"
    columns = "columns = {x: 'VARCHAR'}"
    duckdb.sql(f"COPY (FROM read_json('{tmp_path / 't.json'}', {columns})) TO '{path}'")
    with opened(find_files(str(path)), Dialect(decimal=decimal)) as stream:
        asked = f"SELECT {stream.number('x')} FROM {{table}}"  # noqa: S608
        found = [row[0] for row in stream.ask(stream.pieces[0], asked)]
    exact = [number(cell, decimal) for cell in cells]
    assert sum(value is not None for value in found) > 500
    for cell, value, wanted in zip(cells, found, exact, strict=True):
        # Blanks that the database does not know leave a number to Python.
        assert value == wanted or (value is None and (np.isnan(wanted) or not cell.isascii())), cell


@checked(max_examples=20)
@given(
    columns=st.lists(
        st.lists(st.floats(width=32, allow_infinity=False), min_size=5, max_size=5),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_medians_are_exact(columns: list[list[float]]) -> None:
    numbers = np.array(columns, np.float32).T
    known = (~np.isnan(numbers)).sum(axis=0)

    def looks() -> Iterator[Any]:
        yield numbers[:2]
        yield numbers[2:]

    wanted = [
        float(np.median(column[~np.isnan(column)].astype(np.float64))) if some else 0.0
        for column, some in zip(numbers.T, known, strict=True)
    ]
    assert medians(looks, known).tolist() == wanted


def test_medians_of_many_columns_take_the_memory_of_a_few() -> None:
    numbers = np.random.default_rng(0).normal(size=(5, 2 * TOGETHER + 1)).astype(np.float32)
    known = np.full(numbers.shape[1], len(numbers))
    tracemalloc.start()
    try:
        found = medians(lambda: [numbers[:2], numbers[2:]], known)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.tolist() == np.median(numbers.astype(np.float64), axis=0).tolist()
    assert peak < TOGETHER * 2 * 1.2e6  # all columns at once would take twice that and more


def test_order_statistics_of_float64() -> None:
    numbers = np.random.default_rng(0).normal(size=(300, 1)) * 1e200
    ranks = np.array([[0, 7, 299]])
    found = kth_smallest(lambda: [numbers[:100], numbers[100:]], ranks, np.float64)
    assert found[0].tolist() == np.sort(numbers[:, 0])[ranks[0]].tolist()


def test_a_block_in_which_a_class_is_too_rare_is_split_without_it() -> None:
    targets = np.repeat([0, 1], [50, 2])[:, None].astype(np.float32)
    block = Stretch(np.arange(52), np.zeros((52, 1), np.float32), targets)
    asked = Asked(Recipe(test_size=0.9), "binary", ("0", "1"), "t.csv")
    with pytest.raises(TableError, match="none is left to train on"):
        AtRandom(asked).parts(block)
    parts = AtRandom(replace(asked, several=True)).parts(block)
    assert np.bincount(parts).tolist() == [5, 0, 47]
