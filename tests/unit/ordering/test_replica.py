"""One replica by itself: what it carries out, what it puts its name to, and what it never contradicts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from atoll.ledger.agreement import cosign_key, log_key
from atoll.ledger.block import Block
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.cosignature import parse_cosignature
from atoll.ledger.errors import BadBlock, NoteSignatureError, QuorumError, UntrustedNoteError
from atoll.ledger.note import Note, cosign_text, sign_text
from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ledger.rules.keys import RotateKey
from atoll.ordering.embedded.evidence import FORK, WRONG_ROOT, Fork, is_fork
from atoll.ordering.embedded.points import Point
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.embedded.signatory import Signatory, Signers
from atoll.ordering.embedded.store import Store
from atoll.ordering.errors import BadTime, ForkDetected, HandoverRefused, KeyUnfit, TermRefused
from atoll.ordering.offload import inline
from atoll.testing.consortium import Founding, NamedEntropy
from atoll.testing.engines import memory_folder
from atoll.testing.virtual import VirtualClock, run_virtually
from atoll.trust.keys import Purpose, SecretKey
from atoll.wire.message import parse_message

FOUNDING = Founding(("operator", "auditor", "bank", "bureau"))
LOG = FOUNDING.keys["operator"][Purpose.LOG]


class Desk:
    """The bank's replica and signatory, and a sequencer that can be made to say anything."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock(asyncio.get_running_loop())
        self.folder = folder
        self.open()

    def open(self) -> None:
        keys = FOUNDING.keys["bank"]
        store = Store(self.folder / "bank")
        self.replica = Replica(org="bank", genesis_file=FOUNDING.genesis_file, store=store, clock=self.clock, offload=inline)
        signers = Signers(identity=keys[Purpose.IDENTITY].sign, cosign=keys[Purpose.COSIGN].sign, log=keys[Purpose.LOG].sign)
        self.signatory = Signatory(self.replica, signers, self.clock)

    async def reopen(self) -> None:
        await self.replica.close()
        self.open()

    def block(self, *numbers: int, time: int = 0) -> Block:
        """The next block: the bank registers these tables."""
        bodies = [RegisterDataset(dataset=f"bank/table-{at}/1", card_commitment=bytes(32), level=1) for at in numbers]
        transactions = tuple(FOUNDING.sign("bank", body, nonce=at) for at, body in zip(numbers, bodies, strict=True))
        tip = self.replica.tip
        return Block(height=tip.height + 1, term=1, time=time or self.clock.now(), transactions=transactions)

    def note(self, point: Point, *, root: bytes = b"", key: SecretKey = LOG) -> Note:
        """The sequencer's checkpoint of a point; a lie if it is given another root."""
        said = Checkpoint(origin=FOUNDING.chain_id, size=point.checkpoint.size, root=root or point.checkpoint.root)
        return Note(said.encode(), (sign_text(said.encode(), log_key(FOUNDING.chain_id, key.public.data), key.sign),))

    def agreed(self, point: Point, *orgs: str) -> Note:
        """The same with the cosignatures of these members."""
        members = {one.org: one for one in point.authority.validators}
        text = point.checkpoint.encode()
        lines = [
            cosign_text(
                text, cosign_key(FOUNDING.chain_id, members[org]), self.clock.now(), FOUNDING.keys[org][Purpose.COSIGN].sign
            )
            for org in orgs
        ]
        return self.note(point).with_signatures(lines)


def at_the_desk(tmp_path: Path, scenario: Callable[[Desk], Awaitable[None]]) -> None:
    async def whole(folder: Path) -> None:
        desk = Desk(folder)
        try:
            await scenario(desk)
        finally:
            await desk.replica.close()

    with memory_folder(tmp_path) as folder:
        run_virtually(whole(folder))


