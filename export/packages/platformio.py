"""A library for PlatformIO: the Arduino library's source and examples with library.json."""

from __future__ import annotations

import json

from mlp_edge.export.packages.arduino import taken
from mlp_edge.export.packages.library import Library
from mlp_edge.export.packages.package import Package, page, sources
from mlp_edge.export.packages.sketches import sketches


def files(library: Library) -> dict[str, bytes]:
    """What is in the library."""
    examples = sketches(library)
    return {
        "library.json": _manifest(library, sorted(examples)),
        "LICENSE": page("LICENSE", library),
        "README.md": page("platformio/README.md", library, remarks=PACKAGE.remarks(library)),
        **sources(library, "src/"),
        **examples,
    }


def _manifest(library: Library, examples: list[str]) -> bytes:
    places = [example.removeprefix("examples/").rpartition("/") for example in examples]
    values = {
        "name": library.name,
        "version": library.version,
        "description": library.sentence,
        "keywords": ["neural-network", "inference", "mlp"],
        "license": "MIT-0",
        "frameworks": "*",
        "platforms": "*",
        "headers": [f"{member.name}.h" for member in library.members],
        "examples": [
            {"name": folder, "base": f"examples/{folder}", "files": [name]}
            for folder, _, name in places
        ],
        # Nothing fuses a product and its sum, so the predictions have the same bits everywhere.
        "build": {"flags": "-ffp-contract=off"},
    }
    return (json.dumps(values, indent=2) + "\n").encode("ascii")


PACKAGE = Package(
    name="platformio",
    files=files,
    install="in a PlatformIO project: pio pkg install --library file://…, the path of the .zip",
    taken=taken,
    for_avr=True,
)
