"""Inference requests of the Open Inference Protocol, version 2, and their responses."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import orjson

from mlp_edge.card import Card
from mlp_edge.serve.bodies import parsed_json
from mlp_edge.serve.request_error import RequestError
from mlp_edge.serve.scoring import Scored
from mlp_edge.serve.tensors import TEXT, Tensor, read_tensor, written

FEATURES, LABEL = "features", "label"
"""The input that holds all features of a row by place; the output that holds the classes."""
LENGTH = "Inference-Header-Content-Length"
"""The header that says how many bytes of a body are its JSON."""


class Wanted(NamedTuple):
    """An output that a request asks for."""

    name: str
    binary: bool


class Request(NamedTuple):
    """An inference request.

    Attributes:
        rows: as ``Predictor.predict`` takes them.
        outputs: in the order of the request; all there are, where it names none.
        id: to be echoed; None where the request has none.
    """

    rows: Any
    outputs: tuple[Wanted, ...]
    id: str | None


def outputs_of(card: Card) -> tuple[str, ...]:
    """The names of a model's outputs: its predictions, and of classes their labels."""
    return (card.output_name,) if card.task == "regression" else (card.output_name, LABEL)


def described(card: Card, version: str, runtime: str) -> dict[str, Any]:
    """The metadata of a model: each feature is an input, and so are all of them together."""
    one = [
        {"name": feature.name, "datatype": TEXT if feature.categories else "FP32", "shape": [-1]}
        for feature in card.features
    ]
    width = len(card.output_names)
    outputs: list[dict[str, Any]] = [
        {"name": card.output_name, "datatype": "FP32", "shape": [-1, width]}
    ]
    if card.task != "regression":
        outputs.append({"name": LABEL, "datatype": TEXT, "shape": [-1]})
    return {
        "name": card.name,
        "versions": [version],
        "platform": f"mlp-edge_{runtime}",
        "inputs": [{"name": FEATURES, "datatype": "FP32", "shape": [-1, len(one)]}],
        "outputs": outputs,
        "parameters": {"inputs_by_name": one},
    }


def read_request(body: bytes, length: str | None, card: Card) -> Request:
    """An inference request.

    Args:
        body: JSON, and where ``length`` says so the bytes of tensors behind it.
        length: of the JSON, as the header ``LENGTH`` has it; None for the whole body.
        card: of the model.

    Raises:
        RequestError: 400, saying what is wrong with it.
    """
    header, raw = body, None
    if length is not None:
        if not length.isascii() or not length.isdigit() or int(length[:12]) > len(body):
            raise RequestError(400, f"{LENGTH} is {length[:40]!r}, of a body of {len(body)} bytes")
        header, raw = body[: int(length)], memoryview(body)[int(length) :]
    value = parsed_json(header)
    if not isinstance(value, dict) or not isinstance(value.get("inputs"), list):
        raise RequestError(400, "an inference request is an object with inputs, an array")
    tensors: list[Tensor] = []
    for each in value["inputs"]:
        tensor, taken = read_tensor(each, raw)
        tensors.append(tensor)
        raw = None if raw is None else raw[taken:]
    if raw:
        raise RequestError(400, f"{len(raw)} bytes behind those of the inputs")
    found = value.get("id")
    if found is not None and (not isinstance(found, str) or len(found) > 200):
        raise RequestError(400, "the id is a text of at most 200 characters")
    return Request(_rows(tensors, card), _outputs(value, card), found)


def _rows(tensors: list[Tensor], card: Card) -> Any:
    names = [tensor.name for tensor in tensors]
    if names == [FEATURES] and FEATURES not in card.names:
        [tensor] = tensors
        if tensor.values.ndim != 2 or tensor.values.dtype == object:
            raise RequestError(
                400, f"the input {FEATURES!r} takes numbers of the shape [rows, {len(card.names)}]"
            )
        return tensor.values
    wrong = sorted({*card.names} ^ {*names})
    if wrong or len(names) != len({*names}):
        raise RequestError(
            400, f"the inputs are {FEATURES!r} alone or one for each feature, {[*card.names]}; "
            f"got {[name[:80] for name in names[:40]]}",
        )  # fmt: skip
    columns = {}
    for name, values in tensors:
        if values.ndim == 2 and values.shape[1] != 1:
            raise RequestError(400, f"the input {name!r} takes the shape [rows] or [rows, 1]")
        columns[name] = values.ravel()
    return columns


def _outputs(value: dict[str, Any], card: Card) -> tuple[Wanted, ...]:
    known = outputs_of(card)
    every = _binary(value, "binary_data_output") or False
    asked = value.get("outputs")
    if asked is None or asked == []:
        return tuple(Wanted(name, every) for name in known)
    if not isinstance(asked, list):
        raise RequestError(400, "outputs is an array")
    wanted = []
    for each in asked:
        name = each.get("name") if isinstance(each, dict) else None
        if not isinstance(name, str) or name not in known:
            raise RequestError(400, f"there is no output {name!r:.80}; there are {[*known]}")
        binary = _binary(each, "binary_data")
        wanted.append(Wanted(name, every if binary is None else binary))
    if len({each.name for each in wanted}) != len(wanted):
        raise RequestError(400, "an output is asked for twice")
    return tuple(wanted)


def _binary(value: dict[str, Any], name: str) -> bool | None:
    parameters = value.get("parameters")
    found = parameters.get(name) if isinstance(parameters, dict) else None
    if found is not None and not isinstance(found, bool):
        raise RequestError(400, f"the parameter {name} is true or false")
    return found


def response(
    request: Request, card: Card, version: str, scored: Scored
) -> tuple[bytes, int | None]:
    """A response: its body, and the length of the JSON in it where bytes follow."""
    values = {card.output_name: scored.predictions, LABEL: np.array(scored.labels, object)}
    outputs, behind = [], []
    for wanted in request.outputs:
        told, raw = written(wanted.name, values[wanted.name], wanted.binary)
        outputs.append(told)
        behind.append(raw)
    answer = {"model_name": card.name, "model_version": version, "outputs": outputs}
    if request.id is not None:
        answer["id"] = request.id
    header = orjson.dumps(answer)
    if any(wanted.binary for wanted in request.outputs):
        return header + b"".join(behind), len(header)
    return header, None
