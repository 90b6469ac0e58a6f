"""mlp-edge doctor: what this machine can do, and what brings the rest."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlp_edge import __version__
from mlp_edge.cli.options import JsonOption
from mlp_edge.cli.printing.console import err, out, print_json
from mlp_edge.cli.printing.progress import status

if TYPE_CHECKING:
    from mlp_edge.runtime.machine import Component

STYLES = {"ok": "green", "missing": "yellow", "not tried": "yellow", "broken": "bold red"}


def doctor(as_json: JsonOption = False) -> None:
    """Show what this machine can do, and what brings the rest."""
    from mlp_edge.requirements import requirements
    from mlp_edge.runtime import machine

    with status("looking at Python and its packages") as say:
        found: dict[str, list[Component]] = {"python": [machine.python()], "packages": []}
        for wanted in requirements():
            say(f"starting {wanted.name}")
            found["packages"].append(machine.package(wanted))
        say("looking for compilers and simulators")
        found["devices"] = [machine.cpu()] + [
            machine.gpu(item) for item in found["packages"] if item.name == "tensorflow"
        ]
        found["runtimes"] = machine.runtimes(found["packages"])
        found["programs"] = [machine.tool(wanted) for wanted in machine.TOOLS]
    if as_json:
        print_json(_record(found))
    else:
        _show(found)


def _system() -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"


def _record(found: dict[str, list[Component]]) -> dict[str, Any]:
    groups = {group: [vars(item) for item in items] for group, items in found.items()}
    return {
        "mlp_edge": __version__,
        "system": {"name": platform.system(), "machine": platform.machine(),
                   "cpus": os.cpu_count()},
        **groups,
    }  # fmt: skip


def _show(found: dict[str, list[Component]]) -> None:
    [python] = found["python"]
    out.print(f"mlp-edge {__version__} on {_system()}", style="bold")
    if not found["packages"]:
        err.print("note: mlp-edge is not installed as a package, so its ranges are unknown")
    _show_packages([python, *found["packages"]])
    _show_devices([*found["devices"][:1], *found["packages"], *found["devices"][1:]])
    _show_places(found["runtimes"])
    _show_programs(found["programs"])
    everything = [item for items in found.values() for item in items]
    _show_remedies([item for item in everything if item.remedy])


def _show_packages(items: Sequence[Component]) -> None:
    from rich.text import Text

    from mlp_edge.cli.printing.tables import new_table, show

    table = new_table("packages", "package", "version", "tried", "state", text_columns=4)
    for item in items:
        table.add_row(item.name, item.version or "", item.tried, Text(item.state, _style(item)))
    show(table)


def _show_devices(items: Sequence[Component]) -> None:
    from rich.text import Text

    from mlp_edge.cli.printing.tables import new_table, show

    table = new_table("devices and providers", "library", "sees", text_columns=2)
    table.columns[1].no_wrap = False
    for item in items:
        if item.detail:
            table.add_row(item.name, Text(item.detail, "" if item.state == "ok" else _style(item)))
    if table.row_count:
        show(table)


def _show_places(items: Sequence[Component]) -> None:
    from rich.text import Text

    from mlp_edge.cli.printing.tables import new_table, show

    table = new_table("runtimes", "runtime", "state", "for", text_columns=3)
    table.columns[2].no_wrap = False
    for item in items:
        purpose = f"{item.purpose}; {item.detail}" if item.detail else item.purpose
        table.add_row(item.name, Text(item.state, _style(item)), Text(purpose))
    show(table)


def _show_programs(items: Sequence[Component]) -> None:
    from rich.text import Text

    from mlp_edge.cli.printing.tables import new_table, show

    table = new_table("compilers and simulators", "program", "state", "version", text_columns=3)
    table.columns[2].no_wrap = False
    for item in items:
        table.add_row(item.name, Text(item.state, _style(item)), Text(item.version or ""))
    show(table)


def _show_remedies(items: Sequence[Component]) -> None:
    """What is missing, what it is for, and the command that brings it, once for all it brings."""
    if not items:
        out.print("\nnothing is missing")
        return
    out.print("\nwhat is missing, what it is for, and the command that brings it", style="bold")
    for remedy in dict.fromkeys(item.remedy for item in items):
        for item in items:
            if item.remedy == remedy:
                out.print(f"  {item.name} ({item.state}): {item.purpose}", soft_wrap=True)
        out.print(f"      {remedy}", style="bold", soft_wrap=True)


def _style(item: Component) -> str:
    return STYLES[item.state]
