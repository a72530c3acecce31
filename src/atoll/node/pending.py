"""Registrations under way, as they lie on the disk: what a node that is killed needs to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId
from atoll.node.context import NodeContext
from atoll.wire.message import Digest, Message, Size, encode_message, parse_message


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending(Message):
    """A registration under way."""

    TAG: ClassVar[str] = "pending-registration/1"

    request: Digest
    """Of what was asked for."""
    dataset: DatasetId
    """The version that it will be."""
    fingerprint: Annotated[str, Size(0, 200)]
    """What the source held."""
    salt: Digest
    """Of the commitment to the fingerprint."""
    seed: Digest
    """The evaluation's randomness."""
    card: Annotated[bytes, Size(0, 32)] = b""
    """Commitment to the card that was written; empty before."""
    evaluation: Annotated[bytes, Size(0, 16)] = b""
    """The evaluation that was made; empty before, and where there is no key."""
    tags: Annotated[tuple[Digest, ...], Size(0, 3)] = ()
    """What came of it."""
    claim_salt: Annotated[bytes, Size(0, 32)] = b""
    """Of the claim to the tags; empty before there are any."""

    def __repr__(self) -> str:
        return f"Pending(dataset={self.dataset!r})"


class PendingRegistrations:
    """At most one for each name; sealed, because its seed blinds what the members evaluate."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    def load(self, name: str) -> Pending | None:
        """The one under this name."""
        kept = self._context.load_secret(_slot(name))
        return parse_message(kept, Pending) if kept else None

    def save(self, name: str, pending: Pending) -> None:
        """Keep it in place of the one before; it is durable when this returns."""
        self._context.save_secret(_slot(name), encode_message(pending))

    def clear(self, name: str) -> None:
        """It has ended."""
        self._context.forget_secret(_slot(name))


def _slot(name: str) -> str:
    return f"registration/{name}"
