"""Signed notes: a text, a blank line, and one line for each signature.

    This is an example message.

    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=

A line holds the key's name and base64(key id || signature). Lines of unknown keys mean nothing and are skipped, so a log can
add algorithms and witnesses at will; a line of a known key must verify or the whole note is void. Source: C2SP signed-note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from atoll.ledger.cosignature import Sign, is_cosignature, make_cosignature, parse_cosignature
from atoll.ledger.errors import NoteFormatError, NoteSignatureError, UntrustedNoteError
from atoll.ledger.note_fields import encode_base64, parse_base64
from atoll.ledger.vkey import KEY_ID_BYTES, KeyKind, VerifierKey, is_key_name
from atoll.primitives.ed25519 import is_signature

MAX_NOTE_BYTES = 1 << 20
MAX_SIGNATURES = 128
"""C2SP asks for 16 at least; a consortium of a hundred members cosigns with all of them."""

_DASH = "\u2014 "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line."""

    name: str
    """The key's name."""
    key_id: bytes
    """The key's id, 4 bytes."""
    body: bytes
    """What the key's kind says: a signature, or a time and a signature."""

    def __post_init__(self) -> None:
        if not is_key_name(self.name) or len(self.key_id) != KEY_ID_BYTES or not self.body:
            raise NoteFormatError(reason="a signature line lacks a proper name, key id or signature")

    def encode(self) -> str:
        """The line, newline included."""
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.body)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text with signature lines, none of them verified yet. The text must not be used before `verify_note`."""

    text: str
    """Ends with a newline; blank lines may occur in it."""
    signatures: tuple[NoteSignature, ...]
    """1 to MAX_SIGNATURES lines, in order."""

    def __post_init__(self) -> None:
        if not self.text.endswith("\n") or _CONTROL.search(self.text):
            raise NoteFormatError(reason="its text does not end with a newline, or holds control characters")
        if not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            raise NoteFormatError(reason=f"{len(self.signatures)} signatures, must be 1 to {MAX_SIGNATURES}")

    def encode(self) -> bytes:
        """The note's bytes."""
        return (self.text + "\n" + "".join(line.encode() for line in self.signatures)).encode()

    def with_signatures(self, more: Iterable[NoteSignature]) -> Note:
        """The note with further lines; a line that is there already is not repeated."""
        return Note(self.text, tuple(dict.fromkeys((*self.signatures, *more))))


@dataclass(frozen=True, slots=True)
class VerifiedSignature:
    """A signature that holds."""

    key: VerifierKey
    """Whose it is."""
    timestamp: int | None
    """When it was made by its own account, Unix seconds; None for a signature without a time."""


def parse_note(data: bytes) -> Note:
    """The note in `data`, its signatures unverified.

    Args:
        data: from anybody; at most MAX_NOTE_BYTES.

    Raises:
        NoteFormatError: not a note.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise NoteFormatError(reason=f"{len(data)} bytes are more than {MAX_NOTE_BYTES}")
    try:
        whole = data.decode()
    except UnicodeDecodeError as err:
        raise NoteFormatError(reason="it is not UTF-8") from err
    text, blank, lines = whole.rpartition("\n\n")
    if not blank:
        raise NoteFormatError(reason="no blank line separates text and signatures")
    return Note(text + "\n", parse_signatures(lines))


def parse_signatures(lines: str) -> tuple[NoteSignature, ...]:
    """The signatures of one or more whole lines; also what a witness answers with.

    Raises:
        NoteFormatError: a line is not a signature line, or there are none, or more than MAX_SIGNATURES.
    """
    if not lines.endswith("\n"):
        raise NoteFormatError(reason="the last signature line has no newline")
    rows = lines[:-1].split("\n")
    if len(rows) > MAX_SIGNATURES:
        raise NoteFormatError(reason=f"{len(rows)} signatures are more than {MAX_SIGNATURES}")
    return tuple(_parse_line(row) for row in rows)


def _parse_line(row: str) -> NoteSignature:
    name, space, encoded = row.removeprefix(_DASH).partition(" ")
    blob = parse_base64(encoded)
    if not row.startswith(_DASH) or not space or blob is None:
        raise NoteFormatError(reason="a signature line is not dash, name and base64")
    return NoteSignature(name, blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:])


def verify_note(note: Note, keys: Iterable[VerifierKey]) -> tuple[VerifiedSignature, ...]:
    """Verify the lines of known keys.

    Args:
        note: as parsed.
        keys: the keys to trust. Keys of type 0x06 cannot be verified yet and count as unknown.

    Returns:
        At least one signature, in the order of the lines; the same key may occur more than once.

    Raises:
        NoteSignatureError: a known key's line does not verify.
        UntrustedNoteError: no known key signed, or a line fits two of the keys given.

    Cost: one Ed25519 verification for each line of a known key.
    """
    known: dict[tuple[str, bytes], list[VerifierKey]] = {}
    for key in keys:
        if key.kind is not KeyKind.MLDSA44_COSIGNATURE:
            known.setdefault((key.name, key.key_id), []).append(key)
    verified = []
    for line in note.signatures:
        owners = known.get((line.name, line.key_id), [])
        if len(owners) > 1:
            raise UntrustedNoteError(reason=f"two of the keys to trust are called {line.name} and have one id")
        verified += [_verify_line(note.text, line, owner) for owner in owners]
    if not verified:
        raise UntrustedNoteError(reason="no known key signed it")
    return tuple(verified)


def _verify_line(text: str, line: NoteSignature, key: VerifierKey) -> VerifiedSignature:
    if key.kind is KeyKind.ED25519_COSIGNATURE:
        if is_cosignature(key.public, text, line.body):
            return VerifiedSignature(key, parse_cosignature(line.body)[0])
    elif is_signature(key.public, text.encode(), line.body):
        return VerifiedSignature(key, None)
    raise NoteSignatureError(name=key.name)


def sign_text(text: str, key: VerifierKey, sign: Sign) -> NoteSignature:
    """A signature line of an Ed25519 key (type 0x01).

    Args:
        text: ends with a newline.
        key: the public half.
        sign: the secret half: message to 64-byte signature.
    """
    if key.kind is not KeyKind.ED25519:
        raise ValueError("this key signs checkpoints together with a time")
    return NoteSignature(key.name, key.key_id, sign(text.encode()))


def cosign_text(text: str, key: VerifierKey, timestamp: int, sign: Sign) -> NoteSignature:
    """A cosignature line of an Ed25519 witness key (type 0x04); see `make_cosignature`."""
    if key.kind is not KeyKind.ED25519_COSIGNATURE:
        raise ValueError("this key does not cosign")
    return NoteSignature(key.name, key.key_id, make_cosignature(text, timestamp, sign))
