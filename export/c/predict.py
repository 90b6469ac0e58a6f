"""The body of NAME_predict: which kernel is called on what, and where its result lies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from mlp_edge.export.c import classify
from mlp_edge.export.c.text import runs, wrapped
from mlp_edge.feature import Feature
from mlp_edge.mlp import Mlp

_INDENT = 4


def reads_directly(mlp: Mlp) -> bool:
    """Whether the first layer's inputs are the readings themselves, once the guard let them by."""
    encoding = mlp.encoding
    return encoding.width == len(encoding.numbers) == mlp.inputs and not encoding.imputes


def kernels(mlp: Mlp) -> list[str]:
    """The kernels that the body calls, in order; some more than once."""
    names = [*encoding_kernels(mlp), "dense"]
    names += [layer.activation for layer in mlp.layers if layer.activation != "linear"]
    names += ["clip"] if mlp.clip is not None else []
    return names + ([classify.kernel(mlp)] if mlp.labels else [])


def encoding_kernels(mlp: Mlp) -> list[str]:
    """The kernels that see to missing readings and make the inputs of layer 1."""
    encoding = mlp.encoding
    called = {
        "reject": True,  # not only for missing readings: a table may be out of reach
        "fill": encoding.imputes,
        "scale": _scales(mlp),
        "indicate": len(encoding.indicators) > 0,
        "one_hot": len(encoding.codes) > 0,
    }
    return [name for name, needed in called.items() if needed]


def _scales(mlp: Mlp) -> bool:
    return mlp.scaling is not None and len(mlp.encoding.numbers) > 0


# Where vectors lie


def buffers(mlp: Mlp) -> tuple[list[dict[str, Any]], int]:
    """Where each vector between features and outputs lies; see ``placed``."""
    return placed(_vectors(mlp))


def placed(vectors: list[tuple[str, int]]) -> tuple[list[dict[str, Any]], int]:
    """Where each vector lies in one array, and the array's length: two neighbours, no more.

    Vectors alternate between the front and the back, so that any two neighbours are apart when
    the array is as long as the longest pair.
    """
    widths = [width for _, width in vectors] + [0]
    arena = max(a + b for a, b in zip([0, *widths], widths, strict=False))
    places = [
        {"name": name, "width": width, "offset": 0 if index % 2 == 0 else arena - width}
        for index, (name, width) in enumerate(vectors)
    ]
    return places, arena


def _vectors(mlp: Mlp) -> list[tuple[str, int]]:
    """Name and width of every vector between features and outputs, in order."""
    first = _first_vector(mlp)
    encoded = [] if first == "features" else [(first, mlp.encoding.width)]
    hidden = [(f"layer{n}", layer.outputs) for n, layer in enumerate(mlp.layers[:-1], start=1)]
    return encoded + hidden


def _first_vector(mlp: Mlp) -> str:
    """What layer 1 reads."""
    if not reads_directly(mlp):
        return "encoded"
    return "scaled" if _scales(mlp) else "features"


# What is called


def guard(mlp: Mlp) -> list[str]:
    """The questions that reject a row: is one of these readings missing?"""
    rejecting = [index for index, feature in enumerate(mlp.features) if feature.fill is None]
    return [
        f"mlp_edge_any_missing({_sentinels(mlp, run)}, {len(run)}, {_at('features', run[0])})"
        for run in _alike_runs(mlp, rejecting)
    ]


def encoding_calls(mlp: Mlp) -> list[str]:
    """From readings to the inputs of layer 1: numbers, indicators, categories."""
    if _first_vector(mlp) == "features":
        return []
    return [*_number_calls(mlp), *_indicator_calls(mlp), *_category_calls(mlp)]


def _number_calls(mlp: Mlp) -> Iterator[str]:
    numbers, result = mlp.encoding.numbers.tolist(), _first_vector(mlp)
    unfilled = all(mlp.features[index].fill is None for index in numbers)
    if _scales(mlp) and unfilled and len(list(runs(numbers))) == 1:
        # They lie side by side as they are wanted: no copy of them is needed.
        yield _scale(mlp, _at("features", numbers[0]), result)
        return
    place = 0
    for run in _alike_runs(mlp, numbers):
        source, target = _at("features", run[0]), _at(result, place)
        if mlp.features[run[0]].fill is not None:
            yield _fill(mlp, run, target)
        elif len(run) > 1:
            yield f"memcpy({target}, {source}, {len(run)} * sizeof(float));"
        else:
            yield f"{result}[{place}] = features[{run[0]}];"
        place += len(run)
    if _scales(mlp):
        yield _scale(mlp, result, result)


