"""What is dealt: sealed to one member in one dealing, bound to its commitments, and drawn from one seed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.primitives import sharing
from atoll.primitives.errors import PointError
from atoll.primitives.ristretto import SecretScalar
from atoll.primitives.sharing import Polynomial
from atoll.protocols.threshold_oprf import (
    SEALED_BYTES,
    BadDeal,
    Deal,
    WrongShare,
    add_up,
    deal,
    dealing,
    derive_material,
    digest_context,
    open_share,
    receiver_key,
    threshold_of,
    verify_deal,
    verify_receiver_keys,
    weights_of,
)

MEMBERS = ["ann", "bob", "eve"]
AGREED: dict[str, Any] = {"number": 1, "renews": 0, "threshold": 2, "dealers": MEMBERS, "members": MEMBERS}
CONTEXT = digest_context(bytes(32), **AGREED)
OTHER = digest_context(bytes(32), **(AGREED | {"number": 2}))


def material(member: str, dealer: str = "ann") -> bytes:
    return derive_material(member.encode().ljust(32, b"."), dealer)


def dealt(*, context: bytes = CONTEXT, seed: bytes = b"\x01" * 32, **changes: Any) -> Deal:
    keys = {member: receiver_key(material(member)) for member in MEMBERS}
    arguments: dict[str, Any] = {"dealer": "ann", "threshold": 2, "receivers": keys}
    return deal(seed, context, **(arguments | changes))


def opened(given: Deal, **changes: Any) -> SecretScalar:
    arguments: dict[str, Any] = {"material": material("bob"), "context": CONTEXT, "dealer": "ann", "member": "bob", "place": 2}
    return open_share(dealt=given, **(arguments | changes))


def verify(given: Deal, **changes: Any) -> None:
    arguments: dict[str, Any] = {"context": CONTEXT, "dealer": "ann", "threshold": 2, "old_share": None, "proof": given.proof}
    verify_deal(**(arguments | {"commitments": given.commitments} | changes))


def test_any_two_shares_make_the_secret_that_was_dealt() -> None:
    secret = SecretScalar.from_canonical((7).to_bytes(32, "little"))
    given = dealt(secret=secret)
    verify(given)
    shares = [opened(given, material=material(one), member=one, place=at) for at, one in enumerate(MEMBERS, 1)]
    for places in ([1, 2], [1, 3], [3, 2]):
        parts = [shares[place - 1] for place in places]
        assert sharing.add_shares(parts, sharing.lagrange(places)).expose() == secret.expose()
    assert sharing.add_shares(shares[:1], sharing.lagrange([1])).expose() != secret.expose()


def test_one_seed_says_the_same_in_one_dealing_and_something_else_in_another() -> None:
    """A node that is killed and starts again must not deal two different polynomials."""
    once, again = dealt(), dealt()
    assert (once.commitments, once.proof, once.sender_key) == (again.commitments, again.proof, again.sender_key)
    assert opened(once).expose() == opened(again).expose()
    assert dealt(context=OTHER).commitments[0] != once.commitments[0]


def test_what_names_a_dealing_covers_everything_that_was_agreed() -> None:
    changes: list[dict[str, Any]] = [
        {"number": 2},
        {"renews": 1},
        {"threshold": 1},
        {"dealers": ["ann", "bob"]},
        {"members": ["ann", "bobeve"]},
        {"dealers": ["ann"], "members": ["bob", "eve", "ann", "bob", "eve"]},
    ]
    digests = {digest_context(bytes(32), **(AGREED | change)) for change in changes}
    assert len(digests | {CONTEXT, digest_context(b"\x01" * 32, **AGREED)}) == len(changes) + 2


@pytest.mark.parametrize(
    "changes",
    [
        {"material": material("eve")},
        {"material": material("bob", "eve")},
        {"context": OTHER},
        {"dealer": "eve"},
        {"member": "eve"},
        {"place": 1},
        {"place": 3, "member": "eve", "material": material("bob")},
    ],
    ids=[
        "another's key",
        "the key for another dealer",
        "another dealing",
        "another dealer",
        "another name",
        "another place",
        "eve's",
    ],
)
def test_a_share_opens_for_its_member_in_its_dealing_alone(changes: dict[str, Any]) -> None:
    with pytest.raises(WrongShare):
        opened(dealt(), **changes)


def test_a_share_that_does_not_fit_its_commitments_is_refused() -> None:
    good, other = dealt(), dealt(seed=b"\x02" * 32)
    with pytest.raises(WrongShare):  # commitments are bound by the seal
        opened(replace(good, commitments=other.commitments))
    changed = good.sealed[1][:-1] + bytes([good.sealed[1][-1] ^ 1])
    for sealed in (changed, b"", bytes(SEALED_BYTES)):
        with pytest.raises(WrongShare):
            opened(replace(good, sealed=(good.sealed[0], sealed, good.sealed[2])))
    with pytest.raises(WrongShare):
        opened(replace(good, sender_key=bytes(32)))


class CrookedPolynomial:
    """A dealer's that gives everybody the share of the next place, and the last one what is no share."""

    def __init__(self, honest: Polynomial) -> None:
        self._honest = honest

    @classmethod
    def derive(cls, secret: SecretScalar, seed: bytes, threshold: int) -> CrookedPolynomial:
        return cls(Polynomial.derive(secret, seed, threshold))

    def commitments(self) -> bytes:
        return self._honest.commitments()

    def at(self, place: int) -> SecretScalar | Zero:
        return self._honest.at(place + 1) if place < len(MEMBERS) else Zero()


