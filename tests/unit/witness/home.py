"""A witness in a folder, for the tests of this one and of those who ask it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from atoll.ledger.note import Note
from atoll.ledger.tlog_policy import NO_QUORUM, Group, Log, Policy, Witness, make_policy
from atoll.ledger.vkey import KeyKind, VerifierKey
from atoll.ledger.witness import AddCheckpoint
from atoll.ports import Clock
from atoll.testing.consortium import NamedEntropy
from atoll.testing.logserver import MadeUpLog, RunningApp, serving
from atoll.trust.keys import Purpose, SecretKey
from atoll.witness.desk import Desk
from atoll.witness.server import make_witness_app
from atoll.witness.store import WitnessStore

NOW = 1_790_000_000
OPENED: list[Desk] = []
"""Desks whose stores are closed at the end of the test."""


@dataclass
class SetClock:
    """A clock that shows what it is set to."""

    time: int = NOW

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        return float(self.time)


def request(log: MadeUpLog, size: int, old: int, *, proof: tuple[bytes, ...] | None = None, note: Note | None = None) -> bytes:
    """An add-checkpoint request of a log."""
    if proof is None:
        proof = tuple(log.tree.consistency_proof(old, size)) if 0 < old < size else ()
    return AddCheckpoint(old_size=old, proof=proof, note=note or log.note(size)).encode()


def key_of(name: str) -> tuple[VerifierKey, SecretKey]:
    """A witness's key, which follows from its name."""
    secret = SecretKey.generate(Purpose.COSIGN, NamedEntropy(f"witness {name}"))
    return VerifierKey(name, KeyKind.ED25519_COSIGNATURE, secret.public.data), secret


def make_desk(
    path: Path, *logs: MadeUpLog, clock: Clock | None = None, name: str = "w.example", policy: Policy | None = None
) -> Desk:
    """A desk with its store at `path`."""
    key, secret = key_of(name)
    policy = policy or make_policy([Log(one.key) for one in logs], (), (), NO_QUORUM)
    OPENED.append(Desk(store=WitnessStore(path), policies=[policy], key=key, sign=secret.sign, clock=clock or SetClock()))
    return OPENED[-1]


@contextmanager
def witness_of(
    path: Path, *logs: MadeUpLog, clock: Clock, name: str, tls: bool = False
) -> Iterator[tuple[Witness, Desk, RunningApp]]:
    """A witness that answers over HTTP(S)."""
    desk = make_desk(path, *logs, clock=clock, name=name)
    try:
        with serving(make_witness_app(desk, clock=clock), tls=tls) as running:
            yield Witness(name, desk.key, running.url), desk, running
    finally:
        desk._store.close()


def quorum_of(*witnesses: Witness) -> Policy:
    """A policy that needs all of them."""
    return make_policy(
        (), witnesses, [Group("all-of-them", len(witnesses), tuple(one.name for one in witnesses))], "all-of-them"
    )
