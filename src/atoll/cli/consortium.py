"""`atoll consortium`: founding, joining, members, the hand-over of a dead sequencer's work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from atoll.api.models import InviteRequest
from atoll.cli import founding, voting
from atoll.cli.enrolling import read_enrolment, sign_enrolment
from atoll.cli.files import read_bytes, write_new
from atoll.cli.frame import HomeFolder, command, group
from atoll.cli.init import fingerprint_of
from atoll.cli.options import YesOption
from atoll.cli.reply import Fields, Reply, Rows
from atoll.cli.screen import confirm, print_shown
from atoll.cli.words import iso, listed, yes_no
from atoll.client import Node, connect_home

app = group("Found a consortium, join one, see and change who is in it.")
app.add_typer(founding.app, name="found")
voting.register(app)


@command(app, "members", "atoll consortium members --home bank")
def members(node: Node) -> Reply:
    """All members: their roles, whether they validate, whether this node is connected to them, and their keys' fingerprints."""
    found = node.members.list()
    rows = [
        (
            one.org,
            one.title,
            listed(one.roles),
            one.state,
            "sequencer" if one.sequencer else yes_no(one.validating),
            yes_no(one.connected),
            one.peer or "dials out",
            one.keys.get("identity", ""),
        )
        for one in found
    ]
    return Reply(found, [Rows(("member", "title", "roles", "state", "validating", "connected", "peer", "fingerprint"), rows)])


@command(app, "invite", "atoll consortium invite globex/enrolment.atoll --home operator")
def invite(
    node: Node,
    enrolment: Annotated[
        Path, typer.Argument(metavar="ENROLMENT", help="enrolment.atoll of the organisation that is to join.")
    ],
    days: Annotated[int, typer.Option(help="How long the invitation is good.", min=1, max=90)] = 7,
    yes: YesOption = False,
) -> Reply:
    """Invite an organisation: a token that works once, for this organisation and this key only. Operators can.

    One that is to validate, audit, regulate, evaluate or operate is let in by more than half of the validating members: tell
    them, each approves at its own node. Compare the fingerprint with what the organisation's own `atoll init` printed, over a
    channel that nobody between you controls.
    """
    new = read_enrolment(enrolment)
    pairs = [("organisation", f"{new.org} ({new.title})"), ("roles", listed(new.roles)), ("fingerprint", fingerprint_of(new))]
    print_shown([Fields(pairs)], to_stderr=True)
    confirm(f"Invite {new.org} with this key?", yes=yes)
    request = InviteRequest(
        org=new.org,
        identity=new.identity.hex(),
        roles=list(new.roles),
        validating=new.validating,
        days=days,
        title=new.title,
        legal_id=new.legal_id,
        affiliation=new.affiliation,
    )
    made = node.members.invite(request)
    after = (
        f"\nGive {new.org} the token, and genesis.atoll of your home, over a channel that others do not read; it then runs\n"
    )
    after += "  atoll consortium enrol TOKEN --genesis genesis.atoll --home HOME"
    made_pairs = [("token", made.token), ("for", made.org), ("good until", iso(made.not_after))]
    if made.motion:
        made_pairs.append(("approvals", f"{made.approvals} of {made.needed} needed, to motion {made.motion}"))
        after += f"\nonce {made.needed} members have approved, each at its own node:\n"
        after += f"  atoll consortium approve {made.motion} --home HOME"
    return Reply(made, [Fields(made_pairs), after])


@command(
    app,
    "enrol",
    "atoll consortium enrol atoll-invite-1-abc... --genesis genesis.atoll --home globex",
    "atoll consortium enrol atoll-invite-1-abc... --genesis genesis.atoll --home globex --through operator",
)
def enrol(
    home: HomeFolder,
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="The invitation.")],
    genesis: Annotated[Path, typer.Option(metavar="FILE", help="The consortium's genesis, from the inviting member.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the signed enrolment goes.")] = Path("enrol.atoll"),
    through: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Home of a member on this machine that hands the enrolment over at once.")
    ] = None,
) -> Reply:
    """Sign this organisation's enrolment, at a home made by `atoll init`.

    Only its own identity key can, and only a member can bring it to the ledger: give the file to the member that invited you,
    who runs `atoll consortium admit`. After that, `atoll node start`.
    """
    own, sealed = sign_enrolment(home, token, genesis)
    if through is None:
        write_new(out, sealed, private=True)
        after = f"{own.org} signed its enrolment into {out}\n\nNext, the inviting member runs\n"
        after += f"  atoll consortium admit {out} --home HOME"
        return Reply({"org": own.org, "enrolment": str(out), "admitted": None}, [after])
    node = connect_home(through)
    try:
        receipt = node.members.enrol(sealed)
    finally:
        node.close()
    value = {"org": own.org, "enrolment": None, "admitted": receipt.model_dump()}
    return Reply(value, [f"{own.org} is a member since block {receipt.height}\n\nNext: atoll node start --home {home}"])


@command(app, "admit", "atoll consortium admit enrol.atoll --home operator")
def admit(
    node: Node,
    enrolment: Annotated[Path, typer.Argument(metavar="FILE", help="From `consortium enrol`, signed by the newcomer.")],
) -> Reply:
    """Hand an invited organisation's signed enrolment over to the ledger; it is a member from that block on."""
    receipt = node.members.enrol(read_bytes(enrolment))
    return Reply(receipt, [f"admitted in block {receipt.height}"])


@command(app, "handover", "atoll consortium handover --to auditor --home bank")
def handover(
    node: Node,
    to: Annotated[str, typer.Option(metavar="ORG", help="Validating member that is to order transactions.")],
    yes: YesOption = False,
) -> Reply:
    """Vote for a new sequencer, when the present one is dead or censors.

    A quorum of the validating members has to vote, each at its own node, for a member that is up: until they have, nothing
    more is acknowledged where this node is needed for the quorum. From its vote on, a node refuses the old sequencer;
    nothing that was acknowledged is lost.
    """
    confirm(f"Refuse the present sequencer from now on, in favour of {to}?", yes=yes)
    info = node.members.handover(to)
    pairs = [
        ("new sequencer", info.new_sequencer),
        ("term", str(info.new_term)),
        ("votes known here", f"{info.votes} of {info.needed} needed"),
        ("in force", yes_no(info.in_force)),
    ]
    return Reply(info, [Fields(pairs)])
