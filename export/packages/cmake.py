"""A CMake package: a static library that another project finds, and two programs."""

from __future__ import annotations

from mlp_edge.export.packages.library import Library
from mlp_edge.export.packages.package import Package, nothing_taken, page, sources


def files(library: Library) -> dict[str, bytes]:
    """What is in the package."""
    return {
        "CMakeLists.txt": page("cmake/CMakeLists.txt", library),
        f"cmake/{library.name}-config.cmake.in": page("cmake/config.cmake.in", library),
        "LICENSE": page("LICENSE", library),
        "README.md": page("cmake/README.md", library),
        "examples/predict.c": page(
            "cmake/predict.c", library, printed=library.members[0].printed
        ),
        "examples/selftest.c": page("cmake/selftest.c", library),
        **sources(library, "src/"),
    }  # fmt: skip


PACKAGE = Package(
    name="cmake",
    files=files,
    install="cmake -E tar xf unpacks it; its README.md says how it is built and found",
    taken=nothing_taken,
)
