"""NAME_predict_raw and NAME_classify_raw: 16-bit integers in, integers out, without a float.

Counts become the very integers of layer 1 that the readings they stand for become
(``mlp_edge.integers.raw``), so everything behind them is that of NAME_predict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.export.c import integers_predict, selftest
from mlp_edge.export.c.banner import aligned_names
from mlp_edge.export.c.classify import Choice
from mlp_edge.export.c.constants import feature_names
from mlp_edge.export.c.integers_classify import choice
from mlp_edge.export.c.predict import Call
from mlp_edge.export.c.raw_lines import MOST_LISTED, SHIFTED, Line, Lines, lines
from mlp_edge.export.c.tables import Array, vector
from mlp_edge.export.c.text import WIDTH, at, literal, quoted, runs
from mlp_edge.feature import Feature
from mlp_edge.integers.quantised import Quantised
from mlp_edge.integers.raw import PROBABILITY, clip_ends
from mlp_edge.mlp import Mlp
from mlp_edge.raw_units import MISSING, RawUnits

TAKEN = ("int8", "int16")
"""The dtypes whose headers take counts."""
_TYPE = "mlp_edge_raw_line"


class RawChoice(NamedTuple):
    """How NAME_classify_raw chooses.

    Attributes:
        calls: from quantised outputs to what is compared.
        call: the expression that gives the class.
        kernels: what it calls.
    """

    calls: list[str]
    call: str
    kernels: tuple[str, ...]


@dataclass(frozen=True)
class RawEntry:
    """What a page says of counts.

    Attributes:
        units: of the counts.
        unit_lines: a line per feature, for the comment at the top; none where counts are the
            readings.
        constants: macros with the units of the outputs.
        outputs: how many units these have.
        tables: that it reads beside those of the layers.
        guard: the conditions that reject a row.
        quantise: statements from counts to the inputs of layer 1.
        output_calls: from there to the integers that come out.
        choice: None of a regression, and where no integers decide.
        kernels: all of them, in order; some more than once.
        golden: the rows of the self-test.
    """

    units: RawUnits
    unit_lines: list[str]
    constants: list[str]
    outputs: int
    tables: list[Array]
    guard: list[str]
    quantise: list[str]
    output_calls: list[str]
    choice: RawChoice | None
    kernels: list[str]
    golden: selftest.Tables

    @property
    def filled_code(self) -> bool:
        """Whether a missing category is filled on the way."""
        return any(statement.startswith("code = ") for statement in self.quantise)

    @property
    def several_units(self) -> bool:
        """Whether outputs have units of their own."""
        return self.outputs > 1

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of each table, by its name without the model's."""
        return {table.name: table.bytes for table in self.tables}


def raw_entry(mlp: Mlp, quantised: Quantised, units: RawUnits) -> RawEntry:
    """The functions for counts of a model in integers.

    Raises:
        ModelError: naming the column, where a feature cannot have such counts.
    """
    if quantised.dtype not in TAKEN:
        raise ModelError(
            f"{quantised.dtype} takes no counts: float32 rounds its inputs, which a line of "
            f"integers does not; {' or '.join(TAKEN)} would do"
        )
    units.check(mlp.features)
    known = lines(quantised.inputs, units, mlp.encoding.numbers)
    if known.without is not None:
        raise ModelError(
            f"{mlp.features[mlp.encoding.numbers[known.without]].name!r}: rounding in float32 "
            f"takes more than {MOST_LISTED} of its counts to other {quantised.dtype} inputs than a "
            "line of integers does; a coarser scale would do"
        )
    statements = _Statements(mlp, quantised, units, known)
    behind = list(_outputs(mlp, quantised))
    chosen = _choice(mlp, quantised)
    guard, quantise = list(statements.guard()), list(statements.every())
    called = [one.kernel for one in behind]
    return RawEntry(
        units=units,
        unit_lines=list(_unit_lines(mlp, units)),
        constants=list(_constants(mlp, quantised)),
        outputs=len(_output_units(quantised)),
        tables=list(_tables(mlp, quantised, known)),
        guard=guard,
        quantise=quantise,
        output_calls=[*map(str, behind)],
        choice=chosen,
        kernels=[
            *statements.kernels(), *called, "reject_raw",
            *(() if chosen is None else chosen.kernels),
        ],
        golden=selftest.raw_tables(mlp, quantised, units),
    )  # fmt: skip


