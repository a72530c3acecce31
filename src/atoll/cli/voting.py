"""What members of a consortium decide together: `atoll consortium motions | approve | withdraw | remove | validate | leave |
upgrade`."""

from __future__ import annotations

from typing import Annotated

import typer

from atoll.api.models import MotionInfo, MotionRequest
from atoll.cli.errors import BadArgument
from atoll.cli.frame import command
from atoll.cli.options import YesOption
from atoll.cli.reply import Fields, Reply, Rows, Shown
from atoll.cli.screen import confirm, print_shown
from atoll.cli.words import iso, listed, yes_no
from atoll.client import Node

DaysOption = Annotated[int, typer.Option(help="How long members have to approve it.", min=1, max=90)]
OrgArgument = Annotated[str, typer.Argument(metavar="ORG", help="The member's short name.")]
NumberArgument = Annotated[int, typer.Argument(metavar="NUMBER", help="From `consortium motions`.", min=1)]


def register(app: typer.Typer) -> None:
    """Put these commands into the group `atoll consortium`."""
    for function, examples in (
        (motions, ["motions --home bank"]),
        (approve, ["approve 3 --home bank"]),
        (withdraw, ["withdraw 3 --home bank"]),
        (remove, ["remove globex --home bank", "remove globex --validating-only --home bank"]),
        (validate, ["validate globex --home bank"]),
        (leave, ["leave --home globex", "leave --validating-only --home globex"]),
        (upgrade, ["upgrade --to 2 --from-block 5000 --home bank"]),
    ):
        command(app, function.__name__, *(f"atoll consortium {one}" for one in examples))(function)


def motions(node: Node) -> Reply:
    """What members decide together, and what waits for this organisation's approval."""
    found = node.members.motions()
    rows = [
        (
            str(one.number),
            _what(one),
            one.opened_by,
            f"{len(one.approvals)} of {one.needed}",
            one.state,
            iso(one.expires_at),
            "approve" if one.waits_for_us else "",
        )
        for one in found
    ]
    columns = ("motion", "to", "asked by", "approvals", "state", "until", "waits for")
    return Reply(found, [Rows(columns, rows, nothing="no motion so far")])


def approve(node: Node, number: NumberArgument, yes: YesOption = False) -> Reply:
    """Approve a motion in the name of this organisation, after a look at it.

    Until enough have approved it can be taken back (`withdraw`); replacing or revoking the identity key takes it back as well.

    Compare an invited organisation's fingerprint with what its own `atoll init` printed, over a channel that nobody between you
    controls: not with what the inviting member says. An agreement with other consortia is approved only where this node's own
    [foreign] names the same.
    """
    found = next((one for one in node.members.motions() if one.number == number), None)
    if found is None:
        raise BadArgument(what="NUMBER", reason=f"there is no motion {number} among the newest")
    print_shown(_describe(found), to_stderr=True)
    confirm(f"Approve motion {number}: {_what(found)}?", yes=yes)
    return asked(node.members.approve_motion(number))


def withdraw(node: Node, number: NumberArgument) -> Reply:
    """Take this organisation's approval back, as long as the motion is not carried."""
    return asked(node.members.withdraw_approval(number))


def remove(
    node: Node,
    org: OrgArgument,
    validating_only: Annotated[
        bool, typer.Option("--validating-only", help="It stays a member, and its vote and cosignature count no more.")
    ] = False,
    days: DaysOption = 14,
    yes: YesOption = False,
) -> Reply:
    """Ask the members to put one of them out. More than half of the others that count have to approve.

    It is cut off from the block on in which enough have: its transactions are refused, its node is let in nowhere. What it
    signed before stays good.
    """
    request = MotionRequest(kind="stop-validating" if validating_only else "remove", org=org, days=days)
    confirm(f"Ask the members to {'have ' + org + ' validate no more' if validating_only else 'put ' + org + ' out'}?", yes=yes)
    return asked(node.members.open_motion(request))


def validate(node: Node, org: OrgArgument, days: DaysOption = 14) -> Reply:
    """Ask the members to let one that follows validate too, with the keys that it has registered."""
    return asked(node.members.open_motion(MotionRequest(kind="validate", org=org, days=days)))


def leave(
    node: Node,
    validating_only: Annotated[
        bool, typer.Option("--validating-only", help="Stay a member that follows: no vote, no cosignature that counts.")
    ] = False,
    yes: YesOption = False,
) -> Reply:
    """Leave the consortium. There is no way back under this name; evidence of what was done stays good.

    On the embedded engine the member that puts transactions in order hands that over first. The last member that counts stays.
    """
    confirm("Validate no more?" if validating_only else "Leave this consortium for good?", yes=yes)
    receipt = node.members.leave(validating_only=validating_only)
    what = "validates no more" if validating_only else "has left; its node can be stopped"
    return Reply(receipt, [f"this organisation {what} since block {receipt.height}"])


def upgrade(
    node: Node,
    to: Annotated[int, typer.Option(help="Version of the rules: the one after the version in force.", min=2)],
    from_block: Annotated[
        int, typer.Option(help="First block under the new rules; soon if left out.", min=0, show_default=False)
    ] = 0,
    days: DaysOption = 14,
    yes: YesOption = False,
) -> Reply:
    """Ask the members to put the next version of the ledger's rules in force. More than two thirds have to approve.

    Install the version of Atoll that knows the rules everywhere first: a node that does not know them stops at that block, says
    so, and goes on once it does. A node approves only rules that it knows.
    """
    confirm(f"Ask the members for version {to} of the rules?", yes=yes)
    request = MotionRequest(kind="upgrade", rules_version=to, from_height=from_block, days=days)
    return asked(node.members.open_motion(request))


def asked(one: MotionInfo) -> Reply:
    """A motion that was opened or approved, and what comes next."""
    shown = _describe(one)
    if one.state == "open":
        shown.append(f"\nOthers approve it at their own nodes:\n  atoll consortium approve {one.number} --home HOME")
    return Reply(one, shown)


def _describe(one: MotionInfo) -> list[Shown]:
    pairs = [("motion", f"{one.number}: {_what(one)}")]
    if one.kind == "invite":
        pairs += [
            ("organisation", f"{one.org} ({one.title}), legal id {one.legal_id}"),
            ("group", one.affiliation or "none that it names"),
            ("roles", listed(one.roles)),
            ("validates", yes_no(one.validating)),
            ("fingerprint", one.fingerprint),
        ]
    if one.kind == "agree":
        pairs += [("digest", one.agreement), ("a registration waits at least", f"{one.wait_seconds} s")]
    pairs += [
        ("asked by", one.opened_by),
        ("approvals", f"{len(one.approvals)} of {one.needed} needed" + (f": {listed(one.approvals)}" if one.approvals else "")),
        ("state", one.state if one.state != "open" else f"open until {iso(one.expires_at)}"),
    ]
    return [Fields(pairs)]


def _what(one: MotionInfo) -> str:
    match one.kind:
        case "invite":
            return f"let {one.org} in"
        case "validate":
            return f"have {one.org} validate"
        case "stop-validating":
            return f"have {one.org} validate no more"
        case "remove":
            return f"put {one.org} out"
        case "agree":
            return f"check for duplicates with {listed(one.origins)}"
        case "end-agreement":
            return "check for duplicates with no other consortium any more"
        case _:
            return f"rules {one.rules_version} from block {one.from_height} on"
