"""Settings in messages: as Python spells them, and as the command line does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from mlp_edge.cli.declaring import Command, takes
from mlp_edge.cli.printing.wording import worded, worded_for
from mlp_edge.settings import Blank, Named, call, declared, named, setting, settings_of

VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(), max_size=3)


@given(VALUES)
def test_a_setting_is_read_back_from_a_message(value: Any) -> None:
    assert named(f"say {setting('drop', value)} or `mlp-edge train`") == [Named("drop", value)]


def test_what_a_message_names() -> None:
    message = f"{setting('keep', Blank('COLUMN'))} keeps one, {setting('strict')} refuses"
    assert message == "`keep=COLUMN` keeps one, `strict` refuses"
    blank, plain = named(message)
    assert (repr(blank.value), plain) == ("COLUMN", Named("strict"))


@dataclass(frozen=True)
class Kitchen:
    """Settings of every type."""

    hidden: tuple[int, ...] = declared((12, 8), "Neurons.", "Network")
    rate: float | None = declared(None, "Rate.", "Training", shown="Keras's")
    rounds: int = declared(3, "Rounds.", "Training")
    batch_normalization: bool = declared(False, "Norm.", "Network", flag="--norm/--no-norm")
    drop: tuple[str, ...] = declared((), "Columns.", "Columns", repeat=True)
    metrics: tuple[str, ...] = declared((), "Scores.", "Evaluation")


SEEN: list[tuple[Any, ...]] = []
MESSAGES = {
    setting("hidden", (16, 8)): "--hidden 16,8",
    setting("hidden", ()): "--hidden none",
    setting("rate", 0.1): "--rate 0.1",
    setting("batch_normalization", True): "--norm",
    setting("batch_normalization", False): "--no-norm",
    setting("drop", ["a b", "c"]): "--drop 'a b' --drop c",
    setting("drop", Blank("COLUMN")): "--drop COLUMN",
    setting("rounds"): "--rounds",
    setting("table", "x"): "`table='x'`",
    setting("unknown", 1): "`unknown=1`",
    call("Model.export", rate=2, drop=["a"]): "`mlp-edge export --rate 2 --drop a`",
    call("mlp_edge.export"): "`mlp-edge export`",
    call("Model.save", path="x"): "`Model.save(path='x')`",
    "`Model.export(rate=f())` `Model.export(=)`": "`Model.export(rate=f())` `Model.export(=)`",
}


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer(rich_markup_mode=None)

    @app.command("export", cls=Command)
    @takes(kitchen=Kitchen)
    def cook(
        table: Annotated[str, typer.Argument(help="Rows.")], kitchen: Any, loud: bool = False
    ) -> None:
        SEEN.append((table, kitchen, loud))
        for message, expected in MESSAGES.items():
            assert worded(f"{message}, so") == f"{expected}, so"

    @app.command()
    def other() -> None:
        pass

    return app


def test_options_come_from_the_fields(app: typer.Typer) -> None:
    words = "export rows --hidden 4,2 --norm --drop a,b --drop c --metrics auc,accuracy --rounds 3"
    result = CliRunner().invoke(app, [*words.split(), "--loud"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    typed = {"hidden": (4, 2), "batch_normalization": True, "drop": ("a,b", "c"), "rounds": 3,
             "metrics": ("auc", "accuracy")}  # fmt: skip
    assert SEEN.pop() == ("rows", typed, True)
    assert Kitchen(**typed).rounds == 3
    CliRunner().invoke(app, ["export", "rows"], catch_exceptions=False)
    assert SEEN.pop() == ("rows", {}, False)


def test_help_lists_them_under_headings(app: typer.Typer) -> None:
    shown = " ".join(CliRunner().invoke(app, ["export", "--help"]).output.split())
    order = ["Arguments:", "Columns:", "Network:", "Training:", "Evaluation:", "Options:"]
    assert sorted(order, key=shown.index) == order
    for each in settings_of(Kitchen):
        assert each.help.removesuffix(".") in shown
    for default in ("[default: 12,8]", "[default: (Keras's)]", "[default: 3]"):
        assert default in shown


def test_an_old_spelling_is_answered_with_the_new_one(app: typer.Typer) -> None:
    for words in (["--rows", "x"], ["--rows=x"]):
        result = CliRunner().invoke(app, ["export", *words])
        assert str(result.exception) == "--rows of `mlp-edge export` is now --calibration-table"
    assert CliRunner().invoke(app, ["export", "--", "--rows"]).exit_code == 0


def test_a_suggested_command_names_the_model_at_hand(tmp_path: Path) -> None:
    from support.commands import COMMAND

    (tmp_path / "alone.keras").touch()
    for parameter, place, option in [
        ("model", tmp_path, f" --model {tmp_path}"),
        ("file", tmp_path, f" --model {tmp_path}"),
        ("model", Path(), " --model ."),
        ("model", tmp_path / "alone.keras", ""),
        ("table", tmp_path, ""),
    ]:
        with worded_for(COMMAND, COMMAND, {parameter: place}):
            said = worded(call("Model.export", dtype="int8"))
            assert said == f"`mlp-edge export --dtype int8{option}`"
            assert worded(call("mlp_edge.train")) == "`mlp-edge train`"
