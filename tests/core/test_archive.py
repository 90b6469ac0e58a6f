"""Zips and arrays of strangers: bounded by their own bytes, whatever they say of themselves."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from mlp_edge.errors import ModelError
from mlp_edge.files.archive import read_array, read_members
from mlp_edge.files.calibration import calibration_npz, read_calibration
from mlp_edge.reading import LIMIT_VARIABLE

NAMES = ("a", "b")


def packed(members: Mapping[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", kind) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


def refused(content: bytes) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        read_members(content, NAMES)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_members_come_back() -> None:
    members = {"a": b"x" * 1000, "b": b""}
    assert read_members(packed(members), NAMES) == members
    assert read_members(packed({"b": b"y"}), NAMES) == {"b": b"y"}


def test_members_that_do_not_belong_there() -> None:
    assert "'../c', which does not belong" in refused(packed({"a": b"", "../c": b""}))
    twice = packed({"a": b"1", "c": b"2"}).replace(b"c", b"a")
    assert "it holds a twice" in refused(twice)


def test_a_member_that_unpacks_to_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, "1")
    bomb = packed({"a": b"\0" * (3 * 2**20)})
    assert len(bomb) < 10_000
    assert "unpacks to 3,145,728 bytes, where 1 MB are the limit" in refused(bomb)
    both = packed({"a": b"\0" * 2**20, "b": b"\0"})
    assert "its b unpacks to" in refused(both)
    size = struct.pack("<I", 3 * 2**20)
    refused(bomb.replace(size, struct.pack("<I", 5)))  # it says less than it holds
    monkeypatch.setenv(LIMIT_VARIABLE, "3")
    assert len(read_members(bomb, NAMES)["a"]) == 3 * 2**20


def test_a_zip_of_many_members() -> None:
    assert "more than 100 members" in refused(packed({str(i): b"" for i in range(101)}))


def test_a_member_that_is_encrypted_or_packed_oddly() -> None:
    content = bytearray(packed({"a": b"x"}))
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    assert "its a is encrypted" in refused(bytes(content))
    assert "packed in another way" in refused(packed({"a": b"x"}, zipfile.ZIP_LZMA))


def test_what_is_no_zip_or_damaged() -> None:
    whole = packed({"a": b"content" * 20})
    refused(b"")
    refused(b"PK")
    refused(whole[: len(whole) // 2])
    for place in range(len(whole)):
        spoilt = bytearray(whole)
        spoilt[place] ^= 0x55
        try:
            assert read_members(bytes(spoilt), ("a",)) == {"a": b"content" * 20}
        except ValueError as error:
            assert "\n" not in str(error)  # noqa: PT017 (either is right)


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def test_an_array_comes_back() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert np.array_equal(read_array(npy(array), ("<f4",)), array)
    assert read_array(npy(array[:0]), ("<f4",)).shape == (0, 3)


GOOD = npy(np.zeros((2, 3), np.float32))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no array"),
        (GOOD[:-1], "23 bytes for an array"),
        (GOOD + b"\0", "25 bytes for an array"),
        (GOOD.replace(b"(2, 3)", b"(2,-3)"), "no array"),
        (GOOD.replace(b"(2, 3), }   ", b"(2**70,), } "), "no array"),
        (GOOD.replace(b"(2, 3), }        ", b"(99999999999,), }"), "for an array"),
        (GOOD.replace(b"'fortran_order': False", b"'fortran_order': True "), "no array"),
        (npy(np.array([{}], object)), "no array"),
        (npy(np.array(["x"])), "an array of"),
        (npy(np.zeros(2)), "an array of <f8, where <f4 belongs"),
        (GOOD[:10] + b"(" * 60 + GOOD[70:], "no array"),
    ],
)
def test_what_is_no_array(content: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        read_array(content, ("<f4",))
    assert "\n" not in str(caught.value)


ROWS, TARGETS = np.zeros((4, 2), np.float32), np.zeros(4, np.int64)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"rows": ROWS},
        {"rows": ROWS, "targets": TARGETS[:3]},
        {"rows": ROWS, "targets": np.array(list("abcd"))},
        {"rows": ROWS, "targets": np.array([None] * 4)},
        {"rows": ROWS.astype(str), "targets": TARGETS},
        {"rows": ROWS.astype(np.float64), "targets": TARGETS},
        {"rows": ROWS[0], "targets": TARGETS},
        {"rows": ROWS[:, :1], "targets": TARGETS},
        {"rows": np.float32(1), "targets": np.int64(1)},
        {"rows": ROWS, "targets": np.int64(1)},
        {"rows": ROWS, "targets": TARGETS.reshape(4, 1, 1)},
        {"rows": ROWS, "targets": TARGETS, "more": TARGETS},
    ],
    ids=str,
)
def test_calibration_rows_that_are_none(tmp_path: Path, members: Mapping[str, np.ndarray]) -> None:
    path = tmp_path / "calibration.npz"
    np.savez(path, **members)
    with pytest.raises(ModelError, match="train the model again") as caught:
        read_calibration(path, 2)
    assert str(caught.value).startswith(str(path))


def test_calibration_rows_that_are_no_zip(tmp_path: Path) -> None:
    path = tmp_path / "calibration.npz"
    path.write_bytes(GOOD)
    with pytest.raises(ModelError, match="damaged"):
        read_calibration(path, 3)
    path.write_bytes(calibration_npz(ROWS, TARGETS))
    assert read_calibration(path, 2).rows.shape == (4, 2)
