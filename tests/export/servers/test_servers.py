"""Packages for model servers: bytes, checksum, names of strangers."""

from __future__ import annotations

import re

import pytest
from support.networks import network
from support.server_packages import ALL, KINDS, ODD, packed, served, unzipped

from mlp_edge.proof.checksum import checksum_error

NAMES = {
    "triton": ["net/1/model.onnx", "net/README.md", "net/config.pbtxt", "net/labels.txt"],
    "kserve": [
        "net/Dockerfile", "net/README.md", "net/inference-service.yaml", "net/models/net.onnx",
        "net/requirements.txt",
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_is_one_sealed_file_and_the_same_each_time(kind: str) -> None:
    package = packed(kind, network())
    assert package == packed(kind, network())
    assert checksum_error(package) is None
    assert checksum_error(package.replace(b"README", b"README", 1)[:-1]) is not None
    files = unzipped(package)
    assert sorted(files) == NAMES[kind]
    assert [content for name, content in files.items() if name.endswith(".onnx")] == [
        served(network()).content
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_says_what_goes_in_and_out(kind: str) -> None:
    pages = [
        content.decode("ascii")
        for name, content in unzipped(packed(kind, *ALL)).items()
        if name.endswith("README.md")
    ]
    text = "\n".join(pages)
    assert 'The label is "class 1" where the probability is greater than 0.5, other' in text
    assert r'[1] the probability of "gr\u00f6\u00dfe\n\u2028"' in text
    assert '[1] "y1"' in text
    assert r'[1] "col\"\n```\\"' in text
    assert "NaN or -1 counts as 30" in text
    for page in pages:
        assert page.isprintable() or set(page) - {"\n"} <= {chr(code) for code in range(32, 127)}
        fences = re.findall(r"^ {0,3}```", page, re.MULTILINE)
        assert len(fences) % 2 == 0, page


def test_a_row_of_the_page_is_one_that_the_model_takes() -> None:
    assert [float(cell) for cell in served(ODD).row.split(",")] == [45.0, 1.0, 49.5]
