"""Keys: public ones, the versioned records that the ledger holds, and secret ones.

A key has one purpose for life. Its name, the *kid*, is `organisation/purpose/version`; rotation makes the next version, so an
old signature always finds the key that made it. Heights are those of the ledger, and an interval [from, to) leaves its end out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, NamedTuple, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from atoll.ports import Entropy
from atoll.primitives.ed25519 import PUBLIC_KEY_BYTES
from atoll.trust.algorithms import Algorithm, verify_public_key, verify_signature
from atoll.trust.errors import EnvelopeError, KeyNotValid
from atoll.trust.fingerprint import derive_key_digest, fingerprint
from atoll.trust.secret import Secret
from atoll.wire.errors import MessageError
from atoll.wire.message import Count, Message, Name, Range, Size

MAX_VERSION = 2**31 - 1
"""Highest version of a key."""
MAX_PUBLIC_BYTES = 2000
"""Longest public part: a TLS certificate."""
SEED_BYTES = 32
"""Length of an Ed25519 secret key (RFC 8032 section 5.1.5)."""


class Purpose(StrEnum):
    """What a key is for; a key of one purpose is never accepted for another."""

    IDENTITY = "identity"
    """Signs the organisation's transactions and its other keys."""
    RECOVERY = "recovery"
    """Kept offline; helps to replace or revoke a lost identity key."""
    COSIGN = "cosign"
    """Cosigns checkpoints as a validating member."""
    LOG = "log"
    """Signs checkpoints as the sequencer."""
    CONSENSUS = "consensus"
    """Votes on blocks under CometBFT. Kept beside what it has voted for and never in the keystore: whoever restores a copy of
    the keystore must not vote twice."""
    TLS = "tls"
    """Opens peer sessions; registered as a certificate."""
    APPROVER = "approver"
    """A natural person's, kept outside the node: signs orders and approvals, and no transaction. Each person has its own."""


