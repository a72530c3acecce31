"""How the key comes about without anybody ever holding it: everybody deals, everybody checks (FROST's key generation), and the
same in order to hand a key on to other members (redistribution).

A dealing is told apart by its `context`, a digest of everything that was agreed about it. Of one secret seed a member derives
all that it needs in it, so that after a crash it says the same again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from atoll.primitives import hpke, ristretto, sharing
from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.errors import HpkeKeyError, HpkeOpenError, PointError, ScalarError
from atoll.primitives.hpke import HpkeReceiver, HpkeSender
from atoll.primitives.ristretto import POINT_BYTES, SCALAR_BYTES, SecretScalar
from atoll.primitives.sharing import Polynomial
from atoll.primitives.x25519 import ClampedSecret
from atoll.primitives.x25519 import multiply as x25519_multiply
from atoll.protocols.threshold_oprf.errors import BadDeal, WrongShare

CONTEXT_DOMAIN = b"ATOLL-V1-OPRF-DEALING"
KNOWLEDGE_DOMAIN = b"ATOLL-V1-OPRF-KNOWLEDGE"
SHARE_DOMAIN = b"ATOLL-V1-OPRF-SHARE"
SEALED_BYTES = hpke.KEY_BYTES + SCALAR_BYTES + hpke.TAG_BYTES
"""A sealed share: encapsulation, scalar, tag."""
_ANY_SECRET = ClampedSecret.from_bytes(bytes(range(32)))


def digest_context(
    genesis_digest: bytes, *, number: int, renews: int, threshold: int, dealers: Sequence[str], members: Sequence[str]
) -> bytes:
    """What names a dealing: SHA-256 over the ledger, its number, the epoch it renews, the threshold, and who takes part."""
    parts = [genesis_digest, *(value.to_bytes(8, "big") for value in (number, renews, threshold, len(dealers), len(members)))]
    parts += [name.encode() for name in (*dealers, *members)]
    return hashlib.sha256(CONTEXT_DOMAIN + b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


def threshold_of(members: int) -> int:
    """How many of so many members must take part: more than half."""
    return members // 2 + 1


@dataclass(frozen=True, slots=True)
class Deal:
    """What a dealer publishes."""

    sender_key: bytes
    """X25519 public key that the shares are sealed with."""
    commitments: tuple[bytes, ...]
    """To the coefficients, the constant term first."""
    proof: bytes
    """That the dealer knows the constant term."""
    sealed: tuple[bytes, ...]
    """A share for each member in order; empty for one that has no key."""


def derive_material(seed: bytes, dealer: str) -> bytes:
    """What a member's key for shares of one dealer is derived from; a complaint about that dealer gives it away."""
    return SeededEntropy(seed).fork(f"receiver {dealer}").bytes(hpke.KEY_BYTES)


def receiver_key(material: bytes) -> bytes:
    """The public key for that material."""
    return hpke.derive_key_pair(material).public


def verify_receiver_keys(keys: Sequence[bytes]) -> None:
    """That something can be sealed to each of these keys.

    Raises:
        PointError: `.index` is the first that is malformed or of small order.
    """
    x25519_multiply(b"".join(keys), _ANY_SECRET, threads=1)


def deal(
    seed: bytes,
    context: bytes,
    *,
    dealer: str,
    threshold: int,
    receivers: Mapping[str, bytes | None],
    secret: SecretScalar | None = None,
) -> Deal:
    """Share a secret among members.

    Args:
        seed: of this dealing, 32 bytes; secret, and used in no other.
        context: of this dealing.
        dealer: who deals.
        threshold: how many will be needed.
        receivers: each member's key for shares of this dealer, in the order of their places; None for one without.
        secret: what is shared: the dealer's old share where a key is handed on; a fresh secret where None.

    Cost: t multiplications for the commitments, one sealing a member. Encapsulations are drawn anew each time; all else is
    the same for the same seed.
    """
    entropy = SeededEntropy(seed).fork(f"deal {context.hex()}")
    constant = secret if secret is not None else ristretto.draw_secret(entropy.fork("constant"))
    polynomial = Polynomial.derive(constant, entropy.fork("polynomial").bytes(32), threshold)
    commitments = split_points(polynomial.commitments())
    nonce = ristretto.draw_secret(entropy.fork("knowledge"))
    sender = hpke.draw_key_pair(entropy.fork("sender"))
    sealed = []
    for place, (member, key) in enumerate(receivers.items(), start=1):
        if key is None:
            sealed.append(b"")
            continue
        channel = HpkeSender(sender.secret, key, _share_info(context, dealer, member))
        share = polynomial.at(place).expose()
        sealed.append(channel.encapsulation + channel.seal(_digest(commitments), share))
    proof = sharing.prove_knowledge(constant, knowledge_prefix(context, dealer), nonce)
    return Deal(sender.public, commitments, proof, tuple(sealed))


