"""Which cosignatures count, and how many are enough."""

from __future__ import annotations

import pytest

from atoll.ledger.agreement import cosign_key, log_key, verify_agreement
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.errors import NoteSignatureError, QuorumError, UntrustedNoteError
from atoll.ledger.genesis import consensus_of
from atoll.ledger.note import Note, NoteSignature, cosign_text, sign_text
from atoll.ledger.records import ConsensusSet, Validator
from atoll.ordering.embedded.quorum import Tally
from atoll.testing.consortium import Founding
from atoll.trust.keys import Purpose

FOUNDING = Founding(("operator", "auditor", "bank", "bureau", "telecom"))
CONSENSUS = consensus_of(FOUNDING.genesis)
CHECKPOINT = Checkpoint(origin=FOUNDING.chain_id, size=7, root=bytes(range(32)))


def signed(chain_id: str = FOUNDING.chain_id, checkpoint: Checkpoint = CHECKPOINT, by: str = "operator") -> Note:
    key = FOUNDING.keys[by][Purpose.LOG]
    text = checkpoint.encode()
    return Note(text, (sign_text(text, log_key(chain_id, key.public.data), key.sign),))


def line(org: str, time: int, *, checkpoint: Checkpoint = CHECKPOINT, key: str = "") -> NoteSignature:
    secret = FOUNDING.keys[key or org][Purpose.COSIGN]
    validator = Validator(org=org, cosign=FOUNDING.orgs[org].public(Purpose.COSIGN))
    return cosign_text(checkpoint.encode(), cosign_key(FOUNDING.chain_id, validator), time, secret.sign)


def tally(consensus: ConsensusSet = CONSENSUS) -> Tally:
    return Tally(signed(), CHECKPOINT, 1, FOUNDING.chain_id, consensus)


def test_q_is_two_thirds_and_one_more_of_those_that_count() -> None:
    expected = {1: 1, 2: 2, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5, 10: 7, 40: 27}
    for counted, quorum in expected.items():
        validators = tuple(Validator(org=f"m{at:03}", cosign=bytes(32)) for at in range(counted))
        outside = ConsensusSet(term=1, sequencer="operator", log=bytes(32), validators=validators)
        assert outside.quorum() == quorum
        ordered = sorted((*validators, Validator(org="operator", cosign=bytes(32))), key=lambda one: one.org)
        inside = ConsensusSet(term=1, sequencer="operator", log=bytes(32), validators=tuple(ordered))
        assert (inside.quorum(), len(inside.counted())) == (quorum, counted)


def test_agreement_comes_with_the_qth_member_and_is_as_old_as_the_qth_newest() -> None:
    counting = tally()
    for org, time in (("auditor", 100), ("bank", 300)):
        assert counting.add(line(org, time))
        assert counting.agreement() is None
    counting.add(line("telecom", 200))
    agreement = counting.agreement()
    assert agreement is not None
    assert agreement.agreed_at == 100
    counting.add(line("bureau", 250))
    counting.add(line("auditor", 90))  # older than what it said before: not news
    again = counting.agreement()
    assert again is not None and again.agreed_at == 200
    assert verify_agreement(again.note, chain_id=FOUNDING.chain_id, consensus=CONSENSUS) == again


def test_the_sequencers_own_cosignature_does_not_count() -> None:
    counting = tally()
    assert not counting.add(line("operator", 100))
    counting.add(line("auditor", 100))
    counting.add(line("bank", 100))
    assert counting.agreement() is None


def test_one_member_counts_once() -> None:
    counting = tally()
    for time in range(1, 10):
        counting.add(line("bank", time))
    assert counting.agreement() is None
    note = signed().with_signatures([line("bank", time) for time in range(1, 10)])
    with pytest.raises(QuorumError):
        verify_agreement(note, chain_id=FOUNDING.chain_id, consensus=CONSENSUS)


def test_a_member_that_does_not_validate_does_not_count() -> None:
    fewer = ConsensusSet(
        term=1, sequencer="operator", log=CONSENSUS.log, validators=tuple(v for v in CONSENSUS.validators if v.org != "bank")
    )
    assert not tally(fewer).add(line("bank", 100))


def test_a_cosignature_by_another_key_or_of_another_root_is_refused() -> None:
    other = Checkpoint(origin=FOUNDING.chain_id, size=7, root=bytes(32))
    for forged in (line("bank", 100, key="auditor"), line("bank", 100, checkpoint=other)):
        with pytest.raises(NoteSignatureError):
            tally().add(forged)
        note = signed().with_signatures([line("auditor", 1), line("bureau", 1), line("telecom", 1), forged])
        with pytest.raises(NoteSignatureError):
            verify_agreement(note, chain_id=FOUNDING.chain_id, consensus=CONSENSUS)


def test_cosignatures_without_the_sequencer_are_no_agreement() -> None:
    everybody = [line(org, 1) for org in ("auditor", "bank", "bureau", "telecom")]
    good = signed().with_signatures(everybody)
    verify_agreement(good, chain_id=FOUNDING.chain_id, consensus=CONSENSUS)
    for note in (Note(CHECKPOINT.encode(), tuple(everybody)), signed(by="bank").with_signatures(everybody)):
        with pytest.raises(UntrustedNoteError):
            verify_agreement(note, chain_id=FOUNDING.chain_id, consensus=CONSENSUS)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    foreign = Checkpoint(origin="other.example/log", size=7, root=bytes(range(32)))
    key = FOUNDING.keys["operator"][Purpose.LOG]
    note = Note(foreign.encode(), (sign_text(foreign.encode(), log_key(FOUNDING.chain_id, key.public.data), key.sign),))
    cosigned = note.with_signatures([line(org, 1, checkpoint=foreign) for org in ("auditor", "bank", "bureau")])
    with pytest.raises(UntrustedNoteError):
        verify_agreement(cosigned, chain_id=FOUNDING.chain_id, consensus=CONSENSUS)
