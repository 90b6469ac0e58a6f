"""A server that serves only what a key has signed, also when a model changes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from support.networks import network
from support.signed import NET, write_keys, write_model

from mlp_edge.errors import VerifyError
from mlp_edge.serve.models import Models
from mlp_edge.serve.settings import ServeSettings
from mlp_edge.signing.signature import sign


def later(model: Path) -> None:
    """Have the manifest a time of its own, whatever the clock of the disk."""
    status = (model / "model.json").stat()
    os.utime(model / "model.json", ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))


@pytest.mark.parametrize("named", ["model", "model/exports/net.onnx"])
def test_only_what_is_signed_takes_the_place_of_another(named: str, tmp_path: Path) -> None:
    key, model = write_keys(tmp_path, "key", ec.SECP256R1()), write_model(tmp_path / "model")
    settings = ServeSettings(signed_by=key.with_suffix(".pub"))
    with pytest.raises(VerifyError, match="not signed"):
        Models([tmp_path / named], settings)
    sign(model, key)
    models = Models([tmp_path / named], settings)
    first = models.version("net").name
    assert models.changed() == []

    other = network(seed=1)
    write_model(model, other)
    later(model)
    (refused,) = models.changed()
    assert refused.version is None
    assert "changed: exports/net.onnx, model.json" in refused.reason
    assert models.version("net").name == first == f"{NET.weights_sha256[:12]}-int8"

    sign(model, key)  # which leaves the manifest as it is
    (reloaded,) = models.changed()
    assert reloaded.version == models.version("net").name == f"{other.weights_sha256[:12]}-int8"
    assert models.changed() == []
    models.close()


@pytest.mark.parametrize("named", ["model", "model/exports/net.onnx"])
@pytest.mark.parametrize("first", ["model.json", "exports/net.onnx"])
def test_whatever_arrives_first_the_rest_is_looked_at(
    first: str, named: str, tmp_path: Path
) -> None:
    model, other = write_model(tmp_path / "model"), network(seed=1)
    models = Models([tmp_path / named], ServeSettings())
    write_model(tmp_path / "other", other)
    later(tmp_path / "other")
    for file in sorted(("model.json", "exports/net.onnx"), key=lambda name: name != first):
        shutil.copy2(tmp_path / "other" / file, model / file)
        (reload,) = models.changed()
        assert (reload.version is None) == (file == first)
    assert reload.version == f"{other.weights_sha256[:12]}-int8"
    assert models.changed() == []
    models.close()
