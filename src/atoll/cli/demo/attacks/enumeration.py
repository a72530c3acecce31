"""Enumeration: the bank tries out telephone numbers, set after set, to learn which of all numbers are the telecom's customers.

The domain is small, so no protocol helps: whoever may ask often enough has asked for everything. What helps is the cap on new
identifiers in the telecom's grant. The bank's program leaves out every check and asks for two jobs at the same time, each of
which fits alone; then for a third.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Iterable, Sequence

from atoll.api.models import CapModel, GiveGrant, RegisterColumn, RegisterDataset
from atoll.cli.demo.attacks.lying_initiator import refusal_of
from atoll.cli.demo.consortium import AUDITOR, BANK, TELECOM
from atoll.cli.demo.exchange import PURPOSE, Exchange
from atoll.cli.demo.findings import Attack
from atoll.cli.demo.liar import CALL_SECONDS, Ledger, Liar, is_known
from atoll.cli.demo.stage import Stage
from atoll.ledger.plan import Plan, digest_plan_body
from atoll.ledger.rules.errors import CapReached
from atoll.ledger.rules.job import ConsentJob, FailJob, StartJob, WithdrawJob
from atoll.node.bodies import Body, BodyName, Kind
from atoll.node.errors import Cancelled
from atoll.node.proposed import proposal_of
from atoll.policy.errors import CapRefused
from atoll.testing import tables  # layers: world in memory
from atoll.transport.errors import RemoteError
from atoll.transport.rpc import RpcSession
from atoll.wire.message import encode_message, parse_message

NAME = "enumeration"
TITLE = "A member tries out telephone numbers, set after set"
AREA, NUMBERS = 201, 100
"""The domain: numbers of one area that belong to fiction."""
GUESSES = 40
"""In one set; the grant permits as many new identifiers in 30 days."""
LOG_ENTRIES = 100
"""At the end of the log, in which both STARTs are."""


def run(stage: Stage, exchange: Exchange) -> Attack:  # noqa: ARG001 - its tables are its own
    """Two jobs that each fit are consented and only one of them starts; the telecom's node refuses the next one, and signs."""
    with stage.screen.step("the telecom permits 40 new numbers in 30 days; the bank prepares three sets of 40"):
        theirs = _register(stage, TELECOM, "numbers", range(0, NUMBERS, 7))
        guesses = [_register(stage, BANK, f"guesses-{one}", range(one * GUESSES, (one + 1) * GUESSES)) for one in range(3)]
        grant = stage.client(TELECOM).grants.give(
            GiveGrant(
                grantee=BANK,
                dataset=theirs,
                uses=50,
                columns=["phone"],
                purposes=[PURPOSE],
                new_identifiers=CapModel(limit=GUESSES, days=30),
            )
        )
        liar = Liar(stage, BANK)
        plans = [liar.plan(_spec(theirs, mine, grant), PURPOSE) for mine in guesses]
    with stage.paused(BANK), stage.screen.step("with the bank's keys: two jobs at once, START of both, then a third job"):
        asyncio.run(_enumerate(liar, stage, plans))
    first, second = _starts(stage, plans[:2])
    refusal = refusal_of(stage, plans[2].job_id.hex())
    sender, code = (refusal.sender, str(refusal.body["code"])) if refusal else ("nobody", "")
    return Attack(
        name=NAME,
        caught=(first, second, sender, code) == ("ok", CapReached.code, TELECOM, CapRefused.code),
        code=code,
        seen=f"START of the second job: {second}; the third: REFUSED, signed by the {sender}'s node, {code}",
    )


async def _enumerate(liar: Liar, stage: Stage, plans: Sequence[Plan]) -> None:
    """Two jobs are consented before either starts; both are started; a third is asked for."""
    bodies = {plan.job_id.hex(): encode_message(plan) for plan in plans}

    async def give(_: str, payload: bytes) -> bytes:
        asked = parse_message(payload, BodyName)
        return encode_message(Body(kind=asked.kind, identifier=asked.identifier, data=bodies[asked.identifier]))

    first, second, third = plans
    async with liar.ledger() as ledger, liar.session(TELECOM, {"body.get": give}) as telecom:
        await _ask(liar, stage, ledger, telecom, first)
        await _ask(liar, stage, ledger, telecom, second)
        await liar.submit(ledger, StartJob(job_id=first.job_id), StartJob(job_id=second.job_id))
        await liar.submit(ledger, FailJob(job_id=first.job_id, code=Cancelled.code), WithdrawJob(job_id=second.job_id))
        await _ask(liar, stage, ledger, telecom, third)


async def _ask(liar: Liar, stage: Stage, ledger: Ledger, telecom: RpcSession, plan: Plan) -> None:
    """Propose a job, consent to it, hand the telecom its plan, and wait for the telecom's answer."""
    job, body = plan.job_id.hex(), encode_message(plan)
    digest = digest_plan_body(body)
    consent = ConsentJob(job_id=plan.job_id, plan_digest=digest, job_key=secrets.token_bytes(32), software="none", build="none")
    await liar.submit(ledger, proposal_of(plan, digest), consent)
    await asyncio.to_thread(stage.wait_for, f"job {job} known to {TELECOM}", lambda: is_known(stage, TELECOM, job))
    with contextlib.suppress(RemoteError):  # what it says to the liar does not count; what counts is on the ledger
        push = encode_message(Body(kind=Kind.PLAN, identifier=job, data=body))
        await telecom.call("body.put", push, timeout_seconds=CALL_SECONDS)
    jobs = stage.client(TELECOM).jobs
    await asyncio.to_thread(stage.wait_for, f"an answer of {TELECOM}", lambda: jobs.show(job).state != "proposed")


def _starts(stage: Stage, plans: Sequence[Plan]) -> list[str]:
    """What became of each job's START, as the auditor's copy of the log tells it."""
    found: dict[str, str] = {}

    def told() -> bool:
        log = stage.client(AUDITOR).ledger.log(-LOG_ENTRIES, LOG_ENTRIES)
        found.update({str(one.body["job_id"]): one.outcome for one in log if one.kind == StartJob.TAG})
        return all(plan.job_id.hex() in found for plan in plans)

    stage.wait_for("both STARTs in the log", told)
    return [found[plan.job_id.hex()] for plan in plans]


def _register(stage: Stage, org: str, name: str, numbers: Iterable[int]) -> str:
    """A table of telephone numbers, registered by the organisation that holds it."""
    rows = "".join(f"{AREA}55501{number:02d}\n" for number in numbers)
    (stage.consortium.home(org) / "data" / f"{name}.csv").write_text(f"phone\n{rows}", "utf-8")
    column = RegisterColumn(name="phone", semantics="phone", exposure="after-join", normalisation=tables.PHONE_RULE)
    return stage.client(org).datasets.register(
        RegisterDataset(name=name, path=f"{name}.csv", title=f"{name} of the {org}", columns=[column])
    )


def _spec(theirs: str, mine: str, grant: str) -> dict[str, object]:
    key = {"columns": ["phone"], "normalisation": [tables.PHONE_RULE]}
    owner = {**key, "org": TELECOM, "dataset": theirs, "rows_cap": NUMBERS, "grants": [{"grant": grant, "version": 1}]}
    return {"owners": [owner], "receivers": [{**key, "org": BANK, "dataset": mine, "rows_cap": GUESSES}]}
