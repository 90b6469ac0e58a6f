"""Keys, and a model directory that needs no training to be signed and to predict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mlp_edge.files.writing import sha256
from mlp_edge.mlp import Mlp
from support.manifests import MANIFEST
from support.networks import network
from support.servers import write_onnx

NET = network()


def write_keys(folder: Path, name: str, curve: ec.EllipticCurve, passphrase: str = "") -> Path:
    """``NAME.pem``, whose path it gives, and its public half beside it as ``NAME.pub``."""
    key = ec.generate_private_key(curve)
    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        lock = serialization.BestAvailableEncryption(passphrase.encode())
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    path = folder / f"{name}.pem"
    path.write_bytes(key.private_bytes(pem, form, lock))
    path.with_suffix(".pub").write_bytes(key.public_key().public_bytes(pem, public))
    return path


def write_model(folder: Path, mlp: Mlp = NET) -> Path:
    """A model directory whose export predicts; it has no original, so nothing but that opens."""
    exports = folder / "exports"
    exports.mkdir(parents=True, exist_ok=True)
    content = write_onnx(mlp, exports / "net.onnx").read_bytes()
    manifest = replace(
        MANIFEST, name="net", features=mlp.features, targets=mlp.targets, labels=mlp.labels,
        sha256={"data": "d", "weights": mlp.weights_sha256}, exports={"net.onnx": sha256(content)},
    )  # fmt: skip
    (folder / "model.json").write_text(manifest.to_json(), encoding="utf-8")
    (folder / "history.csv").write_text("epoch,loss\n1,0.5\n", encoding="utf-8")
    return folder
