"""mlp-edge doctor: what this machine can do, and what brings the rest."""

from __future__ import annotations

from mlp_edge.cli.options import JsonOption
from mlp_edge.cli.printing.console import err, out, print_json
from mlp_edge.cli.printing.observer import Printing
from mlp_edge.cli.printing.sheets import show_sheets

STYLES = {"ok": "green", "missing": "yellow", "not tried": "yellow", "broken": "bold red"}
"""States that stand out."""


def doctor(as_json: JsonOption = False) -> None:
    """Show what this machine can do, and what brings the rest."""
    from mlp_edge.api.doctor.diagnosis import doctor as diagnosed

    found = diagnosed(Printing())
    if as_json:
        print_json(found.to_dict())
        return
    system, *tables, missing = found.sheets()
    out.print(system.title, style="bold")
    show_sheets(tables, STYLES)
    out.print(f"\n{missing.title}", style="bold")
    for line in missing.notes:  # a command is never broken
        out.print(f"  {line}", soft_wrap=True)
    for remark in found.remarks():
        err.print(remark)
