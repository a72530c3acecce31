"""What was said, as digests: by them two parties agree where they are, and notice when a repetition differs.

Each direction between two parties has a running digest. It is anchored at every checkpoint, so that it can go on from there:

    digest(after packet n) = SHA-256(anchor || packets since the anchor),   each packet as u8 bulk flag || u32 length || bytes
    anchor(0) = 32 zero bytes,   anchor(k) = digest at checkpoint k
"""

from __future__ import annotations

import hashlib

from atoll.protocols.packets import Packet
from atoll.transport.runner_messages import Mark

ANCHOR = bytes(32)
MAX_REMEMBERED = 100_000
"""Packets since a checkpoint whose digests are kept in memory to compare a repetition with."""


class Direction:
    """One direction of one conversation.

    It survives a lost link: when a run starts again from a checkpoint, each packet is compared with the one that stood at the
    same place before, as long as that is remembered.
    """

    def __init__(self) -> None:
        self.packets = 0
        self._number = 0
        self._place = 0
        self._running = hashlib.sha256(ANCHOR)
        self._remembered: dict[int, list[bytes]] = {0: []}

    def start(self, number: int, *, packets: int, anchor: bytes) -> None:
        """Stand at checkpoint `number`, with `packets` said before it and the digest `anchor`."""
        self.packets = packets
        self._number, self._place = number, 0
        self._running = hashlib.sha256(anchor)
        self._remembered.setdefault(number, [])

    def forget(self, before: int) -> None:
        """Drop what is remembered about the time before checkpoint `before`."""
        for number in [one for one in self._remembered if one < before]:
            del self._remembered[number]

    def take(self, packet: Packet) -> bool:
        """Add one packet; False if another one stood at its place before."""
        self._running.update(bytes((packet.is_bulk,)) + len(packet.data).to_bytes(4, "big"))
        self._running.update(packet.data)
        digest = self.digest()
        known = self._remembered[self._number]
        if self._place < len(known) and known[self._place] != digest:
            return False
        if self._place == len(known) < MAX_REMEMBERED:
            known.append(digest)
        self.packets += 1
        self._place += 1
        return True

    def digest(self) -> bytes:
        """Digest of everything said so far, 32 bytes."""
        return self._running.copy().digest()


class Transcript:
    """Both directions between this party and one other."""

    def __init__(self) -> None:
        self.sent = Direction()
        self.heard = Direction()

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


START_MARK = Mark(sent_packets=0, sent_digest=ANCHOR, heard_packets=0, heard_digest=ANCHOR)
"""Where everybody stands at the start, which counts as checkpoint 0."""
