"""Who the members are and how they are reached, as the agreed ledger says at this moment."""

from __future__ import annotations

from collections.abc import Callable

from atoll.ledger.records import Key, Member, MemberState, current_key, served_until
from atoll.node.order import parse_endpoint
from atoll.ordering.engine import View
from atoll.trust.keys import Purpose
from atoll.trust.tlskeys import is_certificate_of


class Directory:
    """Reads the ledger each time it is asked; remembers nothing."""

    def __init__(self, view: Callable[[], View], now: Callable[[], int]) -> None:
        self._view = view
        self._now = now

    def active(self) -> list[Member]:
        """Active members, by name."""
        return [one for one in self._view().all(Member) if one.state is MemberState.ACTIVE]

    def served(self) -> list[Member]:
        """Members to be connected with, by name: the active ones, and who has just left."""
        now = self._now()
        return [one for one in self._view().all(Member) if now < served_until(one)]

    def names(self) -> list[str]:
        """Names of the members to be connected with."""
        return [one.org for one in self.served()]

    def addresses(self) -> dict[str, tuple[str, int]]:
        """Host and port of each peer listener; members that only dial out have none."""
        return {one.org: parse_endpoint(one.peer) for one in self.served() if one.peer}

    def certificates(self) -> dict[str, tuple[bytes, ...]]:
        """The TLS certificates in force, by organisation: the current one, and the one before it unless it was revoked.

        A member learns that its new key counts over the sessions that the old key carries; without the old one it would be cut
        off from that news. Whoever wants an old key gone at once rotates twice. A revoked current key takes the one before it
        along. What is no certificate of this very member is left out: a member that registered another's would else make that
        one's ambiguous, and cut it off.
        """
        view = self._view()
        found: dict[str, tuple[bytes, ...]] = {}
        for member in self.served():
            key = current_key(view, member.org, Purpose.TLS)
            if key is not None and key.revoked_height is None:
                before = view.get(Key, f"{member.org}/{Purpose.TLS}/{key.version - 1}")
                standing = [one.public for one in (key, before) if one is not None and one.revoked_height is None]
                found[member.org] = tuple(one for one in standing if is_certificate_of(one, member.org))
        return found
