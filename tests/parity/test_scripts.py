"""Scripts in the parity table, and who runs them: consent, faults, damage."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.commands import Type
from support.quantised_networks import quantised

import mlp_edge
from mlp_edge.errors import ModelError
from mlp_edge.export import EXPORTERS, Exporter
from mlp_edge.files.writing import sha256
from mlp_edge.integers.quantised_file import QuantisationParameters
from mlp_edge.proof.checksum import BLANK, MARK, with_checksum
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.runtime.verify import PROGRAMS

SCRIPTS = [exporter for exporter in EXPORTERS if exporter.suffix in set(PROGRAMS) - {".h"}]
every_script = pytest.mark.parametrize("exporter", SCRIPTS, ids=lambda exporter: exporter.name)


@pytest.fixture(autouse=True)
def _few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras takes milliseconds for each."""
    monkeypatch.setattr("mlp_edge.parity.parity.SAMPLE_ROWS", 5)
    monkeypatch.setattr("mlp_edge.parity.certificate.OVERHEAD", 2**18)


def line_of(out: str, runtime: str) -> list[str]:
    [line] = [line.split() for line in out.splitlines() if line.split()[1:2] == [runtime]]
    return line


def sealed(content: bytes) -> bytes:
    """An edited file with a checksum of its own."""
    place = content.index(MARK) + len(MARK)
    return with_checksum(content[:place] + BLANK[len(MARK) :] + content[place + 64 :])


@every_script
def test_export_writes_it_where_it_is_asked_for(
    exporter: Exporter, model: Path, typed: Type
) -> None:
    name = f"pima{exporter.suffix}"
    assert not (model / "exports" / name).exists()
    result = typed("export", "--format", exporter.name)
    assert result.code == 0, result.err
    listed = json.loads((model / "model.json").read_text("utf-8"))["exports"]
    for file in (name, *(f"pima{suffix}" for suffix in exporter.beside)):
        assert file in result.out
        assert listed[file] == sha256((model / "exports" / file).read_bytes())


@every_script
def test_every_dtype_passes(exporter: Exporter, model: Path, typed: Type) -> None:
    directory = ModelDirectory.open(model)
    mlp = directory.mlp()
    files = exporter.files(mlp, exporter.export(mlp))
    for dtype, write in exporter.integers.items():
        net, named = quantised(mlp, dtype), replace(mlp, name=f"pima_{dtype}")
        files |= exporter.files(named, write(named, net))
        parameters = QuantisationParameters(net, mlp.weights_sha256, "", {})
        files[f"pima_{dtype}.json"] = parameters.to_json().encode()
    directory.add_exports(files)
    result = typed("parity", "-f", exporter.name, "-r", exporter.name, "--json")
    assert result.code == 0, result.err
    found = json.loads(result.out)["results"][1:]
    assert {each["dtype"] for each in found} == {"float32", *exporter.integers}
    assert {(each["runtime"], each["verdict"]) for each in found} == {(exporter.name, "PASS")}


@every_script
def test_last_bits_of_weights_fail(exporter: Exporter, model: Path, typed: Type) -> None:
    mlp = ModelDirectory.open(model).mlp()
    last = mlp.layers[-1]
    weights = np.nextafter(last.weights, np.float32(np.inf))
    faulty = replace(mlp, layers=(*mlp.layers[:-1], replace(last, weights=weights)))
    # The script calls itself the model's, and the manifest believes in it.
    hashes = (faulty.weights_sha256.encode(), mlp.weights_sha256.encode())
    content = sealed(exporter.export(faulty).replace(*hashes))
    ModelDirectory.open(model).add_exports({f"pima{exporter.suffix}": content})
    result = typed("parity", "-f", exporter.name)
    assert result.code == 1
    assert line_of(result.out, exporter.name)[-1] == "FAIL"
    assert "the script's own float32 arithmetic, replayed, gives" in result.err


@every_script
def test_a_stranger_is_run_by_consent_alone(
    exporter: Exporter, model: Path, typed: Type, tmp_path: Path
) -> None:
    assert typed("export", "-f", exporter.name).code == 0
    path = model / "exports" / f"pima{exporter.suffix}"
    trace = tmp_path / "trace"
    write = {
        ".js": f'import {{ writeFileSync }} from "node:fs"; writeFileSync("{trace}", "");\n',
        ".py": f'open("{trace}", "w").close()\n',
    }[exporter.suffix]
    path.write_bytes(sealed(path.read_bytes() + write.encode()))
    for command in (("predict", "pima", "-m", path), ("parity", "-f", exporter.name)):
        result = typed(*command)
        assert result.code in (1, 2)
        assert "a script is a program" in result.err
        assert "--trust runs it all the same" in result.err
        assert not trace.exists()
    with pytest.raises(ModelError, match="is a program"):
        mlp_edge.load(path)
    assert not trace.exists()
    with mlp_edge.load(path, trust=True) as opened:
        assert opened.predict(np.zeros((1, 8), np.float32)).shape == (1, 1)
    assert trace.exists()


@every_script
def test_float32_has_the_bits_of_c(exporter: Exporter, model: Path, typed: Type) -> None:
    assert typed("export", "-f", exporter.name).code == 0
    table = typed("parity", "-f", exporter.name)
    assert line_of(table.out, exporter.name)[-1] == "PASS", table.err
    assert f"{exporter.name}: bit for bit C's float32 arithmetic, replayed" in table.out
    wanted = typed("predict", "pima", "-r", "c")
    result = typed("predict", "pima", "-r", exporter.name)
    assert result.code == 0, result.err
    assert result.out == wanted.out


@every_script
def test_inspect_reads_it_without_running_it(
    exporter: Exporter, model: Path, typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert typed("export", "-f", exporter.name).code == 0
    monkeypatch.setenv("PATH", "")
    result = typed("inspect", model / "exports" / f"pima{exporter.suffix}", "--json")
    assert result.code == 0, result.err
    found, header = json.loads(result.out), json.loads(typed("inspect", "model/exports/pima.h",
                                                             "--json").out)  # fmt: skip
    for key in ("layers", "features", "labels", "threshold", "weights_sha256"):
        assert found.get(key) == header.get(key), key
    assert found["format"] != header["format"]


@every_script
def test_damage_has_a_sentence(exporter: Exporter, model: Path, typed: Type) -> None:
    assert typed("export", "-f", exporter.name).code == 0
    path = model / "exports" / f"pima{exporter.suffix}"
    whole = path.read_text("ascii")
    place = whole.index("LAYER1_WEIGHTS =")
    path.write_text(whole[: place + 200], "ascii")
    assert "the table LAYER1_WEIGHTS has no end" in typed("inspect", path).err
    number = r"(?<=GOLDEN = .\n)(.*?)(?:0x|(?:\\x..){4})"
    fewer = re.sub(number, r"\1", whole, count=1, flags=re.DOTALL)
    for text, says in (
        (whole[: place + 200], "the card at its end is missing"),
        (whole.replace("INPUTS = 8", "INPUTS = 7"), "takes 7 inputs, its card names 8"),
        (fewer, "different sizes"),
        (whole.replace("mlp-edge-card", "mlp-edge card"), "the card at its end is missing"),
        (whole.replace("LAYER1_BIAS", "LAYER1_BAIS", 1), "does not run"),
    ):
        assert text != whole
        path.write_text(text, "ascii")
        result = typed("predict", "pima", "-m", path, "--trust")
        assert (result.code, says in result.err) == (2, True), (says, result.err)
