"""`atoll policy`: what terms say, what would be refused, and consents in advance."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from atoll.api.models import DecisionInfo, DutyInfo, GiveStanding, NoteDuty, StandingInfo
from atoll.cli.deciding import describe_decision
from atoll.cli.errors import BadArgument
from atoll.cli.frame import CertificateOption, HomeOption, TokenOption, UrlOption, command, connect_to, group
from atoll.cli.options import GrantArgument, YesOption
from atoll.cli.reply import Reply, Rows
from atoll.cli.screen import confirm
from atoll.cli.terms import describe_policy, load_request, load_terms, parse_settings
from atoll.cli.words import iso
from atoll.client import Node
from atoll.policy.odrl import evaluate
from atoll.policy.odrl.jsonld import parse_policy_json, read_policy
from atoll.policy.reasons import conclude
from atoll.policy.templates import load_template

app = group("Check and explain terms; consent in advance.")
standing = group("Consent in advance to jobs within bounds, so that no person is asked.")
app.add_typer(standing, name="standing")
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Terms as an ODRL document.")]
StandingArgument = Annotated[str, typer.Argument(metavar="STANDING", help="The standing consent's 32 digits.")]
SetOption = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="What stands in a hole; repeat.")]


@command(app, "check", "atoll policy check terms.json")
def check(file: FileArgument) -> Reply:
    """Everything in a document that would be refused when it is published, and what in it can never hold.

    No node is asked: the profile is the same at every node of this version.
    """
    policy, problems = read_policy(load_terms(file))
    rows = [("refused" if one.refused else "never holds", one.where, one.what) for one in problems]
    refused = any(one.refused for one in problems)
    value = {"refused": refused, "problems": problems}
    verdict = "This would be refused." if refused else "This can be published."
    return Reply(value, [verdict, Rows(("", "where", "what"), rows, "nothing to say"), "", describe_policy(policy)])


@command(
    app,
    "explain",
    "atoll policy explain 5be1a0c2d3e4f5061728394a5b6c7d8e --home bureau",
    "atoll policy explain --terms terms.json --request request.json",
)
def explain(
    job: Annotated[str | None, typer.Argument(metavar="JOB", help="A job's 32 digits.")] = None,
    terms: Annotated[Path | None, typer.Option(metavar="FILE", help="Terms as an ODRL document, instead of a job.")] = None,
    request: Annotated[Path | None, typer.Option(metavar="FILE", help="A use, operand by operand, as JSON.")] = None,
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    certificate: CertificateOption = None,
) -> Reply:
    """Why a job is permitted or denied: each rule with its constraint, what was wanted and what was observed.

    With --terms and --request no node is asked. A request names operands as `atoll grant show` does, for example
    {"action": "use", "purpose": "credit-check", "columns": ["ref"], "rows": 1000, "date-time": "2026-11-22T00:00:00Z"}.
    """
    if terms is not None and request is not None and job is None:
        policy, use = parse_policy_json(load_terms(terms)), load_request(request)
        said = DecisionInfo.model_validate(conclude(evaluate(policy, use), ask="").to_plain())
        return Reply(said, describe_decision("these terms", said))
    if job is None or terms is not None or request is not None:
        raise BadArgument(what="what to explain", reason="it is a job, or --terms together with --request")
    node = connect_to(home, url, token, certificate)
    try:
        info = node.jobs.show(job)
    finally:
        node.close()
    if info.decision is None:
        return Reply(info, [f"This node has not decided on {job}: it is {info.state}."])
    return Reply(info.decision, describe_decision("this node", info.decision))


@command(app, "duties", "atoll policy duties 5be1a0c2d3e4f5061728394a5b6c7d8e --home bureau")
def duties(node: Node, grant: GrantArgument) -> Reply:
    """How the duties in a grant's terms stand, as far as this organisation has noted."""
    found = node.standing.duties(grant)
    return Reply(found, [_duties(found)])


