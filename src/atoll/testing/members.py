"""The members of a consortium in one process, as an ordering engine sees them: calls that can be lost, delayed and cut.

network = MemberNetwork()
engine = EmbeddedEngine(..., members=network.port("bank"))
network.serve("bank", engine.methods())
network.cut("bank", "operator")          # neither hears the other any more
network.down("operator")                 # a crash: nobody reaches it, and what it says reaches nobody
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from atoll.errors import UnavailableError

Handler = Callable[[str, bytes], Awaitable[bytes]]
Tamper = Callable[[str, str, str, bytes], bytes]
"""`(from, to, method, payload) -> payload`, of requests."""


class Unreachable(UnavailableError):
    """The member did not answer."""

    code = "testing.unreachable"
    sentence = "{org} did not answer {method}."


@dataclass(slots=True)
class MemberNetwork:
    """Everybody's calls to everybody."""

    seed: int = 0
    """Of losses and delays."""
    loss: float = 0.0
    """Share of requests, and of answers, that are lost."""
    delay_seconds: tuple[float, float] = (0.0, 0.0)
    """Least and most time that a request, or an answer, takes."""
    tamper: Tamper | None = None
    """Changes requests on their way."""
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    """Every call that arrived: from, to, method."""
    _handlers: dict[str, Mapping[str, Handler]] = field(default_factory=dict)
    _cut: set[tuple[str, str]] = field(default_factory=set)
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 -- a simulation's dice, no secret

    def port(self, org: str) -> MemberPort:
        """The network as this member sees it."""
        return MemberPort(self, org)

    def serve(self, org: str, methods: Mapping[str, Handler]) -> None:
        """The member is up and answers these."""
        self._handlers[org] = methods

    def down(self, org: str) -> None:
        """The member is gone."""
        self._handlers.pop(org, None)

    def cut(self, one: str, other: str, *, both_ways: bool = True) -> None:
        """Calls from `one` to `other` are lost; with `both_ways`, also the other way round."""
        self._cut.add((one, other))
        if both_ways:
            self._cut.add((other, one))

    def isolate(self, org: str, others: Mapping[str, object] | list[str]) -> None:
        """Cut a member off from all of these."""
        for other in others:
            if other != org:
                self.cut(org, other)

    def heal(self) -> None:
        """All cuts are mended."""
        self._cut.clear()

    async def call(self, caller: str, org: str, method: str, payload: bytes, timeout_seconds: float) -> bytes:
        """One request and its answer."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._travel(caller, org, method)
                self.calls.append((caller, org, method))
                if self.tamper is not None:
                    payload = self.tamper(caller, org, method, payload)
                answer = await self._handlers[org][method](caller, payload)
                await self._travel(org, caller, method)
                return answer
        except TimeoutError as err:
            raise Unreachable(org=org, method=method) from err

    async def _travel(self, sender: str, receiver: str, method: str) -> None:
        least, most = self.delay_seconds
        await asyncio.sleep(self._random.uniform(least, most))
        lost = self.loss and self._random.random() < self.loss
        if lost or (sender, receiver) in self._cut or sender not in self._handlers or receiver not in self._handlers:
            raise Unreachable(org=receiver, method=method)


@dataclass(frozen=True, slots=True)
class MemberPort:
    """`atoll.ordering.members.Members` of one member."""

    network: MemberNetwork
    org: str

    async def call(self, org: str, method: str, payload: bytes, timeout_seconds: float) -> bytes:
        return await self.network.call(self.org, org, method, payload, timeout_seconds)
