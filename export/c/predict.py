"""From raw readings to the inputs of layer 1: which kernel is called on what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from mlp_edge.export.c.constants import feature_names
from mlp_edge.export.c.kernels import function_of
from mlp_edge.export.c.text import at, runs, wrapped
from mlp_edge.export.layout.memory import Memory
from mlp_edge.feature import Feature
from mlp_edge.mlp import Mlp

_INDENT = 4


class Call(NamedTuple):
    """A kernel, and what it is called on, as C; the text is a statement in a function's body.

    Attributes:
        kernel: its name; "" of a function of the C library.
        arguments: as C expressions.
        function: the name in C where it is no kernel.
        assembly: the calls in its place where there is assembly for AVRs; none of others.
    """

    kernel: str
    arguments: tuple[object, ...]
    function: str = ""
    assembly: tuple[Call, ...] = ()

    def __str__(self) -> str:
        items = [str(argument) for argument in self.arguments]
        function = self.function or f"mlp_edge_{function_of(self.kernel)}"
        text = wrapped(f"{function}(", items, ");", 2 * _INDENT, width=96)
        if not self.assembly:
            return text
        indent = " " * _INDENT
        others = "\n".join(f"{indent}{call}" for call in self.assembly)
        return f"#ifdef MLP_EDGE_AVR\n{others}\n#else\n{indent}{text}\n#endif"


class Body(NamedTuple):
    """The layers as C.

    Attributes:
        memory: what they pass on.
        calls: from the inputs of layer 1 to the outputs, or to what decides a class: logits, or
            quantised outputs.
        output_calls: from there to the outputs.
        kernels: the kernels of both, in order; some more than once.
    """

    memory: Memory
    calls: list[str]
    output_calls: list[str]
    kernels: list[str]


def reads_directly(mlp: Mlp) -> bool:
    """Whether the first layer's inputs are the readings themselves, once the guard let them by."""
    encoding = mlp.encoding
    return encoding.width == len(encoding.numbers) == mlp.inputs and not encoding.imputes


def encoding_kernels(mlp: Mlp) -> list[str]:
    """The kernels that see to missing readings and make the inputs of layer 1."""
    encoding = mlp.encoding
    called = {
        "any_missing": bool(guard(mlp)),
        "reject": True,  # not only for missing readings: a table may be out of reach
        "fill": encoding.imputes,
        "scale": _scales(mlp),
        "indicate": len(encoding.indicators) > 0,
        "one_hot": len(encoding.codes) > 0,
    }
    return [name for name, needed in called.items() if needed]


def _scales(mlp: Mlp) -> bool:
    return mlp.scaling is not None and len(mlp.encoding.numbers) > 0


def first_vector(mlp: Mlp) -> str:
    """The C variable with the inputs of layer 1."""
    if not reads_directly(mlp):
        return "encoded"
    return "scaled" if _scales(mlp) else "features"


def guard(mlp: Mlp) -> list[str]:
    """The conditions that reject a row: one of these readings is missing."""
    rejecting = [index for index, feature in enumerate(mlp.features) if feature.fill is None]
    return [
        f"mlp_edge_any_missing({_sentinels(mlp, run)}, {_count(mlp, run)}, {_features(mlp, run)})"
        for run in _alike_runs(mlp, rejecting)
    ]


def encoding_calls(mlp: Mlp) -> list[str]:
    """From readings to the inputs of layer 1: numbers, indicators, categories."""
    if first_vector(mlp) == "features":
        return []
    return [*_number_calls(mlp), *_indicator_calls(mlp), *_category_calls(mlp)]


