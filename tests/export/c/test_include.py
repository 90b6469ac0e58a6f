"""Including a header: once, or in several files, which share one copy of the tables."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from support.c_compiler import C99, CPP11, STRICT, run
from support.hostile_text import HOSTILE
from support.networks import encoded, network

from mlp_edge.export.c import export
from mlp_edge.feature import Feature
from mlp_edge.mlp import Mlp

PIMA = network(name="pima", labels=("no", "yes"))


def write(folder: Path, mlp: Mlp, **options: bool) -> None:
    (folder / f"{mlp.name}.h").write_bytes(export(mlp, **options))


def two_files(folder: Path, rule: str) -> None:
    write(folder, PIMA)
    (folder / "one.c").write_text(
        '#include "pima.h"\nint one(const float *x);\n'
        "int one(const float *x) { float y; pima_predict(x, &y); return y > PIMA_THRESHOLD; }\n"
    )
    (folder / "two.c").write_text(
        f'{rule}#include "pima.h"\n#ifdef __cplusplus\nextern "C" {{\n#endif\n'
        "int two(const float *x);\n#ifdef __cplusplus\n}\n#endif\n"
        "int two(const float *x) { return pima_classify(x) + (pima_label(1)[0] != 'y'); }\n"
    )
    (folder / "main.c").write_text(
        f'{rule}#include "pima.h"\n#ifdef __cplusplus\nextern "C" {{\n#endif\n'
        "int two(const float *x);\n#ifdef __cplusplus\n}\n#endif\n"
        "int main(void)\n{\n    float x[PIMA_INPUTS] = {0.0f}, y;\n    pima_predict(x, &y);\n"
        "    return two(x) != (y > PIMA_THRESHOLD ? PIMA_CLASS_YES : PIMA_CLASS_NO);\n}\n"
    )


@pytest.mark.parametrize("languages", [("c", "c"), ("c++", "c++"), ("c", "c++"), ("c++", "c")])
def test_several_files_have_one_copy_of_the_tables(
    languages: tuple[str, str], tmp_path: Path
) -> None:
    two_files(tmp_path, "#define PIMA_DECLARE_ONLY\n")
    compilers = {"c": C99, "c++": CPP11}
    for name, language in zip(("one", "two", "main"), (*languages, languages[1]), strict=True):
        run(tmp_path, *compilers[language], *STRICT, "-Os", "-c", f"{name}.c", "-o", f"{name}.o")
    run(tmp_path, "g++", "one.o", "two.o", "main.o", "-o", "all")
    run(tmp_path, "./all")
    tables = re.findall(r"\w (?:\w*)(PIMA_LAYER1_WEIGHTS\w*)$", run(tmp_path, "nm", "all"), re.M)
    assert len(tables) == 1
    sizes = [int(run(tmp_path, "size", f"{name}.o").split("\n")[1].split()[0])
             for name in ("one", "two")]  # fmt: skip
    assert sizes[0] > 4 * PIMA.parameters > 4 * sizes[1]


def test_forgetting_the_rule_is_an_error_not_a_second_copy(tmp_path: Path) -> None:
    two_files(tmp_path, "")
    for name in ("one", "two", "main"):
        run(tmp_path, *C99, "-c", f"{name}.c", "-o", f"{name}.o")
    link = ["gcc", "one.o", "two.o", "main.o", "-o", "all"]
    result = subprocess.run(link, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "multiple definition of `pima_predict'" in result.stderr


def test_weights_only_in_two_files(tmp_path: Path) -> None:
    write(tmp_path, PIMA, weights_only=True)
    plain = '#include "pima.h"\n'
    own = "float first(void);\nfloat first(void) { return PIMA_LAYER1_BIAS[0]; }\n"
    (tmp_path / "one.c").write_text(plain + own)
    (tmp_path / "main.c").write_text(
        f"#define PIMA_DECLARE_ONLY\n{plain}float first(void);\n"
        "int main(void) { return first() > 2.0f * PIMA_INPUTS; }\n"
    )
    run(tmp_path, *C99, *STRICT, "one.c", "main.c", "-o", "all")
    run(tmp_path, "./all")
    (tmp_path / "main.c").write_text(f"{plain}int main(void) {{ return 0; }}\n")
    link = ["gcc", "one.c", "main.c", "-o", "all"]
    assert subprocess.run(link, cwd=tmp_path, capture_output=True, check=False).returncode != 0


def test_declarations_first_and_the_tables_later_in_one_file(tmp_path: Path) -> None:
    write(tmp_path, PIMA)
    (tmp_path / "main.c").write_text(
        '#define PIMA_DECLARE_ONLY\n#include "pima.h"\n#undef PIMA_DECLARE_ONLY\n'
        '#include "pima.h"\n#include "pima.h"\n'
        "int main(void) { const float x[8] = {0.0f}; return pima_classify(x) < 0; }\n"
    )
    for language in (C99, CPP11):
        run(tmp_path, *language, *STRICT, "main.c", "-o", "main")
        run(tmp_path, "./main")


# Constants and labels


def test_constants_by_name() -> None:
    text = export(
        encoded([Feature("Age (years)"), Feature("age years"), Feature("体重"), Feature("Class")],
                task="multiclass", outputs=3, labels=("Iris-setosa", "b", "B"), name="iris")
    ).decode()  # fmt: skip
    for line in (
        '    IRIS_FEATURE_AGE_YEARS = 0, /* "Age (years)" */',
        '    IRIS_FEATURE_AGE_YEARS_2 = 1, /* "age years" */',
        '    IRIS_FEATURE = 2, /* "\\u4f53\\u91cd" */',
        "#define IRIS_CLASSES 3",
        '    IRIS_CLASS_IRIS_SETOSA = 0, /* "Iris-setosa" */',
        '    IRIS_CLASS_B = 1, /* "b" */',
        '    IRIS_CLASS_B_2 = 2, /* "B" */',
    ):
        assert line in text.splitlines()


def test_a_regression_has_outputs_and_no_classes() -> None:
    text = export(encoded([Feature("x")], outputs=2, targets=("mass", "length"))).decode()
    assert '    NET_OUTPUT_LENGTH = 1, /* "length" */' in text
    assert "OUTPUT_" not in export(encoded([Feature("x")])).decode()
    assert not re.search(r"NET_CLASS|net_label|net_classify|LABELS", text)


def labels_as_read(mlp: Mlp, folder: Path, *compiler: str) -> list[bytes]:
    write(folder, mlp)
    (folder / "main.c").write_text(
        f'#include <stdio.h>\n#include "{mlp.name}.h"\nint main(void)\n{{\n'
        f"    for (int i = -2; i < {len(mlp.labels) + 2}; i++) {{\n"
        f"        fputs({mlp.name}_label(i), stdout);\n        putchar(0);\n    }}\n"
        "    return 0;\n}\n"
    )
    run(folder, *compiler, *STRICT, "-Wtrigraphs", "main.c", "-o", "main")
    return subprocess.run([folder / "main"], capture_output=True, check=True).stdout.split(b"\0")


@pytest.mark.parametrize("language", [C99, CPP11], ids=["c99", "c++11"])
def test_any_label_reads_back(language: tuple[str, ...], tmp_path: Path) -> None:
    labels = tuple(dict.fromkeys([*HOSTILE, "7" + "é7" * 60, "long " * 100]))
    labels = tuple(label for label in labels if "\0" not in label)
    read = labels_as_read(
        network((2, len(labels)), task="multiclass", labels=labels), tmp_path, *language
    )
    expected = [label.encode() for label in labels]
    assert read == [b"", b"", *expected, b"", b"", b""]


def test_a_header_wider_than_an_avr_says_so(tmp_path: Path) -> None:
    mlp = network((200, 100, 1), name="wide")
    write(tmp_path, mlp)
    assert '#error "wide: 8' in export(mlp).decode()
    (tmp_path / "main.c").write_text('#include "wide.h"\ntypedef int not_empty;\n')
    run(tmp_path, *C99, *STRICT, "-c", "main.c", "-o", "main.o")
    assert "#ifdef __AVR__\n#error" not in export(PIMA).decode()
    if shutil.which("avr-gcc"):
        command = ["avr-gcc", "-mmcu=atmega328p", "-c", "main.c", "-o", "main.o"]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert "an AVR reads 65536 bytes of flash" in result.stderr


def test_two_models_in_one_file(tmp_path: Path) -> None:
    write(tmp_path, PIMA)
    write(tmp_path, replace(network((4, 3), task="multiclass"), name="iris"))
    write(tmp_path, network((1, 4, 1), "tanh", "regression", name="sine"))
    (tmp_path / "main.c").write_text(
        '#define IRIS_SELFTEST\n#define PIMA_SELFTEST\n#include "pima.h"\n#include "iris.h"\n'
        '#include "sine.h"\nint main(void)\n{\n    const float x[8] = {0.0f};\n    float y;\n'
        "    sine_predict(x, &y);\n    return pima_selftest() + iris_selftest() + "
        "(iris_classify(x) < 0) + (pima_classify(x) < 0);\n}\n"
    )
    for language in (C99, CPP11):
        run(tmp_path, *language, *STRICT, "-O2", "-ffp-contract=off", "main.c", "-o", "main")
        run(tmp_path, "./main")
