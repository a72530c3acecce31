"""Intersections between a bank and others, and their inputs, to be changed by tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from atoll.jobs.intersection import GrantUse, Intersection, IntersectionSpec, Join, Output, Side
from atoll.jobs.kind import Input, Inputs, Lasting
from atoll.jobs.table import MemoryRows
from atoll.ledger.plan import Limits, Plan
from atoll.protocols.identifiers import IdentifierError, normalise_key, parse_rules
from atoll.protocols.psi.memory import MemoryItems
from atoll.protocols.psi_oprf import MemoryTables
from atoll.protocols.pump import Pumped, pump
from atoll.protocols.role import Party

OWNER, RECEIVER = Party("owner"), Party("receiver")
SECOND = Party("receiver", 1)
RULES = ("national-id/1", "text/1")
SEEDS = {OWNER: bytes([1] * 32), RECEIVER: bytes([2] * 32), SECOND: bytes([6] * 32), Party("owner", 1): bytes([7] * 32)}
KIND = Intersection()

BANK_ROWS = [("at 482-913 k", "Ann Lee"), ("", "no id"), ("77-1", "Bob  Ray"), ("90 5", "Eve Ole\u0301")]
BUREAU_ROWS = [("771", "bob ray"), ("905", "EVE OL\u00c9"), ("906", "joe"), ("AT482913K", "ann li")]
USE = GrantUse(grant=bytes([9] * 16), version=1)
OTHER_USE = GrantUse(grant=bytes([8] * 16), version=2)

BANK = Side(org="bank", dataset="bank/customers/1", columns=("id", "name"), normalisation=RULES, rows_cap=10)
BUREAU = Side(
    org="bureau",
    dataset="bureau/files/3",
    columns=("national_id", "full_name"),
    normalisation=RULES,
    rows_cap=8,
    grants=(USE,),
)
TELECOM = Side(
    org="telecom", dataset="telecom/lines/2", columns=("nid", "who"), normalisation=RULES, rows_cap=9, grants=(OTHER_USE,)
)


def spec(**changes: Any) -> IntersectionSpec:
    """Identifiers for the bank."""
    return replace(
        IntersectionSpec(receivers=(BANK,), owners=(BUREAU,), protocol="psi-ecdh-curve25519", keys_per_round=2), **changes
    )


def altered(side: str, **changes: Any) -> IntersectionSpec:
    """Same, one side of it changed: `bank` or `bureau`."""
    if side == "bank":
        return spec(receivers=(replace(BANK, **changes),))
    return spec(owners=(replace(BUREAU, **changes),))


def mutual(**changes: Any) -> IntersectionSpec:
    """Both receive, each from the other."""
    return spec(receivers=(replace(BANK, grants=(OTHER_USE,)), BUREAU), owners=(), **changes)


def plan_of(asked: IntersectionSpec, **changes: Any) -> Plan:
    """The plan of a specification, with `changes` made after it was drafted."""
    whole = Plan(
        **KIND.draft(asked).to_fields(),
        salt=bytes([3] * 32),
        chain_id="test",
        genesis_digest=bytes([4] * 32),
        job_id=bytes([5] * 16),
        purpose="credit-risk",
        limits=Limits(memory_bytes=2**28, traffic_bytes=2**20, attempts=2),
        not_after=2_000_000_000,
    )
    return replace(whole, **changes)


def plan(**changes: Any) -> Plan:
    """A plan that passes, with `changes` made after it was drafted."""
    return plan_of(spec(), **changes)


def given(
    rows: Sequence[Sequence[str | None]], *, names: Sequence[str] = ("id", "name"), rules: Sequence[str] = RULES, runs: int = 1
) -> Inputs:
    """A table as a node prepares it, its first columns the key; rows with no key, or one that nobody can spell, have none."""
    keys: list[bytes | None] = []
    for row in rows:
        try:
            keys.append(normalise_key(parse_rules(rules), row[: len(rules)]))
        except IdentifierError:
            keys.append(None)
    table = MemoryRows([dict(zip(names, row, strict=True)) for row in rows])
    return Inputs((Input(MemoryItems(keys), table),) * runs, lasting())


def lasting() -> Lasting:
    """Tables of nobody's yet; the secret is the same at all, which no node's is."""
    versions = {one.dataset: bytes([at] * 32) for at, one in enumerate((BANK, BUREAU, TELECOM))}
    return Lasting(MemoryTables(), bytes([5] * 32), versions)


def run(job: Plan, inputs: Mapping[Party, Inputs], resume: Mapping[Party, bytes] | None = None) -> Pumped:
    """Everybody's program, to the end."""
    state = resume or {}
    return pump({at: KIND.program(job, at, one, seed=SEEDS[at], resume=state.get(at)) for at, one in inputs.items()})


SHARED = [("AT1", "ann"), ("at-1", "Ann"), ("7", "bob"), ("", "nobody"), ("8", "eve")]
"""The bank's rows: one key in two spellings, one that is common too, none, and one of its own."""
INCOMES = given(
    [("AT1", "ANN", "100", "a"), ("7", "bob", "50", ""), ("AT1", "ANN", "200", "c"), ("9", "joe", "1", "d")],
    names=("i", "n", "income", "name"),
)


def rows_job(join: Join = Join.INNER, **changes: Any) -> Plan:
    """The bank receives rows, with two columns of the bureau beside them."""
    asked = replace(altered("bureau", shows=("income", "name")), output=Output.ROWS, join=join, protocol="", **changes)
    return plan_of(asked)
