"""What a node does with a standing consent: used where a person would be asked, never in place of one that was not given."""

from __future__ import annotations

from typing import Any

import pytest

from atoll.api.models import GiveStanding
from atoll.ledger.records import Budget, JobState, budget_id, standing_account
from atoll.ledger.rules.standing import RevokeStanding
from atoll.node.bodies import Kind, entitled
from atoll.node.errors import BadRequest, TransactionRefused
from atoll.node.standing import StandingConsents
from atoll.policy.errors import PolicyRefused
from atoll.policy.local import LocalRules
from tests.unit.node.offices import JOB, Office, Offices

NAME = JOB.hex()
BOUNDS: dict[str, Any] = {"permission": [{"action": "use"}]}


def phase(office: Office) -> str:
    local = office.store.job(NAME)
    assert local is not None
    return local.phase


@pytest.fixture
def bureau(offices: Offices) -> Office:
    """The bureau, where a person approves each job, with a job before it."""
    offices.propose()
    office = offices["bureau"]
    office.configure(LocalRules(automatic=False))
    return office


async def give(office: Office, **changes: Any) -> str:
    request = GiveStanding.model_validate({"terms": BOUNDS, "uses": 1, "days": 1} | changes)
    return (await StandingConsents(office.context, office.bodies).give(request, "ann"))[0]


def left(offices: Offices, standing: str) -> int:
    return offices.lagoon.get(Budget, budget_id(standing_account(bytes.fromhex(standing)), "uses")).left()


async def test_it_consents_counts_and_leaves_its_name_in_the_trail(offices: Offices, bureau: Office) -> None:
    standing = await give(bureau)
    await bureau.consents.consider(offices.job())
    assert (offices.job().consents, phase(bureau), left(offices, standing)) == (("bureau",), "consented", 0)
    assert bureau.store.audit_trail()[-1][2:] == ("node", "job.consent", NAME, f"by standing consent {standing}")


async def test_one_that_another_job_has_used_up_leaves_the_job_to_a_person(offices: Offices, bureau: Office) -> None:
    """The node's copy of the ledger is behind; the ledger counts."""
    standing = await give(bureau)
    bureau.engine.behind = bureau.view
    await bureau.context.outbox.submit(RevokeStanding(standing=bytes.fromhex(standing)))
    await bureau.consents.consider(offices.job())
    assert (offices.job().consents, phase(bureau)) == ((), "awaiting approval")
    assert bureau.store.audit_trail()[-1][2:] == ("node", "job.ask", NAME, "standing.not_in_force")
    await bureau.consents.consent(offices.job(), actor="ann")
    assert offices.job().consents == ("bureau",)


async def test_after_a_crash_it_does_not_count_as_a_persons_approval(offices: Offices, bureau: Office) -> None:
    """The node stopped while it consented by a standing consent, which was taken back before it came up again."""
    standing = await give(bureau)
    bureau.engine.turned_away = 99
    with pytest.raises(TransactionRefused):
        await bureau.consents.consider(offices.job())
    assert phase(bureau) == "consenting"
    bureau.engine.turned_away = 0
    bureau.context.revoke_here(standing)
    await bureau.consents.consider(offices.job())
    assert (offices.job().consents, phase(bureau)) == ((), "awaiting approval")


async def test_a_revocation_binds_this_node_before_the_ledger_has_it(offices: Offices, bureau: Office) -> None:
    standing = await give(bureau)
    bureau.context.revoke_here(standing)
    await bureau.consents.consider(offices.job())
    assert phase(bureau) == "awaiting approval"


async def test_bounds_that_do_not_fit_their_commitment_speak_for_nobody(offices: Offices, bureau: Office) -> None:
    standing, other = await give(bureau), await give(bureau, title="others")
    data = bureau.bodies.get(Kind.STANDING, other)
    assert data is not None
    bureau.bodies.keep(Kind.STANDING, standing, data)
    held = [one.standing.hex() for one in StandingConsents(bureau.context, bureau.bodies).held()]
    assert held == [other]


async def test_only_the_owner_and_readers_hold_the_bounds(offices: Offices, bureau: Office) -> None:
    standing = await give(bureau)
    assert offices["auditor"].bodies.get(Kind.STANDING, standing) is not None
    assert offices["bank"].bodies.get(Kind.STANDING, standing) is None
    holders = [org for org in offices.lagoon.founding.orgs if entitled(bureau.view, Kind.STANDING, standing, org)]
    assert sorted(holders) == ["auditor", "bureau"]
    assert [one.title for one in await StandingConsents(offices["bank"].context, offices["bank"].bodies).list()] == []
    assert len(await StandingConsents(offices["auditor"].context, offices["auditor"].bodies).list()) == 1


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        ({"prohibition": [{"action": "use"}]}, BadRequest),
        (BOUNDS | {"obligation": [{"action": "delete"}]}, BadRequest),
        (BOUNDS | {"conflict": "perm"}, BadRequest),
        ({"permission": [{"action": "use", "duty": [{"action": "inform"}]}]}, BadRequest),
        ({"permission": [{"action": "dance"}]}, PolicyRefused),
    ],
)
async def test_bounds_are_permissions_and_prohibitions_of_the_profile(
    offices: Offices, bureau: Office, terms: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await give(bureau, terms=terms)
    assert bureau.engine.submitted == []
    assert offices.job().state is JobState.PROPOSED
