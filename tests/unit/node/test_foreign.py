"""A claimant's node: killed anywhere it goes on, and who answers nothing is never taken for one without the content."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from atoll.api.models import RegisterDataset
from atoll.ledger.block import Block
from atoll.ledger.foreign.verify import Shown, verify_bundle
from atoll.ledger.records import ForeignState
from atoll.ledger.rules.foreign import LEEWAY_SECONDS
from atoll.ledger.transaction import transaction_id
from atoll.node.config import Config, Home
from atoll.node.context import NodeContext
from atoll.node.foreign import claims as claims_module
from atoll.node.foreign.assemble import join_foreign
from atoll.node.foreign.claims import Claimant
from atoll.node.foreign.clearing import Clearer
from atoll.node.foreign.errors import ForeignDuplicate, ForeignNeeded, ForeignNotOpen, ForeignSilent
from atoll.node.foreign.settings import Foreign
from atoll.node.outbox import Outbox
from atoll.node.registration import Registration
from atoll.ordering.engine import Acknowledged, View
from atoll.ordering.offload import inline
from atoll.policy.local import LocalRules
from atoll.primitives.drbg import SeededEntropy
from atoll.storage.sealed import Sealer
from atoll.storage.store import NodeStore
from atoll.trust.keys import Purpose
from atoll.wire.message import Message
from tests.unit.foreign.bay import EAST, KEY, NOW, WEST, Bay, fingerprint, see, two_bays
from tests.unit.node.offices import Keys

CONTENT = sha256(b"content 0").digest()
DATASET = "bank/table-0/1"
PATIENCE = 300


class Killed(Exception):
    """The node's process ends here."""


class Clock:
    """Stands where it is put, the same for both uses."""

    def __init__(self, time: int) -> None:
        self.time = time

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        return float(self.time)


class BayEngine:
    """Carries each transaction out in a block of its own; may end the process before or after one."""

    def __init__(self, bay: Bay, clock: Clock) -> None:
        self.bay, self.clock = bay, clock
        self.outcomes: list[str] = []
        self.kill_before = self.kill_after = 0

    def view(self) -> View:
        ledger, log = self.bay.ledger, self.bay.ledger.log
        return View(
            height=ledger.height,
            time=ledger.time,
            log_size=log.size,
            log_root=log.root(),
            agreed_at=ledger.time,
            tree=ledger.tree,
        )

    async def submit(self, transaction: bytes, *, timeout_seconds: float = 30.0) -> Acknowledged:
        number = len(self.outcomes) + 1
        if number == self.kill_before:
            raise Killed
        ledger = self.bay.ledger
        executed = ledger.execute(
            Block(height=ledger.height + 1, term=1, time=max(self.clock.time, ledger.time), transactions=(transaction,))
        )
        ledger.adopt(executed)
        self.bay._summary = executed.entries[-1]
        self.outcomes.append("ok" if executed.outcomes[0].ok else str(executed.outcomes[0]))
        if number == self.kill_after:
            raise Killed
        return Acknowledged(transaction_id(transaction), ledger.height, ledger.log.size, executed.outcomes[0])


