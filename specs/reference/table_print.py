"""The fingerprint of a table as specs/fingerprint.md has it: slow, all in memory, nothing but the standard library.

    roots(["id", "name"], [["1", "Ada"], ["2", ""]])

Cells come as text, None or an empty text for a null.
"""

from __future__ import annotations

import datetime
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

WHITE_SPACE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
NUMBER = re.compile(r"([+-]?)(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(?:[eE]([+-]?[0-9]{1,4}))?")
MOMENT = re.compile(
    r"([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})"
    r"(?:[Tt ]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?(?:[Zz]|([+-])([0-9]{2})(?::?([0-9]{2}))?)?)?"
)
VALUES, BANDS = 128, 32
SKETCH_VALUES = 4096
MASK = 2**64 - 1


def canonical_cell(text: str | None) -> str:
    """Step 1; empty for a null."""
    text = (text or "").strip(WHITE_SPACE)
    if number := NUMBER.fullmatch(text):
        return canonical_number(*number.groups())
    if moment := MOMENT.fullmatch(text):
        try:
            return canonical_moment(moment)
        except (ValueError, OverflowError):
            pass
    if text.isascii() and text.lower() in ("true", "false"):
        return "1" if text.lower() == "true" else "0"
    return unicodedata.normalize("NFC", text)


def canonical_number(sign: str, whole: str | None, fraction: str | None, alone: str | None, exponent: str | None) -> str:
    """Step 1b."""
    fraction = alone or fraction or ""
    digits = (whole or "") + fraction
    power = int(exponent or "0") - len(fraction)
    shorter = digits.rstrip("0")
    power += len(digits) - len(shorter)
    shorter = shorter.lstrip("0")
    if not shorter:
        return "0"
    return ("-" if sign == "-" else "") + shorter + (f"e{power}" if power else "")


def canonical_moment(found: re.Match[str]) -> str:
    """Step 1c. Raises ValueError, OverflowError: there is no such moment in the years 1 to 9999."""
    year, _, month, day, hour, minute, second, fraction, sign, zone_hours, zone_minutes = found.groups()
    time = int(hour or 0), int(minute or 0), int(second or 0)
    moment = datetime.datetime(int(year), int(month), int(day), *time)  # noqa: DTZ001 - what has no zone is UTC
    hours, minutes = int(zone_hours or 0), int(zone_minutes or 0)
    if hours > 23 or minutes > 59:
        raise ValueError("no such zone")
    moment -= datetime.timedelta(hours=hours, minutes=minutes) * (-1 if sign == "-" else 1)
    fraction = (fraction or "").rstrip("0")
    if moment.time() == datetime.time() and not fraction:
        return moment.date().isoformat()
    return moment.isoformat() + ("." + fraction if fraction else "")


def canonical_name(name: str) -> str:
    """Step 2."""
    name = unicodedata.normalize("NFC", name.strip(WHITE_SPACE))
    return unicodedata.normalize("NFC", name.lower())


def row_digests(names: Sequence[str], rows: Iterable[Sequence[str | None]]) -> Counter[tuple[bytes, bytes]]:
    """Steps 3 and 4: of every row the digest of its values and that of their arrangement, and how often both stand there."""
    order = sorted(range(len(names)), key=lambda column: canonical_name(names[column]))
    found: Counter[tuple[bytes, bytes]] = Counter()
    for row in rows:
        values = [(canonical_cell(row[column]).encode(), rank) for rank, column in enumerate(order)]
        values = sorted(value for value in values if value[0])
        bag = b"".join(leb128(len(text)) + text for text, _ in values)
        digest = hashlib.sha256(block("row") + bag).digest()
        columns = b"".join(rank.to_bytes(2, "big") for _, rank in values)
        found[digest, hashlib.sha256(block("arrangement") + digest + columns).digest()[:16]] += 1
    return found


def roots(names: Sequence[str], rows: Iterable[Sequence[str | None]]) -> tuple[bytes, bytes]:
    """Step 5: content root and nameless root."""
    found = row_digests(names, rows)
    bags: Counter[bytes] = Counter()
    for (digest, _), count in found.items():
        bags[digest] += count
    rows_root = merkle_root([digest + count.to_bytes(4, "big") for digest, count in sorted(bags.items())])
    arrangements = merkle_root([one + count.to_bytes(4, "big") for (_, one), count in sorted(found.items())])
    canonical = sorted(canonical_name(name).encode() for name in names)
    header = len(canonical).to_bytes(4, "big") + b"".join(len(name).to_bytes(4, "big") + name for name in canonical)
    content = hashlib.sha256(b"atoll table-print/1 content\x00" + header + rows_root + arrangements).digest()
    return content, hashlib.sha256(b"atoll table-print/1 nameless\x00" + rows_root).digest()


