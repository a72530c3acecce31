"""Recovery: the old identity key is lost; the recovery key and more than half of the others announce a new one, a day ahead."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.records import Key, PendingKey
from atoll.ledger.rules.errors import BadApproval, BadKey, BadSignature, TooEarly, Unknown, WrongState
from atoll.ledger.rules.keys import (
    RECOVERY_DELAY_SECONDS,
    ActivateKey,
    Approval,
    CancelRecovery,
    RecoverKey,
    RevokeKey,
    announcement_bytes,
)
from atoll.ledger.rules.membership import SetEndpoints
from atoll.trust.keys import Purpose
from tests.unit.rules.lagoon import Lagoon, new_key

NEW = new_key(Purpose.IDENTITY, "recovered")
MOVE = SetEndpoints(peer="", https="")
DAY = RECOVERY_DELAY_SECONDS


def announcement(lagoon: Lagoon, *approvers: str, public: bytes = NEW.public.data, number: int = 1) -> RecoverKey:
    """The bank's new key, with the recovery key's signature and these members' approvals."""
    identity, what = Purpose.IDENTITY, announcement_bytes(number, public)
    approvals = tuple(
        Approval(org=org, signature=lagoon.second("bank", identity, what, by=lagoon.founding.keys[org][identity]))
        for org in approvers
    )
    recovery = lagoon.second("bank", identity, what)
    return RecoverKey(org="bank", public=public, recovery=recovery, approvals=approvals)


def announced(*, public: bytes = NEW.public.data) -> Lagoon:
    """The bank's recovery is pending."""
    lagoon = Lagoon()
    return lagoon.do("auditor", announcement(lagoon, "auditor", "bureau", "telecom", public=public))


def cancellation(lagoon: Lagoon, public: bytes = NEW.public.data, number: int = 1) -> CancelRecovery:
    """Signed by the recovery key."""
    what = b"cancel" + announcement_bytes(number, public)
    return CancelRecovery(org="bank", second=lagoon.second("bank", Purpose.IDENTITY, what))


# -- the good case -------------------------------------------------------------------------------------------------------------


def test_the_recovered_key_acts_after_a_public_day() -> None:
    lagoon = announced()
    assert DAY == 24 * 3600
    pending = lagoon.get(PendingKey, "bank")
    assert (pending.public, pending.acts_at) == (NEW.public.data, lagoon.time + DAY)
    lagoon.later(seconds=DAY - 1).refused(TooEarly, "telecom", ActivateKey(org="bank"))
    lagoon.later(seconds=1).do("telecom", ActivateKey(org="bank"))
    lagoon.do("bank", MOVE, key=NEW, version=2)
    lagoon.refused(BadSignature, "bank", MOVE)


def test_until_then_the_old_key_goes_on_signing() -> None:
    announced().do("bank", MOVE)


def test_a_revoked_identity_can_be_recovered() -> None:
    lagoon = Lagoon()
    second = lagoon.second("bank", Purpose.IDENTITY, b"revoke")
    lagoon.do("auditor", RevokeKey(org="bank", purpose=Purpose.IDENTITY, second=second))
    lagoon.do("auditor", announcement(lagoon, "auditor", "bureau", "operator"))
    lagoon.later(seconds=DAY).do("auditor", ActivateKey(org="bank"))
    lagoon.do("bank", MOVE, key=NEW, version=2)
    assert not lagoon.get(Key, "bank/identity/1").is_valid_at(lagoon.height)


# -- how many must approve -----------------------------------------------------------------------------------------------------


def test_half_of_the_other_validating_members_is_not_enough() -> None:
    lagoon = Lagoon()
    sentence = lagoon.refused(BadApproval, "auditor", announcement(lagoon, "auditor", "bureau"))
    assert "more than half of 4" in sentence
    lagoon.do("auditor", announcement(lagoon, "auditor", "bureau", "operator"))


def test_nobody_counts_twice() -> None:
    lagoon = Lagoon()
    lagoon.refused(BadApproval, "auditor", announcement(lagoon, "auditor", "bureau", "bureau", "auditor"))


