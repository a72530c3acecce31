"""From the founders to whoever counts now: members join, keys change, operators die; nobody is believed by name."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import pytest

from atoll.ledger.agreement import cosign_key, log_key
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.evidence.errors import (
    BadEvidenceSignature,
    Contradiction,
    EvidenceError,
    NoQuorum,
    NotExportable,
    NotProven,
)
from atoll.ledger.evidence.parts import AgreedStep, HandoverStep, Logged, encode_part
from atoll.ledger.note import Note, cosign_text, sign_text
from atoll.ledger.records import ConsensusSet, Member, Motion, MotionCounter
from atoll.ledger.rules.consensus import Handover, HandoverVote, SignedVote
from atoll.ledger.rules.keys import RotateKey
from atoll.ledger.rules.membership import EnrolMember, InviteMember, newcomer_of
from atoll.ledger.rules.motion import ApproveMotion
from atoll.primitives.merkle import MerkleTree, leaf_hash
from atoll.testing.consortium import NamedEntropy
from atoll.trust.invite import InviteBinding, create_invite
from atoll.trust.keys import Purpose, SecretKey
from atoll.trust.roles import Role
from atoll.wire.cbor import decode
from tests.unit.evidence.world import World, pack, unpack

FIVE = ("operator", "auditor", "bank", "bureau", "telecom")
"""Four count: q = 3."""


def enrol(world: World, org: str, *, consensus_address: str | None = None) -> World:
    """A new validating member; with the address of its CometBFT node where it needs one."""
    new = world.founding.add(org)
    for purpose in (Purpose.LOG, Purpose.COSIGN):
        world.know(new.keys[purpose])
    enrolment = new.enrolment(consensus_address=consensus_address)
    binding = InviteBinding(
        organisation=org,
        key_digest=new.keys[Purpose.IDENTITY].public.digest,
        genesis_digest=world.founding.genesis_digest,
        expires_at=world.ledger.time + 1000,
        issuer="operator",
    )
    invite = create_invite(binding, NamedEntropy(f"invite/{org}"))
    world.do(
        "operator",
        InviteMember(
            org=org,
            commitment=invite.commitment,
            roles=tuple(sorted((str(Role.OWNER), str(Role.USER)))),
            validating=True,
            expires_at=world.ledger.time + 1000,
            newcomer=newcomer_of(enrolment),
        ),
    )
    number = world.ledger.view().get(MotionCounter, "0")
    for one in world.ledger.consensus.counted():
        motion = world.ledger.view().get(Motion, str(number.last if number else 0))
        if motion is not None and motion.carried_height == 0:
            world.do(one.org, ApproveMotion(number=motion.number))
    return world.do(org, EnrolMember(enrolment=enrolment, token_secret=invite.expose_secret()))


def rotate(world: World, org: str, purpose: Purpose) -> World:
    """A new cosigning or log key."""
    key = world.know(SecretKey.generate(purpose, NamedEntropy(f"{org}/{purpose}/{world.ledger.height}")))
    return world.do(org, RotateKey(purpose=purpose, public=key.public.data, second=b""))


def votes(world: World, sequencer: str, by: Collection[str], *, term: int | None = None) -> tuple[SignedVote, ...]:
    """Signed votes for a new sequencer."""
    signed = []
    for org in sorted(by):
        vote = HandoverVote(
            genesis_digest=world.founding.genesis_digest,
            org=org,
            new_term=world.ledger.consensus.term + 1 if term is None else term,
            new_sequencer=sequencer,
            height=world.ledger.height,
            size=world.ledger.log.size,
            root=world.ledger.log.root(),
        )
        signed.append(SignedVote(vote=vote, signature=world.founding.keys[org][Purpose.IDENTITY].sign(vote.signed_bytes())))
    return tuple(signed)


def hand_over(world: World, sequencer: str, by: Collection[str], *, term: int | None = None) -> World:
    """The first block of a new term."""
    signed = votes(world, sequencer, by, term=term)
    body = Handover(new_term=signed[0].vote.new_term, votes=signed)
    world.block(world.founding.sign(sequencer, body), term=body.new_term)
    assert world.outcomes[0].ok, world.outcomes[0]
    return world


def cosigned_by(world: World, *orgs: str) -> World:
    """The newest checkpoint has only these cosignatures."""
    world.newest = world.sign(world.authority, by=orgs)
    return world


# -- honest walks --------------------------------------------------------------------------------------------------------------


def test_where_nothing_changed_there_is_no_step(world: World, bundle: bytes) -> None:
    assert not [name for name in unpack(bundle) if name.startswith("step")]


def test_a_member_that_joined_counts_and_the_old_ones_say_so() -> None:
    world = enrol(World(), "telecom").complete()
    found = world.verify(world.export())
    assert (found.standing.counted, found.standing.quorum, found.standing.steps) == (4, 3, 1)


def test_where_the_old_members_no_longer_cosign_a_kept_checkpoint_says_so() -> None:
    world = cosigned_by(enrol(World(), "telecom").complete(), "auditor", "bank", "telecom")
    found = world.verify(world.export())
    assert found.standing.kind.endswith("cosigned by 3 of 4")
    assert found.standing.steps == 1


def test_where_no_checkpoint_of_that_time_was_kept_the_exporter_says_so() -> None:
    world = cosigned_by(enrol(World(), "telecom").complete(), "auditor", "bank", "telecom")
    world.kept.clear()
    with pytest.raises(NotExportable, match="no checkpoint of the members that counted before block 4 was kept"):
        world.export()


def test_keys_that_all_change_are_followed_one_by_one() -> None:
    world = World()
    for org in ("auditor", "bank", "bureau"):
        rotate(world, org, Purpose.COSIGN)
    rotate(world, "operator", Purpose.LOG)
    world.complete()
    found = world.verify(world.export())
    assert found.standing.steps == 4
    assert found.standing.cosigned_at.keys() == {"auditor", "bank", "bureau"}


def test_a_change_in_the_last_block_itself_is_cosigned_by_those_before_it() -> None:
    world = enrol(World().complete(), "telecom")
    found = world.verify(world.export())
    assert (found.standing.counted, found.standing.steps) == (3, 0)


def test_a_dead_operator_is_survived() -> None:
    """Three of four vote; the checkpoint after it has all that are left."""
    world = World(FIVE).register()
    hand_over(world, "bank", ("auditor", "bank", "bureau"))
    world.propose().consent().start().receipts()
    cosigned_by(world, "auditor", "bureau", "telecom")
    found = world.verify(world.export())
    assert (found.standing.sequencer, found.standing.term, found.standing.steps) == ("bank", 2, 1)
    assert found.standing.kind.endswith("cosigned by 3 of 4")


def test_a_hand_over_is_proved_by_its_votes_where_no_old_quorum_cosigned_since() -> None:
    world = World(FIVE).register()
    hand_over(world, "bank", ("auditor", "bank", "bureau"))
    world.propose().consent().start().receipts()
    world.kept.clear()
    cosigned_by(world, "auditor", "bureau", "operator")
    data = world.export()
    assert decode(unpack(data)["step 1"], max_bytes=1 << 20)[0] == HandoverStep.TAG
    assert world.verify(data).standing.sequencer == "bank"


def test_terms_may_be_skipped_when_somebody_could_not_take_over() -> None:
    world = World(FIVE).register()
    hand_over(world, "bank", ("auditor", "bank", "bureau"), term=4)
    world.propose().consent().start().receipts()
    world.kept.clear()
    cosigned_by(world, "auditor", "bureau", "operator")
    assert world.verify(world.export()).standing.term == 4


def test_a_hand_over_in_the_last_block_counts_at_once() -> None:
    world = hand_over(World(FIVE).complete(), "bank", ("auditor", "bank", "bureau"))
    found = world.verify(world.export())
    assert (found.standing.sequencer, found.standing.height) == ("bank", world.ledger.height)


def test_two_hand_overs_and_a_new_member_are_walked() -> None:
    world = World(FIVE)
    hand_over(world, "bank", ("auditor", "bank", "bureau"))
    hand_over(world, "auditor", ("auditor", "bureau", "telecom"))
    rotate(world, "telecom", Purpose.COSIGN)
    world.register().propose().consent().start().receipts()
    cosigned_by(world, "bank", "operator", "telecom")
    found = world.verify(world.export())
    assert (found.standing.sequencer, found.standing.term) == ("auditor", 3)
    assert found.standing.steps >= 2


# -- lies about who counts -----------------------------------------------------------------------------------------------------


def step_of(data: bytes) -> HandoverStep:
    return HandoverStep.from_map(decode(unpack(data)["step 1"], max_bytes=1 << 20)[1])


def agreed_step_of(data: bytes, name: str = "step 1") -> AgreedStep:
    return AgreedStep.from_map(decode(unpack(data)[name], max_bytes=1 << 20)[1])


def with_step(data: bytes, step: AgreedStep | HandoverStep) -> bytes:
    return pack(unpack(data) | {"step 1": encode_part(step)})


@pytest.fixture(scope="module")
def handed() -> World:
    """A hand-over proved by votes."""
    world = World(FIVE).register()
    hand_over(world, "bank", ("auditor", "bank", "bureau"))
    world.propose().consent().start().receipts()
    world.kept.clear()
    return cosigned_by(world, "auditor", "bureau", "operator")


def test_two_of_four_votes_hand_nothing_over(handed: World) -> None:
    data = handed.export()
    step = step_of(data)
    with pytest.raises(NoQuorum, match=r"3 validating members must stand for it, and 2 do \(auditor, bank\)") as caught:
        handed.verify(with_step(data, replace(step, votes=step.votes[:2])))
    assert caught.value.name == "step 1"


def test_a_vote_counts_once_however_often_it_is_shown(handed: World) -> None:
    data = handed.export()
    step = step_of(data)
    with pytest.raises(NoQuorum, match="and 2 do"):
        handed.verify(with_step(data, replace(step, votes=(*step.votes[:2], step.votes[0]))))


def test_a_forged_vote_does_not_count(handed: World) -> None:
    data = handed.export()
    step = step_of(data)
    forged = replace(step.votes[2], signature=step.votes[1].signature)
    with pytest.raises(NoQuorum, match="and 2 do"):
        handed.verify(with_step(data, replace(step, votes=(*step.votes[:2], forged))))


def test_the_old_sequencer_has_no_vote(handed: World) -> None:
    data = handed.export()
    step = step_of(data)
    vote = replace(step.votes[2].vote, org="operator")
    signature = handed.founding.keys["operator"][Purpose.IDENTITY].sign(vote.signed_bytes())
    with pytest.raises(NoQuorum, match="and 2 do"):
        handed.verify(with_step(data, replace(step, votes=(*step.votes[:2], SignedVote(vote=vote, signature=signature)))))


def test_votes_for_the_term_that_was_hand_nothing_over(handed: World) -> None:
    data = handed.export()
    stale = []
    for one in step_of(data).votes:
        vote = replace(one.vote, new_term=1)
        signature = handed.founding.keys[vote.org][Purpose.IDENTITY].sign(vote.signed_bytes())
        stale.append(SignedVote(vote=vote, signature=signature))
    with pytest.raises(Contradiction, match="term 1 does not follow term 1"):
        handed.verify(with_step(data, replace(step_of(data), votes=tuple(stale))))


def test_voters_keys_are_those_of_the_trusted_state(handed: World) -> None:
    """Keys proved in a later state, or not proved at all, are nobody's."""
    data = handed.export()
    step = step_of(data)
    with pytest.raises(NotProven, match="The ledger holds no") as caught:
        handed.verify(with_step(data, replace(step, proofs=step.proofs[2:])))
    assert caught.value.name == "step 1"
    later = unpack(handed.assemble())["member bank at block 9"]
    with pytest.raises(NotProven, match="steps do not lead to the root"):
        handed.verify(with_step(data, replace(step, proofs=(*step.proofs, decode(later)[1]["proof"]))))


