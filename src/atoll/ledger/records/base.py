"""What a record is, and the record of the ledger itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Protocol, TypeVar

from atoll.wire.message import Count, Digest, Message, Range, Size

Version = Annotated[int, Range(1, 2**31)]


class EngineKind(StrEnum):
    """What puts a ledger's transactions in order; agreed on in the genesis and never changed."""

    EMBEDDED = "embedded"
    """One member orders, the validating members cosign: tamper-evident under one operator."""
    COMETBFT = "cometbft"
    """The validating members agree on each block by CometBFT: consensus."""


class Record(Message):
    """A message kept in the state; `key()` is its raw key."""

    __slots__ = ()
    NAMESPACE: ClassVar[str] = ""

    def identifier(self) -> str:
        """The record's name within its namespace."""
        raise TypeError(f"{type(self).__name__} has no identifier")

    def key(self) -> bytes:
        """Raw key: namespace, 0x00, identifier."""
        return record_key(type(self), self.identifier())


R = TypeVar("R", bound=Record)


class Reader(Protocol):
    """Where records are read: a ledger's state, or a node's copy of it."""

    def get(self, kind: type[R], identifier: str, /) -> R | None:
        """The record, or None where there is none."""
        ...


def record_key(kind: type[Record], identifier: str) -> bytes:
    """Raw key of the record of `kind` with this identifier."""
    return kind.NAMESPACE.encode() + b"\0" + identifier.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain(Record):
    """The ledger itself; there is exactly one."""

    TAG: ClassVar[str] = "chain/1"
    NAMESPACE: ClassVar[str] = "chain"

    chain_id: Annotated[str, Size(1, 64)]
    """Name of the ledger."""
    genesis_digest: Digest
    """Digest of the genesis body."""
    rules_version: Version
    """Which table of rules is in force, up to `next_rules_from`."""
    test: bool
    """True for a consortium that may run `Insecure...` modes."""
    receipt_term_seconds: Annotated[int, Range(1, 2**31)]
    """How long after its deadline a job may miss a receipt before it counts as unacknowledged."""
    engine: EngineKind = EngineKind.EMBEDDED
    """What puts its transactions in order."""
    next_rules_version: Count = 0
    """Version of the rules that members have agreed on; 0 before they agreed on any."""
    next_rules_from: Count = 0
    """First block under it; 0 where there is none."""

    def identifier(self) -> str:
        return "0"

    def rules_at(self, height: int) -> int:
        """The version of the rules under which a block of this height is carried out."""
        return self.next_rules_version if self.next_rules_version and height >= self.next_rules_from else self.rules_version
