"""An InferenceService by its schema, a Dockerfile by its linter, and both run what they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from support.clients import CLIENTS, run
from support.networks import network
from support.server_packages import ALL, packed, unzipped
from support.servers import serving

import mlp_edge
from mlp_edge.card import Card
from mlp_edge.export.servers.kserve import host

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "tests" / "support" / "inference_service.json").read_text())


def test_the_service_is_one_of_kserve() -> None:
    files = unzipped(packed("kserve", *ALL))
    service = yaml.safe_load(files["net/inference-service.yaml"])
    Draft202012Validator(SCHEMA).validate(service)
    assert service["metadata"]["name"] == "net"
    hashes = (f"{mlp.name}={Card.of(mlp).weights_sha256}" for mlp in ALL)
    assert service["metadata"]["annotations"] == {"mlp-edge/models": " ".join(hashes)}
    [container] = service["spec"]["predictor"]["containers"]
    assert container["image"] == "net:1.2.3"
    assert container["env"] == [{"name": "PROTOCOL", "value": "v2"}]
    allowed = container["securityContext"]
    assert (allowed["runAsNonRoot"], allowed["readOnlyRootFilesystem"]) == (True, True)


def test_the_schema_refuses_what_kubernetes_would() -> None:
    content = unzipped(packed("kserve", network()))["net/inference-service.yaml"]
    for right, wrong in ((b"httpGet:", b"http:"), (b"containerPort: 8080", b"containerPort: x")):
        spoilt = yaml.safe_load(content.replace(right, wrong))
        assert not Draft202012Validator(SCHEMA).is_valid(spoilt)


def test_a_name_becomes_one_of_kubernetes() -> None:
    assert host("net") == "net"
    assert host("my_model_") == "my-model"
    assert host("a" * 39 + "_b") == "a" * 39


def test_the_dockerfile_is_lint_clean(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(unzipped(packed("kserve", *ALL))["net/Dockerfile"])
    assert run(CLIENTS / "bin" / "hadolint", "--no-color", path, folder=tmp_path) == ""
    lines = path.read_text().splitlines()
    assert next(line for line in lines if line.startswith("USER")) == "USER 10001:10001"
    path.write_text(path.read_text().replace("python:3.12-slim-bookworm", "python"))
    with pytest.raises(AssertionError, match="DL3006"):
        run(CLIENTS / "bin" / "hadolint", "--no-color", path, folder=tmp_path)


def test_the_command_serves_what_the_probes_ask_for(tmp_path: Path) -> None:
    files = unzipped(packed("kserve", *ALL[:2]))
    for name, content in files.items():
        if name.endswith(".onnx"):
            (tmp_path / Path(name).name).write_bytes(content)
    lines = files["net/Dockerfile"].decode().splitlines()
    said = {line.partition(" ")[0]: line.partition(" ")[2] for line in lines}
    assert json.loads(said["ENTRYPOINT"]) == ["mlp-edge", "serve", "--host", "0.0.0.0"]  # noqa: S104
    models = [tmp_path / Path(path).name for path in json.loads(said["CMD"])]
    service = yaml.safe_load(files["net/inference-service.yaml"])
    [container] = service["spec"]["predictor"]["containers"]
    with serving(tmp_path, *models) as server:
        for probe in ("readinessProbe", "livenessProbe"):
            assert server.asked(container[probe]["httpGet"]["path"])[0] == 200
        status, told = server.asked("/models/net/predict", [[1.0] * 8])
    assert status == 200
    with mlp_edge.load(models[0]) as model:
        assert told["predictions"][0]["probability"] == model.predict([[1.0] * 8])[0, 0]
