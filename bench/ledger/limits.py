"""What this machine can do at most: signatures, hashes, writes that reach the disk."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from exchange.figures import Figure

from atoll.primitives.ed25519 import are_signatures
from atoll.trust.keys import Purpose
from ledger.load import make_founding


def measure(quick: bool) -> Iterator[Figure]:
    """One core each."""
    key = make_founding().keys["bank"][Purpose.IDENTITY]
    messages = [b"%0400d" % number for number in range(200 if quick else 1000)]
    claims = [(key.public.data, one, key.sign(one)) for one in messages]
    yield Figure(
        "limit: strict Ed25519 verifications", len(claims) / _best(lambda: are_signatures(claims, threads=1)), "/s core"
    )
    block = bytes(65)
    yield Figure("limit: SHA-256 of 65 bytes from Python", 100_000 / _best(lambda: _hash(block)), "/s core")
    with tempfile.TemporaryDirectory(prefix="atoll-bench-") as folder, (Path(folder) / "file").open("wb", buffering=0) as file:
        yield Figure(
            "limit: writes of 4 KiB that reach the disk", 100 / _best(lambda: _write(file.fileno()), time.perf_counter), "/s"
        )


def _best(work: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """Seconds of the quickest of five times; of processor time, unless another clock is given."""
    times = []
    for _ in range(5):
        began = clock()
        work()
        times.append(clock() - began)
    return min(times)


def _hash(block: bytes) -> None:
    for _ in range(100_000):
        hashlib.sha256(block).digest()


def _write(descriptor: int) -> None:
    for _ in range(100):
        os.write(descriptor, bytes(4096))
        os.fdatasync(descriptor)
