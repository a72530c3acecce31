"""How the parties of a job find each other: one sealed session with each, whoever dials, again and again if links are lost.

Each party's node listens for the job under a service name of its own, made from the plan digest, the attempt and the party,
so the router can pass connections to the right child process. The name is no secret; the pinned certificate and the seal
decide.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from atoll.protocols.role import Party
from atoll.transport.errors import SettingsUnfit
from atoll.transport.sealing import JobKeys, SealedSession, seal_session
from atoll.transport.session import Network, Session, job_service

Opener: TypeAlias = Callable[[], Awaitable[SealedSession]]
"""Makes one attempt at a fresh session with one party."""

_TOKEN_DOMAIN = b"atoll job token/1"


def derive_service(plan_digest: bytes, attempt: int, party: Party) -> str:
    """The service name under which a party's node takes connections for an attempt of a job."""
    name = str(party).encode("ascii")
    digest = hashlib.sha256(_TOKEN_DOMAIN + plan_digest + attempt.to_bytes(4, "big") + name).digest()
    return job_service(digest[:16].hex())


class Meeting:
    """One party's sessions with all others."""

    def __init__(self, network: Network, keys: JobKeys, *, org: str) -> None:
        """
        Args:
            network: how to reach the others, and they this node.
            keys: the job's.
            org: this party's organisation.

        Raises:
            SettingsUnfit: neither this party nor one of the others has a listener.
        """
        self._network = network
        self._keys = keys
        self._dials = {party: self._is_dialled(party, org) for party in keys.members}
        self._arrived: dict[Party, asyncio.Queue[SealedSession]] = {
            party: asyncio.Queue(maxsize=1) for party, dials in self._dials.items() if not dials
        }

    async def start(self) -> None:
        """Begin to listen, if anybody is to dial this party."""
        if self._arrived:
            service = derive_service(self._keys.plan_digest, self._keys.attempt, self._keys.me)
            await self._network.listen(service, self._welcome)

    def openers(self) -> Mapping[Party, Opener]:
        """How to get a session with each of the others: by dialling, or by waiting."""
        return {party: self._dialler(party) if dials else self._arrived[party].get for party, dials in self._dials.items()}

    async def close(self) -> None:
        """Part with sessions that came and were never fetched."""
        for waiting in self._arrived.values():
            while not waiting.empty():
                await waiting.get_nowait().close()

    def _is_dialled(self, party: Party, org: str) -> bool:
        """Whether this side dials: if it cannot be dialled itself; between two that can, the party that sorts first."""
        here, there = self._network.can_dial(org), self._network.can_dial(self._keys.members[party].org)
        if not here and not there:
            raise SettingsUnfit(problem=f"neither {self._keys.me} nor {party} has a listener")
        return there and (not here or self._keys.me < party)

    def _dialler(self, party: Party) -> Opener:
        async def dial() -> SealedSession:
            service = derive_service(self._keys.plan_digest, self._keys.attempt, party)
            session = await self._network.dial(self._keys.members[party].org, service)
            return await seal_session(session, self._keys, expected=party)

        return dial

    async def _welcome(self, session: Session) -> None:
        sealed = await seal_session(session, self._keys, expected=None)
        waiting = self._arrived.get(sealed.party)
        if waiting is None:
            return  # it is for this side to dial that party
        older = waiting.get_nowait() if waiting.full() else None
        waiting.put_nowait(sealed)
        if older is not None:  # a newer session means that the older one is lost
            await older.close()
        await sealed.ended.wait()
