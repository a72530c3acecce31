"""Oblivious pseudorandom functions over ristretto255-SHA512 (RFC 9497): OPRF, VOPRF and POPRF.

The server holds a key, the client an input; the client gets the function's value, the server learns nothing of the input, the
client nothing of the key. In the verifiable modes the server proves that it used the key of its public key; in the partially
oblivious one both agree on a public input `info` beside.

    blinded = blind(mode, inputs, input_bytes, blinds)                    # client
    evaluated, proof = ServerKey(...).evaluate(blinded, nonce=...)        # server
    outputs = finalize(mode, inputs, input_bytes, blinds, ...)            # client

Everything is by the batch, packed: inputs of one length one after the other, elements and scalars of 32 bytes, outputs of 64.
Secret scalars are derived from seeds (`SecretScalars.derive`), because a resumed session must say the same again.

Security: one-more gap Diffie-Hellman in ristretto255, random oracle. A server that answers Q chosen elements gives up to
log2(Q) / 2 bits of the 126 (RFC 9497 section 7.2.3): 106 after 2^40.
Source: RFC 9497 sections 2.2, 3.2, 3.3 and 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from atoll import _core
from atoll._core import SecretScalar, SecretScalars
from atoll.primitives import ristretto
from atoll.primitives.errors import OprfProofError

__all__ = [
    "MAX_BATCH",
    "OUTPUT_BYTES",
    "PROOF_BYTES",
    "Mode",
    "SecretScalars",
    "ServerKey",
    "blind",
    "finalize",
    "verify_evaluation",
]

OUTPUT_BYTES = 64
PROOF_BYTES = 64
MAX_BATCH = 1 << 16
"""Most elements that one proof is about: their places are numbered with two bytes."""


class Mode(IntEnum):
    """Which of the three protocols; part of every hash, so nothing of one means anything in another."""

    OPRF = 0
    VOPRF = 1
    POPRF = 2

    @property
    def hash_domain(self) -> bytes:
        """The tag under which inputs are hashed to the group."""
        return b"HashToGroup-OPRFV1-" + bytes([self]) + b"-ristretto255-SHA512"


@dataclass(frozen=True, slots=True)
class ServerKey:
    """The server's side."""

    mode: Mode
    secret: SecretScalar = field(repr=False)

    @classmethod
    def derive(cls, mode: Mode, seed: bytes, info: bytes) -> ServerKey:
        """DeriveKeyPair: the key for a secret `seed` of 32 bytes and a public `info`: what it is for."""
        return cls(mode, _core.oprf_derive_secret(mode, seed, info))

    @property
    def public(self) -> bytes:
        """The public key."""
        return ristretto.multiply_base(self.secret)

    def evaluate(self, blinded: bytes, *, nonce: SecretScalar | None = None, info: bytes = b"") -> tuple[bytes, bytes]:
        """BlindEvaluate: the evaluated elements and the proof about them all; no proof (empty) in mode OPRF.

        Args:
            blinded: 0 to MAX_BATCH elements.
            nonce: fresh for each batch, unless the very same batch is answered again; needed in the verifiable modes. Two
                different batches under one nonce give the key away.
            info: the public input, mode POPRF only.

        Raises:
            PointError: `.index` is the first that is not an element.
            ScalarError: the public input cancels the key.

        Cost: one multiplication an element, and a share of one more for the proof.
        """
        if self.mode is Mode.OPRF:
            return ristretto.multiply(blinded, self.secret), b""
        if nonce is None:
            raise ValueError("a proof needs a nonce")
        if self.mode is Mode.VOPRF:
            evaluated = ristretto.multiply(blinded, self.secret)
            return evaluated, _core.oprf_prove(self.mode, self.secret, blinded, evaluated, nonce)
        tweaked, inverse = _core.oprf_tweak_secret(self.secret, info)
        evaluated = ristretto.multiply(blinded, inverse)
        return evaluated, _core.oprf_prove(self.mode, tweaked, evaluated, blinded, nonce)

    def outputs(self, inputs: bytes, input_bytes: int, *, info: bytes = b"") -> bytes:
        """Evaluate: the function's value for packed inputs that the server knows, 64 bytes each, without a client.

        Cost: one hash to the group, one multiplication and one SHA-512 an input.
        """
        secret = _core.oprf_tweak_secret(self.secret, info)[1] if self.mode is Mode.POPRF else self.secret
        issued = ristretto.blind_packed(inputs, input_bytes, secret, self.mode.hash_domain)
        return _core.oprf_finalize(inputs, input_bytes, _info(self.mode, info), issued)


def blind(mode: Mode, inputs: bytes, input_bytes: int, blinds: SecretScalars) -> bytes:
    """Blind: what the client sends, 32 bytes an input.

    Args:
        mode: that of the session.
        inputs: packed, `input_bytes` each.
        input_bytes: 1 to 65,535.
        blinds: one an input, fresh, never sent; the same ones go into `finalize`.

    Raises:
        ValueError: not as many blinds as inputs.

    Leaks: the number of inputs. Cost: one hash to the group and one multiplication an input.
    """
    return _core.blind_each(inputs, input_bytes, blinds, mode.hash_domain)


def finalize(
    mode: Mode,
    inputs: bytes,
    input_bytes: int,
    blinds: SecretScalars,
    evaluated: bytes,
    *,
    public: bytes = b"",
    blinded: bytes = b"",
    proof: bytes = b"",
    info: bytes = b"",
) -> bytes:
    """Finalize: the outputs, 64 bytes an input, once the proof is checked.

    Args:
        mode: that of the session.
        inputs: as given to `blind`.
        input_bytes: the same.
        blinds: the same.
        evaluated: the server's answer.
        public: the server's key, known from elsewhere than this session; verifiable modes only, as the next two.
        blinded: what `blind` gave.
        proof: the server's.
        info: the public input, mode POPRF only.

    Raises:
        PointError: the answer, or the key, holds something that is not an element.
        OprfProofError: the proof does not hold.
        ValueError: lists of different lengths.

    Cost: one multiplication and one SHA-512 an input, in the verifiable modes about one multiplication more.
    """
    if mode is Mode.VOPRF:
        verify_evaluation(mode, public, blinded, evaluated, proof)
    elif mode is Mode.POPRF:
        verify_evaluation(mode, _core.oprf_tweak_public(public, info), evaluated, blinded, proof)
    elements = _core.multiply_each(evaluated, blinds.inverses())
    return _core.oprf_finalize(inputs, input_bytes, _info(mode, info), elements)


def verify_evaluation(mode: Mode, public: bytes, before: bytes, after: bytes, proof: bytes) -> None:
    """VerifyProof (RFC 9497 section 2.2.2): `after` is `before`, element by element, times the secret of `public`.

    Raises:
        PointError: something that should be an element is not one.
        OprfProofError: the proof does not hold.
        ValueError: lists of different lengths, or too long.
    """
    if not _core.oprf_is_proof(mode, public, before, after, proof):
        raise OprfProofError()


def _info(mode: Mode, info: bytes) -> bytes | None:
    return info if mode is Mode.POPRF else None
