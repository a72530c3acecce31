"""Trust files, proofs of logging, and the witness's decision."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.app_hash import AppState, app_hash, verify_log_root, verify_state_root
from atoll.ledger.errors import (
    CheckpointFormatError,
    LogProofFormatError,
    NoteFormatError,
    NoteSignatureError,
    PolicyFormatError,
    QuorumError,
    UntrustedNoteError,
    WitnessRequestError,
)
from atoll.ledger.note import Note
from atoll.ledger.tlog_policy import Group, Log, Policy, Witness, encode_policy, make_policy, parse_policy, verify_checkpoint
from atoll.ledger.tlog_proof import LogProof, parse_log_proof, verify_log_proof
from atoll.ledger.vkey import KeyKind, VerifierKey, encode_vkey
from atoll.ledger.witness import SIZE_TYPE, AddCheckpoint, WitnessState, decide, parse_add_checkpoint
from atoll.primitives.errors import CommitmentProofError, MerkleProofError
from atoll.primitives.merkle import MerkleTree, leaf_hash
from tests.unit.notes.keys import ENTRIES, LOG, NOW, ORIGIN, OTHER_LOG, TREE, WITNESSES, Signer, checkpoint_at, signed_at

NAMES = ["a", "b", "c", "d"]


def _policy(threshold: int = 3) -> Policy:
    witnesses = [Witness(name, signer.key) for name, signer in zip(NAMES, WITNESSES, strict=True)]
    return make_policy([Log(LOG.key)], witnesses, [Group("all-members", threshold, tuple(NAMES))], "all-members")


def _line(name: str, signer: Signer) -> str:
    return f"witness {name} {encode_vkey(signer.key)}\n"


W0, W1, W2, W3 = (_line(name, signer) for name, signer in zip(NAMES, WITNESSES, strict=True))


# -- trust files ---------------------------------------------------------------------------------------------------------------


def test_a_trust_file_survives_its_encoding() -> None:
    policy = replace(_policy(), logs=(Log(LOG.key, "https://log.example/one/"),))
    assert parse_policy(encode_policy(policy)) == policy


def test_groups_of_groups_need_enough_of_each() -> None:
    policy = parse_policy(
        (W0 + W1 + W2 + W3 + "group left any a b\ngroup right 2 c d\ngroup both all left right\nquorum both\n").encode()
    )
    assert policy.is_quorum({"a", "c", "d"})
    assert not policy.is_quorum({"a", "b", "c"})
    assert not policy.is_quorum({"c", "d"})
    assert not policy.is_quorum(set())
    assert not policy.is_quorum({"left", "right", "both"})


def test_a_single_witness_can_be_the_quorum() -> None:
    policy = parse_policy((W0 + W1 + "quorum b\n").encode())
    assert policy.is_quorum(["b"])
    assert not policy.is_quorum(["a"])


def test_no_quorum_at_all_is_told() -> None:
    assert not parse_policy(b"quorum none\n").needs_witnesses
    assert parse_policy(b"quorum none\n").is_quorum([])
    assert _policy().needs_witnesses


def test_a_plain_key_of_a_witness_stands_for_its_cosigner_key() -> None:
    signer = WITNESSES[0]
    plain = VerifierKey(signer.key.name, KeyKind.ED25519, signer.key.public)
    policy = parse_policy(f"witness a {encode_vkey(plain)}\nquorum a\n".encode())
    assert policy.witnesses[0].key == signer.key


def test_names_are_opaque_octets_and_comments_are_passed_over() -> None:
    text = b"# comment \xff\n\t \n" + W0.replace("witness a", "witness \u00e9").encode() + b"quorum \xc3\xa9 # end\n"
    assert parse_policy(text).quorum == "\u00e9"
    odd = parse_policy(text.replace(b"\xc3\xa9", b"\xe9"))
    assert parse_policy(encode_policy(odd)) == odd


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        (W0 + "quorum a", 2),
        (W0 + "quorum a\nquorum a\n", 3),
        (W0, 1),
        ("quorum a\n" + W0, 1),
        (W0 + "group g 2 a\nquorum g\n", 2),
        (W0 + "group g 0 a\nquorum g\n", 2),
        (W0 + "group g 01 a\nquorum g\n", 2),
        (W0 + "group g some a\nquorum g\n", 2),
        (W0 + "group g any\nquorum g\n", 2),
        (W0 + "group g any none\nquorum g\n", 2),
        (W0 + "group g any g\nquorum g\n", 2),
        (W0 + W1 + "group g 2 a a\nquorum g\n", 3),
        (W0 + W1 + "group g any a\ngroup h any a b\nquorum h\n", 4),
        (W0 + "group a any a\nquorum a\n", 2),
        ("witness none " + W0.split(" ")[2] + "quorum none\n", 1),
        (W0 + W0.replace("witness a", "witness b") + "quorum a\n", 2),
        (f"log {encode_vkey(LOG.key)}\nwitness a {encode_vkey(LOG.key.as_cosigner())}\nquorum a\n", 2),
        (f"log {encode_vkey(LOG.key)}\nlog {encode_vkey(LOG.key)}\nquorum none\n", 2),
        (f"log {encode_vkey(WITNESSES[0].key)}\nquorum none\n", 1),
        (W0.replace("+B", "+C") + "quorum a\n", 1),
        (W0[:-1] + " https://a https://b\nquorum a\n", 1),
        (W0 + "trust a\nquorum a\n", 2),
        (W0 + "quorum\x0ba\n", 2),
    ],
)
def test_a_trust_file_that_breaks_a_rule_is_refused_by_line(text: str, line: int) -> None:
    with pytest.raises(PolicyFormatError) as refusal:
        parse_policy(text.encode())
    assert refusal.value.operands["line"] == line


def test_the_number_of_parts_is_bounded() -> None:
    keys = [VerifierKey("log", KeyKind.ED25519, number.to_bytes(32, "big")) for number in range(257)]
    make_policy(map(Log, keys[:256]), [], [], "none")
    with pytest.raises(PolicyFormatError, match="more than 256"):
        make_policy(map(Log, keys), [], [], "none")


def test_a_checkpoint_needs_its_log_and_a_quorum() -> None:
    verified = verify_checkpoint(signed_at(600, *WITNESSES[:3]), _policy())
    assert verified.checkpoint == checkpoint_at(600)
    assert verified.cosigned == (("a", NOW), ("b", NOW), ("c", NOW))


def test_too_few_witnesses_are_named() -> None:
    with pytest.raises(QuorumError, match=r"600 entries.*cosigned by: a, b"):
        verify_checkpoint(signed_at(600, *WITNESSES[:2]), _policy())


def test_one_witness_signing_often_counts_once_with_its_latest_time() -> None:
    note = signed_at(600, WITNESSES[0])
    note = note.with_signatures(WITNESSES[0].cosign(note.text, NOW + late) for late in (1, 3, 2))
    with pytest.raises(QuorumError):
        verify_checkpoint(note, _policy(2))
    assert verify_checkpoint(note, _policy(1)).cosigned == (("a", NOW + 3),)


def test_a_false_cosignature_of_a_known_witness_voids_the_checkpoint() -> None:
    note = signed_at(600, *WITNESSES)
    forged = WITNESSES[3].cosign(checkpoint_at(599).encode())
    with pytest.raises(NoteSignatureError):
        verify_checkpoint(Note(note.text, (*note.signatures, forged)), _policy())


def test_another_logs_signature_does_not_make_a_checkpoint_good() -> None:
    text = checkpoint_at(600).encode()
    cosignatures = [witness.cosign(text) for witness in WITNESSES]
    policy = _policy()
    both = replace(policy, logs=(Log(LOG.key), Log(OTHER_LOG.key)))
    for lines in (cosignatures, [OTHER_LOG.sign(text), *cosignatures]):
        with pytest.raises(UntrustedNoteError, match="no trusted log key"):
            verify_checkpoint(Note(text, tuple(lines)), both)


def test_a_note_that_is_no_checkpoint_is_refused_even_if_signed() -> None:
    text = f"{ORIGIN}\nnot a size\n"
    with pytest.raises(CheckpointFormatError):
        verify_checkpoint(Note(text, (LOG.sign(text), *(witness.cosign(text) for witness in WITNESSES))), _policy())


# -- proofs of logging ---------------------------------------------------------------------------------------------------------


def _proof(index: int = 123, size: int = 600) -> LogProof:
    return LogProof(
        index=index,
        hashes=tuple(TREE.inclusion_proof(index, size)),
        checkpoint=signed_at(size, *WITNESSES).encode(),
        extra=b"context",
    )


def test_a_proof_of_logging_survives_its_encoding_and_holds() -> None:
    proof = parse_log_proof(_proof().encode())
    assert proof == _proof()
    assert verify_log_proof(proof, leaf=leaf_hash(ENTRIES[123]), policy=_policy()).checkpoint.size == 600


def test_a_proof_of_logging_is_for_one_entry_at_one_place() -> None:
    for lie in (replace(_proof(), index=124), replace(_proof(), hashes=_proof().hashes[1:])):
        with pytest.raises(MerkleProofError):
            verify_log_proof(lie, leaf=leaf_hash(ENTRIES[123]), policy=_policy())
    with pytest.raises(MerkleProofError):
        verify_log_proof(_proof(), leaf=leaf_hash(b"never logged"), policy=_policy())


def test_a_proof_of_logging_needs_a_quorum() -> None:
    proof = replace(_proof(), checkpoint=signed_at(600, *WITNESSES[:2]).encode())
    with pytest.raises(QuorumError):
        verify_log_proof(proof, leaf=leaf_hash(ENTRIES[123]), policy=_policy())


@pytest.mark.parametrize(
    "change",
    [
        (b"@v1\n", b"@v2\n"),
        (b"extra ", b"extra  "),
        (b"extra ", b"other "),
        (b"index 123", b"index 0123"),
        (b"index 123", b"index +123"),
        (b"index 123\n", b""),
        (b"=\n\nlog", b"=\nlog"),
        (b"=\n\nlog", b"\n\nlog"),
        (b"index 123\n", b"index 123\n" + b"A" * 43 + b"=\n" + (b"A" * 43 + b"=\n") * 64),
        (b"@v1\n", b"@v1\n\xff\n"),
    ],
)
def test_anything_but_the_one_form_of_a_proof_of_logging_is_refused(change: tuple[bytes, bytes]) -> None:
    data = _proof().encode()
    assert change[0] in data
    with pytest.raises(LogProofFormatError):
        parse_log_proof(data.replace(*change, 1))


# -- the witness ---------------------------------------------------------------------------------------------------------------


def _request(old: int, new: int, **changes: object) -> AddCheckpoint:
    proof = tuple(TREE.consistency_proof(old, new)) if 0 < old <= new else ()
    return replace(AddCheckpoint(old_size=old, proof=proof, note=signed_at(new)), **changes)  # type: ignore[arg-type]


def _known(size: int, tree: MerkleTree = TREE) -> WitnessState:
    return WitnessState(size, tree.root(size))


FORK = MerkleTree([leaf_hash(b"fork"), *map(leaf_hash, ENTRIES[1:])])


def test_a_witness_follows_a_log_that_only_grows() -> None:
    state = WitnessState()
    for size in (0, 1, 1, 255, 256, 600):
        request = parse_add_checkpoint(_request(state.size, size).encode())
        assert request.origin == ORIGIN
        decision = decide(request, [LOG.key], state)
        assert (decision.status, decision.state) == (200, _known(size))
        assert decision.state is not None
        state = decision.state


@pytest.mark.parametrize(
    ("request_", "known", "status"),
    [
        (_request(300, 600, note=signed_at(600, log=OTHER_LOG)), _known(300), 403),
        (_request(300, 200), _known(300), 400),
        (_request(300, 600), _known(299), 409),
        (_request(0, 600), _known(300), 409),
        (_request(300, 600), WitnessState(), 409),
        (_request(300, 600, proof=()), _known(300), 422),
        (_request(300, 600, note=signed_at(600, tree=FORK)), _known(300), 422),
        (_request(300, 600), _known(300, FORK), 422),
        (_request(300, 300, note=signed_at(300, tree=FORK)), _known(300), 422),
        (_request(0, 600, proof=(bytes(32),)), WitnessState(), 422),
        (_request(300, 300, proof=(bytes(32),)), _known(300), 422),
    ],
)
def test_a_witness_cosigns_nothing_else(request_: AddCheckpoint, known: WitnessState, status: int) -> None:
    decision = decide(request_, [LOG.key], known)
    assert (decision.status, decision.state) == (status, None)
    assert decision.body


def test_a_witness_does_not_know_every_log() -> None:
    assert decide(_request(0, 600), [], WitnessState()).status == 404


def test_a_bad_signature_beside_a_good_one_is_refused_by_the_witness() -> None:
    note = signed_at(600)
    bad = Note(note.text, (*note.signatures, LOG.sign(checkpoint_at(599).encode())))
    assert decide(_request(0, 600, note=bad), [LOG.key], WitnessState()).status == 403


def test_an_empty_log_with_a_made_up_root_is_unprocessable() -> None:
    text = checkpoint_at(1).encode().replace("\n1\n", "\n0\n")
    request = AddCheckpoint(old_size=0, proof=(), note=Note(text, (LOG.sign(text),)))
    assert decide(request, [LOG.key], WitnessState()).status == 422


def test_a_signed_text_that_is_no_checkpoint_is_a_bad_request() -> None:
    text = f"{ORIGIN}\nx\ny\n"
    request = AddCheckpoint(old_size=0, proof=(), note=Note(text, (LOG.sign(text),)))
    assert decide(request, [LOG.key], WitnessState()).status == 400


def test_a_conflict_tells_the_known_size_in_its_own_type() -> None:
    decision = decide(_request(0, 600), [LOG.key], _known(300))
    assert (decision.body, decision.content_type) == ("300\n", SIZE_TYPE)


@pytest.mark.parametrize(
    "change",
    [
        (b"old 300", b"old 0300"),
        (b"old 300", b"300"),
        (b"old 300\n", b""),
        (b"=\n\n", b"=\n"),
        (b"=\n\n", b"\n\n"),
        (b"old 300\n", b"old 300\n" + (b"A" * 43 + b"=\n") * 63),
    ],
)
def test_requests_in_another_form_are_refused(change: tuple[bytes, bytes]) -> None:
    data = _request(300, 600).encode()
    assert change[0] in data
    with pytest.raises((WitnessRequestError, NoteFormatError)):
        parse_add_checkpoint(data.replace(*change, 1))


# -- the app hash --------------------------------------------------------------------------------------------------------------


def test_the_app_hash_commits_to_log_and_state() -> None:
    state = AppState(log_size=600, log_root=TREE.root(), state_root=b"s" * 32)
    digest = app_hash(600, TREE.root(), b"s" * 32)
    assert digest == state.app_hash
    verify_state_root(digest, state.prove_state(), b"s" * 32)
    verify_log_root(digest, state.prove_log(), 600, TREE.root())


def test_an_app_hash_proof_is_for_one_key_and_one_value() -> None:
    state = AppState(log_size=600, log_root=TREE.root(), state_root=b"s" * 32)
    with pytest.raises(CommitmentProofError):
        verify_state_root(state.app_hash, state.prove_state(), b"t" * 32)
    with pytest.raises(CommitmentProofError):
        verify_state_root(state.app_hash, state.prove_log(), b"s" * 32)
    with pytest.raises(CommitmentProofError):
        verify_log_root(state.app_hash, state.prove_log(), 599, TREE.root())
    with pytest.raises(CommitmentProofError):
        verify_state_root(app_hash(599, TREE.root(), b"s" * 32), state.prove_state(), b"s" * 32)


def test_an_app_state_has_roots_of_32_bytes() -> None:
    with pytest.raises(ValueError, match="two roots"):
        app_hash(1, b"short", bytes(32))
