# `make demo` shows what this is, `make test` proves that it works, `make test-quick` that nothing
# obvious broke. All set up what they need: Python 3.11 to 3.13, make and a network are enough.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := build/demo-venv
# What the suite was last run on, names and hashes; see CONTRIBUTING.md for how it is renewed.
CONSTRAINTS := constraints.txt
BESIDE := $(addprefix build/,$(addsuffix /installed,old-onnxruntime packagers clients kserve browser))

export TF_CPP_MIN_LOG_LEVEL := 3
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: demo test test-quick check lint types tests docs clean

demo: $(DEMO)/installed gcc
	rm -rf build/demo && mkdir -p build/demo
	cd build/demo && ../../$(DEMO)/bin/mlp-edge train
	cd build/demo && ../../$(DEMO)/bin/mlp-edge export
	cd build/demo && ../../$(DEMO)/bin/mlp-edge parity

test: lint types tests

check: test

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# What ships is checked, not the folders: mypy cannot follow an editable install's mapping.
types: $(VENV)/installed
	rm -rf build/types build/lib
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --target build/types .
	rm -rf build/lib *.egg-info
	$(BIN)/mypy --package mlp_edge

# A worker takes whole files, those with slow tests first (tests/conftest.py).
PYTEST := $(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

tests: $(VENV)/installed $(BESIDE) gcc scripts chips
	$(PYTEST) $(ARGS)

# Neither slow tests nor those that wait for TensorFlow.
test-quick: $(VENV)/installed $(BESIDE) gcc scripts chips
	$(PYTEST) -m "not slow and not trains" $(ARGS)

# What training takes, and none of what only tests need: half the time to the first model.
$(DEMO)/installed: pyproject.toml $(CONSTRAINTS)
	PYTHON=$(PYTHON) sh .ci/setup $(DEMO) $(CONSTRAINTS) train
	touch $@

$(VENV)/installed: pyproject.toml $(CONSTRAINTS)
	PYTHON=$(PYTHON) sh .ci/setup $(VENV) $(CONSTRAINTS)
	touch $@

# Programs of others, each in a folder of its own: an onnxruntime of two years ago, which has to load
# the exported files as well; PlatformIO and Espressif's component manager, which have to accept the
# libraries; clients of Triton and KServe and Schemathesis, which ask the server, and hadolint, which
# reads Dockerfiles; Playwright, which drives Chromium, and axe, which judges pages.
$(BESIDE): build/%/installed: tests/%.txt | $(VENV)/installed
	rm -rf $(@D)
	$(BIN)/pip install --quiet --require-hashes --no-deps --target $(@D) -r $<
	touch $@

.PHONY: gcc scripts chips
gcc:
	sh .ci/debian gcc:gcc g++:g++

# What runs exports in other languages and, where there is one, a browser that shows pages; Java is
# for Spark.
scripts:
	sh .ci/debian node:nodejs java:default-jre-headless
	-sh .ci/debian chromium:chromium

# Compilers for the chips, each with its C library, and the simulator of the AVR. Where they cannot
# be installed, the tests that need them are skipped; CI=true makes that failures.
chips:
	-sh .ci/debian avr-gcc:gcc-avr /usr/lib/avr/include/avr/io.h:avr-libc \
		/usr/include/simavr/sim_avr.h:libsimavr-dev \
		/usr/share/arduino/hardware/arduino/avr/cores/arduino/Arduino.h:arduino-core-avr \
		arduino-builder:arduino-builder cmake:cmake \
		cppcheck:cppcheck clang:clang arm-none-eabi-gcc:gcc-arm-none-eabi \
		/usr/include/newlib/string.h:libnewlib-arm-none-eabi \
		riscv64-unknown-elf-gcc:gcc-riscv64-unknown-elf \
		xtensa-lx106-elf-gcc:gcc-xtensa-lx106 \
		/usr/lib/xtensa-lx106-elf/include/string.h:picolibc-xtensa-lx106-elf \
		/usr/lib/picolibc/riscv64-unknown-elf/include/string.h:picolibc-riscv64-unknown-elf

# The site in build/site, from docs/, the commands and the docstrings; a warning is an error.
docs: $(VENV)/installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

clean:
	rm -rf $(VENV) build