def test_without_its_step_a_hand_over_is_not_believed(handed: World) -> None:
    entries = unpack(handed.export())
    del entries["step 1"]
    with pytest.raises(NoQuorum):
        handed.verify(pack(entries))


def test_without_its_step_a_new_member_is_not_believed() -> None:
    world = enrol(World(), "telecom").complete()
    entries = unpack(world.export())
    del entries["step 1"]
    with pytest.raises(Contradiction, match="members that count are not those to whom the bundle's steps lead"):
        world.verify(pack(entries))


def test_a_sequencer_that_was_replaced_cannot_go_on() -> None:
    """The operator is not dead but deposed, and signs the old term's checkpoints on."""
    world = World(FIVE).register()
    hand_over(world, "bank", ("auditor", "bank", "bureau")).propose().consent().start().receipts()
    data = world.export()
    note = world.sign(world.sets[0])
    with pytest.raises((BadEvidenceSignature, NoQuorum)):
        world.verify(pack(unpack(data) | {"checkpoint": note}))


@pytest.fixture(scope="module")
def grown() -> World:
    """A member joined; the step rests on a kept checkpoint."""
    world = enrol(World(), "telecom").complete()
    return cosigned_by(world, "auditor", "bank", "telecom")


def test_a_step_needs_a_quorum_of_those_trusted_before_it(grown: World) -> None:
    data = grown.export()
    size = int(agreed_step_of(data).note.split(b"\n")[1])
    few = grown.sign(grown.sets[0], by={"auditor", "bank"}, size=size)
    with pytest.raises(NoQuorum, match=r"3 validating members must stand for it, and 2 do") as caught:
        grown.verify(with_step(data, replace(agreed_step_of(data), note=few)))
    assert caught.value.name == "step 1"


