"""Packages: models in C as people install libraries, one module per kind."""

from mlp_edge.export.packages import arduino, cmake, esp_idf, platformio, zephyr
from mlp_edge.export.packages.package import Package

PACKAGES: tuple[Package, ...] = (
    arduino.PACKAGE,
    platformio.PACKAGE,
    esp_idf.PACKAGE,
    zephyr.PACKAGE,
    cmake.PACKAGE,
)
"""Every kind, in the order in which they are shown."""
