"""`atoll grant`: permissions, given and taken back. A grant is the only thing that authorises a use."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from atoll.api.models import GiveGrant, GrantInfo
from atoll.cli import template
from atoll.cli.errors import BadArgument
from atoll.cli.fitting import left, permitted, state
from atoll.cli.frame import command, group
from atoll.cli.limits import Security, describe_limits, parse_cap, parse_epsilon, parse_outputs
from atoll.cli.options import DaysOption, GrantArgument, GranteeOption, LimitOption, OwnDatasetArgument, UsesOption, YesOption
from atoll.cli.reply import Fields, Reply, Rows
from atoll.cli.screen import confirm
from atoll.cli.terms import describe_terms, load_terms
from atoll.cli.waiting import waiting
from atoll.cli.words import iso, listed
from atoll.client import Node

app = group("Permit uses of datasets, and take permissions back.")
app.add_typer(template.app, name="template")


class Form(StrEnum):
    """In which words a grant's terms are shown."""

    ODRL = "odrl"


class Counting(StrEnum):
    """What of the grantee's sets counts as new."""

    RUNS = "runs"
    VERSIONS = "versions"
    ASSERTED = "asserted"


@command(
    app,
    "give",
    "atoll grant give bureau/files/1 --to bank --column ref --purpose credit-check --uses 5 --days 30 --home bureau",
    "atoll grant give bureau/files/1 --to bank --column ref --purpose credit-check --new-identifiers 10000/30d --rate 20/day",
    "atoll grant give bureau/files/1 --to bank --column ref --purpose statistics --outputs cardinality --epsilon 1.0",
    "atoll grant give bureau/files/1 --to bank --column ref --purpose credit-check --outputs identifiers,rows --payload score",
    "atoll grant give bureau/files/1 --to bank --column ref --purpose credit-check --security malicious",
    "atoll grant give bureau/bills/1 --to bank --column amount --purpose statistics --outputs aggregate",
    "atoll grant give bureau/files/1 --to bank --terms terms.json --uses 5 --days 30",
)
def give(
    node: Node,
    dataset: OwnDatasetArgument,
    to: GranteeOption,
    column: Annotated[list[str] | None, typer.Option(help="Column that may be used; repeat.")] = None,
    purpose: Annotated[list[str] | None, typer.Option(help="Purpose it may be used for; repeat.")] = None,
    terms: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Terms as an ODRL document, instead of columns, purposes, outputs and the like."),
    ] = None,
    job_kind: Annotated[
        list[str] | None, typer.Option(help="Kind of job: intersection or computation; repeat. [default: that of the outputs]")
    ] = None,
    protocol: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Protocol by which it may be used; repeat. [default: any]")
    ] = None,
    security: Annotated[
        Security, typer.Option(help="Misbehaviour of the grantee that a job must withstand, at least.")
    ] = Security.SEMI_HONEST,
    right: Annotated[str, typer.Option(metavar="RIGHT", help="Right to give it under. [default: the holding]")] = "",
    uses: UsesOption = 1,
    days: DaysOption = 30,
    rows: Annotated[int | None, typer.Option(help="Most rows that may take part in a job.", min=1)] = None,
    outputs: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="What may come out, for example identifiers,cardinality. Of intersections: identifiers, rows (--payload names "
            "what goes with them), cardinality, sum (of a --payload); of programs: aggregate (sums, means, counts), comparison "
            "(ranks and flags, too), computed (anything).",
        ),
    ] = "identifiers",
    payload: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Column that may leave with rows or be summed; repeat.")
    ] = None,
    min_count: Annotated[
        int, typer.Option(help="Fewest matches over which a receiver that keeps to the protocol is told a sum.", min=1)
    ] = 20,
    epsilon: Annotated[
        str, typer.Option(metavar="NUMBER", help="Privacy budget of noisy counts; with it, exact ones are not permitted.")
    ] = "0",
    new_identifiers: LimitOption = "1000000/30d",
    counting: Annotated[
        Counting, typer.Option(help="What counts as new: every run, each version once, or what the grantee asserts.")
    ] = Counting.RUNS,
    rate: Annotated[str | None, typer.Option(metavar="LIMIT/PERIOD", help="Jobs in a period.")] = None,
    rate_rows: Annotated[str | None, typer.Option(metavar="LIMIT/PERIOD", help="Rows in a period.")] = None,
) -> Reply:
    """Permit a use of a dataset. Terms go to the grantee and the auditor, a commitment to them to the ledger.

    What the grantee takes is capped, also over several grants and together with its affiliates: a PERIOD is a number of days
    such as 30d, or day, week, month or year. Without --new-identifiers it may bring 1,000,000 in 30 days.
    """
    request = GiveGrant(
        grantee=to,
        dataset=dataset,
        right=right,
        uses=uses,
        days=days,
        columns=column or [],
        purposes=purpose or [],
        terms=load_terms(terms) if terms else None,
        job_kinds=job_kind or [],
        protocols=protocol or [],
        security=security.value,
        rows=rows,
        outputs=parse_outputs("--outputs", outputs),
        payload=payload or [],
        min_count=min_count,
        epsilon_micro=parse_epsilon("--epsilon", epsilon),
        new_identifiers=parse_cap("--new-identifiers", new_identifiers),
        counting=counting.value,
        rate=parse_cap("--rate", rate) if rate else None,
        rate_rows=parse_cap("--rate-rows", rate_rows) if rate_rows else None,
    )
    with waiting():
        grant = node.grants.give(request)
    return Reply({"grant": grant}, [f"grant {grant} of {dataset} to {to}, {uses} uses in {days} days"])


