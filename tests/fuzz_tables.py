"""Tables spoilt at random: each is read, refused with one sentence, or a fault of ours.

    python tests/fuzz_tables.py 10000

A small table of numbers, words, dates and gaps is written in a random dialect, then its bytes are
spoilt none to six times: flipped, cut out, repeated, moved, replaced by what breaks loaders. What
comes out goes through everything that a training does before TensorFlow: reading, the task, the
columns, the parts, the fills and the encoding.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from mlp_edge.cell import is_number
from mlp_edge.data.choices import Choices
from mlp_edge.data.content.formatted import FEWEST_ALIKE, form
from mlp_edge.data.reading.read import read_table
from mlp_edge.errors import InputError
from mlp_edge.training.examples import read_examples
from mlp_edge.training.parts import parts
from mlp_edge.training.preprocessing import preprocess
from mlp_edge.training.recipe import Recipe

TOKENS = (
    b",", b";", b"\t", b'"', b"'", b"\n", b"\r", b"\r\n", b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"#",
    b"nan", b"inf", b"1e400", b"-0", b"1e39", b"?", b"NA", b"1,5", b"1_000", b"0x1f", b"true",
    b"2024-01-31", b"=1+1", b"\xc3\xa9", b"\xe9", b"\x1b[31m", b"<html>", b'{"a": 1}', b"PAR1",
    b"sep=;\n", b"Report,,\n", b"mm,kg\n", b"Total,", b"\xe2\x80\x8b", b"\xc2\xa0", b"'",
    b"9" * 400, b" ", b"00012", b"9007199254740993", b"\xf0\x9f\x90\xa7", b"''", b'""', b"\x1f\x8b",
)  # fmt: skip
"""What breaks loaders, put anywhere."""


def table(choice: random.Random) -> bytes:
    """A table of some kinds of columns in some dialect."""
    rows = choice.choice((3, 12, 40, 40, 60, 60, 130))
    kinds = [
        choice.choice(tuple(FORMATTED if choice.random() < FEW else COLUMNS))
        for _ in range(choice.randint(1, 5))
    ]
    kinds.append(choice.choice(("class", "class", "float", "truth", choice.choice(tuple(COLUMNS)))))
    columns = [[EVERY[kind](choice, row) for row in range(rows)] for kind in kinds]
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=choice.choice(",,,,;\t| "),
        quoting=choice.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
        lineterminator=choice.choice(("\n", "\r\n", "\r")),
    )
    if choice.random() < 0.8:
        writer.writerow([choice.choice(("x", "y", "id", "a b", "é", "x", "col")) + str(i)
                         for i in range(len(kinds))])  # fmt: skip
    writer.writerows(zip(*columns, strict=True))
    encoding = choice.choice(("utf-8",) * 12 + ("utf-8-sig", "utf-16", "utf-16-le", "cp1252"))
    content = text.getvalue().encode(encoding, "replace")
    return gzip.compress(content) if choice.random() < 0.05 else content


COLUMNS = {
    "float": lambda choice, row: f"{choice.gauss(5, 2):.3f}",
    "comma": lambda choice, row: f"{choice.gauss(5, 2):.3f}".replace(".", ","),
    "integer": lambda choice, row: choice.randint(-9, 9),
    "row": lambda choice, row: row,
    "class": lambda choice, row: row % 2,
    "word": lambda choice, row: choice.choice(("red", "blue", "Blue", "grün", "")),
    "truth": lambda choice, row: choice.choice(("yes", "no", "YES")),
    "date": lambda choice, row: f"2024-0{choice.randint(1, 9)}-1{choice.randint(0, 9)}",
    "gap": lambda choice, row: choice.choice(("1.5", "?", "NA", "", "-999", "3")),
    "text": lambda choice, row: "".join(choice.choice('ab ,"\n;') for _ in range(12)),
    "huge": lambda choice, row: choice.choice(("1e38", "-1e38", "1e-40", "0", "1e12")),
    "same": lambda choice, row: "7",
}
FORMATTED = {
    "money": lambda choice, row: f"${choice.randint(1, 9)},{choice.randint(100, 999)}.50",
    "grouped": lambda choice, row: choice.choice(("1.234", "12.345", "950", "1'234", "1 234")),
    "share": lambda choice, row: f"{choice.randint(0, 99)}%",
    "unit": lambda choice, row: f"{choice.randint(0, 99)} kg",
    "time": lambda choice, row: f"{choice.randint(0, 23)}:30",
    "mixed": lambda choice, row: choice.choice(("off", "off", "20.5", "3", "none")),
}
EVERY = COLUMNS | FORMATTED
FEW = 0.1
"""Share of the columns that are mostly refused."""


def spoilt(content: bytes, choice: random.Random) -> bytes:
    """The bytes, spoilt somewhere."""
    data = bytearray(content)
    for _ in range(choice.choice((0, 1, 1, 1, 2, 2, 6))):
        start = choice.randint(0, len(data))
        stop = min(len(data), start + choice.choice((1, 1, 3, 20, 400)))
        match choice.randint(0, 5):
            case 0:
                del data[start:stop]
            case 1:
                data[start:start] = data[start:stop] * choice.randint(1, 3)
            case 2 if data:
                data[min(start, len(data) - 1)] = choice.randrange(256)
            case 3:
                data = data[:start] if choice.random() < 0.3 else data
            case _:
                data[start:start] = choice.choice(TOKENS)
    return bytes(data)


def answer(path: Path) -> str:
    """ "read" or "refused"; whatever else is raised is a fault.

    Raises:
        AssertionError: for a refusal that is no sentence, or numbers that are none.
    """
    try:
        found = read_table(str(path))
        examples = read_examples(found, (), None, Choices())
        recipe = Recipe(test_size=0.25).resolved(examples.task)
        chosen = parts(examples, recipe, found.source)
        preprocessed = preprocess(examples, chosen, recipe)
    except InputError as error:
        sentence, code = str(error), error.exit_code
    else:
        sentence, code = "", 0
    if code:
        assert code == 2
        assert sentence.isprintable(), sentence
        assert len(sentence) < 2000, sentence
        return "refused"
    assert np.isfinite(preprocessed.inputs).all()
    assert np.isfinite(preprocessed.learned).all()
    assert preprocessed.inputs.shape[1] >= 1
    for names in (examples.labels, *(feature.categories for feature in examples.features)):
        check_alike(names, found.decimal)
    return "read"


def check_alike(names: tuple[str, ...], decimal: str) -> None:
    """Classes and categories that nobody asked for are words or plain numbers, never both."""
    numbers = [is_number(name, decimal) for name in names]
    assert all(numbers) or not any(numbers), names
    formatted = [form(name) for name in names if not all(numbers)]
    assert sum(name is not None for name in formatted) < FEWEST_ALIKE, names


def fuzz(count: int, seed: int = 0) -> Counter[str]:
    """How many of ``count`` spoilt tables were read and refused."""
    answers: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        for number in range(seed, seed + count):
            choice = random.Random(number)  # noqa: S311 (nothing secret)
            path.write_bytes(spoilt(table(choice), choice))
            try:
                answers[answer(path)] += 1
            except Exception as error:
                kept = Path(tempfile.gettempdir()) / f"fuzz-{number}.csv"
                kept.write_bytes(path.read_bytes())
                raise AssertionError(f"seed {number}, kept as {kept}: {error!r}") from error
    return answers


if __name__ == "__main__":
    print(dict(fuzz(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)))
