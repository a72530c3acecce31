"""Random transactions of many kinds, most of them good and many not, in random blocks: what no two ledgers may disagree about.

    blocks = make_blocks(Founding(), seed=7, transactions=20_000)

Names come from small pools, so that transactions meet: registered twice, withdrawn before they were registered, consented to by
strangers, started without consent. Among them are replays, stale and skipped nonces, expired ones, flipped bits, foreign
signatures and plain noise.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from atoll.ledger.block import Block
from atoll.ledger.rules.budget import SetBudget
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.grant import RevokeGrant
from atoll.ledger.rules.job import FailJob, ProposeJob, RefuseJob, StartJob, WithdrawJob
from atoll.ledger.rules.keys import RevokeKey, RotateKey
from atoll.ledger.rules.membership import SetEndpoints
from atoll.testing.consortium import FOUNDED, Founding, NamedEntropy
from atoll.trust.keys import Purpose, SecretKey
from atoll.wire.message import Message
from tests.unit.rules.lagoon import CUSTOMERS, FILES, consent, permission, proposal, receipt, registration

NAMES = ("customers", "files", "ledger", "orders")
VERSIONS = 40
JOBS = 60
GRANTS = 12
LARGEST_BLOCK = 60
SPOILT = 0.15
"""Share of transactions that something is wrong with, besides what they say."""
UNITS = ("uses", "rows", "micro-epsilon")


class Mayhem:
    """Transactions without end, the same ones for the same seed."""

    def __init__(self, founding: Founding, seed: int) -> None:
        self.founding = founding
        self.dice = random.Random(seed)
        self.height = 1
        """Height that the next transaction may stand in; some expire there."""
        self._sent: list[bytes] = []
        self._nodes = {one.org: one.consensus_peer for one in founding.genesis.founders}
        self._kinds: list[Callable[[], Message]] = [
            self._move,
            self._register,
            self._withdraw,
            self._cap,
            self._grant,
            self._revoke_grant,
            self._rotate,
            self._revoke_key,
            self._propose,
            self._job_step,
            self._job_step,
            self._job_step,
        ]

    def __iter__(self) -> Iterator[bytes]:
        yield from self.opening()
        while True:
            data = self._spoil() if self.dice.random() < SPOILT and self._sent else self._good()
            self._sent.append(data)
            yield data

    def opening(self) -> Iterator[bytes]:
        """What makes the rest likely to succeed."""
        yield self.founding.sign("bank", registration(CUSTOMERS))
        yield self.founding.sign("bureau", registration(FILES))
        yield self.founding.sign("bureau", permission(uses=JOBS // 2, not_after=FOUNDED + 10**9))

    def org(self) -> str:
        """Somebody."""
        return self.dice.choice(("bank", "bank", "bureau", "bureau", "telecom", "auditor", "operator"))

    def _good(self) -> bytes:
        return self._sign(self.org(), self.dice.choice(self._kinds)(), expiry_height=self.height + 10_000)

    def _sign(self, org: str, body: Message, **signing: Any) -> bytes:
        if isinstance(body, SetEndpoints):  # without its CometBFT node nobody moves, where there is one
            body = replace(body, consensus_peer=self._nodes[org])
        return self.founding.sign(org, body, **signing)

    def _spoil(self) -> bytes:
        """Bytes that were better not sent."""
        old = self.dice.choice(self._sent)
        org, body = self.org(), self._move()
        spoilt: list[Callable[[], bytes]] = [
            lambda: old,
            lambda: self._flip(old),
            lambda: old[: self.dice.randrange(1, len(old) + 1)],
            lambda: self.dice.randbytes(self.dice.randrange(1, 300)),
            lambda: self._sign(org, body, nonce=1),
            lambda: self._sign(org, body, nonce=self.founding.next_nonce(org) + self.dice.randrange(1, 5)),
            lambda: self._sign(org, body, expiry_height=self.dice.randrange(0, self.height + 2)),
            lambda: self._sign(org, body, key=SecretKey.generate(Purpose.IDENTITY, NamedEntropy("nobody"))),
            lambda: self._sign(org, body, version=self.dice.randrange(2, 5)),
        ]
        return self.dice.choice(spoilt)()

    def _flip(self, data: bytes) -> bytes:
        at = self.dice.randrange(len(data))
        return data[:at] + bytes((data[at] ^ 1 << self.dice.randrange(8),)) + data[at + 1 :]

    # -- kinds -----------------------------------------------------------------------------------------------------------------

    def _move(self) -> Message:
        return SetEndpoints(peer=f"{self.org()}.example:{self.dice.randrange(1, 65536)}", https="")

    def _dataset(self) -> str:
        return f"{self.org()}/{self.dice.choice(NAMES)}/{self.dice.randrange(1, VERSIONS)}"

    def _job(self) -> bytes:
        return self.dice.randrange(1, JOBS).to_bytes(16, "big")

    def _register(self) -> Message:
        parents = tuple(sorted({self._dataset() for _ in range(self.dice.choice((0, 0, 0, 2)))}))
        return registration(self._dataset(), level=self.dice.randrange(1, 7), parents=parents)

    def _withdraw(self) -> Message:
        return WithdrawDataset(dataset=self._dataset())

    def _cap(self) -> Message:
        to = self.dice.choice(("", "", self.org()))
        return SetBudget(name=self.dice.choice(NAMES), unit=self.dice.choice(UNITS), limit=self.dice.randrange(10**6), to=to)

    def _grant(self) -> Message:
        grant = self.dice.randrange(1, GRANTS).to_bytes(16, "big")
        return permission(grant=grant, dataset=self._dataset(), grantee=self.org(), uses=self.dice.randrange(1, 9))

    def _revoke_grant(self) -> Message:
        return RevokeGrant(grant=self.dice.randrange(1, GRANTS).to_bytes(16, "big"))

    def _rotate(self) -> Message:
        new = SecretKey.generate(Purpose.COSIGN, NamedEntropy(f"key {self.dice.randrange(10**9)}"))
        return RotateKey(purpose=Purpose.TLS, public=new.public.data, second=b"")

    def _revoke_key(self) -> Message:
        return RevokeKey(org=self.org(), purpose=Purpose.TLS, second=b"")

    def _propose(self) -> ProposeJob:
        return proposal(job_id=self._job(), not_after=FOUNDED + self.dice.randrange(10**6))

    def _job_step(self) -> Message:
        job_id = self._job()
        steps = [
            consent(job_id=job_id),
            consent(job_id=job_id),
            consent(job_id=job_id),
            StartJob(job_id=job_id),
            StartJob(job_id=job_id),
            receipt(job_id=job_id),
            RefuseJob(job_id=job_id, code="policy.local"),
            WithdrawJob(job_id=job_id),
            FailJob(job_id=job_id, code="job.died"),
        ]
        return self.dice.choice(steps)


def make_blocks(founding: Founding, *, seed: int, transactions: int) -> list[Block]:
    """So many transactions in blocks of 1 to LARGEST_BLOCK, in a time that sometimes stands still."""
    mayhem = Mayhem(founding, seed)
    stream, blocks, time, left = iter(mayhem), list[Block](), FOUNDED + 1, transactions
    while left:
        count = min(left, mayhem.dice.randrange(1, LARGEST_BLOCK + 1))
        mayhem.height = len(blocks) + 1
        held = tuple(next(stream) for _ in range(count))
        blocks.append(Block(height=mayhem.height, term=1, time=time, transactions=held))
        time += mayhem.dice.choice((0, 1, 1, 60))
        left -= count
    return blocks
