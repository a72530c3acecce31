"""Kept seals of before this node's time.

A node that began with a snapshot, or has lost its seals, cannot ask its own CometBFT for headers of long ago. It asks the other
members, and believes them nothing: from the genesis on each seal must be voted for by the validators that the one before has
named, and be of the log and the state that this node holds itself; the last one must name those who vote now. One that leaves
out a change and its undoing is found out by the next.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.errors import AtollError
from atoll.ledger.genesis import consensus_of
from atoll.ledger.light.verify import verify_light_block
from atoll.ledger.seal import HeaderSeal, parse_seal
from atoll.ledger.vouching import validators_of
from atoll.ordering.cometbft.application import Application
from atoll.ordering.cometbft.seals import SealStore
from atoll.ordering.errors import BadPeerMessage
from atoll.ordering.members import MAX_PAYLOAD_BYTES, Members, Payload, encode_payload, parse_payload
from atoll.wire.message import Count, Size

log = logging.getLogger("atoll.ordering")

METHOD = "ordering.seals"
MAX_SEALS = 64
"""In one answer."""
MAX_SEALS_BYTES = MAX_PAYLOAD_BYTES - 10_000
"""The same."""
CALL_SECONDS = 10.0
SOON_SECONDS = 1.0
"""Before the first header of this life is here."""
AGAIN_SECONDS = 30.0
"""Before the members are asked again that did not have them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealsRequest(Payload):
    """Which seals have you kept?"""

    TAG: ClassVar[str] = "seals-request/1"

    from_height: Count
    """Of this ledger height or later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealsReply(Payload):
    """These, in order; ask again from the last one on."""

    TAG: ClassVar[str] = "seals-reply/1"

    seals: Annotated[tuple[Annotated[bytes, Size(1, MAX_SEALS_BYTES)], ...], Size(0, MAX_SEALS)]
    """Header seals."""


@dataclass(slots=True)
class OlderSeals:
    """See the module's docstring."""

    application: Application
    seals: SealStore
    members: Members
    others: Callable[[], Iterable[str]]
    """Active members but this one."""

    async def on_request(self, org: str, payload: bytes) -> bytes:
        """`ordering.seals`."""
        request = parse_payload(org, payload, SealsRequest)
        found: list[bytes] = []
        total = 0
        for seal in self.seals.all_from(request.from_height, max_count=MAX_SEALS):
            total += len(seal)
            if found and total > MAX_SEALS_BYTES:
                break
            found.append(seal)
        return encode_payload(SealsReply(seals=tuple(found)))

    async def complete(self, voting: Callable[[], bytes | None]) -> None:
        """Ask until nothing is missing: until more than a third of those who count have told all they know, so that one of them
        is honest.

        Args:
            voting: hash of the validators who vote at the newest header that this node has verified; None before the first.
        """
        answered: set[str] = set()
        while self.seals.is_missing:
            now = voting()
            for org in self.others() if now is not None else ():
                if org not in answered and await self._learn_from(org, now):
                    answered.add(org)
            counted = [one.org for one in self.application.ledger.consensus.counted()]
            if 3 * len(answered.intersection(counted)) > len(counted):
                self.seals.note_complete()
                return
            await asyncio.sleep(SOON_SECONDS if now is None else AGAIN_SECONDS)

    async def _learn_from(self, org: str, now: bytes | None) -> bool:
        """Keep what a member knows, if it leads from the genesis to those who vote now."""
        try:
            seals, named = await self._told_by(org)
            if named != now:
                raise BadPeerMessage(org=org, reason="its seals do not lead to those who vote now")
            for height, data in seals.items():
                self.seals.keep(height, data)
        except (AtollError, TimeoutError, OSError) as err:
            log.info("seals from %s: %s", org, err)
            return False
        return True

    async def _told_by(self, org: str) -> tuple[dict[int, bytes], bytes]:
        """All that a member knows, verified from the genesis on: seals by ledger height, and the hash of the validators whom
        the last one names."""
        named = validators_of(consensus_of(self.application.ledger.genesis)).hash()
        found: dict[int, bytes] = {}
        while True:
            payload = encode_payload(SealsRequest(from_height=max(found, default=0) + 1))
            reply = parse_payload(org, await self.members.call(org, METHOD, payload, CALL_SECONDS), SealsReply)
            for data in reply.seals:
                seal = parse_seal(data)
                if not isinstance(seal, HeaderSeal) or seal.light.header.validators_hash != named:
                    raise BadPeerMessage(org=org, reason="a seal is not of those whom the one before names")
                verify_light_block(seal.light, chain_id=self.application.ledger.genesis.chain_id)
                height = self._height_of(org, seal)
                if height <= max(found, default=0):
                    raise BadPeerMessage(org=org, reason="its seals are not in order")
                found[height], named = data, seal.light.header.next_validators_hash
            if not reply.seals:
                return found, named

    def _height_of(self, org: str, seal: HeaderSeal) -> int:
        """The ledger height that a seal is of.

        Raises:
            BadPeerMessage: it is of no block that this node has.
        """
        store, ledger = self.application.store, self.application.ledger
        at = store.find_entry(seal.size - 1) if 0 < seal.size <= ledger.log.size else None
        stored = store.block(at[0]) if at is not None else None
        if (
            stored is None
            or store.size_at(stored.block.height) != seal.size
            or ledger.log.root(seal.size) != seal.root
            or stored.summary.state_root != seal.state_root
            or not seal.is_of_header()
        ):
            raise BadPeerMessage(org=org, reason="a seal is of another log or state")
        return stored.block.height
