"""Members as witnesses of one another: each has carried everything out by itself, and keeps its word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from atoll.errors import AtollError
from atoll.ledger.block import Block
from atoll.ledger.chain import Ledger
from atoll.ledger.checkpoint import Checkpoint, parse_checkpoint
from atoll.ledger.errors import NoteFormatError, NoteSignatureError, UntrustedNoteError
from atoll.ledger.evidence.trust import policy_of
from atoll.ledger.note import Note, parse_note, sign_text, verify_note
from atoll.ledger.records import EngineKind
from atoll.ledger.tlog_policy import verify_checkpoint
from atoll.node.tlog.cosigning import COSIGNED, METHOD, SIGNED, Cosigner, OwnNotes, own_log_key
from atoll.node.tlog.errors import CosignedFurther, LogForked, NotCosigned, NotReachedYet
from atoll.node.tlog.kept import PLACE
from atoll.node.tlog.members import present_policy, read_word
from atoll.ordering.engine import View
from atoll.ordering.errors import NotAgreedYet, StaleView
from atoll.testing.consortium import FOUNDED, Founding
from atoll.trust.keys import Purpose

ORGS = ("operator", "bank", "bureau", "telecom")
ADDRESSES = {org: f"127.0.0.{at}:26656" for at, org in enumerate(ORGS, 1)}
FOUNDING = Founding(ORGS, engine=EngineKind.COMETBFT, consensus_addresses=ADDRESSES)
POLICY = policy_of(Ledger(FOUNDING.genesis_file).genesis)


@dataclass
class Member:
    """One member's node: its own ledger, memory, clock, and keys."""

    org: str
    ledger: Ledger = field(default_factory=lambda: Ledger(FOUNDING.genesis_file))
    time: int = FOUNDED + 100
    values: dict[str, bytes] = field(default_factory=dict)
    signed: int = 0
    stale: bool = False
    down: bool = False

    def grow(self, *words: bytes) -> Member:
        """Carry out a block for each word."""
        for word in words:
            block = Block(height=self.ledger.height + 1, term=1, time=FOUNDED + self.ledger.height + 1, transactions=(word,))
            self.ledger.adopt(self.ledger.execute(block))
        return self

    # -- what an engine gives
    def view(self) -> View:
        ledger = self.ledger
        return View(ledger.height, ledger.time, ledger.log.size, ledger.log.root(), self.time, ledger.tree)

    def require_fresh(self) -> View:
        if self.stale:
            raise StaleView(age_seconds=100, limit_seconds=60)
        return self.view()

    def seal(self) -> bytes:
        if not self.ledger.height:
            raise NotAgreedYet()
        return b"header"

    # -- what a store and a clock give
    def meta(self, name: str) -> bytes | None:
        return self.values.get(name)

    def set_meta(self, name: str, value: bytes) -> None:
        self.values[name] = value

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        return float(self.time)

    # -- its parts
    def sign(self, purpose: Purpose, name: str) -> Callable[[bytes], bytes]:
        def sign(data: bytes) -> bytes:
            assert name in self.values, "signed before it was written down"
            self.signed += 1
            return FOUNDING.keys[self.org][purpose].sign(data)

        return sign

    @property
    def cosigner(self) -> Cosigner:
        me: Any = self
        return Cosigner(org=self.org, engine=me, memory=self, clock=self, cosign=self.sign(Purpose.COSIGN, COSIGNED))

    def notes(self, call: Callable[..., Any]) -> OwnNotes:
        me: Any = self
        log = self.sign(Purpose.LOG, SIGNED)
        return OwnNotes(org=self.org, engine=me, memory=self, clock=self, log=log, cosigner=self.cosigner, call=call)


class Members:
    """All of them, connected."""

    def __init__(self, *words: bytes) -> None:
        self.of = {org: Member(org).grow(*words) for org in ORGS}

    async def call(self, caller: str, org: str, method: str, payload: bytes, seconds: float) -> bytes:
        assert method == METHOD
        assert seconds > 0
        if self.of[org].down:
            raise NotCosigned(org=org)
        return await self.of[org].cosigner.answer(caller, payload)

    async def publish(self, org: str) -> Note:
        """What a member's node signs and gets cosigned."""

        async def call(other: str, method: str, payload: bytes, seconds: float) -> bytes:
            return await self.call(org, other, method, payload, seconds)

        notes = self.of[org].notes(call)
        candidate = notes.newest()
        assert candidate is not None
        return await notes.sign(candidate)

    def ask(self, org: str, size: int, root: bytes | None = None, *, by: str = "bank") -> Any:
        """Ask a member for a cosignature on a size."""
        asker = self.of[by]
        text = Checkpoint(origin=FOUNDING.chain_id, size=size, root=root or asker.ledger.log.root(size)).encode()
        line = sign_text(text, own_log_key(asker.view(), by), FOUNDING.keys[by][Purpose.LOG].sign)
        return self.of[org].cosigner.answer(by, Note(text, (line,)).encode())


