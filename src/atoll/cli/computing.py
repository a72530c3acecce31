"""`atoll job propose computation`: from a program in a file to a job on secret shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from atoll.api.models import DatasetInfo, GrantInfo
from atoll.cli import programming
from atoll.cli.asking import find_grant, verify_named
from atoll.cli.draft import describe_draft
from atoll.cli.errors import BadArgument
from atoll.cli.fitting import Use
from atoll.cli.foreseeing import answer_dry_run
from atoll.cli.frame import same_node
from atoll.cli.limits import Security
from atoll.cli.options import DryRunOption, YesOption
from atoll.cli.reply import Reply
from atoll.cli.screen import confirm, print_shown
from atoll.cli.waiting import waiting
from atoll.cli.watch import ended, watch_job
from atoll.client import Node

if TYPE_CHECKING:
    from atoll.programs import Graph


def computation(
    node: Node,
    file: programming.FileArgument,
    owner: Annotated[list[str], typer.Option(metavar="LABEL=DATASET", help="What an owner of the program brings; repeat.")],
    compute: Annotated[list[str], typer.Option(metavar="ORG", help="A compute node; three of them.")],
    purpose: Annotated[str, typer.Option(help="Why; the grants must permit it.")],
    receiver: Annotated[
        list[str] | None, typer.Option(metavar="LABEL=ORG", help="Who a receiver is. [default: the organisation of that name]")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="INPUT=COLUMN[,COLUMN]", help="Column of an input. [default: the one of its name]"),
    ] = None,
    program: programming.NameOption = None,
    size: programming.SizeOption = None,
    forgive: Annotated[
        list[str] | None, typer.Option(metavar="INPUT", help="Bad cells of this input become nulls; for inputs with nulls.")
    ] = None,
    security: Annotated[Security, typer.Option(help="What one of the compute nodes may do.")] = Security.SEMI_HONEST,
    grant: Annotated[
        list[str] | None,
        typer.Option(metavar="DATASET=GRANT", help="Grant to this organisation it rests on. [default: the only one in force]"),
    ] = None,
    minutes: Annotated[int, typer.Option(help="Deadline from now.", min=1, max=10_080)] = 60,
    memory_mb: Annotated[int, typer.Option(help="Memory cap of each party's process.", min=128)] = 1024,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it until it has ended.")] = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> Reply:
    """Compute on the data of several owners by a secret program, which none of the parties sees the inputs of.

    Executes FILE if it is Python text: your own. What travels is the program's graph, which is data. Before it is proposed you
    see what it takes, what is opened to whom, and which parties could together read what. Each owner's node consents only
    once a person there has reviewed the program's digest.
    """
    from atoll.programs.places import owners, receivers

    graph = programming.load(file, program, programming.parse_sizes(size))
    brought = programming.parse_pairs("--owner", owner)
    _verify("--owner", brought, owners(graph))
    orgs = dict.fromkeys(receivers(graph), "") | programming.parse_pairs("--receiver", receiver or [])
    orgs = {label: org or label for label, org in orgs.items()}
    _verify("--receiver", orgs, receivers(graph))
    if len(compute) != 3:
        raise BadArgument(what="--compute", reason=f"three organisations compute, and {len(compute)} are named")
    named, chosen = (programming.parse_pairs(*one) for one in (("--grant", grant or []), ("--column", column or [])))
    sets = {label: node.datasets.show(brought[label]) for label in owners(graph)}
    uses: list[GrantInfo] = []
    spec: dict[str, Any] = {
        "graph": graph.encode().hex(),
        "owners": [
            {
                "label": label,
                "dataset": dataset.dataset,
                "binds": _binds(graph, label, dataset, chosen, forgive or []),
                "grants": [_use(node, dataset, orgs[to], named, purpose, uses) for to in receivers(graph)],
            }
            for label, dataset in sets.items()
        ],
        "computes": compute,
        "receivers": [{"label": to, "org": orgs[to]} for to in receivers(graph)],
        "security": str(security),
    }
    limits = {"minutes": minutes, "memory_mb": memory_mb}
    draft = node.jobs.draft("computation", spec, purpose=purpose, **limits)
    shown = [*describe_draft(draft, uses, me=node.status().org), f"program {graph.digest.hex()}", draft.program, ""]
    if dry_run:
        return answer_dry_run(draft, shown)
    if not yes:
        print_shown(shown, to_stderr=True)
    confirm("Propose this job?", yes=yes)
    with waiting():
        job = node.jobs.propose("computation", spec, purpose=purpose, **limits)
    if watch:
        return ended(watch_job(node, job))
    value = {
        "job": job,
        "program": graph.digest.hex(),
        "estimate": draft.estimate,
        "leakage": draft.leakage,
        "coalitions": draft.coalitions,
    }
    return Reply(value, [f"proposed job {job} by program {graph.digest.hex()}\n\nNext: atoll job watch {job}{same_node()}"])


def _verify(option: str, given: dict[str, str], wanted: tuple[str, ...]) -> None:
    if set(given) != set(wanted):
        odd = sorted(set(given) ^ set(wanted))[0]
        raise BadArgument(what=f"{option} {odd}", reason=f"the program names {', '.join(wanted)}")


def _binds(graph: Graph, label: str, dataset: DatasetInfo, chosen: dict[str, str], forgive: list[str]) -> list[dict[str, Any]]:
    """Columns for the inputs of an owner."""
    binds = []
    for one in graph.inputs:
        if one.owner == label:
            columns = chosen.get(one.name, one.name).split(",")
            verify_named(dataset, columns, "--column")
            binds.append({"input": one.name, "columns": columns, "forgiving": one.name in forgive})
    return binds


def _use(
    node: Node, dataset: DatasetInfo, org: str, named: dict[str, str], purpose: str, uses: list[GrantInfo]
) -> dict[str, Any]:
    """What the use of a dataset for one receiver rests on."""
    if dataset.owner == org:
        return {"grant": "", "version": 0}
    found = find_grant(node, dataset, named.get(dataset.dataset, ""), Use("computation", purpose), grantee=org)
    if found.grantee != org:
        raise BadArgument(what=f"--grant {dataset.dataset}={found.grant}", reason=f"it is for {found.grantee}, not for {org}")
    uses.append(found)
    return {"grant": found.grant, "version": found.version}
