"""A plan of an intersection between a bank and a bureau, and its two inputs, to be changed by tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from atoll.jobs.intersection import Intersection, IntersectionSpec, KeyInput
from atoll.jobs.kind import Input, Inputs
from atoll.jobs.table import MemoryRows
from atoll.ledger.plan import Limits, Plan
from atoll.protocols.identifiers import Report, normalise_rows, parse_rules
from atoll.protocols.psi.memory import MemoryItems
from atoll.protocols.role import Party

OWNER, RECEIVER = Party("owner"), Party("receiver")
RULES = ("national-id/1", "text/1")
SEEDS = {OWNER: bytes([1] * 32), RECEIVER: bytes([2] * 32)}

BANK_ROWS = [("at 482-913 k", "Ann Lee"), ("", "no id"), ("77-1", "Bob  Ray"), ("90 5", "Eve Ole\u0301")]
BUREAU_ROWS = [("771", "bob ray"), ("905", "EVE OL\u00c9"), ("906", "joe"), ("AT482913K", "ann li")]


def spec(**changes: Any) -> IntersectionSpec:
    bank = KeyInput(org="bank", dataset="bank/customers/1", columns=("id", "name"), normalisation=RULES, rows_cap=10)
    bureau = KeyInput(
        org="bureau",
        dataset="bureau/files/3",
        columns=("national_id", "full_name"),
        normalisation=RULES,
        rows_cap=8,
        grant=bytes([9] * 16),
        grant_version=1,
    )
    return replace(IntersectionSpec(receiver=bank, owner=bureau, points_per_frame=2), **changes)


def plan(**changes: Any) -> Plan:
    """A plan that passes, with `changes` made after it was drafted."""
    whole = Plan(
        **Intersection().draft(spec()).to_fields(),
        salt=bytes([3] * 32),
        chain_id="test",
        genesis_digest=bytes([4] * 32),
        job_id=bytes([5] * 16),
        purpose="credit-risk",
        limits=Limits(memory_bytes=2**28, traffic_bytes=2**20, attempts=2),
        not_after=2_000_000_000,
    )
    return replace(whole, **changes)


def prepared(rows: list[tuple[str, str]]) -> Inputs:
    """The rows as a node prepares them; those without a key are left out."""
    kept = list(normalise_rows(parse_rules(RULES), rows, report=Report()))
    table = MemoryRows([{"id": rows[row][0], "name": rows[row][1]} for row, _ in kept])
    return Inputs((Input(MemoryItems(key for _, key in kept), table),))
