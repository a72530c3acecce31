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
_COUNT = re.compile(rb"entries ([1-9][0-9]{0,3})")
_LINE = re.compile(rb'([1-9][0-9]{0,3}) ([1-9][0-9]{0,6}) ([0-9a-f]{64}) "([a-z0-9][a-z0-9 ./-]{0,159})"')
_QUOTED = re.compile(rb'"([a-z0-9 ./-]{1,160})"')
_MAX_LINE_BYTES = 256
_END_BYTES = len(b"end ") + 64 + 1


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
        line = b'%d %d %s "%s"' % (number, len(body), entry_digest(number, name, body).hex().encode(), name.encode())
        if not _LINE.fullmatch(line) or not 0 < len(body) <= MAX_ENTRY_BYTES:
            raise ValueError(f"no bundle holds an entry {name!r} of {len(body)} bytes")
        lines.append(line + b"\n")
    head = b"".join(lines)
    data = head + b"end " + sha256(head).hexdigest().encode() + b"\n" + b"".join(body for _, body in listed)
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
    for number, line in enumerate(lines, start=1):
        length, digest, name = _parse_line(number, line)
        body = data[at : at + length]
        if entry_digest(number, name, body) != digest:
            raise DamagedBundle(entry=number, name=name, reason="its name, length, bytes and digest do not fit each other")
        entries.append(Entry(number, name, body))
        at += length
    # Only now: a damaged line is the fault of its entry, and was found above.
    if data[end : end + _END_BYTES] != b"end " + sha256(data[:end]).hexdigest().encode() + b"\n":
        raise _contents("its own digest does not fit it")
    if at != len(data):
        raise _contents(f"{len(data) - at} bytes follow after the last entry")
    return Bundle(entries)


def _split(data: bytes) -> tuple[list[bytes], int]:
    """The lines of the entries, and where the line `end` begins."""
    if not data.startswith(MAGIC):
        raise _contents("it does not begin as an evidence bundle does")
    count_line, at = _line(data, len(MAGIC))
    count = _COUNT.fullmatch(count_line or b"")
    if count is None:
        raise _contents("it does not say how many entries there are")
    lines = []
    for number in range(1, int(count[1]) + 1):
        line, after = _line(data, at)
        if line is None:
            name = _guess(data[at : at + _MAX_LINE_BYTES])
            raise DamagedBundle(entry=number, name=name, reason="its line in the list has no end")
        if line.startswith(b"end "):
            raise _contents(f"it says that there are {int(count[1])} entries, and lists {number - 1}")
        lines.append(line)
        at = after
    return lines, at


def _line(data: bytes, at: int) -> tuple[bytes | None, int]:
    """The line that begins at `at`, and where the next one does."""
    end = data.find(b"\n", at, at + _MAX_LINE_BYTES)
    return (None, at) if end < 0 else (data[at:end], end + 1)


def _parse_line(number: int, line: bytes) -> tuple[int, bytes, str]:
    found = _LINE.fullmatch(line)
    if found is None or int(found[1]) != number or int(found[2]) > MAX_ENTRY_BYTES:
        raise DamagedBundle(entry=number, name=_guess(line), reason="its line in the list cannot be read")
    return int(found[2]), bytes.fromhex(found[3].decode()), found[4].decode()


def _guess(line: bytes) -> str:
    """The name that can still be read in a damaged line."""
    found = _QUOTED.search(line)
    return found[1].decode() if found else "?"


def _contents(reason: str) -> DamagedBundle:
    return DamagedBundle(entry=0, name=CONTENTS, reason=reason)
