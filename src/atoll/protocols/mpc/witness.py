"""How a node signs what it says, and holds its neighbours to what they signed.

In malicious mode every round after which a node may be accused ends with its sender's claim (`claims`): the running digest of
the direction, the digest of a part that is told by both holders, and a signature. Nobody goes on without it. So when a
verification fails, each honest node holds the other's signature on exactly the bytes that it was given; a node that signs
something else is noticed here, and both words are shown.

    on the wire     place key (32) || its signature (64), once in each direction, then in signed rounds behind the bytes
                    stream digest (32) || digest of the part (32) || signature (64)

Cost: SHA-256 of both directions at both ends; in a signed round an Ed25519 signature a direction, and a verification unless it
is a coin's; no round of its own but the first. Spec: specs/mpc-malicious.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from atoll.primitives.ed25519 import is_signature
from atoll.protocols.mpc.claims import (
    SIGNATURE_BYTES,
    Claim,
    Deposition,
    Identities,
    PlaceKey,
    Sign,
    SignedClaim,
    SignedKey,
    verify_key,
)
from atoll.protocols.mpc.errors import ClaimForged, TranscriptDisputed
from atoll.protocols.mpc.places import compute
from atoll.protocols.mpc.rounds import Seal, Side, Why

_DIGEST_BYTES = 32
KEY_BYTES = _DIGEST_BYTES + SIGNATURE_BYTES
CLAIM_BYTES = 2 * _DIGEST_BYTES + SIGNATURE_BYTES
KEPT = 4
"""Claims that are kept of each direction: how far one node may be ahead of the other when a run ends."""
_NO_PART = bytes(_DIGEST_BYTES)


def signed_bytes(sent: tuple[int, int, int], claims: tuple[int, int, int]) -> tuple[int, int, int]:
    """Bytes by node with what signs them: so many claims, and the place key in both directions."""
    first, second, third = (said + CLAIM_BYTES * count + 2 * KEY_BYTES for said, count in zip(sent, claims, strict=True))
    return first, second, third


class Direction:
    """What one node has said to another, as one of the two knows it."""

    def __init__(self, sender: int, receiver: int, side: Side) -> None:
        self.sender = sender
        self.receiver = receiver
        self.side = side
        self.said: deque[SignedClaim] = deque(maxlen=KEPT)
        """The sender's newest claims."""
        self.heard: deque[Claim] = deque(maxlen=KEPT)
        """What the receiver says at the same points; to be signed when it is shown."""
        self._running = sha256()
        self._length = 0
        self._part = b""

    def add(self, data: memoryview | bytes) -> None:
        """Go on by what one round says."""
        self._running.update(data)
        self._length += len(data)

    def claim(self, signer: int, context: bytes, seal: Seal, part: bytes) -> Claim:
        """Where it stands now."""
        return Claim(
            context=context,
            signer=signer,
            sender=self.sender,
            receiver=self.receiver,
            round=seal.number,
            why=seal.signed.why,
            bytes_said=self._length,
            stream=self._running.copy().digest(),
            part=part,
        )


