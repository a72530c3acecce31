"""Keys: rotated by their owner, revoked at once, and never erased from the past."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.records import REVOKED_COSIGN, ConsensusSet, Key
from atoll.ledger.rules.errors import BadApproval, BadKey, BadSignature, BadTransaction, NotAllowed, Unknown, WrongState
from atoll.ledger.rules.keys import RevokeKey, RotateKey
from atoll.ledger.rules.membership import SetEndpoints
from atoll.primitives.ed25519 import is_acceptable_key
from atoll.testing.consortium import FixedClock, NamedEntropy
from atoll.trust.keys import MEMBER_PURPOSES, Purpose
from atoll.trust.tlskeys import create_tls_key
from tests.unit.rules.lagoon import Lagoon, new_key

MOVE = SetEndpoints(peer="", https="")
OWN_BUSINESS = (Purpose.COSIGN, Purpose.LOG)
GUARDED = (Purpose.IDENTITY, Purpose.RECOVERY)


def revocation(purpose: Purpose, *, org: str = "bank", second: bytes = b"") -> RevokeKey:
    return RevokeKey(org=org, purpose=purpose, second=second)


# -- rotation ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", GUARDED)
def test_identity_and_recovery_keys_are_rotated_by_both_of_them(purpose: Purpose) -> None:
    lagoon, new = Lagoon().later(heights=4), new_key(purpose)
    lagoon.rotate("bank", purpose, new)
    key = lagoon.key("bank", purpose)
    assert (key.version, key.public, key.from_height, key.to_height) == (2, new.public.data, 5, None)


@pytest.mark.parametrize("purpose", GUARDED)
def test_without_the_recovery_keys_signature_they_stay(purpose: Purpose) -> None:
    lagoon, new = Lagoon(), new_key(purpose)
    rotation = RotateKey(purpose=purpose, public=new.public.data, second=b"")
    lagoon.refused(BadApproval, "bank", rotation)
    lagoon.refused(BadApproval, "bank", replace(rotation, second=bytes(64)))
    signed = lagoon.second("bank", purpose, new.public.data, by=lagoon.founding.keys["bank"][Purpose.IDENTITY])
    lagoon.refused(BadApproval, "bank", replace(rotation, second=signed))


def test_a_second_signature_is_for_one_key_one_purpose_one_version_one_member_and_one_chain() -> None:
    lagoon, new, other = Lagoon(), new_key(Purpose.IDENTITY), new_key(Purpose.IDENTITY, "other")
    good = lagoon.second("bank", Purpose.IDENTITY, new.public.data)
    lagoon.refused(BadApproval, "bank", RotateKey(purpose=Purpose.IDENTITY, public=other.public.data, second=good))
    lagoon.refused(BadApproval, "bank", RotateKey(purpose=Purpose.RECOVERY, public=new.public.data, second=good))
    of_bureau = lagoon.second("bureau", Purpose.IDENTITY, new.public.data, by=lagoon.founding.keys["bank"][Purpose.RECOVERY])
    lagoon.refused(BadApproval, "bank", RotateKey(purpose=Purpose.IDENTITY, public=new.public.data, second=of_bureau))
    elsewhere = Lagoon(chain_id="test.example/other").second("bank", Purpose.IDENTITY, new.public.data)
    lagoon.refused(BadApproval, "bank", RotateKey(purpose=Purpose.IDENTITY, public=new.public.data, second=elsewhere))
    lagoon.rotate("bank", Purpose.IDENTITY, other)
    replayed = RotateKey(purpose=Purpose.IDENTITY, public=new.public.data, second=good)
    lagoon.refused(BadApproval, "bank", replayed, version=2, key=other)


@pytest.mark.parametrize("purpose", OWN_BUSINESS)
def test_cosign_and_log_keys_are_the_members_own_business(purpose: Purpose) -> None:
    lagoon, new = Lagoon(), new_key(purpose)
    lagoon.rotate("bank", purpose, new)
    assert lagoon.key("bank", purpose).public == new.public.data


def test_a_tls_certificate_is_registered_by_the_identity_key() -> None:
    lagoon = Lagoon()
    certificate = create_tls_key("bank", clock=FixedClock(), entropy=NamedEntropy("next")).certificate
    lagoon.do("bank", RotateKey(purpose=Purpose.TLS, public=certificate, second=b""))
    key = lagoon.key("bank", Purpose.TLS)
    assert (key.version, key.public, str(key.algorithm)) == (2, certificate, "ecdsa-p256")


def test_a_rotated_identity_signs_no_more_and_its_successor_does() -> None:
    lagoon, new = Lagoon(), new_key(Purpose.IDENTITY)
    lagoon.rotate("bank", Purpose.IDENTITY, new)
    lagoon.refused(BadSignature, "bank", MOVE)
    lagoon.refused(BadSignature, "bank", MOVE, key=new)
    lagoon.refused(BadSignature, "bank", MOVE, version=2)
    lagoon.do("bank", MOVE, key=new, version=2)


def test_what_a_rotated_key_signed_at_its_heights_stays_valid() -> None:
    lagoon = Lagoon().later(heights=4)
    lagoon.rotate("bank", Purpose.IDENTITY, new_key(Purpose.IDENTITY)).later()
    old = lagoon.get(Key, "bank/identity/1")
    assert [old.is_valid_at(height) for height in (0, 4, 5, 6)] == [True, True, False, False]
    assert [lagoon.get(Key, "bank/identity/2").is_valid_at(height) for height in (4, 5, 6)] == [False, True, True]


def test_a_rotated_recovery_key_approves_no_more() -> None:
    lagoon, new = Lagoon(), new_key(Purpose.RECOVERY)
    lagoon.rotate("bank", Purpose.RECOVERY, new)
    next_identity = new_key(Purpose.IDENTITY).public.data
    by_old = lagoon.second("bank", Purpose.IDENTITY, next_identity)
    lagoon.refused(BadApproval, "bank", RotateKey(purpose=Purpose.IDENTITY, public=next_identity, second=by_old))
    by_new = lagoon.second("bank", Purpose.IDENTITY, next_identity, by=new)
    lagoon.do("bank", RotateKey(purpose=Purpose.IDENTITY, public=next_identity, second=by_new))


def test_the_consensus_set_follows_a_rotated_cosigning_key() -> None:
    lagoon, new = Lagoon(), new_key(Purpose.COSIGN)
    before = lagoon.get(ConsensusSet, "0")
    lagoon.rotate("bank", Purpose.COSIGN, new)
    after = lagoon.get(ConsensusSet, "0")
    assert {one.org: one.cosign for one in after.validators} == {
        one.org: new.public.data if one.org == "bank" else one.cosign for one in before.validators
    }


def test_the_consensus_set_follows_the_sequencers_log_key_and_nobody_elses() -> None:
    lagoon, new = Lagoon(), new_key(Purpose.LOG)
    before = lagoon.get(ConsensusSet, "0")
    lagoon.rotate("bank", Purpose.LOG, new_key(Purpose.LOG, "bank"))
    assert lagoon.get(ConsensusSet, "0") == before
    lagoon.rotate("operator", Purpose.LOG, new)
    assert lagoon.get(ConsensusSet, "0") == replace(before, log=new.public.data)


@pytest.mark.parametrize("purpose", [*OWN_BUSINESS, *GUARDED])
def test_no_key_is_replaced_by_one_of_small_order_or_by_another_encoding(purpose: Purpose) -> None:
    lagoon = Lagoon()
    for public in (bytes([1]) + bytes(31), b"\xff" * 32, new_key(purpose).public.data + b"\0"):
        second = lagoon.second("bank", purpose, public)
        lagoon.refused(BadKey, "bank", RotateKey(purpose=purpose, public=public, second=second))


@pytest.mark.parametrize("purpose", list(MEMBER_PURPOSES))
def test_no_key_is_replaced_by_itself(purpose: Purpose) -> None:
    lagoon = Lagoon()
    same = lagoon.key("bank", purpose).public
    second = lagoon.second("bank", purpose, same) if purpose in GUARDED else b""
    lagoon.refused(BadKey, "bank", RotateKey(purpose=purpose, public=same, second=second))


def test_no_member_takes_the_cosigning_key_of_another() -> None:
    lagoon = Lagoon()
    taken = lagoon.key("bureau", Purpose.COSIGN).public
    lagoon.refused(BadKey, "bank", RotateKey(purpose=Purpose.COSIGN, public=taken, second=b""))


def test_there_is_no_rotation_of_a_purpose_that_does_not_exist() -> None:
    lagoon = Lagoon()
    body = RotateKey(purpose=Purpose.LOG, public=new_key(Purpose.LOG).public.data, second=b"")
    data = lagoon.founding.sign("bank", body)
    assert lagoon.submit(data).ok
    lagoon.refused(BadTransaction, "bank", _Odd(body))  # type: ignore[arg-type]


class _Odd:
    """A rotation of a purpose that no member has."""

    def __init__(self, body: RotateKey) -> None:
        self.TAG = body.TAG
        self._fields = body.to_map() | {"purpose": "payments"}

    def to_map(self) -> dict[str, object]:
        return self._fields


# -- revocation ----------------------------------------------------------------------------------------------------------------


def test_an_identity_revoked_by_its_owner_signs_no_more_from_that_height_on() -> None:
    lagoon = Lagoon().later(heights=4)
    lagoon.do("bank", MOVE)
    lagoon.do("bank", revocation(Purpose.IDENTITY))
    lagoon.refused(BadSignature, "bank", MOVE)
    lagoon.later().refused(BadSignature, "bank", MOVE)


def test_what_a_revoked_key_signed_before_stays_valid() -> None:
    lagoon = Lagoon().later(heights=4).do("bank", revocation(Purpose.IDENTITY))
    key = lagoon.get(Key, "bank/identity/1")
    assert key.revoked_height == 5
    assert [key.is_valid_at(height) for height in (0, 4, 5, 6)] == [True, True, False, False]


def test_anybody_carries_the_recovery_keys_revocation_to_the_ledger() -> None:
    lagoon = Lagoon()
    second = lagoon.second("bank", Purpose.IDENTITY, b"revoke")
    lagoon.do("auditor", revocation(Purpose.IDENTITY, second=second))
    lagoon.refused(BadSignature, "bank", MOVE)


def test_nobody_revokes_another_members_key_without_its_recovery_key() -> None:
    lagoon = Lagoon()
    for second in (b"", bytes(64), lagoon.second("bank", Purpose.COSIGN, b"revoke")):
        lagoon.refused(BadApproval, "auditor", revocation(Purpose.IDENTITY, second=second))
    own = lagoon.second("bank", Purpose.IDENTITY, b"revoke", by=lagoon.founding.keys["auditor"][Purpose.RECOVERY])
    lagoon.refused(BadApproval, "auditor", revocation(Purpose.IDENTITY, second=own))


def test_a_revocation_is_for_one_version_and_cannot_be_replayed_against_the_next() -> None:
    lagoon, new = Lagoon(), new_key(Purpose.COSIGN)
    second = lagoon.second("bank", Purpose.COSIGN, b"revoke")
    lagoon.rotate("bank", Purpose.COSIGN, new)
    lagoon.refused(BadApproval, "auditor", revocation(Purpose.COSIGN, second=second))


def test_a_key_is_revoked_once() -> None:
    lagoon = Lagoon().do("bank", revocation(Purpose.COSIGN)).later()
    lagoon.refused(WrongState, "bank", revocation(Purpose.COSIGN))
    assert lagoon.get(Key, "bank/cosign/1").revoked_height == lagoon.height - 1


def test_a_revoked_recovery_key_approves_nothing() -> None:
    lagoon, new = Lagoon().do("bank", revocation(Purpose.RECOVERY)), new_key(Purpose.IDENTITY)
    second = lagoon.second("bank", Purpose.IDENTITY, new.public.data)
    lagoon.refused(BadApproval, "bank", RotateKey(purpose=Purpose.IDENTITY, public=new.public.data, second=second))


def test_a_key_of_an_organisation_that_is_no_member_is_unknown() -> None:
    Lagoon().refused(Unknown, "bank", revocation(Purpose.COSIGN, org="stranger"))


def test_a_revoked_cosigning_key_is_replaced_by_its_owner() -> None:
    lagoon, new = Lagoon().do("bank", revocation(Purpose.COSIGN)), new_key(Purpose.COSIGN)
    lagoon.rotate("bank", Purpose.COSIGN, new)
    assert lagoon.key("bank", Purpose.COSIGN).is_valid_at(lagoon.height)
    assert new.public.data in {one.cosign for one in lagoon.get(ConsensusSet, "0").validators}


# -- revoked keys count no more ------------------------------------------------------------------------------------------------


def counted(lagoon: Lagoon) -> list[str]:
    return [one.org for one in lagoon.get(ConsensusSet, "0").counted()]


def test_a_revoked_cosigning_key_counts_no_more_until_its_member_has_rotated_it() -> None:
    lagoon, new = Lagoon(), new_key(Purpose.COSIGN)
    old = lagoon.key("bank", Purpose.COSIGN).public
    lagoon.do("bank", revocation(Purpose.COSIGN))
    consensus = lagoon.get(ConsensusSet, "0")
    assert (counted(lagoon), consensus.quorum()) == (["auditor", "bureau", "telecom"], 3)
    assert old not in {one.cosign for one in consensus.validators}
    lagoon.rotate("bank", Purpose.COSIGN, new)
    assert counted(lagoon) == ["auditor", "bank", "bureau", "telecom"]


def test_nothing_verifies_under_what_stands_for_a_revoked_key() -> None:
    assert not is_acceptable_key(REVOKED_COSIGN)


def test_two_members_may_have_revoked_theirs_at_the_same_time() -> None:
    lagoon = Lagoon().do("bank", revocation(Purpose.COSIGN)).do("telecom", revocation(Purpose.COSIGN, org="telecom"))
    assert counted(lagoon) == ["auditor", "bureau"]


def test_a_member_that_does_not_validate_does_not_begin_to_by_revoking_and_rotating() -> None:
    lagoon = Lagoon(not_validating=["bank"])
    before = lagoon.get(ConsensusSet, "0")
    lagoon.do("bank", revocation(Purpose.COSIGN)).rotate("bank", Purpose.COSIGN, new_key(Purpose.COSIGN))
    assert lagoon.get(ConsensusSet, "0") == before


def test_the_last_key_that_counts_is_rotated_and_not_revoked() -> None:
    lagoon, new = Lagoon(orgs=["operator", "bank"]), new_key(Purpose.COSIGN)
    lagoon.refused(NotAllowed, "bank", revocation(Purpose.COSIGN))
    assert counted(lagoon.rotate("bank", Purpose.COSIGN, new)) == ["bank"]


def test_the_sequencers_own_cosigning_key_counts_neither_before_nor_after_its_revocation() -> None:
    lagoon = Lagoon()
    before = counted(lagoon)
    assert counted(lagoon.do("operator", revocation(Purpose.COSIGN, org="operator"))) == before


def test_the_key_that_checkpoints_are_signed_with_is_rotated_and_not_revoked() -> None:
    lagoon = Lagoon()
    lagoon.refused(NotAllowed, "operator", revocation(Purpose.LOG, org="operator"))
    lagoon.do("bank", revocation(Purpose.LOG))