class World:
    """West's bank registers; east answers, or does not."""

    def __init__(self) -> None:
        self.east, self.west, self.agreement = two_bays()
        self.clock = Clock(NOW)
        self.engine = BayEngine(self.west, self.clock)
        self.store = NodeStore(":memory:")
        self.is_silent = False
        self.replayed: bytes | None = None

    def context(self) -> NodeContext:
        """What a process that starts now has."""
        founding, entropy = self.west.founding, SeededEntropy(b"bank".ljust(32, b"."))
        outbox = Outbox(
            org="bank",
            engine=self.engine,  # type: ignore[arg-type]  # as much of one as is asked
            keys=Keys({"bank/identity/1": founding.keys["bank"][Purpose.IDENTITY]}),  # type: ignore[arg-type]
            chain_id=founding.chain_id,
            genesis_digest=founding.genesis_digest,
        )
        config = Config(
            home=Home(Path()), org="bank", peer_listen="", https_listen="", folders=(), log_level="info", policy=LocalRules()
        )
        return NodeContext(
            config=config,
            clock=self.clock,
            entropy=entropy,
            store=self.store,
            sealer=Sealer(b"k" * 32, entropy),
            engine=self.engine,  # type: ignore[arg-type]
            outbox=outbox,
            offload=inline,
        )

    def claimant(self) -> Claimant:
        """Of a process that starts now."""
        foreign = Foreign(self.agreement, self.agreement.of(WEST), KEY)
        return Claimant(self.context(), foreign=foreign, desk=self, asker=self, patience=PATIENCE)  # type: ignore[arg-type]

    def show(self, _: bytes) -> bytes:
        """West's own desk."""
        return self.west.show(time=self.clock.time)

    async def ask(self, _: bytes) -> dict[str, tuple[Shown, bytes]]:
        """East's nodes."""
        if self.is_silent:
            return {}
        data = self.replayed or self.east.show(time=self.clock.time)
        shown = verify_bundle(data, origin=EAST, fingerprint=fingerprint(), agreement=self.agreement, now=self.clock.time)
        return {EAST: (shown, data)}

    async def asked_thrice(self, clearer: Clearer | None = None) -> None:
        """Others ask west about the fingerprint."""
        clearer = clearer or Clearer(self.context())
        for _ in range(3):
            clearer.look(fingerprint())
            await asyncio.sleep(0.01)

    def settle(self) -> None:
        """One registration, in a process of its own."""
        asyncio.run(self.claimant().settle(DATASET, CONTENT, continuations={}, tell=self._wait))

    def _wait(self, _: str) -> None:
        self.clock.time += 5

    @property
    def state(self) -> ForeignState | None:
        claim = self.west.claim()
        return claim.state if claim else None


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(claims_module, "LOOK_SECONDS", 0)
    return World()


def test_what_nobody_else_has_is_reserved_seen_and_confirmed(world: World) -> None:
    world.settle()
    assert (world.state, world.engine.outcomes) == (ForeignState.CONFIRMED, ["ok"] * 3)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("moment", ["kill_before", "kill_after"])
def test_a_node_killed_at_any_step_goes_on_and_takes_none_twice(world: World, moment: str, number: int) -> None:
    setattr(world.engine, moment, number)
    with pytest.raises(Killed):
        world.settle()
    assert (world.state is ForeignState.CONFIRMED) == ((moment, number) == ("kill_after", 3))
    world.engine.kill_before = world.engine.kill_after = 0
    world.settle()
    assert (world.state, world.engine.outcomes) == (ForeignState.CONFIRMED, ["ok"] * 3)
    claim = world.west.claim()
    assert claim is not None and world.claimant().holder(claim) is not None


def test_a_withheld_answer_confirms_nothing_and_is_asked_for_again(world: World) -> None:
    world.is_silent = True
    with pytest.raises(ForeignSilent, match=EAST):
        world.settle()
    assert world.state is ForeignState.RESERVED
    world.is_silent = False
    world.settle()
    assert (world.state, world.engine.outcomes) == (ForeignState.CONFIRMED, ["ok"] * 3)


def test_an_answer_from_before_the_reservation_is_none(world: World) -> None:
    world.replayed = world.east.show(time=NOW)
    with pytest.raises(ForeignSilent):
        world.settle()
    assert world.state is ForeignState.RESERVED


def test_who_comes_second_gives_way_and_keeps_the_proof(world: World) -> None:
    world.east.reserve(NOW - 100).stamp(NOW - 90)
    with pytest.raises(ForeignDuplicate, match=EAST):
        world.settle()
    claim = world.west.claim()
    assert claim is not None and claim.state is ForeignState.CONFLICT
    assert world.store.body(claims_module.EVIDENCE, claim.others[0].evidence.hex())


def test_what_was_reserved_under_an_agreement_that_was_replaced_is_given_up_and_reserved_anew(world: World) -> None:
    terms = world.agreement.terms(WEST)
    world.west.agree(replace(terms, agreement=b"\x0d" * 32), time=NOW - 20).reserve(NOW - 15).agree(terms, time=NOW - 10)
    world.settle()
    assert (world.state, world.engine.outcomes) == (ForeignState.CONFIRMED, ["ok"] * 4)


