"""Proofs of entries, of records and of the whole state, as an outsider verifies them; and not one altered byte of them."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from atoll.errors import AtollError
from atoll.ledger.agreement import cosign_key, log_key
from atoll.ledger.block import Block
from atoll.ledger.chain import Ledger
from atoll.ledger.checkpoint import Checkpoint, parse_checkpoint
from atoll.ledger.claims import EntryFinding, RecordFinding, claims_absence, prove_entry, prove_record, verify_claim
from atoll.ledger.errors import BadSnapshot, LogProofFormatError, QuorumError
from atoll.ledger.evidence.trust import policy_of
from atoll.ledger.note import Note, cosign_text, parse_note, sign_text
from atoll.ledger.records import Chain, Member, record_key
from atoll.ledger.snapshot import START, SnapshotFile, parse_snapshot, verify_snapshot
from atoll.ledger.tiles import Tile, TileReader, encode_tile, tiles_of
from atoll.ledger.tlog_policy import verify_checkpoint
from atoll.ledger.tlog_proof import LogProof, parse_log_proof
from atoll.primitives.errors import CommitmentProofError, MerkleProofError
from atoll.primitives.merkle import MerkleTree, leaf_hash, range_root
from atoll.testing.consortium import FOUNDED, Founding
from atoll.testing.logserver import MadeUpLog
from atoll.trust.keys import Purpose

FOUNDING = Founding(["operator", "bank", "bureau", "telecom"])
LEDGER = Ledger(FOUNDING.genesis_file)
ENTRIES = list(LEDGER.genesis_entries)
for height in (1, 2, 3):
    _made = LEDGER.execute(Block(height=height, term=1, time=FOUNDED + height, transactions=(b"no transaction %d" % height,)))
    LEDGER.adopt(_made)
    ENTRIES += _made.entries
SIZE = LEDGER.log.size
POLICY = policy_of(LEDGER.genesis)
BANK, NOBODY = record_key(Member, "bank"), record_key(Member, "nobody")


def make_note(size: int = SIZE, orgs: tuple[str, ...] = ("bank", "bureau", "telecom")) -> bytes:
    """The ledger's checkpoint, signed and cosigned."""
    text = Checkpoint(origin=FOUNDING.chain_id, size=size, root=LEDGER.log.root(size)).encode()
    operator = log_key(FOUNDING.chain_id, LEDGER.consensus.log)
    lines = [sign_text(text, operator, FOUNDING.keys["operator"][Purpose.LOG].sign)]
    for one in LEDGER.consensus.validators:
        if one.org in orgs:
            sign = FOUNDING.keys[one.org][Purpose.COSIGN].sign
            lines.append(cosign_text(text, cosign_key(FOUNDING.chain_id, one), FOUNDED, sign))
    return Note(text, tuple(lines)).encode()


def entry_proof(index: int, *, with_entry: bool = True) -> LogProof:
    entry = ENTRIES[index] if with_entry else None
    return prove_entry(LEDGER.log, index, note=make_note(), size=SIZE, entry=entry)


def record_proof(key: bytes) -> LogProof:
    return prove_record(LEDGER.log, LEDGER.tree, key, note=make_note(), size=SIZE, summary=ENTRIES[-1])


def snapshot() -> SnapshotFile:
    proof = prove_entry(LEDGER.log, SIZE - 1, note=make_note(), size=SIZE)
    return SnapshotFile(note=make_note(), summary=ENTRIES[-1], log_proof=proof.hashes, records=dict(LEDGER.tree.items()))


def test_an_entry_is_proved_with_and_without_its_bytes() -> None:
    for index, entry in enumerate(ENTRIES):
        found = verify_claim(parse_log_proof(entry_proof(index).encode()), POLICY)
        assert isinstance(found, EntryFinding)
        assert (found.index, found.data) == (index, entry)
        assert [name for name, _ in found.checkpoint.cosigned] == [
            f"{FOUNDING.chain_id}/{one}" for one in ("bank", "bureau", "telecom")
        ]
        bare = verify_claim(entry_proof(index, with_entry=False), POLICY, leaf=leaf_hash(entry))
        assert isinstance(bare, EntryFinding)
        assert bare.data is None


def test_a_proof_is_for_its_entry_only() -> None:
    with pytest.raises(LogProofFormatError):
        verify_claim(entry_proof(2, with_entry=False), POLICY)
    with pytest.raises(LogProofFormatError):
        verify_claim(entry_proof(2), POLICY, leaf=leaf_hash(b"another"))
    with pytest.raises(MerkleProofError):
        verify_claim(entry_proof(2, with_entry=False), POLICY, leaf=leaf_hash(ENTRIES[3]))
    with pytest.raises(MerkleProofError):
        verify_claim(replace(entry_proof(2), extra=entry_proof(3).extra), POLICY)


