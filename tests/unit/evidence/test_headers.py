"""Evidence from CometBFT: the same argument under block headers, and everything that too few validators could try."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.app_hash import app_hash
from atoll.ledger.evidence import (
    encode_trust_file,
    export_right_history,
    export_rights,
    narrate,
    parse_trust_file,
    verify_evidence,
)
from atoll.ledger.evidence.errors import (
    BadEvidenceSignature,
    Contradiction,
    EvidenceError,
    ForeignConsortium,
    MalformedEntry,
    NoQuorum,
    NotExportable,
    NotProven,
    TrustFileError,
)
from atoll.ledger.evidence.parts import HeaderStep, encode_part
from atoll.ledger.light import ABSENT, Vote
from atoll.ledger.records import ConsensusSet, EngineKind, Member, root_right_id
from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ledger.rules.leaving import LeaveMember
from atoll.ledger.tlog_policy import parse_policy
from atoll.ledger.vouching import validators_of
from atoll.primitives.merkle import MerkleTree, leaf_hash
from atoll.trust.keys import Purpose
from atoll.wire.cbor import decode
from tests.unit.evidence.header_world import HeaderWorld, completed, header_seal_in, revoke, rotate
from tests.unit.evidence.test_attacks import edited
from tests.unit.evidence.test_steps import enrol
from tests.unit.evidence.world import World, pack, unpack


def with_seal(world: HeaderWorld, seal: bytes) -> bytes:
    """The honest bundle with another seal for its checkpoint."""
    return pack(unpack(world.export()) | {"checkpoint": seal})


@pytest.fixture(scope="module")
def headed() -> HeaderWorld:
    """A completed job under headers. Not to be changed."""
    return completed(HeaderWorld())


@pytest.fixture(scope="module")
def shown(headed: HeaderWorld) -> bytes:
    """Its evidence."""
    return headed.export()


# -- honest --------------------------------------------------------------------------------------------------------------------


def test_the_finding_says_which_kind_of_trust_it_found(headed: HeaderWorld, shown: bytes, world: World, bundle: bytes) -> None:
    found = headed.verify(shown, now=headed.ledger.time + 32)
    assert found.standing.kind == "consensus, voted for by 4 of 4 validators"
    assert (found.standing.engine, found.standing.quorum, found.standing.steps) == (EngineKind.COMETBFT, 3, 0)
    assert found.standing.cosigned_at == dict.fromkeys(("auditor", "bank", "bureau", "operator"), found.standing.agreed_at)
    assert (found.age_seconds, found.standing.sequencer) == (30, "")
    assert json.loads(json.dumps(found.to_plain()))["standing"]["engine"] == "cometbft"
    other = world.verify(bundle)
    assert other.standing.kind == "tamper-evident under one operator, cosigned by 3 of 3"
    assert other.standing.engine is EngineKind.EMBEDDED


def test_the_page_for_people_says_so_too(headed: HeaderWorld, shown: bytes, world: World, bundle: bytes) -> None:
    page = " ".join(narrate(headed.verify(shown)).split())
    for sentence in (
        "The record is consensus, voted for by 4 of 4 validators; 3 of 4 are needed.",
        "No member puts transactions in order alone",
        "Another record of the same log would need 2 or more of the 4 members to have voted for both",
        "That is Byzantine consensus, and holds as long as less than a third of the validators cheat.",
        "the median of the validators' clocks",
    ):
        assert sentence in page
    assert "does not count" not in page and "operator," not in page
    embedded = " ".join(narrate(world.verify(bundle)).split())
    assert "that is not Byzantine consensus" in embedded and "validators propose" not in embedded


def test_three_of_four_votes_are_enough(headed: HeaderWorld) -> None:
    seal = headed.header_seal(by=("auditor", "bank", "bureau"))
    found = headed.verify(with_seal(headed, seal.encode()))
    assert found.standing.kind == "consensus, voted for by 3 of 4 validators"
    assert found.standing.cosigned_at.keys() == {"auditor", "bank", "bureau"}


def test_the_age_is_that_of_the_quorums_oldest_vote(headed: HeaderWorld) -> None:
    seal = headed.header_seal()
    light = seal.light
    votes = [replace(one, seconds=one.seconds + at) for at, one in enumerate(light.commit.signatures)]
    commit = replace(light.commit, signatures=tuple(votes))
    signed = tuple(
        replace(one, signature=headed.voting_keys[owner.key].sign(commit.sign_bytes(headed.founding.chain_id, at)))
        for at, (one, owner) in enumerate(zip(votes, light.validators.validators, strict=True))
    )
    late = replace(seal, light=replace(light, commit=replace(commit, signatures=signed)))
    first = header_seal_in(headed.newest).light.commit.signatures[0].time_ns // 10**9
    assert headed.verify(with_seal(headed, late.encode())).standing.agreed_at == first + 1  # the third newest of four


def test_a_header_over_empty_blocks_vouches_for_the_same_ledger() -> None:
    world = completed(HeaderWorld())
    before = world.newest
    world.empty_block().empty_block()
    assert before != world.newest
    assert world.verify(world.export()).standing.size == world.ledger.log.size


def test_keys_that_all_change_are_followed_one_by_one() -> None:
    world = HeaderWorld()
    for org in ("auditor", "bank", "bureau", "operator"):
        rotate(world, org)
    found = world.verify(completed(world).export())
    assert (found.standing.steps, found.standing.counted) == (4, 4)
    assert found.standing.cosigned_at.keys() == {"auditor", "bank", "bureau", "operator"}


def test_a_validator_that_gave_its_key_up_counts_no_more() -> None:
    world = HeaderWorld()
    found = world.verify(completed(revoke(world, "operator")).export())
    assert (found.standing.steps, found.standing.counted, found.standing.quorum) == (1, 3, 3)
    assert "operator" not in found.standing.cosigned_at


def test_validators_join_and_leave_and_every_change_is_walked() -> None:
    """Of the four that vote at the end, one was there at the founding with the same key."""
    world = HeaderWorld()
    world.let_vote(world.founding.add("telecom").keys[Purpose.CONSENSUS])
    enrol(world, "telecom", consensus_address="127.0.0.1:26100")
    world.do("operator", LeaveMember(validating_only=True))
    rotate(rotate(world, "bank"), "bureau")
    completed(world).empty_block().empty_block()
    found = world.verify(world.export())
    assert found.standing.cosigned_at.keys() == {"auditor", "bank", "bureau", "telecom"}
    assert (found.standing.steps, found.standing.counted) == (4, 4)


def test_a_change_of_keys_that_do_not_vote_is_no_step() -> None:
    world = rotate(HeaderWorld(), "bank", Purpose.COSIGN)
    found = world.verify(completed(world).export())
    assert found.standing.steps == 0


def test_a_change_in_the_last_block_is_announced_by_those_before_it() -> None:
    world = rotate(completed(HeaderWorld()), "bank")
    assert world.verify(world.export()).standing.steps == 0
    world.empty_block()  # the header after it is the new validators' first
    assert world.verify(world.export()).standing.steps == 1


def test_where_no_header_of_that_time_was_kept_the_exporter_says_so() -> None:
    world = completed(rotate(HeaderWorld(), "bank"))
    world.kept = world.kept[1:]
    with pytest.raises(NotExportable, match="the header right after block 1, which changed the validators, was not kept"):
        world.export()


# -- who stands for it ---------------------------------------------------------------------------------------------------------


def test_two_of_four_votes_are_no_quorum(headed: HeaderWorld) -> None:
    seal = headed.header_seal(by=("auditor", "bank"))
    with pytest.raises(NoQuorum, match=r"3 validating members must stand for it, and 2 do \(auditor, bank\)") as caught:
        headed.verify(with_seal(headed, seal.encode()))
    assert (caught.value.entry, caught.value.name) == (2, "checkpoint")


def test_a_vote_repeated_in_other_places_is_not_three(headed: HeaderWorld) -> None:
    seal = headed.header_seal(by=("auditor", "bank"))
    votes = seal.light.commit.signatures
    own = next(one for one in votes if one.vote is Vote.COMMIT)
    filled = tuple(own if one is ABSENT or one.vote is Vote.ABSENT else one for one in votes)
    forged = replace(seal, light=replace(seal.light, commit=replace(seal.light.commit, signatures=filled)))
    with pytest.raises(BadEvidenceSignature) as caught:
        headed.verify(with_seal(headed, forged.encode()))
    assert caught.value.name == "checkpoint"


def test_strangers_do_not_vote(headed: HeaderWorld) -> None:
    """Four others of the same names; everything they sign holds."""
    other = completed(HeaderWorld(chain_id=headed.founding.chain_id, time=headed.founding.genesis.time))
    for org in ("auditor", "bank", "bureau", "operator"):
        rotate(other, org)
    other.empty_block().empty_block()
    light = other.voted(
        replace(
            headed.header_seal().light.header,
            validators_hash=validators_of(other.ledger.consensus).hash(),
        ),
        validators_of(other.ledger.consensus),
    )
    forged = replace(headed.header_seal(), light=light)
    with pytest.raises(NotProven, match="validators are not the members that count") as caught:
        headed.verify(with_seal(headed, forged.encode()))
    assert caught.value.name == "checkpoint"


HEADERS: dict[str, dict[str, Any]] = {
    "of another chain": {"chain_id": "harbour.test.example"},
    "over another state": {"app_hash": bytes(32)},
    "of other validators": {"validators_hash": bytes(32)},
    "that names other validators for the next height": {"next_validators_hash": bytes(32)},
}


@pytest.mark.parametrize("changes", HEADERS.values(), ids=HEADERS)
def test_a_header_that_everybody_voted_for_vouches_for_this_ledger_and_no_other(
    headed: HeaderWorld, changes: dict[str, Any]
) -> None:
    with pytest.raises(EvidenceError):
        headed.verify(with_seal(headed, headed.header_seal(**changes).encode()))


SEALS: dict[str, dict[str, Any]] = {"size": {"size": 5}, "root": {"root": bytes(32)}, "state": {"state_root": bytes(32)}}


@pytest.mark.parametrize("changes", SEALS.values(), ids=SEALS)
def test_log_and_state_of_a_seal_are_those_of_its_header(headed: HeaderWorld, changes: dict[str, Any]) -> None:
    with pytest.raises(NotProven, match="its log and state are not those that the header commits to") as caught:
        headed.verify(with_seal(headed, replace(headed.header_seal(), **changes).encode()))
    assert caught.value.name == "checkpoint"


def test_an_earlier_header_does_not_carry_later_blocks(headed: HeaderWorld) -> None:
    with pytest.raises(EvidenceError):
        headed.verify(with_seal(headed, headed.kept[5].data))


def test_the_last_summary_has_the_state_that_the_header_has(headed: HeaderWorld) -> None:
    """More than 2/3 cheat: the log says one thing of the state, the header above it another."""
    other = bytes(32)
    seal = headed.header_seal(app_hash=app_hash(headed.ledger.log.size, headed.ledger.log.root(), other))
    with pytest.raises(Contradiction, match="it has another state than the header over it") as caught:
        headed.verify(with_seal(headed, replace(seal, state_root=other).encode()))
    assert caught.value.name == f"block {headed.ledger.height}"


# -- one kind for the other ----------------------------------------------------------------------------------------------------


def test_a_note_does_not_stand_in_for_a_header(headed: HeaderWorld) -> None:
    note = headed.sign(headed.ledger.consensus)
    with pytest.raises(NotProven, match="a note cannot vouch for a ledger whose engine is cometbft") as caught:
        headed.verify(with_seal(headed, note))
    assert caught.value.name == "checkpoint"


def test_a_header_does_not_stand_in_for_a_note(headed: HeaderWorld, world: World, bundle: bytes) -> None:
    with pytest.raises(NotProven, match="a header cannot vouch for a ledger whose engine is embedded") as caught:
        world.verify(pack(unpack(bundle) | {"checkpoint": headed.newest}))
    assert caught.value.name == "checkpoint"


def test_a_step_of_the_other_kind_is_no_step(headed: HeaderWorld, shown: bytes, bundle: bytes, world: World) -> None:
    step = HeaderStep(seal=headed.newest, consistency=(), proof=b"x")
    with pytest.raises(MalformedEntry):
        world.verify(pack(unpack(bundle) | {"step 1": encode_part(step)}))
    with pytest.raises(EvidenceError) as caught:
        headed.verify(pack(unpack(shown) | {"step 1": encode_part(step)}))
    assert caught.value.name == "step 1"


# -- one byte, digests put right -----------------------------------------------------------------------------------------------


def test_a_flipped_byte_is_found_in_every_entry_even_if_all_digests_are_put_right(headed: HeaderWorld, shown: bytes) -> None:
    for name, body in unpack(shown).items():
        dense = name == "checkpoint"
        for at in range(0, len(body), 17) if dense else (0, len(body) // 2, len(body) - 1):
            flipped = edited(shown, name, lambda old, at=at: old[:at] + bytes([old[at] ^ 1]) + old[at + 1 :])  # type: ignore[misc]
            with pytest.raises(EvidenceError) as caught:
                headed.verify(flipped)
            assert caught.value.name == name or dense, at


def test_a_flipped_byte_is_found_in_every_step() -> None:
    world = completed(rotate(HeaderWorld(), "bank"))
    data = world.export()
    body = unpack(data)["step 1"]
    for at in range(0, len(body), 29):
        flipped = edited(data, "step 1", lambda old, at=at: old[:at] + bytes([old[at] ^ 1]) + old[at + 1 :])  # type: ignore[misc]
        with pytest.raises(EvidenceError) as caught:
            world.verify(flipped)
        assert caught.value.name == "step 1", at


# -- lies about who counts -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def changed() -> HeaderWorld:
    """Two keys changed, in two blocks."""
    return completed(rotate(rotate(HeaderWorld(), "bank"), "bureau"))


def step_of(data: bytes, name: str = "step 1") -> HeaderStep:
    return HeaderStep.from_map(decode(unpack(data)[name], max_bytes=1 << 20)[1])


def with_step(data: bytes, step: HeaderStep, name: str = "step 1") -> bytes:
    return pack(unpack(data) | {name: encode_part(step)})


def test_without_its_step_a_change_is_not_believed(changed: HeaderWorld) -> None:
    entries = unpack(changed.export())
    last = entries.pop("step 2")
    with pytest.raises(NotProven, match="validators are not the members that count"):
        changed.verify(pack(entries))
    entries["step 1"] = last
    with pytest.raises(NotProven, match="validators are not the members that count") as caught:
        changed.verify(pack(entries))
    assert caught.value.name == "step 1"


def test_a_step_needs_more_than_two_thirds_of_those_trusted_before_it(changed: HeaderWorld) -> None:
    data = changed.export()
    step = step_of(data)
    seal = header_seal_in(step.seal)
    votes = seal.light.commit.signatures
    for kept, error in ((3, None), (2, NoQuorum)):
        fewer = tuple(one if at < kept else ABSENT for at, one in enumerate(votes))
        light = replace(seal.light, commit=replace(seal.light.commit, signatures=fewer))
        forged = with_step(data, replace(step, seal=replace(seal, light=light).encode()))
        if error is None:
            changed.verify(forged)
            continue
        with pytest.raises(error) as caught:
            changed.verify(forged)
        assert caught.value.name == "step 1"


def test_a_step_by_the_new_validators_alone_is_no_step(changed: HeaderWorld) -> None:
    """Otherwise whoever has the new keys could announce themselves."""
    data = changed.export()
    step = step_of(data)
    seal = header_seal_in(step.seal)
    new = changed.validating[3]
    light = changed.voted(replace(seal.light.header, validators_hash=new.hash()), new)
    with pytest.raises(NotProven, match="validators are not the members that count"):
        changed.verify(with_step(data, replace(step, seal=replace(seal, light=light).encode())))


def test_a_step_on_another_branch_of_the_log_is_refused(changed: HeaderWorld) -> None:
    """The old validators voted for two histories: a step through the one proves nothing about the other."""
    data = changed.export()
    step = step_of(data)
    seal = header_seal_in(step.seal)
    leaves = [leaf_hash(b"another first entry"), *(leaf_hash(one) for one in changed.log_entries[1 : seal.size])]
    other = replace(seal, root=MerkleTree(leaves).root())
    header = replace(seal.light.header, app_hash=app_hash(other.size, other.root, other.state_root))
    forged = replace(other, light=changed.voted(header, seal.light.validators))
    with pytest.raises(NotProven) as caught:
        changed.verify(with_step(data, replace(step, seal=forged.encode())))
    assert caught.value.name == "step 1"


def test_a_step_whose_header_names_others_than_its_state_is_refused(changed: HeaderWorld) -> None:
    """The state would bring in members for whom nobody voted, or the header validators whom no member invited."""
    data = changed.export()
    step = step_of(data)
    seal = header_seal_in(step.seal)
    header = replace(seal.light.header, next_validators_hash=changed.validating[1].hash())
    forged = replace(seal, light=changed.voted(header, seal.light.validators))
    with pytest.raises(Contradiction, match="its header names other validators than its state"):
        changed.verify(with_step(data, replace(step, seal=forged.encode())))


PROOFS: dict[str, Callable[[HeaderWorld], bytes]] = {
    "another record": lambda world: world.entry_of_record(Member, "bank", 1),
    "another state": lambda world: world.entry_of_record(ConsensusSet, "0", 2),
}


@pytest.mark.parametrize("other", PROOFS.values(), ids=PROOFS)
def test_a_step_says_what_its_state_says(changed: HeaderWorld, other: Callable[[HeaderWorld], bytes]) -> None:
    data = changed.export()
    forged = replace(step_of(data), proof=decode(other(changed))[1]["proof"])
    with pytest.raises(NotProven) as caught:
        changed.verify(with_step(data, forged))
    assert caught.value.name == "step 1"


def test_steps_do_not_lead_backwards_or_stand_still(headed: HeaderWorld, shown: bytes) -> None:
    """A header that announces nobody new is no harm, and no step past the bundle's own."""
    seal = header_seal_in(headed.kept[0].data)
    log, size = headed.ledger.log, headed.ledger.log.size
    step = HeaderStep(
        seal=seal.encode(),
        consistency=tuple(log.consistency_proof(seal.size, size)),
        proof=decode(headed.entry_of_record(ConsensusSet, "0", 1))[1]["proof"],
    )
    assert headed.verify(with_step(shown, step)).standing.steps == 1
    twice = pack(unpack(shown) | {"step 1": encode_part(step), "step 2": encode_part(step)})
    with pytest.raises(Contradiction, match="it leads backwards, or past the checkpoint") as caught:
        headed.verify(twice)
    assert caught.value.name == "step 2"
    own = replace(step, seal=headed.newest, consistency=())
    own = replace(own, proof=decode(headed.entry_of_record(ConsensusSet, "0", headed.ledger.height))[1]["proof"])
    with pytest.raises(Contradiction, match="it leads backwards, or past the checkpoint"):
        headed.verify(with_step(shown, own))