def test_what_was_confirmed_before_another_consortium_joined_is_given_up_and_asked_for_anew(world: World) -> None:
    terms = world.agreement.terms(WEST)
    world.west.agree(replace(terms, agreement=b"\x0d" * 32, origins=("south.example/bay",)), time=NOW - 200)
    world.west.reserve(NOW - 190).stamp(NOW - 180)
    south = replace(see(world.east, world.agreement, time=NOW - 1), origin="south.example/bay")
    world.west.confirm(NOW - 1, [south]).agree(terms, time=NOW)
    assert world.state is ForeignState.CONFIRMED
    world.settle()
    assert (world.state, world.engine.outcomes) == (ForeignState.CONFIRMED, ["ok"] * 4)
    claim = world.west.claim()
    assert claim is not None and [one.origin for one in claim.others] == [EAST]


def test_nothing_is_reserved_where_the_agreement_was_opened_with_another_wait_than_its_own(world: World) -> None:
    world.west.agree(replace(world.agreement.terms(WEST), wait_seconds=1), time=NOW - 10)
    with pytest.raises(ForeignNotOpen, match="other figures"):
        world.settle()
    assert world.state is None


def test_an_expired_reservation_is_cleared_away_when_it_is_asked_about_and_not_before(world: World) -> None:
    world.west.reserve(NOW, org="bureau")
    claim = world.west.claim()
    assert claim is not None
    for late, state in ((LEEWAY_SECONDS, ForeignState.RESERVED), (LEEWAY_SECONDS + 1, ForeignState.RELEASED)):
        world.clock.time = claim.expires_at + late
        asyncio.run(world.asked_thrice())
        assert world.state is state
    assert world.engine.outcomes == ["ok"]


def test_strangers_who_ask_again_and_again_make_a_ledger_that_does_not_answer_no_busier(world: World) -> None:
    world.west.reserve(NOW, org="bureau")
    clearer = Clearer(world.context())
    world.clock.time, world.engine.clock = NOW + 10_000, Clock(NOW + 1)  # the node's clock runs ahead: the ledger refuses
    asyncio.run(world.asked_thrice(clearer))
    assert len(world.engine.outcomes) == 1 and world.state is ForeignState.RESERVED
    world.clock.time += LEEWAY_SECONDS
    asyncio.run(world.asked_thrice(clearer))
    assert len(world.engine.outcomes) == 2


def test_what_nobody_foresaw_is_logged_and_makes_the_ledger_no_busier(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    attempts = 0

    async def submit(_: Outbox, body: Message) -> None:
        nonlocal attempts
        attempts += 1
        raise ValueError(body.TAG)

    monkeypatch.setattr(Outbox, "submit", submit)
    world.west.reserve(NOW, org="bureau")
    world.clock.time = NOW + 10_000
    asyncio.run(world.asked_thrice(Clearer(world.context())))
    assert (attempts, [one.getMessage() for one in caplog.records if one.exc_info]) == (1, ["not cleared away"])


def test_a_node_that_stops_clears_nothing_away_any_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = 0

    async def submit(_: Outbox, body: Message) -> None:
        nonlocal begun
        begun += 1
        await asyncio.Event().wait()

    async def scenario() -> None:
        foreign = Foreign(world.agreement, world.agreement.of(WEST), b"")
        check = join_foreign(world.context(), foreign, None)  # type: ignore[arg-type]  # nobody looks at the shelf
        assert check.clearer is not None
        await world.asked_thrice(check.clearer)
        await check.stop()
        world.clock.time += 10_000
        await world.asked_thrice(check.clearer)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    monkeypatch.setattr(Outbox, "submit", submit)
    world.west.reserve(NOW, org="bureau")
    world.clock.time = NOW + 10_000
    asyncio.run(scenario())
    assert begun == 1


def test_a_node_without_the_section_registers_nothing_while_the_ledger_wants_others_asked(world: World) -> None:
    registration = Registration(world.context(), None, None, None, deals=False)  # type: ignore[arg-type]  # none is reached
    with pytest.raises(ForeignNeeded, match="1 other"):
        asyncio.run(registration.register(RegisterDataset(name="table", path="table.csv", title="Table")))
