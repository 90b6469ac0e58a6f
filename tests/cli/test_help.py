"""Every command and option explains itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from support.commands import Type

import mlp_edge
from mlp_edge.cli.app import app
from mlp_edge.cli.declaring import GROUPS
from mlp_edge.errors import InputError

COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def parameters() -> Iterator[Any]:
    for command in COMMANDS.values():
        yield from command.params


def test_the_commands() -> None:
    assert {"train", "export", "parity", "evaluate", "predict"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_does(name: str, typed: Type) -> None:
    sentence = COMMANDS[name].help
    assert sentence
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    result = typed(name, "--help")
    assert (result.code, result.err) == (0, "")
    assert sentence.split(".")[0] in " ".join(result.out.split())
    assert max(map(len, result.out.splitlines())) <= 80
    assert typed(name, "-h").out == result.out


@pytest.mark.parametrize("parameter", list(parameters()), ids=lambda entry: entry.name)
def test_an_option_says_what_it_does(parameter: Any) -> None:
    assert parameter.help
    assert parameter.help[0].isupper() or parameter.help[0].islower()
    assert len(parameter.help) <= 90


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - {"export", "parity"}))
def test_help_is_a_sentence_under_a_heading(name: str) -> None:
    for parameter in COMMANDS[name].params:
        assert parameter.help[0].isupper(), parameter.name
        assert parameter.help.endswith("."), parameter.name
        assert "default" not in parameter.help, parameter.name
        if parameter.param_type_name == "option":
            assert parameter.rich_help_panel in GROUPS, parameter.name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_shown(name: str, typed: Type) -> None:
    shown = typed(name, "--help").out
    for parameter in COMMANDS[name].params:
        for option in (*parameter.opts, *parameter.secondary_opts):
            if option.startswith("--"):
                # A long option is cut in two by the table's border.
                assert option[:20] in shown, option


def test_the_list_of_commands(typed: Type) -> None:
    for words in ((), ("--help",), ("-h",)):
        result = typed(*words)
        assert result.code == (2 if words == () else 0)
        for name in COMMANDS:
            assert f" {name} " in result.out + result.err


def test_the_version(typed: Type) -> None:
    assert typed("--version") == (0, f"mlp-edge {mlp_edge.__version__}\n", "")


@pytest.mark.parametrize(
    "words", [("traim",), ("train", "--epocs", "5"), ("train", "a.csv", "b.csv"), ("export", "x")]
)
def test_what_is_mistyped(typed: Type, words: tuple[str, ...]) -> None:
    result = typed(*words)
    assert (result.code, result.out) == (2, "")
    assert words[-1] in result.err or words[1] in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("export", "pima"), "'pima'; --model pima names a model"),
        (("train", "iris", "my file", "b"), "'my file', 'b'"),
        (("cost", "--dtype", "int8", "a b"), "'a b'; --model 'a b' names a model"),
    ],
)
def test_one_word_too_many(typed: Type, words: tuple[str, ...], says: str) -> None:
    assert typed(*words).err.endswith(f"\nError: unexpected argument {says}\n")


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("export", "--dtype"), ("export", "--package"), ("export", "--chip"), ("cost", "--dtype"),
        ("evaluate", "--dtype"), ("evaluate", "--runtime"), ("predict", "--runtime"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("words", [("a,b",), ("a", "b")])
def test_several_names_where_one_belongs(
    command: str, option: str, words: tuple[str, ...], typed: Type
) -> None:
    [found] = [each for each in COMMANDS[command].params if option in each.opts]
    short = min(found.opts, key=len)
    with pytest.raises(InputError) as refused:
        typed(command, *(part for word in words for part in (short, word)))
    says = f"{option} takes one name; run `mlp-edge {command}` once for each of several"
    assert str(refused.value) == says


def test_several_names_where_one_belongs_end_with_2(process: Type) -> None:
    says = "error: --dtype takes one name; run `mlp-edge export` once for each of several\n"
    assert process("export", "--dtype", "int8,int16") == (2, "", says)


@pytest.mark.parametrize(
    ("command", "option", "one", "two", "wrong"),
    [
        ("export", "--format", "js", "micropython", "--format pb is not one of tflite, onnx"),
        ("parity", "--format", "js", "onnx", "--format pb is not one of tflite, onnx"),
        ("parity", "--runtime", "c", "js", "'pb'"),
        ("bench", "--runtime", "c", "js", "'pb'"),
        ("cost", "--chip", "avr", "rv32", "there is no chip 'pb'"),
        ("cost", "--board", "uno", "pico", "there is no board 'pb'"),
    ],
)
def test_several_names_stand_in_one_option_or_in_several(
    command: str, option: str, one: str, two: str, wrong: str, typed: Type
) -> None:
    [found] = [each for each in COMMANDS[command].params if option in each.opts]
    assert found.help.endswith("; several: A,B.")
    for words in ((f"{one},{two}",), (f"{one}, {two}",), (one, option, two)):
        # Nothing is wrong with the names: the model is what is missing.
        assert "there is no model" in typed(command, option, *words).err
    for words in ((f"{one},pb,{two}",), (one, option, "pb")):
        result = typed(command, option, *words)
        assert result.code == 2
        assert wrong in result.err
