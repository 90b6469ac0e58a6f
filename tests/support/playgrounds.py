"""Playgrounds of reports, outside a report."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlp_edge.integers.quantised import Quantised
from mlp_edge.mlp import Mlp
from mlp_edge.report.playground import Fragment, playground
from support.networks import readings
from support.scripts import in_node

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src {scripts}; style-src {style}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Playground</title>
</head>
<body><main><h1>Model</h1>
<style>{css}</style>
{markup}
{elements}
</main></body>
</html>
"""  # noqa: E501 (one attribute)


def made(mlp: Mlp, quantised: Sequence[Quantised] = (), **given: Any) -> Fragment:
    """A playground with ten rows of a network, unless others are given."""
    return playground(mlp, quantised, **{"rows": readings(mlp, 10), **given})


def data_of(fragment: Fragment) -> Any:
    """What the script is told."""
    found = re.search(r'<script type="application/json">(.*)</script>', fragment.markup)
    assert found
    return json.loads(found[1])


def page(fragment: Fragment) -> str:
    """A page of the fragment alone, whose security policy knows hashes of its scripts and style."""
    return _PAGE.format(
        scripts=" ".join(map(_hash, fragment.scripts)) or "'none'",
        style=_hash(fragment.style),
        css=fragment.style,
        markup=fragment.markup,
        elements="\n".join(f'<script type="module">{text}</script>' for text in fragment.scripts),
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def in_modules(folder: Path, fragment: Fragment, program: str) -> Any:
    """What a program in Node.js prints as JSON, behind the scripts of a fragment.

    The program knows ``play``, what playground.js exports, and ``data``.
    """
    names = []
    for number, text in enumerate(fragment.scripts):
        names.append(f"script{number}.mjs")
        (folder / names[-1]).write_text(text, "utf-8")
    (folder / "data.json").write_text(json.dumps(data_of(fragment)), "utf-8")
    imports = "".join(f'import "./{name}";\n' for name in names)
    return in_node(folder, f"""
        {imports}
        import * as play from "./{names[-1]}";
        import {{ readFileSync }} from "node:fs";
        const data = JSON.parse(readFileSync("data.json"));
        const print = (value) => console.log(JSON.stringify(value));
        {program}
    """)  # fmt: skip