def test_a_record_is_proved_present_and_a_missing_one_absent() -> None:
    found = verify_claim(parse_log_proof(record_proof(BANK).encode()), POLICY)
    assert isinstance(found, RecordFinding)
    assert (found.key, found.value, found.height) == (BANK, LEDGER.tree.get(BANK), 3)
    missing = verify_claim(record_proof(NOBODY), POLICY)
    assert isinstance(missing, RecordFinding)
    assert missing.value is None
    made = [claims_absence(one) for one in (record_proof(NOBODY), record_proof(BANK), entry_proof(2))]
    assert made == [True, False, False]


def test_a_proof_of_absence_names_no_other_record() -> None:
    data = record_proof(NOBODY).extra or b""
    names = {key for key, _ in LEDGER.tree.items()}
    assert not [key for key in names if key in data]


def test_a_record_of_an_earlier_state_is_not_one_of_the_checkpoint() -> None:
    """The state of an old summary, under a checkpoint that has gone further."""
    note, place = make_note(), SIZE - 3
    old = prove_entry(LEDGER.log, place, note=note, size=SIZE)
    claim = record_proof(BANK)
    with pytest.raises((CommitmentProofError, MerkleProofError)):
        verify_claim(replace(old, extra=claim.extra), POLICY)
    stale = prove_record(LEDGER.log, LEDGER.tree, BANK, note=note, size=SIZE, summary=ENTRIES[place])
    with pytest.raises((CommitmentProofError, MerkleProofError)):
        verify_claim(replace(stale, index=place, hashes=old.hashes), POLICY)


def test_presence_of_one_record_proves_nothing_about_another() -> None:
    one, other = record_proof(BANK), record_proof(record_key(Chain, "0"))
    assert one.extra is not None
    assert other.extra is not None
    swapped = one.extra.replace(BANK, record_key(Member, "bulk"))
    with pytest.raises(AtollError):
        verify_claim(replace(one, extra=swapped), POLICY)


def test_too_few_cosignatures_prove_nothing() -> None:
    proof = replace(entry_proof(1), checkpoint=make_note(orgs=("bank", "bureau")))
    with pytest.raises(QuorumError):
        verify_claim(proof, POLICY)


def test_a_snapshot_holds_with_every_record_and_with_no_other() -> None:
    data = snapshot().encode()
    assert data.startswith(START)
    found = verify_snapshot(parse_snapshot(data), POLICY)
    assert (found.height, found.state_root, found.records) == (3, LEDGER.tree.root, len(LEDGER.tree))
    good = snapshot()
    less = {key: value for key, value in good.records.items() if key != BANK}
    for records in (less, {**good.records, NOBODY: b"x"}, {**good.records, BANK: b"x"}, {}):
        with pytest.raises(BadSnapshot):
            verify_snapshot(replace(good, records=records), POLICY)
    with pytest.raises(AtollError):
        verify_snapshot(replace(good, note=make_note(SIZE - 2)), POLICY)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """One byte other than it was."""
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ chance.randrange(1, 256)]) + data[at + 1 :]


def meaning(data: bytes) -> object:
    """What a verifier of checkpoints believes."""
    return verify_checkpoint(parse_note(data), POLICY)


def test_of_a_thousand_mutations_of_checkpoint_proof_and_snapshot_none_is_believed_to_say_anything_else() -> None:
    """The only bytes that may change unnoticed are in lines of keys that nobody knows; here, every line's key is known."""
    chance = random.Random(20_26)
    good = {
        "checkpoint": (make_note(), meaning),
        "entry": (entry_proof(1).encode(), lambda data: verify_claim(parse_log_proof(data), POLICY)),
        "record": (record_proof(BANK).encode(), lambda data: verify_claim(parse_log_proof(data), POLICY)),
        "absence": (record_proof(NOBODY).encode(), lambda data: verify_claim(parse_log_proof(data), POLICY)),
        "snapshot": (snapshot().encode(), lambda data: verify_snapshot(parse_snapshot(data), POLICY)),
    }
    for name, (data, verify) in good.items():
        said = verify(data)
        for _ in range(200):
            changed = mutated(data, chance)
            try:
                found = verify(changed)
            except AtollError:
                continue
            assert found == said, f"{name}: {changed!r}"
            raise AssertionError(f"{name}: a changed byte was not noticed: {changed!r}")


def test_of_two_hundred_mutations_of_tiles_every_one_is_noticed() -> None:
    chance, log = random.Random(20_26), MadeUpLog(700)
    checkpoint = parse_checkpoint(log.note().text)
    tiles = {tile: encode_tile(log.tree, tile) for tile in tiles_of(log.size) if tile.level >= 0}
    assert range_root(TileReader(tiles.__getitem__, log.size), 0, log.size) == checkpoint.root
    for _ in range(200):
        tile = chance.choice(sorted(tiles))
        changed = {**tiles, tile: mutated(tiles[tile], chance)}
        assert rebuilt(changed, log.size) != checkpoint.root, tile


def rebuilt(tiles: dict[Tile, bytes], size: int) -> bytes:
    """The root from the leaves, each tile above compared with what lies below it, as an auditor's tool does."""
    read = TileReader(tiles.__getitem__, size)
    tree = MerkleTree(read(0, index) for index in range(size))
    if any(tree.node(8, index) != read(8, index) for index in range(size >> 8)):
        return b""
    return tree.root()