def test_a_step_by_the_new_members_alone_is_no_step(grown: World) -> None:
    """Otherwise whoever joins could bring along those who vouch for it."""
    data = grown.export()
    size = int(agreed_step_of(data).note.split(b"\n")[1])
    own = grown.sign(grown.sets[grown.ledger.height], by={"telecom"}, size=size)
    with pytest.raises(NoQuorum, match=r"and 0 do \(nobody\)"):
        grown.verify(with_step(data, replace(agreed_step_of(data), note=own)))


def test_a_step_on_another_branch_of_the_log_is_refused(grown: World) -> None:
    """The old members cosigned two histories: a step through the one proves nothing about the other."""
    data = grown.export()
    step = agreed_step_of(data)
    size = int(step.note.split(b"\n")[1])
    leaves = [leaf_hash(b"another first entry"), *(leaf_hash(one) for one in grown.log_entries[1:size])]
    branch = MerkleTree(leaves)
    text = Checkpoint(origin=grown.founding.chain_id, size=size, root=branch.root()).encode()
    note = sign_all(grown, text)
    summary = replace(step.summary, proof=tuple(branch.inclusion_proof(step.summary.index, size)))
    with pytest.raises(NotProven, match="hashes do not lead to") as caught:
        grown.verify(with_step(data, replace(step, note=note, summary=summary)))
    assert caught.value.name == "step 1"


