"""A model repository of NVIDIA Triton Inference Server, for its ONNX Runtime backend."""

from __future__ import annotations

import json

from mlp_edge.export.servers.package import ServerPackage, page
from mlp_edge.export.servers.served import Deployment, Served
from mlp_edge.foreign import printable

MOST_ROWS = 10_000
"""Of one request, as ``mlp-edge serve`` has it."""
SMALL = 256 * 1024
"""Bytes of an ONNX file for which one thread is faster than several."""


def files(deployment: Deployment) -> dict[str, bytes]:
    """A folder per model."""
    number = deployment.version.partition(".")[0]
    return {
        f"{member.name}/{name}": content
        for member in deployment.members
        for name, content in _model(member, number).items()
    }


def _model(member: Served, number: str) -> dict[str, bytes]:
    labels = labels_of(member)
    said = {"member": member, "card": member.card, "number": number}
    config = page(
        "config.pbtxt",
        **said,
        most_rows=MOST_ROWS,
        one_thread=len(member.content) < SMALL,
        labelled=bool(labels),
        parameters=_parameters(member),
    )
    found = {
        "config.pbtxt": config,
        "README.md": page("triton.md", **said),
        f"{number}/model.onnx": member.content,
    }
    if labels:
        found["labels.txt"] = "".join(f"{printable(label)}\n" for label in labels).encode()
    return found


def labels_of(member: Served) -> tuple[str, ...]:
    """The label of each number that comes out; none of a regression.

    A binary model gives one number, the probability of its second label: of both, Triton would
    say the first.
    """
    return member.mlp.labels[1:] if member.mlp.task == "binary" else member.mlp.labels


def _parameters(member: Served) -> dict[str, str]:
    """What a client may want to know of the model, as the metadata of its file has it."""
    card = member.card
    told = {
        "weights_sha256": card.weights_sha256,
        "dtype": card.dtype,
        "task": card.task,
        "features": json.dumps(list(card.names)),
        "mlp_edge": card.version,
    }
    if card.task != "regression":
        told["labels"] = json.dumps(list(card.labels))
    if card.task == "binary":
        told["threshold"] = member.threshold
    return told


PACKAGE = ServerPackage(
    name="triton",
    files=files,
    first_version="1.0.0",  # it passes over a folder 0
    install="unzip it into Triton's model repository; its README.md says what goes in and out",
)
