"""What deploy.md gives to systemd, nginx, KServe and Prometheus, read by those or their schema."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from mlp_edge.serve.metrics import Metrics
from mlp_edge.serve.settings import ServeSettings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "deploy.md").read_text("utf-8")


def block(language: str, number: int = 0) -> str:
    """A code block of the page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[number]


def checked(*words: str | Path) -> None:
    """Run a checker; skips the test where there is none."""
    if shutil.which(words[0]) is None:
        pytest.skip(f"no {words[0]} on this machine")
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Unknown" not in done.stderr, done.stderr


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    program = "/opt/mlp-edge/bin/mlp-edge"
    text = block("ini")
    assert text.count(program) == 1
    unit = tmp_path / "mlp-edge.service"
    unit.write_text(text.replace(program, "/bin/true"))
    checked("systemd-analyze", "verify", "--man=no", unit)


def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=models",
         "-keyout", tmp_path / "models.key", "-out", tmp_path / "models.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    inside = block("nginx").replace("/etc/nginx/", f"{tmp_path}/")
    inside = inside.replace("listen 443", "listen 127.0.0.1:8443")
    path = tmp_path / "nginx.conf"
    path.write_text(f"pid {tmp_path}/pid; events {{}} http {{ access_log off; {inside} }}")
    checked("nginx", "-t", "-q", "-e", "stderr", "-p", tmp_path, "-c", path)


def test_its_limits_are_those_of_the_server() -> None:
    settings, conf = ServeSettings(), block("nginx")
    assert f"client_max_body_size {settings.max_body};" in conf
    assert f"client_body_timeout {settings.timeout:.0f}s;" in conf
    kept, read = (
        int(re.findall(rf"\b{name} (\d+)s;", conf)[0])
        for name in ("keepalive_timeout", "proxy_read_timeout")
    )
    stop = int(re.findall(r"TimeoutStopSec=(\d+)", block("ini"))[0])
    assert kept < settings.timeout < min(read, stop)


def test_kserve_takes_the_resource_for_triton() -> None:
    schema = json.loads((ROOT / "tests" / "support" / "inference_service.json").read_text())
    Draft202012Validator(schema).validate(yaml.safe_load(block("yaml")))


def test_alerts_ask_for_metrics_and_labels_that_there_are(tmp_path: Path) -> None:
    rules = yaml.safe_load(block("yaml", 1))["groups"][0]["rules"]
    told = Metrics().text().decode()
    known = set(re.findall(r"^# TYPE (\w+) ", told, re.MULTILINE))
    for histogram in re.findall(r"^# TYPE (\w+) histogram", told, re.MULTILINE):
        known |= {f"{histogram}_bucket", f"{histogram}_sum", f"{histogram}_count"}
    asked = {name for rule in rules for name in re.findall(r"mlp_edge_\w+", rule["expr"])}
    assert len(asked) >= 5
    assert asked <= known
    path = tmp_path / "rules.yml"
    path.write_text(block("yaml", 1))
    checked("promtool", "check", "rules", path)
