"""Scripts whose interpreter ends: one sentence, every time."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from support.networks import network

from mlp_edge.errors import MissingError, ModelError
from mlp_edge.export import EXPORTERS, Exporter
from mlp_edge.runtime import RUNTIMES, Runtime
from mlp_edge.runtime.scripts import process

SCRIPTS = [exporter for exporter in EXPORTERS if exporter.suffix in (".js", ".py")]
every_script = pytest.mark.parametrize("exporter", SCRIPTS, ids=lambda exporter: exporter.name)
ROWS = np.zeros((3, 8), np.float32)


def written(exporter: Exporter, folder: Path) -> tuple[Runtime, Path]:
    path = folder / f"net{exporter.suffix}"
    path.write_bytes(exporter.export(network()))
    return next(runtime for runtime in RUNTIMES if runtime.reads == path.suffix), path


@every_script
def test_an_interpreter_that_ends_is_a_sentence(
    exporter: Exporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, path = written(exporter, tmp_path)
    started = []
    popen = process.subprocess.Popen

    def watched(*given: object, **more: object) -> object:
        started.append(popen(*given, **more))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr("mlp_edge.runtime.scripts.process.subprocess.Popen", watched)
    with runtime.open(path) as opened:
        assert opened.predict(ROWS).shape == (3, 1)
        os.kill(started[0].pid, signal.SIGKILL)
        for _ in range(2):
            with pytest.raises(ModelError, match=r"net\.(js|py): does not run \(.* -9\)"):
                opened.predict(ROWS)
    assert started[0].returncode == -9


@every_script
def test_an_interpreter_that_is_not_there(
    exporter: Exporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, path = written(exporter, tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    assert "brings it" in (runtime.missing() or "")
    with pytest.raises(MissingError, match="does not start"), runtime.open(path):
        pass
