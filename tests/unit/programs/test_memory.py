"""The memory that a plan promises is enough for operations on tables: a job's process is held to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from atoll.protocols.mpc import Adversary
from atoll.protocols.mpc.traffic import Notes

SEMI_HONEST, MALICIOUS = Adversary
CASES = [
    ("shuffle", 100_000, SEMI_HONEST),
    ("shuffle", 100_000, MALICIOUS),
    ("order", 100_000, SEMI_HONEST),
    ("order", 100_000, MALICIOUS),
    ("by code", 100_000, SEMI_HONEST),
    ("by code", 50_000, MALICIOUS),
    ("by key", 100_000, SEMI_HONEST),
    ("by key", 25_000, MALICIOUS),
    ("gather", 100_000, SEMI_HONEST),
    ("join", 50_000, SEMI_HONEST),
    ("join", 25_000, MALICIOUS),
]


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on private memory is Linux's")
@pytest.mark.parametrize(("name", "rows", "adversary"), CASES)
def test_a_program_on_tables_runs_in_the_memory_that_is_promised(name: str, rows: int, adversary: Adversary) -> None:
    """A fresh process, whose peak nothing else has raised; the promise is no more than four times what is taken."""
    command = [sys.executable, str(Path(__file__).with_name("peak.py")), name, str(rows), str(adversary)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    promised, taken = map(int, done.stdout.split())
    assert taken <= promised <= 4 * taken


def test_notes_are_let_go_at_an_opening_and_add_up_until_then() -> None:
    three, two = Notes.of(3), Notes.of(2)
    opening = Notes()
    assert three.then(two, opens=(False, False)) == Notes(5, 5, 5)
    opened = three.then(opening, opens=(False, True))
    assert opened == Notes(3, 3, 0)
    assert opened.then(two, opens=(True, False)) == Notes(3, 3, 2)
    assert two.then(opened, opens=(False, True)) == Notes(5, 5, 0)
    assert opened.beside(two) == Notes(5, 5, 2)
