"""Secret keys at rest: one sealed file, bytes in and bytes out.

    file       = [header, AES-256-GCM(key, nonce, content, additional data = header)]
    header     = KeystoreHeader, in the clear: scrypt's parameters, salt, nonce
    key        = scrypt(passphrase, salt, N, r = 8, p)         RFC 7914 section 6
    content    = KeystoreContent: labels, purposes, secrets, public halves

The parameters stand in the file, so they can grow later; they are bounded on reading, so a hostile file cannot ask for more
than 128 MiB. Salt and nonce are fresh in every file, therefore no key ever seals two contents.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from atoll.errors import AtollError
from atoll.ports import Entropy
from atoll.primitives.ed25519 import PUBLIC_KEY_BYTES
from atoll.trust.errors import KeystoreLocked, KeystoreMalformed, PassphraseUnusable
from atoll.trust.keys import MAX_PUBLIC_BYTES, SEED_BYTES, Purpose, SecretKey
from atoll.trust.tlskeys import TlsKey
from atoll.wire.cbor import decode, encode
from atoll.wire.message import MAX_MESSAGE_BYTES, Message, Pattern, Range, Size, encode_message, parse_message

Secrets: TypeAlias = Mapping[str, SecretKey | TlsKey]
"""Secret keys by label; the label is the signer's name for them, usually their kid."""

SCRYPT_LOG2_N = 15
"""Cost of new files: N = 2^15, r = 8, p = 1, which is 32 MiB and about a tenth of a second a guess."""
SCRYPT_R = 8
SCRYPT_P = 1
MAX_PASSPHRASE_BYTES = 1024
MAX_KEYS = 24
"""Keys in one keystore."""
MAX_KEYSTORE_BYTES = MAX_MESSAGE_BYTES + 300
"""Largest sealed keystore."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeystoreHeader(Message):
    """What has to be known before the passphrase is of use. The tag fixes scrypt and AES-256-GCM."""

    TAG: ClassVar[str] = "keystore/1"

    log2_n: Annotated[int, Range(SCRYPT_LOG2_N, 17)]
    """Base-2 logarithm of scrypt's N; memory is 1024 * N bytes, at most 128 MiB."""
    p: Annotated[int, Range(SCRYPT_P, 4)]
    """scrypt's parallelisation, which multiplies the time."""
    salt: Annotated[bytes, Size(32)]
    """Makes this file's key its own."""
    nonce: Annotated[bytes, Size(12)]
    """For AES-GCM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeystoreEntry(Message):
    """One key, inside the seal."""

    TAG: ClassVar[str] = "keystore-entry/1"

    label: Annotated[str, Pattern(r"[a-z][a-z0-9/-]{0,63}")]
    """What the signer calls the key."""
    purpose: Purpose
    """What the key is for; decides what `secret` and `public` are."""
    secret: Annotated[bytes, Size(SEED_BYTES)]
    """Ed25519 seed, or for TLS the P-256 scalar."""
    public: Annotated[bytes, Size(PUBLIC_KEY_BYTES, MAX_PUBLIC_BYTES)]
    """The public key, or for TLS the certificate; must fit the secret."""

    def __repr__(self) -> str:
        return f"<KeystoreEntry {self.label}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeystoreContent(Message):
    """All keys, inside the seal."""

    TAG: ClassVar[str] = "keystore-content/1"

    entries: Annotated[tuple[KeystoreEntry, ...], Size(0, MAX_KEYS)]
    """Sorted by label, each label once."""


def seal_keys(secrets: Secrets, passphrase: str, entropy: Entropy) -> bytes:
    """Encrypt keys under a passphrase.

    Args:
        secrets: up to MAX_KEYS keys by label: lower-case letters, digits, `/` and `-`.
        passphrase: 1 to MAX_PASSPHRASE_BYTES bytes of UTF-8, brought to NFC first so that two keyboards agree.
        entropy: gives salt and nonce.

    Returns:
        The file's bytes, at most MAX_KEYSTORE_BYTES.

    Raises:
        PassphraseUnusable: empty or too long.
        MessageError: a label is not of that form, or too many keys.

    Leaks: the number of keys, roughly, by the length. Cost: one scrypt.
    """
    header = KeystoreHeader(log2_n=SCRYPT_LOG2_N, p=SCRYPT_P, salt=entropy.bytes(32), nonce=entropy.bytes(12))
    content = KeystoreContent(entries=tuple(_entry(label, secrets[label]) for label in sorted(secrets)))
    header_bytes = encode_message(header)
    sealed = AESGCM(_derive_file_key(passphrase, header)).encrypt(header.nonce, encode_message(content), header_bytes)
    return encode([header_bytes, sealed])


def open_keys(data: bytes, passphrase: str) -> dict[str, SecretKey | TlsKey]:
    """The keys in a sealed file, by label.

    Raises:
        KeystoreMalformed: not a keystore, of an unknown version, or with parameters out of bounds; nothing was derived.
        KeystoreLocked: wrong passphrase or changed file.
        PassphraseUnusable: empty or too long.

    Cost: one scrypt, with the file's parameters.
    """
    header_bytes, sealed = _parse_file(data)
    try:
        header = parse_message(header_bytes, KeystoreHeader)
    except AtollError as err:
        raise KeystoreMalformed(problem="its header is of an unknown version or out of bounds") from err
    try:
        content = AESGCM(_derive_file_key(passphrase, header)).decrypt(header.nonce, sealed, header_bytes)
    except InvalidTag:
        raise KeystoreLocked() from None
    try:
        return {entry.label: _key(entry) for entry in parse_message(content, KeystoreContent).entries}
    except (AtollError, ValueError):
        # Without the cause: what it says could quote what is sealed.
        raise KeystoreMalformed(problem="a key inside is damaged") from None


def _parse_file(data: bytes) -> tuple[bytes, bytes]:
    try:
        match decode(data, max_bytes=MAX_KEYSTORE_BYTES):
            case [bytes(header_bytes), bytes(sealed)]:
                return header_bytes, sealed
    except AtollError as err:
        raise KeystoreMalformed(problem="it is not strict CBOR") from err
    raise KeystoreMalformed(problem="it is not a header and a sealed part")


def _derive_file_key(passphrase: str, header: KeystoreHeader) -> bytes:
    try:
        secret = unicodedata.normalize("NFC", passphrase).encode()
    except UnicodeEncodeError:
        raise PassphraseUnusable(limit=MAX_PASSPHRASE_BYTES) from None
    if not 1 <= len(secret) <= MAX_PASSPHRASE_BYTES:
        raise PassphraseUnusable(limit=MAX_PASSPHRASE_BYTES)
    return Scrypt(salt=header.salt, length=32, n=2**header.log2_n, r=SCRYPT_R, p=header.p).derive(secret)


def _entry(label: str, key: SecretKey | TlsKey) -> KeystoreEntry:
    if isinstance(key, TlsKey):
        return KeystoreEntry(label=label, purpose=Purpose.TLS, secret=key.expose_scalar(), public=key.certificate)
    return KeystoreEntry(label=label, purpose=key.purpose, secret=key.expose_seed(), public=key.public.data)


def _key(entry: KeystoreEntry) -> SecretKey | TlsKey:
    if entry.purpose is Purpose.TLS:
        return TlsKey(entry.secret, entry.public)
    key = SecretKey(entry.purpose, entry.secret)
    if key.public.data != entry.public:
        raise ValueError("the public half belongs to another key")
    return key
