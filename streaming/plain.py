"""Blocks of plain CSV, read by Arrow: no quotes, one line per row, numbers where they belong.

Anything else is left to the reader of tables, whose rows these are, cell by cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import MISSING, OVERFLOW, CategoryCells
from mlp_edge.data.reading.later import Block, Form
from mlp_edge.data.reading.size import LONGEST_CELL
from mlp_edge.data.table import Table
from mlp_edge.feature import Feature
from mlp_edge.streaming.parts import Part, Reader, count_unknown
from mlp_edge.streaming.tally import Tally

_SPELLINGS = sorted({form for word in MISSING for form in (word, word.upper(), word.title())})
"""Cells that Arrow takes for missing numbers; of other spellings the reader of tables knows."""


class Lines(NamedTuple):
    """Rows as lines of canonical CSV.

    Attributes:
        content: UTF-8, every line ended by a line feed.
        stops: (rows,) where each line feed stands.
    """

    content: bytes
    stops: NDArray[np.int64]


class PlainReader:
    """Reads those blocks of a text that are plain.

    Args:
        head: the first rows, which have the names.
        form: how the text is written.
        names: the table's column for each feature.
        reader: how rows are read.
        typed: whether every column is to be an Arrow column, rather than text.
    """

    def __init__(
        self, head: Table, form: Form, names: Sequence[str], reader: Reader, typed: bool
    ) -> None:
        from pyarrow import csv, float64, string

        kinds = {
            name: string() if feature.categories else float64()
            for name, feature in zip(names, reader.features, strict=True)
        }
        self._typed, self._reader, self._names, self._form = typed, reader, names, form
        self._cells = {
            feature.name: CategoryCells(feature, head.decimal)
            for feature in reader.features
            if feature.categories
        }
        self._numbers = any(not feature.categories for feature in reader.features)
        self._columns = list(head.columns)
        self._parsing = csv.ParseOptions(
            delimiter=form.delimiter, quote_char=False, ignore_empty_lines=False
        )
        self._converting = csv.ConvertOptions(
            check_utf8=False,
            column_types={name: kinds.get(name, string()) for name in head.columns},
            include_columns=head.columns if typed else [*dict.fromkeys(names)],
            null_values=_SPELLINGS,
            strings_can_be_null=False,
        )

    def read(self, block: Block) -> Part | None:
        """The rows of a block; None where it is not plain."""
        content = self._plain(block.content)
        if content is None:
            return None
        from pyarrow import ArrowInvalid, csv, py_buffer

        reading = csv.ReadOptions(
            use_threads=False, block_size=len(content) + 1, column_names=self._columns
        )
        try:
            columns = csv.read_csv(
                py_buffer(content), reading, self._parsing, self._converting
            ).combine_chunks()
        except ArrowInvalid:
            return None
        stops = np.flatnonzero(np.frombuffer(content, np.uint8) == ord("\n"))
        longest = np.diff(stops, prepend=-1).max()
        if len(stops) != columns.num_rows or longest > LONGEST_CELL:
            return None
        return self._part(columns, Lines(content, stops), block)

    def _plain(self, content: bytes) -> bytes | None:
        """A block with line feeds and commas; None where a cell may hold one, or a quote."""
        form = self._form
        if (
            not self._numbers  # which a second header would not have
            or form.decimal != "."
            or form.aligned
            or form.trailing
            or form.quotes
            or any(form.quoted)
            or form.width == 1
            or b'"' in content
            or (any(form.empty) and b"'" in content)
            or content.startswith((b"#", b"\n"))
            or b"\n#" in content
        ):
            return None
        if b"\r" in content:
            content = content.replace(b"\r\n", b"\n")
            if b"\r" in content:
                return None
        if b"\n\n" in content or (form.delimiter != "," and b"," in content):
            return None
        return content if content.endswith(b"\n") else content + b"\n"

    def _part(self, columns: Any, lines: Lines, block: Block) -> Part | None:
        features = self._reader.features
        rows = columns.num_rows
        readings = np.empty((rows, len(features)), np.float32)
        unknown = np.zeros((rows, len(features)), np.bool_)
        for index, (name, feature) in enumerate(zip(self._names, features, strict=True)):
            column = columns.column(name)
            if feature.categories:
                read = self._codes(column, feature)
                readings[:, index], unknown[:, index] = read
            else:
                numbers = column.to_numpy(zero_copy_only=False)
                # NaN and infinity may be spelled in ways that a table does not know.
                if (
                    np.isnan(numbers).sum() > column.null_count
                    or (np.abs(numbers) >= OVERFLOW).any()
                ):
                    return None
                readings[:, index] = numbers
        tally = Tally(features)
        places = np.arange(block.line, block.line + rows)
        tally.count(readings, places)
        count_unknown(
            tally, unknown, places, lambda i, row: columns.column(self._names[i])[row].as_py()
        )
        body = columns if self._typed else self._canonical(lines)
        return Part(readings, None, body, tally, block.end)

    def _codes(
        self, column: Any, feature: Feature
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        encoded = column.combine_chunks().dictionary_encode()
        found = [self._cells[feature.name].of_text(text) for text in encoded.dictionary.to_pylist()]
        codes = [feature.unknown_code if code is None else code for code in found]
        places = encoded.indices.to_numpy()
        unknown = np.array([code is None for code in found], np.bool_)
        return np.array(codes, np.float32)[places], unknown[places]

    def _canonical(self, lines: Lines) -> Lines:
        mark = self._form.delimiter.encode()
        content = lines.content if mark == b"," else lines.content.replace(mark, b",")
        return lines._replace(content=content)
