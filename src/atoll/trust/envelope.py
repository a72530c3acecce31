"""Signed messages: COSE_Sign1 (RFC 9052 section 4.2) in one exact form.

    [protected bstr, {}, payload bstr, signature bstr]        untagged
    protected = {1: algorithm, 4: kid}                        nothing else, in this order
    signed    = ["Signature1", protected, external_aad, payload]
    external_aad = [chain id, genesis digest, context]

Any COSE tool can read it; little of what COSE allows is accepted. The external part is not sent: whoever verifies supplies the
consortium and what the bytes are meant to be, so an envelope of another consortium, or a grant passed off as a transaction,
does not verify. What is hashed and verified is always what was received, never an encoding made again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from atoll.primitives.ed25519 import SIGNATURE_BYTES
from atoll.trust.algorithms import COSE_EMITTED, Algorithm, parse_algorithm, verify_signature
from atoll.trust.errors import EnvelopeError, WrongAlgorithm, WrongKey
from atoll.trust.keys import KeyRecord
from atoll.wire.cbor import decode, encode
from atoll.wire.errors import CborError
from atoll.wire.message import MAX_MESSAGE_BYTES

MAX_KID_BYTES = 64
"""Longest key name; the longest that `organisation/purpose/version` makes is 60."""
MAX_ENVELOPE_BYTES = MAX_MESSAGE_BYTES + 200
"""Largest envelope: the largest message, headers and signature; it fits a log entry (65,535 bytes)."""
GENESIS_DIGEST_BYTES = 32
"""Length of the digest that names a consortium."""
MAX_CHAIN_ID_CHARACTERS = 64
"""Longest chain id."""


class Context(StrEnum):
    """What signed bytes are meant to be; part of what is signed."""

    TRANSACTION = "transaction"
    PLAN = "plan"
    GRANT = "grant"
    CARD = "card"
    HANDOVER = "handover"
    TLS = "tls"
    GENESIS = "genesis"
    ORDER = "order"
    APPROVER = "approver"
    APPROVAL = "approval"
    REGRADE = "regrade"
    QUALITY_RUN = "quality-run"
    QUALITY_OPINION = "quality-opinion"


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope that is well formed; its signature is not yet verified."""

    received: bytes
    """The envelope as it came; hash this."""
    protected: bytes
    """The protected header as it came."""
    alg: Algorithm
    """What the header claims; the registered key decides."""
    kid: bytes
    """The name of the key that the sender claims to have signed with, 1 to MAX_KID_BYTES bytes."""
    payload: bytes
    """What is signed, up to MAX_MESSAGE_BYTES bytes; not looked into here."""
    signature: bytes
    """The signature, SIGNATURE_BYTES bytes."""

    def signed_bytes(self, aad: bytes) -> bytes:
        """What the signature must cover for a reader whose external part is `aad`."""
        return encode_signed(self.protected, aad, self.payload)


@functools.lru_cache(maxsize=64)
def encode_aad(chain_id: str, genesis_digest: bytes, context: Context) -> bytes:
    """The external part: consortium and meaning.

    Args:
        chain_id: the consortium's name, 1 to MAX_CHAIN_ID_CHARACTERS characters.
        genesis_digest: what tells consortia of one name apart, 32 bytes. The founders' signatures on the genesis itself use the
            digest of what they sign, since nothing earlier exists.
        context: what the payload is meant to be.

    Raises:
        ValueError: an argument is out of bounds, which is the caller's mistake and never a peer's.
    """
    if not 1 <= len(chain_id) <= MAX_CHAIN_ID_CHARACTERS or len(genesis_digest) != GENESIS_DIGEST_BYTES:
        raise ValueError("a consortium is named by a short chain id and a digest of 32 bytes")
    return encode([chain_id, genesis_digest, str(context)])


def encode_signed(protected: bytes, aad: bytes, payload: bytes) -> bytes:
    """Sig_structure of a COSE_Sign1 (RFC 9052 section 4.4)."""
    return encode(["Signature1", protected, aad, payload])


def seal_envelope(payload: bytes, *, kid: bytes, algorithm: Algorithm, sign: Callable[[bytes], bytes], aad: bytes) -> bytes:
    """Sign a payload.

    Args:
        payload: any bytes, up to MAX_MESSAGE_BYTES.
        kid: the signing key's name as registered.
        algorithm: that of the signing key.
        sign: gives the signature on what it is handed; see `atoll.trust.signer.signing`.
        aad: from `encode_aad`.

    Raises:
        EnvelopeError: payload, key name or signature is out of bounds, or the algorithm does not sign envelopes.
    """
    if len(payload) > MAX_MESSAGE_BYTES:
        raise EnvelopeError(problem=f"its payload has {len(payload)} bytes, at most {MAX_MESSAGE_BYTES}")
    protected = _encode_protected(algorithm, kid)
    signature = sign(encode_signed(protected, aad, payload))
    if len(signature) != SIGNATURE_BYTES:
        raise EnvelopeError(problem="its signer gave a signature of the wrong length")
    return encode([protected, {}, payload, signature])