class Zero:
    """A scalar that no share is."""

    def expose(self) -> bytes:
        return bytes(32)


def test_a_share_sealed_properly_and_yet_wrong_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dealing, "Polynomial", CrookedPolynomial)
    crooked = dealt()
    verify(crooked)  # nobody but the receivers can see it
    for place, member in enumerate(MEMBERS, 1):
        with pytest.raises(WrongShare):
            opened(crooked, member=member, place=place, material=material(member))


def test_a_proof_holds_for_its_dealer_and_dealing_alone() -> None:
    good = dealt()
    verify(good)
    for changes in ({"dealer": "bob"}, {"context": OTHER}, {"proof": bytes(64)}, {"proof": good.proof[32:] + good.proof[:32]}):
        with pytest.raises(BadDeal, match="knows"):
            verify(good, **changes)


def test_commitments_are_as_many_as_the_threshold_and_all_of_them_elements() -> None:
    good = dealt()
    with pytest.raises(BadDeal, match="2 commitments, and 3"):
        verify(good, threshold=3)
    for bad in (bytes(32), b"\xff" * 32, (1).to_bytes(32, "big")):
        with pytest.raises(BadDeal, match="no element"):
            verify(good, commitments=(good.commitments[0], bad))
    with pytest.raises(BadDeal, match="something else"):
        verify(good, old_share=good.commitments[1])


def test_deals_that_cancel_each_other_out_make_no_key() -> None:
    one = SecretScalar.from_canonical((1).to_bytes(32, "little"))
    minus = SecretScalar.from_canonical((sharing.ORDER - 1).to_bytes(32, "little"))
    deals = {"ann": dealt(secret=one).commitments, "bob": dealt(secret=minus, seed=b"\x02" * 32).commitments}
    with pytest.raises(PointError):
        add_up(deals, weights_of(["ann", "bob"]), 3)


def test_nothing_is_sealed_to_a_key_of_small_order() -> None:
    good = receiver_key(material("bob"))
    verify_receiver_keys([good, good])
    for bad in (bytes(32), (1).to_bytes(32, "little"), b"\xff" * 32):
        with pytest.raises(PointError) as caught:
            verify_receiver_keys([good, bad])
        assert caught.value.index == 1


def test_more_than_half_are_needed() -> None:
    assert [threshold_of(members) for members in range(1, 8)] == [1, 2, 2, 3, 3, 4, 4]