class _Statements:
    """From counts to the inputs of layer 1, as C."""

    def __init__(self, mlp: Mlp, quantised: Quantised, units: RawUnits, lines: Lines) -> None:
        self._mlp, self._lines, self._units = mlp, lines, units
        self._inputs = quantised.inputs
        self._kind = integers_predict.input_kind(quantised)
        self._vector = integers_predict.VECTOR[self._kind]
        self._prefix, self._names = mlp.name.upper(), feature_names(mlp)
        width = mlp.encoding.width
        ends = quantised.inputs.integers(np.array([[0], [1]], np.float32).repeat(width, axis=1))
        self._off, self._on = ends.tolist()

    def guard(self) -> Iterator[str]:
        """The conditions that reject a row, beside those of numbers, which quantising tells."""
        for index, feature in enumerate(self._mlp.features):
            if feature.fill is None and (feature.codes or self._sentinel(index) != MISSING):
                yield self._missing(index)

    def every(self) -> Iterator[str]:
        """The statements, in the order of the inputs."""
        numbers, place = self._mlp.encoding.numbers.tolist(), 0
        for run in self._alike(numbers):
            count = f"{self._prefix}_INPUTS" if len(run) == self._mlp.inputs else len(run)
            table = at(f"{self._prefix}_RAW", place)
            lines = (table, self._lines.shift - SHIFTED, self._inputs.high)
            given = (count, self._from(run[0]), at("inputs", place))
            filled = self._mlp.features[run[0]].fill is not None
            start = "(void)" if filled else "missing |= "
            yield str(Call("", (*lines, *given), f"{start}mlp_edge_quantise_raw_{self._kind}"))
            place += len(run)
        yield from self._listed(numbers)
        yield from self._fills(numbers)
        for index in self._mlp.encoding.indicators.tolist():
            yield self._either(self._missing(index), place)
            place += 1
        for index, feature in enumerate(self._mlp.features):
            if feature.codes:
                yield from self._one_hot(index, feature, place)
                place += len(feature.codes)

    def _alike(self, numbers: Sequence[int]) -> Iterator[list[int]]:
        """Neighbouring numbers that all have a fill, or all none."""
        for run in runs(numbers):
            for _, alike in groupby(run, lambda index: self._mlp.features[index].fill is None):
                yield list(alike)

    def kernels(self) -> Iterator[str]:
        """What the statements and the conditions call."""
        features, encoding = self._mlp.features, self._mlp.encoding
        if len(encoding.numbers):
            yield f"quantise_raw_{self._kind}"
        if any(line.listed for line in self._lines.each):
            yield "listed_raw"
        asked = encoding.imputes or encoding.has_sentinels or len(encoding.indicators) > 0
        if asked or any(one.codes for one in features):
            yield "missing_raw"

    def _listed(self, numbers: Sequence[int]) -> Iterator[str]:
        start = 0
        for place, line in enumerate(self._lines.each):
            if line.listed:
                table = at(f"{self._prefix}_RAW_LISTED", start)
                more = (
                    f"mlp_edge_listed_raw({table}, {len(line.listed)}, {self._at(numbers[place])})"
                )
                yield f"inputs[{place}] = ({self._vector})(inputs[{place}] + {more});"
            start += len(line.listed)

    def _fills(self, numbers: Sequence[int]) -> Iterator[str]:
        fills = np.zeros((1, self._mlp.encoding.width), np.float32)
        fills[0, : len(numbers)] = [self._mlp.features[index].fill or 0 for index in numbers]
        found = self._inputs.integers(fills)[0]
        for place, index in enumerate(numbers):
            if self._mlp.features[index].fill is not None:
                filled = f"inputs[{place}] = {found[place]};"
                yield f"if ({self._missing(index)}) {{\n        {filled}\n    }}"

    def _one_hot(self, index: int, feature: Feature, place: int) -> Iterator[str]:
        reading = self._at(index)
        if feature.fill is not None:
            yield _broken(f"code = {self._missing(index)}", f"? {feature.fill:g} : {reading};")
            reading = "code"
        for code in feature.codes:
            yield self._either(f"{reading} == {code}", place)
            place += 1

    def _either(self, condition: str, place: int) -> str:
        """One of the two integers of an input that is 0 or 1."""
        ends = f"{self._on[place]} : {self._off[place]}"
        return _broken(f"inputs[{place}] = ({self._vector})({condition}", f"? {ends});")

    def _missing(self, index: int) -> str:
        sentinel = self._sentinel(index)
        shown = f"{self._prefix}_RAW_MISSING" if sentinel == MISSING else str(sentinel)
        return f"mlp_edge_missing_raw({self._at(index)}, {shown})"

    def _sentinel(self, index: int) -> int:
        return self._units.raw_sentinel(self._mlp.features[index], index)

    def _at(self, index: int) -> str:
        return f"counts[{self._names[index]}]"

    def _from(self, index: int) -> str:
        return f"&{self._at(index)}" if index else "counts"


def _broken(start: str, end: str) -> str:
    """A statement on one line, or on two."""
    room = WIDTH - len("    ") - len(start) - len(end)
    return f"{start} {end}" if room > 0 else f"{start}\n        {end}"


