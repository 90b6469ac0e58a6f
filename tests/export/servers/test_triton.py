"""A model repository of Triton, read by Triton's own description of a configuration."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from support.clients import run
from support.server_packages import ALL, ODD, packed, unzipped

from mlp_edge.card import Card
from mlp_edge.export.servers.package import text_literal

PARSE = """
import sys
import model_config_pb2
from google.protobuf import json_format, text_format
from pathlib import Path

for path in sys.argv[1:]:
    config = text_format.Parse(Path(path).read_bytes(), model_config_pb2.ModelConfig())
    print(json_format.MessageToJson(config, indent=None, preserving_proto_field_name=True))
"""


def parsed(folder: Path, *configurations: bytes) -> list[dict[str, Any]]:
    """What Triton's ``model_config.proto`` makes of them."""
    paths = []
    for number, content in enumerate(configurations):
        paths.append(folder / f"{number}.pbtxt")
        paths[-1].write_bytes(content)
    told = run(sys.executable, "-c", PARSE, *paths, folder=folder, within="tritonclient/grpc")
    return [json.loads(line) for line in told.splitlines()]


def test_triton_reads_the_configuration(tmp_path: Path) -> None:
    files = unzipped(packed("triton", *ALL, version="4.1.0"))
    binary, classes, values = parsed(tmp_path, *(files[f"{mlp.name}/config.pbtxt"] for mlp in ALL))
    parameters = binary.pop("parameters")
    assert binary == {
        "name": "net",
        "backend": "onnxruntime",
        "max_batch_size": 10_000,
        "input": [{"name": "features", "data_type": "TYPE_FP32", "dims": ["8"]}],
        "output": [
            {"name": "probability", "data_type": "TYPE_FP32", "dims": ["1"],
             "label_filename": "labels.txt"}
        ],
        "version_policy": {"latest": {"num_versions": 1}},
        "instance_group": [{"kind": "KIND_CPU", "count": 1}],
    }  # fmt: skip
    told = {key: value["string_value"] for key, value in parameters.items()}
    card = Card.of(ALL[0], "int8")
    assert told["weights_sha256"] == card.weights_sha256
    assert (told["dtype"], told["task"], told["threshold"]) == ("int8", "binary", "0.5")
    assert json.loads(told["labels"]) == ["class 0", "class 1"]
    assert told["intra_op_thread_count"] == "1"
    assert files["net/labels.txt"] == b"class 1\n"
    assert "net/4/model.onnx" in files
    assert json.loads(classes["parameters"]["features"]["string_value"]) == [
        feature.name for feature in ODD.features
    ]
    assert json.loads(classes["parameters"]["labels"]["string_value"]) == [*ODD.labels]
    assert set(classes["parameters"]) == set(told) - {"threshold"}
    assert files["odd_/labels.txt"].decode() == '" } parameters { key: "x\ngröße\\n\\u2028\n\\\n'
    assert [classes["output"][0]["dims"], values["output"][0]["dims"]] == [["3"], ["2"]]
    assert "label_filename" not in values["output"][0]
    assert "two/labels.txt" not in files


def test_any_text_is_one_literal(tmp_path: Path) -> None:
    texts = ["", '"', "\\", "a\nb", "\x00\x7f", "größe 年齢 \U0001f600", "??/", "'"]
    content = "".join(
        f'parameters {{ key: "{number}" value {{ string_value: {text_literal(text)} }} }}\n'
        for number, text in enumerate(texts)
    )
    [config] = parsed(tmp_path, content.encode("ascii"))
    found = config["parameters"]
    assert [found[str(number)].get("string_value", "") for number in range(len(texts))] == texts