def parse_envelope(data: bytes) -> Envelope:
    """The envelope in `data`, which must be all of it and in the one accepted form.

    Raises:
        EnvelopeError: anything else, tags, unprotected headers and bytes left over included.
        UnknownAlgorithm: the header's algorithm is not implemented.
    """
    try:
        value = decode(data, max_bytes=MAX_ENVELOPE_BYTES)
    except CborError as err:
        raise EnvelopeError(problem="it is not strict CBOR") from err
    if not isinstance(value, list) or len(value) != 4:
        raise EnvelopeError(problem="it is not an array of four")
    protected, unprotected, payload, signature = value
    if not (isinstance(protected, bytes) and isinstance(payload, bytes) and isinstance(signature, bytes)):
        raise EnvelopeError(problem="header, payload and signature must be byte strings")
    if unprotected != {}:
        raise EnvelopeError(problem="it has unprotected headers, which nobody signed")
    if len(payload) > MAX_MESSAGE_BYTES:
        raise EnvelopeError(problem=f"its payload has {len(payload)} bytes, at most {MAX_MESSAGE_BYTES}")
    if len(signature) != SIGNATURE_BYTES:
        raise EnvelopeError(problem=f"its signature has {len(signature)} bytes, must be {SIGNATURE_BYTES}")
    alg, kid = _parse_protected(protected)
    return Envelope(received=data, protected=protected, alg=alg, kid=kid, payload=payload, signature=signature)


def verify_envelope(envelope: Envelope, record: KeyRecord, aad: bytes) -> None:
    """Check that the registered key signed this envelope for this consortium and context.

    The height is the caller's to check (`record.verify_valid_at`), and so is the purpose: only a ledger rule knows them.

    Raises:
        WrongKey: the envelope names another key.
        WrongAlgorithm: the header disagrees with the registered key.
        SignatureInvalid: signed by another key, for another consortium or context, or changed since.
    """
    if envelope.kid != record.kid.encode():
        raise WrongKey(found=envelope.kid.decode("ascii", "backslashreplace"), expected=record.kid)
    if envelope.alg is not record.algorithm:
        raise WrongAlgorithm(found=envelope.alg, kid=record.kid, expected=record.algorithm)
    verify_signature(record.algorithm, record.public, envelope.signed_bytes(aad), envelope.signature, name=record.kid)


# The protected header has integer keys, which the strict profile of `atoll.wire` does not know. Its only form is
# a2 01 <negative integer> 04 <byte string>, so it is written and read here by hand: RFC 8949 sections 3.1 and 4.2.1.

_MAP_OF_TWO = 0xA2
_KEY_ALG = 0x01
_KEY_KID = 0x04
_NEGATIVE = 0x20
_BYTES = 0x40
_ONE_BYTE_FOLLOWS = 24


def _encode_head(major: int, number: int) -> bytes:
    """Type and number, below 256, in the shortest form."""
    return bytes([major | number]) if number < _ONE_BYTE_FOLLOWS else bytes([major | _ONE_BYTE_FOLLOWS, number])


def _encode_protected(algorithm: Algorithm, kid: bytes) -> bytes:
    number = COSE_EMITTED.get(algorithm)
    if number is None:
        raise EnvelopeError(problem=f"{algorithm} does not sign envelopes")
    if not 1 <= len(kid) <= MAX_KID_BYTES:
        raise EnvelopeError(problem=f"its key name has {len(kid)} bytes, must be 1 to {MAX_KID_BYTES}")
    alg_item = _encode_head(_NEGATIVE, -1 - number)
    kid_item = _encode_head(_BYTES, len(kid)) + kid
    return bytes([_MAP_OF_TWO, _KEY_ALG]) + alg_item + bytes([_KEY_KID]) + kid_item


def _malformed() -> EnvelopeError:
    return EnvelopeError(problem="its protected header is not exactly {1: algorithm, 4: kid}")


def _parse_head(data: bytes, at: int, major: int) -> tuple[int, int]:
    """The number in the head at `at`, and where what follows begins; shortest form only, numbers below 256."""
    head = data[at : at + 2]
    number = head[0] - major if head else -1
    if 0 <= number < _ONE_BYTE_FOLLOWS:
        return number, at + 1
    if number == _ONE_BYTE_FOLLOWS and len(head) == 2 and head[1] >= _ONE_BYTE_FOLLOWS:
        return head[1], at + 2
    raise _malformed()


@functools.lru_cache(maxsize=1024)
def _parse_protected(data: bytes) -> tuple[Algorithm, bytes]:
    """Algorithm and key name. Kept, because members sign with the same key again and again; what is refused is not."""
    if data[:2] != bytes([_MAP_OF_TWO, _KEY_ALG]):
        raise _malformed()
    number, at = _parse_head(data, 2, _NEGATIVE)
    if data[at : at + 1] != bytes([_KEY_KID]):
        raise _malformed()
    length, at = _parse_head(data, at + 1, _BYTES)
    kid = data[at:]
    if not (1 <= length <= MAX_KID_BYTES and len(kid) == length):
        raise _malformed()
    return parse_algorithm(-1 - number), kid