MEMBER_PURPOSES = (Purpose.IDENTITY, Purpose.RECOVERY, Purpose.COSIGN, Purpose.LOG, Purpose.TLS)
"""Purposes of the keys that every member has from the day it joins; on CometBFT a consensus key may come along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey(Message):
    """A key that verifies signatures, without a name or a history."""

    TAG: ClassVar[str] = "public-key/1"

    algorithm: Algorithm
    """What the key does; ED25519 is the one that signs."""
    data: Annotated[bytes, Size(PUBLIC_KEY_BYTES)]
    """The key itself (RFC 8032 section 5.1.5); checked to be canonical and not of small order."""

    def __post_init__(self) -> None:
        Message.__post_init__(self)
        verify_public_key(self.algorithm, self.data)

    @property
    def digest(self) -> bytes:
        """SHA-256 over algorithm and key, 32 bytes."""
        return derive_key_digest(self.algorithm, self.data)

    @property
    def fingerprint(self) -> str:
        """What two people compare."""
        return fingerprint(self.algorithm, self.data)

    def verify(self, message: bytes, signature: bytes) -> None:
        """Check a signature under this key.

        Raises:
            SignatureInvalid: it is not.
        """
        verify_signature(self.algorithm, self.data, message, signature, name=self.fingerprint)


class KeyName(NamedTuple):
    """A kid, taken apart."""

    org: str
    purpose: Purpose
    version: int

    def __str__(self) -> str:
        return f"{self.org}/{self.purpose}/{self.version}"


_KID = re.compile(rf"([a-z][a-z0-9-]{{0,39}})/({'|'.join(Purpose)})/([1-9][0-9]{{0,9}})".encode())


def parse_kid(kid: bytes) -> KeyName:
    """The parts of a kid as it stands in an envelope.

    Raises:
        EnvelopeError: not `organisation/purpose/version` in its one spelling.
    """
    found = _KID.fullmatch(kid)
    if found is None or int(found[3]) > MAX_VERSION:
        raise EnvelopeError(problem="its key name is not organisation/purpose/version")
    return KeyName(found[1].decode(), Purpose(found[2].decode()), int(found[3]))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord(Message):
    """One version of one key of one organisation, as the ledger holds it."""

    TAG: ClassVar[str] = "key-record/1"

    org: Name
    """The organisation whose key this is."""
    purpose: Purpose
    """The one thing the key is for."""
    version: Annotated[int, Range(1, MAX_VERSION)]
    """1 for the first key of this purpose; each rotation adds one."""
    algorithm: Algorithm
    """What the key does: ECDSA_P256 for TLS, ED25519 for everything else."""
    public: Annotated[bytes, Size(PUBLIC_KEY_BYTES, MAX_PUBLIC_BYTES)]
    """The public key, or for TLS the certificate in DER."""
    from_height: Count
    """First height at which the key is valid."""
    to_height: Count | None
    """First height at which a later version has replaced it; None while it is the current one."""
    revoked_height: Count | None
    """First height at which it is void because its owner or the members said so; None if never."""

    def __post_init__(self) -> None:
        Message.__post_init__(self)
        expected = Algorithm.ECDSA_P256 if self.purpose is Purpose.TLS else Algorithm.ED25519
        if self.algorithm is not expected:
            raise MessageError(message="KeyRecord", field="algorithm", problem=f"must be {expected} for purpose {self.purpose}")
        if self.algorithm is Algorithm.ED25519:
            verify_public_key(self.algorithm, self.public)
        if self.to_height is not None and self.to_height < self.from_height:
            raise MessageError(message="KeyRecord", field="to_height", problem="before from_height")

    @property
    def kid(self) -> str:
        """The key's name, `organisation/purpose/version`."""
        return str(KeyName(self.org, self.purpose, self.version))

    @property
    def fingerprint(self) -> str:
        """What two people compare; for TLS that of the certificate."""
        return fingerprint(self.algorithm, self.public)

    def is_valid_at(self, height: int) -> bool:
        """Whether what this key signed at `height` counts."""
        return not self._why_not(height)

    def verify_valid_at(self, height: int) -> None:
        """Check that what this key signed at `height` counts.

        Raises:
            KeyNotValid: not yet, no more, or revoked; the message says which.
        """
        reason = self._why_not(height)
        if reason:
            raise KeyNotValid(kid=self.kid, height=height, reason=reason)

    def _why_not(self, height: int) -> str:
        if self.revoked_height is not None and height >= self.revoked_height:
            return f"revoked from height {self.revoked_height}"
        if height < self.from_height:
            return f"valid from height {self.from_height}"
        if self.to_height is not None and height >= self.to_height:
            return f"replaced from height {self.to_height}"
        return ""


class SecretKey(Secret):
    """An Ed25519 key that signs. It cannot be printed, pickled or copied; signing is deterministic (RFC 8032 section 5.1.6)."""

    __slots__ = ("_key", "_public", "_purpose")

    def __init__(self, purpose: Purpose, seed: bytes) -> None:
        """The key of a seed; `derive` and `generate` read better.

        Raises:
            ValueError: the seed does not have SEED_BYTES bytes, or TLS is asked for, whose keys are in `atoll.trust.tlskeys`.
        """
        if purpose is Purpose.TLS:
            raise ValueError("a TLS key is made with create_tls_key")
        self._purpose = purpose
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = PublicKey(algorithm=Algorithm.ED25519, data=self._key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, purpose: Purpose, entropy: Entropy) -> Self:
        """A new key from 32 unpredictable bytes."""
        return cls(purpose, entropy.bytes(SEED_BYTES))

    @property
    def purpose(self) -> Purpose:
        """The one thing this key is for."""
        return self._purpose

    @property
    def public(self) -> PublicKey:
        """The half that others may have."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """The signature on `message`, 64 bytes; the same message gives the same signature."""
        return self._key.sign(message)

    def expose_seed(self) -> bytes:
        """The secret itself, 32 bytes, for sealing into a keystore and for nothing else."""
        return self._key.private_bytes_raw()

    def record(self, org: str, *, version: int, from_height: int) -> KeyRecord:
        """The record to register for this key."""
        return KeyRecord(
            org=org,
            purpose=self._purpose,
            version=version,
            algorithm=self._public.algorithm,
            public=self._public.data,
            from_height=from_height,
            to_height=None,
            revoked_height=None,
        )

    def _describe(self) -> str:
        return f"{self._purpose} {self._public.fingerprint}"
