"""One evaluation: who asks blinds, each holder of a share answers with a proof, t answers are combined.

What is combined is, to the bit, the function of RFC 9497 (mode VOPRF, ristretto255-SHA512) under the joint key, of which the
first 32 bytes are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from atoll.primitives import oprf, ristretto, sharing
from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.oprf import Mode, SecretScalars
from atoll.primitives.ristretto import POINT_BYTES, SecretScalar

MODE = Mode.VOPRF
TAG_BYTES = 32
"""Bytes of the output that are kept: 128 bits against collisions."""
MOST_INPUTS = 3
BLINDED_DOMAIN = b"ATOLL-V1-OPRF-BLINDED"


def digest_blinded(blinded: bytes) -> bytes:
    """What a request on the ledger says of the elements that will be sent: SHA-256 under a domain of its own."""
    return hashlib.sha256(BLINDED_DOMAIN + blinded).digest()


@dataclass(frozen=True, slots=True)
class Share:
    """What a member holds: its share of the key, and what the nonces of its proofs are drawn from."""

    secret: SecretScalar = field(repr=False)
    nonce_key: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        """The public share."""
        return ristretto.multiply_base(self.secret)

    def answer(self, blinded: bytes) -> tuple[bytes, bytes]:
        """The elements times the share, and the proof of it (RFC 9497 section 3.3.2, BlindEvaluate). The same elements get the
        same bytes again: the nonce of the proof is derived from them and a secret of its own.

        Raises:
            PointError: `.index` is the first that is no element other than the identity.

        Cost: one multiplication an element, three for the proof. Constant time but for the elements, which are public.
        """
        statement = hashlib.sha256(self.public + blinded).hexdigest()
        nonce = ristretto.draw_secret(SeededEntropy(self.nonce_key).fork(statement))
        return oprf.ServerKey(MODE, self.secret).evaluate(blinded, nonce=nonce)


def verify_answer(public_share: bytes, blinded: bytes, evaluated: bytes, proof: bytes) -> None:
    """That an answer is the elements times the very share whose public half the ledger holds.

    Raises:
        PointError: something in it is no element.
        OprfProofError: the proof does not hold.
        ValueError: not as many elements as were asked.
    """
    oprf.verify_evaluation(MODE, public_share, blinded, evaluated, proof)


class Question:
    """The side that asks: its inputs, and the blinds that nobody else may see."""

    def __init__(self, inputs: Sequence[bytes], seed: bytes) -> None:
        """
        Args:
            inputs: 1 to 3, of 1 to 65,535 bytes each.
            seed: 32 bytes, fresh; blinds are derived from it.

        Raises:
            ValueError: other inputs.
        """
        if not 1 <= len(inputs) <= MOST_INPUTS:
            raise ValueError(f"an evaluation is of 1 to {MOST_INPUTS} inputs")
        if not all(1 <= len(one) < 1 << 16 for one in inputs):
            raise ValueError("an input has 1 to 65,535 bytes")
        self._inputs = tuple(inputs)
        self._blinds = [SecretScalars.derive(seed, at, 1) for at in range(len(inputs))]
        pairs = zip(self._inputs, self._blinds, strict=True)
        self.blinded = b"".join(oprf.blind(MODE, one, len(one), blind) for one, blind in pairs)
        """What is sent to every member: an element an input, uniform whatever the inputs are."""

    def tags(self, evaluated: Mapping[int, bytes]) -> tuple[bytes, ...]:
        """The value of the function for each input.

        Args:
            evaluated: verified answers by place, as many as the threshold.

        Raises:
            PointError: answers that cancel each other out, which verified ones never do.

        Cost: per input a sum of t multiples, a multiplication and a hash. The time of the sum depends on public values only.
        """
        places = sorted(evaluated)
        weights = sharing.lagrange(places)
        tags = []
        for at, (one, blind) in enumerate(zip(self._inputs, self._blinds, strict=True)):
            parts = [evaluated[place][POINT_BYTES * at : POINT_BYTES * (at + 1)] for place in places]
            element = sharing.add_weighted(parts, weights)
            # Mode OPRF: the same last hash, and no proof to check, because each share's was.
            tags.append(oprf.finalize(Mode.OPRF, one, len(one), blind, element)[:TAG_BYTES])
        return tuple(tags)
