"""exports/NAME_int8.json: the quantisation parameters that all artifacts of that name share.

The file is readable in any editor: a row per neuron. Artifacts must match it to the bit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mlp_edge.errors import ModelError, first_line
from mlp_edge.files.writing import json_text, sha256
from mlp_edge.integers.activation_tables import (
    COEFFICIENT_LIMIT,
    DEGREE,
    ActivationTable,
    PolynomialTable,
    Table,
)
from mlp_edge.integers.exponential import DIGITS, LEAST_OCTAVE
from mlp_edge.integers.quantised import (
    HIGHEST,
    LAST_HIGHEST,
    MOST_SHIFT,
    MULTIPLIER_LIMIT,
    SEGMENTS,
    SUM_LIMIT,
    TABLE_LIMIT,
    WEIGHT_LIMIT,
    Inputs,
    IntegerLayer,
    Integers,
    Quantised,
)
from mlp_edge.json_values import integer, number, of_type
from mlp_edge.mlp import Dense, Floats, Mlp, Rows
from mlp_edge.reading import parse_json, read_text
from mlp_edge.walk import check_graph, sources

FORMAT = 1
"""Of the file. A reader refuses another one."""
SUFFIX = ".json"
MOST_LAYERS = 2**16
"""A value that a layer reads has no larger number."""
_AGAIN = "`Model.export()` with the same dtype writes it again"


class QuantisationParameters(NamedTuple):
    """What the file holds.

    Attributes:
        quantised: the network in integers.
        weights_sha256: of the Mlp that it was made from.
        calibration_sha256: of the raw rows that it was calibrated with (``rows_sha256``).
        report: what quantisation did, for readers; anything that JSON holds.
    """

    quantised: Quantised
    weights_sha256: str
    calibration_sha256: str
    report: Mapping[str, Any]

    def to_json(self) -> str:
        """The text of the file; what is not finite in the report becomes null.

        Its figures have six digits: later ones differ between processors, and the file must not.
        """
        quantised = self.quantised
        values = {
            "format": FORMAT,
            "dtype": quantised.dtype,
            "weights_sha256": self.weights_sha256,
            "calibration_sha256": self.calibration_sha256,
            "report": json.loads(json_text(self.report), parse_float=_six_digits),
            "inputs": {
                "high": quantised.inputs.high,
                "each": _records(low=quantised.inputs.low, factor=quantised.inputs.factor),
            },
            "layers": [
                {
                    "high": layer.high,
                    "parts": layer.segments,
                    "table": _table_values(layer.table),
                    **({"reads": list(layer.reads)} if layer.reads else {}),
                    "neurons": _records(
                        bias=layer.bias,
                        multiplier=layer.multiplier,
                        shift=layer.shift,
                        stride=layer.offset,
                        weights=layer.weights,
                    ),
                }
                for layer in quantised.layers
            ],
            "answers": {
                "softmax": quantised.softmax,
                "table": _table_values(quantised.table),
                "each": _records(**_ends(quantised)),
                **({"octave": quantised.octave} if quantised.octave else {}),
            },
        }
        return _laid_out(values) + "\n"

    @classmethod
    def from_json(cls, text: str, source: object) -> QuantisationParameters:
        """Read what ``to_json`` wrote.

        Raises:
            ModelError: naming ``source``, when it is of another format or makes no sense.
        """
        try:
            values = parse_json(text)
            version = values["format"]
        except (ValueError, TypeError, KeyError) as error:
            raise ModelError(
                f"{source}: not the numbers of a quantised model, or damaged "
                f"({first_line(error)}); {_AGAIN}"
            ) from error
        if version != FORMAT:
            raise ModelError(
                f"{source}: written in format {version!r}, this mlp-edge reads {FORMAT}; {_AGAIN}"
            )
        try:
            return cls(
                quantised=_quantised(values),
                weights_sha256=of_type("weights_sha256", values["weights_sha256"], str),
                calibration_sha256=of_type("calibration_sha256", values["calibration_sha256"], str),
                report=of_type("report", values["report"], dict),
            )
        except KeyError as error:
            raise ModelError(f"{source}: damaged (without {error}); {_AGAIN}") from error
        except (ValueError, TypeError, OverflowError, ModelError) as error:
            raise ModelError(f"{source}: damaged ({first_line(error)}); {_AGAIN}") from error

    def check(self, mlp: Mlp, source: object) -> None:
        """Refuse the numbers of another model.

        Raises:
            ModelError: naming ``source``.
        """
        if self.weights_sha256 != mlp.weights_sha256:
            raise ModelError(
                f"{source}: its integers were made from other weights; `Model.export()` "
                "with the same dtype makes them from these"
            )
        layers = self.quantised.layers
        softmax = mlp.layers[-1].activation == "softmax"
        if _shapes(layers) != _shapes(mlp.layers) or softmax is not self.quantised.softmax:
            raise ModelError(f"{source}: damaged (the layers of another network); {_AGAIN}")


def _shapes(layers: Sequence[IntegerLayer | Dense]) -> list[tuple[object, ...]]:
    """What each layer reads, its inputs and its outputs."""
    each = enumerate(layers, start=1)
    return [(sources(layer, number), layer.inputs, layer.outputs) for number, layer in each]


def parameters_name(name: str, dtype: str) -> str:
    """What the file is called: ``pima_int8.json``, beside ``pima_int8.onnx``."""
    return f"{name}_{dtype}{SUFFIX}"


def rows_sha256(rows: Rows) -> str:
    """Hex SHA-256 of raw rows (n, inputs) float32, as little-endian bytes in C order."""
    return sha256(np.ascontiguousarray(rows, dtype="<f4").tobytes())


def read_parameters(path: Path) -> QuantisationParameters:
    """Read the file.

    Raises:
        ModelError: naming it, when it is missing, damaged or of another format.
    """
    return QuantisationParameters.from_json(read_text(path, f"{path}: is gone; {_AGAIN}"), path)


# Writing


def _six_digits(number: str) -> float:
    return float(f"{float(number):.6g}")


def _records(**columns: Floats | Integers) -> list[dict[str, Any]]:
    """A mapping for each place of arrays that are equally long."""
    lists = [_plain(array) for array in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]


def _plain(array: Floats | Integers) -> list[Any]:
    """As JSON holds it; float32 numbers in the fewest digits that read back."""
    if array.dtype == np.float32:
        return [float(str(value)) for value in array]
    return list(array.tolist())


def _ends(quantised: Quantised) -> dict[str, Floats | Integers]:
    """What turns the last integers into predictions, per output."""
    found: dict[str, Floats | Integers] = {"offset": quantised.offset, "step": quantised.step}
    if quantised.dtype == "int24":
        found["zero"] = quantised.zero
    return found


def _table_values(table: Table | None) -> dict[str, Any] | None:
    if table is None:
        return None
    if isinstance(table, PolynomialTable):
        polynomials = table.coefficients.tolist()
        return {"shift": table.shift, "high": table.highest, "polynomials": polynomials}
    return {"shift": table.shift, "nodes": table.points.tolist()}


def _laid_out(value: Any, margin: str = "") -> str:
    """JSON, on lines of their own what holds something that is no row of numbers."""
    if not _nested(value):
        return json.dumps(value, allow_nan=False)
    deeper = margin + "  "
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {_laid_out(item, deeper)}" for key, item in value.items()]
        left, right = "{}"
    else:
        items = [_laid_out(item, deeper) for item in value]
        left, right = "[]"
    lines = ",\n".join(deeper + item for item in items)
    return f"{left}\n{lines}\n{margin}{right}"


def _nested(value: Any) -> bool:
    """Whether a mapping stands in it, at any depth."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(isinstance(item, dict) or _nested(item) for item in items)


