"""The checksum: right as written, wrong after any change, and never found in somebody's names."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.networks import network

from mlp_edge.export.c.labels import label_rows
from mlp_edge.export.c.text import quoted
from mlp_edge.proof.checksum import BLANK, DIGITS, MARK, checksum_error, with_checksum

around = st.binary(max_size=200).filter(lambda content: MARK not in content)
texts = st.one_of(st.text(), st.just(BLANK.decode()), st.just(f"a{BLANK.decode()}\r\n*/"))
WHOLE = with_checksum(b"weights and so on" + BLANK + b"\x00 and the end")


@given(around, around)
def test_a_file_with_a_checksum_is_otherwise_as_it_was(before: bytes, after: bytes) -> None:
    content = before + BLANK + after
    whole = with_checksum(content)
    assert checksum_error(whole) is None
    assert len(whole) == len(content)
    place = len(before) + len(MARK)
    assert whole[:place] == content[:place]
    assert whole[place + DIGITS :] == content[place + DIGITS :]
    assert with_checksum(whole) == whole


@given(around, around, st.data())
def test_a_changed_byte_is_found(before: bytes, after: bytes, data: st.DataObject) -> None:
    whole = bytearray(with_checksum(before + BLANK + after))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    assert checksum_error(bytes(whole)) is not None


def test_every_bit_counts() -> None:
    for place in range(len(WHOLE)):
        for bit in range(8):
            changed = bytearray(WHOLE)
            changed[place] ^= 1 << bit
            assert checksum_error(bytes(changed)) is not None, (place, bit)


def test_every_length_but_its_own_is_found() -> None:
    for length in range(len(WHOLE)):
        assert checksum_error(WHOLE[:length]) is not None, length
    assert checksum_error(WHOLE + b"\x00") is not None
    assert checksum_error(b"\n" + WHOLE) is not None


def test_a_zip_may_hold_files_that_have_their_own() -> None:
    package = with_checksum(b"PK\3\4" + WHOLE + WHOLE + BLANK)
    assert checksum_error(package) is None
    for place in range(len(package)):
        changed = bytearray(package)
        changed[place] ^= 1
        assert checksum_error(bytes(changed)) is not None, place
    assert checksum_error(package[:-1]) is not None


def test_what_is_said() -> None:
    assert str(checksum_error(b"")).startswith("carries no checksum: ")
    assert str(checksum_error(BLANK)).startswith("its bytes are not those that mlp-edge wrote: ")
    assert str(checksum_error(WHOLE + BLANK)) == "carries 2 checksums, where a file has one"
    assert str(checksum_error(WHOLE.replace(b"\n", b" "))).startswith("carries no checksum: ")


def test_a_file_has_exactly_one_checksum() -> None:
    with pytest.raises(ValueError, match="0 checksums where one belongs"):
        with_checksum(b"nothing")
    with pytest.raises(ValueError, match="2 checksums where one belongs"):
        with_checksum(BLANK + BLANK)
    with pytest.raises(ValueError, match="0 checksums"):
        with_checksum(BLANK[:-1])


@given(texts)
def test_no_text_passes_for_the_mark(text: str) -> None:
    """In none of the forms in which an exporter writes names and labels."""
    mlp = network((2, 2), task="multiclass", labels=(text, "other" + text))
    for written in (json.dumps(text), quoted(text), *label_rows(mlp)):
        assert MARK not in f"\n{written}".encode()
