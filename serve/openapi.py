"""What a server offers: as OpenAPI 3.1, and as a page that needs nothing else."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

from mlp_edge import __version__
from mlp_edge.card import Card
from mlp_edge.feature import Feature
from mlp_edge.serve import oip
from mlp_edge.serve.arrow import ARROW, installed
from mlp_edge.serve.bodies import CSV, JSON

if TYPE_CHECKING:
    from mlp_edge.serve.models import Models, Version

TEXT = {"type": "string"}
CELL = {"type": ["string", "number", "boolean", "null"]}
ERROR = {"type": "object", "required": ["error"], "properties": {"error": TEXT}}


def example_row(card: Card) -> dict[str, float | str]:
    """A row that the model takes: the middle of each range, the first of each category."""
    return {feature.name: _example(feature) for feature in card.features}


def _example(feature: Feature) -> float | str:
    if feature.categories:
        return feature.categories[0]
    if feature.low is None or feature.high is None:
        return 0.0
    return float(f"{(feature.low + feature.high) / 2:.3g}")


def description(models: Models) -> dict[str, Any]:
    """The OpenAPI document of a server, with a real example for each of its models."""
    paths: dict[str, Any] = {
        "/v2": _get("What the server is"),
        "/v2/health/live": _get("Whether the server runs"),
        "/v2/health/ready": _get("Whether it takes requests"),
        "/metrics": _get("Counters for Prometheus", "text/plain"),
    }
    for name in models.names:
        version = models.version(name)
        paths[f"/models/{name}/predict"] = _predict(version)
        paths[f"/v2/models/{name}"] = _get("Inputs and outputs of the model")
        paths[f"/v2/models/{name}/ready"] = _get("Whether the model takes requests")
        paths[f"/v2/models/{name}/infer"] = _infer(version)
    return {
        "openapi": "3.1.0",
        "info": {"title": "mlp-edge", "version": __version__},
        "paths": paths,
    }


def _get(summary: str, kind: str = JSON) -> dict[str, Any]:
    schema = {"type": "object"} if kind == JSON else TEXT
    return {
        "get": {
            "summary": summary,
            "responses": {
                "200": {"description": summary, "content": {kind: {"schema": schema}}},
                "503": {
                    "description": "Not now",
                    "content": {JSON: {"schema": {"type": "object"}}},
                },
            },
        }
    }


def _errors() -> dict[str, Any]:
    told = {
        "400": "The rows do not fit the model", "406": "No reply of that type",
        "413": "Too many bytes or rows", "415": "A body of another type",
        "429": "Too many large requests wait", "503": "Too many connections",
    }  # fmt: skip
    return {
        status: {"description": text, "content": {JSON: {"schema": ERROR}}}
        for status, text in told.items()
    }


def _row_schema(card: Card) -> dict[str, Any]:
    def cell(feature: Feature) -> dict[str, Any]:
        known = [{"enum": [*feature.categories]}] if feature.categories else [{"type": "number"}]
        return {"anyOf": [*known, CELL]}

    return {
        "type": "object",
        "required": [*card.names],
        "properties": {feature.name: cell(feature) for feature in card.features},
    }


def _predict(version: Version) -> dict[str, Any]:
    card = version.card
    row, example = _row_schema(card), example_row(card)
    width = len(card.names)
    listed = {"type": "array", "items": CELL, "minItems": width, "maxItems": width}
    many = [{"type": "array", "items": each, "minItems": 1} for each in (row, listed)]
    text = ",".join(example) + "\n" + ",".join(map(str, example.values())) + "\n"
    prediction: dict[str, Any] = {name: {"type": ["number", "null"]} for name in card.columns}
    if card.task != "regression":
        prediction["label"] = {"enum": [*card.labels, None]}
    answer = {
        "type": "object",
        "required": ["model", "version", "predictions"],
        "properties": {
            "model": {"const": card.name},
            "version": TEXT,
            "predictions": {
                "type": "array",
                "items": {"type": "object", "properties": prediction, "required": [*prediction]},
            },
        },
    }
    return {
        "post": {
            "summary": f"Predict rows by {card.name}",
            "parameters": [
                {
                    "name": "odd",
                    "in": "query",
                    "description": "Name readings that are missing, unknown or out of range",
                    "schema": {"enum": ["true", "false"]},
                }
            ],
            "requestBody": {
                "required": True,
                "content": {
                    JSON: {"schema": {"anyOf": [row, *many]}, "example": example},
                    CSV: {"schema": TEXT, "example": text},
                    **_arrow(),
                },
            },
            "responses": {
                "200": {
                    "description": "A prediction for each row",
                    "content": {JSON: {"schema": answer}, CSV: {"schema": TEXT}, **_arrow()},
                },
                **_errors(),
            },
        }
    }


def _arrow() -> dict[str, Any]:
    """A stream of Arrow as a body, where such are taken."""
    return {ARROW: {"schema": {"type": "string", "format": "binary"}}} if installed() else {}


def _infer(version: Version) -> dict[str, Any]:
    card = version.card
    inputs = {"type": "array", "items": {"type": "object"}, "minItems": 1}
    tensor = {
        "name": oip.FEATURES,
        "shape": [1, len(card.names)],
        "datatype": "FP32",
        "data": [
            feature.codes[0] if feature.categories else _example(feature)
            for feature in card.features
        ],
    }
    schema = {"type": "object", "required": ["inputs"], "properties": {"inputs": inputs}}
    return {
        "post": {
            "summary": f"Predict tensors by {card.name} (Open Inference Protocol, version 2)",
            "requestBody": {
                "required": True,
                "content": {JSON: {"schema": schema, "example": {"id": "1", "inputs": [tensor]}}},
            },
            "responses": {
                "200": {
                    "description": "A tensor for each output",
                    "content": {JSON: {"schema": {"type": "object"}}},
                },
                **_errors(),
            },
        }
    }


def page(models: Models) -> str:
    """A page for a person: what is served, and a command to try each."""
    parts = []
    for name in models.names:
        card = models.version(name).card
        body = json.dumps(example_row(card)).replace("'", "'\\''")
        command = (
            f"curl -H 'Content-Type: {JSON}' -d '{body}' http://HOST:PORT/models/{name}/predict"
        )
        about = f"{card.task}; predicts {', '.join(card.targets)} from {len(card.names)} features"
        parts.append(
            f"<h2>{html.escape(name)}</h2>\n<p>{html.escape(about)}</p>\n"
            f"<pre>{html.escape(command)}</pre>\n"
        )
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>mlp-edge</title>\n'
        "<h1>mlp-edge</h1>\n" + "".join(parts) + "<p><a href='/openapi.json'>OpenAPI</a>, "
        "<a href='/metrics'>metrics</a>, <a href='/v2'>Open Inference Protocol</a></p></html>\n"
    )