def merkle_root(records: Sequence[bytes]) -> bytes:
    """RFC 6962, section 2.1, over leaves of 64 records."""
    return _root([b"".join(records[at : at + 64]) for at in range(0, len(records), 64)])


def _root(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) < 2:
        return hashlib.sha256(b"\x00" + leaves[0] if leaves else b"").digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + _root(leaves[:half]) + _root(leaves[half:])).digest()


def signature(hashes: Iterable[int]) -> list[int]:
    """Step 6: 128 values; of an empty set 2^64 - 1 each."""
    places = [MASK] * VALUES
    for number in hashes:
        places[number >> 57] = min(places[number >> 57], number)
    if set(places) == {MASK}:
        return places
    values = list(places)
    for place in range(VALUES):
        attempt = 0
        while values[place] == MASK:
            attempt += 1
            values[place] = places[split_mix(place << 32 | attempt) >> 57]
    return values


def split_mix(seed: int) -> int:
    """SplitMix64's output for the seed, with the seed multiplied instead of stepped."""
    mixed = seed * 0x9E3779B97F4A7C15 & MASK
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & MASK
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & MASK
    return mixed ^ mixed >> 31


def bands(values: Sequence[int]) -> list[bytes]:
    """Step 7."""
    if set(values) == {MASK}:
        return []
    tags = []
    for band in range(BANDS):
        four = b"".join(value.to_bytes(8, "big") for value in values[4 * band : 4 * band + 4])
        tags.append(hashlib.sha256(b"atoll table-print/1 band" + bytes([band]) + four).digest()[:16])
    return tags


def sketch(hashes: Iterable[int]) -> tuple[int, list[int]]:
    """Step 8: the least scale that keeps at most 4,096 values, and these."""
    values, scale = sorted(set(hashes)), 0
    while len(values) > SKETCH_VALUES:
        scale += 1
        values = [value for value in values if not value >> 64 - scale]
    return scale, values


def xxh64(data: bytes) -> int:
    """XXH64 with seed 0 (xxHash specification, version 0.1.1), of a value in step 6."""
    one, two, three, four, five = (
        0x9E3779B185EBCA87,
        0xC2B2AE3D27D4EB4F,
        0x165667B19E3779F9,
        0x85EBCA77C2B2AE63,
        0x27D4EB2F165667C5,
    )

    def left(value: int, bits: int) -> int:
        return (value << bits | value >> 64 - bits) & MASK

    def lane(state: int, word: int) -> int:
        return left(state + word * two & MASK, 31) * one & MASK

    at, total = 0, len(data)
    if total >= 32:
        states = [one + two & MASK, two, 0, -one & MASK]
        while at + 32 <= total:
            states = [lane(s, int.from_bytes(data[at + 8 * i : at + 8 * i + 8], "little")) for i, s in enumerate(states)]
            at += 32
        found = sum(left(s, bits) for s, bits in zip(states, (1, 7, 12, 18), strict=True)) & MASK
        for state in states:
            found = ((found ^ lane(0, state)) * one + four) & MASK
    else:
        found = five
    found = found + total & MASK
    while at + 8 <= total:
        found = (left(found ^ lane(0, int.from_bytes(data[at : at + 8], "little")), 27) * one + four) & MASK
        at += 8
    if at + 4 <= total:
        found = (left(found ^ int.from_bytes(data[at : at + 4], "little") * one & MASK, 23) * two + three) & MASK
        at += 4
    for byte in data[at:]:
        found = left(found ^ byte * five & MASK, 11) * one & MASK
    found = (found ^ found >> 33) * two & MASK
    found = (found ^ found >> 29) * three & MASK
    return found ^ found >> 32


def leb128(number: int) -> bytes:
    """Unsigned LEB128."""
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def block(name: str) -> bytes:
    """64 bytes that say what is hashed behind them."""
    return f"atoll table-print/1 {name}".encode().ljust(64, b"\x00")
