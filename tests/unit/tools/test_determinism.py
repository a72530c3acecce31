"""The ledger's determinism lint finds what could differ between two members, and lets pass what cannot."""

from __future__ import annotations

import pytest

from tools.determinism import check_source

BAD = {
    "import time": "time: the block carries the time",
    "from time import monotonic": "time: the block carries the time",
    "import random": "random: members would draw",
    "import locale": "locale: members speak",
    "import uuid": "uuid: members would draw",
    "import secrets": "secrets: members would draw",
    "import os\nx = os.environ['A']": "os.environ: members have different",
    "from os import environ": "os.environ: members have different",
    "import datetime\nx = datetime.datetime.now()": "datetime.now: the block carries",
    "from datetime import date\nx = date.today()": "date.today: the block carries",
    "x = hash('a')": "hash(): it is salted",
    "x = id(object)": "id(): it is a memory address",
    "x = open('a')": "open(): a rule reads",
    "x = 0.5": "0.5 is a float",
    "x = 1e3": "1000.0 is a float",
    "x = a / b": "`/` gives a float",
    "x /= 2": "`/` gives a float",
    "x = float(y)": "float: rounding differs",
    "import math\nx = math.log2(y)": "math.log2 is a float",
    "from math import ceil": "math.ceil is a float",
    "for x in {1, 2}: pass": "`{1, 2}` is a set",
    "for x in set(y): pass": "`set(y)` is a set",
    "x = [a for a in frozenset(y)]": "`frozenset(y)` is a set",
    "x = {a: 1 for a in set(y)}": "`set(y)` is a set",
    "x = list({1, 2})": "`{1, 2}` is a set",
    "x = tuple(set(y))": "`set(y)` is a set",
    "x = ','.join({a for a in y})": "`{a for a in y}` is a set",
    "x = [*set(y)]": "`set(y)` is a set",
    "x, = set(y)": "`set(y)` is a set",
    "x = next(iter(set(y)))": "`set(y)` is a set",
    "x = set(y)\nz = x.pop()": "`x` is a set",
    "x = set(y)\nfor z in x: pass": "`x` is a set",
    "x = set(y)\nw = x | other\nfor z in w: pass": "`w` is a set",
    "for x in a.keys() ^ b.keys(): pass": "`a.keys() ^ b.keys()` is a set",
    "def f(x: frozenset[str]):\n    return [a for a in x]": "`x` is a set",
    "def f(x: 'set[str] | None'):\n    return [a for a in x]": "`x` is a set",
    "class A:\n    x: frozenset[str]\n    def f(self):\n        yield from self.x": "`self.x` is a set",
    "class A:\n    def g(self):\n        self.x = set()\n    def f(self):\n        return [*self.x]": "`self.x` is a set",
    "class A:\n    x: frozenset[str]\ndef f(a: A):\n    return [*a.x]": "`a.x` is a set",
    "def f(y):\n    x = set(y)\n    return lambda: list(x)": "`x` is a set",
    "def f() -> set[str]: ...\nfor x in f(): pass": "`f()` is a set",
    "x = f'{set(y)}'": "`set(y)` is a set",
    "x = tuple(a for a in set(y))": "`set(y)` is a set",
}

GOOD = [
    "x = a // b",
    "import math\nx = math.isqrt(y)",
    "for x in sorted({1, 2}): pass",
    "x = [a for a in sorted(set(y))]",
    "x = 1 in {1, 2}",
    "x = len(set(y))",
    "x = any(a > 1 for a in set(y))",
    "x = {a + 1 for a in set(y)}",
    "x = sorted(a for a in set(y))",
    "for key in mapping: pass",
    "for key in mapping.keys(): pass",
    "x = items.pop()",
    "from datetime import UTC, datetime\nx = datetime.fromtimestamp(seconds, UTC)",
    "x = float_name",
    "def f(x: set[str]): ...\ndef g(x: list[str]):\n    return [*x]",
    "x = set(y)\ndef f(x: list[str]):\n    return [*x]",
    "class A:\n    x: set[str]\nclass B:\n    x: list[str]\n    def f(self):\n        return [*self.x]",
    "class A:\n    x: set[str]\nclass B:\n    x: list[str]\ndef f(b: B):\n    return [*b.x]",
    "for x in {1, 2}: pass  # deterministic: the body adds integers",
]


@pytest.mark.parametrize("source", BAD)
def test_what_could_differ_between_members_is_refused(source: str) -> None:
    findings = check_source(source, "rule.py")
    assert len(findings) == 1
    assert BAD[source] in findings[0]


@pytest.mark.parametrize("source", GOOD)
def test_what_cannot_differ_passes(source: str) -> None:
    assert check_source(source) == []


def test_a_finding_names_file_and_line() -> None:
    assert check_source("x = 1\ny = x / 2", "rule.py") == ["rule.py:2: `/` gives a float: use `//` and say which way it rounds"]
