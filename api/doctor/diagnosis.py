"""``mlp_edge.doctor``: what this machine can do, and what brings the rest."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlp_edge import __version__
from mlp_edge.api.doctor import machine
from mlp_edge.api.doctor.machine import Component
from mlp_edge.api.observer import SILENT, Observer
from mlp_edge.api.result import Result, Sheet
from mlp_edge.requirements import requirements


@dataclass(frozen=True, repr=False)
class Diagnosis(Result):
    """What this machine can do.

    Attributes:
        python: the Python that runs this.
        packages: that mlp-edge requires, or that its extras bring.
        devices: the processor, and GPUs as TensorFlow sees them.
        runtimes: places to run.
        programs: compilers and simulators.
    """

    python: tuple[Component, ...]
    packages: tuple[Component, ...]
    devices: tuple[Component, ...]
    runtimes: tuple[Component, ...]
    programs: tuple[Component, ...]

    @property
    def missing(self) -> tuple[Component, ...]:
        """Everything that some command would bring or repair."""
        groups = (self.python, self.packages, self.devices, self.runtimes, self.programs)
        return tuple(item for group in groups for item in group if item.remedy)

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis as plain values.

        Returns:
            Every component by its group, and the system.
        """
        groups = {name: [vars(item) for item in items] for name, items in vars(self).items()}
        system = {
            "name": platform.system(),
            "machine": platform.machine(),
            "cpus": os.cpu_count(),
        }
        return {"mlp_edge": __version__, "system": system, **groups}

    def sheets(self) -> Sequence[Sheet]:
        """The tables that are shown.

        Returns:
            The system, packages, devices, runtimes, programs; what is missing.
        """
        system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
        sheets = [
            Sheet(f"mlp-edge {__version__} on {system}"),
            self._package_sheet(),
            self._device_sheet(),
            self._runtime_sheet(),
            self._program_sheet(),
            self._missing_sheet(),
        ]
        return [sheet for sheet in sheets if sheet.rows or not sheet.columns]

    def remarks(self) -> Sequence[str]:
        """What is said beside the tables.

        Returns:
            What could not be looked up, a sentence each.
        """
        if self.packages:
            return ()
        return ("note: mlp-edge is not installed as a package, so its ranges are unknown",)

    def _package_sheet(self) -> Sheet:
        items = (*self.python, *self.packages)
        rows = tuple((item.name, item.version or "", item.tried, item.state) for item in items)
        return Sheet("packages", ("package", "version", "tried", "state"), rows, text_columns=4)

    def _device_sheet(self) -> Sheet:
        items = (*self.devices[:1], *self.packages, *self.devices[1:])
        rows = tuple((item.name, item.detail) for item in items if item.detail)
        return Sheet("devices and providers", ("library", "sees"), rows, text_columns=2)

    def _runtime_sheet(self) -> Sheet:
        rows = tuple(
            (item.name, item.state, "; ".join(filter(None, [item.purpose, item.detail])))
            for item in self.runtimes
        )
        return Sheet("runtimes", ("runtime", "state", "for"), rows, text_columns=3)

    def _program_sheet(self) -> Sheet:
        rows = tuple((item.name, item.state, item.version or "") for item in self.programs)
        title = "compilers and simulators"
        return Sheet(title, ("program", "state", "version"), rows, text_columns=3)

    def _missing_sheet(self) -> Sheet:
        """What each missing thing is for, and the command that brings it."""
        if not self.missing:
            return Sheet("nothing is missing")
        lines = []
        for remedy in dict.fromkeys(item.remedy for item in self.missing):
            lines += [
                f"{item.name} ({item.state}): {item.purpose}"
                for item in self.missing
                if item.remedy == remedy
            ]
            lines.append(f"    {remedy}")
        title = "what is missing, what it is for, and the command that brings it"
        return Sheet(title, notes=tuple(lines))


def doctor(observer: Observer = SILENT) -> Diagnosis:
    """Look at this machine: packages, devices, runtimes, compilers, simulators.

    Every library is started in a Python of its own, which takes seconds.

    Args:
        observer: is told what is looked at.

    Returns:
        What is there, what is missing, and what would bring it.
    """
    with observer.step("looking at Python and its packages") as say:
        packages = []
        for wanted in requirements():
            say(f"starting {wanted.name}")
            packages.append(machine.package(wanted))
        say("looking for compilers and simulators")
        gpus = [machine.gpu(item) for item in packages if item.name == "tensorflow"]
        return Diagnosis(
            python=(machine.python(),),
            packages=tuple(packages),
            devices=(machine.cpu(), *gpus),
            runtimes=tuple(machine.runtimes(packages)),
            programs=tuple(machine.tool(wanted) for wanted in machine.TOOLS),
        )
