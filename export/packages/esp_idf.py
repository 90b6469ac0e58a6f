"""A component for ESP-IDF, with a project for each example."""

from __future__ import annotations

from mlp_edge.export.packages.lamp import lamp
from mlp_edge.export.packages.library import Library
from mlp_edge.export.packages.package import Package, page, sources

_EXAMPLES = ("predict", "blink", "selftest")
_COMPONENTS = frozenset({
    "app_trace", "app_update", "bootloader", "bt", "cmock", "console", "cxx", "driver",
    "efuse", "espcoredump", "esptool_py", "fatfs", "freertos", "hal", "heap", "http_parser",
    "idf_test", "ieee802154", "json", "linux", "log", "lwip", "main", "mbedtls", "mqtt", "newlib",
    "nvs_flash", "openthread", "partition_table", "perfmon", "protocomm", "pthread", "riscv", "rt",
    "sdmmc", "soc", "spi_flash", "spiffs", "tcp_transport", "touch_element", "ulp", "unity", "usb",
    "vfs", "wear_levelling", "wifi_provisioning", "wpa_supplicant", "xtensa",
})  # fmt: skip


def taken(name: str) -> str | None:
    """What a component of that name would replace."""
    if name in _COMPONENTS or name.startswith(("esp_", "bootloader_", "nvs_")):
        return f"a component {name} would replace ESP-IDF's own"
    return None


def files(library: Library) -> dict[str, bytes]:
    """What is in the component."""
    first = library.members[0]
    found = {
        "CMakeLists.txt": page("esp_idf/CMakeLists.txt", library),
        "idf_component.yml": page("esp_idf/idf_component.yml", library),
        "LICENSE": page("LICENSE", library),
        "README.md": page("esp_idf/README.md", library),
        **sources(library, "src/"),
    }
    for example in _EXAMPLES:
        place = f"examples/{example}/"
        found |= {
            f"{place}CMakeLists.txt": page("esp_idf/project.txt", library, example=example),
            f"{place}main/CMakeLists.txt": page("esp_idf/main.txt", library, example=example),
            f"{place}main/idf_component.yml": page("esp_idf/main.yml", library),
            f"{place}main/{example}.c": page(
                f"esp_idf/{example}.c", library, printed=first.printed, lamp=lamp(first.mlp)
            ),
        }
    return found


PACKAGE = Package(
    name="esp-idf",
    files=files,
    install="unzip it into the components folder of an ESP-IDF project",
    taken=taken,
)
