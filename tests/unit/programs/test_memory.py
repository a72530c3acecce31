"""The memory that a plan promises is enough: a job's process is held to it, and is told where it is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from atoll.protocols.mpc import Adversary
from atoll.protocols.mpc.traffic import NONE, Products, Traffic, noted, open_ring, verification

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
    ("comparisons of pairs", 600, SEMI_HONEST),
    ("comparisons of pairs", 400, MALICIOUS),
    ("many comparisons", 10_000, SEMI_HONEST),
    ("products of pairs", 600, SEMI_HONEST),
    ("exp of pairs", 400, SEMI_HONEST),
    ("log of a column", 100_000, SEMI_HONEST),
    ("variance of pairs", 600, SEMI_HONEST),
    ("correlations of rows", 80_000, SEMI_HONEST),
    ("correlations of rows", 80_000, MALICIOUS),
    ("largest so far", 100_000, SEMI_HONEST),
    ("truth values turned", 3000, SEMI_HONEST),
    ("truth values turned", 3000, MALICIOUS),
]


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on private memory is Linux's")
@pytest.mark.parametrize(("name", "rows", "adversary"), CASES)
def test_a_program_runs_in_the_memory_that_is_promised(name: str, rows: int, adversary: Adversary) -> None:
    """A fresh process, whose peak nothing else has raised; the promise is no more than four times what is taken."""
    command = [sys.executable, str(Path(__file__).with_name("peak.py")), name, str(rows), str(adversary)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    promised, taken = map(int, done.stdout.split())
    assert taken <= promised <= 4 * taken


REFUSED = """
import numpy as np
from atoll._core import RssCircuit, RssCircuitRun, RssStreams

streams = RssStreams(bytes(16), bytes(range(16)))
both = RssCircuit(2, np.array([1], dtype=np.uint8), *np.array([[0], [1], [2]], dtype=np.uint32))
for much in (lambda: streams.zero_words(0, 1 << 50), lambda: RssCircuitRun(both, streams, 0, 0, 1 << 48, [], False)):
    try:
        much()
    except MemoryError:
        print("refused")
"""


@pytest.mark.skipif(sys.maxsize < 1 << 62, reason="so many words could not even be asked for")
def test_memory_that_is_refused_is_an_error_and_not_the_end_of_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", REFUSED], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["refused"] * 2), done.stderr


def test_products_are_proved_at_an_opening_and_add_up_until_then() -> None:
    three, two, opening = noted(Traffic(), words=3), noted(Traffic(), numbers=2), open_ring(1)
    words, numbers, both = Products(words=3, notes=3), Products(numbers=2, notes=2), Products(3, 2, 0, 5)
    assert (three + two).products == (both,)
    assert (three + opening).products == (words, NONE)
    assert (three + opening + two).products == (words, numbers)
    assert (three + two + opening + two + opening).products == (both, numbers, NONE)
    assert ((three + opening) | two).products == (both, NONE)
    assert (two + opening + three).settled().products == (words,)
    assert (three + two).proofs() == Traffic()
    assert (three + two + opening + two + opening + three).proofs() == verification(both) + verification(numbers)
