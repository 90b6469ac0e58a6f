"""A library for the Arduino IDE: source in src/, examples, and what its menus show.

Held by tests to https://arduino.github.io/arduino-cli/latest/library-specification/.
"""

from __future__ import annotations

from mlp_edge.export.packages.library import Library
from mlp_edge.export.packages.package import Package, page, sources
from mlp_edge.export.packages.sketches import sketches

_CORE = frozenset({
    "binary", "cdc", "client", "hardwareserial", "hardwareserial_private", "ipaddress",
    "pgmspace", "pins_arduino", "pluggableusb", "print", "printable", "server", "stream", "udp",
    "usbapi", "usbcore", "usbdesc", "wcharacter", "wiring_private", "wstring",
})  # fmt: skip
_LIBRARIES = frozenset({
    "bluetooth", "eeprom", "ethernet", "firmata", "hid", "i2s", "keyboard", "liquidcrystal",
    "littlefs", "mouse", "preferences", "sd", "servo", "softwareserial", "spi", "spiffs",
    "stepper", "ticker", "update", "webserver", "wifi", "wire",
})  # fmt: skip
"""Of the headers that come with the Arduino IDE and its cores, in lower case."""


def taken(name: str) -> str | None:
    """What stands in the way of a model's header; file systems may not tell upper from lower."""
    if name.startswith("arduino"):
        return "names that begin with Arduino are for official libraries"
    if name in _CORE or name in _LIBRARIES:
        return f"its {name}.h would stand in the way of Arduino's own"
    return None


def files(library: Library) -> dict[str, bytes]:
    """What is in the library."""
    members = library.members
    return {
        "library.properties": page(
            "arduino/library.properties", library,
            includes=[f"{member.name}.h" for member in members],
            paragraph=PARAGRAPH,
        ),
        "keywords.txt": page(
            "arduino/keywords.txt", library,
            functions=[name for member in members for name in member.functions],
            constants=[name for member in members for name in member.constants],
        ),
        "LICENSE": page("LICENSE", library),
        "README.md": page("arduino/README.md", library, remarks=PACKAGE.remarks(library)),
        **sources(library, "src/"),
        **sketches(library),
    }  # fmt: skip


PARAGRAPH = (
    "C99 without a heap or another library. The tables stay in flash. A self-test tells whether "
    "the board predicts what it should."
)


PACKAGE = Package(
    name="arduino",
    files=files,
    install="in the Arduino IDE: Sketch, Include Library, Add .ZIP Library",
    taken=taken,
    for_avr=True,
)
