"""Somebody who can compute every digest, owns some keys, and means ill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.block import BlockSummary
from atoll.ledger.errors import BadBlock
from atoll.ledger.evidence import encode_trust_file, parse_trust_file, verify_evidence
from atoll.ledger.evidence.errors import (
    BadEvidenceSignature,
    Contradiction,
    EvidenceError,
    ForeignConsortium,
    IncompleteEvidence,
    MalformedEntry,
    NoQuorum,
    NotProven,
    RefusedTransaction,
)
from atoll.ledger.evidence.parts import Logged, encode_part
from atoll.ledger.genesis import FounderSignature, SignedGenesis
from atoll.ledger.plan import digest_plan_body
from atoll.ledger.records import Job, Member
from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ledger.rules.job import ConsentJob, StartJob
from atoll.ledger.rules.membership import SetEndpoints
from atoll.ledger.transaction import Transaction, seal_transaction
from atoll.testing.consortium import FOUNDED, NamedEntropy
from atoll.trust.keys import Purpose, SecretKey
from atoll.wire.cbor import decode
from atoll.wire.message import encode_message, parse_message
from tests.unit.evidence.world import FILES, GRANT, JOB, World, cut_plan, number_of, pack, unpack


def edited(data: bytes, name: str, edit: Callable[[bytes], bytes]) -> bytes:
    """The bundle with one entry's bytes changed and every digest put right again."""
    entries = unpack(data)
    return pack(entries | {name: edit(entries[name])})


def logged(body: bytes) -> Logged:
    return Logged.from_map(decode(body, max_bytes=1 << 20)[1])


def relogged(body: bytes, edit: Callable[[bytes], bytes]) -> bytes:
    """A log entry with changed bytes, and its place and proof as they were."""
    was = logged(body)
    return encode_part(Logged(index=was.index, data=edit(was.data), proof=was.proof))


# -- one byte, digests put right -----------------------------------------------------------------------------------------------


