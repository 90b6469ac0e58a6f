"""Good and hostile traffic at once, for some seconds; ``benchmarks/traffic.py`` has minutes."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.networks import network
from support.servers import serving, write_onnx
from support.traffic import attacks, counted, mixed

import mlp_edge


@pytest.mark.slow
def test_good_clients_are_right_whatever_hostile_ones_do(tmp_path: Path) -> None:
    path = write_onnx(network(), tmp_path / "net.onnx")
    with mlp_edge.load(path) as model, serving(tmp_path, path, "--timeout", 2) as server:
        version = server.asked("/v2/models/net")[1]["versions"][0]
        seen = mixed(server, {version: model}, seconds=20, warm=10, pause=0.01)
        assert seen.wrong == []
        assert len(seen.good) == 5
        assert seen.hostile.keys() == attacks("net").keys()
        assert {status for status in seen.statuses if status >= 500} == set()
        assert server.lines("fault") == []
        assert not any('status="5' in name for name in counted(server))
        assert max(seen.megabytes) < min(seen.megabytes) + 60
