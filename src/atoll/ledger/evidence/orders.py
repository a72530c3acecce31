"""Orders of a regulator in the evidence of a job: what was ordered, and the two persons' signatures, verified anew."""

from __future__ import annotations

from dataclasses import dataclass

from atoll.ledger.evidence import names
from atoll.ledger.evidence.acts import Act, verify_act
from atoll.ledger.evidence.anchor import Anchor
from atoll.ledger.evidence.bundle import Entry
from atoll.ledger.evidence.errors import BadEvidenceSignature, Contradiction, KeyNotInForce
from atoll.ledger.evidence.parts import blame, reason
from atoll.ledger.records import Key, OrderAction, TargetKind
from atoll.ledger.rules.order import HANDS, ORDERS, OrderBody
from atoll.trust.envelope import Context, encode_aad, parse_envelope, verify_envelope
from atoll.trust.errors import SignatureInvalid, WrongAlgorithm, WrongKey
from atoll.trust.keys import Purpose, parse_kid
from atoll.wire.message import parse_message


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """One order, as two persons signed it and the ledger carried it out."""

    act: Act
    """The transaction that handed it in."""
    order: bytes
    """Its number."""
    regulator: str
    """Whose persons signed."""
    action: OrderAction
    """What it does."""
    target_kind: TargetKind
    """What kind of thing it hits."""
    target: str
    """Which."""
    lifts: bytes
    """For an unfreeze: the freeze that it lifts."""
    approvers: tuple[str, ...]
    """Names of the keys that signed, sorted."""


def verify_orders(anchor: Anchor) -> tuple[Ordered, ...]:
    """Every order that a bundle holds, in the log's order.

    Raises:
        EvidenceError: one of them does not hold; see `verify_act`.
    """
    found = [
        _verify_order(anchor, entry.name, action)
        for entry in anchor.bundle.entries
        for action in OrderAction
        if entry.name.startswith(f"{names.ORDER}{action} ")
    ]
    return tuple(sorted(found, key=lambda one: one.act.index))


def _verify_order(anchor: Anchor, name: str, action: OrderAction) -> Ordered:
    act, transaction, entry = verify_act(anchor, name, ORDERS[action])
    kids = [_verify_hand(anchor, entry, one, act.height) for one in transaction.signed]
    with blame(entry):
        payloads = sorted({parse_envelope(one).payload for one in transaction.signed})
        body = parse_message(payloads[0], OrderBody)
    if len(payloads) != 1 or len(set(kids)) != HANDS:
        raise Contradiction.at(entry, reason="it is not signed by two persons, or they signed different orders")
    said = (body.action, names.order(body.action, body.order))
    if said != (action, name) or {parse_kid(one.encode()).org for one in kids} != {body.regulator}:
        raise Contradiction.at(entry, reason=f"it is the order {body.order.hex()} of {body.regulator}")
    return Ordered(
        act=act,
        order=body.order,
        regulator=body.regulator,
        action=body.action,
        target_kind=body.target_kind,
        target=body.target,
        lifts=body.lifts,
        approvers=tuple(sorted(kids)),
    )


def _verify_hand(anchor: Anchor, entry: Entry, signed: bytes, height: int) -> str:
    """Name of the person's key that signed, in force at this height."""
    with blame(entry):
        envelope = parse_envelope(signed)
        kid = str(parse_kid(envelope.kid))
    key, proof = anchor.record_around(Key, kid, height)
    if key.purpose is not Purpose.APPROVER or not key.is_valid_at(height):
        raise KeyNotInForce.at(proof, reason=f"key {kid} was no person's, or not in force, at block {height}")
    try:
        verify_envelope(envelope, key, encode_aad(anchor.chain.chain_id, anchor.genesis_digest, Context.ORDER))
    except (SignatureInvalid, WrongAlgorithm, WrongKey) as err:
        raise BadEvidenceSignature.at(entry, reason=reason(err)) from err
    return kid
