"""`model.sig`: a signature over every file of a model directory, by OpenSSF model signing.

The library signs, verifies and hashes. What is checked here is what it leaves open: how large the
file may be, that nothing in the directory is left out, and which files differ.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlp_edge import lazy
from mlp_edge.errors import InputError, ModelError, VerifyError, first_line
from mlp_edge.files.temporary import LOCK, is_ours
from mlp_edge.files.writing import finish, sha256, write_files
from mlp_edge.readers.model_directory import SIGNATURE
from mlp_edge.reading import limit, only_signed, parse_json, read_file, too_large
from mlp_edge.settings import call
from mlp_edge.signing.keys import EXTRA, fingerprint_of, signing_key

LARGEST = 4_000_000
"""Bytes of a signature; a file takes about 300."""
SHOWN = 6
"""Files that a message names."""
_UNSIGNED = (SIGNATURE, LOCK, ".git", ".gitattributes", ".github", ".gitignore")
"""What stands in a directory and is no part of the model; the library names those of git."""
_PREDICATE = "https://model_signing/signature/v1.0"


@dataclass(frozen=True)
class Signed:
    """What a key has signed, and how the directory differs from it.

    Attributes:
        key: the SHA-256 of the public key.
        digests: name of each file -> SHA-256 of its bytes when it was signed.
        changed: files that have other bytes now.
        missing: files that are gone.
        added: files that are new.
    """

    key: str
    digests: Mapping[str, str]
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def differences(self) -> str:
        """How the directory differs, as a clause; "" where it does not."""
        kinds = {"changed": self.changed, "missing": self.missing, "not signed": self.added}
        return "; ".join(f"{kind}: {_some(names)}" for kind, names in kinds.items() if names)


def sign(directory: Path, key: Path, passphrase: str | None = None) -> Signed:
    """Sign every file of a directory, and put ``model.sig`` into it.

    Args:
        directory: a model directory; nobody else writes to it meanwhile.
        key: a private key in PEM, of P-256, P-384 or P-521, which stands elsewhere.
        passphrase: of an encrypted key; None for what MLP_EDGE_KEY_PASSPHRASE holds.

    Raises:
        InputError: for another key, a link or a file of over MLP_EDGE_MAX_MB in the directory, or
            where nothing can be written.
        MissingError: when the extra is not installed.
    """
    signing = lazy.require("model_signing.signing", EXTRA)
    secret, fingerprint = signing_key(key, passphrase)
    if key.resolve().is_relative_to(directory.resolve()):
        raise InputError(
            f"{key}: a private key inside the model directory, which would be given away with it; "
            "move it elsewhere"
        )
    made: list[bytes] = []

    def files() -> dict[str, bytes]:
        _refuse_odd(directory)
        _check_sizes(directory, _files(directory))  # which refuses what the library would not read
        signer = signing.Config().use_elliptic_key_signer(private_key=key, password=secret)
        with tempfile.TemporaryDirectory(prefix="mlp-edge-") as place:
            written = Path(place) / SIGNATURE
            try:
                signer.set_hashing_config(_Hashing(directory)).sign(directory.resolve(), written)
            except Exception as error:  # a name that is no text, a file that is not ours to read
                raise InputError(f"{directory}: not signed ({first_line(error)})") from error
            made.append(read_file(written, most=LARGEST))
        return {SIGNATURE: made[0]}

    write_files(directory, files)
    return Signed(fingerprint, _read(made[0])[1])


def verified(directory: Path, key: Path) -> Signed:
    """What a directory's signature covers, once it is certain that this key made it.

    Args:
        directory: a model directory.
        key: the public key in PEM.

    Returns:
        What was signed, and how the directory differs from that.

    Raises:
        VerifyError: when there is no signature, it is damaged or a link, or another key made it.
        InputError: for another kind of key, or one in the directory.
        MissingError: when the extra is not installed.
    """
    fingerprint, path = fingerprint_of(key), directory / SIGNATURE
    if key.resolve().is_relative_to(directory.resolve()):
        raise InputError(
            f"{key}: stands in the directory that it is to vouch for, where whoever changes a file "
            "changes the key as well; one that came another way would do"
        )
    finish(directory)
    content = _content(directory)
    try:
        signed = Signed(*_read(content))
    except (ValueError, TypeError) as error:
        reason = first_line(error)
        raise VerifyError(f"{path}: damaged, or no signature of a model ({reason})") from error
    if signed.key != fingerprint:
        raise VerifyError(
            f"{path}: made with another key than {key}; the SHA-256 of its public half begins with "
            f"{signed.key[:16]}, not {fingerprint[:16]}"
        )
    same = _holds(directory, content, key, signed.digests)
    return signed if same else _compared(directory, signed)


def _content(directory: Path) -> bytes:
    """The bytes of a signature.

    Raises:
        VerifyError: where there is none that can be read.
    """
    if (path := directory / SIGNATURE).is_symlink():
        raise VerifyError(f"{path}: a link, where the signature itself would do")
    none = f"{directory}: not signed (it has no {SIGNATURE}); {call('Model.sign')} signs it"
    try:
        return read_file(path, none, LARGEST)
    except ModelError as error:
        raise VerifyError(str(error)) from error


def _holds(directory: Path, content: bytes, key: Path, names: Collection[str]) -> bool:
    """Whether every file is what was signed, and there are no others than those of these names.

    Raises:
        VerifyError: when this signature was not made with the key.
    """
    verifying = lazy.require("model_signing.verifying", EXTRA)
    hashing = _Hashing(directory, names)
    with tempfile.TemporaryDirectory(prefix="mlp-edge-") as place:
        copy = Path(place) / SIGNATURE
        copy.write_bytes(content)  # what was checked is what the library reads
        config = verifying.Config().use_elliptic_key_verifier(public_key=key)
        try:
            config.set_hashing_config(hashing).verify(directory.resolve(), copy)
        except Exception as error:  # its own, and those of cryptography, pydantic and protobuf
            if hashing.begun:
                return False
            raise VerifyError(
                f"{directory / SIGNATURE}: not what {key} signed; somebody has changed it"
            ) from error
    return True


def is_stale(directory: Path) -> bool:
    """Whether a directory has a signature, and a file that is not what it says; needs no extra.

    Who made the signature is not asked: ``verified`` does that.

    Args:
        directory: a model directory, or what is none.
    """
    path = directory / SIGNATURE
    if not path.is_file():
        return False
    try:
        signed = Signed(*_read(read_file(path, most=LARGEST)))
        return bool(_held_against(directory, signed).differences())
    except (InputError, ValueError, TypeError):  # damaged, or too large to be what was signed
        return True


@contextmanager
def signed_by(directory: Path, key: Path | None) -> Iterator[None]:
    """Let files of a directory be read only as a key has signed them, until the block ends.

    Args:
        directory: a model directory.
        key: the public key in PEM; None where nobody demands a signature.

    Raises:
        VerifyError: when the directory is not what was signed with it.
        InputError: as ``verified``.
    """
    if key is None:
        yield
        return
    found = verified(directory, key)
    if differences := found.differences():
        raise VerifyError(f"{directory}: not what was signed ({differences})")
    with only_signed(directory, found.digests):
        yield


class _Hashing:
    """The library's way to hash a directory, every file of it, whatever a signature leaves out.

    Args:
        directory: to hash.
        names: of the files that it may hold, so that none of another is read; None for any.

    Attributes:
        begun: whether the library has asked for it; of a signature it does so once that is right.
    """

    def __init__(self, directory: Path, names: Collection[str] | None = None) -> None:
        ours = (path.relative_to(directory) for path in directory.rglob("*") if is_ours(path.name))
        hashing = lazy.require("model_signing.hashing", EXTRA)
        config = hashing.Config().use_file_serialization(hashing_algorithm="sha256")
        self._config = config.set_ignored_paths(paths=[SIGNATURE, LOCK, *ours])
        self._directory, self._names = directory, names
        self.begun = False

    def hash(self, *given: Any, **named: Any) -> Any:
        """The files with their hashes.

        Raises:
            InputError: before any is read, for other files than those, or a file that is too large.
        """
        self.begun = True
        found = _files(self._directory)
        if self._names is not None and (found != sorted(self._names) or _odd(self._directory)):
            raise InputError(f"{self._directory}: holds other files than those that were signed")
        _check_sizes(self._directory, found)
        return self._config.hash(*given, **named)

    def add_ignored_paths(self, **_: Any) -> None:
        """Nothing is left out but what is no part of a model."""


def _compared(directory: Path, signed: Signed) -> Signed:
    """How the files differ from what was signed.

    Raises:
        VerifyError: when they do not: they have changed meanwhile.
        InputError: for a file that is too large.
    """
    found = _held_against(directory, signed)
    if not found.differences():
        raise VerifyError(f"{directory}: changed while it was verified; try again")
    return found


def _held_against(directory: Path, signed: Signed) -> Signed:
    """The same, with every file that differs, if any does."""
    names, odd = set(_files(directory)), set(_odd(directory))
    there = names & signed.digests.keys()
    other = [name for name in there if sha256(read_file(directory / name)) != signed.digests[name]]
    return replace(
        signed,
        changed=tuple(sorted({*other, *(odd & signed.digests.keys())})),
        missing=tuple(sorted(signed.digests.keys() - names - odd)),
        added=tuple(sorted((names | odd) - signed.digests.keys())),  # which are not read
    )


def _files(directory: Path) -> list[str]:
    """The files that a signature covers, sorted by name."""
    names = (path.relative_to(directory) for path in directory.rglob("*") if _is_file(path))
    return sorted(
        name.as_posix()
        for name in names
        if name.parts[0] not in _UNSIGNED and not any(map(is_ours, name.parts))
    )


def _odd(directory: Path) -> list[str]:
    """Links, pipes and devices, which no signature covers and nobody reads, sorted by name."""
    found = (path for path in directory.rglob("*") if not _is_file(path))
    return sorted(
        path.relative_to(directory).as_posix()
        for path in found
        if path.is_symlink() or not path.is_dir()
    )


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _refuse_odd(directory: Path) -> None:
    """Refuse to sign a directory with something in it that a signature does not cover.

    Raises:
        InputError: naming it.
    """
    for name in _odd(directory):
        path = directory / name
        kind = "a link" if path.is_symlink() else "a device or a pipe"
        raise InputError(f"{path}: {kind}, which no signature covers; a copy would do")


def _check_sizes(directory: Path, names: Sequence[str]) -> None:
    """Refuse a file that ``read_file`` would not read, before hours go into its hash.

    Raises:
        InputError: naming it.
    """
    for name in names:
        path = directory / name
        if (size := path.stat().st_size) > limit():
            raise InputError(f"{path}: {too_large(size)}")


def _read(content: bytes) -> tuple[str, dict[str, str]]:
    """The hash of the key that a signature names, and the SHA-256 of each file.

    Raises:
        ValueError, TypeError: saying what is wrong.
    """
    bundle = parse_json(content)
    signer = _part(_part(_part(bundle, "verificationMaterial"), "publicKey"), "hint", str)
    payload = _part(_part(bundle, "dsseEnvelope"), "payload", str)
    statement = parse_json(base64.b64decode(payload, validate=True))
    if (kind := _part(statement, "predicateType", str)) != _PREDICATE:
        raise ValueError(f"{kind[:100]!r} is signed, not {_PREDICATE}")
    resources = _part(_part(statement, "predicate"), "resources", list)
    if any(_part(each, "algorithm", str) != "sha256" for each in resources):
        raise ValueError("its files are hashed otherwise than with SHA-256")
    return signer, {_part(each, "name", str): _part(each, "digest", str) for each in resources}


def _part(value: Any, name: str, kind: type = dict) -> Any:
    """A member of a JSON object."""
    if not isinstance(value, dict) or not isinstance(value.get(name), kind):
        raise ValueError(f"it has no {name}")
    return value[name]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"