def test_a_step_through_another_log_is_refused(grown: World) -> None:
    data = grown.export()
    step = agreed_step_of(data)
    size = int(step.note.split(b"\n")[1])
    text = Checkpoint(origin="test.example/other", size=size, root=grown.ledger.log.root(size)).encode()
    with pytest.raises(NotProven, match=r"it is a checkpoint of test\.example/other"):
        grown.verify(with_step(data, replace(step, note=sign_all(grown, text))))


def sign_all(world: World, text: str) -> bytes:
    """A text as a note, signed and cosigned by all founders that count, by the names of this log."""
    first, chain_id = world.sets[0], world.founding.chain_id
    lines = [sign_text(text, log_key(chain_id, first.log), world.log_keys[first.log].sign)]
    for one in first.counted():
        lines.append(cosign_text(text, cosign_key(chain_id, one), world.ledger.time, world.cosign_keys[one.cosign].sign))
    return Note(text, tuple(lines)).encode()


EDITS: dict[str, Callable[[World, AgreedStep], AgreedStep]] = {
    "a transaction for a summary": lambda world, step: replace(step, summary=moved(world, step, -1)),
    "another block's state": lambda world, step: replace(step, summary=moved(world, step, -2)),
    "a proof of another record": lambda world, step: replace(
        step, proof=decode(world.entry_of_record(Member, "bank", 2))[1]["proof"]
    ),
}


def moved(world: World, step: AgreedStep, by: int) -> Logged:
    size, index = int(step.note.split(b"\n")[1]), step.summary.index + by
    return Logged(index=index, data=world.log_entries[index], proof=tuple(world.ledger.log.inclusion_proof(index, size)))


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_step_says_what_the_state_says(grown: World, edit: Callable[[World, AgreedStep], AgreedStep]) -> None:
    data = grown.export()
    with pytest.raises(EvidenceError) as caught:
        grown.verify(with_step(data, edit(grown, agreed_step_of(data))))
    assert caught.value.name == "step 1"


def test_steps_do_not_lead_backwards() -> None:
    world = World()
    for org in ("auditor", "bank"):
        rotate(world, org, Purpose.COSIGN)
    world.complete()
    data = world.export()
    entries = unpack(data)
    count = sum(name.startswith("step") for name in entries)
    again = {f"step {count + 1}": entries["step 1"]}
    with pytest.raises(EvidenceError) as caught:
        world.verify(pack(entries | again))
    assert caught.value.name == f"step {count + 1}"


def test_the_members_are_those_before_the_last_block(grown: World) -> None:
    """The record that says so is not taken from just any state."""
    data = grown.export()
    entries = unpack(data)
    name = next(one for one in entries if one.startswith("consensus 0"))
    old = grown.entry_of_record(ConsensusSet, "0", 1)
    with pytest.raises(NotProven) as caught:
        grown.verify(pack(entries | {name: old}))
    assert caught.value.name == name