def test_a_block_is_carried_out_made_durable_and_cosigned(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        point = await desk.replica.add(desk.block(1, 2))
        line = await desk.signatory.cosign(desk.note(point))
        assert line is not None and parse_cosignature(line.body)[0] == desk.clock.now()
        assert desk.replica.view.height == 0  # nobody has agreed yet
        assert await desk.replica.agree(desk.agreed(point, "auditor", "bank", "bureau"))
        assert desk.replica.view.height == 1
        await desk.reopen()
        assert (desk.replica.view.height, desk.replica.tip.checkpoint) == (1, point.checkpoint)

    at_the_desk(tmp_path, scenario)


def test_a_block_that_does_not_give_the_signed_root_is_refused_and_kept_as_evidence(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        block = desk.block(1)
        point = await desk.replica.add(block)
        await desk.reopen()
        with pytest.raises(BadBlock):
            await desk.replica.add(desk.block(2), desk.note(point, root=bytes(32)))
        assert desk.replica.tip.height == 1
        other = Checkpoint(origin=FOUNDING.chain_id, size=point.checkpoint.size + 2, root=bytes(32))
        lie = Note(other.encode(), (sign_text(other.encode(), log_key(FOUNDING.chain_id, LOG.public.data), LOG.sign),))
        with pytest.raises(BadBlock):
            await desk.replica.add(desk.block(2), lie)
        assert [kind for kind, _, _ in desk.replica.store.evidence()] == [WRONG_ROOT, WRONG_ROOT]

    at_the_desk(tmp_path, scenario)


def test_only_the_sequencers_signature_makes_a_checkpoint(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        point = await desk.replica.add(desk.block(1))
        stranger = FOUNDING.keys["bureau"][Purpose.LOG]
        with pytest.raises(UntrustedNoteError):
            await desk.signatory.cosign(desk.note(point, key=stranger))
        forged = desk.note(point, root=bytes(32))
        with pytest.raises(NoteSignatureError):
            await desk.signatory.cosign(Note(point.checkpoint.encode(), forged.signatures))

    at_the_desk(tmp_path, scenario)


def test_another_root_of_a_known_size_is_never_cosigned_and_both_signatures_are_kept(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        point = await desk.replica.add(desk.block(1))
        assert await desk.signatory.cosign(desk.note(point)) is not None
        with pytest.raises(ForkDetected):
            await desk.signatory.cosign(desk.note(point, root=bytes(32)))
        [(kind, _, data)] = desk.replica.store.evidence()
        fork = parse_message(data, Fork)
        assert kind == FORK and is_fork(fork, chain_id=FOUNDING.chain_id, log=LOG.public.data)
        assert not is_fork(fork, chain_id=FOUNDING.chain_id, log=FOUNDING.keys["bank"][Purpose.LOG].public.data)

    at_the_desk(tmp_path, scenario)


def test_a_cosignature_is_written_down_before_it_is_given(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        point = await desk.replica.add(desk.block(1))  # without a note: no vow goes with the block
        assert not desk.replica.vows.is_cosigned(point)
        await desk.signatory.cosign(desk.note(point))
        await desk.reopen()
        assert desk.replica.vows.is_cosigned(desk.replica.tip)

    at_the_desk(tmp_path, scenario)


def test_what_was_cosigned_before_binds_also_a_replica_that_has_forgotten_the_block(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        point = await desk.replica.add(desk.block(1))
        await desk.signatory.cosign(desk.note(point))
        async with desk.replica.store_lock:
            await desk.replica.write(lambda: desk.replica.store.drop_above(0))  # the block is lost, the vow is not
        await desk.reopen()
        other = await desk.replica.add(desk.block(2))
        assert other.checkpoint.size == point.checkpoint.size
        with pytest.raises(ForkDetected):
            await desk.signatory.cosign(desk.note(other))

    at_the_desk(tmp_path, scenario)


def test_a_smaller_log_is_not_cosigned_after_a_larger_one(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        first = await desk.replica.add(desk.block(1))
        second = await desk.replica.add(desk.block(2))
        assert await desk.signatory.cosign(desk.note(second)) is not None
        assert await desk.signatory.cosign(desk.note(first)) is None

    at_the_desk(tmp_path, scenario)


def test_a_key_that_the_ledger_does_not_hold_signs_nothing(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        point = await desk.replica.add(desk.block(1))
        foreign = FOUNDING.keys["bureau"]
        desk.signatory.signers = Signers(
            identity=foreign[Purpose.IDENTITY].sign, cosign=foreign[Purpose.COSIGN].sign, log=foreign[Purpose.LOG].sign
        )
        with pytest.raises(KeyUnfit):
            await desk.signatory.cosign(desk.note(point))
        with pytest.raises(KeyUnfit):
            await desk.signatory.sign(point)

    at_the_desk(tmp_path, scenario)


# -- time ----------------------------------------------------------------------------------------------------------------------


def test_a_block_from_the_future_is_not_taken(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        with pytest.raises(BadTime):
            await desk.replica.add(desk.block(1, time=desk.clock.now() + 6))
        await desk.replica.add(desk.block(1, time=desk.clock.now() + 5))

    at_the_desk(tmp_path, scenario)


def test_a_block_from_the_past_is_carried_out_and_not_cosigned(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await asyncio.sleep(100)
        point = await desk.replica.add(desk.block(1, time=desk.clock.now() - 6))
        with pytest.raises(BadTime):
            await desk.signatory.cosign(desk.note(point))
        later = await desk.replica.add(desk.block(2, time=desk.clock.now() - 5))
        assert await desk.signatory.cosign(desk.note(later)) is not None

    at_the_desk(tmp_path, scenario)


def test_what_was_cosigned_on_time_is_cosigned_again_at_any_time(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        point = await desk.replica.add(desk.block(1))
        await desk.signatory.cosign(desk.note(point))
        await asyncio.sleep(1000)
        line = await desk.signatory.cosign(desk.note(point))
        assert line is not None and parse_cosignature(line.body)[0] == desk.clock.now()

    at_the_desk(tmp_path, scenario)


# -- who counts ----------------------------------------------------------------------------------------------------------------


def test_the_set_before_a_block_counts_for_it(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        key = SecretKey.generate(Purpose.COSIGN, NamedEntropy("new"))
        rotation = FOUNDING.sign("bank", RotateKey(purpose=Purpose.COSIGN, public=key.public.data, second=b""), nonce=1)
        point = await desk.replica.add(Block(height=1, term=1, time=desk.clock.now(), transactions=(rotation,)))
        assert await desk.signatory.cosign(desk.note(point)) is not None  # still with the old key
        after = await desk.replica.add(desk.block(2))
        with pytest.raises(KeyUnfit):
            await desk.signatory.cosign(desk.note(after))

    at_the_desk(tmp_path, scenario)


def test_fewer_than_q_agree_on_nothing(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        point = await desk.replica.add(desk.block(1))
        for orgs in ((), ("auditor",), ("auditor", "bank"), ("operator", "auditor", "bank")):
            with pytest.raises(QuorumError):
                await desk.replica.agree(desk.agreed(point, *orgs))
        assert desk.replica.view.height == 0

    at_the_desk(tmp_path, scenario)


# -- leaving -------------------------------------------------------------------------------------------------------------------


def test_after_a_vote_nothing_of_the_old_term_is_cosigned(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        point = await desk.replica.add(desk.block(1), None)
        await desk.signatory.cosign(desk.note(point))
        signed = await desk.signatory.vote("bureau", 2)
        assert (signed.vote.height, signed.vote.root) == (1, point.checkpoint.root)
        for _ in range(2):
            with pytest.raises(TermRefused):
                await desk.signatory.cosign(desk.note(desk.replica.tip))
            await desk.reopen()

    at_the_desk(tmp_path, scenario)


def test_votes_go_to_later_terms_only(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        for term in (0, 1):
            with pytest.raises(HandoverRefused):
                await desk.signatory.vote("bureau", term)
        await desk.signatory.vote("bureau", 3)
        for term in (2, 3):
            with pytest.raises(HandoverRefused):
                await desk.signatory.vote("auditor", term)
        await desk.signatory.vote("auditor", 4)

    at_the_desk(tmp_path, scenario)


def test_the_tail_is_left_only_for_a_reason(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        point = await desk.replica.add(desk.block(1))
        await desk.signatory.cosign(desk.note(point))
        branch = desk.replica.branch(0)
        other = branch.extend(
            Block(height=1, term=1, time=desk.clock.now(), transactions=desk.block(7).transactions),
            verify=desk.replica.verdicts,
        )
        with pytest.raises(ForkDetected):
            await desk.replica.take(branch)
        with pytest.raises(QuorumError):
            await desk.replica.take(branch, agreed=desk.agreed(other, "auditor"))
        assert desk.replica.tip is point
        dropped = await desk.replica.take(branch, agreed=desk.agreed(other, "auditor", "bank", "bureau"))
        assert dropped == [point] and desk.replica.tip is other
        for point in (other, await desk.replica.add(desk.block(8))):
            with pytest.raises(ForkDetected):  # it stood for the other history in this term
                await desk.signatory.cosign(desk.note(point))

    at_the_desk(tmp_path, scenario)


def test_what_nobody_has_signed_is_left_freely(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.replica.add(desk.block(1))
        branch = desk.replica.branch(0)
        other = branch.extend(
            Block(height=1, term=1, time=desk.clock.now(), transactions=desk.block(7).transactions),
            verify=desk.replica.verdicts,
        )
        await desk.replica.take(branch)
        assert await desk.signatory.cosign(desk.note(other)) is not None

    at_the_desk(tmp_path, scenario)


def other_block(desk: Desk, height: int) -> Block:
    """A block that the desk's own log does not have at this height."""
    return Block(height=height, term=1, time=desk.clock.now(), transactions=desk.block(7).transactions)


def test_an_agreed_note_of_what_both_branches_have_is_no_reason(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        shared = await desk.replica.add(desk.block(1))
        point = await desk.replica.add(desk.block(2))
        await desk.signatory.cosign(desk.note(point))
        branch = desk.replica.branch(0)
        branch.repeat(shared, verify=desk.replica.verdicts)
        branch.extend(other_block(desk, 2), verify=desk.replica.verdicts)
        with pytest.raises(ForkDetected):
            await desk.replica.take(branch, agreed=desk.agreed(shared, "auditor", "bank", "bureau"))
        assert desk.replica.tip is point

    at_the_desk(tmp_path, scenario)


def test_an_agreed_note_of_the_tail_itself_is_no_reason(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        point = await desk.replica.add(desk.block(1))
        await desk.signatory.cosign(desk.note(point))
        branch = desk.replica.branch(0)
        other = branch.extend(other_block(desk, 1), verify=desk.replica.verdicts)
        assert other.checkpoint.size == point.checkpoint.size
        with pytest.raises(ForkDetected):
            await desk.replica.take(branch, agreed=desk.agreed(point, "auditor", "bank", "bureau"))
        assert desk.replica.tip is point

    at_the_desk(tmp_path, scenario)


def test_a_size_that_is_to_be_signed_is_not_left_though_nobody_has_the_signature_yet(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.replica.order(desk.block(1))
        for _ in range(2):
            branch = desk.replica.branch(0)
            branch.extend(other_block(desk, 1), verify=desk.replica.verdicts)
            with pytest.raises(ForkDetected):
                await desk.replica.take(branch)
            await desk.reopen()

    at_the_desk(tmp_path, scenario)


def test_who_has_voted_for_a_later_term_orders_nothing_more_in_an_older_one(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        before = await desk.replica.order(desk.block(1))
        await desk.signatory.vote("bureau", 2)
        with pytest.raises(TermRefused):
            await desk.replica.order(desk.block(2))
        assert desk.replica.tip is before

    at_the_desk(tmp_path, scenario)


def test_a_block_of_a_term_that_was_left_is_not_named_in_the_next_vote(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        block = desk.block(1)
        point = desk.replica.branch(0).extend(block, verify=desk.replica.verdicts)
        await desk.signatory.vote("bureau", 2)
        await desk.replica.add(block, desk.note(point))
        assert not desk.replica.vows.is_cosigned(desk.replica.tip)
        assert (await desk.signatory.vote("auditor", 3)).vote.height == 0

    at_the_desk(tmp_path, scenario)
