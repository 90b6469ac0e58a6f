"""Options from dataclasses of settings, and the help and the old names of a command's options."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_args, get_type_hints

import typer
from typer.core import TyperCommand

from mlp_edge.cli.options import limits, names, widths
from mlp_edge.cli.printing.wording import worded_for
from mlp_edge.errors import InputError
from mlp_edge.foreign import typed
from mlp_edge.settings import Setting, settings_of

GROUPS = (
    "What to export", "What to run", "Table", "Columns", "Network", "Training", "Overfitting",
    "Evaluation", "Measurement", "Quantisation", "Limits", "Output", "Trust", "Hardware",
)  # fmt: skip
"""Headings in --help, in their order; what has none stands under Options, at the end."""
RENAMED = {
    "export": {"--rows": "--calibration-table", "--target": "--chip", "-t": "--chip"},
    "evaluate": {"--rows": "--rows-out"},
    "cost": {"--target": "--chip", "-t": "--chip"},
}
"""Command -> option of earlier versions -> what it is called now."""


class Command(TyperCommand):
    """A command whose help lists options under headings, and which knows its old spellings."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then the options by ``GROUPS``."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                panel = getattr(parameter, "rich_help_panel", None)
                kind = "Arguments" if parameter.param_type_name == "argument" else "Options"
                groups.setdefault(panel or kind, []).append(record)
        order = ("Arguments", *GROUPS)
        places = {name: place for place, name in enumerate(order)}
        for group in sorted(groups, key=lambda name: places.get(name, len(order))):
            with formatter.section(group):
                formatter.write_dl(groups[group], col_max=28)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what was typed.

        Raises:
            InputError: for an option that has another name now, or several names for one.
        """
        renamed = RENAMED.get(str(self.name), {})
        typed = args[: args.index("--")] if "--" in args else args
        for word in typed:
            flag = word.partition("=")[0]
            if flag in renamed:
                raise InputError(f"{flag} of `mlp-edge {self.name}` is now {renamed[flag]}")
        ctx.allow_extra_args = True
        given = list(args)  # which parsing empties
        extra = super().parse_args(ctx, args)
        if extra:
            ctx.fail(self._unexpected(extra))
        self._check_single(ctx, given)
        return extra

    def _check_single(self, ctx: Any, args: list[str]) -> None:
        """Refuse several names where one belongs; the last of them would win in silence.

        Raises:
            InputError: naming the option.
        """
        values, _, order = self.make_parser(ctx).parse_args(args=args)
        for each in self.params:
            if each.name not in SINGLE or getattr(each, "multiple", True):
                continue
            if order.count(each) > 1 or "," in str(values.get(each.name, "")):
                flag = max(each.opts, key=len)
                raise InputError(
                    f"{flag} takes one name; run `mlp-edge {self.name}` once for each of several"
                )

    def _unexpected(self, extra: list[str]) -> str:
        words = ", ".join(map(repr, extra))
        flags = [flag for parameter in self.params for flag in parameter.opts]
        by_name = f"; --model {typed(extra[0])} names a model" if "--model" in flags else ""
        return f"unexpected argument {words}{by_name}"

    def invoke(self, ctx: Any) -> Any:
        """Run the command; its messages word settings as options of this command line."""
        with worded_for(self, ctx.find_root().command, ctx.params):
            return super().invoke(ctx)


def takes(**kinds: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for every declared setting of some dataclasses.

    Args:
        kinds: parameter of the command -> dataclass. The command is called with a dict of the
            settings that were typed, by the names of their fields.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(ctx: typer.Context, **options: Any) -> None:
            for parameter, kind in kinds.items():
                values = {each.name: options.pop(each.name) for each in settings_of(kind)}
                options[parameter] = {
                    each.name: _read(each, values[each.name])
                    for each in settings_of(kind)
                    if _given(ctx, each.name)
                }
            command(**options)

        own = inspect.signature(command, eval_str=True).parameters.values()
        context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
        expanded = [context]
        for parameter in own:
            if parameter.name in kinds:
                expanded += _parameters(kinds[parameter.name])
            else:
                expanded.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
        run.__signature__ = inspect.Signature(expanded)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in expanded}
        return run

    return decorated


def _given(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and not source.name.startswith("DEFAULT")


def _parameters(kind: type) -> list[inspect.Parameter]:
    hints = get_type_hints(kind)
    return [_parameter(each, hints[each.name]) for each in settings_of(kind)]


def _parameter(each: Setting, hint: Any) -> inspect.Parameter:
    """The option of a setting, typed as the command line takes it."""
    taken = [part for part in get_args(hint) or (hint,) if part is not type(None)]
    default: Any = each.default
    if isinstance(default, tuple) or _is_tuple(hint):
        default = None if each.repeat or not default else ",".join(map(str, default))
        typed: Any = list[str] | None if each.repeat else str | None
    else:
        typed = taken[0] if default is not None else taken[0] | None
    option = typer.Option(
        *(each.flag or "").split(),
        help=_help(each),
        rich_help_panel=each.group,
        show_default=each.shown or default is not None,
    )
    return inspect.Parameter(
        each.name, inspect.Parameter.KEYWORD_ONLY, default=default,
        annotation=Annotated[typed, option],
    )  # fmt: skip


def _help(each: Setting) -> str:
    if not each.repeat:
        return each.help
    several = "several: A,B" if each.name in SEVERAL else "repeatable"
    return f"{each.help.removesuffix('.')}; {several}."


def _is_tuple(hint: Any) -> bool:
    return any(str(part).startswith("tuple[") for part in (hint, *get_args(hint)))


def _read(each: Setting, value: Any) -> Any:
    """What was typed as the value of its field."""
    kind = READERS.get(each.name)
    if kind is not None:
        return kind(value)
    if each.repeat:
        return tuple(part for text in value for part in _parts(each, text))
    return names(value) if isinstance(each.default, tuple) else value


def _parts(each: Setting, text: str) -> list[str]:
    return [part.strip() for part in text.split(",")] if each.name in SEVERAL else [text]


SINGLE = ("dtype", "package", "runtime", "chip")
"""Settings that are one name, for which several are often taken."""
SEVERAL = ("formats", "runtimes", "chips", "boards")
"""Settings of names without commas: typed once for each, or between commas."""
READERS: dict[str, Callable[[str], Any]] = {"hidden": widths, "clip": limits}
"""Settings that are typed in a notation of their own."""
