"""The body of NAME_predict: which kernel is called on what, and where its result lies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from mlp_edge.export.c import classify
from mlp_edge.export.c.constants import feature_names
from mlp_edge.export.c.memory import Memory, Vector, placed
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
    return [*names, *classify.choice(mlp).kernels]


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


def memory(mlp: Mlp) -> Memory:
    """Where each vector between features and outputs lies."""
    prefix, first = mlp.name.upper(), _first_vector(mlp)
    vectors = []
    if first != "features":
        vectors.append(Vector(first, mlp.encoding.width, f"{prefix}_LAYER1_INPUTS"))
    for n, layer in enumerate(mlp.layers[:-1], start=1):
        vectors.append(Vector(f"layer{n}", layer.outputs, f"{prefix}_LAYER{n}_OUTPUTS"))
    return placed(vectors)


def _first_vector(mlp: Mlp) -> str:
    """What layer 1 reads."""
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
    if _first_vector(mlp) == "features":
        return []
    return [*_number_calls(mlp), *_indicator_calls(mlp), *_category_calls(mlp)]


def _number_calls(mlp: Mlp) -> Iterator[str]:
    numbers, result = mlp.encoding.numbers.tolist(), _first_vector(mlp)
    unfilled = all(mlp.features[index].fill is None for index in numbers)
    if _scales(mlp) and unfilled and len(list(runs(numbers))) == 1:
        # They lie side by side as they are wanted: no copy of them is needed.
        yield _scale(mlp, _features(mlp, numbers), result)
        return
    place = 0
    for run in _alike_runs(mlp, numbers):
        source, target = _features(mlp, run), _at(result, place)
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
        source, target = _features(mlp, run), _at("encoded", place)
        yield call("indicate", _sentinels(mlp, run), _count(mlp, run), source, target)
        place += len(run)


def _category_calls(mlp: Mlp) -> Iterator[str]:
    first = place = len(mlp.encoding.numbers) + len(mlp.encoding.indicators)
    for index, feature in enumerate(mlp.features):
        if not feature.codes:
            continue
        source, target = _features(mlp, [index]), _at("encoded", place)
        if feature.fill is not None:
            # The filled reading waits where the first of its own inputs will be.
            yield _fill(mlp, [index], target)
            source = target
        codes = _at(f"{mlp.name.upper()}_CODES", place - first)
        yield call("one_hot", codes, len(feature.codes), source, target)
        place += len(feature.codes)


def layer_calls(mlp: Mlp) -> Iterator[str]:
    """From the inputs of layer 1 to the outputs; to the logits where they decide a class."""
    source, early = _first_vector(mlp), classify.choice(mlp).early
    for number, layer in enumerate(mlp.layers, start=1):
        last, name = number == len(mlp.layers), f"{mlp.name.upper()}_LAYER{number}"
        result = f"layer{number}" if not last else "logits" if early else "outputs"
        tables = (f"{name}_WEIGHTS[0]", f"{name}_BIAS")
        yield call("dense", *tables, f"{name}_INPUTS", f"{name}_OUTPUTS", source, result)
        if layer.activation != "linear" and not (last and early):
            yield call(layer.activation, result, f"{name}_OUTPUTS")
        source = result
    if mlp.clip is not None:
        yield clip(mlp)


def output_calls(mlp: Mlp) -> list[str]:
    """From the logits to the outputs, in place; nothing where ``layer_calls`` does it all."""
    if not classify.choice(mlp).early:
        return []
    return [call(mlp.layers[-1].activation, "outputs", f"{mlp.name.upper()}_OUTPUTS")]


def clip(mlp: Mlp) -> str:
    """The call that holds predictions between their ends."""
    prefix = mlp.name.upper()
    ends = (f"{prefix}_CLIP_{end}" for end in ("LOW", "HIGH"))
    return call("clip", "outputs", f"{prefix}_OUTPUTS", *ends)


def _scale(mlp: Mlp, source: str, result: str) -> str:
    prefix = mlp.name.upper()
    tables = (f"{prefix}_{which}" for which in ("MEAN", "RECIPROCAL"))
    count = "INPUTS" if len(mlp.encoding.numbers) == mlp.inputs else "NUMBERS"
    return call("scale", *tables, f"{prefix}_{count}", source, result)


def _fill(mlp: Mlp, run: list[int], target: str) -> str:
    before = sum(feature.fill is not None for feature in mlp.features[: run[0]])
    fills = _at(f"{mlp.name.upper()}_FILL", before)
    given = (_sentinels(mlp, run), _count(mlp, run), _features(mlp, run))
    return call("fill", fills, *given, target)


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


def _count(mlp: Mlp, run: list[int]) -> str:
    return f"{mlp.name.upper()}_INPUTS" if len(run) == mlp.inputs else str(len(run))


def _features(mlp: Mlp, run: list[int]) -> str:
    """The readings of a run of features."""
    return f"&features[{feature_names(mlp)[run[0]]}]" if run[0] else "features"


def _at(array: str, index: int) -> str:
    return f"&{array}[{index}]" if index else array


def call(kernel: str, *arguments: object) -> str:
    """A kernel's call, as it stands in a function's body."""
    items = [str(argument) for argument in arguments]
    return wrapped(f"mlp_edge_{kernel}(", items, ");", 2 * _INDENT, width=96)
