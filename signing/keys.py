"""Keys of elliptic curves in PEM files: read, and refused in a sentence where another is needed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from mlp_edge import lazy
from mlp_edge.errors import InputError, ModelError, first_line
from mlp_edge.files.writing import sha256
from mlp_edge.foreign import typed
from mlp_edge.reading import read_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

EXTRA = "sign"
PASSPHRASE_VARIABLE = "MLP_EDGE_KEY_PASSPHRASE"  # noqa: S105 (the name of a variable)
"""Environment variable: the passphrase of an encrypted private key."""
CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
LARGEST = 64 * 1024
"""Bytes of a file with a key; one has a few hundred."""
_PRIVATE, _PUBLIC = b"PRIVATE KEY-----", b"-----BEGIN PUBLIC KEY-----"


def fingerprint_of(path: Path) -> str:
    """The SHA-256 of a public key, in hexadecimal, by which a signature names it.

    Args:
        path: a PEM file.

    Raises:
        InputError: naming the file, when it holds no public key of such a curve.
        MissingError: when the extra is not installed.
    """
    serialization = lazy.require("cryptography.hazmat.primitives.serialization", EXTRA)
    content = _content(path)
    if _PRIVATE in content:
        raise InputError(
            f"{path}: a private key, where the public one belongs; openssl pkey -in {typed(path)} "
            "-pubout -out FILE writes that, and a private key stays with who signs"
        )
    if _PUBLIC not in content:
        _refuse(path, "public", "no public key in PEM")
    try:
        key = serialization.load_pem_public_key(content)
    except Exception as error:  # a class of its own for each kind of damage
        _refuse(path, "public", first_line(error))
    _check_curve(path, key, "public")
    return _fingerprint(key)


def signing_key(path: Path, passphrase: str | None) -> tuple[bytes | None, str]:
    """What a private key is opened with, and the fingerprint of its public half.

    Args:
        path: a PEM file.
        passphrase: of an encrypted key; None for what ``PASSPHRASE_VARIABLE`` holds.

    Returns:
        The passphrase as bytes, or None of a key without one; the fingerprint.

    Raises:
        InputError: naming the file, when it holds no private key of such a curve, or is encrypted
            with another passphrase.
        MissingError: when the extra is not installed.
    """
    serialization = lazy.require("cryptography.hazmat.primitives.serialization", EXTRA)
    content, secret = _content(path), None
    if _PUBLIC in content and _PRIVATE not in content:
        raise InputError(f"{path}: a public key, where the private one belongs")
    if _PRIVATE not in content:
        _refuse(path, "private", "no private key in PEM")
    if _encrypted(content):
        given = os.environ.get(PASSPHRASE_VARIABLE) if passphrase is None else passphrase
        if not given:
            raise InputError(
                f"{path}: encrypted, and there is no passphrase; {PASSPHRASE_VARIABLE} would have "
                "it in the environment"
            )
        secret = given.encode("utf-8", "surrogateescape")
    try:
        key = serialization.load_pem_private_key(content, secret)
    except Exception as error:
        if secret is not None:
            raise InputError(f"{path}: does not open with this passphrase") from error
        _refuse(path, "private", first_line(error))
    _check_curve(path, key, "private")
    return secret, _fingerprint(key.public_key())


def is_encrypted(path: Path) -> bool:
    """Whether a private key needs a passphrase.

    Raises:
        InputError: when the file cannot be read.
    """
    return _encrypted(_content(path))


def _content(path: Path) -> bytes:
    try:
        return read_file(path, most=LARGEST)
    except ModelError as error:
        raise InputError(str(error)) from error


def _encrypted(content: bytes) -> bool:
    """PKCS #8 says it in its first line, and OpenSSL's older format in the second."""
    return b"ENCRYPTED" in content


def _fingerprint(key: EllipticCurvePublicKey) -> str:
    """As OpenSSF model signing writes it into a signature."""
    serialization = lazy.require("cryptography.hazmat.primitives.serialization", EXTRA)
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    return sha256(key.public_bytes(serialization.Encoding.PEM, public))


def _check_curve(path: Path, key: Any, kind: str) -> None:
    curve = getattr(getattr(key, "curve", None), "name", None)
    if curve not in CURVES:
        found = f"a key of the curve {curve}" if curve else f"a key of the class {_class(key)}"
        _refuse(path, kind, found)


def _class(key: Any) -> str:
    return type(key).__name__.strip("_").removesuffix("PublicKey").removesuffix("PrivateKey")


def _refuse(path: Path, kind: str, found: str) -> NoReturn:
    curves = ", ".join(CURVES.values())
    raise InputError(
        f"{path}: not a {kind} key to sign with ({found}); a PEM file of one of the curves "
        f"{curves} would do"
    )
