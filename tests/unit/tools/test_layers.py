"""The layer check refuses imports that break the picture, wherever they hide."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.layers import check_package


def package(root: Path, files: dict[str, str]) -> Path:
    top = root / "atoll"
    for name, source in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return top


BAD = {
    "upward": ({"wire/a.py": "import atoll.node.b", "node/b.py": ""}, "wire may not import node: node lies above it"),
    "upward by from": ({"ledger/a.py": "from atoll import policy", "policy/__init__.py": ""}, "ledger may not import policy"),
    "upward by a relative import": (
        {"ledger/a.py": "from ..policy import x", "policy/__init__.py": ""},
        "ledger may not import policy",
    ),
    "upward inside a function": (
        {"wire/a.py": "def f():\n    from atoll.cli import x", "cli/__init__.py": ""},
        "wire may not import cli",
    ),
    "upward for types only": (
        {
            "wire/a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from atoll.node import x",
            "node/__init__.py": "",
        },
        "wire may not import node",
    ),
    "upward by importlib": (
        {"wire/a.py": "import importlib\nimportlib.import_module('atoll.node')"},
        "wire may not import node",
    ),
    "the front door from below": (
        {"wire/a.py": "from atoll import connect", "__init__.py": ""},
        "wire may not import __init__",
    ),
    "siblings": (
        {"trust/a.py": "from atoll.protocols import role", "protocols/role.py": ""},
        "trust may not import protocols: they are siblings",
    ),
    "node and client": (
        {"client/a.py": "import atoll.node.b", "node/b.py": ""},
        "client may not import node: they are siblings",
    ),
    "testing from below": (
        {"node/a.py": "import atoll.testing.b", "testing/b.py": ""},
        "node may not import testing: only tests may",
    ),
    "testing from the command line": ({"cli/a.py": "import atoll.testing.b", "testing/b.py": ""}, "cli may not import testing"),
    "an import of a part without a place": ({"cli/a.py": "import atoll.helpers"}, "helpers is not in the picture"),
    "a pure part that reads the clock": ({"ledger/a.py": "from time import time"}, "ledger is pure and may not import time"),
    "a pure part that opens sockets": (
        {"protocols/a.py": "def f():\n    import socket"},
        "protocols is pure and may not import socket",
    ),
    "a cycle": (
        {"wire/a.py": "import atoll.wire.b", "wire/b.py": "def f():\n    from atoll.wire import a"},
        "import cycle: atoll.wire.",
    ),
}

GOOD = {
    "downward": {"node/a.py": "from atoll.wire.b import x", "wire/b.py": "x = 1"},
    "within one part": {"wire/a.py": "from .b import x\nfrom atoll.wire import b", "wire/b.py": "x = 1"},
    "native core": {"primitives/a.py": "from atoll import _core"},
    "the world in memory": {"testing/a.py": "import atoll.node.b", "node/b.py": ""},
    "a marked line of the command line": {"cli/a.py": "import atoll.testing.b  # layers: world in memory", "testing/b.py": ""},
    "the outside world where it belongs": {"transport/a.py": "import socket, time"},
    "others' packages": {"wire/a.py": "import hashlib"},
    "front door": {
        "__init__.py": "from atoll.client import connect",
        "client/__init__.py": "from atoll.client.a import connect",
        "client/a.py": "",
    },
}


@pytest.mark.parametrize("case", BAD)
def test_an_import_that_breaks_the_picture_is_refused(case: str, tmp_path: Path) -> None:
    files, rule = BAD[case]
    (finding,) = check_package(package(tmp_path, files))
    assert rule in finding


def test_a_part_without_a_place_in_the_picture_is_refused(tmp_path: Path) -> None:
    (finding,) = check_package(package(tmp_path, {"helpers/a.py": ""}))
    assert "helpers is not in the picture" in finding


@pytest.mark.parametrize("case", GOOD)
def test_an_import_that_keeps_to_the_picture_passes(case: str, tmp_path: Path) -> None:
    assert check_package(package(tmp_path, GOOD[case])) == []


def test_a_finding_names_file_and_line(tmp_path: Path) -> None:
    top = package(tmp_path, {"wire/a.py": "x = 1\nimport atoll.node", "node/__init__.py": ""})
    assert check_package(top) == [f"{top}/wire/a.py:2: wire may not import node: node lies above it"]


def test_each_cycle_is_named_once(tmp_path: Path) -> None:
    files = {f"wire/{a}.py": f"import atoll.wire.{b}" for a, b in ("ab", "bc", "ca", "de", "ed")}
    findings = check_package(package(tmp_path, files))
    assert len(findings) == 2
    assert all("import cycle" in finding for finding in findings)
