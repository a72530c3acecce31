"""From a proposal to a signed consent or a signed refusal, at an organisation's own node."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from atoll.jobs.errors import BadPlan, WrongPeriod
from atoll.jobs.intersection import Intersection
from atoll.jobs.periods import PERIOD_SECONDS, period_of
from atoll.ledger.plan import Coalition, Plan, PlanParty
from atoll.ledger.records import ConsentRecord, Job, JobState, counted_inputs
from atoll.ledger.rules.grant import RevokeGrant
from atoll.ledger.rules.job import ProposeJob
from atoll.ledger.transaction import parse_transaction
from atoll.node.bodies import Body, Kind
from atoll.node.consents import is_open
from atoll.node.errors import PlanChanged, TransactionRefused
from atoll.node.proposed import disagreement, proposal_of
from atoll.ordering.errors import StaleView
from atoll.policy.local import LocalRules
from atoll.storage.errors import StoreCorrupt
from atoll.wire.errors import MessageError
from atoll.wire.message import encode_message
from tests.unit.node.offices import FILES, GRANT, JOB, SPEC, Offices

NAME = JOB.hex()


async def consider(offices: Offices, org: str = "bureau") -> Job:
    """The organisation looks at the proposal; the job afterwards."""
    await offices[org].consents.consider(offices.job())
    return offices.job()


# -- consent -------------------------------------------------------------------------------------------------------------------


async def test_an_owner_fetches_the_plan_decides_and_signs_its_consent(offices: Offices) -> None:
    offices.propose()
    job = await consider(offices)
    assert (job.state, job.consents) == (JobState.PROPOSED, ("bureau",))
    local = offices["bureau"].store.job(NAME)
    assert local is not None
    assert local.phase == "consented"
    assert local.decision is not None
    assert local.decision["verdict"] == "permit"
    assert offices["bureau"].store.audit_trail()[-1][2:] == ("node", "job.consent", NAME, "ok")


async def test_both_parties_consent_and_the_job_is_consented(offices: Offices) -> None:
    offices.propose()
    await consider(offices)
    assert (await consider(offices, "bank")).state is JobState.CONSENTED


async def test_the_key_in_the_consent_is_the_public_half_of_the_one_sealed_on_disk(offices: Offices) -> None:
    offices.propose()
    await consider(offices)
    secrets = offices["bureau"].consents.secrets(NAME)
    assert secrets is not None
    public = X25519PrivateKey.from_private_bytes(secrets.job_key).public_key().public_bytes_raw()
    assert offices.lagoon.get(ConsentRecord, f"{NAME}/bureau").job_key == public
    sealed = offices["bureau"].store.job_secret(NAME)
    assert sealed is not None
    assert secrets.job_key not in sealed
    assert secrets.job_key.hex() not in repr(secrets)


async def test_the_secrets_are_durable_before_the_consent_is_sent(offices: Offices) -> None:
    offices.propose()
    bureau = offices["bureau"]
    submit, on_disk = bureau.engine.submit, []

    async def watched(transaction: bytes, **options: Any) -> Any:
        on_disk.append(bureau.store.job_secret(NAME) is not None)
        return await submit(transaction, **options)

    bureau.engine.submit = watched  # type: ignore[method-assign]
    await consider(offices)
    assert on_disk == [True]


async def test_a_consent_that_was_lost_is_given_again_with_the_same_key(offices: Offices) -> None:
    offices.propose()
    bureau = offices["bureau"]
    keys = []
    for _ in range(2):
        bureau.engine.turned_away = 9
        with pytest.raises(TransactionRefused):
            await consider(offices)
        keys.append(parse_transaction(bureau.engine.submitted[-1])[1].body["job_key"])
    assert keys[0] == keys[1]


async def test_the_secrets_of_one_job_do_not_open_as_those_of_another(offices: Offices) -> None:
    offices.propose()
    await consider(offices)
    bureau = offices["bureau"]
    sealed = bureau.store.job_secret(NAME)
    assert sealed is not None
    bureau.store.set_job_secret("ff" * 16, sealed)
    with pytest.raises(StoreCorrupt):
        bureau.consents.secrets("ff" * 16)


async def test_the_key_of_an_ended_job_is_destroyed(offices: Offices) -> None:
    offices.propose()
    await consider(offices)
    bureau = offices["bureau"]
    bureau.consents.forget(NAME)
    assert bureau.consents.secrets(NAME) is None
    bureau.consents.forget("ff" * 16)
    assert bureau.store.job("ff" * 16) is None


async def test_nobody_consents_on_a_ledger_that_no_quorum_has_confirmed_for_a_minute(offices: Offices) -> None:
    offices.propose()
    bureau = offices["bureau"]
    bureau.engine.age_seconds = 61
    with pytest.raises(StaleView):
        await consider(offices)
    assert offices.job().consents == ()
    assert bureau.engine.submitted == []


# -- refusals ------------------------------------------------------------------------------------------------------------------


async def refused_code(offices: Offices, org: str = "bureau") -> str:
    """Consider, expect a refusal signed by this organisation; its code."""
    job = await consider(offices, org)
    assert job.state is JobState.REFUSED
    _, transaction = parse_transaction(offices[org].engine.submitted[-1])
    assert (transaction.sender, transaction.type) == (org, "job.refuse/1")
    assert offices[org].consents.secrets(NAME) is None
    local = offices[org].store.job(NAME)
    assert local is not None
    assert (local.phase, local.error) == ("refused", job.reason)
    return job.reason


async def test_a_lying_initiator_without_a_grant_gets_a_refusal_signed_by_the_owner(offices: Offices) -> None:
    plan = offices.plan()
    invented = replace(plan.inputs[0], grant=b"\x99" * 16)
    offices.propose(replace(plan, inputs=(invented, plan.inputs[1])))
    assert await refused_code(offices) == "policy.no_grant"


async def test_a_plan_that_rests_on_no_grant_at_all_is_none_of_its_kind(offices: Offices) -> None:
    plan = offices.plan()
    bare = replace(plan.inputs[0], grant=b"", grant_version=0)
    offices.propose(replace(plan, inputs=(bare, plan.inputs[1])))
    assert await refused_code(offices) == "jobs.bad_plan"


async def test_a_grant_that_this_node_has_revoked_counts_no_more_before_the_ledger_knows(offices: Offices) -> None:
    offices.propose()
    offices["bureau"].context.revoke_here(GRANT.hex())
    assert await refused_code(offices) == "policy.no_grant"


async def test_a_grant_revoked_on_the_ledger_counts_no_more(offices: Offices) -> None:
    offices.propose()
    offices.lagoon.do("bureau", RevokeGrant(grant=GRANT))
    assert await refused_code(offices) == "policy.no_grant"


async def test_a_local_rule_refuses_what_the_grant_permits(offices: Offices) -> None:
    offices.propose()
    offices["bureau"].configure(LocalRules(purposes=frozenset({"research"})))
    assert await refused_code(offices) == "policy.local"


async def test_a_plan_that_misstates_what_its_kind_does_is_refused(offices: Offices) -> None:
    offices.propose(offices.plan(leakage="Nothing at all."))
    assert await refused_code(offices) == "jobs.bad_plan"


async def test_a_plan_of_a_kind_that_nobody_knows_is_refused_not_left_open(offices: Offices) -> None:
    offices.propose(offices.plan(kind="divination"))
    assert await refused_code(offices) == "jobs.unknown_kind"


async def test_a_plan_for_another_ledger_is_refused(offices: Offices) -> None:
    offices.propose(offices.plan(genesis_digest=bytes(32)))
    assert await refused_code(offices) == "plan.inconsistent"


async def test_a_proposal_that_counts_less_than_its_plan_is_refused(offices: Offices) -> None:
    plan = offices.plan()
    cheaper = tuple(replace(one, rows_cap=1) for one in counted_inputs(plan))
    offices.propose(plan, inputs=cheaper)
    assert await refused_code(offices) == "plan.inconsistent"


@pytest.mark.parametrize("garbage", [b"\x00", b"not a plan", b"\x82\x66plan/1\xa0"])
async def test_a_plan_that_nobody_can_read_is_refused_though_its_digest_is_right(offices: Offices, garbage: bytes) -> None:
    offices.propose(body=garbage)
    assert await refused_code(offices) == "plan.changed"
    assert offices["bureau"].bodies.plan(NAME) is None


async def test_a_plan_that_the_proposer_changed_by_one_byte_is_refused_for_all_to_see(offices: Offices) -> None:
    offices.propose()
    body = encode_message(offices.plan(purpose="credit-chesk"))
    with pytest.raises(PlanChanged):
        await offices["bureau"].consents.take("bank", Body(kind=Kind.PLAN, identifier=NAME, data=body))
    assert (offices.job().state, offices.job().reason) == (JobState.REFUSED, "plan.changed")


async def test_a_changed_plan_that_is_fetched_is_refused_too(offices: Offices) -> None:
    offices.propose()
    offices.lies["bank"] = encode_message(offices.plan(purpose="marketing"))
    assert await refused_code(offices) == "plan.changed"


async def test_somebody_else_cannot_make_a_party_refuse_by_sending_a_changed_plan(offices: Offices) -> None:
    offices.propose()
    body = encode_message(offices.plan(purpose="marketing"))
    await offices["bureau"].consents.take("telecom", Body(kind=Kind.PLAN, identifier=NAME, data=body))
    assert (await consider(offices)).consents == ("bureau",)


async def test_after_its_consent_a_party_is_not_moved_by_another_plan(offices: Offices) -> None:
    offices.propose()
    await consider(offices)
    body = encode_message(offices.plan(purpose="marketing"))
    with pytest.raises(PlanChanged):
        await offices["bureau"].consents.take("bank", Body(kind=Kind.PLAN, identifier=NAME, data=body))
    assert offices.job().state is JobState.PROPOSED
    kept = offices["bureau"].bodies.plan(NAME)
    assert kept is not None
    assert kept.purpose == "credit-check"


async def test_a_refusal_decided_before_a_crash_is_signed_after_it(offices: Offices) -> None:
    offices.propose()
    bureau = offices["bureau"]
    bureau.store.update_job(NAME, phase="refused", error="policy.local")
    assert await refused_code(offices) == "policy.local"


# -- waiting -------------------------------------------------------------------------------------------------------------------


async def test_a_plan_that_nobody_gives_is_waited_for(offices: Offices) -> None:
    offices.propose()
    offices.unreachable.add("bank")
    job = await consider(offices)
    assert (job.state, job.consents) == (JobState.PROPOSED, ())
    local = offices["bureau"].store.job(NAME)
    assert local is not None
    assert local.phase == "waiting for plan"
    offices.unreachable.clear()
    assert (await consider(offices)).consents == ("bureau",)


async def test_what_travels_beside_a_plan_and_nobody_gives_is_waited_for_too(
    offices: Offices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Intersection, "check", lambda *_: None)
    offices.propose(offices.plan(attached=bytes(32)))
    assert (await consider(offices)).state == JobState.PROPOSED
    local = offices["bureau"].store.job(NAME)
    assert local is not None
    assert local.phase == "waiting for plan"


async def test_a_person_is_asked_and_nothing_is_signed_meanwhile(offices: Offices) -> None:
    offices.propose()
    bureau = offices["bureau"]
    bureau.configure(LocalRules(automatic=False))
    await consider(offices)
    job = await consider(offices)
    assert (job.state, job.consents, bureau.engine.submitted) == (JobState.PROPOSED, (), [])
    local = bureau.store.job(NAME)
    assert local is not None
    assert local.phase == "awaiting approval"
    assert [note[3] for note in bureau.store.audit_trail()] == ["job.ask"]
    await bureau.consents.consent(job, actor="ann")
    assert offices.job().consents == ("bureau",)
    assert bureau.store.audit_trail()[-1][2] == "ann"


async def test_a_refusal_that_cannot_be_said_is_not_remembered_as_one(offices: Offices) -> None:
    offices.propose()
    with pytest.raises(MessageError):
        await offices["bureau"].consents.refuse(NAME, "x", actor="person")
    assert (await consider(offices)).consents == ("bureau",)


async def test_a_card_or_terms_that_the_ledger_does_not_commit_to_permit_nothing(offices: Offices) -> None:
    """A registration that was sent twice leaves the second card on the shelf and the first one's commitment on the ledger."""
    shelf = offices["bureau"].bodies
    for kind, identifier in ((Kind.CARD, FILES), (Kind.TERMS, GRANT.hex())):
        offices.propose(offices.plan(job_id=identifier.encode().ljust(16)[:16]))
        kept = shelf.get(kind, identifier)
        assert kept is not None
        document = shelf.card(FILES) if kind is Kind.CARD else shelf.terms(GRANT)
        assert document is not None
        shelf.keep(kind, identifier, encode_message(replace(document, salt=bytes(32))))
        job = offices.lagoon.job(identifier.encode().ljust(16)[:16])
        await offices["bureau"].consents.consider(job)
        assert offices.lagoon.job(job.job_id).state is JobState.REFUSED, kind
        shelf.keep(kind, identifier, kept)


