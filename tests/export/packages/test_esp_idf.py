"""The ESP-IDF component: accepted by Espressif's own tool, and compiled for an ESP32-C3's cores."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from specimens import load
from support.c_compiler import STRICT, run
from support.chips import BY_NAME, require
from support.networks import assert_within_bound, network, readings
from support.packagers import compote
from support.packages import packed, unpacked

from mlp_edge.errors import ModelError

GCC = (
    "riscv64-unknown-elf-gcc", "--specs=picolibc.specs", "-march=rv32imc", "-mabi=ilp32",
    "-std=c99", "-Os", "-ffp-contract=off", *STRICT,
)  # fmt: skip
STUBS = {
    "freertos/FreeRTOS.h": "#include <stdint.h>\n#define pdMS_TO_TICKS(ms) (ms)\n",
    "freertos/task.h": "void vTaskDelay(uint32_t ticks);\n",
    "driver/gpio.h": """#include <stdint.h>
        enum { GPIO_NUM_8 = 8, GPIO_MODE_OUTPUT = 2 };
        int gpio_reset_pin(int), gpio_set_direction(int, int), gpio_set_level(int, uint32_t);\n""",
}
"""What the examples call of ESP-IDF, which is not here."""
CMAKE = """
function(idf_component_register)
  cmake_parse_arguments(GIVEN "" "" "SRCS;INCLUDE_DIRS" ${ARGN})
  foreach(file IN LISTS GIVEN_SRCS GIVEN_INCLUDE_DIRS)
    if(NOT EXISTS "${FOLDER}/${file}")
      message(FATAL_ERROR "no ${FOLDER}/${file}")
    endif()
  endforeach()
  message("registers ${GIVEN_SRCS}")
endfunction()
function(target_compile_options)
endfunction()
include("${FOLDER}/CMakeLists.txt")
"""


@pytest.fixture
def component(tmp_path: Path) -> Path:
    return unpacked(packed("esp-idf", load("pima"), load("iris")), tmp_path)


@pytest.mark.slow
def test_the_component_manager_packs_it(component: Path) -> None:
    place = component.parent
    compote(place, "manifest", "lint", component)
    compote(
        place, "component", "pack", "--project-dir", component, "--name", "pima",
        "--dest-dir", place / "dist",
    )  # fmt: skip
    with tarfile.open(place / "dist" / "pima_1.2.3.tgz") as packed_by_them:
        names = {name.removeprefix("./") for name in packed_by_them.getnames()}
    assert {"idf_component.yml", "CMakeLists.txt", "LICENSE", "src/pima.c"} <= names
    assert "examples/blink/main/blink.c" in names


def test_source_and_examples_compile_for_rv32imc(component: Path) -> None:
    for name, content in STUBS.items():
        path = component.parent / "stubs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    own = [component / "src" / "pima.c", component / "src" / "iris.c"]
    examples = sorted((component / "examples").rglob("*.c"))
    assert [path.stem for path in examples] == ["blink", "predict", "selftest"]
    for path in (*own, *examples):
        run(component, *GCC, "-I", "src", "-I", "../stubs", "-c", str(path), "-o", "out.o")


def test_it_registers_the_files_that_are_there(component: Path) -> None:
    (component.parent / "check.cmake").write_text(CMAKE)
    for place in (component, *(path.parent for path in component.rglob("main/CMakeLists.txt"))):
        run(component.parent, "cmake", f"-DFOLDER={place}", "-P", "check.cmake")


def test_its_source_predicts_on_a_simulated_rv32(component: Path) -> None:
    chip, mlp = require(BY_NAME["rv32"]), load("pima")
    rows = readings(mlp, 20)
    with chip.open(component / "src" / "pima.h") as opened:
        assert_within_bound(mlp, rows, opened.predict(rows))


@pytest.mark.parametrize("name", ["main", "json", "esp_timer"])
def test_a_component_of_the_same_name_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match=rf"would replace ESP-IDF's own; `name='my_{name}'`"):
        packed("esp-idf", network(name=name))
