"""Signatures: made and verified by the library itself, and refused in a sentence otherwise."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from model_signing import hashing, signing, verifying
from support.keras_files import dense, write_h5
from support.networks import network, readings
from support.signed import NET, write_keys, write_model

import mlp_edge
from mlp_edge.api import sample as sample_rows
from mlp_edge.errors import InputError, MissingError, ModelError, VerifyError
from mlp_edge.reading import only_signed, read_file
from mlp_edge.runtime import load as loading
from mlp_edge.signing.keys import PASSPHRASE_VARIABLE, fingerprint_of, is_encrypted, signing_key
from mlp_edge.signing.signature import SIGNATURE, sign, verified

FILES = ["exports/net.onnx", "history.csv", "model.json"]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    write_keys(folder, "ours", ec.SECP256R1())
    write_keys(folder, "theirs", ec.SECP256R1())
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Path:
    directory = write_model(tmp_path_factory.mktemp("made") / "model")
    sign(directory, keys / "ours.pem")
    return directory


@pytest.fixture
def model(made: Path, tmp_path: Path) -> Path:
    """A model directory that is signed."""
    return shutil.copytree(made, tmp_path / "model")


def refused(kind: type[InputError], call: Callable[..., Any], *given: Any, **named: Any) -> str:
    with pytest.raises(kind) as caught:
        call(*given, **named)
    message = str(caught.value)
    assert "\n" not in message
    return message


# Made and verified


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_what_is_signed_is_verified_and_by_the_library_alone(
    curve: ec.EllipticCurve, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    key = write_keys(tmp_path, "key", curve)
    found = sign(model, key)
    assert sorted(found.digests) == FILES
    assert verified(model, key.with_suffix(".pub")) == found
    assert found.key == fingerprint_of(key.with_suffix(".pub")) == signing_key(key, None)[1]
    config = verifying.Config().use_elliptic_key_verifier(public_key=key.with_suffix(".pub"))
    config.verify(model, model / SIGNATURE)


def test_what_the_librarys_own_command_signs_is_verified(model: Path, keys: Path) -> None:
    (model / SIGNATURE).unlink()
    words = ("sign", "key", model, "--signature", model / SIGNATURE,
             "--private_key", keys / "ours.pem")  # fmt: skip
    program = [sys.executable, "-m", "model_signing", *map(str, words)]
    ran = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert sorted(verified(model, keys / "ours.pub").digests) == FILES


def test_every_difference_is_named(model: Path, keys: Path) -> None:
    (model / "exports" / "net.h").write_text("new")
    (model / "history.csv").unlink()
    (model / "model.json").write_text("{}")
    (model / ".mlp-edge.lock").touch()
    found = verified(model, keys / "ours.pub")
    assert (found.changed, found.missing, found.added) == (
        ("model.json",), ("history.csv",), ("exports/net.h",),
    )  # fmt: skip
    assert found.differences() == (
        "changed: model.json; missing: history.csv; not signed: exports/net.h"
    )


def test_many_differences_are_counted(model: Path, keys: Path) -> None:
    for number in range(20):
        (model / f"{number:02}").touch()
    says = verified(model, keys / "ours.pub").differences()
    assert says == "not signed: 00, 01, 02, 03, 04, 05 and 14 more"


def test_a_signature_that_leaves_files_out_does_not_cover_them(model: Path, keys: Path) -> None:
    config = signing.Config().use_elliptic_key_signer(private_key=keys / "ours.pem")
    left_out = hashing.Config().set_ignored_paths(paths=[SIGNATURE, "exports"])
    config.set_hashing_config(left_out).sign(model, model / SIGNATURE)
    assert verified(model, keys / "ours.pub").added == ("exports/net.onnx",)


def grown(path: Path, size: int) -> None:
    with path.open("ab") as file:
        file.truncate(size)


@pytest.mark.parametrize("name", ["extra.bin", "history.csv"])
def test_no_file_is_hashed_that_was_not_signed_or_is_too_large(
    name: str, model: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hashed(*_: object, **__: object) -> None:
        raise AssertionError("files were hashed")

    grown(model / name, 2**28)  # 256 MB
    monkeypatch.setattr(hashing.Config, "hash", hashed)
    if name == "extra.bin":
        assert verified(model, keys / "ours.pub").added == ("extra.bin",)
        message = refused(VerifyError, mlp_edge.load, model, signed_by=keys / "ours.pub")
        assert "not signed: extra.bin" in message
    else:
        message = refused(ModelError, verified, model, keys / "ours.pub")
        assert "history.csv: 268,435,456 bytes, where 128 MB are the limit" in message
    (model / SIGNATURE).unlink()
    message = refused(InputError, sign, model, keys / "ours.pem")
    assert f"{name}: 268,435,456 bytes, where 128 MB are the limit" in message


def test_signed_again_after_an_export(model: Path, keys: Path) -> None:
    (model / "exports" / "net.h").write_text("new")
    assert "exports/net.h" in sign(model, keys / "ours.pem").digests
    assert verified(model, keys / "ours.pub").differences() == ""
    assert [path.name for path in model.iterdir() if path.name.startswith(".")] == []


# Signatures that are none


def changed(content: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    bundle = json.loads(content)
    change(bundle)
    return json.dumps(bundle).encode()


def resigned(bundle: dict[str, Any]) -> None:
    """The envelope of a signature by another payload."""
    payload = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    payload["predicate"]["resources"] = payload["predicate"]["resources"][:1]
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()


SPOILT = {
    "empty": (lambda content: b"", "damaged"),
    "cut": (lambda content: content[:-20], "damaged"),
    "a list": (lambda content: b"[1]", "it has no verificationMaterial"),
    "deep": (lambda content: b"[" * 100_000, "damaged"),
    "huge": (lambda content: b" " * 4_000_001, "4,000,000 are the limit"),
    "huge number": (lambda content: b"1" * 100, "a number of 100 digits"),
    "no key": (
        lambda content: changed(content, lambda each: each["verificationMaterial"].clear()),
        "it has no publicKey",
    ),
    "no envelope": (
        lambda content: changed(content, lambda each: each.pop("dsseEnvelope")),
        "it has no dsseEnvelope",
    ),
    "no signature": (
        lambda content: changed(content, lambda each: each["dsseEnvelope"]["signatures"].clear()),
        "somebody has changed it",
    ),
    "another payload": (
        lambda content: changed(content, resigned),
        "somebody has changed it",
    ),
    "another signature": (
        lambda content: changed(
            content, lambda each: each["dsseEnvelope"]["signatures"][0].update(sig="AAAA")
        ),
        "somebody has changed it",
    ),
    "another type": (
        lambda content: changed(content, lambda each: each.update(mediaType="text/plain")),
        "somebody has changed it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_signature_is_refused(how: str, model: Path, keys: Path) -> None:
    spoil, says = SPOILT[how]
    path = model / SIGNATURE
    path.write_bytes(spoil(path.read_bytes()))
    assert says in refused(VerifyError, verified, model, keys / "ours.pub")


def test_whose_it_is_not(model: Path, keys: Path) -> None:
    theirs, ours = fingerprint_of(keys / "theirs.pub"), fingerprint_of(keys / "ours.pub")
    message = refused(VerifyError, verified, model, keys / "theirs.pub")
    assert "made with another key" in message
    assert ours[:16] in message
    assert theirs[:16] in message
    # The name of the key is not signed: a lie about it changes nothing.
    path = model / SIGNATURE
    path.write_bytes(path.read_bytes().replace(ours.encode(), theirs.encode()))
    assert "somebody has changed it" in refused(VerifyError, verified, model, keys / "theirs.pub")


def test_no_signature_and_no_file(model: Path, keys: Path) -> None:
    (model / SIGNATURE).unlink()
    assert "not signed" in refused(VerifyError, verified, model, keys / "ours.pub")
    (model / SIGNATURE).mkdir()
    assert "a directory" in refused(VerifyError, verified, model, keys / "ours.pub")


@pytest.mark.parametrize("kind", ["a link", "a device or a pipe"])
def test_links_and_pipes_are_not_signed(kind: str, model: Path, keys: Path) -> None:
    odd = model / "exports" / "odd"
    if kind == "a link":
        odd.symlink_to("/etc/hostname")
    else:
        os.mkfifo(odd)
    found = verified(model, keys / "ours.pub")
    assert (found.changed, found.missing, found.added) == ((), (), ("exports/odd",))
    assert "not signed: exports/odd" in refused(
        VerifyError, mlp_edge.load, model, signed_by=keys / "ours.pub"
    )
    (model / "history.csv").unlink()
    odd.rename(model / "history.csv")
    found = verified(model, keys / "ours.pub")
    assert (found.changed, found.missing, found.added) == (("history.csv",), (), ())
    assert kind in refused(InputError, sign, model, keys / "ours.pem")


def test_a_signature_that_is_a_link(model: Path, keys: Path, tmp_path: Path) -> None:
    (model / SIGNATURE).rename(tmp_path / SIGNATURE)
    (model / SIGNATURE).symlink_to(tmp_path / SIGNATURE)
    assert "a link" in refused(VerifyError, verified, model, keys / "ours.pub")


def test_a_link_to_a_model_directory_is_as_good(model: Path, keys: Path, tmp_path: Path) -> None:
    current = tmp_path / "current"
    current.symlink_to(model)
    sign(current, keys / "ours.pem")
    assert verified(current, keys / "ours.pub") == verified(model, keys / "ours.pub")
    mlp_edge.load(current, signed_by=keys / "ours.pub").close()
    (model / "new").touch()
    assert verified(current, keys / "ours.pub").added == ("new",)


# Keys


def pem(folder: Path, name: str, key: Any, public: bool = False) -> Path:
    path = folder / name
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    if public:
        path.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, form))
    else:
        private, lock = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        path.write_bytes(key.private_bytes(serialization.Encoding.PEM, private, lock))
    return path


OTHER_KEYS = {
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("kind", OTHER_KEYS)
def test_keys_of_another_kind(kind: str, model: Path, tmp_path: Path) -> None:
    key = OTHER_KEYS[kind]()
    private, public = pem(tmp_path, "a.pem", key), pem(tmp_path, "a.pub", key, public=True)
    for message in (
        refused(InputError, sign, model, private),
        refused(InputError, verified, model, public),
    ):
        assert kind in message
        assert "P-256, P-384, P-521 would do" in message


def test_the_wrong_half_and_what_is_no_key(model: Path, keys: Path, tmp_path: Path) -> None:
    assert "a public key" in refused(InputError, sign, model, keys / "ours.pub")
    assert "a private key" in refused(InputError, verified, model, keys / "ours.pem")
    broken = tmp_path / "broken.pem"
    for text in ("", "no key", "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"):
        broken.write_text(text)
        assert "not a public key" in refused(InputError, verified, model, broken)
    broken.write_text("-----BEGIN PRIVATE KEY-----\nMFkw\n-----END PRIVATE KEY-----\n")
    assert "not a private key" in refused(InputError, sign, model, broken)
    broken.write_bytes(bytes(70_000))
    assert "65,536 are the limit" in refused(InputError, sign, model, broken)
    assert "no such file" in refused(InputError, sign, model, tmp_path / "none.pem")


def test_a_key_is_not_given_away_with_the_model(model: Path, keys: Path) -> None:
    inside = Path(shutil.copy(keys / "ours.pem", model))
    assert "given away" in refused(InputError, sign, model, inside)


def test_a_key_that_came_with_the_model_vouches_for_nothing(model: Path, keys: Path) -> None:
    inside = Path(shutil.copy(keys / "ours.pub", model))
    sign(model, keys / "ours.pem")
    assert "vouch" in refused(InputError, verified, model, inside)
    assert verified(model, keys / "ours.pub").differences() == ""


def test_an_encrypted_key(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSPHRASE_VARIABLE, raising=False)
    key = write_keys(tmp_path, "locked", ec.SECP256R1(), "grün")
    assert is_encrypted(key)
    assert PASSPHRASE_VARIABLE in refused(InputError, sign, model, key)
    message = refused(InputError, sign, model, key, "blau")
    assert "this passphrase" in message
    assert "blau" not in message
    assert sign(model, key, "grün").key == fingerprint_of(key.with_suffix(".pub"))
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "grün")
    sign(model, key)
    assert verified(model, key.with_suffix(".pub")).differences() == ""


def test_the_extra_is_named(model: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "model_signing.signing", None)
    monkeypatch.setitem(sys.modules, "model_signing.verifying", None)
    assert "mlp-edge[sign]" in refused(MissingError, sign, model, keys / "ours.pem")
    assert "mlp-edge[sign]" in refused(MissingError, verified, model, keys / "ours.pub")


# What is loaded is what was signed


def test_what_is_signed_is_loaded(model: Path, keys: Path) -> None:
    rows = readings(NET, 5)
    for path in (model, model / "exports" / "net.onnx"):
        with mlp_edge.load(path, signed_by=keys / "ours.pub", verify=True) as opened:
            signed = opened.predict(rows)
        with mlp_edge.load(path) as opened:
            assert opened.predict(rows).tolist() == signed.tolist()


def test_another_model_is_not_loaded(model: Path, keys: Path) -> None:
    write_model(model, network(seed=1))  # whose checksums are right
    mlp_edge.load(model, verify=True).close()
    message = refused(VerifyError, mlp_edge.load, model, signed_by=str(keys / "ours.pub"))
    assert "changed: exports/net.onnx, model.json" in message


def test_a_file_alone_has_no_signature(model: Path, keys: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copy(model / "exports" / "net.onnx", tmp_path))
    assert "on its own" in refused(InputError, mlp_edge.load, alone, signed_by=keys / "ours.pub")
    gone = tmp_path / "gone.onnx"
    assert "no such" in refused(ModelError, mlp_edge.load, gone, signed_by=keys / "ours.pub")


@pytest.mark.parametrize("link", [False, True])
def test_a_file_that_is_swapped_after_it_was_verified(
    link: bool, model: Path, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = write_model(tmp_path / "other", network(seed=1)) / "exports" / "net.onnx"
    genuine = loading._load

    def swapped(*given: Any) -> Any:
        target = model / "exports" / "net.onnx"
        target.unlink(missing_ok=True)
        if link:
            target.symlink_to(other)
        else:
            shutil.copy(other, target)
        return genuine(*given)

    monkeypatch.setattr(loading, "_load", swapped)
    message = refused(VerifyError, mlp_edge.load, model, signed_by=keys / "ours.pub")
    assert message == f"{model / 'exports' / 'net.onnx'}: not the file that was signed"


def test_files_elsewhere_are_read_meanwhile(model: Path, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "in").symlink_to(model / "history.csv")
    with only_signed(model, {}):
        assert read_file(tmp_path / "a") == b"a"
        refused(VerifyError, read_file, model / "history.csv")
        refused(VerifyError, read_file, tmp_path / "in")  # by way of a link
    assert read_file(model / "history.csv")


# What is opened, evaluated and exported is what was signed


@pytest.fixture
def trained(pima: Path, keys: Path, tmp_path: Path) -> Path:
    """A trained model directory that is signed."""
    directory = shutil.copytree(pima, tmp_path / "trained")
    sign(directory, keys / "ours.pem")
    return directory


@pytest.mark.trains
def test_a_model_that_was_opened_with_a_key_reads_nothing_else(
    trained: Path, keys: Path, tmp_path: Path
) -> None:
    key, free = keys / "ours.pub", mlp_edge.open(trained)
    opened = mlp_edge.open(trained, signed_by=str(key))
    scores = opened.evaluate(plots=False).to_dict()
    assert scores == free.evaluate(plots=False, signed_by=key).to_dict()
    header = opened.export("c", dtype="int8", out=tmp_path).content
    assert header == free.export("c", dtype="int8", out=tmp_path, signed_by=str(key)).content
    rows = np.zeros((1, 8), np.float32)
    assert opened.predict(rows).tolist() == free.predict(rows).tolist()

    (trained / "sample.csv").write_text((trained / "sample.csv").read_text() + "\n")
    for reads in (
        lambda: mlp_edge.open(trained, signed_by=key),
        lambda: opened.evaluate(plots=False),
        lambda: free.evaluate(plots=False, signed_by=key),
        lambda: opened.export("c", out=tmp_path),
        lambda: free.export("c", out=tmp_path, signed_by=key),
        lambda: opened.predict(rows),
    ):
        assert "changed: sample.csv" in refused(VerifyError, reads)
    free.evaluate(plots=False)


@pytest.mark.trains
def test_rows_that_are_swapped_after_they_were_verified(
    trained: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, sample = mlp_edge.open(trained, signed_by=keys / "ours.pub"), trained / "sample.csv"
    read = sample_rows.read_table

    def swapped(*given: Any) -> Any:
        sample.write_text(sample.read_text() + "\n")
        return read(*given)

    monkeypatch.setattr(sample_rows, "read_table", swapped)
    message = refused(VerifyError, model.evaluate, plots=False)
    assert "sample.csv: not the file that was signed" in message


@pytest.mark.trains
def test_another_model_that_is_signed_as_well(trained: Path, keys: Path, tmp_path: Path) -> None:
    model = mlp_edge.open(trained)
    manifest = trained / "model.json"
    manifest.write_text(manifest.read_text().replace('"threshold": 0.', '"threshold": 0.1'))
    sign(trained, keys / "ours.pem")
    message = refused(InputError, model.export, "c", out=tmp_path, signed_by=keys / "ours.pub")
    assert "another model was put there meanwhile" in message


def test_no_signature_is_asked_of_what_has_no_directory(keys: Path, tmp_path: Path) -> None:
    file, key = write_h5(tmp_path / "net.h5", [dense(np.ones((2, 1)))]), keys / "ours.pub"
    assert "a file alone, which nobody has signed" in refused(
        InputError, mlp_edge.open, file, signed_by=key
    )
    exported = mlp_edge.open(file).export
    assert "which nobody has signed" in refused(InputError, exported, signed_by=key)
    gone = refused(ModelError, mlp_edge.open, tmp_path / "none", signed_by=key)
    assert "there is no model" in gone
