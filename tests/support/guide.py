"""The examples of docs/how-to/scale.md, to be run as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from support.homes import home_rows, homes_model

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "scale.md"
EXAMPLES = re.findall(r"^```py\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
ROWS = 200


def example(name: str) -> str:
    """The example of an engine, or of the stream."""
    marks = {
        "stream": "predict_stream",
        "spark": "pyspark",
        "ray": "import ray",
        "duckdb": "duckdb",
    }
    [found] = [each for each in EXAMPLES if marks[name] in each]
    return str(found)


def run(name: str, model: str = "homes.onnx") -> dict[str, Any]:
    """Run an example on a model and files of the working directory; its names.

    A cluster may have another working directory, where a path of ours means nothing.
    """
    text = example(name).replace('"model"', f'"{model}"')
    for file in ("homes.parquet", "scored"):
        text = text.replace(f'"{file}"', repr(str(Path(file).absolute())))
    names: dict[str, Any] = {}
    exec(compile(text, str(PAGE), "exec"), names)  # noqa: S102
    return names


def lay_out(folder: Path) -> None:
    """Put the table and the model of the page into a folder."""
    identity, area, kind, year, rooms, _ = zip(*home_rows()[:ROWS], strict=True)
    columns = {
        "id": identity,
        "area": [*map(float, area)],
        "kind": kind,
        "year": [int(each) if each not in ("", "?") else None for each in year],
        "rooms": [*map(float, rooms)],
    }
    pq.write_table(pa.table(columns), folder / "homes.parquet")
    homes_model(folder / "homes.onnx")
