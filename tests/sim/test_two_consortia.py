"""Two consortia, one content, registered in both at about the same time: whatever the delays, exactly one confirms it.

Two real ledgers, checkpoints that outsiders cosign late, answers that take long or get lost; no node, no network, no clock but
the simulation's. What a bundle would prove is taken from the ledger as it stood at the checkpoint shown; that bundles prove it,
tests/unit/foreign says.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from random import Random

import pytest

from atoll.ledger.apply import Context, apply
from atoll.ledger.foreign.steps import Waiting, next_step
from atoll.ledger.foreign.verify import Shown
from atoll.ledger.records import LIVE, ClaimFace, ForeignClaim, ForeignClaims, ForeignState, ForeignTerms
from atoll.ledger.rules.foreign import ReserveClaim
from atoll.ledger.state import State
from atoll.testing.consortium import FOUNDED
from atoll.wire.message import Message
from tests.unit.foreign.bay import EAST, INTERVAL, SKEW, WAIT, WEST, Bay, agreeing, fingerprint, holder

RUNS = 1000
PRINT = fingerprint()
PATIENCE = 40_000
HOLDER = holder().public.data


@dataclass(frozen=True)
class Seen:
    """A checkpoint as outsiders have seen it."""

    at: int
    block_time: int
    face: ClaimFace | None


class Shore:
    """One consortium: a ledger, its clock, the checkpoints that outsiders have cosigned, and one claimant."""

    def __init__(self, bay: Bay, other: str, draw: Random, begins: int) -> None:
        self.bay, self.draw = bay, draw
        self.state = State(dict(bay.ledger.tree.items()))
        self.clock_off = draw.randint(-SKEW // 2, SKEW // 2)
        self.height, self.block_time = 1, 0
        self.begins = begins
        self.seen: list[Seen] = []
        self.cosigns_at = 0
        self.next_look = begins
        self.answer: tuple[int, Shown] | None = None
        self.stamps: dict[bytes, int] = {}
        self.outcome: ForeignState | None = None
        self.is_silent = False
        terms = ForeignTerms(agreement=b"\x0a" * 32, key_id=b"\x0b" * 16, origins=(other,), wait_seconds=WAIT)
        for org, body in agreeing(terms):
            self.submit(org, body, FOUNDED)

    def submit(self, org: str, body: Message, now: int) -> bool:
        self.height, self.block_time = self.height + 1, max(self.block_time, now + self.clock_off)
        data = self.bay.founding.sign(org, body)
        return apply(self.state, data, Context(height=self.height, time=self.block_time, verify=lambda *_: True)).ok

    @property
    def claim(self) -> ForeignClaim | None:
        return self.state.get(ForeignClaim, PRINT.hex())

    @property
    def opened(self) -> ForeignClaims:
        found = self.state.get(ForeignClaims, "0")
        assert found is not None
        return found

    def cosign(self, now: int) -> None:
        """Outsiders cosign the ledger as it is, at least once an interval, never on time."""
        if now < self.cosigns_at:
            return
        claim = self.claim
        face = claim.face if claim is not None and claim.state in LIVE else None
        self.seen.append(Seen(now, self.block_time, face))
        self.cosigns_at = now + self.draw.randint(1, INTERVAL)

    def show(self) -> Shown | None:
        """What it shows: its newest checkpoint, or the one before."""
        if self.is_silent or len(self.seen) < 2:
            return None
        one = self.draw.choice(self.seen[-2:])
        stamp = one.face.stamp if one.face is not None else b""
        return Shown(
            origin=self.bay.origin,
            digest=bytes(32),
            at=one.at,
            seen_at=one.at,
            block_time=one.block_time,
            face=one.face,
            witnessed_at=self.stamps.get(stamp),
        )

    def look(self, now: int, other: Shore) -> None:
        """The claimant's turn."""
        if now < self.next_look or self.outcome is not None:
            return
        self.next_look = now + self.draw.randint(1, 30)
        claim = self.claim
        if claim is None or claim.state is ForeignState.RELEASED or now + self.clock_off > claim.expires_at:
            body = ReserveClaim(fingerprint=PRINT, dataset="bank/t/1", agreement=self.opened.agreement, holder=HOLDER)
            self.submit("bank", body, now)
            return
        if self.answer is not None and self.answer[0] <= now:
            answers, self.answer = {other.bay.origin: self.answer[1]}, None
        else:
            answers = {}
            shown = other.show()
            if self.answer is None and shown is not None and self.draw.random() < 0.7:
                self.answer = (now + self.draw.randint(0, 40), shown)
        own = self.show()
        bundle = repr(own).encode()[:200]
        step = next_step(
            claim,
            origin=self.bay.origin,
            opened=self.opened,
            own=None if own is None else (own, bundle),
            witnessed_at=self.stamps.get(claim.stamp),
            others=answers,
        )
        if isinstance(step, Waiting):
            return
        self.submit("bank", step, now)
        after = self.claim
        assert after is not None
        if after.stamp and not claim.stamp:
            self.stamps[after.stamp] = after.witnessed_at
        if after.state in (ForeignState.CONFIRMED, ForeignState.CONFLICT):
            self.outcome = after.state


