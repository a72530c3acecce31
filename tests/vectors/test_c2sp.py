"""Notes, checkpoints, proofs of logging, trust files, witnesses and tiles made by others.

`vrf-r255` of the collection is left out: nothing here uses a verifiable random function. Where the C2SP texts of July 2026, or
we, are stricter than the program a vector was taken from, the test's own docstring says so and checks the case both ways.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from atoll.errors import AtollError
from atoll.ledger.checkpoint import Checkpoint, parse_checkpoint
from atoll.ledger.cosignature import parse_cosignature
from atoll.ledger.errors import (
    CheckpointFormatError,
    LogProofFormatError,
    NoteFormatError,
    PolicyFormatError,
    VerifierKeyError,
)
from atoll.ledger.note import Note, cosign_text, parse_note, sign_text, verify_note
from atoll.ledger.note_fields import encode_base64
from atoll.ledger.tiles import ENTRIES, Tile, encode_bundle, encode_tile, parse_bundle, parse_tile, tiles_of, verify_bundle
from atoll.ledger.tlog_policy import encode_policy, parse_policy
from atoll.ledger.tlog_proof import LogProof, parse_log_proof
from atoll.ledger.vkey import KeyKind, VerifierKey, encode_vkey, parse_vkey
from atoll.ledger.witness import WitnessState, decide, parse_add_checkpoint
from atoll.primitives.merkle import MerkleTree, leaf_hash, verify_consistency

Vectors = Callable[[str], Path]


def _load(vectors: Vectors, name: str) -> Any:
    return json.loads((vectors("c2sp") / name).read_text())


def _refuses(action: Callable[[], object]) -> bool:
    try:
        action()
    except AtollError:
        return True
    return False


def test_notes_are_signed_and_opened_as_in_the_source(vectors: Vectors) -> None:
    source = _load(vectors, "signed-note.json")
    count = 0
    for case in source["sign"]:
        name, key_id, material = case["signer_key"].removeprefix("PRIVATE+KEY+").split("+", 2)
        secret = Ed25519PrivateKey.from_private_bytes(b64decode(material)[1:])
        key = VerifierKey(name, KeyKind.ED25519, secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
        assert key.key_id.hex() == key_id
        assert Note(case["text"], (sign_text(case["text"], key, secret.sign),)).encode().decode() == case["note"]
        count += 1
    for case in source["open"]:
        data, keys = b64decode(case["note_base64"]), [parse_vkey(vkey) for vkey in case["vkeys"]]
        if case["expected"] == "accept":
            note = parse_note(data)
            assert note.encode() == data
            assert [signature.key.name for signature in verify_note(note, keys)] == case["verified"], case["id"]
        else:
            assert _refuses(lambda: verify_note(parse_note(data), keys)), case["id"]  # noqa: B023
        count += 1
    for case in source["verifier_keys"]:
        assert _refuses(lambda: parse_vkey(case["vkey"])) == (case["expected"] == "reject")  # noqa: B023
        count += 1
    assert count == 14


def test_checkpoint_bodies_are_read_as_in_the_source(vectors: Vectors) -> None:
    """The source takes roots of any length; ours have 32 bytes, so good cases are refused as is and read with such a root."""
    cases = _load(vectors, "checkpoint-body.json")["cases"]
    for case in cases:
        text = case["checkpoint"]
        with pytest.raises(CheckpointFormatError):
            parse_checkpoint(text, extension_lines=True)
        if case["expected"] == "accept":
            lines = text.split("\n")
            root = sha256(b64decode(lines[2])).digest()
            lines[2] = encode_base64(root)
            read = parse_checkpoint("\n".join(lines), extension_lines=True)
            assert read == Checkpoint(origin=case["origin"], size=case["size"], root=root)
            assert _refuses(lambda: parse_checkpoint("\n".join(lines))) == bool(case["rest"])  # noqa: B023
            assert read.encode() + case["rest"] == "\n".join(lines)
        elif case["id"].startswith("invalid size"):
            with pytest.raises(CheckpointFormatError, match="size"):
                parse_checkpoint(text)
    assert len(cases) == 8


def test_proofs_of_logging_are_written_and_read_as_in_the_source(vectors: Vectors) -> None:
    source = _load(vectors, "tlog-proof.json")
    for case in source["marshal"]:
        proof = LogProof(
            index=case["index"],
            hashes=tuple(b64decode(node) for node in case["hashes"]),
            checkpoint=case["checkpoint"].encode(),
            extra=None if case["extra"] is None else b64decode(case["extra"]),
        )
        assert proof.encode().decode() == case["text"], case["id"]
        assert parse_log_proof(case["text"].encode()) == proof, case["id"]
    for case in source["reject"]:
        with pytest.raises(LogProofFormatError):
            parse_log_proof(case["text"].encode())
    assert len(source["marshal"]) + len(source["reject"]) == 7


def test_trust_files_are_read_as_in_the_source(vectors: Vectors) -> None:
    """The source lets two witnesses share a key; the text of July 2026 forbids it, because one key would count twice."""
    source = _load(vectors, "tlog-policy.json")
    for case in source["accept"]:
        text = case["policy"]
        if case["id"] == "group numerical":
            with pytest.raises(PolicyFormatError, match="its key is used above"):
                parse_policy(text.encode())
            other = encode_vkey(VerifierKey("example.org/w3", KeyKind.ED25519_COSIGNATURE, bytes(31) + b"\x07"))
            shared = text.split("witness w3 ")[1].split(" ")[0]
            text = text.replace(f"witness w3 {shared}", f"witness w3 {other}")
        policy = parse_policy(text.encode())
        [group] = policy.groups
        assert (policy.quorum, group.name) == ("g1", "g1")
        assert (group.threshold, len(group.members)) == (case["threshold"], case["members"]), case["id"]
        assert parse_policy(encode_policy(policy)) == policy
        assert policy.is_quorum(group.members[: group.threshold])
        assert not policy.is_quorum(group.members[: group.threshold - 1])
    reasons = {
        "no quorum": "without a quorum",
        "unknown quorum component": "not defined",
        "duplicate component name": "already",
    }
    for case in source["reject"]:
        assert _refuses(lambda: parse_policy(case["policy"].encode()))  # noqa: B023
        with pytest.raises(PolicyFormatError, match=reasons[case["id"]]):
            parse_policy(case["policy"].encode() + b"\n")
    assert len(source["accept"]) + len(source["reject"]) == 6


def test_cosignatures_and_their_keys_are_read_as_in_the_source(vectors: Vectors) -> None:
    """The source does not compare an ML-DSA key with the id beside it, and its example has another one than C2SP prescribes."""
    source = _load(vectors, "cosignature.json")
    count = 0
    for case in source["vkeys"]:
        vkey = case["vkey"]
        if case["type"] == KeyKind.MLDSA44_COSIGNATURE:
            with pytest.raises(VerifierKeyError, match="its id is 31236897"):
                parse_vkey(vkey)
            vkey = vkey.replace("5893dc2c", "31236897")
        key = parse_vkey(vkey)
        assert key.kind == case["type"]
        assert encode_vkey(key) == vkey
        count += 1
    for case in source["reject_vkeys"]:
        with pytest.raises(VerifierKeyError):
            parse_vkey(case["vkey"])
        count += 1
    for case in source["timestamp"]:
        body = b64decode(case["signature_base64"])[4:]
        if case.get("expected") == "reject":
            assert _refuses(lambda: parse_cosignature(body))  # noqa: B023
        else:
            assert parse_cosignature(body)[0] == case["posix"]
        count += 1
    for case in source["parse"]:
        note = parse_note(case["note"].encode())
        checkpoint = parse_checkpoint(note.text)
        assert (checkpoint.origin, checkpoint.size) == (case["origin"], case["size"])
        [line] = [line for line in note.signatures if line.name == case["cosigner"]]
        assert line.key_id.hex() == case["key_id_hex"]
        assert parse_cosignature(line.body)[0] == case["posix"]
        count += 1
    assert count == 7


def test_a_witness_answers_as_the_recorded_one(vectors: Vectors) -> None:
    """The recorded witness answers an unknown log with 403, the text of July 2026 with 404.

    The false signature of step 2 was made by editing a letter of base64 whose low bits are padding. That alone is refused, with
    400 by whoever serves the witness; with the bits cleared the signature is as false as before, and answered with 403.
    """
    source = _load(vectors, "witness-add-checkpoint.json")
    log = VerifierKey(source["log"]["origin"], KeyKind.ED25519, bytes.fromhex(source["log"]["ed25519_public_key"]))
    secret = Ed25519PrivateKey.from_private_bytes(bytes(32))
    witness = VerifierKey(
        source["witness_name"],
        KeyKind.ED25519_COSIGNATURE,
        secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw),
    )
    state = WitnessState()
    for number, step in enumerate(source["steps"]):
        text = step["request"]
        if step["body_contains"] == "invalid signature":
            with pytest.raises(NoteFormatError, match="base64"):
                parse_add_checkpoint(text.encode())
            text = text.replace("WVrx6gx=", "WVrx6gw=")
        request = parse_add_checkpoint(text.encode())
        assert request.encode() == text.encode()
        decision = decide(request, [log] if request.origin == log.name else [], state)
        body = decision.body
        if decision.state is not None:
            state = decision.state
            line = cosign_text(request.note.text, witness, 1_790_000_000, secret.sign)
            body = line.encode()
            [cosigned] = verify_note(request.note.with_signatures([line]), [witness])
            assert cosigned.timestamp == 1_790_000_000
        superseded = {"unknown log": 404}
        assert decision.status == superseded.get(step["body_contains"], step["status"]), number
        assert step["body_contains"] in body, number
    assert state.size == 3
    assert len(source["steps"]) == 6


def test_a_log_written_by_others_is_derived_again_byte_for_byte(vectors: Vectors) -> None:
    source = _load(vectors, "tessera-log.json")
    folder = vectors("c2sp")
    key = parse_vkey(source["vkey"])
    entries = [entry.encode() for entry in source["entries"]]
    tree = MerkleTree(map(leaf_hash, entries))
    for size, path in source["checkpoints"].items():
        note = parse_note((folder / path).read_bytes())
        verify_note(note, [key])
        assert parse_checkpoint(note.text) == Checkpoint(origin=key.name, size=int(size), root=tree.root(int(size)))
        assert _refuses(lambda: verify_note(replace(note, text=note.text + "more\n"), [key]))  # noqa: B023
    derived = set()
    for size in range(1, 16):
        for tile in tiles_of(size):
            served = (folder / "tessera-log" / tile.path).read_bytes()
            if tile.level == ENTRIES:
                assert encode_bundle(entries[: tile.width]) == served
                hashes = parse_tile(encode_tile(tree, replace(tile, level=0)), replace(tile, level=0))
                verify_bundle(parse_bundle(served, tile), hashes)
            else:
                assert encode_tile(tree, tile) == served
            derived.add(tile.path)
    served_paths = {str(path.relative_to(folder / "tessera-log")) for path in (folder / "tessera-log").glob("tile/**/*")}
    assert {path for path in served_paths if (folder / "tessera-log" / path).is_file()} == derived
    for old in range(1, 16):
        for new in range(old, 16):
            verify_consistency(
                old_size=old,
                old_root=tree.root(old),
                new_size=new,
                new_root=tree.root(new),
                proof=tree.consistency_proof(old, new),
            )
    assert len(source["checkpoints"]) == 16
    assert Tile(0, 0, 15).path in derived