def test_the_organisation_itself_does_not_approve_its_own_recovery() -> None:
    lagoon = Lagoon()
    lagoon.refused(BadApproval, "auditor", announcement(lagoon, "auditor", "bureau", "bank"))


def test_a_member_that_does_not_validate_approves_nothing() -> None:
    lagoon = Lagoon(not_validating=["telecom"])
    lagoon.refused(BadApproval, "auditor", announcement(lagoon, "auditor", "telecom"))
    lagoon.do("auditor", announcement(lagoon, "auditor", "bureau"))


def test_an_approval_with_a_wrong_signature_or_by_a_stranger_counts_for_nothing() -> None:
    lagoon = Lagoon()
    lagoon.founding.add("stranger")
    good = announcement(lagoon, "auditor", "bureau", "telecom")
    forged = (*good.approvals[:2], replace(good.approvals[2], signature=bytes(64)))
    lagoon.refused(BadApproval, "auditor", replace(good, approvals=forged))
    lagoon.refused(BadApproval, "auditor", announcement(lagoon, "auditor", "bureau", "stranger"))


def test_an_approval_of_a_revoked_key_counts_for_nothing() -> None:
    lagoon = Lagoon().do("telecom", RevokeKey(org="telecom", purpose=Purpose.IDENTITY, second=b""))
    lagoon.refused(BadApproval, "auditor", announcement(lagoon, "auditor", "bureau", "telecom"))


def test_approvals_are_for_one_key_only() -> None:
    lagoon = Lagoon()
    other = new_key(Purpose.IDENTITY, "other").public.data
    approved = announcement(lagoon, "auditor", "bureau", "telecom")
    mixed = replace(announcement(lagoon, public=other), approvals=approved.approvals)
    lagoon.refused(BadApproval, "auditor", mixed)


def test_all_the_members_together_recover_nothing_without_the_recovery_key() -> None:
    lagoon = Lagoon()
    good = announcement(lagoon, "auditor", "bureau", "operator", "telecom")
    lagoon.refused(BadApproval, "auditor", replace(good, recovery=bytes(64)))
    lagoon.do("bank", RevokeKey(org="bank", purpose=Purpose.RECOVERY, second=b""))
    lagoon.refused(BadApproval, "auditor", good)


# -- how it is stopped ---------------------------------------------------------------------------------------------------------


def test_the_old_key_cancels() -> None:
    lagoon = announced().do("bank", CancelRecovery(org="bank", second=b""))
    lagoon.later(seconds=DAY).refused(WrongState, "auditor", ActivateKey(org="bank"))


def test_the_recovery_key_cancels_whoever_carries_it() -> None:
    lagoon = announced()
    lagoon.do("telecom", cancellation(lagoon))
    lagoon.later(seconds=DAY).refused(WrongState, "auditor", ActivateKey(org="bank"))


@pytest.mark.parametrize("second", [b"", bytes(64)])
def test_nobody_else_cancels(second: bytes) -> None:
    announced().refused(BadApproval, "telecom", CancelRecovery(org="bank", second=second))


def test_a_cancellation_of_one_key_does_not_cancel_a_later_one() -> None:
    """Else whoever keeps an old cancellation could stop every recovery of this organisation."""
    lagoon = announced()
    kept = cancellation(lagoon)
    lagoon.do("telecom", kept)
    better = new_key(Purpose.IDENTITY, "better").public.data
    lagoon.do("auditor", announcement(lagoon, "auditor", "bureau", "telecom", public=better, number=2))
    lagoon.refused(BadApproval, "telecom", kept)
    lagoon.later(seconds=DAY).do("auditor", ActivateKey(org="bank"))
    assert lagoon.key("bank", Purpose.IDENTITY).public == better


def test_a_rotation_in_the_meantime_voids_what_was_announced() -> None:
    """The approvals were for replacing the old version; they do not reach the one that took its place."""
    lagoon, found = announced(), new_key(Purpose.IDENTITY, "found")
    lagoon.rotate("bank", Purpose.IDENTITY, found)
    lagoon.later(seconds=DAY).refused(WrongState, "auditor", ActivateKey(org="bank"))
    lagoon.do("bank", MOVE, key=found, version=2)


