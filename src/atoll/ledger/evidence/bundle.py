"""The container: a list of contents that a person can read, then the entries' bytes, one after the other.

    atoll-evidence/1
    entries 2
    1 2291 3f0c... "genesis"
    2 831 77ab... "checkpoint"
    end 5d2e...
    <2291 bytes><831 bytes>

A line holds an entry's number, its length, its digest over number, name and bytes, and its name. `end` holds the digest of
all lines above it. The digests prove nothing, since anybody can compute one: they tell *where* a bundle was damaged, so that a
flipped byte is answered with the entry it is in. What the entries prove is for `verify` to say. Spec: specs/evidence-bundle.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from atoll.ledger.evidence.errors import DamagedBundle, IncompleteEvidence, MalformedEntry, UnexpectedEntry

MAGIC = b"atoll-evidence/1\n"
MAX_BUNDLE_BYTES = 64 << 20
MAX_ENTRY_BYTES = 1 << 20
MAX_ENTRIES = 9_999
CONTENTS = "contents"
"""Name of entry 0, the list of contents."""

_TAG = b"atoll evidence entry 1"
_COUNT = re.compile(rb"entries ([1-9][0-9]{0,3})\n")
_LINE = re.compile(rb'([1-9][0-9]{0,3}) ([1-9][0-9]{0,6}) ([0-9a-f]{64}) "([a-z0-9][a-z0-9 ./-]{0,159})"\n')
_QUOTED = re.compile(rb'[^"]*"([a-z0-9 ./-]{1,160})"')
_MAX_LINE_BYTES = 256
_END = b"end "
_END_BYTES = len(_END) + 64 + 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, whole but not yet verified."""

    number: int
    """From 1, in the order of the list."""
    name: str
    """What it is, such as `consent of bureau`."""
    body: bytes
    """Its bytes."""


class Bundle:
    """The entries of a bundle by name. Remembers which were asked for, so that nothing stays in it unread."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Raises MalformedEntry where a name occurs twice."""
        self._entries: dict[str, Entry] = {}
        self._read: set[str] = set()
        for entry in entries:
            if entry.name in self._entries:
                raise MalformedEntry.at(entry, reason="another entry has its name")
            self._entries[entry.name] = entry

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, in order; looking at one here is not reading it."""
        return tuple(self._entries.values())

    def find(self, name: str) -> Entry | None:
        """The entry, or None where it is not there."""
        self._read.add(name)
        return self._entries.get(name)

    def need(self, name: str) -> Entry:
        """The entry.

        Raises:
            IncompleteEvidence: it is not there.
        """
        entry = self.find(name)
        if entry is None:
            raise IncompleteEvidence(name=name)
        return entry

    def need_all_read(self) -> None:
        """Raises UnexpectedEntry for the first entry that nobody has asked for."""
        for entry in self._entries.values():
            if entry.name not in self._read:
                raise UnexpectedEntry(entry=entry.number, name=entry.name)


def entry_digest(number: int, name: str, body: bytes) -> bytes:
    """What a line of the list says about its entry, 32 bytes."""
    label = name.encode()
    return sha256(_TAG + b"".join(part.to_bytes(8, "big") for part in (number, len(label), len(body))) + label + body).digest()


def encode_bundle(entries: Iterable[tuple[str, bytes]]) -> bytes:
    """The bundle of these names and bytes, in this order; equal entries give equal bytes.

    Raises:
        ValueError: a name, an entry or the whole is outside what `parse_bundle` reads.
    """
    listed = list(entries)
    lines = [MAGIC, b"entries %d\n" % len(listed)]
    for number, (name, body) in enumerate(listed, start=1):
        line = b'%d %d %s "%s"\n' % (number, len(body), entry_digest(number, name, body).hex().encode(), name.encode())
        if not _LINE.fullmatch(line) or not 0 < len(body) <= MAX_ENTRY_BYTES:
            raise ValueError(f"no bundle holds an entry {name!r} of {len(body)} bytes")
        lines.append(line)
    head = b"".join(lines)
    data = head + _END + sha256(head).hexdigest().encode() + b"\n" + b"".join(body for _, body in listed)
    if len(data) > MAX_BUNDLE_BYTES or not 0 < len(listed) <= MAX_ENTRIES:
        raise ValueError(f"no bundle has {len(listed)} entries and {len(data)} bytes")
    return data


def parse_bundle(data: bytes) -> Bundle:
    """The bundle in `data`, every entry whole.

    Args:
        data: from anybody; at most MAX_BUNDLE_BYTES.

    Raises:
        DamagedBundle: bytes were changed, lost or added; `.entry` and `.name` say in which entry.
        MalformedEntry: two entries have one name.

    Cost: one hash over the whole.
    """
    if len(data) > MAX_BUNDLE_BYTES:
        raise _contents(f"it has more than {MAX_BUNDLE_BYTES} bytes")
    lines, end = _split(data)
    at = end + _END_BYTES
    entries = []
    for number, (length, digest, name) in enumerate(lines, start=1):
        body = data[at : at + length]
        if entry_digest(number, name, body) != digest:
            raise DamagedBundle(entry=number, name=name, reason="its name, length, bytes and digest do not fit each other")
        entries.append(Entry(number, name, body))
        at += length
    # Only now: a damaged line is the fault of its entry, and was found above.
    if data[end : end + _END_BYTES] != _END + sha256(data[:end]).hexdigest().encode() + b"\n":
        raise _contents("its own digest does not fit it")
    if at != len(data):
        raise _contents(f"{len(data) - at} bytes follow after the last entry")
    return Bundle(entries)


def _split(data: bytes) -> tuple[list[tuple[int, bytes, str]], int]:
    """Length, digest and name from each entry's line, and where the line `end` begins."""
    if not data.startswith(MAGIC):
        raise _contents("it does not begin as an evidence bundle does")
    at = data.find(b"\n", len(MAGIC), len(MAGIC) + _MAX_LINE_BYTES) + 1
    count = _COUNT.fullmatch(data, len(MAGIC), max(at, 0))
    if count is None:
        raise _contents("it does not say how many entries there are")
    lines = []
    for number in range(1, int(count[1]) + 1):
        if data.startswith(_END, at):
            raise _contents(f"it says that there are {int(count[1])} entries, and lists {number - 1}")
        found = _LINE.match(data, at)
        if found is None or int(found[1]) != number or int(found[2]) > MAX_ENTRY_BYTES:
            raise DamagedBundle(entry=number, name=_guess(data, at), reason="its line in the list cannot be read")
        lines.append((int(found[2]), bytes.fromhex(found[3].decode()), found[4].decode()))
        at = found.end()
    if not data.startswith(_END, at):
        raise _contents(f"it says that there are {len(lines)} entries, and its end does not follow on them")
    return lines, at


def _guess(data: bytes, at: int) -> str:
    """The name that can still be read in the damaged line that begins at `at`."""
    found = _QUOTED.match(data, at, at + _MAX_LINE_BYTES)
    return found[1].decode() if found else "?"


def _contents(reason: str) -> DamagedBundle:
    return DamagedBundle(entry=0, name=CONTENTS, reason=reason)