async def test_what_a_person_has_approved_is_not_asked_again_before_the_ledger_has_it(
    offices: Offices,
) -> None:
    offices.propose()
    bureau = offices["bureau"]
    bureau.configure(LocalRules(automatic=False))
    await consider(offices)
    bureau.store.update_job(NAME, phase="consented")  # as `consent` leaves it before it submits, or a crash after that
    assert (await consider(offices)).consents == ("bureau",)
    local = bureau.store.job(NAME)
    assert local is not None
    assert local.phase == "consented"


async def test_a_person_refuses_with_a_code(offices: Offices) -> None:
    offices.propose()
    await offices["bureau"].consents.refuse(NAME, "policy.refused_by_person", actor="ann")
    assert offices.job().reason == "policy.refused_by_person"


# -- plan and proposal ---------------------------------------------------------------------------------------------------------


def test_a_proposal_says_of_its_plan_what_start_counts(offices: Offices) -> None:
    plan = offices.plan()
    proposal = proposal_of(plan, b"\x01" * 32)
    assert (proposal.parties, proposal.receivers, proposal.kind) == (("bank", "bureau"), ("bank",), "intersection")
    assert [(one.dataset, one.user, one.grant, one.rows_cap) for one in proposal.inputs] == [
        (FILES, "bureau", GRANT, 1000),
        ("bank/customers/1", "bank", b"", 500),
    ]


