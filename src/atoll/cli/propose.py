"""`atoll job propose`: from what a person says to a job, with everything shown first that the job takes and shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from atoll.cli.asking import (
    Join,
    Wanted,
    describe_doubt,
    find_grant,
    parse_link,
    read_side,
    share_columns,
    verify_named,
    verify_same_rules,
    verify_shown,
)
from atoll.cli.computing import computation
from atoll.cli.draft import describe_draft
from atoll.cli.errors import BadArgument
from atoll.cli.fitting import Use
from atoll.cli.foreseeing import answer_dry_run
from atoll.cli.frame import command, group, same_node
from atoll.cli.limits import Security, parse_epsilon
from atoll.cli.options import DryRunOption, YesOption
from atoll.cli.reply import Reply
from atoll.cli.screen import confirm, print_shown
from atoll.cli.waiting import waiting
from atoll.cli.watch import ended, watch_job
from atoll.client import Node

app = group("Propose a job; one command a kind.")
LEAST_SUMMED = 20
"""Fewest matches over which a sum is asked for unless a person says otherwise; grants ask for as many unless they say
otherwise."""


@command(
    app,
    "intersection",
    "atoll job propose intersection --mine bank/customers/1 --column customer_id --theirs bureau/files/1 --column ref "
    "--purpose credit-check --home bank",
    "atoll job propose intersection --mine bank/customers/1 --column customer_id --theirs bureau/files/1 --column ref "
    "--output rows --show score --keep limit --join left --purpose credit-check --home bank",
    "atoll job propose intersection --mine bank/customers/1 --column customer_id --theirs bureau/files/1 --column ref "
    "--output cardinality --epsilon 0.5 --purpose statistics --dry-run --home bank",
    "atoll job propose intersection --mine bank/customers/1 --column customer_id --theirs bureau/files/1 --column ref "
    "--security malicious --link 100Mb/s,20ms --purpose credit-check --yes --watch --home bank",
)
def intersection(
    node: Node,
    mine: Annotated[str, typer.Option(metavar="DATASET", help="This organisation's dataset; it receives the result.")],
    theirs: Annotated[list[str], typer.Option(metavar="DATASET", help="Another owner's dataset; repeat for several owners.")],
    column: Annotated[list[str], typer.Option(help="Key columns, first those of --mine, then as many of each --theirs.")],
    purpose: Annotated[str, typer.Option(help="Why; the grants must permit it.")],
    output: Annotated[Wanted, typer.Option(help="What comes out.")] = Wanted.IDENTIFIERS,
    join: Annotated[
        Join, typer.Option(help="Which rows: those that match, all (with rows), or those that do not (with identifiers).")
    ] = Join.INNER,
    show: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Column of --theirs to get (rows) or to add up (sum); repeat.")
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Further column of --mine in the result; repeat.")
    ] = None,
    both: Annotated[
        bool,
        typer.Option("--both", help="The other organisation receives too, by a grant of this one; a person there consents."),
    ] = False,
    give: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="With --both and rows: column of --mine that it gets; repeat.")
    ] = None,
    epsilon: Annotated[
        str, typer.Option(metavar="NUMBER", help="Noise on a cardinality, for this privacy loss. [default: exact]")
    ] = "",
    min_count: Annotated[
        int, typer.Option(help="Fewest matches over which a receiver that keeps to the protocol is told a sum.", min=0)
    ] = LEAST_SUMMED,
    scale: Annotated[int, typer.Option(help="Most digits behind the point of summed numbers.", min=0, max=9)] = 0,
    total_bits: Annotated[
        int, typer.Option(help="Width of a sum in units of --scale: 44 holds up to 8,796,093,022,207.", min=44, max=48)
    ] = 44,
    payload_bytes: Annotated[
        int, typer.Option(help="Room for the shown cells of a key. [default: 64 a column]", min=0, max=65535)
    ] = 0,
    security: Annotated[Security, typer.Option(help="Misbehaviour to withstand.")] = Security.SEMI_HONEST,
    protocol: Annotated[
        str, typer.Option(metavar="NAME", help="Protocol, by name. [default: the planner chooses]", show_default=False)
    ] = "",
    variant: Annotated[
        str, typer.Option(metavar="NAME", help="Its variant. [default: the planner chooses]", show_default=False)
    ] = "",
    link: Annotated[
        str, typer.Option(metavar="RATE,DELAY", help="The slowest link between two sides; the planner looks at it.")
    ] = "1Gb/s,1ms",
    grant: Annotated[
        list[str] | None,
        typer.Option(metavar="GRANT", help="Grant it rests on, one a --theirs. [default: the only one in force]"),
    ] = None,
    normalisation: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help="How each key column is spelt, for all sides. [default: as the cards say]"),
    ] = None,
    minutes: Annotated[int, typer.Option(help="Deadline from now.", min=1, max=10_080)] = 60,
    memory_mb: Annotated[int, typer.Option(help="Memory cap of each party's process.", min=128)] = 1024,
    rows_cap: Annotated[
        int | None, typer.Option(help="Most rows of each side. [default: as the cards and the grants say]", min=1)
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it until it has ended.")] = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> Reply:
    """Find out what your identifiers and other owners' have in common, without anybody showing its list.

    Before it is proposed you see which protocols could do it and what each would take, what each party learns, which parties
    could together read what, and who would refuse it, as far as this node can tell. All sides must spell identifiers by the
    same rule: spelt differently, equal ones do not match, and nobody notices.
    """
    own, others = node.datasets.show(mine), [node.datasets.show(one) for one in theirs]
    if grant and len(grant) != len(others):
        raise BadArgument(what="--grant", reason=f"{len(grant)} grants for {len(others)} datasets of others")
    if both and len(others) != 1:
        raise BadArgument(what="--both", reason="it is for two organisations")
    for option, dataset, names in (("--keep", own, keep), ("--give", own, give), *(("--show", one, show) for one in others)):
        verify_named(dataset, names or [], option)
    verify_shown(output, show or [])
    slowest = parse_link(link)
    keys = share_columns(column, 1 + len(others))
    uses = [Use("intersection", purpose, [*key, *(show or [])], str(output)) for key in keys[1:]]
    permits = [
        find_grant(node, one, named, use) for one, named, use in zip(others, grant or [""] * len(others), uses, strict=True)
    ]
    rules = normalisation or []
    sides = [read_side(one, key, rules, rows_cap, permit) for one, key, permit in zip(others, keys[1:], permits, strict=True)]
    sides = [replace(one, shows=tuple(show or [])) for one in sides]
    given = Use("intersection", purpose, [*keys[0], *(give or [])], str(output))
    back = find_grant(node, own, "", given, grantee=others[0].owner) if both else None
    receiver = replace(read_side(own, keys[0], rules, rows_cap, back), keeps=tuple(keep or []), shows=tuple(give or []))
    verify_same_rules([receiver, *sides])
    spec: dict[str, Any] = {
        "receivers": [one.to_spec() for one in ([receiver, *sides] if both else [receiver])],
        "owners": [] if both else [one.to_spec() for one in sides],
        "output": str(output),
        "join": str(join),
        "epsilon_micro": parse_epsilon("--epsilon", epsilon) if epsilon else 0,
        "min_count": min_count if output is Wanted.SUM else 0,
        "scale": scale,
        "total_bits": total_bits if output is Wanted.SUM else 0,
        "payload_bytes": payload_bytes,
        "security": str(security),
        "protocol": protocol,
        "variant": variant,
        "memory_mb": memory_mb,
        **slowest,
    }
    limits = {"minutes": minutes, "memory_mb": memory_mb}
    draft = node.jobs.draft("intersection", spec, purpose=purpose, **limits)
    doubts = [describe_doubt(one, use) for one, use in zip(permits, uses, strict=True)]
    shown = [*describe_draft(draft, permits, me=own.owner), *filter(None, doubts)]
    if dry_run:
        return answer_dry_run(draft, shown)
    if not yes:
        print_shown(shown, to_stderr=True)
    confirm("Propose this job?", yes=yes)
    with waiting():
        job = node.jobs.propose("intersection", spec, purpose=purpose, **limits)
    if watch:
        return ended(watch_job(node, job))
    value = {"job": job, "estimate": draft.estimate, "leakage": draft.leakage, "coalitions": draft.coalitions, "why": draft.why}
    return Reply(value, [f"proposed job {job}\n\nNext: atoll job watch {job}{same_node()}"])


command(
    app,
    "computation",
    "atoll job propose computation mean.py --owner first=bureau/files/1 --owner second=telecom/lines/1 --receiver asker=bank "
    "--compute bank --compute bureau --compute telecom --size n=1000 --purpose statistics --home bank",
    "atoll job propose computation risk.py --owner bureau=bureau/files/1 --column late=late_april --size n=1000 "
    "--compute bank --compute bureau --compute auditor --security malicious --purpose credit-check --dry-run --home bank",
)(computation)
