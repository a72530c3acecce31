"""A changed plan: what the bureau is sent differs by one byte from what stands on the ledger."""

from __future__ import annotations

import asyncio

from atoll.cli.demo.attacks.lying_initiator import refusal_of
from atoll.cli.demo.consortium import BANK, BUREAU
from atoll.cli.demo.exchange import PURPOSE, Exchange
from atoll.cli.demo.findings import Attack
from atoll.cli.demo.liar import Liar, propose_and_push, without_one_byte
from atoll.cli.demo.stage import Stage
from atoll.node.errors import PlanChanged
from atoll.testing import tables  # layers: world in memory

NAME = "changed_plan"
TITLE = "One party is sent a plan that differs by one byte"


def run(stage: Stage, exchange: Exchange) -> Attack:
    """Everything is in order, the grant too, but for one letter of the purpose in the body that the bureau gets."""
    pair = exchange.pair(tables.BUREAU, tables.BANK, exchange.examples())
    liar = Liar(stage, BANK)
    plan = liar.plan(pair.spec(), PURPOSE)
    changed = without_one_byte(plan, stage.chance.randrange(len(plan.purpose)))
    with stage.paused(BANK), stage.screen.step("with the bank's keys: propose one plan, send the bureau another"):
        asyncio.run(propose_and_push(liar, stage=stage, victim=BUREAU, plan=plan, pushed=changed))
    with stage.screen.step("the bureau's node compares what it was sent with what stands on the ledger"):
        entry = refusal_of(stage, plan.job_id.hex())
    sender, code = (entry.sender, str(entry.body["code"])) if entry else ("nobody", "")
    return Attack(
        name=NAME,
        caught=sender == BUREAU and code == PlanChanged.code,
        code=code,
        seen=f"log entry {entry.index if entry else '-'}: REFUSED, signed by the {sender}'s node, {code}",
    )
