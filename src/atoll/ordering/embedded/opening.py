"""Opening a store: everything in it is checked against what was signed before anything is believed.

The log entries must give the root of the agreed note, whose signatures are verified again; the records must give the state root
in the last agreed block's summary; blocks above it are carried out once more. What does not add up is refused loudly: nothing
is repaired here, because the other members have it all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.errors import AtollError, UnavailableError
from atoll.ledger.agreement import verify_agreement, verify_checkpoint
from atoll.ledger.chain import Ledger
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.note import parse_note
from atoll.ledger.records import ConsensusSet
from atoll.ordering.embedded.points import Point, genesis_point, next_point
from atoll.ordering.embedded.store import Store
from atoll.ordering.embedded.vows import AGREED, Vows
from atoll.ordering.errors import ForeignStore, StoreCorrupt
from atoll.ordering.rebuild import rebuild
from atoll.ordering.verdicts import Verdicts
from atoll.primitives.merkle import verify_consistency
from atoll.wire.message import Count, Digest, Message, Name, Size, encode_message, parse_message

LEDGER = "ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity(Message):
    """Whose store this is."""

    TAG: ClassVar[str] = "store-identity/1"

    genesis_digest: Digest
    """Of the ledger."""
    org: Name
    """Member whose replica it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedPoint(Message):
    """The newest agreed point, as written down."""

    TAG: ClassVar[str] = "agreed-point/1"

    height: Count
    """Its block."""
    note: Annotated[bytes, Size(1, 50_000)]
    """Checkpoint with a quorum's cosignatures: of this block, or of a larger log while this member is catching up."""
    proof: Annotated[tuple[Digest, ...], Size(0, 64)]
    """Consistency of the log after this block with that larger one; empty where the note is of this block."""
    authority: ConsensusSet
    """Who counts for it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A store's content, found good."""

    ledger: Ledger
    """Everything carried out."""
    points: dict[int, Point]
    """The agreed point and those above it, by height."""
    agreed: int
    """Height of the agreed point."""
    vows: Vows
    """What this member has promised."""


def open_store(store: Store, genesis_file: bytes, org: str, verdicts: Verdicts) -> Opened:
    """Read a store, or begin one.

    Raises:
        BadGenesis: the genesis file itself is wrong.
        ForeignStore: of another ledger or member.
        StoreCorrupt: it does not add up.
        StoreFull: a new store cannot be begun.
    """
    ledger = Ledger(genesis_file)
    _need_own(store, Identity(genesis_digest=ledger.genesis_digest, org=org))
    try:
        return _read(store, ledger, verdicts)
    except (StoreCorrupt, UnavailableError):
        raise
    except AtollError as err:
        raise StoreCorrupt(path=store.path, reason=str(err)) from err


def _need_own(store: Store, identity: Identity) -> None:
    written = store.vow(LEDGER)
    if written is None:
        with store.write():
            store.put_vow(LEDGER, encode_message(identity))
    elif written != encode_message(identity):
        raise ForeignStore(path=store.path, reason="it belongs to another ledger or member")


def _read(store: Store, ledger: Ledger, verdicts: Verdicts) -> Opened:
    written = store.vow(AGREED)
    point = genesis_point(ledger)
    if written is not None:
        agreed = parse_message(written, AgreedPoint)
        if agreed.height > 0:
            point = _restore(store, ledger, agreed)
        agreement = verify_agreement(parse_note(agreed.note), chain_id=ledger.genesis.chain_id, consensus=agreed.authority)
        verify_within(point.checkpoint, agreement.checkpoint, agreed.proof)
        if agreement.checkpoint == point.checkpoint:
            point.agreement = agreement
    base = point.height
    points = {base: point}
    for stored in store.blocks(base + 1, 2**62):
        executed = ledger.execute(stored.block, verify=verdicts)
        _need(
            store, executed.entries == stored.entries, f"block {stored.block.height} gives another result than it gave before"
        )
        point = next_point(ledger, point, executed)
        ledger.adopt(executed)
        points[point.height] = point
    for height, data in store.notes().items():
        if height in points:
            note = parse_note(data)
            signed = verify_checkpoint(note, chain_id=ledger.genesis.chain_id, log=points[height].authority.log)
            _need(store, signed == points[height].checkpoint, f"the signed checkpoint of block {height} is for another log")
            points[height].note = note
    return Opened(ledger, points, base, Vows(store))


def verify_within(smaller: Checkpoint, larger: Checkpoint, proof: tuple[bytes, ...]) -> None:
    """Check that the larger log begins with the smaller one.

    Raises:
        MerkleProofError: it does not.
    """
    verify_consistency(old_size=smaller.size, old_root=smaller.root, new_size=larger.size, new_root=larger.root, proof=proof)


def _restore(store: Store, ledger: Ledger, agreed: AgreedPoint) -> Point:
    """Bring the ledger to the agreed height from records and blocks, without carrying anything out."""
    last = rebuild(store, ledger, agreed.height)
    checkpoint = Checkpoint(origin=ledger.genesis.chain_id, size=ledger.log.size, root=ledger.log.root())
    return Point(agreed.height, last.block.term, last.block.time, checkpoint, agreed.authority, ledger.consensus)


def _need(store: Store, holds: bool, otherwise: str) -> None:
    if not holds:
        raise StoreCorrupt(path=store.path, reason=otherwise)
