"""The homes of the streaming tests as a Parquet file, and what is predicted of it here."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.homes import Homes, home_rows, homes_model

from mlp_edge.api.settings import PredictionSettings, StreamSettings
from mlp_edge.api.streaming import predict_stream


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    folder = tmp_path_factory.mktemp("homes")
    model = homes_model(folder / "homes.onnx")
    identity, area, kind, year, rooms, price = zip(*home_rows(), strict=True)
    columns = pa.table(
        {
            "id": pa.array(identity),
            "area": pa.array([float(each) for each in area]),
            "kind": pa.array([each or None for each in kind]),
            "year": pa.array([int(y) if y not in ("", "?") else None for y in year], pa.int32()),
            "rooms": pa.array([float(each) for each in rooms]),
            "price": pa.array(price),
        }
    )
    table, scored = folder / "homes.parquet", folder / "scored.parquet"
    pq.write_table(columns, table, row_group_size=900)
    predict_stream(model, str(table), PredictionSettings(out=scored), StreamSettings())
    return Homes(model, table, scored, pq.read_table(scored))
