"""The committed headers, from the networks that are committed beside them.

``python tests/specimens.py`` writes the headers anew.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from typing import Any

import numpy as np
from support.c_compiler import HEADERS

from mlp_edge.export.c import EXPORTER, export
from mlp_edge.feature import Feature
from mlp_edge.integers.activation_tables import ActivationTable
from mlp_edge.integers.quantised import Inputs, IntegerLayer, Quantised
from mlp_edge.mlp import Dense, Floats, Mlp, Scaling

SPECIMENS = HEADERS / "specimens"


SKETCH = HEADERS / "sketch" / "pima"


NAMES = ("pima", "iris", "sine", "iris_residual")


INTEGERS = "pima_int8"


def load(name: str) -> Mlp:
    """A network as ``save`` left it."""
    values = json.loads((SPECIMENS / f"{name}.json").read_text("utf-8"))
    scaling = values["scaling"]
    return Mlp(
        name=name,
        features=tuple(map(Feature.from_dict, values["features"])),
        targets=tuple(values["targets"]),
        labels=tuple(values["labels"]),
        task=values["task"],
        threshold=np.float32(values["threshold"]),
        scaling=Scaling(_floats(scaling["mean"]), _floats(scaling["deviation"])),
        layers=tuple(
            Dense(
                _floats(layer["weights"]),
                _floats(layer["bias"]),
                layer["activation"],
                tuple(layer.get("reads", ())),
                layer.get("times"),
            )
            for layer in values["layers"]
        ),
    )


def save(mlp: Mlp) -> None:
    """A trained network as JSON, every float32 in the fewest digits that read back."""
    assert mlp.scaling is not None
    values = {
        "features": [feature.to_dict() for feature in mlp.features],
        "targets": mlp.targets,
        "labels": mlp.labels,
        "task": mlp.task,
        "threshold": float(mlp.threshold),
        "scaling": {"mean": _plain(mlp.scaling.mean), "deviation": _plain(mlp.scaling.std)},
        "layers": [
            {"activation": layer.activation, "weights": _plain(layer.weights),
             "bias": _plain(layer.bias), **_wires(layer)}
            for layer in mlp.layers
        ],
    }  # fmt: skip
    _write(mlp.name, values)


def _wires(layer: Dense) -> dict[str, Any]:
    """What a layer of a graph reads and is multiplied by; nothing of a chain's."""
    times = {} if layer.times is None else {"times": layer.times}
    return ({"reads": layer.reads} if layer.reads else {}) | times


def load_integers(name: str) -> Quantised:
    """A network in integers as ``save_integers`` left it."""
    values = json.loads((SPECIMENS / f"{name}.json").read_text("utf-8"))
    inputs = values.pop("inputs")
    return Quantised(
        **values
        | {which: _floats(values[which]) for which in ("offset", "step")}
        | {
            "inputs": Inputs(_floats(inputs["low"]), _floats(inputs["factor"]), inputs["high"]),
            "layers": tuple(map(_layer, values["layers"])),
            "table": _table(values["table"]),
        }
    )


def _layer(values: dict[str, Any]) -> IntegerLayer:
    arrays = ("weights", "bias", "multiplier", "shift", "offset")
    read = {name: np.array(values[name], np.int64) for name in arrays}
    return IntegerLayer(**values | read | {"table": _table(values["table"])})


def _table(values: Any) -> ActivationTable | None:
    return values and ActivationTable(np.array(values["points"], np.int64), values["shift"])


def save_integers(name: str, quantised: Quantised) -> None:
    """A quantised network as JSON: another machine may round another weight to another integer."""
    _write(name, _values(quantised))


def _values(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _plain(value) if value.dtype == np.float32 else value.tolist()
    if isinstance(value, ActivationTable | Inputs):
        return _values(value._asdict())
    if isinstance(value, Quantised | IntegerLayer):
        return {name: _values(getattr(value, name)) for name in type(value).__dataclass_fields__}
    if isinstance(value, dict):
        return {name: _values(one) for name, one in value.items()}
    return [*map(_values, value)] if isinstance(value, tuple) else value


def _write(name: str, values: Any) -> None:
    text = json.dumps(values)
    (SPECIMENS / f"{name}.json").write_text(re.sub(r'("\w+":|\], \[)', r"\n\1", text) + "\n")


def _floats(values: Any) -> Floats:
    return np.array(values, np.float32)


def _plain(values: Floats) -> Any:
    if values.ndim > 1:
        return [_plain(row) for row in values]
    return [float(str(value)) for value in values]


def exported_integers() -> bytes:
    """The header in int8."""
    return EXPORTER.integers["int8"](replace(load("pima"), name=INTEGERS), load_integers(INTEGERS))


def rewrite() -> None:
    """The headers anew, and the sketch's copy."""
    for name in NAMES:
        (SPECIMENS / f"{name}.h").write_bytes(export(load(name)))
    (SPECIMENS / f"{INTEGERS}.h").write_bytes(exported_integers())
    shutil.copy(SPECIMENS / "pima.h", SKETCH / "pima.h")


if __name__ == "__main__":
    rewrite()