# Reading


def _quantised(values: Mapping[str, Any]) -> Quantised:
    dtype = of_type("dtype", values["dtype"], str)
    if dtype not in HIGHEST:
        raise ValueError(f"the dtype {dtype!r}")
    layers = of_type("layers", values["layers"], list)
    if not layers:
        raise ValueError("no layers")
    inputs, outputs = values["inputs"], values["answers"]
    found = Quantised(
        dtype=dtype,
        inputs=Inputs(
            low=_floats("low", inputs["each"]),
            factor=_floats("factor", inputs["each"]),
            high=integer("high", inputs["high"], 1, SEGMENTS[dtype] * HIGHEST[dtype]),
        ),
        layers=tuple(_layer(layer, dtype, layer is layers[-1]) for layer in layers),
        softmax=of_type("softmax", outputs["softmax"], bool),
        table=_table(outputs["table"], dtype, TABLE_LIMIT),
        offset=_floats("offset", outputs["each"]),
        step=_floats("step", outputs["each"]),
        **_int24_ends(outputs, dtype),
    )
    _check(found)
    return found


def _int24_ends(outputs: Mapping[str, Any], dtype: str) -> dict[str, Any]:
    if dtype != "int24":
        return {}
    high = LAST_HIGHEST[dtype]
    octave = outputs.get("octave", 0)
    return {
        "zero": _integers("zero", outputs["each"], 0, high),
        "octave": integer("octave", octave, LEAST_OCTAVE, DIGITS) if octave else 0,
    }