def _indicator_calls(mlp: Mlp) -> Iterator[str]:
    place = len(mlp.encoding.numbers)
    for run in _alike_runs(mlp, mlp.encoding.indicators.tolist()):
        source, target = _at("features", run[0]), _at("encoded", place)
        yield call("indicate", _sentinels(mlp, run), len(run), source, target)
        place += len(run)


def _category_calls(mlp: Mlp) -> Iterator[str]:
    first = place = len(mlp.encoding.numbers) + len(mlp.encoding.indicators)
    for index, feature in enumerate(mlp.features):
        if not feature.codes:
            continue
        source, target = _at("features", index), _at("encoded", place)
        if feature.fill is not None:
            # The filled reading waits where the first of its own inputs will be.
            yield _fill(mlp, [index], target)
            source = target
        codes = _at(f"{mlp.name.upper()}_CODES", place - first)
        yield call("one_hot", codes, len(feature.codes), source, target)
        place += len(feature.codes)


def layer_calls(mlp: Mlp) -> Iterator[str]:
    """From the inputs of layer 1 to the outputs; to the last sums where they decide a class."""
    source = _first_vector(mlp)
    for number, layer in enumerate(mlp.layers, start=1):
        last = number == len(mlp.layers)
        result = "outputs" if last else f"layer{number}"
        tables = f"{mlp.name.upper()}_LAYER{number}"
        yield call(
            "dense", f"{tables}_WEIGHTS[0]", f"{tables}_BIAS", layer.inputs, layer.outputs,
            source, result,
        )  # fmt: skip
        if layer.activation != "linear" and not (last and classify.by_sums(mlp)):
            yield call(layer.activation, result, layer.outputs)
        source = result
    if mlp.clip is not None:
        ends = (f"{mlp.name.upper()}_CLIP_{end}" for end in ("LOW", "HIGH"))
        yield call("clip", "outputs", mlp.outputs, *ends)


def last_activation(mlp: Mlp) -> str:
    """From the sums of the last layer to the outputs, in place."""
    return call(mlp.layers[-1].activation, "outputs", mlp.outputs)


def _scale(mlp: Mlp, source: str, result: str) -> str:
    tables = (f"{mlp.name.upper()}_{which}" for which in ("MEAN", "RECIPROCAL"))
    return call("scale", *tables, len(mlp.encoding.numbers), source, result)


def _fill(mlp: Mlp, run: list[int], target: str) -> str:
    before = sum(feature.fill is not None for feature in mlp.features[: run[0]])
    fills = _at(f"{mlp.name.upper()}_FILL", before)
    return call("fill", fills, _sentinels(mlp, run), len(run), _at("features", run[0]), target)


def _sentinels(mlp: Mlp, run: list[int]) -> str:
    """The sentinels of a run of features that all have one, or all have none."""
    if mlp.features[run[0]].sentinel is None:
        return "NULL"
    before = sum(feature.sentinel is not None for feature in mlp.features[: run[0]])
    return _at(f"{mlp.name.upper()}_SENTINEL", before)


def _alike_runs(mlp: Mlp, indices: Iterable[int]) -> Iterator[list[int]]:
    """Neighbouring features that one call can take: all filled or none, with a sentinel or none."""

    def kind(index: int) -> tuple[bool, bool]:
        feature: Feature = mlp.features[index]
        return feature.fill is None, feature.sentinel is None

    for neighbours in runs(indices):
        for _, alike in groupby(neighbours, key=kind):
            yield list(alike)


def _at(array: str, index: int) -> str:
    return f"&{array}[{index}]" if index else array


def call(kernel: str, *arguments: object) -> str:
    """A kernel's call, as it stands in a function's body."""
    items = [str(argument) for argument in arguments]
    return wrapped(f"mlp_edge_{kernel}(", items, ");", 2 * _INDENT, width=96)