def knowledge_prefix(context: bytes, dealer: str) -> bytes:
    """What a proof of knowledge is bound to: this dealing and its dealer."""
    return KNOWLEDGE_DOMAIN + context + hashlib.sha256(dealer.encode()).digest()


def verify_deal(
    context: bytes, dealer: str, commitments: Sequence[bytes], proof: bytes, *, threshold: int, old_share: bytes | None
) -> None:
    """What everybody can check of a deal.

    Args:
        context: of this dealing.
        dealer: who dealt.
        commitments: as dealt.
        proof: as dealt.
        threshold: how many will be needed.
        old_share: the dealer's public share where a key is handed on, else None.

    Raises:
        BadDeal: the number of commitments, one of them, or the proof; or another secret than the old share is dealt.
    """
    if len(commitments) != threshold:
        raise BadDeal(org=dealer, reason=f"it has {len(commitments)} commitments, and {threshold} are needed")
    if not all(ristretto.is_point(one) for one in commitments):
        raise BadDeal(org=dealer, reason="a commitment is no element of the group, or is the identity")
    if old_share is not None and commitments[0] != old_share:
        raise BadDeal(org=dealer, reason="it deals something else than its share")
    if not sharing.is_knowledge(commitments[0], knowledge_prefix(context, dealer), proof):
        raise BadDeal(org=dealer, reason="it does not prove that it knows what it deals")


def open_share(material: bytes, context: bytes, *, dealer: str, member: str, place: int, dealt: Deal) -> SecretScalar:
    """A member's share of one deal, checked against the dealer's commitments.

    Args:
        material: the member's, for this dealer.
        context: of this dealing.
        dealer: who dealt.
        member: whose share.
        place: the member's.
        dealt: what the dealer published.

    Raises:
        WrongShare: it does not open, is no scalar, or is not what was committed to: the dealer is faulty, and who is shown
            `material` sees it too.
    """
    sealed = dealt.sealed[place - 1]
    receiver_secret = hpke.derive_key_pair(material).secret
    try:
        channel = HpkeReceiver(
            receiver_secret, dealt.sender_key, sealed[: hpke.KEY_BYTES], _share_info(context, dealer, member)
        )
        share = SecretScalar.from_canonical(channel.open(_digest(dealt.commitments), sealed[hpke.KEY_BYTES :]))
        if sharing.is_share(share, b"".join(dealt.commitments), place):
            return share
    except (HpkeKeyError, HpkeOpenError, ScalarError, PointError, ValueError) as err:
        raise WrongShare(org=dealer, member=member) from err
    raise WrongShare(org=dealer, member=member)


def weights_of(dealers: Sequence[str], places: Sequence[int] = ()) -> dict[str, int]:
    """By what each deal counts: all alike for a new key; by Lagrange where one is handed on.

    Args:
        dealers: whose deals count; where a key is handed on, as many as its old threshold.
        places: where their old shares lie; none for a new key.
    """
    return dict(zip(dealers, sharing.lagrange(places) if places else [1] * len(dealers), strict=True))


def add_up(
    commitments: Mapping[str, Sequence[bytes]], weights: Mapping[str, int], members: int
) -> tuple[bytes, tuple[bytes, ...]]:
    """The joint public key and the public share of each place.

    Raises:
        PointError: one of them is the identity; honest dealers' never are.

    Cost: t sums of as many multiples as dealers, and about 10 t additions a member.
    """
    dealers = list(weights)
    columns = zip(*(commitments[dealer] for dealer in dealers), strict=True)
    joint = [sharing.add_weighted(column, [weights[dealer] for dealer in dealers]) for column in columns]
    packed = b"".join(joint)
    shares = tuple(sharing.public_share(packed, place) for place in range(1, members + 1))
    for index, point in enumerate((joint[0], *shares)):
        if not ristretto.is_point(point):
            raise PointError(index=index)
    return joint[0], shares


def split_points(packed: bytes) -> tuple[bytes, ...]:
    """Packed points, one by one."""
    return tuple(packed[at : at + POINT_BYTES] for at in range(0, len(packed), POINT_BYTES))


def _share_info(context: bytes, dealer: str, member: str) -> bytes:
    names = hashlib.sha256(dealer.encode()).digest() + hashlib.sha256(member.encode()).digest()
    return SHARE_DOMAIN + context + names


def _digest(commitments: Sequence[bytes]) -> bytes:
    return hashlib.sha256(b"".join(commitments)).digest()
