"""From what a person asks for to a plan, and from a plan to a proposal on the ledger."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from atoll.api.models import ProposeJob
from atoll.errors import AtollError
from atoll.jobs.errors import BadPlan, UnknownKind
from atoll.jobs.periods import period_of
from atoll.jobs.registry import job_kind
from atoll.ledger.plan import Plan, digest_plan_body, plan_digest
from atoll.ledger.records import Job, JobState
from atoll.ledger.rules.grant import RevokeGrant
from atoll.node.bodies import MAX_BODY_BYTES, Body, Kind
from atoll.node.errors import ProposalUnconfirmed, TransactionRefused
from atoll.node.proposed import proposal_of
from atoll.ordering.engine import Acknowledged
from atoll.policy.local import LocalRules
from atoll.wire.errors import MessageError
from atoll.wire.message import MAX_MESSAGE_BYTES, encode_message, parse_message
from atoll.wire.plain import to_plain
from tests.unit.node.offices import FILES, GRANT, RULE, SPEC, Offices

PLAIN: dict[str, Any] = to_plain(SPEC)


def request(**changes: Any) -> ProposeJob:
    fields: dict[str, Any] = {"kind": "intersection", "spec": PLAIN, "purpose": "credit-check", "minutes": 10}
    return ProposeJob(**fields | changes)


def with_receiver(**changes: Any) -> dict[str, Any]:
    return PLAIN | {"receivers": [PLAIN["receivers"][0] | changes]}


def test_a_plan_is_for_this_ledger_with_a_salt_and_an_identifier_of_its_own(offices: Offices) -> None:
    one, other = (offices["bank"].proposals.draft(request()) for _ in range(2))
    founding = offices.lagoon.founding
    assert (one.chain_id, one.genesis_digest) == (founding.chain_id, founding.genesis_digest)
    assert one.salt != other.salt
    assert one.job_id != other.job_id
    assert plan_digest(one) != plan_digest(other)


def test_a_plan_says_what_was_asked_for(offices: Offices) -> None:
    plan = offices["bank"].proposals.draft(request(minutes=3, memory_mb=200, attempts=4, purpose="research"))
    assert plan.not_after == offices["bank"].context.now() + 180
    assert (plan.limits.memory_bytes, plan.limits.attempts, plan.purpose) == (200 << 20, 4, "research")
    assert (plan.orgs(), plan.receivers()) == (("bank", "bureau"), ("bank",))
    assert plan.limits.traffic_bytes >= 64 << 20


def test_the_deadline_counts_from_the_later_of_the_two_clocks(offices: Offices) -> None:
    bank = offices["bank"]
    bank.clock.time += 5000
    assert bank.proposals.draft(request()).not_after == bank.clock.time + 600
    bank.clock.time = 0
    assert bank.proposals.draft(request()).not_after == offices.lagoon.time + 600


BAD: dict[str, dict[str, Any]] = {
    "an unknown kind": {"kind": "divination"},
    "an unknown field": {"spec": PLAIN | {"zebra": 1}},
    "a missing side": {"spec": {"receivers": PLAIN["receivers"]}},
    "a path for a dataset": {"spec": with_receiver(dataset="../../etc/passwd")},
    "no columns": {"spec": with_receiver(columns=[])},
    "an unknown normalisation": {"spec": with_receiver(normalisation=["rot13/1"])},
    "a boolean for a number": {"spec": with_receiver(rows_cap=True)},
    "a grant that is no hex": {"spec": PLAIN | {"owners": [PLAIN["owners"][0] | {"grants": [{"grant": "xyz", "version": 1}]}]}},
    "no purpose": {"purpose": ""},
}


@pytest.mark.parametrize("why", BAD)
async def test_what_makes_no_plan_is_refused_and_nothing_is_sent(offices: Offices, why: str) -> None:
    with pytest.raises((MessageError, UnknownKind, BadPlan)):
        await offices["bank"].proposals.propose(request(**BAD[why]))
    assert (offices.calls, offices["bank"].engine.submitted) == ([], [])


async def test_a_proposal_puts_the_digest_on_the_ledger_and_the_body_with_parties_and_readers(offices: Offices) -> None:
    identifier = await offices["bank"].proposals.propose(request())
    body = offices["bank"].bodies.get(Kind.PLAN, identifier)
    assert body is not None
    job = offices.lagoon.job(bytes.fromhex(identifier))
    assert (job.state, job.plan_digest, job.proposer) == (JobState.PROPOSED, digest_plan_body(body), "bank")
    assert {to for _, to, method in offices.calls if method == "body.put"} == {"auditor", "bureau"}
    assert offices["bureau"].bodies.get(Kind.PLAN, identifier) == body
    assert offices["telecom"].bodies.get(Kind.PLAN, identifier) is None


async def test_the_plan_is_kept_before_its_digest_is_on_the_ledger(offices: Offices) -> None:
    bank = offices["bank"]
    bank.engine.turned_away = 9
    with pytest.raises(TransactionRefused):
        await bank.proposals.propose(request())
    ((_, body),) = bank.store.bodies("plan")
    assert parse_message(body, Plan).purpose == "credit-check"
    assert [one for one in offices.calls if one[2] == "body.put"] == []


@pytest.mark.parametrize("carried_out", [False, True], ids=["it still waits", "it was carried out meanwhile"])
async def test_a_proposal_that_no_quorum_confirmed_is_named_and_found_again(offices: Offices, carried_out: bool) -> None:
    bank = offices["bank"]
    bank.engine.unheard = True
    with pytest.raises(ProposalUnconfirmed, match="may still run") as caught:
        await bank.proposals.propose(request())
    job = caught.value.operands["job"]
    with pytest.raises(ProposalUnconfirmed) as again:
        await bank.proposals.propose(request())
    assert again.value.operands["job"] == job
    if carried_out:
        bank.engine.confirm()
    bank.engine.unheard = False
    assert await bank.proposals.propose(request()) == job
    bank.engine.confirm()
    assert [one.job_id.hex() for one in bank.context.records(Job)] == [job]
    assert offices["bureau"].bodies.get(Kind.PLAN, job) is not None, "its parties have the plan of whichever try came through"
    assert await bank.proposals.propose(request()) != job, "once it is confirmed, the same words mean another job"


async def test_the_same_words_twice_at_once_are_two_jobs(offices: Offices, monkeypatch: pytest.MonkeyPatch) -> None:
    bank = offices["bank"]
    submit = bank.engine.submit

    async def slowly(transaction: bytes, **options: float) -> Acknowledged:
        await asyncio.sleep(0)  # until the other one is under way, too
        return await submit(transaction, **options)

    monkeypatch.setattr(bank.engine, "submit", slowly)
    one, other = await asyncio.gather(*(bank.proposals.propose(request()) for _ in range(2)))
    assert one != other
    assert {record.job_id.hex() for record in bank.context.records(Job)} == {one, other}


async def test_other_words_and_words_after_its_deadline_mean_another_job(offices: Offices) -> None:
    bank = offices["bank"]
    bank.engine.unheard = True
    with pytest.raises(ProposalUnconfirmed) as caught:
        await bank.proposals.propose(request())
    bank.engine.unheard = False
    assert await bank.proposals.propose(request(minutes=11)) != caught.value.operands["job"]
    bank.clock.time += 3600
    assert await bank.proposals.propose(request()) != caught.value.operands["job"]


async def test_a_job_that_ended_without_a_result_is_proposed_anew(offices: Offices) -> None:
    bank, bureau = offices["bank"], offices["bureau"]
    bank.engine.unheard = True
    with pytest.raises(ProposalUnconfirmed) as caught:
        await bank.proposals.propose(request())
    bank.engine.confirm()
    await bureau.consents.refuse(caught.value.operands["job"], "policy.refused_by_person", actor="person")
    assert await bank.proposals.propose(request()) != caught.value.operands["job"]


async def test_what_was_proposed_is_consented_to_by_the_nodes_of_both_sides(offices: Offices) -> None:
    identifier = await offices["bank"].proposals.propose(request())
    job_id = bytes.fromhex(identifier)
    for org in ("bank", "bureau"):
        await offices[org].consents.consider(offices.lagoon.job(job_id))
    assert offices.lagoon.job(job_id).state is JobState.CONSENTED


async def test_a_preview_tells_cost_and_leakage_and_leaves_nothing_behind(offices: Offices) -> None:
    bank = offices["bank"]
    draft = await bank.proposals.preview(request())
    assert draft.estimate["traffic_mb"] > 0
    assert "receiver learns" in draft.leakage
    assert draft.coalitions
    assert draft.result_columns == ["id"]
    assert (bank.store.bodies("plan"), bank.engine.submitted) == ([], [])
    assert [one for one in offices.calls if one[2] == "body.put"] == []


async def test_a_preview_says_who_would_refuse_and_what_is_not_known(offices: Offices) -> None:
    bank = offices["bank"]
    own, other = (await bank.proposals.preview(request())).foreseen
    assert (own.org, own.verdict, own.unknown) == ("bank", "permit", [])
    assert (other.org, other.verdict) == ("bureau", "permit")
    assert "its local rules" in other.unknown
    offices.lagoon.do("bureau", RevokeGrant(grant=GRANT))
    other = (await bank.proposals.preview(request())).foreseen[1]
    assert (other.verdict, other.code) == ("deny", "policy.no_grant")
    bank.configure(LocalRules(purposes=frozenset({"research"})))
    own, other = (await bank.proposals.preview(request())).foreseen
    assert (own.code, other.code) == ("policy.local", "policy.no_grant")
    assert bank.engine.submitted == []


async def test_a_preview_without_a_card_names_what_it_lacks(offices: Offices) -> None:
    offices.unreachable.add("bureau")
    other = (await offices["bank"].proposals.preview(request())).foreseen[1]
    assert (other.verdict, other.unknown[-1]) == ("permit", f"card of {FILES}")


async def test_a_preview_of_nonsense_is_refused_like_a_proposal(offices: Offices) -> None:
    with pytest.raises(AtollError):
        await offices["bank"].proposals.preview(request(kind="divination"))


def test_what_lasts_is_drafted_for_the_period_of_this_nodes_time_whatever_was_asked_for(offices: Offices) -> None:
    bank = offices["bank"]
    table = request(spec=PLAIN | {"protocol": "psi-oprf-ristretto255", "epoch": 7})
    assert bank.proposals.draft(table).program["epoch"] == period_of(bank.clock.time)
    assert job_kind("intersection").period(bank.proposals.draft(request())) is None


def crowd(width: int) -> dict[str, Any]:
    """Six organisations with long names that all receive, with 20 columns of their own of `width` characters."""
    grants = [{"grant": GRANT.hex(), "version": 1}] * 5
    sides = [
        {
            "org": org,
            "dataset": f"{org}/{'d' * 39}/1",
            "columns": ["id"],
            "normalisation": [RULE],
            "rows_cap": 500,
            "grants": grants,
            "keeps": [f"{at:03}".ljust(width, ".") for at in range(20)],
        }
        for org in (letter * 24 for letter in "abcdef")
    ]
    return {"receivers": sides}


async def test_a_plan_too_long_to_be_sent_is_refused_before_anything_is_proposed(offices: Offices) -> None:
    proposals = offices["bank"].proposals
    proposals.draft(request(spec=crowd(4)))
    for width in (100, 120):
        with pytest.raises(BadPlan, match=r"leave out columns"):
            await proposals.propose(request(spec=crowd(width)))
    assert (offices.calls, offices["bank"].engine.submitted, offices["bank"].store.bodies("plan")) == ([], [], [])


def test_a_plan_is_refused_from_the_first_byte_too_many(offices: Offices, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = offices["bank"].proposals.draft
    length = len(encode_message(draft(request())))
    monkeypatch.setattr("atoll.node.proposals.MAX_BODY_BYTES", length)
    draft(request())
    monkeypatch.setattr("atoll.node.proposals.MAX_BODY_BYTES", length - 1)
    with pytest.raises(BadPlan):
        draft(request())


def test_the_longest_plan_can_be_sent_and_its_proposal_fits_the_ledger(offices: Offices) -> None:
    plan = offices["bank"].proposals.draft(request(spec=crowd(4)))
    body = encode_message(Body(kind=Kind.PLAN, identifier=plan.job_id.hex(), data=bytes(MAX_BODY_BYTES)))
    assert len(body) <= MAX_MESSAGE_BYTES
    assert len(encode_message(proposal_of(plan, bytes(32)))) < MAX_MESSAGE_BYTES // 2