def _layer(values: Mapping[str, Any], dtype: str, last: bool) -> IntegerLayer:
    neurons = values["neurons"]
    rows = [of_type("weights", neuron["weights"], list) for neuron in neurons]
    if not rows or not rows[0] or len({*map(len, rows)}) > 1:
        raise ValueError("neurons without weights, or with other numbers of them")
    limit = WEIGHT_LIMIT[dtype]
    return IntegerLayer(
        weights=np.array([[integer("weight", w, -limit, limit) for w in row] for row in rows]),
        bias=_integers("bias", neurons, -SUM_LIMIT[dtype], SUM_LIMIT[dtype]),
        multiplier=_integers("multiplier", neurons, 1, MULTIPLIER_LIMIT),
        shift=_integers("shift", neurons, 1, MOST_SHIFT[dtype]),
        high=integer("high", values["high"], 1, (LAST_HIGHEST if last else HIGHEST)[dtype]),
        segments=integer("parts", values["parts"], 1, SEGMENTS[dtype] if last else 1),
        offset=_integers("stride", neurons, 0, SUM_LIMIT[dtype]),
        table=_table(values["table"], dtype, HIGHEST[dtype]),
        reads=tuple(integer("reads", value, 0, MOST_LAYERS) for value in values.get("reads", ())),
    )


def _check(found: Quantised) -> None:
    """Refuse numbers that do not go together."""
    layers = found.layers
    if not (np.isfinite(found.inputs.factor) & (found.inputs.factor > 0)).all():
        raise ValueError("a factor that is not above 0")
    check_graph(layers, found.inputs.low.size, ())
    if found.step.size != layers[-1].outputs:
        raise ValueError("layers that do not follow each other")
    misplaced = found.table is not None if found.octave else found.softmax and found.table is None
    if layers[-1].table is not None or misplaced:
        raise ValueError("a table in the wrong place")
    tables = [(layer.table, layer) for layer in layers[:-1]] + [(found.table, layers[-1])]
    for table, layer in tables:
        if table is not None and not table.reaches(layer.segments * layer.high):
            raise ValueError("a table that ends before the activations do")


def _table(values: Any, dtype: str, highest: int) -> Table | None:
    if values is None:
        return None
    if dtype == "int24":
        return _polynomials(values)
    points = [integer("node", node, 0, highest) for node in of_type("nodes", values["nodes"], list)]
    return ActivationTable(np.array(points, np.int64), integer("shift", values["shift"], 0, 15))


def _polynomials(values: Any) -> PolynomialTable:
    rows = [
        of_type("polynomial", row, list)
        for row in of_type("polynomials", values["polynomials"], list)
    ]
    if not rows or {*map(len, rows)} != {DEGREE + 1}:
        raise ValueError("polynomials of another degree")
    limit = COEFFICIENT_LIMIT
    found = [[integer("coefficient", one, -limit, limit) for one in row] for row in rows]
    high = integer("high", values["high"], 1, HIGHEST["int24"])
    shift = integer("shift", values["shift"], 1, 22)
    return PolynomialTable(np.array(found, np.int64), shift, high)


def _integers(name: str, records: Sequence[Any], low: int, high: int) -> Integers:
    return np.array([integer(name, record[name], low, high) for record in records], np.int64)


def _floats(name: str, records: Sequence[Any]) -> Floats:
    with np.errstate(over="ignore"):
        found = np.array([number(name, record[name]) for record in records], np.float32)
    if not np.isfinite(found).all():
        raise ValueError(f"a {name} beyond float32")
    return found
