"""Envelopes read and verified by two COSE tools that nobody here wrote: cbor2 (with OpenSSL's Ed25519) and pycose.

    python tools/peers/envelopes.py

Both must accept every envelope and refuse every one in which a bit was flipped or whose consortium is another. Prints one line
a peer; the exit status is 1 if a peer disagrees.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pycose.algorithms import EdDSA
from pycose.exceptions import CoseException
from pycose.headers import KID, Algorithm
from pycose.keys.curves import Ed25519
from pycose.keys.okp import OKPKey
from pycose.messages.sign1message import Sign1Message

from atoll.trust import algorithms
from atoll.trust.envelope import MAX_KID_BYTES, Context, encode_aad, parse_envelope, seal_envelope
from atoll.trust.keys import Purpose, SecretKey
from atoll.wire.message import MAX_MESSAGE_BYTES


@dataclass(frozen=True)
class Specimen:
    """An envelope and what its reader knows."""

    data: bytes
    public: bytes
    chain_id: str
    genesis: bytes
    context: str
    kid: bytes
    payload: bytes


def specimens() -> Iterator[Specimen]:
    """Envelopes at the edges of every length, each context among them."""
    contexts = list(Context)
    lengths = [0, 1, 23, 24, 255, 256, 65_000 // 2, MAX_MESSAGE_BYTES]
    for number, length in enumerate(lengths * 4):
        key = SecretKey(Purpose.IDENTITY, bytes([number]) * 32)
        kid = b"bank/identity/1" if number % 2 else b"k" * (1 + number % MAX_KID_BYTES)
        genesis = bytes([255 - number]) * 32
        context = contexts[number % len(contexts)]
        payload = bytes([number]) * length
        data = seal_envelope(
            payload,
            kid=kid,
            algorithm=algorithms.Algorithm.ED25519,
            sign=key.sign,
            aad=encode_aad("lagoon", genesis, context),
        )
        yield Specimen(data, key.public.data, "lagoon", genesis, str(context), kid, payload)


def damaged(good: Specimen) -> Iterator[Specimen]:
    """The same with one bit flipped in each part that is signed, in the signature, and in what the reader knows."""
    envelope = parse_envelope(good.data)
    parts = [envelope.protected, {}, envelope.payload, envelope.signature]
    for at in (0, 2, 3):
        part = parts[at]
        if isinstance(part, bytes) and part:
            flipped = part[:-1] + bytes([part[-1] ^ 1])
            yield replace(good, data=cbor2.dumps([*parts[:at], flipped, *parts[at + 1 :]]))
    yield replace(good, chain_id="lagoom")
    yield replace(good, genesis=bytes(32))
    yield replace(good, context="consent")


def external_aad(specimen: Specimen) -> bytes:
    """The external part, written by cbor2 and not by us."""
    return cbor2.dumps([specimen.chain_id, specimen.genesis, specimen.context])


def accepts_cbor2(specimen: Specimen) -> bool:
    """RFC 9052 section 4.4 spelled out with cbor2; the signature is OpenSSL's to judge."""
    protected, unprotected, payload, signature = cbor2.loads(specimen.data)
    signed = cbor2.dumps(["Signature1", protected, external_aad(specimen), payload])
    try:
        Ed25519PublicKey.from_public_bytes(specimen.public).verify(signature, signed)
    except InvalidSignature:
        return False
    return [cbor2.loads(protected), unprotected, payload] == [{1: -8, 4: specimen.kid}, {}, specimen.payload]


def accepts_pycose(specimen: Specimen) -> bool:
    """The whole of it by pycose, from the array on (envelopes carry no tag)."""
    try:
        message = Sign1Message.from_cose_obj(cbor2.loads(specimen.data), allow_unknown_attributes=False)
        message.external_aad = external_aad(specimen)  # type: ignore[misc]
        message.key = OKPKey(crv=Ed25519, x=specimen.public)
        verified = message.verify_signature()
    except CoseException:
        return False
    read = [message.phdr, message.uhdr, message.payload]
    return verified and read == [{Algorithm: EdDSA, KID: specimen.kid}, {}, specimen.payload]


def judge(name: str, accepts: Callable[[Specimen], bool]) -> bool:
    """Print what a peer makes of everything; whether it agrees."""
    good = list(specimens())
    bad = [one for specimen in good for one in damaged(specimen)]
    accepted = sum(accepts(one) for one in good)
    refused = sum(not accepts(one) for one in bad)
    print(f"peer {name}: accepted {accepted}, refused {refused}: envelopes")
    if (accepted, refused) != (len(good), len(bad)):
        print(f"error: {name} should have accepted {len(good)} and refused {len(bad)}", file=sys.stderr)
        return False
    return True


def main() -> int:
    verdicts = [judge("cbor2", accepts_cbor2), judge("pycose", accepts_pycose)]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
