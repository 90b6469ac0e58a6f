"""exports/bom.cdx.json: a bill of materials of the model, in CycloneDX.

cyclonedx-python-lib has no model cards yet: the JSON is built here, and the tests hold it to the
library's strict schemas.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from mlp_edge.files.writing import json_text, plain
from mlp_edge.report.papers.model_card import target_scores

Facts = Mapping[str, Any]
"""What report.json holds."""

SPECIFICATION = "1.6"
"""Of CycloneDX: what most readers take; 1.7 takes the same document."""
TASKS = {"binary": "binary classification", "multiclass": "multiclass classification",
         "regression": "regression"}  # fmt: skip
_SHA256 = re.compile(r"[0-9a-f]{64}")


def bill(facts: Facts) -> bytes:
    """The bill: the model with its card, what it learned from, its files and libraries.

    It has no time in it, and its serial number follows from the rest: the same facts, the same
    bytes.

    Args:
        facts: what report.json holds.
    """
    ours = facts["model"]["imported"] is None
    data = _data(facts) if ours else []  # what a stranger's model comes of is not known
    libraries = _libraries(facts["versions"]["trained"]) if ours else []
    files = [_file(each, facts) for each in facts["files"]]
    document = plain(
        {
            "bomFormat": "CycloneDX",
            "specVersion": SPECIFICATION,
            "version": 1,
            "metadata": {
                "tools": {"components": _libraries(facts["versions"]["report"], "tool:")},
                "component": _model(facts, data),
            },
            "components": [*data, *files, *libraries],
            "dependencies": _dependencies(data, files, libraries),
        }
    )
    serial = uuid5(NAMESPACE_URL, json.dumps(document, sort_keys=True))
    return json_text({"serialNumber": f"urn:uuid:{serial}", **document}).encode()


def _model(facts: Facts, data: Sequence[Facts]) -> dict[str, Any]:
    model = facts["model"]
    return {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "name": model["name"],
        "version": model["weights_sha256"][:12],
        "description": facts["verdict"]["sentence"],
        "modelCard": {
            "modelParameters": {
                "approach": {"type": "supervised"},
                "task": TASKS[model["task"]],
                "architectureFamily": "multilayer perceptron",
                "modelArchitecture": f"{model['topology']}; {_layers(model)}",
                "datasets": [{"ref": each["bom-ref"]} for each in data],
                "inputs": [{"format": _input(each)} for each in facts["data"]["features"]],
                "outputs": [{"format": each} for each in _outputs(model)],
            },
            "quantitativeAnalysis": {"performanceMetrics": _metrics(facts)},
            "considerations": {
                "useCases": [f"predicts {', '.join(model['targets'])} from its inputs"],
                "technicalLimitations": _limitations(facts),
            },
            "properties": _properties(facts),
        },
    }


def _layers(model: Facts) -> str:
    return ", ".join(f"{each['units']} {each['activation']}" for each in model["layers"])


def _input(feature: Facts) -> str:
    """A feature: its name, kind, unit and what it may be."""
    unit = f" in {feature['unit']}" if feature["unit"] else ""
    if feature["labels"]:
        return f"{feature['name']}: one of {', '.join(feature['labels'])}"
    if feature["low"] is None or feature["high"] is None:
        return f"{feature['name']}: a number{unit}"
    return f"{feature['name']}: a number{unit} from {feature['low']:g} to {feature['high']:g}"


def _outputs(model: Facts) -> list[str]:
    if model["task"] == "regression":
        return [f"{target}: a number" for target in model["targets"]]
    labels = model["classes"][1:] if model["task"] == "binary" else model["classes"]
    return [f"probability of {label}" for label in labels]


def _metrics(facts: Facts) -> list[dict[str, Any]]:
    """Scores, of several targets those of each as well; the schema has numbers as text."""
    scores = facts["scores"]
    if scores is None:
        return []
    found = []
    for each in scores["metrics"]:
        if each["value"] is None:
            continue
        metric = {"type": each["name"], "value": f"{each['value']:.6g}", "slice": scores["on"]}
        if each["low"] is not None:
            low, high = f"{each['low']:.6g}", f"{each['high']:.6g}"
            metric["confidenceInterval"] = {"lowerBound": low, "upperBound": high}
        found.append(metric)
    return found + [
        {"type": name, "value": f"{value:.6g}", "slice": f"{target}, {scores['on']}"}
        for target, name, value in target_scores(facts)
    ]


def _limitations(facts: Facts) -> list[str]:
    found = [*facts["data"]["warnings"], *(facts["scores"] or {}).get("findings", [])]
    said = dict.fromkeys(each["text"] for each in found)
    if any(each["low"] is not None for each in facts["data"]["features"]):
        said["nothing was measured outside the ranges of the inputs"] = None
    return list(said)


def _properties(facts: Facts) -> list[dict[str, str]]:
    """What CycloneDX has no place for."""
    model, proof = facts["model"], facts["proof"]
    found = {"weights_sha256": model["weights_sha256"], "parameters": model["parameters"]}
    if model["threshold"] is not None:
        found["threshold"] = f"{model['threshold']:g}"
    found["proved"] = "yes" if facts["verdict"]["proved"] else "no"
    certificate = (proof or {}).get("certificate")
    if certificate and certificate["proves"]:
        found["proved_bound"] = f"{max(certificate['bounds']):g}"
    return [{"name": f"mlp-edge:{name}", "value": str(value)} for name, value in found.items()]


def _data(facts: Facts) -> list[dict[str, Any]]:
    """The table that it learned from; [] where it has no hash."""
    data = facts["data"]
    if not data["source"] or not _SHA256.fullmatch(str(data["sha256"])):
        return []
    what = f"{data['rows']} rows, {len(data['features'])} features"
    return [
        {
            "type": "data",
            "bom-ref": "data",
            "name": data["source"],
            "hashes": [{"alg": "SHA-256", "content": data["sha256"]}],
            "data": [{"type": "dataset", "name": data["source"], "description": what}],
        }
    ]


def _file(file: Facts, facts: Facts) -> dict[str, Any]:
    """A file of the directory, with what was proved of it."""
    records = (facts["proof"] or {}).get("records", [])
    name = file["path"].rpartition("/")[2]
    proved = [
        {"name": f"mlp-edge:parity:{each['runtime']}", "value": each["verdict"]}
        for each in records
        if each["artifact"] == name and each["verdict"]
    ]
    found: dict[str, Any] = {
        "type": "file",
        "bom-ref": f"file:{file['path']}",
        "name": file["path"],
        "hashes": [{"alg": "SHA-256", "content": file["sha256"]}],
    }
    return {**found, "properties": proved} if proved else found


def _libraries(versions: Mapping[str, str | None], prefix: str = "") -> list[dict[str, Any]]:
    """Packages of PyPI, and Python itself, with references that begin with a prefix."""
    found = []
    for name, version in versions.items():
        if not version:  # what is not installed
            continue
        kind, host = ("platform", "generic") if name == "python" else ("library", "pypi")
        purl = f"pkg:{host}/{quote(name.lower(), safe='')}@{quote(version, safe='')}"
        found.append(
            {"type": kind, "bom-ref": prefix + purl, "name": name, "version": version, "purl": purl}
        )
    return found


def _dependencies(
    data: Sequence[Facts], files: Sequence[Facts], libraries: Sequence[Facts]
) -> list[dict[str, Any]]:
    """The model comes of data, libraries and its original; an export comes of the original."""
    originals = [
        each["bom-ref"]
        for each in files
        if each["name"] == "model.keras" or each["name"].startswith("original/")
    ]
    made = [each["bom-ref"] for each in files if each["name"].startswith("exports/")]
    came_of = [each["bom-ref"] for each in (*data, *libraries)]
    found = [{"ref": "model", "dependsOn": [*came_of, *originals]}]
    return [*found, *({"ref": each, "dependsOn": originals} for each in made if originals)]