@command(
    app,
    "note",
    "atoll policy note 5be1a0c2d3e4f5061728394a5b6c7d8e 'permission 0, duty 0' --amount 5.00 --unit EUR --home bureau",
)
def note(
    node: Node,
    grant: GrantArgument,
    duty: Annotated[str, typer.Argument(metavar="DUTY", help="Its identifier or place, as `atoll policy duties` shows it.")],
    done: Annotated[bool, typer.Option("--done/--not-done", help="Whether it was done.")] = True,
    overdue: Annotated[bool, typer.Option("--overdue", help="It was not done in time.")] = False,
    amount: Annotated[str, typer.Option(metavar="NUMBER", help="What was paid.")] = "",
    unit: Annotated[str, typer.Option(metavar="NAME", help="In which unit.")] = "",
    share: Annotated[str, typer.Option(metavar="NUMBER", help="Which share.")] = "",
) -> Reply:
    """Note how a duty stands, in the terms of a grant that this organisation gave."""
    said = NoteDuty(duty=duty, done=done, overdue=overdue, amount=amount, unit=unit, share=share)
    found = node.standing.note_duty(grant, said)
    return Reply(found, [_duties(found)])


def _duties(found: list[DutyInfo]) -> Rows:
    rows = [(one.duty, one.action, one.state, "yes" if one.performed else "no") for one in found]
    return Rows(("duty", "action", "state", "done"), rows, "no duties")


@command(
    standing,
    "give",
    "atoll policy standing give --terms bounds.json --uses 100 --days 30 --home bureau",
    "atoll policy standing give --template credit-check --set columns=ref --uses 100 --days 30 --home bureau",
)
def give(
    node: Node,
    uses: Annotated[int, typer.Option(help="How many jobs.", min=1, max=100_000)],
    days: Annotated[int, typer.Option(help="How long it holds.", min=1, max=365)],
    terms: Annotated[Path | None, typer.Option(metavar="FILE", help="Bounds as an ODRL document.")] = None,
    template: Annotated[str | None, typer.Option(metavar="NAME", help="A template, instead of a file.")] = None,
    settings: SetOption = None,
    title: Annotated[str, typer.Option(help="What it is for.")] = "",
) -> Reply:
    """Consent in advance to jobs within bounds. Grants, budgets, levels and local rules hold all the same.

    It speaks for a person who would be asked, as often and as long as is said here; data of level G4 and above it never covers.
    """
    if (terms is None) == (template is None):
        raise BadArgument(what="the bounds", reason="they are --terms or --template, one of them")
    document = load_terms(terms) if terms else _bounds_of(template or "", settings)
    given = node.standing.give(GiveStanding(terms=document, title=title, uses=uses, days=days))
    return Reply({"standing": given}, [f"standing consent {given}: {uses} jobs in {days} days"])


def _bounds_of(template: str, settings: list[str] | None) -> dict[str, Any]:
    """A template's rules without its obligations: nobody accepts a standing consent, so nobody owes anything by it."""
    document = load_template(template).fill(parse_settings(settings))
    return {key: value for key, value in document.items() if key != "obligation"}


@command(standing, "list", "atoll policy standing list --home bureau")
def list_standing(node: Node) -> Reply:
    """Standing consents, with what is left of them."""
    found = node.standing.list()
    rows = [(one.standing, one.owner, one.state, _left(one), iso(one.not_after), one.title) for one in found]
    return Reply(found, [Rows(("standing", "of", "state", "uses left", "until", "for"), rows, "no standing consents")])


def _left(one: StandingInfo) -> str:
    return f"{one.uses_left} of {one.uses_limit}"


@command(standing, "revoke", "atoll policy standing revoke 5be1a0c2d3e4f5061728394a5b6c7d8e --home bureau")
def revoke(node: Node, identifier: StandingArgument, yes: YesOption = False) -> Reply:
    """Take a standing consent back. It binds this node at once; a person is asked from now on."""
    confirm(f"Revoke standing consent {identifier}?", yes=yes)
    receipt = node.standing.revoke(identifier)
    return Reply(receipt, [f"standing consent {identifier} revoked in block {receipt.height}"])
