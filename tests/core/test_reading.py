"""Files of strangers: what is no regular file of a bounded size is refused before it is read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mlp_edge.errors import InputError, ModelError
from mlp_edge.reading import DEEPEST, LIMIT_VARIABLE, limit, parse_json, read_file, read_text


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        read_file(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_and_a_link_to_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc\r\n")
    (tmp_path / "b").symlink_to("a")
    assert read_file(tmp_path / "a") == read_file(tmp_path / "b") == b"abc\r\n"
    assert read_text(tmp_path / "a") == "abc\r\n"


def test_a_file_whose_size_the_system_does_not_know() -> None:
    status = Path("/proc/self/status")
    if status.exists():
        assert status.stat().st_size == 0
        assert read_file(status).startswith(b"Name:")


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "round").symlink_to("round")
    assert "a device or a pipe" in refused(tmp_path / "pipe")  # and does not wait for a writer
    assert "a device or a pipe" in refused(Path("/dev/zero"))
    assert "a directory, where a file belongs" in refused(tmp_path)
    assert "there is no such file" in refused(tmp_path / "none")
    assert "there is no such file" in refused(tmp_path / "pipe" / "none")
    assert "cannot be read" in refused(tmp_path / "round")
    assert "cannot be read" in refused(tmp_path / "a\0b")
    assert "cannot be read" in refused(tmp_path / ("x" * 300))
    with pytest.raises(ModelError, match=r"^gone for good$"):
        read_file(tmp_path / "none", "gone for good")


def test_what_is_refused_is_closed(tmp_path: Path) -> None:
    def free() -> int:
        file = os.dup(0)
        os.close(file)
        return file

    before = free()
    for place in (tmp_path, Path("/dev/zero")):
        refused(place)
    assert free() == before


def test_the_limit_is_named_and_can_be_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "holes"
    with place.open("wb") as file:
        file.truncate(10 * 2**30)
    message = refused(place)
    assert "10,737,418,240 bytes, where 128 MB are the limit" in message
    assert f"{LIMIT_VARIABLE}=10240 would allow it" in message
    with place.open("wb") as file:
        file.truncate(2**20 + 1)
    monkeypatch.setenv(LIMIT_VARIABLE, "1")
    assert f"{LIMIT_VARIABLE}=2 would allow it" in refused(place)
    monkeypatch.setenv(LIMIT_VARIABLE, "2")
    assert len(read_file(place)) == 2**20 + 1


@pytest.mark.parametrize("text", ["0", "-1", "many", "1e3", "9" * 5000, "٣x"])
def test_a_limit_that_is_none(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, text)
    with pytest.raises(InputError, match="a number of megabytes such as 512"):
        limit()


def test_what_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match="not text"):
        read_text(tmp_path / "a")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        (b"\xff", "decode"),
        ("[" * 100_000, "nested deeper"),
        ('{"a":' * 100_000, "nested deeper"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "nested deeper"),
        ("1" * 5000, "5,000 digits"),
        ("[-" + "1" * 26 + "]", "27 digits"),
        ("1e999", "beyond float64"),
        ("NaN", "no number of JSON"),
        ("[-Infinity]", "no number of JSON"),
        (r'["\ud800"]', "lone surrogate"),
        (r'{"\udfff": 1}', "lone surrogate"),
        ('["' + "x" * (16 * 2**20) + '"]', "16 MB are the limit"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_json_that_nobody_could_use(text: str | bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        parse_json(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "value", [None, 5, 2**64, -1.5e300, "ä\n\x1b🐧", [], {"a": [1, {"b": None}]}]
)
def test_json_that_is_fine(value: object) -> None:
    assert parse_json(json.dumps(value)) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


def test_what_keras_writes_beyond_json() -> None:
    assert parse_json("[Infinity, 1e999]", constants=True) == [float("inf")] * 2


def test_as_deep_as_it_may_be() -> None:
    parse_json("[" * DEEPEST + "1" + "]" * DEEPEST)
