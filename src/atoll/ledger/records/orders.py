"""Records of the persons who approve, and of the orders that they sign together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from atoll.ledger.plan import Label
from atoll.ledger.records.base import Record
from atoll.wire.message import Count, Digest, Name, Pattern, Range, Size, Time

MOST_APPROVERS = 32
"""Approvers of one organisation at a time."""
MOST_ORDERS = 16
"""Freezes in force on one thing."""
OrderId = Annotated[bytes, Size(16)]
Person = Annotated[str, Pattern(r"[a-z][a-z0-9-]{0,39}")]
"""A pseudonym: which natural person it is, the organisation knows and the ledger does not (SECURITY 2.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver(Record):
    """A natural person of an organisation, who signs with a key that no node has. The key is `ORG/approver/NUMBER`."""

    TAG: ClassVar[str] = "approver/1"
    NAMESPACE: ClassVar[str] = "approver"

    org: Name
    """Whose person."""
    person: Person
    """Pseudonym within the organisation."""
    number: Annotated[int, Range(1, 2**31 - 1)]
    """The how-manieth approver of the organisation; version of the key."""
    public: Digest
    """Ed25519 key."""
    active: bool
    """Whether what it signs counts; the key's record says from which height to which."""

    def identifier(self) -> str:
        return f"{self.org}/{self.person}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster(Record):
    """The approvers of one organisation."""

    TAG: ClassVar[str] = "roster/1"
    NAMESPACE: ClassVar[str] = "roster"

    org: Name
    """Which organisation."""
    ever: Count
    """How many it has ever had; never counts down."""
    active: Annotated[tuple[Person, ...], Size(0, MOST_APPROVERS)]
    """Those whose signatures count, sorted."""

    def identifier(self) -> str:
        return self.org


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproverKey(Record):
    """That a key belongs to one person for ever: one key under two names would be two persons."""

    TAG: ClassVar[str] = "approver-key/1"
    NAMESPACE: ClassVar[str] = "approver-key"

    public: Digest
    """The key."""
    kid: Label
    """Its name."""

    def identifier(self) -> str:
        return self.public.hex()


class OrderAction(StrEnum):
    """What an order does."""

    FREEZE = "freeze"
    """Nothing rests on the target until the order is lifted."""
    UNFREEZE = "unfreeze"
    """Lifts one freeze."""
    RECALL = "recall"
    """Nothing rests on the target any more, and results that rested on it are void."""


class TargetKind(StrEnum):
    """What an order can hit."""

    DATASET = "dataset"
    """One version, owner/name/version, and what was derived from it."""
    LINEAGE = "lineage"
    """All versions, owner/name, and what was derived from them."""
    RIGHT = "right"
    """One right and what was split from it, 32 digits."""
    GRANT = "grant"
    """One grant, 32 digits."""
    MEMBER = "member"
    """An organisation: no job with it, no grant from it or to it."""


class OrderState(StrEnum):
    """Whether an order acts."""

    IN_FORCE = "in force"
    LIFTED = "lifted"
    DONE = "done"
    """An unfreeze has nothing more to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Record):
    """What two persons of a regulator ordered."""

    TAG: ClassVar[str] = "order/1"
    NAMESPACE: ClassVar[str] = "order"

    order: OrderId
    """Random; used once for ever, so that no order can be sent again."""
    regulator: Name
    """The organisation whose persons signed."""
    action: OrderAction
    """What it does."""
    target_kind: TargetKind
    """What kind of thing it hits."""
    target: Annotated[str, Size(1, 120)]
    """Which."""
    reason_commitment: Digest
    """Salted commitment to the reason, which the regulator keeps."""
    approvers: Annotated[tuple[Label, ...], Size(2)]
    """Names of the two keys that signed, sorted."""
    state: OrderState
    """Whether it acts."""
    height: Count
    """Block that carried it out."""
    time: Time
    """That block's time."""

    def identifier(self) -> str:
        return self.order.hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(Record):
    """The orders in force on one thing; there is none where nothing was ever ordered."""

    TAG: ClassVar[str] = "hold/1"
    NAMESPACE: ClassVar[str] = "hold"

    target_kind: TargetKind
    """What kind of thing."""
    target: Annotated[str, Size(1, 120)]
    """Which."""
    freezes: Annotated[tuple[OrderId, ...], Size(0, MOST_ORDERS)]
    """Freezes that were not lifted, sorted."""
    recall: Annotated[bytes, Size(0, 16)]
    """The order that recalled it; empty if none did."""

    def identifier(self) -> str:
        return hold_id(self.target_kind, self.target)

    @property
    def acts(self) -> bool:
        """Whether anything is in force."""
        return bool(self.recall or self.freezes)

    @property
    def order(self) -> bytes:
        """The order that says so, a recall before all others; empty if nothing is in force."""
        return self.recall or next(iter(self.freezes), b"")


def hold_id(kind: TargetKind, target: str) -> str:
    """Identifier of the record of orders on one thing."""
    return f"{kind._value_}/{target}"
