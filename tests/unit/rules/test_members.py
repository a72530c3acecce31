"""Invitations and enrolments: one token, for one organisation, one key, one consortium, once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.records import Assent, ConsensusSet, InviteRecord, Key, Member, MemberState, Motion, Nonce
from atoll.ledger.rules.errors import (
    AlreadyExists,
    BadApproval,
    BadKey,
    BadSignature,
    BadTransaction,
    DeadlinePassed,
    NotAllowed,
    NotCarried,
    Unknown,
    WrongState,
)
from atoll.ledger.rules.membership import EnrolMember, InviteMember, SetEndpoints, newcomer_of
from atoll.ledger.rules.motion import ApproveMotion
from atoll.primitives.ed25519 import is_acceptable_key
from atoll.testing.consortium import FOUNDED, Founding, NamedEntropy, Organisation
from atoll.trust.invite import Invite, InviteBinding, create_invite
from atoll.trust.keys import MEMBER_PURPOSES, Purpose
from tests.unit.rules.lagoon import FILES, Lagoon, enrolment, registration

SMALL_ORDER = bytes([1]) + bytes(31)
"""The neutral element: every signature of nothing verifies under it where verification is lax."""


def invited(expires_at: int = FOUNDED + 100) -> tuple[Lagoon, Organisation, Invite]:
    """A consortium that expects a hospital."""
    lagoon = Lagoon()
    hospital = lagoon.founding.add("hospital")
    return lagoon, hospital, lagoon.invite(hospital, expires_at=expires_at)


def binding_of(lagoon: Lagoon, newcomer: Organisation) -> InviteBinding:
    """What the operator's invitation is bound to."""
    return InviteBinding(
        organisation=newcomer.org,
        key_digest=newcomer.keys[Purpose.IDENTITY].public.digest,
        genesis_digest=lagoon.founding.genesis_digest,
        expires_at=FOUNDED + 100,
        issuer="operator",
    )


def join(hospital: Organisation, invite: Invite, **changes: object) -> EnrolMember:
    return enrolment(hospital, invite.expose_secret(), **changes)


# -- the good case -------------------------------------------------------------------------------------------------------------


def test_an_invited_organisation_enrols_with_the_key_the_invitation_is_bound_to() -> None:
    lagoon, hospital, invite = invited()
    lagoon.do("hospital", join(hospital, invite, peer="hospital.example:7000"))
    member = lagoon.get(Member, "hospital")
    assert (member.state, member.roles, member.peer) == (MemberState.ACTIVE, ("owner",), "hospital.example:7000")
    assert member.joined_height == lagoon.height
    assert lagoon.get(Nonce, "hospital").last == 1


def test_every_key_of_a_new_member_is_registered_as_version_1_from_its_height() -> None:
    lagoon, hospital, invite = invited()
    lagoon.later(heights=4).do("hospital", join(hospital, invite))
    for purpose in MEMBER_PURPOSES:
        key = lagoon.key("hospital", purpose)
        assert (key.version, key.from_height, key.to_height, key.revoked_height) == (1, 5, None, None)
    assert lagoon.key("hospital", Purpose.RECOVERY).public == hospital.public(Purpose.RECOVERY)


def test_a_new_validating_member_counts_towards_the_quorum_and_the_list_stays_sorted() -> None:
    lagoon, hospital, invite = invited()
    before = lagoon.get(ConsensusSet, "0")
    lagoon.do("hospital", join(hospital, invite))
    after = lagoon.get(ConsensusSet, "0")
    assert [one.org for one in after.validators] == ["auditor", "bank", "bureau", "hospital", "operator", "telecom"]
    assert (before.quorum(), after.quorum()) == (3, 4)
    assert next(one.cosign for one in after.validators if one.org == "hospital") == hospital.public(Purpose.COSIGN)


def test_a_new_member_may_act_at_once() -> None:
    lagoon, hospital, invite = invited()
    lagoon.do("hospital", join(hospital, invite)).do("hospital", registration("hospital/patients/1"))


# -- who may invite whom -------------------------------------------------------------------------------------------------------


