"""The seal: whole as it was written, broken by any change, and never found in somebody's names."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.networks import network

from mlp_edge.export.c.labels import label_rows
from mlp_edge.export.c.text import quoted
from mlp_edge.proof.checksum import BLANK, DIGITS, MARK, broken, sealed

around = st.binary(max_size=200).filter(lambda content: MARK not in content)
texts = st.one_of(st.text(), st.just(BLANK.decode()), st.just(f"a{BLANK.decode()}\r\n*/"))
WHOLE = sealed(b"weights and so on" + BLANK + b"\x00 and the end")


@given(around, around)
def test_a_sealed_file_is_whole_and_otherwise_as_it_was(before: bytes, after: bytes) -> None:
    content = before + BLANK + after
    whole = sealed(content)
    assert broken(whole) is None
    assert len(whole) == len(content)
    place = len(before) + len(MARK)
    assert whole[:place] == content[:place]
    assert whole[place + DIGITS :] == content[place + DIGITS :]
    assert sealed(whole) == whole


@given(around, around, st.data())
def test_a_changed_byte_is_found(before: bytes, after: bytes, data: st.DataObject) -> None:
    whole = bytearray(sealed(before + BLANK + after))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    assert broken(bytes(whole)) is not None


def test_every_bit_counts() -> None:
    for place in range(len(WHOLE)):
        for bit in range(8):
            changed = bytearray(WHOLE)
            changed[place] ^= 1 << bit
            assert broken(bytes(changed)) is not None, (place, bit)


def test_every_length_but_its_own_is_found() -> None:
    for length in range(len(WHOLE)):
        assert broken(WHOLE[:length]) is not None, length
    assert broken(WHOLE + b"\x00") is not None
    assert broken(b"\n" + WHOLE) is not None


def test_what_is_said() -> None:
    assert str(broken(b"")).startswith("carries no seal: ")
    assert str(broken(BLANK)).startswith("its bytes are not those that mlp-edge wrote: ")
    assert str(broken(WHOLE + BLANK)) == "carries 2 seals, where a file has one"
    assert str(broken(WHOLE.replace(b"\n", b" "))).startswith("carries no seal: ")


def test_one_seal_and_one_only() -> None:
    with pytest.raises(ValueError, match="0 seals where one belongs"):
        sealed(b"nothing")
    with pytest.raises(ValueError, match="2 seals where one belongs"):
        sealed(BLANK + BLANK)
    with pytest.raises(ValueError, match="0 seals"):
        sealed(BLANK[:-1])


@given(texts)
def test_no_text_passes_for_the_mark(text: str) -> None:
    """In none of the forms in which an exporter writes names and labels."""
    mlp = network((2, 2), task="multiclass", labels=(text, "other" + text))
    for written in (json.dumps(text), quoted(text), *label_rows(mlp)):
        assert MARK not in f"\n{written}".encode()
