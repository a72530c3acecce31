"""Proofs out of large ledgers: a million log entries, a million records; and what a start with as many costs."""

from __future__ import annotations

import hashlib
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from exchange.figures import Figure
from mpc.clock import peak_bytes

from atoll.primitives.ics23 import SMT_SPEC, verify_membership, verify_non_membership
from atoll.primitives.ics23_ops import ExistenceProof
from atoll.primitives.merkle import MerkleTree, verify_inclusion
from atoll.primitives.smt import Tree

LIMIT_MS = 0.2
VALUE_BYTES = 200
SAMPLES = 2000
T = TypeVar("T")


def measure(quick: bool) -> Iterator[Figure]:
    """Inclusion, presence, absence."""
    count = 50_000 if quick else 1_000_000
    label = f"{count:,}"
    log = MerkleTree(_digest(f"entry {number}") for number in range(count))
    root = log.root()
    chosen = random.Random(1).sample(range(count), SAMPLES)
    yield Figure(f"inclusion proof, {label} entries", _median(log.inclusion_proof, chosen), "ms", at_most=LIMIT_MS)
    proofs = [(index, log.inclusion_proof(index)) for index in chosen]

    def verify(proved: tuple[int, list[bytes]]) -> None:
        index, proof = proved
        verify_inclusion(leaf=log.node(0, index), index=index, size=count, proof=proof, root=root)

    yield Figure("  its verification", _median(verify, proofs), "ms")

    before, began, cpu = peak_bytes(), time.perf_counter(), time.process_time()
    tree = Tree.load((_key(number), _value(number)) for number in range(count))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    context = {"cpu_seconds": round(cpu, 2), "mb": (peak_bytes() - before) >> 20}
    yield Figure(f"state of {label} records of {VALUE_BYTES} bytes: load", seconds, "s", context=context)
    keys = [_key(number) for number in chosen]
    absent = [key + b"-" for key in keys]
    yield Figure(f"presence proof, {label} records", _median(tree.prove, keys), "ms", at_most=LIMIT_MS)
    yield Figure(f"absence proof, {label} records", _median(tree.prove, absent), "ms", at_most=LIMIT_MS)
    for number, key in zip(chosen[:100], keys, strict=False):
        proof = tree.prove(key)
        assert isinstance(proof, ExistenceProof)
        verify_membership(SMT_SPEC, tree.root, proof, key, _value(number))
        verify_non_membership(SMT_SPEC, tree.root, tree.prove(key + b"-"), key + b"-")
    changes = [{_key(count + 400 * block + at): _value(at) for at in range(400)} for block in range(50)]
    yield Figure("a block of 400 changed records", _median(tree.apply, changes), "ms")
    yield Figure("  the same, a record", 1000 * _median(tree.apply, changes) / 400, "us")


def _median(work: Callable[[T], object], samples: Sequence[T]) -> float:
    """Milliseconds of one."""
    times = []
    for one in samples:
        began = time.perf_counter()
        work(one)
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _key(number: int) -> bytes:
    return b"grant\0" + _digest(f"key {number}").hex()[:32].encode()


def _value(number: int) -> bytes:
    return (_digest(f"value {number}") * 7)[:VALUE_BYTES]
