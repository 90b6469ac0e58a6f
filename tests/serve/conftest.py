"""The file that most tests serve."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.networks import network
from support.servers import write_onnx


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network, net.onnx."""
    return write_onnx(network(), tmp_path_factory.mktemp("served") / "net.onnx")