def test_a_rotation_of_another_key_voids_nothing() -> None:
    lagoon = announced().rotate("bank", Purpose.COSIGN, new_key(Purpose.COSIGN))
    lagoon.later(seconds=DAY).do("auditor", ActivateKey(org="bank"))


def test_nobody_puts_off_the_day_by_sending_an_announcement_again() -> None:
    """What was signed for it is public."""
    lagoon = announced().later(seconds=DAY - 10)
    sentence = lagoon.refused(WrongState, "telecom", announcement(lagoon, "auditor", "bureau", "telecom"))
    assert "pending" in sentence
    lagoon.later(seconds=10).do("auditor", ActivateKey(org="bank"))


def test_an_announcement_that_was_cancelled_cannot_be_sent_again() -> None:
    lagoon, voices = Lagoon(), ("auditor", "bureau", "telecom")
    sent = []
    for number in (1, 2, 3):  # behind another one that was cancelled no more than at once
        public = new_key(Purpose.IDENTITY, f"new {number}").public.data
        sent.append(announcement(lagoon, *voices, public=public, number=number))
        lagoon.do("auditor", sent[-1]).do("bank", CancelRecovery(org="bank", second=b""))
        for one in sent:
            assert "recovery key" in lagoon.refused(BadApproval, "telecom", one)
    lagoon.do("auditor", announcement(lagoon, *voices, public=sent[0].public, number=4))


def test_members_approve_one_announcement_and_no_later_one_of_the_same_key() -> None:
    lagoon = Lagoon()
    old = announcement(lagoon, "auditor", "bureau", "telecom")
    lagoon.do("auditor", old).do("bank", CancelRecovery(org="bank", second=b""))
    mixed = replace(announcement(lagoon, number=2), approvals=old.approvals)
    assert "more than half" in lagoon.refused(BadApproval, "telecom", mixed)


def test_what_the_recovery_key_signs_for_a_rotation_announces_nothing() -> None:
    lagoon = Lagoon()
    rotation = lagoon.second("bank", Purpose.IDENTITY, NEW.public.data)
    lagoon.refused(BadApproval, "auditor", replace(announcement(lagoon, "auditor", "bureau", "telecom"), recovery=rotation))


def test_an_announcement_does_not_take_the_place_of_a_pending_one() -> None:
    """Else one that was cancelled could come back behind another."""
    lagoon, other = announced(), new_key(Purpose.IDENTITY, "other").public.data
    lagoon.refused(WrongState, "auditor", announcement(lagoon, "auditor", "bureau", "telecom", public=other))


def test_approvals_are_sorted_each_once_so_that_nobody_pays_for_a_hundred_copies() -> None:
    lagoon = Lagoon()
    sentence = lagoon.refused(BadApproval, "auditor", announcement(lagoon, "auditor", "bureau", "bureau", "telecom"))
    assert "each once" in sentence
    lagoon.refused(BadApproval, "auditor", announcement(lagoon, "telecom", "bureau", "auditor"))


def test_a_recovery_acts_once() -> None:
    lagoon = announced().later(seconds=DAY).do("auditor", ActivateKey(org="bank"))
    lagoon.refused(WrongState, "auditor", ActivateKey(org="bank"))


def test_an_announcement_for_an_old_version_cannot_be_replayed() -> None:
    lagoon = Lagoon()
    kept = announcement(lagoon, "auditor", "bureau", "telecom")
    lagoon.do("auditor", kept).later(seconds=DAY).do("auditor", ActivateKey(org="bank"))
    lagoon.refused(BadApproval, "auditor", kept)


def test_where_nothing_is_pending_there_is_nothing_to_activate_or_cancel() -> None:
    Lagoon().refused(Unknown, "auditor", ActivateKey(org="bank"))
    Lagoon().refused(Unknown, "bank", CancelRecovery(org="bank", second=b""))


def test_a_key_of_small_order_never_becomes_an_identity() -> None:
    lagoon = announced(public=bytes([1]) + bytes(31)).later(seconds=DAY)
    lagoon.refused(BadKey, "auditor", ActivateKey(org="bank"))
