"""The examples of a library for Arduino's cores."""

from __future__ import annotations

from importlib.resources import files

from mlp_edge.export.packages.lamp import lamp
from mlp_edge.export.packages.library import Library, Member
from mlp_edge.export.packages.package import page


def sketches(library: Library) -> dict[str, bytes]:
    """A sketch per folder; those of one model stand in a folder of its own where there are several.

    Returns:
        ``examples/Predict/Predict.ino`` and the like -> content.
    """
    found = {"examples/SelfTest/SelfTest.ino": page("arduino/SelfTest.ino", library)}
    for member in library.members:
        place = "examples/" if len(library.members) == 1 else f"examples/{member.name}/"
        found[f"{place}Predict/Predict.ino"] = page(
            "arduino/Predict.ino", library, member=member, printed=member.printed
        )
        found[f"{place}Blink/Blink.ino"] = page(
            "arduino/Blink.ino", library, member=member, lamp=lamp(member.mlp)
        )
        found[f"{place}Parity/Parity.ino"] = _parity(member)
        if member.classifies_counts:
            found[f"{place}Classify/Classify.ino"] = page(
                "arduino/Classify.ino", library, member=member
            )
    return found


def _parity(member: Member) -> bytes:
    """The sketch that parity asks over a serial port, with the name of the model in it."""
    sketch = files("mlp_edge.firmware_headers").joinpath("sketch", "parity", "parity.ino")
    text = sketch.read_text(encoding="ascii")
    text = text.replace('#include "pima.h"', f"#include <{member.name}.h>")
    text = text.replace("pima_##", f"{member.name}_##").replace("PIMA_##", f"{member.NAME}_##")
    return text.encode("ascii")
