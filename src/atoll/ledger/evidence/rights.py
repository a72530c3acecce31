"""Who held what: a file that shows the rights in a lineage after a past block, or every state that one right has had.

    data = export_rights(source, "bureau/files", height=812)        # at a node
    data = export_right_history(source, right_id)
    finding = verify_rights(data, parse_trust_file(text))           # anywhere, offline

The file is a bundle as evidence of a job is (`bundle`, `anchor`): the trust file's members stand for a checkpoint, each record
is proved in the state root of a block below it. Rights name what was given from them, so the verifier walks from the root down
and asks for each: nothing that still lived can be left out. A history goes back from state to state until it is proved that
there was none, so neither can a change. Spec: specs/rights.md, section 5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, TypeVar

from atoll.ledger.evidence import names
from atoll.ledger.evidence.anchor import Anchor
from atoll.ledger.evidence.bundle import Bundle, parse_bundle
from atoll.ledger.evidence.errors import Contradiction, IncompleteEvidence, NotProven
from atoll.ledger.evidence.parts import Proven, blame, parse_part
from atoll.ledger.evidence.trust import TrustFile
from atoll.ledger.records import Lineage, Record, Right, RightState, record_key, root_right_id
from atoll.ledger.records.rights import MaybeRightId
from atoll.ledger.rights import why_not_in_force
from atoll.ledger.vouching import kind_of_trust
from atoll.primitives.ics23 import SMT_SPEC, verify_non_membership
from atoll.primitives.ics23_codec import parse_proof
from atoll.primitives.ics23_ops import NonExistenceProof
from atoll.wire.message import Count, Message
from atoll.wire.plain import to_plain

STATEMENT = "statement"
MOST_RIGHTS = 2_000
"""Rights, or states of one right, in one file."""
R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsStatement(Message):
    """What the file is to show."""

    TAG: ClassVar[str] = "rights-statement/1"

    lineage: Lineage
    """owner/name."""
    right: MaybeRightId
    """The right whose history it is; empty where it is all rights in the lineage after one block."""
    height: Count
    """The block; for a history, the last one that it reaches to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One right as it stood after a block."""

    height: int
    """The block."""
    time: int
    """Its time, Unix seconds."""
    right: Right
    """The record."""
    fell: str
    """Why it did not hold then; empty if it did. Of a history, only what the record itself says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsFinding:
    """What a verified file shows."""

    chain_id: str
    """The ledger."""
    genesis_digest: bytes
    """Names the consortium, 32 bytes."""
    statement: RightsStatement
    """What it is about."""
    held: tuple[Held, ...]
    """All rights of the lineage, the root first; or the states of one right, oldest first."""
    top: int
    """The block up to which the members stand for the ledger."""
    cosigned: tuple[str, ...]
    """Members that cosigned the checkpoint, or voted for the header over it."""
    kind: str
    """What kind of trust that is; see `Standing.kind`."""
    agreed_at: int
    """When a quorum of them had, Unix seconds."""

    def to_plain(self) -> dict[str, Any]:
        """As a JSON value."""
        return {
            "chain_id": self.chain_id,
            "genesis_digest": self.genesis_digest.hex(),
            "lineage": self.statement.lineage,
            "right": self.statement.right.hex(),
            "height": self.statement.height,
            "held": [{**asdict(one), "right": to_plain(one.right)} for one in self.held],
            "top": self.top,
            "cosigned": list(self.cosigned),
            "kind": self.kind,
            "agreed_at": self.agreed_at,
        }


def verify_rights(data: bytes, trust: TrustFile) -> RightsFinding:
    """Verify a file from the trust file alone.

    Args:
        data: from anybody; at most `bundle.MAX_BUNDLE_BYTES`.
        trust: from a founder; never from where the file came from.

    Raises:
        EvidenceError: what does not hold or is missing, and in which entry.

    Cost: one state proof, some fifty hashes, for each record.
    """
    bundle = parse_bundle(data)
    anchor = Anchor(bundle, trust)
    entry = bundle.need(STATEMENT)
    statement = parse_part(entry, RightsStatement)
    if statement.height > anchor.top.summary.height:
        raise NotProven.at(entry, reason=f"the checkpoint ends with block {anchor.top.summary.height}")
    held = tuple(_history(anchor, bundle, statement) if statement.right else _holders(anchor, statement))
    bundle.need_all_read()
    return RightsFinding(
        chain_id=anchor.genesis.chain_id,
        genesis_digest=anchor.genesis_digest,
        statement=statement,
        held=held,
        top=anchor.top.summary.height,
        cosigned=tuple(sorted(anchor.vouched.stood_at)),
        kind=kind_of_trust(anchor.members, len(anchor.vouched.stood_at)),
        agreed_at=anchor.vouched.agreed_at,
    )


def _holders(anchor: Anchor, statement: RightsStatement) -> Iterator[Held]:
    """From the root down; a right that is named above and not shown is missed."""
    height, time = statement.height, anchor.block(statement.height).summary.time
    shown: dict[str, Right] = {}
    waiting = [root_right_id(statement.lineage)]
    while waiting:
        identifier = waiting.pop(0).hex()
        record, entry = anchor.record(Right, identifier, height)
        if record.lineage != statement.lineage or identifier in shown or len(shown) >= MOST_RIGHTS:
            raise Contradiction.at(entry, reason=f"it has no place among the rights of {statement.lineage}")
        shown[identifier] = record
        waiting.extend(record.children)
    for record in shown.values():
        fell = why_not_in_force(_Shown(shown), record.right, time)
        yield Held(height=height, time=time, right=record, fell=fell)


def _history(anchor: Anchor, bundle: Bundle, statement: RightsStatement) -> Iterator[Held]:
    """Backwards from the last state: each names the block that made it, and the state before that block is shown, too, until
    there was none. So no state that a block ended with can be left out."""
    identifier, height = statement.right.hex(), statement.height
    found: list[Held] = []
    while (record := _state_of(anchor, bundle, identifier, height)) is not None:
        entry = bundle.need(names.record(Right, identifier, height))
        if record.lineage != statement.lineage or not 0 < record.height <= height or len(found) >= MOST_RIGHTS:
            raise Contradiction.at(entry, reason=f"it is no state of a right in {statement.lineage} up to block {height}")
        fell = "" if record.state is RightState.ACTIVE else f"it is {record.state}"
        found.append(Held(height=record.height, time=anchor.block(record.height).summary.time, right=record, fell=fell))
        height = record.height - 1
    if not found:
        raise IncompleteEvidence(name=names.record(Right, identifier, statement.height))
    yield from reversed(found)


def _state_of(anchor: Anchor, bundle: Bundle, identifier: str, height: int) -> Right | None:
    """The right after a block; None where it is proved that there was none."""
    entry = bundle.need(names.record(Right, identifier, height))
    with blame(entry):
        proof = parse_proof(parse_part(entry, Proven).proof)
        if isinstance(proof, NonExistenceProof):
            root = anchor.block(height).summary.state_root
            verify_non_membership(SMT_SPEC, root, proof, record_key(Right, identifier))
            return None
    return anchor.record(Right, identifier, height)[0]


@dataclass(frozen=True, slots=True)
class _Shown:
    """The proved records as a state to walk in."""

    records: Mapping[str, Any]

    def get(self, kind: type[R], identifier: str) -> R | None:
        return self.records.get(identifier) if kind is Right else None