def test_an_input_of_a_place_where_nobody_sits_is_nobodys(offices: Offices) -> None:
    plan = offices.plan()
    stray = replace(plan, inputs=(replace(plan.inputs[0], role="compute", index=3),))
    assert [one.user for one in counted_inputs(stray)] == ["nobody"]


LIES: dict[str, tuple[str, dict[str, Any]]] = {
    "another job": ("job id", {"job_id": b"\x02" * 16}),
    "another kind": ("kind", {"kind": "statistics"}),
    "one party more": ("parties", {"parties": ("bank", "bureau", "telecom")}),
    "one party less": ("parties", {"parties": ("bank",)}),
    "another receiver": ("receivers", {"receivers": ("bureau",)}),
    "one receiver more": ("receivers", {"receivers": ("bank", "bureau")}),
    "fewer inputs": ("inputs", {"inputs": ()}),
    "a later deadline": ("deadline", {"not_after": 2_000_000_000}),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_proposal_that_differs_from_its_plan_is_told_where(offices: Offices, lie: str) -> None:
    what, changes = LIES[lie]
    job, plan = offices.propose(), offices.plan()
    chain = offices["bureau"].view.chain
    assert disagreement(plan, job, chain) == ""
    assert disagreement(plan, replace(job, **changes), chain) == what


@pytest.mark.parametrize("change", ["dataset", "user", "grant", "grant_version", "rows_cap"])
def test_every_counted_field_of_an_input_is_compared(offices: Offices, change: str) -> None:
    job, plan = offices.propose(), offices.plan()
    values: dict[str, Any] = {"dataset": "bureau/files/2", "user": "bank", "grant": b"", "grant_version": 9, "rows_cap": 999}
    one = type(job.inputs[0]).from_map(job.inputs[0].to_map() | {change: values[change]})
    assert disagreement(plan, replace(job, inputs=(one, *job.inputs[1:])), offices["bureau"].view.chain) == "inputs"


def test_a_plan_for_another_chain_or_on_no_ledger_disagrees(offices: Offices) -> None:
    job, chain = offices.propose(), offices["bureau"].view.chain
    for plan in (offices.plan(chain_id="other"), offices.plan(genesis_digest=bytes(32))):
        assert disagreement(plan, job, chain) == "the ledger they are for"
    assert disagreement(offices.plan(), job, None) == "the ledger they are for"


def test_a_receiver_that_is_only_in_the_plan_is_noticed(offices: Offices) -> None:
    job, plan = offices.propose(), offices.plan()
    more = replace(
        plan,
        parties=(*plan.parties, PlanParty(role="receiver", index=1, org="bureau")),
        coalitions=(Coalition(members=("bank",), reads=("x",)),),
    )
    assert disagreement(more, job, offices["bureau"].view.chain) == "receivers"


def test_a_job_is_open_until_it_has_ended(offices: Offices) -> None:
    job = offices.propose()
    open_states = {state for state in JobState if is_open(replace(job, state=state))}
    assert open_states == {JobState.PROPOSED, JobState.CONSENTED, JobState.STARTED}
    assert isinstance(proposal_of(offices.plan(), bytes(32)), ProposeJob)


async def test_a_limit_that_would_end_the_job_on_the_way_is_refused_before_anything_is_charged(offices: Offices) -> None:
    plan = offices.plan()
    needed = Intersection().estimate(plan).traffic_bytes
    offices.propose(replace(plan, limits=replace(plan.limits, traffic_bytes=needed - 1)))
    assert await refused_code(offices) == BadPlan.code


# -- what lasts ----------------------------------------------------------------------------------------------------------------


def lasting_plan(offices: Offices, epoch: int) -> Plan:
    """A plan whose tables are of this epoch, as a proposer would like it."""
    draft = Intersection().draft(replace(SPEC, protocol="psi-oprf-ristretto255", epoch=epoch))
    return replace(offices.plan(), **draft.to_fields())


@pytest.mark.parametrize("periods", [-1, 1])
async def test_a_proposer_cannot_keep_an_old_table_in_use_nor_take_the_next(offices: Offices, periods: int) -> None:
    offices.propose(lasting_plan(offices, period_of(offices["bureau"].clock.time) + periods))
    assert await refused_code(offices) == WrongPeriod.code


async def test_a_table_of_the_owners_own_period_is_consented_to_until_it_ends(offices: Offices) -> None:
    offices.propose(lasting_plan(offices, period_of(offices["bureau"].clock.time)))
    assert (await consider(offices)).consents == ("bureau",)
    offices["bank"].clock.time += PERIOD_SECONDS
    assert await refused_code(offices, "bank") == WrongPeriod.code
