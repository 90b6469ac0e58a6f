"""Numbers and names as C source: bit for bit, and harmless whatever they hold."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from support.c_compiler import C99, CPP11, STRICT, run
from support.hostile_text import HOSTILE, TEXT
from support.networks import network

from mlp_edge.card import Card
from mlp_edge.export.c import export
from mlp_edge.export.c.text import commentable, literal
from mlp_edge.feature import Feature
from mlp_edge.mlp import Dense, Mlp
from mlp_edge.readers.header_text import read_card


def named(features: list[str], labels: list[str], target: str) -> Mlp:
    distinct = list(dict.fromkeys([*labels, "one", "two"]))
    return network(
        (len(features), len(distinct)),
        task="multiclass",
        features=tuple(Feature(name) for name in features),
        labels=tuple(distinct),
        targets=(target,),
    )


def code(header: str) -> str:
    """A header without its comments, its strings, and the names that are made from text."""
    bare = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    bare = re.sub(r'(\s*"[^"]*",?)+', " strings", bare)
    bare = re.sub(r"(_LABELS\[\d+\])\[\d+\]", r"\1", bare)
    return re.sub(r"NET_(FEATURE|CLASS)(_\w+)? =", r"NET_\1 =", bare)


@given(st.integers(0, 2**32 - 1).map(lambda bits: np.uint32(bits).view(np.float32)))
@example(np.float32(1))
@example(np.float32(-0.0))
@example(np.float32(1e-45))
@example(np.finfo(np.float32).max)
def test_a_literal_reads_back_bit_for_bit(value: np.float32) -> None:
    if not np.isfinite(value):
        return
    text = literal(value)
    assert re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d+)?f", text)
    assert "." in text or "e" in text
    assert np.float32(text[:-1]).tobytes() == value.tobytes()


def test_a_compiler_reads_tables_back_bit_for_bit(tmp_path: Path) -> None:
    bits = np.random.default_rng(0).integers(0, 2**32, 30_000, dtype=np.uint32)
    chosen = np.array([1, -0.0, 1e-45, -1e-38, 3.4028235e38, 1 / 3], np.float32)
    values = np.concatenate([chosen, bits.view(np.float32)])
    values = values[np.isfinite(values)].reshape(1, -1)
    layer = Dense(values, np.zeros(1, np.float32), "linear")
    features = (Feature("x"),) * values.size
    mlp = network((1, 1), task="regression", layers=(layer,), features=features, scaling=None)
    (tmp_path / "net.h").write_bytes(export(mlp, weights_only=True))
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "net.h"\nint main(void) { return fwrite(NET_LAYER1_WEIGHTS, '
        "sizeof NET_LAYER1_WEIGHTS, 1, fopen(\"out\", \"wb\")) != 1; }\n"
    )  # fmt: skip
    run(tmp_path, *C99, *STRICT, "main.c", "-o", "main")
    run(tmp_path, "./main")
    assert (tmp_path / "out").read_bytes() == values.tobytes()


@given(st.lists(TEXT, min_size=1, max_size=5), st.lists(TEXT, max_size=5), TEXT)
def test_any_text_stays_inside_its_comment(
    features: list[str], labels: list[str], target: str
) -> None:
    mlp = named(features, labels, target)
    plain = named(["x"] * len(features), [str(i) for i in range(mlp.outputs - 2)], "y")
    header = export(mlp).decode("ascii")
    assert code(header) == code(export(plain).decode("ascii"))
    assert header.count("/*") == header.count("*/")
    assert "??" not in header
    assert read_card(header, "net.h") == Card.of(mlp)


@given(st.lists(TEXT, min_size=1, max_size=9))
@example(["a b" + " " * 300 + "c", "x" * 300, ", " * 200])
def test_the_card_is_wrapped_and_loses_no_byte(features: list[str]) -> None:
    mlp = named(features, ["no", "yes"], "y")
    comment = export(mlp).decode().split("/* mlp-edge-card\n")[1].removesuffix("\n */\n")
    lines = comment.split("\n")
    assert all(line.startswith(" * ") and len(line) <= 100 for line in lines)
    assert "".join(line[3:] for line in lines) == commentable(Card.of(mlp).to_json())


def test_hostile_text_compiles(tmp_path: Path) -> None:
    pairs = [a + b for a in HOSTILE for b in HOSTILE[:12]]
    (tmp_path / "net.h").write_bytes(export(named(pairs, list(HOSTILE), "*/")))
    (tmp_path / "main.c").write_text('#include "net.h"\ntypedef int not_empty;\n')
    for language in (C99, CPP11):
        run(tmp_path, *language, *STRICT, "-Wtrigraphs", "-Wcomment", "-fsyntax-only", "main.c")