@command(app, "list", "atoll grant list --home bank")
def list_grants(node: Node) -> Reply:
    """Grants given and received: what they permit, and what is left of them. `grant show` prints all terms."""
    found = node.grants.list()
    rows = [
        (
            one.grant,
            one.owner,
            one.grantee,
            one.dataset,
            listed(permitted(one, "purpose")),
            listed(permitted(one, "outputs")),
            state(one),
            f"{left(one)} of {one.uses_limit}",
            iso(one.not_after),
        )
        for one in found
    ]
    columns = ("grant", "owner", "to", "dataset", "for", "gives", "state", "uses left", "until")
    return Reply(found, [Rows(columns, rows, "no grants")])


@command(
    app,
    "show",
    "atoll grant show 5be1a0c2d3e4f5061728394a5b6c7d8e --home bank",
    "atoll grant show 5be1a0c2d3e4f5061728394a5b6c7d8e --format odrl --home bank",
)
def show(
    node: Node,
    grant: GrantArgument,
    format_: Annotated[Form | None, typer.Option("--format", help="odrl: only its terms, as a JSON-LD agreement.")] = None,
) -> Reply:
    """One grant with its terms."""
    if format_ is not None:
        document = node.grants.agreement(grant)
        return Reply(document, [json.dumps(document, indent=2, ensure_ascii=False)])
    one = node.grants.show(grant)
    pairs = [
        ("grant", f"{one.grant} ({one.state}), version {one.version}"),
        ("given by", one.giver or one.owner),
        ("under right", one.right or "-"),
        ("to", one.grantee),
        ("dataset", one.dataset),
        ("holds", f"{iso(one.not_before)} to {iso(one.not_after)}"),
        ("uses", f"{one.uses_spent} spent, {one.uses_reserved} reserved, {left(one)} of {one.uses_limit} left"),
        *describe_limits(one),
    ]
    return Reply(one, [Fields(pairs), *_terms(one)])


@command(app, "revoke", "atoll grant revoke 5be1a0c2d3e4f5061728394a5b6c7d8e --home bureau")
def revoke(node: Node, grant: GrantArgument, yes: YesOption = False) -> Reply:
    """Take a grant back. It binds this node at once, whatever becomes of the transaction."""
    confirm(f"Revoke grant {grant}?", yes=yes)
    with waiting():
        receipt = node.grants.revoke(grant)
    return Reply(receipt, [f"grant {grant} revoked in block {receipt.height}"])


def rows_limit(grant: GrantInfo) -> int | None:
    """The most rows that the terms permit, where they say."""
    limits = [
        int(constraint["right"][0])
        for rule in (grant.terms or {}).get("permissions", ())
        for constraint in rule["constraints"]
        if constraint["left"] == "rows" and constraint["operator"] == "lteq" and constraint["right"][0].isdecimal()
    ]
    return min(limits) if limits else None


def _terms(grant: GrantInfo) -> list[str | Rows]:
    if grant.terms_from:
        return [f"\nThe terms are on their way from {grant.terms_from}."]
    if grant.terms is None:
        return ["\nThe terms are held by owner, grantee and auditor."]
    try:
        return ["", describe_terms(grant.terms)]
    except (KeyError, TypeError) as err:
        raise BadArgument(what=f"the terms of {grant.grant}", reason="they are of a form this version does not know") from err
