"""`atoll grant template`: terms with holes, filled and granted."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from atoll.api.models import GiveGrant
from atoll.cli.frame import command, group
from atoll.cli.limits import parse_cap, parse_epsilon
from atoll.cli.options import DaysOption, GranteeOption, LimitOption, OwnDatasetArgument, UsesOption
from atoll.cli.reply import Reply, Rows
from atoll.cli.terms import parse_settings
from atoll.client import Node
from atoll.policy.templates import load_template, template_names

app = group("Terms that are used again and again, with places to fill.")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The template's name.")]


@command(app, "list", "atoll grant template list")
def list_templates() -> Reply:
    """The templates there are."""
    found = [load_template(one) for one in template_names()]
    rows = [(one.name, one.title, ", ".join(hole.name for hole in one.holes)) for one in found]
    return Reply(found, [Rows(("template", "for", "to fill"), rows)])


@command(app, "show", "atoll grant template show credit-check")
def show(name: NameArgument) -> Reply:
    """One template: what it is for, its places and its document."""
    found = load_template(name)
    rows = [(one.name, one.kind.value, one.default or "must be said", one.about) for one in found.holes]
    document = json.dumps(found.policy, indent=2)
    return Reply(found, [found.title, found.about, "", Rows(("place", "kind", "default", "what"), rows), "", document])


@command(
    app,
    "use",
    "atoll grant template use credit-check bureau/files/1 --to bank --set columns=ref --uses 5 --days 30 --home bureau",
)
def use(
    node: Node,
    name: NameArgument,
    dataset: OwnDatasetArgument,
    to: GranteeOption,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="What stands in a place; repeat.")
    ] = None,
    uses: UsesOption = 1,
    days: DaysOption = 30,
    epsilon: Annotated[str, typer.Option(metavar="NUMBER", help="Privacy budget of all noisy outputs together.")] = "0",
    new_identifiers: LimitOption = "1000000/30d",
) -> Reply:
    """Give a grant with the terms of a template."""
    terms = load_template(name).fill(parse_settings(settings))
    request = GiveGrant(
        grantee=to,
        dataset=dataset,
        uses=uses,
        days=days,
        terms=terms,
        epsilon_micro=parse_epsilon("--epsilon", epsilon),
        new_identifiers=parse_cap("--new-identifiers", new_identifiers),
    )
    grant = node.grants.give(request)
    return Reply({"grant": grant}, [f"grant {grant} of {dataset} to {to} by {name}, {uses} uses in {days} days"])