def test_the_state_names_the_validators_that_the_header_names(changed: HeaderWorld) -> None:
    data = changed.export()
    name = next(one for one in unpack(data) if one.startswith("consensus 0"))
    assert name == f"consensus 0 at block {changed.ledger.height}"
    old = changed.entry_of_record(ConsensusSet, "0", 1)
    with pytest.raises(NotProven) as caught:
        changed.verify(pack(unpack(data) | {name: old}))
    assert caught.value.name == name


# -- the trust file ------------------------------------------------------------------------------------------------------------


def test_the_trust_file_names_the_engine_and_stays_a_policy(headed: HeaderWorld) -> None:
    text = encode_trust_file(headed.founding.genesis, headed.founding.genesis_digest)
    trust = parse_trust_file(text)
    assert (trust.chain_id, trust.engine, trust.sequencer) == (headed.founding.chain_id, EngineKind.COMETBFT, "")
    assert trust.is_of(headed.founding.genesis)
    policy = parse_policy(text.encode())
    assert len(policy.logs) == 4 and {one.key.name for one in policy.logs} == {headed.founding.chain_id}
    assert policy.groups[0].threshold == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("engine cometbft\n", "engine embedded\n"),
        ("engine cometbft\n", "engine cometbft\n#atoll engine cometbft\n"),
        ("engine cometbft\n", "engine cometbft\n#atoll sequencer operator\n"),
        ("engine cometbft\n", "engine tendermint\n"),
        ("engine cometbft\n", "sequencer operator\n"),
        ("log lagoon.test.example+", "log harbour.test.example+"),
    ],
)
def test_a_trust_file_names_one_engine_and_one_log(headed: HeaderWorld, old: str, new: str) -> None:
    text = encode_trust_file(headed.founding.genesis, headed.founding.genesis_digest)
    assert old in text
    with pytest.raises(TrustFileError):
        parse_trust_file(text.replace(old, new, 1))


def test_a_trust_file_of_the_other_engine_believes_nothing(headed: HeaderWorld, shown: bytes, world: World) -> None:
    text = encode_trust_file(world.founding.genesis, headed.founding.genesis_digest)
    with pytest.raises(ForeignConsortium, match="keys are not those of its own genesis"):
        verify_evidence(shown, parse_trust_file(text))


def test_rights_stand_under_headers_too() -> None:
    world = HeaderWorld()
    world.do("bank", RegisterDataset(dataset="bank/customers/1", card_commitment=bytes(32), level=2))
    rotate(world, "bank").empty_block()
    _, found = export_rights(world, "bank/customers")
    assert found.kind == "consensus, voted for by 4 of 4 validators"
    assert found.cosigned == ("auditor", "bank", "bureau", "operator")
    _, history = export_right_history(world, root_right_id("bank/customers"))
    assert history.top == 2
