"""Checks for near duplicates, as the tests of them ask for, complete and state them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from atoll.ledger.checks import SAMPLE_CAP
from atoll.ledger.records import (
    CHECKS,
    Budget,
    JobInput,
    Member,
    budget_id,
    check_account,
)
from atoll.ledger.rules.check import (
    DAY_SECONDS,
    LEAST_SECONDS,
    StateNear,
)
from atoll.ledger.rules.job import ProposeJob, StartJob
from atoll.testing.consortium import FOUNDED
from tests.unit.rules.lagoon import CUSTOMERS, FILES, Lagoon, proposal, receipt, registration

LINES = "telecom/lines/1"


SAMPLE, ROWS = b"\xb1" * 16, b"\xb2" * 16


def registered() -> Lagoon:
    """The bank first, the bureau later."""
    return Lagoon().do("bank", registration(CUSTOMERS)).later().do("bureau", registration(FILES)).later()


def check(job: bytes = SAMPLE, *, rows: int = SAMPLE_CAP, **changes: Any) -> ProposeJob:
    """The bank asks what the bureau's version has in common with its own."""
    lines: dict[str, Any] = {"grant": b"", "grant_version": 0, "rows_cap": rows, "receiver": "bank"}
    asked = proposal(
        job_id=job,
        kind="similarity",
        not_after=FOUNDED + 2 * LEAST_SECONDS,
        inputs=(JobInput(dataset=FILES, user="bureau", **lines), JobInput(dataset=CUSTOMERS, user="bank", **lines)),
    )
    return replace(asked, **changes)


def complete(lagoon: Lagoon, asked: ProposeJob) -> Lagoon:
    job = asked.job_id
    lagoon.do("bank", asked).consent(job_id=job).start(job)
    return lagoon.do("bank", receipt(job_id=job)).do("bureau", receipt(job_id=job))


def compared(lagoon: Lagoon | None = None) -> Lagoon:
    """Both stages are over."""
    return complete(complete(lagoon or registered(), check()), check(ROWS, rows=512))


def near(jaccard: int = 900_000, containment: int = 950_000, **changes: Any) -> StateNear:
    said = StateNear(new=FILES, incumbent=CUSTOMERS, job_id=ROWS, jaccard_ppm=jaccard, containment_ppm=containment)
    return replace(said, **changes)


def taken(lagoon: Lagoon, by: str = "bank") -> int:
    """What a member has started today, of checks of the bureau's version."""
    return lagoon.get(Budget, budget_id(check_account(FILES, by, lagoon.time // DAY_SECONDS), CHECKS)).spent


def many(count: int) -> Lagoon:
    """The bank has that many lineages, and the telecom one, before the bureau registers."""
    lagoon = Lagoon()
    lagoon.time = 30_000 * DAY_SECONDS
    lagoon.do("telecom", registration("telecom/calls/1"))
    for number in range(count):
        lagoon.do("bank", registration(f"bank/t{number}/1"))
    return lagoon.later().do("bureau", registration(FILES)).later()


def asked_of(incumbent: str, number: int) -> ProposeJob:
    owner = incumbent.partition("/")[0]
    new, old = check().inputs
    return check(
        number.to_bytes(16, "big"),
        inputs=(replace(new, receiver=owner), replace(old, dataset=incumbent, user=owner, receiver=owner)),
        parties=tuple(sorted((owner, "bureau"))),
        receivers=(owner,),
    )


def lines(incumbent: str, rows: int, newcomer: str = FILES) -> tuple[JobInput, JobInput]:
    """Inputs of a check of any pair."""
    owner = incumbent.split("/")[0]
    said: dict[str, Any] = {"grant": b"", "grant_version": 0, "rows_cap": rows, "receiver": owner}
    return (
        JobInput(dataset=newcomer, user=newcomer.split("/")[0], **said),
        JobInput(dataset=incumbent, user=owner, **said),
    )


def rows_job(number: int) -> bytes:
    return bytes([number, 2]) * 8


def asking(incumbent: str, job: bytes, rows: int, newcomer: str = FILES, **changes: Any) -> ProposeJob:
    owner, other = incumbent.split("/")[0], newcomer.split("/")[0]
    inputs, parties = lines(incumbent, rows, newcomer), tuple(sorted((owner, other)))
    return check(job, inputs=inputs, receivers=(owner,), parties=parties, **changes)


def run(lagoon: Lagoon, asked: ProposeJob) -> Lagoon:
    """Any check, to its end."""
    job, (one, other) = asked.job_id, asked.parties
    lagoon.do(asked.receivers[0], asked).consent(job_id=job).do(one, StartJob(job_id=job))
    return lagoon.do(one, receipt(job_id=job)).do(other, receipt(job_id=job))


def compare(lagoon: Lagoon, incumbent: str, number: int, newcomer: str = FILES) -> Lagoon:
    """Both stages of any pair."""
    due: dict[str, Any] = {"not_after": lagoon.time + LEAST_SECONDS}
    run(lagoon, asking(incumbent, bytes([number, 1]) * 8, SAMPLE_CAP, newcomer, **due))
    return run(lagoon, asking(incumbent, rows_job(number), 512, newcomer, **due))


def owned_by(*owners: str) -> Lagoon:
    """Lineages of several owners before the newcomer's one."""
    lagoon = Lagoon(roles={"auditor": ("auditor",)})
    for number, owner in enumerate(owners):
        lagoon.do(owner, registration(f"{owner}/set{number}/1"))
    return lagoon.later().do("bureau", registration(FILES)).later()


def tied(lagoon: Lagoon) -> Lagoon:
    """The telecom belongs to the bank."""
    lagoon.put(replace(lagoon.get(Member, "telecom"), affiliation="Bank"))
    return lagoon