PLAIN = InviteMember(org="hospital", commitment=bytes(32), roles=("owner",), validating=False, expires_at=FOUNDED + 100)
NEWCOMER = newcomer_of(Organisation("hospital").enrolment())


def test_an_operator_alone_invites_who_owns_and_uses_data() -> None:
    for org in ("auditor", "bank"):
        assert "operator" in Lagoon().refused(NotAllowed, org, PLAIN)
    lagoon = Lagoon().do("operator", PLAIN)
    assert lagoon.get(InviteRecord, "hospital").motion == 0


@pytest.mark.parametrize(
    "invitation",
    [
        replace(PLAIN, validating=True),
        *(
            replace(PLAIN, roles=roles)
            for roles in (("auditor",), ("owner", "regulator"), ("evaluator",), ("operator", "owner"))
        ),
    ],
)
def test_nobody_alone_invites_who_validates_or_is_trusted_by_others(invitation: InviteMember) -> None:
    lagoon = Lagoon()
    assert "whom the others approve" in lagoon.refused(NotAllowed, "operator", invitation)
    hospital = lagoon.founding.add("hospital")
    invite = create_invite(binding_of(lagoon, hospital), NamedEntropy("alone"))
    asked = replace(invitation, commitment=invite.commitment, newcomer=NEWCOMER)
    lagoon.do("operator", asked)
    says = {"roles": invitation.roles, "validating": invitation.validating}
    assert "0 of the 3" in lagoon.refused(NotCarried, "hospital", join(hospital, invite, **says))
    lagoon.do("bank", ApproveMotion(number=1)).do("auditor", ApproveMotion(number=1))
    assert "2 of the 3" in lagoon.refused(NotCarried, "hospital", join(hospital, invite, **says))
    lagoon.do("telecom", ApproveMotion(number=1)).do("hospital", join(hospital, invite, **says))


def test_what_a_plain_invitation_says_of_the_newcomer_is_nobodys_business() -> None:
    Lagoon().refused(NotAllowed, "operator", replace(PLAIN, newcomer=NEWCOMER))


def test_members_that_count_invite_where_the_operator_does_not() -> None:
    lagoon = Lagoon(not_validating=["telecom"])
    asked = replace(PLAIN, validating=True, newcomer=NEWCOMER)
    lagoon.refused(NotAllowed, "telecom", asked)
    lagoon.do("bank", asked)
    assert lagoon.get(Motion, "1").approvals == (Assent(org="bank", key=1),)


@pytest.mark.parametrize("changes", [{"title": "Another"}, {"legal_id": "X"}, {"affiliation": "group"}])
def test_only_the_one_that_was_approved_gets_in(changes: dict[str, str]) -> None:
    lagoon, hospital, invite = invited()
    assert "approved" in lagoon.refused(NotAllowed, "hospital", join(hospital, invite, **changes))
    lagoon.do("hospital", join(hospital, invite))


def test_a_members_name_is_not_free() -> None:
    body = replace(PLAIN, org="bank")
    Lagoon().refused(AlreadyExists, "operator", body)


def test_an_invitation_that_has_expired_already_is_not_made() -> None:
    lagoon = Lagoon()
    body = replace(PLAIN, expires_at=lagoon.time)
    lagoon.refused(DeadlinePassed, "operator", body)
    lagoon.do("operator", replace(body, expires_at=lagoon.time + 1))


def test_a_new_invitation_replaces_one_that_was_not_used() -> None:
    lagoon, hospital, lost = invited()
    again = create_invite(lost.binding, NamedEntropy("again"))
    record = lagoon.get(InviteRecord, "hospital")
    fields = {name: getattr(record, name) for name in ("org", "roles", "validating", "expires_at")}
    lagoon.do("operator", InviteMember(commitment=again.commitment, newcomer=NEWCOMER, **fields))
    lagoon.refused(NotCarried, "hospital", join(hospital, again))
    lagoon.carry(2)
    lagoon.refused(BadApproval, "hospital", join(hospital, lost))
    lagoon.do("hospital", join(hospital, again))


