"""What a rule is given, and the look-ups that rules share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from atoll.ledger.records import Chain, Key, KeyPointer, Member, MemberState, Record
from atoll.ledger.rules.errors import AlreadyExists, NotAllowed, NotMember, Unknown
from atoll.ledger.state import State
from atoll.trust.keys import Purpose

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Call:
    """One transaction on its way through a rule."""

    state: State
    """Where records are read and written."""
    height: int
    """Height of the block that holds the transaction."""
    time: int
    """The block's time, Unix seconds."""
    sender: str
    """The member whose signature was verified."""
    chain: Chain
    """The ledger's own record."""

    def need(self, kind: type[R], identifier: str) -> R:
        """The record.

        Raises:
            Unknown: there is none.
        """
        record = self.state.get(kind, identifier)
        if record is None:
            raise Unknown(what=kind.NAMESPACE, name=identifier)
        return record

    def need_free(self, kind: type[Record], identifier: str) -> None:
        """Raises AlreadyExists where there is such a record."""
        if self.state.get(kind, identifier) is not None:
            raise AlreadyExists(what=kind.NAMESPACE, name=identifier)

    def active_member(self, org: str) -> Member:
        """The member.

        Raises:
            NotMember: unknown, suspended or gone.
        """
        member = self.state.get(Member, org)
        if member is None or member.state is not MemberState.ACTIVE:
            raise NotMember(org=org)
        return member

    def need_role(self, role: str) -> None:
        """Raises NotAllowed unless the sender holds the role."""
        if role not in self.active_member(self.sender).roles:
            raise NotAllowed(org=self.sender, reason=f"it lacks the role {role}")

    def need_sender(self, org: str, what: str) -> None:
        """Raises NotAllowed unless the sender is `org`."""
        if self.sender != org:
            raise NotAllowed(org=self.sender, reason=f"only {org} may {what}")

    def current_key(self, org: str, purpose: Purpose) -> Key:
        """The current version of a member's key, valid or not."""
        pointer = self.need(KeyPointer, f"{org}/{purpose}")
        return self.need(Key, f"{org}/{purpose}/{pointer.version}")
