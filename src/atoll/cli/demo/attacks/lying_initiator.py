"""A lying initiator: the bank's own program leaves out every check and asks for a job that nobody granted."""

from __future__ import annotations

import asyncio
import secrets

from atoll.api.models import LogEntry
from atoll.cli.demo.consortium import AUDITOR, BANK, BUREAU
from atoll.cli.demo.exchange import PURPOSE, Exchange, Meeting, Permit
from atoll.cli.demo.findings import Attack
from atoll.cli.demo.liar import Liar, propose_and_push
from atoll.cli.demo.stage import Stage
from atoll.ledger.plan import digest_plan_body
from atoll.ledger.rules.job import ConsentJob, RefuseJob, StartJob
from atoll.policy.errors import NoGrant
from atoll.testing import tables  # layers: world in memory
from atoll.wire.message import encode_message

NAME = "lying_initiator"
TITLE = "A lying initiator asks for a job that nobody granted"


def run(stage: Stage, exchange: Exchange) -> Attack:
    """The bank's keys propose, consent and start by themselves; the bureau's node refuses, and its refusal is on the ledger."""
    folder = exchange.examples()
    bank, bureau = exchange.register(tables.BANK, folder), exchange.register(tables.BUREAU, folder)
    liar = Liar(stage, BANK)
    invented = Permit(bureau, secrets.token_hex(16), 1)
    plan = liar.plan(Meeting(bank, (invented,)).spec(), PURPOSE)
    body = encode_message(plan)
    consent = ConsentJob(
        job_id=plan.job_id, plan_digest=digest_plan_body(body), job_key=secrets.token_bytes(32), software="none", build="none"
    )
    with stage.paused(BANK), stage.screen.step("with the bank's keys: propose, consent, push the plan, ask for START"):
        asyncio.run(
            propose_and_push(
                liar,
                stage=stage,
                victim=BUREAU,
                plan=plan,
                pushed=body,
                also=(consent, StartJob(job_id=plan.job_id)),
            )
        )
    entry = refusal_of(stage, plan.job_id.hex())
    sender, code = (entry.sender, str(entry.body["code"])) if entry else ("nobody", "")
    return Attack(
        name=NAME,
        caught=sender == BUREAU and code == NoGrant.code,
        code=code,
        seen=f"log entry {entry.index if entry else '-'}: REFUSED, signed by the {sender}'s node, {code}",
    )


def refusal_of(stage: Stage, job: str) -> LogEntry | None:
    """The transaction on the ledger that refused a job, as the auditor's node holds it."""
    stage.wait_for(f"job {job} refused", lambda: stage.job_at(AUDITOR, job).state == "refused")
    entries = stage.client(AUDITOR).ledger.log()
    refusals = (one for one in entries if one.kind == RefuseJob.TAG and one.outcome == "ok")
    return next((one for one in refusals if one.body["job_id"] == job), None)
