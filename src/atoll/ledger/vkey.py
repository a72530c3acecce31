"""Verifier keys of signed notes: a name, an algorithm and a public key in one line of text.

    example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k
    key name        key id   base64(algorithm byte || public key)

Source: C2SP signed-note, "Verifier keys" and "Signature types".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from atoll.ledger.errors import VerifierKeyError
from atoll.ledger.note_fields import encode_base64, parse_base64

KEY_ID_BYTES = 4
MAX_NAME_BYTES = 255
"""What a cosigned message of type 0x06 has room for."""


class KeyKind(IntEnum):
    """What a key's signatures say, by the byte that C2SP assigned."""

    ED25519 = 0x01
    """Ed25519 over the note's text."""
    ED25519_COSIGNATURE = 0x04
    """Ed25519 over a time and the text of a checkpoint (C2SP tlog-cosignature)."""
    MLDSA44_COSIGNATURE = 0x06
    """ML-DSA-44 over time, origin, size and root of a checkpoint; kept, but not verified here yet."""


_KEY_BYTES = {KeyKind.ED25519: 32, KeyKind.ED25519_COSIGNATURE: 32, KeyKind.MLDSA44_COSIGNATURE: 1312}


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name. Two keys are the same signer exactly when name and id agree."""

    name: str
    """1 to MAX_NAME_BYTES bytes of UTF-8 without spaces, control characters or `+`."""
    kind: KeyKind
    """What is signed, and how."""
    public: bytes
    """32 bytes for Ed25519, 1,312 for ML-DSA-44."""

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise VerifierKeyError(reason="its name is empty, too long, or holds a space, a control character or `+`")
        if len(self.public) != _KEY_BYTES[self.kind]:
            raise VerifierKeyError(reason=f"a key of type {self.kind:#04x} has {_KEY_BYTES[self.kind]} bytes")

    @property
    def key_id(self) -> bytes:
        """SHA-256(name || newline || kind || public key), first four bytes: an identifier, no commitment."""
        return sha256(self.name.encode() + b"\n" + bytes((self.kind,)) + self.public).digest()[:KEY_ID_BYTES]

    def as_cosigner(self) -> VerifierKey:
        """The same Ed25519 key for timestamped cosignatures, under the id that it has as such."""
        if self.kind is KeyKind.ED25519:
            return VerifierKey(self.name, KeyKind.ED25519_COSIGNATURE, self.public)
        return self


def is_key_name(name: str) -> bool:
    """Whether `name` can name a key: not empty, no Unicode space, no control character, no `+`."""
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        return False
    return 0 < length <= MAX_NAME_BYTES and not any(letter.isspace() or letter < " " or letter == "+" for letter in name)


def encode_vkey(key: VerifierKey) -> str:
    """The key as text."""
    return f"{key.name}+{key.key_id.hex()}+{encode_base64(bytes((key.kind,)) + key.public)}"


def parse_vkey(text: str) -> VerifierKey:
    """The key in a text.

    Raises:
        VerifierKeyError: malformed, of an unknown type, or with an id that is not its own.
    """
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise VerifierKeyError(reason="it has not the three parts name, id and key")
    name, key_id, encoded = parts
    material = parse_base64(encoded)
    if not material:
        raise VerifierKeyError(reason="its last part is not base64")
    if material[0] not in set(KeyKind):
        raise VerifierKeyError(reason=f"signature type {material[0]:#04x} is not supported")
    key = VerifierKey(name, KeyKind(material[0]), material[1:])
    if key.key_id.hex() != key_id:
        raise VerifierKeyError(reason=f"its id is {key.key_id.hex()}, not what it says")
    return key