def test_a_flipped_byte_is_found_in_every_entry_even_if_all_digests_are_put_right(world: World, bundle: bytes) -> None:
    for number, (name, body) in enumerate(unpack(bundle).items(), start=1):
        for at in (0, len(body) // 2, len(body) - 1):
            flipped = edited(bundle, name, lambda old, at=at: old[:at] + bytes([old[at] ^ 1]) + old[at + 1 :])  # type: ignore[misc]
            with pytest.raises(EvidenceError) as caught:
                world.verify(flipped)
            assert (caught.value.entry, caught.value.name) == (number, name), at


# -- an invented consortium ----------------------------------------------------------------------------------------------------


def test_a_consortium_that_is_consistent_in_itself_is_not_the_one_you_trust(world: World) -> None:
    invented = World(time=world.founding.genesis.time + 1).complete()
    data = invented.export()
    assert invented.verify(data).entries > 40
    with pytest.raises(ForeignConsortium, match="its genesis has the digest") as caught:
        world.verify(data)
    assert caught.value.code == "evidence.foreign_consortium"
    assert (caught.value.entry, caught.value.name) == (1, "genesis")


def test_a_trust_file_with_the_right_digest_and_other_keys_is_refused(world: World, bundle: bytes) -> None:
    other = World(("operator", "auditor", "bank", "telecom")).founding
    trust = parse_trust_file(encode_trust_file(other.genesis, world.founding.genesis_digest))
    with pytest.raises(ForeignConsortium, match="keys are not those of its own genesis"):
        verify_evidence(bundle, trust)


def test_the_genesis_carries_every_founders_signature(world: World, bundle: bytes) -> None:
    def forge(data: bytes) -> bytes:
        signed = parse_message(data, SignedGenesis)
        first, *rest = signed.signatures
        wrong = FounderSignature(org=first.org, signature=first.signature[:-1] + b"\x00")
        return encode_message(SignedGenesis(body=signed.body, signatures=(wrong, *rest)))

    with pytest.raises(NotProven, match="signature of auditor is wrong") as caught:
        world.verify(edited(bundle, "genesis", lambda body: relogged(body, forge)))
    assert caught.value.name == "genesis"


def test_a_second_log_of_the_same_founders_is_another_log(world: World, bundle: bytes) -> None:
    """The same genesis entry, but somewhere else than at the beginning of the log."""
    world_too = World()
    world_too.block(world_too.founding.genesis_file)
    world_too.complete()
    entries = unpack(world_too.export())
    at = world_too.log_entries.index(world_too.founding.genesis_file, 1)
    proof = tuple(world_too.ledger.log.inclusion_proof(at, world_too.ledger.log.size))
    entries["genesis"] = encode_part(Logged(index=at, data=world_too.founding.genesis_file, proof=proof))
    with pytest.raises(NotProven, match="not the first entry of the log"):
        world_too.verify(pack(entries))


# -- who stands for it ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def own() -> World:
    """A consortium of five of which four count: q = 3."""
    return World(("operator", "auditor", "bank", "bureau", "telecom")).complete()


def with_note(world: World, note: bytes) -> bytes:
    return pack(unpack(world.export()) | {"checkpoint": note})


def test_three_of_four_are_a_quorum(own: World) -> None:
    note = own.sign(own.ledger.consensus, by={"auditor", "bank", "telecom"})
    found = own.verify(with_note(own, note))
    assert found.standing.kind.endswith("cosigned by 3 of 4")


def test_two_of_four_are_no_quorum(own: World) -> None:
    note = own.sign(own.ledger.consensus, by={"auditor", "telecom"})
    with pytest.raises(NoQuorum, match=r"3 validating members must stand for it, and 2 do \(auditor, telecom\)") as caught:
        own.verify(with_note(own, note))
    assert (caught.value.entry, caught.value.name) == (2, "checkpoint")
    assert caught.value.code == "evidence.no_quorum"


def test_the_sequencers_own_cosignature_does_not_count(own: World) -> None:
    note = own.sign(own.ledger.consensus, by={"auditor", "telecom", "operator"}, sequencer_too=True)
    assert note.count(b"/operator ") == 1
    with pytest.raises(NoQuorum, match=r"and 2 do \(auditor, telecom\)"):
        own.verify(with_note(own, note))


def test_the_same_member_twice_counts_once(own: World) -> None:
    one = own.sign(own.ledger.consensus, by={"auditor", "telecom"})
    two = own.sign(own.ledger.consensus, by={"auditor", "telecom"}, at=own.ledger.time + 9)
    more = two.split(b"\n\n")[1].split(b"\n", 1)[1]
    with pytest.raises(NoQuorum, match="and 2 do"):
        own.verify(with_note(own, one + more))


def test_a_checkpoint_that_the_sequencer_did_not_sign_is_refused(own: World) -> None:
    head, lines = own.newest.split(b"\n\n")
    rest = lines.split(b"\n", 1)[1]
    with pytest.raises(BadEvidenceSignature, match="the sequencer has not signed it"):
        own.verify(with_note(own, head + b"\n\n" + rest))


def test_nobody_stands_for_a_checkpoint_without_cosignatures(own: World) -> None:
    note = own.sign(own.ledger.consensus, by=())
    with pytest.raises(NoQuorum, match=r"and 0 do \(nobody\)"):
        own.verify(with_note(own, note))


def test_a_checkpoint_of_an_earlier_block_does_not_carry_later_ones(own: World) -> None:
    with pytest.raises(EvidenceError) as caught:
        own.verify(with_note(own, own.kept[5].data))
    assert caught.value.code == "evidence.not_proven"


def test_a_checkpoint_of_another_log_is_refused(own: World) -> None:
    other = World(("operator", "auditor", "bank", "bureau", "telecom"), chain_id="test.example/atoll").complete()
    with pytest.raises(EvidenceError):
        own.verify(with_note(own, other.newest))


# -- genuine pieces in the wrong place -----------------------------------------------------------------------------------------


def test_the_consent_to_another_job_is_no_consent_to_this_one() -> None:
    other = bytes(16)
    world = World().register()
    world.propose(cut_plan(world, job_id=other, salt=b"\x0d" * 32)).consent("bureau")
    elsewhere = world.ledger.height
    world.propose().consent().start().receipts()
    data = pack(world.swapped(unpack(world.export()), "consent of bureau", elsewhere))
    with pytest.raises(Contradiction, match=f"it is for another job, {other.hex()}") as caught:
        world.verify(data)
    assert (caught.value.entry, caught.value.name) == (number_of(data, "consent of bureau"), "consent of bureau")


def test_a_consent_to_another_plan_of_the_job_was_refused_by_the_ledger() -> None:
    world = World().register().propose()
    wrong = ConsentJob(job_id=JOB, plan_digest=b"\x00" * 32, job_key=b"\x0b" * 32, software="x", build="x")
    world.block(world.founding.sign("bureau", wrong))
    refused = world.ledger.height
    assert world.outcomes[0].code == "plan.mismatch"
    world.consent().start().receipts()
    data = pack(world.swapped(unpack(world.export()), "consent of bureau", refused))
    with pytest.raises(RefusedTransaction, match=f"was refused there by rule {world.outcomes_of(refused)[0]}") as caught:
        world.verify(data)
    assert caught.value.name == "consent of bureau"


def test_a_consent_that_the_rules_should_have_refused_is_seen_for_what_it_is() -> None:
    """A quorum that cheats writes that a consent to another plan was carried out; the verifier compares for itself."""
    world = World().register().propose()
    wrong = ConsentJob(job_id=JOB, plan_digest=b"\x00" * 32, job_key=b"\x0b" * 32, software="x", build="x")
    world.block(world.founding.sign("bureau", wrong), outcomes=b"\x00")
    cheated = world.ledger.height
    world.consent().start().receipts()
    data = pack(world.swapped(unpack(world.export()), "consent of bureau", cheated))
    with pytest.raises(Contradiction, match="it is for another plan of this job"):
        world.verify(data)


def test_somebody_elses_transaction_is_not_yours(world: World, bundle: bytes) -> None:
    data = pack(world.swapped(unpack(bundle), "consent of bureau", 5))
    with pytest.raises(Contradiction, match=r"it is a job.consent/1 of bank"):
        world.verify(data)


def test_a_transaction_of_another_type_is_not_what_its_name_says(world: World, bundle: bytes) -> None:
    data = pack(world.swapped(unpack(bundle), "consent of bureau", 9))
    with pytest.raises(Contradiction, match=r"it is a job.receipt/1 of bureau"):
        world.verify(data)


def test_receipts_that_commit_to_different_results_are_seen() -> None:
    """The ledger refuses the second; here a quorum that cheats says it did not."""
    world = World().register().propose().consent().start().receipts("bank")
    other = replace(world.receipt_of("bureau"), result_commitment=b"\x00" * 32)
    world.block(world.founding.sign("bureau", other), outcomes=b"\x00")
    cheated = world.ledger.height
    world.block().receipts("bureau")
    data = pack(world.swapped(unpack(world.export()), "receipt of bureau", cheated))
    with pytest.raises(Contradiction, match="commits to another result than the others") as caught:
        world.verify(data)
    assert caught.value.name == "receipt of bureau"


def test_a_receipt_for_another_plan_is_seen() -> None:
    world = World().register().propose().consent().start().receipts("bank")
    other = replace(world.receipt_of("bureau"), plan_digest=b"\x00" * 32)
    world.block(world.founding.sign("bureau", other), outcomes=b"\x00")
    cheated = world.ledger.height
    world.block().receipts("bureau")
    data = pack(world.swapped(unpack(world.export()), "receipt of bureau", cheated))
    with pytest.raises(Contradiction, match="it is for another plan of this job"):
        world.verify(data)


def test_an_expired_transaction_was_not_carried_out() -> None:
    world = World().register().propose().consent("bank").block().block()
    world.block(world.founding.sign("bureau", world.consent_of("bureau"), expiry_height=5), outcomes=b"\x00")
    cheated = world.ledger.height
    world.consent("bureau").start().receipts()
    data = pack(world.swapped(unpack(world.export()), "consent of bureau", cheated))
    with pytest.raises(Contradiction, match=f"it expired before block {cheated}"):
        world.verify(data)


def test_a_grant_given_after_the_start_carries_nothing() -> None:
    world = World().complete()
    world.block(world.founding.sign("bureau", world.giving), outcomes=b"\x00").block().block()
    late = world.ledger.height - 2
    data = pack(world.swapped(unpack(world.export()), f"giving of grant {GRANT.hex()}", late))
    with pytest.raises(Contradiction, match="did not give the grant that the job rests on"):
        world.verify(data)


@pytest.mark.parametrize("change", [{"inputs": ()}, {"not_after": 1}], ids=str)
def test_what_cheats_the_rules_does_not_cheat_the_verifier(change: dict[str, object]) -> None:
    """START and the consents come after a deadline, or the job's record was changed in between."""
    world = World().complete()
    job = world.get(Job, JOB.hex())
    world.lie(Job(**{name: getattr(job, name) for name in job.to_map()} | change)).block()
    with pytest.raises(Contradiction):
        world.verify(world.assemble())


def test_a_consent_after_the_deadline_is_none() -> None:
    world = World().register().propose(cut_plan(World().register(), not_after=FOUNDED + 6)).consent()
    world.block(world.founding.sign("bureau", world.consent_of("bureau")), seconds=100, outcomes=b"\x00")
    late = world.ledger.height
    entries = world.swapped(unpack(world.block().block().export()), "consent of bureau", late)
    with pytest.raises(Contradiction, match="it came after the job's deadline"):
        world.verify(pack(entries))


def test_a_start_by_a_stranger_is_none() -> None:
    world = World().register().propose().consent()
    world.block(world.founding.sign("auditor", StartJob(job_id=JOB)), outcomes=b"\x00")
    cheated = world.ledger.height
    world.start().receipts()
    with pytest.raises(Contradiction, match="not the START that the job's record names"):
        world.verify(pack(world.swapped(unpack(world.export()), "start", cheated)))


def test_a_consent_after_start_comes_too_late() -> None:
    world = World().register().propose().consent().start()
    world.block(world.founding.sign("bureau", world.consent_of("bureau")), outcomes=b"\x00")
    cheated = world.ledger.height
    world.receipts()
    with pytest.raises(Contradiction, match="wrong place in the log's order") as caught:
        world.verify(pack(world.swapped(unpack(world.export()), "consent of bureau", cheated)))
    assert caught.value.name == "consent of bureau"


def test_a_receipt_before_start_comes_too_early() -> None:
    world = World().register().propose().consent()
    world.block(world.founding.sign("bureau", world.receipt_of("bureau")), outcomes=b"\x00")
    cheated = world.ledger.height
    world.start().receipts()
    with pytest.raises(Contradiction, match="wrong place in the log's order") as caught:
        world.verify(pack(world.swapped(unpack(world.export()), "receipt of bureau", cheated)))
    assert caught.value.name == "receipt of bureau"


def test_a_consent_before_the_proposal_comes_too_early() -> None:
    world = World().register()
    plan = cut_plan(world)
    world.plan, world.digest, world.job_id = plan, digest_plan_body(encode_message(plan)), JOB
    world.block(world.founding.sign("bureau", world.consent_of("bureau")), outcomes=b"\x00")
    cheated = world.ledger.height
    world.propose(plan).consent().start().receipts()
    with pytest.raises(Contradiction, match="wrong place in the log's order"):
        world.verify(pack(world.swapped(unpack(world.export()), "consent of bureau", cheated)))


def test_another_registration_of_the_dataset_is_not_the_one() -> None:
    world = World()
    commitment = b"\x07" * 32
    again = RegisterDataset(dataset=FILES, card_commitment=commitment, level=2)
    world.register()
    world.block(world.founding.sign("bureau", again), outcomes=b"\x00")
    cheated = world.ledger.height
    world.propose().consent().start().receipts()
    with pytest.raises(Contradiction, match="it is not the registration of bureau/files/1"):
        world.verify(pack(world.swapped(unpack(world.export()), f"registration of {FILES}", cheated)))


# -- signatures ----------------------------------------------------------------------------------------------------------------


def test_a_forged_signature_is_seen_even_if_a_quorum_carried_it_out() -> None:
    world = World().register().propose().consent("bank")
    thief = SecretKey.generate(Purpose.IDENTITY, NamedEntropy("thief"))
    forged = world.founding.sign("bureau", world.consent_of("bureau"), key=thief)
    world.block(forged, outcomes=b"\x00")
    cheated = world.ledger.height
    world.consent("bureau").start().receipts()
    data = pack(world.swapped(unpack(world.export()), "consent of bureau", cheated))
    with pytest.raises(BadEvidenceSignature, match="signature under key bureau/identity/1") as caught:
        world.verify(data)
    assert (caught.value.code, caught.value.name) == ("evidence.bad_signature", "consent of bureau")


def test_a_signature_for_another_consortium_is_seen() -> None:
    """The same keys and the same words, signed for a ledger of the same name with another genesis."""
    world = World().register().propose().consent("bank")
    other = World(time=world.founding.genesis.time + 1)
    world.block(other.founding.sign("bureau", world.consent_of("bureau"), nonce=90), outcomes=b"\x00")
    cheated = world.ledger.height
    world.consent("bureau").start().receipts()
    data = pack(world.swapped(unpack(world.export()), "consent of bureau", cheated))
    with pytest.raises(BadEvidenceSignature):
        world.verify(data)


@pytest.mark.parametrize("kid", ["bank/identity/1", "bureau/recovery/1"])
def test_a_key_of_another_organisation_or_purpose_signs_nothing(kid: str) -> None:
    world = World().register().propose().consent("bank")
    org, purpose, _ = kid.split("/")
    body = world.consent_of("bureau")
    transaction = Transaction(sender="bureau", nonce=90, expiry_height=99, type=body.TAG, body=body.to_map())
    sealed = seal_transaction(
        transaction,
        kid=kid,
        sign=world.founding.keys[org][Purpose(purpose)].sign,
        chain_id=world.founding.chain_id,
        genesis_digest=world.founding.genesis_digest,
    )
    world.block(sealed, outcomes=b"\x00")
    cheated = world.ledger.height
    world.consent("bureau").start().receipts()
    data = pack(world.swapped(unpack(world.export()), "consent of bureau", cheated))
    with pytest.raises(BadEvidenceSignature, match=f"{kid} is no identity key of bureau"):
        world.verify(data)


# -- the log and the state -----------------------------------------------------------------------------------------------------


def test_no_transaction_can_pass_itself_off_as_a_blocks_summary() -> None:
    """Otherwise anybody could log a state of his own, and prove from the cosigned log that it was agreed."""
    world = World()
    forged = BlockSummary(height=7, term=1, time=0, first=3, outcomes=b"\x00", state_root=bytes(32))
    for data in (encode_message(forged), encode_message(forged)[:-1], encode_message(forged) + b"\x00"):
        with pytest.raises(BadBlock, match="reads as the summary of a block"):
            world.block(world.founding.sign("bank", SetEndpoints(peer="", https="")), data)


@pytest.mark.parametrize(
    ("cheats", "why"),
    [
        ({"time": 1}, "it does not come after block 9"),
        ({"first": 2}, "it does not stand right after its transactions"),
        ({"first": 21, "outcomes": b""}, "it does not end where the next begins"),
        ({"first": 19, "outcomes": b"\x00\x00"}, "it does not come after block 9"),
    ],
    ids=str,
)
def test_summaries_follow_on_each_other(cheats: dict[str, Any], why: str) -> None:
    world = World().complete()
    world.block(world.founding.sign("bank", SetEndpoints(peer="", https="")), **cheats)
    entries = unpack(world.assemble()) | {"block 10": world.entry_of_index(world.ledger.log.size - 1)}
    with pytest.raises(Contradiction, match=why):
        world.verify(pack(entries))


def test_a_summary_is_the_one_of_its_name(world: World, bundle: bytes) -> None:
    entries = unpack(bundle)
    with pytest.raises(Contradiction, match="it is the summary of block 6"):
        world.verify(pack(entries | {"block 5": entries["block 6"]}))


def test_a_record_is_proved_in_its_own_block(world: World, bundle: bytes) -> None:
    entries = unpack(bundle)
    with pytest.raises(NotProven, match="steps do not lead to the root") as caught:
        world.verify(pack(entries | {"member bank at block 5": entries["member bank at block 7"]}))
    assert caught.value.name == "member bank at block 5"


def test_a_record_of_another_key_proves_nothing(world: World, bundle: bytes) -> None:
    entries = unpack(bundle)
    with pytest.raises(NotProven, match="about another key"):
        world.verify(pack(entries | {"member bank at block 5": world.entry_of_record(Member, "bureau", 5)}))


def test_a_proof_of_absence_proves_no_record(world: World, bundle: bytes) -> None:
    entries = unpack(bundle)
    with pytest.raises(NotProven, match="absence"):
        world.verify(pack(entries | {"member bank at block 5": world.entry_of_record(Member, "nobody", 5)}))


def test_a_part_of_another_kind_is_refused(world: World, bundle: bytes) -> None:
    entries = unpack(bundle)
    with pytest.raises(MalformedEntry, match="not expected here") as caught:
        world.verify(pack(entries | {"block 5": entries["member bank at block 5"]}))
    assert caught.value.name == "block 5"


def test_an_older_state_of_the_job_is_not_its_last(world: World, bundle: bytes) -> None:
    entries = unpack(bundle)
    name = f"job {JOB.hex()} at block 9"
    del entries[name]
    entries[f"job {JOB.hex()} at block 7"] = world.entry_of_record(Job, JOB.hex(), 7)
    with pytest.raises(IncompleteEvidence, match=name):
        world.verify(pack(entries))
