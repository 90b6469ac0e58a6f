"""A container that runs ``mlp-edge serve``, and an InferenceService of KServe around it."""

from __future__ import annotations

from mlp_edge.export.servers.package import ServerPackage, page
from mlp_edge.export.servers.served import Deployment

MOST_HOST = 40
"""Characters of the service's name: with what KServe adds, it has to be a label of a host."""


def files(deployment: Deployment) -> dict[str, bytes]:
    """One folder: what builds the image, the models in it, and the resource."""
    said = {"deployment": deployment, "host": host(deployment.name)}
    pages = {
        "Dockerfile": "Dockerfile",
        "requirements.txt": "requirements.txt",
        "inference-service.yaml": "inference-service.yaml",
        "README.md": "kserve.md",
    }
    models = {f"models/{member.name}.onnx": member.content for member in deployment.members}
    found = {**{name: page(template, **said) for name, template in pages.items()}, **models}
    return {f"{deployment.name}/{name}": content for name, content in found.items()}


def host(name: str) -> str:
    """A model's name as Kubernetes takes it: ``host("my_model") == "my-model"``."""
    return name.replace("_", "-")[:MOST_HOST].rstrip("-")


PACKAGE = ServerPackage(
    name="kserve",
    files=files,
    install="unzip it; its README.md says how the image is built, and what goes in and out",
)
