"""`atoll job`: proposed by one, consented to by each, watched, ended."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from atoll.api.models import DepositionInfo, JobInfo, ResultInfo
from atoll.cli import propose
from atoll.cli.deciding import describe_decision
from atoll.cli.downloading import download
from atoll.cli.frame import command, group
from atoll.cli.options import JobArgument, YesOption
from atoll.cli.papers import load_key, sign_bytes
from atoll.cli.reply import Fields, Reply, Rows, Shown
from atoll.cli.screen import confirm
from atoll.cli.waiting import waiting
from atoll.cli.watch import ended, watch_job
from atoll.cli.words import duration, iso, listed, size
from atoll.client import ENDED, Node

app = group("Propose, consent to, watch and end jobs.")
app.add_typer(propose.app, name="propose")
SHOWN_ROWS = 10
NO_CELL = "null"


@command(app, "list", "atoll job list --home bank", "atoll job list --open --home bank")
def list_jobs(
    node: Node, only_open: Annotated[bool, typer.Option("--open", help="Only jobs that have not ended.")] = False
) -> Reply:
    """Jobs this organisation takes part in, oldest first; an auditor sees all."""
    found = [one for one in node.jobs.list() if not (only_open and one.state in ENDED)]
    rows = [
        (
            one.job,
            one.kind,
            one.state,
            one.phase or "-",
            one.proposer,
            listed(one.receivers),
            one.purpose or "-",
            one.reason or "-",
        )
        for one in found
    ]
    return Reply(found, [Rows(("job", "kind", "state", "here", "proposer", "receives", "purpose", "reason"), rows, "no jobs")])


@command(app, "show", "atoll job show 3f2a91bc4d5e6f708192a3b4c5d6e7f8 --home bureau")
def show(node: Node, job: JobArgument) -> Reply:
    """One job: where it stands, its plan, what it would show to whom, and this node's own decision."""
    one = node.jobs.show(job)
    return Reply(one, describe(one))


@command(
    app,
    "approve",
    "atoll job approve 3f2a91bc4d5e6f708192a3b4c5d6e7f8 --home bureau",
    "atoll job approve 3f2a91bc4d5e6f708192a3b4c5d6e7f8 --approver ada.key --home bureau",
    "atoll job approve 3f2a91bc4d5e6f708192a3b4c5d6e7f8 --entrust --home bureau",
)
def approve(
    node: Node,
    job: JobArgument,
    approver: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A person's key, from `key approver new`; for data of level G4 or above."),
    ] = None,
    entrust: Annotated[
        bool,
        typer.Option(
            "--entrust",
            help="Own data may be shared among compute nodes of which this organisation is none; the consent says so.",
        ),
    ] = False,
    yes: YesOption = False,
) -> Reply:
    """Consent to a job that waits for a person. Policy is asked again first, and can still refuse.

    A program on own data must have been reviewed (`atoll program review`): approving a job does not say that. And whoever lets
    others compute on its data, without being one of the compute nodes, says so with --entrust: any two of them together could
    read them.

    For data of level G4 or above the ledger takes no consent without a person's signature: --approver signs with a key that no
    node has. With --url it is read on this machine, and only the signature leaves it.
    """
    if approver is None:
        confirm(f"Consent to job {job}?", yes=yes)
        with waiting():
            one = node.jobs.approve(job, entrust=entrust)
    else:
        paper = sign_bytes(node.jobs.approval(job), lambda _: load_key(approver), yes=yes)
        with waiting():
            one = node.jobs.approve_signed(job, paper, entrust=entrust)
    return Reply(one, [f"job {job}: {one.phase}"])


@command(app, "refuse", "atoll job refuse 3f2a91bc4d5e6f708192a3b4c5d6e7f8 --home bureau")
def refuse(
    node: Node,
    job: JobArgument,
    code: Annotated[str, typer.Option(help="Code of the reason, for all parties to see.")] = "policy.refused_by_person",
    yes: YesOption = False,
) -> Reply:
    """Refuse a job before it starts; the refusal is signed and on the ledger."""
    confirm(f"Refuse job {job}?", yes=yes)
    with waiting():
        one = node.jobs.refuse(job, code)
    return Reply(one, [f"job {job}: refused ({code})"])


@command(app, "withdraw", "atoll job withdraw 3f2a91bc4d5e6f708192a3b4c5d6e7f8 --home bank")
def withdraw(node: Node, job: JobArgument, yes: YesOption = False) -> Reply:
    """Take a proposal or a consent back, before the job starts."""
    confirm(f"Withdraw from job {job}?", yes=yes)
    with waiting():
        one = node.jobs.withdraw(job)
    return Reply(one, [f"job {job}: {one.state}"])