def good(note: Note) -> int:
    """Size of a checkpoint that the trust file's quorum stands for."""
    return verify_checkpoint(note, POLICY).checkpoint.size


async def test_any_member_publishes_what_a_trust_file_believes() -> None:
    members = Members(b"one", b"two")
    for org in ORGS:
        assert good(await members.publish(org)) == members.of[org].ledger.log.size


async def test_only_a_quorum_makes_a_checkpoint_the_logs_own_and_the_signer_is_named() -> None:
    members = Members(b"one")
    note, view = await members.publish("bank"), members.of["bank"].view()
    word = read_word(view, note)
    assert (word.checkpoint.size, word.signers) == (view.log_size, ("bank",))
    assert word.agreed_by == members.of["bank"].time
    log, *lines = note.signatures
    for some in ((), lines[:1], lines[:2], (*lines[:2], lines[1])):
        assert read_word(view, Note(note.text, (log, *some))).agreed_by is None
    assert read_word(view, Note(note.text, (log, *lines[:3]))).agreed_by
    fewer = view.consensus.validators[:2]
    uncounted = [one for one in lines if one.name.split("/")[-1] not in {each.org for each in fewer}]
    smaller: Any = SimpleNamespace(chain=view.chain, all=view.all, consensus=replace(view.consensus, validators=fewer))
    assert read_word(smaller, Note(note.text, (log, *uncounted))).agreed_by is None, "who does not count was counted"
    with pytest.raises(UntrustedNoteError):
        read_word(view, Note(note.text, tuple(lines)))


async def test_a_checkpoint_is_as_old_as_the_oldest_quorum_under_it() -> None:
    """So a member that dates its cosignature years ahead does not hide when the others stood for it."""
    members = Members(b"one")
    start = members.of["bank"].time
    for org, ahead in (("operator", 0), ("bank", 2), ("bureau", 1), ("telecom", 10**8)):
        members.of[org].time += ahead
    assert read_word(members.of["bank"].view(), await members.publish("bank")).agreed_by == start + 2


async def test_the_policy_of_today_is_that_of_the_founding_until_something_changes() -> None:
    members = Members(b"one")
    view = members.of["bank"].view()
    made = present_policy(view)
    assert (set(made.logs), made.witnesses, made.groups) == (set(POLICY.logs), POLICY.witnesses, POLICY.groups)
    fewer = replace(view.consensus, validators=view.consensus.validators[:3])
    smaller: Any = SimpleNamespace(chain=view.chain, all=view.all, consensus=fewer)
    assert [len(present_policy(smaller).logs), present_policy(smaller).groups[0].threshold] == [3, 3]
    assert verify_checkpoint(await members.publish("bank"), made).checkpoint.size == view.log_size


async def test_one_of_four_may_be_missing_and_two_may_not() -> None:
    members = Members(b"one")
    members.of["telecom"].down = True
    assert good(await members.publish("bank"))
    members.of["bureau"].down = True
    with pytest.raises(NotCosigned, match="bureau, telecom"):
        await members.publish("bank")


async def test_before_anything_is_agreed_there_is_nothing_to_publish() -> None:
    member = Member("bank")
    assert member.notes(SimpleNamespace()).newest() is None  # type: ignore[arg-type]


async def test_a_member_that_carried_out_something_else_does_not_cosign_and_keeps_what_it_saw() -> None:
    members = Members(b"one")
    members.of["bank"] = Member("bank").grow(b"another")
    with pytest.raises(NotCosigned):
        await members.publish("bank")
    size = members.of["bureau"].ledger.log.size
    kept = parse_note(members.of["bureau"].values[f"{PLACE}/bank/0"])
    assert verify_note(kept, [own_log_key(members.of["bureau"].view(), "bank")]), "a proof for anybody who has the other root"
    assert parse_checkpoint(kept.text).root == members.of["bank"].ledger.log.root(size)
    assert COSIGNED not in members.of["bureau"].values
    with pytest.raises(LogForked):
        await members.ask("bureau", size)
    assert f"{PLACE}/bank/1" not in members.of["bureau"].values, "one proof is kept once"