def test_no_member_keeps_an_organisation_out_by_inviting_it_once_more() -> None:
    lagoon = Lagoon().do("bank", replace(PLAIN, validating=True, newcomer=NEWCOMER))
    for other in (replace(PLAIN, validating=True, newcomer=NEWCOMER), PLAIN):
        assert "invitation" in lagoon.refused(AlreadyExists, "operator", other)
    lagoon.do("bank", replace(PLAIN, validating=True, newcomer=NEWCOMER)).later(seconds=100)
    lagoon.do("operator", replace(PLAIN, expires_at=lagoon.time + 1))


def test_nobody_approves_an_invitation_that_another_has_replaced() -> None:
    lagoon = Lagoon()
    asked = replace(PLAIN, validating=True, newcomer=NEWCOMER)
    lagoon.do("operator", asked).do("operator", asked)
    assert "replaced" in lagoon.refused(WrongState, "bank", ApproveMotion(number=1))
    lagoon.do("bank", ApproveMotion(number=2))


# -- what does not let anybody in ----------------------------------------------------------------------------------------------


def test_nobody_enrols_without_an_invitation() -> None:
    lagoon = Lagoon()
    hospital = lagoon.founding.add("hospital")
    lagoon.refused(Unknown, "hospital", enrolment(hospital, bytes(32)))


def test_a_wrong_token_lets_nobody_in() -> None:
    lagoon, hospital, _ = invited()
    lagoon.refused(BadApproval, "hospital", enrolment(hospital, bytes(32)))


def test_the_token_lets_in_no_other_key_than_the_one_it_is_bound_to() -> None:
    lagoon, hospital, invite = invited()
    thief = Organisation("thief")
    stolen = join(hospital, invite, identity=thief.public(Purpose.IDENTITY))
    lagoon.refused(BadApproval, "hospital", stolen, key=thief.keys[Purpose.IDENTITY])


def test_an_enrolment_is_signed_by_the_identity_key_that_it_brings() -> None:
    lagoon, hospital, invite = invited()
    for purpose in (Purpose.RECOVERY, Purpose.COSIGN):
        lagoon.refused(BadSignature, "hospital", join(hospital, invite), key=hospital.keys[purpose])
    lagoon.refused(BadSignature, "hospital", join(hospital, invite), version=2)


def test_an_enrolment_is_sent_by_the_organisation_that_it_enrols() -> None:
    lagoon, hospital, invite = invited()
    clinic = lagoon.founding.add("clinic")
    lagoon.refused(BadSignature, "clinic", join(hospital, invite), key=hospital.keys[Purpose.IDENTITY])
    lagoon.invite(clinic)
    lagoon.refused(BadApproval, "clinic", enrolment(clinic, invite.expose_secret()))


def test_an_invitation_expires() -> None:
    lagoon, hospital, invite = invited(expires_at=FOUNDED + 10)
    lagoon.later(seconds=8)
    assert lagoon.time == FOUNDED + 9
    lagoon.later(seconds=1).refused(BadApproval, "hospital", join(hospital, invite))


def test_the_last_second_of_an_invitation_still_lets_in() -> None:
    lagoon, hospital, invite = invited(expires_at=FOUNDED + 10)
    lagoon.later(seconds=8).do("hospital", join(hospital, invite))


def test_the_expiry_is_the_one_on_the_ledger_not_the_newcomers() -> None:
    lagoon, hospital, invite = invited(expires_at=FOUNDED + 10)
    record = lagoon.get(InviteRecord, "hospital")
    lagoon.put(replace(record, expires_at=FOUNDED + 1000))
    lagoon.later(seconds=50).refused(BadApproval, "hospital", join(hospital, invite))


def test_an_invitation_of_another_consortium_is_none_here() -> None:
    lagoon, hospital, invite = invited()
    other = Founding(chain_id="test.example/other")
    binding = replace(invite.binding, genesis_digest=other.genesis_digest)
    foreign = create_invite(binding, NamedEntropy("invite hospital"))
    lagoon.put(replace(lagoon.get(InviteRecord, "hospital"), commitment=foreign.commitment))
    lagoon.refused(BadApproval, "hospital", join(hospital, foreign))


