"""Job frames sealed from node to node, so that a gateway that terminates TLS carries ciphertext only.

Each direction of each connection has its own HPKE context in mode_auth (RFC 9180 section 5.1.3) between the X25519 keys that
the two parties put in their consents; its exporter gives the key under which frames are sealed in order (`sealed_stream`):

    info = "atoll seal/2" || plan digest (32) || attempt (u32) || from || to      (each party as u8 length and text)
    aad  = encapsulation of the other direction (32) || frame header (4)

A fresh encapsulation per connection means that no key and nonce ever meet twice, also after a crash. Frames are counted, so a
frame that was changed, repeated, left out or moved does not open; `info` ties it to one job, attempt and direction, and the
other side's encapsulation in `aad` to this very connection: a recorded stream cannot be played back to a node that
reconnects. A stream ends with a sealed `CLOSE`, so cutting off its tail is noticed as well.

Leaks to a gateway: who talks to whom, sizes, times.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from atoll.errors import AtollError, InputError
from atoll.primitives.errors import HpkeKeyError, HpkeOpenError
from atoll.primitives.hpke import TAG_BYTES, HpkeReceiver, HpkeSender
from atoll.primitives.sealed_stream import StreamOpener, StreamSealer
from atoll.protocols.role import Party
from atoll.transport.errors import LinkLost, SealBroken, StreamEnded
from atoll.transport.frames import Kind, Received, encode_header
from atoll.transport.session import CLOSE_SECONDS, DIAL_SECONDS, Session
from atoll.wire.message import Digest, Message, Name, Range, encode_message, parse_message

_DOMAIN = b"atoll seal/2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening(Message):
    """First frame of each side, in the clear: who I am in this job, whom I mean, and how to read what I say."""

    TAG: ClassVar[str] = "seal-opening/1"

    sender_role: Name
    """The plan role of whoever sends this."""
    sender_index: Annotated[int, Range(0, 65_535)]
    """Which of the parties with that role."""
    recipient_role: Name
    """The plan role of whom it is meant for."""
    recipient_index: Annotated[int, Range(0, 65_535)]
    """Which of the parties with that role."""
    encapsulation: Digest
    """The fresh HPKE encapsulation for this direction and connection."""

    @property
    def sender(self) -> Party:
        return Party(self.sender_role, self.sender_index)

    @property
    def recipient(self) -> Party:
        return Party(self.recipient_role, self.recipient_index)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A party of a job as its consent shows it."""

    org: str
    """The organisation whose node this is."""
    public: bytes
    """Its X25519 key for this job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKeys:
    """What one party needs to seal the frames of one attempt of one job."""

    plan_digest: bytes
    """32 bytes."""
    attempt: int
    """From 1; another attempt is another domain."""
    me: Party
    secret: bytes = field(repr=False)
    """The secret half of this party's consent key."""
    members: Mapping[Party, Member]
    """All other parties of the job."""

    def info(self, sender: Party, recipient: Party) -> bytes:
        """The HPKE info of one direction."""
        names = (str(party).encode("ascii") for party in (sender, recipient))
        return b"".join((_DOMAIN, self.plan_digest, self.attempt.to_bytes(4, "big"), *(bytes((len(n),)) + n for n in names)))


