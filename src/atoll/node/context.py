"""What the parts of one node share: who it is, its clock, stores, engine and outbox."""

from __future__ import annotations

import asyncio
import platform
from dataclasses import dataclass
from typing import TypeVar

from atoll.ledger.records import Member, Record
from atoll.node.config import Config
from atoll.node.errors import NoSuchThing
from atoll.node.outbox import Outbox
from atoll.ordering.engine import Engine, View
from atoll.ordering.errors import StaleView
from atoll.ordering.offload import Offload
from atoll.ports import Clock, Entropy
from atoll.storage.sealed import Sealer
from atoll.storage.store import NodeStore
from atoll.version import VERSION, build_digest

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class NodeContext:
    """Handed to each part; none of them knows the others through it."""

    config: Config
    clock: Clock
    entropy: Entropy
    store: NodeStore
    sealer: Sealer
    engine: Engine
    outbox: Outbox
    offload: Offload

    @property
    def org(self) -> str:
        """This organisation."""
        return self.config.org

    @property
    def software(self) -> str:
        """Version of this program, as consents state it."""
        return f"atoll {VERSION} python {platform.python_version()}"

    @property
    def build(self) -> str:
        """Digest of this build, as consents state it."""
        return build_digest()

    def now(self) -> int:
        """The later of block time and own clock: what has expired for either has expired."""
        return max(self.clock.now(), self.engine.view().time)

    def view(self) -> View:
        """The state as agreed by a quorum and carried out by this node."""
        return self.engine.view()

    async def fresh_view(self, patience_seconds: float = 30.0) -> View:
        """The agreed state, if it may be acted on; waits a while for one that may.

        Raises:
            StaleView: no quorum has stood for it for longer than SECURITY 3.2 allows.
        """
        ends = self.clock.monotonic() + patience_seconds
        while True:
            try:
                return self.engine.require_fresh()
            except StaleView:
                if self.clock.monotonic() > ends:
                    raise
            await asyncio.sleep(0.2)

    def need(self, kind: type[R], identifier: str) -> R:
        """One record.

        Raises:
            NoSuchThing: the ledger holds none of this name.
        """
        record = self.view().get(kind, identifier)
        if record is None:
            raise NoSuchThing(what=kind.NAMESPACE, name=identifier)
        return record

    def records(self, kind: type[R]) -> list[R]:
        """All records of a kind, by identifier; for lists and sweeps, never for a rule."""
        return list(self.view().all(kind))

    def members(self) -> list[Member]:
        """All members, by name."""
        return self.records(Member)

    def roles(self, org: str) -> tuple[str, ...]:
        """The roles of a member; none for a stranger."""
        member = self.view().get(Member, org)
        return member.roles if member else ()

    def is_revoked(self, grant: bytes) -> bool:
        """Whether this organisation has revoked a grant of its own; that binds this node before the ledger has it."""
        return self.store.meta(f"revoked/{grant.hex()}") is not None

    def revoke_here(self, grant: str) -> None:
        """Remember a revocation, durably, before anybody else is told."""
        self.store.set_meta(f"revoked/{grant}", b"1")

    def load_secret(self, name: str) -> bytes | None:
        """What `save_secret` kept under this name; None where there is nothing."""
        sealed = self.store.meta(name)
        return self.sealer.open(name, sealed) if sealed else None

    def save_secret(self, name: str, value: bytes) -> None:
        """Keep it under the storage key, in place of what was there; it is durable when this returns."""
        self.store.set_meta(name, self.sealer.seal(name, value))

    def forget_secret(self, name: str) -> None:
        """Keep it no longer."""
        if self.store.meta(name):
            self.store.set_meta(name, b"")

    def note(self, actor: str, action: str, subject: str, outcome: str) -> None:
        """A line in the audit trail."""
        self.store.audit(time=self.clock.now(), actor=actor, action=action, subject=subject, outcome=outcome)