def run(seed: int, *, silent: bool = False) -> tuple[ForeignState | None, ForeignState | None]:
    draw = Random(seed)
    start = FOUNDED + 1000
    east = Shore(Bay(EAST), WEST, draw, start + draw.randint(0, 2 * WAIT))
    west = Shore(Bay(WEST), EAST, draw, start + draw.randint(0, 2 * WAIT))
    west.is_silent = silent
    for now in range(start, start + (4000 if silent else PATIENCE)):
        for shore, other in ((east, west), (west, east)):
            shore.cosign(now)
            shore.look(now, other)
        if east.outcome and west.outcome:
            break
    return east.outcome, west.outcome


def test_a_thousand_simultaneous_registrations_each_end_with_exactly_one_owner() -> None:
    ends = Counter(run(seed) for seed in range(RUNS))
    assert set(ends) == {(ForeignState.CONFIRMED, ForeignState.CONFLICT), (ForeignState.CONFLICT, ForeignState.CONFIRMED)}
    assert min(ends.values()) > RUNS // 5


def test_a_consortium_that_never_answers_is_never_taken_for_one_without_the_content() -> None:
    for seed in range(5):
        east, _ = run(seed, silent=True)
        assert east is None


@pytest.mark.parametrize("seed", range(3))
def test_a_replayed_proof_from_before_the_reservation_confirms_nothing(seed: int) -> None:
    draw = Random(seed)
    east, west = Shore(Bay(EAST), WEST, draw, 0), Shore(Bay(WEST), EAST, draw, 0)
    start = FOUNDED + 1000
    west.cosign(start)
    west.cosign(start + INTERVAL)
    old = west.show()
    assert old is not None and old.face is None
    for now in range(start + WAIT, start + WAIT + 500):
        east.cosign(now)
        west.show = lambda: replace(old)  # type: ignore[method-assign]  # whoever answers replays it
        east.look(now, west)
    assert east.claim is not None and east.claim.state is ForeignState.RESERVED and east.claim.stamp


def test_a_ledger_that_stood_still_past_an_expiry_and_then_confirms_is_not_overtaken() -> None:
    """West is seen first and asks early; its confirmation lies in the mempool while its chain stands still, and its first block
    after that is dated before the halt, as CometBFT dates it. East asks after west's reservation would have ended."""
    draw, start = Random(1), FOUNDED + 1000
    east, west = Shore(Bay(EAST), WEST, draw, start), Shore(Bay(WEST), EAST, draw, start)
    east.clock_off = west.clock_off = 0
    reserve_and_stamp(west, start)
    assert west.claim is not None
    ends = west.claim.expires_at
    reserve_and_stamp(east, ends - 600)
    assert east.claim is not None
    east.cosign(ends - 95)
    word = east.show()
    assert word is not None and word.face == east.claim.face
    word = replace(word, at=ends - 95)
    for now in range(ends - 90, ends + 200, 5):
        west.cosign(now)
    for now in range(ends + WAIT + 30, ends + 200):
        east.next_look = now
        east.look(now, west)
    west.next_look, west.answer = 0, (0, word)
    west.look(ends - 100, east)
    assert (east.outcome, west.outcome) == (ForeignState.CONFLICT, ForeignState.CONFIRMED)


def reserve_and_stamp(shore: Shore, now: int) -> None:
    """Until outsiders have seen its reservation; nobody answers it."""
    nobody = Shore(Bay(EAST), WEST, Random(0), now)
    nobody.is_silent = True
    while shore.claim is None or not shore.claim.stamp:
        shore.cosign(now)
        shore.next_look = now
        shore.look(now, nobody)
        now += 5