@pytest.mark.parametrize("roles", [("owner", "user"), ("auditor",), ("operator", "owner")])
def test_a_newcomer_takes_no_other_roles_than_it_was_given(roles: tuple[str, ...]) -> None:
    lagoon, hospital, invite = invited()
    lagoon.refused(NotAllowed, "hospital", join(hospital, invite, roles=roles))


def test_a_newcomer_does_not_decide_whether_it_validates() -> None:
    lagoon, hospital, invite = invited()
    lagoon.refused(NotAllowed, "hospital", join(hospital, invite, validating=False))


def test_a_token_works_once() -> None:
    lagoon, hospital, invite = invited()
    lagoon.do("hospital", join(hospital, invite))
    lagoon.refused(AlreadyExists, "hospital", join(hospital, invite))
    assert lagoon.get(InviteRecord, "hospital").expires_at == 0


def test_a_used_token_lets_nobody_in_even_after_the_member_has_gone() -> None:
    lagoon, hospital, invite = invited()
    used = replace(lagoon.get(InviteRecord, "hospital"), expires_at=0)
    lagoon.put(used)
    lagoon.refused(BadApproval, "hospital", join(hospital, invite))


@pytest.mark.parametrize("purpose", [Purpose.RECOVERY, Purpose.COSIGN, Purpose.LOG])
@pytest.mark.parametrize("public", [SMALL_ORDER, bytes(32), b"\xff" * 32])
def test_a_key_that_anybody_could_sign_for_is_not_registered(purpose: Purpose, public: bytes) -> None:
    assert not is_acceptable_key(public)
    lagoon, hospital, invite = invited()
    lagoon.refused(BadKey, "hospital", join(hospital, invite, **{str(purpose): public}))


def test_an_identity_of_small_order_signs_nothing_not_even_its_own_enrolment() -> None:
    lagoon, hospital, invite = invited()
    lagoon.refused(BadSignature, "hospital", join(hospital, invite, identity=SMALL_ORDER))


def test_a_newcomer_cannot_bring_the_cosigning_key_of_a_member() -> None:
    """A cosignature does not name its signer: the member's would count twice."""
    lagoon, hospital, invite = invited()
    copied = lagoon.founding.orgs["bank"].public(Purpose.COSIGN)
    lagoon.refused(BadKey, "hospital", join(hospital, invite, cosign=copied))


def test_a_legal_entity_validates_under_one_name_only() -> None:
    lagoon = Lagoon()
    asked = replace(PLAIN, validating=True, newcomer=replace(NEWCOMER, legal_id="legal-bank"))
    assert "legal-bank" in lagoon.refused(AlreadyExists, "operator", asked)


def test_a_legal_entity_that_got_its_vote_under_another_name_meanwhile_gets_no_second() -> None:
    lagoon, hospital, invite = invited()
    lagoon.put(replace(lagoon.get(Member, "bank"), legal_id="legal-hospital"))
    assert "legal-hospital" in lagoon.refused(AlreadyExists, "hospital", join(hospital, invite))


def test_the_list_of_validating_members_has_a_last_place() -> None:
    lagoon, hospital, invite = invited()
    consensus = lagoon.get(ConsensusSet, "0")
    first = consensus.validators[0]
    lagoon.put(replace(consensus, validators=tuple(replace(first, org=f"m{at}") for at in range(100))))
    lagoon.refused(BadTransaction, "hospital", join(hospital, invite))


# -- endpoints -----------------------------------------------------------------------------------------------------------------


def test_a_member_moves_its_own_listeners_and_nothing_else() -> None:
    lagoon = Lagoon()
    before = lagoon.get(Member, "bank")
    lagoon.do("bank", SetEndpoints(peer="[::1]:7000", https="bank.example:443"))
    assert lagoon.get(Member, "bank") == replace(before, peer="[::1]:7000", https="bank.example:443")
    assert lagoon.get(Member, "bureau").peer == ""


def test_an_owners_dataset_needs_the_role_owner() -> None:
    lagoon = Lagoon(roles={"bank": ("user",)})
    assert "owner" in lagoon.refused(NotAllowed, "bank", registration("bank/customers/1"))
    lagoon.do("bureau", registration(FILES))
    assert lagoon.state.get(Key, "bank/identity/2") is None
