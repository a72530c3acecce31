"""Who counts now, from the founders' trust file on: proofs of logging verify though every key is another."""

from __future__ import annotations

import pytest

from atoll.ledger.agreement import cosign_key, log_key
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.claims import EntryFinding, prove_entry, verify_claim
from atoll.ledger.errors import QuorumError, UntrustedNoteError
from atoll.ledger.evidence import export_members, names, verify_members
from atoll.ledger.evidence.errors import EvidenceError, ForeignConsortium, NotProven, UnexpectedEntry
from atoll.ledger.note import Note, cosign_text, sign_text
from atoll.ledger.records import Key, KeyPointer
from atoll.ledger.rules.keys import RevokeKey, RotateKey
from atoll.ledger.tlog_policy import Policy
from atoll.ledger.tlog_proof import LogProof
from atoll.testing.consortium import FOUNDED, NamedEntropy
from atoll.trust.keys import Purpose, SecretKey
from tests.unit.evidence.header_world import HeaderWorld
from tests.unit.evidence.world import World, pack, unpack

WORLDS = {"embedded": World, "cometbft": HeaderWorld}


@pytest.fixture(params=WORLDS, name="world")
def _world(request: pytest.FixtureRequest) -> World:
    """A ledger on which a dataset is registered."""
    world: World = WORLDS[request.param]()
    return world.register()


def rotate(world: World, org: str, purpose: Purpose) -> None:
    new = world.know(SecretKey.generate(purpose, NamedEntropy(f"{org} {purpose} {world.ledger.height}")))
    world.do(org, RotateKey(purpose=purpose, public=new.public.data, second=b""))


def signer(world: World) -> tuple[str, SecretKey]:
    """A member that signs checkpoints now, and its key."""
    view = world.ledger.view()
    org = world.ledger.consensus.sequencer
    pointer = view.get(KeyPointer, f"{org}/log")
    key = view.get(Key, f"{org}/log/{pointer.version if pointer else 1}")
    assert key is not None
    return org, world.log_keys[key.public]


def proof(world: World) -> LogProof:
    """That the first entry stands below the newest checkpoint, which everybody who counts has cosigned."""
    chain, log = world.founding.chain_id, world.ledger.log
    text = Checkpoint(origin=chain, size=log.size, root=log.root()).encode()
    _, secret = signer(world)
    lines = [sign_text(text, log_key(chain, secret.public.data), secret.sign)]
    for one in world.ledger.consensus.counted():
        lines.append(cosign_text(text, cosign_key(chain, one), FOUNDED, world.cosign_keys[one.cosign].sign))
    note = Note(text, tuple(lines)).encode()
    return prove_entry(log, 0, note=note, size=log.size, entry=world.log_entries[0])


def verifies(world: World, policy: Policy) -> bool:
    try:
        found = verify_claim(proof(world), policy)
    except (QuorumError, UntrustedNoteError):
        return False
    return isinstance(found, EntryFinding)


def test_where_nothing_has_changed_the_founders_count(world: World) -> None:
    found = verify_members(export_members(world), world.trust)
    assert found.steps == 0 and found.height == world.ledger.height
    assert verifies(world, world.trust.policy) and verifies(world, found.policy)


def test_a_proof_verifies_though_every_key_is_another(world: World) -> None:
    for one in world.ledger.consensus.counted():
        rotate(world, one.org, Purpose.COSIGN)
    rotate(world, signer(world)[0], Purpose.LOG)
    world.block()  # for which those count that the last one named
    assert not verifies(world, world.trust.policy)
    found = verify_members(export_members(world), world.trust)
    assert verifies(world, found.policy)
    rotate(world, signer(world)[0], Purpose.LOG)
    world.block()
    assert not verifies(world, found.policy), "of a key that came later"
    assert verifies(world, verify_members(export_members(world), world.trust).policy)


def test_a_file_without_a_step_or_with_anything_else_changed_is_refused(world: World) -> None:
    for one in world.ledger.consensus.counted()[:2]:
        rotate(world, one.org, Purpose.COSIGN)
    entries = unpack(export_members(world))
    for name in entries:
        with pytest.raises(EvidenceError):
            verify_members(pack({other: data for other, data in entries.items() if other != name}), world.trust)
        with pytest.raises(EvidenceError):
            verify_members(pack({**entries, name: entries[name][:-1] + bytes([entries[name][-1] ^ 1])}), world.trust)
    with pytest.raises(UnexpectedEntry):
        verify_members(pack({**entries, "plan": b"x"}), world.trust)


def test_a_consortium_that_somebody_made_up_counts_for_nothing(world: World) -> None:
    """Of the same name, with founders of its own."""
    other = type(world)(orgs=("operator", "bank", "bureau", "telecom")).register()
    with pytest.raises(ForeignConsortium):
        verify_members(export_members(other), world.trust)


def test_on_cometbft_a_revoked_key_signs_no_checkpoint_and_nobody_shows_another_for_it() -> None:
    world = HeaderWorld().register()
    org = "bank"
    line = log_key(world.founding.chain_id, world.founding.keys[org][Purpose.LOG].public.data)
    before, height = unpack(export_members(world)), world.ledger.height
    assert line in [one.key for one in verify_members(pack(before), world.trust).policy.logs]
    world.do(org, RevokeKey(org=org, purpose=Purpose.LOG, second=b""))
    after = unpack(export_members(world))
    assert line not in [one.key for one in verify_members(pack(after), world.trust).policy.logs]
    old, new = (names.record(Key, f"{org}/log/1", at) for at in (height, world.ledger.height))
    with pytest.raises(NotProven):
        verify_members(pack({**after, new: before[old]}), world.trust)
    other = names.record(Key, "bureau/log/1", world.ledger.height)
    with pytest.raises(NotProven):
        verify_members(pack({**after, new: after[other]}), world.trust)