class SealedSession:
    """A session whose frames only the two parties can read or make; made by `seal_session`."""

    def __init__(self, inner: Session, party: Party, sender: HpkeSender, receiver: HpkeReceiver, theirs: bytes) -> None:
        self.party = party
        self._inner = inner
        self._sender = StreamSealer(sender)
        self._receiver = StreamOpener(receiver)
        self._mine = sender.encapsulation
        self._theirs = theirs
        self._error: AtollError | None = None
        self.ended = asyncio.Event()
        """Set when this side has closed the session."""

    @property
    def peer(self) -> str:
        return self._inner.peer

    @property
    def sent_bytes(self) -> int:
        return self._inner.sent_bytes

    @property
    def received_bytes(self) -> int:
        return self._inner.received_bytes

    @property
    def is_closed(self) -> bool:
        return self._error is not None or self._inner.is_closed

    def is_current(self) -> bool:
        return self._inner.is_current()

    @property
    def has_room(self) -> bool:
        return self._inner.has_room

    def post(self, kind: Kind, data: bytes) -> None:
        self._inner.post(kind, self._seal(kind, data))

    async def send(self, kind: Kind, data: bytes) -> None:
        # Sealing and queueing happen without a pause between them, so frames leave in the order of their numbers.
        await self._inner.send(kind, self._seal(kind, data))

    def _seal(self, kind: Kind, data: bytes) -> bytes:
        if isinstance(self._error, SealBroken):
            raise self._error
        header = encode_header(kind, len(data) + TAG_BYTES)
        return self._sender.seal(self._theirs + header, data)

    async def receive(self) -> Received:
        """The next frame; besides the errors of any session:

        Raises:
            SealBroken: it does not open; the session is over for good.
            StreamEnded: the peer said that it has nothing more to say.
        """
        if self._error is not None:
            raise self._error
        frame = await self._inner.receive()
        header = encode_header(frame.kind, len(frame.data))
        try:
            data = self._receiver.open(self._mine + header, frame.data)
        except HpkeOpenError as err:
            self._error = SealBroken(party=str(self.party), problem="changed, repeated, left out or out of order")
            await self._inner.close()
            raise self._error from err
        if frame.kind is Kind.CLOSE:
            self._error = StreamEnded(party=str(self.party))
            raise self._error
        return Received(frame.kind, data)

    async def close(self) -> None:
        """Say that nothing more comes, then end the link; a peer that does not read is not waited for long."""
        with contextlib.suppress(AtollError, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.send(Kind.CLOSE, b"")
        await self._inner.close()
        self.ended.set()


async def seal_session(session: Session, keys: JobKeys, *, expected: Party | None) -> SealedSession:
    """Open sealing on a fresh session.

    Args:
        session: nothing was sent or received on it; it is closed when this raises.
        keys: the job's.
        expected: the party dialled, which gets the first word; None for whoever dialled in.

    Raises:
        SealBroken: the other side is not a party of this job, or not the one expected, or means another one.
        LinkLost: it hung up, or said nothing for DIAL_SECONDS.
    """
    try:
        async with asyncio.timeout(DIAL_SECONDS):
            return await _seal(session, keys, expected)
    except TimeoutError as err:
        await session.close()
        raise LinkLost(peer=session.peer, problem="no opening in time") from err
    except BaseException:
        await session.close()
        raise


async def _seal(session: Session, keys: JobKeys, expected: Party | None) -> SealedSession:
    if expected is not None:
        sender = await _open(session, keys, expected)
        opening = await _hear(session)
        _judge(opening, session, keys, expected)
    else:
        opening = await _hear(session)
        _judge(opening, session, keys, opening.sender)
        sender = await _open(session, keys, opening.sender)
    party = opening.sender
    try:
        receiver = HpkeReceiver(keys.secret, keys.members[party].public, opening.encapsulation, keys.info(party, keys.me))
    except HpkeKeyError as err:
        raise SealBroken(party=str(party), problem="an encapsulation of small order") from err
    return SealedSession(session, party, sender, receiver, opening.encapsulation)


async def _open(session: Session, keys: JobKeys, party: Party) -> HpkeSender:
    try:
        sender = HpkeSender(keys.secret, keys.members[party].public, keys.info(keys.me, party))
    except HpkeKeyError as err:
        raise SealBroken(party=str(party), problem="a consent key of small order") from err
    opening = Opening(
        sender_role=keys.me.role,
        sender_index=keys.me.index,
        recipient_role=party.role,
        recipient_index=party.index,
        encapsulation=sender.encapsulation,
    )
    await session.send(Kind.SEAL, encode_message(opening))
    return sender


async def _hear(session: Session) -> Opening:
    frame = await session.receive()
    if frame.kind is not Kind.SEAL:
        raise SealBroken(party=session.peer, problem="no opening")
    try:
        return parse_message(frame.data, Opening)
    except InputError as err:
        raise SealBroken(party=session.peer, problem="an opening that cannot be read") from err


def _judge(opening: Opening, session: Session, keys: JobKeys, expected: Party) -> None:
    """The opening must come from a party of this job, speak for its own organisation, and mean this party."""
    member = keys.members.get(opening.sender)
    if member is None or member.org != session.peer or opening.sender != expected or opening.recipient != keys.me:
        raise SealBroken(party=session.peer, problem="an opening from, or for, somebody else")