def _number_calls(mlp: Mlp) -> Iterator[str]:
    numbers, result = mlp.encoding.numbers.tolist(), first_vector(mlp)
    unfilled = all(mlp.features[index].fill is None for index in numbers)
    if _scales(mlp) and unfilled and len(list(runs(numbers))) == 1:
        # They lie side by side as they are wanted: no copy of them is needed.
        yield _scale(mlp, _features(mlp, numbers), result)
        return
    place = 0
    for run in _alike_runs(mlp, numbers):
        source, target = _features(mlp, run), at(result, place)
        if mlp.features[run[0]].fill is not None:
            yield _fill(mlp, run, target)
        elif len(run) > 1:
            yield f"memcpy({target}, {source}, {_count(mlp, run)} * sizeof(float));"
        else:
            yield f"{result}[{place}] = features[{feature_names(mlp)[run[0]]}];"
        place += len(run)
    if _scales(mlp):
        yield _scale(mlp, result, result)


def _indicator_calls(mlp: Mlp) -> Iterator[str]:
    place = len(mlp.encoding.numbers)
    for run in _alike_runs(mlp, mlp.encoding.indicators.tolist()):
        source, target = _features(mlp, run), at("encoded", place)
        yield call("indicate", _sentinels(mlp, run), _count(mlp, run), source, target)
        place += len(run)


def _category_calls(mlp: Mlp) -> Iterator[str]:
    first = place = len(mlp.encoding.numbers) + len(mlp.encoding.indicators)
    for index, feature in enumerate(mlp.features):
        if not feature.codes:
            continue
        source, target = _features(mlp, [index]), at("encoded", place)
        if feature.fill is not None:
            # The filled reading waits where the first of its own inputs will be.
            yield _fill(mlp, [index], target)
            source = target
        codes = at(f"{mlp.name.upper()}_CODES", place - first)
        yield call("one_hot", codes, len(feature.codes), source, target)
        place += len(feature.codes)


def clip(mlp: Mlp) -> Call:
    """The call that holds predictions between their ends."""
    prefix = mlp.name.upper()
    ends = (f"{prefix}_CLIP_{end}" for end in ("LOW", "HIGH"))
    return Call("clip", ("outputs", f"{prefix}_OUTPUTS", *ends))


def _scale(mlp: Mlp, source: str, result: str) -> str:
    prefix = mlp.name.upper()
    tables = (f"{prefix}_{which}" for which in ("MEAN", "RECIPROCAL"))
    count = "INPUTS" if len(mlp.encoding.numbers) == mlp.inputs else "NUMBERS"
    return call("scale", *tables, f"{prefix}_{count}", source, result)


def _fill(mlp: Mlp, run: list[int], target: str) -> str:
    before = sum(feature.fill is not None for feature in mlp.features[: run[0]])
    fills = at(f"{mlp.name.upper()}_FILL", before)
    given = (_sentinels(mlp, run), _count(mlp, run), _features(mlp, run))
    return call("fill", fills, *given, target)


def _sentinels(mlp: Mlp, run: list[int]) -> str:
    """The sentinels of a run of features that all have one, or all have none."""
    if mlp.features[run[0]].sentinel is None:
        return "NULL"
    before = sum(feature.sentinel is not None for feature in mlp.features[: run[0]])
    return at(f"{mlp.name.upper()}_SENTINEL", before)


def _alike_runs(mlp: Mlp, indices: Iterable[int]) -> Iterator[list[int]]:
    """Neighbouring features that one call can take: all filled or none, with a sentinel or none."""

    def kind(index: int) -> tuple[bool, bool]:
        feature: Feature = mlp.features[index]
        return feature.fill is None, feature.sentinel is None

    for neighbours in runs(indices):
        for _, alike in groupby(neighbours, key=kind):
            yield list(alike)


def _count(mlp: Mlp, run: list[int]) -> str:
    return f"{mlp.name.upper()}_INPUTS" if len(run) == mlp.inputs else str(len(run))


def _features(mlp: Mlp, run: list[int]) -> str:
    """The readings of a run of features."""
    return f"&features[{feature_names(mlp)[run[0]]}]" if run[0] else "features"


def call(kernel: str, *arguments: object) -> str:
    """A kernel's call, as it stands in a function's body."""
    return str(Call(kernel, arguments))


def copy(target: str, source: str, count: str, kind: str) -> Call:
    """Numbers of a kind, copied from one array to another."""
    return Call("", (target, source, f"{count} * sizeof({kind})"), "memcpy")
