"""A module for Zephyr, with a sample for each example."""

from __future__ import annotations

from mlp_edge.export.packages.lamp import lamp
from mlp_edge.export.packages.library import Library
from mlp_edge.export.packages.package import Package, nothing_taken, page, sources

_SAMPLES = ("predict", "blink", "selftest")


def files(library: Library) -> dict[str, bytes]:
    """What is in the module; its name and its options begin with ours, in nobody's way."""
    first = library.members[0]
    found = {
        "zephyr/module.yml": page("zephyr/module.yml", library),
        "zephyr/CMakeLists.txt": page("zephyr/CMakeLists.txt", library),
        "zephyr/Kconfig": page("zephyr/Kconfig", library),
        "LICENSE": page("LICENSE", library),
        "README.md": page("zephyr/README.md", library),
        **sources(library, "src/"),
    }
    for sample in _SAMPLES:
        place = f"samples/{sample}/"
        found |= {
            f"{place}CMakeLists.txt": page("zephyr/sample.txt", library, example=sample),
            f"{place}prj.conf": page("zephyr/prj.conf", library, example=sample),
            f"{place}sample.yaml": page("zephyr/sample.yaml", library, example=sample),
            f"{place}src/main.c": page(
                f"zephyr/{sample}.c", library, printed=first.printed, lamp=lamp(first.mlp)
            ),
        }
    return found


PACKAGE = Package(
    name="zephyr",
    files=files,
    install="unzip it beside a Zephyr application; its README.md says how it is named there",
    taken=nothing_taken,
)