@command(app, "cancel", "atoll job cancel 3f2a91bc4d5e6f708192a3b4c5d6e7f8 --home bank")
def cancel(node: Node, job: JobArgument, yes: YesOption = False) -> Reply:
    """Stop a running job; it ends FAILED for all its parties, and what it used stays used."""
    confirm(f"Stop job {job} for everybody?", yes=yes)
    with waiting():
        one = node.jobs.cancel(job)
    return Reply(one, [f"job {job}: {one.state}"])


@command(app, "watch", "atoll job watch 3f2a91bc4d5e6f708192a3b4c5d6e7f8 --home bank")
def watch(node: Node, job: JobArgument) -> Reply:
    """Follow a job until it has ended: phases, progress and bytes. Exit status 10 if it ends without a result."""
    return ended(watch_job(node, job))


@command(
    app,
    "result",
    "atoll job result 3f2a91bc4d5e6f708192a3b4c5d6e7f8 --home bank",
    "atoll job result 3f2a91bc4d5e6f708192a3b4c5d6e7f8 --out common.parquet --home bank",
)
def result(
    node: Node,
    job: JobArgument,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write all rows, readable by you only: .parquet, .arrow, and CSV for any other name."
        ),
    ] = None,
) -> Reply:
    """The result, at a receiver's node; nobody else has it."""
    if out is not None:
        one = download(node, job, out)
        value = {"job": job, "rows": one.rows, "file": str(out), "spoiled": one.spoiled}
        return Reply(value, [f"{one.rows} rows in {out}", *_spoiled(one)])
    one = node.jobs.result(job)
    cells = [[NO_CELL if cell is None else cell for cell in row] for row in one.table[:SHOWN_ROWS]]
    shown: list[Shown] = [Rows(one.columns, cells, "no rows: nothing is in common")]
    if one.rows > SHOWN_ROWS:
        shown.append(f"... {one.rows - SHOWN_ROWS} more; --out FILE writes all {one.rows}")
    return Reply(one, [*shown, *_spoiled(one)])


def _spoiled(one: ResultInfo) -> list[Shown]:
    """What is missing by the other side's fault, and why not to tell it."""
    if not one.spoiled:
        return []
    keys = "1 key" if one.spoiled == 1 else f"{one.spoiled} keys"
    return [
        f"what the other side sent for {keys} in common cannot be read, which is its fault",
        "if it hears that from you, it learns that you have keys for which it sent such things",
    ]


def describe(job: JobInfo) -> list[Shown]:
    """A job for people."""
    pairs = [
        ("job", f"{job.job} ({job.kind})"),
        ("state", job.state + (f": {job.reason}" if job.reason else "")),
        ("here", job.phase or "no part in it"),
        ("purpose", job.purpose or "not known here"),
        ("proposed by", job.proposer),
        ("parties", listed([f"{one}{' (consented)' if one in job.consents else ''}" for one in job.parties])),
        ("receives", listed(job.receivers)),
        ("receipts", listed(job.receipts)),
        ("deadline", iso(job.not_after)),
    ]
    if job.order:
        pairs.append(("order", f"{job.order}; nothing of it is released"))
    if job.progress_total:
        pairs.append(("progress", f"{job.progress_done} of {job.progress_total} {job.progress_unit}"))
    if job.sent_bytes or job.received_bytes:
        pairs.append(("traffic", f"{size(job.sent_bytes)} sent, {size(job.received_bytes)} received, {duration(job.seconds)}"))
    if job.adversary_model:
        pairs += [("adversary", job.adversary_model), ("shows", job.leakage)]
    pairs += [("entrusts", f"{owner} its data to {listed(nodes)}") for owner, nodes in job.entrusts.items()]
    if job.deposition is not None:
        pairs += _disputed(job.deposition)
    shown: list[Shown] = [Fields(pairs)]
    if job.program:
        shown += ["", f"program {job.digest}", job.program]
    if job.decision is not None:
        shown += ["", *describe_decision("this node", job.decision)]
    return shown


def _disputed(said: DepositionInfo) -> list[tuple[str, str]]:
    """What the compute nodes' signatures show of a computation that ended early."""
    if said.problem:
        return [("disputed", f"what this node kept is not verified: {said.problem}")]
    found = [f"{one.what}: {listed(one.by)}" for one in said.contradictions]
    last = max((one.round for one in said.claims), default=0)
    agreed = f"none in the {len(said.claims)} claims that {said.witness} holds, up to round {last}"
    between = f"between {listed(said.between)}" if said.between else "between whom, this node did not see"
    return [("disputed", between), ("contradictions", listed(found) if found else agreed)]