class Witness:
    """One node's place key, and all four directions from and to it."""

    def __init__(self, key: SignedKey, sign: Sign, orgs: Mapping[int, str], identities: Identities) -> None:
        """
        Args:
            key: this node's, as its organisation signed it.
            sign: signs by it.
            orgs: who has which place, for people.
            identities: of the two neighbours' organisations.
        """
        self.me = key.key.place
        self._context = key.key.context
        self._sign = sign
        self._orgs = orgs
        self._identities = identities
        self._keys = {self.me: key}
        self._directions: list[Direction] = []

    def direction(self, sender: int, receiver: int, side: Side) -> Direction:
        """A direction from or to this node, from its beginning; `side` is where its peer sits."""
        made = Direction(sender, receiver, side)
        self._directions.append(made)
        return made

    def introduce(self) -> bytes:
        """This node's place key, as it goes on the wire."""
        own = self._keys[self.me]
        return own.key.public + own.signature

    def meet(self, place: int, said: bytes) -> None:
        """Take up a neighbour's place key.

        Raises:
            ClaimForged: its organisation did not sign it for this attempt and place.
        """
        public, signature = said[:_DIGEST_BYTES], said[_DIGEST_BYTES:]
        key = PlaceKey(context=self._context, place=place, public=public)
        signed = SignedKey(org=self._orgs[place], key=key, signature=signature)
        verify_key(signed, self._identities)
        self._keys[place] = signed

    def speak(self, direction: Direction, seal: Seal, last: bytes | memoryview) -> bytes:
        """The claim that follows what this node says in a signed round; `last` is what that round says."""
        claim = direction.claim(self.me, self._context, seal, _part(seal, last, seal.signed.digest_to is direction.side))
        signature = self._sign(claim.to_sign())
        direction.said.append(SignedClaim(claim=claim, signature=signature))
        return claim.stream + claim.part + signature

    def hear(self, direction: Direction, seal: Seal, last: bytes | memoryview, shown: bytes) -> None:
        """Hold a neighbour to the claim that followed what it said.

        Raises:
            ClaimForged: it is not signed by the neighbour's place key; after a coin found out later, by the next proof or when
                the run ends early (`verify_heard`).
            TranscriptDisputed: it is, and says something else than what arrived.
        """
        part = _part(seal, last, seal.signed.digest_from is direction.side)
        found = direction.claim(direction.sender, self._context, seal, part)
        stream, said_part, signature = shown[:_DIGEST_BYTES], shown[_DIGEST_BYTES : 2 * _DIGEST_BYTES], shown[-SIGNATURE_BYTES:]
        said = Claim(**{name: getattr(found, name) for name in _SAME}, stream=stream, part=said_part)
        signed = SignedClaim(claim=said, signature=signature)
        # The next proof's claim covers all that a coin's does; if none comes, `verify_heard` looks at the coin's.
        if (said != found or seal.signed.why is not Why.COIN) and not self._is_signed(signed):
            raise ClaimForged(party=str(compute(direction.sender)))
        direction.said.append(signed)
        direction.heard.append(replace(found, signer=self.me))
        if said != found:
            raise TranscriptDisputed(first=str(compute(direction.sender)), second=str(compute(self.me)))

    def verify_heard(self) -> None:
        """Look at the signatures that were put off.

        Raises:
            ClaimForged: one is not the neighbour's: it sent a coin that it could deny.
        """
        for direction in self._directions:
            if direction.sender != self.me and not all(self._is_signed(one) for one in direction.said):
                raise ClaimForged(party=str(compute(direction.sender)))

    @property
    def has_claims(self) -> bool:
        """Whether anything was signed."""
        return any(one.said for one in self._directions)

    def depose(self) -> Deposition:
        """What this node can show now: its neighbours' last words and its own."""
        directions = list(self._directions)  # the role may still be at work in its thread
        claims = [claim for one in directions for claim in list(one.said) if self._is_signed(claim)]
        heard = [claim for one in directions for claim in list(one.heard)]
        claims += [SignedClaim(claim=one, signature=self._sign(one.to_sign())) for one in heard]
        return Deposition(witness=self.me, keys=tuple(self._keys[place] for place in sorted(self._keys)), claims=tuple(claims))

    def _is_signed(self, one: SignedClaim) -> bool:
        """By the place key of its signer."""
        return is_signature(self._keys[one.claim.signer].key.public, one.claim.to_sign(), one.signature)


_SAME = ("context", "signer", "sender", "receiver", "round", "why", "bytes_said")


def _part(seal: Seal, last: bytes | memoryview, is_digest: bool) -> bytes:
    """The digest of the part that a round tells; zeros where it tells none."""
    if not seal.signed.why.is_told_twice:
        return _NO_PART
    if is_digest:
        return bytes(last)
    part = sha256(seal.signed.prefix)
    part.update(last)
    return part.digest()
