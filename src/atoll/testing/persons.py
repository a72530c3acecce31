"""Natural persons on paper: approvers with keys derived from their names, and what they sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from atoll.ledger.records import OrderAction, TargetKind
from atoll.ledger.rules.approver import NEW, AddApprover, ApproverRequest
from atoll.ledger.rules.order import ORDERS, FreezeOrder, OrderBody, RecallOrder, UnfreezeOrder
from atoll.testing.consortium import NamedEntropy
from atoll.trust.algorithms import Algorithm
from atoll.trust.envelope import Context, encode_aad, seal_envelope
from atoll.trust.keys import Purpose, SecretKey
from atoll.wire.message import Message, encode_message


@dataclass(frozen=True, slots=True)
class Chain:
    """What signatures are bound to."""

    chain_id: str
    genesis_digest: bytes


class PaperPerson:
    """One person of one organisation; `number` is given when the ledger registers its key."""

    def __init__(self, org: str, person: str, number: int | None = None) -> None:
        self.org, self.person, self.number = org, person, number
        self.key = SecretKey.generate(Purpose.APPROVER, NamedEntropy(f"{org}/{person}/approver"))

    @property
    def kid(self) -> str:
        """The key's name."""
        return f"{self.org}/{Purpose.APPROVER}/{self.number or NEW}"

    def sign(self, chain: Chain, body: Message, context: Context) -> bytes:
        """An envelope over a message."""
        aad = encode_aad(chain.chain_id, chain.genesis_digest, context)
        payload = encode_message(body)
        return seal_envelope(payload, kid=self.kid.encode(), algorithm=Algorithm.ED25519, sign=self.key.sign, aad=aad)

    def request(
        self, chain: Chain, others: Sequence[PaperPerson], *, not_after: int, recovery: SecretKey | None = None
    ) -> AddApprover:
        """The transaction by which this person becomes an approver, signed by others and by version 1 of a recovery key."""
        body = ApproverRequest(org=self.org, person=self.person, public=self.key.public.data, not_after=not_after)
        signed = [one.sign(chain, body, Context.APPROVER) for one in (self, *others)]
        if recovery is not None:
            aad = encode_aad(chain.chain_id, chain.genesis_digest, Context.APPROVER)
            kid, algorithm = f"{self.org}/{Purpose.RECOVERY}/1".encode(), Algorithm.ED25519
            signed.append(seal_envelope(encode_message(body), kid=kid, algorithm=algorithm, sign=recovery.sign, aad=aad))
        return AddApprover(signed=tuple(signed))


def order_of(
    regulator: str,
    action: OrderAction,
    kind: TargetKind,
    target: str,
    *,
    order: bytes = b"\x07" * 16,
    lifts: bytes = b"",
    not_after: int,
) -> OrderBody:
    """What two persons sign."""
    return OrderBody(
        order=order,
        regulator=regulator,
        action=action,
        target_kind=kind,
        target=target,
        lifts=lifts,
        reason_commitment=bytes(32),
        not_after=not_after,
    )


def signed_order(chain: Chain, body: OrderBody, persons: Sequence[PaperPerson]) -> FreezeOrder | UnfreezeOrder | RecallOrder:
    """The transaction that gives an order."""
    return ORDERS[body.action](signed=tuple(one.sign(chain, body, Context.ORDER) for one in persons))
