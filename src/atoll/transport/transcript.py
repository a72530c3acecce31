"""What was said, as digests: by them two parties agree where they are, and notice when a repetition differs.

Each direction between two parties has a running digest. It is anchored at every checkpoint, so that it can go on from there:

    digest(after packet n) = SHA-256(anchor || packets since the anchor),   each packet as u8 bulk flag || u32 length || bytes
    anchor(0) = 32 zero bytes,   anchor(k) = digest at checkpoint k
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from atoll.protocols.packets import Packet
from atoll.protocols.role import Party
from atoll.transport.runner_messages import Mark

DIGEST_BYTES = 32
ANCHOR = bytes(DIGEST_BYTES)
MAX_REMEMBERED = 1 << 20
"""Packets since a checkpoint whose digests are kept to compare a repetition with; what lies beyond cannot be repeated."""


class Direction:
    """One direction of one conversation: how many packets, and their running digest.

    When a run starts again from a checkpoint, each packet is compared with the one that stood at the same place before. So that
    this survives the process too, `drain` gives what has to be durable before anything that follows from it is sent, and
    `recall` takes it back.
    """

    def __init__(self, *, digested: bool = True) -> None:
        """Not `digested`: packets are only counted, and the digest stays what it was at the start; nothing can be repeated."""
        self.packets = 0
        self._digested = digested
        self._number = 0
        self._place = 0
        self._running = hashlib.sha256(ANCHOR)
        self._remembered: dict[int, bytearray] = {0: bytearray()}
        self._drained = 0
        self._was_full = False

    def start(self, number: int, *, packets: int, anchor: bytes) -> None:
        """Stand at checkpoint `number`, with `packets` said before it and the digest `anchor`."""
        self.packets = packets
        self._number, self._place = number, 0
        self._running = hashlib.sha256(anchor)
        known = self._remembered.setdefault(number, bytearray())
        self._drained = len(known)
        self._was_full = len(known) >= MAX_REMEMBERED * DIGEST_BYTES

    def forget(self, before: int) -> None:
        """Drop what is remembered about the time before checkpoint `before`."""
        for number in [one for one in self._remembered if one < before]:
            del self._remembered[number]

    def take(self, packet: Packet) -> bool:
        """Add one packet; False if another one stood at its place before, or may have stood there."""
        if not self._digested:
            self.packets += 1
            return True
        self._running.update(bytes((packet.is_bulk,)) + len(packet.data).to_bytes(4, "big"))
        self._running.update(packet.data)
        digest = self.digest()
        known = self._remembered[self._number]
        at = self._place * DIGEST_BYTES
        if at < len(known):
            if known[at : at + DIGEST_BYTES] != digest:
                return False
        elif self._place < MAX_REMEMBERED:
            known += digest
        elif self._was_full:
            return False
        self.packets += 1
        self._place += 1
        return True

    def drain(self) -> bytes:
        """The digests, 32 bytes each, that came since the last checkpoint and were not drained before."""
        known = self._remembered[self._number]
        fresh = bytes(known[self._drained :])
        self._drained = len(known)
        return fresh

    def recall(self, number: int, digests: bytes) -> None:
        """In a new life: what was drained after checkpoint `number`, in order."""
        self._remembered[number] = bytearray(digests)

    def digest(self) -> bytes:
        """Digest of everything said so far, 32 bytes."""
        return self._running.copy().digest() if self._digested else ANCHOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Digests of what was said after a checkpoint, in both directions between this party and another one."""

    sent: bytes = b""
    """32 bytes a packet."""
    heard: bytes = b""
    """The same of what the other one said."""

    def followed_by(self, later: Noted) -> Noted:
        """Both, in order."""
        return Noted(sent=self.sent + later.sent, heard=self.heard + later.heard)


class Transcript:
    """Both directions between this party and one other."""

    def __init__(self, *, digested: bool = True) -> None:
        self.sent = Direction(digested=digested)
        self.heard = Direction(digested=digested)

    def mark(self) -> Mark:
        """Where both directions stand."""
        return Mark(
            sent_packets=self.sent.packets,
            sent_digest=self.sent.digest(),
            heard_packets=self.heard.packets,
            heard_digest=self.heard.digest(),
        )

    def start(self, number: int, mark: Mark) -> None:
        """Stand at checkpoint `number`, where `mark` was made."""
        self.sent.start(number, packets=mark.sent_packets, anchor=mark.sent_digest)
        self.heard.start(number, packets=mark.heard_packets, anchor=mark.heard_digest)

    def forget(self, before: int) -> None:
        """Drop what is remembered about the time before checkpoint `before`."""
        self.sent.forget(before)
        self.heard.forget(before)


def drain(transcripts: Mapping[Party, Transcript]) -> dict[Party, Noted]:
    """What has to be durable before anything more is sent; parties with nothing new are left out."""
    fresh = {party: Noted(sent=one.sent.drain(), heard=one.heard.drain()) for party, one in transcripts.items()}
    return {party: noted for party, noted in fresh.items() if noted.sent or noted.heard}


def recall(transcripts: Mapping[Party, Transcript], number: int, noted: Mapping[Party, Noted]) -> None:
    """Take up what another life of this process noted after checkpoint `number`."""
    for party, one in noted.items():
        transcripts[party].sent.recall(number, one.sent)
        transcripts[party].heard.recall(number, one.heard)


START_MARK = Mark(sent_packets=0, sent_digest=ANCHOR, heard_packets=0, heard_digest=ANCHOR)
"""Where everybody stands at the start, which counts as checkpoint 0."""