def _tables(mlp: Mlp, quantised: Quantised, lines: Lines) -> Iterator[Array]:
    if lines.each:
        names = [mlp.features[index].name for index in mlp.encoding.numbers]
        rows = [_row(line, name) for line, name in zip(lines.each, names, strict=True)]
        comment = f"Counts: low, span, factor * 2^{lines.shift}, start * 2^{lines.shift}."
        yield Array("RAW", comment, len(rows), "{\n" + "\n".join(rows) + "\n}", _TYPE)
    listed = [reading for line in lines.each for reading in line.listed]
    if listed:
        comment = "Counts whose integer is one above the line, by feature."
        yield vector("RAW_LISTED", comment, np.array(listed), "int16_t")
    ends = clip_ends(mlp, quantised)
    if ends is not None:
        yield vector(
            "RAW_CLIP_LOW",
            "Lowest and highest outputs of counts, by the clip.",
            ends[0],
            "uint16_t",
        )
        yield vector("RAW_CLIP_HIGH", "", ends[1], "uint16_t")


def _row(line: Line, name: str) -> str:
    numbers = (line.low, line.span, line.factor, f"{line.start}u")
    return f"    {{{', '.join(map(str, numbers))}}}, /* {quoted(name)} */"


def _outputs(mlp: Mlp, quantised: Quantised) -> Iterator[Call]:
    prefix, table = mlp.name.upper(), quantised.table
    count = f"{prefix}_OUTPUTS"
    if quantised.softmax and table is not None:
        given = (f"{prefix}_TABLE", table.shift, count, "quantised", "outputs")
        yield Call("softmax_raw", given)
        return
    yield from _activation(mlp, quantised)
    if mlp.clip is not None:
        ends = (f"{prefix}_RAW_CLIP_LOW", f"{prefix}_RAW_CLIP_HIGH")
        yield Call("clip_raw", (*ends, count, "quantised"))
    yield Call("output_raw", (count, "quantised", "outputs"))


def _activation(mlp: Mlp, quantised: Quantised) -> Iterator[Call]:
    prefix, table = mlp.name.upper(), quantised.table
    if table is not None:
        given = (f"{prefix}_TABLE", table.shift, f"{prefix}_OUTPUTS", "quantised")
        yield Call("activation_int16", given)


def _choice(mlp: Mlp, quantised: Quantised) -> RawChoice | None:
    """The choice of NAME_classify where quantised outputs decide; else among equal units."""
    chosen: Choice = choice(mlp, quantised)
    if not mlp.labels:
        return None
    if chosen.early:
        return RawChoice([], chosen.call, chosen.kernels)
    if mlp.task != "multiclass" or quantised.softmax or not _alike(quantised):
        return None
    behind = list(_activation(mlp, quantised))
    kernels = (*(one.kernel for one in behind), "quantised_largest")
    call = f"mlp_edge_quantised_largest(quantised, {mlp.name.upper()}_OUTPUTS, 0)"
    return RawChoice([*map(str, behind)], call, kernels)


def _alike(quantised: Quantised) -> bool:
    """Whether all outputs have one unit, in which larger integers are larger predictions."""
    table, most = quantised.table, quantised.layers[-1].largest
    every = np.arange((most if table is None else table.largest) + 1, dtype=np.float32)
    plain = quantised.offset[0] + quantised.step[0] * every
    one = (quantised.offset == quantised.offset[0]) & (quantised.step == quantised.step[0])
    return bool(one.all() and (np.diff(plain) > 0).all())


def _constants(mlp: Mlp, quantised: Quantised) -> Iterator[str]:
    """What outputs in integers stand for: offset + step * output."""
    prefix, units = mlp.name.upper(), _output_units(quantised)
    yield f"#define {prefix}_RAW_MISSING (-32767 - 1) /* INT16_MIN */"
    for index, (offset, step) in enumerate(units):
        end = str(index) if len(units) > 1 else ""
        yield f"#define {prefix}_RAW{end}_OFFSET {literal(offset)}"
        yield f"#define {prefix}_RAW{end}_STEP {literal(step)}"
        if offset == 0 and (1 / step).is_integer():
            one = int(1 / step)
            yield f"#define {prefix}_RAW{end}_ONE {one}L /* the output that stands for 1 */"


def _output_units(quantised: Quantised) -> list[tuple[float, float]]:
    """Offset and step of each output; those of one where all are alike."""
    outputs = quantised.layers[-1].outputs
    steps = np.full(outputs, 1 / PROBABILITY) if quantised.softmax else quantised.step
    each = list(zip(quantised.offset.tolist(), steps.tolist(), strict=True))
    return each[:1] if len(set(each)) == 1 else each


def _unit_lines(mlp: Mlp, units: RawUnits) -> Iterator[str]:
    if units == RawUnits.counts(mlp.inputs):
        return
    formulas = units.formulas(mlp.features).values()
    for index, (name, formula) in enumerate(zip(aligned_names(mlp), formulas, strict=True)):
        yield f"[{index}] {name}  {formula}"
