"""A signed act: a transaction in the log that was carried out, signed with a key in force by a member in good standing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from atoll.ledger.evidence.anchor import Anchor
from atoll.ledger.evidence.bundle import Entry
from atoll.ledger.evidence.errors import BadEvidenceSignature, Contradiction, KeyNotInForce, RefusedTransaction
from atoll.ledger.evidence.parts import blame, reason
from atoll.ledger.records import Key, Member, MemberState
from atoll.ledger.transaction import Transaction, parse_transaction, transaction_id
from atoll.trust.envelope import Context, Envelope, encode_aad, verify_envelope
from atoll.trust.errors import SignatureInvalid, WrongAlgorithm, WrongKey
from atoll.trust.keys import Purpose, parse_kid
from atoll.wire.message import Message

B = TypeVar("B", bound=Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What one member did, verified."""

    entry: str
    """Name of the bundle's entry."""
    org: str
    """Who signed."""
    title: str
    """Its name for people, as the ledger held it then."""
    kid: str
    """With which key."""
    index: int
    """Place in the log."""
    height: int
    """Block that carried it out."""
    time: int
    """That block's time, Unix seconds."""
    transaction: bytes
    """SHA-256 of the signed bytes."""


def verify_act(anchor: Anchor, name: str, kind: type[B], *, org: str | None = None) -> tuple[Act, B, Entry]:
    """Verify a transaction of a bundle.

    Args:
        anchor: verified.
        name: the entry that holds it.
        kind: message class that its body must be.
        org: who must have sent it; anybody where None.

    Returns:
        The act, what was signed, and the entry, for errors about what it says.

    Raises:
        IncompleteEvidence: it, its block, or the signer's key or membership is not in the bundle.
        NotProven, MalformedEntry: a proof does not hold.
        RefusedTransaction: the ledger refused it.
        KeyNotInForce: key or membership were not in force then.
        BadEvidenceSignature: the signature is not the key's.
        Contradiction: it is another transaction than its name says.
    """
    entry = anchor.bundle.need(name)
    logged = anchor.logged(entry)
    with blame(entry):
        envelope, transaction = parse_transaction(logged.data)
        signer = parse_kid(envelope.kid)
    if transaction.type != kind.TAG or (org is not None and transaction.sender != org):
        raise Contradiction.at(entry, reason=f"it is a {transaction.type} of {transaction.sender}")
    if signer.org != transaction.sender or signer.purpose is not Purpose.IDENTITY:
        raise BadEvidenceSignature.at(entry, reason=f"{signer} is no identity key of {transaction.sender}")
    placed = anchor.block_over(logged.index)
    outcome = placed.summary.outcome_of(logged.index)
    if outcome != 0:
        raise RefusedTransaction.at(entry, number=outcome)
    height = placed.summary.height
    _verify_signature(anchor, entry, envelope, transaction, height)
    member = _member_in_standing(anchor, transaction.sender, height)
    with blame(entry):
        body = kind.from_map(dict(transaction.body))
    act = Act(
        entry=name,
        org=transaction.sender,
        title=member.title,
        kid=str(signer),
        index=logged.index,
        height=height,
        time=placed.summary.time,
        transaction=transaction_id(logged.data),
    )
    return act, body, entry


def _verify_signature(anchor: Anchor, entry: Entry, envelope: Envelope, transaction: Transaction, height: int) -> None:
    key, proof = anchor.record_around(Key, envelope.kid.decode(), height)
    if not key.is_valid_at(height):
        why = f"key {key.kid} was not in force at block {height}, where it signed `{entry.name}`"
        raise KeyNotInForce.at(proof, reason=why)
    try:
        verify_envelope(envelope, key, encode_aad(anchor.chain.chain_id, anchor.genesis_digest, Context.TRANSACTION))
    except (SignatureInvalid, WrongAlgorithm, WrongKey) as err:
        raise BadEvidenceSignature.at(entry, reason=reason(err)) from err
    if transaction.expiry_height < height:
        raise Contradiction.at(entry, reason=f"it expired before block {height}")


def _member_in_standing(anchor: Anchor, org: str, height: int) -> Member:
    member, proof = anchor.record_around(Member, org, height)
    if member.state is not MemberState.ACTIVE:
        why = f"{org} was {member.state} at block {height}, and members alone can act"
        raise KeyNotInForce.at(proof, reason=why)
    return member
