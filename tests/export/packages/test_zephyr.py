"""The Zephyr module: its manifest by the keys that Zephyr documents, its C for two cores."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from specimens import load
from support.c_compiler import STRICT, run
from support.chips import BY_NAME, require
from support.cross_compilers import COMPILERS
from support.networks import assert_within_bound, readings
from support.packages import packed, unpacked

# https://docs.zephyrproject.org/latest/develop/modules.html
SETTINGS = {"board_root", "dts_root", "soc_root", "arch_root", "module_ext_root", "sca_root"}
MANIFEST: dict[str, Any] = {
    "name": str,
    "build": {
        "cmake": str, "kconfig": str, "cmake-ext": bool, "kconfig-ext": bool,
        "depends": [str], "settings": dict.fromkeys(SETTINGS, str),
    },
    "tests": [str], "samples": [str], "boards": [str],
}  # fmt: skip
STUBS = {
    "zephyr/kernel.h": "#define K_SECONDS(s) (s)\nvoid k_sleep(int time);\n",
    "zephyr/console/console.h": "void console_init(void);\nint console_getchar(void);\n",
    "zephyr/drivers/gpio.h": """struct gpio_dt_spec { int pin; };
        #define DT_ALIAS(name) 0
        #define GPIO_DT_SPEC_GET(node, property) { node }
        enum { GPIO_OUTPUT_INACTIVE = 1 };
        int gpio_is_ready_dt(const struct gpio_dt_spec *);
        int gpio_pin_configure_dt(const struct gpio_dt_spec *, int);
        int gpio_pin_set_dt(const struct gpio_dt_spec *, int);\n""",
}
"""What the samples call of Zephyr, which is not here."""
CMAKE = """
function(there)
  foreach(file IN LISTS ARGN)
    if(NOT EXISTS "${file}")
      message(FATAL_ERROR "no ${file}")
    endif()
  endforeach()
endfunction()
function(zephyr_include_directories)
  there(${ARGN})
endfunction()
function(zephyr_library_sources)
  there(${ARGN})
  message("builds ${ARGN}")
endfunction()
function(zephyr_library_named name)
  message("library ${name}")
endfunction()
function(zephyr_library_compile_options)
endfunction()
set(CONFIG_MLP_EDGE_PIMA y)
set(CMAKE_CURRENT_SOURCE_DIR ${FOLDER})
include(${FOLDER}/CMakeLists.txt)
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    return unpacked(packed("zephyr", load("pima"), load("iris")), tmp_path)


def check(value: Any, schema: Any) -> None:
    if isinstance(schema, dict):
        assert isinstance(value, dict)
        for key, each in value.items():
            check(each, schema[key])
    elif isinstance(schema, list):
        assert isinstance(value, list)
        for each in value:
            check(each, schema[0])
    else:
        assert isinstance(value, schema)


def test_the_manifest(module: Path) -> None:
    manifest = yaml.safe_load((module / "zephyr" / "module.yml").read_text())
    check(manifest, MANIFEST)
    with pytest.raises(KeyError):
        check({**manifest, "licence": "MIT-0"}, MANIFEST)
    assert manifest["name"] == "mlp_edge_pima"
    assert (module / manifest["build"]["cmake"] / "CMakeLists.txt").is_file()
    assert (module / manifest["build"]["kconfig"]).is_file()
    assert all((module / place).is_dir() for place in manifest["samples"])


def test_it_builds_the_files_that_are_there(module: Path) -> None:
    (module / "check.cmake").write_text(CMAKE)
    run(module, "cmake", f"-DFOLDER={module / 'zephyr'}", "-P", "check.cmake")


def test_samples_switch_on_the_option_of_the_module(module: Path) -> None:
    kconfig = (module / "zephyr" / "Kconfig").read_text()
    assert re.findall(r"^config (\w+)\n\tbool ", kconfig, re.MULTILINE) == ["MLP_EDGE_PIMA"]
    samples = sorted((module / "samples").iterdir())
    assert [sample.name for sample in samples] == ["blink", "predict", "selftest"]
    for sample in samples:
        options = (sample / "prj.conf").read_text().splitlines()
        assert "CONFIG_MLP_EDGE_PIMA=y" in options
        assert all(re.fullmatch(r"#.*|CONFIG_[A-Z_]+=y", option) for option in options)
        described = yaml.safe_load((sample / "sample.yaml").read_text())
        assert set(described) == {"sample", "tests"}
        assert "src/main.c" in (sample / "CMakeLists.txt").read_text()


@pytest.mark.parametrize("core", ["cortex-m0", "rv32"])
def test_source_and_samples_compile(module: Path, core: str) -> None:
    for name, content in STUBS.items():
        path = module / "stubs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    for path in (*sorted(module.rglob("main.c")), *sorted((module / "src").glob("*.c"))):
        run(module, *COMPILERS[core], "-std=c99", "-Os", *STRICT, "-I", "src", "-I", "stubs",
            "-c", str(path), "-o", "out.o")  # fmt: skip


def test_its_source_predicts_on_a_simulated_cortex_m0(module: Path) -> None:
    chip, mlp = require(BY_NAME["cortex-m0"]), load("iris")
    rows = readings(mlp, 20)
    with chip.open(module / "src" / "iris.h") as opened:
        assert_within_bound(mlp, rows, opened.predict(rows))
