"""`atoll key approver`: natural persons of this organisation, whose keys no node has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from atoll.api.models import ApproverAsk
from atoll.cli.errors import BadArgument
from atoll.cli.files import write_new
from atoll.cli.frame import command, group
from atoll.cli.options import CopyOption, HoursOption, YesOption
from atoll.cli.papers import (
    describe_paper,
    load_key,
    load_recovery,
    make_key,
    merge_papers,
    missing_hands,
    parse_paper,
    read_paper,
    show_paper,
    sign_file,
)
from atoll.cli.reply import Fields, Reply, Rows
from atoll.cli.screen import confirm
from atoll.cli.words import yes_no
from atoll.client import Node
from atoll.ledger.paper import RECOVERY_KEY, Paper
from atoll.trust.keys import SecretKey

app = group("Persons who approve and sign orders, with keys of their own.")


@command(app, "new", "atoll key approver new ada.key")
def new(path: Annotated[Path, typer.Argument(metavar="FILE", help="Where the key goes, readable by you only.")]) -> Reply:
    """Make a person's key, on that person's own machine. Needs no node, and no node ever gets it.

    The file is encrypted under a passphrase, which is typed, or taken from ATOLL_APPROVER_PASSPHRASE.
    """
    key = make_key(path)
    value = {"file": str(path), "public": key.public.data.hex(), "fingerprint": key.public.fingerprint}
    pairs = [("key", f"{path}    # keep it, and its passphrase, apart from any node"), ("public", value["public"])]
    after = "\nNext, at your organisation's node:\n"
    after += f"  atoll key approver request {value['public']} --person NAME --out request.paper --home HOME"
    return Reply(value, [Fields([*pairs, ("fingerprint", value["fingerprint"])]), after])


@command(app, "show", "atoll key approver show ada.key")
def show(path: Annotated[Path, typer.Argument(metavar="FILE", help="A person's key.")]) -> Reply:
    """The public half of a person's key."""
    key = load_key(path)
    value = {"public": key.public.data.hex(), "fingerprint": key.public.fingerprint}
    return Reply(value, [Fields(list(value.items()))])


@command(app, "request", "atoll key approver request 3b6a...29 --person ada --out ada.request --home authority")
def request(
    node: Node,
    public: Annotated[str, typer.Argument(metavar="KEY", help="The person's public key, from `key approver new`.")],
    person: Annotated[str, typer.Option(metavar="NAME", help="Pseudonym: lower case, digits, hyphens; never a name.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the request goes.")],
    hours: HoursOption = 72,
) -> Reply:
    """Draw up a request for a person to become an approver of this organisation.

    The person itself signs it, and two approvers in force. For the first two persons, and where others were revoked, there are
    fewer: then all that there are sign, and the recovery key.
    """
    write_new(out, node.orders.ask_approver(ApproverAsk(person=person, public=public, hours=hours)))
    paper = read_paper(out)
    after = f"\nNext, {missing_hands(paper)} sign, each on an own machine:\n  atoll key approver sign {out} --key THEIR.key"
    if any(one.person == RECOVERY_KEY for one in paper.signers):
        after += f"\n  atoll key approver sign {out} --recovery HOME    # the recovery key"
    return Reply({"file": str(out)}, [Fields(describe_paper(paper)), after])


@command(
    app,
    "sign",
    "atoll key approver sign ada.request --key ada.key --out ada.signed",
    "atoll key approver sign eve.request --recovery authority --out eve.recovery",
)
def sign(
    paper: Annotated[Path, typer.Argument(metavar="FILE", help="From `key approver request`, or signed by somebody already.")],
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="The key of the person who signs.")] = None,
    recovery: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="In place of --key: a home, or a copy of one, whose recovery key stands in."),
    ] = None,
    out: CopyOption = None,
    yes: YesOption = False,
) -> Reply:
    """Sign a request, as the new person or as one who lets it in. Needs no node.

    The organisation's recovery key stands in for persons that were revoked, and counts only where some are missing.
    """
    if (key is None) is (recovery is None):
        raise BadArgument(what="--key", reason="a person signs with --key, or the organisation with --recovery")

    def load(shown: Paper) -> SecretKey:
        return load_key(key) if key is not None else load_recovery(shown, recovery or Path())

    return sign_file(paper, out, load, "atoll key approver add", yes=yes)


@command(app, "add", "atoll key approver add ada.signed --home authority")
def add(
    node: Node,
    papers: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The signed request, or several signed copies.")],
    yes: YesOption = False,
) -> Reply:
    """Register the person of a signed request. Compare the fingerprint with the person first, face to face."""
    paper = merge_papers(papers)
    show_paper(parse_paper(paper))
    confirm("Is this the fingerprint that the person itself reads out?", yes=yes)
    receipt = node.orders.add_approver(paper)
    return Reply(receipt, [f"approver registered in block {receipt.height}"])


@command(app, "revoke", "atoll key approver revoke ada --home authority")
def revoke(
    node: Node,
    person: Annotated[str, typer.Argument(metavar="NAME", help="Pseudonym of the person.")],
    yes: YesOption = False,
) -> Reply:
    """Take a person out of force at once, and for good: it comes back with a new key under another name."""
    confirm(f"Revoke approver {person}?", yes=yes)
    receipt = node.orders.revoke_approver(person)
    return Reply(receipt, [f"approver {person} revoked in block {receipt.height}"])


@command(app, "list", "atoll key approver list --home bank")
def list_approvers(node: Node) -> Reply:
    """Persons of all organisations, those that were revoked included."""
    found = node.orders.approvers()
    rows = [(one.org, one.person, one.kid, yes_no(one.active), one.fingerprint) for one in found]
    return Reply(found, [Rows(("organisation", "person", "key", "in force", "fingerprint"), rows, "no approvers")])
