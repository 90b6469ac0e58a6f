"""Programs of others ask the server: clients of Triton and KServe, and Schemathesis."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from support.clients import KSERVE, run
from support.networks import network, readings
from support.servers import Running, serving

import mlp_edge

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance"
)
"""Not whether all that the schema allows is taken: no schema says that a shape fits its data."""
TRITONS = """
import json, sys
import numpy as np
import tritonclient.http as triton

client = triton.InferenceServerClient(f"127.0.0.1:{sys.argv[1]}")
assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("net")
assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
described = client.get_model_metadata("net")
rows = np.load(sys.argv[2])
found = []
for binary in (True, False):
    whole = triton.InferInput("features", [*rows.shape], "FP32")
    whole.set_data_from_numpy(rows, binary_data=binary)
    columns = []
    for column, known in zip(rows.T, described["parameters"]["inputs_by_name"], strict=True):
        columns.append(triton.InferInput(known["name"], [len(rows)], "FP32"))
        columns[-1].set_data_from_numpy(np.ascontiguousarray(column), binary_data=binary)
    asked = [triton.InferRequestedOutput(name, binary) for name in ("probability", "label")]
    for inputs in ([whole], columns):
        result = client.infer("net", inputs, outputs=asked, request_id="7",
                              model_version=described["versions"][0])
        assert result.get_response()["id"] == "7"
        labels = result.as_numpy("label")
        labels = [each.decode() if isinstance(each, bytes) else each for each in labels]
        found.append([result.as_numpy("probability").ravel().tolist(), labels])
try:
    client.infer("other", [whole])
except triton.InferenceServerException as error:
    found.append(error.message())
print(json.dumps(found))
"""

KSERVES = """
import asyncio, json, sys
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

async def ask():
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    base = f"http://127.0.0.1:{sys.argv[1]}"
    assert await client.is_server_live(base) and await client.is_server_ready(base)
    assert await client.is_model_ready(base, "net")
    rows, found = np.load(sys.argv[2]), []
    for binary in (True, False):
        tensor = InferInput("features", [*rows.shape], "FP32")
        tensor.set_data_from_numpy(rows, binary_data=binary)
        request = InferRequest(model_name="net", infer_inputs=[tensor], request_id="7")
        response = await client.infer(base, request, model_name="net")
        assert response.id == "7"
        probability, label = (output.as_numpy() for output in response.outputs)
        found.append([probability.ravel().tolist(), label.tolist()])
    print(json.dumps(found))

asyncio.run(ask())
"""


def asked(server: Running, *words: str) -> str:
    """What a program of ``CLIENTS`` prints; the test fails where it does."""
    return run(sys.executable, *words, folder=server.log.parent)


def test_tritons_client_gets_the_predictors_bits(path: Path, tmp_path: Path) -> None:
    rows = readings(network(), 20)
    np.save(tmp_path / "rows.npy", rows)
    with serving(tmp_path, path) as server:
        told = asked(server, "-c", TRITONS, str(server.port), str(tmp_path / "rows.npy"))
    *found, refused = json.loads(told)
    with mlp_edge.load(path) as model:
        right = [model.predict(rows)[:, 0].tolist(), model.predict_labels(rows)]
    assert found == [right] * 4
    assert "there is no model 'other'; there are ['net']" in refused


def test_kserves_client_gets_the_predictors_bits(path: Path, tmp_path: Path) -> None:
    rows = readings(network(), 20)
    np.save(tmp_path / "rows.npy", rows)
    with serving(tmp_path, path) as server:
        words = sys.executable, "-c", KSERVES, str(server.port), str(tmp_path / "rows.npy")
        told = run(*words, folder=tmp_path, place=KSERVE)
    with mlp_edge.load(path) as model:
        right = [model.predict(rows)[:, 0].tolist(), model.predict_labels(rows)]
    assert json.loads(told.splitlines()[-1]) == [right] * 2


@pytest.mark.slow
def test_schemathesis_finds_nothing(path: Path, tmp_path: Path) -> None:
    with serving(tmp_path, path) as server:
        told = asked(
            server, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run",
            f"http://127.0.0.1:{server.port}/openapi.json", "--max-examples", "20", "--seed", "1",
            "--checks", CHECKS,
        )  # fmt: skip
        assert "No issues found" in told
        assert not server.lines("fault")