async def test_proof_about_one_member_is_bounded_and_never_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atoll.node.tlog.kept.MOST_ABOUT_ONE", 2)
    members = Members(b"one")
    size = members.of["bureau"].ledger.log.size
    for number in (1, 2, 3):
        with pytest.raises(LogForked):
            await members.ask("bureau", size, bytes([number] * 32))
    kept = [value for name, value in members.of["bureau"].values.items() if name.startswith(PLACE)]
    assert [parse_checkpoint(parse_note(one).text).root[0] for one in kept] == [1, 2]


async def test_a_member_cosigns_no_more_than_it_has_carried_out() -> None:
    members = Members(b"one")
    members.of["bank"].grow(b"two")
    with pytest.raises(NotReachedYet):
        await members.ask("bureau", members.of["bank"].ledger.log.size)


async def test_a_member_keeps_its_word_over_a_restart() -> None:
    members = Members(b"one", b"two", b"three")
    size = members.of["bank"].ledger.log.size
    await members.ask("bureau", size)
    with pytest.raises(CosignedFurther):
        await members.ask("bureau", size - 2)
    await members.ask("bureau", size)
    members.of["bureau"].time -= 1
    with pytest.raises(CosignedFurther):
        await members.ask("bureau", size)
    forked = Member("bureau", values=members.of["bureau"].values).grow(b"one", b"two", b"otherwise")
    members.of["bureau"] = forked
    with pytest.raises(LogForked):
        await members.ask("bureau", size, forked.ledger.log.root(size))


async def test_a_publisher_keeps_its_word_too() -> None:
    members = Members(b"one", b"two")
    await members.publish("bank")
    values = members.of["bank"].values
    members.of["bank"] = Member("bank", values=values).grow(b"one")
    with pytest.raises(CosignedFurther):
        await members.publish("bank")
    members.of["bank"] = Member("bank", values=values).grow(b"one", b"otherwise")
    with pytest.raises(LogForked):
        await members.publish("bank")


async def test_what_cannot_be_written_down_is_not_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    members = Members(b"one")

    def full(self: Member, name: str, value: bytes) -> None:
        raise OSError(f"no space for {name} of {self.org}: {len(value)}")

    monkeypatch.setattr(Member, "set_meta", full)
    with pytest.raises(OSError, match=SIGNED):
        await members.publish("bank")
    with pytest.raises(OSError, match=COSIGNED):
        await members.ask("bureau", members.of["bank"].ledger.log.size)
    assert [one.signed for one in members.of.values()] == [0] * 4


async def test_a_member_that_has_heard_of_no_quorum_for_a_minute_does_not_cosign() -> None:
    members = Members(b"one")
    members.of["bureau"].stale = True
    with pytest.raises(StaleView):
        await members.ask("bureau", members.of["bank"].ledger.log.size)
    with pytest.raises(StaleView):
        await members.publish("bureau")
    assert not members.of["bureau"].values, "a time that its clock shows in error would bind it"


async def test_only_the_asking_members_own_checkpoints_of_this_log_are_cosigned() -> None:
    members = Members(b"one")
    bureau, size = members.of["bureau"], members.of["bank"].ledger.log.size
    root = bureau.ledger.log.root(size)
    for origin, signer, asker, error in (
        ("another.log", "bank", "bank", (NotCosigned, UntrustedNoteError)),
        (FOUNDING.chain_id, "telecom", "bank", (UntrustedNoteError, NoteSignatureError)),
        (FOUNDING.chain_id, "bank", "stranger", (NotCosigned, AtollError)),
    ):
        text = Checkpoint(origin=origin, size=size, root=root).encode()
        line = sign_text(text, own_log_key(bureau.view(), signer), FOUNDING.keys[signer][Purpose.LOG].sign)
        with pytest.raises(error):
            await bureau.cosigner.answer(asker, Note(text, (line,)).encode())
    with pytest.raises(NoteFormatError):
        await bureau.cosigner.answer("bank", b"nonsense")
    assert bureau.signed == 0


async def test_a_false_cosignature_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    members = Members(b"one")
    answers = {"bureau": b"nonsense", "telecom": b"", "operator": members.of["bank"].ledger.log.root()}

    async def call(self: Members, caller: str, org: str, method: str, payload: bytes, seconds: float) -> bytes:
        del self, caller, method, payload, seconds
        return answers[org]

    monkeypatch.setattr(Members, "call", call)
    with pytest.raises(NotCosigned):
        await members.publish("bank")
