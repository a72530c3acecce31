"""`atoll job propose`: from what a person says to a job, with everything shown first that the job takes and shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from atoll.api.models import DatasetInfo, DraftInfo, GrantInfo
from atoll.cli.errors import BadArgument, GrantUnclear, NoRule, RulesDiffer
from atoll.cli.frame import command, group
from atoll.cli.grant import left, rows_limit
from atoll.cli.reply import Fields, Reply, Rows, Shown
from atoll.cli.screen import confirm, print_shown
from atoll.cli.watch import ended, watch_job
from atoll.cli.words import duration, iso, listed, size
from atoll.client import Node

app = group("Propose a job; one command a kind.")


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an intersection."""

    dataset: DatasetInfo
    columns: tuple[str, ...]
    rules: tuple[str, ...]
    rows_cap: int
    grant: GrantInfo | None = None

    def to_spec(self) -> dict[str, Any]:
        """As the kind's specification wants it."""
        return {
            "org": self.dataset.owner,
            "dataset": self.dataset.dataset,
            "columns": list(self.columns),
            "normalisation": list(self.rules),
            "rows_cap": self.rows_cap,
            "grants": [{"grant": self.grant.grant, "version": self.grant.version}] if self.grant else [],
        }


@command(
    app,
    "intersection",
    "atoll job propose intersection --mine bank/customers/1 --column customer_id --theirs bureau/files/1 --column ref "
    "--purpose credit-check --home bank",
    "atoll job propose intersection --mine bank/customers/1 --column customer_id --theirs bureau/files/1 --column ref "
    "--grant 5be1a0c2d3e4f5061728394a5b6c7d8e --purpose credit-check --yes --watch --home bank",
)
def intersection(
    node: Node,
    mine: Annotated[
        str, typer.Option(metavar="DATASET", help="This organisation's dataset; it receives the identifiers in common.")
    ],
    theirs: Annotated[str, typer.Option(metavar="DATASET", help="The other owner's dataset.")],
    column: Annotated[list[str], typer.Option(help="Key columns, first those of --mine, then as many of --theirs.")],
    purpose: Annotated[str, typer.Option(help="Why; the grant must permit it.")],
    grant: Annotated[
        str, typer.Option(metavar="GRANT", help="Grant it rests on; the only one in force if left out.", show_default=False)
    ] = "",
    normalisation: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help="How each key column is spelt, for both sides. [default: as the cards say]"),
    ] = None,
    minutes: Annotated[int, typer.Option(help="Deadline from now.", min=1, max=10_080)] = 60,
    memory_mb: Annotated[int, typer.Option(help="Memory cap of each party's process.", min=128)] = 1024,
    rows_cap: Annotated[
        int | None, typer.Option(help="Most identifiers of each side. [default: as the cards and the grant say]", min=1)
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it until it has ended.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> Reply:
    """Find out which of your identifiers another owner has too, without either showing its list.

    Before it is proposed you see what it takes at most, what each party learns, and which parties could together read what.
    Both sides must spell identifiers by the same rule: spelt differently, equal ones do not match, and nobody notices.
    """
    half = len(column) // 2
    if not column or len(column) % 2:
        raise BadArgument(what="--column", reason="give the key columns of --mine, then equally many of --theirs")
    own, other = node.datasets.show(mine), node.datasets.show(theirs)
    permit = find_grant(node, other, grant)
    rules = normalisation or []
    receiver = read_side(own, column[:half], rules, rows_cap, None)
    owner = read_side(other, column[half:], rules, rows_cap, permit)
    for at, (one, two) in enumerate(zip(receiver.rules, owner.rules, strict=True)):
        if one != two:
            raise RulesDiffer(mine=receiver.columns[at], mine_rule=one, theirs=owner.columns[at], theirs_rule=two)
    spec = {"receivers": [receiver.to_spec()], "owners": [owner.to_spec()]}
    limits = {"minutes": minutes, "memory_mb": memory_mb}
    draft = node.jobs.draft("intersection", spec, purpose=purpose, **limits)
    if not yes:
        print_shown(describe_draft(draft, permit), to_stderr=True)
    confirm("Propose this job?", yes=yes)
    job = node.jobs.propose("intersection", spec, purpose=purpose, **limits)
    if watch:
        return ended(watch_job(node, job))
    value = {"job": job, "estimate": draft.estimate, "leakage": draft.leakage, "coalitions": draft.coalitions}
    return Reply(value, [f"proposed job {job}\n\nNext: atoll job watch {job}"])


def find_grant(node: Node, dataset: DatasetInfo, named: str) -> GrantInfo:
    """The grant that is named, or the only one in force for the dataset.

    Raises:
        NoSuchGrant: the one named is not this organisation's.
        GrantUnclear: none is in force, or several are.
    """
    if named:
        return node.grants.show(named)
    found = [
        one
        for one in node.grants.list()
        if one.dataset == dataset.dataset and one.state == "active" and left(one) and one.owner == dataset.owner
    ]
    if len(found) != 1:
        raise GrantUnclear(found=len(found) or "No", dataset=dataset.dataset)
    return found[0]


def read_side(
    dataset: DatasetInfo, columns: list[str], rules: list[str], rows_cap: int | None, grant: GrantInfo | None
) -> Side:
    """What a dataset's card says about the columns that make the key.

    Raises:
        BadArgument: the card has no such column, or the rules are not one a column.
        NoRule: neither card nor rules say how a column is spelt.
    """
    by_name = {one.name: one for one in dataset.columns}
    if by_name:
        for name in columns:
            if name not in by_name:
                reason = f"{dataset.dataset} has no such column; first come the columns of --mine, then those of --theirs"
                raise BadArgument(what=f"--column {name}", reason=reason)
    if rules and len(rules) != len(columns):
        raise BadArgument(what="--normalisation", reason=f"{len(rules)} rules for keys of {len(columns)} columns")
    spelt = tuple(rules) or tuple(by_name[name].normalisation if name in by_name else "" for name in columns)
    for name, rule in zip(columns, spelt, strict=True):
        if not rule:
            raise NoRule(dataset=dataset.dataset, column=name)
    limits = [one for one in (dataset.rows_at_most, rows_limit(grant) if grant else None) if one]
    cap = rows_cap or (min(limits) if limits else 0)
    if not cap:
        raise BadArgument(what="--rows-cap", reason=f"the card of {dataset.dataset} is not here, so it has to be said")
    return Side(dataset, tuple(columns), spelt, cap, grant)


def describe_draft(draft: DraftInfo, grant: GrantInfo) -> list[Shown]:
    """Everything to know before proposing."""
    plan, estimate = draft.plan, draft.estimate
    inputs = [f"{one['dataset']} ({', '.join(one['columns'])}; at most {one['rows_cap']})" for one in plan["inputs"]]
    pairs = [
        ("job", f"{plan['kind']} by {plan['protocol']}/{plan['protocol_version']}, for {plan['purpose']}"),
        ("inputs", "; ".join(inputs)),
        ("spelt by", listed(plan["inputs"][0]["normalisation"])),
        ("rests on", f"grant {grant.grant} of {grant.owner}, {left(grant)} uses left, until {iso(grant.not_after)}"),
        (
            "takes",
            f"up to {duration(estimate['seconds'])} on one core, {size(estimate['traffic_mb'] * 1e6)} sent, "
            f"{size(estimate['memory_mb'] * 1e6)} of memory",
        ),
        ("deadline", iso(plan["not_after"])),
        ("result", f"{listed(draft.result_columns)}, for you alone"),
        ("shows", draft.leakage),
        (
            "adversary",
            f"{draft.adversary_model}: protects against parties that keep to the protocol"
            if draft.adversary_model == "semi-honest"
            else draft.adversary_model,
        ),
    ]
    rows = [(" + ".join(one.members), listed(one.reads)) for one in draft.coalitions]
    return [Fields(pairs), "", Rows(("together", "could read"), rows), ""]
