"""Tables on terminals of any width: no number is cut or loses its name."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.text import Text
from support.commands import Type

import mlp_edge
from mlp_edge.api.benching import BenchReport, Measurement
from mlp_edge.api.costing import CostReport
from mlp_edge.api.doctor.diagnosis import Diagnosis
from mlp_edge.api.doctor.machine import Component
from mlp_edge.api.evaluation.score_sheets import confusion_sheet
from mlp_edge.api.result import Result
from mlp_edge.api.settings import BenchSettings
from mlp_edge.cell import as_words
from mlp_edge.cli.printing.console import out
from mlp_edge.cli.printing.sheets import show_sheets
from mlp_edge.cli.printing.tables import new_table, show
from mlp_edge.measure.candidates import Candidate
from mlp_edge.measure.cost import Cost
from mlp_edge.measure.timing import Timing

WIDTHS = (1, 20, 40, 50, 80, 200)


def figures(text: str) -> Counter[str]:
    """The numbers in a text; of rows and columns, not of the hashes that fold."""
    return Counter(re.findall(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e[+-]\d+)?(?![\w.])", text))


@pytest.fixture(params=WIDTHS)
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(out, "_width", request.param)
    return int(request.param)


def test_a_table_of_long_words_keeps_its_numbers(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    table = new_table("16-16-1", "layer", "activation", "output", "parameters", text_columns=2)
    table.add_row("hidden 1", "relu", "(n, 16)", "272,123,456")
    table.add_row("output", Text("Sigmoid " + "Identity " * 30), "(n, 1)", "17")
    show(table)
    printed = capsys.readouterr().out
    assert figures(printed) == figures("16-16-1 hidden 1 16 272,123,456 1 17")
    assert {"parameters", "activation", "Sigmoid"} <= set(re.findall(r"\w+", printed))
    if width >= 80:
        assert max(map(cell_len, printed.splitlines())) <= width
    elif width <= 40:
        assert "  parameters: 272,123,456\n" in printed


def test_a_matrix_of_many_classes(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np

    counts = np.arange(1001, 1026).reshape(5, 5)
    show_sheets([confusion_sheet([f"class {letter}" for letter in "abcde"], counts)])
    printed = capsys.readouterr().out
    assert {f"{count:,}" for count in counts.ravel()} <= set(figures(printed))


def test_inspect(width: int, pima: Path, typed: Type) -> None:
    told = json.loads(typed("inspect", pima, "--json").out)
    printed = typed("inspect", pima).out
    found = figures(printed)
    for layer in told["layers"]:
        assert found[f"{layer['parameters']:,}"] >= 1
        assert found[f"{layer['multiply_adds']:,}"] >= 1
    assert found[f"{told['parameters']:,}"] >= 1
    for value in (*told["scaling"]["mean"], *told["scaling"]["deviation"]):
        assert found[f"{value:.6g}"] >= 1
    for scores in (told["scores"]["test"]["mlp"], told["scores"]["training"]["mlp"]):
        for value in scores.values():
            assert found[f"{value:.4g}"] >= 1


@pytest.mark.parametrize("words", [(), ("--metrics", "accuracy")])
def test_evaluate(width: int, words: tuple[str, ...], iris: Path, typed: Type) -> None:
    command = ("evaluate", "--model", iris, "--no-plots", *words)
    told = json.loads(typed(*command, "--json").out)
    result = typed(*command)
    assert result.code == 0
    found = figures(result.out)
    for name, value in told["scores"]["mlp"].items():
        assert found[f"{value:.4g}"] >= 1
        assert name in result.out
    for record in told.get("per_class") or ():
        for key, value in record.items():
            assert key == next(iter(record)) or key in result.out
            if isinstance(value, float):
                assert found[f"{value:.4g}"] >= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("parity", "-r", "onnxruntime"),
        ("predict", "pima"),
        ("cost", "--chip", "avr"),
        ("train", "pima"),
    ],
    ids=lambda words: words[0],
)
def test_other_commands_print_the_same_numbers(
    command: tuple[str, ...], model: Path, typed: Type, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    place = ("--epochs", 1, "-q", "--out", tmp_path / "m", "--force")
    words = [*command, *(place if command[0] == "train" else ("--model", model))]
    monkeypatch.setattr(out, "_width", 200)
    wide = typed(*words)
    for narrow in (1, 40, 80):
        monkeypatch.setattr(out, "_width", narrow)
        folded = typed(*words)
        assert folded.code == wide.code
        assert folded.err == wide.err
        assert figures(folded.out) == figures(wide.out)


def results(pima: Path, iris: Path) -> dict[str, Result]:
    """What commands show, of a model or made by hand."""
    cost = Cost("cortex-m4", "STM32F407", "Os", 123_456, 8, 16, 1_284, 36, "cycles", 1, 2_222_222,
                3, 20, 4_444_444, 240, 16_000_000, 1_048_576, 131_072)  # fmt: skip
    settings = BenchSettings(batches=(1, 16, 256, 4096, 65_536, 1_000_000))
    timing = Timing(1, {size: [1.234e-4 * size] * 3 for size in settings.sizes})
    each = [Candidate(pima / "model.keras", "keras", way) for way in ("mlp-edge", "model.predict")]
    measured = tuple(Measurement(candidate, timing, 12.34) for candidate in each)
    gcc = Component("gcc", "ok", "gcc 12.2.0", "", "/usr/bin/gcc", "the runtime c " * 9, "")
    return {
        "inspect": mlp_edge.inspect(pima),
        "evaluate": mlp_edge.open(iris).evaluate(plots=False),
        "predict": mlp_edge.open(iris).predict_table(),
        "cost": CostReport("pima", "0" * 64, "float32", "Os", {}, (cost, cost), {}, {}),
        "bench": BenchReport("pima", "0" * 64, settings, measured, {}, 1e-7, 2),
        "doctor": Diagnosis((gcc,), (gcc,), (gcc,), (gcc,), (gcc,)),
    }


def test_no_table_of_any_command_cuts_a_number(
    width: int, pima: Path, iris: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, result in results(pima, iris).items():
        for sheet in result.sheets():
            show_sheets([sheet])
            printed = capsys.readouterr().out
            for row in sheet.rows:
                for name, cell in list(zip(sheet.columns, row, strict=True))[sheet.text_columns :]:
                    assert cell in printed, (command, name, cell)
                    assert not figures(cell) - figures(printed), (command, name, cell)
            if width >= 80:
                assert max(map(cell_len, printed.splitlines())) <= width, command


SAFE: dict[str, Any] = {
    "=1+1": "'=1+1", "@SUM(A1)": "'@SUM(A1)", "+A1": "'+A1", "-A1": "'-A1", " =A1": "' =A1",
    "\t=A1": "'\t=A1", "\r=A1": "'\r=A1", "＝A1": "'＝A1", "-1": "-1", "+1.5e3": "+1.5e3",
    "-1,5": "-1,5", "-": "-", "": "", "a=b": "a=b", "'=A1": "'=A1", "-1+cmd|x": "'-1+cmd|x",
}  # fmt: skip


@pytest.mark.parametrize("cell", SAFE, ids=ascii)
def test_words_that_a_spreadsheet_would_compute(cell: str) -> None:
    assert as_words(cell) == SAFE[cell]


def test_spreadsheet_safe_without_a_file(typed: Type, iris: Path) -> None:
    result = typed("evaluate", "--model", iris, "--spreadsheet-safe")
    assert (result.code, result.out) == (2, "")
    assert result.err == "error: --spreadsheet-safe is for the file that --rows-out names\n"


def test_spreadsheet_safe(typed: Type, folder: Path, pima: Path) -> None:
    rows = "glucose,pregnancies,pressure,skin,insulin,bmi,pedigree,age,=note\n"
    rows += "148,6,72,35,0,-33.6,0.627,50,@SUM(A1)\n"
    (folder / "t.csv").write_text(rows)
    plain, safe = (
        typed("predict", "t.csv", "--model", pima, *option).out.splitlines()
        for option in ((), ("--spreadsheet-safe",))
    )
    assert ",=note," in plain[0]
    assert ",@SUM(A1)," in plain[1]
    assert safe == [
        plain[0].replace(",=note", ",'=note"), plain[1].replace("@SUM", "'@SUM")
    ]  # fmt: skip
